//! `esim-lab lpac` beside lpac itself, as its Debian package brings it: the same commands, on copies of one card, with one SM.
//! What they print is compared line by line, and so is what they leave on the card.

use crate::common;
use crate::lpac::Reader;

use common::{Running, Sm, card_notifications, card_profiles, esim_lab, peer, run, wait_for};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Of the card.
const EID: &str = "89049032123451234512345678901235";

/// Both programs do this, in this order. `@name` stands for what each has of its own, and is in the answers again. Variables
/// come first; before a bar is what is written on standard input.
const SCRIPT: &str = "
chip info
chip defaultsmdp smdp.example
chip info
chip defaultsmdp
chip bogus
chip
bogus

driver apdu list
driver http list
profile list
profile
notification list
notification
profile download -s @sm -m NO-SUCH-ORDER
profile download -s localhost:1 -m NO-SUCH-ORDER
profile download -s @sm -m @token1
profile list
notification list
profile enable 8900000000000000000
profile enable abc
profile enable @iccid1
profile enable @iccid1
profile list
profile delete @iccid1
profile disable @iccid1 1
profile disable @iccid1
profile enable A0000005591010FFFFFFFF8900001100 1
profile enable A0000005591010FFFFFFFF8900009900
profile disable A0000005591010FFFFFFFF8900001100 0
profile nickname @iccid1 Work
profile list
profile nickname @iccid1
profile list
profile nickname 8900000000000000000 Work
profile nickname abc Work
profile nickname
profile enable
profile disable
profile delete
y|profile download -p -a @code2
n|profile download -p -a @code3
|profile download -p -a @code4
profile download -a @code5 -i 352906110000013
profile download -s @sm -m @token6 -c 9999
profile download -s @sm -m @token6 -c1234
profile download -s @sm -m @token7
profile download -a LPA:2$localhost$ABC
profile download -a LPA:1$localhost$A_C
profile download -a LPA:1$localhost$ABC$$1
profile download -a LPA:1
profile download -s
profile download -x
profile download -s @other -m @twin
LPAC_CUSTOM_ISD_R_AID=A0000005591010FFFFFFFF8900000100 chip defaultsmdp @sm
LPAC_CUSTOM_ISD_R_AID=A000000559 chip info
LPAC_CUSTOM_ISD_R_AID=nothing chip info
LPAC_CUSTOM_ES10X_MSS=6 profile list
LPAC_CUSTOM_ES10X_MSS=255 profile list
LPAC_CUSTOM_ES10X_MSS=0 profile list
LPAC_CUSTOM_ES10X_MSS=5 profile list
LPAC_CUSTOM_ES10X_MSS=256 profile list
LPAC_CUSTOM_ES10X_MSS=-9 profile list
LPAC_APDU=nothing chip info
LPAC_HTTP=nothing chip info
LPAC_APDU_PCSC_DRV_IFID=0 profile list
LPAC_APDU_PCSC_DRV_IGNORE_NAME=Yubi;Virtual profile list
LPAC_APDU=at driver apdu list
profile download -m @token8
chip defaultsmdp
profile list
profile discovery -s @smds
profile discovery -s localhost:1
profile discovery -x
notification list
notification dump 1
notification dump 999
notification dump -x
notification process 999
notification process 1
notification process -x
notification list
notification remove 999
notification remove 1
notification remove -x
notification list
notification process -a
notification process -ar
notification list
profile delete @iccid1
notification remove -a
notification remove
notification list
profile delete 8900000000000000000
profile delete abc
profile download -s @sm -m @token9
chip purge
chip purge no
chip purge yes
chip purge yes
notification list
chip info
";

/// One of the two.
struct Program {
    path: PathBuf,
    ci: PathBuf,
    state: PathBuf,
    /// What it has of its own, by the names that stand for it.
    own: BTreeMap<String, String>,
}

impl Program {
    /// Runs one line of the script; its exit code, and what it prints with its own things under their names.
    fn play(&self, line: &str) -> (Option<i32>, String) {
        let (input, line) = line.split_once('|').unwrap_or(("", line));
        let (code, printed) = self.run(line, input);
        (code, masked(&self.named(&printed)))
    }

    /// Runs one command, with variables before it, that finds its card in the reader, and trusts the CI of the test PKI if it
    /// asks for one; its exit code, and what it prints.
    fn run(&self, line: &str, input: &str) -> (Option<i32>, String) {
        let mut line = line.to_string();
        // `@smds` before `@sm`.
        for (name, own) in self.own.iter().rev() {
            line = line.replace(name, own);
        }
        let is_variable = |word: &&str| word.starts_with("LPAC_") || word.starts_with("ESIM_LAB_");
        let variables =
            line.split_whitespace().take_while(is_variable).filter_map(|word| word.split_once('='));
        let mut child = Command::new(&self.path)
            .envs([("LPAC_APDU", "pcsc"), ("LPAC_HTTP", "curl"), ("LANG", "C")])
            // Nobody is asked who is not here.
            .envs([("https_proxy", "http://127.0.0.1:1"), ("no_proxy", "localhost,127.0.0.1")])
            .env("ESIM_LAB_CI", &self.ci)
            .envs(variables)
            .args(line.split_whitespace().skip_while(is_variable))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        // Nobody may be listening.
        let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    }

    fn named(&self, printed: &str) -> String {
        self.own.iter().fold(printed.to_string(), |text, (name, own)| text.replace(own.as_str(), name))
    }
}

/// A card, a reader for it, and an SM that is an SM-DS too.
struct Stage {
    folder: PathBuf,
    reader: Reader,
    sm: Sm,
    /// Another SM, with ICCIDs that the first one has as well.
    other: Sm,
    card: PathBuf,
}

impl Stage {
    fn set(folder: &Path) -> Self {
        let sm = Sm::start_with(folder, &["--smds-address", "127.0.0.1:0"]);
        let elsewhere = folder.join("other");
        std::fs::create_dir(&elsewhere).expect("a folder");
        let other = Sm::start(&elsewhere);
        let smds = sm.address.replace("localhost", "127.0.0.1");
        let card = folder.join("card");
        run(&["euicc", "init", "--state", &card.display().to_string(), "--eid", EID, "--smds", &smds]);
        // Both find the same event.
        sm.order(&["--eid", EID, "--smds", &smds]);
        Self { folder: folder.to_path_buf(), reader: Reader::start(folder), sm, other, card }
    }

    /// A program with a card and orders of its own.
    fn program(&self, name: &str, path: &Path) -> Program {
        let state = self.folder.join(name);
        std::fs::copy(&self.card, &state).expect("a copy");
        let ci = self.sm.data.join("pki/CERT_CI_ECDSA_NIST.der");
        Program { path: path.to_path_buf(), ci, state, own: orders(&self.sm, &self.other) }
    }
}

/// Without what differs by chance, and without the words of help below the line that says what may follow.
fn masked(printed: &str) -> String {
    let shown = printed.lines().filter(|line| !line.starts_with('\t'));
    let line = |line: &str| match serde_json::from_str::<Value>(line) {
        Ok(Value::Object(members)) if members["type"] == "notification" => {
            let signed = members["pendingNotification"].as_str().expect("base64");
            line.replace(signed, "signed")
        }
        // docs/LPAC.md says what is so about these.
        Ok(_) => line
            .replace(r#""usimTestAlgorithm""#, r#""rfu1""#)
            .replace(r#""euiccCategory":"basicEuicc""#, r#""euiccCategory":null"#)
            .replace(r#""profileClass":"operational"}}}"#, r#""profileClass":null}}}"#),
        _ => match line.split_once("Usage: ") {
            // By which name it was called.
            Some((_, rest)) if rest.contains("driver|chip") => "Usage of lpac".into(),
            _ => line.into(),
        },
    };
    shown.map(line).collect::<Vec<_>>().join("\n")
}

/// The card in the reader, once PC/SC shows it.
fn inserted(reader: &Reader, state: &Path) -> Running {
    let card = reader.insert(&state.display().to_string());
    wait_for("the card in the reader", Duration::from_secs(60), || shows_card(true).then_some(()));
    card
}

fn shows_card(present: bool) -> bool {
    let output = esim_lab().args(["cards", "--json"]).output().expect("esim-lab runs");
    let Ok(listed) = serde_json::from_slice::<Value>(&output.stdout) else { return false };
    let is_reader = |it: &&Value| it["card"].as_str().is_some_and(|card| card.starts_with("reader:"));
    listed["cards"]
        .as_array()
        .is_some_and(|all| all.iter().find(is_reader).is_some_and(|it| it["present"] == present))
}

/// Orders of its own for each name in the script.
fn orders(sm: &Sm, other: &Sm) -> BTreeMap<String, String> {
    let mut own = BTreeMap::from([
        ("@sm".to_string(), sm.address.clone()),
        ("@smds".to_string(), sm.address.replace("localhost", "127.0.0.1")),
        ("@other".to_string(), other.address.clone()),
    ]);
    for number in 1..=9 {
        let more: &[&str] = match number {
            3 | 6 | 7 => &["--confirmation-code", "1234"],
            9 => &["--eid", "89049032000000000000000000000066"],
            _ => &[],
        };
        let (iccid, token, code) = sm.order(more);
        if number == 1 {
            own.insert("@twin".into(), other.order(&["--iccid", &iccid]).1);
        }
        for (name, value) in [("iccid", iccid), ("token", token), ("code", code)] {
            own.insert(format!("@{name}{number}"), value);
        }
    }
    own
}

/// This command by lpac's name.
fn named_lpac(folder: &Path) -> PathBuf {
    let path = folder.join("lpac");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_esim-lab"), &path).expect("a link");
    path
}

#[test]
fn lines_are_those_of_lpac() {
    let Some(lpac) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    let ours = named_lpac(folder.path());
    let mut played = Vec::new();
    let mut left = Vec::new();
    for (name, path) in [("theirs", Path::new(&lpac)), ("ours", &ours)] {
        let program = stage.program(name, path);
        let card = inserted(&stage.reader, &program.state);
        let mut answers: Vec<_> = script().map(|line| program.play(line)).collect();
        drop(card);
        wait_for("the empty reader", Duration::from_secs(60), || shows_card(false).then_some(()));
        answers.push(program.play("chip info"));
        played.push(answers);
        let state = program.state.display().to_string();
        left.push((card_profiles(&state), card_notifications(&state)));
    }
    let mut different = Vec::new();
    for (line, (theirs, ours)) in script().chain(["chip info"]).zip(played[0].iter().zip(&played[1])) {
        if theirs != ours {
            different.push(format!(
                "{line}\n  lpac {:?}:\n{}\n  ours {:?}:\n{}",
                theirs.0, theirs.1, ours.0, ours.1
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n\n"));
    assert_eq!(left[0], left[1]);
}

fn script() -> impl Iterator<Item = &'static str> {
    SCRIPT.trim_start_matches('\n').lines()
}

/// A row of the table of what differs.
struct Difference {
    command: String,
    /// What lpac prints.
    theirs: String,
    /// What this program prints.
    ours: String,
    /// A fault of one version of lpac: another may have mended it.
    may_be_mended: bool,
}

fn differences() -> Vec<Difference> {
    let text = include_str!("../../../docs/LPAC.md");
    let table = text.split("## What differs").nth(1).expect("a table");
    let quoted = |cell: &str| cell.split('`').nth_back(1).expect("a quotation").to_string();
    let row = |row: &str| {
        let [command, theirs, ours, why] = row.split(" | ").collect::<Vec<_>>()[..] else {
            panic!("four cells: {row}")
        };
        let may_be_mended = why.contains("a fault of 2.3.0");
        Difference { command: quoted(command), theirs: quoted(theirs), ours: quoted(ours), may_be_mended }
    };
    table.lines().filter(|line| line.starts_with("| `")).map(row).collect()
}

/// What is said to differ differs, in just that.
#[test]
fn what_differs_is_written_down() {
    let Some(lpac) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let stage = Stage::set(folder.path());
    let ours = named_lpac(folder.path());
    let rows = differences();
    assert!(rows.len() > 10);
    let mut printed = Vec::new();
    for (name, path) in [("theirs", Path::new(&lpac)), ("ours", &ours)] {
        let program = stage.program(name, path);
        let card = inserted(&stage.reader, &program.state);
        program.play("profile download -s @sm -m @token3");
        let mut dumped = String::new();
        let mut all = Vec::new();
        for Difference { command, .. } in &rows {
            if command == "notification process 0" {
                dumped = program.run("notification dump -a", "").1;
            }
            let input = if command == "notification replay" { dumped.as_str() } else { "" };
            all.push(program.named(&program.run(command, input).1));
        }
        printed.push(all);
        drop(card);
        wait_for("the empty reader", Duration::from_secs(60), || shows_card(false).then_some(()));
    }
    let mut wrong = Vec::new();
    for (row, (theirs, ours)) in rows.iter().zip(printed[0].iter().zip(&printed[1])) {
        let differs = theirs.contains(&row.theirs) && theirs != ours;
        let is_mended = row.may_be_mended && theirs.contains(&row.ours);
        if !ours.contains(&row.ours) || !(differs || is_mended) {
            let Difference { command, theirs: of_lpac, ours: of_us, .. } = row;
            wrong.push(format!("{command}\n  lpac, {of_lpac}:\n{theirs}\n  ours, {of_us}:\n{ours}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
