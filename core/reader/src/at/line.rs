//! Octets into lines.

use alloc::string::String;
use alloc::vec::Vec;

/// Octets of the longest line that is kept. A response APDU of 258 octets takes 516 digits.
pub const MAX_LINE: usize = 8_192;

/// A line that a modem has sent, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Never empty, and without blanks around it. What is no ASCII text is replaced by `?`.
    Text(String),
    /// It had more than [`MAX_LINE`] octets; they are gone.
    TooLong,
}

/// Cuts octets into lines, octet by octet, so that it does not matter in which pieces they come. CR, LF and both end a
/// line (V.250 5.7.1 lets a modem choose), and blank lines are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    partial: Vec<u8>,
    too_long: bool,
}

impl Lines {
    /// Takes an octet; the line that it ends.
    pub fn push(&mut self, octet: u8) -> Option<Line> {
        match octet {
            b'\r' | b'\n' => return self.end(),
            _ if self.partial.len() >= MAX_LINE => self.too_long = true,
            // Power going up leaves control octets on a serial line.
            0..0x20 | 0x7F => {}
            0x80.. => self.partial.push(b'?'),
            _ => self.partial.push(octet),
        }
        None
    }

    /// Forgets the line that has begun.
    pub fn clear(&mut self) {
        self.partial.clear();
        self.too_long = false;
    }

    fn end(&mut self) -> Option<Line> {
        let octets = core::mem::take(&mut self.partial);
        if core::mem::take(&mut self.too_long) {
            return Some(Line::TooLong);
        }
        let text = String::from_utf8_lossy(&octets);
        let text = text.trim();
        (!text.is_empty()).then(|| Line::Text(text.into()))
    }
}
