//! The whole story in memory: card, SM and modem agree at the end, and one
//! seed gives one trace, on this host as on every other.

use esim_rsp::trace::Record;
use esim_sm_edge::block_on;
use esim_world::{Agreeable, Story, in_memory, tell};

const DIGEST: &str = include_str!("../cases/story-seed-7/digest");

#[test]
fn one_seed_one_trace() {
    let mut world = in_memory(7).unwrap();
    block_on(tell(&mut world, Story::default(), &mut Agreeable, &mut |_| ())).unwrap();
    assert_eq!(world.trace().digest(), DIGEST.trim());
    let mut other = in_memory(8).unwrap();
    block_on(tell(&mut other, Story::default(), &mut Agreeable, &mut |_| ())).unwrap();
    assert_ne!(other.trace().digest(), world.trace().digest());
}

#[test]
fn every_message_is_explained() {
    let mut world = in_memory(7).unwrap();
    block_on(tell(&mut world, Story::default(), &mut Agreeable, &mut |_| ())).unwrap();
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
    let mut world = in_memory(7).unwrap();
    let (ki, opc) = world.seed().subscriber_keys(0);
    block_on(tell(&mut world, Story::default(), &mut Agreeable, &mut |_| ())).unwrap();
    // The operator gives the keys to the SM; from there on nobody sees them.
    let beyond: Vec<&Record> = world.trace().records().iter().filter(|r| r.interface != "operator").collect();
    assert!(beyond.len() > 300);
    for record in beyond {
        let text = format!("{}{}", hex::encode(&record.bytes), String::from_utf8_lossy(&record.bytes));
        assert!(!text.contains(&ki) && !text.contains(&opc), "{} {}", record.interface, record.function);
    }
}
