//! The serving nodes of the network: what they verify of a device's messages, which somebody alters on their way.

use esim_rsp::trace::Party;
use esim_sm_edge::block_on;
use esim_tests::conformance::{Row, case};
use esim_tests::recorder;
use esim_world::{Act, in_memory};
use serde_json::{Value, json};

pub fn rows() -> Vec<Row> {
    let row = |function: &'static str, code, name, rat: &'static str, altered: Option<&'static str>| {
        case(function, code, name, move || attach(rat, altered))
    };
    const LIMITED: &str = "limited service";
    vec![
        row("MME", "in service", "sound_attach", "lte", None),
        row("MME", LIMITED, "another_res", "lte", Some("AUTHENTICATION RESPONSE")),
        row("MME", LIMITED, "bent_mac", "lte", Some("SECURITY MODE COMPLETE")),
        row("SGSN", "in service", "sound_attach", "umts", None),
        row("SGSN", LIMITED, "another_res", "umts", Some("AUTHENTICATION AND CIPHERING RESPONSE")),
    ]
}

/// A device registers, with the last octet of one of its messages turned over.
fn attach(rat: &str, altered: Option<&str>) -> String {
    let tamper = |function| {
        json!({ "tamper": { "at": { "interface": "NAS", "function": function },
            "do": { "flip": { "octet": -1 } } } })
    };
    let cells = json!({ "cells": [{ "plmn": "00101", "rat": rat, "level": -84 }] });
    let before = [json!("leave-factory"), cells].into_iter().chain(altered.map(tamper));
    let mut world = in_memory(7).unwrap();
    world.watch();
    let mut perform = |act: Value| {
        let act: Act = serde_json::from_value(act).unwrap();
        block_on(world.perform(&act)).unwrap()
    };
    before.for_each(|act| drop(perform(act)));
    recorder::begin();
    let performed = perform(json!("radio-on"));
    let of_the_network = [Party::Mme, Party::Sgsn];
    for check in performed.checks.iter().filter(|check| of_the_network.contains(&check.party)) {
        recorder::hear(check.clause, check.what, check.passed);
    }
    if performed.good { "in service".into() } else { "limited service".into() }
}
