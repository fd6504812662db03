//! Lines that end an answer: final result codes (V.250 5.7, TS 27.007 9).

use alloc::string::String;
use core::fmt;

/// The final result of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// `OK`.
    Ok,
    /// `ERROR` and what modems say in its place: `NO CARRIER`, `COMMAND NOT SUPPORT`, with no reason.
    Error,
    /// `+CME ERROR:` (TS 27.007 9.2).
    Cme(Cme),
    /// `+CMS ERROR:` (TS 27.005 3.2.5), with what follows it.
    Cms(String),
}

/// What follows `+CME ERROR:`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cme {
    /// A number, as after `AT+CMEE=1`.
    Number(u16),
    /// Words, as after `AT+CMEE=2`, that are in no table.
    Text(String),
}

/// Numbers and words of TS 27.007 9.2.1 that have to do with a card or its commands.
pub const CME_ERRORS: [(u16, &str); 27] = [
    (0, "phone failure"),
    (1, "no connection to phone"),
    (2, "phone-adaptor link reserved"),
    (3, "operation not allowed"),
    (4, "operation not supported"),
    (5, "PH-SIM PIN required"),
    (6, "PH-FSIM PIN required"),
    (7, "PH-FSIM PUK required"),
    (10, "SIM not inserted"),
    (11, "SIM PIN required"),
    (12, "SIM PUK required"),
    (13, "SIM failure"),
    (14, "SIM busy"),
    (15, "SIM wrong"),
    (16, "incorrect password"),
    (17, "SIM PIN2 required"),
    (18, "SIM PUK2 required"),
    (20, "memory full"),
    (21, "invalid index"),
    (22, "not found"),
    (23, "memory failure"),
    (24, "text string too long"),
    (25, "invalid characters in text string"),
    (30, "no network service"),
    (50, "incorrect parameters"),
    (51, "command implemented but currently disabled"),
    (100, "unknown"),
];

impl Outcome {
    /// The final result that a line is; none if it is no such line.
    pub fn read(line: &str) -> Option<Self> {
        let after = |prefix: &str| {
            let (head, rest) = line.split_at_checked(prefix.len())?;
            head.eq_ignore_ascii_case(prefix).then(|| rest.trim_start_matches(':').trim())
        };
        if let Some(reason) = after("+CME ERROR") {
            return Some(Self::Cme(Cme::read(reason)));
        }
        if let Some(reason) = after("+CMS ERROR") {
            return Some(Self::Cms(reason.into()));
        }
        match line {
            "OK" => Some(Self::Ok),
            "ERROR"
            | "NO CARRIER"
            | "NO DIALTONE"
            | "BUSY"
            | "NO ANSWER"
            | "ABORTED"
            | "COMMAND NOT SUPPORT"
            | "TOO MANY PARAMETERS" => Some(Self::Error),
            _ => None,
        }
    }

    /// The number of a `+CME ERROR`, also if it came in words.
    pub fn cme(&self) -> Option<u16> {
        match self {
            Self::Cme(Cme::Number(number)) => Some(*number),
            _ => None,
        }
    }
}

impl Cme {
    fn read(reason: &str) -> Self {
        let same = |words: &str| words.eq_ignore_ascii_case(reason);
        let known = CME_ERRORS.iter().find(|(_, words)| same(words)).map(|(number, _)| *number);
        match reason.parse().ok().or(known) {
            Some(number) => Self::Number(number),
            None => Self::Text(reason.into()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("OK"),
            Self::Error => f.write_str("ERROR"),
            Self::Cms(reason) => write!(f, "+CMS ERROR: {reason}"),
            Self::Cme(Cme::Text(words)) => write!(f, "+CME ERROR: {words}"),
            Self::Cme(Cme::Number(number)) => {
                write!(f, "+CME ERROR: {number}")?;
                match CME_ERRORS.iter().find(|(known, _)| known == number) {
                    Some((_, words)) => write!(f, " ({words})"),
                    None => Ok(()),
                }
            }
        }
    }
}
