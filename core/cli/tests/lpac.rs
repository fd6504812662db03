//! lpac, unmodified, as its Debian package brings it: everything that it can
//! do, against our card in a PC/SC reader and our SM over HTTPS. What counts is
//! the card's state afterwards, not lpac's word.

use crate::common;

use common::worker::is_built;
use common::{Running, Sm, card_notifications, card_profiles, peer, run, wait_for};
use esim_rsp::Code;
use serde_json::{Value, json};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Of the card.
const EID: &str = "89049032123451234512345678901235";

/// A PC/SC daemon with one virtual reader.
pub struct Reader {
    port: u16,
    _daemon: Running,
    _alone: File,
}

/// A machine has one PC/SC daemon: whoever holds this file may start it, in whatever process.
fn alone() -> File {
    let file = File::create(std::env::temp_dir().join("esim-lab-pcscd.lock")).expect("a file");
    file.lock().expect("a lock");
    file
}

impl Reader {
    pub fn start(folder: &Path) -> Self {
        let alone = alone();
        let port = common::free_port();
        let configuration = folder.join("reader.conf");
        let driver = wait_for("the driver of the virtual reader", Duration::from_secs(1), driver);
        let text = format!(
            "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:0x{port:04X}\nLIBPATH {driver}\nCHANNELID 0x{port:04X}\n"
        );
        std::fs::write(&configuration, text).expect("a file");
        let daemon = Command::new("pcscd")
            .args(["--foreground", "--config"])
            .arg(&configuration)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pcscd is installed (package pcscd)");
        Self { port, _daemon: Running(daemon), _alone: alone }
    }

    /// Puts the card in, until the guard is dropped: then its power is cut.
    pub fn insert(&self, state: &str) -> Running {
        let address = format!("127.0.0.1:{}", self.port);
        let card = common::esim_lab()
            .args(["euicc", "serve", "--vpcd", &address, "--state", state])
            .stderr(Stdio::null())
            .spawn()
            .expect("the card starts");
        Running(card)
    }
}

fn driver() -> Option<String> {
    let folder = Path::new("/usr/lib/pcsc/drivers/serial/libifdvpcd.so");
    folder.exists().then(|| folder.display().to_string())
}

/// Runs lpac once the reader shows the card; its last line, parsed.
fn lpac(path: &str, arguments: &[&str]) -> Value {
    let (answer, printed) = lpac_says(path, arguments);
    assert_eq!(answer["payload"]["code"], 0, "lpac {arguments:?}: {printed}");
    answer["payload"]["data"].clone()
}

/// The same, whatever comes of it; and all that it printed.
fn lpac_says(path: &str, arguments: &[&str]) -> (Value, String) {
    let once = |arguments: &[&str]| {
        let output = Command::new(path)
            .args(arguments)
            .env("LPAC_APDU", "pcsc")
            .env("LPAC_HTTP", "curl")
            .output()
            .expect("lpac runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let last = text.lines().rfind(|line| line.contains("\"lpa\"")).unwrap_or_default();
        let parsed: Value = serde_json::from_str(last).unwrap_or(Value::Null);
        (parsed, format!("{text}{}", String::from_utf8_lossy(&output.stderr)))
    };
    wait_for("the card in the reader", Duration::from_secs(60), || {
        (once(&["chip", "info"]).0["payload"]["code"] == 0).then_some(())
    });
    once(arguments)
}

#[test]
fn lpac_does_all_that_it_can() {
    let Some(path) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", EID]);
    let reader = Reader::start(folder.path());
    let with_card = |arguments: &[&str]| {
        let card = reader.insert(&state);
        let answer = lpac(&path, arguments);
        // Pulled out without a word.
        drop(card);
        answer
    };

    let info = with_card(&["chip", "info"]);
    assert_eq!(info["eidValue"], EID);
    assert_eq!(info["EUICCInfo2"]["svn"], "2.6.0");

    with_card(&["chip", "defaultsmdp", "smdp.example"]);
    let info = with_card(&["chip", "info"]);
    assert_eq!(info["EuiccConfiguredAddresses"]["defaultDpAddress"], "smdp.example");

    let (iccid, token, _) = sm.order(&[]);
    with_card(&["profile", "download", "-s", &sm.address, "-m", &token]);
    assert_eq!(card_profiles(&state), [(iccid.clone(), false)]);
    assert_eq!(card_notifications(&state), 1);
    let listed = with_card(&["profile", "list"]);
    assert_eq!(listed[0]["iccid"], iccid.as_str());

    with_card(&["profile", "enable", &iccid]);
    assert_eq!(card_profiles(&state), [(iccid.clone(), true)]);
    with_card(&["profile", "nickname", &iccid, "Work"]);
    assert_eq!(with_card(&["profile", "list"])[0]["profileNickname"], "Work");
    assert_eq!(card_notifications(&state), 2);
    let waiting = with_card(&["notification", "list"]);
    let numbers: Vec<u64> =
        waiting.as_array().unwrap().iter().map(|it| it["seqNumber"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [0, 1], "the first number is 0");
    with_card(&["notification", "process", "-a", "-r"]);
    assert_eq!(card_notifications(&state), 0);

    with_card(&["profile", "disable", &iccid]);
    assert_eq!(card_profiles(&state), [(iccid.clone(), false)]);
    with_card(&["profile", "delete", &iccid]);
    assert_eq!(card_profiles(&state), []);
    assert_eq!(card_notifications(&state), 2);
    with_card(&["notification", "remove", "2"]);
    assert_eq!(card_notifications(&state), 1);
    with_card(&["notification", "process", "-a", "-r"]);
    assert_eq!(card_notifications(&state), 0);

    let (iccid, token, _) = sm.order(&[]);
    with_card(&["profile", "download", "-s", &sm.address, "-m", &token]);
    assert_eq!(card_profiles(&state), [(iccid, false)]);
    with_card(&["chip", "purge", "yes"]);
    assert_eq!(card_profiles(&state), []);
    let info = with_card(&["chip", "info"]);
    assert_eq!(info["EuiccConfiguredAddresses"]["defaultDpAddress"], Value::Null);
}

/// lpac asks the SM-DS over ES11 and finds the order that waits for its card.
#[test]
fn lpac_discovers_an_order() {
    let Some(path) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start_with(folder.path(), &["--smds-address", "127.0.0.1:0"]);
    discovers(&path, folder.path(), &sm);
}

#[test]
fn lpac_discovers_an_order_on_the_worker() {
    let Some(path) = peer("ESIM_LAB_LPAC").filter(|_| is_built()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::on_worker(folder.path(), &json!({}));
    discovers(&path, folder.path(), &sm);
}

fn discovers(path: &str, folder: &Path, sm: &Sm) {
    let smds = sm.address.replace("localhost", "127.0.0.1");
    let state = folder.join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", EID]);
    let reader = Reader::start(folder);
    let with_card = |arguments: &[&str]| {
        let card = reader.insert(&state);
        let answer = lpac(path, arguments);
        drop(card);
        answer
    };
    assert_eq!(with_card(&["profile", "discovery", "-s", &smds]), json!([]));
    let (iccid, token, _) = sm.order(&["--eid", EID, "--smds", &smds]);
    // lpac tells the servers, not the identifiers.
    let found = with_card(&["profile", "discovery", "-s", &smds]);
    assert_eq!(found, json!([sm.address]));
    with_card(&["profile", "download", "-s", &sm.address, "-m", &token]);
    assert_eq!(card_profiles(&state), [(iccid, false)]);
    with_card(&["notification", "process", "-a", "-r"]);
    assert_eq!(card_notifications(&state), 0);
}

/// What the SM refuses, lpac shows with our codes, and the card stays empty.
#[test]
fn lpac_is_refused_with_the_codes_of_the_standard() {
    let Some(path) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let impatient = || Sm::start_with(folder.path(), &["--order-seconds", "1"]);
    is_refused(&path, folder.path(), || Sm::start(folder.path()), impatient);
}

#[test]
fn lpac_is_refused_by_the_worker_just_so() {
    let Some(path) = peer("ESIM_LAB_LPAC").filter(|_| is_built()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let start = |more: Value| Sm::on_worker(folder.path(), &more);
    is_refused(&path, folder.path(), || start(json!({})), || start(json!({"ORDER_SECONDS": "1"})));
}

/// `impatient` starts an SM whose orders end after a second.
fn is_refused(path: &str, folder: &Path, start: impl Fn() -> Sm, impatient: impl Fn() -> Sm) {
    let state = folder.join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", EID]);
    let reader = Reader::start(folder);
    let refused = |sm: &Sm, token: &str, more: &[&str], subject: &str, reason: &str| {
        let card = reader.insert(&state);
        let arguments = [&["profile", "download", "-s", &sm.address, "-m", token], more].concat();
        let (answer, printed) = lpac_says(path, &arguments);
        drop(card);
        assert_ne!(answer["payload"]["code"], 0, "{printed}");
        // lpac shows the message that comes with a code.
        let code = Code::of(subject, reason).expect("a code of the table");
        let shown = answer["payload"]["data"].as_str().unwrap_or_default();
        assert!(shown.contains(code.cause()), "{code}, {}: {printed}", code.cause());
        assert_eq!(card_profiles(&state), []);
    };
    let sm = start();
    let (_, token, _) = sm.order(&["--confirmation-code", "1234"]);
    refused(&sm, &token, &["-c", "9999"], "8.2.7", "3.8");
    let (_, token, _) = sm.order(&["--eid", "89049032000000000000000000000066"]);
    refused(&sm, &token, &[], "8.1.1", "3.8");
    drop(sm);
    let sm = impatient();
    let (_, token, _) = sm.order(&[]);
    std::thread::sleep(Duration::from_millis(2100));
    refused(&sm, &token, &[], "8.8.5", "4.10");
}

/// What we tell others to run in their CI, with lpac as their LPA: a download is seen, and an LPA that does nothing.
#[test]
fn the_example_for_ci_holds() {
    let Some(path) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let reader = Reader::start(folder.path());
    let programs = Path::new(env!("CARGO_BIN_EXE_esim-lab")).parent().expect("a folder").display();
    let run = |lpa: &str| {
        Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/lpa-in-ci.sh"))
            .args(["sh", "-c", lpa])
            .env("PATH", format!("{programs}:{}", std::env::var("PATH").expect("a path")))
            .env("VPCD", format!("127.0.0.1:{}", reader.port))
            .envs([("LPAC", &*path), ("LPAC_APDU", "pcsc"), ("LPAC_HTTP", "curl")])
            .env("LANG", "C")
            .output()
            .expect("a shell")
    };
    let output = run(r#""$LPAC" profile download -a "$ACTIVATION_CODE""#);
    assert!(output.status.success() && common::text(&output).contains("installed: 89"), "{output:?}");
    let output = run("true");
    assert!(
        !output.status.success() && common::text(&output).contains("the card has no profile"),
        "{output:?}"
    );
}

/// A program that knows nothing of eSIMs finds an ordinary card.
#[test]
fn opensc_sees_a_card() {
    let Some(_) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let reader = Reader::start(folder.path());
    let _card = reader.insert(&state);
    let opensc = |arguments: &[&str]| {
        let output = Command::new("opensc-tool").args(arguments).output();
        let output = output.expect("opensc-tool is installed (package opensc)");
        (output.status.success(), common::text(&output))
    };
    let (_, atr) = wait_for("the card in the reader", Duration::from_secs(60), || {
        Some(opensc(&["-a"])).filter(|(done, _)| *done)
    });
    assert!(atr.contains("3b:9f:96:80:3f:c7:82:80:31:e0:73:f6:21:1f:67:65:73:69:6d:6c:61:62"), "{atr}");
    let (listed, readers) = opensc(&["-l"]);
    assert!(listed && readers.contains("Virtual PCD") && readers.contains("Yes"), "{readers}");
    let (sent, answer) = opensc(&["-s", "00A40004023F00"]);
    assert!(sent && answer.contains("SW1=0x90, SW2=0x00"), "{answer}");
}

/// Through `euicc serve --lpac-stdio -- lpac …`. lpac 2.3.0 gives up right
/// after it has written its first request (its own issue 436), whatever the
/// card answers: there, the test says so and checks that nothing else happens.
#[test]
fn lpac_over_stdio() {
    let Some(path) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", EID]);
    let output = common::esim_lab()
        .args(["euicc", "serve", "--lpac-stdio", "--state", &state, "--", &path, "chip", "info"])
        .output()
        .unwrap();
    let printed = common::text(&output);
    if printed.contains(r#""code":0"#) {
        assert!(printed.contains(EID), "{printed}");
        return;
    }
    println!("lpac's stdio driver does not work (its issue 436): {printed}");
    assert!(printed.contains(r#""message":"euicc_init""#), "{printed}");
    assert_eq!(card_profiles(&state), []);
}
