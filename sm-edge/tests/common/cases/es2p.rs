//! ES2+ (SGP.22 5.3), what the operator calls.

use super::*;

const ORDER: (&str, &str) = ("es2p", "DownloadOrder");
const CONFIRM: (&str, &str) = ("es2p", "ConfirmOrder");
const CANCEL: (&str, &str) = ("es2p", "CancelOrder");
const RELEASE: (&str, &str) = ("es2p", "ReleaseProfile");

const SUCCESS: &str = "Executed-Success";
const UNKNOWN: &str = "8900101000000000009";

pub(super) const BLANKS: &[BlankLine] =
    &[("es2p", "DownloadOrder", "8.2.5/1.2", "profile types are no operator's own; profiles are: 8.2.1/1.2")];

pub(super) fn cases() -> Vec<Case> {
    [order(), confirm(), events(), cancel(), release()].into_iter().flatten().collect()
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

fn orders(lab: &Lab, request: Value) -> String {
    told(&lab.es2("downloadOrder", request))
}

fn order() -> Vec<Case> {
    let case = |code, name, run| Case::new(ORDER, code, name, Setup::Any, run);
    vec![
        case("Executed-Success, Allocated", "by_iccid", |lab| {
            let iccid = lab.provision();
            told_and(lab, &lab.es2("downloadOrder", json!({"iccid": iccid})), &iccid)
        }),
        case("Executed-Success, Linked", "for_an_euicc", |lab| {
            let iccid = lab.provision();
            told_and(lab, &lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})), &iccid)
        }),
        case(SUCCESS, "by_profile_type", |lab| {
            let (iccid, kind) = only(lab);
            let answer = lab.es2("downloadOrder", json!({"profileType": kind}));
            assert_eq!(answer["iccid"], iccid);
            told(&answer)
        }),
        case("8.2.1/1.2", "another_operators_profile", |lab| orders(lab, json!({"iccid": foreign(lab)}))),
        case("8.2.1/3.3", "ordered_already", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            orders(lab, json!({"iccid": iccid}))
        }),
        case("8.2.1/3.9", "unknown_iccid", |lab| orders(lab, json!({"iccid": UNKNOWN}))),
        case("8.2.5/3.7", "none_of_this_type_is_left", |lab| {
            let (_, kind) = only(lab);
            assert_success(&lab.es2("downloadOrder", json!({"profileType": kind})));
            orders(lab, json!({"profileType": kind}))
        }),
        case("8.2.5/3.8", "iccid_is_of_another_type", |lab| {
            orders(lab, json!({"iccid": lab.provision(), "profileType": "other"}))
        }),
        case("8.2.5/3.9", "unknown_type", |lab| orders(lab, json!({"profileType": "none-of-ours"}))),
        case("1.6/2.1", "neither_iccid_nor_type", |lab| orders(lab, json!({}))),
        case("HTTP 401 1.1/1.1", "without_credential", |lab| {
            http(&lab.send(HttpRequest::post("/gsma/rsp2/es2plus/downloadOrder", "{}")))
        }),
        case("HTTP 400 1.6/2.1", "without_header", |lab| {
            let request = HttpRequest::post("/gsma/rsp2/es2plus/downloadOrder", "{}");
            http(&lab.send(request.with_token(&lab.token)))
        }),
    ]
}

/// confirmOrder of a reserved profile, released at once.
fn confirms(lab: &Lab, reserve: Value, confirm: Value) -> String {
    let iccid = lab.provision();
    let with = |mut request: Value, more: Value| {
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    assert_success(&lab.es2("downloadOrder", with(json!({"iccid": iccid}), reserve)));
    told(&lab.es2("confirmOrder", with(json!({"iccid": iccid, "releaseFlag": true}), confirm)))
}

fn confirm() -> Vec<Case> {
    let case = |code, name, run| Case::new(CONFIRM, code, name, Setup::Any, run);
    vec![
        case("Executed-Success, Released", "released_at_once", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            told_and(lab, &lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": true})), &iccid)
        }),
        case("Executed-Success, Confirmed", "to_be_released_later", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            told_and(lab, &lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": false})), &iccid)
        }),
        case("8.1.1/2.2", "no_eid_for_the_default_server", |lab| {
            confirms(lab, json!({}), json!({"matchingId": ""}))
        }),
        case("8.1.1/2.2", "no_eid_for_an_event", |lab| {
            confirms(lab, json!({}), json!({"smdsAddress": "willing.example"}))
        }),
        case("8.1.1/3.10", "another_eid_than_ordered", |lab| {
            let other = Euicc::new(&lab.pki, "890490321234512345123456789099").eid;
            confirms(lab, json!({"eid": lab.euicc.eid}), json!({"eid": other}))
        }),
        case("8.2.1/1.2", "another_operators_profile", |lab| {
            told(&lab.es2("confirmOrder", json!({"iccid": foreign(lab), "releaseFlag": true})))
        }),
        case("8.2.1/1.2", "not_ordered", |lab| {
            told(&lab.es2("confirmOrder", json!({"iccid": lab.provision(), "releaseFlag": true})))
        }),
        case("8.2.1/3.9", "unknown_iccid", |lab| {
            told(&lab.es2("confirmOrder", json!({"iccid": UNKNOWN, "releaseFlag": true})))
        }),
        case("8.2.6/2.1", "matching_id_with_a_dollar", |lab| {
            confirms(lab, json!({}), json!({"matchingId": "A$B"}))
        }),
        case("8.2.6/3.3", "matching_id_of_another_order", |lab| {
            let (_, taken) = lab.order(json!({}));
            confirms(lab, json!({}), json!({"matchingId": taken}))
        }),
    ]
}

/// confirmOrder with an SM-DS.
fn with_event(lab: &Lab, address: &str) -> String {
    confirms(lab, json!({"eid": lab.euicc.eid}), json!({"smdsAddress": address}))
}

fn events() -> Vec<Case> {
    const OTHERS: &str = "servers beside it";
    let case = |code, name, run| Case::new(CONFIRM, code, name, Setup::Any, run);
    let memory = |code, name, run| Case::new(CONFIRM, code, name, Setup::Memory(OTHERS, |_| {}), run);
    let with_smds = |code, name, run| Case::new(CONFIRM, code, name, Setup::Smds, run);
    vec![
        memory(SUCCESS, "event_at_an_sm_ds", |lab| {
            let seen = with_event(lab, "willing.example");
            assert_eq!(lab.calls.borrow()[0].path, "/gsma/rsp2/es12/registerEvent");
            seen
        }),
        with_smds(SUCCESS, "event_at_the_own_sm_ds", |lab| with_event(lab, lab.smds.as_deref().unwrap())),
        case("8.9/5.1", "sm_ds_does_not_answer", |lab| with_event(lab, "nobody.invalid")),
        memory("8.9/5.1", "no_root_sm_ds_is_configured", |lab| with_event(lab, ".")),
        memory("8.9/4.2", "sm_ds_refuses", |lab| with_event(lab, "unwilling.example")),
        case("8.9.1/3.8", "sm_ds_address_that_is_none", |lab| with_event(lab, "a.example/path")),
    ]
}

/// cancelOrder of a released order.
fn cancels(lab: &Lab, confirm: Value, cancel: Value) -> String {
    let (iccid, _) = lab.order(confirm);
    let mut request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
    request.as_object_mut().unwrap().extend(cancel.as_object().unwrap().clone());
    told(&lab.es2("cancelOrder", request))
}

fn cancel() -> Vec<Case> {
    let case = |code, name, run| Case::new(CANCEL, code, name, Setup::Any, run);
    vec![
        case("Executed-Success, Available", "back_into_stock", |lab| {
            let (iccid, _) = lab.order(json!({}));
            let request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
        case("Executed-Success, Unavailable", "out_of_use", |lab| {
            let (iccid, _) = lab.order(json!({}));
            let request = json!({"iccid": iccid, "finalProfileStatusIndicator": "Unavailable"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
        case("Executed-Success, Available", "after_it_was_deleted_from_the_card", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let (id, _) = lab.download(&matching_id);
            lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
            lab.notify(lab.euicc.event(2, NotificationEvent::Delete, &iccid));
            let eid = lab.euicc.eid;
            let request = json!({"iccid": iccid, "eid": eid, "finalProfileStatusIndicator": "Available"});
            told_and(lab, &lab.es2("cancelOrder", request), &iccid)
        }),
        case("8.2.1/1.2", "another_operators_profile", |lab| {
            let request = json!({"iccid": foreign(lab), "finalProfileStatusIndicator": "Available"});
            told(&lab.es2("cancelOrder", request))
        }),
        case("8.2.1/1.2", "back_from_out_of_use", |lab| {
            let (iccid, _) = lab.order(json!({}));
            let request = |status| json!({"iccid": iccid, "finalProfileStatusIndicator": status});
            assert_success(&lab.es2("cancelOrder", request("Unavailable")));
            told(&lab.es2("cancelOrder", request("Available")))
        }),
        case("8.2.1/2.2", "linked_and_no_eid_given", |lab| {
            cancels(lab, json!({"eid": lab.euicc.eid}), json!({}))
        }),
        case("8.2.1/3.3", "downloaded", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            lab.download(&matching_id);
            told(&lab.es2("cancelOrder", json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"})))
        }),
        case("8.2.1/3.9", "unknown_iccid", |lab| {
            told(
                &lab.es2(
                    "cancelOrder",
                    json!({"iccid": UNKNOWN, "finalProfileStatusIndicator": "Available"}),
                ),
            )
        }),
        case("8.2.1/3.10", "another_eid", |lab| cancels(lab, json!({}), json!({"eid": lab.euicc.eid}))),
        case("8.2.6/3.10", "another_matching_id", |lab| {
            cancels(lab, json!({}), json!({"matchingId": "OTHER"}))
        }),
    ]
}

fn release() -> Vec<Case> {
    const OTHERS: &str = "servers beside it";
    let case = |code, name, run| Case::new(RELEASE, code, name, Setup::Any, run);
    let memory = |code, name, run| Case::new(RELEASE, code, name, Setup::Memory(OTHERS, |_| {}), run);
    vec![
        case("Executed-Success, Released", "confirmed", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            assert_success(&lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": false})));
            told_and(lab, &lab.es2("releaseProfile", json!({"iccid": iccid})), &iccid)
        }),
        memory("8.9/5.1", "sm_ds_does_not_answer", |lab| releases_event(lab, "nobody.invalid")),
        memory("8.9/4.2", "sm_ds_refuses", |lab| releases_event(lab, "unwilling.example")),
        case("8.2.1/1.2", "another_operators_profile", |lab| {
            told(&lab.es2("releaseProfile", json!({"iccid": foreign(lab)})))
        }),
        case("8.2.1/3.5", "not_confirmed", |lab| {
            told(&lab.es2("releaseProfile", json!({"iccid": lab.provision()})))
        }),
        case("8.2.1/3.5", "released_already", |lab| {
            told(&lab.es2("releaseProfile", json!({"iccid": lab.order(json!({})).0})))
        }),
        case("8.2.1/3.9", "unknown_iccid", |lab| told(&lab.es2("releaseProfile", json!({"iccid": UNKNOWN})))),
    ]
}

fn releases_event(lab: &Lab, address: &str) -> String {
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    let confirm = json!({"iccid": iccid, "smdsAddress": address, "releaseFlag": false});
    assert_success(&lab.es2("confirmOrder", confirm));
    told(&lab.es2("releaseProfile", json!({"iccid": iccid})))
}
