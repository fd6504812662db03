//! One bit of every value of every message of the story is turned over: somebody notices, or the value is listed as one
//! that nobody can be expected to check, with the reason (`tests/cases/leaves/unchecked.txt`).

use esim_euicc::MemoryNvm;
use esim_rsp::trace::Record;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::link::{Edit, Place, Put};
use esim_world::{Act, Filter, How, Performed, Snapshot, Tampering, Wish, World, explain_record, in_memory};
use std::collections::{BTreeMap, BTreeSet};

type Lab = World<MemoryNvm, MemoryHost>;

/// The consumer's story, from the order to the last notification.
fn story() -> [Act; 7] {
    let name = String::new;
    [
        Act::Order(Box::new(Wish::usual())),
        Act::Download(name()),
        Act::Enable(name()),
        Act::Notify,
        Act::Disable(name()),
        Act::Delete(name()),
        Act::Notify,
    ]
}

/// A value of a message: its name, and what is done to one bit of it.
fn leaves(record: &Record) -> Vec<(String, Edit)> {
    let explained = explain_record(record);
    let is_json = explained.json.is_some();
    let opened: BTreeSet<&str> = explained.parts.iter().map(|part| &*part.label).collect();
    let mut found = Vec::new();
    for part in &explained.parts {
        let octets = hex::decode(&part.hex).unwrap();
        for (path, range) in part.leaves() {
            if is_json && part.label.is_empty() && opened.contains(&*path) {
                continue;
            }
            // Of a text in quotes the first character.
            let quoted = is_json && part.label.is_empty() && octets.get(range.start) == Some(&b'"');
            let at = range.start + usize::from(quoted);
            let Some(octet) = octets.get(at).filter(|_| at < range.end) else { continue };
            let (name, place, value) = match part.label.is_empty() {
                true => (path, Place::Octet(at), vec![octet ^ 1]),
                false => {
                    let mut value = octets[range].to_vec();
                    value[0] ^= 1;
                    let name = format!("{}.{path}", part.label);
                    (name.clone(), Place::Field(name), value)
                }
            };
            let edit = Edit { place, value: Put::Hex(hex::encode(value)), keep_lengths: false, sign: None };
            found.push((name, edit));
        }
    }
    found
}

/// Whether somebody has noticed: another ending, or a verification that failed.
fn is_noticed(performed: &Performed, sound: &Performed) -> bool {
    let failed = |of: &Performed| of.checks.iter().filter(|check| !check.passed).count();
    performed.done != sound.done || failed(performed) > failed(sound)
}

/// A message of the story is a type by interface, function and, of the parts of a package, first octet.
fn kind(record: &Record) -> String {
    let part = match &*record.function {
        "LoadBoundProfilePackage" => format!(" {:02X}", record.bytes.first().copied().unwrap_or_default()),
        _ => String::new(),
    };
    format!("{} {}{part}", record.interface, record.function)
}

/// What was changed and went unnoticed, and how many values were tried.
fn unnoticed(own: impl Fn(usize) -> bool) -> (BTreeSet<String>, usize) {
    let mut world: Lab = in_memory(7).unwrap();
    world.watch();
    let (mut seen, mut missed, mut tried) = (BTreeSet::new(), BTreeSet::new(), 0);
    for act in story() {
        let before = world.snapshot().unwrap();
        let sound = block_on(world.perform(&act)).unwrap();
        let after = world.snapshot().unwrap();
        let records = world.trace().records()[sound.records.0..].to_vec();
        for record in records.iter().filter(|it| it.interface.starts_with("ES") && !it.bytes.is_empty()) {
            if !seen.insert(kind(record)) {
                continue;
            }
            for (name, edit) in leaves(record) {
                tried += 1;
                if own(tried) && !is_noticed(&changed(&mut world, &before, &act, record.n, edit), &sound) {
                    missed.insert(format!("{} {name}", kind(record)));
                }
            }
        }
        assert!(world.restore(&after));
    }
    (missed, tried)
}

fn changed(
    world: &mut Lab,
    before: &Snapshot<MemoryNvm, MemoryHost>,
    act: &Act,
    n: u32,
    edit: Edit,
) -> Performed {
    assert!(world.restore(before));
    let tampering = Tampering::once(Filter::number(n), How::Edit(edit.clone()));
    block_on(world.perform(&Act::Tamper(Box::new(tampering)))).unwrap();
    let performed = block_on(world.perform(act)).unwrap();
    assert!(performed.tampered.iter().all(|it| it.effective), "{edit:?}: {:?}", performed.tampered);
    performed
}

#[test]
fn a_bit_of_every_value_is_noticed_or_listed() {
    let halves = std::thread::scope(|scope| {
        let runs = [0, 1].map(|half| scope.spawn(move || unnoticed(move |n| n % 2 == half)));
        runs.map(|run| run.join().unwrap())
    });
    let [(mut missed, tried), (more, _)] = halves;
    missed.extend(more);
    assert!(tried > 300, "{tried}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/cases/leaves/unchecked.txt");
    let listed = std::fs::read_to_string(path).unwrap();
    let listed: BTreeMap<&str, &str> = listed
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(" | ").unwrap_or((line, "")))
        .collect();
    assert!(listed.values().all(|reason| !reason.trim().is_empty()), "each has a reason");
    let unlisted: Vec<&String> = missed.iter().filter(|name| !listed.contains_key(name.as_str())).collect();
    assert!(unlisted.is_empty(), "nobody notices, of {tried}: {unlisted:#?}");
    let noticed: Vec<&&str> = listed.keys().filter(|name| !missed.contains(**name)).collect();
    assert!(noticed.is_empty(), "these are noticed: {noticed:#?}");
}
