//! READ BINARY and UPDATE BINARY (TS 102 221 11.1.3, 11.1.4).

use esim_saip::image::FileKind;

use super::access::Operation;
use super::told::Rule;
use super::{ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

const TRANSPARENT: Rule = Rule::new("TS 102 221 8.2.2.1", "the EF is transparent");
const OFFSET: Rule = Rule::new("TS 102 221 11.1.3", "the offset lies within the EF");
const LE: Rule = Rule::new("TS 102 221 11.1.3", "the EF has as many octets behind the offset as Le asks for");
const FITS: Rule = Rule::new("TS 102 221 11.1.4", "the data fits into the EF behind the offset");

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
        let rest = self.fs.data(file).get(offset..).filter(|rest| !rest.is_empty());
        let header = || command.p1p2().to_be_bytes();
        let rest = self.told.that(&OFFSET, header, rest).ok_or(Status::WRONG_P1_P2)?;
        // Le coded as zero: as much as there is.
        let wanted = if matches!(le, 0x100 | 0x1_0000) { rest.len().min(le) } else { le };
        let read = rest.get(..wanted);
        match (self.told.that(&LE, || (le as u32).to_be_bytes(), read), le) {
            (Some(read), _) => Ok(Response::ok(read.to_vec())),
            (None, 0..0x100) => Err(Status::wrong_le(rest.len())),
            (None, _) => Ok(Response { data: rest.to_vec(), status: Status::END_OF_FILE }),
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
        self.told.must(&OFFSET, || command.p1p2().to_be_bytes(), offset < size, Status::WRONG_P1_P2)?;
        let fits = offset + command.data.len() <= size;
        self.told.must(&FITS, || command.data, fits, Status::WRONG_LENGTH)?;
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
        let is_transparent = matches!(self.fs.file(file).kind, FileKind::Transparent { .. });
        let path = || self.path_of(file);
        self.told.must(&TRANSPARENT, path, is_transparent, Status::INCOMPATIBLE_STRUCTURE)?;
        Ok((file, offset))
    }
}
