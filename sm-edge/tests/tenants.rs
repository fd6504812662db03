//! Operators side by side: what one has neither hinders another nor is told to it, whether this version has written it or
//! an earlier one.

use esim_crypto::{Curve, PrivateKey};
use esim_rsp::es9p::InitiateAuthenticationOk;
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{Host, HttpRequest, HttpResponse, Store, block_on};
use esim_sm_lab::*;
use esim_smdp::Operator;
use esim_smdp::store::{Alias, Change, Lookup};
use serde_json::{Value, json};

const KI: &str = "465B5CE8B199B49FAA5F0A2EE238A6BC";
const OPC: &str = "CD63CB71954A9F4E48A5994E37A02BAF";
const A: &str = "2.999.1";
const B: &str = "2.999.2";

/// A laboratory with two operators, each with a token of its own, and an SM-DS.
struct Tenants(Lab);

impl Tenants {
    fn new() -> Self {
        Self(Lab::with(|config| {
            config.smds = Some(cases::smds(None));
            config.operators = [A, B].map(operator).into();
        }))
    }

    fn send(&self, oid: &str, request: HttpRequest) -> HttpResponse {
        let claims = Claims { iss: oid.into(), aud: ADDRESS.into(), iat: NOW, exp: NOW + 600 };
        self.0.send(request.with_token(&sign(&claims, &key(oid))))
    }

    fn get(&self, oid: &str, path: &str) -> Value {
        serde_json::from_slice(&self.send(oid, HttpRequest::get(path)).body).unwrap()
    }

    fn post(&self, oid: &str, path: &str, mut body: Value) -> Value {
        body["header"] = header(oid);
        let response = self.send(oid, HttpRequest::post(path, body.to_string()));
        assert_eq!(response.status, 200, "{path}");
        serde_json::from_slice(&response.body).unwrap()
    }

    fn es2(&self, oid: &str, function: &str, body: Value) -> Value {
        self.post(oid, &format!("/gsma/rsp2/es2plus/{function}"), body)
    }

    fn import(&self, oid: &str, rows: &[Value]) -> Value {
        self.post(oid, "/esim-lab/import", json!({"template": "operational", "release": true, "rows": rows}))
    }

    /// A profile in stock: the house's for everybody, or an operator's.
    fn stock(&self, owner: Option<&str>, profile_type: &str) -> String {
        let mut body = json!({"subscriber": subscriber(), "profileType": profile_type});
        if let Some(owner) = owner {
            body["owner"] = json!(owner);
        }
        let answer = self.0.operator("/esim-lab/provision", body);
        answer["iccid"].as_str().unwrap().into()
    }

    /// Writes every row anew as earlier versions have: the same names for whoever's they are.
    fn as_before(&self) {
        let (store, vault) = (self.0.host.store(), self.0.host.vault());
        for prefix in ["order/", "event/"] {
            let all = Lookup::Range { prefix: prefix.into(), after: String::new(), limit: 999 };
            for row in block_on(store.load(&[all])).unwrap() {
                let row = vault.open(row).unwrap();
                let body: Value = serde_json::from_slice(&row.body).unwrap();
                let text = |name: &str| body[name].as_str().map(String::from);
                let mut aliases = Vec::new();
                let mut add = |name: String, unique| aliases.push(Alias { name, unique });
                if prefix == "event/" {
                    add(format!("events/{}", text("eid").unwrap()), false);
                } else {
                    let kind = text("profile_type").unwrap();
                    add(format!("type/{kind}"), false);
                    if body["state"] == "Available" {
                        add(format!("available/{kind}"), false);
                    }
                    if let Some(imsi) = body["source"]["imsi"].as_str() {
                        add(format!("imsi/{imsi}"), true);
                    }
                    if let Some(id) = text("matching_id").filter(|id| !id.is_empty()) {
                        add(format!("matching/{id}"), true);
                    }
                }
                let delete = Change::Delete { name: row.name.clone(), expected: row.revision };
                block_on(store.commit(&[delete])).unwrap();
                let name = match (text("eid"), text("event_id")) {
                    (Some(eid), Some(id)) if prefix == "event/" => format!("event/{eid}/{id}"),
                    _ => row.name,
                };
                let put =
                    Change::Put { name, expected: 0, body: row.body, aliases, expires: None, due: None };
                block_on(store.commit(&[vault.seal(put).unwrap()])).unwrap();
            }
        }
    }

    /// What the eUICC finds at the SM-DS.
    fn found(&self) -> Vec<String> {
        let answer = self.0.es9("initiateAuthentication", &self.0.euicc.initiate(SMDS));
        let offer: InitiateAuthenticationOk = serde_json::from_value(answer).unwrap();
        let answer = self.0.es9("authenticateClient", &self.0.euicc.authenticate(&offer, "", |_| {}));
        let entries = answer["eventEntries"].as_array().unwrap().iter();
        entries.map(|entry| entry["eventId"].as_str().unwrap().into()).collect()
    }
}

fn key(oid: &str) -> PrivateKey {
    PrivateKey::from_bytes(Curve::P256, &[oid.as_bytes()[oid.len() - 1]; 32]).unwrap()
}

fn operator(oid: &str) -> Operator {
    let token_key = Some(key(oid).public_key());
    Operator { oid: oid.into(), callback: None, token_key, certificates: Vec::new() }
}

fn header(oid: &str) -> Value {
    json!({"functionRequesterIdentifier": oid, "functionCallIdentifier": "1"})
}

fn iccid(number: u64) -> String {
    esim_smdp::profile::draw_iccid(number).unwrap().to_string()
}

fn row(number: u64, subscriber: u64) -> Value {
    json!({"iccid": iccid(number), "imsi": format!("00101{subscriber:010}"), "ki": KI, "opc": OPC})
}

fn reason(answer: &Value) -> String {
    assert_eq!(answer["refused"], 1, "{answer}");
    answer["rows"][0]["reason"].as_str().unwrap().into()
}

#[test]
fn an_imsi_is_one_owners() {
    for before in [false, true] {
        let lab = Tenants::new();
        assert_eq!(lab.import(A, &[row(1, 7)])["created"], 1);
        if before {
            lab.as_before();
        }
        assert_eq!(lab.import(B, &[row(2, 7)])["created"], 1, "before: {before}");
        let nobodys = json!({"template": "operational", "rows": [row(3, 7)]});
        assert_eq!(lab.0.operator("/esim-lab/import", nobodys)["created"], 1);
        for (oid, own) in [(A, 1), (B, 2)] {
            let told = reason(&lab.import(oid, &[row(4, 7)]));
            assert_eq!(told, format!("imsi is that of the order of ICCID {}", iccid(own)));
            assert_eq!(lab.import(oid, &[row(own, 7)])["known"], 1);
        }
        // An order that is over gives its IMSI back, by whichever name it had it.
        let cancel = json!({"iccid": iccid(1), "finalProfileStatusIndicator": "Unavailable"});
        assert_success(&lab.es2(A, "cancelOrder", cancel));
        assert_eq!(lab.import(A, &[row(4, 7)])["created"], 1);
        assert_eq!(
            reason(&lab.import(B, &[row(5, 7)])),
            format!("imsi is that of the order of ICCID {}", iccid(2))
        );
    }
}

#[test]
fn a_taken_matching_id_is_taken_and_no_more_is_said() {
    let lab = Tenants::new();
    let mut taken = row(1, 1);
    taken["matchingId"] = json!("TAKEN");
    assert_eq!(lab.import(A, &[taken.clone()])["created"], 1);
    let mut again = row(2, 2);
    again["matchingId"] = json!("TAKEN");
    let answer = lab.import(B, &[again.clone()]);
    assert_eq!(reason(&answer), "matchingId is taken: choose another, or leave it empty");
    assert!(!answer.to_string().contains(&iccid(1)));
    assert_eq!(
        reason(&lab.import(A, &[again])),
        format!("matchingId is that of the order of ICCID {}", iccid(1))
    );

    let ordered = lab.es2(B, "downloadOrder", json!({"iccid": lab.stock(Some(B), "plan")}));
    let confirm = json!({"iccid": ordered["iccid"], "matchingId": "TAKEN", "releaseFlag": true});
    let answer = lab.es2(B, "confirmOrder", confirm);
    assert_eq!(code(&answer), "8.2.6/3.3");
    assert!(!answer.to_string().contains(&iccid(1)));
    // The row of another, key for key: whose it is, is not asked of its keys.
    let answer = lab.import(B, &[taken]);
    assert_eq!(reason(&answer), "iccid is that of another operator's order");
}

#[test]
fn stock_is_had_by_its_owner_and_nobodys_by_everybody() {
    for before in [false, true] {
        let lab = Tenants::new();
        // More than are looked at at once.
        let of_a: Vec<_> = (0..20).map(|_| lab.stock(Some(A), "gold")).collect();
        let of_b = lab.stock(Some(B), "gold");
        let age = || {
            if before {
                lab.as_before()
            }
        };
        age();
        let order = |oid: &str| lab.es2(oid, "downloadOrder", json!({"profileType": "gold"}));
        assert_eq!(order(B)["iccid"], json!(of_b), "before: {before}");
        let answer = order(B);
        assert_eq!(code(&answer), "8.2.5/3.7");
        assert!(!of_a.iter().any(|iccid| answer.to_string().contains(iccid)), "{answer}");
        let nobodys = lab.stock(None, "gold");
        age();
        assert_eq!(order(B)["iccid"], json!(nobodys));
        assert!(of_a.contains(&order(A)["iccid"].as_str().unwrap().to_string()));
        // What another calls its profiles is not told either.
        lab.stock(Some(A), "secret plan");
        age();
        let answer = lab.es2(B, "downloadOrder", json!({"profileType": "secret plan"}));
        assert_eq!(code(&answer), "8.2.5/3.9");
    }
}

/// An order that waits for the eUICC with an event; code of the answer, or "".
fn with_event(lab: &Tenants, oid: &str, id: &str) -> String {
    let iccid = lab.stock(Some(oid), "plan");
    let eid = lab.0.euicc.eid;
    assert_success(&lab.es2(oid, "downloadOrder", json!({"iccid": iccid, "eid": eid})));
    let confirm = json!({"iccid": iccid, "smdsAddress": SMDS, "matchingId": id, "releaseFlag": true});
    let answer = lab.es2(oid, "confirmOrder", confirm);
    let success = answer["header"]["functionExecutionStatus"]["status"] == "Executed-Success";
    if success { String::new() } else { code(&answer) }
}

#[test]
fn events_of_one_do_not_crowd_out_those_of_another() {
    let lab = Tenants::new();
    for i in 0..16 {
        assert_eq!(with_event(&lab, A, &format!("A-{i}")), "");
    }
    assert_eq!(with_event(&lab, A, "A-16"), "8.9/4.2");
    assert_eq!(with_event(&lab, B, "B-0"), "");
    assert_eq!(lab.found().len(), 17);

    // Nor at the SM-DS, where servers register what they have.
    let eid = lab.0.euicc.eid;
    let register = |oid: &str, id: &str| {
        let request = json!({"header": header(oid), "eid": eid, "rspServerAddress": format!("{oid}.example"),
            "eventId": id, "forwardingIndicator": false});
        lab.0.operator("/gsma/rsp2/es12/registerEvent", request)
    };
    for i in 0..64 {
        assert_success(&register("2.999.8", &i.to_string()));
    }
    assert_eq!(code(&register("2.999.8", "64")), "8.9/4.2");
    assert_success(&register("2.999.9", "0"));
    assert_eq!(lab.found().len(), 17 + 64 + 1);
}

#[test]
fn an_event_is_its_servers_own_whatever_others_call_theirs() {
    for before in [false, true] {
        let lab = Tenants::new();
        let eid = lab.0.euicc.eid;
        let call = |oid: &str, function: &str| {
            let request = json!({"header": header(oid), "eid": eid, "rspServerAddress": format!("{oid}.example"),
                "eventId": "ID", "forwardingIndicator": false});
            lab.0.operator(&format!("/gsma/rsp2/es12/{function}"), request)
        };
        assert_success(&call("2.999.8", "registerEvent"));
        if before {
            lab.as_before();
        }
        assert_success(&call("2.999.8", "registerEvent"));
        assert_eq!(lab.found().len(), 1, "the same again is no second one; before: {before}");
        assert_eq!(code(&call("2.999.9", "deleteEvent")), "8.9.5/3.9");
        assert_success(&call("2.999.9", "registerEvent"));
        assert_eq!(lab.found(), ["ID", "ID"]);
        assert_success(&call("2.999.8", "deleteEvent"));
        assert_eq!(code(&call("2.999.8", "deleteEvent")), "8.9.5/3.9");
        assert_eq!(lab.found(), ["ID"]);
        assert_success(&call("2.999.9", "deleteEvent"));
        assert!(lab.found().is_empty());
    }
}

/// Orders that the house makes for nobody in particular are its own; only its stock is for everybody.
#[test]
fn the_houses_orders_are_not_the_operators() {
    let lab = Tenants::new();
    let stock = lab.stock(None, "plan");
    let imported = json!({"template": "operational", "release": true, "rows": [row(1, 1)]});
    assert_eq!(lab.0.operator("/esim-lab/import", imported)["created"], 1);
    let shown = |iccid: &str| lab.get(A, &format!("/esim-lab/orders/{iccid}"))["iccid"] == iccid;
    assert!(shown(&stock));
    assert!(!shown(&iccid(1)), "with its activation code");
    let list = lab.get(A, "/esim-lab/orders");
    assert_eq!(list["orders"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(lab.get(A, "/esim-lab/report")["rows"].as_array().unwrap().len(), 1);
}

/// Pages end where they end, in the middle of what others have: where that is, is not told.
#[test]
fn pages_of_a_list_tell_nothing_of_others() {
    let lab = Tenants::new();
    for (number, oid) in [A, A, B, A, B, A, A].into_iter().enumerate() {
        let number = number as u64;
        assert_eq!(lab.import(oid, &[row(number, number)])["created"], 1);
    }
    for path in ["orders", "report", "report?format=csv"] {
        let (mut seen, mut after, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let query = if path.contains('?') { "&" } else { "?" };
            let request = HttpRequest::get(format!("/esim-lab/{path}{query}limit=2{after}"));
            let response = lab.send(B, request);
            assert_eq!(response.status, 200);
            let text = String::from_utf8(response.body.clone()).unwrap();
            let head = response.header("X-Next").map(String::from);
            for other in [0, 1, 3, 5, 6].map(iccid) {
                assert!(!format!("{text}{head:?}").contains(&other), "{path}: {text} {head:?}");
            }
            seen.extend([2, 4].into_iter().filter(|number| text.contains(&iccid(*number))));
            let next = head.or_else(|| {
                let page: Value = serde_json::from_slice(&response.body).ok()?;
                page["next"].as_str().map(String::from)
            });
            pages += 1;
            match next {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        seen.sort_unstable();
        assert_eq!((seen, pages), (vec![2, 4], 4), "{path}");
        let forged = lab.send(B, HttpRequest::get("/esim-lab/orders?after=00ff00"));
        assert_eq!(forged.status, 400);
    }
}
