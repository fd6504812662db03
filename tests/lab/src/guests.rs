//! What guests may do on every host, and what they may not.

use crate::{Lab, SMDS, assert_success, code, subscriber};
use esim_sm_edge::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

/// What the cases expect of the host: `GUESTS`, or `--guests`.
pub const GUESTS: &str = "3 orders, 24 h";
/// Where guests come in.
pub const PATH: &str = "/esim-lab/guests";

/// A guest of a laboratory.
pub struct Guest<'a> {
    lab: &'a Lab,
    /// Its OID.
    pub oid: String,
    /// Its credential.
    pub token: String,
    /// Until when it is, seconds since 1970.
    pub expires: u64,
}

impl<'a> Guest<'a> {
    /// Comes in.
    pub fn new(lab: &'a Lab) -> Self {
        let answer = json_of(&lab.send(coming()));
        assert_success(&answer);
        let text = |name: &str| answer[name].as_str().unwrap().to_string();
        assert_eq!(answer["orders"], 3, "{answer}");
        let expires = answer["expires"].as_u64().unwrap();
        Self { lab, oid: text("oid"), token: text("token"), expires }
    }

    /// One that has come in before.
    pub fn known(lab: &'a Lab, oid: &str, token: &str, expires: u64) -> Self {
        Self { lab, oid: oid.into(), token: token.into(), expires }
    }

    /// What is answered to a request of its own.
    pub fn send(&self, request: HttpRequest) -> HttpResponse {
        self.lab.send(request.with_token(&self.token))
    }

    /// A POST under its OID: the JSON of the answer.
    pub fn post(&self, path: &str, mut body: Value) -> Value {
        body["header"] = json!({"functionRequesterIdentifier": self.oid, "functionCallIdentifier": "1"});
        json_of(&self.send(HttpRequest::post(path, body.to_string())))
    }

    /// A GET: the JSON of the answer.
    pub fn get(&self, path: &str) -> Value {
        json_of(&self.send(HttpRequest::get(path)))
    }

    fn provision(&self) -> Value {
        json_of(
            &self.send(HttpRequest::post(
                "/esim-lab/provision",
                json!({"subscriber": subscriber()}).to_string(),
            )),
        )
    }

    /// A batch of subscribers: what became of each.
    pub fn import(&self, first: u64, count: u64) -> Value {
        let row = |number: u64| {
            let iccid = esim_smdp::profile::draw_iccid(number).unwrap().to_string();
            let mut row = subscriber();
            row["iccid"] = json!(iccid);
            row["imsi"] = json!(format!("00101{number:010}"));
            row
        };
        let rows: Vec<_> = (first..first + count).map(row).collect();
        self.post("/esim-lab/import", json!({"template": "operational", "release": true, "rows": rows}))
    }

    /// How many orders it sees.
    pub fn sees(&self) -> usize {
        self.get("/esim-lab/orders")["orders"].as_array().unwrap().len()
    }
}

/// A guest comes.
pub fn coming() -> HttpRequest {
    HttpRequest { method: "POST".into(), ..HttpRequest::get(PATH) }
}

fn json_of(response: &HttpResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

/// The sentence of a refusal.
fn why(answer: &Value) -> &str {
    answer["header"]["functionExecutionStatus"]["statusCodeData"]["message"].as_str().unwrap()
}

/// A guest orders and downloads, sees what is its own, and has so many orders.
pub fn a_guest_is_an_operator(lab: &Lab) {
    let offer = json_of(&lab.send(HttpRequest::get(PATH)));
    assert_eq!((&offer["orders"], &offer["hours"]), (&json!(3), &json!(24)));
    let (one, other) = (Guest::new(lab), Guest::new(lab));
    assert_ne!(one.oid, other.oid);

    let iccid = one.provision()["iccid"].as_str().unwrap().to_string();
    assert_success(&one.post("/gsma/rsp2/es2plus/downloadOrder", json!({"iccid": iccid})));
    let confirm = json!({"iccid": iccid, "releaseFlag": true});
    let confirmed = one.post("/gsma/rsp2/es2plus/confirmOrder", confirm.clone());
    assert_success(&confirmed);
    assert_eq!(one.get(&format!("/esim-lab/orders/{iccid}"))["expiresAt"], one.expires);
    lab.download(confirmed["matchingId"].as_str().unwrap());
    assert_eq!((one.sees(), other.sees()), (1, 0));

    // What is another's it neither sees nor touches, nor what the house has for nobody.
    let houses = lab.provision();
    let pending = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": pending})));
    for iccid in [&iccid, &houses, &pending] {
        let request = json!({"iccid": iccid});
        assert_eq!(code(&other.post("/gsma/rsp2/es2plus/downloadOrder", request)), "8.2.1/1.2");
        assert_eq!(code(&other.get(&format!("/esim-lab/orders/{iccid}"))), "8.2.1/3.9", "{iccid}");
    }
    let type_of = json!({"profileType": "operational"});
    assert_eq!(code(&other.post("/gsma/rsp2/es2plus/downloadOrder", type_of)), "8.2.5/3.9");
    let foreign = json!({"iccid": pending, "releaseFlag": true});
    assert_eq!(code(&other.post("/gsma/rsp2/es2plus/confirmOrder", foreign)), "8.2.1/1.2");
    let cancel = json!({"iccid": pending, "finalProfileStatusIndicator": "Unavailable"});
    assert_eq!(code(&other.post("/gsma/rsp2/es2plus/cancelOrder", cancel)), "8.2.1/1.2");
    let impersonated = json!({"subscriber": subscriber(), "owner": one.oid});
    let refused = other.send(HttpRequest::post("/esim-lab/provision", impersonated.to_string()));
    assert_eq!(refused.status, 403);
    assert_eq!(other.sees(), 0);
}

/// Exactly so many orders, each row of a batch by itself, and a sentence for the next.
pub fn orders_of_guests_are_counted(lab: &Lab) {
    let guest = Guest::new(lab);
    // What is refused for another reason, or known already, is none.
    assert_eq!(guest.import(9_000_001, 1)["created"], 1);
    assert_eq!(guest.import(9_000_001, 1)["known"], 1);
    let flawed = json!({"template": "operational", "rows": [{"iccid": "1"}]});
    assert_eq!(guest.post("/esim-lab/import", flawed)["refused"], 1);
    let answer = guest.import(9_000_002, 4);
    assert_eq!((&answer["created"], &answer["refused"]), (&json!(2), &json!(2)), "{answer}");
    let reasons = answer["rows"].as_array().unwrap().iter().filter_map(|row| row["reason"].as_str());
    let reasons: Vec<_> = reasons.collect();
    assert!(reasons.len() == 2 && reasons[0].contains("may have 3 orders"), "{reasons:?}");
    let refused = guest.provision();
    assert_eq!(code(&refused), "1.1/1.2");
    assert!(why(&refused).contains("may have 3 orders"), "{refused}");
    assert_eq!(guest.sees(), 3);
    // Others have theirs.
    assert_eq!(Guest::new(lab).import(9_000_010, 1)["created"], 1);
}

/// No settings, callbacks, events, or calls to servers of their choice.
pub fn guests_choose_nothing_of_the_house(lab: &Lab) {
    let guest = Guest::new(lab);
    let status = |request: HttpRequest| guest.send(request).status;
    assert!([403, 404].contains(&status(HttpRequest::get("/esim-lab/settings/operators"))));
    assert!([403, 404].contains(&status(HttpRequest::post("/esim-lab/settings/operators", "[]"))));
    let event = json!({
        "header": {"functionRequesterIdentifier": guest.oid, "functionCallIdentifier": "1"},
        "eid": lab.euicc.eid, "rspServerAddress": "smdp.example", "eventId": "E", "forwardingIndicator": false,
    });
    let event = HttpRequest::post("/gsma/rsp2/es12/registerEvent", event.to_string());
    assert_eq!(status(event), if lab.smds.is_some() { 403 } else { 404 });
    let iccid = guest.provision()["iccid"].as_str().unwrap().to_string();
    assert_success(&guest.post("/gsma/rsp2/es2plus/downloadOrder", json!({"iccid": iccid})));
    let confirm = json!({"iccid": iccid, "eid": lab.euicc.eid, "releaseFlag": true, "smdsAddress": SMDS});
    let refused = guest.post("/gsma/rsp2/es2plus/confirmOrder", confirm);
    assert!(why(&refused).contains("leave smdsAddress out"), "{refused}");
    // And what is no guest's token is none.
    let (head, mac) = guest.token.rsplit_once('.').unwrap();
    // `{"iss"` with another first letter.
    let forged = head.replacen(".ey", ".fy", 1);
    assert_ne!(forged, head);
    for token in [format!("{forged}.{mac}"), format!("{head}."), head.to_string(), format!("{head}.{mac}A")] {
        let request = HttpRequest::get("/esim-lab/orders").with_token(&token);
        assert_eq!(lab.send(request).status, 401, "{token}");
    }
    let with_body = HttpRequest::post(PATH, "{}");
    assert_eq!(lab.send(with_body).status, 400);
}
