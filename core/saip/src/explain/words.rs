//! Values of file control parameters in words (TS 102 221 11.1.1.4), shared with what a card answers to SELECT.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::shape::octets;

/// A number without sign, or hexadecimal if it is longer than eight octets.
pub fn unsigned(value: &[u8]) -> String {
    if value.len() > 8 {
        return octets(value);
    }
    value.iter().fold(0u64, |number, octet| number << 8 | u64::from(*octet)).to_string()
}

/// A size.
pub fn size(value: &[u8]) -> String {
    format!("{} octets", unsigned(value))
}

/// File descriptor: structure, whether shareable, records (TS 102 221 table 11.5).
pub fn descriptor(value: &[u8]) -> String {
    let Some(first) = value.first() else { return octets(value) };
    let structure = match first & 0xBF {
        0x38 => "DF or ADF",
        byte => match byte & 0x07 {
            0x01 if byte & 0x38 == 0x38 => "BER-TLV structure",
            0x01 => "transparent EF",
            0x02 => "linear fixed EF",
            0x06 => "cyclic EF",
            _ => "structure that no standard has",
        },
    };
    let shareable = if first & 0x40 != 0 { ", shareable" } else { "" };
    let records = match *value {
        [_, _, high, low, count] => {
            format!(", {count} records of {} octets", u16::from_be_bytes([high, low]))
        }
        [_, _, high, low] => format!(", records of {} octets", u16::from_be_bytes([high, low])),
        _ => String::new(),
    };
    format!("{} ({structure}{shareable}{records})", octets(value))
}

/// Life cycle status.
pub fn life_cycle(value: &[u8]) -> String {
    let state = match value {
        [0x01] => "creation",
        [0x03] => "initialisation",
        [0x05 | 0x07] => "operational, activated",
        [0x04 | 0x06] => "operational, deactivated",
        [0x0C..=0x0F] => "termination",
        _ => "no information",
    };
    format!("{} ({state})", octets(value))
}

/// Short file identifier in the five high bits; empty for none.
pub fn short_id(value: &[u8]) -> String {
    match value {
        [] => "none".into(),
        [octet] => format!("{:02X}", octet >> 3),
        _ => octets(value),
    }
}

/// Which PINs of a PIN status template are enabled.
pub fn pin_bits(value: &[u8]) -> String {
    let first = value.first().copied().unwrap_or_default();
    let enabled: Vec<_> =
        (0u8..8).filter(|bit| first & (0x80 >> bit) != 0).map(|bit| (bit + 1).to_string()).collect();
    match enabled.is_empty() {
        true => format!("{} (no PIN is enabled)", octets(value)),
        false => format!("{} (enabled: PIN {})", octets(value), enabled.join(", ")),
    }
}

/// Name of a PIN by its key reference (TS 102 221 table 9.3); empty for none.
pub fn key_name(reference: u8) -> String {
    match reference {
        0x01..=0x08 => format!("PIN1 of application {reference}"),
        0x0A..=0x0E => format!("ADM{}", reference - 0x09),
        0x11 => "universal PIN".into(),
        0x81..=0x88 => format!("PIN2 of application {}", reference & 0x0F),
        0x8A..=0x8E => format!("ADM{}", (reference & 0x0F) - 0x04),
        _ => String::new(),
    }
}

/// Key reference with its name.
pub fn key_reference(value: &[u8]) -> String {
    // An INTEGER above 7F has a zero before it.
    let name = match value {
        [number] | [0, number] => key_name(*number),
        _ => String::new(),
    };
    if name.is_empty() { octets(value) } else { format!("{} ({name})", octets(value)) }
}
