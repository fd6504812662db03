//! Every scenario of the network: each step comes out as expected, and the sequence of messages is the one
//! that was reviewed. `ESIM_LAB_BLESS=1` writes the files anew.

use esim_sm_edge::block_on;
use esim_world::{Played, SCENARIOS, Scenario, explain_record, find_scenario, play};
use std::path::PathBuf;

fn played(name: &str) -> Played {
    let scenario = Scenario::read(find_scenario(name).expect("a scenario")).expect(name);
    block_on(play(&scenario, &mut |_| ())).expect(name)
}

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases/net").join(name)
}

#[test]
fn every_scenario_comes_out_as_written() {
    let mut wrong = Vec::new();
    for (name, _) in SCENARIOS {
        let played = played(name);
        for step in played.steps.iter().filter(|step| !step.as_expected) {
            wrong.push(format!(
                "{name}, step {} ({}):\n  {}\n  expected: {}",
                step.n, step.what, step.outcome, step.expected
            ));
        }
        let path = folder(name).join("trace.txt");
        let sequence = played.sequence();
        if std::env::var_os("ESIM_LAB_BLESS").is_some() {
            std::fs::write(&path, &sequence).expect("written");
        }
        let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
        if let Some(n) = sequence.lines().zip(reviewed.lines()).position(|(is, was)| is != was) {
            let line = |text: &str| text.lines().nth(n).unwrap_or_default().to_string();
            wrong.push(format!(
                "{}:{}:\n  {}\n  was: {}",
                path.display(),
                n + 1,
                line(&sequence),
                line(&reviewed)
            ));
        } else if sequence != reviewed {
            wrong.push(format!("{}: another number of lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every folder is a scenario that the command knows.
#[test]
fn no_scenario_is_forgotten() {
    let folders = std::fs::read_dir(folder("")).expect("a folder");
    let mut found: Vec<String> =
        folders.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    found.sort();
    let mut known: Vec<&str> = SCENARIOS.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(found, known);
}

/// Each message of the network opens to information elements with names and clauses, within its octets.
#[test]
fn every_message_of_the_network_is_explained() {
    const ENCODED: [&str; 8] = ["NAS", "S6a", "S6d", "S11", "S4", "S1-U", "S12", "SGi"];
    let mut seen = std::collections::BTreeSet::new();
    for (name, _) in SCENARIOS {
        for record in played(name).world.trace().records() {
            if !ENCODED.contains(&record.interface.as_str()) {
                continue;
            }
            let explained = explain_record(record);
            let mut open: Vec<_> = explained.parts.iter().flat_map(|part| &part.nodes).collect();
            assert!(!open.is_empty(), "{name}: {} is not explained", explained.title);
            while let Some(node) = open.pop() {
                assert!(!node.name.is_empty() && !node.clause.is_empty(), "{name}: {node:?}");
                assert!(!node.name.starts_with("unknown"), "{name}: {node:?}");
                assert!(node.whole.end <= record.bytes.len(), "{name}: {node:?}");
                open.extend(&node.children);
            }
            seen.insert(record.interface.clone());
        }
    }
    assert_eq!(seen.len(), ENCODED.len(), "{seen:?}");
}

#[test]
fn a_scenario_repeats_itself() {
    let (one, other) = (played("two-devices-one-subscription"), played("two-devices-one-subscription"));
    assert_eq!(one.world.trace().digest(), other.world.trace().digest());
}
