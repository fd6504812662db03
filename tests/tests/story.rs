//! The whole story in memory: card, SM and modem agree at the end, and one
//! seed gives one trace, on this host as on every other.

use esim_euicc::MemoryNvm;
use esim_rsp::trace::Record;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::{Scenario, World, in_memory, play_in};

const DIGEST: &str = include_str!("../cases/story-seed-7/digest");

/// The world in which the story was told, each step as expected; the modem has read the subscriber that was ordered.
fn told(seed: u64) -> World<MemoryNvm, MemoryHost> {
    let mut world = in_memory(seed).unwrap();
    let scenario = Scenario::story().unwrap();
    for step in block_on(play_in(&mut world, &scenario, &mut |_| ())).unwrap() {
        assert!(
            step.as_expected,
            "{}: {}, expected {}",
            step.performed.what, step.performed.outcome, step.expected
        );
        if step.performed.what.en.contains("enables") {
            assert_eq!(step.service.imsi, Some(world.orders()[1].1.imsi.clone()));
        }
    }
    world
}

#[test]
fn one_seed_one_trace() {
    let world = told(7);
    assert_eq!(world.trace().digest(), DIGEST.trim());
    let other = told(8);
    assert_ne!(other.trace().digest(), world.trace().digest());
}

#[test]
fn every_message_is_explained() {
    let world = told(7);
    for record in world.trace().records() {
        let explained = esim_world::explain_record(record);
        if record.interface.starts_with("ES10") && !record.bytes.is_empty() {
            let first = &explained.parts[0].nodes;
            // Pieces of a package are cut through headers: no whole TLV begins them.
            let piece = record.function == "LoadBoundProfilePackage";
            assert!(piece || !first[0].type_name.is_empty(), "{}: {first:?}", explained.title);
        }
    }
}

#[test]
fn no_key_is_in_any_message() {
    let world = told(7);
    let (ki, opc) = world.seed().subscriber_keys(0);
    // The operator gives the keys to the SM; from there on nobody sees them.
    let beyond: Vec<&Record> = world.trace().records().iter().filter(|r| r.interface != "operator").collect();
    assert!(beyond.len() > 300);
    for record in beyond {
        let text = format!("{}{}", hex::encode(&record.bytes), String::from_utf8_lossy(&record.bytes));
        assert!(!text.contains(&ki) && !text.contains(&opc), "{} {}", record.interface, record.function);
    }
}
