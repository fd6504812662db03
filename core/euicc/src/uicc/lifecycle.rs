//! DEACTIVATE FILE and ACTIVATE FILE (TS 102 221 11.1.14, 11.1.15).

use super::access::Operation;
use super::fs::Lifecycle;
use super::select::FILE;
use super::told::Rule;
use super::{CURRENT, Change, ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

const EF: Rule = Rule::new("TS 102 221 11.1.14", "the file is no directory");
const LASTING: Rule = Rule::new("TS 102 222 6.8", "the file is not terminated");

impl Uicc {
    /// DEACTIVATE FILE.
    pub(super) fn deactivate_file(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        self.set_lifecycle(channel, command, Operation::Deactivate, 0x04)
    }

    /// ACTIVATE FILE.
    pub(super) fn activate_file(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        self.set_lifecycle(channel, command, Operation::Activate, 0x05)
    }

    /// Without data the current EF is meant. P1 and data name another EF as in SELECT, without a change of selection.
    fn set_lifecycle(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
        operation: Operation,
        lcs: u8,
    ) -> Result<Response, Status> {
        if command.p2 != 0 {
            return Err(Status::INCORRECT_P1_P2);
        }
        let (fids, rest) = command.data.as_chunks::<2>();
        let path: alloc::vec::Vec<u16> = fids.iter().map(|fid| u16::from_be_bytes(*fid)).collect();
        let found =
            |file: Option<usize>| self.told.that(&FILE, || command.data, file).ok_or(Status::FILE_NOT_FOUND);
        let file = match (command.p1, &path[..], rest) {
            (0x00, [], []) => self.told.that(&CURRENT, || [], channel.ef).ok_or(Status::NO_EF_SELECTED)?,
            (0x00, [fid], []) => found(self.fs.by_fid(channel.directory, channel.adf, *fid))?,
            (0x08, [_, ..], []) => found(self.fs.by_path(0, channel.adf, &path))?,
            (0x09, [_, ..], []) => found(self.fs.by_path(channel.directory, None, &path))?,
            (0x00 | 0x08 | 0x09, ..) => return Err(Status::LC_INCONSISTENT),
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        let is_directory = self.fs.is_directory(file);
        self.told.must(&EF, || self.path_of(file), !is_directory, Status::INCOMPATIBLE_STRUCTURE)?;
        self.check_access(file, operation)?;
        let lasts = self.fs.lifecycle(file) != Lifecycle::Terminated;
        let state = || [self.fs.file(file).lcs];
        self.told.must(&LASTING, state, lasts, Status::REFERENCED_DATA_INVALIDATED)?;
        if self.fs.file(file).lcs != lcs {
            self.fs.image_mut().files[file].lcs = lcs;
            self.changed(Change::File(file));
        }
        Ok(Status::OK.into())
    }
}
