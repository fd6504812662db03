//! A trace record for a reader: JSON with its base64 fields opened, TLVs as a
//! tree, APDUs taken apart.

use crate::apdu::context;
use crate::json_tree;
use crate::package::{is_segment, package_part};
use esim_net::explain::{Element, explain};
use esim_net::nas::Direction;
use esim_rsp::explain::Node;
use esim_rsp::json::Base64;
use esim_rsp::meaning::add_meanings;
use esim_rsp::trace::Record;
use serde::Serialize;
use serde_json::Value;

/// A message and what it is made of.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Explained {
    /// Interface and function.
    pub title: String,
    /// The message, if it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional, type = "unknown"))]
    pub json: Option<Value>,
    /// The message's tree; of JSON the text's own, then one part for each field that holds TLVs.
    pub parts: Vec<Part>,
}

/// Octets with their tree.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Part {
    /// Name of the JSON field, or of the APDU's part; empty for a whole message.
    pub label: String,
    /// The octets, hexadecimal.
    pub hex: String,
    /// The tree; empty if the octets are no TLVs.
    pub nodes: Vec<Node>,
}

impl Part {
    pub(crate) fn new(label: &str, octets: &[u8]) -> Self {
        let mut nodes = esim_rsp::explain(octets).unwrap_or_default();
        if let [node] = &mut nodes[..]
            && node.name.is_empty()
            && !label.contains([' ', '.'])
        {
            node.name = label.to_string();
        }
        Self::of(label, octets, nodes)
    }

    pub(crate) fn plain(label: &str, octets: &[u8]) -> Self {
        Self::of(label, octets, Vec::new())
    }

    pub(crate) fn of(label: &str, octets: &[u8], mut nodes: Vec<Node>) -> Self {
        add_meanings(&mut nodes);
        Self { label: label.to_string(), hex: hex::encode(octets), nodes }
    }
}

/// Explains a profile package as it is after decryption: its elements, files and what is in them.
///
/// # Errors
/// A sentence, if the octets are none.
pub fn explain_profile(octets: &[u8]) -> Result<Explained, String> {
    let nodes = esim_saip::explain::explain_profile(octets)
        .map_err(|error| format!("it is no profile package: {error}"))?;
    let parts = vec![Part::of("", octets, nodes)];
    Ok(Explained { title: "profile package (TCA)".into(), json: None, parts })
}

/// Explains a record of a trace alone. An APDU that is a part of a message says more among its records:
/// [`explain_record_in`].
pub fn explain_record(record: &Record) -> Explained {
    explain_record_in(std::slice::from_ref(record), 0).unwrap_or_else(|| Explained {
        title: record.function.clone(),
        json: None,
        parts: Vec::new(),
    })
}

/// Explains record `n` of a trace; `None` if it has none. The records around it tell what an APDU answers, which file is
/// selected, and of which message it is a part.
pub fn explain_record_in(records: &[Record], n: usize) -> Option<Explained> {
    let record = records.get(n)?;
    let mut title = format!("{} {}", record.interface, record.function);
    if matches!(record.interface.as_str(), "policy" | "S1AP") {
        title.push_str(" (a decoded structure, not the encoding of the field)");
    }
    let bytes = &record.bytes;
    if matches!(bytes.first(), Some(b'{' | b'['))
        && let Ok(json) = serde_json::from_slice::<Value>(bytes)
    {
        return Some(Explained { title, parts: json_parts(bytes, &json), json: Some(json) });
    }
    let part = match record.interface.as_str() {
        "APDU" => Part::of("", bytes, context::apdu(records, n)),
        "NAS" | "S6a" | "S6d" | "S11" | "S4" | "S1-U" | "S12" | "SGi" => network(record),
        "SGd" => Part::plain("RP-DATA, TS 24.011 7.3.1", bytes),
        _ if is_segment(record) => Part::of("", bytes, package_part(records, n)),
        _ => Part::new("", bytes),
    };
    Some(Explained { title, json: None, parts: vec![part] })
}

/// The text's own tree, and that of each member that holds TLVs.
fn json_parts(bytes: &[u8], json: &Value) -> Vec<Part> {
    let tree = std::str::from_utf8(bytes).ok().and_then(json_tree::tree).unwrap_or_default();
    let members = json.as_object().into_iter().flatten();
    let opened = members.filter_map(|(name, value)| field(name, value));
    std::iter::once(Part::of("", bytes, tree)).chain(opened).collect()
}

/// A message of the network: its information elements.
fn network(record: &Record) -> Part {
    let to_device = record.to == esim_rsp::trace::Party::Modem;
    let direction = if to_device { Direction::Down } else { Direction::Up };
    let elements = explain(&record.interface, direction, &record.bytes).unwrap_or_default();
    Part::of("", &record.bytes, elements.into_iter().map(node).collect())
}

fn node(element: Element) -> Node {
    let is_empty = element.text.is_empty() && element.children.is_empty();
    let text = if is_empty { "no information elements".into() } else { element.text };
    Node {
        value: element.value,
        children: element.children.into_iter().map(node).collect(),
        ..Node::named(&element.name, &element.clause, element.whole, text)
    }
}

/// A JSON field that is base64 of TLVs.
pub(crate) fn field(name: &str, value: &Value) -> Option<Part> {
    let octets = serde_json::from_value::<Base64>(value.clone()).ok()?.0;
    let part = Part::new(name, &octets);
    (octets.len() > 2 && !part.nodes.is_empty()).then_some(part)
}

pub(crate) fn command(apdu: &[u8]) -> Vec<Part> {
    vec![Part::of("", apdu, context::lone_command(apdu))]
}

pub(crate) fn response(apdu: &[u8]) -> Vec<Part> {
    vec![Part::of("", apdu, context::lone_response(apdu))]
}
