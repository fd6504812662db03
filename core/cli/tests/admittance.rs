//! Certificates and tokens from the command, who gets in with them, and what the log says of it.

use crate::common;

use common::{Sm, SmHost, card_profiles, esim_lab, fail, run, text};
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

/// Every request is a line, with what ties it to others; SIGTERM ends the server in order.
#[cfg(unix)]
#[test]
fn the_log_is_json_and_a_stop_is_orderly() {
    use std::io::Read;
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().unwrap();
    let (log, errors) = std::io::pipe().unwrap();
    let sm = Sm::start_logging(folder.path(), &["--log", "json"], Stdio::from(errors));
    let (iccid, _, code) = sm.order(&[]);
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    run(&["lpa", "--state", &state, "download", "--yes", &code]);
    let SmHost::Native(mut server) = sm.host else { panic!("a native one") };
    let id = server.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(server.0.wait().unwrap().success());
    let mut text = String::new();
    { log }.read_to_string(&mut text).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let correlation = |function: &str| {
        let line =
            lines.iter().find(|line| line["call"].as_str().is_some_and(|call| call.ends_with(function)));
        let line = line.unwrap_or_else(|| panic!("no {function} in {text}"));
        line["correlation"].as_str().unwrap().to_string()
    };
    let transaction = correlation("initiateAuthentication");
    assert_eq!(transaction.len(), 32);
    for function in ["authenticateClient", "getBoundProfilePackage", "handleNotification"] {
        assert_eq!(correlation(function), transaction, "{function}");
    }
    assert!(!correlation("downloadOrder").is_empty());
    let heard = lines.iter().find(|line| line["outcome"] == format!("recorded for {iccid}").as_str());
    assert!(heard.is_some(), "{text}");
    let beside = std::fs::metadata(sm.data.join("sm.sqlite-wal")).map_or(0, |file| file.len());
    assert_eq!(beside, 0, "everything is in the one file");
}

#[test]
fn an_euicc_is_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    run(&["pki", "euicc", "--out", &path("pki")]);
    run(&["euicc", "init", "--state", &path("card"), "--pki", &path("pki")]);
    let euicc = path("pki/CERT_EUICC_ECDSA.der");
    run(&["pki", "crl", "--out", &path("eum.crl"), "--revoke", &euicc]);
    let both = fail(&[
        "pki",
        "crl",
        "--out",
        &path("x"),
        "--revoke",
        &euicc,
        "--revoke",
        &path("pki/CERT_EUM_ECDSA.der"),
    ]);
    assert!(both.contains("two issuers"), "{both}");

    let sm = Sm::start_with(folder.path(), &["--crl", &path("eum.crl")]);
    let (_, _, code) = sm.order(&[]);
    let refused =
        esim_lab().args(["lpa", "--state", &path("card"), "download", "--yes", &code]).output().unwrap();
    assert!(!refused.status.success());
    let refused = text(&refused);
    assert!(refused.contains("8.1.3") && refused.contains("6.1"), "{refused}");

    let nonsense =
        fail(&["sm", "serve", "--data", &path("other"), "--listen", "127.0.0.1:0", "--crl", &path("card")]);
    assert!(nonsense.contains("revocation list"), "{nonsense}");
}
