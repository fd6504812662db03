//! GTPv2-C between serving node and gateway (3GPP TS 29.274), and the header of GTP-U (TS 29.281).

use alloc::vec::Vec;

/// CREATE SESSION REQUEST.
pub const CREATE_SESSION_REQUEST: u8 = 32;
/// Its answer.
pub const CREATE_SESSION_RESPONSE: u8 = 33;
/// DELETE SESSION REQUEST.
pub const DELETE_SESSION_REQUEST: u8 = 36;
/// Its answer.
pub const DELETE_SESSION_RESPONSE: u8 = 37;

/// Names of messages and the clauses that list their elements.
pub const MESSAGES: &[(u8, &str, &str)] = &[
    (CREATE_SESSION_REQUEST, "Create Session Request", "TS 29.274 7.2.1"),
    (CREATE_SESSION_RESPONSE, "Create Session Response", "TS 29.274 7.2.2"),
    (DELETE_SESSION_REQUEST, "Delete Session Request", "TS 29.274 7.2.9.1"),
    (DELETE_SESSION_RESPONSE, "Delete Session Response", "TS 29.274 7.2.10.1"),
];

/// Types, names and clauses of information elements.
pub const ELEMENTS: &[(u8, &str, &str)] = &[
    (1, "IMSI", "TS 29.274 8.3"),
    (2, "Cause", "TS 29.274 8.4"),
    (71, "Access Point Name (APN)", "TS 29.274 8.6"),
    (72, "Aggregate Maximum Bit Rate (AMBR)", "TS 29.274 8.7"),
    (73, "EPS Bearer ID (EBI)", "TS 29.274 8.8"),
    (76, "MSISDN", "TS 29.274 8.11"),
    (79, "PDN Address Allocation (PAA)", "TS 29.274 8.14"),
    (80, "Bearer QoS", "TS 29.274 8.15"),
    (82, "RAT Type", "TS 29.274 8.17"),
    (83, "Serving Network", "TS 29.274 8.18"),
    (86, "User Location Information (ULI)", "TS 29.274 8.21"),
    (87, "Fully Qualified TEID (F-TEID)", "TS 29.274 8.22"),
    (93, "Bearer Context", "TS 29.274 8.28"),
    (95, "Charging Characteristics", "TS 29.274 8.30"),
    (99, "PDN Type", "TS 29.274 8.34"),
    (127, "APN Restriction", "TS 29.274 8.57"),
    (128, "Selection Mode", "TS 29.274 8.58"),
];

/// The grouped element.
pub const BEARER_CONTEXT: u8 = 93;

/// An information element of instance 0.
pub fn element(kind: u8, value: &[u8]) -> Vec<u8> {
    instance(kind, 0, value)
}

/// An information element of some instance (TS 29.274 8.2.1).
pub fn instance(kind: u8, instance: u8, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + value.len());
    out.push(kind);
    out.extend((value.len() as u16).to_be_bytes());
    out.push(instance);
    out.extend(value);
    out
}

/// F-TEID of an IPv4 node (TS 29.274 8.22).
pub fn f_teid(interface: u8, teid: u32, address: [u8; 4]) -> Vec<u8> {
    let mut value = alloc::vec![0x80 | interface];
    value.extend(teid.to_be_bytes());
    value.extend(address);
    value
}

/// A message with its elements (TS 29.274 5.1).
pub fn message(kind: u8, teid: u32, sequence: u32, elements: &[Vec<u8>]) -> Vec<u8> {
    let body = elements.concat();
    let mut out = Vec::with_capacity(12 + body.len());
    out.extend([0x48, kind]);
    out.extend((body.len() as u16 + 8).to_be_bytes());
    out.extend(teid.to_be_bytes());
    out.extend(&sequence.to_be_bytes()[1..]);
    out.push(0);
    out.extend(body);
    out
}

/// Labels of an APN (TS 23.003 9.1).
pub fn labels(apn: &str) -> Vec<u8> {
    let labels = apn.split('.').filter(|label| !label.is_empty());
    labels.flat_map(|label| core::iter::once(label.len() as u8).chain(label.bytes())).collect()
}

/// The APN of labels; `None` if they are cut short or no text.
pub fn from_labels(octets: &[u8]) -> Option<alloc::string::String> {
    let (mut at, mut parts) = (0, Vec::new());
    while at < octets.len() {
        let end = at + 1 + usize::from(octets[at]);
        parts.push(core::str::from_utf8(octets.get(at + 1..end)?).ok()?);
        at = end;
    }
    Some(parts.join("."))
}

/// A user's packet in its tunnel: G-PDU (TS 29.281 5.1).
pub fn user_packet(teid: u32, packet: &[u8]) -> Vec<u8> {
    let mut out = alloc::vec![0x30, 0xFF];
    out.extend((packet.len() as u16).to_be_bytes());
    out.extend(teid.to_be_bytes());
    out.extend(packet);
    out
}
