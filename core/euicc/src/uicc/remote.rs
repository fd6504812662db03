//! Remote file management (ETSI TS 102 226 clause 6): commands on the files with the access that the remote file manager
//! has, whatever PIN was entered at the terminal.

use esim_saip::image::{ApplicationKind, Path};

use super::{Change, ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

/// Commands of remote file management (TS 102 226 table 6.1); PINs are the terminal's matter here.
const INSTRUCTIONS: [u8; 11] = [0x04, 0x32, 0x44, 0xA2, 0xA4, 0xB0, 0xB2, 0xCB, 0xD6, 0xDB, 0xDC];

/// What a remote file manager may do while its script runs.
#[derive(Clone, Debug)]
pub(super) struct RemoteAccess {
    /// In files below no ADF of its own.
    uicc: AccessDomain,
    /// Below its ADF.
    adf: Option<(Path, AccessDomain)>,
}

/// Access domain parameter (TS 102 226 8.2.1.3.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessDomain {
    /// `00`: everything but what is never allowed.
    Full,
    /// A list of codes that count as presented; here none does: what everybody may do.
    Open,
    /// `FF`, or no parameter: nothing.
    Nothing,
}

impl AccessDomain {
    fn of(parameter: &[u8]) -> Self {
        match parameter.first() {
            Some(0x00) => Self::Full,
            Some(0xFF) | None => Self::Nothing,
            Some(_) => Self::Open,
        }
    }
}

impl Uicc {
    /// Takes the access domains of a remote file manager: for the card's files, and for those of the ADF with an AID,
    /// in which its scripts then begin.
    pub(crate) fn begin_remote(&mut self, uicc: &[u8], adf: Option<(&[u8], &[u8])>) -> ChannelState {
        let mut channel = ChannelState::default();
        let own = adf.and_then(|(aid, access)| {
            let index = self.fs.applications().find(|index| self.fs.file(*index).aid() == Some(aid))?;
            channel.adf = Some(index);
            channel.select_directory(index);
            Some((self.fs.file(index).path.clone(), AccessDomain::of(access)))
        });
        self.remote = Some(RemoteAccess { uicc: AccessDomain::of(uicc), adf: own });
        channel
    }

    /// The terminal's access holds again.
    pub(crate) fn end_remote(&mut self) {
        self.remote = None;
    }

    /// One command of a script. `6D00` if it is none of remote file management's; `6A86` for SELECT by AID, which is
    /// not part of it.
    pub(crate) fn remote_command(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        if !INSTRUCTIONS.contains(&command.ins) {
            return Err(Status::INS_NOT_SUPPORTED);
        }
        if command.ins == 0xA4 && command.p1 == 0x04 {
            return Err(Status::INCORRECT_P1_P2);
        }
        // None of these uses up a try.
        self.command(channel, command, &mut |_, _| Err(Status::MEMORY_PROBLEM))
    }

    /// Keeps the counter of a security domain's key set.
    pub(crate) fn set_counter(&mut self, domain: usize, version: u8, counter: u64) {
        let record = self.fs.image_mut().applications.get_mut(domain);
        if let Some(ApplicationKind::SecurityDomain { keys }) = record.map(|record| &mut record.kind) {
            keys.iter_mut().filter(|key| key.version == version).for_each(|key| key.counter = counter);
            self.changed(Change::Application(domain));
        }
    }

    /// The access domain that counts for a file, while a remote script runs.
    pub(super) fn access_domain(&self, file: usize) -> Option<AccessDomain> {
        let remote = self.remote.as_ref()?;
        let path = &self.fs.file(file).path;
        Some(match &remote.adf {
            Some((adf, access)) if path.starts_with(adf) => *access,
            _ => remote.uicc,
        })
    }
}
