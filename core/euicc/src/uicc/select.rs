//! SELECT and STATUS (TS 102 221 8.4, 8.5, 11.1.1, 11.1.2).

use alloc::vec::Vec;

use esim_rsp::tlv::wrap;
use esim_saip::image::FileKind;

use super::fs::Lifecycle;
use super::told::Rule;
use super::{ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

pub(super) const FILE: Rule = Rule::new("TS 102 221 8.4", "the file that is named is there");
const APPLICATION: Rule =
    Rule::new("TS 102 221 8.5.1", "an application has the name, or one that begins with it");
const ACTIVE: Rule = Rule::new("TS 102 221 11.1.2", "an application is selected whose name can be told");

/// P2 of SELECT, taken apart (table 11.2).
struct Control {
    /// Bits 7 and 6: the application session ends.
    terminate: bool,
    /// Bits 4 and 3 `11`: no data wanted.
    silent: bool,
    occurrence: Occurrence,
}

enum Occurrence {
    First,
    Last,
    Next,
    Previous,
}

impl Control {
    /// `6A86` for what the table leaves for future use. `00` in bits 4 and 3 asks for an FCI template; the FCP is
    /// given for it.
    fn parse(p2: u8) -> Result<Self, Status> {
        let occurrence = match p2 & 0x03 {
            0 => Occurrence::First,
            1 => Occurrence::Last,
            2 => Occurrence::Next,
            _ => Occurrence::Previous,
        };
        match (p2 & 0xF0, p2 & 0x0C) {
            (0x00 | 0x40, 0x00 | 0x04 | 0x0C) => {
                Ok(Self { terminate: p2 & 0x40 != 0, silent: p2 & 0x0C == 0x0C, occurrence })
            }
            _ => Err(Status::INCORRECT_P1_P2),
        }
    }
}

impl Uicc {
    /// SELECT.
    pub(super) fn select(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let control = Control::parse(command.p2)?;
        if command.p1 == 0x04 {
            return self.select_application(channel, command.data, &control);
        }
        if control.terminate || !matches!(control.occurrence, Occurrence::First) {
            return Err(Status::INCORRECT_P1_P2);
        }
        let file = self.find(channel, command)?;
        self.make_current(channel, file);
        Ok(self.selected(file, control.silent))
    }

    /// STATUS: about the current directory; the states of an application that P1 announces need no answer. `6A88` for
    /// the name of an application where none was selected: there is none to tell.
    pub(super) fn status(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        if command.p1 > 0x02 {
            return Err(Status::INCORRECT_P1_P2);
        }
        let data = match command.p2 {
            0x00 => self.fcp(channel.directory),
            0x01 => {
                let aid = self.active_application(channel);
                let aid = self.told.that(&ACTIVE, || aid.unwrap_or_default(), aid);
                wrap(0x84, &[aid.ok_or(Status::REFERENCED_DATA_NOT_FOUND)?])
            }
            0x0C => Vec::new(),
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        Ok(Response::ok(self.expect_length(&data, command.le)?))
    }

    /// The file that P1 and the data of SELECT name. `6A87` if the data has no length that fits P1.
    fn find(&self, channel: &ChannelState, command: &Command<'_>) -> Result<usize, Status> {
        let (fids, rest) = command.data.as_chunks::<2>();
        let path: Vec<u16> = fids.iter().map(|fid| u16::from_be_bytes(*fid)).collect();
        if !rest.is_empty() {
            return Err(Status::LC_INCONSISTENT);
        }
        let here = channel.directory;
        let found = match (command.p1, &path[..]) {
            (0x00, []) => Some(0),
            (0x00, [fid]) => self.fs.by_fid(here, channel.adf, *fid),
            (0x01, [fid]) => self.fs.child_directory(here, *fid),
            (0x03, []) => (here != 0).then(|| self.fs.parent(here)),
            (0x08, [_, ..]) => self.fs.by_path(0, channel.adf, &path),
            (0x09, [_, ..]) => self.fs.by_path(here, None, &path),
            (0x00 | 0x01 | 0x03 | 0x08 | 0x09, _) => return Err(Status::LC_INCONSISTENT),
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        self.told.that(&FILE, || command.data, found).ok_or(Status::FILE_NOT_FOUND)
    }

    /// An EF makes its directory current as well.
    fn make_current(&self, channel: &mut ChannelState, file: usize) {
        if self.fs.is_directory(file) {
            channel.select_directory(file);
        } else {
            if channel.directory != self.fs.parent(file) {
                channel.select_directory(self.fs.parent(file));
            }
            channel.select_ef(file);
        }
    }

    /// By AID, which may be cut at the right end (TS 102 221 8.5.1.2).
    fn select_application(
        &mut self,
        channel: &mut ChannelState,
        aid: &[u8],
        control: &Control,
    ) -> Result<Response, Status> {
        if !(1..=16).contains(&aid.len()) {
            return Err(Status::LC_INCONSISTENT);
        }
        let found = self.find_application(aid, &control.occurrence, channel.aid_search);
        let adf = self.told.that(&APPLICATION, || aid, found).ok_or(Status::FILE_NOT_FOUND)?;
        if control.terminate {
            self.terminate(channel, adf);
            return Ok(Status::OK.into());
        }
        channel.adf = Some(adf);
        channel.aid_search = Some(adf);
        channel.select_directory(adf);
        Ok(self.selected(adf, control.silent))
    }

    fn find_application(&self, aid: &[u8], occurrence: &Occurrence, last: Option<usize>) -> Option<usize> {
        let names = |index: &usize| self.fs.file(*index).aid().is_some_and(|own| own.starts_with(aid));
        let mut matching = self.fs.applications().filter(names);
        match occurrence {
            Occurrence::First => matching.next(),
            Occurrence::Last => matching.next_back(),
            Occurrence::Next => matching.find(|index| last.is_none_or(|last| *index > last)),
            Occurrence::Previous => matching.rfind(|index| last.is_none_or(|last| *index < last)),
        }
    }

    fn terminate(&mut self, channel: &mut ChannelState, adf: usize) {
        self.forget_application_pins(adf);
        if channel.adf == Some(adf) {
            *channel = ChannelState::default();
        }
    }

    /// What SELECT answers: a warning goes with the data of a file that is not activated.
    fn selected(&self, file: usize, silent: bool) -> Response {
        let data = if silent { Vec::new() } else { self.fcp(file) };
        let status = match self.fs.lifecycle(file) {
            Lifecycle::Activated => Status::OK,
            Lifecycle::Deactivated => Status::FILE_DEACTIVATED,
            Lifecycle::Terminated => Status::FILE_TERMINATED,
        };
        Response { data, status }
    }

    /// Key references of the PIN status template of a directory.
    pub(super) fn pin_references(&self, directory: usize) -> Vec<u8> {
        match &self.fs.file(directory).kind {
            FileKind::Df { pin_status, .. } => pin_status.clone(),
            _ => Vec::new(),
        }
    }
}
