//! A modem that gives access to files alone (`+CRSM`, TS 27.007 8.18): SELECT is remembered, and goes with what follows it.

use super::task::{File, Task};
use super::{Answer, Driver, Error, Next};
use crate::at::outcome::Outcome;
use crate::at::values;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// READ BINARY, READ RECORD, GET RESPONSE, UPDATE BINARY, UPDATE RECORD, STATUS.
const KNOWN: [u8; 6] = [0xB0, 0xB2, 0xC0, 0xD6, 0xDC, 0xF2];

impl Driver {
    pub(super) fn file(&mut self, apdu: Vec<u8>) -> Next {
        let at = |index: usize| apdu.get(index).copied().unwrap_or_default();
        let instruction = at(1);
        match (instruction, at(2)) {
            // By identifier, by path from the MF (TS 102 221 11.1.1).
            (0xA4, 0x00 | 0x08) => {
                let name = apdu.get(5..5 + usize::from(at(4))).unwrap_or_default();
                let Some((path, id)) = name.split_last_chunk::<2>() else { return Next::status(0x6700) };
                self.file = Some(File { id: u16::from_be_bytes(*id), path: hex::encode_upper(path) });
                Next::status(0x9000)
            }
            _ if KNOWN.contains(&instruction) => match self.file.clone() {
                Some(file) => Next::Ask(Task::File { file, apdu }),
                None => Next::status(0x6986),
            },
            _ => Next::fail(Error::FilesOnly { instruction }),
        }
    }

    pub(super) fn file_answered(&mut self, task: Task, answer: Answer) -> Next {
        let command = || String::from("AT+CRSM");
        match answer {
            Answer::Silence => self.timed_out(&task),
            Answer::Said(Outcome::Ok, None) => Next::fail(Error::NoAnswer { command: command() }),
            Answer::Said(Outcome::Ok, Some(value)) => match values::crsm(&value) {
                Ok(response) => Next::apdu(response),
                Err(error) => Next::fail(Error::Value { command: command(), error }),
            },
            Answer::Said(outcome, _) => Next::fail(
                Error::of_the_card(&outcome)
                    .unwrap_or_else(|| Error::Refused { command: command(), said: outcome.to_string() }),
            ),
        }
    }
}
