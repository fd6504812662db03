//! Where an order lies among many like it: for stores that are spread over places, each of which has a share of the orders
//! and all that is written with them.

use crate::event::{LETTERS, spell};
use alloc::string::{String, ToString};
use core::fmt;
use esim_crypto::sha256;
use esim_rsp::Iccid;

/// The first 20 bits of SHA-256 over the digits of an ICCID; in text four letters and digits, 5 bits each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u32);

/// Characters of a place.
const LENGTH: usize = 4;
/// Those of a matchingId that was drawn behind its place: groups of five, a hyphen before each.
const DRAWN: usize = 24;

impl Place {
    /// Bits of a place.
    pub const BITS: u32 = 20;

    /// Of a profile's order.
    pub fn of(iccid: &Iccid) -> Self {
        Self::of_digits(&iccid.to_string())
    }

    /// The same by the digits of the ICCID.
    pub fn of_digits(digits: &str) -> Self {
        let [a, b, c, ..] = sha256(&[digits.as_bytes()]);
        Self(u32::from_be_bytes([0, a, b, c]) >> 4)
    }

    /// The bits, the first one highest.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// From four letters and digits.
    pub fn parse(text: &str) -> Option<Self> {
        let value =
            |c: u8| LETTERS.iter().position(|letter| *letter == c).and_then(|at| u32::try_from(at).ok());
        if text.len() != LENGTH {
            return None;
        }
        let bits = text.bytes().try_fold(0, |bits, c| Some(bits << 5 | value(c)?))?;
        Some(Self(bits))
    }

    /// A matchingId of the order here, with 100 bits of these 20 random octets that nobody can guess.
    pub(crate) fn matching_id(self, random: &[u8; 20]) -> String {
        alloc::format!("{self}-{}", spell(random))
    }

    /// Where the order of a matchingId lies, if it has the form of those that this server draws: an operator may have given
    /// one of the same form, which lies elsewhere.
    pub fn of_matching_id(id: &str) -> Option<Self> {
        let place = Self::parse(id.get(..LENGTH)?)?;
        let rest = id.as_bytes().get(LENGTH..)?;
        let fits = |(at, c): (usize, &u8)| match at % 6 {
            0 => *c == b'-',
            _ => LETTERS.contains(c),
        };
        (rest.len() == DRAWN && rest.iter().enumerate().all(fits)).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = [15, 10, 5, 0].map(|shift| (self.0 >> shift & 31) as u8);
        f.write_str(&spell(&digits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Matching ids that are printed have it: it never changes.
    #[test]
    fn a_place_is_in_what_is_drawn_for_it() {
        let iccid: Iccid = "8900101000000000017".parse().unwrap();
        let place = Place::of(&iccid);
        // SHA-256 of the 19 digits begins with 18 67 F.
        assert_eq!((place.bits(), place.to_string().as_str()), (0x1867F, "DBV9"));
        let id = place.matching_id(&[7; 20]);
        assert_eq!(id, "DBV9-HHHHH-HHHHH-HHHHH-HHHHH");
        assert_eq!(Place::of_matching_id(&id), Some(place));
        assert_eq!(Place::parse(&place.to_string()), Some(place));
        for other in [
            "",
            "DBV9",
            "DBV9-HHHHH-HHHHH-HHHHH-HHHH",
            "DBV9-HHHHH-HHHHH-HHHHH-HHHHHH",
            "HHHHH-HHHHH-HHHHH-HHHHH",
            "DBV9-HHHHH-HHHHH-HHHHHH-HHHH",
            "DBV1-HHHHH-HHHHH-HHHHH-HHHHH",
            "dbv9-HHHHH-HHHHH-HHHHH-HHHHH",
            "ÄÄ-HHHHH-HHHHH-HHHHH-HHHHH",
        ] {
            assert_eq!(Place::of_matching_id(other), None, "{other}");
        }
    }
}
