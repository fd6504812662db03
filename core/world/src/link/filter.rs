//! Which messages are meant: by number, ends, interface, function, tag, status.

use esim_rsp::tlv;
use esim_rsp::trace::Party;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Names messages. What is absent does not matter; what is there must all be so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
pub struct Filter {
    /// Its number in the trace, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<u32>,
    /// Sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Party>,
    /// Receiver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Party>,
    /// As in the trace: `ES9+`, `ES10b`, `APDU`, `NAS`, `S6a`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// As in the trace: `AuthenticateServer`, `authenticateClient response`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// First tag of the message, or of an APDU's data, hexadecimal: `BF38`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// What an answer says: status word (`6985`), or subject and reason of an SM (`8.2.6/3.8`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// So many that would be meant go by first.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<u32>"))]
    pub skip: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A message on its way.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Its number in the trace.
    pub n: u32,
    /// Sender and receiver.
    pub ends: (Party, Party),
    /// As in the trace.
    pub interface: &'a str,
    /// As in the trace.
    pub function: &'a str,
    /// JSON text, DER, APDU, or as the interface has it.
    pub bytes: &'a [u8],
}

impl Filter {
    /// The message with this number.
    pub fn number(n: u32) -> Self {
        Self { message: Some(n), ..Self::default() }
    }

    /// Messages of a function at an interface.
    pub fn function(interface: &str, function: &str) -> Self {
        let (interface, function) = (Some(interface.into()), Some(function.into()));
        Self { interface, function, ..Self::default() }
    }

    /// Whether it is meant, whatever goes by first.
    pub fn means(&self, message: &Message<'_>) -> bool {
        let is = |wanted: &Option<String>, had: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(had))
        };
        self.message.is_none_or(|n| n == message.n)
            && self.from.is_none_or(|from| from == message.ends.0)
            && self.to.is_none_or(|to| to == message.ends.1)
            && is(&self.interface, message.interface)
            && is(&self.function, message.function)
            && self.tag.as_ref().is_none_or(|tag| first_tag(message).is_some_and(|had| is_tag(tag, had)))
            && self.status.as_ref().is_none_or(|wanted| status(message).as_ref() == Some(wanted))
    }

    /// Whether a person has written what can be met by a message.
    ///
    /// # Errors
    /// A sentence.
    pub fn check(&self) -> Result<(), String> {
        match &self.tag {
            Some(tag) if u32::from_str_radix(tag, 16).is_err() => {
                Err(format!("{tag} is no tag: hexadecimal, such as BF38"))
            }
            _ => Ok(()),
        }
    }
}

fn is_tag(text: &str, tag: u32) -> bool {
    u32::from_str_radix(text, 16) == Ok(tag)
}

fn first_tag(message: &Message<'_>) -> Option<u32> {
    let octets = match message.interface {
        "APDU" if message.ends.1 == Party::Euicc => message.bytes.get(5..)?,
        _ => message.bytes,
    };
    tlv::read_header(octets, 0).ok().map(|(tag, ..)| tag)
}

fn status(message: &Message<'_>) -> Option<String> {
    if message.interface == "APDU" && message.ends.0 == Party::Euicc {
        return Some(crate::apdu::status(message.bytes));
    }
    let answer: Value = serde_json::from_slice(message.bytes).ok()?;
    let code = &answer["header"]["functionExecutionStatus"]["statusCodeData"];
    Some(format!("{}/{}", code["subjectCode"].as_str()?, code["reasonCode"].as_str()?))
}
