//! The same download from the SM on the worker runtime, over HTTPS.

use crate::common;

use common::worker::is_built;
use common::{Running, card_profiles, free_port, run, wait_for};
use serde_json::Value;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_download_from_the_worker() {
    if !is_built() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let address = format!("localhost:{port}");
    let (certificate, key) = (folder.path().join("tls.pem"), folder.path().join("tls.key"));
    let (certificate_pem, key_pem) = common::tls();
    std::fs::write(&certificate, certificate_pem).expect("a file");
    std::fs::write(&key, key_pem).expect("a file");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/serve-worker.sh");
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(&script).arg(port.to_string()).arg(folder.path().join("worker"));
    command.arg(&address).arg(&certificate).arg(&key).env("ES2_TOKEN", "worker-token-of-tests");
    let worker =
        Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the worker starts"));

    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let order = ["sm", "order", "--json", "--sm", &address, "--token", "worker-token-of-tests"];
    let order = wait_for("the worker", Duration::from_secs(60), || {
        let output = common::esim_lab().args(order).output().ok()?;
        output.status.success().then(|| serde_json::from_slice::<Value>(&output.stdout).expect("JSON"))
    });
    let code = order["activationCode"].as_str().expect("a code");
    let iccid = order["iccid"].as_str().expect("an ICCID").to_string();
    assert!(code.contains(&address), "{code}");
    run(&["lpa", "--state", &state, "download", "--yes", code]);
    run(&["lpa", "--state", &state, "enable", &iccid]);
    assert_eq!(card_profiles(&state), [(iccid.clone(), true)]);
    let delivered = run(&["lpa", "--state", &state, "--json", "notifications"]);
    let delivered = common::result_of(&delivered);
    assert_eq!(delivered["kept"].as_array().map(Vec::len), Some(0), "{delivered}");
    stop(worker);
}

/// Its runtime has died: the server ends, and says so, that somebody may start it again.
#[test]
fn a_dead_runtime_ends_the_server() {
    if !is_built() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/serve-worker.sh");
    let log = folder.path().join("log");
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(&script).arg(port.to_string()).arg(folder.path().join("worker"));
    command.arg(format!("127.0.0.1:{port}")).env("ES2_TOKEN", "worker-token-of-tests").stdout(Stdio::null());
    let log_file = std::fs::File::create(&log).expect("a file");
    let mut worker = Running(command.stderr(log_file).spawn().expect("the worker starts"));
    wait_for("the worker", Duration::from_secs(60), || TcpStream::connect(("127.0.0.1", port)).ok());
    // setsid is the session's first process, or its parent.
    let id = worker.0.id().to_string();
    let below = Command::new("pgrep").args(["-d", ",", "-P", &id]).output().expect("pgrep");
    let sessions = format!("{id},{}", String::from_utf8_lossy(&below.stdout).trim());
    // The server looks every second whether it is there.
    std::thread::sleep(Duration::from_secs(3));
    let killed =
        Command::new("pkill").args(["-KILL", "-x", "workerd", "-s", sessions.trim_end_matches(',')]).status();
    assert!(killed.expect("pkill").success(), "there is a runtime");
    let ended = wait_for("the end", Duration::from_secs(60), || worker.0.try_wait().expect("a child"));
    let told = std::fs::read_to_string(&log).expect("a file");
    assert!(!ended.success() && told.contains("the runtime has died"), "{ended}: {told}");
}

/// It has children of its own: the whole session ends.
fn stop(worker: Running) {
    let id = worker.0.id().to_string();
    let _ = Command::new("pkill").args(["-TERM", "-P", &id]).status();
    std::thread::sleep(Duration::from_millis(500));
    drop(worker);
}
