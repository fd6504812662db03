//! ES9+.AuthenticateClient and ES11.AuthenticateClient (SGP.22 5.6.3, 5.8.2).

use super::{euicc_unproved, other_transaction};
use crate::begun::{Begun, ServerRole};
use crate::order::Failure;
use crate::progress::{Point, Progress};
use crate::session::{Device, Peer};
use crate::store::AliasName;
use crate::{
    Decision, Env, Function, Identity, Key, Order, OrderState, Records, Session, SessionState, Write,
    eligibility, trust,
};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::check::Rule;
use esim_rsp::es9p::{AuthenticateClientOk, AuthenticateClientRequest, SmdpSigned2};
use esim_rsp::es10b::{
    AuthenticateResponseOk, AuthenticateServerResponse, CtxParams1, CtxParamsForCommonAuthentication,
    DeviceInfo,
};
use esim_rsp::es11::{AuthenticateClientEs11Ok, EventEntry};
use esim_rsp::json::Base64;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{Code, Eid, Error, OctetString, Refusal, Signature, Signed, TransactionId, json_binding};
use serde::Serialize;

const NAME: &str = json_binding::Function::AuthenticateClient.name();

const CLAUSE: &str = "SGP.22 5.6.3";
const AWAITED: Rule = Rule::new(CLAUSE, "the session waits for AuthenticateClient");
const ACCEPTED: Rule = Rule::new(CLAUSE, "authenticateServerResponse is authenticateResponseOk");
const SIGNATURE: Rule = Rule::new(CLAUSE, "euiccSignature1 verifies with PK.EUICC.ECDSA");
const TRANSACTION: Rule = Rule::new(CLAUSE, "transactionId in euiccSigned1 is the session's");
const CHALLENGE: Rule = Rule::new(CLAUSE, "serverChallenge in euiccSigned1 is the session's");
const ADDRESS: Rule = Rule::new(CLAUSE, "serverAddress in euiccSigned1 is the session's");
const MATCHING_ID: Rule = Rule::new(CLAUSE, "matchingId is that of an order");
const DEFAULT: Rule = Rule::new(CLAUSE, "without a matchingId an order waits for the EID");
const EID: Rule = Rule::new(CLAUSE, "the order is for this EID, or for any");
const RELEASED: Rule = Rule::new(CLAUSE, "the profile is released");
const PENDING: Rule = Rule::new(CLAUSE, "the order is pending");
const EXPIRED: Rule = Rule::new(CLAUSE, "the order has not expired");
const ATTEMPTS: Rule = Rule::new(CLAUSE, "the order has not been tried too often");
const CERTIFICATE: Rule = Rule::new(CLAUSE, "there is a CERT.DPpb.ECDSA under the CI of CERT.DPauth.ECDSA");
const EVENT: Rule = Rule::new("SGP.22 5.8.2", "matchingId is that of an event for this EID");

/// The eUICC proves itself and asks for its profile.
#[derive(Clone, Debug)]
pub struct AuthenticateClient {
    transaction_id: TransactionId,
    response: AuthenticateServerResponse,
}

/// What an eUICC that has proved itself is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Authenticated {
    /// By the SM-DP+: the profile that it may have.
    Profile(AuthenticateClientOk),
    /// By the SM-DS: what waits for it.
    Events(AuthenticateClientEs11Ok),
}

impl Function for AuthenticateClient {
    type Request = AuthenticateClientRequest;
    type Ok = Authenticated;

    fn read(request: Self::Request) -> Result<Self, Error> {
        let response = esim_rsp::decode(&request.authenticate_server_response.0);
        let response = response.map_err(|error| error.within("authenticateServerResponse"))?;
        Ok(Self { transaction_id: request.transaction_id, response })
    }

    fn correlation(&self) -> Option<String> {
        Some(self.transaction_id.to_string())
    }

    fn tries(&self) -> Option<String> {
        let AuthenticateServerResponse::AuthenticateResponseOk(ok) = &self.response else { return None };
        let tried = match matching_id(ok) {
            Some(id) => AliasName::Matching(id),
            None => AliasName::Default(trust::claimed_eid(&ok.euicc_certificate)?),
        };
        Some(tried.to_string())
    }

    fn place(&self) -> Option<Key> {
        let AuthenticateServerResponse::AuthenticateResponseOk(ok) = &self.response else { return None };
        match (Begun::role_of(&self.transaction_id), matching_id(ok)) {
            (ServerRole::Smds, _) => None,
            (ServerRole::Smdp, Some(id)) => Some(Key::MatchingId(id.into())),
            (ServerRole::Smdp, None) => trust::claimed_eid(&ok.euicc_certificate).map(Key::DefaultOf),
        }
    }

    fn pointer(&self, env: &Env<'_>) -> Option<Write> {
        let begun = Begun::alive(&self.transaction_id, env).ok()?;
        // What leads to a session is there as long as that is: a notification may come late.
        let forget_at = env.now.saturating_add(env.config.limits.session_memory_seconds);
        Some(Session { forget_at, ..Session::of(&begun, SessionState::Ended { iccid: None }, env) }.into())
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        let mut keys = Vec::from([Key::Session(self.transaction_id.clone())]);
        if let AuthenticateServerResponse::AuthenticateResponseOk(ok) = &self.response {
            let eid = || trust::claimed_eid(&ok.euicc_certificate);
            if Begun::role_of(&self.transaction_id) == ServerRole::Smds {
                keys.extend(eid().map(Key::EventsOf));
                return keys;
            }
            match matching_id(ok) {
                Some(id) => keys.push(Key::MatchingId(id.into())),
                None => keys
                    .extend(eid().into_iter().flat_map(|eid| [Key::DefaultOf(eid), Key::IdleDefaultOf(eid)])),
            }
        }
        keys
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Self::Ok> {
        let id = &self.transaction_id;
        let begun = match Begun::alive(id, env) {
            Ok(begun) => begun,
            Err(refusal) => return Decision::refuse(refusal),
        };
        if !env.checks.that(&AWAITED, || &id.0, records.session(id).is_none()) {
            return Decision::refuse(Session::not_awaited(NAME));
        }
        let proved = match self.authenticate(&begun, env) {
            Ok(proved) => proved,
            // Whoever sent this may be anybody: nothing is kept of it.
            Err(refusal) => return Decision::refuse(refusal),
        };
        let answer = match begun.role {
            ServerRole::Smds => events(&begun, &proved, records, env).map(Authenticated::Events),
            ServerRole::Smdp => match find_order(records, &proved, env) {
                Ok(order) => return offer(&begun, &proved, order.clone(), env),
                Err(refusal) => Err(refusal),
            },
        };
        let used = Session::of(&begun, SessionState::Ended { iccid: None }, env);
        Decision::new(Vec::from([used.into(), Write::Sweep { before: env.now }]), answer)
    }
}

/// An eUICC whose certificates and signature are right.
struct Proved<'a> {
    eid: Eid,
    /// Key identifier of the CI above our certificates.
    server_ci_pk_id: Vec<u8>,
    response: &'a AuthenticateResponseOk,
}

impl AuthenticateClient {
    fn authenticate(&self, begun: &Begun, env: &Env<'_>) -> Result<Proved<'_>, Refusal> {
        let response = match &self.response {
            AuthenticateServerResponse::AuthenticateResponseOk(ok) => Ok(ok),
            AuthenticateServerResponse::AuthenticateResponseError(error) => {
                Err(error.authenticate_error_code)
            }
        };
        let response = env.checks.that(&ACCEPTED, || esim_rsp::encode(&self.response), response);
        let response = response.map_err(|code| {
            euicc_unproved(&alloc::format!("The eUICC did not accept this server: {code}"))
        })?;
        // With another challenge nobody knows which CI was agreed on; it is refused below.
        let agreed = begun.agreed(&response.euicc_signed1, env);
        let cis = agreed.as_ref().map_or(&env.config.trusted[..], |(ci, _)| core::slice::from_ref(ci));
        let (euicc, eum) = (&response.euicc_certificate, &response.eum_certificate);
        let (eid, key) = trust::verify_euicc(euicc, eum, cis, env)?;

        let signed = &response.euicc_signed1;
        if !trust::is_signed(&SIGNATURE, &key, &[signed.raw()], &response.euicc_signature1, env) {
            return Err(euicc_unproved("euiccSignature1 does not verify"));
        }
        let (checks, transaction) = (env.checks, &signed.transaction_id);
        if !checks.that(&TRANSACTION, || &transaction.0, *transaction == self.transaction_id) {
            return Err(other_transaction());
        }
        let is_ours = match begun.role {
            ServerRole::Smdp => env.config.answers_to(&signed.server_address),
            ServerRole::Smds => {
                env.config.smds.as_ref().is_some_and(|smds| smds.answers_to(&signed.server_address))
            }
        };
        if !checks.that(&ADDRESS, || &signed.server_address, is_ours) {
            return Err(euicc_unproved("serverAddress is not the one of this session"));
        }
        let agreed = checks.that(&CHALLENGE, || *signed.server_challenge, agreed);
        let agreed = agreed.ok_or_else(|| euicc_unproved("serverChallenge is not the one of this session"));
        let (_, server_ci_pk_id) = agreed?;
        Ok(Proved { eid, server_ci_pk_id, response })
    }
}

/// The events of the eUICC, or the one that it was sent with.
fn events(
    begun: &Begun,
    proved: &Proved<'_>,
    records: &Records,
    env: &Env<'_>,
) -> Result<AuthenticateClientEs11Ok, Refusal> {
    let waiting = records.events_of(proved.eid).filter(|event| event.expires_at > env.now);
    let named = matching_id(proved.response);
    let wanted = waiting.filter(|event| named.is_none_or(|id| event.is_called(id)));
    let event_entries: Vec<_> = wanted
        .map(|event| EventEntry {
            event_id: event.event_id.clone(),
            rsp_server_address: event.rsp_server_address.clone(),
        })
        .collect();
    if let Some(id) = named
        && !env.checks.that(&EVENT, || id, !event_entries.is_empty())
    {
        return Err(Refusal::of(Code::EventRecordUnknown).about(id));
    }
    Ok(AuthenticateClientEs11Ok { transaction_id: begun.id().clone(), event_entries })
}

/// The order behind the matchingId, or the one that waits for this eUICC.
fn find_order<'a>(records: &'a Records, proved: &Proved<'_>, env: &Env<'_>) -> Result<&'a Order, Refusal> {
    match matching_id(proved.response) {
        Some(id) => {
            let order = env.checks.that(&MATCHING_ID, || id, records.order_of_matching_id(id));
            order.ok_or_else(|| Refusal::of(Code::MatchingIdRefused).about(id))
        }
        None => {
            let mine =
                |order: &&Order| order.matching_id.as_deref() == Some("") && order.eid == Some(proved.eid);
            let pending = || records.orders().filter(mine).filter(|order| order.is_pending());
            // One whose time is up is ended only when somebody looks at it.
            let fetched = pending().find(|order| !order.has_expired(env.now)).or_else(|| pending().next());
            let any = fetched.or_else(|| records.orders().find(mine));
            let any = env.checks.that(&DEFAULT, || proved.eid.octets(), any);
            let detail = "No order is waiting for this eUICC";
            any.ok_or_else(|| Refusal::of(Code::MatchingIdRefused).because(detail))
        }
    }
}

/// Checks the order, counts the attempt and offers the profile.
fn offer(begun: &Begun, proved: &Proved<'_>, mut order: Order, env: &mut Env<'_>) -> Decision<Authenticated> {
    // Of an order that is over the operator has heard all.
    let was_open = order.is_open();
    let outcome = check_order(&mut order, proved, env).and_then(|()| {
        let ci_pk_id = &proved.server_ci_pk_id[..];
        let identity = env.checks.that(&CERTIFICATE, || ci_pk_id, env.config.identity(ci_pk_id));
        identity.ok_or_else(|| Refusal::of(Code::SmdpCertificateUnavailable))
    });
    let device = Device::from(device_info(proved.response));
    let told = outcome.as_ref().map(|_| ());
    if was_open {
        let check = Point::EligibilityAndRetryLimitCheck;
        order.tell(Progress::new(check, told, Some(proved.eid), &device), env);
    }
    let (state, answer) = match outcome {
        Ok(identity) => {
            order.note(env.now, NAME, alloc::format!("Offered to eUICC {}", proved.eid));
            let (peer, answer) = sign_offer(begun, proved, &order, identity);
            (SessionState::AwaitGetBoundProfilePackage(peer), Ok(Authenticated::Profile(answer)))
        }
        Err(refusal) => {
            order.note_refusal(env.now, NAME, &refusal);
            (SessionState::Ended { iccid: Some(order.iccid) }, Err(refusal))
        }
    };
    let session = Session::of(begun, state, env);
    let commit = Vec::from([session.into(), order.into(), Write::Sweep { before: env.now }]);
    Decision::new(commit, answer)
}

fn check_order(order: &mut Order, proved: &Proved<'_>, env: &Env<'_>) -> Result<(), Refusal> {
    let (checks, iccid) = (env.checks, order.iccid);
    let is_its = order.eid.is_none_or(|eid| eid == proved.eid);
    if !checks.that(&EID, || proved.eid.octets(), is_its) {
        return Err(Refusal::of(Code::EidRefused).about(proved.eid));
    }
    let waits = matches!(order.state, OrderState::Allocated | OrderState::Linked | OrderState::Confirmed);
    if !checks.that(&RELEASED, || iccid.octets(), !waits) {
        return Err(Refusal::of(Code::ProfileNotAllowed).about(iccid));
    }
    if !checks.that(&PENDING, || iccid.octets(), order.is_pending()) {
        return Err(why_closed(order));
    }
    if !checks.that(&EXPIRED, || iccid.octets(), !order.has_expired(env.now)) {
        order.fail(Code::DownloadOrderExpired);
        return Err(Refusal::of(Code::DownloadOrderExpired));
    }
    let may_try = order.download_attempts < env.config.limits.download_attempts;
    if !checks.that(&ATTEMPTS, || order.download_attempts.to_be_bytes(), may_try) {
        order.fail(Code::DownloadOrderMaximumExceeded);
        return Err(Refusal::of(Code::DownloadOrderMaximumExceeded));
    }
    let device = &device_info(proved.response).device_capabilities;
    eligibility::check(order, &proved.response.euicc_signed1.euicc_info2, device, checks)?;
    order.download_attempts += 1;
    Ok(())
}

/// An order that has run out says so again; all others are no pending orders.
fn why_closed(order: &Order) -> Refusal {
    match order.failure.as_ref().and_then(Failure::code) {
        Some(code @ (Code::DownloadOrderExpired | Code::DownloadOrderMaximumExceeded)) => Refusal::of(code),
        _ => Refusal::of(Code::MatchingIdRefused).because("The order is not pending any more"),
    }
}

/// smdpSigned2 and its signature, and what the session must remember of them.
fn sign_offer(
    begun: &Begun,
    proved: &Proved<'_>,
    order: &Order,
    identity: &Identity,
) -> (Peer, AuthenticateClientOk) {
    let bound = order.bound.as_ref().filter(|_| order.eid == Some(proved.eid));
    let smdp_signed2 = Signed::new(SmdpSigned2 {
        transaction_id: begun.id().clone(),
        cc_required_flag: order.confirmation.is_some(),
        bpp_euicc_otpk: bound.map(|b| PublicKeyOctets(OctetString::from_slice(&b.euicc_otpk.0))),
    });
    let euicc_signature1 = proved.response.euicc_signature1.tlv();
    let signature = identity.dp_pb.key.sign(&[smdp_signed2.raw(), &euicc_signature1]);
    let smdp_signature2 = Base64(Signature::from(signature).tlv());
    let peer = Peer {
        eid: proved.eid,
        euicc_certificate: Base64(proved.response.euicc_certificate.as_bytes().to_vec()),
        server_ci_pk_id: Base64(identity.ci_pk_id.clone()),
        iccid: order.iccid,
        round: order.round,
        confirmation_required: order.confirmation.is_some(),
        smdp_signature2: smdp_signature2.clone(),
        device: Device::from(device_info(proved.response)),
    };
    let answer = AuthenticateClientOk {
        transaction_id: begun.id().clone(),
        profile_metadata: order.metadata.clone(),
        smdp_signed2: Base64(smdp_signed2.raw().to_vec()),
        smdp_signature2,
        smdp_certificate: Base64(identity.dp_pb.certificate.as_bytes().to_vec()),
    };
    (peer, answer)
}

/// The matchingId that the eUICC has signed, unless empty.
fn matching_id(response: &AuthenticateResponseOk) -> Option<&str> {
    context(response).matching_id.as_deref().filter(|id| !id.is_empty())
}

fn device_info(response: &AuthenticateResponseOk) -> &DeviceInfo {
    &context(response).device_info
}

fn context(response: &AuthenticateResponseOk) -> &CtxParamsForCommonAuthentication {
    let CtxParams1::CtxParamsForCommonAuthentication(context) = response.euicc_signed1.ctx_params1.value();
    context
}
