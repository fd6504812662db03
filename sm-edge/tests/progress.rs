//! What the operator is told (ES2+.HandleDownloadProgressInfo, SGP.22 5.3.5), in order and at least once.

use esim_rsp::common::NotificationEvent;
use esim_rsp::es10b::CancelSessionReason;
use esim_rsp::notification::ErrorReason;
use esim_sm_edge::{MemoryHost, attend_all, block_on};
use esim_sm_lab::*;
use esim_smdp::{Call, Operator, Reply};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

const CALLBACK: &str = "operator.example:8444";

/// The operator's end: what it was told, and what it answers.
#[derive(Clone, Default)]
struct CustomerSystem {
    told: Rc<RefCell<Vec<Value>>>,
    answers: Rc<RefCell<Vec<Reply>>>,
}

fn answered(status: u16, body: &str) -> Reply {
    Reply::Answered { status, body: body.into() }
}

impl CustomerSystem {
    /// A laboratory whose orders are this operator's.
    fn lab(&self, change: impl FnOnce(&mut esim_smdp::Config)) -> Lab {
        let mut lab = Lab::with(|config| {
            config.operators.push(Operator {
                oid: "2.999.1".into(),
                callback: Some(CALLBACK.into()),
                token_key: None,
                certificates: vec![],
            });
            change(config);
        });
        let this = self.clone();
        lab.host = MemoryHost::new(esim_sm_edge::Host::config(&lab.host).clone(), [7; 32], NOW)
            .with_network(move |call| this.hear(call));
        lab
    }

    fn hear(&self, call: &Call) -> Reply {
        assert_eq!(call.url(), "https://operator.example:8444/gsma/rsp2/es2plus/handleDownloadProgressInfo");
        self.told.borrow_mut().push(serde_json::from_str(&call.body).unwrap());
        let mut answers = self.answers.borrow_mut();
        if answers.is_empty() { answered(204, "") } else { answers.remove(0) }
    }

    /// Runs what is due, and gives what has arrived since as `point status subject/reason`.
    fn heard(&self, lab: &Lab) -> Vec<String> {
        while block_on(attend_all(&lab.host, 100)).unwrap() > 0 {}
        self.told.take().iter().map(line).collect()
    }
}

fn line(told: &Value) -> String {
    let status = &told["notificationPointStatus"];
    let data = &status["statusCodeData"];
    let point = told["notificationPointId"].as_u64().unwrap();
    match data["subjectCode"].as_str().zip(data["reasonCode"].as_str()) {
        Some((subject, reason)) => {
            format!("{point} {} {subject}/{reason}", status["status"].as_str().unwrap())
        }
        None => format!("{point} {}", status["status"].as_str().unwrap()),
    }
}

#[test]
fn a_whole_life_is_told_step_by_step() {
    let operator = CustomerSystem::default();
    let lab = operator.lab(|_| {});
    let (iccid, matching_id) = lab.order(json!({}));
    assert_eq!(operator.heard(&lab), [""; 0]);
    let (id, _) = lab.download(&matching_id);
    let result = lab.euicc.result(&id, &iccid, 1, success());
    lab.notify(result.clone());
    lab.notify(result.clone());
    lab.notify(lab.euicc.event(2, NotificationEvent::Enable, &iccid));
    lab.notify(lab.euicc.event(3, NotificationEvent::Disable, &iccid));
    lab.notify(lab.euicc.event(4, NotificationEvent::Delete, &iccid));
    while block_on(attend_all(&lab.host, 100)).unwrap() > 0 {}
    let told = operator.told.take();
    let lines: Vec<_> = told.iter().map(line).collect();
    let points = [1, 3, 4, 101, 102, 103].map(|point| format!("{point} Executed-Success"));
    assert_eq!(lines, points);
    let expected = json!({
        "header": told[2]["header"], "eid": lab.euicc.eid, "iccid": iccid, "profileType": "operational",
        "timestamp": "2026-01-01T00:00:00Z", "notificationPointId": 4,
        "notificationPointStatus": {"status": "Executed-Success"},
        "resultData": esim_rsp::json::Base64(result), "tac": "35290611",
    });
    assert_eq!(told[2], expected);
    assert_eq!(told[2]["header"]["functionRequesterIdentifier"], "2.999.10");
    let mut ids: Vec<_> =
        told.iter().map(|it| it["header"]["functionCallIdentifier"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), told.len());
}

#[test]
fn every_refusal_is_told_with_its_pair() {
    let operator = CustomerSystem::default();
    let lab = operator.lab(|config| {
        config.limits.download_attempts = 4;
        config.limits.confirmation_attempts = 2;
    });
    let other = Euicc::new(&lab.pki, "890490321234512345123456789099");
    let (_, linked) = lab.order(json!({"eid": other.eid}));
    lab.authenticate(&lab.initiate(), &linked);
    assert_eq!(operator.heard(&lab), ["1 Failed 8.1.1/3.8"]);

    let (_, coded) = lab.order(json!({"confirmationCode": CODE}));
    for code in [None, Some("0"), Some("0")] {
        lab.fetch(&lab.offered(&coded), code);
    }
    let expected = [
        "1 Executed-Success",
        "2 Failed 8.2.7/2.2",
        "1 Executed-Success",
        "2 Failed 8.2.7/3.8",
        "1 Executed-Success",
        "2 Failed 8.2.7/6.4",
    ];
    assert_eq!(operator.heard(&lab), expected);
    // Of an order that is over the operator has heard all.
    lab.authenticate(&lab.initiate(), &coded);
    assert_eq!(operator.heard(&lab), [""; 0]);

    let (_, worn) = lab.order(json!({}));
    for _ in 0..5 {
        lab.authenticate(&lab.initiate(), &worn);
    }
    assert_eq!(operator.heard(&lab).last().unwrap(), "1 Failed 8.8.5/6.4");
    let (iccid, failing) = lab.order(json!({}));
    let (id, _) = lab.download(&failing);
    lab.notify(lab.euicc.result(&id, &iccid, 1, failure(ErrorReason::installFailedDueToPEProcessingError)));
    assert_eq!(operator.heard(&lab)[1..], ["3 Executed-Success", "4 Failed 8.2.10/4.2"]);
}

#[test]
fn the_reason_of_a_cancelled_session_is_told() {
    use CancelSessionReason as Reason;
    for (reason, pair) in [
        (Reason::endUserRejection, Some("8.8.5/3.8")),
        (Reason::postponed, None),
        (Reason::timeout, None),
        (Reason::pprNotAllowed, Some("8.2.8/1.2")),
        (Reason::metadataMismatch, Some("8.2.9/3.11")),
        (Reason::loadBppExecutionError, Some("8.2.10/4.2")),
        (Reason::undefinedReason, Some("8/4.2")),
    ] {
        for (fetched, point) in [(false, 3), (true, 4)] {
            let operator = CustomerSystem::default();
            let lab = operator.lab(|_| {});
            let (_, matching_id) = lab.order(json!({}));
            let offer = lab.offered(&matching_id);
            if fetched {
                assert_success(&lab.fetch(&offer, None));
            }
            let steps = operator.heard(&lab).len();
            assert_eq!(steps, if fetched { 2 } else { 1 });
            assert_success(&lab.es9("cancelSession", &lab.euicc.cancel(&offer.transaction_id, reason, OID)));
            let expected: Vec<_> = pair.iter().map(|pair| format!("{point} Failed {pair}")).collect();
            assert_eq!(operator.heard(&lab), expected, "{reason}");
        }
    }
}

#[test]
fn a_session_that_fell_behind_does_not_end_the_order() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let old = lab.offered(&matching_id);
    lab.download(&matching_id);
    let cancel = lab.euicc.cancel(&old.transaction_id, CancelSessionReason::endUserRejection, OID);
    assert_success(&lab.es9("cancelSession", &cancel));
    assert_eq!(lab.state(&iccid), "Downloaded");
}

#[test]
fn an_order_that_nobody_came_for_is_told() {
    let operator = CustomerSystem::default();
    let lab = operator.lab(|config| config.limits.order_seconds = Some(100));
    let (iccid, _) = lab.order(json!({}));
    lab.host.set_now(NOW + 99);
    assert_eq!(operator.heard(&lab), [""; 0]);
    lab.host.set_now(NOW + 100);
    assert_eq!(operator.heard(&lab), ["1 Failed 8.8.5/4.10"]);
    assert_eq!(lab.state(&iccid), "Error");
}

#[test]
fn errands_wait_for_each_other_and_are_the_same_when_repeated() {
    let operator = CustomerSystem::default();
    let lab = operator.lab(|_| {});
    let (_, matching_id) = lab.order(json!({}));
    operator.answers.replace(vec![Reply::Lost("nobody".into()), answered(503, ""), answered(200, "<html>")]);
    lab.download(&matching_id);
    let mut times = Vec::new();
    let mut bodies = Vec::new();
    for second in 0..200 {
        lab.host.set_now(NOW + second);
        while block_on(attend_all(&lab.host, 100)).unwrap() > 0 {}
        for told in operator.told.take() {
            times.push(second);
            bodies.push(told);
        }
    }
    // 10, 20, 40 seconds; the second message goes out with the first one's success.
    assert_eq!(times, [0, 10, 30, 70, 70]);
    assert!(bodies[..4].iter().all(|body| *body == bodies[0]));
    assert_eq!(
        bodies.iter().map(line).collect::<Vec<_>>()[3..],
        ["1 Executed-Success", "3 Executed-Success"]
    );
}

#[test]
fn errands_are_given_up_and_refusals_taken_for_an_answer() {
    let operator = CustomerSystem::default();
    let lab = operator.lab(|config| config.limits.errand_seconds = 25);
    let (iccid, matching_id) = lab.order(json!({}));
    operator.answers.replace(vec![Reply::Lost("nobody".into()); 3]);
    lab.offered(&matching_id);
    for second in 0..100 {
        lab.host.set_now(NOW + second);
        operator.heard(&lab);
    }
    let last =
        |lab: &Lab| lab.show(&iccid)["history"].as_array().unwrap().last().unwrap()["what"].to_string();
    assert!(last(&lab).contains("given up"), "{}", last(&lab));

    let refusal = r#"{"header":{"functionExecutionStatus":{"status":"Failed","statusCodeData":
        {"subjectCode":"8.2.1","reasonCode":"3.9"}}}}"#;
    operator.answers.replace(vec![answered(200, refusal)]);
    lab.offered(&matching_id);
    assert_eq!(operator.heard(&lab), ["1 Executed-Success"]);
    assert!(last(&lab).contains("refused with 8.2.1/3.9"), "{}", last(&lab));
    assert_eq!(operator.heard(&lab), [""; 0]);
}

#[test]
fn an_operator_that_is_away_does_not_make_orders_grow_without_end() {
    let operator = CustomerSystem::default();
    let lab = operator.lab(|_| {});
    let other = Euicc::new(&lab.pki, "890490321234512345123456789099");
    let (_, linked) = lab.order(json!({"eid": other.eid}));
    for _ in 0..105 {
        lab.authenticate(&lab.initiate(), &linked);
    }
    assert_eq!(operator.heard(&lab).len(), 100);
}

#[test]
fn who_has_not_said_where_is_told_nothing() {
    let operator = CustomerSystem::default();
    let lab = operator.lab(|config| config.operators[0].callback = None);
    let (_, matching_id) = lab.order(json!({}));
    lab.download(&matching_id);
    assert_eq!(operator.heard(&lab), [""; 0]);
}
