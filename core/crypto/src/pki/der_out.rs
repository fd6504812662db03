//! Writing DER: just what a certificate is made of.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use der::asn1::ObjectIdentifier;

/// One TLV around the concatenation of `parts`.
pub(super) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 4);
    out.push(tag);
    match length {
        0..=0x7F => out.push(length as u8),
        0x80..=0xFF => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

pub(super) fn oid(oid: &ObjectIdentifier) -> Vec<u8> {
    tlv(0x06, &[oid.as_bytes()])
}

pub(super) fn bit_string(octets: &[u8]) -> Vec<u8> {
    tlv(0x03, &[&[0], octets])
}

/// A name of single-valued RDNs: type, string tag, text.
pub(super) fn name(attributes: &[(&str, u8, &str)]) -> Vec<u8> {
    let rdns: Vec<Vec<u8>> = attributes
        .iter()
        .map(|(kind, tag, text)| {
            let kind = oid(&ObjectIdentifier::new_unwrap(kind));
            tlv(0x31, &[&sequence(&[&kind, &tlv(*tag, &[text.as_bytes()])])])
        })
        .collect();
    sequence(&rdns.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

pub(super) fn extension(id: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[0x01, 0x01, 0xFF] } else { &[] };
    sequence(&[&oid(&ObjectIdentifier::new_unwrap(id)), critical, &tlv(0x04, &[value])])
}

/// UTCTime until 2049, GeneralizedTime after (RFC 5280 4.1.2.5).
pub(super) fn time(unix: u64) -> Vec<u8> {
    let text = date(unix);
    match text.get(2..).filter(|_| text.as_str() < "2050") {
        Some(short) => tlv(0x17, &[short.as_bytes()]),
        None => tlv(0x18, &[text.as_bytes()]),
    }
}

/// `YYYYMMDDHHMMSSZ`.
fn date(unix: u64) -> String {
    let (days, seconds) = (unix / 86_400, unix % 86_400);
    // Civil date from days, after Howard Hinnant's public description.
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z")
}
