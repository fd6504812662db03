//! ES2+.HandleDownloadProgressInfo (SGP.22 5.3.5), what the operator is told.

use super::*;
use esim_sm_edge::attend_all;

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

/// The last thing told: point, status and pair.
fn last(lab: &Lab) -> String {
    while block_on(attend_all(&lab.host, 100)).unwrap() > 0 {}
    let calls = lab.calls.borrow();
    let told: Value = serde_json::from_str(&calls.last().unwrap().body).unwrap();
    let status = &told["notificationPointStatus"];
    let code = &status["statusCodeData"];
    let pair = code["subjectCode"].as_str().zip(code["reasonCode"].as_str());
    let outcome = pair.map_or("Executed-Success".into(), |(subject, reason)| format!("{subject}/{reason}"));
    format!("point {}: {outcome}", told["notificationPointId"])
}

fn fetched(lab: &Lab) -> (String, TransactionId) {
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    (iccid, id)
}

pub(super) fn cases() -> Vec<Case> {
    let case = |code, name, run| {
        Case::new(TELL, code, name, Setup::Memory("an operator beside it", with_operator), run)
    };
    vec![
        case("point 1: Executed-Success", "eligible", |lab| {
            lab.offered(&lab.order(json!({})).1);
            last(lab)
        }),
        case("point 1: 8.1.1/3.8", "wrong_euicc", |lab| {
            let other = Euicc::new(&lab.pki, "890490321234512345123456789099").eid;
            let (_, matching_id) = lab.order(json!({"eid": other}));
            lab.authenticate(&lab.initiate(), &matching_id);
            last(lab)
        }),
        case("point 1: 8.8.5/6.4", "too_many_downloads_begun", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            (0..11).for_each(|_| drop(lab.authenticate(&lab.initiate(), &matching_id)));
            last(lab)
        }),
        case("point 1: 8.8.5/4.10", "nobody_came", |lab| {
            lab.order(json!({}));
            lab.host.set_now(NOW + 100);
            last(lab)
        }),
        case("point 2: 8.2.7/2.2", "no_confirmation_code", |lab| {
            lab.fetch(&lab.offered(&lab.order(json!({"confirmationCode": CODE})).1), None);
            last(lab)
        }),
        case("point 2: 8.2.7/3.8", "wrong_confirmation_code", |lab| {
            lab.fetch(&lab.offered(&lab.order(json!({"confirmationCode": CODE})).1), Some("0"));
            last(lab)
        }),
        case("point 2: 8.2.7/6.4", "wrong_confirmation_codes", |lab| {
            let (_, matching_id) = lab.order(json!({"confirmationCode": CODE}));
            (0..3).for_each(|_| drop(lab.fetch(&lab.offered(&matching_id), Some("0"))));
            last(lab)
        }),
        case("point 3: Executed-Success", "package_handed_out", |lab| {
            fetched(lab);
            last(lab)
        }),
        case("point 3: 8.8.5/3.8", "user_says_no", |lab| {
            let id = lab.offered(&lab.order(json!({})).1).transaction_id;
            let cancel = lab.euicc.cancel(&id, CancelSessionReason::endUserRejection, OID);
            assert_success(&lab.es9("cancelSession", &cancel));
            last(lab)
        }),
        case("point 4: 8.2.10/4.2", "load_cancelled", |lab| {
            let (_, id) = fetched(lab);
            let cancel = lab.euicc.cancel(&id, CancelSessionReason::loadBppExecutionError, OID);
            assert_success(&lab.es9("cancelSession", &cancel));
            last(lab)
        }),
        case("point 4: Executed-Success", "installed", |lab| {
            let (iccid, id) = fetched(lab);
            lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
            last(lab)
        }),
        case("point 4: 8.2.10/4.2", "not_installed", |lab| {
            let (iccid, id) = fetched(lab);
            let reason = ErrorReason::installFailedDueToPEProcessingError;
            lab.notify(lab.euicc.result(&id, &iccid, 1, failure(reason)));
            last(lab)
        }),
        case("point 103: Executed-Success", "deleted_by_a_number_of_ours", |lab| {
            let (iccid, id) = fetched(lab);
            lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
            lab.notify(lab.euicc.event(2, NotificationEvent::Delete, &iccid));
            last(lab)
        }),
    ]
}
