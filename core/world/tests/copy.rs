//! What is taken from a session is what other programs take, and tests that are written do pass.

use esim_rsp::trace::{Party, Record};
use esim_sm_edge::block_on;
use esim_world::{
    Act, Copied, CopyForm, Origin, Scenario, Session, Wish, Words, begun, copy_as, read_foreign,
};
use std::path::Path;

/// A session: what was said, what was done.
struct Told {
    records: Vec<Record>,
    acts: Vec<Act>,
    origin: Origin,
}

impl Told {
    fn copy(&self, form: CopyForm, n: Option<u32>) -> Result<Copied, Words> {
        let Self { records, acts, origin } = self;
        copy_as(&Session { records, acts, heard: &[], origin }, form, n)
    }

    fn text(&self, form: CopyForm, n: Option<u32>) -> String {
        match self.copy(form, n).unwrap_or_else(|reason| panic!("{form:?}: {reason}")) {
            Copied::Text(text) => text,
            Copied::Octets(_) => panic!("{form:?} is no text"),
        }
    }

    /// The number of the first message of a function.
    fn first(&self, function: &str) -> u32 {
        self.records.iter().find(|record| record.function == function).expect(function).n
    }
}

/// A profile is ordered, downloaded, enabled.
fn told() -> Told {
    let mut world = begun(7, 1_767_225_600).expect("a world");
    let wish = Wish { id: "home".into(), matching_id: Some("HOME-1".into()), ..Wish::usual() };
    for act in [
        Act::LeaveFactory,
        Act::Wifi(true),
        Act::Order(Box::new(wish)),
        Act::Download("home".into()),
        Act::Enable("home".into()),
        Act::Name { profile: "home".into(), name: "it's mine".into() },
        Act::Notify,
    ] {
        block_on(world.perform(&act)).expect("performed");
    }
    let origin = Origin::Seed { seed: 7, now: 1_767_225_600, sm: None };
    Told { records: world.trace().records().to_vec(), acts: world.acts().to_vec(), origin }
}

/// The test that is copied is one of this crate, too: `ESIM_LAB_BLESS=1` writes it anew.
#[test]
fn a_test_in_rust_is_compiled_and_passes() {
    let told = told();
    let text = told.text(CopyForm::Rust, Some(told.first("AuthenticateServer response")));
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/copied.rs"));
    if std::env::var_os("ESIM_LAB_BLESS").is_some() {
        std::fs::write(file, &text).expect("written");
    }
    let kept = std::fs::read_to_string(file).expect("tests/copied.rs");
    assert!(text == kept, "tests/copied.rs is another one: ESIM_LAB_BLESS=1\n{text}");
    assert!(text.contains("begun(7, 1767225600)") && text.contains(&told_digest(&told)));
    let longest = told.records.iter().max_by_key(|record| record.bytes.len()).expect("messages").n;
    assert!(told.text(CopyForm::Rust, Some(longest)).contains("esim_crypto::sha256"));
    let scenario = Told { origin: Origin::Scenario("seed = 1 # \"#".into()), ..told };
    assert!(scenario.text(CopyForm::Rust, None).contains("Scenario::read(r##\"seed = 1 # \"#\"##)"));
}

fn told_digest(told: &Told) -> String {
    let mut world = begun(7, 1_767_225_600).expect("a world");
    told.acts.iter().for_each(|act| drop(block_on(world.perform(act)).expect("performed")));
    world.trace().digest()
}

#[test]
fn a_test_in_javascript_has_acts_message_and_digest() {
    let told = told();
    let n = told.first("getBoundProfilePackage response");
    let text = told.text(CopyForm::Js, Some(n));
    for words in [
        "import * as lab from \"esim-lab\";",
        "import { createHash } from \"node:crypto\";",
        "new lab.World({ seed: 7, now: 1767225600 })",
        "const ACTS = [\"leave-factory\",",
        &format!("const [message] = world.trace({n});"),
        &format!("assert.equal(world.traceDigest(), \"{}\");", told_digest(&told)),
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    if let Some(folder) = std::env::var_os("ESIM_LAB_COPIES") {
        std::fs::write(Path::new(&folder).join("copied.test.js"), &text).expect("written");
    }
    let elsewhere = Origin::Seed { seed: 7, now: 1, sm: Some("https://sm.example".into()) };
    let told = Told { origin: elsewhere, ..told };
    assert!(told.text(CopyForm::Js, None).contains("smUrl: \"https://sm.example\", heard: []"));
    assert!(told.copy(CopyForm::Rust, None).unwrap_err().en.contains("JavaScript"));
    let unknown = Told { origin: Origin::Unknown(Words::new("of a card", "カード")), ..told };
    assert_eq!(unknown.copy(CopyForm::Js, None).unwrap_err().en, "of a card");
}

#[test]
fn a_script_is_read_again() {
    let told = told();
    let named = |record: &Record| (record.interface.clone(), record.function.clone(), record.bytes.clone());
    let all = told.text(CopyForm::ApduScript, None);
    let read = read_foreign(all.as_bytes(), None).expect("a script");
    let of = |records: &[Record], interface: &str| {
        records.iter().filter(|it| it.interface.starts_with(interface)).map(named).collect::<Vec<_>>()
    };
    assert_eq!(of(&read.records, "APDU"), of(&told.records, "APDU"));
    assert_eq!(of(&read.records, "ES10"), of(&told.records, "ES10"));
    // Of one function: with what selects the ISD-R, whichever of its messages is asked for.
    let n = told.first("PrepareDownload");
    let part = told.text(CopyForm::ApduScript, Some(n));
    let answer = told.first("PrepareDownload response");
    assert_eq!(part, told.text(CopyForm::ApduScript, Some(answer)));
    assert_eq!(part, told.text(CopyForm::ApduScript, Some(answer - 1)), "an APDU of it");
    let read = read_foreign(part.as_bytes(), None).expect("a script");
    assert_eq!(of(&read.records, "ES10").len(), 2);
    let commands: Vec<&str> = part.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(commands[0], "reset");
    assert!(commands[1] == "0070000001" && commands[2].starts_with("01A40400"), "{part}");
    let nas = told.records.iter().find(|record| record.interface == "ES2+").expect("ES2+").n;
    assert!(!told.copy(CopyForm::ApduScript, Some(nas)).unwrap_err().ja.is_ascii());
}

#[test]
fn commands_of_lpac() {
    let told = told();
    let download = "lpac profile download -s smdp.esim-lab.example -m HOME-1\n";
    let second = |function: &str| {
        let of_home = told.records.iter().rev().find(|record| record.function == function);
        of_home.expect(function).n
    };
    for function in [
        "initiateAuthentication",
        "authenticateClient response",
        "PrepareDownload",
        "AuthenticateServer response",
        "LoadBoundProfilePackage",
        "GetEUICCChallenge",
    ] {
        assert_eq!(told.text(CopyForm::Lpac, Some(second(function))), download, "{function}");
    }
    let apdu = told.records[second("PrepareDownload") as usize + 1].n;
    assert_eq!(told.text(CopyForm::Lpac, Some(apdu)), download);
    let enable = told.text(CopyForm::Lpac, Some(second("EnableProfile")));
    assert!(enable.starts_with("lpac profile enable 89") && enable.ends_with(" 1\n"), "{enable}");
    let nickname = told.text(CopyForm::Lpac, Some(second("SetNickname")));
    assert!(nickname.ends_with(" 'it'\\''s mine'\n"), "{nickname}");
    let process = told.text(CopyForm::Lpac, Some(second("handleNotification")));
    assert!(process.starts_with("lpac notification process "), "{process}");
    let all = told.text(CopyForm::Lpac, None);
    let commands: Vec<&str> = all.lines().map(|line| line.split(' ').nth(2).expect("a command")).collect();
    assert!(commands.windows(3).any(|three| three == ["download", "enable", "nickname"]), "{all}");
    let order = told.records.iter().find(|record| record.interface == "ES2+").expect("ES2+").n;
    let reason = told.copy(CopyForm::Lpac, Some(order)).unwrap_err();
    assert!(reason.en.contains("no command for ES2+ downloadOrder") && !reason.ja.is_ascii());
}

#[test]
fn captures_and_records_of_a_message() {
    let told = told();
    let n = told.first("AuthenticateServer");
    let Ok(Copied::Octets(capture)) = told.copy(CopyForm::Pcap, Some(n)) else { panic!("no capture") };
    let read = read_foreign(&capture, None).expect("a capture");
    let ends: Vec<&str> = [read.records.first(), read.records.last()]
        .iter()
        .map(|record| record.expect("records").function.as_str())
        .collect();
    assert_eq!(ends, ["AuthenticateServer", "AuthenticateServer response"]);
    assert!(
        read.records.iter().all(|it| it.interface == "APDU" || it.function.starts_with("AuthenticateServer"))
    );
    let one = told.text(CopyForm::Json, Some(n));
    assert_eq!(serde_json::from_str::<Record>(&one).expect("a record"), told.records[n as usize]);
    let all = read_foreign(told.text(CopyForm::Json, None).as_bytes(), None).expect("a trace");
    assert_eq!(all.records, told.records);
    assert!(told.copy(CopyForm::Json, Some(1_000_000)).is_err());
}

#[test]
fn a_report_has_the_checks_and_is_read_again() {
    let told = told();
    let n = told.first("AuthenticateServer");
    let text = told.text(CopyForm::Report, Some(n));
    for words in [
        "- seed: 7",
        "| eUICC | SGP.22 ",
        "passed |",
        "serverSigned1",
        "## What was done",
        "\"leave-factory\"",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let read = read_foreign(text.as_bytes(), None).expect("a report");
    assert_eq!(read.kind, "report");
    assert_eq!(read.records.len(), 1);
    assert_eq!(read.records[0].bytes, told.records[n as usize].bytes);
    let journal =
        esim_world::Journal::from_link(&read.link.expect("a link")).expect("read").expect("of a world");
    assert_eq!((journal.seed, &journal.acts[..]), (7, &told.acts[1..]));
    assert!(told_digest(&told).starts_with(&journal.digest.expect("a digest")));
    let whole = told.text(CopyForm::Report, None);
    assert!(whole.starts_with("# esim-lab: a session\n") && !whole.contains("### Tree"));
}

/// A session of a scenario is made once more by its text.
#[test]
fn a_report_of_a_scenario_has_its_checks() {
    let scenario = include_str!("../../../tests/cases/story-seed-7/scenario.toml");
    let played =
        block_on(esim_world::play(&Scenario::read(scenario).expect("read"), &mut |_| ())).expect("played");
    let told = Told {
        records: played.world.trace().records().to_vec(),
        acts: played.world.acts().to_vec(),
        origin: Origin::Scenario(scenario.into()),
    };
    let n = told
        .records
        .iter()
        .find(|it| it.function == "AuthenticateServer" && it.to == Party::Euicc)
        .expect("one")
        .n;
    let text = told.text(CopyForm::Report, Some(n));
    assert!(text.contains("passed |") && text.contains("## Scenario"), "{text}");
}
