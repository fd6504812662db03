//! What the card remembers beside files and notifications: profiles, counters, a switch that waits, revocation lists.

use crate::memory::{damaged, to_octets, whole};
use crate::nvm::{Nvm, NvmError};
use alloc::string::String;
use alloc::vec::Vec;
use esim_crypto::Curve;
use esim_rsp::es8p::StoreMetadataRequest;
use esim_rsp::{Error, Iccid};
use serde::{Deserialize, Serialize};

/// Name of the record that holds it.
pub(crate) const STATE: &str = "state";

/// Everything but files and notification texts.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct State {
    pub next_sequence_number: u32,
    pub next_isdp: u16,
    pub default_dp_address: String,
    pub profiles: Vec<Profile>,
    pub notifications: Vec<StoredNotification>,
    /// A switch that waits for the terminal to start over.
    pub pending: Option<Switch>,
    /// One-time key of a download that may be resumed.
    pub kept_key: Option<KeptKey>,
    /// The profile that a test profile pushed aside when it was enabled (SGP.22 2.4.5.3).
    pub suspended: Option<u16>,
    /// One for each CI that published one.
    pub crls: Vec<StoredCrl>,
    /// Sequence numbers of notifications that tell of a download that failed. Written behind the rest, which cards of
    /// before end with.
    #[serde(skip)]
    pub failed: Vec<u32>,
}

/// What a CI's revocation lists say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredCrl {
    /// Subject key identifier of the CI.
    pub issuer: Vec<u8>,
    /// cRLNumber.
    pub number: Vec<u8>,
    pub parts: u16,
    /// Parts that have come.
    pub loaded: Vec<u16>,
    /// Serial numbers.
    pub revoked: Vec<Vec<u8>>,
    /// Those of the list before, until this one is whole.
    pub former: Vec<Vec<u8>>,
}

/// An installed profile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub number: u16,
    pub enabled: bool,
    pub nickname: String,
    /// `BF25`, DER.
    pub metadata: Vec<u8>,
    /// `B8`, DER, or empty.
    pub dp_proprietary_data: Vec<u8>,
    /// Octets of memory that it takes.
    pub size: u32,
    /// Key identifier of the CI under which it was installed, and its notifications are signed.
    pub ci_key_id: Vec<u8>,
}

/// What a notification list entry needs without reading the notification.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredNotification {
    pub sequence_number: u32,
    /// `BF2F`, DER.
    pub metadata: Vec<u8>,
}

/// A change of the enabled profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Switch {
    Enable(u16),
    Disable(u16),
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct KeptKey {
    pub smdp_oid: String,
    pub curve: Curve,
    pub key: Vec<u8>,
}

impl core::fmt::Debug for KeptKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KeptKey({})", self.smdp_oid)
    }
}

impl Profile {
    /// `A0000005591010FFFFFFFF89 <number> 00`.
    pub fn aid(&self) -> [u8; 16] {
        isdp_aid(self.number)
    }

    pub fn metadata(&self) -> Result<StoreMetadataRequest, Error> {
        esim_rsp::decode(&self.metadata)
    }

    pub fn iccid(&self) -> Option<Iccid> {
        self.metadata().ok().map(|metadata| metadata.iccid)
    }
}

/// AID of the ISD-P with a number from 10 on (SGP.02 annex H; octets 14 and 15).
pub(crate) fn isdp_aid(number: u16) -> [u8; 16] {
    let [high, low] = number.to_be_bytes();
    [0xA0, 0, 0, 5, 0x59, 0x10, 0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0, high, low, 0]
}

/// First number of an ISD-P.
pub(crate) const FIRST_ISDP: u16 = 0x10;

impl State {
    pub fn load(nvm: &dyn Nvm) -> Result<Self, Error> {
        let Some(octets) = nvm.read(STATE) else {
            return Ok(Self { next_isdp: FIRST_ISDP, ..Self::default() });
        };
        let (mut state, rest): (Self, _) = postcard::take_from_bytes(&octets).map_err(|_| damaged(STATE))?;
        if !rest.is_empty() {
            state.failed = whole(rest).ok_or_else(|| damaged(STATE))?;
        }
        Ok(state)
    }

    /// The octets of the record.
    pub fn to_octets(&self) -> Result<Vec<u8>, NvmError> {
        Ok([to_octets(self)?, to_octets(&self.failed)?].concat())
    }

    pub fn enabled(&self) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.enabled)
    }

    pub fn by_iccid(&self, iccid: &Iccid) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.iccid().as_ref() == Some(iccid))
    }

    /// Octets that profiles and revocation lists take.
    pub fn used(&self) -> u32 {
        let profiles = self.profiles.iter().map(|profile| profile.size);
        profiles.chain(self.crls.iter().map(StoredCrl::size)).fold(0, u32::saturating_add)
    }
}

impl StoredCrl {
    /// Serial numbers that are revoked.
    pub fn all(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.revoked.iter().chain(&self.former)
    }

    /// Octets of memory that it takes, about.
    pub fn size(&self) -> u32 {
        let octets = self.all().map(|serial| serial.len() + 1).sum::<usize>() + 2 * self.loaded.len() + 48;
        u32::try_from(octets).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nvm::{MemoryNvm, Write};
    use alloc::string::ToString;

    fn kept(octets: Vec<u8>) -> MemoryNvm {
        let mut nvm = MemoryNvm::default();
        nvm.commit(&[Write::Put(STATE.to_string(), octets)]).unwrap();
        nvm
    }

    /// Before there was a list of failed downloads, the record ended where that begins now.
    #[test]
    fn a_state_of_before_opens_and_half_a_one_does_not() {
        let state = State { next_isdp: 17, failed: Vec::from([3, 300]), ..State::default() };
        let former = State::load(&kept(to_octets(&state).unwrap())).unwrap();
        assert_eq!((former.next_isdp, former.failed.len()), (17, 0));
        let octets = state.to_octets().unwrap();
        assert_eq!(State::load(&kept(octets.clone())).unwrap().failed, [3, 300]);
        let bent = [&octets[..], &[0]].concat();
        for octets in [&octets[..octets.len() - 1], &octets[..3], &bent] {
            let refused = State::load(&kept(octets.to_vec())).expect_err("damage").to_string();
            assert!(refused.contains("record state"), "{refused}");
        }
    }
}
