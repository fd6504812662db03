//! ES9+.HandleNotification (SGP.22 5.6.4, 3.5).

use crate::order::{CardState, OnCard};
use crate::progress::{Point, Progress};
use crate::session::Device;
use crate::{Decision, Env, Function, Key, Order, OrderState, Records, Session, trust};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::check::Rule;
use esim_rsp::common::NotificationEvent;
use esim_rsp::es9p::HandleNotificationRequest;
use esim_rsp::json::Base64;
use esim_rsp::notification::{
    ErrorReason, ErrorResult, FinalResult, OtherSignedNotification, PendingNotification,
    ProfileInstallationResult,
};
use esim_rsp::{Code, Eid, Error, Iccid, Refusal, Signed, json_binding};

const NAME: &str = json_binding::Function::HandleNotification.name();

const CLAUSE: &str = "SGP.22 5.6.4";
const RESULT_ORDER: Rule = Rule::new(CLAUSE, "profileInstallationResult is of an order");
const RESULT_BOUND: Rule = Rule::new(CLAUSE, "profileInstallationResult is of a package that was handed out");
const RESULT_SIGNATURE: Rule = Rule::new(CLAUSE, "euiccSignPIR verifies with PK.EUICC.ECDSA");
const RESULT_OID: Rule = Rule::new(CLAUSE, "smdpOid in profileInstallationResultData is that of this SM-DP+");
const SIGNATURE: Rule = Rule::new(CLAUSE, "euiccNotificationSignature verifies with PK.EUICC.ECDSA");
const ORDER: Rule = Rule::new(CLAUSE, "the notification is of a profile of this SM-DP+");
const EID: Rule = Rule::new(CLAUSE, "the notification is of the eUICC that has the profile");
const EVENT: Rule = Rule::new(CLAUSE, "profileManagementOperation is a known event");

/// The eUICC reports an installation or a change of a profile's state.
#[derive(Clone, Debug)]
pub struct HandleNotification {
    notification: Signed<PendingNotification>,
}

/// What became of a notification. The LPA is told none of it (SGP.22 5.6.4:
/// the answer is empty); the log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Written into the order.
    Recorded(Iccid),
    /// Known already.
    Repeated(Iccid),
    /// Not believed, or not about anything of ours; with the reason.
    Ignored(String),
}

impl Function for HandleNotification {
    type Request = HandleNotificationRequest;
    type Ok = Heard;

    fn read(request: Self::Request) -> Result<Self, Error> {
        let notification = esim_rsp::decode(&request.pending_notification.0);
        Ok(Self { notification: notification.map_err(|error| error.within("pendingNotification"))? })
    }

    fn correlation(&self) -> Option<String> {
        match self.notification.value() {
            PendingNotification::ProfileInstallationResult(result) => {
                Some(result.profile_installation_result_data.transaction_id.to_string())
            }
            PendingNotification::OtherSignedNotification(other) => {
                other.tbs_other_notification.iccid.map(|iccid| iccid.to_string())
            }
        }
    }

    fn place(&self) -> Option<Key> {
        match self.notification.value() {
            PendingNotification::ProfileInstallationResult(result) => {
                let id = &result.profile_installation_result_data.transaction_id;
                let iccid = self.notification.metadata().iccid;
                Some(iccid.map_or_else(|| Key::Session(id.clone()), Key::Order))
            }
            PendingNotification::OtherSignedNotification(_) => {
                self.notification.metadata().iccid.map(Key::Order)
            }
        }
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        let mut keys = Vec::new();
        keys.extend(self.notification.metadata().iccid.map(Key::Order));
        if let PendingNotification::ProfileInstallationResult(result) = self.notification.value() {
            let id = &result.profile_installation_result_data.transaction_id;
            keys.push(Key::Session(id.clone()));
            keys.extend(known.session(id).and_then(Session::iccid).map(Key::Order));
        }
        keys
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Heard> {
        match self.notification.value() {
            PendingNotification::ProfileInstallationResult(result) => {
                installation(result, self.notification.raw(), records, env)
            }
            PendingNotification::OtherSignedNotification(other) => change(other, records, env),
        }
    }
}

fn ignored(why: impl ToString) -> Decision<Heard> {
    Decision::only(Ok(Heard::Ignored(why.to_string())))
}

/// A profile installation result (SGP.22 2.5.6). It brings no certificate:
/// the one of the session that the package went out in is the one to use.
fn installation(
    result: &ProfileInstallationResult,
    raw: &[u8],
    records: &Records,
    env: &mut Env<'_>,
) -> Decision<Heard> {
    let data = &result.profile_installation_result_data;
    let session = records.session(&data.transaction_id);
    let iccid = session.and_then(Session::iccid).or(data.notification_metadata.iccid);
    let checks = env.checks;
    let order = iccid.and_then(|iccid| records.order(&iccid));
    let Some(order) = checks.that(&RESULT_ORDER, || data.raw(), order) else {
        return ignored("an installation result of no order here");
    };
    let handed_out = order.bound.as_ref().zip(order.eid);
    let Some((bound, eid)) = checks.that(&RESULT_BOUND, || order.iccid.octets(), handed_out) else {
        return ignored("an installation result of a profile that was never handed out");
    };
    let verified = trust::key_of_euicc(&bound.euicc_certificate.0).is_ok_and(|key| {
        trust::is_signed(&RESULT_SIGNATURE, &key, &[data.raw()], &result.euicc_sign_pir, env)
    });
    if !verified {
        return ignored("the signature of an installation result does not verify");
    }
    let identity = env.config.identity(&bound.ci_pk_id.0);
    let names_us = |oid: &esim_rsp::ObjectIdentifier| identity.is_some_and(|own| own.oid == *oid);
    let is_for_us = data.smdp_oid.as_ref().is_none_or(names_us);
    if !checks.that(
        &RESULT_OID,
        || data.smdp_oid.as_ref().map(esim_rsp::encode).unwrap_or_default(),
        is_for_us,
    ) {
        return ignored("an installation result for another SM-DP+");
    }
    if order.installation_result.as_ref().is_some_and(|last| last.0 == raw) {
        return Decision::only(Ok(Heard::Repeated(order.iccid)));
    }
    let mut order = order.clone();
    let is_latest = bound.transaction_id == data.transaction_id;
    match &data.final_result {
        FinalResult::SuccessResult(_) => {
            installed(&mut order, eid, data.notification_metadata.seq_number, env.now);
        }
        FinalResult::ErrorResult(error) => not_installed(&mut order, error, is_latest, env.now),
    }
    if is_latest {
        order.installation_result = Some(Base64(raw.to_vec()));
    }
    if is_latest || matches!(data.final_result, FinalResult::SuccessResult(_)) {
        report(&mut order, raw, &data.final_result, session, env);
    }
    let heard = Heard::Recorded(order.iccid);
    let ended = session.map(|session| session.ended().into());
    Decision::new(ended.into_iter().chain([order.into()]).collect(), Ok(heard))
}

/// The operator gets the eUICC's own word.
fn report(order: &mut Order, raw: &[u8], result: &FinalResult, session: Option<&Session>, env: &mut Env<'_>) {
    let failure = match result {
        FinalResult::SuccessResult(_) => None,
        FinalResult::ErrorResult(error) => Some(
            Refusal::of(Code::BppExecutionError).because(format!("Not installed: {}", error.error_reason)),
        ),
    };
    let device = session.map(Session::device).unwrap_or_default();
    let outcome = failure.as_ref().map_or(Ok(()), Err);
    let told = Progress::new(Point::BppInstallation, outcome, order.eid, &device);
    order.tell(Progress { result_data: Some(raw), ..told }, env);
}

/// The card has the last word: even an order given up in the meantime is installed.
fn installed(order: &mut Order, eid: Eid, sequence: u32, now: u64) {
    order.state = OrderState::Installed;
    order.failure = None;
    if order.on_card.is_none_or(|last| sequence > last.sequence) {
        order.on_card = Some(OnCard { state: CardState::Disabled, sequence });
    }
    order.note(now, NAME, format!("Installed on eUICC {eid} (notification {sequence})"));
}

/// Failures that can pass leave the order to be fetched again by the same
/// eUICC; all others close it (SGP.22 3.1.6). The result of an earlier session
/// is only noted.
fn not_installed(order: &mut Order, error: &ErrorResult, is_latest: bool, now: u64) {
    let (command, reason) = (error.bpp_command_id, error.error_reason);
    if is_latest && order.state == OrderState::Downloaded {
        match reason {
            ErrorReason::installFailedDueToInsufficientMemoryForProfile
            | ErrorReason::installFailedDueToInterruption => order.state = OrderState::Released,
            _ => order.fail(Code::BppExecutionError),
        }
    }
    order.note(now, NAME, format!("Not installed: {reason}, in {command}"));
}

/// Enabled, disabled or deleted; also "installed" where the profile asked for it.
fn change(other: &OtherSignedNotification, records: &Records, env: &mut Env<'_>) -> Decision<Heard> {
    let tbs = &other.tbs_other_notification;
    let cis = &env.config.trusted;
    let (euicc, eum) = (&other.euicc_certificate, &other.eum_certificate);
    let (eid, key) = match trust::verify_euicc(euicc, eum, cis, env) {
        Ok(proved) => proved,
        Err(refusal) => return ignored(refusal),
    };
    if !trust::is_signed(&SIGNATURE, &key, &[tbs.raw()], &other.euicc_notification_signature, env) {
        return ignored("the signature of a notification does not verify");
    }
    let checks = env.checks;
    let order = tbs.iccid.and_then(|iccid| records.order(&iccid));
    let Some(order) = checks.that(&ORDER, || tbs.raw(), order) else {
        return ignored("a notification of a profile that is not ours");
    };
    if !checks.that(&EID, || eid.octets(), order.eid == Some(eid)) {
        return ignored(format!("eUICC {eid} reports a profile that it was not given"));
    }
    let event = tbs.profile_management_operation.first();
    let Some(event) = checks.that(&EVENT, || tbs.raw(), event) else {
        return ignored("a notification of no known event");
    };
    let sequence = tbs.seq_number;
    let line = format!("{} on eUICC {eid} (notification {sequence})", past(event));
    if order.history.iter().any(|event| event.what == line) {
        return Decision::only(Ok(Heard::Repeated(order.iccid)));
    }
    let mut order = order.clone();
    let newest = order.on_card.is_none_or(|last| sequence > last.sequence);
    if let Some(state) = card_state(event).filter(|_| newest) {
        order.on_card = Some(OnCard { state, sequence });
    }
    order.note(env.now, NAME, line);
    if let Some(point) = point(event) {
        order.tell(Progress::new(point, Ok(()), Some(eid), &Device::default()), env);
    }
    let heard = Heard::Recorded(order.iccid);
    Decision::new(Vec::from([order.into()]), Ok(heard))
}

/// What the operator is told by; of an installation it hears from the installation result.
fn point(event: NotificationEvent) -> Option<Point> {
    match event {
        NotificationEvent::Install => None,
        NotificationEvent::Enable => Some(Point::Enabled),
        NotificationEvent::Disable => Some(Point::Disabled),
        NotificationEvent::Delete => Some(Point::Deleted),
    }
}

fn past(event: NotificationEvent) -> &'static str {
    match event {
        NotificationEvent::Install => "Reported as installed",
        NotificationEvent::Enable => "Enabled",
        NotificationEvent::Disable => "Disabled",
        NotificationEvent::Delete => "Deleted",
    }
}

fn card_state(event: NotificationEvent) -> Option<CardState> {
    match event {
        NotificationEvent::Install => None,
        NotificationEvent::Enable => Some(CardState::Enabled),
        NotificationEvent::Disable => Some(CardState::Disabled),
        NotificationEvent::Delete => Some(CardState::Deleted),
    }
}
