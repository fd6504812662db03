//! What the LPA asks the user and what the user may answer (SGP.22 3.1.3, the
//! Local User Interface), and sentences for every question and outcome, so that
//! a terminal and a page say the same.

mod element;
mod owner;
pub mod preview;
mod preview_text;
mod text;
mod text_ja;

pub use owner::Told;
pub use preview::{Concern, Fit, MemoryNeed, Preview};

use crate::profile::Metadata;
use alloc::boxed::Box;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// A language of the user interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Japanese.
    Ja,
}

/// A question to the user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Question {
    /// Shall this profile be installed? Answer with [`Answer::Accept`] or a refusal.
    Consent(Box<Consent>),
    /// The operator demands a confirmation code. Answer with
    /// [`Answer::ConfirmationCode`] or a refusal.
    ConfirmationCode(CodeRequest),
}

/// What the user is shown before agreeing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consent {
    /// The server that offers it.
    pub smdp_address: String,
    /// The profile.
    pub profile: Metadata,
    /// Strong Confirmation: the user must agree to the policy rules in so many
    /// words, for a profile that cannot be disabled or deleted may lock the
    /// device (SGP.22 2.9.2.1).
    pub strong: bool,
    /// Free non-volatile memory of the eUICC, in octets.
    pub free_memory: Option<u32>,
    /// A profile with this ICCID is on the card; installing it will fail.
    pub already_installed: bool,
    /// What the SM-DP+ estimates that it takes, in octets (estimatedProfileSize, of SGP.22 version 3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_size: Option<u32>,
    /// Whether the eUICC takes test profiles (rspCapability, SGP.22 5.7.8); so where it does not tell.
    #[serde(default = "takes_all", skip_serializing_if = "is_so")]
    pub takes_test_profiles: bool,
}

fn takes_all() -> bool {
    true
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_so(takes: &bool) -> bool {
    *takes
}

/// What the user is told when a confirmation code is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeRequest {
    /// The operator, who has given the code to the user.
    pub service_provider_name: String,
    /// The profile.
    pub profile_name: String,
}

/// What the user says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "camelCase")]
pub enum Answer {
    /// Yes.
    Accept,
    /// No, and never.
    Reject,
    /// Not now; the order waits.
    Postpone,
    /// Nothing, for too long; the order waits.
    Timeout,
    /// The confirmation code, as the user typed it.
    ConfirmationCode(String),
}

impl core::fmt::Debug for Answer {
    /// The confirmation code stays out of logs.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Accept => "Accept",
            Self::Reject => "Reject",
            Self::Postpone => "Postpone",
            Self::Timeout => "Timeout",
            Self::ConfirmationCode(_) => "ConfirmationCode(..)",
        })
    }
}

/// Octets for people: `812 bytes`, `345.6 kB`, `1.2 MB` (powers of 1,000).
pub fn readable_size(octets: u64) -> String {
    let tenths = |unit: u64| (octets / unit, octets % unit * 10 / unit);
    match octets {
        0..1_000 => alloc::format!("{octets} bytes"),
        1_000..1_000_000 => {
            let (whole, tenth) = tenths(1_000);
            alloc::format!("{whole}.{tenth} kB")
        }
        _ => {
            let (whole, tenth) = tenths(1_000_000);
            alloc::format!("{whole}.{tenth} MB")
        }
    }
}
