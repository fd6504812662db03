//! One command and the lines that answer it.

use super::outcome::Outcome;
use super::values;
use alloc::string::String;

/// Octets of the longest value that is gathered from several lines.
const MAX_VALUE: usize = 16_384;

/// What must come besides a final result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    Nothing,
    /// A response APDU, after this prefix.
    Apdu(&'static str),
    /// A session id.
    Handle,
    /// Status and data of restricted access.
    Crsm,
    /// Text after this prefix.
    Text(&'static str),
}

impl Expect {
    fn prefix(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Apdu(prefix) | Self::Text(prefix) => Some(prefix),
            Self::Handle => Some("+CCHO"),
            Self::Crsm => Some("+CRSM"),
        }
    }

    /// Whether a value is all there, or may have its end in the next line.
    fn is_whole(self, value: &str) -> bool {
        match self {
            Self::Apdu(_) => values::quotes_are_closed(value) && values::apdu(value).is_ok(),
            Self::Handle => values::handle(value).is_some(),
            Self::Crsm => values::quotes_are_closed(value) && values::crsm(value).is_ok(),
            Self::Nothing | Self::Text(_) => true,
        }
    }

    /// Whether a line is the value though it does not say of what: numbers and digits alone.
    fn is_bare(self, line: &str) -> bool {
        match self {
            Self::Apdu(_) => is_digits(line) && values::apdu(line).is_ok(),
            Self::Handle => line.len() <= values::MAX_HANDLE && line.bytes().all(|it| it.is_ascii_hexdigit()),
            Self::Crsm => is_digits(line) && line.contains(',') && values::crsm(line).is_ok(),
            Self::Nothing | Self::Text(_) => false,
        }
    }
}

/// What a line has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// More must come.
    More,
    /// More may come, but not for long: the value without `OK`, or `OK` without the value.
    Nearly,
    /// All is there.
    Done(Outcome),
    /// More than is kept.
    TooLong,
}

/// A command that waits for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exchange {
    expect: Expect,
    value: Option<String>,
    said_ok: bool,
}

impl Exchange {
    pub(super) fn new(expect: Expect) -> Self {
        Self { expect, value: None, said_ok: false }
    }

    /// What has come besides the final result.
    pub(super) fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// Takes a line. What is neither value nor final result is let go: echo, and what comes unasked.
    pub(super) fn take(&mut self, line: &str) -> Progress {
        match Outcome::read(line) {
            Some(Outcome::Ok) => {
                self.said_ok = true;
                return self.progress();
            }
            Some(error) => return Progress::Done(error),
            None => {}
        }
        let value = self.expect.prefix().and_then(|prefix| after(line, prefix));
        if let Some(value) = value {
            self.value = Some(value.into());
        } else if let Some(value) = self.value.as_mut().filter(|it| !self.expect.is_whole(it)) {
            if is_digits(line) {
                value.push_str(line);
            }
        } else if self.value.is_none() && self.expect.is_bare(line) {
            self.value = Some(line.into());
        } else {
            return Progress::More;
        }
        match &self.value {
            Some(value) if value.len() > MAX_VALUE => Progress::TooLong,
            _ => self.progress(),
        }
    }

    /// What it has come to where nothing more comes: a value, whole or not, counts without its `OK`.
    pub(super) fn give_up(&self) -> Option<Outcome> {
        (self.said_ok || self.value.is_some()).then_some(Outcome::Ok)
    }

    /// Whether all is there but `OK`.
    pub(super) fn lacks_ok(&self) -> bool {
        !self.said_ok && self.value.is_some() && self.progress() == Progress::Nearly
    }

    fn progress(&self) -> Progress {
        let is_whole = self.value.as_ref().is_some_and(|value| self.expect.is_whole(value));
        match (self.said_ok, is_whole || self.expect == Expect::Nothing) {
            (true, true) => Progress::Done(Outcome::Ok),
            (false, false) => Progress::More,
            (_, _) => Progress::Nearly,
        }
    }
}

/// What follows a prefix and its colon, if the line begins so.
fn after<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = line.split_at_checked(prefix.len())?;
    let rest = rest.trim_start().strip_prefix(':')?;
    head.eq_ignore_ascii_case(prefix).then(|| rest.trim())
}

fn is_digits(line: &str) -> bool {
    line.bytes().all(|it| it.is_ascii_hexdigit() || matches!(it, b'"' | b',' | b' '))
}
