//! Management of profiles and of the eUICC (SGP.22 3.2, 3.3, 5.7): one command,
//! one answer each.

mod chip;
mod commands;

pub use chip::{
    Addresses, CardResources, ChipInfo, GetAddresses, GetEid, GetInfo2, GetRat, Info2, RatRule,
    SetDefaultDpAddress,
};
pub use commands::{
    Delete, Disable, Enable, ListNotifications, ListProfiles, MemoryReset, RemoveNotification,
    RetrieveNotifications, SetNickname,
};

use crate::code::Code;
use crate::download::CardRefusal;
use crate::effect;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::codec::Decode;
use serde::{Deserialize, Serialize};

/// One ES10 command and its answer.
pub trait Command {
    /// What a success tells.
    type Output;

    /// The octets for the ISD-R.
    fn request(&self) -> Vec<u8>;

    /// Reads the ISD-R's answer.
    ///
    /// # Errors
    /// [`ManageError::Refused`] with the code of the standard and a sentence;
    /// [`ManageError::Malformed`] if it is no answer to this command.
    fn response(&self, data: &[u8]) -> Result<Self::Output, ManageError>;

    /// Whether the card must start over for a success to take effect.
    fn changes_profile(&self) -> bool {
        false
    }
}

/// Why a command failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ManageError {
    /// The eUICC refused.
    Refused(CardRefusal),
    /// Its answer cannot be read.
    Malformed {
        /// Such as `EnableProfile`.
        function: String,
        /// The reader's words, and where.
        detail: String,
    },
}

impl core::fmt::Display for ManageError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Refused(refusal) => {
                write!(f, "{}: {}", refusal.function, refusal.code)?;
                if refusal.explanation.is_empty() { Ok(()) } else { write!(f, ". {}", refusal.explanation) }
            }
            Self::Malformed { function, detail } => {
                write!(f, "{function}: the answer cannot be read: {detail}")
            }
        }
    }
}

impl core::error::Error for ManageError {}

/// Decodes the answer to `command`.
fn read<T: Decode>(command: &(impl Command + ?Sized), data: &[u8]) -> Result<T, ManageError> {
    esim_rsp::decode(data).map_err(|error| {
        let function = effect::function_of(&command.request());
        ManageError::Malformed { function: function.name().into(), detail: error.to_string() }
    })
}

/// `Ok` for code 0, else the refusal that it means.
fn check(command: &(impl Command + ?Sized), code: u8, name: Option<&str>) -> Result<(), ManageError> {
    if code == 0 {
        return Ok(());
    }
    let function = effect::function_of(&command.request());
    Err(ManageError::Refused(CardRefusal::code(function, Code::new(code, name))))
}
