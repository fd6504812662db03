//! `esim-lab explain`: any RSP message as a tree.

use anyhow::{Context, Result, bail};
use esim_rsp::explain::Node;
use std::io::Read;
use std::path::Path;

/// Reads hexadecimal, a file (hexadecimal, base64 or DER), or `-` for standard input.
pub fn read(what: &str) -> Result<Vec<u8>> {
    if what == "-" {
        let mut octets = Vec::new();
        std::io::stdin().read_to_end(&mut octets).context("cannot read standard input")?;
        return from_any(&octets);
    }
    if Path::new(what).is_file() {
        let octets = std::fs::read(what).with_context(|| format!("cannot read {what}"))?;
        return from_any(&octets);
    }
    match esim_rsp::common::from_hex(what) {
        Ok(octets) if !octets.is_empty() => Ok(octets),
        _ => bail!("{what:?} is neither hexadecimal nor a file"),
    }
}

fn from_any(octets: &[u8]) -> Result<Vec<u8>> {
    let Ok(text) = std::str::from_utf8(octets) else { return Ok(octets.to_vec()) };
    if let Ok(octets) = esim_rsp::common::from_hex(text) {
        return Ok(octets);
    }
    let quoted = format!("\"{}\"", text.split_whitespace().collect::<String>());
    match serde_json::from_str::<esim_rsp::json::Base64>(&quoted) {
        Ok(decoded) => Ok(decoded.0),
        Err(_) => bail!("the input is neither hexadecimal, base64 nor DER"),
    }
}

/// Prints the tree: offset, tag, name, type with its clause, value.
pub fn print(octets: &[u8]) -> Result<()> {
    let nodes = esim_rsp::explain(octets).map_err(|error| anyhow::anyhow!("not an RSP message: {error}"))?;
    for node in &nodes {
        print_node(node, 0);
    }
    Ok(())
}

fn print_node(node: &Node, depth: usize) {
    let name = match (node.name.as_str(), node.type_name.as_str()) {
        ("", "") => String::new(),
        (name, "") => name.to_string(),
        ("", kind) => kind.to_string(),
        (name, kind) => format!("{name}: {kind}"),
    };
    let clause = if node.clause.is_empty() { String::new() } else { format!("  [SGP.22 {}]", node.clause) };
    let text = if node.text.is_empty() { String::new() } else { format!(" = {}", shorten(&node.text)) };
    let length = node.value.len();
    println!("{:5}  {}{:X} {name}{text} ({length}){clause}", node.whole.start, "  ".repeat(depth), node.tag);
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
