//! Command scripts, in compact and expanded format (ETSI TS 102 226 5.1, 5.2).

use crate::apdu::{Command, Response, Status};
use crate::channel::Channel;
use alloc::vec::Vec;
use esim_rsp::check::Checks;
use esim_rsp::tlv;

/// Instructions that a compact script gives no data: P3 is the length of the answer (TS 102 226 table 5.1).
const OUTGOING: [u8; 5] = [0xB0, 0xB2, 0xC0, 0xCA, 0xF2];

/// Tags of scripts and their answers (TS 101 220 7.2).
mod tag {
    pub const SCRIPT: u8 = 0xAA;
    pub const SCRIPT_INDEFINITE: u8 = 0xAE;
    pub const COMMAND: u32 = 0x22;
    pub const ANSWER: u32 = 0x23;
    pub const EXECUTED: u32 = 0x80;
    pub const BAD_FORMAT: u32 = 0x90;
    pub const ANSWERS: u32 = 0xAB;
}

/// Kinds of bad format.
mod bad_format {
    pub const UNKNOWN_TAG: u8 = 0x01;
    pub const WRONG_LENGTH: u8 = 0x02;
}

type Execute<'a> = &'a mut dyn FnMut(&Command<'_>) -> Result<Response, Status>;

/// Executes commands up to the first that fails; the answer in the format of the script. No command of the compact
/// format has the class that an expanded script begins with.
pub(super) fn run(script: &[u8], execute: Execute<'_>, checks: Checks<'_>) -> Vec<u8> {
    let mut runner = Runner { execute, channel: Channel::default(), checks };
    match script {
        [tag::SCRIPT, ..] => match tlv::read_only(script) {
            Ok(outer) => {
                let (count, answers) = runner.expanded(&script[outer.value]);
                tlv::wrap(tag::ANSWERS, &[&tlv::wrap(tag::EXECUTED, &[&[count]]), &answers])
            }
            Err(_) => tlv::wrap(
                tag::ANSWERS,
                &[&tlv::wrap(tag::EXECUTED, &[&[0]]), &bad_format(bad_format::WRONG_LENGTH)],
            ),
        },
        [tag::SCRIPT_INDEFINITE, 0x80, commands @ .., 0x00, 0x00] => {
            let (_, answers) = runner.expanded(commands);
            [&[0xAF, 0x80][..], &answers, &[0x00, 0x00]].concat()
        }
        _ => runner.compact(script),
    }
}

struct Runner<'a> {
    execute: Execute<'a>,
    /// Keeps what GET RESPONSE asks for.
    channel: Channel,
    checks: Checks<'a>,
}

impl Runner<'_> {
    /// How many were executed, status word and data of the last.
    fn compact(&mut self, mut rest: &[u8]) -> Vec<u8> {
        let (mut count, mut last) = (0u8, (Vec::new(), Status::OK));
        while !rest.is_empty() && last.1.is_success() && count < u8::MAX {
            count += 1;
            last = match next_command(rest) {
                Some((command, after)) => {
                    rest = after;
                    self.step(&command)
                }
                None => (Vec::new(), Status::WRONG_LENGTH),
            };
        }
        let (data, status) = last;
        [&[count][..], &status.0.to_be_bytes(), &data].concat()
    }

    /// How many were executed, and the answer to each.
    fn expanded(&mut self, commands: &[u8]) -> (u8, Vec<u8>) {
        let (mut count, mut answers, mut at) = (0u8, Vec::new(), 0);
        while at < commands.len() && count < u8::MAX {
            let object = match tlv::read(commands, at) {
                Ok(object) if object.tag == tag::COMMAND => object,
                Ok(_) => {
                    answers.extend(bad_format(bad_format::UNKNOWN_TAG));
                    break;
                }
                Err(_) => {
                    answers.extend(bad_format(bad_format::WRONG_LENGTH));
                    break;
                }
            };
            at = object.whole.end;
            count += 1;
            let (data, status) = match Command::parse(&commands[object.value]) {
                Ok(command) => self.step(&command),
                Err(status) => (Vec::new(), status),
            };
            answers.extend(tlv::wrap(tag::ANSWER, &[&data, &status.0.to_be_bytes()]));
            if !status.is_success() {
                break;
            }
        }
        (count, answers)
    }

    fn step(&mut self, command: &Command<'_>) -> (Vec<u8>, Status) {
        if command.ins == 0xC0 {
            let waiting = self.channel.get_response(command.le, self.checks);
            return waiting.unwrap_or_else(|status| (Vec::new(), status));
        }
        self.channel.drop_response();
        match (self.execute)(command) {
            Ok(response) => self.channel.answer(response.data, response.status, command.le),
            Err(status) => (Vec::new(), status),
        }
    }
}

fn bad_format(kind: u8) -> Vec<u8> {
    tlv::wrap(tag::BAD_FORMAT, &[&[kind]])
}

/// CLA INS P1 P2 P3, and as many octets as P3 says unless it is the length of the answer.
fn next_command(script: &[u8]) -> Option<(Command<'_>, &[u8])> {
    let ([cla, ins, p1, p2, p3], rest) = script.split_first_chunk::<5>()?;
    let outgoing = OUTGOING.contains(ins);
    let (data, rest) = rest.split_at_checked(if outgoing { 0 } else { usize::from(*p3) })?;
    let le = if *p3 == 0 { 0x100 } else { u32::from(*p3) };
    let command = Command { cla: *cla, ins: *ins, p1: *p1, p2: *p2, data, le: outgoing.then_some(le) };
    Some((command, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers READ BINARY with as many octets as asked for, SELECT with three, fails at UPDATE BINARY.
    fn run_hex(digits: &str) -> alloc::string::String {
        let mut execute = |command: &Command<'_>| match command.ins {
            0xB0 => Ok(Response::ok(alloc::vec![0xAB; command.le.unwrap_or(0) as usize])),
            0xA4 => Ok(Response::ok(alloc::vec![0x62, 0x01, 0x00])),
            _ => Err(Status::SECURITY_STATUS),
        };
        let script = hex::decode(digits.replace(' ', "")).unwrap();
        let answer = run(&script, &mut execute, Checks::default());
        hex::encode(answer)
    }

    #[test]
    fn compact() {
        let table = [
            ("00A4000402 3F00", "01 6103"),
            ("00A4000402 3F00 00C0000003", "02 9000 620100"),
            ("00A4000402 3F00 00B0000002", "02 9000 ABAB"),
            ("00D6000001 AA 00B0000002", "01 6982"),
            ("00A4000402 3F", "01 6700"),
            ("00A400", "01 6700"),
            ("00C0000003", "01 6985"),
            ("", "00 9000"),
        ];
        for (script, answer) in table {
            assert_eq!(run_hex(script), answer.replace(' ', "").to_lowercase(), "{script}");
        }
    }

    #[test]
    fn expanded() {
        let table = [
            ("AA 07 22 05 00B0000002", "AB 09 800101 23 04 ABAB9000"),
            ("AA 11 22 08 00A40004023F0000 22 05 00B0000001", "AB 0F 800102 23 05 6201009000 23 03 AB9000"),
            ("AA 0F 22 06 00D6000001AA 22 05 00B0000001", "AB 07 800101 23 02 6982"),
            ("AA 03 21 01 00", "AB 06 800100 90 01 01"),
            ("AA 03 22 05 00", "AB 06 800100 90 01 02"),
            ("AA 05 22", "AB 06 800100 90 01 02"),
            ("AE 80 22 05 00B0000001 0000", "AF 80 23 03 AB9000 0000"),
        ];
        for (script, answer) in table {
            assert_eq!(run_hex(script), answer.replace(' ', "").to_lowercase(), "{script}");
        }
    }
}
