//! The UICC of the enabled profile: files, PINs, network access applications and toolkit
//! (ETSI TS 102 221, TS 31.102, TS 31.103, TS 102 223).
//!
//! [`Uicc`] works on an [`Image`] in RAM. The card passes it every command of a channel on which no security domain is
//! selected, then writes what [`Uicc::take_changes`] names before it answers. MANAGE CHANNEL, GET RESPONSE and command
//! chaining are the card's; so is turning `9000` into `91xx` while [`Uicc::proactive_length`] tells one waits.

mod access;
mod aka;
mod binary;
mod data_object;
mod fcp;
mod fs;
mod identity;
mod lifecycle;
mod pin;
mod record;
mod remote;
mod search;
mod select;
mod sqn;
mod told;
pub mod toolkit;
mod usim;

#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use esim_rsp::check::Checks;
use esim_saip::Image;

use crate::apdu::{Command, Response, Status};
use access::Operation;
use data_object::Transfer;
use fs::FileSystem;
use remote::RemoteAccess;
use told::{Rule, Told};
use toolkit::Toolkit;
pub use toolkit::UiccEvent;

const CURRENT: Rule = Rule::new("TS 102 221 8.4", "an EF is current");
const SHORT: Rule =
    Rule::new("TS 102 221 8.4.2", "the short file identifier is that of an EF of the current directory");
const ACTIVATED: Rule =
    Rule::new("TS 102 221 11.1.14", "the EF is activated, or may be used although it is not");
const LE: Rule = Rule::new("TS 102 221 11.1.2", "Le has room for what STATUS tells");

/// The file system and applications of the one enabled profile.
#[derive(Clone, Debug)]
pub struct Uicc {
    fs: FileSystem,
    /// For each PIN of the image, whether it was verified in this card session.
    verified: Vec<bool>,
    changes: Vec<Change>,
    toolkit: Toolkit,
    /// While a script of a remote file manager runs: what it may do.
    remote: Option<RemoteAccess>,
    /// Used up by the next command that needs randomness.
    entropy: [u8; 32],
    told: Told,
}

/// What a command changed in the [`Image`] and must reach non-volatile memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Content or life cycle state of the file with this index in [`Image::files`].
    File(usize),
    /// A value, a counter or an attribute in [`Image::pins`].
    Pins,
    /// A counter in [`Image::puks`].
    Puks,
    /// Sequence numbers or authentication counter of the application with this index in [`Image::naas`].
    Sqn(usize),
    /// A counter of the application with this index in [`Image::applications`].
    Application(usize),
}

/// What a logical channel has selected. The default is the state of a channel just opened: the MF, nothing else.
#[derive(Clone, Debug, Default)]
pub struct ChannelState {
    /// Index of the current directory.
    directory: usize,
    /// Index of the current EF.
    ef: Option<usize>,
    /// Record pointer of the current EF, from 1.
    record: Option<u8>,
    /// Index of the directory of the active application.
    adf: Option<usize>,
    /// Where the last SELECT by AID ended, for "next" and "previous".
    aid_search: Option<usize>,
    /// A data object that is passed block by block.
    transfer: Option<Transfer>,
}

/// Writes changes to non-volatile memory while a command is still being executed. `6581` if the memory does not take
/// them.
pub type Keep<'a> = &'a mut dyn FnMut(&Image, &[Change]) -> Result<(), Status>;

/// What executes an instruction: with what it has read so far, or with a way to write before it goes on.
enum Handler {
    Plain(fn(&mut Uicc, &mut ChannelState, &Command<'_>) -> Result<Response, Status>),
    Counting(fn(&mut Uicc, &mut ChannelState, &Command<'_>, Keep<'_>) -> Result<Response, Status>),
}
use Handler::{Counting, Plain};

/// Whether the class of an instruction is `0X`/`4X` or `8X`/`CX`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Interindustry,
    Proprietary,
}
use Class::{Interindustry, Proprietary};

/// Instructions with the class they belong to (TS 102 221 table 10.5, TS 31.102 table 7.1).
#[rustfmt::skip]
static INSTRUCTIONS: &[(u8, Class, Handler)] = &[
    (0x04, Interindustry, Plain(Uicc::deactivate_file)),
    (0x10, Proprietary,   Plain(|uicc, _, command| uicc.toolkit.terminal_profile(command))),
    (0x12, Proprietary,   Plain(|uicc, _, command| uicc.toolkit.fetch(command, &uicc.told))),
    (0x14, Proprietary,   Plain(|uicc, _, command| uicc.toolkit.terminal_response(command, &uicc.told))),
    (0x20, Interindustry, Counting(Uicc::verify_pin)),
    (0x24, Interindustry, Counting(Uicc::change_pin)),
    (0x26, Interindustry, Counting(Uicc::disable_pin)),
    (0x28, Interindustry, Counting(Uicc::enable_pin)),
    (0x2C, Interindustry, Counting(Uicc::unblock_pin)),
    (0x32, Proprietary,   Plain(Uicc::increase)),
    (0x44, Interindustry, Plain(Uicc::activate_file)),
    (0x78, Proprietary,   Plain(Uicc::get_identity)),
    (0x88, Interindustry, Counting(Uicc::authenticate)),
    (0x89, Interindustry, Plain(|_, _, _| Err(Status::FUNCTION_NOT_SUPPORTED))),
    (0xA2, Interindustry, Plain(Uicc::search_record)),
    (0xA4, Interindustry, Plain(Uicc::select)),
    (0xB0, Interindustry, Plain(Uicc::read_binary)),
    (0xB2, Interindustry, Plain(Uicc::read_record)),
    (0xC2, Proprietary,   Plain(|uicc, _, command| uicc.toolkit.envelope(command))),
    (0xCB, Proprietary,   Plain(Uicc::retrieve_data)),
    (0xD6, Interindustry, Plain(Uicc::update_binary)),
    (0xDB, Proprietary,   Plain(Uicc::set_data)),
    (0xDC, Interindustry, Plain(Uicc::update_record)),
    (0xF2, Proprietary,   Plain(Uicc::status)),
];

impl Uicc {
    /// The UICC of an enabled profile, after a card reset.
    pub fn new(image: Image) -> Self {
        let verified = alloc::vec![false; image.pins.len()];
        Self {
            fs: FileSystem::new(image),
            verified,
            changes: Vec::new(),
            toolkit: Toolkit::default(),
            entropy: [0; 32],
            remote: None,
            told: Told::default(),
        }
    }

    /// A command begins, whose verifications `checks` hears of.
    pub(crate) fn begin_checks(&mut self, checks: Checks<'_>) {
        self.told.begin(checks);
    }

    /// The command is over.
    pub(crate) fn end_checks(&mut self, checks: Checks<'_>) {
        self.told.end(checks);
    }

    /// The UICC of a card without an enabled profile: an MF in which nothing lies.
    pub fn empty() -> Self {
        Self::new(fs::bare_image())
    }

    /// The profile as it stands now.
    pub fn image(&self) -> &Image {
        self.fs.image()
    }

    /// Puts another profile, or none, in the place of this one. What the terminal told of itself and what waits for
    /// FETCH remains, as no reset took place.
    pub fn replace(&mut self, image: Option<Image>) {
        let toolkit = core::mem::take(&mut self.toolkit);
        *self = image.map_or_else(Self::empty, Self::new);
        self.toolkit = toolkit;
    }

    /// What changed persistently since the last call, each place once.
    pub fn take_changes(&mut self) -> Vec<Change> {
        core::mem::take(&mut self.changes)
    }

    /// Card reset: no PIN is verified, the terminal has said nothing yet. The caller drops its [`ChannelState`]s.
    pub fn reset(&mut self) {
        self.verified.fill(false);
        self.toolkit = Toolkit::default();
    }

    /// Executes one command, SELECT by AID included. A counter that a presented value uses up goes through `keep`
    /// before the value is compared; what else changed is for the caller to write.
    ///
    /// Warnings come as `Ok` with their status, errors as `Err`. `6D00` for an unknown instruction, `6E00` for a class
    /// that does not belong to it, `6882` and `6884` for secure messaging and chaining.
    pub fn command(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
        keep: Keep<'_>,
    ) -> Result<Response, Status> {
        command.channel()?;
        if command.is_secured() {
            return Err(Status::SECURE_MESSAGING_NOT_SUPPORTED);
        }
        if command.is_chained() {
            return Err(Status::CHAINING_NOT_SUPPORTED);
        }
        let found = INSTRUCTIONS.iter().find(|(ins, ..)| *ins == command.ins);
        let (_, class, handler) = found.ok_or(Status::INS_NOT_SUPPORTED)?;
        if command.is_proprietary() != (*class == Proprietary) {
            return Err(Status::CLASS_NOT_SUPPORTED);
        }
        self.forget_foreign_selection(channel);
        match handler {
            Plain(handler) => handler(self, channel, command),
            Counting(handler) => handler(self, channel, command, keep),
        }
    }

    /// AID of the application active on a channel.
    pub fn active_application(&self, channel: &ChannelState) -> Option<&[u8]> {
        self.image().files.get(channel.adf?)?.aid()
    }

    /// Queues REFRESH "UICC reset" for the terminal (TS 102 223 6.4.7).
    pub fn queue_refresh(&mut self) {
        self.toolkit.queue_refresh(toolkit::RefreshMode::UiccReset);
    }

    /// The toolkit: proactive commands, terminal profile.
    pub fn toolkit(&mut self) -> &mut Toolkit {
        &mut self.toolkit
    }

    /// Whether the terminal announced that it executes REFRESH.
    pub fn terminal_supports_refresh(&self) -> bool {
        self.toolkit.supports_refresh()
    }

    /// Octets of the proactive command that waits for FETCH.
    pub fn proactive_length(&self) -> Option<usize> {
        self.toolkit.proactive_length()
    }

    /// What the terminal made of a proactive command, oldest first.
    pub fn take_event(&mut self) -> Option<UiccEvent> {
        self.toolkit.take_event()
    }

    /// A channel state may come from before the profile was switched.
    fn forget_foreign_selection(&self, channel: &mut ChannelState) {
        let files = self.fs.len();
        let held = [Some(channel.directory), channel.ef, channel.adf];
        let in_transfer = channel.transfer.as_ref().map(|transfer| transfer.file);
        if held.into_iter().chain([in_transfer]).flatten().any(|index| index >= files)
            || !self.fs.is_directory(channel.directory)
        {
            *channel = ChannelState::default();
        }
    }

    fn changed(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Writes a change before the command goes on.
    fn keep_now(&mut self, change: Change, keep: Keep<'_>) -> Result<(), Status> {
        keep(self.image(), &[change])?;
        self.changes.retain(|noted| *noted != change);
        Ok(())
    }

    /// The EF that a command works on: by short identifier, which also selects it, or the current one for 0
    /// (TS 102 221 8.4.2). `6A82` if the identifier is unknown, `6986` if no EF is current.
    fn target(&self, channel: &mut ChannelState, sfi: u8) -> Result<usize, Status> {
        if sfi == 0 {
            return self.told.that(&CURRENT, || [], channel.ef).ok_or(Status::NO_EF_SELECTED);
        }
        let ef = self.fs.by_sfi(channel.directory, sfi);
        let ef = self.told.that(&SHORT, || [sfi], ef).ok_or(Status::FILE_NOT_FOUND)?;
        channel.select_ef(ef);
        Ok(ef)
    }

    /// Whether the rules of a file and its state allow the operation: `6982`, `6984`.
    fn permit(&self, file: usize, operation: Operation) -> Result<(), Status> {
        self.check_access(file, operation)?;
        let state = || [self.fs.file(file).lcs];
        self.told.must(&ACTIVATED, state, self.fs.is_usable(file), Status::REFERENCED_DATA_INVALIDATED)
    }

    /// The path of a file, two octets an identifier.
    fn path_of(&self, file: usize) -> Vec<u8> {
        self.fs.file(file).path.iter().flat_map(|fid| fid.to_be_bytes()).collect()
    }

    /// Cuts response data to what was asked for. A short Le that fits the data in no way brings `6Cxx` with the right
    /// one.
    fn expect_length(&self, data: &[u8], le: Option<u32>) -> Result<Vec<u8>, Status> {
        let fits = match le {
            None | Some(0x100 | 0x1_0000) => true,
            Some(le) => le as usize >= data.len(),
        };
        let asked = || le.unwrap_or_default().to_be_bytes();
        self.told.must(&LE, asked, fits, Status::wrong_le(data.len())).map(|()| data.to_vec())
    }

    /// Replaces octets of an EF and notes the change; the caller has checked the range.
    fn write(&mut self, file: usize, offset: usize, octets: &[u8]) {
        let content = self.fs.content_of(file);
        let place = self.fs.data_mut(file).and_then(|data| data.get_mut(offset..offset + octets.len()));
        if let Some(place) = place.filter(|place| *place != octets) {
            place.copy_from_slice(octets);
            self.changed(Change::File(content));
        }
    }
}

impl ChannelState {
    fn select_ef(&mut self, ef: usize) {
        if self.ef != Some(ef) {
            self.transfer = None;
        }
        self.ef = Some(ef);
        self.record = None;
    }

    fn select_directory(&mut self, directory: usize) {
        self.directory = directory;
        self.ef = None;
        self.record = None;
        self.transfer = None;
    }
}
