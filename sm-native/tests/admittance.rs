//! Who gets in: LPAs by certificate, operators by certificate or token, everybody at a measured pace.

use crate::common;

use common::server::Server;
use common::*;
use esim_crypto::pki::{Issued, PkiParameters, TestPki};
use esim_crypto::{Curve, PrivateKey, sha256};
use esim_rsp::es9p::PATH;
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{Admittance, Caller, ClientCertificate, Host, HttpRequest, MemoryHost, Rate};
use esim_sm_native::pem;
use esim_smdp::Operator;
use esim_smdp::config::trust_ci;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::sync::Arc;

const INITIATE: &str = "/gsma/rsp2/es9plus/initiateAuthentication";

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn well_known() -> TestPki {
    TestPki::well_known(Curve::P256)
}

fn identity(issued: &Issued) -> reqwest::Identity {
    let certificate = pem::write("CERTIFICATE", &issued.certificate);
    let key = pem::write("PRIVATE KEY", &issued.key_pkcs8_der());
    reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes()).unwrap()
}

/// A laboratory that shows a certificate.
fn lab_with(server: &Server, issued: &Issued, tls: reqwest::tls::Version) -> Lab {
    let handle = server.handle();
    let root = &handle.pki.tls_ci_certificate;
    let remote = Remote::with(&handle.url(), Some(root), |client| {
        client.identity(identity(issued)).tls_version_min(tls).tls_version_max(tls)
    });
    Lab::at(remote, &handle.smdp_address, &handle.token)
}

fn initiate(lab: &Lab) -> (u16, Value) {
    let body = serde_json::to_vec(&lab.euicc.initiate(&lab.address)).unwrap();
    let response = lab.send(HttpRequest::post(INITIATE, body));
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

fn requiring_lpa_certificates(name: &str, now: Option<u64>) -> Server {
    let issuer = trust_ci(&well_known().ci.certificate).unwrap();
    Server::start(name, |options| {
        options.admittance.lpa_issuers = vec![issuer];
        options.now = now;
    })
}

#[test]
fn only_lpas_with_a_certificate_of_an_admitted_issuer_get_in() {
    let server = requiring_lpa_certificates("lpa-certificates", None);
    let lpa = well_known().issue_client("LPA 1", &mut rng(1));
    let stranger =
        TestPki::generate(&PkiParameters::default(), &mut rng(2)).issue_client("LPA 2", &mut rng(3));
    for tls in [reqwest::tls::Version::TLS_1_2, reqwest::tls::Version::TLS_1_3] {
        let admitted = lab_with(&server, &lpa, tls);
        let (_, matching_id) = admitted.order(json!({}));
        admitted.download(&matching_id);
        let (status, answer) = initiate(&lab_with(&server, &stranger, tls));
        assert_eq!((status, code(&answer).as_str()), (403, "1.1/1.2"), "{answer}");
        assert!(answer.to_string().contains("the issuer is unknown"), "{answer}");
    }
    let bare = server.lab();
    let (status, answer) = initiate(&bare);
    assert_eq!((status, code(&answer).as_str()), (403, "1.1/1.2"));
    assert!(answer.to_string().contains("it showed none"), "{answer}");
    // Operators and probes are not LPAs.
    bare.order(json!({}));
    assert_eq!(bare.send(HttpRequest::get("/healthz")).status, 200);
}

#[test]
fn an_lpa_certificate_expires() {
    let server = requiring_lpa_certificates("lpa-expired", Some(2_600_000_000));
    let lpa = well_known().issue_client("LPA", &mut rng(1));
    let (status, answer) = initiate(&lab_with(&server, &lpa, reqwest::tls::Version::TLS_1_3));
    assert_eq!(status, 403);
    assert!(answer.to_string().contains("it has expired"), "{answer}");
}

/// A certificate that is shown without its key.
#[test]
fn a_stolen_certificate_opens_nothing() {
    #[derive(Debug)]
    struct Thief(Arc<rustls::sign::CertifiedKey>);

    impl rustls::client::ResolvesClientCert for Thief {
        fn resolve(
            &self,
            _: &[&[u8]],
            _: &[rustls::SignatureScheme],
        ) -> Option<Arc<rustls::sign::CertifiedKey>> {
            Some(self.0.clone())
        }

        fn has_certs(&self) -> bool {
            true
        }
    }

    let server = requiring_lpa_certificates("stolen", None);
    let lpa = well_known().issue_client("LPA", &mut rng(1));
    let other = well_known().issue_client("thief", &mut rng(2));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    for (key, opens) in [(&lpa, true), (&other, false)] {
        let der = rustls::pki_types::PrivateKeyDer::try_from(key.key_pkcs8_der()).unwrap();
        let key = provider.key_provider.load_private_key(der).unwrap();
        let shown = rustls::sign::CertifiedKey::new(vec![lpa.certificate.clone().into()], key);
        for version in rustls::ALL_VERSIONS {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(server.handle().pki.tls_ci_certificate.clone().into()).unwrap();
            let config = rustls::ClientConfig::builder_with_provider(provider.clone())
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots)
                .with_client_cert_resolver(Arc::new(Thief(Arc::new(shown.clone()))));
            let name = "localhost".try_into().unwrap();
            let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
            let socket = std::net::TcpStream::connect(server.handle().addr).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, socket);
            let mut heard = Vec::new();
            let said =
                stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let done = said.and_then(|()| stream.read_to_end(&mut heard));
            assert_eq!(done.is_ok() && heard.starts_with(b"HTTP/1.1 200"), opens, "{version:?}: {done:?}");
        }
    }
}

/// As a platform that terminates TLS tells it.
#[test]
fn a_platform_may_vouch_for_a_certificate() {
    let ci = trust_ci(&well_known().ci.certificate).unwrap();
    let admittance = Admittance { lpa_issuers: vec![ci.clone()], ..Admittance::OPEN };
    let mut lab = Lab::new();
    lab.host = MemoryHost::new(lab.host.config().clone(), [7; 32], NOW).with_admittance(admittance);
    let body = serde_json::to_vec(&lab.euicc.initiate(ADDRESS)).unwrap();
    for (issuer_key_id, status) in [(ci.key_id, 200), (vec![1; 20], 403)] {
        let verified =
            ClientCertificate::Verified { fingerprint: [1; 32], issuer_key_id, subject: "LPA".into() };
        let mut request = HttpRequest::post(INITIATE, body.clone());
        request.caller.certificate = Some(verified);
        assert_eq!(lab.send(request).status, status);
    }
}

fn operator(oid: &str, key: Option<&PrivateKey>, certificate: Option<&Issued>) -> Operator {
    Operator {
        oid: oid.into(),
        callback: None,
        token_key: key.map(PrivateKey::public_key),
        certificates: certificate.iter().map(|issued| sha256(&[&issued.certificate])).collect(),
    }
}

/// ES2+ in the name of `oid`; HTTP status and code, or "" for success.
fn download_order(lab: &Lab, oid: &str, iccid: &str, token: Option<&str>) -> (u16, String) {
    let header = json!({"functionRequesterIdentifier": oid, "functionCallIdentifier": "1"});
    let body = json!({"header": header, "iccid": iccid}).to_string();
    let mut request = HttpRequest::post("/gsma/rsp2/es2plus/downloadOrder", body);
    if let Some(token) = token {
        request = request.with_token(token);
    }
    let response = lab.send(request);
    let answer: Value = serde_json::from_slice(&response.body).unwrap();
    let success = answer["header"]["functionExecutionStatus"]["status"] == "Executed-Success";
    (response.status, if success { String::new() } else { code(&answer) })
}

#[test]
fn operators_show_a_certificate_that_is_known() {
    let (one, two) =
        (well_known().issue_client("one", &mut rng(1)), well_known().issue_client("two", &mut rng(2)));
    let server = Server::start("operators", |options| {
        options.operators = vec![operator("2.999.1", None, Some(&one)), operator("2.999.2", None, None)];
    });
    let tls = reqwest::tls::Version::TLS_1_3;
    let (known, unknown) = (lab_with(&server, &one, tls), lab_with(&server, &two, tls));
    let iccid = server.lab().provision();
    assert_eq!(download_order(&unknown, "2.999.1", &iccid, None), (401, "1.1/1.1".into()));
    assert_eq!(download_order(&server.lab(), "2.999.1", &iccid, None), (401, "1.1/1.1".into()));
    assert_eq!(download_order(&known, "2.999.2", &iccid, None), (403, "1.1/1.2".into()));
    assert_eq!(download_order(&known, "2.999.1", &iccid, Some("wrong")), (401, "1.1/1.1".into()));
    assert_eq!(download_order(&known, "2.999.1", &iccid, None), (200, String::new()));
}

/// A browser shows its user's certificate for every page that asks, and no page knows its user's token.
#[test]
fn pages_of_others_cannot_use_a_certificate() {
    let one = well_known().issue_client("one", &mut rng(1));
    let server = Server::start("origins", |options| {
        options.operators = vec![operator("2.999.1", None, Some(&one))];
    });
    let lab = lab_with(&server, &one, reqwest::tls::Version::TLS_1_3);
    let address = &server.handle().smdp_address;
    let list = |origin: &str, token: Option<&str>| {
        let mut request = HttpRequest::get("/esim-lab/orders").with_header("Origin", origin);
        if let Some(token) = token {
            request = request.with_token(token);
        }
        lab.send(request).status
    };
    assert_eq!(list(&format!("https://{address}"), None), 200);
    for origin in ["https://evil.example", "null", "http://localhost", &format!("https://{address}0")] {
        assert_eq!(list(origin, None), 403, "{origin}");
        assert_eq!(list(origin, Some(&lab.token)), 200, "{origin}");
    }
    let body = json!({"header": {"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"},
        "iccid": "8900101000000000009"});
    let order = HttpRequest::post("/gsma/rsp2/es2plus/downloadOrder", body.to_string());
    assert_eq!(lab.send(order.clone().with_header("Origin", "https://evil.example")).status, 403);
    assert_eq!(lab.send(order).status, 200);
}

#[test]
fn operators_sign_tokens() {
    let (key, other) = (
        PrivateKey::from_bytes(Curve::P256, &[1; 32]).unwrap(),
        PrivateKey::from_bytes(Curve::P256, &[2; 32]).unwrap(),
    );
    let mut lab = Lab::with(|config| {
        config.operators =
            vec![operator("2.999.1", Some(&key), None), operator("2.999.2", Some(&other), None)];
    });
    let claims = |iss: &str, iat: u64| Claims { iss: iss.into(), aud: ADDRESS.into(), iat, exp: iat + 600 };
    let token = sign(&claims("2.999.1", NOW), &key);
    let iccid = lab.provision();
    let order = |token: &str, oid| download_order(&lab, oid, &iccid, Some(token));
    assert_eq!(order(&sign(&claims("2.999.1", NOW - 600), &key), "2.999.1"), (401, "1.1/1.1".into()));
    assert_eq!(order(&sign(&claims("2.999.1", NOW), &other), "2.999.1"), (401, "1.1/1.1".into()));
    assert_eq!(order(&token, "2.999.2"), (403, "1.1/1.2".into()));
    assert_eq!(order(&token, "2.999.1"), (200, String::new()));
    // Another operator neither takes it over nor sees it.
    let foreign = sign(&claims("2.999.2", NOW), &other);
    assert_eq!(order(&foreign, "2.999.2"), (200, "8.2.1/1.2".into()));
    let seen = |token: &str| {
        let request = HttpRequest::get("/esim-lab/orders").with_token(token);
        let list: Value = serde_json::from_slice(&lab.send(request).body).unwrap();
        let request = HttpRequest::get(format!("/esim-lab/orders/{iccid}")).with_token(token);
        let shown: Value = serde_json::from_slice(&lab.send(request).body).unwrap();
        (list["orders"].as_array().unwrap().len(), shown["iccid"] == iccid.as_str())
    };
    assert_eq!((seen(&token), seen(&foreign), seen("memory")), ((1, true), (0, false), (1, true)));
    // Nor does it fill the stock in another's name.
    lab.token = token;
    let provision = json!({"owner": "2.999.2", "subscriber": subscriber()}).to_string();
    let provision = HttpRequest::post("/esim-lab/provision", provision).with_token(&lab.token);
    assert_eq!(lab.send(provision).status, 403);
    let mut batch = HttpRequest::post("/esim-lab/import?template=operational&requester=2.999.2", "");
    batch.headers[0].1 = "text/csv".into();
    assert_eq!(lab.send(batch.with_token(&lab.token)).status, 403);
    let own = lab.operator("/esim-lab/provision", json!({"owner": "2.999.1", "subscriber": subscriber()}));
    assert_success(&own);
}

#[test]
fn a_source_that_asks_too_often_waits() {
    let admittance = Admittance { per_source: Some(Rate { burst: 3, per_minute: 1 }), ..Admittance::OPEN };
    let server = Server::start("rates", |options| {
        options.admittance = admittance.clone();
        options.trust_proxy = true;
    });
    let lab = server.lab();
    let from = |source: &str, path: &str| {
        lab.send(HttpRequest::post(path, "{}").with_header("X-Forwarded-For", source))
    };
    for _ in 0..3 {
        assert_eq!(from("192.0.2.1, 198.51.100.1", INITIATE).status, 400);
    }
    let refused = from("192.0.2.2, 198.51.100.1", INITIATE);
    assert_eq!(refused.status, 429, "what the client says of itself does not matter");
    let wait: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(code(&serde_json::from_slice(&refused.body).unwrap()), "1.2/3.7");
    assert_eq!(from("198.51.100.2", INITIATE).status, 400);
    let mut probe = HttpRequest::get("/healthz").with_header("X-Forwarded-For", "198.51.100.1");
    probe.body.clear();
    assert_eq!(lab.send(probe).status, 200, "probes are not counted");
    // An operator is counted only when it is refused.
    let es2 = |token: &str| {
        let request = HttpRequest::post("/gsma/rsp2/es2plus/downloadOrder", "{}").with_token(token);
        lab.send(request.with_header("X-Forwarded-For", "198.51.100.3")).status
    };
    assert_eq!([1, 2, 3, 4].map(|_| es2("wrong")), [401, 401, 401, 429]);
    assert_eq!([1, 2, 3, 4].map(|_| es2(&lab.token)), [400; 4]);
}

/// Wherever its requests come from, and without touching another's.
#[test]
fn an_operator_that_has_got_in_is_paced_too() {
    let keys = [1, 2].map(|octet| PrivateKey::from_bytes(Curve::P256, &[octet; 32]).unwrap());
    let mut lab = Lab::with(|config| {
        let oids = ["2.999.1", "2.999.2"].into_iter().zip(&keys);
        config.operators = oids.map(|(oid, key)| operator(oid, Some(key), None)).collect();
    });
    let per_operator = Some(Rate { burst: 2, per_minute: 1 });
    let config = lab.host.config().clone();
    lab.host = MemoryHost::new(config, [7; 32], NOW)
        .with_admittance(Admittance { per_operator, ..Admittance::OPEN });
    let list = |token: &str, source: &str| {
        let mut request = HttpRequest::get("/esim-lab/orders").with_token(token);
        request.caller.source = Some(source.into());
        lab.send(request)
    };
    let token = |n: usize| {
        let iss = format!("2.999.{}", n + 1);
        sign(&Claims { iss, aud: ADDRESS.into(), iat: NOW, exp: NOW + 600 }, &keys[n])
    };
    let (one, other) = (token(0), token(1));
    let statuses = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|source| list(&one, source).status);
    assert_eq!(statuses, [200, 200, 429]);
    assert!(list(&one, "127.0.0.1").header("Retry-After").is_some(), "nor from this machine");
    assert_eq!(list(&other, "192.0.2.1").status, 200);
    assert_eq!([1, 2, 3].map(|_| list("memory", "192.0.2.1").status), [200; 3], "the house is not counted");
}

#[test]
fn whoever_is_not_behind_a_proxy_cannot_say_whence_it_comes() {
    let admittance = Admittance { per_source: Some(Rate { burst: 1, per_minute: 1 }), ..Admittance::OPEN };
    let server = Server::start("no-proxy", |options| options.admittance = admittance.clone());
    let lab = server.lab();
    for _ in 0..5 {
        let request = HttpRequest::post(INITIATE, "{}").with_header("X-Forwarded-For", "198.51.100.1");
        assert_eq!(lab.send(request).status, 400, "it comes from this machine, which is not counted");
    }
}

#[test]
fn refused_tries_of_an_order_run_out() {
    let per_order = Some(Rate { burst: 20, per_minute: 10 });
    let mut lab = Lab::new();
    let config = lab.host.config().clone();
    lab.host =
        MemoryHost::new(config, [7; 32], NOW).with_admittance(Admittance { per_order, ..Admittance::OPEN });
    // Each refused try counts for five: four of them, and then none.
    for _ in 0..4 {
        assert_eq!(code(&lab.authenticate(&lab.initiate(), "NO-SUCH-ORDER")), "8.2.6/3.8");
    }
    let offer = lab.initiate();
    let body = serde_json::to_vec(&lab.euicc.authenticate(&offer, "NO-SUCH-ORDER", |_| {})).unwrap();
    let path = format!("{PATH}authenticateClient");
    assert_eq!(lab.send(HttpRequest::post(path.clone(), body.clone())).status, 429);
    // Another order is not touched; by and by it can be tried again.
    let (_, matching_id) = lab.order(json!({}));
    lab.download(&matching_id);
    lab.host.set_now(NOW + 60);
    assert_eq!(lab.send(HttpRequest::post(path, body)).status, 200);
}

/// An EID can be claimed by anybody: a stranger does not use up what its owner has.
#[test]
fn tries_without_a_code_are_counted_for_each_source() {
    let mut lab = Lab::new();
    let per_order = Some(Rate { burst: 5, per_minute: 1 });
    let config = lab.host.config().clone();
    lab.host =
        MemoryHost::new(config, [7; 32], NOW).with_admittance(Admittance { per_order, ..Admittance::OPEN });
    let attempt = |source: &str| {
        let body = serde_json::to_vec(&lab.euicc.authenticate(&lab.initiate(), "", |_| {})).unwrap();
        let mut request = HttpRequest::post(format!("{PATH}authenticateClient"), body);
        request.caller = Caller { source: Some(source.into()), certificate: None };
        lab.send(request).status
    };
    assert_eq!([1, 2].map(|_| attempt("192.0.2.1")), [200, 429]);
    assert_eq!(attempt("192.0.2.2"), 200);
}

/// As on every host; what they may have is counted in this process.
#[test]
fn guests_are_operators_with_so_many_orders() {
    let server = Server::start("guests", |options| {
        options.admittance.guests = Some(guests::GUESTS.parse().unwrap());
    });
    let lab = server.lab();
    guests::a_guest_is_an_operator(&lab);
    guests::orders_of_guests_are_counted(&lab);
    guests::guests_choose_nothing_of_the_house(&lab);
}
