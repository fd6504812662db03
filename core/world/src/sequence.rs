//! A trace for a reader, a line a message.

use crate::words::party;
use esim_rsp::trace::{Party, Record};

/// A line a message; APDUs in a row are counted.
pub(crate) fn lines(records: &[Record], out: &mut String) {
    let mut apdus = 0;
    let flush = |apdus: &mut usize, out: &mut String| {
        if *apdus > 0 {
            *out += &format!("   {:<22} APDU ×{}\n", "… <-> eUICC", apdus);
            *apdus = 0;
        }
    };
    for record in records {
        if record.interface == "APDU" {
            apdus += usize::from(record.to == Party::Euicc);
            continue;
        }
        flush(&mut apdus, out);
        let ends = format!("{} -> {}", party(record.from), party(record.to));
        let detail = detail(record);
        *out += &format!("   {ends:<22} {:<7} {}{detail}\n", record.interface, record.function);
    }
    flush(&mut apdus, out);
}

/// Elements that tell most of a message.
const TELLING: &[&str] = &[
    "EMM cause",
    "ESM cause",
    "GMM cause",
    "SM cause",
    "Reject cause",
    "CP-User data",
    "Access point name",
    "Access Point Name (APN)",
    "PDN address",
    "PDP address",
    "EPS attach type",
    "EPS attach result",
    "Attach result",
    "Cause",
    "Charging Characteristics",
    "Experimental-Result-Code (298)",
    "Cancellation-Type (1420)",
    "Service-Selection (493)",
    "Source Address",
    "Destination Address",
    "ICMP",
];

fn detail(record: &Record) -> String {
    if record.interface == "policy" {
        return format!(" {}", String::from_utf8_lossy(&record.bytes));
    }
    if record.interface.starts_with("ES") || record.interface == "operator" {
        return String::new();
    }
    let mut told = Vec::new();
    let explained = crate::explained::explain_record(record);
    let mut open: Vec<&esim_rsp::explain::Node> =
        explained.parts.iter().flat_map(|part| part.nodes.iter().rev()).collect();
    while let Some(node) = open.pop() {
        if TELLING.contains(&node.name.as_str()) && !node.text.is_empty() {
            told.push(format!("{}: {}", node.name, node.text));
        }
        open.extend(node.children.iter().rev());
    }
    if told.is_empty() { String::new() } else { format!(" [{}]", told.join("; ")) }
}
