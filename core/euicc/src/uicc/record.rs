//! READ RECORD, UPDATE RECORD and INCREASE (TS 102 221 11.1.5, 11.1.6, 11.1.8).

use alloc::vec::Vec;

use esim_saip::image::FileKind;

use super::access::Operation;
use super::told::{Rule, Told};
use super::{Change, ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

const STRUCTURE: Rule = Rule::new("TS 102 221 8.2.2", "the EF has records");
const CYCLIC: Rule = Rule::new("TS 102 221 11.1.8", "the EF that INCREASE names is cyclic");
const PREVIOUS: Rule =
    Rule::new("TS 102 221 11.1.6", "a record of a cyclic EF is updated as the previous one");
pub(super) const RECORD: Rule = Rule::new("TS 102 221 8.2.2", "the EF has the record that is named");
const LE: Rule = Rule::new("TS 102 221 11.1.5", "Le is the length of a record");
const LENGTH: Rule = Rule::new("TS 102 221 11.1.6", "the data has the length of a record");
const ADDEND: Rule =
    Rule::new("TS 102 221 11.1.8", "the value to be added is no longer than a record, nor 127 octets");
const SUM: Rule = Rule::new("TS 102 221 11.1.8", "the sum fits into a record");

/// Records of an EF.
#[derive(Clone, Copy)]
pub(super) struct Records {
    /// Index of the EF.
    pub(super) file: usize,
    /// Octets of one.
    pub(super) len: usize,
    /// How many.
    pub(super) count: u8,
    pub(super) cyclic: bool,
}

impl Records {
    fn offset(&self, number: u8) -> usize {
        usize::from(number).saturating_sub(1) * self.len
    }
}

impl Uicc {
    /// READ RECORD. `6Cxx` with the record length if Le asks for another.
    pub(super) fn read_record(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let mode = check_mode(command)?;
        let records = self.records(channel, command.p2 >> 3)?;
        let le = command.le.filter(|_| command.data.is_empty()).ok_or(Status::WRONG_LENGTH)? as usize;
        self.permit(records.file, Operation::Read)?;
        let number = resolve(&records, channel, mode, command.p1, &self.told)?;
        let is_length = matches!(le, 0x100 | 0x1_0000) || le == records.len;
        self.told.must(&LE, || (le as u32).to_be_bytes(), is_length, Status::wrong_le(records.len))?;
        if mode != Mode::Absolute {
            channel.record = Some(number);
        }
        Ok(Response::ok(self.record(&records, number).to_vec()))
    }

    /// UPDATE RECORD. In a cyclic file only "previous": the oldest record is overwritten and becomes the first.
    pub(super) fn update_record(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let mode = check_mode(command)?;
        let records = self.records(channel, command.p2 >> 3)?;
        self.permit(records.file, Operation::Update)?;
        let may_be = !records.cyclic || mode == Mode::Previous;
        self.told.must(&PREVIOUS, || [command.p2], may_be, Status::INCOMPATIBLE_STRUCTURE)?;
        let is_length = command.data.len() == records.len;
        self.told.must(&LENGTH, || command.data, is_length, Status::WRONG_LENGTH)?;
        if records.cyclic {
            self.push_record(channel, &records, command.data);
            return Ok(Status::OK.into());
        }
        let number = resolve(&records, channel, mode, command.p1, &self.told)?;
        if mode != Mode::Absolute {
            channel.record = Some(number);
        }
        self.write(records.file, records.offset(number), command.data);
        Ok(Status::OK.into())
    }

    /// INCREASE: the newest record of a cyclic file plus a value becomes the newest record. Answers with the new
    /// record and the value added; `9850` if it does not fit.
    pub(super) fn increase(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let sfi = match (command.p1, command.p2) {
            (0x00, 0x00) => 0,
            (0x81..=0x9E, 0x00) => command.p1 & 0x1F,
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        let records = self.records(channel, sfi)?;
        let path = || self.path_of(records.file);
        self.told.must(&CYCLIC, path, records.cyclic, Status::INCOMPATIBLE_STRUCTURE)?;
        let fits = (1..=records.len.min(127)).contains(&command.data.len());
        self.told.must(&ADDEND, || command.data, fits, Status::WRONG_LENGTH)?;
        self.permit(records.file, Operation::Increase)?;
        let sum = add(self.record(&records, 1), command.data);
        let sum = self.told.that(&SUM, || command.data, sum).ok_or(Status::MAX_VALUE_REACHED)?;
        self.push_record(channel, &records, &sum);
        Ok(Response::ok([&sum[..], command.data].concat()))
    }

    /// The EF with records that a command works on; `6981` for another structure.
    pub(super) fn records(&self, channel: &mut ChannelState, sfi: u8) -> Result<Records, Status> {
        let file = self.target(channel, sfi)?;
        let structure = match self.fs.file(file).kind {
            FileKind::LinearFixed { record_len, .. } => Some((record_len, false)),
            FileKind::Cyclic { record_len, .. } => Some((record_len, true)),
            _ => None,
        };
        let structure = self.told.that(&STRUCTURE, || self.path_of(file), structure);
        let (record_len, cyclic) = structure.ok_or(Status::INCOMPATIBLE_STRUCTURE)?;
        let len = usize::from(record_len);
        let count = self.fs.data(file).len().checked_div(len).ok_or(Status::RECORD_NOT_FOUND)?;
        Ok(Records { file, len, count: count.min(255) as u8, cyclic })
    }

    pub(super) fn record(&self, records: &Records, number: u8) -> &[u8] {
        let offset = records.offset(number);
        self.fs.data(records.file).get(offset..offset + records.len).unwrap_or_default()
    }

    /// Puts a record in front of a ring; the oldest falls out.
    fn push_record(&mut self, channel: &mut ChannelState, records: &Records, record: &[u8]) {
        if let Some(data) = self.fs.data_mut(records.file).filter(|data| data.len() >= record.len()) {
            data.rotate_right(record.len());
            data[..record.len()].copy_from_slice(record);
            self.changed(Change::File(self.fs.content_of(records.file)));
        }
        channel.record = Some(1);
    }
}

/// How P1 addresses a record (table 11.9).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Next,
    Previous,
    /// Record P1; the current one for 0.
    Absolute,
}

fn check_mode(command: &Command<'_>) -> Result<Mode, Status> {
    match (command.p2 & 0x07, command.p1) {
        (2, 0) => Ok(Mode::Next),
        (3, 0) => Ok(Mode::Previous),
        (4, _) => Ok(Mode::Absolute),
        _ => Err(Status::INCORRECT_P1_P2),
    }
}

/// Record number, `6A83` if there is none. Without a pointer, "next" is the first record and "previous" the last; a
/// ring has no end.
fn resolve(records: &Records, channel: &ChannelState, mode: Mode, p1: u8, told: &Told) -> Result<u8, Status> {
    let count = records.count;
    let number = match (mode, channel.record) {
        (Mode::Absolute, pointer) if p1 == 0 => pointer.unwrap_or(0),
        (Mode::Absolute, _) => p1,
        (Mode::Next, None) => 1,
        (Mode::Previous, None) => count,
        (Mode::Next, Some(pointer)) if pointer >= count && records.cyclic => 1,
        (Mode::Previous, Some(1)) if records.cyclic => count,
        (Mode::Next, Some(pointer)) => pointer.checked_add(1).unwrap_or(0),
        (Mode::Previous, Some(pointer)) => pointer.saturating_sub(1),
    };
    told.must(&RECORD, || [number], (1..=count).contains(&number), Status::RECORD_NOT_FOUND)?;
    Ok(number)
}

/// Sum of two big-endian numbers, as wide as the first; `None` on overflow.
fn add(record: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let mut sum = record.to_vec();
    let mut carry = 0u16;
    for (i, octet) in sum.iter_mut().rev().enumerate() {
        let addend = value.len().checked_sub(i + 1).map_or(0, |at| value[at]);
        let total = u16::from(*octet) + u16::from(addend) + carry;
        *octet = total as u8;
        carry = total >> 8;
    }
    (carry == 0).then_some(sum)
}
