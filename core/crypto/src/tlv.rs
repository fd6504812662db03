//! Writing DER: tag, length, value.

use alloc::vec::Vec;

/// A tag of one octet and the length of a value of less than 64 KB, with room for the value behind them.
pub(crate) fn header(tag: u8, length: usize) -> Vec<u8> {
    let mut octets = Vec::with_capacity(length + 4);
    octets.push(tag);
    match length {
        0..=0x7F => octets.push(length as u8),
        0x80..=0xFF => octets.extend([0x81, length as u8]),
        _ => octets.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    octets
}

/// One TLV around the concatenation of `parts`.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut octets = header(tag, parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| octets.extend_from_slice(part));
    octets
}
