//! What can be told of a profile before anything is used up: what it is, whether it fits, what stands against it
//! (SGP.22 3.1.3, 3.1.5). The SM-DP+ has checked by then that the profile suits card and device (5.6.3); what it cannot
//! know, or does not check, is for the LPA to say.

use super::Consent;
use crate::profile::{Metadata, PolicyRules};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A profile as it is offered, before the user agrees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The server that offers it.
    pub smdp_address: String,
    /// All that the operator says of it, with its icon.
    pub profile: Metadata,
    /// Whether it fits.
    pub memory: MemoryNeed,
    /// What the user should know first, the gravest first.
    pub concerns: Vec<Concern>,
    /// Whether it can be installed at all, as far as anybody can tell.
    pub installable: bool,
}

/// Free memory and what the profile needs of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MemoryNeed {
    /// Free non-volatile memory of the eUICC in octets (extCardResource, SGP.22 5.7.8).
    pub free: Option<u32>,
    /// What the SM-DP+ estimates, in octets (estimatedProfileSize, of SGP.22 version 3); most do not tell.
    pub estimated: Option<u32>,
    /// The verdict.
    pub fit: Fit,
}

/// Whether a profile fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fit {
    /// With room to spare.
    Fits,
    /// Perhaps: files take more room on a card than in a package.
    Tight,
    /// It does not.
    TooLarge,
    /// Nobody tells the size; there is room for nearly any profile.
    Likely,
    /// Nobody tells the size, and there is little room.
    Doubtful,
    /// Neither is told.
    Unknown,
}

/// Most profiles take less, in octets; only ones with many applets take more.
const LARGE_PROFILE: u32 = 65_536;

impl MemoryNeed {
    /// Judges what is told.
    pub fn new(free: Option<u32>, estimated: Option<u32>) -> Self {
        let fit = match (free, estimated) {
            (None, _) => Fit::Unknown,
            (Some(free), Some(need)) if free < need => Fit::TooLarge,
            // A quarter more, for what the card keeps beside the files.
            (Some(free), Some(need)) if free - need < need / 4 => Fit::Tight,
            (Some(_), Some(_)) => Fit::Fits,
            (Some(free), None) if free < LARGE_PROFILE => Fit::Doubtful,
            (Some(_), None) => Fit::Likely,
        };
        Self { free, estimated, fit }
    }
}

/// Something that the user should know before agreeing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Concern {
    /// A profile with this ICCID is on the card; it cannot be installed twice (SGP.22 5.5.3).
    AlreadyInstalled,
    /// The card has less memory than the SM-DP+ says that it takes.
    TooLarge,
    /// It is a test profile, and the eUICC takes none (rspCapability, SGP.22 5.7.8).
    NoTestProfiles,
    /// It may not fit.
    MayNotFit,
    /// It cannot be disabled once it is enabled (PPR1, SGP.22 2.9.1).
    CannotDisable,
    /// It cannot be deleted (PPR2, SGP.22 2.9.1).
    CannotDelete,
}

impl Concern {
    /// Whether installing it is bound to fail.
    pub fn is_fatal(self) -> bool {
        matches!(self, Self::AlreadyInstalled | Self::TooLarge | Self::NoTestProfiles)
    }
}

impl Preview {
    /// Of what the user is asked.
    pub fn of(consent: &Consent) -> Self {
        let profile = consent.profile.clone();
        let memory = MemoryNeed::new(consent.free_memory, consent.estimated_size);
        let is_test = profile.class.as_deref() == Some("test");
        let PolicyRules { cannot_disable, cannot_delete } = profile.policy;
        let concerns = [
            (consent.already_installed, Concern::AlreadyInstalled),
            (memory.fit == Fit::TooLarge, Concern::TooLarge),
            (is_test && !consent.takes_test_profiles, Concern::NoTestProfiles),
            (matches!(memory.fit, Fit::Tight | Fit::Doubtful), Concern::MayNotFit),
            (cannot_disable, Concern::CannotDisable),
            (cannot_delete, Concern::CannotDelete),
        ];
        let concerns: Vec<_> = concerns.into_iter().filter(|(is_so, _)| *is_so).map(|(_, it)| it).collect();
        let installable = !concerns.iter().any(|concern| concern.is_fatal());
        Self { smdp_address: consent.smdp_address.clone(), profile, memory, concerns, installable }
    }
}
