//! What a message is made of, in lines of text: for terminals and reports.

use crate::explained::{Explained, Part};
use esim_rsp::explain::Node;
use serde_json::Value;

/// Characters of a value that are shown.
const WIDTH: usize = 96;

/// A message alone as its tree; anything else with what it is and the names of its parts.
pub fn outline(explained: &Explained) -> Vec<String> {
    let mut lines = Vec::new();
    let parts = &explained.parts;
    if let ([Part { label, nodes, hex }], None) = (&parts[..], &explained.json)
        && label.is_empty()
    {
        // What is no TLV says by its title what it is, a message by its type.
        if nodes.first().is_none_or(|node| node.tag == 0) {
            lines.push(explained.title.clone());
        }
        if nodes.is_empty() {
            lines.push(shorten(&hex.to_uppercase()));
        }
        nodes.iter().for_each(|node| of_node(node, 0, &mut lines));
        return lines;
    }
    lines.push(explained.title.clone());
    if let Some(json) = &explained.json {
        members("", json, parts, &mut lines);
    }
    // The tree of a JSON text is its members once more.
    for Part { label, hex, nodes } in parts.iter().filter(|part| !part.label.is_empty()) {
        lines.push(match nodes.is_empty() {
            true => format!("{label}: {}", shorten(&hex.to_uppercase())),
            false => format!("{label}, {} octets:", hex.len() / 2),
        });
        nodes.iter().for_each(|node| of_node(node, 1, &mut lines));
    }
    lines
}

/// Members that are no messages, one a line.
fn members(path: &str, value: &Value, parts: &[Part], lines: &mut Vec<String>) {
    let below = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
    let opened = |part: &Part| part.label == path || part.label.starts_with(&format!("{path}, "));
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| members(&below(name), value, parts, lines));
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(i, value)| members(&below(&i.to_string()), value, parts, lines));
        }
        _ if parts.iter().any(opened) => {}
        value => lines.push(format!("{path} = {}", shorten(&value.to_string()))),
    }
}

/// Offset, tag, name, type with its clause, value.
fn of_node(node: &Node, depth: usize, lines: &mut Vec<String>) {
    let name = match (node.name.as_str(), node.type_name.as_str()) {
        ("", "") => String::new(),
        (name, "") => name.to_string(),
        ("", kind) => kind.to_string(),
        (name, kind) => format!("{name}: {kind}"),
    };
    let clause = match node.clause.as_str() {
        "" => String::new(),
        clause if clause.starts_with(|c: char| c.is_ascii_digit()) => format!("  [SGP.22 {clause}]"),
        clause => format!("  [{clause}]"),
    };
    let text = if node.text.is_empty() { String::new() } else { format!(" = {}", shorten(&node.text)) };
    let note = if node.note.is_empty() { String::new() } else { format!(" ({})", node.note) };
    // An octet of a head has no tag.
    let tag = if node.tag == 0 { String::new() } else { format!("{:X} ", node.tag) };
    let (start, indent, length) = (node.whole.start, "  ".repeat(depth), node.value.len());
    lines.push(format!("{start:5}  {indent}{tag}{name}{note}{text} ({length}){clause}"));
    node.children.iter().for_each(|child| of_node(child, depth + 1, lines));
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= WIDTH {
        return text.to_string();
    }
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}
