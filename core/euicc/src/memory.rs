//! The card's own records in [`Nvm`], and how they change: on a draft, by one commit.

use crate::apdu::Status;
use crate::nvm::{Nvm, NvmError, Write};
use crate::pending;
use crate::uicc::Change;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::Curve;
use esim_rsp::common::{NotificationEvent, NotificationEvents};
use esim_rsp::es8p::StoreMetadataRequest;
use esim_rsp::notification::NotificationMetadata;
use esim_rsp::{Error, Iccid};
use esim_saip::Image;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

const STATE: &str = "state";

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
const FIRST_ISDP: u16 = 0x10;

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

    fn to_octets(&self) -> Result<Vec<u8>, NvmError> {
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

/// A copy of the state that becomes the state when its writes are committed.
pub(crate) struct Draft {
    pub state: State,
    pub writes: Vec<Write>,
    /// There may be more notifications of some kind than there is room for.
    crowded: bool,
}

impl Draft {
    pub fn new(state: &State) -> Self {
        Self { state: state.clone(), writes: Vec::new(), crowded: false }
    }

    /// Commits; the caller replaces its state with the one returned.
    pub fn commit(mut self, nvm: &mut dyn Nvm) -> Result<State, NvmError> {
        let surplus = if self.crowded { pending::surplus(&self.state) } else { Vec::new() };
        for sequence_number in surplus {
            self.remove_notification(sequence_number);
        }
        self.writes.push(Write::Put(STATE.to_string(), self.state.to_octets()?));
        nvm.commit(&self.writes)?;
        Ok(self.state)
    }

    pub fn profile_mut(&mut self, number: u16) -> Option<&mut Profile> {
        self.state.profiles.iter_mut().find(|profile| profile.number == number)
    }

    /// Takes the next sequence number and makes a notification's metadata with it.
    pub fn next_notification(
        &mut self,
        event: NotificationEvent,
        address: &str,
        iccid: Option<Iccid>,
    ) -> NotificationMetadata {
        let seq_number = self.state.next_sequence_number;
        self.state.next_sequence_number = seq_number.wrapping_add(1);
        NotificationMetadata {
            seq_number,
            profile_management_operation: NotificationEvents::one(event),
            notification_address: address.to_string(),
            iccid,
        }
    }

    /// Puts a signed notification into the list. The commit makes room where there are too many.
    pub fn store_notification(&mut self, metadata: &NotificationMetadata, signed: Vec<u8>) {
        self.crowded = true;
        self.writes.push(Write::Put(notification_name(metadata.seq_number), signed));
        self.state.notifications.push(StoredNotification {
            sequence_number: metadata.seq_number,
            metadata: esim_rsp::encode(metadata),
        });
    }

    pub fn remove_notification(&mut self, sequence_number: u32) -> bool {
        let before = self.state.notifications.len();
        self.state.notifications.retain(|stored| stored.sequence_number != sequence_number);
        self.state.failed.retain(|failed| *failed != sequence_number);
        self.writes.push(Write::Remove(notification_name(sequence_number)));
        self.state.notifications.len() < before
    }

    /// Adds a profile with its files; returns its number.
    pub fn add_profile(&mut self, mut profile: Profile, image: &Image) -> Result<u16, NvmError> {
        let number = self.state.next_isdp;
        self.state.next_isdp = number.checked_add(1).unwrap_or(FIRST_ISDP);
        profile.number = number;
        let octets = to_octets(image)?;
        profile.size = octets.len() as u32;
        self.writes.push(Write::Put(profile_name(number, "image"), octets));
        self.state.profiles.push(profile);
        Ok(number)
    }

    pub fn remove_profile(&mut self, number: u16) {
        self.crowded = true;
        self.state.profiles.retain(|profile| profile.number != number);
        self.state.suspended = self.state.suspended.filter(|suspended| *suspended != number);
        self.writes.push(Write::RemoveAll(format!("profile/{number}/")));
    }
}

fn notification_name(sequence_number: u32) -> String {
    format!("notification/{sequence_number}")
}

fn profile_name(number: u16, part: &str) -> String {
    format!("profile/{number}/{part}")
}

/// Reads a stored notification: the octets to pass on.
pub(crate) fn read_notification(nvm: &dyn Nvm, sequence_number: u32) -> Option<Vec<u8>> {
    nvm.read(&notification_name(sequence_number))
}

/// A profile's files as they stand: those installed, with all that was changed since.
///
/// # Errors
/// A sentence that names the record, if one is missing or damaged: never a file as it was installed in its place.
pub(crate) fn read_image(nvm: &dyn Nvm, number: u16) -> Result<Image, Error> {
    let missing = || Error::text(format!("the files of profile {number} are missing from the card's memory"));
    let mut image: Image = read(nvm, &profile_name(number, "image"))?.ok_or_else(missing)?;
    for (i, file) in image.files.iter_mut().enumerate() {
        read_over(nvm, number, &format!("file/{i}"), file)?;
    }
    read_over(nvm, number, "pins", &mut image.pins)?;
    read_over(nvm, number, "puks", &mut image.puks)?;
    for (i, naa) in image.naas.iter_mut().enumerate() {
        read_over(nvm, number, &format!("aka/{i}"), &mut naa.aka)?;
    }
    for (i, application) in image.applications.iter_mut().enumerate() {
        read_over(nvm, number, &format!("application/{i}"), application)?;
    }
    Ok(image)
}

/// Puts what was changed in the place of what was installed, if anything was.
fn read_over<T: DeserializeOwned>(
    nvm: &dyn Nvm,
    number: u16,
    part: &str,
    installed: &mut T,
) -> Result<(), Error> {
    if let Some(changed) = read(nvm, &profile_name(number, part))? {
        *installed = changed;
    }
    Ok(())
}

/// The writes that keep what a command changed in the enabled profile.
pub(crate) fn image_writes(number: u16, image: &Image, changes: &[Change]) -> Result<Vec<Write>, NvmError> {
    let mut writes = Vec::new();
    for change in changes {
        let (part, octets) = match *change {
            Change::File(i) => (format!("file/{i}"), image.files.get(i).map(to_octets)),
            Change::Pins => ("pins".to_string(), Some(to_octets(&image.pins))),
            Change::Puks => ("puks".to_string(), Some(to_octets(&image.puks))),
            Change::Application(i) => (format!("application/{i}"), image.applications.get(i).map(to_octets)),
            Change::Sqn(i) => (format!("aka/{i}"), image.naas.get(i).map(|naa| to_octets(&naa.aka))),
        };
        if let Some(octets) = octets {
            writes.push(Write::Put(profile_name(number, &part), octets?));
        }
    }
    Ok(writes)
}

/// Writes what a command changed in the enabled profile, at once or not at all.
///
/// # Errors
/// 6581 if the memory does not take it.
pub(crate) fn keep_changes(
    nvm: &mut dyn Nvm,
    profile: Option<u16>,
    image: &Image,
    changes: &[Change],
) -> Result<(), Status> {
    let Some(number) = profile.filter(|_| !changes.is_empty()) else { return Ok(()) };
    let committed = image_writes(number, image, changes).and_then(|writes| nvm.commit(&writes));
    committed.map_err(|_| Status::MEMORY_PROBLEM)
}

/// A record, if it is there.
///
/// # Errors
/// A sentence that names the record, if it is not what was written under this name.
pub(crate) fn read<T: DeserializeOwned>(nvm: &dyn Nvm, name: &str) -> Result<Option<T>, Error> {
    let Some(octets) = nvm.read(name) else { return Ok(None) };
    whole(&octets).map(Some).ok_or_else(|| damaged(name))
}

/// A value of which nothing is left over.
fn whole<T: DeserializeOwned>(octets: &[u8]) -> Option<T> {
    postcard::take_from_bytes(octets).ok().filter(|(_, rest)| rest.is_empty()).map(|(value, _)| value)
}

fn damaged(name: &str) -> Error {
    Error::text(format!(
        "record {name} of the card's memory is damaged: put a copy in its place, or make a new card"
    ))
}

fn to_octets<T: Serialize>(value: &T) -> Result<Vec<u8>, NvmError> {
    postcard::to_allocvec(value).map_err(|error| NvmError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nvm::MemoryNvm;

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
