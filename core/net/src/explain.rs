//! Messages of the network as trees of information elements, read by the very tables by which they
//! are written.

use crate::cause::{Cause, Domain};
use crate::diameter::{self, AVPS, COMMANDS, Kind};
use crate::gateway::dotted;
use crate::gtp;
use crate::id::{Guti, Plmn, from_tbcd, read_imsi_identity};
use crate::nas::{self, Direction, Field, Message, Protocol, security};
use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ops::Range;
use serde::Serialize;

/// A message or an information element.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Element {
    /// Its name in the standard.
    pub name: String,
    /// Clause that codes it.
    pub clause: String,
    /// Offsets of the whole, in octets from the start of the message.
    pub whole: Range<usize>,
    /// Offsets of the value.
    pub value: Range<usize>,
    /// The value for a reader; empty if it has parts.
    pub text: String,
    /// Parts.
    pub children: Vec<Element>,
}

impl Element {
    fn leaf(name: &str, clause: &str, at: Range<usize>, text: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            clause: clause.to_owned(),
            whole: at.clone(),
            value: at,
            text: text.into(),
            children: Vec::new(),
        }
    }

    fn node(name: &str, clause: &str, whole: Range<usize>, children: Vec<Self>) -> Self {
        Self { children, ..Self::leaf(name, clause, whole, "") }
    }

    fn shifted(mut self, by: usize) -> Self {
        self.whole = self.whole.start + by..self.whole.end + by;
        self.value = self.value.start + by..self.value.end + by;
        self.children = self.children.into_iter().map(|child| child.shifted(by)).collect();
        self
    }
}

/// Explains a message of an interface; `None` if the interface has none, or the octets are no message.
pub fn explain(interface: &str, direction: Direction, octets: &[u8]) -> Option<Vec<Element>> {
    match interface {
        "NAS" => nas(direction, octets),
        "S6a" | "S6d" => s6a(octets).map(|it| Vec::from([it])),
        "S11" | "S4" => gtp_c(octets).map(|it| Vec::from([it])),
        "S1-U" | "S12" => gtp_u(octets),
        "SGi" => ip(octets).map(|it| Vec::from([it])),
        _ => None,
    }
}

fn nas(direction: Direction, octets: &[u8]) -> Option<Vec<Element>> {
    let Some(envelope) = security::open(octets) else {
        return Some(Vec::from([message(&Message::decode(octets, direction).ok()?, octets, direction)]));
    };
    let header = match envelope.header {
        1 => "integrity protected",
        2 => "integrity protected and ciphered (EEA0: in clear)",
        3 => "integrity protected with the new EPS security context",
        _ => "integrity protected and ciphered with the new EPS security context (EEA0: in clear)",
    };
    let inner = Message::decode(envelope.plain, direction).ok()?;
    let start = security::ENVELOPE;
    Some(Vec::from([
        Element::leaf(
            "Security header type",
            "TS 24.301 9.3.1",
            0..1,
            format!("{} {header}", envelope.header),
        ),
        Element::leaf("Message authentication code", "TS 24.301 9.5", 1..5, hex(&envelope.mac)),
        Element::leaf("Sequence number", "TS 24.301 9.6", 5..6, envelope.sequence.to_string()),
        message(&inner, envelope.plain, direction).shifted(start),
    ]))
}

fn message(it: &Message, octets: &[u8], direction: Direction) -> Element {
    let mut children = Vec::new();
    if it.def.protocol == Protocol::Esm {
        let bearer = "EPS bearer identity";
        children.push(Element::leaf(bearer, "TS 24.301 9.3.2", 0..1, it.bearer.to_string()));
        let transaction = "Procedure transaction identity";
        children.push(Element::leaf(transaction, "TS 24.301 9.4", 1..2, it.transaction.to_string()));
    } else {
        let discriminator = octets.first().map(|octet| format!("{:X}", octet & 0x0F)).unwrap_or_default();
        children.push(Element::leaf("Protocol discriminator", "TS 24.007 11.2.3.1.1", 0..1, discriminator));
    }
    let at = if it.def.protocol == Protocol::Esm { 2..3 } else { 1..2 };
    if let Some(kind) = octets.get(at.clone()) {
        let text = format!("{} {}", hex(kind), it.def.name);
        children.push(Element::leaf("Message type", "TS 24.301 9.8", at, text));
    }
    children.extend(it.fields().iter().map(|one| field(one, direction)));
    Element::node(it.def.name, it.def.clause, 0..octets.len(), children)
}

fn field(field: &Field, direction: Direction) -> Element {
    let inner = match field.name {
        "ESM message container" | "NAS message container" => Message::decode(&field.value, direction).ok(),
        _ => None,
    };
    let children = inner.map(|it| message(&it, &field.value, direction).shifted(field.at.start));
    Element {
        name: field.name.to_owned(),
        clause: field.clause.to_owned(),
        whole: field.whole.clone(),
        value: field.at.clone(),
        text: if children.is_some() { String::new() } else { text(field) },
        children: children.into_iter().collect(),
    }
}

fn text(field: &Field) -> String {
    let value = &field.value[..];
    let number = value.first().copied().unwrap_or(0);
    let cause = |domain| Cause::new(domain, u16::from(number)).to_string();
    let named = |names: &[(u8, &str)]| {
        let name = names.iter().find(|(own, _)| *own == number).map_or("reserved", |(_, name)| name);
        format!("{number} {name}")
    };
    match field.name {
        "EMM cause" => cause(Domain::Emm),
        "ESM cause" => cause(Domain::Esm),
        "GMM cause" => cause(Domain::Gmm),
        "SM cause" => cause(Domain::Sm),
        "Reject cause" => cause(Domain::Mm),
        "Access point name" => gtp::from_labels(value).unwrap_or_else(|| hex(value)),
        "PDN address" => {
            tail(value).map_or_else(|| hex(value), |address| format!("IPv4 {}", dotted(address)))
        }
        "PDP address" if value.len() == 6 => {
            tail(value).map_or_else(|| hex(value), |address| format!("IPv4 {}", dotted(address)))
        }
        "EPS attach type" => {
            named(&[(1, "EPS attach"), (2, "combined EPS/IMSI attach"), (6, "EPS emergency attach")])
        }
        "EPS attach result" => named(&[(1, "EPS only"), (2, "combined EPS/IMSI attach")]),
        "Attach type" => named(&[(1, "GPRS attach"), (3, "combined GPRS/IMSI attach")]),
        "Attach result" => named(&[(1, "GPRS only attached"), (3, "combined GPRS/IMSI attached")]),
        "Detach type" => match field.clause {
            "TS 24.301 9.9.3.7" => named(&[
                (1, "EPS detach"),
                (2, "re-attach not required, or IMSI detach"),
                (3, "combined EPS/IMSI detach"),
                (0x0B, "combined EPS/IMSI detach, switch off"),
            ]),
            _ => named(&[
                (1, "GPRS detach"),
                (2, "re-attach not required, or IMSI detach"),
                (3, "combined GPRS/IMSI detach"),
                (0x0B, "combined GPRS/IMSI detach, power switched off"),
            ]),
        },
        "Service type" if field.clause == "TS 24.301 9.9.3.27" => {
            named(&[(0, "mobile originating CS fallback"), (8, "packet services via S1")])
        }
        "CM service type" => named(&[
            (1, "mobile originating call"),
            (4, "short message service"),
            (8, "supplementary service activation"),
        ]),
        "Selected NAS security algorithms" => {
            format!("ciphering EEA{}, integrity EIA{}", number >> 4 & 7, number & 7)
        }
        "EPS mobile identity" | "Mobile identity" | "GUTI" | "Old GUTI" => identity(value),
        "TAI list" if value.len() == 6 => area(&value[1..]),
        "Routing area identification" | "Old routing area identification" => area(value),
        "CP-User data" => relay(value),
        _ => hex(value),
    }
}

fn identity(value: &[u8]) -> String {
    if let Some(imsi) = read_imsi_identity(value) {
        return format!("IMSI {imsi}");
    }
    match Guti::read(value) {
        Some(guti) => {
            format!(
                "GUTI: PLMN {}, group {}, MME {}, M-TMSI {:08X}",
                guti.plmn, guti.group, guti.node, guti.tmsi
            )
        }
        None => hex(value),
    }
}

fn area(value: &[u8]) -> String {
    match *value {
        [a, b, c, d, e, ..] => {
            let plmn = Plmn::from_octets([a, b, c]);
            format!("PLMN {plmn}, area {}", u16::from_be_bytes([d, e]))
        }
        _ => hex(value),
    }
}

fn relay(value: &[u8]) -> String {
    match value {
        [0x00, reference, ..] => format!("RP-DATA {reference} (TS 24.011 7.3.1): {}", hex(&value[2..])),
        [0x03, reference, ..] => format!("RP-ACK {reference} (TS 24.011 7.3.3)"),
        [0x05, reference, _, cause, ..] => {
            format!(
                "RP-ERROR {reference} (TS 24.011 7.3.4): {}",
                Cause::new(Domain::Rp, u16::from(cause & 0x7F))
            )
        }
        _ => hex(value),
    }
}

fn tail(value: &[u8]) -> Option<[u8; 4]> {
    value.get(value.len().checked_sub(4)?..)?.try_into().ok()
}

fn s6a(octets: &[u8]) -> Option<Element> {
    let head = octets.get(..20)?;
    let code = u32::from_be_bytes([0, head[5], head[6], head[7]]);
    let (_, name, request, answer) = COMMANDS.iter().find(|(own, ..)| *own == code)?;
    let (suffix, clause) = if head[4] & 0x80 != 0 { ("Request", request) } else { ("Answer", answer) };
    let exchange = u32::from_be_bytes([head[12], head[13], head[14], head[15]]);
    let application = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    let length = u32::from_be_bytes([0, head[1], head[2], head[3]]);
    let leaf = |name: &str, at: Range<usize>, text: String| Element::leaf(name, "RFC 6733 3", at, text);
    let mut children = Vec::from([
        leaf("Version", 0..1, head[0].to_string()),
        leaf("Message Length", 1..4, format!("{length} octets")),
        leaf("Command Flags", 4..5, format!("{:02X} ({suffix})", head[4])),
        leaf("Command Code", 5..8, format!("{code} ({name})")),
        leaf("Application-ID", 8..12, application.to_string()),
        leaf("Hop-by-Hop Identifier", 12..16, exchange.to_string()),
        leaf("End-to-End Identifier", 16..20, hex(&head[16..20])),
    ]);
    children.extend(avps(octets, 20..octets.len())?);
    Some(Element::node(&format!("{name}-{suffix}"), clause, 0..octets.len(), children))
}

fn avps(octets: &[u8], range: Range<usize>) -> Option<Vec<Element>> {
    let (mut at, mut out) = (range.start, Vec::new());
    while at < range.end {
        let head = octets.get(at..at + 8)?;
        let code = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let length = u32::from_be_bytes([0, head[5], head[6], head[7]]) as usize;
        let start = at + if head[4] & 0x80 != 0 { 12 } else { 8 };
        let end = at + length;
        let value = octets.get(start..end)?;
        let row = AVPS.iter().find(|row| row.0 == code);
        let (name, clause, kind) = row.map_or(("unknown AVP", "", Kind::Octets), |row| (row.1, row.2, row.3));
        let (text, children) = match kind {
            Kind::Grouped => (String::new(), avps(octets, start..end)?),
            Kind::Number => (number(code, value), Vec::new()),
            Kind::Text => (String::from_utf8_lossy(value).into_owned(), Vec::new()),
            Kind::Octets if code == 701 => (from_tbcd(value), Vec::new()),
            Kind::Octets if code == 1407 && value.len() == 3 => {
                (Plmn::from_octets([value[0], value[1], value[2]]).to_string(), Vec::new())
            }
            Kind::Octets => (hex(value), Vec::new()),
        };
        // An AVP is filled up to a multiple of four.
        let padded = (at + length.next_multiple_of(4)).min(range.end);
        out.push(Element {
            name: format!("{name} ({code})"),
            clause: clause.to_owned(),
            whole: at..padded,
            value: start..end,
            text,
            children,
        });
        at += length.next_multiple_of(4);
    }
    Some(out)
}

fn number(code: u32, value: &[u8]) -> String {
    let Ok(octets) = <[u8; 4]>::try_from(value) else { return hex(value) };
    let number = u32::from_be_bytes(octets);
    let name = match (code, number) {
        (268, 2001) => "DIAMETER_SUCCESS",
        (298, code) => Cause::new(Domain::Diameter, code as u16).name(),
        (266, diameter::VENDOR) => "3GPP",
        (1032, 1004) => "EUTRAN",
        (1032, 1000) => "UTRAN",
        (1420, 0) => "MME_UPDATE_PROCEDURE",
        (1420, 1) => "SGSN_UPDATE_PROCEDURE",
        (1420, 2) => "SUBSCRIPTION_WITHDRAWAL",
        (1424, 0) => "SERVICE_GRANTED",
        (1424, 1) => "OPERATOR_DETERMINED_BARRING",
        (1417, 0) => "PACKET_AND_CIRCUIT",
        (1417, 2) => "ONLY_PACKET",
        (1456, 0) => "IPv4",
        _ => "",
    };
    format!("{number} {name}").trim_end().to_owned()
}

fn gtp_c(octets: &[u8]) -> Option<Element> {
    let head = octets.get(..12)?;
    let (_, name, clause) = gtp::MESSAGES.iter().find(|(own, ..)| *own == head[1])?;
    let teid = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    let length = u16::from_be_bytes([head[2], head[3]]);
    let leaf = |name: &str, at: Range<usize>, text: String| Element::leaf(name, "TS 29.274 5.1", at, text);
    let mut children = Vec::from([
        leaf("Version and flags", 0..1, format!("{:02X} (version {})", head[0], head[0] >> 5)),
        leaf("Message Type", 1..2, format!("{} ({name})", head[1])),
        leaf("Message Length", 2..4, format!("{length} octets")),
        leaf("TEID", 4..8, format!("{teid:08X}")),
        leaf("Sequence Number", 8..11, u32::from_be_bytes([0, head[8], head[9], head[10]]).to_string()),
        leaf("Spare", 11..12, hex(&head[11..12])),
    ]);
    children.extend(elements(octets, 12..octets.len())?);
    Some(Element::node(name, clause, 0..octets.len(), children))
}

fn elements(octets: &[u8], range: Range<usize>) -> Option<Vec<Element>> {
    let (mut at, mut out) = (range.start, Vec::new());
    while at < range.end {
        let head = octets.get(at..at + 4)?;
        let (start, length) = (at + 4, usize::from(u16::from_be_bytes([head[1], head[2]])));
        let end = start + length;
        let value = octets.get(start..end)?;
        let row = gtp::ELEMENTS.iter().find(|(own, ..)| *own == head[0]);
        let (name, clause) = row.map_or(("unknown element", ""), |(_, name, clause)| (*name, *clause));
        let (text, children) = match head[0] {
            gtp::BEARER_CONTEXT => (String::new(), elements(octets, start..end)?),
            kind => (element_text(kind, value), Vec::new()),
        };
        out.push(Element {
            name: name.to_owned(),
            clause: clause.to_owned(),
            whole: at..end,
            value: start..end,
            text,
            children,
        });
        at = end;
    }
    Some(out)
}

fn element_text(kind: u8, value: &[u8]) -> String {
    let first = value.first().copied().unwrap_or(0);
    match (kind, value) {
        (1 | 76, _) => from_tbcd(value),
        (2, _) => Cause::new(Domain::Gtp, u16::from(first)).to_string(),
        (71, _) => gtp::from_labels(value).unwrap_or_else(|| hex(value)),
        (73, _) => first.to_string(),
        (79, [1, a, b, c, d]) => format!("IPv4 {}", dotted([*a, *b, *c, *d])),
        (82, _) => format!("{first} {}", if first == 6 { "EUTRAN" } else { "UTRAN" }),
        (83, [a, b, c]) => Plmn::from_octets([*a, *b, *c]).to_string(),
        (87, [_, t1, t2, t3, t4, a, b, c, d]) => {
            let teid = u32::from_be_bytes([*t1, *t2, *t3, *t4]);
            format!("interface {}, TEID {teid:08X}, IPv4 {}", first & 0x3F, dotted([*a, *b, *c, *d]))
        }
        (95, _) => match value {
            [0x08, 0x10] => "0810: provisioning profile".to_owned(),
            [0x08, 0x00] => "0800: normal".to_owned(),
            _ => hex(value),
        },
        (128, _) => match first {
            0 => "0 subscription verified".to_owned(),
            _ => format!("{first} device's word, subscription not verified"),
        },
        _ => hex(value),
    }
}

fn gtp_u(octets: &[u8]) -> Option<Vec<Element>> {
    let head = octets.get(..8)?;
    let teid = u32::from_be_bytes([head[4], head[5], head[6], head[7]]);
    let header = Element::leaf("G-PDU", "TS 29.281 5.1", 0..8, format!("TEID {teid:08X}"));
    Some(Vec::from([header, ip(&octets[8..])?.shifted(8)]))
}

fn ip(octets: &[u8]) -> Option<Element> {
    let head = octets.get(..20)?;
    let address = |at: usize| dotted([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let pair = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let leaf = |name: &str, at: Range<usize>, text: String| Element::leaf(name, "RFC 791 3.1", at, text);
    let mut children = Vec::from([
        leaf(
            "Version and header length",
            0..1,
            format!("{:02X} (IPv4, {} octets)", head[0], (head[0] & 15) * 4),
        ),
        leaf("Type of Service", 1..2, hex(&head[1..2])),
        leaf("Total Length", 2..4, format!("{} octets", pair(2))),
        leaf("Identification", 4..6, pair(4).to_string()),
        leaf("Flags and Fragment Offset", 6..8, hex(&head[6..8])),
        leaf("Time to Live", 8..9, head[8].to_string()),
        leaf("Protocol", 9..10, protocol(head[9])),
        leaf("Header Checksum", 10..12, hex(&head[10..12])),
        leaf("Source Address", 12..16, address(12)),
        leaf("Destination Address", 16..20, address(16)),
    ]);
    match head[9] {
        6 => children.extend(tcp(octets)?),
        1 => {
            let code = u16::from(*octets.get(21)?);
            let cause = Cause::new(Domain::Icmp, code).to_string();
            children.push(Element::leaf("ICMP", "RFC 792", 20..octets.len(), cause));
        }
        _ if octets.len() > 20 => {
            children.push(leaf("Data", 20..octets.len(), hex(octets.get(20..)?)));
        }
        _ => {}
    }
    Some(Element::node("IPv4", "RFC 791", 0..octets.len(), children))
}

fn protocol(number: u8) -> String {
    let name = match number {
        1 => "ICMP",
        6 => "TCP",
        17 => "UDP",
        _ => return number.to_string(),
    };
    format!("{number} ({name})")
}

/// The head of a segment, 20 octets into the packet; the network here carries a SYN alone.
fn tcp(octets: &[u8]) -> Option<Vec<Element>> {
    let port = |at: usize| Some(u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?]).to_string());
    let mut fields = Vec::from([
        Element::leaf("TCP Source Port", "RFC 9293 3.1", 20..22, port(20)?),
        Element::leaf("TCP Destination Port", "RFC 9293 3.1", 22..24, port(22)?),
    ]);
    let rest = [
        ("TCP Sequence Number", 24..28),
        ("TCP Acknowledgment Number", 28..32),
        ("TCP Data Offset", 32..33),
        ("TCP Control Bits", 33..34),
        ("TCP Window", 34..36),
        ("TCP Checksum", 36..38),
        ("TCP Urgent Pointer", 38..40),
        ("TCP Options and data", 40..octets.len()),
    ];
    for (name, at) in rest {
        let Some(value) = octets.get(at.clone()).filter(|value| !value.is_empty()) else { continue };
        let text = if name == "TCP Control Bits" { "SYN".to_owned() } else { hex(value) };
        fields.push(Element::leaf(name, "RFC 9293 3.1", at, text));
    }
    Some(fields)
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02X}")).collect()
}

/// Name of a NAS message as octets, for a log.
pub fn nas_name(direction: Direction, octets: &[u8]) -> Option<&'static str> {
    let plain = security::open(octets).map_or(octets, |envelope| envelope.plain);
    nas::Message::decode(plain, direction).ok().map(|message| message.def.name)
}
