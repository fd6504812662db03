//! The serving nodes of the network and the modem: what they verify of each other's messages, which somebody alters on
//! their way.

use esim_rsp::trace::Party;
use esim_sm_edge::block_on;
use esim_tests::conformance::{Row, case};
use esim_tests::recorder;
use esim_world::{Act, Checked, in_memory};
use serde_json::{Value, json};

pub fn rows() -> Vec<Row> {
    let row = |function: &'static str, code, name, rat: &'static str, altered: Option<&'static str>| {
        case(function, code, name, move || {
            attach(&[Party::Mme, Party::Sgsn], rat, altered.map(|it| (it, -1)))
        })
    };
    let usim = |code, name, before: &[Value]| {
        let before = before.to_vec();
        case("AUTHENTICATE", code, name, move || attached(&[Party::Euicc], "lte", &before))
    };
    let modem = |code, name, altered: Option<(&'static str, i32)>| {
        case("modem", code, name, move || attach(&[Party::Modem], "lte", altered))
    };
    const LIMITED: &str = "limited service";
    vec![
        row("MME", "in service", "sound_attach", "lte", None),
        row("MME", LIMITED, "another_res", "lte", Some("AUTHENTICATION RESPONSE")),
        row("MME", LIMITED, "bent_mac", "lte", Some("SECURITY MODE COMPLETE")),
        row("SGSN", "in service", "sound_attach", "umts", None),
        row("SGSN", LIMITED, "another_res", "umts", Some("AUTHENTICATION AND CIPHERING RESPONSE")),
        modem("in service", "sound_attach", None),
        modem(LIMITED, "bent_command", Some(("SECURITY MODE COMMAND", -1))),
        // The MME replays what it was told.
        modem(LIMITED, "other_capabilities_replayed", Some(("ATTACH REQUEST", 14))),
        modem(LIMITED, "bent_accept", Some(("ATTACH ACCEPT", -1))),
        usim("in service", "sound_attach", &[]),
        usim(LIMITED, "bent_autn", &[tamper("AUTHENTICATION REQUEST", json!({ "flip": { "octet": -1 } }))]),
        // The network begins to count anew; what the card answers is lost.
        usim(
            LIMITED,
            "sequence_number_used_before",
            &[
                json!("radio-on"),
                json!({ "sqn": { "profile": "", "value": "0" } }),
                tamper("AUTHENTICATION FAILURE", json!("drop")),
            ],
        ),
    ]
}

/// A device registers, with an octet of one of the messages turned over; what some of them verify.
fn attach(verifying: &[Party], rat: &str, altered: Option<(&str, i32)>) -> String {
    let flipped = altered.map(|(function, octet)| tamper(function, json!({ "flip": { "octet": octet } })));
    attached(verifying, rat, flipped.as_slice())
}

fn tamper(function: &str, how: Value) -> Value {
    json!({ "tamper": { "at": { "interface": "NAS", "function": function }, "do": how } })
}

/// A device registers, after acts; what some verify.
fn attached(verifying: &[Party], rat: &str, before: &[Value]) -> String {
    let cells = json!({ "cells": [{ "plmn": "00101", "rat": rat, "level": -84 }] });
    let before = [json!("leave-factory"), cells].into_iter().chain(before.iter().cloned());
    let mut world = in_memory(7).unwrap();
    world.watch();
    let mut perform = |act: Value| {
        let act: Act = serde_json::from_value(act).unwrap();
        block_on(world.perform(&act)).unwrap()
    };
    before.for_each(|act| drop(perform(act)));
    recorder::begin();
    let performed = perform(json!("radio-on"));
    // The modem looks for files that a profile need not have: of the card, what it verifies of the network.
    let records = world.trace().records();
    let is_about = |check: &&Checked| {
        let record = check.record.and_then(|n| records.get(n as usize));
        check.party != Party::Euicc || record.is_some_and(|record| record.function == "AUTHENTICATE")
    };
    for check in performed.checks.iter().filter(|it| verifying.contains(&it.party)).filter(is_about) {
        recorder::hear(check.clause, check.what, check.passed);
    }
    if performed.good { "in service".into() } else { "limited service".into() }
}
