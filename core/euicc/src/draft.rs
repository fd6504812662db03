//! How the card's records change: on a draft, by one commit.

use crate::memory::{notification_name, profile_name, to_octets};
use crate::nvm::{Nvm, NvmError, Write};
use crate::pending;
use crate::state::{FIRST_ISDP, Profile, STATE, State, StoredNotification};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use esim_rsp::Iccid;
use esim_rsp::common::{NotificationEvent, NotificationEvents};
use esim_rsp::notification::NotificationMetadata;
use esim_saip::Image;

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
