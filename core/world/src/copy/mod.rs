//! A message, or all of a session, for other programs: scripts, commands, tests, captures, reports.

mod lpac;
mod program;
mod report;

use crate::act::Act;
use crate::journal::{Journal, VERSION};
use crate::octets::channel_of;
use crate::outside::Heard;
use crate::pcap::pcap_of;
use crate::trace::digest;
use crate::words::Words;
use esim_rsp::trace::{Party, Record};
use serde::Deserialize;
use std::ops::Range;

/// What somebody takes with him.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum CopyForm {
    /// Command APDUs, a line each, for scriptor and for `opensc-tool -s`; answers are comments.
    ApduScript,
    /// Commands of lpac.
    Lpac,
    /// A test in Rust, with `esim-world`.
    Rust,
    /// A test in JavaScript, for `node --test` with the npm package.
    Js,
    /// A capture for Wireshark and tshark.
    Pcap,
    /// Records as JSON, a line each.
    Json,
    /// A bug report in Markdown.
    Report,
}

/// How a world has begun, as far as it can be made once more.
#[derive(Clone, Debug)]
pub enum Origin {
    /// As [`begun`](crate::begun) makes it.
    Seed {
        /// Of the world.
        seed: u64,
        /// Its clock, which stands still.
        now: u64,
        /// Base URL of an SM that is somebody else's.
        sm: Option<String>,
    },
    /// As a scenario says, TOML.
    Scenario(String),
    /// It cannot: why.
    Unknown(Words),
}

/// A session: what was said, what was done, how it began.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    /// The trace.
    pub records: &'a [Record],
    /// What was done.
    pub acts: &'a [Act],
    /// What an SM that is somebody else's has answered.
    pub heard: &'a [Heard],
    /// How it began.
    pub origin: &'a Origin,
}

/// A copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Text.
    Text(String),
    /// A file.
    Octets(Vec<u8>),
}

/// Copies the message with this number, or the whole session.
///
/// # Errors
/// Why there is no such copy of it.
pub fn copy_as(session: &Session<'_>, form: CopyForm, n: Option<u32>) -> Result<Copied, Words> {
    let records = session.records;
    if let Some(n) = n.filter(|n| records.get(*n as usize).is_none()) {
        return Err(Words::new(
            format!("the trace has no message {n}"),
            format!("トレースに{n}番のメッセージはありません"),
        ));
    }
    let meant = n.map_or(0..records.len(), |n| exchange(records, n as usize));
    let text = match form {
        CopyForm::ApduScript => script(records, n.map(|_| meant))?,
        CopyForm::Lpac => lpac::commands(session, n)?,
        CopyForm::Rust => program::rust(session, n)?,
        CopyForm::Js => program::js(session, n)?,
        CopyForm::Pcap => return Ok(Copied::Octets(pcap_of(&records[meant]))),
        CopyForm::Json => {
            let range = n.map_or(meant, |n| n as usize..n as usize + 1);
            let lines = records[range].iter().map(Record::canonical);
            lines.map(|line| String::from_utf8_lossy(&line).into_owned()).collect()
        }
        CopyForm::Report => report::report(session, n)?,
    };
    Ok(Copied::Text(text))
}

impl Session<'_> {
    /// The part of a URL behind which the same session is; the device has left the factory in it first of all.
    pub(crate) fn link(&self) -> Option<String> {
        let Origin::Seed { seed, now, sm } = self.origin else { return None };
        let acts = self.acts.strip_prefix(&[Act::LeaveFactory])?.to_vec();
        let mut digest = digest(self.records);
        digest.truncate(16);
        let (sm, heard) = (sm.clone(), self.heard.to_vec());
        let version = Some(VERSION.to_string());
        let journal = Journal { seed: *seed, now: *now, acts, sm, heard, version, digest: Some(digest) };
        journal.to_link().ok()
    }
}

/// Messages among which the answer to another is looked for: the longest package has some thousand APDUs, each function fewer.
const WINDOW: usize = 2_000;

/// Whether a record is the answer to another.
fn answers(record: &Record, asked: &Record) -> bool {
    let function = record.function.strip_suffix(" response");
    record.interface == asked.interface && function == Some(&asked.function) && record.to == asked.from
}

/// The messages that a message is one of: a function from its command to its answer, with the APDUs that carry it, or a
/// command APDU with its response.
pub(crate) fn exchange(records: &[Record], n: usize) -> Range<usize> {
    let Some(record) = records.get(n) else { return n..n };
    let of = |asked: usize| {
        let end = records.len().min(asked + WINDOW);
        let answer = (asked + 1..end).find(|at| answers(&records[*at], &records[asked]));
        asked..answer.map_or(asked, |at| at) + 1
    };
    if record.interface == "APDU" {
        // The last command of ES10 before it, unless that is answered already.
        let asked = (n.saturating_sub(WINDOW)..n)
            .rev()
            .find(|at| records[*at].interface.starts_with("ES10") && records[*at].to == Party::Euicc);
        if let Some(range) = asked.map(of).filter(|range| range.contains(&n)) {
            return range;
        }
        let is_response = record.from == Party::Euicc;
        return match is_response {
            true => n.saturating_sub(1)..n + 1,
            false => n..(n + 2).min(records.len()),
        };
    }
    match record.function.strip_suffix(" response") {
        None => of(n),
        Some(_) => (n.saturating_sub(WINDOW)..n)
            .rev()
            .find(|at| answers(record, &records[*at]))
            .map_or(n..n + 1, |at| at..n + 1),
    }
}

/// APDUs as a script: of a part those before it, too, by which the ISD-R is selected.
fn script(records: &[Record], part: Option<Range<usize>>) -> Result<String, Words> {
    let is_apdu = |record: &&Record| record.interface == "APDU";
    let mut meant: Vec<&Record> = match &part {
        Some(part) => opening(&records[..part.start]).into_iter().chain(&records[part.clone()]).collect(),
        None => records.iter().collect(),
    };
    let has_some = records[part.unwrap_or(0..records.len())].iter().any(|record| is_apdu(&record));
    meant.retain(is_apdu);
    if !has_some {
        return Err(Words::new(
            "no APDU belongs to this message: a script is of what is said to a card",
            "このメッセージに対応するAPDUはありません。スクリプトにできるのはカードへのコマンドです",
        ));
    }
    let commands = meant.iter().filter(|record| record.to == Party::Euicc).count();
    let mut text = format!(
        "# esim-lab {VERSION}: {commands} APDUs; for scriptor, or line by line for opensc-tool -s\nreset\n"
    );
    for record in meant {
        let comment = if record.to == Party::Euicc { "" } else { "# < " };
        text += &format!("{comment}{}\n", hex::encode_upper(&record.bytes));
    }
    Ok(text)
}

/// The APDUs that have opened the channel which is used last.
fn opening(before: &[Record]) -> Vec<&Record> {
    let is = |record: &Record, ins| record.to == Party::Euicc && record.bytes.get(1) == Some(&ins);
    let of_the_lpa = |record: &&Record| {
        record.interface == "APDU" && (record.from == Party::Lpa || record.to == Party::Lpa)
    };
    let apdus: Vec<&Record> = before.iter().filter(of_the_lpa).collect();
    let Some(open) = apdus.iter().rposition(|it| is(it, 0x70) && it.bytes.get(2) == Some(&0)) else {
        return Vec::new();
    };
    let selected = apdus[open..].iter().position(|it| is(it, 0xA4) && channel_of(it.bytes[0]) > 0);
    let end = selected.map_or(open + 2, |at| open + at + 2).min(apdus.len());
    // What the terminal can do is told before that.
    let start = apdus[..open].iter().rposition(|it| is(it, 0xAA)).filter(|at| at + 2 == open).unwrap_or(open);
    apdus[start..end].to_vec()
}
