//! SEARCH RECORD (TS 102 221 11.1.7).

use alloc::vec::Vec;

use super::access::Operation;
use super::record::RECORD;
use super::told::Rule;
use super::{ChannelState, Uicc};
use crate::apdu::{Command, Response, Status};

const PATTERN: Rule =
    Rule::new("TS 102 221 11.1.7", "the string to be found is not empty, nor longer than a record");

/// Where in a record the comparison may begin.
enum Begin {
    Offset(usize),
    /// Behind the first occurrence of this octet.
    After(u8),
}

/// A search: the record to begin with, the direction, and what to look for where.
struct Search<'a> {
    start: u8,
    forward: bool,
    begin: Begin,
    pattern: &'a [u8],
}

impl Uicc {
    /// SEARCH RECORD: the numbers of the records that match; `6282` if none does. The first match becomes the current
    /// record.
    pub(super) fn search_record(
        &mut self,
        channel: &mut ChannelState,
        command: &Command<'_>,
    ) -> Result<Response, Status> {
        let records = self.records(channel, command.p2 >> 3)?;
        let search = Search::parse(command, channel.record, records.count)?;
        let fits = (1..=records.len).contains(&search.pattern.len());
        self.told.must(&PATTERN, || search.pattern, fits, Status::WRONG_LENGTH)?;
        self.permit(records.file, Operation::Read)?;
        let is_there = (1..=records.count).contains(&search.start);
        self.told.must(&RECORD, || [search.start], is_there, Status::RECORD_NOT_FOUND)?;
        let mut numbers: Vec<u8> = if search.forward {
            (search.start..=records.count).collect()
        } else {
            (1..=search.start).rev().collect()
        };
        numbers.retain(|number| search.matches(self.record(&records, *number)));
        let Some(first) = numbers.first() else { return Ok(Status::END_OF_FILE.into()) };
        channel.record = Some(*first);
        if let Some(le) = command.le {
            numbers.truncate(le as usize);
        }
        Ok(Response::ok(numbers))
    }
}

impl<'a> Search<'a> {
    /// Simple search from record P1, or an enhanced one that two octets in front of the pattern describe.
    fn parse(command: &Command<'a>, pointer: Option<u8>, count: u8) -> Result<Self, Status> {
        let named = if command.p1 == 0 { pointer.unwrap_or(0) } else { command.p1 };
        match command.p2 & 0x07 {
            mode @ (4 | 5) => {
                Ok(Self { start: named, forward: mode == 4, begin: Begin::Offset(0), pattern: command.data })
            }
            6 => {
                let ([indication, value], pattern) =
                    command.data.split_first_chunk::<2>().ok_or(Status::WRONG_LENGTH)?;
                let begin = match indication & 0xF8 {
                    0x00 => Begin::Offset(usize::from(*value)),
                    0x08 => Begin::After(*value),
                    _ => return Err(Status::INCORRECT_DATA),
                };
                let (start, forward) = match indication & 0x07 {
                    4 => (named, true),
                    5 => (named, false),
                    6 => (pointer.map_or(1, |pointer| pointer.saturating_add(1)), true),
                    7 => (pointer.map_or(count, |pointer| pointer.saturating_sub(1)), false),
                    _ => return Err(Status::INCORRECT_DATA),
                };
                Ok(Self { start, forward, begin, pattern })
            }
            7 => Err(Status::FUNCTION_NOT_SUPPORTED),
            _ => Err(Status::INCORRECT_P1_P2),
        }
    }

    fn matches(&self, record: &[u8]) -> bool {
        let begin = match self.begin {
            Begin::Offset(offset) => Some(offset),
            Begin::After(octet) => record.iter().position(|other| *other == octet).map(|at| at + 1),
        };
        let rest = begin.and_then(|begin| record.get(begin..)).unwrap_or_default();
        rest.windows(self.pattern.len()).any(|window| window == self.pattern)
    }
}
