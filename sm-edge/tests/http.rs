//! The JSON and HTTP of the interfaces (SGP.22 6.5), and what never leaves.

use esim_sm_edge::{
    Admittance, CommitError, Fault, Host, HttpRequest, Limited, LogLine, MemoryHost, MemoryStore, Rate,
    Store, Vault, block_on, handle, out_of_service,
};
use esim_sm_lab::*;
use esim_smdp::metadata::Class;
use esim_smdp::profile::Drawn;
use esim_smdp::store::{Change, Lookup, Row};
use esim_smdp::{Call, Config, Reply};
use rand_core::{CryptoRng, SeedableRng};
use serde_json::{Value, json};
use std::cell::RefCell;

const INITIATE: &str = "/gsma/rsp2/es9plus/initiateAuthentication";

#[test]
fn odd_but_sound_json_is_read() {
    let lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let mut request = serde_json::to_value(lab.euicc.initiate(ADDRESS)).unwrap();
    // Line breaks inside base64, fields of later versions.
    let info = request["euiccInfo1"].as_str().unwrap();
    let (a, b) = info.split_at(20);
    request["euiccInfo1"] = json!(format!("{a}\r\n{b}\n"));
    request["lpaRspCapability"] = json!("AAAA");
    let offer = lab.es9("initiateAuthentication", &request);
    assert_success(&offer);
    let id = offer["transactionId"].as_str().unwrap();
    assert_eq!(id, id.to_uppercase());

    let offer = serde_json::from_value(offer.clone()).unwrap();
    let mut request = serde_json::to_value(lab.euicc.authenticate(&offer, &matching_id, |_| {})).unwrap();
    request["transactionId"] = json!(id.to_lowercase());
    assert_success(&lab.es9("authenticateClient", &request));
}

#[test]
fn requests_that_no_function_can_be_made_of() {
    let lab = Lab::new();
    let sound = serde_json::to_vec(&lab.euicc.initiate(ADDRESS)).unwrap();
    let status = |request: HttpRequest| {
        let response = lab.send(request);
        if response.status >= 400 {
            let body: Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!(body["header"]["functionExecutionStatus"]["status"], "Failed");
        }
        response.status
    };
    assert_eq!(status(HttpRequest::post(INITIATE, sound.clone())), 200);
    for body in ["", "{", "[]", "null", r#"{"smdpAddress": 1}"#, r#"{"euiccChallenge": "!!"}"#, "\u{0}"] {
        assert_eq!(status(HttpRequest::post(INITIATE, body)), 400, "{body}");
    }
    assert_eq!(status(HttpRequest::get(INITIATE)), 405);
    assert_eq!(status(HttpRequest::post("/gsma/rsp2/es9plus/other", "{}")), 404);
    assert_eq!(status(HttpRequest::post("/", "{}")), 404);
    assert_eq!(status(HttpRequest::post(INITIATE, vec![b' '; (1 << 20) + 1])), 413);
    let mut text = HttpRequest::post(INITIATE, sound.clone());
    text.headers[0].1 = "text/plain".into();
    assert_eq!(status(text), 400);
    let mut charset = HttpRequest::post(INITIATE, sound);
    charset.headers[0].1 = "application/json;charset=UTF-8".into();
    assert_eq!(status(charset), 200);
    assert_eq!(status(HttpRequest::get("/healthz")), 200);
}

/// What a page of somebody else can send without being asked is never taken for JSON.
#[test]
fn bodies_say_that_they_are_json() {
    let lab = Lab::with(|config| config.smds = Some(cases::smds(None)));
    let sound = json!({
        "header": {"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"},
        "iccid": "8900101000000000009", "eid": lab.euicc.eid, "eventId": "A", "rspServerAddress": "a.example",
        "forwardingIndicator": false, "subscriber": subscriber(), "template": "operational", "rows": [],
    });
    let send = |path: &str, kinds: &[&str]| {
        let mut request = HttpRequest::post(path, sound.to_string()).with_token("memory");
        request.headers.retain(|(name, _)| name != "Content-Type");
        for kind in kinds {
            request = request.with_header("content-type", *kind);
        }
        lab.send(request)
    };
    for path in [
        "/gsma/rsp2/es2plus/downloadOrder",
        "/gsma/rsp2/es12/registerEvent",
        "/gsma/rsp2/es15/deleteEvent",
        "/esim-lab/provision",
        "/esim-lab/import",
        INITIATE,
    ] {
        for kinds in [
            &[][..],
            &[""],
            &["text/plain"],
            &["application/x-www-form-urlencoded"],
            &["multipart/form-data; boundary=json"],
            &["text/json"],
            &["application/jsonp"],
            &["application/merge-patch+json"],
            &["text/plain;application/json"],
            &["application/json, text/plain"],
            &["application/json", "text/plain"],
            &["application/json", "application/json"],
        ] {
            let response = send(path, kinds);
            assert_eq!(response.status, 400, "{path} {kinds:?}");
            assert_eq!(code(&serde_json::from_slice(&response.body).unwrap()), "1.6/2.1");
            let text = String::from_utf8(response.body).unwrap();
            assert!(text.contains("Content-Type"), "{path} {kinds:?}: {text}");
        }
    }
    for kind in
        ["application/json", "Application/JSON;charset=utf-8", " application/json ; charset=\"utf-8\"; a=b"]
    {
        assert_eq!(send("/esim-lab/provision", &[kind]).status, 200, "{kind}");
    }
}

#[test]
fn sound_json_around_other_octets_fails_with_the_place() {
    let lab = Lab::new();
    let mut request = serde_json::to_value(lab.euicc.initiate(ADDRESS)).unwrap();
    request["euiccInfo1"] = json!("MAA=");
    let answer = lab.es9("initiateAuthentication", &request);
    assert_eq!(code(&answer), "1.6/2.1");
    let message = &answer["header"]["functionExecutionStatus"]["statusCodeData"]["message"];
    assert!(
        message.as_str().unwrap().contains("euiccInfo1: tag 30 where BF20 is due at octet 0"),
        "{message}"
    );
}

#[test]
fn the_operators_interfaces_want_their_credential() {
    let lab = Lab::new();
    for path in ["/gsma/rsp2/es2plus/downloadOrder", "/esim-lab/provision", "/esim-lab/orders"] {
        for token in [None, Some("Bearer wrong"), Some("Basic memory"), Some("Bearer "), Some("memory")] {
            let mut request = HttpRequest::post(path, "{}");
            if let Some(token) = token {
                request = request.with_header("Authorization", token);
            }
            let response = lab.send(request);
            assert_eq!(response.status, 401, "{path} {token:?}");
            assert_eq!(response.header("WWW-Authenticate"), Some("Bearer"));
        }
    }
}

#[test]
fn versions_meet_at_the_lower_one() {
    let lab = Lab::new();
    for (theirs, answer) in [
        (Some("gsma/rsp/v2.2.0"), "gsma/rsp/v2.2.0"),
        (Some("gsma/rsp/v2.6.0"), "gsma/rsp/v2.6.0"),
        (Some("gsma/rsp/v3.1.0"), "gsma/rsp/v2.6.0"),
        (Some("nonsense"), "gsma/rsp/v2.6.0"),
        (None, "gsma/rsp/v2.6.0"),
    ] {
        let mut request = HttpRequest::get("/healthz");
        if let Some(theirs) = theirs {
            request = request.with_header("x-admin-protocol", theirs);
        }
        assert_eq!(lab.send(request).header("X-Admin-Protocol"), Some(answer));
    }
}

#[test]
fn pages_of_other_sites_may_call_es9_and_nothing_with_a_credential() {
    let mut lab = Lab::new();
    let config = lab.host.config().clone();
    let page_origins = vec!["https://page.example".to_string()];
    lab.host = MemoryHost::new(config, [7; 32], NOW)
        .with_admittance(Admittance { page_origins, ..Admittance::OPEN });
    let ask = |method: &str, path: &str, origin: &str| {
        let request = HttpRequest::get(path).with_header("Origin", origin).with_token("memory");
        lab.send(HttpRequest { method: method.into(), ..request })
    };
    let (page, stranger) = ("https://page.example", "https://stranger.example");
    for (path, get) in [(INITIATE, 405), ("/healthz", 200)] {
        for (method, status) in [("OPTIONS", 204), ("GET", get)] {
            let response = ask(method, path, stranger);
            assert_eq!(response.status, status, "{path}");
            assert_eq!(response.header("Access-Control-Allow-Origin"), Some("*"));
            let headers = response.header("Access-Control-Allow-Headers").unwrap();
            assert!(headers.contains("X-Admin-Protocol") && !headers.contains("Authorization"), "{headers}");
        }
    }
    for path in ["/gsma/rsp2/es2plus/downloadOrder", "/gsma/rsp2/es12/registerEvent", "/esim-lab/orders", "/"]
    {
        for method in ["OPTIONS", "GET"] {
            let response = ask(method, path, stranger);
            assert_eq!(response.header("Vary"), Some("Origin"));
            let allowed = response.headers.iter().filter(|(name, _)| name.starts_with("Access-Control"));
            assert_eq!(allowed.count(), 0, "{method} {path}");
            let response = ask(method, path, page);
            assert_eq!(response.header("Access-Control-Allow-Origin"), Some(page), "{method} {path}");
            assert!(response.header("Access-Control-Allow-Headers").unwrap().contains("Authorization"));
        }
    }
}

#[test]
fn whoever_cannot_serve_says_why_to_probes_alone() {
    let why = "the secret PKI is missing";
    for (request, told) in [
        (HttpRequest::get("/healthz"), true),
        (HttpRequest::post(INITIATE, "{}"), false),
        (HttpRequest::get("/esim-lab/orders").with_token("memory"), false),
    ] {
        let response = out_of_service(&request, why);
        assert_eq!(response.status, 503, "{request:?}");
        assert_eq!(String::from_utf8_lossy(&response.body).contains(why), told, "{request:?}");
        assert!(response.header("Retry-After").is_some() && response.header("X-Admin-Protocol").is_some());
    }
    // Hosts that have their settings from elsewhere keep none.
    let lab = Lab::new();
    let settings = HttpRequest::get("/esim-lab/settings/operators").with_token("memory");
    assert_eq!(lab.send(settings).status, 404);
}

#[test]
fn unknown_methods_are_refused_everywhere() {
    let lab = Lab::new();
    for path in [INITIATE, "/gsma/rsp2/es2plus/downloadOrder", "/esim-lab/orders", "/healthz", "/none"] {
        for method in ["DELETE", "PATCH", "HEAD", "TRACE", "PROPFIND", "get", "POSt", ""] {
            let request = HttpRequest { method: method.into(), ..HttpRequest::post(path, "{}") };
            let response = lab.send(request.with_token("memory"));
            assert_eq!(response.status, 405, "{method} {path}");
            assert!(response.header("Allow").unwrap().contains("OPTIONS"));
        }
    }
}

#[test]
fn orders_are_listed_by_pages() {
    let lab = Lab::new();
    for i in 0..5 {
        let request = json!({"iccid": format!("890010100000000000{i}"), "subscriber": subscriber()});
        assert_success(&lab.operator("/esim-lab/provision", request));
    }
    let page = |query: &str| -> Value {
        let request = HttpRequest::get(format!("/esim-lab/orders?{query}")).with_token("memory");
        serde_json::from_slice(&lab.send(request).body).unwrap()
    };
    let first = page("limit=3");
    assert_eq!(first["orders"].as_array().unwrap().len(), 3);
    let second = page(&format!("limit=3&after={}", first["next"].as_str().unwrap()));
    assert_eq!(second["orders"].as_array().unwrap().len(), 2);
    assert_eq!(second["next"], json!(null));
    assert_eq!(page("")["orders"].as_array().unwrap().len(), 5);
}

#[test]
fn an_order_is_found_by_its_token() {
    let lab = Lab::new();
    for i in 0..3 {
        let iccid = format!("890010100000000000{i}");
        assert_success(
            &lab.operator("/esim-lab/provision", json!({"iccid": iccid, "subscriber": subscriber()})),
        );
        let header = json!({"functionRequesterIdentifier": "2.999.100", "functionCallIdentifier": "x"});
        assert_success(&lab.es2("downloadOrder", json!({"header": header, "iccid": iccid})));
        let confirm =
            json!({"header": header, "iccid": iccid, "matchingId": format!("ID-{i}"), "releaseFlag": true});
        assert_success(&lab.es2("confirmOrder", confirm));
    }
    let find = |query: &str| -> Value {
        let request = HttpRequest::get(format!("/esim-lab/orders?{query}")).with_token("memory");
        serde_json::from_slice(&lab.send(request).body).unwrap()
    };
    let found = find("matchingId=ID-1&limit=1");
    assert_eq!(found["orders"].as_array().unwrap().len(), 1);
    assert_eq!(found["orders"][0]["iccid"], json!("8900101000000000001"));
    assert_eq!(found["next"], json!(null), "there is no page behind it");
    assert_eq!(find("matchingId=ID-9")["orders"], json!([]));
    assert_eq!(find("matchingId=")["orders"].as_array().unwrap().len(), 3, "an empty token is none");
}

#[test]
fn orders_are_found_by_what_is_known_of_them() {
    search::orders_are_found(&Lab::new().host);
}

#[test]
fn an_order_says_what_can_be_done_with_it() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let shown = |path: String| -> Value {
        serde_json::from_slice(&lab.send(HttpRequest::get(path).with_token("memory")).body).unwrap()
    };
    let order = shown(format!("/esim-lab/orders/{iccid}"));
    assert_eq!(order["can"], json!(["cancelOrder", "fetch", "handOut"]));
    assert_eq!(shown(format!("/esim-lab/orders?matchingId={matching_id}"))["orders"][0]["can"], order["can"]);
    let columns = shown("/esim-lab/templates".into())["columns"].clone();
    let secret = columns.as_array().unwrap().iter().filter(|column| column["secret"] == true);
    let secret: Vec<_> = secret.map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(
        secret,
        ["ki", "opc", "confirmationCode", "pin1", "puk1", "pin2", "puk2", "adm1", "kic", "kid", "kik"]
    );
}

#[test]
fn a_package_made_elsewhere_goes_into_stock() {
    let lab = Lab::new();
    let subscriber: esim_smdp::profile::Subscriber = serde_json::from_value(subscriber()).unwrap();
    let drawn = Drawn::new(Class::Operational, &mut rand_chacha::ChaCha20Rng::from_seed([9; 32]));
    let upp = subscriber.build("8900101000000000009".parse().unwrap(), "made", &drawn).unwrap();
    let upp = serde_json::to_value(esim_rsp::json::Base64(upp)).unwrap();
    let wrong = json!({"upp": upp, "iccid": "8900101000000000017"});
    assert_eq!(code(&lab.operator("/esim-lab/provision", wrong)), "1.6/2.1");
    let answer = lab.operator("/esim-lab/provision", json!({"upp": upp, "profileType": "test"}));
    assert_eq!((&answer["iccid"], &answer["profileType"]), (&json!("8900101000000000009"), &json!("test")));
    let again = lab.operator("/esim-lab/provision", json!({"upp": upp}));
    assert_eq!(code(&again), "8.2.1/3.3");
    assert_eq!(code(&lab.operator("/esim-lab/provision", json!({"upp": "MAA="}))), "1.6/2.1");
    assert_eq!(code(&lab.operator("/esim-lab/provision", json!({}))), "1.6/2.1");
}

/// ADM 1 and PUKs are told once, to whoever orders; nowhere else.
#[test]
fn codes_that_nobody_has_given_are_drawn_and_told_once() {
    let lab = Lab::new();
    let provision = |more: Value| {
        let mut request = json!({"subscriber": subscriber()});
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        lab.operator("/esim-lab/provision", request)
    };
    let (one, other) = (provision(json!({})), provision(json!({})));
    for made in [&one, &other] {
        let codes = made["codes"].as_object().expect("codes");
        assert_eq!(codes.keys().collect::<Vec<_>>(), ["adm1", "puk1", "puk2"]);
        assert!(codes["puk1"].as_str().unwrap().len() == 8 && codes["adm1"].as_str().unwrap().len() == 16);
    }
    for name in ["adm1", "puk1", "puk2"] {
        assert_ne!(one["codes"][name], other["codes"][name], "drawn for each profile");
    }
    let mut given = subscriber();
    given["codes"] = json!({"adm1": "0102030405060708", "puk1": "12345678"});
    let told = provision(json!({"subscriber": given}));
    assert_eq!(
        told["codes"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["puk2"],
        "what is given is known"
    );
    let test = provision(json!({"metadata": {"profileClass": "test"}}));
    assert_eq!(test["codes"], json!(null), "test equipment knows those of test profiles");
    let log = lab.host.take_log().join("\n");
    let shown = lab.show(one["iccid"].as_str().unwrap()).to_string();
    for code in one["codes"].as_object().unwrap().values() {
        let code = code.as_str().unwrap();
        assert!(!log.contains(code) && !shown.contains(code), "{code} is told again");
    }
}

#[test]
fn no_secret_is_logged_or_shown() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({"confirmationCode": CODE}));
    assert_success(&lab.fetch(&lab.offered(&matching_id), Some(CODE)));
    let mut odd = subscriber();
    odd["ki"] = json!(465_555);
    let odd = HttpRequest::post("/esim-lab/provision", json!({"subscriber": odd}).to_string());
    assert_eq!(lab.send(odd.with_token("memory")).status, 400);
    let log = lab.host.take_log().join("\n");
    let shown = lab.show(&iccid).to_string();
    let secrets = ["465B5C", "465b5c", "465555", "CD63CB", "cd63cb", CODE, "memory", "otsk", "upp"];
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in the log");
        assert!(!shown.contains(secret), "{secret} in the order");
    }
    assert!(log.contains("getBoundProfilePackage"));
}

/// Every function, with single octets of its request bent: refused or not,
/// never a fault.
#[test]
fn no_bent_request_is_a_fault() {
    use esim_rsp::json::Base64;
    use rand_core::Rng;
    let mut rng = rand_chacha::ChaCha20Rng::from_seed([3; 32]);
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let offer = lab.initiate();
    let authenticate = lab.euicc.authenticate(&offer, &matching_id, |_| {});
    let offered = lab.offered(&matching_id);
    let prepare = lab.euicc.prepare(&offered, None, |_| {});
    let reason = esim_rsp::es10b::CancelSessionReason::postponed;
    let cancel = lab.euicc.cancel(&offered.transaction_id, reason, OID);
    let event = lab.euicc.event(1, esim_rsp::common::NotificationEvent::Enable, &iccid);
    let requests: [(&str, Value); 5] = [
        ("initiateAuthentication", json!(lab.euicc.initiate(ADDRESS))),
        ("authenticateClient", json!(authenticate)),
        ("getBoundProfilePackage", json!(prepare)),
        ("cancelSession", json!(cancel)),
        ("handleNotification", json!({"pendingNotification": Base64(event)})),
    ];
    for (function, request) in requests {
        for field in request.as_object().unwrap().keys() {
            for _ in 0..100 {
                let mut bent = request.clone();
                if let Ok(Base64(mut octets)) = serde_json::from_value(bent[field].clone()) {
                    let at = rng.next_u32() as usize % octets.len();
                    octets[at] ^= 1 << (rng.next_u32() % 8);
                    bent[field] = json!(Base64(octets));
                }
                let mut body = bent.to_string().into_bytes();
                if rng.next_u32().is_multiple_of(4) {
                    let at = rng.next_u32() as usize % body.len();
                    body[at] = rng.next_u32() as u8;
                }
                let path = format!("/gsma/rsp2/es9plus/{function}");
                let status = lab.send(HttpRequest::post(path, body)).status;
                assert!(matches!(status, 200 | 204 | 400), "{function} {field}: {status}");
            }
        }
    }
}

/// The interfaces of the operator and of other servers, with fields replaced, left away and bent: refused or not, never
/// a fault.
#[test]
fn no_bent_json_is_a_fault() {
    use rand_core::Rng;
    let mut rng = rand_chacha::ChaCha20Rng::from_seed([4; 32]);
    let lab = Lab::with(|config| config.smds = Some(cases::smds(None)));
    let (iccid, matching_id) = lab.order(json!({"eid": lab.euicc.eid, "smdsAddress": SMDS}));
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let all = json!({
        "header": header, "iccid": iccid, "eid": lab.euicc.eid, "profileType": "operational",
        "matchingId": matching_id, "confirmationCode": CODE, "smdsAddress": SMDS, "releaseFlag": true,
        "finalProfileStatusIndicator": "Available", "rspServerAddress": ADDRESS, "eventId": matching_id,
        "forwardingIndicator": true, "subscriber": subscriber(), "device": {"nr5gc": 15},
    });
    let odd = [
        json!(null),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("\u{0}/../%2e"),
        json!("x".repeat(5000)),
        json!([]),
        json!({}),
        json!([[[[]]]]),
        json!("."),
        json!(true),
        json!("8900101000000000009"),
        json!("éß漢"),
    ];
    let paths = [
        "/gsma/rsp2/es2plus/downloadOrder",
        "/gsma/rsp2/es2plus/confirmOrder",
        "/gsma/rsp2/es2plus/releaseProfile",
        "/gsma/rsp2/es2plus/cancelOrder",
        "/gsma/rsp2/es12/registerEvent",
        "/gsma/rsp2/es12/deleteEvent",
        "/gsma/rsp2/es15/registerEvent",
        "/gsma/rsp2/es15/deleteEvent",
        "/esim-lab/provision",
    ];
    for path in paths {
        for _ in 0..300 {
            let mut bent = all.clone();
            let fields = bent.as_object_mut().unwrap();
            let names: Vec<_> = fields.keys().cloned().collect();
            for _ in 0..rng.next_u32() % 3 {
                let name = &names[rng.next_u32() as usize % names.len()];
                match rng.next_u32() % 4 {
                    0 => drop(fields.remove(name)),
                    _ => drop(fields.insert(name.clone(), odd[rng.next_u32() as usize % odd.len()].clone())),
                }
            }
            let mut body = bent.to_string().into_bytes();
            if rng.next_u32().is_multiple_of(4) {
                let at = rng.next_u32() as usize % body.len();
                body[at] = rng.next_u32() as u8;
            }
            let status = lab.send(HttpRequest::post(path, body).with_token("memory")).status;
            assert!(matches!(status, 200 | 400 | 403), "{path}: {status}");
        }
    }
}

/// A host whose store lets somebody else in between load and commit, once.
struct Raced {
    inner: MemoryHost,
    store: RacedStore,
    conflicts: RefCell<Vec<u32>>,
}

struct RacedStore {
    inner: MemoryStore,
    intruder: RefCell<Option<Vec<Change>>>,
}

impl Store for RacedStore {
    const COMMIT_RECORDS: usize = MemoryStore::COMMIT_RECORDS;

    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Row>, Fault> {
        self.inner.load(lookups).await
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), CommitError> {
        let intruder = self.intruder.take();
        if let Some(intruder) = intruder {
            self.inner.commit(&intruder).await?;
        }
        self.inner.commit(changes).await
    }
}

impl Host for Raced {
    type Store = RacedStore;

    fn store(&self) -> &RacedStore {
        &self.store
    }

    fn now(&self) -> u64 {
        self.inner.now()
    }

    fn with_rngs<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng, &mut dyn CryptoRng) -> T) -> T {
        self.inner.with_rngs(use_it)
    }

    fn config(&self) -> &Config {
        self.inner.config()
    }

    fn operator_token(&self) -> &str {
        self.inner.operator_token()
    }

    fn vault(&self) -> &Vault {
        self.inner.vault()
    }

    async fn call(&self, call: &Call) -> Reply {
        self.inner.call(call).await
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<(), Limited> {
        self.inner.take(key, rate).await
    }

    fn log(&self, line: &LogLine<'_>) {
        self.conflicts.borrow_mut().push(line.conflicts);
    }
}

#[test]
fn of_two_racing_requests_the_second_is_decided_again() {
    let lab = Lab::new();
    let host = Raced {
        inner: lab.host,
        store: RacedStore { inner: MemoryStore::default(), intruder: RefCell::new(None) },
        conflicts: RefCell::default(),
    };
    let call = |path: &str, body: Value| -> Value {
        let request = HttpRequest::post(path, body.to_string()).with_token("memory");
        serde_json::from_slice(&block_on(handle(request, &host)).body).unwrap()
    };
    let made = call("/esim-lab/provision", json!({"subscriber": subscriber()}));
    let iccid = made["iccid"].as_str().unwrap();
    // Somebody else changes the order while this one is being decided over.
    let name = format!("order/{iccid}");
    let row = block_on(host.store.load(&[Lookup::Name(name.clone())])).unwrap().remove(0);
    let change = |expected| Change::Put {
        name: name.clone(),
        expected,
        body: row.body.clone(),
        aliases: vec![],
        expires: None,
        due: None,
    };
    host.store.intruder.replace(Some(vec![change(row.revision)]));
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let order = json!({"header": header, "iccid": iccid});
    assert_success(&call("/gsma/rsp2/es2plus/downloadOrder", order));
    assert_eq!(*host.conflicts.borrow(), [0, 1]);
    // A stale change alone is refused.
    assert_eq!(block_on(host.store.commit(&[change(row.revision)])), Err(CommitError::Conflict));
}
