//! APDUs and logical channels.

use super::class::channel_of;
use super::route::{Inside, Route};
use super::task::{Refusal, Task, Then};
use super::{Answer, Driver, Error, Next, Support};
use crate::at::outcome::Outcome;
use crate::at::values;
use crate::plug::Reply;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Channels that the class octet has room for besides the basic one.
const MAX_CHANNEL: u8 = 19;
/// SELECT, READ BINARY, STATUS: what may be sent again to a card that was busy. Never VERIFY, never STORE DATA.
const REPEATABLE: [u8; 3] = [0xA4, 0xB0, 0xF2];

impl Driver {
    pub(super) fn transmit(&mut self, apdu: Vec<u8>) -> Next {
        let &[class, instruction, p1, p2, ..] = apdu.as_slice() else { return Next::fail(Error::ShortApdu) };
        let channel = channel_of(class);
        match (channel, instruction, p1) {
            // MANAGE CHANNEL (TS 102 221 11.1.17).
            (0, 0x70, 0x00) if p2 == 0 => self.reserve(),
            (0, 0x70, 0x80) if self.channels.contains_key(&p2) => self.close(p2, Then::Closed),
            (0, ..) => self.on_basic_channel(apdu),
            _ => match self.channels.get(&channel) {
                None => Next::status(0x6881),
                Some(Route::Reserved) if (instruction, p1) == (0xA4, 0x04) => {
                    Next::Ask(Task::OpenHandle { channel, select: apdu })
                }
                Some(Route::Reserved) => Next::status(0x6985),
                Some(_) => Next::Ask(Task::Apdu { channel, apdu }),
            },
        }
    }

    /// Gives out the lowest channel that is free. The card hears of it with the name.
    fn reserve(&mut self) -> Next {
        match (1..=MAX_CHANNEL).find(|number| !self.channels.contains_key(number)) {
            Some(number) => {
                self.channels.insert(number, Route::Reserved);
                Next::apdu([number, 0x90, 0x00])
            }
            None => Next::status(0x6A81),
        }
    }

    fn on_basic_channel(&mut self, apdu: Vec<u8>) -> Next {
        let found = self.found.get_or_insert_default();
        let instruction = apdu.get(1).copied().unwrap_or_default();
        match instruction {
            _ if found.csim => Next::Ask(Task::Apdu { channel: 0, apdu }),
            // TERMINAL CAPABILITY: the modem is the terminal, and has told the card of itself.
            0xAA => Next::status(0x6D00),
            _ if found.crsm => self.file(apdu),
            _ => Next::fail(Error::NoBasicChannel { instruction }),
        }
    }

    pub(super) fn close_all(&mut self) -> Next {
        match self.channels.keys().next().copied() {
            Some(channel) => self.close(channel, Then::Others),
            None => Next::Done(Ok(Reply::Closed)),
        }
    }

    fn close(&mut self, channel: u8, then: Then) -> Next {
        match self.channels.remove(&channel) {
            Some(Route::Handle { handle, inside }) => Next::Ask(Task::CloseHandle { handle, inside, then }),
            Some(Route::OnCard(on_card)) => Next::Ask(Task::CloseOnCard { on_card, then }),
            Some(Route::Reserved) | None => self.closed(then),
        }
    }

    fn closed(&mut self, then: Then) -> Next {
        match then {
            Then::Closed => Next::status(0x9000),
            Then::Others => self.close_all(),
            Then::NotFound => Next::status(0x6A82),
        }
    }

    pub(super) fn channel_answered(&mut self, task: Task, answer: Answer) -> Next {
        let next = self.answer_of_channel(task, answer);
        if let Next::Done(Err(_)) = next {
            // Whoever hears of an error begins again, with a channel of another number.
            self.channels.retain(|_, route| *route != Route::Reserved);
        }
        next
    }

    fn answer_of_channel(&mut self, task: Task, answer: Answer) -> Next {
        match task {
            Task::OpenHandle { channel, ref select } => {
                let select = select.clone();
                self.handle_given(task, channel, select, answer)
            }
            Task::OpenUsim { ccho } => self.usim_given(ccho, &answer),
            Task::OpenManage { channel, select, ccho } => self.channel_given(channel, select, ccho, answer),
            Task::OpenSelect { channel, ccho, on_card, .. } => self.selected(channel, ccho, on_card, answer),
            Task::GiveBack { answer: Ok(response), .. } => Next::apdu(response),
            Task::GiveBack { answer: Err((ccho, csim)), .. } => refuse(ccho, csim),
            Task::Apdu { channel, ref apdu } => {
                let apdu = apdu.clone();
                self.apdu_answered(task, channel, apdu, answer)
            }
            // The channel is given up whatever is said; a modem without +CCHC says ERROR.
            Task::CloseHandle { then, .. } if matches!(answer, Answer::Said(Outcome::Ok, _)) => {
                self.closed(then)
            }
            Task::CloseHandle { handle, inside, then } if answer != Answer::Silence => {
                Next::Ask(Task::CloseInside { handle, inside, then })
            }
            Task::CloseHandle { then, .. }
            | Task::CloseInside { then, .. }
            | Task::CloseOnCard { then, .. } => {
                self.is_out_of_step |= answer == Answer::Silence;
                self.closed(then)
            }
            _ => Next::fail(Error::NotAsked),
        }
    }

    /// `+CCHO` has been answered.
    fn handle_given(&mut self, task: Task, channel: u8, select: Vec<u8>, answer: Answer) -> Next {
        let outcome = match answer {
            Answer::Silence => return self.timed_out(&task),
            Answer::Said(Outcome::Ok, Some(value)) => {
                let Some(handle) = values::handle(&value) else {
                    let error = values::ValueError::Form(value.chars().take(40).collect());
                    return Next::fail(Error::Value { command: "AT+CCHO".into(), error });
                };
                self.found.get_or_insert_default().channels = Support::Yes;
                self.channels.insert(channel, Route::Handle { handle, inside: Inside::Untried });
                return Next::status(0x9000);
            }
            Answer::Said(outcome, _) => outcome,
        };
        if outcome.cme() == Some(14) {
            return Next::Later(task);
        }
        if let Some(error) = Error::of_the_card(&outcome) {
            return Next::fail(error);
        }
        // Such a name is known to no application on the card, say some; others say only that it went wrong.
        let is_of_the_card = matches!(outcome.cme(), Some(13 | 22));
        let ccho = Refusal { said: outcome.to_string(), is_of_the_card };
        let found = self.found.get_or_insert_default();
        match found.csim {
            true => Next::Ask(Task::OpenManage { channel, select, ccho }),
            false if found.channels == Support::Yes || is_of_the_card => Next::status(0x6A82),
            false => Next::Ask(Task::OpenUsim { ccho }),
        }
    }

    /// `+CCHO` with another name has been answered: if it works, the card does not know the name that was wanted.
    fn usim_given(&mut self, ccho: Refusal, answer: &Answer) -> Next {
        let handle = match answer {
            Answer::Said(Outcome::Ok, Some(value)) => values::handle(value),
            _ => None,
        };
        match handle {
            Some(handle) => {
                self.found.get_or_insert_default().channels = Support::Yes;
                Next::Ask(Task::CloseHandle { handle, inside: Inside::Untried, then: Then::NotFound })
            }
            None => refuse(ccho, "there is none".into()),
        }
    }

    /// MANAGE CHANNEL over `+CSIM` has been answered.
    fn channel_given(&mut self, channel: u8, select: Vec<u8>, ccho: Refusal, answer: Answer) -> Next {
        match response("AT+CSIM", answer) {
            Ok(octets) => match octets.as_slice() {
                [on_card @ 1..=MAX_CHANNEL, 0x90, 0x00] => {
                    Next::Ask(Task::OpenSelect { channel, select, ccho, on_card: *on_card })
                }
                other => refuse(ccho, hex::encode_upper(other)),
            },
            Err(error) => refuse(ccho, error.to_string()),
        }
    }

    /// SELECT over `+CSIM` has been answered.
    fn selected(&mut self, channel: u8, ccho: Refusal, on_card: u8, answer: Answer) -> Next {
        let answer = match response("AT+CSIM", answer) {
            Ok(octets) if is_selected(&octets) => {
                self.channels.insert(channel, Route::OnCard(on_card));
                return Next::apdu(octets);
            }
            Ok(octets) => Ok(octets),
            Err(error) => Err((ccho, error.to_string())),
        };
        Next::Ask(Task::GiveBack { on_card, answer })
    }

    fn apdu_answered(&mut self, task: Task, channel: u8, apdu: Vec<u8>, answer: Answer) -> Next {
        if answer == Answer::Silence {
            return self.timed_out(&task);
        }
        let instruction = apdu.get(1).copied().unwrap_or_default();
        if matches!(&answer, Answer::Said(outcome, _) if outcome.cme() == Some(14)) {
            let may_repeat = REPEATABLE.contains(&instruction);
            return if may_repeat { Next::Later(task) } else { Next::fail(Error::Busy) };
        }
        let command = match self.channels.get(&channel) {
            Some(Route::Handle { .. }) => "AT+CGLA",
            _ => "AT+CSIM",
        };
        match response(command, answer) {
            Ok(octets) if self.is_for_another_class(channel, &octets) => Next::Ask(task),
            Ok(octets) => Next::apdu(octets),
            Err(error) => {
                // What should have come may come yet.
                self.is_out_of_step |= matches!(error, Error::NoAnswer { .. } | Error::Value { .. });
                Next::fail(error)
            }
        }
    }

    /// Whether a command was not executed because the modem has left the channel in its class alone. It is then put in.
    fn is_for_another_class(&mut self, channel: u8, octets: &[u8]) -> bool {
        let Some(Route::Handle { handle, inside }) = self.channels.get_mut(&channel) else { return false };
        if *inside != Inside::Untried {
            return false;
        }
        // Class not supported, channel not supported, instruction not supported: nothing has happened yet.
        let is_refused = matches!(octets, [0x6E, 0x00] | [0x68, 0x81] | [0x6D, 0x00]);
        let number = handle.parse().ok().filter(|number| (1..=MAX_CHANNEL).contains(number) && is_refused);
        *inside = number.map_or(Inside::Plain, Inside::Numbered);
        number.is_some()
    }

    pub(super) fn timed_out(&mut self, task: &Task) -> Next {
        self.is_out_of_step = true;
        let (text, _) = task.command(&self.channels);
        let command = text.split('=').next().unwrap_or_default().into();
        Next::fail(Error::Timeout { command, seconds: task.patience() / 1_000 })
    }
}

/// The response APDU in an answer.
pub(super) fn response(command: &str, answer: Answer) -> Result<Vec<u8>, Error> {
    let named = || command.into();
    match answer {
        Answer::Silence => Err(Error::Timeout { command: named(), seconds: 30 }),
        Answer::Said(Outcome::Ok, None) => Err(Error::NoAnswer { command: named() }),
        Answer::Said(Outcome::Ok, Some(value)) => {
            values::apdu(&value).map_err(|error| Error::Value { command: named(), error })
        }
        Answer::Said(outcome, _) => Err(Error::of_the_card(&outcome)
            .unwrap_or_else(|| Error::Refused { command: named(), said: outcome.to_string() })),
    }
}

/// No channel has been opened: the card knows no such application, or neither way leads to it.
fn refuse(ccho: Refusal, csim: String) -> Next {
    match ccho.is_of_the_card {
        true => Next::status(0x6A82),
        false => Next::fail(Error::NoChannel { ccho: ccho.said, csim }),
    }
}

/// Whether SELECT has found the application, or will once it is told the length that the card names.
fn is_selected(response: &[u8]) -> bool {
    let sw1 = response.len().checked_sub(2).and_then(|at| response.get(at));
    matches!(sw1, Some(0x90 | 0x91 | 0x61..=0x63 | 0x6C))
}
