//! ES9+.CancelSession (SGP.22 5.6.5).

use super::{euicc_unproved, other_transaction};
use crate::progress::{Point, Progress};
use crate::session::Peer;
use crate::{Decision, Env, Function, Key, Order, OrderState, Records, Session, SessionState, trust};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::es2p::Nothing;
use esim_rsp::es9p::CancelSessionEs9Request;
use esim_rsp::es10b::{CancelSessionReason, CancelSessionResponse};
use esim_rsp::{Code, Error, Refusal, TransactionId, json_binding};

const NAME: &str = json_binding::Function::CancelSession.name();

/// The eUICC signs that the session is over, and why.
#[derive(Clone, Debug)]
pub struct CancelSession {
    transaction_id: TransactionId,
    response: CancelSessionResponse,
}

impl Function for CancelSession {
    type Request = CancelSessionEs9Request;
    type Ok = Nothing;

    fn read(request: Self::Request) -> Result<Self, Error> {
        let response = esim_rsp::decode(&request.cancel_session_response.0);
        let response = response.map_err(|error| error.within("cancelSessionResponse"))?;
        Ok(Self { transaction_id: request.transaction_id, response })
    }

    fn correlation(&self) -> Option<String> {
        Some(self.transaction_id.to_string())
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        let iccid = known.session(&self.transaction_id).and_then(Session::iccid);
        let session = Key::Session(self.transaction_id.clone());
        core::iter::once(session).chain(iccid.map(Key::Order)).collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Nothing> {
        let session = match Session::alive(records.session(&self.transaction_id), env.now) {
            Ok(session) => session,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let (peer, step) = match &session.state {
            SessionState::AwaitGetBoundProfilePackage(peer) => (peer, Point::BppDownload),
            SessionState::AwaitNotification(state) => (&state.peer, Point::BppInstallation),
            _ => return Decision::refuse(Session::not_awaited(NAME)),
        };
        let reason = match self.verify(peer, env) {
            Ok(reason) => reason,
            // Whoever sent this is not the eUICC: its session goes on.
            Err(refusal) => return Decision::refuse(refusal),
        };
        let order = records.order(&peer.iccid).cloned().map(|mut order| {
            cancel(&mut order, session, (peer, step), reason, env);
            order.into()
        });
        let ended = core::iter::once(session.ended().into());
        Decision::new(ended.chain(order).collect(), Ok(Nothing {}))
    }
}

impl CancelSession {
    fn verify(&self, peer: &Peer, env: &Env<'_>) -> Result<CancelSessionReason, Refusal> {
        let response = match &self.response {
            CancelSessionResponse::CancelSessionResponseOk(ok) => ok,
            CancelSessionResponse::CancelSessionResponseError(code) => {
                let detail = format!("The eUICC did not cancel the session (code {code})");
                return Err(euicc_unproved(&detail));
            }
        };
        let signed = &response.euicc_cancel_session_signed;
        let key = trust::key_of_euicc(&peer.euicc_certificate.0)?;
        if key.verify(&[signed.raw()], &response.euicc_cancel_session_signature.0).is_err() {
            return Err(euicc_unproved("euiccCancelSessionSignature does not verify"));
        }
        if signed.transaction_id != self.transaction_id {
            return Err(other_transaction());
        }
        let identity = env.config.identity(&peer.server_ci_pk_id.0);
        if identity.is_none_or(|identity| identity.oid != signed.smdp_oid) {
            return Err(Refusal::of(Code::SmdpInvalidAssociation).about(&signed.smdp_oid));
        }
        Ok(signed.reason)
    }
}

/// What a reason means for the order, and the pair that the operator is told (SGP.22 5.6.5, 5.3.5). The step that is
/// told of is the one that the session had come to.
fn cancel(
    order: &mut Order,
    session: &Session,
    (peer, step): (&Peer, Point),
    reason: CancelSessionReason,
    env: &mut Env<'_>,
) {
    let code = match reason {
        CancelSessionReason::postponed | CancelSessionReason::timeout => None,
        CancelSessionReason::endUserRejection => Some(Code::DownloadOrderRefused),
        CancelSessionReason::pprNotAllowed => Some(Code::PprNotAllowed),
        CancelSessionReason::metadataMismatch => Some(Code::ProfileMetadataValueHasChanged),
        CancelSessionReason::loadBppExecutionError => Some(Code::BppExecutionError),
        _ => Some(Code::RspExecutionError),
    };
    // An order that has gone on without this session is not touched by its end.
    let concerned =
        order.is_pending() && order.round == peer.round && has_got_no_further(order, peer, session);
    if let Some(code) = code.filter(|_| concerned) {
        order.fail(code);
        let refusal = Refusal::of(code).because(format!("Cancelled: {reason}"));
        order.tell(Progress::new(step, Err(&refusal), Some(peer.eid), &peer.device), env);
    }
    order.note(env.now, NAME, format!("Cancelled: {reason}"));
}

/// Whether no other eUICC and no other session has the package.
fn has_got_no_further(order: &Order, peer: &Peer, session: &Session) -> bool {
    let handed_out_here = order.bound.as_ref().is_some_and(|it| it.transaction_id == session.transaction_id);
    let same_euicc = order.eid.is_none_or(|eid| eid == peer.eid);
    same_euicc && (order.state == OrderState::Released || handed_out_here)
}
