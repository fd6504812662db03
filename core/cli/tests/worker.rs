//! The same download from the SM on the worker runtime, over HTTPS.

mod common;

use common::{Running, card_profiles, free_port, peer, run, wait_for};
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn a_download_from_the_worker() {
    let Some(_) = peer("ESIM_LAB_WORKER") else { return };
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let address = format!("localhost:{port}");
    // The native SM makes a certificate for this machine's name.
    let data = folder.path().join("sm");
    let own = common::Sm::start(folder.path());
    let (certificate, key) = pem(&data.join("pki"), folder.path());
    drop(own);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/serve-worker.sh");
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(&script).arg(port.to_string()).arg(folder.path().join("worker"));
    command.args([address.as_str(), "worker-token"]).arg(&certificate).arg(&key);
    let worker =
        Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the worker starts"));

    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let order = ["sm", "order", "--json", "--sm", &address, "--token", "worker-token"];
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
    let delivered: Value = serde_json::from_str(&delivered).expect("JSON");
    assert_eq!(delivered["kept"].as_array().map(Vec::len), Some(0), "{delivered}");
    stop(worker);
}

/// wrangler starts children of its own: the whole session ends.
fn stop(worker: Running) {
    let id = worker.0.id().to_string();
    let _ = Command::new("pkill").args(["-TERM", "-P", &id]).status();
    std::thread::sleep(Duration::from_millis(500));
    drop(worker);
}

/// CERT.DP.TLS and its key as PEM, by openssl, as an operator would.
fn pem(pki: &Path, folder: &Path) -> (String, String) {
    let certificate = folder.join("tls.pem");
    let key = folder.join("tls.key");
    let tls = std::fs::read_dir(pki).expect("a folder").flatten().map(|entry| entry.path());
    let tls = tls.into_iter().find(|path| path.to_string_lossy().contains("DP_TLS")).expect("CERT.DP.TLS");
    let convert = |arguments: &[&str]| {
        let done = Command::new("openssl").args(arguments).status().expect("openssl is installed");
        assert!(done.success(), "openssl {arguments:?}");
    };
    let path = |path: &Path| path.display().to_string();
    convert(&["x509", "-inform", "der", "-in", &path(&tls), "-out", &path(&certificate)]);
    let keys: Value =
        serde_json::from_slice(&std::fs::read(pki.join("keys.json")).expect("keys")).expect("JSON");
    let scalar = keys["SK.DPtls"].as_str().expect("SK.DPtls");
    // ECPrivateKey (RFC 5915) of P-256 without the public key.
    let der = format!("303102010104{:02x}{scalar}a00a06082a8648ce3d030107", 32);
    let raw = folder.join("tls.der");
    std::fs::write(&raw, hex::decode(der).expect("hexadecimal")).expect("a file");
    convert(&["ec", "-inform", "der", "-in", &path(&raw), "-out", &path(&key)]);
    (path(&certificate), path(&key))
}
