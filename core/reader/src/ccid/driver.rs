//! The driver of a reader: makes the card ready and carries APDUs at the level that the reader has.

use super::assembler::Assembler;
use super::descriptor::{Descriptor, Level};
use super::error::Error;
use super::message::{HEADER, Kind, Message, SlotError};
use super::t0::{T0, Turn};
use super::t1::{BlockError, T1};
use crate::atr::Atr;
use crate::plug::{Effect, Event, Plug, Reply, Request, Step};
use alloc::vec::Vec;

/// Milliseconds to wait for what a reader knows itself, and for what the card must answer.
const SOON: u64 = 5_000;
const CARD: u64 = 30_000;
/// Milliseconds that one command may take in all, however often the card asks for more time.
const AT_MOST: u64 = 600_000;
/// Milliseconds before a slot that was busy is asked again, and how often.
const PAUSE: u64 = 100;
const BUSY_TRIES: u8 = 50;
/// Octets of the longest short APDU.
const SHORT_APDU: usize = 261;
/// Octets of the longest response APDU that is gathered.
const MAX_RESPONSE: usize = 65_538;

/// What is in a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The answer to reset, as it came.
    pub atr: Vec<u8>,
    /// The same, taken apart.
    pub parsed: Atr,
    /// 0 or 1: the transport protocol.
    pub protocol: u8,
    /// What the reader exchanges.
    pub level: Level,
}

/// A reader, as a [`Plug`], with one of its slots.
#[derive(Debug)]
pub struct Driver {
    descriptor: Descriptor,
    slot: u8,
    sequence: u8,
    assembler: Assembler,
    state: State,
    opened: Option<Opened>,
    t1: T1,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Idle,
    Waiting(Wait),
    Pausing(Wait),
}

#[derive(Debug)]
struct Wait {
    task: Task,
    /// Of this state.
    deadline: u64,
    /// Of the command, however often more time is asked for.
    last: u64,
    busy: u8,
    /// The number of a message that answers something else.
    stray: Option<u8>,
}

/// One command, and what is needed to go on after it.
#[derive(Clone, Debug)]
enum Task {
    Status,
    PowerOn { voltages: Vec<u8> },
    SetParameters(Opened),
    GetParameters(Opened),
    Transfer { transfer: Transfer, octets: Vec<u8>, chain: u8 },
    PowerOff,
}

#[derive(Clone, Debug)]
enum Transfer {
    /// Octets that are still to be sent, and those that have come.
    Apdu {
        rest: Vec<u8>,
        answer: Vec<u8>,
    },
    T0(T0),
    T1,
}

impl Plug for Driver {
    type Opened = Opened;
    type Error = Error;

    fn begin(&mut self, request: Request, now: u64) -> Step<Self> {
        self.state = State::Idle;
        self.assembler.clear();
        match request {
            Request::Open if self.descriptor.level() == Level::Character => self.fail(Error::CharacterLevel),
            Request::Open => {
                self.opened = None;
                self.send(Task::Status, now)
            }
            Request::Close if self.opened.take().is_some() => self.send(Task::PowerOff, now),
            Request::Close => Effect::Done(Ok(Reply::Closed)),
            Request::Transmit(apdu) => match self.transfer(&apdu) {
                Ok(task) => self.send(task, now),
                Err(error) => self.fail(error),
            },
        }
    }

    fn step(&mut self, event: Event<'_>, now: u64) -> Step<Self> {
        let mut octets = if let Event::Received(octets) = event { octets } else { &[] };
        while let Some(message) = self.assembler.take(octets) {
            octets = &[];
            if let Some(effect) = self.take(message, now) {
                return effect;
            }
        }
        match core::mem::take(&mut self.state) {
            State::Idle => Effect::Done(Err(Error::NotAsked)),
            State::Pausing(wait) if now >= wait.deadline => self.write(wait, now),
            State::Waiting(wait) if now >= wait.deadline => self.fail(match wait.stray {
                Some(came) => Error::Sequence { expected: self.sequence, came },
                None => Error::Timeout,
            }),
            State::Waiting(wait) => {
                let until = wait.deadline;
                self.state = State::Waiting(wait);
                Effect::Wait { until }
            }
            State::Pausing(wait) => {
                let until = wait.deadline;
                self.state = State::Pausing(wait);
                Effect::Wait { until }
            }
        }
    }
}

impl Driver {
    /// A reader that describes itself so, and one of its slots: 0 for the first.
    pub fn new(descriptor: Descriptor, slot: u8) -> Self {
        Self {
            descriptor,
            slot,
            sequence: 0,
            assembler: Assembler::default(),
            state: State::Idle,
            opened: None,
            t1: T1::new(32),
        }
    }

    fn fail(&mut self, error: Error) -> Step<Self> {
        self.state = State::Idle;
        // Nobody knows any more what the card awaits: it is given power anew before anything else is asked.
        if matches!(error, Error::Timeout | Error::Sequence { .. } | Error::Block(_) | Error::Slot(_)) {
            self.opened = None;
        }
        Effect::Done(Err(error))
    }

    fn send(&mut self, task: Task, now: u64) -> Step<Self> {
        let last = now.saturating_add(AT_MOST);
        self.write(Wait { task, deadline: now, last, busy: 0, stray: None }, now)
    }

    fn write(&mut self, mut wait: Wait, now: u64) -> Step<Self> {
        self.sequence = self.sequence.wrapping_add(1);
        self.assembler.clear();
        let (kind, specific, data) = wait.task.message();
        let message = Message { kind, slot: self.slot, sequence: self.sequence, specific, data };
        let patience = if matches!(kind, Kind::XfrBlock | Kind::IccPowerOn) { CARD } else { SOON };
        let until = now.saturating_add(patience);
        wait.deadline = until;
        self.state = State::Waiting(wait);
        Effect::Write { octets: message.to_octets(), until }
    }

    /// A message that has come; what it leads to, if it is the answer that is awaited.
    fn take(&mut self, message: Message, now: u64) -> Option<Step<Self>> {
        let State::Waiting(wait) = &mut self.state else { return None };
        if (message.sequence, message.slot) != (self.sequence, self.slot) {
            wait.stray = Some(message.sequence);
            return None;
        }
        let [status, error, more] = message.specific;
        // bmCommandStatus and bmICCStatus (CCID 6.2.6).
        match (status >> 6, status & 0x03) {
            (2, _) => {
                wait.deadline = now.saturating_add(CARD).min(wait.last);
                None
            }
            (0, card) => {
                let State::Waiting(wait) = core::mem::take(&mut self.state) else { return None };
                if message.kind != wait.task.message().0.answer() {
                    return Some(self.fail(Error::Answer(message.kind)));
                }
                Some(self.answered(wait.task, message.data, card, more, now))
            }
            (_, card) => {
                let State::Waiting(wait) = core::mem::take(&mut self.state) else { return None };
                Some(self.failed(wait, SlotError::of(error), card, now))
            }
        }
    }

    fn failed(&mut self, mut wait: Wait, error: SlotError, card: u8, now: u64) -> Step<Self> {
        if error.is_busy() && wait.busy < BUSY_TRIES {
            wait.busy += 1;
            wait.deadline = now.saturating_add(PAUSE);
            let until = wait.deadline;
            self.state = State::Pausing(wait);
            return Effect::Wait { until };
        }
        match wait.task {
            _ if card == 2 => {
                self.opened = None;
                self.fail(Error::NoCard)
            }
            // At another voltage the card may answer.
            Task::PowerOn { mut voltages } if voltages.len() > 1 => {
                voltages.remove(0);
                self.send(Task::PowerOn { voltages }, now)
            }
            // What the reader does by itself it need not tell.
            Task::GetParameters(opened) => self.ready(opened),
            _ => self.fail(Error::Slot(error)),
        }
    }

    fn answered(&mut self, task: Task, data: Vec<u8>, card: u8, more: u8, now: u64) -> Step<Self> {
        match task {
            Task::Status if card == 2 => self.fail(Error::NoCard),
            Task::Status => self.send(Task::PowerOn { voltages: self.voltages() }, now),
            Task::PowerOn { .. } => self.powered(data, now),
            Task::SetParameters(opened) => self.ready(opened),
            Task::GetParameters(mut opened) => {
                opened.protocol = more;
                self.ready(opened)
            }
            Task::Transfer { transfer, .. } => self.transferred(transfer, &data, more, now),
            Task::PowerOff => Effect::Done(Ok(Reply::Closed)),
        }
    }

    /// bPowerSelect: the reader's own choice, or 1.8, 3 and 5 V in turn, as a UICC is woken (TS 102 221 6.2).
    fn voltages(&self) -> Vec<u8> {
        if self.descriptor.has(Descriptor::AUTO_VOLTAGE) {
            return Vec::from([0]);
        }
        let supported = [(4, 3), (2, 2), (1, 1)].into_iter();
        let known: Vec<u8> = supported
            .filter(|(bit, _)| self.descriptor.voltages & bit != 0)
            .map(|(_, select)| select)
            .collect();
        if known.is_empty() { Vec::from([0]) } else { known }
    }

    fn powered(&mut self, octets: Vec<u8>, now: u64) -> Step<Self> {
        let parsed = match Atr::parse(&octets) {
            Ok(parsed) => parsed,
            Err(error) => return self.fail(Error::Atr(error)),
        };
        let level = self.descriptor.level();
        let opened = Opened { protocol: parsed.first_protocol(), atr: octets, parsed, level };
        let is_automatic = self.descriptor.has(Descriptor::AUTO_PARAMETERS | Descriptor::AUTO_NEGOTIATION);
        match (is_automatic, level) {
            (true, Level::Tpdu) => self.send(Task::GetParameters(opened), now),
            (true, _) => self.ready(opened),
            (false, _) if !self.descriptor.speaks(opened.protocol) => {
                self.fail(Error::Protocol(opened.protocol))
            }
            (false, _) => self.send(Task::SetParameters(opened), now),
        }
    }

    fn ready(&mut self, opened: Opened) -> Step<Self> {
        let t1 = opened.parsed.t1();
        if opened.level == Level::Tpdu {
            match opened.protocol {
                0 => {}
                1 if t1.tc.is_some_and(|tc| tc & 1 != 0) => return self.fail(Error::Block(BlockError::Crc)),
                1 => {
                    // A block has four octets besides what it carries.
                    let most = u8::try_from(self.room().saturating_sub(4)).unwrap_or(u8::MAX);
                    self.t1 = T1::new(t1.ta.unwrap_or(32).min(most));
                }
                other => return self.fail(Error::Protocol(other)),
            }
        }
        self.opened = Some(opened.clone());
        self.state = State::Idle;
        Effect::Done(Ok(Reply::Opened(opened)))
    }

    fn transfer(&mut self, apdu: &[u8]) -> Result<Task, Error> {
        let opened = self.opened.as_ref().ok_or(Error::NotOpen)?;
        let refused = Error::Apdu(apdu.len());
        let (transfer, octets, chain) = match (opened.level, opened.protocol) {
            _ if apdu.len() < 4 => return Err(refused),
            (Level::Tpdu, 1) => (Transfer::T1, self.t1.begin(apdu), 0),
            (Level::Tpdu, _) => {
                let t0 = T0::new(apdu).ok_or(refused)?;
                let first = t0.first();
                (Transfer::T0(t0), first, 0)
            }
            (Level::ExtendedApdu, _) => {
                let (octets, rest) = apdu.split_at_checked(self.room()).unwrap_or((apdu, &[]));
                let transfer = Transfer::Apdu { rest: rest.to_vec(), answer: Vec::new() };
                (transfer, octets.to_vec(), u8::from(!rest.is_empty()))
            }
            _ if apdu.len() > SHORT_APDU.min(self.room()) => return Err(refused),
            _ => (Transfer::Apdu { rest: Vec::new(), answer: Vec::new() }, apdu.to_vec(), 0),
        };
        Ok(Task::Transfer { transfer, octets, chain })
    }

    /// Octets of data that one message has room for; of a reader that does not say, those of a short APDU.
    fn room(&self) -> usize {
        let length = usize::try_from(self.descriptor.message_length).unwrap_or(usize::MAX);
        length.checked_sub(HEADER).filter(|room| *room > 0).unwrap_or(SHORT_APDU)
    }

    fn transferred(&mut self, transfer: Transfer, data: &[u8], chain: u8, now: u64) -> Step<Self> {
        match transfer {
            Transfer::T1 => match self.t1.next(data) {
                Err(error) => self.fail(Error::Block(error)),
                Ok(turn) => self.turn(Transfer::T1, turn, now),
            },
            Transfer::T0(mut t0) => {
                let turn = t0.next(data);
                self.turn(Transfer::T0(t0), turn, now)
            }
            Transfer::Apdu { rest, mut answer } => {
                answer.extend_from_slice(data);
                if answer.len() > MAX_RESPONSE {
                    return self.fail(Error::Response(answer.len()));
                }
                // bChainParameter and wLevelParameter (CCID 6.1.4, 6.2.1): 1 begins, 3 goes on, 2 ends, 10 wants more.
                match (rest.is_empty(), chain) {
                    (false, _) => {
                        let (octets, rest) = rest.split_at_checked(self.room()).unwrap_or((&rest, &[]));
                        let (octets, rest) = (octets.to_vec(), rest.to_vec());
                        let chain = if rest.is_empty() { 2 } else { 3 };
                        self.send(
                            Task::Transfer { transfer: Transfer::Apdu { rest, answer }, octets, chain },
                            now,
                        )
                    }
                    (true, 1 | 3) => {
                        let transfer = Transfer::Apdu { rest, answer };
                        self.send(Task::Transfer { transfer, octets: Vec::new(), chain: 0x10 }, now)
                    }
                    _ => self.done(answer),
                }
            }
        }
    }

    fn turn(&mut self, transfer: Transfer, turn: Turn, now: u64) -> Step<Self> {
        match turn {
            Turn::Send(octets) => self.send(Task::Transfer { transfer, octets, chain: 0 }, now),
            Turn::Done(response) => self.done(response),
        }
    }

    fn done(&mut self, response: Vec<u8>) -> Step<Self> {
        match response.len() {
            short @ 0..2 => self.fail(Error::Response(short)),
            _ => Effect::Done(Ok(Reply::Apdu(response))),
        }
    }
}

impl Task {
    /// Type, the three octets that it gives a meaning, and data.
    fn message(&self) -> (Kind, [u8; 3], Vec<u8>) {
        match self {
            Self::Status => (Kind::GetSlotStatus, [0; 3], Vec::new()),
            Self::PowerOff => (Kind::IccPowerOff, [0; 3], Vec::new()),
            Self::GetParameters(_) => (Kind::GetParameters, [0; 3], Vec::new()),
            Self::PowerOn { voltages } => {
                (Kind::IccPowerOn, [voltages.first().copied().unwrap_or(0), 0, 0], Vec::new())
            }
            Self::Transfer { octets, chain, .. } => (Kind::XfrBlock, [0, *chain, 0], octets.clone()),
            // CCID 6.1.7, for the values that hold without negotiation.
            Self::SetParameters(Opened { parsed, protocol, .. }) => {
                let inverse = if parsed.is_inverse { 0x02 } else { 0 };
                let (rate, guard, t1) = (parsed.default_rate(), parsed.guard_time(), parsed.t1());
                let crc = t1.tc.unwrap_or(0) & 1;
                let data = match protocol {
                    1 => {
                        let (waiting, ifsc) = (t1.tb.unwrap_or(0x4D), t1.ta.unwrap_or(32));
                        Vec::from([rate, 0x10 | inverse | crc, guard, waiting, 0, ifsc, 0])
                    }
                    _ => Vec::from([rate, inverse, guard, parsed.waiting_integer(), 0]),
                };
                (Kind::SetParameters, [*protocol, 0, 0], data)
            }
        }
    }
}
