//! The command as a person uses it.

mod common;

use common::{Sm, card_notifications, card_profiles, fail, run};
use std::io::{Read, Write};
use std::process::Stdio;

const DIGEST: &str = include_str!("../../../tests/cases/story-seed-7/digest");

#[test]
fn the_demo_repeats_over_https() {
    for _ in 0..2 {
        let printed = run(&["demo", "--seed", "7"]);
        assert!(printed.contains("the SM-DP+ and the card agree"), "{printed}");
        assert!(printed.contains(DIGEST.trim()), "{printed}");
    }
}

#[test]
fn an_order_is_downloaded_switched_and_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    assert!(fail(&["euicc", "init", "--state", &state]).contains("--force"));
    let (iccid, _, code) = sm.order(&["--spn", "テスト"]);
    let lpa = |arguments: &[&str]| run(&[&["lpa", "--state", &state], arguments].concat());

    let printed = lpa(&["download", "--yes", &code]);
    assert!(printed.contains("installed"), "{printed}");
    assert_eq!(card_profiles(&state), [(iccid.clone(), false)]);
    assert_eq!(card_notifications(&state), 0, "the result was delivered");
    lpa(&["enable", &iccid]);
    assert_eq!(card_profiles(&state), [(iccid.clone(), true)]);
    lpa(&["nickname", &iccid, "仕事"]);
    assert!(lpa(&["list"]).contains("仕事"));
    assert_eq!(card_notifications(&state), 1);
    lpa(&["notifications"]);
    assert_eq!(card_notifications(&state), 0);
    let refused = fail(&["lpa", "--state", &state, "delete", "--yes", &iccid]);
    assert!(refused.contains("profileNotInDisabledState"), "{refused}");
    lpa(&["disable", &iccid]);
    lpa(&["delete", "--yes", &iccid]);
    assert_eq!(card_profiles(&state), []);
    lpa(&["notifications"]);

    // The code has been used: the SM says so, with its own words.
    let again =
        common::esim_lab().args(["lpa", "--state", &state, "download", "--yes", &code]).output().unwrap();
    assert!(!again.status.success());
    assert!(common::text(&again).contains("8.2.6"), "{}", common::text(&again));
}

#[test]
fn a_provisioning_profile_is_hidden_and_fallen_back_to() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let lpa = |arguments: &[&str]| run(&[&["lpa", "--state", &state], arguments].concat());
    let nothing = "nothing to fall back to";
    assert!(fail(&["lpa", "--state", &state, "fall-back"]).contains(nothing));

    let (provisioning, _, code) = sm.order(&["--class", "provisioning"]);
    lpa(&["download", "--yes", &code]);
    assert!(lpa(&["list"]).contains("no profiles"));
    assert!(lpa(&["fall-back"]).contains(&provisioning));
    assert!(fail(&["lpa", "--state", &state, "fall-back"]).contains(nothing), "it is enabled");

    let (operational, _, code) = sm.order(&[]);
    lpa(&["download", "--yes", &code]);
    lpa(&["enable", &operational]);
    assert_eq!(card_profiles(&state), [(operational.clone(), true)]);
    assert!(fail(&["lpa", "--state", &state, "fall-back"]).contains(nothing), "another is enabled");
    lpa(&["disable", &operational]);
    assert!(lpa(&["fall-back"]).contains(&provisioning));

    assert!(fail(&["lpa", "--state", &state, "reset"]).contains("--operational"));
    assert!(fail(&["lpa", "--state", &state, "reset", "--operational"]).contains("--yes"));
    lpa(&["reset", "--operational", "--yes"]);
    assert_eq!(card_profiles(&state), []);
    let again = fail(&["lpa", "--state", &state, "reset", "--operational", "--yes"]);
    assert!(again.contains("nothingToDelete"), "{again}");
    lpa(&["disable", &provisioning]);
    assert!(lpa(&["fall-back"]).contains(&provisioning), "the reset left it");
}

#[test]
fn confirmation_codes() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let (iccid, _, code) = sm.order(&["--confirmation-code", "4711"]);
    assert!(code.ends_with("$$1"), "{code}");
    let wrong = common::esim_lab()
        .args(["lpa", "--state", &state, "download", "--yes", "--confirmation-code", "0815", &code])
        .output()
        .unwrap();
    assert!(!wrong.status.success());
    assert!(common::text(&wrong).contains("8.2.7"), "{}", common::text(&wrong));
    run(&["lpa", "--state", &state, "download", "--yes", "--confirmation-code", "4711", &code]);
    assert_eq!(card_profiles(&state), [(iccid, false)]);
}

#[test]
fn nonsense_gets_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("card").display().to_string();
    let missing = fail(&["lpa", "--state", &state, "list"]);
    assert!(missing.contains("euicc init --state"), "{missing}");
    std::fs::write(&state, b"not a card").unwrap();
    assert!(fail(&["lpa", "--state", &state, "list"]).contains("not an eUICC's state"));
    std::fs::remove_file(&state).unwrap();
    run(&["euicc", "init", "--state", &state, "--eid", "89049032123451234512345678901235"]);
    for (code, words) in [
        ("1smdp.example.comX", "quote it"),
        ("LPA:2$smdp.example.com$X", "starts with 1$"),
        ("LPA:1$$X", "address"),
        ("LPA:1$smdp.example.com$a b", "matchingId"),
    ] {
        let said = fail(&["lpa", "--state", &state, "download", code]);
        assert!(said.contains(words), "{code}: {said}");
    }
    let unreachable = fail_or_text(&["lpa", "--state", &state, "download", "-y", "LPA:1$127.0.0.1:9$X"]);
    assert!(unreachable.contains("127.0.0.1:9"), "{unreachable}");
    assert!(
        fail(&["euicc", "init", "--force", "--state", &state, "--eid", "123"]).contains("32 decimal digits")
    );
    let unknown = fail(&["explain", "xyz!"]);
    assert!(unknown.contains("neither hexadecimal") && unknown.contains("nor is there a file"), "{unknown}");
    assert!(fail(&["explain", "BF2E12"]).contains("neither TLVs"));
    let tree = run(&["explain", "BF2E 1280 1000 0102030405060708090A0B0C0D0E0F"]);
    assert!(tree.contains("euiccChallenge") && tree.contains("5.7.7"), "{tree}");
}

/// What people paste: as an argument, from a file, from standard input.
#[test]
fn whatever_is_pasted_is_explained() {
    for (pasted, words) in [
        ("vyAJggMCBgCpAKoA", vec!["EUICCInfo1", "5.7.8"]),
        ("81E2910006BF3E035C015A", vec!["STORE DATA", "GetEuiccDataRequest"]),
        ("BF3E125A10890490320000000000000000000000009000", vec!["9000: executed", "GetEuiccDataResponse"]),
        (
            r#"{"transactionId":"00","euiccInfo1":"vyAJggMCBgCpAKoA"}"#,
            vec!["transactionId = \"00\"", "EUICCInfo1"],
        ),
        ("LPA:1$smdp.example.com$A", vec!["smdpAddress = \"smdp.example.com\""]),
        ("-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----", vec!["CERTIFICATE, 5 octets"]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pasted").display().to_string();
        std::fs::write(&file, pasted).unwrap();
        for printed in [run(&["explain", pasted]), run(&["explain", &file]), piped(pasted)] {
            assert!(words.iter().all(|words| printed.contains(words)), "{pasted}: {printed}");
        }
    }
}

fn piped(input: &str) -> String {
    let mut command = common::esim_lab();
    let mut child =
        command.args(["explain", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{input}");
    common::text(&output)
}

fn fail_or_text(arguments: &[&str]) -> String {
    let output = common::esim_lab().args(arguments).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    common::text(&output)
}

/// The JSON lines of lpac's stdio interface, with garbage between them.
#[test]
fn json_lines() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", "89049032123451234512345678901235"]);
    let mut child = common::esim_lab()
        .args(["euicc", "serve", "--lpac-stdio", "--state", &state])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = [
        r#"{"type":"apdu","payload":{"func":"connect","param":null}}"#,
        r#"{"type":"progress","payload":{"code":0,"message":"passed through","data":null}}"#,
        "garbage {",
        r#"{"type":"apdu","payload":{"func":"logic_channel_open","param":"a0000005591010ffffffff8900000100"}}"#,
        r#"{"type":"apdu","payload":{"func":"transmit","param":"81e2910006bf3e035c015a"}}"#,
        r#"{"type":"apdu","payload":{"func":"transmit","param":"81c0000015"}}"#,
        r#"{"type":"apdu","payload":{"func":"transmit","param":"xx"}}"#,
        r#"{"type":"apdu","payload":{"func":"logic_channel_open","param":"a000000000"}}"#,
        r#"{"type":"apdu","payload":{"func":"logic_channel_close","param":"01"}}"#,
        r#"{"type":"apdu","payload":{"func":"disconnect","param":null}}"#,
    ];
    child.stdin.take().unwrap().write_all(lines.join("\n").as_bytes()).unwrap();
    let mut answered = String::new();
    child.stdout.take().unwrap().read_to_string(&mut answered).unwrap();
    assert!(child.wait().unwrap().success());
    let apdu = |payload: &str| format!(r#"{{"type":"apdu","payload":{payload}}}"#);
    let expected = [
        apdu(r#"{"ecode":0}"#),
        apdu(r#"{"ecode":1}"#),
        apdu(r#"{"data":"6115","ecode":0}"#),
        apdu(r#"{"data":"bf3e125a10890490321234512345123456789012359000","ecode":0}"#),
        apdu(r#"{"ecode":-1}"#),
        apdu(r#"{"ecode":-1}"#),
        apdu(r#"{"ecode":0}"#),
        apdu(r#"{"ecode":0}"#),
    ];
    assert_eq!(answered.lines().collect::<Vec<_>>(), expected);
}
