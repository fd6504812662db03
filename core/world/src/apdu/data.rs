//! What is in the data field, as far as command and octets tell: file control parameters, authentication, proactive
//! commands (TS 102 221 11.1.1, TS 31.102 7.1.2, TS 102 223 8).

use super::files::{File, aid_name, file_name};
use esim_rsp::explain::{Node, explain_as};
use esim_rsp::shape::{Field, Is, Shape, number, octets, text};
use esim_saip::explain::words::{descriptor, key_reference, life_cycle, pin_bits, short_id, size, unsigned};

macro_rules! shapes {
    ($($id:ident = $clause:literal $is:expr;)*) => {
        $(static $id: Shape = Shape::new("", $clause, $is);)*
    };
}

macro_rules! fields {
    ($($tag:literal $name:literal $shape:ident),* $(,)?) => { &[$(Field::new($tag, $name, &$shape)),*] };
}

shapes! {
    OCTETS = "" Is::Text(octets);
    NUMBER = "" Is::Text(unsigned);
    SIGNED = "" Is::Text(number);
    TEXT = "" Is::Text(text);
    FCP = "TS 102 221 11.1.1.3" Is::Choice(FCP_FIELDS);
    FCI = "GPC_SPE_034 11.9.3.1" Is::Choice(fields![
        0x84 "application / file AID" AID,
        0xA5 "proprietary data" FCI_PROPRIETARY,
    ]);
    FCI_PROPRIETARY = "GPC_SPE_034 11.9.3.1" Is::Choice(fields![
        0x9F65 "maximum length of data field in command message" SIGNED,
        0x73 "security domain management data" OCTETS,
        0x9F6E "application production life cycle data" OCTETS,
        0xE0 "ISDRProprietaryApplicationTemplate" OCTETS,
    ]);
    DESCRIPTOR = "TS 102 221 11.1.1.4.3" Is::Text(descriptor);
    FILE_ID = "TS 102 221 11.1.1.4.4" Is::Text(file_id);
    AID = "TS 102 221 11.1.1.4.5" Is::Text(aid);
    LIFE_CYCLE = "TS 102 221 11.1.1.4.9" Is::Text(life_cycle);
    ACCESS_RULE = "TS 102 221 11.1.1.4.7" Is::Text(access_rule);
    SIZE = "TS 102 221 11.1.1.4.1" Is::Text(size);
    SFI = "TS 102 221 11.1.1.4.8" Is::Text(short_id);
    PROPRIETARY = "TS 102 221 11.1.1.4.6" Is::Choice(fields![
        0x80 "UICC characteristics" OCTETS,
        0x81 "application power consumption" OCTETS,
        0x82 "minimum application clock frequency" OCTETS,
        0x83 "amount of available memory" NUMBER,
        0x84 "file details" OCTETS,
        0x85 "reserved file size" NUMBER,
        0x86 "maximum file size" NUMBER,
        0x87 "supported system commands" OCTETS,
        0x88 "specific UICC environmental conditions" OCTETS,
        0xC0 "special file information" OCTETS,
        0xC1 "filling pattern" OCTETS,
        0xC2 "repeat pattern" OCTETS,
    ]);
    PIN_STATUS = "TS 102 221 11.1.1.4.10" Is::Choice(fields![
        0x90 "PS_DO" PIN_BITS,
        0x95 "usage qualifier" OCTETS,
        0x83 "key reference" KEY_REFERENCE,
    ]);
    PIN_BITS = "TS 102 221 9.5.2" Is::Text(pin_bits);
    KEY_REFERENCE = "TS 102 221 9.5.1" Is::Text(key_reference);
    PROACTIVE = "TS 102 223 6.6" Is::Choice(COMPREHENSION);
    COMMAND_DETAILS = "TS 102 223 8.6" Is::Text(command_details);
    DEVICES = "TS 102 223 8.7" Is::Text(devices);
    RESULT = "TS 102 223 8.12" Is::Text(result);
    SECONDS = "TS 102 223 8.8" Is::Text(octets);
}

/// File control parameters.
static FCP_FIELDS: &[Field] = fields![
    0x80 "file size" SIZE,
    0x81 "total file size" SIZE,
    0x82 "file descriptor" DESCRIPTOR,
    0x83 "file identifier" FILE_ID,
    0x84 "DF name (AID)" AID,
    0x88 "short file identifier" SFI,
    0x8A "life cycle status" LIFE_CYCLE,
    0x8B "security attributes, referenced" ACCESS_RULE,
    0x8C "security attributes, compact" OCTETS,
    0xA5 "proprietary information" PROPRIETARY,
    0xAB "security attributes, expanded" OCTETS,
    0xC6 "PIN status template DO" PIN_STATUS,
];

/// COMPREHENSION-TLVs of TS 102 223 9.3, with and without the bit that demands comprehension.
static COMPREHENSION: &[Field] = fields![
    0x81 "command details" COMMAND_DETAILS, 0x01 "command details" COMMAND_DETAILS,
    0x82 "device identities" DEVICES, 0x02 "device identities" DEVICES,
    0x83 "result" RESULT, 0x03 "result" RESULT,
    0x84 "duration" SECONDS, 0x04 "duration" SECONDS,
    0x85 "alpha identifier" TEXT, 0x05 "alpha identifier" TEXT,
    0x86 "address" OCTETS, 0x06 "address" OCTETS,
    0x8B "SMS TPDU" OCTETS, 0x0B "SMS TPDU" OCTETS,
    0x8D "text string" OCTETS, 0x0D "text string" OCTETS,
    0x92 "file list" OCTETS, 0x12 "file list" OCTETS,
    0x93 "location information" OCTETS, 0x13 "location information" OCTETS,
    0x94 "IMEI" OCTETS, 0x14 "IMEI" OCTETS,
    0x99 "event list" OCTETS, 0x19 "event list" OCTETS,
    0x9B "location status" OCTETS, 0x1B "location status" OCTETS,
    0xA4 "timer identifier" OCTETS, 0x24 "timer identifier" OCTETS,
    0xA5 "timer value" OCTETS, 0x25 "timer value" OCTETS,
    0xAF "AID" AID, 0x2F "AID" AID,
    0xB5 "bearer description" OCTETS, 0x35 "bearer description" OCTETS,
    0xB6 "channel data" OCTETS, 0x36 "channel data" OCTETS,
];

static TEMPLATES: &[Field] = fields![
    0x62 "FCP template" FCP,
    0x6F "FCI template" FCI,
    0xD0 "proactive command" PROACTIVE,
    0xD1 "SMS-PP download" PROACTIVE,
    0xD6 "event download" PROACTIVE,
];

/// The data of a command; of SELECT with the file that it means, if that is known.
pub(super) fn of_command(apdu: &[u8], selected: Option<File>, data: &[u8]) -> Vec<Node> {
    let [_, ins, p1, ..] = apdu else { return Vec::new() };
    let named = |name: &str, clause: &str, text: String| vec![Node::named(name, clause, 0..data.len(), text)];
    match (ins, p1) {
        (0xA4, 0x04) => named("AID", "TS 102 221 11.1.1.2", aid(data)),
        (0xA4, 0x08 | 0x09) => named("path", "TS 102 221 11.1.1.2", path(data)),
        (0xA4, _) => {
            let known = selected.map(|file| format!("{} ({})", octets(data), file.written()));
            named("file identifier", "TS 102 221 11.1.1.2", known.unwrap_or_else(|| file_id(data)))
        }
        (0x88 | 0x89, _) => challenge(data),
        (0x20 | 0x24 | 0x26 | 0x28 | 0x2C, _) => named("PIN", "TS 102 221 11.1.9", hidden(data)),
        (0x10, _) => named("terminal profile", "TS 102 223 5.2", octets(data)),
        (0x14, _) => tlvs(data, COMPREHENSION),
        (0xC2, _) => tlvs(data, TEMPLATES),
        (0xAA, _) => tlvs(data, &[]),
        (0xE2, _) => tlvs(data, &[]),
        _ => Vec::new(),
    }
}

/// The data of a response to a command, if one is known; of a file that is read, if it is known which.
pub(super) fn of_response(command: Option<&[u8]>, file: Option<File>, data: &[u8]) -> Vec<Node> {
    match command {
        Some([_, 0x88 | 0x89, ..]) => authenticated(data),
        Some([_, 0x70, 0x00, ..]) => {
            let channel = data.first().copied().unwrap_or_default();
            vec![Node::named("logical channel", "TS 102 221 11.1.17", 0..data.len(), channel.to_string())]
        }
        Some([_, 0xB0 | 0xB2, ..]) => match file.map(|file| (file, file.content(data))) {
            Some((file, parts)) if parts.is_empty() => {
                vec![Node::named(&file.written(), "", 0..data.len(), octets(data))]
            }
            Some((file, parts)) => {
                let mut node = Node::named(&file.written(), "", 0..data.len(), "");
                node.children = parts;
                vec![node]
            }
            None => Vec::new(),
        },
        _ => match data.first() {
            Some(0xDB | 0xDC) if command.is_none() => authenticated(data),
            _ => tlvs(data, TEMPLATES),
        },
    }
}

/// TLVs that fill the data, the first of a known type; nothing if they are none.
fn tlvs(data: &[u8], fields: &'static [Field]) -> Vec<Node> {
    let nodes = explain_as(data, fields).unwrap_or_default();
    let is_known = nodes.first().is_some_and(|node| !node.name.is_empty() || !node.type_name.is_empty());
    if is_known { nodes } else { Vec::new() }
}

/// Length and value of each field in turn.
fn lengths(data: &[u8], at: usize, names: &[(&str, &str)]) -> Vec<Node> {
    let (mut at, mut nodes) = (at, Vec::new());
    for (name, clause) in names {
        let Some(length) = data.get(at).map(|length| usize::from(*length)) else { break };
        let Some(value) = data.get(at + 1..at + 1 + length) else { break };
        let mut node = Node::named(name, clause, at..at + 1 + length, octets(value));
        node.value = at + 1..at + 1 + length;
        at += 1 + length;
        nodes.push(node);
    }
    if at < data.len() && !nodes.is_empty() {
        nodes.push(Node::named("rest", "", at..data.len(), octets(&data[at..])));
    }
    nodes
}

fn challenge(data: &[u8]) -> Vec<Node> {
    let mut nodes = lengths(data, 0, &[("RAND", "TS 33.102 6.3"), ("AUTN", "TS 33.102 6.3")]);
    if let Some(autn) = nodes.get_mut(1).filter(|autn| autn.value.len() == 16) {
        let at = autn.value.start;
        let part = |name: &str, from: usize, to: usize| {
            Node::named(name, "TS 33.102 6.3.2", at + from..at + to, octets(&data[at + from..at + to]))
        };
        autn.children = vec![part("SQN xor AK", 0, 6), part("AMF", 6, 8), part("MAC", 8, 16)];
    }
    nodes
}

/// TS 31.102 7.1.2.1: what the USIM has computed, or that it is out of step.
fn authenticated(data: &[u8]) -> Vec<Node> {
    let clause = "TS 31.102 7.1.2.1";
    let (what, names): (_, &[_]) = match data.first() {
        Some(0xDB) => (
            "successful 3G authentication",
            &[("RES", clause), ("CK", clause), ("IK", clause), ("Kc", clause)],
        ),
        Some(0xDC) => ("synchronisation failure", &[("AUTS", "TS 33.102 6.3.3")]),
        _ => return lengths(data, 0, &[("SRES", clause), ("Kc", clause)]),
    };
    let mut nodes = vec![Node::named("tag", clause, 0..1, format!("{:02X} ({what})", data[0]))];
    nodes.extend(lengths(data, 1, names));
    nodes
}

/// An AID with the application that it is of.
pub(super) fn aid(value: &[u8]) -> String {
    match aid_name(value) {
        "" => octets(value),
        name => format!("{} ({name})", octets(value)),
    }
}

fn file_id(value: &[u8]) -> String {
    let name = match *value {
        [high, low] => file_name(u16::from_be_bytes([high, low])),
        _ => String::new(),
    };
    if name.is_empty() { octets(value) } else { format!("{} ({name})", octets(value)) }
}

fn path(value: &[u8]) -> String {
    value.chunks(2).map(file_id).collect::<Vec<_>>().join(" / ")
}

fn access_rule(value: &[u8]) -> String {
    match *value {
        [high, low, record] => format!("{}, record {record}", file_id(&[high, low])),
        _ => octets(value),
    }
}

/// A PIN is not shown.
fn hidden(data: &[u8]) -> String {
    if data.is_empty() {
        "empty: asks for the tries left".into()
    } else {
        format!("{} octets, not shown", data.len())
    }
}

/// TS 102 223 9.4.
fn command_details(value: &[u8]) -> String {
    let &[number, kind, qualifier] = value else { return octets(value) };
    let name = match kind {
        0x01 => "REFRESH",
        0x02 => "MORE TIME",
        0x03 => "POLL INTERVAL",
        0x05 => "SET UP EVENT LIST",
        0x13 => "SEND SHORT MESSAGE",
        0x21 => "DISPLAY TEXT",
        0x25 => "SET UP MENU",
        0x26 => "PROVIDE LOCAL INFORMATION",
        0x27 => "TIMER MANAGEMENT",
        0x40 => "OPEN CHANNEL",
        0x41 => "CLOSE CHANNEL",
        0x42 => "RECEIVE DATA",
        0x43 => "SEND DATA",
        _ => "command",
    };
    let how = match (kind, qualifier) {
        (1, 0) => "initialisation and full file change",
        (1, 1) => "file change",
        (1, 2) => "initialisation and file change",
        (1, 3) => "initialisation",
        (1, 4) => "UICC reset",
        (1, 5) => "application reset",
        (1, 6) => "session reset",
        (1, 9) => "eUICC profile state change",
        _ => return format!("{name}, number {number}, qualifier {qualifier:02X}"),
    };
    format!("{name}, number {number}: {how}")
}

/// TS 102 223 8.7.
fn devices(value: &[u8]) -> String {
    let name = |octet: u8| match octet {
        0x01 => "keypad",
        0x02 => "display",
        0x03 => "earpiece",
        0x81 => "UICC",
        0x82 => "terminal",
        0x83 => "network",
        _ => "device",
    };
    match *value {
        [from, to] => format!("{} to {}", name(from), name(to)),
        _ => octets(value),
    }
}

/// TS 102 223 8.12.
fn result(value: &[u8]) -> String {
    let words = match value.first() {
        Some(0x00) => "performed",
        Some(0x01..=0x0F) => "performed, with limits",
        Some(0x10..=0x1F) => "ended by the user",
        Some(0x20..=0x2F) => "the terminal cannot now",
        Some(0x30..=0x3F) => "the terminal cannot at all",
        _ => return octets(value),
    };
    format!("{} ({words})", octets(value))
}
