//! `Error`: malformed octets, and where.

use alloc::string::String;

/// Octets that are not what the specification says they are.
///
/// `at` counts from the first octet given to [`crate::decode`] and points at
/// the TLV that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}{}", .at.map(|at| alloc::format!(" at octet {at}")).unwrap_or_default())]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Offset of the offending TLV, in octets; none where no octets are read, as in text.
    pub at: Option<usize>,
}

/// The ways in which octets can be malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ErrorKind {
    /// The input ends inside a tag, a length or a value.
    #[error("the data ends too early")]
    Truncated,
    /// A tag or a length that BER does not allow here.
    #[error("not a TLV")]
    NotTlv,
    /// A whole value was read and octets are left over.
    #[error("{0} octets follow the value")]
    TrailingData(usize),
    /// The TLVs are sound, but not those of the message expected.
    #[error("{0}")]
    Message(String),
    /// Text that should be hexadecimal, base64, JSON or an identifier.
    #[error("{0}")]
    Text(String),
}

impl Error {
    /// An error of `kind` at octet `at`.
    pub fn new(kind: ErrorKind, at: usize) -> Self {
        Self { kind, at: Some(at) }
    }

    /// Text that does not parse, with the reason, which has a place in it if there is one to tell.
    pub fn text(reason: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Text(reason.into()), at: None }
    }

    /// The same, of a part with a name: `euiccInfo1: not a TLV at octet 0`.
    pub fn within(self, part: &str) -> Self {
        Self::text(alloc::format!("{part}: {self}"))
    }
}
