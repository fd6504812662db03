//! Whom the server calls where an operator says so, and how little the operator learns by it.

use crate::common;

use common::server::Server;
use common::*;
use esim_sm_edge::{Host, MemoryHost};
use esim_smdp::{Operator, Reply};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// An order whose event goes to an SM-DS at some address: the answer of its release.
fn order_at(lab: &Lab, smds: &str) -> Value {
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    lab.es2("confirmOrder", json!({"iccid": iccid, "smdsAddress": smds, "releaseFlag": true}))
}

/// What an answer says, but for the ICCID and the EID that it is about.
fn said(answer: &Value) -> String {
    assert_eq!(code(answer), "8.9/5.1");
    answer["header"]["functionExecutionStatus"].to_string()
}

/// Whoever connects is counted, and gets this answer.
fn victim(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, visitors) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
    let count = visitors.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, visitors)
}

#[test]
fn nobody_is_called_who_is_here_or_within() {
    let server = Server::start("reach", |options| options.call_allow = Vec::new());
    let lab = server.lab();
    let (port, visitors) = victim("");
    let mut told = Vec::new();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]",
        "0.0.0.0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "169.254.169.254",
        "10.0.0.1",
        "192.168.0.1",
        "100.64.0.1",
        "224.0.0.1",
        "metadata.google.internal",
    ] {
        told.push(said(&order_at(&lab, &format!("{host}:{port}"))));
    }
    // Nor by what it is told is there any difference to one that is called and is not there.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let open = Server::start("reach-open", |options| options.call_allow = vec!["127.0.0.1".parse().unwrap()]);
    told.push(said(&order_at(&open.lab(), &format!("127.0.0.1:{free}"))));
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(visitors.load(Ordering::SeqCst), 0);
    // What the house allows is called, and only that.
    said(&order_at(&open.lab(), &format!("127.0.0.1:{port}")));
    assert_eq!(visitors.load(Ordering::SeqCst), 1);
}

/// Wherever the one that may be called would send this server, it does not go.
#[test]
fn redirections_are_not_followed() {
    let (hidden, visitors) = victim("HTTP/1.1 204 No Content\r\n\r\n");
    let redirection = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:{hidden}/\r\nContent-Length: 0\r\n\r\n"
    );
    let (port, redirected) = victim(redirection.leak());
    let server = Server::start("reach-redirected", |options| {
        // The house has written this address, at this port.
        options.call_allow = Vec::new();
        options.operators = vec![Operator {
            oid: "2.999.1".into(),
            callback: Some(format!("http://127.0.0.1:{port}")),
            token_key: None,
            certificates: Vec::new(),
        }];
    });
    let lab = server.lab();
    let (_, matching_id) = lab.order(json!({}));
    lab.offered(&matching_id);
    let begun = std::time::Instant::now();
    while redirected.load(Ordering::SeqCst) == 0 {
        assert!(begun.elapsed().as_secs() < 60, "the callback was never called");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let other = said(&order_at(&lab, &format!("127.0.0.1:{hidden}")));
    assert!(!other.contains("127.0.0.1"), "{other}");
    assert_eq!(visitors.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_there_is_not_told() {
    let answered = |status, body: &str| Reply::Answered { status, body: body.into() };
    let replies = [
        Reply::Lost("Connection refused".into()),
        Reply::Lost("it does not answer".into()),
        answered(404, "<html>nginx</html>"),
        answered(500, ""),
        answered(302, ""),
        answered(200, "<html>router</html>"),
        answered(200, "{}"),
    ];
    let mut told = Vec::new();
    for reply in replies {
        let mut lab = Lab::new();
        let config = lab.host.config().clone();
        let log = format!("{reply:?}");
        lab.host = MemoryHost::new(config, [7; 32], NOW).with_network(move |_| reply.clone());
        told.push(said(&order_at(&lab, "smds.example")));
        let lines = lab.host.take_log().join("\n");
        assert!(lines.contains("smds.example registerEvent"), "{log}: the house learns why: {lines}");
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
}
