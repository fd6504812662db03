//! ES2+.HandleDownloadProgressInfo (SGP.22 5.3.5), what the operator is told.

use super::*;

const TELL: (&str, &str) = ("es2p", "HandleDownloadProgressInfo");

/// An operator that hears.
fn with_operator(config: &mut Config) {
    config.operators.push(esim_smdp::Operator {
        oid: "2.999.1".into(),
        callback: Some("willing.example".into()),
        token_key: None,
        certificates: Vec::new(),
    });
    config.limits.order_seconds = Some(100);
}

/// The last thing told.
fn last(lab: &Lab) -> Seen {
    lab.attend();
    let call = lab.calls.borrow().last().cloned().unwrap();
    let told: Value = serde_json::from_str(&call.body).unwrap();
    let outcome = Outcome {
        http: 204,
        point: told["notificationPointId"].as_u64(),
        ..Outcome::of(&told["notificationPointStatus"])
    };
    let request = HttpRequest::post(&call.path, call.body);
    Seen { exchange: Exchange { request, response: HttpResponse::empty(204) }, outcome }
}

fn fetched(lab: &Lab) -> (String, TransactionId) {
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    (iccid, id)
}

/// What is told of a session that is cancelled before the package.
fn cancelled(lab: &Lab, reason: CancelSessionReason) -> Seen {
    let id = lab.offered(&lab.order(json!({})).1).transaction_id;
    assert_success(&lab.es9("cancelSession", &lab.euicc.cancel(&id, reason, OID)));
    last(lab)
}

/// What is told of an installed profile that goes on so.
fn changed(lab: &Lab, events: &[NotificationEvent]) -> Seen {
    let (iccid, id) = fetched(lab);
    lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
    for (number, event) in (2..).zip(events) {
        lab.notify(lab.euicc.event(number, *event, &iccid));
    }
    last(lab)
}

pub(super) fn cases() -> Vec<Case> {
    [eligibility(), download(), installation()].into_iter().flatten().collect()
}

fn eligibility() -> Vec<Case> {
    let case = |name, run| Case::new(TELL, name, Setup::Memory(with_operator), run);
    vec![
        case("eligible", |lab| {
            lab.offered(&lab.order(json!({})).1);
            last(lab)
        }),
        case("wrong-euicc", |lab| {
            let other = Euicc::new(&lab.pki, "890490321234512345123456789099").eid;
            let (_, matching_id) = lab.order(json!({"eid": other}));
            lab.authenticate(&lab.initiate(), &matching_id);
            last(lab)
        }),
        case("too-many-downloads-begun", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            (0..11).for_each(|_| drop(lab.authenticate(&lab.initiate(), &matching_id)));
            last(lab)
        }),
        case("euicc-without-memory", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let request = lab.euicc.authenticate(&lab.initiate(), &matching_id, |signed| {
                signed.euicc_info2.ext_card_resource = OctetString::from_slice(&[0x82, 1, 100]);
            });
            lab.es9("authenticateClient", &request);
            last(lab)
        }),
        case("euicc-without-milenage", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let request = lab.euicc.authenticate(&lab.initiate(), &matching_id, |signed| {
                signed.euicc_info2.uicc_capability = bit_string(&[1, 2]);
            });
            lab.es9("authenticateClient", &request);
            last(lab)
        }),
    ]
}

/// From the order on to the package.
fn download() -> Vec<Case> {
    let case = |name, run| Case::new(TELL, name, Setup::Memory(with_operator), run);
    vec![
        case("nobody-came", |lab| {
            lab.order(json!({}));
            lab.set_now(NOW + 100);
            last(lab)
        }),
        case("no-confirmation-code", |lab| {
            lab.fetch(&lab.offered(&lab.order(json!({"confirmationCode": CODE})).1), None);
            last(lab)
        }),
        case("wrong-confirmation-code", |lab| {
            lab.fetch(&lab.offered(&lab.order(json!({"confirmationCode": CODE})).1), Some("0"));
            last(lab)
        }),
        case("wrong-confirmation-codes", |lab| {
            let (_, matching_id) = lab.order(json!({"confirmationCode": CODE}));
            (0..3).for_each(|_| drop(lab.fetch(&lab.offered(&matching_id), Some("0"))));
            last(lab)
        }),
        case("package-handed-out", |lab| {
            fetched(lab);
            last(lab)
        }),
        case("bent-signature", |lab| {
            let mut offer = lab.offered(&lab.order(json!({})).1);
            offer.smdp_signature2.0[10] ^= 1;
            lab.fetch(&offer, None);
            last(lab)
        }),
        case("user-says-no", |lab| cancelled(lab, CancelSessionReason::endUserRejection)),
        case("policy-rules-are-not-allowed", |lab| cancelled(lab, CancelSessionReason::pprNotAllowed)),
        case("metadata-differs", |lab| cancelled(lab, CancelSessionReason::metadataMismatch)),
        case("no-reason-given", |lab| cancelled(lab, CancelSessionReason::undefinedReason)),
    ]
}

fn installation() -> Vec<Case> {
    let case = |name, run| Case::new(TELL, name, Setup::Memory(with_operator), run);
    vec![
        case("load-cancelled", |lab| {
            let (_, id) = fetched(lab);
            let cancel = lab.euicc.cancel(&id, CancelSessionReason::loadBppExecutionError, OID);
            assert_success(&lab.es9("cancelSession", &cancel));
            last(lab)
        }),
        case("installed", |lab| {
            let (iccid, id) = fetched(lab);
            lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
            last(lab)
        }),
        case("not-installed", |lab| {
            let (iccid, id) = fetched(lab);
            let reason = ErrorReason::installFailedDueToPEProcessingError;
            lab.notify(lab.euicc.result(&id, &iccid, 1, failure(reason)));
            last(lab)
        }),
        case("enabled-by-a-number-of-ours", |lab| changed(lab, &[NotificationEvent::Enable])),
        case("disabled-by-a-number-of-ours", |lab| {
            changed(lab, &[NotificationEvent::Enable, NotificationEvent::Disable])
        }),
        case("deleted-by-a-number-of-ours", |lab| changed(lab, &[NotificationEvent::Delete])),
    ]
}
