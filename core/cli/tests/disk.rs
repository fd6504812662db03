//! A disk that takes no more: nothing is answered for that was not kept, and `/healthz` says so.
#![cfg(target_os = "linux")]

use crate::common;

use common::{Running, esim_lab, fail, run};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};

/// Octets beyond which no file of the server may grow; its database begins with half of that.
const LIMIT: u64 = 512 << 10;

/// An SM whose files may not grow beyond [`LIMIT`]: it is told so by each write, and not ended by a signal.
fn start(data: &Path) -> (Running, String) {
    let shell = "trap '' XFSZ; ulimit -f $0; exec \"$@\"";
    // In blocks of 512 octets (POSIX).
    let mut child = Command::new("sh")
        .args(["-c", shell, &(LIMIT / 512).to_string(), env!("CARGO_BIN_EXE_esim-lab")])
        .args(["sm", "serve", "--plain-http", "--listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    let first = BufReader::new(stdout).lines().next().unwrap().unwrap();
    (Running(child), first.split_whitespace().last().unwrap().to_string())
}

fn status(address: &str, path: &str, token: &str) -> u16 {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn health_says_that_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sm");
    let (sm, address) = start(&data);
    let token = std::fs::read_to_string(data.join("token")).unwrap();
    let token = token.trim();
    assert_eq!(status(&address, "/healthz", token), 200);
    let mut kept = Vec::new();
    loop {
        let data = data.display().to_string();
        let order = ["sm", "order", "--json", "--plain-http", "--sm", &address, "--data", &data];
        let output = esim_lab().args(order).output().unwrap();
        if !output.status.success() {
            break;
        }
        let order: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        kept.push(order["iccid"].as_str().unwrap().to_string());
        assert!(kept.len() < 1000, "no limit is reached");
    }
    assert!(!kept.is_empty());
    assert_eq!(status(&address, "/healthz", token), 503);
    assert_eq!(status(&address, "/esim-lab/orders", token), 200, "what is there can be read");
    drop(sm);
    // On a disk with room it goes on, and has all that it has answered for.
    let sm = common::Sm::start_with(folder.path(), &["--plain-http"]);
    let data = data.display().to_string();
    let orders = run(&["sm", "orders", "--plain-http", "--sm", &sm.address, "--data", &data]);
    for iccid in kept {
        assert!(orders.contains(&iccid), "{iccid}: {orders}");
    }
    assert_eq!(status(&sm.address, "/healthz", token), 200);
    let checked = run(&["sm", "check", "--data", &data]);
    assert!(checked.starts_with("0 damaged; sound are ") && checked.contains("order: "), "{checked}");
    let twice = ["sm", "serve", "--plain-http", "--listen", "127.0.0.1:0", "--data", &data];
    assert!(fail(&twice).contains("stop it first"));
}
