//! `esim-lab explain`: whatever somebody pastes, as a tree.

use anyhow::{Context, Result, anyhow};
use esim_rsp::explain::Node;
use esim_world::{Explained, LONGEST, Part, explain_pasted, octets_of};
use std::io::Read;
use std::path::Path;

/// Octets of a file or of standard input (`-`): hexadecimal, base64, PEM or as they are; or those that `what` itself is.
pub fn read(what: &str) -> Result<Vec<u8>> {
    octets_of(&input(what)?).map_err(|reason| no_file(what, &reason))
}

/// Explains a file, standard input (`-`) or the argument itself, and prints it.
pub fn run(what: &str) -> Result<()> {
    print(&explain_pasted(&input(what)?).map_err(|reason| no_file(what, &reason))?);
    Ok(())
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

/// A message alone as its tree; anything else with what it is and the names of its parts.
fn print(explained: &Explained) {
    let parts = &explained.parts;
    if let ([Part { label, nodes, .. }], None) = (&parts[..], &explained.json)
        && label.is_empty()
    {
        // Of an APDU no tag says what it is.
        if nodes.first().is_some_and(|node| node.tag == 0) {
            say!("{}", explained.title);
        }
        nodes.iter().for_each(|node| print_node(node, 0));
        return;
    }
    say!("{}", explained.title);
    if let Some(json) = &explained.json {
        print_members("", json, parts);
    }
    for Part { label, hex, nodes } in parts {
        match nodes.is_empty() {
            true => say!("{label}: {}", shorten(&hex.to_uppercase())),
            false => say!("{label}, {} octets:", hex.len() / 2),
        }
        nodes.iter().for_each(|node| print_node(node, 1));
    }
}

/// Members that are no messages, one a line.
fn print_members(path: &str, value: &serde_json::Value, parts: &[Part]) {
    use serde_json::Value;
    let below = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
    let opened = |part: &Part| part.label == path || part.label.starts_with(&format!("{path}, "));
    match value {
        Value::Object(object) => {
            object.iter().for_each(|(name, value)| print_members(&below(name), value, parts));
        }
        Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(i, value)| print_members(&below(&i.to_string()), value, parts));
        }
        _ if parts.iter().any(opened) => {}
        value => say!("{path} = {}", shorten(&value.to_string())),
    }
}

/// Offset, tag, name, type with its clause, value.
fn print_node(node: &Node, depth: usize) {
    let name = match (node.name.as_str(), node.type_name.as_str()) {
        ("", "") => String::new(),
        (name, "") => name.to_string(),
        ("", kind) => kind.to_string(),
        (name, kind) => format!("{name}: {kind}"),
    };
    let clause = match node.clause.as_bytes() {
        [] => String::new(),
        [b'0'..=b'9', ..] => format!("  [SGP.22 {}]", node.clause),
        _ => format!("  [{}]", node.clause),
    };
    let note = if node.note.is_empty() { String::new() } else { format!(" ({})", node.note) };
    let tag = if node.tag == 0 { String::new() } else { format!("{:X} ", node.tag) };
    let text = if node.text.is_empty() { String::new() } else { format!(" = {}", shorten(&node.text)) };
    let length = node.value.len();
    say!("{:5}  {}{tag}{name}{note}{text} ({length}){clause}", node.whole.start, "  ".repeat(depth));
    for child in &node.children {
        print_node(child, depth + 1);
    }
}

fn shorten(text: &str) -> String {
    const WIDTH: usize = 96;
    if text.chars().count() <= WIDTH {
        return text.to_string();
    }
    text.chars().take(WIDTH - 1).chain(['…']).collect()
}
