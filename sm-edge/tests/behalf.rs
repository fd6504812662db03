//! Every function of operators and servers, with every form of a body that names somebody else: nothing is done in
//! another's name, and nothing of another's is told.

use esim_crypto::pki::{Role, TestPki};
use esim_crypto::{Curve, PrivateKey};
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{ClientCertificate, HttpRequest, HttpResponse};
use esim_sm_lab::*;
use esim_smdp::{Operator, Smds};
use serde_json::{Value, json};

/// Whose credential it is, and in whose name it must not speak.
const MINE: &str = "2.999.1";
const THEIRS: &str = "2.999.2";

struct Tenants {
    lab: Lab,
    /// Signed tokens of the two.
    mine: String,
    theirs: String,
    /// An order of theirs that is reserved, one that is confirmed, and a profile of theirs in stock.
    reserved: String,
    confirmed: String,
    stock: String,
    /// An event of theirs.
    eid: String,
}

impl Tenants {
    fn new() -> Self {
        let keys = [1, 2].map(|seed| PrivateKey::from_bytes(Curve::P256, &[seed; 32]).unwrap());
        let operator = |oid: &str, key: &PrivateKey| Operator {
            oid: oid.into(),
            callback: None,
            token_key: Some(key.public_key()),
            certificates: Vec::new(),
        };
        let lab = Lab::with(|config| {
            config.operators = vec![operator(MINE, &keys[0]), operator(THEIRS, &keys[1])];
            let pki = TestPki::well_known(Curve::P256);
            config.smds = Some(Smds::of_test_pkis(SMDS, None, &[&pki]).unwrap());
        });
        let token = |oid: &str, key| {
            let claims = Claims { iss: oid.into(), aud: ADDRESS.into(), iat: NOW, exp: NOW + 600 };
            sign(&claims, key)
        };
        let mut tenants = Self {
            mine: token(MINE, &keys[0]),
            theirs: token(THEIRS, &keys[1]),
            reserved: String::new(),
            confirmed: String::new(),
            stock: String::new(),
            eid: lab.euicc.eid.to_string(),
            lab,
        };
        [tenants.reserved, tenants.confirmed, tenants.stock] = [(); 3].map(|()| tenants.provision());
        for iccid in [&tenants.reserved, &tenants.confirmed] {
            tenants.succeed("es2plus/downloadOrder", json!({"iccid": iccid}));
        }
        tenants.succeed("es2plus/confirmOrder", json!({"iccid": tenants.confirmed, "releaseFlag": false}));
        tenants.succeed("es12/registerEvent", tenants.event("THEIRS"));
        tenants
    }

    fn provision(&self) -> String {
        let body = json!({"owner": THEIRS, "subscriber": subscriber()}).to_string();
        let answer = self.send(HttpRequest::post("/esim-lab/provision", body).with_token(&self.theirs));
        json(&answer)["iccid"].as_str().unwrap().into()
    }

    fn succeed(&self, function: &str, mut request: Value) {
        request["header"] = header(THEIRS);
        let request = HttpRequest::post(format!("/gsma/rsp2/{function}"), request.to_string());
        assert_success(&json(&self.send(request.with_token(&self.theirs))));
    }

    fn event(&self, id: &str) -> Value {
        json!({"eid": self.eid, "rspServerAddress": "smdp.example", "eventId": id, "forwardingIndicator": false})
    }

    fn send(&self, request: HttpRequest) -> HttpResponse {
        self.lab.send(request)
    }

    /// All orders with their histories, as the house sees them, and the events that an eUICC would be told.
    fn records(&self) -> (Vec<Value>, Value) {
        let list = HttpRequest::get("/esim-lab/orders").with_token("memory");
        let list = json(&self.send(list));
        let orders = list["orders"].as_array().unwrap().iter();
        let orders = orders.map(|order| self.lab.show(order["iccid"].as_str().unwrap())).collect();
        let offer = self.lab.es9("initiateAuthentication", &self.lab.euicc.initiate(SMDS));
        let offer = serde_json::from_value(offer).unwrap();
        let events = self.lab.es9("authenticateClient", &self.lab.euicc.authenticate(&offer, "", |_| {}));
        (orders, events["eventEntries"].clone())
    }

    /// Every function: its path, a body without who speaks, and the member that names somebody.
    fn functions(&self) -> Vec<(String, Value, &'static str)> {
        let (reserved, confirmed, stock) = (&self.reserved, &self.confirmed, &self.stock);
        let es2plus = [
            ("downloadOrder", json!({"iccid": stock})),
            ("confirmOrder", json!({"iccid": reserved, "releaseFlag": true})),
            ("releaseProfile", json!({"iccid": confirmed})),
            ("cancelOrder", json!({"iccid": reserved, "finalProfileStatusIndicator": "Unavailable"})),
        ];
        let es2plus = es2plus.map(|(name, body)| (format!("/gsma/rsp2/es2plus/{name}"), body, "header"));
        let events = ["es12", "es15"].into_iter().flat_map(|interface| {
            let theirs = json!({"eid": self.eid, "eventId": "THEIRS"});
            let functions = [("registerEvent", self.event("MINE")), ("deleteEvent", theirs)];
            functions.map(|(name, body)| (format!("/gsma/rsp2/{interface}/{name}"), body, "header"))
        });
        let row = row(777);
        let lab = [
            ("/esim-lab/provision".to_string(), json!({"subscriber": subscriber()}), "owner"),
            ("/esim-lab/import".into(), json!({"template": "operational", "rows": [row]}), "header"),
        ];
        es2plus.into_iter().chain(events).chain(lab).collect()
    }
}

/// A row of a batch.
fn row(number: u64) -> Value {
    let mut row = subscriber();
    row["imsi"] = json!(format!("001010000000{number}"));
    row["iccid"] = json!(esim_smdp::profile::draw_iccid(number));
    row
}

fn header(oid: &str) -> Value {
    json!({"functionRequesterIdentifier": oid, "functionCallIdentifier": "call"})
}

fn json(response: &HttpResponse) -> Value {
    serde_json::from_slice(&response.body).unwrap()
}

fn succeeded(response: &HttpResponse) -> bool {
    json(response)["header"]["functionExecutionStatus"]["status"] == "Executed-Success"
}

/// What names `oid`: `"header": {…}` or `"owner": "…"`, and the same written by hand.
fn named(member: &str, oid: &str) -> (Value, String) {
    let value = if member == "owner" { json!(oid) } else { header(oid) };
    let text = format!("{}:{value}", json!(member));
    (value, text)
}

/// Every body that speaks for somebody else, or leaves room for doubt; with whether it is read at all.
fn foreign(body: &Value, member: &str) -> Vec<(&'static str, Vec<u8>)> {
    let (value, theirs) = named(member, THEIRS);
    let (_, mine) = named(member, MINE);
    let inside = body.to_string();
    let inside = inside.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let text = |text: String| text.into_bytes();
    let mut bodies = vec![
        ("well-formed", text(format!("{{{theirs},{inside}}}"))),
        ("named last", text(format!("{{{inside},{theirs}}}"))),
        ("named twice, mine first", text(format!("{{{mine},{inside},{theirs}}}"))),
        ("named twice, mine last", text(format!("{{{theirs},{inside},{mine}}}"))),
        ("escaped", text(format!("{{{theirs},{inside}}}").replace("Identifier", "\\u0049dentifier"))),
        ("a list", json!([value, MINE, inside]).to_string().into_bytes()),
        ("by place", by_place(body, &value)),
        ("in UTF-16", format!("{{{theirs},{inside}}}").encode_utf16().flat_map(u16::to_be_bytes).collect()),
        ("with a mark before it", text(format!("\u{feff}{{{theirs},{inside}}}"))),
        ("and another", text(format!("{{{theirs},{inside}}}{{{mine}}}"))),
        ("twice something unread", text(format!("{{{theirs},{inside},\"x\":1,\"x\":2}}"))),
        ("broken", text(format!("{{{theirs},{inside}"))),
        (
            "with an octet that is no text",
            [format!("{{{theirs},{inside},\"x\":\"").as_bytes(), b"\xff\"}"].concat(),
        ),
        ("empty", Vec::new()),
    ];
    for wrong in ["1", "null", "[]", "{}", "\"2.999.1\"", "true", "1e999"] {
        for other in ["owner", "requester", "header"].into_iter().filter(|other| *other != member) {
            bodies.push(("with another member", text(format!("{{\"{other}\":{wrong},{theirs},{inside}}}"))));
        }
    }
    if member == "header" {
        let ids = |inside: &str| text(format!("{{\"header\":{{{inside}}},{}}}", inside_of(body)));
        let (f, c) = ("\"functionRequesterIdentifier\"", "\"functionCallIdentifier\":\"1\"");
        bodies.extend([
            ("caller twice, mine first", ids(&format!("{f}:\"{MINE}\",{f}:\"{THEIRS}\",{c}"))),
            ("caller twice, mine last", ids(&format!("{f}:\"{THEIRS}\",{f}:\"{MINE}\",{c}"))),
            ("caller without call", ids(&format!("{f}:\"{THEIRS}\""))),
            ("caller with a blank", ids(&format!("{f}:\" {MINE}\",{c}"))),
            ("caller a number", ids(&format!("{f}:1,{c}"))),
            ("caller a list", ids(&format!("{f}:[\"{MINE}\"],{c}"))),
            ("caller null", ids(&format!("{f}:null,{c}"))),
            ("no caller", ids(c)),
            ("header by place", text(format!("{{\"header\":[\"{THEIRS}\",\"1\"],{}}}", inside_of(body)))),
        ]);
    } else {
        let owner = |value: &str| text(format!("{{\"owner\":{value},{}}}", inside_of(body)));
        bodies.extend([("owner a number", owner("1")), ("owner a list", owner("[\"2.999.1\"]"))]);
    }
    bodies
}

fn inside_of(body: &Value) -> String {
    let text = body.to_string();
    text[1..text.len() - 1].to_string()
}

/// A structure as a list of its members, in the order in which the standard has them.
fn by_place(body: &Value, value: &Value) -> Vec<u8> {
    let of = |name: &str| body.get(name).cloned().unwrap_or(Value::Null);
    let list = match body.get("eventId") {
        Some(_) => {
            json!([value, of("eid"), of("rspServerAddress"), of("eventId"), of("forwardingIndicator")])
        }
        None if body.get("releaseFlag").is_some() => {
            json!([value, of("iccid"), null, null, null, null, of("releaseFlag")])
        }
        None => json!([value, null, of("iccid"), null]),
    };
    list.to_string().into_bytes()
}

#[test]
fn nobody_speaks_in_anothers_name_however_it_is_written() {
    let tenants = Tenants::new();
    let before = tenants.records();
    for (path, body, member) in tenants.functions() {
        for (form, octets) in foreign(&body, member) {
            let request = HttpRequest::post(&path, octets).with_token(&tenants.mine);
            let answer = tenants.send(request);
            let told = String::from_utf8_lossy(&answer.body);
            assert!(matches!(answer.status, 400 | 403), "{path} {form}: {} {told}", answer.status);
            assert_eq!(tenants.records(), before, "{path} {form}");
        }
    }
}

/// The same bodies are sound when the one who sends them is the one they name.
#[test]
fn everybody_speaks_in_his_own_name() {
    for number in 0..Tenants::new().functions().len() {
        let tenants = Tenants::new();
        let (path, body, member) = tenants.functions().swap_remove(number);
        let (value, _) = named(member, THEIRS);
        let mut request = body.clone();
        request[member] = value;
        let before = tenants.records();
        let request = HttpRequest::post(&path, request.to_string());
        let answer = tenants.send(request.clone().with_token(&tenants.theirs));
        assert!(succeeded(&answer), "{path}: {}", json(&answer));
        assert_ne!(tenants.records(), before, "{path}");
        // The house may speak for everybody.
        let tenants = Tenants::new();
        assert_eq!(tenants.send(request.with_token("memory")).status, 200, "{path}");
    }
}

/// Servers are known by their TLS certificate, and are held to its OID in the same way.
#[test]
fn servers_speak_for_the_oid_of_their_certificate() {
    let tenants = Tenants::new();
    let issued = &tenants.lab.pki.dp_tls;
    let certificate = esim_crypto::pki::Certificate::parse(&issued.certificate).unwrap();
    assert!(certificate.has_role(Role::DpTls));
    let own = certificate.san_registered_id().unwrap().to_string();
    let send = |path: &str, body: Vec<u8>| {
        let mut request = HttpRequest::post(path, body);
        request.caller.certificate = Some(ClientCertificate::Chain(vec![issued.certificate.clone()]));
        tenants.send(request)
    };
    let before = tenants.records();
    for (path, body, member) in tenants.functions() {
        if !path.contains("/es1") {
            continue;
        }
        for (form, octets) in foreign(&body, member) {
            let answer = send(&path, octets);
            assert!(matches!(answer.status, 400 | 403), "{path} {form}: {}", answer.status);
            assert_eq!(tenants.records(), before, "{path} {form}");
        }
    }
    let mut event = tenants.event("MINE");
    event["header"] = header(&own);
    assert!(succeeded(&send("/gsma/rsp2/es12/registerEvent", event.to_string().into_bytes())));
}

/// A batch as CSV says in its query who speaks.
#[test]
fn a_csv_speaks_for_nobody_else() {
    let tenants = Tenants::new();
    let send = |query: &str| {
        let iccid = esim_smdp::profile::draw_iccid(778).unwrap();
        let key = "465B5CE8B199B49FAA5F0A2EE238A6BC";
        let csv = format!("iccid,imsi,ki,opc\n{iccid},001010000000778,{key},{key}\n");
        let path = format!("/esim-lab/import?template=operational{query}");
        let mut request = HttpRequest::post(path, csv).with_token(&tenants.mine);
        request.headers[0].1 = "text/csv".into();
        tenants.send(request)
    };
    let before = tenants.records();
    for query in [
        format!("&requester={THEIRS}"),
        format!("&requester={MINE}&requester={THEIRS}"),
        format!("&requester={THEIRS}&requester={MINE}"),
        "&requester=".into(),
        format!("&requester=2%2E999.2&call={MINE}"),
        format!("&header={THEIRS}"),
    ] {
        let answer = send(&query);
        let refused = answer.status == 403 || !succeeded(&answer);
        assert!(refused, "{query}: {}", json(&answer));
        assert_eq!(tenants.records(), before, "{query}");
    }
    assert_eq!(json(&send(&format!("&requester={MINE}")))["created"], 1);
}

/// What an operator puts into stock without saying whose it is, is its own.
#[test]
fn who_names_nobody_speaks_for_itself() {
    let tenants = Tenants::new();
    let row = row(779);
    for (path, body) in [
        ("/esim-lab/provision", json!({"subscriber": subscriber()})),
        ("/esim-lab/provision", json!({"subscriber": subscriber(), "owner": null})),
        ("/esim-lab/import", json!({"template": "operational", "rows": [row], "header": null})),
    ] {
        let answer = json(&tenants.send(HttpRequest::post(path, body.to_string()).with_token(&tenants.mine)));
        let iccid = answer["iccid"].as_str().or(answer["rows"][0]["iccid"].as_str()).unwrap();
        assert_eq!(tenants.lab.show(iccid)["owner"], MINE, "{path}");
        let path = format!("/esim-lab/orders/{iccid}");
        let seen =
            |token: &str| json(&tenants.send(HttpRequest::get(&path).with_token(token)))["iccid"] == iccid;
        assert_eq!((seen(&tenants.mine), seen(&tenants.theirs)), (true, false), "{path}");
    }
}

#[test]
fn nobody_looks_at_what_is_anothers() {
    let tenants = Tenants::new();
    let order = format!("/esim-lab/orders/{}", tenants.confirmed);
    let matching_id = tenants.lab.show(&tenants.confirmed)["matchingId"].as_str().unwrap().to_string();
    let by_token = format!("/esim-lab/orders?matchingId={matching_id}");
    let paths = [
        "/esim-lab/orders",
        "/esim-lab/report",
        "/esim-lab/report?format=csv",
        "/esim-lab/audit",
        &by_token,
        &order,
    ];
    let look = |path: &str, query: &str, token: &str| {
        let joint = if path.contains('?') { '&' } else { '?' };
        let path = if query.is_empty() { path.to_string() } else { format!("{path}{joint}{query}") };
        let answer = tenants.send(HttpRequest::get(path).with_token(token));
        let text = String::from_utf8(answer.body).unwrap();
        (answer.status, text.contains(&matching_id) || text.contains(&tenants.reserved))
    };
    for path in paths {
        assert_eq!(look(path, "", &tenants.theirs), (200, true), "{path}");
        assert_eq!(look(path, "", "memory"), (200, true), "{path}");
        assert!(!look(path, "requester=2.999.1", "memory").1, "{path}: the house asks for the other one's");
        assert!(!look(path, "", &tenants.mine).1, "{path}");
        for query in [
            "requester=2.999.2",
            "requester=2.999.1&requester=2.999.2",
            "requester=2.999.2&requester=2.999.1",
            "requester=",
        ] {
            let (status, told) = look(path, query, &tenants.mine);
            assert!(matches!(status, 400 | 403) && !told, "{path} {query}: {status}");
        }
    }
}
