//! Where things lie in DER: the parser keeps no octets.

use core::ops::Range;

/// The first TLV inside a SEQUENCE: what a certificate's or a CRL's issuer signed.
pub(super) fn inner_range(der: &[u8]) -> Option<Range<usize>> {
    let (start, _) = header(der, 0)?;
    let (value, length) = header(der, start)?;
    let end = value.checked_add(length).filter(|end| *end <= der.len())?;
    Some(start..end)
}

/// Offset and length of the value of the TLV at `at`, whose tag has one octet.
pub(super) fn header(der: &[u8], at: usize) -> Option<(usize, usize)> {
    let first = usize::from(*der.get(at + 1)?);
    let count = if first < 0x80 { return Some((at + 2, first)) } else { first & 0x7F };
    let octets = der.get(at + 2..at + 2 + count).filter(|_| count <= 3)?;
    Some((at + 2 + count, octets.iter().fold(0, |length, octet| length << 8 | usize::from(*octet))))
}
