//! lpac's own AT driver, and `esim-lab lpac` in its place, at the virtual modem in each of its dialects. What becomes of them
//! is a table of docs/MODEMS.md.

use crate::cards::modem;
use crate::common;

use common::{Running, Sm, card_profiles, peer, run};
use esim_reader::modem::DIALECTS;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Of what the table says that it waits for ever, so much is waited for.
const FOR_EVER: Duration = Duration::from_secs(6);
/// Of all else; several run at once, and some modems take seconds for a command.
const PATIENCE: Duration = Duration::from_secs(300);

/// A modem, and what the table says of it: lpac, and this program.
struct Row {
    modem: &'static str,
    theirs: &'static str,
    ours: &'static str,
}

fn table() -> Vec<Row> {
    let text = include_str!("../../../docs/MODEMS.md");
    let table = text.split("## lpac at these modems").nth(1).expect("a table");
    let table = table.split("\n## ").next().expect("a section");
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let mut cells = row.trim_matches('|').split('|').map(str::trim);
        let mut cell = || cells.next().expect("three cells");
        Row { modem: cell(), theirs: cell(), ours: cell() }
    })
    .collect()
}

/// One of the two programs at a modem's port.
struct Program<'a> {
    path: &'a Path,
    port: &'a str,
    ci: &'a Path,
}

impl Program<'_> {
    /// What comes of a command: `works`, what it says of its failure, or that it waits.
    fn ends(&self, arguments: &[&str], limit: Duration) -> String {
        let child = Command::new(self.path)
            .args(arguments)
            .envs([
                ("LPAC_APDU", "at"),
                ("LPAC_HTTP", "curl"),
                ("LANG", "C"),
                ("LPAC_APDU_AT_DEVICE", self.port),
            ])
            .env("ESIM_LAB_CI", self.ci)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it runs");
        let mut child = Running(child);
        let start = std::time::Instant::now();
        while child.0.try_wait().expect("a child").is_none() {
            if start.elapsed() > limit {
                return "waits for ever".into();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let read = |stream: &mut dyn std::io::Read| {
            let mut text = String::new();
            stream.read_to_string(&mut text).expect("UTF-8");
            text
        };
        let printed = read(child.0.stdout.as_mut().expect("a pipe"));
        let told = read(child.0.stderr.as_mut().expect("a pipe"));
        let last = printed.lines().rfind(|line| line.contains(r#""lpa""#)).unwrap_or_default();
        let last: Value = serde_json::from_str(last).unwrap_or_else(|_| panic!("{printed}{told}"));
        match last["payload"]["code"].as_i64() {
            Some(0) => "works".into(),
            _ => format!("`{}` {told}", last["payload"]["message"].as_str().expect("a message")),
        }
    }

    /// The profile list, and if there is one, a download and what follows.
    fn lives(&self, iccid: &str, code: &str, limit: Duration) -> String {
        for arguments in [
            &["profile", "list"][..],
            &["profile", "download", "-a", code],
            &["profile", "enable", iccid, "1"],
        ] {
            let ended = self.ends(arguments, limit);
            if ended != "works" {
                return ended;
            }
        }
        "works".into()
    }
}

/// Whether a cell says this: it begins with what has come of it, and quotes what lpac says besides.
fn says(cell: &str, ended: &str) -> bool {
    let (ended, told) = ended.split_once(' ').filter(|_| ended.starts_with('`')).unwrap_or((ended, ""));
    let quoted: Vec<_> = cell.split('`').skip(1).step_by(2).skip(1).collect();
    cell.starts_with(ended) && quoted.iter().all(|words| told.contains(words))
}

#[test]
fn lpac_at_each_modem_is_as_the_table_says() {
    let Some(lpac) = peer("ESIM_LAB_LPAC") else { return };
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let ci = sm.data.join("pki/CERT_CI_ECDSA_NIST.der");
    let ours = folder.path().join("lpac");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_esim-lab"), &ours).unwrap();
    let rows = table();
    assert_eq!(rows.iter().map(|row| row.modem).collect::<Vec<_>>(), DIALECTS.map(|dialect| dialect.name));
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let started: Vec<_> = rows
            .iter()
            .enumerate()
            .flat_map(|(number, row)| {
                [("lpac", Path::new(&lpac), row.theirs), ("ours", ours.as_path(), row.ours)].map(
                    |(name, path, cell)| {
                        let own = folder.path().join(format!("{name}-{number}"));
                        let (sm, ci) = (&sm, ci.as_path());
                        scope.spawn(move || at_modem(&own, (row.modem, name, cell), path, sm, ci))
                    },
                )
            })
            .collect();
        started.into_iter().filter_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong about a cell, if anything is.
fn at_modem(
    folder: &Path,
    (dialect, name, cell): (&str, &str, &str),
    path: &Path,
    sm: &Sm,
    ci: &Path,
) -> Option<String> {
    let state = folder.display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let (at_port, place) = modem(&state, dialect);
    let port = place.strip_prefix("modem:").expect("a port");
    let limit = if cell.starts_with("waits") { FOR_EVER } else { PATIENCE };
    let (iccid, _, code) = sm.order(&[]);
    let ended = Program { path, port, ci }.lives(&iccid, &code, limit);
    drop(at_port);
    // The card's word counts.
    let left = if ended == "works" { vec![(iccid, true)] } else { vec![] };
    assert_eq!(card_profiles(&state), left, "{dialect}, {name}: {ended}");
    (!says(cell, &ended)).then(|| format!("{dialect}, {name}: {ended}, and the table says {cell}"))
}
