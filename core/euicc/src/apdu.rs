//! Command and response APDUs (ISO/IEC 7816-4 clause 5, ETSI TS 102 221 clause 10).

use alloc::vec::Vec;
use core::fmt;

/// A command APDU, borrowed from the octets that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command<'a> {
    /// Class: logical channel, chaining, secure messaging, interindustry or proprietary.
    pub cla: u8,
    /// Instruction.
    pub ins: u8,
    /// First parameter.
    pub p1: u8,
    /// Second parameter.
    pub p2: u8,
    /// Command data; empty for cases 1 and 2.
    pub data: &'a [u8],
    /// Octets expected back: `None` if the field is absent, `0x100` or `0x10000` where it is coded as zero.
    pub le: Option<u32>,
}

impl<'a> Command<'a> {
    /// Reads a command of case 1 to 4 with short or extended length fields (ISO/IEC 7816-4 5.1).
    ///
    /// Fails with `6700` if the length fields do not describe the octets.
    pub fn parse(octets: &'a [u8]) -> Result<Self, Status> {
        let (header, body) = octets.split_first_chunk::<4>().ok_or(Status::WRONG_LENGTH)?;
        let (data, le) = parse_body(body)?;
        let [cla, ins, p1, p2] = *header;
        Ok(Self { cla, ins, p1, p2, data, le })
    }

    /// Logical channel 0..=19 (TS 102 221 10.1.1). Fails with `6E00` for a class that this standard does not code.
    pub fn channel(&self) -> Result<u8, Status> {
        match self.cla {
            0x00..=0x1F | 0x80..=0x9F => Ok(self.cla & 0x03),
            0x40..=0x7F | 0xC0..=0xFE => Ok(4 + (self.cla & 0x0F)),
            _ => Err(Status::CLASS_NOT_SUPPORTED),
        }
    }

    /// True for the classes `8X`, `CX` and `EX`.
    pub fn is_proprietary(&self) -> bool {
        self.cla & 0x80 != 0
    }

    /// True if more commands of a chain follow (bit 5 of the class).
    pub fn is_chained(&self) -> bool {
        self.cla & 0x10 != 0
    }

    /// True if the class asks for secure messaging.
    pub fn is_secured(&self) -> bool {
        if self.cla & 0x40 != 0 { self.cla & 0x20 != 0 } else { self.cla & 0x0C != 0 }
    }

    /// First and second parameter as one number.
    pub fn p1p2(&self) -> u16 {
        u16::from_be_bytes([self.p1, self.p2])
    }

    /// The octets of the command, with extended length fields only where the lengths need them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let extended = self.data.len() > 255 || self.le.is_some_and(|le| le > 256);
        let mut octets = alloc::vec![self.cla, self.ins, self.p1, self.p2];
        if !self.data.is_empty() {
            let length = (self.data.len() as u16).to_be_bytes();
            if extended {
                octets.push(0);
                octets.extend(length);
            } else {
                octets.push(length[1]);
            }
            octets.extend(self.data);
        }
        if let Some(le) = self.le {
            let length = (le as u16).to_be_bytes();
            match (extended, self.data.is_empty()) {
                (false, _) => octets.push(length[1]),
                (true, true) => octets.extend([0, length[0], length[1]]),
                (true, false) => octets.extend(length),
            }
        }
        octets
    }
}

/// Splits what follows the header into command data and expected length.
fn parse_body(body: &[u8]) -> Result<(&[u8], Option<u32>), Status> {
    match *body {
        [] => Ok((&[], None)),
        [le] => Ok((&[], Some(short_le(le)))),
        [0, high, low] => Ok((&[], Some(extended_le(high, low)))),
        [0, high, low, ref rest @ ..] => parse_extended(u16::from_be_bytes([high, low]), rest),
        [lc, ref rest @ ..] => parse_short(lc, rest),
    }
}

fn parse_short(lc: u8, rest: &[u8]) -> Result<(&[u8], Option<u32>), Status> {
    let (data, rest) =
        rest.split_at_checked(usize::from(lc)).filter(|_| lc > 0).ok_or(Status::WRONG_LENGTH)?;
    match *rest {
        [] => Ok((data, None)),
        [le] => Ok((data, Some(short_le(le)))),
        _ => Err(Status::WRONG_LENGTH),
    }
}

fn parse_extended(lc: u16, rest: &[u8]) -> Result<(&[u8], Option<u32>), Status> {
    let (data, rest) =
        rest.split_at_checked(usize::from(lc)).filter(|_| lc > 0).ok_or(Status::WRONG_LENGTH)?;
    match *rest {
        [] => Ok((data, None)),
        [high, low] => Ok((data, Some(extended_le(high, low)))),
        _ => Err(Status::WRONG_LENGTH),
    }
}

fn short_le(le: u8) -> u32 {
    if le == 0 { 0x100 } else { u32::from(le) }
}

fn extended_le(high: u8, low: u8) -> u32 {
    match u16::from_be_bytes([high, low]) {
        0 => 0x1_0000,
        le => u32::from(le),
    }
}

/// SW1 SW2 (TS 102 221 10.2.1). A function that answers with data returns `Result<Vec<u8>, Status>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(pub u16);

/// Declares the status words once: constant, value, the words of the standard.
macro_rules! status_words {
    ($($name:ident = $value:literal, $text:literal;)*) => {
        impl Status {
            $(#[doc = concat!("`", stringify!($value), "`: ", $text, ".")]
            pub const $name: Status = Status($value);)*

            /// The words of TS 102 221 or TS 31.102 for it; `None` for a value that neither names.
            pub fn text(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    0x6100..=0x61FF => Some("response bytes still available"),
                    0x63C0..=0x63CF => Some("verification failed, tries left in the last digit"),
                    0x6C00..=0x6CFF => Some("wrong length, exact length in the second byte"),
                    0x9100..=0x91FF => Some("normal ending, a proactive command is pending"),
                    _ => None,
                }
            }
        }
    };
}

status_words! {
    OK = 0x9000, "normal ending of the command";
    PROACTIVE_BUSY = 0x9300, "SIM application toolkit is busy";
    NO_INFORMATION_UNCHANGED = 0x6200, "no information given, state of non volatile memory unchanged";
    CORRUPTED = 0x6281, "part of returned data may be corrupted";
    END_OF_FILE = 0x6282, "end of file or record reached before reading Le bytes, or unsuccessful search";
    FILE_DEACTIVATED = 0x6283, "selected file invalidated";
    FILE_TERMINATED = 0x6285, "selected file in termination state";
    MORE_DATA = 0x62F1, "more data available";
    MORE_DATA_PROACTIVE = 0x62F2, "more data available and proactive command pending";
    RESPONSE_DATA = 0x62F3, "response data available";
    NO_INFORMATION_CHANGED = 0x6300, "no information given, state of non volatile memory changed";
    MORE_DATA_EXPECTED = 0x63F1, "more data expected";
    MORE_DATA_EXPECTED_PROACTIVE = 0x63F2, "more data expected and proactive command pending";
    EXECUTION_ERROR_UNCHANGED = 0x6400, "execution error, state of non volatile memory unchanged";
    EXECUTION_ERROR_CHANGED = 0x6500, "execution error, state of non volatile memory changed";
    MEMORY_PROBLEM = 0x6581, "memory problem";
    WRONG_LENGTH = 0x6700, "wrong length";
    CLASS_FUNCTION_NOT_SUPPORTED = 0x6800, "functions in CLA not supported";
    LOGICAL_CHANNEL_NOT_SUPPORTED = 0x6881, "logical channel not supported";
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882, "secure messaging not supported";
    LAST_COMMAND_EXPECTED = 0x6883, "last command of the chain expected";
    CHAINING_NOT_SUPPORTED = 0x6884, "command chaining not supported";
    COMMAND_NOT_ALLOWED = 0x6900, "command not allowed";
    INCOMPATIBLE_STRUCTURE = 0x6981, "command incompatible with file structure";
    SECURITY_STATUS = 0x6982, "security status not satisfied";
    METHOD_BLOCKED = 0x6983, "authentication or PIN method blocked";
    REFERENCED_DATA_INVALIDATED = 0x6984, "referenced data invalidated";
    CONDITIONS_NOT_SATISFIED = 0x6985, "conditions of use not satisfied";
    NO_EF_SELECTED = 0x6986, "command not allowed (no EF selected)";
    INCORRECT_DATA = 0x6A80, "incorrect parameters in the data field";
    FUNCTION_NOT_SUPPORTED = 0x6A81, "function not supported";
    FILE_NOT_FOUND = 0x6A82, "file not found";
    RECORD_NOT_FOUND = 0x6A83, "record not found";
    NOT_ENOUGH_MEMORY = 0x6A84, "not enough memory space";
    INCORRECT_P1_P2 = 0x6A86, "incorrect parameters P1 to P2";
    LC_INCONSISTENT = 0x6A87, "Lc inconsistent with P1 to P2";
    REFERENCED_DATA_NOT_FOUND = 0x6A88, "referenced data not found";
    WRONG_P1_P2 = 0x6B00, "wrong parameter(s) P1-P2";
    INS_NOT_SUPPORTED = 0x6D00, "instruction code not supported or invalid";
    CLASS_NOT_SUPPORTED = 0x6E00, "class not supported";
    TECHNICAL_PROBLEM = 0x6F00, "technical problem, no precise diagnosis";
    MAX_VALUE_REACHED = 0x9850, "INCREASE cannot be performed, max value reached";
    AUTHENTICATION_MAC = 0x9862, "authentication error, incorrect MAC";
    AUTHENTICATION_CONTEXT = 0x9864, "authentication error, security context not supported";
}

impl Status {
    /// `61xx`: `remaining` octets wait for GET RESPONSE; 256 and more are coded `00`.
    pub fn more_data(remaining: usize) -> Self {
        Self(0x6100 | if remaining < 0x100 { remaining as u16 } else { 0 })
    }

    /// `6Cxx`: the expected length should have been `exact`; 256 and more are coded `00`.
    pub fn wrong_le(exact: usize) -> Self {
        Self(0x6C00 | if exact < 0x100 { exact as u16 } else { 0 })
    }

    /// `63Cx`: the comparison failed, `left` tries remain (at most 15 can be told).
    pub fn retries(left: u8) -> Self {
        Self(0x63C0 | u16::from(left.min(15)))
    }

    /// `91xx`: done, and a proactive command of `length` octets waits for FETCH; 256 is coded `00`.
    pub fn proactive(length: usize) -> Self {
        Self(0x9100 | if length < 0x100 { length as u16 } else { 0 })
    }

    /// True if the command did its work: `9000`, `91xx`, `61xx`, and the warnings `62xx` and `63xx` except `63Cx`.
    pub fn is_success(self) -> bool {
        matches!(self.0, 0x9000 | 0x9100..=0x91FF | 0x6100..=0x63BF | 0x63F0..=0x63FF)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text() {
            Some(text) => write!(f, "{:04X} ({text})", self.0),
            None => write!(f, "{:04X}", self.0),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({:04X})", self.0)
    }
}

impl core::error::Error for Status {}

impl Default for Status {
    fn default() -> Self {
        Self::OK
    }
}

/// A response APDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Response data; may accompany a warning.
    pub data: Vec<u8>,
    /// Status word: `9000` or a warning; errors travel as `Err` until the APDU is built.
    pub status: Status,
}

impl Response {
    /// `9000` with data.
    pub fn ok(data: Vec<u8>) -> Self {
        Self { data, status: Status::OK }
    }

    /// The octets on the wire: data, then SW1 SW2.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut octets = self.data.clone();
        octets.extend(self.status.0.to_be_bytes());
        octets
    }
}

impl From<Status> for Response {
    fn from(status: Status) -> Self {
        Self { data: Vec::new(), status }
    }
}

impl From<Result<Vec<u8>, Status>> for Response {
    fn from(result: Result<Vec<u8>, Status>) -> Self {
        result.map_or_else(Self::from, Self::ok)
    }
}

impl From<Result<Response, Status>> for Response {
    fn from(result: Result<Response, Status>) -> Self {
        result.unwrap_or_else(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    type Parsed = Result<(Vec<u8>, Option<u32>), Status>;

    fn parse(hex: &str) -> Parsed {
        let octets = hex::decode(hex).unwrap();
        Command::parse(&octets).map(|command| (command.data.to_vec(), command.le))
    }

    #[test]
    fn every_case_of_length_fields() {
        let wrong = Err(Status::WRONG_LENGTH);
        let table: &[(&str, Parsed)] = &[
            ("00A400", wrong.clone()),
            ("00A40004", Ok((vec![], None))),
            ("00B0000000", Ok((vec![], Some(256)))),
            ("00B000000A", Ok((vec![], Some(10)))),
            ("00A40004023F00", Ok((vec![0x3F, 0x00], None))),
            ("00A40004023F0000", Ok((vec![0x3F, 0x00], Some(256)))),
            ("00A40004023F", wrong.clone()),
            ("00A40004023F000000", wrong.clone()),
            ("00B00000000000", Ok((vec![], Some(0x10000)))),
            ("00B00000000100", Ok((vec![], Some(0x100)))),
            ("00A400040000023F00", Ok((vec![0x3F, 0x00], None))),
            ("00A400040000023F000000", Ok((vec![0x3F, 0x00], Some(0x10000)))),
            ("00A400040000023F0001", wrong.clone()),
            ("00A40004000000FF", wrong.clone()),
            ("00A400040002", wrong),
        ];
        for (hex, expected) in table {
            assert_eq!(&parse(hex), expected, "{hex}");
        }
    }

    #[test]
    fn class_byte() {
        let table = [
            (0x00, Ok(0), false, false, false),
            (0x03, Ok(3), false, false, false),
            (0x0C, Ok(0), false, false, true),
            (0x12, Ok(2), false, true, false),
            (0x40, Ok(4), false, false, false),
            (0x4F, Ok(19), false, false, false),
            (0x61, Ok(5), false, false, true),
            (0x81, Ok(1), true, false, false),
            (0x93, Ok(3), true, true, false),
            (0xC5, Ok(9), true, false, false),
            (0xE0, Ok(4), true, false, true),
            (0x20, Err(Status::CLASS_NOT_SUPPORTED), false, false, false),
            (0xA0, Err(Status::CLASS_NOT_SUPPORTED), true, false, false),
            (0xFF, Err(Status::CLASS_NOT_SUPPORTED), true, true, true),
        ];
        for (cla, channel, proprietary, chained, secured) in table {
            let command = Command { cla, ins: 0xA4, p1: 0, p2: 0, data: &[], le: None };
            assert_eq!(command.channel(), channel, "{cla:02X}");
            assert_eq!(
                (command.is_proprietary(), command.is_chained(), command.is_secured()),
                (proprietary, chained, secured),
                "{cla:02X}"
            );
        }
    }

    #[test]
    fn to_bytes_is_the_inverse_of_parse() {
        let long = [0x5A; 300];
        for data in [&[][..], &[1, 2, 3], &long] {
            for le in [None, Some(1), Some(0x100), Some(0x101), Some(0x10000)] {
                let command = Command { cla: 0x81, ins: 0xE2, p1: 0x91, p2: 0, data, le };
                assert_eq!(Command::parse(&command.to_bytes()), Ok(command));
            }
        }
    }

    #[test]
    fn computed_status_words() {
        assert_eq!(Status::more_data(0x2C).0, 0x612C);
        assert_eq!(Status::more_data(256).0, 0x6100);
        assert_eq!(Status::wrong_le(9).0, 0x6C09);
        assert_eq!(Status::retries(3).0, 0x63C3);
        assert_eq!(Status::proactive(11).0, 0x910B);
        assert_eq!(Response::ok(vec![1]).to_bytes(), [1, 0x90, 0x00]);
        assert!(Status(0x910B).is_success() && !Status(0x63C2).is_success() && !Status(0x6A82).is_success());
    }
}
