//! The same download from the SM on the worker runtime, over HTTPS.

use crate::common;

use common::worker::{Worker, is_built};
use common::{Running, card_profiles, free_port, run, wait_for};
use serde_json::{Value, json};
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

/// What the relay of a worker answers to a request that is no good, for a server: HTTP status, who has answered, body.
fn relayed(port: u16, server: &str) -> (String, bool, String) {
    let url =
        format!("http://127.0.0.1:{port}/esim-lab/relay/{server}/gsma/rsp2/es9plus/initiateAuthentication");
    let mut curl = Command::new("curl");
    curl.args(["-s", "-i", "-m", "60", "-H", "Content-Type: application/json"]);
    curl.args(["-H", "X-Admin-Protocol: gsma/rsp/v2.6.0", "-d", "{}", &url]);
    let output = curl.output().expect("curl");
    let answer = String::from_utf8(output.stdout).expect("UTF-8");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).expect("a status").to_string();
    let names_it = head.to_lowercase().contains(&format!("x-relayed: {server}"));
    (status, names_it, body.to_string())
}

/// The runtime's own `fetch` goes out: to servers that are named, under roots that it is given.
#[test]
fn the_worker_relays_to_servers_that_it_knows_and_trusts() {
    if !is_built() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let sm = common::Sm::start(folder.path());
    let der = std::fs::read(sm.data.join("pki/CERT_CI_ECDSA_NIST.der")).expect("a CI");
    let roots = folder.path().join("ci.pem");
    std::fs::write(&roots, esim_sm_native::pem::write("CERTIFICATE", &der)).expect("a file");
    for (roots, status, is_relayed, body) in
        [(Some(&roots), "400", true, "euiccChallenge"), (None, "502", false, r#""reason":"unreachable""#)]
    {
        let port = free_port();
        let records = folder.path().join(format!("worker-{port}"));
        std::fs::create_dir(&records).expect("a folder");
        let variables = json!({"RELAY_TO": sm.address});
        let mut worker = Worker::start(port, &records, variables, json!({ "roots": roots }));
        let (told, names_it, said) = relayed(port, &sm.address);
        assert_eq!((&*told, names_it), (status, is_relayed), "{said}");
        assert!(said.contains(body), "{said}");
        let (told, names_it, said) = relayed(port, "elsewhere.example");
        assert_eq!((&*told, names_it), ("403", false), "{said}");
        assert!(said.contains(r#""reason":"notAllowed""#), "{said}");
        worker.kill();
    }
}

/// It has children of its own: the whole session ends.
fn stop(worker: Running) {
    let id = worker.0.id().to_string();
    let _ = Command::new("pkill").args(["-TERM", "-P", &id]).status();
    std::thread::sleep(Duration::from_millis(500));
    drop(worker);
}
