//! ES9+.GetBoundProfilePackage (SGP.22 5.6.2).

use super::{euicc_unproved, other_transaction};
use crate::order::Bound;
use crate::progress::{Point, Progress};
use crate::session::{AwaitNotification, Peer};
use crate::{
    Decision, Env, Function, Identity, Key, Order, Package, Records, Session, SessionState, bind, trust,
};
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::sha256;
use esim_rsp::check::Rule;
use esim_rsp::es9p::{GetBoundProfilePackageOk, GetBoundProfilePackageRequest};
use esim_rsp::es10b::{PrepareDownloadResponse, PrepareDownloadResponseOk};
use esim_rsp::json::Base64;
use esim_rsp::{Code, Error, Refusal, TransactionId, json_binding};

const NAME: &str = json_binding::Function::GetBoundProfilePackage.name();

const CLAUSE: &str = "SGP.22 5.6.2";
const AWAITED: Rule = Rule::new(CLAUSE, "the session waits for GetBoundProfilePackage");
const THERE: Rule = Rule::new(CLAUSE, "the profile is there still");
const PREPARED: Rule = Rule::new(CLAUSE, "prepareDownloadResponse is downloadResponseOk");
const SIGNATURE: Rule = Rule::new(CLAUSE, "euiccSignature2 verifies with PK.EUICC.ECDSA");
const TRANSACTION: Rule = Rule::new(CLAUSE, "transactionId in euiccSigned2 is the session's");
const CERTIFICATE: Rule = Rule::new(CLAUSE, "CERT.DPpb.ECDSA of the offer is there still");
const EID: Rule = Rule::new(CLAUSE, "the order has gone to no other eUICC");
const PENDING: Rule = Rule::new(CLAUSE, "the order of the offer is pending");
const EXPIRED: Rule = Rule::new(CLAUSE, "the order of the offer has not expired");
const SAME: Rule = Rule::new(CLAUSE, "a request that comes again is the same");
const CODE_THERE: Rule = Rule::new(CLAUSE, "hashCc is there, if a confirmation code was asked for");
const CODE: Rule = Rule::new(CLAUSE, "hashCc is that of the confirmation code");
const REBINDING: Rule = Rule::new(CLAUSE, "a package is bound to one euiccOtpk, unless it may be bound anew");

/// The eUICC is ready; the LPA fetches the profile.
#[derive(Clone, Debug)]
pub struct GetBoundProfilePackage {
    transaction_id: TransactionId,
    response: PrepareDownloadResponse,
}

impl Function for GetBoundProfilePackage {
    type Request = GetBoundProfilePackageRequest;
    type Ok = GetBoundProfilePackageOk;

    fn read(request: Self::Request) -> Result<Self, Error> {
        let response = esim_rsp::decode(&request.prepare_download_response.0);
        let response = response.map_err(|error| error.within("prepareDownloadResponse"))?;
        Ok(Self { transaction_id: request.transaction_id, response })
    }

    fn correlation(&self) -> Option<String> {
        Some(self.transaction_id.to_string())
    }

    fn place(&self) -> Option<Key> {
        Some(Key::Session(self.transaction_id.clone()))
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        let mut keys = Vec::from([Key::Session(self.transaction_id.clone())]);
        if let Some(iccid) = known.session(&self.transaction_id).and_then(Session::iccid) {
            keys.extend([Key::Order(iccid), Key::Package(iccid)]);
        }
        keys
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Self::Ok> {
        let id = &self.transaction_id;
        let session = match Session::alive(records.session(id), id, env) {
            Ok(session) => session,
            Err(refusal) => return Decision::refuse(refusal),
        };
        let awaited = session.and_then(|session| match &session.state {
            SessionState::AwaitGetBoundProfilePackage(peer) => Some((session, peer)),
            SessionState::AwaitNotification(state) => Some((session, &state.peer)),
            _ => None,
        });
        let Some((session, peer)) = env.checks.that(&AWAITED, || &id.0, awaited) else {
            return Decision::refuse(Session::not_awaited(NAME));
        };
        let found = records.order(&peer.iccid).zip(records.package(&peer.iccid));
        let Some((order, package)) = env.checks.that(&THERE, || peer.iccid.octets(), found) else {
            let gone = Refusal::of(Code::ProfileUnavailable).because("The profile has been withdrawn");
            return Decision::new(Vec::from([session.ended().into()]), Err(gone));
        };
        let mut order = order.clone();
        let was_open = order.is_open() && order.round == peer.round;
        match self.deliver(session, peer, &mut order, package, env) {
            Ok(Delivery::Again(answer)) => Decision::only(Ok(answer)),
            Ok(Delivery::First(session, answer)) => {
                Decision::new(Vec::from([(*session).into(), order.into()]), Ok(answer))
            }
            Err(refusal) => {
                order.note_refusal(env.now, NAME, &refusal);
                if was_open {
                    let point = match refusal.code {
                        Code::ConfirmationCodeMandatoryElementMissing
                        | Code::ConfirmationCodeRefused
                        | Code::ConfirmationCodeMaximumExceeded => Point::ConfirmationFailure,
                        _ => Point::BppDownload,
                    };
                    order.tell(Progress::new(point, Err(&refusal), Some(peer.eid), &peer.device), env);
                }
                Decision::new(Vec::from([session.ended().into(), order.into()]), Err(refusal))
            }
        }
    }
}

enum Delivery {
    First(Box<Session>, GetBoundProfilePackageOk),
    /// The answer was lost on its way, the LPA asks once more.
    Again(GetBoundProfilePackageOk),
}

impl GetBoundProfilePackage {
    fn deliver(
        &self,
        session: &Session,
        peer: &Peer,
        order: &mut Order,
        package: &Package,
        env: &mut Env<'_>,
    ) -> Result<Delivery, Refusal> {
        let response = self.verify(peer, env)?;
        let ci_pk_id = &peer.server_ci_pk_id.0;
        let identity = env.checks.that(&CERTIFICATE, || ci_pk_id, env.config.identity(ci_pk_id));
        let identity = identity.ok_or_else(|| Refusal::of(Code::SmdpCertificateUnavailable))?;
        check_order(order, peer, env)?;

        if let (SessionState::AwaitNotification(state), Some(bound)) = (&session.state, &order.bound) {
            let signed = response.euicc_signed2.raw();
            let same = state.euicc_signed2.0 == signed && bound.transaction_id == self.transaction_id;
            if !env.checks.that(&SAME, || signed, same) {
                return Err(Session::not_awaited(NAME));
            }
            let answer = self.answer(bound, identity, peer, order, package, env)?;
            return Ok(Delivery::Again(answer));
        }
        check_confirmation(order, peer, response, &self.transaction_id, env)?;
        let bound = self.binding(order, peer, response, identity, env)?;
        let answer = self.answer(&bound, identity, peer, order, package, env)?;
        order.state = crate::OrderState::Downloaded;
        order.eid = Some(peer.eid);
        order.bound = Some(bound);
        order.note(env.now, NAME, alloc::format!("Bound to eUICC {}", peer.eid));
        order.tell(Progress::new(Point::BppDownload, Ok(()), Some(peer.eid), &peer.device), env);
        let next = SessionState::AwaitNotification(AwaitNotification {
            peer: peer.clone(),
            euicc_signed2: Base64(response.euicc_signed2.raw().to_vec()),
        });
        Ok(Delivery::First(Box::new(session.awaiting(next)), answer))
    }

    fn verify(&self, peer: &Peer, env: &Env<'_>) -> Result<&PrepareDownloadResponseOk, Refusal> {
        let response = match &self.response {
            PrepareDownloadResponse::DownloadResponseOk(ok) => Ok(ok),
            PrepareDownloadResponse::DownloadResponseError(error) => Err(error.download_error_code),
        };
        let response = env.checks.that(&PREPARED, || esim_rsp::encode(&self.response), response);
        let response = response
            .map_err(|code| euicc_unproved(&alloc::format!("The eUICC did not accept the offer: {code}")))?;
        let key = trust::key_of_euicc(&peer.euicc_certificate.0)?;
        let covered = [response.euicc_signed2.raw(), &peer.smdp_signature2.0];
        if !trust::is_signed(&SIGNATURE, &key, &covered, &response.euicc_signature2, env) {
            return Err(euicc_unproved("euiccSignature2 does not verify"));
        }
        let transaction = &response.euicc_signed2.transaction_id;
        if !env.checks.that(&TRANSACTION, || &transaction.0, *transaction == self.transaction_id) {
            return Err(other_transaction());
        }
        Ok(response)
    }

    /// The stored binding where the eUICC still has its one-time key, else a new one.
    fn binding(
        &self,
        order: &Order,
        peer: &Peer,
        response: &PrepareDownloadResponseOk,
        identity: &Identity,
        env: &mut Env<'_>,
    ) -> Result<Bound, Refusal> {
        let otpk = &response.euicc_signed2.euicc_otpk;
        let is_its =
            |bound: &&Bound| bound.euicc_otpk.0[..] == otpk.0[..] && bound.ci_pk_id.0 == identity.ci_pk_id;
        let stored = order.bound.as_ref().filter(is_its);
        let may_bind = order.bound.is_none() || stored.is_some() || env.config.rebinding;
        if !env.checks.that(&REBINDING, || &otpk.0, may_bind) {
            return Err(Refusal::of(Code::ProfileUnavailable));
        }
        Ok(match stored {
            Some(bound) => Bound { transaction_id: self.transaction_id.clone(), ..bound.clone() },
            None => {
                let certificate = &peer.euicc_certificate;
                bind::new_binding(&self.transaction_id, certificate, otpk, identity, env)
            }
        })
    }

    fn answer(
        &self,
        bound: &Bound,
        identity: &Identity,
        peer: &Peer,
        order: &Order,
        package: &Package,
        env: &Env<'_>,
    ) -> Result<GetBoundProfilePackageOk, Refusal> {
        let octets = bind::bind(bound, identity, &peer.eid, &order.metadata.0, package, env.checks)?;
        Ok(GetBoundProfilePackageOk {
            transaction_id: self.transaction_id.clone(),
            bound_profile_package: Base64(octets),
        })
    }
}

/// What may have changed since the offer: another LPA, the operator, the time.
fn check_order(order: &mut Order, peer: &Peer, env: &Env<'_>) -> Result<(), Refusal> {
    let (checks, iccid) = (env.checks, order.iccid);
    let is_its = order.eid.is_none_or(|eid| eid == peer.eid);
    if !checks.that(&EID, || peer.eid.octets(), is_its) {
        let detail = "The profile has gone to another eUICC in the meantime";
        return Err(Refusal::of(Code::ProfileUnavailable).because(detail));
    }
    let waits = order.is_pending() && order.round == peer.round;
    if !checks.that(&PENDING, || iccid.octets(), waits) {
        let detail = "The order is not pending any more";
        return Err(Refusal::of(Code::ProfileUnavailable).because(detail));
    }
    if !checks.that(&EXPIRED, || iccid.octets(), !order.has_expired(env.now)) {
        order.fail(Code::DownloadOrderExpired);
        return Err(Refusal::of(Code::DownloadOrderExpired));
    }
    Ok(())
}

/// hashCc = SHA-256(SHA-256(confirmation code) ‖ transactionId), with a limited
/// number of wrong ones (SGP.22 5.6.2).
fn check_confirmation(
    order: &mut Order,
    peer: &Peer,
    response: &PrepareDownloadResponseOk,
    transaction_id: &TransactionId,
    env: &Env<'_>,
) -> Result<(), Refusal> {
    let Some(confirmation) = order.confirmation.as_mut().filter(|_| peer.confirmation_required) else {
        return Ok(());
    };
    let (checks, signed) = (env.checks, &response.euicc_signed2);
    let Some(given) = checks.that(&CODE_THERE, || signed.raw(), signed.hash_cc.as_ref()) else {
        return Err(Refusal::of(Code::ConfirmationCodeMandatoryElementMissing));
    };
    let is_right = sha256(&[&confirmation.hash.0, &transaction_id.0])[..] == given[..];
    if checks.that(&CODE, || **given, is_right) {
        return Ok(());
    }
    confirmation.attempts_left = confirmation.attempts_left.saturating_sub(1);
    if confirmation.attempts_left == 0 {
        order.fail(Code::ConfirmationCodeMaximumExceeded);
        return Err(Refusal::of(Code::ConfirmationCodeMaximumExceeded));
    }
    Err(Refusal::of(Code::ConfirmationCodeRefused))
}
