//! Every case in memory: its answer, its messages as they were reviewed, and its line in `docs/CONFORMANCE.md`.

mod common;
#[path = "../../tests/src/conformance.rs"]
#[allow(dead_code, reason = "the end-to-end tests use the rest")]
mod conformance;

use common::cases::{Case, Setup, blanks, table};
use conformance::{Row, blank, case, hold};
use std::collections::BTreeSet;

fn rows(interface: &str) -> Vec<Row> {
    let cases = table().into_iter().filter(|case| case.interface == interface).map(row);
    let blanks = blanks().into_iter().filter(|line| line.interface == interface);
    let blanks = blanks.map(|line| blank(line.function, line.code, line.why));
    // Lines without a case stand behind those of the same function.
    let mut rows: Vec<Row> = cases.collect();
    for line in blanks {
        let at = rows.iter().rposition(|row| row.function == line.function).map_or(rows.len(), |at| at + 1);
        rows.insert(at, line);
    }
    rows
}

fn row(it: Case) -> Row {
    let note = match it.setup {
        Setup::Any => None,
        Setup::Smds => Some("hosts with an SM-DS"),
        Setup::Memory(why, _) => Some(why),
    };
    let is_memory = matches!(it.setup, Setup::Memory(..));
    let row = case(it.function, it.code, it.name, move || it.in_memory().0);
    match note {
        Some(why) if is_memory => row.noted(format!("in memory: {why}")),
        Some(note) => row.noted(note.to_string()),
        None => row,
    }
}

#[test]
fn every_answer_of_es9p() {
    hold("es9p", &rows("es9p"));
}

#[test]
fn every_answer_of_es2p() {
    hold("es2p", &rows("es2p"));
}

#[test]
fn every_answer_of_es11() {
    hold("es11", &rows("es11"));
}

#[test]
fn every_answer_of_es12_and_es15() {
    hold("es12", &rows("es12"));
}

#[test]
fn cases_have_names_of_their_own() {
    let mut seen = BTreeSet::new();
    for case in table() {
        assert!(seen.insert((case.interface, case.function, case.name)), "{} {}", case.function, case.name);
    }
}

/// Pairs that the sources write down and the table does not show. They are checked elsewhere, or belong to functions
/// that no standard describes.
#[test]
fn every_pair_in_the_sources_is_in_the_table() {
    const ELSEWHERE: &[&str] = &[
        // A fault of the host.
        "8/4.2",
        // Certificates that change within a session.
        "8.8.4/3.7",
    ];
    let shown: Vec<String> = table().iter().map(|case| case.code.to_string()).collect();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/smdp/src");
    let mut missing = BTreeSet::new();
    for folder in ["es2p", "es9p", "es12", "."] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|it| it != "rs") {
                continue;
            }
            for call in std::fs::read_to_string(&path).unwrap().split("Refusal::new(\"").skip(1) {
                let parts: Vec<&str> = call.splitn(4, '"').collect();
                let pair = format!("{}/{}", parts[0], parts[2]);
                let is_shown = shown.iter().any(|code| code.split([' ', ',']).any(|word| word == pair));
                if !is_shown && !ELSEWHERE.contains(&pair.as_str()) {
                    missing.insert((pair, path.file_name().unwrap().to_string_lossy().into_owned()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
