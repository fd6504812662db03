//! The driver of a modem: which commands, in which order, and what follows from their answers.
//!
//! To whoever transmits APDUs a modem looks like a card in a reader, with logical channels of its own: MANAGE CHANNEL and
//! SELECT by name become `+CCHO` where the modem has it (TS 27.007 8.45), and MANAGE CHANNEL and SELECT over `+CSIM`
//! (8.17) where it has not. What a modem can do is found by asking it to, never by its name.

mod channels;
mod class;
mod error;
mod files;
mod opening;
mod route;
mod task;

pub use error::Error;
pub use opening::{CardState, Opened, Support};

use super::exchange::{Exchange, Progress};
use super::line::{Line, Lines};
use super::outcome::Outcome;
use crate::plug::{Effect, Event, Plug, Reply, Request, Step};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use route::Route;
use task::{File, Task};

/// Milliseconds to wait for `OK` after the value, and for the value after `OK`: of a modem that says OK first, or that has
/// said it twice to the command before, the card may still be at work.
const OK_GRACE: u64 = 2_000;
/// The same for a modem that has once said no `OK` at all after a value: a download has hundreds of them.
const NO_OK_GRACE: u64 = 100;
const VALUE_GRACE: u64 = 60_000;
/// Milliseconds before a card that was busy is asked again, and how often.
const PAUSE: u64 = 1_000;
const BUSY_TRIES: u8 = 8;

/// A modem, as a [`Plug`].
#[derive(Debug, Default)]
pub struct Driver {
    lines: Lines,
    state: State,
    found: Option<Opened>,
    channels: BTreeMap<u8, Route>,
    file: Option<File>,
    /// An answer may still come to a command that nobody waits for any more.
    is_out_of_step: bool,
    /// A value has come without its `OK`.
    says_no_ok: bool,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Waiting {
        task: Task,
        exchange: Exchange,
        deadline: u64,
        tries: u8,
    },
    Pausing {
        task: Task,
        until: u64,
        tries: u8,
    },
}

/// What a modem has said to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Said(Outcome, Option<String>),
    Silence,
}

/// What follows from it.
enum Next {
    Ask(Task),
    /// The same again, in a while: the card was busy.
    Later(Task),
    Done(Result<Reply<Opened>, Error>),
}

impl Next {
    fn apdu(response: impl Into<Vec<u8>>) -> Self {
        Self::Done(Ok(Reply::Apdu(response.into())))
    }

    /// A status word that the card has not given itself.
    fn status(sw: u16) -> Self {
        Self::apdu(sw.to_be_bytes())
    }

    fn fail(error: Error) -> Self {
        Self::Done(Err(error))
    }
}

impl Plug for Driver {
    type Opened = Opened;
    type Error = Error;

    fn begin(&mut self, request: Request, now: u64) -> Step<Self> {
        // What was not waited for to its end may still be answered.
        self.is_out_of_step |= !matches!(self.state, State::Idle);
        self.state = State::Idle;
        self.lines.clear();
        let next = match self.is_out_of_step && request != Request::Open {
            true => Next::Ask(Task::Resync(request)),
            false => self.start(request),
        };
        self.follow(next, 0, now)
    }

    fn step(&mut self, event: Event<'_>, now: u64) -> Step<Self> {
        if let Event::Received(octets) = event {
            for octet in octets {
                if let Some(effect) = self.lines.push(*octet).and_then(|line| self.take(line, now)) {
                    // What follows an answer at once belongs to it: a second OK, a line nobody asked for.
                    self.lines.clear();
                    return effect;
                }
            }
        }
        self.look_at_the_clock(now)
    }
}

impl Driver {
    /// A modem that nothing is known of.
    pub fn new() -> Self {
        Self::default()
    }

    /// What [`Request::Open`] has found.
    pub fn found(&self) -> Option<&Opened> {
        self.found.as_ref()
    }

    fn start(&mut self, request: Request) -> Next {
        match request {
            Request::Open => {
                self.channels.clear();
                self.file = None;
                self.found = Some(Opened::default());
                Next::Ask(Task::Hello)
            }
            _ if self.found.is_none() => Next::fail(Error::NotOpen),
            Request::Transmit(apdu) => self.transmit(apdu),
            Request::Close => self.close_all(),
        }
    }

    /// A line that has come; what it leads to, if the exchange is over.
    fn take(&mut self, line: Line, now: u64) -> Option<Step<Self>> {
        let State::Waiting { exchange, deadline, .. } = &mut self.state else { return None };
        let progress = match &line {
            Line::Text(text) => exchange.take(text),
            Line::TooLong => Progress::TooLong,
        };
        match progress {
            Progress::More => None,
            Progress::Nearly => {
                let grace = match exchange.value() {
                    None => VALUE_GRACE,
                    Some(_) if self.says_no_ok => NO_OK_GRACE,
                    Some(_) => OK_GRACE,
                };
                *deadline = (*deadline).min(now.saturating_add(grace));
                None
            }
            Progress::Done(outcome) => {
                let value = exchange.value().map(String::from);
                Some(self.answered(Answer::Said(outcome, value), now))
            }
            Progress::TooLong => {
                self.is_out_of_step = true;
                Some(self.follow(Next::fail(Error::TooLong), 0, now))
            }
        }
    }

    fn look_at_the_clock(&mut self, now: u64) -> Step<Self> {
        match core::mem::take(&mut self.state) {
            State::Idle => Effect::Done(Err(Error::NotAsked)),
            State::Waiting { exchange, task, deadline, tries } if now >= deadline => {
                let value = exchange.value().map(String::from);
                self.says_no_ok |= exchange.lacks_ok();
                let answer =
                    exchange.give_up().map_or(Answer::Silence, |outcome| Answer::Said(outcome, value));
                self.state = State::Waiting { exchange, task, deadline, tries };
                self.answered(answer, now)
            }
            State::Pausing { task, until, tries } if now >= until => self.ask(task, tries, now),
            waiting @ (State::Waiting { deadline: until, .. } | State::Pausing { until, .. }) => {
                self.state = waiting;
                Effect::Wait { until }
            }
        }
    }

    fn answered(&mut self, answer: Answer, now: u64) -> Step<Self> {
        let State::Waiting { task, tries, .. } = core::mem::take(&mut self.state) else {
            return Effect::Done(Err(Error::NotAsked));
        };
        if answer == Answer::Silence && tries + 1 < task.tries() {
            return self.ask(task, tries + 1, now);
        }
        let next = self.go_on(task, answer);
        self.follow(next, tries, now)
    }

    fn go_on(&mut self, task: Task, answer: Answer) -> Next {
        match task {
            Task::Resync(request) => match answer {
                Answer::Said(..) => {
                    self.is_out_of_step = false;
                    self.start(request)
                }
                Answer::Silence => Next::fail(Error::Silent),
            },
            Task::Hello
            | Task::EchoOff
            | Task::Errors
            | Task::Pin
            | Task::ProbeChannels
            | Task::ProbeCsim
            | Task::ProbeCrsm => self.opening(task, answer),
            Task::File { .. } => self.file_answered(task, answer),
            _ => self.channel_answered(task, answer),
        }
    }

    fn follow(&mut self, next: Next, tries: u8, now: u64) -> Step<Self> {
        match next {
            Next::Ask(task) => self.ask(task, 0, now),
            // What the card is said to be is told; whether it can be spoken to shows when somebody does.
            Next::Later(Task::Pin) if tries + 1 >= BUSY_TRIES => self.ask(Task::ProbeChannels, 0, now),
            Next::Later(_) if tries + 1 >= BUSY_TRIES => self.follow(Next::fail(Error::Busy), 0, now),
            Next::Later(task) => {
                let until = now.saturating_add(PAUSE);
                self.state = State::Pausing { task, until, tries: tries + 1 };
                Effect::Wait { until }
            }
            Next::Done(result) => {
                self.state = State::Idle;
                Effect::Done(result)
            }
        }
    }

    fn ask(&mut self, task: Task, tries: u8, now: u64) -> Step<Self> {
        let (text, expect) = task.command(&self.channels);
        let until = now.saturating_add(task.patience());
        let octets = [text.as_bytes(), b"\r"].concat();
        self.state = State::Waiting { task, exchange: Exchange::new(expect), deadline: until, tries };
        Effect::Write { octets, until }
    }
}
