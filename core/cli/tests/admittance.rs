//! Certificates and tokens from the command, and who gets in with them.

mod common;

use common::{Sm, card_profiles, esim_lab, run, text};
use serde_json::Value;

#[test]
fn an_lpa_gets_in_with_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    run(&["pki", "lpa", "--out", &path("lpa")]);
    let sm = Sm::start_with(folder.path(), &["--require-lpa-certificate", &path("lpa/ca.pem")]);
    let (iccid, _, code) = sm.order(&[]);
    run(&["euicc", "init", "--state", &path("card")]);
    let download = |more: &[&str]| {
        let mut command = esim_lab();
        command.args(["lpa", "--state", &path("card")]).args(more).args(["download", "--yes", &code]);
        command.output().unwrap()
    };
    let refused = download(&[]);
    assert!(!refused.status.success(), "{}", text(&refused));
    assert_eq!(card_profiles(&path("card")), []);
    let (certificate, key) = (path("lpa/lpa.pem"), path("lpa/lpa.key"));
    let done = download(&["--client-cert", &certificate, "--client-key", &key]);
    assert!(done.status.success(), "{}", text(&done));
    assert_eq!(card_profiles(&path("card")), [(iccid, false)]);
}

#[test]
fn an_operator_signs_its_token() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    for oid in ["2.999.100", "2.999.101"] {
        run(&["pki", "operator", "--out", &path(oid), "--oid", oid]);
    }
    let both: Vec<Value> = ["2.999.100", "2.999.101"]
        .iter()
        .map(|oid| std::fs::read(path(&format!("{oid}/operators.json"))).unwrap())
        .flat_map(|text| serde_json::from_slice::<Vec<Value>>(&text).unwrap())
        .collect();
    std::fs::write(path("operators.json"), serde_json::to_vec(&both).unwrap()).unwrap();
    let sm = Sm::start_with(folder.path(), &["--operators", &path("operators.json")]);
    let token = |oid: &str| {
        let key = path(&format!("{oid}/operator.key"));
        run(&["sm", "token", "--key", &key, "--oid", oid, "--sm", &sm.address]).trim().to_string()
    };
    let order = |token: &str| {
        let mut command = esim_lab();
        command.args(["sm", "order", "--json", "--sm", &sm.address, "--token", token]);
        command.output().unwrap()
    };
    // The command orders in the name of 2.999.100.
    let done = order(&token("2.999.100"));
    assert!(done.status.success(), "{}", text(&done));
    let refused = order(&token("2.999.101"));
    assert!(!refused.status.success(), "{}", text(&refused));
    assert!(text(&refused).contains("speaks for 2.999.100"), "{}", text(&refused));
    assert!(!order("wrong").status.success());
}
