//! Cases that hold on every host: in memory, over TLS, on the worker.

use super::*;

/// Runs them all, one after the other.
pub fn all(lab: &Lab) {
    health(lab);
    whole_life(lab);
    same_key_same_binding(lab);
    wrong_codes(lab);
    wrong_euicc(lab);
    rejected(lab);
    stock(lab);
    credential(lab);
}

fn health(lab: &Lab) {
    assert_eq!(lab.send(HttpRequest::get("/healthz")).status, 200);
    assert_eq!(lab.send(HttpRequest::post("/gsma/rsp2/es9plus/none", "{}")).status, 404);
    assert_eq!(lab.send(HttpRequest::get("/gsma/rsp2/es9plus/cancelSession")).status, 405);
    let response = lab.send(HttpRequest::post("/gsma/rsp2/es9plus/cancelSession", "{"));
    assert_eq!(response.status, 400);
    assert_eq!(response.header("X-Admin-Protocol"), Some("gsma/rsp/v2.6.0"));
}

fn whole_life(lab: &Lab) {
    let (iccid, matching_id) = lab.order(json!({"confirmationCode": CODE}));
    let offer = lab.offered(&matching_id);
    let answer = lab.fetch(&offer, Some(CODE));
    assert_success(&answer);
    let ok: GetBoundProfilePackageOk = serde_json::from_value(answer).unwrap();
    let key = lab.pki.dp_pb.key.public_key();
    let (_, profile) = lab.euicc.open(&ok.bound_profile_package.0, &key);
    assert_eq!(esim_smdp::profile::inspect(&profile).unwrap().iccid.to_string(), iccid);

    let result = lab.euicc.result(&ok.transaction_id, &iccid, 1, success());
    let response = lab.notify(result);
    assert_eq!((response.status, response.body.len()), (204, 0));
    assert_eq!(lab.state(&iccid), "Installed");
    for (sequence, event, state) in [
        (2, NotificationEvent::Enable, "Enabled"),
        (3, NotificationEvent::Disable, "Disabled"),
        (4, NotificationEvent::Delete, "Deleted"),
    ] {
        assert_eq!(lab.notify(lab.euicc.event(sequence, event, &iccid)).status, 204);
        assert_eq!(lab.show(&iccid)["onCard"]["state"], state);
    }
}

fn same_key_same_binding(lab: &Lab) {
    let (_, matching_id) = lab.order(json!({}));
    let key = lab.pki.dp_pb.key.public_key();
    let open = |(_, package): (TransactionId, Vec<u8>)| lab.euicc.open(&package, &key);
    assert_eq!(open(lab.download(&matching_id)), open(lab.download(&matching_id)));
}

fn wrong_codes(lab: &Lab) {
    let (iccid, matching_id) = lab.order(json!({"confirmationCode": CODE}));
    for expected in ["8.2.7/3.8", "8.2.7/3.8", "8.2.7/6.4"] {
        assert_eq!(code(&lab.fetch(&lab.offered(&matching_id), Some("0"))), expected);
    }
    assert_eq!(lab.state(&iccid), "Error");
    assert_eq!(code(&lab.authenticate(&lab.initiate(), "NO-SUCH-ORDER")), "8.2.6/3.8");
}

fn wrong_euicc(lab: &Lab) {
    let other = Euicc::new(&lab.pki, "890490321234512345123456789099");
    let (_, matching_id) = lab.order(json!({"eid": other.eid}));
    assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.1.1/3.8");
}

fn rejected(lab: &Lab) {
    let (iccid, matching_id) = lab.order(json!({}));
    let id = lab.offered(&matching_id).transaction_id;
    let cancel = lab.euicc.cancel(&id, CancelSessionReason::endUserRejection, OID);
    assert_success(&lab.es9("cancelSession", &cancel));
    assert_eq!(lab.state(&iccid), "Error");
}

fn stock(lab: &Lab) {
    let (_, taken) = lab.order(json!({}));
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
    assert_eq!(code(&lab.es2("downloadOrder", json!({"iccid": iccid}))), "8.2.1/3.3");
    let confirm = json!({"iccid": iccid, "matchingId": taken, "releaseFlag": true});
    assert_eq!(code(&lab.es2("confirmOrder", confirm)), "8.2.6/3.3");
    let cancel = json!({"iccid": iccid, "finalProfileStatusIndicator": "Unavailable"});
    assert_success(&lab.es2("cancelOrder", cancel));
    assert_eq!(lab.state(&iccid), "Unavailable");

    let request = HttpRequest::get("/esim-lab/orders?limit=1").with_token(&lab.token);
    let page: Value = serde_json::from_slice(&lab.send(request).body).unwrap();
    assert_eq!(page["orders"].as_array().unwrap().len(), 1);
    let next = page["next"].as_str().unwrap();
    let request = HttpRequest::get(format!("/esim-lab/orders?after={next}&limit=1"));
    let page: Value = serde_json::from_slice(&lab.send(request.with_token(&lab.token)).body).unwrap();
    assert!(page["orders"][0]["iccid"].as_str().unwrap() > next);
}

fn credential(lab: &Lab) {
    let request = HttpRequest::post("/gsma/rsp2/es2plus/downloadOrder", "{}").with_token("wrong");
    assert_eq!(lab.send(request).status, 401);
    assert_eq!(lab.send(HttpRequest::get("/esim-lab/orders")).status, 401);
}
