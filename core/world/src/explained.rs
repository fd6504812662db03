//! A trace record for a reader: JSON with its base64 fields opened, TLVs as a
//! tree, APDUs taken apart.

use esim_net::explain::{Element, explain};
use esim_net::nas::Direction;
use esim_rsp::explain::Node;
use esim_rsp::json::Base64;
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
    /// The message's TLVs; of JSON, one part for each field that holds some.
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
        let nodes = esim_rsp::explain(octets).unwrap_or_default();
        Self { label: label.to_string(), hex: hex::encode(octets), nodes }
    }

    pub(crate) fn plain(label: &str, octets: &[u8]) -> Self {
        Self { label: label.to_string(), hex: hex::encode(octets), nodes: Vec::new() }
    }
}

/// Explains a record of a trace.
pub fn explain_record(record: &Record) -> Explained {
    let mut title = format!("{} {}", record.interface, record.function);
    if matches!(record.interface.as_str(), "policy" | "S1AP") {
        title.push_str(" (a decoded structure, not the encoding of the field)");
    }
    let bytes = &record.bytes;
    if let Ok(json) = serde_json::from_slice::<Value>(bytes) {
        let parts =
            json.as_object().into_iter().flatten().filter_map(|(name, value)| field(name, value)).collect();
        return Explained { title, json: Some(json), parts };
    }
    let parts = match record.interface.as_str() {
        "APDU" if record.to == esim_rsp::trace::Party::Euicc => command(bytes),
        "APDU" => response(bytes),
        "NAS" | "S6a" | "S6d" | "S11" | "S4" | "S1-U" | "S12" | "SGi" => vec![network(record)],
        "SGd" => vec![Part::plain("RP-DATA, TS 24.011 7.3.1", bytes)],
        _ => vec![Part::new("", bytes)],
    };
    Explained { title, json: None, parts }
}

/// A message of the network: its information elements.
fn network(record: &Record) -> Part {
    let to_device = record.to == esim_rsp::trace::Party::Modem;
    let direction = if to_device { Direction::Down } else { Direction::Up };
    let elements = explain(&record.interface, direction, &record.bytes).unwrap_or_default();
    let nodes = elements.into_iter().map(node).collect();
    Part { label: String::new(), hex: hex::encode(&record.bytes), nodes }
}

fn node(element: Element) -> Node {
    Node {
        name: element.name,
        type_name: String::new(),
        clause: element.clause,
        tag: 0,
        whole: element.whole,
        value: element.value,
        text: element.text,
        children: element.children.into_iter().map(node).collect(),
    }
}

/// A JSON field that is base64 of TLVs.
pub(crate) fn field(name: &str, value: &Value) -> Option<Part> {
    let octets = serde_json::from_value::<Base64>(value.clone()).ok()?.0;
    let part = Part::new(name, &octets);
    (octets.len() > 2 && !part.nodes.is_empty()).then_some(part)
}

pub(crate) fn command(apdu: &[u8]) -> Vec<Part> {
    let Some((header, rest)) = apdu.split_at_checked(4) else { return vec![Part::plain("", apdu)] };
    let mut parts = vec![Part::plain("CLA INS P1 P2", header)];
    match rest {
        [] => {}
        [le] => parts.push(Part::plain("Le", &[*le])),
        [0, _, _] => parts.push(Part::plain("Le", rest)),
        [0, high, low, body @ ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            parts.push(Part::plain("Lc", &rest[..3]));
            let (data, le) = body.split_at_checked(length).unwrap_or((body, &[]));
            parts.push(Part::new("data", data));
            if !le.is_empty() {
                parts.push(Part::plain("Le", le));
            }
        }
        [lc, body @ ..] => {
            parts.push(Part::plain("Lc", &[*lc]));
            let (data, le) = body.split_at_checked(usize::from(*lc)).unwrap_or((body, &[]));
            parts.push(Part::new("data", data));
            if !le.is_empty() {
                parts.push(Part::plain("Le", le));
            }
        }
    }
    parts
}

pub(crate) fn response(apdu: &[u8]) -> Vec<Part> {
    let (data, status) = apdu.split_at(apdu.len().saturating_sub(2));
    let mut parts = Vec::new();
    if !data.is_empty() {
        parts.push(Part::new("data", data));
    }
    parts.push(Part::plain("SW1 SW2", status));
    parts
}
