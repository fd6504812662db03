//! Writing DER: just what a certificate is made of.

use crate::tlv::tlv;
use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;
use der::DateTime;
use der::asn1::ObjectIdentifier;

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

/// UTCTime until 2049, GeneralizedTime after; what lies behind all dates never comes (RFC 5280 4.1.2.5).
pub(super) fn time(unix: u64) -> Vec<u8> {
    let at = DateTime::from_unix_duration(Duration::from_secs(unix)).unwrap_or(DateTime::INFINITY);
    let (year, month, day) = (at.year(), at.month(), at.day());
    let rest = format!("{month:02}{day:02}{:02}{:02}{:02}Z", at.hour(), at.minutes(), at.seconds());
    match year {
        ..2050 => tlv(0x17, &[format!("{:02}{rest}", year % 100).as_bytes()]),
        _ => tlv(0x18, &[format!("{year:04}{rest}").as_bytes()]),
    }
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_as_long_as_their_year_wants() {
        for (unix, tag, text) in [
            (0, 0x17, "700101000000Z"),
            (1_709_210_096, 0x17, "240229123456Z"),
            (2_524_607_999, 0x17, "491231235959Z"),
            (2_524_608_000, 0x18, "20500101000000Z"),
            (253_402_300_799, 0x18, "99991231235959Z"),
            (u64::MAX, 0x18, "99991231235959Z"),
        ] {
            let expected = [&[tag, text.len() as u8], text.as_bytes()].concat();
            assert_eq!(time(unix), expected, "{unix}");
        }
    }
}
