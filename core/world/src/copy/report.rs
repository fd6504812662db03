//! A report for whoever is to find out what is wrong.

use super::{Origin, Session};
use crate::checked::Checked;
use crate::explained::explain_record;
use crate::journal::VERSION;
use crate::outline::outline;
use crate::replay::begun;
use crate::scenario::Scenario;
use crate::stage::Stage;
use crate::story::in_memory;
use crate::trace::digest;
use crate::words::{Words, party};
use esim_rsp::trace::Record;
use esim_sm_edge::block_on;

/// Markdown; [`read_foreign`](crate::read_foreign) reads it again.
pub(super) fn report(session: &Session<'_>, n: Option<u32>) -> Result<String, Words> {
    let record = n.and_then(|n| session.records.get(n as usize));
    let about = match record {
        Some(record) => format!("message {}, {} {}", record.n, record.interface, record.function),
        None => "a session".to_string(),
    };
    let mut text = format!("# esim-lab: {about}\n\n");
    if let Some(link) = session.link() {
        text += &format!("- link: `{link}`\n");
    }
    match session.origin {
        Origin::Seed { seed, now, sm } => {
            text += &format!("- seed: {seed}\n- clock: {now} (Unix seconds)\n");
            if let Some(sm) = sm {
                text += &format!("- SM: <{sm}>\n");
            }
        }
        Origin::Scenario(_) => text += "- world: of a scenario, below\n",
        Origin::Unknown(why) => text += &format!("- world: {}\n", why.en),
    }
    text += &format!("- version: esim-lab {VERSION}\n- digest of the trace: {}\n", digest(session.records));
    text += &format!("- messages: {}\n", session.records.len());
    let acts = serde_json::to_string_pretty(session.acts).map_err(|error| Words::same(error.to_string()))?;
    text += &format!("\n## What was done\n\n```json\n{acts}\n```\n");
    if let Origin::Scenario(scenario) = session.origin {
        text += &format!("\n## Scenario\n\n```toml\n{}\n```\n", scenario.trim_end());
    }
    if let Some(record) = record {
        text += &of_message(session, record);
    }
    text += "\n## What is wrong\n\nWhat was expected, by which clause, and what has happened instead.\n";
    Ok(text)
}

fn of_message(session: &Session<'_>, record: &Record) -> String {
    let Record { n, interface, function, from, to, bytes, .. } = record;
    let (from, to) = (party(*from).en, party(*to).en);
    let mut text =
        format!("\n## Message {n}\n\n{interface} {function}, {from} to {to}, {} octets\n", bytes.len());
    let checks = checks_of(session, *n);
    if !checks.is_empty() {
        text += "\n### Checks\n\n| who | clause | what must hold | |\n|---|---|---|---|\n";
        for Checked { party: who, clause, what, passed, .. } in &checks {
            let holds = if *passed { "passed" } else { "**failed**" };
            text += &format!("| {} | {clause} | {} | {holds} |\n", party(*who).en, what.replace('|', "\\|"));
        }
    }
    let tree = outline(&explain_record(record)).join("\n");
    text += &format!("\n### Tree\n\n```\n{tree}\n```\n");
    let line = String::from_utf8_lossy(&record.canonical()).into_owned();
    text + &format!("\n### Octets\n\n```json\n{line}```\n")
}

/// What its receiver has verified of a message: the same session done once more tells it.
fn checks_of(session: &Session<'_>, n: u32) -> Vec<Checked> {
    let world = match session.origin {
        Origin::Seed { seed, now, sm: None } => begun(*seed, *now).ok(),
        Origin::Scenario(text) => Scenario::read(text).ok().and_then(|scenario| {
            let mut world = in_memory(scenario.seed).ok()?;
            Stage::new(scenario, &mut world).ok().map(|_| world)
        }),
        _ => None,
    };
    let Some(mut world) = world else { return Vec::new() };
    world.watch();
    let mut checks = Vec::new();
    for act in session.acts {
        let Ok(performed) = block_on(world.perform(act)) else { return checks };
        checks.extend(performed.checks.into_iter().filter(|check| check.record == Some(n)));
    }
    checks
}
