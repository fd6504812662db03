//! The command as a person uses it.

use crate::common;

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

/// In a terminal (`script` makes one) a download shows how far it is, on standard error alone; elsewhere it does not.
#[test]
fn a_download_shows_how_far_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let (_, _, code) = sm.order(&[]);
    let lab = env!("CARGO_BIN_EXE_esim-lab");
    let typescript = folder.path().join("typescript");
    let shown = std::process::Command::new("script")
        .args(["-qec", &format!("'{lab}' lpa --state '{state}' download --yes '{code}' >/dev/null")])
        .arg(&typescript)
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(shown.expect("script, of util-linux").success());
    let shown = std::fs::read_to_string(&typescript).unwrap();
    let percents: Vec<u32> = shown
        .split('%')
        .filter_map(|part| part.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
        .collect();
    // How often it is drawn is a matter of time: a download takes a few milliseconds here.
    assert!(
        !percents.is_empty() && percents.is_sorted() && percents.iter().all(|percent| *percent <= 100),
        "{shown}"
    );

    let (_, _, code) = sm.order(&[]);
    let mut command = common::esim_lab();
    let output = command.args(["lpa", "--state", &state, "download", "--yes", &code]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !told.contains('%') && !told.contains('\u{1b}'), "{told}");
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
    assert!(fail(&["lpa", "--state", &state, "list"]).contains("no memory of an eUICC"));
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
    let unreachable =
        fail_or_text(&["lpa", "--state", &state, "download", "-y", "--tries", "0", "LPA:1$127.0.0.1:9$X"]);
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
        (
            "> 81E2910006BF3E035C015A\n< BF3E125A10890490320000000000000000000000009000\n> what",
            vec![
                "log of APDUs, 1 APDU, 1 function of ES10",
                "note: line 3: this looks like an APDU",
                "0  LPA > eUICC  ES10c GetEID, 6 octets",
                "2  eUICC > LPA  9000  BF3E",
                "GetEuiccDataResponse",
            ],
        ),
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

/// A reader that has gone is no error: no command panics, nor complains.
#[test]
fn nobody_has_to_read_to_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let data = sm.data.display().to_string();
    let state = folder.path().join("card").display().to_string();
    let out = folder.path().join("out").display().to_string();
    let package = folder.path().join("package.der").display().to_string();
    let description =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/cases/profile/subscriber.json").to_string();
    let missing = folder.path().join("missing").display().to_string();
    sm.order(&[]);
    let server = ["--sm", &sm.address, "--data", &data];
    let with_server =
        |command: &[&str]| [command, &server].concat().iter().map(ToString::to_string).collect();
    let words = |command: &[&str]| command.iter().map(ToString::to_string).collect();
    let commands: Vec<(i32, Vec<String>)> = vec![
        (0, words(&["--help"])),
        (0, words(&["euicc", "init", "--state", &state])),
        (0, words(&["lpa", "--state", &state, "info"])),
        (0, words(&["lpa", "--state", &state, "list"])),
        (0, with_server(&["sm", "orders"])),
        (0, with_server(&["sm", "orders", "--json"])),
        (0, with_server(&["sm", "templates"])),
        (0, with_server(&["sm", "order"])),
        (0, words(&["net", "list"])),
        (0, words(&["net", "rules"])),
        (0, words(&["net", "run", "umts"])),
        (0, words(&["demo", "--seed", "7"])),
        (0, words(&["profile", "build", &description, "-o", &package])),
        (0, words(&["profile", "show", &package])),
        (0, words(&["profile", "check", &package])),
        (0, words(&["explain", "BF2E 1280 1000 0102030405060708090A0B0C0D0E0F"])),
        (0, words(&["pki", "euicc", "--out", &out])),
        (1, words(&["lpa", "--state", &missing, "list"])),
        (2, words(&["profile", "show", &missing])),
    ];
    for (code, arguments) in commands {
        let gone = || {
            let (_, writer) = std::io::pipe().unwrap();
            writer
        };
        let half = common::esim_lab().args(&arguments).stdout(gone()).output().unwrap();
        let said = common::text(&half);
        assert_eq!(half.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains("roken pipe"), "{arguments:?}: {said}");
        if !arguments.contains(&"init".to_string()) {
            let none = common::esim_lab().args(&arguments).stdout(gone()).stderr(gone()).output().unwrap();
            assert_eq!(none.status.code(), Some(code), "{arguments:?} without standard error");
        }
    }
}

/// What is written into a question is its answer, whoever writes; a closed input is none.
#[test]
fn questions_are_answered_by_what_is_piped() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let answered = |arguments: &[&str], answer: &str| {
        let mut child = common::esim_lab()
            .args(["lpa", "--state", &state])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.success(), common::text(&output))
    };
    let (_, _, code) = sm.order(&[]);
    let (installed, said) = answered(&["download", &code], "n\n");
    assert!(!installed && said.contains("You refused the profile"), "{said}");
    let (iccid, _, code) = sm.order(&["--imsi", "001010123456780"]);
    let (installed, said) = answered(&["download", &code], "");
    assert!(!installed && said.contains("standard input is closed") && said.contains("--yes"), "{said}");
    let (installed, said) = answered(&["download", &code], "later\n");
    assert!(!installed && said.contains("You put the download off"), "{said}");
    let (installed, said) = answered(&["download", &code], "y\n");
    assert!(installed, "{said}");
    let (deleted, said) = answered(&["delete", &iccid], "");
    assert!(!deleted && said.contains("--yes"), "{said}");
    assert!(!answered(&["delete", &iccid], "0000\n").0);
    assert!(answered(&["delete", &iccid], &format!("{}\n", &iccid[iccid.len() - 4..])).0);
}

#[test]
fn what_a_card_tells_of_itself_is_for_reading() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", "89049032123451234512345678901235"]);
    let info = run(&["lpa", "--state", &state, "info"]);
    assert!(info.contains("EID                 89049032123451234512345678901235"), "{info}");
    assert!(info.contains("free memory         ") && !info.contains('{'), "{info}");
    let json = run(&["lpa", "--state", &state, "--json", "info"]);
    assert!(common::result_of(&json)["eid"].is_string());
}

/// `--upp` takes what `profile` takes; the codes that the SM draws for a subscriber are told.
#[test]
fn an_order_takes_a_package_and_tells_codes() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let case = |file: &str| format!("{}/../../tests/cases/profile/{file}", env!("CARGO_MANIFEST_DIR"));
    let (iccid, _, code) = sm.order(&["--upp", &case("iccid-in-nibble-order/package.hex")]);
    assert_eq!(iccid, "89000123456789012341", "that of EF.ICCID");
    run(&["lpa", "--state", &state, "download", "--yes", &code]);
    assert_eq!(card_profiles(&state), [(iccid, false)]);
    let data = sm.data.display().to_string();
    let server = ["sm", "order", "--sm", &sm.address, "--data", &data];
    let refused = fail(&[&server[..], &["--upp", &case("iccid-of-another-profile/package.hex")]].concat());
    assert!(refused.contains("the header says ICCID"), "{refused}");
    fail(&[&server[..], &["--upp", &case("subscriber.json")]].concat());

    let told = run(&server);
    for code in ["ADM1", "PUK1", "PUK2"] {
        let line = told.lines().find(|line| line.starts_with(code)).unwrap_or_default();
        assert!(line.split_whitespace().nth(1).is_some_and(|value| value.len() >= 8), "{told}");
    }
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
