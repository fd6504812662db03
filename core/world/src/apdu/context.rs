//! What an APDU is within its session: the command that is answered, the message of which it carries a part.

use super::files::{File, Selected};
use super::{channel, command, data, response};
use crate::package::{clip, is_segment, package_part};
use esim_rsp::explain::{Node, explain};
use esim_rsp::trace::{Party, Record};
use std::ops::Range;

const STORE_DATA: u8 = 0xE2;
const GET_RESPONSE: u8 = 0xC0;

/// The tree of an APDU among the records of its trace.
pub(crate) fn apdu(records: &[Record], n: usize) -> Vec<Node> {
    let Some(record) = records.get(n) else { return Vec::new() };
    let octets = &record.bytes;
    if record.to == Party::Euicc {
        return command(octets, |inner| {
            let chained = octets.get(1) == Some(&STORE_DATA);
            let part = if chained { stored(records, n).and_then(|it| it.nodes(records)) } else { None };
            part.unwrap_or_else(|| data::of_command(octets, selected_by(records, n), inner))
        });
    }
    let asked = before(records, n, |other| other.to == Party::Euicc);
    response(octets, |inner| {
        let asked_bytes = asked.and_then(|at| records.get(at)).map(|it| &it.bytes[..]);
        let is_part = matches!(asked_bytes, Some([_, STORE_DATA | GET_RESPONSE, ..]));
        let part = if is_part { answered(records, n).and_then(|it| it.nodes(records)) } else { None };
        part.unwrap_or_else(|| {
            data::of_response(asked_bytes, asked.and_then(|at| read_by(records, at)), inner)
        })
    })
}

/// The tree of a command of which nothing else is known.
pub(crate) fn lone_command(octets: &[u8]) -> Vec<Node> {
    command(octets, |inner| data::of_command(octets, None, inner))
}

/// The tree of a response to a command that is not known.
pub(crate) fn lone_response(octets: &[u8]) -> Vec<Node> {
    response(octets, |inner| data::of_response(None, None, inner))
}

/// What is selected on the channel of command `n`, before it.
fn selected(records: &[Record], n: usize) -> Selected {
    let own = records.get(n).and_then(class);
    let mut now = Selected::default();
    let before = records.get(..n).unwrap_or_default();
    for (i, record) in before.iter().enumerate().filter(|(_, it)| is_apdu(it) && it.to == Party::Euicc) {
        let (&[_, ins, p1, ..], true) = (&record.bytes[..], class(record) == own) else { continue };
        let answer = records.iter().skip(i + 1).find(|it| is_apdu(it));
        let done = answer.is_some_and(|it| matches!(status(&it.bytes), Some([0x90 | 0x91 | 0x61 | 0x62, _])));
        if ins == 0xA4 && done {
            now = now.after(p1, body(&record.bytes));
        }
    }
    now
}

fn status(response: &[u8]) -> Option<[u8; 2]> {
    response.last_chunk::<2>().copied()
}

/// The file that a SELECT means.
fn selected_by(records: &[Record], n: usize) -> Option<File> {
    let record = records.get(n)?;
    let &[_, 0xA4, p1, ..] = &record.bytes[..] else { return None };
    selected(records, n).after(p1, body(&record.bytes)).file()
}

/// The file that a command reads.
fn read_by(records: &[Record], n: usize) -> Option<File> {
    match *records.get(n)?.bytes {
        [_, ins @ (0xB0 | 0xB2), p1, p2, ..] => selected(records, n).read_by(ins, p1, p2),
        _ => None,
    }
}

/// A message that went in several APDUs, and which octets of it one of them has.
struct Chain {
    whole: Vec<u8>,
    piece: Range<usize>,
    /// The first APDU of it.
    first: usize,
}

impl Chain {
    fn nodes(&self, records: &[Record]) -> Option<Vec<Node>> {
        let found = explain(&self.whole).ok().filter(|nodes| is_named(nodes));
        let found = found.or_else(|| {
            // A segment of a package: what it is, the package tells.
            let told = before(records, self.first, |it| it.bytes == self.whole && is_segment(it))?;
            Some(package_part(records, told)).filter(|nodes| is_named(nodes))
        })?;
        Some(clip(&found, &self.piece))
    }
}

fn is_named(nodes: &[Node]) -> bool {
    nodes.first().is_some_and(|node| !node.name.is_empty() || !node.type_name.is_empty())
}

/// The nearest record before that is what is wanted.
fn before(records: &[Record], n: usize, is_it: impl Fn(&Record) -> bool) -> Option<usize> {
    records.get(..n)?.iter().rposition(|record| {
        record.interface == "APDU" && is_it(record) || is_segment(record) && is_it(record)
    })
}

fn is_apdu(record: &Record) -> bool {
    record.interface == "APDU"
}

fn class(record: &Record) -> Option<u8> {
    record.bytes.first().and_then(|cla| channel(*cla))
}

/// Data of a short command.
fn body(apdu: &[u8]) -> &[u8] {
    let length = apdu.get(4).map_or(0, |lc| usize::from(*lc));
    apdu.get(5..5 + length).unwrap_or_default()
}

/// The chain of STORE DATA of which record `n` is a block (SGP.22 5.7.2).
fn stored(records: &[Record], n: usize) -> Option<Chain> {
    let own = class(records.get(n)?);
    let is_block = |record: &Record| {
        is_apdu(record)
            && record.to == Party::Euicc
            && record.bytes.get(1) == Some(&STORE_DATA)
            && class(record) == own
    };
    let mut first = n;
    while records.get(first)?.bytes.get(3).is_some_and(|number| *number > 0) {
        first = records.get(..first)?.iter().rposition(is_block)?;
    }
    let (mut whole, mut piece) = (Vec::new(), 0..0);
    for (i, record) in records.iter().enumerate().skip(first).filter(|(_, record)| is_block(record)) {
        let data = body(&record.bytes);
        if i == n {
            piece = whole.len()..whole.len() + data.len();
        }
        whole.extend_from_slice(data);
        if record.bytes.get(2).is_some_and(|p1| p1 & 0x80 != 0) {
            break;
        }
    }
    Some(Chain { whole, piece, first })
}

/// The answer of which response `n` is a part: what came to STORE DATA, and to each GET RESPONSE after it.
fn answered(records: &[Record], n: usize) -> Option<Chain> {
    let is_command = |record: &Record| is_apdu(record) && record.to == Party::Euicc;
    let is_response = |record: &Record| is_apdu(record) && record.to != Party::Euicc;
    let mut first = records.get(..n)?.iter().rposition(is_command)?;
    while records.get(first)?.bytes.get(1) == Some(&GET_RESPONSE) {
        first = records.get(..first)?.iter().rposition(is_command)?;
    }
    let (mut whole, mut piece) = (Vec::new(), 0..0);
    for (i, record) in records.iter().enumerate().skip(first + 1).filter(|(_, record)| is_response(record)) {
        let (data, status) = record.bytes.split_at(record.bytes.len().saturating_sub(2));
        if i == n {
            piece = whole.len()..whole.len() + data.len();
        }
        whole.extend_from_slice(data);
        if status.first() != Some(&0x61) {
            break;
        }
    }
    let stored = records.get(first)?.bytes.get(1) == Some(&STORE_DATA);
    stored.then_some(Chain { whole, piece, first })
}
