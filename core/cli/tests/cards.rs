//! The LPA with cards that are not in a file: over TCP, in a PC/SC reader, of a recording.

use crate::common;
use crate::lpac::Reader;

use common::{Running, Sm, card_profiles, esim_lab, fail, free_port, run, text, wait_for};
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_reader::modem::DIALECTS;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

const EID: &str = "89049032123451234512345678901235";

fn card(folder: &Path) -> String {
    let state = folder.join("card").display().to_string();
    run(&["euicc", "init", "--state", &state, "--eid", EID]);
    state
}

/// The CI of the test PKI, as a file.
pub fn ci(folder: &Path) -> String {
    let path = folder.join("ci.der");
    std::fs::write(&path, &TestPki::well_known(Curve::P256).ci.certificate).unwrap();
    path.display().to_string()
}

fn json_of(arguments: &[&str]) -> Value {
    serde_json::from_str(&run(arguments)).expect("JSON")
}

/// What the LPA says of a card at some place; what is unfinished lies in a folder of the test.
pub fn lpa_in(folder: &Path, place: &str, ci: &str, arguments: &[&str]) -> Value {
    let all = [&["lpa", "--card", place, "--ci", ci, "--json"], arguments].concat();
    let output = esim_lab().args(&all).current_dir(folder).output().expect("esim-lab runs");
    assert!(output.status.success(), "esim-lab {all:?}: {}", text(&output));
    common::result_of(&text_of(&output.stdout))
}

fn text_of(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// A program at a port that has a card.
fn serve(arguments: &[&str]) -> (Running, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let mut command = esim_lab();
    command.arg("euicc").args(arguments).args(["--tcp", &address]).stderr(Stdio::null());
    let child = Running(command.spawn().expect("the card starts"));
    wait_for("the card", Duration::from_secs(20), || std::net::TcpStream::connect(&address).ok());
    (child, format!("tcp:{address}"))
}

/// Everything that an LPA does to a card, at one place where it is.
fn everything(folder: &Path, place: &str, sm: &Sm, ci: &str) {
    let lpa = |arguments: &[&str]| lpa_in(folder, place, ci, arguments);
    assert_eq!(lpa(&["info"])["eid"], EID);
    assert_eq!(lpa(&["list"]), json!([]));
    let (iccid, _, code) = sm.order(&[]);
    assert_eq!(lpa(&["download", "--yes", &code])["ending"]["type"], "installed");
    lpa(&["enable", &iccid]);
    assert_eq!(lpa(&["list"])[0]["enabled"], true);
    lpa(&["nickname", &iccid, "work"]);
    assert_eq!(lpa(&["list"])[0]["nickname"], "work");
    lpa(&["disable", &iccid]);
    lpa(&["delete", "--yes", &iccid]);
    lpa(&["notifications"]);
    assert_eq!(lpa(&["notifications", "--list"]), json!([]));
    assert_eq!(lpa(&["list"]), json!([]));
}

#[test]
fn a_card_over_tcp_is_as_one_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (state, ci) = (card(folder.path()), ci(folder.path()));
    let sm = Sm::start(folder.path());
    let (served, place) = serve(&["serve", "--state", &state]);
    everything(folder.path(), &place, &sm, &ci);
    // Its CIs are not known here: whoever uses it names them.
    let (_, _, code) = sm.order(&[]);
    let download = ["lpa", "--card", &place, "download", "--yes", "--tries", "0", &code];
    let refused = esim_lab().args(download).current_dir(folder.path()).output().expect("esim-lab runs");
    assert!(!refused.status.success());
    let refused = text(&refused);
    let why = ["no CI is named", "--ci FILE", "a certificate issuer that this card does not trust"];
    assert!(why.iter().all(|why| refused.contains(why)), "{refused}");
    drop(served);
    assert_eq!(card_profiles(&state), []);
    let gone = fail(&["lpa", "--card", &place, "list"]);
    assert!(gone.contains("no card at 127.0.0.1"), "{gone}");
}

#[test]
fn a_card_in_a_reader_is_as_one_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let (state, ci) = (card(folder.path()), ci(folder.path()));
    if fail_or_run(&["cards"]).contains("built without readers") {
        assert!(std::env::var_os("ESIM_LAB_REQUIRE_PEERS").is_none(), "esim-lab was built without readers");
        println!("skipped: esim-lab was built without readers (--features esim-cli/pcsc)");
        return;
    }
    let sm = Sm::start(folder.path());
    let reader = Reader::start(folder.path());
    let empty = wait_for("the daemon", Duration::from_secs(20), || {
        let told = fail_or_run(&["lpa", "--card", "reader", "list"]);
        told.contains("there is no card in").then_some(told)
    });
    assert!(empty.contains("Virtual PCD"), "{empty}");
    let inserted = reader.insert(&state);
    wait_for("the card in the reader", Duration::from_secs(60), || {
        let cards = json_of(&["cards", "--json"]);
        let listed = cards["cards"].as_array()?;
        listed.iter().any(|it| it["present"] == true).then_some(())
    });
    let told = run(&["cards"]);
    assert!(told.contains("reader:Virtual PCD") && told.contains("a card, ATR 3B"), "{told}");
    everything(folder.path(), "reader:Virtual PCD 00 00", &sm, &ci);
    everything(folder.path(), "reader", &sm, &ci);
    let other = fail(&["lpa", "--card", "reader:Omnikey", "list"]);
    assert!(other.contains("no reader has Omnikey in its name; there is Virtual PCD"), "{other}");
    drop(inserted);
}

/// A virtual modem, and the port at which it is.
pub fn modem(state: &str, quirks: &str) -> (Running, String) {
    let mut command = esim_lab();
    command.args(["modem", "--state", state, "--quirks", quirks]).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the modem starts");
    let first =
        BufReader::new(child.stdout.take().expect("a pipe")).lines().next().expect("a line").expect("a line");
    let path = first.strip_prefix(&format!("{quirks} at ")).expect("a port").to_string();
    (Running(child), format!("modem:{path}"))
}

/// What takes the longest commands, and resets the card: each command opens the modem anew, and some take their time.
fn by_modem(folder: &Path, place: &str, sm: &Sm, ci: &str) {
    let lpa = |arguments: &[&str]| lpa_in(folder, place, ci, arguments);
    let (iccid, _, code) = sm.order(&[]);
    assert_eq!(lpa(&["download", "--yes", &code])["ending"]["type"], "installed", "{place}");
    lpa(&["enable", &iccid]);
    let list = lpa(&["list"]);
    assert_eq!((&list[0]["iccid"], &list[0]["enabled"]), (&json!(iccid), &json!(true)), "{place}");
}

/// Modems at which no way leads to the ISD-R, and what the LPA says of it.
const CLOSED: [(&str, &str); 3] = [
    ("Huawei MS2372h-517", "no logical channel"),
    ("Moxa OnCell G2150I", "refuses"),
    ("Quectel EP06", "+CCHO"),
];

#[test]
fn a_card_behind_a_modem_of_any_ways_is_as_one_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let ci = ci(folder.path());
    let sm = Sm::start(folder.path());
    std::thread::scope(|scope| {
        for (at, dialect) in DIALECTS.iter().enumerate() {
            let (sm, ci, folder) = (&sm, &ci, folder.path());
            scope.spawn(move || {
                let own = folder.join(at.to_string());
                std::fs::create_dir(&own).unwrap();
                let (_modem, place) = modem(&card(&own), dialect.name);
                match CLOSED.iter().find(|(name, _)| *name == dialect.name) {
                    None => by_modem(&own, &place, sm, ci),
                    Some((name, why)) => {
                        let told = fail(&["lpa", "--card", &place, "list"]);
                        assert!(told.contains(why), "{name}: {told}");
                    }
                }
            });
        }
    });
}

#[test]
fn modems_are_named_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let state = card(folder.path());
    let listed = run(&["modem", "--list"]);
    assert!(DIALECTS.iter().all(|it| listed.contains(it.name) && listed.contains(it.quote)), "{listed}");
    assert!(
        fail(&["modem", "--state", &state, "--quirks", "nokia"]).contains("no dialect has nokia in its name")
    );
    assert!(fail(&["modem", "--state", &state, "--quirks", "sierra"]).contains("Sierra Wireless EM7590 or"));
    let link = folder.path().join("port");
    let mut command = esim_lab();
    command
        .args(["modem", "--state", &state, "--quirks", "fm350", "--link"])
        .arg(&link)
        .stdout(Stdio::null());
    let running = Running(command.spawn().expect("the modem starts"));
    wait_for("the link", Duration::from_secs(20), || link.exists().then_some(()));
    let place = format!("modem:{}@9600", link.display());
    assert_eq!(common::result_of(&run(&["lpa", "--card", &place, "--json", "info"]))["eid"], EID);
    drop(running);
    let gone = fail(&["lpa", "--card", &place, "list"]);
    assert!(gone.contains("there is no such port"), "{gone}");
}

#[test]
fn the_isd_r_has_the_name_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let state = card(folder.path());
    let info = |aid: &str| {
        esim_lab().args(["lpa", "--state", &state, "--json", "info", "--aid", aid]).output().unwrap()
    };
    let own = info("A0000005591010FFFFFFFF8900000100");
    let told = common::result_of(&text_of(&own.stdout));
    assert_eq!((&told["eid"], &told["isdrVariant"]), (&json!(EID), &json!("custom")));
    let other = text(&info("A0000005591010FFFFFFFF8900050500"));
    assert!(other.contains("the card is no eUICC: it knows none of the 1 ISD-R AIDs tried"), "{other}");
    let short = text(&info("A0000005"));
    assert!(short.contains("an AID has 5 to 16 octets, and A0000005 has 4"), "{short}");
}

fn fail_or_run(arguments: &[&str]) -> String {
    text(&esim_lab().args(arguments).stdin(Stdio::null()).output().expect("esim-lab runs"))
}

#[test]
fn what_is_recorded_answers_again_and_tells_nobody_whose_card_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let state = card(folder.path());
    let sm = Sm::start(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (masked, clear) = (file("masked"), file("clear"));
    let (iccid, matching_id, code) = sm.order(&["--confirmation-code", "2468"]);
    let download = ["download", "--yes", "--confirmation-code", "2468", &code];
    run(&[&["lpa", "--state", &state, "--record", &masked], &download[..]].concat());
    let recorded = std::fs::read_to_string(&masked).unwrap();
    assert!(recorded.starts_with("{\"recording\":1,\"masked\":true}\n"), "{recorded}");
    let padded = format!("{iccid:f<20}");
    let swapped: String =
        padded.as_bytes().chunks(2).flat_map(|pair| [pair[1], pair[0]]).map(char::from).collect();
    let all: String = octets(&recorded);
    for secret in [EID.to_string(), hex::encode(EID), swapped[..18].to_string(), hex::encode(&matching_id)] {
        assert!(!all.contains(&secret), "{secret} stands in the recording");
    }

    // What is kept for the SM-DP+ has the card's certificate, and nobody asks for its EID.
    run(&["lpa", "--state", &state, "enable", &iccid]);
    let waiting = file("waiting");
    run(&["lpa", "--state", &state, "--record", &waiting, "notifications"]);
    let all = octets(&std::fs::read_to_string(&waiting).unwrap());
    assert!(all.contains(&hex::encode("89049032")), "the certificate is there");
    assert!(!all.contains(&hex::encode(EID)), "the EID stands in the certificate");

    let list = ["--json", "list"];
    let told = run(&[&["lpa", "--state", &state, "--record", &clear, "--record-clear"], &list[..]].concat());
    assert!(octets(&std::fs::read_to_string(&clear).unwrap()).contains(&swapped[..18]));
    let replay = format!("replay:{clear}");
    assert_eq!(run(&[&["lpa", "--card", &replay], &list[..]].concat()), told);
    // Another question than was asked.
    let refused = fail(&["lpa", "--card", &replay, "nickname", &iccid, "x"]);
    assert!(refused.contains("the recording goes on otherwise"), "{refused}");
    // As a card that another program is given, and in any order.
    let (_served, place) = serve(&["replay", &clear, "--any-order"]);
    for _ in 0..2 {
        assert_eq!(run(&[&["lpa", "--card", &place], &list[..]].concat()), told);
    }

    // Masked, it is one of the same exchanges: the list names another profile.
    run(&[&["lpa", "--state", &state, "--record", &masked], &list[..]].concat());
    let other = run(&[&["lpa", "--card", &format!("replay:{masked}")], &list[..]].concat());
    let (other, real) = (common::result_of(&other), common::result_of(&told));
    assert_ne!(other[0]["iccid"], real[0]["iccid"]);
    assert_eq!(other[0]["iccid"].as_str().map(|it| &it[..6]), Some(&iccid[..6]));
    assert_eq!(other[0]["serviceProviderName"], real[0]["serviceProviderName"]);
}

/// All octets of a recording, commands without their headers, in hexadecimal digits: values may lie across APDUs.
fn octets(recorded: &str) -> String {
    let lines: Vec<Value> =
        recorded.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |name: &str| {
        lines.iter().filter_map(|line| line[name].as_str()).map(str::to_string).collect::<Vec<_>>()
    };
    let commands = of("command").into_iter().filter(|it| it.get(2..4) != Some("c0"));
    let commands: String = commands.map(|it| it.get(10..).unwrap_or_default().to_string()).collect();
    let responses: String = of("response").into_iter().map(|it| it[..it.len() - 4].to_string()).collect();
    format!("{commands} {responses}")
}

#[test]
fn what_is_no_recording_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("recording");
    let place = format!("replay:{}", path.display());
    for (text, why) in [
        ("", "it is empty"),
        ("{}\n", "its first line is not that of a recording"),
        ("{\"recording\":2,\"masked\":true}\n", "it is of version 2"),
        (
            "{\"recording\":1,\"masked\":true}\n{\"command\":\"00\",\"response\":\"9000\"}\n",
            "line 2: a command has 4 octets",
        ),
        ("{\"recording\":1,\"masked\":true}\n\n{\"command\":\"00a4\"}\n", "line 3 is none of a recording"),
        (
            "{\"recording\":1,\"masked\":true}\n{\"command\":\"00a40000\",\"response\":\"9\"}\n",
            "line 2 is none",
        ),
    ] {
        std::fs::write(&path, text).unwrap();
        let told = fail(&["lpa", "--card", &place, "list"]);
        assert!(told.contains(why), "{text:?}: {told}");
    }
    let told = fail(&["lpa", "--card", "drawer:2", "list"]);
    assert!(told.contains("drawer:2 is no place of a card"), "{told}");
}
