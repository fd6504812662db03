//! Card application toolkit: proactive commands wait here until the terminal fetches them (TS 102 223).

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use esim_rsp::tlv;

use super::told::{Rule, Told};
use crate::apdu::{Command, Response, Status};

const WAITS: Rule = Rule::new("TS 102 221 11.2.3", "a proactive command waits for FETCH");
const LE: Rule = Rule::new("TS 102 221 11.2.3", "Le is the length that 91xx has told");
const FETCHED: Rule = Rule::new("TS 102 221 11.2.4", "a proactive command was fetched and is not answered");
const ANSWERED: Rule =
    Rule::new("TS 102 223 6.8", "command details are those of the command that was fetched");

/// Tag of a proactive command (TS 102 223 9.2).
const PROACTIVE_COMMAND: u32 = 0xD0;

/// Type of command REFRESH (TS 102 223 9.4).
const REFRESH: u8 = 0x01;

/// Tags of ENVELOPE: SMS-PP, cell broadcast, menu selection, call control, MO short message control, event download,
/// timer expiration, others up to geographical location (TS 102 220 table 7.17).
const ENVELOPES: core::ops::RangeInclusive<u8> = 0xD1..=0xDD;

/// The toolkit of a card session.
#[derive(Clone, Debug, Default)]
pub struct Toolkit {
    /// What TERMINAL PROFILE announced.
    profile: Vec<u8>,
    queue: VecDeque<Vec<u8>>,
    /// The command that was fetched and not answered yet.
    fetched: Option<Vec<u8>>,
    /// Command number of the last one, 1..=254.
    number: u8,
    events: VecDeque<UiccEvent>,
}

/// What the terminal made of a proactive command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UiccEvent {
    /// REFRESH was carried out (general result `0X`).
    RefreshDone,
    /// REFRESH was not carried out: the general result, `2X` perhaps later, `3X` never (TS 102 223 8.12).
    RefreshFailed(u8),
    /// Another command was answered.
    Answered {
        /// Type of command.
        command: u8,
        /// General result.
        result: u8,
    },
}

/// Command qualifier of REFRESH (TS 102 223 8.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RefreshMode {
    /// The application starts over and every file is to be read again.
    InitialisationAndFullFileChange = 0x00,
    /// Files changed.
    FileChange = 0x01,
    /// The application starts over and files changed.
    InitialisationAndFileChange = 0x02,
    /// The application starts over.
    Initialisation = 0x03,
    /// The terminal resets the UICC.
    UiccReset = 0x04,
    /// The application session ends and starts anew.
    ApplicationReset = 0x05,
    /// As [`Self::ApplicationReset`], without losing the network.
    SessionReset = 0x06,
    /// An eUICC enabled or disabled a profile.
    EuiccProfileStateChange = 0x09,
}

impl Toolkit {
    /// Queues REFRESH without a file list.
    pub fn queue_refresh(&mut self, mode: RefreshMode) {
        self.queue_command(REFRESH, mode as u8, 0x82, &[]);
    }

    /// Queues a proactive command: type, qualifier, device it is for (`82` terminal, `81` UICC's display …), and the
    /// TLVs behind command details and device identities. The whole must stay within 256 octets.
    pub fn queue_command(&mut self, command: u8, qualifier: u8, device: u8, objects: &[u8]) {
        self.number = if self.number >= 0xFE { 1 } else { self.number + 1 };
        let details = tlv::wrap(0x81, &[&[self.number, command, qualifier]]);
        let devices = tlv::wrap(0x82, &[&[0x81, device]]);
        self.queue.push_back(tlv::wrap(PROACTIVE_COMMAND, &[&details, &devices, objects]));
    }

    /// Whether TERMINAL PROFILE announced REFRESH: octet 3 bit 8 (TS 102 223 5.2).
    pub fn supports_refresh(&self) -> bool {
        self.profile.get(2).is_some_and(|octet| octet & 0x80 != 0)
    }

    /// What TERMINAL PROFILE announced; empty before it came.
    pub fn terminal_profile_octets(&self) -> &[u8] {
        &self.profile
    }

    /// Octets of the next proactive command; none while one is in progress.
    pub fn proactive_length(&self) -> Option<usize> {
        if self.fetched.is_some() {
            return None;
        }
        self.queue.front().map(Vec::len)
    }

    /// The oldest event that was not taken yet.
    pub fn take_event(&mut self) -> Option<UiccEvent> {
        self.events.pop_front()
    }

    pub(super) fn terminal_profile(&mut self, command: &Command<'_>) -> Result<Response, Status> {
        no_parameters(command)?;
        if command.data.is_empty() {
            return Err(Status::WRONG_LENGTH);
        }
        self.profile = command.data.to_vec();
        Ok(Status::OK.into())
    }

    /// FETCH: `6Cxx` if Le is not the length that `91xx` told, `6985` if nothing waits.
    pub(super) fn fetch(&mut self, command: &Command<'_>, told: &Told) -> Result<Response, Status> {
        no_parameters(command)?;
        let length = told.that(&WAITS, || [], self.proactive_length());
        let length = length.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        let is_length = command.le.is_some_and(|le| le as usize == length || le >= 0x100);
        let le = || command.le.unwrap_or_default().to_be_bytes();
        told.must(&LE, le, is_length, Status::wrong_le(length))?;
        self.fetched = self.queue.pop_front();
        Ok(Response::ok(self.fetched.clone().unwrap_or_default()))
    }

    /// TERMINAL RESPONSE: its command details must be those of the command in progress.
    pub(super) fn terminal_response(
        &mut self,
        command: &Command<'_>,
        told: &Told,
    ) -> Result<Response, Status> {
        no_parameters(command)?;
        let fetched = told.that(&FETCHED, || command.data, self.fetched.as_ref());
        let fetched = fetched.ok_or(Status::CONDITIONS_NOT_SATISFIED)?;
        let expected = tlv::read_only(fetched).ok().and_then(|whole| details(&fetched[whole.value]));
        let answered = details(command.data).ok_or(Status::INCORRECT_DATA)?;
        let result =
            find(command.data, 0x03).and_then(|value| value.first()).ok_or(Status::INCORRECT_DATA)?;
        told.must(&ANSWERED, || answered, expected == Some(answered), Status::INCORRECT_DATA)?;
        self.events.push_back(match (answered[1], *result) {
            (REFRESH, 0x00..=0x0F) => UiccEvent::RefreshDone,
            (REFRESH, result) => UiccEvent::RefreshFailed(result),
            (command, result) => UiccEvent::Answered { command, result },
        });
        self.fetched = None;
        Ok(Status::OK.into())
    }

    /// ENVELOPE: well-formed ones are taken; no application here acts on them.
    pub(super) fn envelope(&mut self, command: &Command<'_>) -> Result<Response, Status> {
        no_parameters(command)?;
        let known = command.data.first().is_some_and(|tag| ENVELOPES.contains(tag));
        if !known || tlv::read_only(command.data).is_err() {
            return Err(Status::INCORRECT_DATA);
        }
        Ok(Status::OK.into())
    }
}

fn no_parameters(command: &Command<'_>) -> Result<(), Status> {
    if command.p1p2() == 0 { Ok(()) } else { Err(Status::INCORRECT_P1_P2) }
}

/// Command number, type and qualifier.
fn details(objects: &[u8]) -> Option<[u8; 3]> {
    find(objects, 0x01)?.try_into().ok()
}

/// Value of a COMPREHENSION-TLV, whose bit 8 only says whether it must be understood.
fn find(objects: &[u8], tag: u32) -> Option<&[u8]> {
    let all = tlv::read_all(objects, 0..objects.len()).ok()?;
    all.into_iter().find(|object| object.tag & 0x7F == tag).map(|object| &objects[object.value])
}
