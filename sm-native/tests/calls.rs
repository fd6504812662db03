//! What the native host does without being asked: it ends orders whose time is up and runs their errands.

use crate::common;

use common::operator::CustomerSystem;
use common::server::{Server, change_order, stored_order};
use esim_sm_edge::Host;
use esim_smdp::{Call, Reply};
use serde_json::json;
use std::time::{Duration, Instant};

fn tell(server: &Server, iccid: &str, to: &str, bodies: &[&str]) {
    let now = server.host().now();
    change_order(server.host(), iccid, |order| {
        for body in bodies {
            let call = Call { to: to.into(), path: "/told".into(), body: (*body).into() };
            order.send(now, call, 3600);
        }
    });
}

#[track_caller]
fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "waited too long: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn errands_arrive_in_their_order_and_once() {
    let operator = CustomerSystem::answering(204);
    let server = Server::start("errands", |_| {});
    let (iccid, _) = server.lab().order(json!({}));
    let said = ["1", "2", "3", "4"];
    tell(&server, &iccid, &operator.url, &said);
    operator.wait_for(4);
    wait_until("no errand is left", || stored_order(server.host(), &iccid).0.errands.is_empty());
    let heard = operator.heard();
    assert_eq!(heard.iter().map(|(_, body)| body.as_str()).collect::<Vec<_>>(), said);
    assert!(heard.iter().all(|(path, _)| path == "/told"));
}

#[test]
fn a_dead_operator_holds_up_neither_others_nor_requests() {
    let (dead, alive) = (CustomerSystem::answering(0), CustomerSystem::answering(204));
    let server = Server::start("dead", |_| {});
    let lab = server.lab();
    for _ in 0..12 {
        let (iccid, _) = lab.order(json!({}));
        tell(&server, &iccid, &dead.url, &["lost"]);
    }
    dead.wait_for(1);
    let (iccid, _) = lab.order(json!({}));
    let start = Instant::now();
    tell(&server, &iccid, &alive.url, &["heard"]);
    alive.wait_for(1);
    assert_eq!(lab.state(&iccid), "Released");
    assert!(start.elapsed() < Duration::from_secs(8), "the dead operator's time limit is 10 s");
}

#[test]
fn a_failing_operator_is_told_later() {
    let operator = CustomerSystem::answering(500);
    let server = Server::start("failing", |_| {});
    let (iccid, _) = server.lab().order(json!({}));
    tell(&server, &iccid, &operator.url, &["1", "2"]);
    wait_until("the errand is put off", || {
        stored_order(server.host(), &iccid).0.errands.first().is_some_and(|errand| errand.failures == 1)
    });
    let (order, _) = stored_order(server.host(), &iccid);
    assert_eq!((order.errands.len(), operator.heard().len()), (2, 1), "the second waits for the first");
    assert!(order.errands[0].due > server.host().now());
}

#[test]
fn orders_end_when_their_time_is_up() {
    let server = Server::start("expiry", |options| options.limits.order_seconds = Some(1));
    let lab = server.lab();
    let (iccid, _) = lab.order(json!({}));
    wait_until("the order ends", || lab.state(&iccid) == "Error");
    let failure = &lab.show(&iccid)["failure"];
    assert_eq!((&failure["subject"], &failure["reason"]), (&json!("8.8.5"), &json!("4.10")));
}

#[test]
fn what_cannot_be_called_is_said() {
    let server = Server::start("uncallable", |_| {});
    let lost = |to: &str| {
        let call = Call { to: to.into(), path: "/x".into(), body: String::new() };
        match server.runtime.block_on(server.host().call(&call)) {
            Reply::Lost(reason) => reason,
            Reply::Answered { status, .. } => panic!("{to} answered {status}"),
        }
    };
    assert!(lost("http://smdp.example.com").contains("plain HTTP"));
    assert!(lost("ftp://localhost").contains("neither https nor http"));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{closed}");
    assert!(lost(&address).contains("refused"), "the cause is the last link of the chain");
    assert!(lost(&address).contains("a moment ago"), "it is not tried again at once");
}

#[test]
fn a_server_of_an_untrusted_ci_is_not_called() {
    use esim_crypto::pki::{PkiParameters, TestPki};
    use rand_chacha::rand_core::SeedableRng;
    let server = Server::start("untrusted", |_| {});
    let stranger = Server::start("stranger", |_| {});
    let address = format!("localhost:{}", stranger.handle().addr.port());
    let call = Call { to: address, path: "/healthz".into(), body: String::new() };
    let reply = server.runtime.block_on(server.host().call(&call));
    assert!(matches!(reply, Reply::Answered { status: 405, .. }), "{reply:?}");
    // The same server with the roots of somebody else.
    let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(9);
    let other = TestPki::generate(&PkiParameters::default(), &mut rng);
    let folder = server.scratch.0.join("other-pki");
    std::fs::create_dir_all(&folder).unwrap();
    let mut keys = serde_json::Map::new();
    for (file, key, issued) in [
        ("CERT_CI.der", "SK.CI", &other.ci),
        ("CERT_DPauth.der", "SK.DPauth", &other.dp_auth),
        ("CERT_DPpb.der", "SK.DPpb", &other.dp_pb),
        ("CERT_DP_TLS.der", "SK.DPtls", &other.dp_tls),
    ] {
        std::fs::write(folder.join(file), &issued.certificate).unwrap();
        keys.insert(key.into(), hex::encode(&issued.key.to_bytes()[..]).into());
    }
    std::fs::write(folder.join("keys.json"), json!(keys).to_string()).unwrap();
    let pki = esim_sm_native::PkiSource::Folder(folder);
    let suspicious = Server::start("suspicious", |options| options.pki = pki);
    let reply = suspicious.runtime.block_on(suspicious.host().call(&call));
    assert!(matches!(&reply, Reply::Lost(reason) if reason.contains("certificate")), "{reply:?}");
}

/// ES2+, ES12 and ES15 are mutually authenticated.
#[test]
fn calls_show_the_servers_own_certificate() {
    let caller = Server::start("caller", |_| {});
    let print = esim_crypto::sha256(&[&caller.handle().pki.tls.certificate]);
    let operator = esim_smdp::Operator {
        oid: "2.999.7".into(),
        callback: None,
        token_key: None,
        certificates: vec![print],
    };
    let called = Server::start("called", |options| options.operators = vec![operator]);
    let body = |oid: &str| {
        json!({"header": {"functionRequesterIdentifier": oid, "functionCallIdentifier": "1"},
               "profileType": "none"})
        .to_string()
    };
    let to = format!("localhost:{}", called.handle().addr.port());
    let mut call = Call { to, path: "/gsma/rsp2/es2plus/downloadOrder".into(), body: body("2.999.7") };
    let reply = |call: &Call| caller.runtime.block_on(caller.host().call(call));
    assert!(matches!(reply(&call), Reply::Answered { status: 200, .. }));
    call.body = body("2.999.8");
    assert!(matches!(reply(&call), Reply::Answered { status: 403, .. }));
}
