//! Two families: bytes that are no profile package ([`Error`]), and a package that this eUICC cannot install
//! ([`ElementError`], which goes on the wire as an [`EuiccResponse`]).

use alloc::string::String;
use core::fmt;

use esim_rsp::check::Rule;

/// Malformed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Index of the profile element in the package, from 0.
    pub element: usize,
    /// Position of the faulty octet in the package.
    pub at: usize,
}

/// Kinds of malformed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The data ends inside a TLV, or a TLV reaches beyond the one around it.
    Truncated,
    /// The length has the indefinite form or more octets than any profile needs.
    Length,
    /// The tag cannot be one of a profile element.
    Tag,
    /// The content does not have the type that the tag announces.
    Content,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, at: usize) -> Self {
        Self { kind, element: 0, at }
    }

    /// The same error seen from a package in which the element has an index and a start.
    pub(crate) fn within(self, element: usize, start: usize) -> Self {
        Self { kind: self.kind, element, at: start + self.at }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ErrorKind::Truncated => "ends too early",
            ErrorKind::Length => "has a length that cannot be",
            ErrorKind::Tag => "has no tag of a profile element",
            ErrorKind::Content => "does not have the type that its tag announces",
        };
        write!(f, "profile element {} {what}, at octet {}", self.element, self.at)
    }
}

impl core::error::Error for Error {}

/// `PEStatus.status`, the codes an eUICC reports for a profile element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Status {
    /// Installed.
    Ok = 0,
    /// The element is unknown or needs what this eUICC lacks, and was not mandated.
    PeNotSupported = 1,
    /// Non-volatile memory failed.
    MemoryFailure = 2,
    /// A value contradicts the rest of the package.
    BadValues = 3,
    /// The profile does not fit.
    NotEnoughMemory = 4,
    /// The element is not well-formed.
    InvalidRequestFormat = 5,
    /// A field has a value outside its range.
    InvalidParameter = 6,
    /// The applet needs another runtime environment.
    RuntimeNotSupported = 7,
    /// The applet needs a library that is absent.
    LibNotSupported = 8,
    /// A template is unknown and mandated.
    TemplateNotSupported = 9,
    /// A mandated service is not offered.
    FeatureNotSupported = 10,
    /// A PIN names an unblocking code that no element defines.
    PinCodeMissing = 11,
    /// The major version of the package is newer than this eUICC.
    UnsupportedProfileVersion = 31,
}

/// Why a profile cannot be installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ElementError {
    /// Code on the wire.
    pub status: Status,
    /// Identification number of the offending element, if it has one.
    pub identification: Option<u16>,
    /// ASN.1 name of the element: `usim`, `pinCodes`.
    pub element: &'static str,
    /// Octet in the element, where known.
    pub offset: Option<u32>,
    /// The field and what is wrong with it.
    pub reason: String,
    /// What must hold and does not.
    pub rule: Rule,
}

impl fmt::Display for ElementError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "profile element {}", self.element)?;
        if let Some(identification) = self.identification {
            write!(f, " (identification {identification})")?;
        }
        write!(f, ": {} (status {})", self.reason, self.status as u16)
    }
}

impl core::error::Error for ElementError {}
