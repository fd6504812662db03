//! Below the card effect: how an ES10 command becomes APDUs and an answer again
//! (SGP.22 5.7.2, ISO/IEC 7816-4, TS 102 221).
//!
//! [`Opening`] finds the ISD-R and selects it on a logical channel of its own,
//! [`Exchange`] carries one command over it, [`Channel::close`] gives it back.
//! All are fed response APDUs and give command APDUs; none does I/O.

mod exchange;
mod opening;

pub use exchange::{Exchange, Next, Reply};
pub use opening::{CardOptions, Channel, OpenError, OpenStep, Opening, TerminalCapability};

use alloc::vec::Vec;

/// AID of the ISD-R (SGP.02 2.2.3).
pub const ISD_R: [u8; 16] = [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 1, 0];

/// ISD-R AIDs that are tried in turn: the standard's, then those that removable
/// eUICCs on the market answer to.
pub const ISD_R_CANDIDATES: [(&str, [u8; 16]); 6] = [
    ("GSMA", ISD_R),
    ("eSTK.me SE0", *b"\xA0\x65\x73\x74\x6B\x6D\x65\xFF\xFF\x49\x53\x44\x2D\x52\x20\x30"),
    ("eSTK.me SE1", *b"\xA0\x65\x73\x74\x6B\x6D\x65\xFF\xFF\x49\x53\x44\x2D\x52\x20\x31"),
    ("eSIM.me", [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0, 0, 0, 0, 0x89, 0, 0, 3, 0]),
    ("5ber", [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 5, 5, 0]),
    ("XeSIM", [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, 0, 1, 0x77]),
];

/// Whether a status word means success: 9000, or 91xx, which says in addition
/// that the card has a proactive command for the terminal.
pub fn is_success(sw: u16) -> bool {
    matches!(sw, 0x9000 | 0x9100..=0x91FF)
}

/// Class octet for a logical channel (ISO/IEC 7816-4 5.4.1): `base` is 00 or 80.
pub fn class(base: u8, channel: u8) -> u8 {
    match channel {
        0..=3 => base | channel,
        _ => base | 0x40 | (channel.saturating_sub(4) & 0x0F),
    }
}

/// Splits a response APDU; a response of less than two octets is status 0000.
pub(crate) fn split(response: &[u8]) -> (&[u8], u16) {
    match response.split_last_chunk::<2>() {
        Some((data, sw)) => (data, u16::from_be_bytes(*sw)),
        None => (&[], 0),
    }
}

/// One APDU: header, and data with its length if there is any.
pub(crate) fn apdu(header: [u8; 4], data: &[u8]) -> Vec<u8> {
    let mut apdu = Vec::from(header);
    if let (Ok(length), false) = (u8::try_from(data.len()), data.is_empty()) {
        apdu.push(length);
        apdu.extend_from_slice(data);
    }
    apdu
}
