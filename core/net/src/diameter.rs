//! Diameter on S6a and S6d (3GPP TS 29.272, RFC 6733): what serving nodes ask of the HSS.

use alloc::string::String;
use alloc::vec::Vec;

/// Application of S6a and S6d.
pub const APPLICATION: u32 = 16_777_251;
/// Vendor 3GPP.
pub const VENDOR: u32 = 10_415;

/// UPDATE LOCATION.
pub const UPDATE_LOCATION: u32 = 316;
/// CANCEL LOCATION.
pub const CANCEL_LOCATION: u32 = 317;
/// AUTHENTICATION INFORMATION.
pub const AUTHENTICATION_INFORMATION: u32 = 318;

/// Commands: code, name, clauses of request and answer.
pub const COMMANDS: &[(u32, &str, &str, &str)] = &[
    (UPDATE_LOCATION, "Update-Location", "TS 29.272 7.2.3", "TS 29.272 7.2.4"),
    (CANCEL_LOCATION, "Cancel-Location", "TS 29.272 7.2.7", "TS 29.272 7.2.8"),
    (AUTHENTICATION_INFORMATION, "Authentication-Information", "TS 29.272 7.2.5", "TS 29.272 7.2.6"),
];

/// How the value of an AVP is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// AVPs.
    Grouped,
    /// A number of 32 bits.
    Number,
    /// Text.
    Text,
    /// Octets.
    Octets,
}
use Kind::{Grouped, Number, Octets, Text};

/// AVPs: code, name, clause, kind, whether it is 3GPP's.
pub const AVPS: &[(u32, &str, &str, Kind, bool)] = &[
    (1, "User-Name", "RFC 6733 8.14", Text, false),
    (13, "3GPP-Charging-Characteristics", "TS 29.061 16.4.7", Text, true),
    (263, "Session-Id", "RFC 6733 8.8", Text, false),
    (264, "Origin-Host", "RFC 6733 6.3", Text, false),
    (266, "Vendor-Id", "RFC 6733 5.3.3", Number, false),
    (268, "Result-Code", "RFC 6733 7.1", Number, false),
    (277, "Auth-Session-State", "RFC 6733 8.11", Number, false),
    (283, "Destination-Realm", "RFC 6733 6.6", Text, false),
    (293, "Destination-Host", "RFC 6733 6.5", Text, false),
    (296, "Origin-Realm", "RFC 6733 6.4", Text, false),
    (297, "Experimental-Result", "RFC 6733 7.6", Grouped, false),
    (298, "Experimental-Result-Code", "TS 29.272 7.4", Number, false),
    (493, "Service-Selection", "TS 29.272 7.3.36", Text, false),
    (515, "Max-Requested-Bandwidth-DL", "TS 29.214 5.3.14", Number, true),
    (516, "Max-Requested-Bandwidth-UL", "TS 29.214 5.3.15", Number, true),
    (625, "Confidentiality-Key", "TS 29.229 6.3.27", Octets, true),
    (626, "Integrity-Key", "TS 29.229 6.3.28", Octets, true),
    (701, "MSISDN", "TS 29.329 6.3.2", Octets, true),
    (1028, "QoS-Class-Identifier", "TS 29.212 5.3.17", Number, true),
    (1032, "RAT-Type", "TS 29.212 5.3.31", Number, true),
    (1034, "Allocation-Retention-Priority", "TS 29.212 5.3.32", Grouped, true),
    (1046, "Priority-Level", "TS 29.212 5.3.45", Number, true),
    (1400, "Subscription-Data", "TS 29.272 7.3.2", Grouped, true),
    (1405, "ULR-Flags", "TS 29.272 7.3.7", Number, true),
    (1406, "ULA-Flags", "TS 29.272 7.3.8", Number, true),
    (1407, "Visited-PLMN-Id", "TS 29.272 7.3.9", Octets, true),
    (1408, "Requested-EUTRAN-Authentication-Info", "TS 29.272 7.3.11", Grouped, true),
    (1409, "Requested-UTRAN-GERAN-Authentication-Info", "TS 29.272 7.3.12", Grouped, true),
    (1410, "Number-Of-Requested-Vectors", "TS 29.272 7.3.14", Number, true),
    (1411, "Re-Synchronization-Info", "TS 29.272 7.3.15", Octets, true),
    (1413, "Authentication-Info", "TS 29.272 7.3.17", Grouped, true),
    (1414, "E-UTRAN-Vector", "TS 29.272 7.3.18", Grouped, true),
    (1415, "UTRAN-Vector", "TS 29.272 7.3.19", Grouped, true),
    (1417, "Network-Access-Mode", "TS 29.272 7.3.21", Number, true),
    (1420, "Cancellation-Type", "TS 29.272 7.3.24", Number, true),
    (1423, "Context-Identifier", "TS 29.272 7.3.27", Number, true),
    (1424, "Subscriber-Status", "TS 29.272 7.3.29", Number, true),
    (1425, "Operator-Determined-Barring", "TS 29.272 7.3.30", Number, true),
    (1428, "All-APN-Configurations-Included-Indicator", "TS 29.272 7.3.33", Number, true),
    (1429, "APN-Configuration-Profile", "TS 29.272 7.3.34", Grouped, true),
    (1430, "APN-Configuration", "TS 29.272 7.3.35", Grouped, true),
    (1431, "EPS-Subscribed-QoS-Profile", "TS 29.272 7.3.37", Grouped, true),
    (1435, "AMBR", "TS 29.272 7.3.41", Grouped, true),
    (1447, "RAND", "TS 29.272 7.3.53", Octets, true),
    (1448, "XRES", "TS 29.272 7.3.54", Octets, true),
    (1449, "AUTN", "TS 29.272 7.3.55", Octets, true),
    (1450, "KASME", "TS 29.272 7.3.56", Octets, true),
    (1456, "PDN-Type", "TS 29.272 7.3.62", Number, true),
];

/// An AVP, padded to 4 octets (RFC 6733 4.1).
pub fn avp(code: u32, value: &[u8]) -> Vec<u8> {
    let ours = AVPS.iter().find(|row| row.0 == code).is_some_and(|row| row.4);
    let head = if ours { 12 } else { 8 };
    let mut out = Vec::with_capacity(head + value.len() + 3);
    out.extend(code.to_be_bytes());
    out.push(if ours { 0xC0 } else { 0x40 });
    out.extend(&((head + value.len()) as u32).to_be_bytes()[1..]);
    if ours {
        out.extend(VENDOR.to_be_bytes());
    }
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

/// An AVP that is a number.
pub fn number(code: u32, value: u32) -> Vec<u8> {
    avp(code, &value.to_be_bytes())
}

/// An AVP of AVPs.
pub fn group(code: u32, members: &[Vec<u8>]) -> Vec<u8> {
    avp(code, &members.concat())
}

/// Who speaks to whom, and which exchange it is.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Command.
    pub command: u32,
    /// Number of the exchange.
    pub number: u32,
    /// Host name of the sender.
    pub from: String,
    /// Whether it is the answer.
    pub answer: bool,
}

impl Exchange {
    /// The message (RFC 6733 3): session, state and origin come first.
    pub fn message(&self, avps: &[Vec<u8>]) -> Vec<u8> {
        let realm = self.from.split_once('.').map_or("", |(_, realm)| realm);
        let mut body = Vec::new();
        body.extend(avp(263, alloc::format!("esim-lab;{};{}", self.command, self.number).as_bytes()));
        body.extend(number(277, 1));
        body.extend(avp(264, self.from.as_bytes()));
        body.extend(avp(296, realm.as_bytes()));
        if !self.answer {
            body.extend(avp(283, realm.as_bytes()));
        }
        body.extend(avps.concat());
        let mut out = Vec::with_capacity(20 + body.len());
        out.push(1);
        out.extend(&(20 + body.len() as u32).to_be_bytes()[1..]);
        out.push(if self.answer { 0x40 } else { 0xC0 });
        out.extend(&self.command.to_be_bytes()[1..]);
        out.extend(APPLICATION.to_be_bytes());
        out.extend(self.number.to_be_bytes());
        out.extend(self.number.to_be_bytes());
        out.extend(body);
        out
    }
}

/// Result-Code DIAMETER_SUCCESS, or the Experimental-Result.
pub fn result(code: Option<u16>) -> Vec<u8> {
    match code {
        None => number(268, 2001),
        Some(code) => group(297, &[number(266, VENDOR), number(298, u32::from(code))]),
    }
}
