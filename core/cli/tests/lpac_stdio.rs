//! `esim-lab lpac` over standard input and output, with places that are its own, and as front-ends start it.

use crate::common;

use common::{Running, Sm, card_notifications, card_profiles, esim_lab, run, wait_for};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Of the card.
const EID: &str = "89049032123451234512345678901235";

fn card(folder: &Path) -> String {
    let state = folder.join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", EID]);
    state
}

/// The last line, which says how a command has ended.
fn ending(printed: &[u8]) -> Value {
    let printed = String::from_utf8_lossy(printed);
    let last = printed.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// Requests and answers as lpac has written and read them (a recording of its stdio driver, of before 2.3.0, with another
/// card), for the first request of a command.
#[test]
fn requests_are_those_of_lpac() {
    let mut child = esim_lab()
        .args(["lpac", "notification", "list"])
        .env("LPAC_APDU", "stdio")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut answers = child.stdin.take().unwrap();
    let mut requests = BufReader::new(child.stdout.take().unwrap()).lines();
    let exchange = [
        (r#"{"func":"connect","param":null}"#, r#"{"ecode":0}"#),
        (r#"{"func":"logic_channel_open","param":"a0000005591010ffffffff8900000100"}"#, r#"{"ecode":2}"#),
        (r#"{"func":"transmit","param":"82e2910003bf2800"}"#, r#"{"ecode":0,"data":"bf2802a0009000"}"#),
        (r#"{"func":"logic_channel_close","param":"02"}"#, r#"{"ecode":0}"#),
        (r#"{"func":"disconnect","param":null}"#, r#"{"ecode":0}"#),
    ];
    let envelope = |payload: &str| format!(r#"{{"type":"apdu","payload":{payload}}}"#);
    let mut ended = None;
    for (request, answer) in exchange {
        let mut line = requests.next().unwrap().unwrap();
        if line.contains(r#""lpa""#) {
            ended = Some(line);
            line = requests.next().unwrap().unwrap();
        }
        assert_eq!(line, envelope(request));
        writeln!(answers, "{}", envelope(answer)).unwrap();
    }
    let success = r#"{"type":"lpa","payload":{"code":0,"message":"success","data":[]}}"#;
    assert_eq!(ended.as_deref(), Some(success));
    assert!(child.wait().unwrap().success());
}

/// The whole of a life, with the card and the servers at the other end of the lines.
#[test]
fn whoever_has_started_it_has_card_and_network() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = card(folder.path());
    let (iccid, token, _) = sm.order(&[]);
    let lpac = |arguments: &[&str]| {
        let command = [&[env!("CARGO_BIN_EXE_esim-lab"), "lpac"], arguments].concat();
        let output = esim_lab()
            .args(["euicc", "serve", "--lpac-stdio", "--state", &state, "--"])
            .args(command)
            .env("LPAC_HTTP", "stdio")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", common::text(&output));
        ending(&output.stdout)["payload"]["data"].clone()
    };
    assert_eq!(lpac(&["chip", "info"])["eidValue"], EID);
    lpac(&["profile", "download", "-s", &sm.address, "-m", &token]);
    lpac(&["profile", "enable", &iccid, "1"]);
    assert_eq!(card_profiles(&state), [(iccid, true)]);
    lpac(&["notification", "process", "-ar"]);
    assert_eq!(card_notifications(&state), 0);
}

/// What does not answer, or not so, ends the program with a sentence.
#[test]
fn an_answer_that_is_none_is_told() {
    for (answers, told) in [
        ("", "it is closed, and an answer was awaited"),
        ("nothing\n", "expected"),
        ("{\"type\":\"http\",\"payload\":{\"ecode\":0}}\n", "a line of type apdu was awaited"),
        ("{\"type\":\"apdu\",\"payload\":{\"ecode\":-1}}\n", "answers -1 to connect"),
    ] {
        let mut child = esim_lab()
            .args(["lpac", "chip", "info"])
            .env("LPAC_APDU", "stdio")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(answers.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(255));
        assert_eq!(ending(&output.stdout)["payload"]["message"], "euicc_init");
        assert!(common::text(&output).contains(told), "{answers}: {}", common::text(&output));
    }
}

/// A software card in place of a reader, by this program's own name and by lpac's; it brings its CI.
#[test]
fn any_place_of_a_card_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = card(folder.path());
    let (iccid, _, code) = sm.order(&[]);
    let link = folder.path().join(format!("lpac{}", std::env::consts::EXE_SUFFIX));
    std::fs::copy(env!("CARGO_BIN_EXE_esim-lab"), &link).unwrap();
    let ask = |mut command: Command, arguments: &[&str]| {
        command.args(arguments).env("LPAC_APDU", format!("esim-lab:file:{state}"));
        let output =
            command.env("LIBEUICC_DEBUG_APDU", "1").env("LIBEUICC_DEBUG_HTTP", "1").output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", common::text(&output));
        (ending(&output.stdout)["payload"]["data"].clone(), common::text(&output))
    };
    let by_name = || Command::new(&link);
    let by_word = || {
        let mut command = esim_lab();
        command.arg("lpac");
        command
    };
    let (_, said) = ask(by_name(), &["profile", "download", "-a", &code]);
    for debug in ["[DEBUG] [APDU] [TX] CLA: 81, INS: E2, P1: 91", "[DEBUG] [HTTP] [RX] rcode: 200"] {
        assert!(said.contains(debug), "{said}");
    }
    assert_eq!(ask(by_word(), &["profile", "list"]).0[0]["iccid"], iccid.as_str());
    let output = by_name().arg("chip").env("LPAC_APDU", "esim-lab:nowhere").output().unwrap();
    assert!(common::text(&output).contains("nowhere is no place of a card"), "{output:?}");
}

/// EasyLPAC gives its lpac these variables and no others; for a card that may be any, the CIs lie beside the program.
#[test]
fn cis_lie_beside_it_where_no_variable_comes_through() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = card(folder.path());
    let (iccid, token, _) = sm.order(&[]);
    let port = common::free_port();
    let served = esim_lab()
        .args(["euicc", "serve", "--tcp", &format!("127.0.0.1:{port}"), "--state", &state])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let served = Running(served);
    let program = folder.path().join(format!("lpac{}", std::env::consts::EXE_SUFFIX));
    std::fs::copy(env!("CARGO_BIN_EXE_esim-lab"), &program).unwrap();
    let lpac = |arguments: &[&str]| {
        let output = Command::new(&program)
            .args(arguments)
            .env_clear()
            .env("LPAC_HTTP", "curl")
            .env("LPAC_CUSTOM_ISD_R_AID", "A0000005591010FFFFFFFF8900000100")
            .env("LPAC_APDU", format!("esim-lab:tcp:127.0.0.1:{port}"))
            .current_dir(folder.path())
            .output()
            .unwrap();
        (ending(&output.stdout)["payload"].clone(), common::text(&output))
    };
    wait_for("the card", Duration::from_secs(20), || (lpac(&["chip", "info"]).0["code"] == 0).then_some(()));
    let download = ["profile", "download", "-s", &sm.address, "-m", &token];
    let (ended, told) = lpac(&download);
    assert_eq!(ended["data"], "HTTP transport failed", "{told}");
    assert!(told.contains("no CI is named") && told.contains("a folder esim-lab-ci beside lpac"), "{told}");

    let cis = folder.path().join("esim-lab-ci");
    std::fs::create_dir(&cis).unwrap();
    std::fs::copy(sm.data.join("pki/CERT_CI_ECDSA_NIST.der"), cis.join("ci.der")).unwrap();
    std::fs::write(cis.join("README"), "no certificate").unwrap();
    let (ended, told) = lpac(&download);
    assert_eq!(ended["code"], 0, "{told}");
    drop(served);
    assert_eq!(card_profiles(&state), [(iccid, false)]);
}
