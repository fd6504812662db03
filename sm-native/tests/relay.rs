//! The relay for pages: what it sends on to whom, in memory; and a whole download through one server to another, over TLS.

use crate::common;

use common::server::Server;
use common::{Lab, NOW, Remote, Service};
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_rsp::es9p;
use esim_sm_edge::relay::{Forward, Forwarded, PATH, Unreached};
use esim_sm_edge::{Admittance, Caller, Host as _, HttpRequest, HttpResponse, MemoryHost, block_on, handle};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

const INITIATE: &str = "/gsma/rsp2/es9plus/initiateAuthentication";

/// A host that relays to smdp.example and smds.example:8443.
fn relaying(relayed: impl Fn(&Forward) -> Forwarded + 'static) -> MemoryHost {
    let relay_to = ["smdp.example", "smds.example:8443"].map(|server| server.parse().unwrap()).into();
    let page_origins = vec!["https://page.example".to_string()];
    let config = Lab::new().host.config().clone();
    let admittance = Admittance { relay_to, page_origins, ..Admittance::OPEN };
    MemoryHost::new(config, [7; 32], NOW).with_admittance(admittance).with_relayed(relayed)
}

fn post(server: &str, path: &str) -> HttpRequest {
    HttpRequest::post(format!("{PATH}{server}{path}"), "{}")
        .with_header("X-Admin-Protocol", "gsma/rsp/v2.2.0")
}

fn send(host: &MemoryHost, request: HttpRequest) -> HttpResponse {
    block_on(handle(request, host))
}

#[track_caller]
fn is_told(response: &HttpResponse, status: u16, reason: &str, why: &str) {
    let body: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!((response.status, &body["relay"]["reason"]), (status, &json!(reason)), "{body}");
    assert!(body["relay"]["text"].as_str().expect("a sentence").contains(why), "{body}");
    assert!(response.header("X-Relayed").is_none(), "no server has said so");
}

#[test]
fn an_lpas_request_goes_on_with_nothing_of_its_sender() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let kept = seen.clone();
    let host = relaying(move |forward| {
        kept.borrow_mut().push((forward.url(), forward.protocol.clone(), forward.body.clone()));
        let answer = HttpResponse { body: b"{\"a\":1}".to_vec(), ..HttpResponse::empty(500) };
        let more =
            [("content-type", "application/json;charset=UTF-8"), ("X-Admin-Protocol", "gsma/rsp/v2.1.0")];
        let others =
            [("Set-Cookie", "a=b"), ("Location", "https://evil.example"), ("X-Relayed", "evil.example")];
        Ok(more
            .into_iter()
            .chain(others)
            .fold(answer, |answer, (name, value)| answer.with_header(name, value)))
    });
    for (server, url) in [
        ("smdp.example", "https://smdp.example"),
        ("SMDP.example:443", "https://smdp.example"),
        ("smds.example:8443", "https://smds.example:8443"),
    ] {
        for function in [
            "initiateAuthentication",
            "authenticateClient",
            "getBoundProfilePackage",
            "handleNotification",
            "cancelSession",
        ] {
            let request = post(server, &format!("/gsma/rsp2/es9plus/{function}"))
                .with_header("Cookie", "secret")
                .with_token("memory")
                .with_header("Origin", "https://page.example");
            let response = send(&host, request);
            assert_eq!((response.status, &response.body[..]), (500, &b"{\"a\":1}"[..]));
            let expected = [
                ("Content-Type", Some("application/json;charset=UTF-8")),
                ("X-Admin-Protocol", Some("gsma/rsp/v2.1.0")),
                ("X-Relayed", url.strip_prefix("https://")),
                ("Access-Control-Allow-Origin", Some("https://page.example")),
                ("Set-Cookie", None),
                ("Location", None),
            ];
            expected.iter().for_each(|(name, value)| assert_eq!(response.header(name), *value, "{name}"));
            let protocols =
                response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("X-Admin-Protocol"));
            assert_eq!(protocols.count(), 1);
            assert!(response.header("Access-Control-Expose-Headers").unwrap().contains("X-Relayed"));
            let sent = seen.borrow_mut().pop().unwrap();
            assert_eq!(
                sent,
                (format!("{url}/gsma/rsp2/es9plus/{function}"), "gsma/rsp/v2.2.0".into(), b"{}".to_vec())
            );
        }
    }
    // Another page may not even ask.
    let preflight = HttpRequest { method: "OPTIONS".into(), ..post("smdp.example", INITIATE) };
    let response = send(&host, preflight.with_header("Origin", "https://evil.example"));
    assert!(response.header("Access-Control-Allow-Origin").is_none());
}

#[test]
fn nothing_else_goes_anywhere() {
    let host = relaying(|forward| panic!("{} was called", forward.url()));
    for server in
        ["evil.example", "smdp.example:8443", "smds.example", "127.0.0.1", "[::1]", "a.smdp.example"]
    {
        is_told(&send(&host, post(server, INITIATE)), 403, "notAllowed", server);
    }
    for (server, path) in [
        ("smdp.example", "/gsma/rsp2/es2plus/downloadOrder"),
        ("smdp.example", "/gsma/rsp2/es12/registerEvent"),
        ("smdp.example", "/gsma/rsp2/es9plus/downloadOrder"),
        ("smdp.example", "/gsma/rsp2/es9plus/"),
        ("smdp.example", "/gsma/rsp2/es9plus/initiateAuthentication/"),
        ("smdp.example", "/gsma/rsp2/es9plus/initiateAuthentication?a=b"),
        ("smdp.example", "/gsma/rsp2/es9plus/../../../initiateAuthentication"),
        ("smdp.example", "/gsma/rsp2/es9plus/initiateAuthentication%20"),
        ("smdp.example", "/"),
        ("smdp.example", ""),
        ("", INITIATE),
        ("a@smdp.example", INITIATE),
        ("smdp.example:0", INITIATE),
        ("smdp.example:70000", INITIATE),
        ("https://smdp.example", INITIATE),
    ] {
        is_told(&send(&host, post(server, path)), 400, "noFunction", "a function of ES9+");
    }
    let get = HttpRequest { method: "GET".into(), ..post("smdp.example", INITIATE) };
    is_told(&send(&host, get), 400, "noFunction", "POST");
    let path = || format!("{PATH}smdp.example{INITIATE}");
    for request in [
        HttpRequest { headers: Vec::new(), ..post("smdp.example", INITIATE) },
        HttpRequest { headers: Vec::new(), ..post("smdp.example", INITIATE) }
            .with_header("Content-Type", "text/plain"),
        HttpRequest::post(path(), "{}").with_header("X-Admin-Protocol", "gsma\r\nCookie: a"),
        HttpRequest::post(path(), "{}").with_header("X-Admin-Protocol", "a".repeat(65)),
    ] {
        is_told(&send(&host, request), 400, "noFunction", "a POST of JSON");
    }
    let long = HttpRequest::post(path(), vec![b' '; HttpRequest::LPA_BODY_LIMIT + 1]);
    let response = send(&host, long);
    assert!(response.status == 413 && response.header("X-Relayed").is_none());
    // Where the house names none.
    let closed = Lab::new();
    is_told(&closed.send(post("smdp.example", INITIATE)), 404, "off", "relays nothing");
}

#[test]
fn why_there_is_no_answer_is_told_apart_from_answers() {
    for (unreached, status, reason, why) in [
        (Unreached::Unreachable("refused".into()), 502, "unreachable", "refused"),
        (Unreached::Untrusted("expired".into()), 502, "untrusted", "expired"),
        (Unreached::TooLarge, 502, "tooLarge", "longer than 4 MB"),
        (Unreached::TooLate, 504, "tooLate", "within 30 s"),
        (Unreached::Busy, 503, "busy", "try again"),
    ] {
        let host = relaying(move |_| Err(unreached.clone()));
        is_told(&send(&host, post("smdp.example", INITIATE)), status, reason, why);
    }
    for status in [301, 302, 303, 307, 308] {
        let host =
            relaying(
                move |_| Ok(HttpResponse::empty(status).with_header("Location", "https://evil.example")),
            );
        is_told(&send(&host, post("smdp.example", INITIATE)), 502, "redirected", "redirects");
    }
    let body = vec![b' '; Forward::ANSWER_LIMIT + 1];
    let host = relaying(move |_| Ok(HttpResponse { body: body.clone(), ..HttpResponse::empty(200) }));
    is_told(&send(&host, post("smdp.example", INITIATE)), 502, "tooLarge", "longer");
}

#[test]
fn a_source_relays_so_much_and_no_more() {
    let host = relaying(|_| Ok(HttpResponse::empty(204)));
    let from = |source: &str| {
        let caller = Caller { source: Some(source.into()), ..Caller::default() };
        send(&host, HttpRequest { caller, ..post("smdp.example", INITIATE) })
    };
    for _ in 0..60 {
        assert_eq!(from("192.0.2.1").status, 204);
    }
    let response = from("192.0.2.1");
    is_told(&response, 429, "tooOften", "try again in 2 s");
    assert_eq!(response.header("Retry-After"), Some("2"));
    assert_eq!(from("192.0.2.2").status, 204);
}

/// An LPA whose requests go through a relay, and an operator's that do not.
struct Via {
    relay: Remote,
    server: Remote,
    to: String,
}

impl Service for Via {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        if !request.path.starts_with(es9p::PATH) {
            return self.server.answer(request);
        }
        let path = format!("{PATH}{}{}", self.to, request.path);
        let response = self.relay.answer(HttpRequest { path, ..request });
        assert_eq!(
            response.header("X-Relayed"),
            Some(&*self.to),
            "{}",
            String::from_utf8_lossy(&response.body)
        );
        response
    }

    fn attend(&self) {}

    fn set_now(&self, _: u64) {
        panic!("a service elsewhere has a clock of its own");
    }
}

fn remote(server: &Server) -> Remote {
    Remote::new(&server.handle().url(), Some(&server.handle().pki.tls_ci_certificate))
}

#[test]
fn a_download_goes_through_one_server_to_another() {
    let smdp = Server::start("relayed", |_| {});
    let (to, ci) = (smdp.handle().smdp_address.clone(), smdp.handle().pki.tls_ci_certificate.clone());
    // Nobody listens there any more.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let relay_to: Vec<_> = [&to, &gone].map(|server| server.parse().unwrap()).into();
    let relay = Server::start("relay", |options| {
        options.admittance.relay_to = relay_to.clone();
        options.relay_roots = vec![ci];
    });
    let via = Via { relay: remote(&relay), server: remote(&smdp), to: to.clone() };
    let lab = Lab::at(via, &to, &smdp.handle().token);
    let (iccid, matching_id) = lab.order(json!({}));
    lab.download(&matching_id);
    assert_eq!(lab.state(&iccid), "Downloaded");

    let unreachable = remote(&relay).answer(post(&gone, INITIATE));
    is_told(&unreachable, 502, "unreachable", "onnect");
    // A relay under other roots: its own PKI counts for nothing.
    let other = TestPki::well_known(Curve::P256).dp_tls.certificate;
    let relay = Server::start("relay-other", |options| {
        options.admittance.relay_to = relay_to;
        options.relay_roots = vec![other];
    });
    let untrusted = remote(&relay).answer(post(&to, INITIATE));
    is_told(&untrusted, 502, "untrusted", "certificate");
}
