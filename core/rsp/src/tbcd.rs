//! Digits two to an octet, the first one in its low half, `F` where there is none: ICCID (TS 102 221 13.2), IMEI and TAC
//! (TS 29.002), MCC and MNC (TS 24.008 10.5.1.13).

use alloc::vec::Vec;

/// Digits by their values, as many octets as they need.
pub fn packed(digits: impl IntoIterator<Item = u8>) -> Vec<u8> {
    let mut digits = digits.into_iter();
    core::iter::from_fn(|| digits.next().map(|first| octet(first, digits.next()))).collect()
}

/// Digits by their values, in `N` octets; what does not fit is left out.
pub fn padded<const N: usize>(digits: impl IntoIterator<Item = u8>) -> [u8; N] {
    let mut digits = digits.into_iter();
    core::array::from_fn(|_| {
        let first = digits.next();
        octet(first.unwrap_or(0xF), digits.next())
    })
}

fn octet(first: u8, second: Option<u8>) -> u8 {
    second.unwrap_or(0xF) << 4 | first & 0xF
}

/// The halves of octets in the order of the digits, padding among them.
pub fn halves(octets: &[u8]) -> impl Iterator<Item = u8> {
    octets.iter().flat_map(|octet| [octet & 0xF, octet >> 4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_swapped_and_filled_up() {
        assert_eq!(packed([1, 2, 3]), [0x21, 0xF3]);
        assert!(packed([]).is_empty());
        assert_eq!(padded([1, 2, 3]), [0x21, 0xF3, 0xFF]);
        assert_eq!(padded([1, 2, 3, 4, 5]), [0x21, 0x43]);
        assert!(halves(&[0x21, 0xF3]).eq([1, 2, 3, 0xF]));
    }
}
