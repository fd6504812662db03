//! What a modem is and can do, found by asking.

use super::task::Task;
use super::{Answer, Driver, Error, Next};
use crate::at::outcome::Outcome;
use crate::plug::Reply;
use alloc::string::{String, ToString};

/// Whether a modem does something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Support {
    /// It has been seen to, or has said so.
    Yes,
    /// It refuses to be asked, which means nothing: some do it all the same.
    #[default]
    Unknown,
}

/// What `AT+CPIN?` (TS 27.007 8.3) says of the card. None of it keeps an eUICC from being spoken to: one without an enabled
/// profile is "not inserted" to some modems.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CardState {
    /// `READY`.
    Ready,
    /// `SIM PIN`.
    PinRequired,
    /// `SIM PUK`.
    PukRequired,
    /// `+CME ERROR: 10`, or `NOT INSERTED`.
    Absent,
    /// `+CME ERROR: 14`, for as long as was waited.
    Busy,
    /// The modem does not say.
    #[default]
    Unknown,
    /// Something else, as it came.
    Other(String),
}

/// What a modem can do, and what is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// Logical channels by name: `+CCHO`, `+CGLA` and `+CCHC` (TS 27.007 8.43, 8.45, 8.46).
    pub channels: Support,
    /// Any APDU, on the basic channel at least: `+CSIM` (8.17).
    pub csim: bool,
    /// Files alone: `+CRSM` (8.18). Only asked where there is no `+CSIM`.
    pub crsm: bool,
    /// The card.
    pub card: CardState,
}

impl Opened {
    /// What cannot be done at this modem, for a person to read; none if everything can.
    pub fn limits(&self) -> Option<&'static str> {
        match self {
            Self { csim: true, .. } => None,
            Self { channels: Support::Yes, .. } => Some(
                "applications are reached by their name; nothing but files can be asked of the card itself",
            ),
            Self { crsm: true, .. } => Some(
                "files can be read; unless +CCHO works untold, applications such as the ISD-R cannot be reached",
            ),
            _ => Some("unless +CCHO works untold, the modem lets nobody speak to the card"),
        }
    }
}

impl Driver {
    /// The next question after an answer, until nothing is left to ask.
    pub(super) fn opening(&mut self, task: Task, answer: Answer) -> Next {
        let found = self.found.get_or_insert_default();
        let said_ok = matches!(answer, Answer::Said(Outcome::Ok, _));
        match task {
            Task::Hello if answer == Answer::Silence => return Next::fail(Error::Silent),
            Task::Hello => {
                self.is_out_of_step = false;
                return Next::Ask(Task::EchoOff);
            }
            // Echo is known when it is seen, and a modem without +CMEE says ERROR: neither ends anything.
            Task::EchoOff => return Next::Ask(Task::Errors),
            Task::Errors => return Next::Ask(Task::Pin),
            Task::Pin => {
                found.card = card_state(&answer);
                return match found.card {
                    CardState::Busy => Next::Later(Task::Pin),
                    _ => Next::Ask(Task::ProbeChannels),
                };
            }
            Task::ProbeChannels => {
                found.channels = if said_ok { Support::Yes } else { Support::Unknown };
                return Next::Ask(Task::ProbeCsim);
            }
            Task::ProbeCsim => {
                found.csim = is_known(&answer);
                if !found.csim {
                    return Next::Ask(Task::ProbeCrsm);
                }
            }
            _ => found.crsm = is_known(&answer),
        }
        Next::Done(Ok(Reply::Opened(found.clone())))
    }
}

/// Whether a command is known: it has brought a value, or an error of the card and not of the command.
fn is_known(answer: &Answer) -> bool {
    match answer {
        Answer::Said(Outcome::Ok, value) => value.is_some(),
        Answer::Said(outcome, _) => matches!(outcome.cme(), Some(10..=18)),
        Answer::Silence => false,
    }
}

fn card_state(answer: &Answer) -> CardState {
    match answer {
        Answer::Silence | Answer::Said(Outcome::Ok, None) => CardState::Unknown,
        Answer::Said(Outcome::Ok, Some(value)) => match value.trim_matches('"') {
            "READY" => CardState::Ready,
            "SIM PIN" => CardState::PinRequired,
            "SIM PUK" => CardState::PukRequired,
            "NOT INSERTED" => CardState::Absent,
            "NOT READY" => CardState::Busy,
            other => CardState::Other(other.into()),
        },
        Answer::Said(outcome, _) => match outcome.cme() {
            Some(10) => CardState::Absent,
            Some(11) => CardState::PinRequired,
            Some(12) => CardState::PukRequired,
            Some(14) => CardState::Busy,
            _ => CardState::Other(outcome.to_string()),
        },
    }
}
