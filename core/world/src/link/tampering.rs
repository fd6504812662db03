//! What may be done to a message on its way.

use super::filter::Filter;
use serde::{Deserialize, Serialize};

/// Something done to messages between two parties, which know nothing of it. It stands until it was done so many times,
/// or until [`Act::Mend`](crate::Act::Mend).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Tampering {
    /// To which messages.
    pub at: Filter,
    /// What.
    #[serde(rename = "do")]
    pub how: How,
    /// How often; for ever if 0.
    #[serde(default = "once", skip_serializing_if = "is_once")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<u32>"))]
    pub times: u32,
}

fn once() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_once(times: &u32) -> bool {
    *times == 1
}

impl Tampering {
    /// Once.
    pub fn once(at: Filter, how: How) -> Self {
        Self { at, how, times: 1 }
    }
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum How {
    /// It never arrives; who waits for an answer hears that the connection is lost.
    Drop,
    /// It arrives later: so many seconds pass for everybody.
    Delay(u32),
    /// It arrives twice; of two answers the sender hears the first.
    Duplicate,
    /// In its place arrives the last one of the same function that went this way before; itself, if there was none.
    Replay,
    /// Only so many octets of it arrive.
    Truncate(usize),
    /// These bits of one octet arrive the other way round.
    Flip {
        /// Of the octet, from 0; counted from the end if negative.
        octet: isize,
        /// Which bits.
        #[serde(default = "lowest")]
        #[cfg_attr(feature = "ts", ts(optional, as = "Option<u8>"))]
        mask: u8,
    },
    /// The card takes so many more writes of its memory while it works on it, then its power fails. It starts over;
    /// there is no answer.
    PowerCut(u32),
    /// The card's memory takes no write while it works on it.
    MemoryFull,
    /// Other octets.
    Edit(Edit),
    /// Another certificate.
    Certificate(Certificate),
}

fn lowest() -> u8 {
    1
}

/// A change of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Edit {
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What stands there then.
    #[serde(flatten)]
    pub value: Put,
    /// The lengths around it stay as they were, wrong.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
    pub keep_lengths: bool,
    /// Who signs it anew; it stays broken if nobody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub sign: Option<Signer>,
}

/// A place in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Place {
    /// Octets from here on, in place of as many as there are in the value.
    Octet(usize),
    /// A field by its names from outside in, with points between them: `serverSigned1.serverChallenge`. Outer names may
    /// be left out.
    Field(String),
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Put {
    /// Octets, hexadecimal.
    Hex(String),
    /// A text.
    Text(String),
}

/// Whose key signs what was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Signer {
    /// SK.DPauth of this world's SM-DP+.
    DpAuth,
    /// SK.DPpb of this world's SM-DP+.
    DpPb,
    /// SK.EUICC of the card that this world has made; one that comes from elsewhere has another.
    Euicc,
    /// A key that nobody has certified.
    Stranger,
}

/// A certificate in the place of another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Certificate {
    /// Of which field: `serverCertificate`, `smdpCertificate`, …
    pub field: String,
    /// Whose.
    pub with: Other,
}

/// Certificates that are not the right ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "OtherCertificate"))]
pub enum Other {
    /// CERT.DPauth with the same names, under a CI that nobody here trusts.
    AnotherCi,
    /// CERT.DPauth of this SM-DP+.
    DpAuth,
    /// CERT.DPpb of this SM-DP+.
    DpPb,
    /// CERT.DSauth of this world's CI.
    DsAuth,
}
