//! What the worker does not do: serve without its secrets, hold what is too long, take a token that is for another.

use super::start::{TOKEN, Worker, free_port, is_built};
use super::{EUICCS, Euicc, Lab, SMDS, code, lab, race};
use esim_crypto::pki::{Issued, PkiParameters, TestPki};
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::common::hex_upper;
use esim_rsp::es9p::PATH;
use esim_rsp::json::Base64;
use esim_sm_edge::HttpRequest;
use esim_sm_edge::token::{Claims, sign};
use esim_sm_lab::scratch::Scratch;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

/// `/healthz`, and an LPA's call.
fn served(lab: &Lab) -> (u16, String, u16) {
    let health = lab.send(HttpRequest::get("/healthz"));
    let initiate = serde_json::to_vec(&lab.euicc.initiate(&lab.address)).unwrap();
    let lpa = lab.send(HttpRequest::post(format!("{PATH}initiateAuthentication"), initiate));
    (health.status, String::from_utf8(health.body).unwrap(), lpa.status)
}

#[test]
fn without_its_secrets_it_does_not_serve_and_says_so() {
    if !is_built() {
        return;
    }
    for (variables, reason) in [
        (json!({"PKI": null}), "the secret PKI is missing"),
        (json!({"SMDP_ADDRESS": ""}), "the variable SMDP_ADDRESS is missing"),
        (json!({"SEAL_KEY": null}), "the secret SEAL_KEY is missing"),
        (json!({"SEAL_KEY": "00".repeat(32)}), "the secret SEAL_KEY is all zeros"),
        (json!({"SEAL_KEY": "5A".repeat(31)}), "the secret SEAL_KEY is wrong"),
        (json!({"SEAL_KEY": "5Z".repeat(32)}), "the secret SEAL_KEY is wrong"),
        (json!({"SEAL_KEY": format!("{},", "5A".repeat(32))}), "the secret SEAL_KEY is wrong"),
        (json!({"ES2_TOKEN": null}), "the secret ES2_TOKEN is missing"),
        (json!({"ES2_TOKEN": "fifteen-letters"}), "the secret ES2_TOKEN is wrong: it has 16 characters"),
        (json!({"ES2_TOKEN": "sixteen letters!"}), "the secret ES2_TOKEN is wrong"),
        (json!({"OPERATORS": "{"}), "OPERATORS: not an array"),
        (json!({"OPERATORS": json!([{"oid": "2.999.48378.1"}]).to_string()}), "which is for guests"),
        (json!({"GUESTS": "20"}), "the variable GUESTS is not such as `20 orders, 24 h`"),
        // The runtime on this machine has none.
        (json!({"JURISDICTION": "eu"}), "the variable JURISDICTION is none of this runtime: Jurisdiction"),
        (json!({"RATE_PER_SOURCE": "fast"}), "the variable RATE_PER_SOURCE is no rate"),
        (json!({"SPLIT": "1 GB"}), "the variable SPLIT is no measure such as"),
    ] {
        assert_refused(variables, reason);
    }
}

fn assert_refused(variables: Value, reason: &str) {
    let folder = Scratch::new("worker-secrets");
    let worker = Worker::start(free_port(), &folder.0, variables, json!({}));
    let (health, why, lpa) = served(&lab(worker.port, EUICCS[0]));
    assert!(health == 503 && lpa == 503 && why.contains(reason), "{health} {lpa} {why}: {reason}");
}

/// What stands in `PKI` for one CI.
fn entry(pki: &TestPki) -> Value {
    let pair = |issued: &Issued| json!({"certificate": Base64(issued.certificate.clone()), "key": hex_upper(&issued.key.to_bytes()[..])});
    json!({
        "ci": Base64(pki.ci.certificate.clone()),
        "dpAuth": pair(&pki.dp_auth), "dpPb": pair(&pki.dp_pb), "dsAuth": pair(&pki.ds_auth),
    })
}

#[test]
fn a_pki_that_does_not_fit_is_refused_with_what_is_wrong() {
    if !is_built() {
        return;
    }
    let pki = TestPki::well_known(Curve::P256);
    let other = entry(&TestPki::generate(&PkiParameters::default(), &mut ChaCha20Rng::seed_from_u64(1)));
    let over = PkiParameters { not_after: 1_767_225_600, ..PkiParameters::default() };
    let over = TestPki::generate(&over, &mut ChaCha20Rng::seed_from_u64(2));
    let sound = entry(&pki);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut entry = sound.clone();
        change(&mut entry);
        entry.to_string()
    };
    for (secret, reason) in [
        ("{".into(), "PKI is not JSON (line 1, column 1)"),
        ("Test".into(), "PKI is not JSON"),
        ("{}".into(), "PKI is not the JSON expected (line 1, column 2)"),
        ("[]".into(), "PKI is an empty array"),
        (with(&|it| it["dpauth"] = json!(1)), "PKI is not the JSON expected"),
        (with(&|it| it["dpAuth"]["certificate"] = json!("MAA=")), "the certificate of dpAuth cannot be read"),
        (with(&|it| it["dpPb"]["key"] = json!("5Z")), "the key of dpPb is none of its curve"),
        // On the same curve.
        (
            with(&|it| it["dpAuth"]["key"] = it["dpPb"]["key"].clone()),
            "the key of dpAuth is not that of its certificate",
        ),
        (
            with(&|it| it["dpAuth"] = it["dpPb"].clone()),
            "the certificate of dpAuth cannot be used under this CI: it is of another role",
        ),
        (
            with(&|it| it["ci"] = other["ci"].clone()),
            "the certificate of dpAuth cannot be used under this CI: the issuer is unknown",
        ),
        (
            with(&|it| it["dpPb"] = other["dpPb"].clone()),
            "the certificate of dpPb cannot be used under this CI: the issuer is unknown",
        ),
        (entry(&over).to_string(), "the certificate of dpAuth cannot be used under this CI: it has expired"),
        (json!([sound, entry(&over)]).to_string(), "PKI, entry 2: the certificate of dpAuth"),
        (json!([sound, sound]).to_string(), "PKI, entry 2: this CI is there already"),
    ] {
        assert_refused(json!({"PKI": secret}), reason);
    }
    let without = with(&|it| it["dsAuth"] = Value::Null);
    assert_refused(json!({"PKI": without, "SMDS_ADDRESS": SMDS}), "there is an SMDS_ADDRESS, and no dsAuth");
}

#[test]
fn euiccs_under_each_of_two_cis_are_served() {
    if !is_built() {
        return;
    }
    let pkis = [Curve::P256, Curve::BrainpoolP256r1].map(TestPki::well_known);
    let secret = Value::from(pkis.iter().map(entry).collect::<Vec<_>>()).to_string();
    let folder = Scratch::new("worker-cis");
    let variables = json!({"PKI": secret, "SMDS_ADDRESS": SMDS});
    let iccid = {
        let worker = Worker::start(free_port(), &folder.0, variables.clone(), json!({}));
        for pki in &pkis {
            let mut lab = lab(worker.port, EUICCS[0]);
            lab.euicc = Euicc::new(pki, EUICCS[0]);
            let (iccid, matching_id) = lab.order(json!({}));
            assert!(race(&lab, &matching_id));
            assert_eq!(lab.state(&iccid), "Installed");
        }
        lab(worker.port, EUICCS[0]).order(json!({})).0
    };
    // One CI alone does not serve the other's.
    let variables = json!({"PKI": entry(&pkis[0]).to_string()});
    let worker = Worker::start(free_port(), &folder.0, variables, json!({}));
    let mut lab = lab(worker.port, EUICCS[0]);
    assert_eq!(lab.state(&iccid), "Released");
    lab.euicc = Euicc::new(&pkis[1], EUICCS[0]);
    assert_eq!(code(&lab.es9("initiateAuthentication", &lab.euicc.initiate(&lab.address))), "8.8.2/3.1");
}

#[test]
fn a_key_that_does_not_open_the_records_is_refused() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-key");
    let serve = |key: &str| Worker::start(free_port(), &folder.0, json!({"SEAL_KEY": key}), json!({}));
    let (old, new) = ("01".repeat(32), "02".repeat(32));
    let iccid = {
        let worker = serve(&old);
        lab(worker.port, EUICCS[0]).order(json!({})).0
    };
    let worker = serve(&new);
    let (health, why, lpa) = served(&lab(worker.port, EUICCS[0]));
    assert!(health == 503 && lpa == 503 && why.contains("SEAL_KEY does not open the records"), "{why}");
    drop(worker);
    let worker = serve(&format!("{new},{old}"));
    assert_eq!(lab(worker.port, EUICCS[0]).state(&iccid), "Released");
}

/// Says that it sends `announced` octets, or none in particular, and goes on until it is hung up on or has sent 100 MB:
/// the answer.
fn pour(port: u16, announced: Option<usize>) -> String {
    const TOTAL: usize = 100 << 20;
    let mut socket = TcpStream::connect(("127.0.0.1", port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket.set_write_timeout(Some(Duration::from_secs(60))).unwrap();
    let length = match announced {
        Some(length) => format!("Content-Length: {length}"),
        None => "Transfer-Encoding: chunked".into(),
    };
    let head = format!(
        "POST {PATH}initiateAuthentication HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).unwrap();
    let part = vec![b' '; 1 << 16];
    let mut reader = socket.try_clone().unwrap();
    let answer = std::thread::spawn(move || {
        let mut start = [0; 12];
        reader.read_exact(&mut start).map(|()| String::from_utf8_lossy(&start).into_owned())
    });
    for _ in 0..TOTAL / part.len() {
        let framed = match announced {
            Some(_) => part.clone(),
            None => [format!("{:x}\r\n", part.len()).as_bytes(), &part, b"\r\n"].concat(),
        };
        if answer.is_finished() || socket.write_all(&framed).is_err() {
            break;
        }
    }
    answer.join().unwrap().unwrap_or_default()
}

#[test]
fn a_body_that_is_too_long_is_not_held() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-body");
    let worker = Worker::start(free_port(), &folder.0, json!({}), json!({}));
    let lab = lab(worker.port, EUICCS[0]);
    assert_eq!(served(&lab).0, 200);
    let before = worker.peak_memory();
    for announced in [None, Some(100 << 20), Some(HttpRequest::BODY_LIMIT + 1)] {
        assert_eq!(pour(worker.port, announced), "HTTP/1.1 413", "{announced:?}");
    }
    let grown = worker.peak_memory().saturating_sub(before);
    assert!(grown < 48 << 20, "{} MB for bodies that are refused", grown >> 20);
    assert_eq!(served(&lab).0, 200);
}

/// Answers every call with a body that does not end: how much of it was taken.
fn babbler() -> (String, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let taken = Arc::new(AtomicU64::new(0));
    let count = taken.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 200 Answer\r\nContent-Type: application/json\r\n\r\n");
            let part = vec![b' '; 1 << 16];
            while stream.write_all(&part).is_ok() {
                count.fetch_add(part.len() as u64, Ordering::Relaxed);
            }
        }
    });
    (url, taken)
}

#[test]
fn a_reply_that_does_not_end_is_not_held() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-reply");
    let (url, taken) = babbler();
    let operators = json!([{"oid": "2.999.1", "callback": url}]).to_string();
    let worker = Worker::start(free_port(), &folder.0, json!({"OPERATORS": operators}), json!({}));
    let lab = lab(worker.port, EUICCS[0]);
    let (_, matching_id) = lab.order(json!({}));
    assert!(race(&lab, &matching_id));
    let patience = Instant::now() + Duration::from_secs(30);
    while taken.load(Ordering::Relaxed) == 0 {
        assert!(Instant::now() < patience, "nobody is told");
        std::thread::sleep(Duration::from_millis(50));
    }
    // Until nobody takes any more.
    let mut last = 0;
    while last < taken.load(Ordering::Relaxed) {
        last = taken.load(Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(500));
    }
    // What is not taken is not held. (Sockets have buffers of some MB, and there may be another try.)
    assert!(last < 16 << 20, "{} MB of one reply were taken", last >> 20);
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

fn token(oid: &str, key: &PrivateKey, aud: &str) -> String {
    sign(&Claims { iss: oid.into(), aud: aud.into(), iat: now(), exp: now() + 600 }, key)
}

fn key(octet: u8) -> PrivateKey {
    PrivateKey::from_bytes(Curve::P256, &[octet; 32]).unwrap()
}

fn operator(oid: &str, octet: u8) -> Value {
    json!({"oid": oid, "tokenKey": hex_upper(&key(octet).public_key().to_sec1())})
}

#[test]
fn tokens_are_for_the_address_that_was_set_and_operators_are_paced() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-token");
    let variables = json!({
        "OPERATORS": json!([operator("2.999.1", 1)]).to_string(),
        "RATE_PER_OPERATOR": "1:3",
    });
    let worker = Worker::start(free_port(), &folder.0, variables, json!({}));
    let lab = lab(worker.port, EUICCS[0]);
    let list = |token: &str, host: &str| {
        let request = HttpRequest::get("/esim-lab/orders").with_token(token).with_header("Host", host);
        lab.send(request).status
    };
    let own = lab.address.clone();
    let elsewhere = format!("dialled.example:{}", worker.port);
    for (aud, host) in
        [("localhost", &own), ("127.0.0.1", &own), ("dialled.example", &elsewhere), (&elsewhere, &elsewhere)]
    {
        assert_eq!(list(&token("2.999.1", &key(1), aud), host), 401, "{aud} at {host}");
    }
    let sound = token("2.999.1", &key(1), &own);
    assert_eq!([1, 2, 3, 4].map(|_| list(&sound, &own)), [200, 200, 200, 429]);
    assert_eq!([1, 2, 3, 4].map(|_| list(TOKEN, &own)), [200; 4]);
}

#[test]
fn operators_lie_with_the_records() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-settings");
    let variables = json!({"OPERATORS": json!([operator("2.999.1", 1)]).to_string()});
    let worker = Worker::start(free_port(), &folder.0, variables.clone(), json!({}));
    let lab = lab(worker.port, EUICCS[0]);
    let list = |lab: &Lab, n: u8| {
        let token = token(&format!("2.999.{n}"), &key(n), &lab.address);
        lab.send(HttpRequest::get("/esim-lab/orders").with_token(&token)).status
    };
    let put = |value: Value, token: &str| {
        let request = HttpRequest::post("/esim-lab/settings/operators", value.to_string());
        lab.send(request.with_token(token)).status
    };
    assert_eq!([1, 2].map(|n| list(&lab, n)), [200, 401]);
    // Far more than a variable may hold.
    let many: Vec<_> =
        (3..=250).map(|n| operator(&format!("2.999.{n}"), n)).chain([operator("2.999.2", 2)]).collect();
    assert_eq!(put(json!(many), &token("2.999.1", &key(1), &lab.address)), 403);
    assert_eq!(put(json!(many), TOKEN), 200);
    assert_eq!([1, 2, 250].map(|n| list(&lab, n)), [401, 200, 200], "they take the place of the variable's");
    drop(worker);
    let worker = Worker::start(free_port(), &folder.0, variables, json!({}));
    let lab = super::lab(worker.port, EUICCS[0]);
    assert_eq!([1, 2].map(|n| list(&lab, n)), [401, 200]);
}

#[test]
fn browsers_and_odd_methods_get_no_further_than_natively() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-methods");
    let worker = Worker::start(free_port(), &folder.0, json!({}), json!({}));
    let lab = lab(worker.port, EUICCS[0]);
    for (path, open) in [(format!("{PATH}cancelSession"), true), ("/esim-lab/orders".into(), false)] {
        for method in ["DELETE", "PATCH", "PROPFIND", "TRACE"] {
            let request = HttpRequest { method: method.into(), ..HttpRequest::get(path.clone()) };
            assert_eq!(lab.send(request.with_token(TOKEN)).status, 405, "{method} {path}");
        }
        let request = HttpRequest { method: "OPTIONS".into(), ..HttpRequest::get(path.clone()) };
        let response = lab.send(request.with_header("Origin", "https://stranger.example"));
        let allowed = response.header("Access-Control-Allow-Origin");
        assert_eq!((response.status, allowed.is_some()), (204, open), "{path}");
    }
}
