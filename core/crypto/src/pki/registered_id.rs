//! registeredIDs in subjectAltName. `const-oid` refuses arcs such as 2.999,
//! which every test SM-DP+ has.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The content octets of an OID, dotted.
pub(super) fn to_dotted(octets: &[u8]) -> Option<String> {
    let mut arcs = Vec::new();
    let mut arc = 0u64;
    let mut open = false;
    for octet in octets {
        arc = arc.checked_mul(128)?.checked_add(u64::from(octet & 0x7F))?;
        open = octet & 0x80 != 0;
        if !open {
            arcs.push(arc);
            arc = 0;
        }
    }
    let (first, rest) = arcs.split_first().filter(|_| !open)?;
    let root = (*first / 40).min(2);
    let mut dotted = format!("{root}.{}", first - root * 40);
    for arc in rest {
        dotted.push('.');
        dotted.push_str(&arc.to_string());
    }
    Some(dotted)
}

/// The content octets of a dotted OID.
pub(super) fn from_dotted(dotted: &str) -> Option<Vec<u8>> {
    let arcs: Option<Vec<u64>> = dotted.split('.').map(|arc| arc.parse().ok()).collect();
    let arcs = arcs.filter(|arcs| arcs.len() >= 2 && arcs[0] <= 2)?;
    let first = arcs[0].checked_mul(40)?.checked_add(arcs[1])?;
    let mut octets = Vec::new();
    for arc in core::iter::once(first).chain(arcs.into_iter().skip(2)) {
        let groups = (64 - arc.leading_zeros()).div_ceil(7).max(1);
        for i in (0..groups).rev() {
            let more = if i == 0 { 0 } else { 0x80 };
            octets.push((arc >> (7 * i)) as u8 & 0x7F | more);
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arcs_beyond_39_under_root_2() {
        for (dotted, octets) in
            [("2.999.10", "88370a"), ("2.23.146.1.2.1.4", "6781120102 0104"), ("1.3.6", "2b06")]
        {
            let octets = hex::decode(octets.replace(' ', "")).unwrap();
            assert_eq!(from_dotted(dotted).unwrap(), octets);
            assert_eq!(to_dotted(&octets).unwrap(), dotted);
        }
        assert_eq!(to_dotted(&[0x88]), None);
        assert_eq!(from_dotted("2"), None);
    }
}
