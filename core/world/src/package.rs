//! Pieces of a message that goes in several: segments of a bound profile package, and what of a tree a piece has.

use esim_rsp::explain::Node;
use esim_rsp::tlv;
use esim_rsp::trace::Record;
use std::ops::Range;

/// Whether a record is a segment of a package (SGP.22 2.5.5).
pub(crate) fn is_segment(record: &Record) -> bool {
    record.interface.starts_with("ES10") && record.function == "LoadBoundProfilePackage"
}

/// A segment of a package (SGP.22 2.5.5), read with those before and after it.
pub(crate) fn package_part(records: &[Record], n: usize) -> Vec<Node> {
    let Some(record) = records.get(n) else { return Vec::new() };
    let bytes = &record.bytes;
    let begins = |record: &Record| is_segment(record) && record.bytes.starts_with(&[0xBF, 0x36]);
    let first = records.get(..=n).and_then(|before| before.iter().rposition(begins));
    let (mut whole, mut at) = (Vec::new(), None);
    for (i, segment) in records.iter().enumerate().skip(first.unwrap_or(n)) {
        if !is_segment(segment) || (i > n && begins(segment)) {
            continue;
        }
        if i == n {
            at = Some(whole.len());
        }
        whole.extend_from_slice(&segment.bytes);
        if i >= n && tlv::read_only(&whole).is_ok() {
            break;
        }
    }
    let package = at.zip(esim_rsp::explain(&whole).ok());
    match package {
        Some((at, nodes)) => clip(&nodes, &(at..at + bytes.len())),
        None => begun(bytes, 0),
    }
}

/// Names of what a package is made of (SGP.22 2.5.3).
fn package_name(tag: u32) -> (&'static str, &'static str) {
    match tag {
        0xBF36 => ("", "BoundProfilePackage"),
        0xA0 => ("firstSequenceOf87", ""),
        0xA1 => ("sequenceOf88", ""),
        0xA2 => ("secondSequenceOf87", ""),
        0xA3 => ("sequenceOf86", ""),
        _ => ("", ""),
    }
}

/// TLVs of which the last may go on elsewhere.
fn begun(octets: &[u8], depth: u8) -> Vec<Node> {
    if let Ok(nodes) = esim_rsp::explain(octets) {
        return nodes;
    }
    let Ok((tag, length, value)) = tlv::read_header(octets, 0) else {
        let text = hex::encode_upper(octets);
        return vec![Node::named("continued", "SGP.22 2.5.5", 0..octets.len(), text)];
    };
    let (name, type_name) = package_name(tag);
    let mut node = Node::new(name, type_name, tag, 0..octets.len(), value..octets.len());
    node.clause = "2.5.5".into();
    node.note = "goes on".into();
    node.text = format!("{length} octets");
    if depth < 4 && value < octets.len() {
        let inner = begun(octets.get(value..).unwrap_or_default(), depth + 1);
        node.children = inner.into_iter().map(|child| child.shifted(value)).collect();
    }
    vec![node]
}

/// What of a tree stands in these octets, counted from their start.
pub(crate) fn clip(nodes: &[Node], piece: &Range<usize>) -> Vec<Node> {
    let inside = |node: &&Node| node.whole.start < piece.end && node.whole.end > piece.start;
    nodes.iter().filter(inside).map(|node| clip_one(node, piece)).collect()
}

fn clip_one(node: &Node, piece: &Range<usize>) -> Node {
    let cut = |range: &Range<usize>| {
        let within = |at: usize| at.clamp(piece.start, piece.end) - piece.start;
        within(range.start)..within(range.end)
    };
    let (begun, goes_on) = (node.whole.start < piece.start, node.whole.end > piece.end);
    let note = match (begun, goes_on) {
        (false, false) => node.note.clone(),
        (true, false) => "began before".into(),
        (false, true) => "goes on".into(),
        (true, true) => "began before, goes on".into(),
    };
    let children = clip(&node.children, piece);
    // Tag and length may be all that this piece has of it.
    let elsewhere = children.is_empty() && node.text.is_empty();
    let text =
        if elsewhere { format!("{} octets, in the next piece", node.value.len()) } else { node.text.clone() };
    Node {
        whole: cut(&node.whole),
        value: cut(&node.value),
        note,
        children,
        text,
        name: node.name.clone(),
        type_name: node.type_name.clone(),
        clause: node.clause.clone(),
        ..*node
    }
}
