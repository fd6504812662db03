//! ES9+.CancelSession (SGP.22 5.6.5).

use super::{euicc_unproved, other_transaction};
use crate::progress::{Point, Progress};
use crate::session::Peer;
use crate::{Decision, Env, Function, Key, Order, OrderState, Records, Session, SessionState, trust};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::check::Rule;
use esim_rsp::es2p::Nothing;
use esim_rsp::es9p::CancelSessionEs9Request;
use esim_rsp::es10b::{CancelSessionReason, CancelSessionResponse};
use esim_rsp::{Code, Error, Refusal, TransactionId, json_binding};

const NAME: &str = json_binding::Function::CancelSession.name();

const CLAUSE: &str = "SGP.22 5.6.5";
const AWAITED: Rule = Rule::new(CLAUSE, "the session can be cancelled");
const CANCELLED: Rule = Rule::new(CLAUSE, "cancelSessionResponse is cancelSessionResponseOk");
const SIGNATURE: Rule = Rule::new(CLAUSE, "euiccCancelSessionSignature verifies with PK.EUICC.ECDSA");
const TRANSACTION: Rule = Rule::new(CLAUSE, "transactionId in euiccCancelSessionSigned is the session's");
const OID: Rule = Rule::new(CLAUSE, "smdpOid in euiccCancelSessionSigned is that of this SM-DP+");

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

    fn place(&self) -> Option<Key> {
        Some(Key::Session(self.transaction_id.clone()))
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        let iccid = known.session(&self.transaction_id).and_then(Session::iccid);
        let session = Key::Session(self.transaction_id.clone());
        core::iter::once(session).chain(iccid.map(Key::Order)).collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Nothing> {
        let id = &self.transaction_id;
        let session = match Session::alive(records.session(id), id, env) {
            Ok(session) => session,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let awaited = session.and_then(|session| match &session.state {
            SessionState::AwaitGetBoundProfilePackage(peer) => Some((session, peer, Point::BppDownload)),
            SessionState::AwaitNotification(state) => Some((session, &state.peer, Point::BppInstallation)),
            _ => None,
        });
        let Some((session, peer, step)) = env.checks.that(&AWAITED, || &id.0, awaited) else {
            return Decision::refuse(Session::not_awaited(NAME));
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
            CancelSessionResponse::CancelSessionResponseOk(ok) => Ok(ok),
            CancelSessionResponse::CancelSessionResponseError(code) => Err(*code),
        };
        let response = env.checks.that(&CANCELLED, || esim_rsp::encode(&self.response), response);
        let response = response
            .map_err(|code| euicc_unproved(&format!("The eUICC did not cancel the session (code {code})")))?;
        let signed = &response.euicc_cancel_session_signed;
        let key = trust::key_of_euicc(&peer.euicc_certificate.0)?;
        let signature = &response.euicc_cancel_session_signature;
        if !trust::is_signed(&SIGNATURE, &key, &[signed.raw()], signature, env) {
            return Err(euicc_unproved("euiccCancelSessionSignature does not verify"));
        }
        let transaction = &signed.transaction_id;
        if !env.checks.that(&TRANSACTION, || &transaction.0, *transaction == self.transaction_id) {
            return Err(other_transaction());
        }
        let identity = env.config.identity(&peer.server_ci_pk_id.0);
        let is_ours = identity.is_some_and(|identity| identity.oid == signed.smdp_oid);
        if !env.checks.that(&OID, || esim_rsp::encode(&signed.smdp_oid), is_ours) {
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
