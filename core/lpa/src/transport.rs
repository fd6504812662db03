//! What comes of a transport: a server's answer, or why there is none.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The card or a server cannot be reached: the transport's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct Lost(pub String);

/// Why a server's answer cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "type", content = "value", rename_all = "camelCase")]
pub enum Unanswered {
    /// It cannot be reached: the transport's words.
    #[error("{0}")]
    Lost(String),
    /// Its TLS certificate is refused, which ends the procedure (SGP.22 2.6.6, 3.1.2).
    #[error("{}", .0.detail)]
    Untrusted(Untrusted),
    /// It says more than an LPA reads.
    #[error("the answer is longer than {} MB", HttpReply::LIMIT >> 20)]
    TooLong,
}

impl From<Lost> for Unanswered {
    fn from(Lost(detail): Lost) -> Self {
        Self::Lost(detail)
    }
}

/// A TLS certificate that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Untrusted {
    /// What is wrong with it.
    pub fault: CertificateFault,
    /// The TLS library's words.
    pub detail: String,
}

/// What is wrong with a TLS certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CertificateFault {
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// It is of a CI that the eUICC, and so its LPA, does not trust.
    UnknownIssuer,
    /// It is for another name than that which was dialled.
    WrongName,
    /// Anything else: signature, purpose, form.
    Unacceptable,
}

/// A server's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpReply {
    /// HTTP status.
    pub status: u16,
    /// Body; empty for 204.
    pub body: Vec<u8>,
}

impl HttpReply {
    /// Longest body that an LPA reads, in octets: several times the largest package that a card has room for. A server
    /// must not fill the memory of a device.
    pub const LIMIT: usize = 4 << 20;
}
