//! `esim-lab explain`: whatever somebody pastes, as a tree.

use anyhow::{Context, Result, anyhow};
use esim_rsp::trace::Record;
use esim_world::words::party;
use esim_world::{Foreign, LONGEST, explain_pasted, explain_record, octets_of, outline, read_foreign};
use std::io::Read;
use std::path::Path;

/// Octets of a file or of standard input (`-`): hexadecimal, base64, PEM or as they are; or those that `what` itself is.
pub fn read(what: &str) -> Result<Vec<u8>> {
    octets_of(&input(what)?).map_err(|reason| no_file(what, &reason))
}

/// Explains a file, standard input (`-`) or the argument itself, and prints it: a message as its tree, of a session every
/// message.
pub fn run(what: &str) -> Result<()> {
    let input = input(what)?;
    match read_foreign(&input, None) {
        Ok(read) if !ALONE.contains(&read.kind.as_str()) => print_session(&read),
        Err(reason) if std::str::from_utf8(&input).is_err() => return Err(no_file(what, &reason.en)),
        _ => {
            let explained = explain_pasted(&input).map_err(|reason| no_file(what, &reason))?;
            outline(&explained).iter().for_each(|line| say!("{line}"));
        }
    }
    Ok(())
}

/// What is one thing by itself.
const ALONE: [&str; 4] = ["message", "json", "pem", "activation-code"];

/// What it is, what could not be read of it, and each message: functions with their trees, APDUs in a line.
fn print_session(read: &Foreign) {
    say!("{}", read.summary);
    if let Some(link) = &read.link {
        say!("{link}");
    }
    for note in &read.notes {
        say!("note: {note}");
    }
    for record in &read.records {
        let Record { n, interface, function, bytes, .. } = record;
        let (from, to) = (party(record.from), party(record.to));
        if interface == "APDU" {
            say!("{n:>5}  {from} > {to}  {function}  {}", shorten(&hex::encode_upper(bytes)));
            continue;
        }
        say!("{n:>5}  {from} > {to}  {interface} {function}, {} octets", bytes.len());
        outline(&explain_record(record)).iter().for_each(|line| say!("       {line}"));
    }
}

/// Not more than somebody will read.
fn input(what: &str) -> Result<Vec<u8>> {
    let limit = LONGEST as u64 + 1;
    let mut octets = Vec::new();
    if what == "-" {
        std::io::stdin().take(limit).read_to_end(&mut octets).context("cannot read standard input")?;
    } else if Path::new(what).is_file() {
        let file = std::fs::File::open(what).and_then(|file| file.take(limit).read_to_end(&mut octets));
        file.with_context(|| format!("cannot read {what}"))?;
    } else {
        octets.extend_from_slice(what.as_bytes());
    }
    Ok(octets)
}

/// An argument that is not understood may have been meant as a file.
fn no_file(what: &str, reason: &str) -> anyhow::Error {
    match what == "-" || Path::new(what).is_file() {
        true => anyhow!("{reason}"),
        false => anyhow!("{reason}; nor is there a file of this name"),
    }
}

/// A line of a terminal.
fn shorten(text: &str) -> String {
    const WIDTH: usize = 96;
    if text.chars().count() <= WIDTH {
        return text.to_string();
    }
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}
