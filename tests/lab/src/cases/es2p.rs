//! ES2+ (SGP.22 5.3), what the operator calls.

use super::*;

const ORDER: (&str, &str) = ("es2p", "DownloadOrder");
const CONFIRM: (&str, &str) = ("es2p", "ConfirmOrder");
const CANCEL: (&str, &str) = ("es2p", "CancelOrder");
const RELEASE: (&str, &str) = ("es2p", "ReleaseProfile");

const UNKNOWN: &str = "8900101000000000009";

pub(super) fn cases() -> Vec<Case> {
    [any::es2p(), order(), confirm(), events(), cancel(), release()].into_iter().flatten().collect()
}

/// A profile that another operator owns.
fn foreign(lab: &Lab) -> Value {
    let request = json!({"subscriber": subscriber(), "owner": "2.999.7"});
    lab.operator("/esim-lab/provision", request)["iccid"].clone()
}

/// The only profile of a type that nobody else has: ICCID and type.
fn only(lab: &Lab) -> (Value, String) {
    let kind = format!("only-{}", lab.provision());
    let request = json!({"subscriber": subscriber(), "profileType": kind});
    (lab.operator("/esim-lab/provision", request)["iccid"].clone(), kind)
}

fn orders(lab: &Lab, request: Value) -> Seen {
    told(lab, &lab.es2("downloadOrder", request))
}

/// downloadOrder with a field that is none.
fn malformed(lab: &Lab, field: Value) -> Seen {
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"});
    let mut request = json!({"header": header, "iccid": lab.provision()});
    request.as_object_mut().unwrap().extend(field.as_object().unwrap().clone());
    let path = "/gsma/rsp2/es2plus/downloadOrder";
    sent(lab, HttpRequest::post(path, request.to_string()).with_token(&lab.token))
}

fn order() -> Vec<Case> {
    let case = |name, run| Case::new(ORDER, name, Setup::Any, run);
    vec![
        case("by-iccid", |lab| {
            let iccid = lab.provision();
            told_and(lab, &lab.es2("downloadOrder", json!({"iccid": iccid})), &iccid)
        }),
        case("for-an-euicc", |lab| {
            let iccid = lab.provision();
            told_and(lab, &lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})), &iccid)
        }),
        case("by-iccid-with-a-filler", |lab| {
            let iccid = lab.provision();
            told_and(lab, &lab.es2("downloadOrder", json!({"iccid": format!("{iccid}F")})), &iccid)
        }),
        case("by-profile-type", |lab| {
            let (iccid, kind) = only(lab);
            let answer = lab.es2("downloadOrder", json!({"profileType": kind}));
            assert_eq!(answer["iccid"], iccid);
            told(lab, &answer)
        }),
        case("another-operators-profile", |lab| orders(lab, json!({"iccid": foreign(lab)}))),
        case("ordered-already", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            orders(lab, json!({"iccid": iccid}))
        }),
        case("out-of-use", |lab| {
            let (iccid, _) = lab.order(json!({}));
            let request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Unavailable"});
            assert_success(&lab.es2("cancelOrder", request));
            orders(lab, json!({"iccid": iccid}))
        }),
        case("unknown-iccid", |lab| orders(lab, json!({"iccid": UNKNOWN}))),
        case("none-of-this-type-is-left", |lab| {
            let (_, kind) = only(lab);
            assert_success(&lab.es2("downloadOrder", json!({"profileType": kind})));
            orders(lab, json!({"profileType": kind}))
        }),
        case("iccid-is-of-another-type", |lab| {
            orders(lab, json!({"iccid": lab.provision(), "profileType": "other"}))
        }),
        case("unknown-type", |lab| orders(lab, json!({"profileType": "none-of-ours"}))),
        case("eid-of-31-digits", |lab| malformed(lab, json!({"eid": "8904903212345123451234567890123"}))),
        case("eid-with-a-wrong-check-digit", |lab| {
            malformed(lab, json!({"eid": "89049032123451234512345678901236"}))
        }),
        case("iccid-of-letters", |lab| malformed(lab, json!({"iccid": "letters"}))),
        case("neither-iccid-nor-type", |lab| orders(lab, json!({}))),
    ]
}

/// confirmOrder of a reserved profile, released at once.
fn confirms(lab: &Lab, reserve: Value, confirm: Value) -> Seen {
    let iccid = lab.provision();
    let with = |mut request: Value, more: Value| {
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    assert_success(&lab.es2("downloadOrder", with(json!({"iccid": iccid}), reserve)));
    told(lab, &lab.es2("confirmOrder", with(json!({"iccid": iccid, "releaseFlag": true}), confirm)))
}

fn confirm() -> Vec<Case> {
    let case = |name, run| Case::new(CONFIRM, name, Setup::Any, run);
    vec![
        case("released-at-once", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            told_and(lab, &lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": true})), &iccid)
        }),
        case("to-be-released-later", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            told_and(lab, &lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": false})), &iccid)
        }),
        case("for-an-euicc", |lab| confirms(lab, json!({}), json!({"eid": lab.euicc.eid}))),
        case("for-the-default-server", |lab| {
            let eid = Euicc::new(&lab.pki, "890490321234512345123456789077").eid;
            confirms(lab, json!({"eid": eid}), json!({"matchingId": ""}))
        }),
        case("with-a-confirmation-code", |lab| confirms(lab, json!({}), json!({"confirmationCode": CODE}))),
        case("matching-id-chosen-by-the-operator", |lab| {
            confirms(lab, json!({}), json!({"matchingId": format!("OWN-{}", lab.provision())}))
        }),
        case("no-eid-for-the-default-server", |lab| confirms(lab, json!({}), json!({"matchingId": ""}))),
        case("no-eid-for-an-event", |lab| {
            confirms(lab, json!({}), json!({"smdsAddress": "willing.example"}))
        }),
        case("another-eid-than-ordered", |lab| {
            let other = Euicc::new(&lab.pki, "890490321234512345123456789099").eid;
            confirms(lab, json!({"eid": lab.euicc.eid}), json!({"eid": other}))
        }),
        case("another-operators-profile", |lab| {
            told(lab, &lab.es2("confirmOrder", json!({"iccid": foreign(lab), "releaseFlag": true})))
        }),
        case("not-ordered", |lab| {
            told(lab, &lab.es2("confirmOrder", json!({"iccid": lab.provision(), "releaseFlag": true})))
        }),
        case("unknown-iccid", |lab| {
            told(lab, &lab.es2("confirmOrder", json!({"iccid": UNKNOWN, "releaseFlag": true})))
        }),
        case("matching-id-with-a-dollar", |lab| confirms(lab, json!({}), json!({"matchingId": "A$B"}))),
        case("matching-id-too-long", |lab| confirms(lab, json!({}), json!({"matchingId": "A".repeat(256)}))),
        case("confirmed-already", |lab| {
            let (iccid, _) = lab.order(json!({}));
            told(lab, &lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": true})))
        }),
        case("matching-id-of-another-order", |lab| {
            let (_, taken) = lab.order(json!({}));
            confirms(lab, json!({}), json!({"matchingId": taken}))
        }),
    ]
}

/// confirmOrder with an SM-DS.
fn with_event(lab: &Lab, address: &str) -> Seen {
    confirms(lab, json!({"eid": lab.euicc.eid}), json!({"smdsAddress": address}))
}

fn events() -> Vec<Case> {
    let case = |name, run| Case::new(CONFIRM, name, Setup::Any, run);
    let memory = |name, run| Case::new(CONFIRM, name, Setup::Memory(|_| {}), run);
    let with_smds = |name, run| Case::new(CONFIRM, name, Setup::Smds, run);
    vec![
        memory("event-at-an-sm-ds", |lab| {
            let seen = with_event(lab, "willing.example");
            assert_eq!(lab.calls.borrow()[0].path, "/gsma/rsp2/es12/registerEvent");
            seen
        }),
        with_smds("event-at-the-own-sm-ds", |lab| with_event(lab, lab.smds.as_deref().unwrap())),
        case("sm-ds-does-not-answer", |lab| with_event(lab, "nobody.invalid")),
        memory("no-root-sm-ds-is-configured", |lab| with_event(lab, ".")),
        memory("sm-ds-refuses", |lab| with_event(lab, "unwilling.example")),
        case("sm-ds-address-that-is-none", |lab| with_event(lab, "a.example/path")),
    ]
}

/// cancelOrder of a released order.
fn cancels(lab: &Lab, confirm: Value, cancel: Value) -> Seen {
    let (iccid, _) = lab.order(confirm);
    let mut request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
    request.as_object_mut().unwrap().extend(cancel.as_object().unwrap().clone());
    told(lab, &lab.es2("cancelOrder", request))
}

fn cancel() -> Vec<Case> {
    [cancel_done(), cancel_refused()].into_iter().flatten().collect()
}

fn cancel_done() -> Vec<Case> {
    let case = |name, run| Case::new(CANCEL, name, Setup::Any, run);
    vec![
        case("back-into-stock", |lab| {
            let (iccid, _) = lab.order(json!({}));
            let request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
        case("out-of-use", |lab| {
            let (iccid, _) = lab.order(json!({}));
            let request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Unavailable"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
        case("after-it-was-deleted-from-the-card", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let (id, _) = lab.download(&matching_id);
            lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
            lab.notify(lab.euicc.event(2, NotificationEvent::Delete, &iccid));
            let eid = lab.euicc.eid;
            let request = json!({"iccid": iccid, "eid": eid, "finalProfileStatusIndicator": "Available"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
        case("another-operators-profile", |lab| {
            let request = json!({"iccid": foreign(lab), "finalProfileStatusIndicator": "Available"});
            told(lab, &lab.es2("cancelOrder", request))
        }),
        case("back-from-out-of-use", |lab| {
            let (iccid, _) = lab.order(json!({}));
            let request = |status| json!({"iccid": iccid, "finalProfileStatusIndicator": status});
            assert_success(&lab.es2("cancelOrder", request("Unavailable")));
            told(lab, &lab.es2("cancelOrder", request("Available")))
        }),
        case("before-it-is-confirmed", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            let request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
        case("with-its-eid-and-matching-id", |lab| {
            let eid = lab.euicc.eid;
            let (iccid, matching_id) = lab.order(json!({"eid": eid}));
            let request = json!({"iccid": iccid, "eid": eid, "matchingId": matching_id,
                "finalProfileStatusIndicator": "Available"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
        case("after-the-user-has-said-no", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let id = lab.offered(&matching_id).transaction_id;
            lab.es9("cancelSession", &lab.euicc.cancel(&id, CancelSessionReason::endUserRejection, OID));
            let request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
    ]
}

fn cancel_refused() -> Vec<Case> {
    let case = |name, run| Case::new(CANCEL, name, Setup::Any, run);
    vec![
        case("linked-and-no-eid-given", |lab| cancels(lab, json!({"eid": lab.euicc.eid}), json!({}))),
        case("downloaded", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            lab.download(&matching_id);
            told(
                lab,
                &lab.es2("cancelOrder", json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"})),
            )
        }),
        case("unknown-iccid", |lab| {
            told(
                lab,
                &lab.es2(
                    "cancelOrder",
                    json!({"iccid": UNKNOWN, "finalProfileStatusIndicator": "Available"}),
                ),
            )
        }),
        case("another-eid", |lab| cancels(lab, json!({}), json!({"eid": lab.euicc.eid}))),
        case("another-matching-id", |lab| cancels(lab, json!({}), json!({"matchingId": "OTHER"}))),
    ]
}

fn release() -> Vec<Case> {
    let case = |name, run| Case::new(RELEASE, name, Setup::Any, run);
    let memory = |name, run| Case::new(RELEASE, name, Setup::Memory(|_| {}), run);
    vec![
        case("confirmed", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            assert_success(&lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": false})));
            told_and(lab, &lab.es2("releaseProfile", json!({"iccid": iccid})), &iccid)
        }),
        memory("event-at-an-sm-ds", |lab| {
            let seen = releases_event(lab, "willing.example");
            assert_eq!(lab.calls.borrow()[0].path, "/gsma/rsp2/es12/registerEvent");
            seen
        }),
        Case::new(RELEASE, "event-at-the-own-sm-ds", Setup::Smds, |lab| {
            releases_event(lab, lab.smds.as_deref().unwrap())
        }),
        memory("sm-ds-does-not-answer", |lab| releases_event(lab, "nobody.invalid")),
        memory("sm-ds-refuses", |lab| releases_event(lab, "unwilling.example")),
        case("another-operators-profile", |lab| {
            told(lab, &lab.es2("releaseProfile", json!({"iccid": foreign(lab)})))
        }),
        case("not-confirmed", |lab| told(lab, &lab.es2("releaseProfile", json!({"iccid": lab.provision()})))),
        case("released-already", |lab| {
            told(lab, &lab.es2("releaseProfile", json!({"iccid": lab.order(json!({})).0})))
        }),
        case("unknown-iccid", |lab| told(lab, &lab.es2("releaseProfile", json!({"iccid": UNKNOWN})))),
    ]
}

fn releases_event(lab: &Lab, address: &str) -> Seen {
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    let confirm = json!({"iccid": iccid, "smdsAddress": address, "releaseFlag": false});
    assert_success(&lab.es2("confirmOrder", confirm));
    told(lab, &lab.es2("releaseProfile", json!({"iccid": iccid})))
}
