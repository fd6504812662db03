//! Every scenario of the network: each step comes out as expected, and the sequence of messages is the one
//! that was reviewed. `ESIM_LAB_BLESS=1` writes the files anew.

use esim_sm_edge::block_on;
use esim_world::{
    Act, Journal, NOW, Played, SCENARIOS, Said, Scenario, Wish, explain_record, find_scenario, in_memory,
    play,
};
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
                step.n, step.performed.what, step.performed.outcome, step.expected
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

/// What was done is the session: written down, read again and done once more it makes the same octets.
#[test]
fn the_acts_of_a_scenario_make_the_same_trace() {
    for (name, text) in SCENARIOS {
        let played = played(name);
        let written = serde_json::to_string(played.world.acts()).expect(name);
        let acts: Vec<Act> = serde_json::from_str(&written).expect(name);
        let scenario = Scenario::read(text).expect(name);
        let mut world = in_memory(scenario.seed).expect(name);
        world.set_rules(scenario.rules).expect(name);
        for act in &acts {
            block_on(world.perform(act)).expect(name);
        }
        assert_eq!(world.trace().digest(), played.world.trace().digest(), "{name}: {written}");
    }
}

/// A reader's own story, a step at a time, by its link.
#[test]
fn a_link_makes_the_same_trace() {
    let play = |acts: &[Act]| {
        let mut world = in_memory(7).expect("a world");
        for act in acts {
            let done = block_on(world.perform(act)).expect("an act");
            assert!(done.good, "{}: {}", done.what, done.outcome);
        }
        world
    };
    let mut acts = vec![
        Act::LeaveFactory,
        Act::RadioOn,
        Act::Order(Box::new(Wish { confirmation_code: Some("1234".into()), ..Wish::usual() })),
        Act::Begin(String::new()),
    ];
    // Until the code is asked for; consent is given on the way.
    acts.push(Act::Step(40));
    acts.push(Act::Answer(Said::Code("1234".into())));
    acts.extend([Act::Step(200), Act::Enable(String::new()), Act::Notify, Act::Call]);
    let world = play(&acts);
    let mut digest = world.trace().digest();
    digest.truncate(16);
    let journal = Journal {
        seed: 7,
        now: NOW,
        acts: world.acts()[1..].to_vec(),
        digest: Some(digest),
        ..Journal::default()
    };
    let read = Journal::from_link(&journal.to_link().expect("a link")).expect("a link").expect("of a world");
    let again = play(&[&[Act::LeaveFactory][..], &read.acts].concat());
    assert!(again.trace().digest().starts_with(&read.digest.expect("a digest")));
}

/// What makes no sense is refused, and is no part of the story; what is refused by others is.
#[test]
fn an_act_that_cannot_be_performed_leaves_the_world_as_it_is() {
    let mut world = in_memory(7).expect("a world");
    for act in [
        Act::Enable("nobody".into()),
        Act::Download("nobody".into()),
        Act::Begin("LPA:2$x".into()),
        Act::Step(1),
        Act::Answer(Said::Accept),
        Act::UseDevice(1),
        Act::Sqn { profile: "nobody".into(), value: "0".into() },
    ] {
        assert!(block_on(world.perform(&act)).is_err(), "{act:?}");
    }
    assert!(world.acts().is_empty() && world.trace().records().is_empty());
    let missing = block_on(world.perform(&Act::Enable("89000123456789012341".into()))).expect("an answer");
    assert!(!missing.good && world.acts().len() == 1, "{}", missing.outcome);
}
