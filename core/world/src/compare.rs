//! Two messages value by value, by the names of their trees.

use crate::explained::{Explained, Part, explain_record};
use crate::link::path;
use esim_rsp::explain::Node;
use esim_rsp::json::Base64;
use esim_rsp::trace::Record;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A value in which two messages differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Difference {
    /// Its names from outside in; joined by points they name it in an edit. Empty where the trees are alike and octets
    /// between their values differ.
    pub path: Vec<String>,
    /// The value in the first message for a reader; none if it is not there.
    pub a: Option<String>,
    /// The value in the second.
    pub b: Option<String>,
    /// Its octets in the first message: of a value in base64 those of the text that it stands in.
    pub at_a: Option<Range<usize>>,
    /// Its octets in the second.
    pub at_b: Option<Range<usize>>,
}

/// A value without parts.
struct Leaf {
    octets: Vec<u8>,
    text: String,
    at: Option<Range<usize>>,
}

/// The values in which two messages differ, in the order of the first, then those that the second alone has.
pub fn compare(a: &Record, b: &Record) -> Vec<Difference> {
    let (first, second) = (leaves(a), leaves(b));
    let by_path: BTreeMap<&[String], &Leaf> = second.iter().map(|(path, leaf)| (&path[..], leaf)).collect();
    let mut found = Vec::new();
    for (path, leaf) in &first {
        let other = by_path.get(&path[..]).copied();
        if other.is_none_or(|other| other.octets != leaf.octets) {
            found.push(difference(path, Some(leaf), other));
        }
    }
    let known: BTreeSet<&[String]> = first.iter().map(|(path, _)| &path[..]).collect();
    let more = second.iter().filter(|(path, _)| !known.contains(&path[..]));
    found.extend(more.map(|(path, leaf)| difference(path, None, Some(leaf))));
    if found.is_empty() && a.bytes != b.bytes {
        found.push(octets_between(&a.bytes, &b.bytes));
    }
    found
}

fn difference(path: &[String], a: Option<&Leaf>, b: Option<&Leaf>) -> Difference {
    // Where a text hides what differs, the octets are shown.
    let is_shown = a.map(|leaf| &leaf.text) != b.map(|leaf| &leaf.text);
    let shown = |leaf: &Leaf| match is_shown && !leaf.text.is_empty() {
        true => leaf.text.clone(),
        false => hex::encode(&leaf.octets),
    };
    let at = |leaf: Option<&Leaf>| leaf.and_then(|leaf| leaf.at.clone());
    Difference { path: path.to_vec(), a: a.map(shown), b: b.map(shown), at_a: at(a), at_b: at(b) }
}

/// From the first octet that differs to the last.
fn octets_between(a: &[u8], b: &[u8]) -> Difference {
    let start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let rest = a.len().min(b.len()) - start;
    let end = a.iter().rev().zip(b.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let of = |octets: &[u8]| {
        let at = start..octets.len() - end;
        (octets.get(at.clone()).map(hex::encode), Some(at))
    };
    let ((a, at_a), (b, at_b)) = (of(a), of(b));
    Difference { path: Vec::new(), a, b, at_a, at_b }
}

/// All values of a message by their names.
fn leaves(record: &Record) -> Vec<(Vec<String>, Leaf)> {
    let Explained { json, parts, .. } = explain_record(record);
    let opened: BTreeSet<&str> = parts.iter().map(|part| &*part.label).filter(|_| json.is_some()).collect();
    let mut found = Vec::new();
    for part in &parts {
        let octets = hex::decode(&part.hex).unwrap_or_default();
        let is_whole = part.label.is_empty() || json.is_none();
        let place = |range: &Range<usize>| match is_whole {
            true => Some(range.clone()),
            false => in_base64(&record.bytes, &octets, range),
        };
        let outer = if is_whole { Vec::new() } else { Vec::from([part.label.clone()]) };
        if part.nodes.is_empty() && !octets.is_empty() {
            let at = place(&(0..octets.len()));
            found.push((outer.clone(), Leaf { text: String::new(), at, octets: octets.clone() }));
        }
        for (path, node) in named(&part.nodes, &outer) {
            // What is opened in a part of its own is compared there.
            if is_whole && matches!(&path[..], [name] if opened.contains(&**name)) {
                continue;
            }
            let inside = octets.get(node.value.clone()).unwrap_or_default().to_vec();
            found.push((path, Leaf { octets: inside, text: node.text.clone(), at: place(&node.value) }));
        }
    }
    found
}

/// Nodes without children, each with its path.
fn named<'a>(nodes: &'a [Node], outer: &[String]) -> Vec<(Vec<String>, &'a Node)> {
    let mut count = BTreeMap::<&str, usize>::new();
    for node in nodes {
        *count.entry(path::name(node)).or_default() += 1;
    }
    let mut seen = BTreeMap::<&str, usize>::new();
    let mut found = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        let name = path::name(node);
        let nth = seen.entry(name).or_default();
        let name = match (name, count.get(name)) {
            ("", _) => format!("[{at}]"),
            (name, Some(2..)) => format!("{name}[{nth}]"),
            (name, _) => name.to_string(),
        };
        *nth += 1;
        let path = [outer, &[name]].concat();
        match node.children.is_empty() {
            true => found.push((path, node)),
            false => found.extend(named(&node.children, &path)),
        }
    }
    found
}

/// Where in a text the base64 of these octets stands, and the digits that some of them are in.
fn in_base64(text: &[u8], octets: &[u8], range: &Range<usize>) -> Option<Range<usize>> {
    let digits = serde_json::to_value(Base64(octets.to_vec())).ok()?;
    let digits = digits.as_str()?.as_bytes();
    let start = text.windows(digits.len().max(1)).position(|window| window == digits)?;
    Some(start + range.start / 3 * 4..start + range.end.div_ceil(3) * 4)
}

impl Part {
    /// All values, each with its path.
    pub fn leaves(&self) -> Vec<(String, Range<usize>)> {
        named(&self.nodes, &[]).into_iter().map(|(path, node)| (path.join("."), node.value.clone())).collect()
    }
}
