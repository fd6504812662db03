//! The code that shows that whoever sits before the page sits before this machine, too.

use anyhow::Result;
use subtle::ConstantTimeEq;

/// Digits and capitals that nobody takes for one another: 32, five bits each.
const SIGNS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Signs of a code: 40 bits.
const LENGTH: usize = 8;
/// Wrong codes after which another is drawn.
const TRIES: u32 = 5;

/// The code that holds now, and how often it was missed.
pub struct Pairing {
    code: [u8; LENGTH],
    wrong: u32,
}

/// What has come of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried {
    /// It was the code, which goes on holding.
    Right,
    /// It was another.
    Wrong,
    /// It was another once too often: a new one has been drawn.
    Anew,
}

impl Pairing {
    /// Draws a code.
    ///
    /// # Errors
    /// This machine has no randomness.
    pub fn draw() -> Result<Self> {
        let octets: [u8; LENGTH] = crate::random_octets()?;
        Ok(Self { code: octets.map(|octet| SIGNS[usize::from(octet % 32)]), wrong: 0 })
    }

    /// As it is shown: `XXXX-XXXX`.
    pub fn code(&self) -> String {
        let sign = |at: usize| char::from(self.code[at]);
        (0..LENGTH / 2).map(sign).chain(['-']).chain((LENGTH / 2..LENGTH).map(sign)).collect()
    }

    /// Tries what somebody has typed, with or without its hyphen, in capitals or not. Takes the same time wherever the two
    /// begin to differ.
    ///
    /// # Errors
    /// A new code cannot be drawn: nobody gets in with the old one any more.
    pub fn attempt(&mut self, given: &str) -> Result<Tried> {
        let given: Vec<u8> =
            given.bytes().filter(u8::is_ascii_alphanumeric).map(|it| it.to_ascii_uppercase()).collect();
        if self.wrong < TRIES && bool::from(self.code[..].ct_eq(&given)) {
            self.wrong = 0;
            return Ok(Tried::Right);
        }
        self.wrong = TRIES.min(self.wrong + 1);
        if self.wrong < TRIES {
            return Ok(Tried::Wrong);
        }
        *self = Self::draw()?;
        Ok(Tried::Anew)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_as_people_type_it() {
        let mut pairing = Pairing { code: *b"7KQ2M4XD", wrong: 0 };
        assert_eq!(pairing.code(), "7KQ2-M4XD");
        for right in ["7KQ2-M4XD", "7kq2m4xd", " 7KQ2 M4XD\n"] {
            assert_eq!(pairing.attempt(right).unwrap(), Tried::Right, "{right:?}");
        }
        for wrong in ["", "7KQ2-M4X", "7KQ2-M4XDD", "7KQ2-M4XE"] {
            assert_eq!(pairing.attempt(wrong).unwrap(), Tried::Wrong, "{wrong:?}");
        }
        assert_eq!(pairing.attempt("7KQ2-M4XC").unwrap(), Tried::Anew);
        assert_eq!(pairing.attempt("7KQ2-M4XD").unwrap(), Tried::Wrong, "the old one is gone");
        let now = pairing.code();
        assert_eq!(pairing.attempt(&now).unwrap(), Tried::Right);
        assert_ne!(Pairing::draw().unwrap().code(), now);
    }
}
