//! A command and a response as trees, each octet of them named.

use super::parameters::{class, instruction, parameters};
use super::status_word;
use esim_rsp::explain::Node;

/// The tree of a command; `data` reads its data field, whose offsets count from that field's start.
pub(crate) fn command(apdu: &[u8], data: impl FnOnce(&[u8]) -> Vec<Node>) -> Vec<Node> {
    let [cla, ins, p1, p2, body @ ..] = apdu else {
        return vec![Node::named("APDU", "ISO/IEC 7816-4 5.1", 0..apdu.len(), hex::encode_upper(apdu))];
    };
    let [first, second] = parameters(*ins, *p1, *p2);
    let mut nodes = vec![
        Node::named("CLA", "TS 102 221 10.1.1", 0..1, class(*cla)),
        Node::named("INS", "TS 102 221 10.1.2", 1..2, instruction(apdu)),
        Node::named("P1", "TS 102 221 10.1.3", 2..3, first),
        Node::named("P2", "TS 102 221 10.1.3", 3..4, second),
    ];
    let (lc, length) = match *body {
        [] | [_] | [0, _, _] => (0, 0),
        [0, high, low, ..] => (3, usize::from(u16::from_be_bytes([high, low]))),
        [lc, ..] => (1, usize::from(lc)),
    };
    if lc > 0 {
        nodes.push(Node::named(
            "Lc",
            "TS 102 221 10.1.4",
            4..4 + lc,
            format!("{length:02X} ({})", octets_of(length)),
        ));
        let end = (4 + lc + length).min(apdu.len());
        nodes.push(field(apdu, 4 + lc..end, data));
    }
    let rest = if lc > 0 { (4 + lc + length).min(apdu.len()) } else { 4 };
    let expected = match apdu.get(rest..).unwrap_or_default() {
        [] => None,
        [0] => Some(String::from("00 (up to 256 octets back)")),
        [1] => Some(String::from("01 (1 octet back)")),
        [le] => Some(format!("{le:02X} ({le} octets back)")),
        [.., 0, 0] => Some(String::from("up to 65536 octets back")),
        [.., high, low] => Some(format!("{} octets back", u16::from_be_bytes([*high, *low]))),
    };
    let le = expected.map(|text| Node::named("Le", "TS 102 221 10.1.5", rest..apdu.len(), text));
    nodes.extend(le);
    nodes
}

/// The tree of a response.
pub(crate) fn response(apdu: &[u8], data: impl FnOnce(&[u8]) -> Vec<Node>) -> Vec<Node> {
    let at = apdu.len().saturating_sub(2);
    let mut nodes = Vec::new();
    if at > 0 {
        nodes.push(field(apdu, 0..at, data));
    }
    let words = apdu.last_chunk::<2>().map(|sw| {
        let sw = u16::from_be_bytes(*sw);
        format!("{sw:04X} ({})", status_word(sw))
    });
    let words = words.unwrap_or_else(|| hex::encode_upper(apdu));
    nodes.push(Node::named("SW1 SW2", "TS 102 221 10.2.1", at..apdu.len(), words));
    nodes
}

fn octets_of(length: usize) -> String {
    if length == 1 { "1 octet of data".into() } else { format!("{length} octets of data") }
}

/// The data field: what is in it, or its octets.
fn field(apdu: &[u8], at: std::ops::Range<usize>, data: impl FnOnce(&[u8]) -> Vec<Node>) -> Node {
    let octets = apdu.get(at.clone()).unwrap_or_default();
    let mut node = Node::named("data", "TS 102 221 10.1.4", at.clone(), "");
    node.children = data(octets).into_iter().map(|child| child.shifted(at.start)).collect();
    if node.children.is_empty() {
        node.text = if octets.is_empty() { "empty".into() } else { hex::encode_upper(octets) };
    }
    node
}
