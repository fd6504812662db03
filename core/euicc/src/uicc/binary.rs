//! READ BINARY and UPDATE BINARY (TS 102 221 11.1.3, 11.1.4).

use esim_saip::image::FileKind;

use super::access::Operation;
use super::{ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

impl Uicc {
    /// READ BINARY. `6Cxx` if a short Le reaches beyond the end of the file.
    pub(super) fn read_binary(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let (file, offset) = self.transparent(channel, command)?;
        let le = command.le.filter(|_| command.data.is_empty()).ok_or(Status::WRONG_LENGTH)? as usize;
        self.permit(file, Operation::Read)?;
        let rest =
            self.fs.data(file).get(offset..).filter(|rest| !rest.is_empty()).ok_or(Status::WRONG_P1_P2)?;
        match le {
            // Le coded as zero: as much as there is.
            0x100 | 0x1_0000 => Ok(Response::ok(rest[..rest.len().min(le)].to_vec())),
            _ if le <= rest.len() => Ok(Response::ok(rest[..le].to_vec())),
            0..0x100 => Err(Status::wrong_le(rest.len())),
            _ => Ok(Response { data: rest.to_vec(), status: Status::END_OF_FILE }),
        }
    }

    /// UPDATE BINARY. `6B00` for an offset outside the file, `6700` for data that does not fit behind it.
    pub(super) fn update_binary(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let (file, offset) = self.transparent(channel, command)?;
        if command.data.is_empty() {
            return Err(Status::WRONG_LENGTH);
        }
        self.permit(file, Operation::Update)?;
        let size = self.fs.data(file).len();
        if offset >= size {
            return Err(Status::WRONG_P1_P2);
        }
        if offset + command.data.len() > size {
            return Err(Status::WRONG_LENGTH);
        }
        self.write(file, offset, command.data);
        Ok(Status::OK.into())
    }

    /// File and offset: P1 bit 8 set means a short identifier in P1 and the offset in P2, else a 15-bit offset.
    fn transparent(
        &self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<(usize, usize), Status> {
        let (sfi, offset) = match command.p1 {
            0x80..=0x9F => (command.p1 & 0x1F, usize::from(command.p2)),
            0xA0.. => return Err(Status::INCORRECT_P1_P2),
            _ => (0, usize::from(command.p1p2())),
        };
        let file = self.target(channel, sfi)?;
        match self.fs.file(file).kind {
            FileKind::Transparent { .. } => Ok((file, offset)),
            _ => Err(Status::INCOMPATIBLE_STRUCTURE),
        }
    }
}
