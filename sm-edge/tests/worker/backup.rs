//! Records of one worker that come to another, by the command.

use super::start::{TOKEN, Worker, free_port, is_built};
use super::{EUICCS, lab, race};
use esim_sm_edge::HttpRequest;
use esim_sm_lab::scratch::Scratch;
use esim_sm_lab::{Lab, assert_success, code};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// `node backup.mjs`: whether it succeeds, and what it says.
fn command(act: &str, port: u16, file: &Path) -> (bool, String) {
    let mut node = Command::new("node");
    node.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../worker/backup.mjs"));
    node.args([act, &format!("http://127.0.0.1:{port}")]).arg(file).env("ES2_TOKEN", TOKEN);
    let output = node.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap().trim().into())
}

/// The list of orders, whatever the address in activation codes.
fn list(lab: &Lab) -> String {
    let orders = lab.send(HttpRequest::get("/esim-lab/orders").with_token(TOKEN));
    String::from_utf8(orders.body).unwrap().replace(&lab.address, "here")
}

#[test]
fn records_are_kept_in_a_file_and_put_back_elsewhere() {
    if !is_built() {
        return;
    }
    let folders = ["worker-kept", "worker-other-key", "worker-put-back"].map(Scratch::new);
    let [from, other, to] = &folders;
    let start = |folder: &Scratch, more: Value| Worker::start(free_port(), &folder.0, more, json!({}));
    let worker = start(from, json!({}));
    let old = lab(worker.port, EUICCS[0]);
    let by_eid = old.order(json!({"eid": old.euicc.eid, "matchingId": ""}));
    let own = old.order(json!({"matchingId": "KEPT-OWN"}));
    let drawn: Vec<_> = (0..30).map(|_| old.order(json!({}))).collect();
    assert!(race(&old, &drawn[0].1));
    let operators = HttpRequest::post("/esim-lab/settings/operators", r#"[{"oid": "2.999.7"}]"#);
    assert_eq!(old.send(operators.with_token(TOKEN)).status, 200);
    let file = from.0.join("kept.jsonl");
    // 32 orders with package and end, the operators, the mark.
    assert_eq!(command("save", worker.port, &file), (true, "98 rows saved".into()));
    assert_eq!(
        command("save", worker.port, &file).1,
        format!("esim-lab: {} is there already", file.display())
    );
    let (listed, kept) = (list(&old), std::fs::read_to_string(&file).unwrap());
    drop(worker);

    let worker = start(other, json!({"SEAL_KEY": "5B".repeat(32)}));
    let (done, said) = command("restore", worker.port, &file);
    assert!(!done && said.contains("SEAL_KEY does not open a row"), "{said}");
    drop(worker);
    let worker = start(to, json!({}));
    let half = from.0.join("half.jsonl");
    std::fs::write(&half, kept.lines().next().unwrap()).unwrap();
    assert!(command("restore", worker.port, &half).1.ends_with("ends before the last page"));
    assert_eq!(command("restore", worker.port, &file), (true, "33 restored, 1 there already".into()));
    assert_eq!(command("restore", worker.port, &file), (true, "0 restored, 34 there already".into()));
    let new = lab(worker.port, EUICCS[0]);
    assert_eq!(list(&new), listed);
    let operators = new.send(HttpRequest::get("/esim-lab/settings/operators").with_token(TOKEN));
    assert_eq!(operators.body, br#"[{"oid": "2.999.7"}]"#);
    assert_eq!(new.state(&drawn[0].0), "Installed");
    for (iccid, matching_id) in [&by_eid, &drawn[1]] {
        assert!(race(&new, matching_id));
        assert_eq!(new.state(iccid), "Installed");
    }
    let confirm = json!({"iccid": new.provision(), "releaseFlag": true, "matchingId": "KEPT-OWN"});
    assert_success(&new.es2("downloadOrder", json!({"iccid": confirm["iccid"]})));
    assert_eq!(code(&new.es2("confirmOrder", confirm)), "8.2.6/3.3");
    let cancel = json!({"iccid": own.0, "finalProfileStatusIndicator": "Unavailable"});
    assert_success(&new.es2("cancelOrder", cancel));
    let audit = new.send(HttpRequest::get("/esim-lab/audit?limit=500").with_token(TOKEN));
    assert!(!String::from_utf8(audit.body).unwrap().contains("\"finding\""));
}
