//! The one place that messages pass between any two parties: here a world stops, and here they are dropped, delayed,
//! doubled, replayed, cut, changed. Parties know nothing of it; what stands in the trace is what has arrived.
//!
//! Off by default: without a break point or a tampering every message goes through as it is.

mod change;
mod filter;
mod line;
pub(crate) mod path;
mod tampering;
mod words;

pub use filter::{Filter, Message};
pub use line::Line;
pub use tampering::{Certificate, Edit, How, Other, Place, Put, Signer, Tampering};

pub(crate) use change::{Forge, edited};
pub(crate) use line::Call;

use crate::device::CardFault;
use crate::outside::Heard;
use crate::words::Words;
use esim_net::{Entry, Node};
use esim_rsp::trace::{Party, Record};
use serde::Serialize;
use std::sync::Arc;

/// Break points and tamperings of a world, and what they did.
#[derive(Clone)]
pub(crate) struct Links {
    forge: Arc<Forge>,
    tampering: Vec<Armed<Tampering>>,
    breaks: Vec<Armed<Filter>>,
    /// Break points hold from here on: what came before was looked at.
    pub beyond: Option<u32>,
    /// The message at which the act under way was stopped.
    pub stopped: Option<u32>,
    /// Seconds by which messages of the act under way were late.
    pub late: Late,
    /// Clocks that are off: whose, of which device, by how many seconds.
    off: Vec<(Party, usize, i64)>,
    done: Vec<Tampered>,
    /// What came from outside since the world began.
    pub heard: Vec<Arc<Heard>>,
}

/// Seconds by which messages were late, and how much of it who has a clock knows of.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Late {
    pub seconds: i64,
    pub card: i64,
    pub sm: i64,
}

#[derive(Clone)]
struct Armed<T> {
    what: T,
    /// Messages that still go by first.
    skip: u32,
    /// How often it was done.
    done: u32,
}

impl<T> Armed<T> {
    fn new(what: T, skip: u32) -> Self {
        Self { what, skip, done: 0 }
    }

    /// Whether it is the turn of a message that is meant.
    fn is_due(&mut self) -> bool {
        let due = self.skip == 0;
        self.skip = self.skip.saturating_sub(1);
        due
    }
}

/// What was done to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Tampered {
    /// Its number in the trace.
    pub message: u32,
    /// What.
    pub how: How,
    /// As it was sent, hexadecimal, where something else has arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub sent: Option<String>,
    /// Whether that changed anything: a field that is not there cannot be edited.
    pub effective: bool,
    /// Why it could not be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub why: Option<Words>,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It arrives.
    #[default]
    Arrives,
    /// It does not, ever.
    Lost,
    /// It arrives twice.
    Twice,
}

/// A message that has passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    pub fate: Fate,
    /// What arrives in its place.
    pub changed: Option<Vec<u8>>,
    /// Seconds that it took.
    pub late: u32,
    /// What happens to a card meanwhile.
    pub card: Option<CardFault>,
}

impl Links {
    pub fn new(forge: Forge) -> Self {
        Self {
            forge: Arc::new(forge),
            tampering: Vec::new(),
            breaks: Vec::new(),
            beyond: None,
            stopped: None,
            late: Late::default(),
            off: Vec::new(),
            done: Vec::new(),
            heard: Vec::new(),
        }
    }

    /// Arms a tampering.
    ///
    /// # Errors
    /// A sentence: why it can do nothing.
    pub fn tamper(&mut self, tampering: Tampering) -> Result<(), String> {
        tampering.at.check()?;
        let skip = tampering.at.skip;
        self.tampering.push(Armed::new(tampering, skip));
        Ok(())
    }

    /// Arms a break point.
    ///
    /// # Errors
    /// As for [`Links::tamper`].
    pub fn stop_at(&mut self, filter: Filter) -> Result<(), String> {
        filter.check()?;
        let skip = filter.skip;
        self.breaks.push(Armed::new(filter, skip));
        Ok(())
    }

    /// Whether there is a break point.
    pub fn has_breaks(&self) -> bool {
        !self.breaks.is_empty()
    }

    /// An act begins; what comes up to message `beyond` was looked at.
    pub fn begin(&mut self, beyond: Option<u32>) {
        self.beyond = beyond;
        self.stopped = None;
    }

    /// A clock is off.
    pub fn note_clock(&mut self, of: Party, device: usize, seconds: i64) {
        self.off.push((of, device, seconds));
    }

    /// Everything goes through as it is again; clocks that are off, and by how much.
    pub fn mend(&mut self) -> Vec<(Party, usize, i64)> {
        self.tampering.clear();
        self.breaks.clear();
        self.begin(None);
        core::mem::take(&mut self.off)
    }

    /// What was done since it was asked last.
    pub fn take_done(&mut self) -> Vec<Tampered> {
        core::mem::take(&mut self.done)
    }

    /// Whether a message between two nodes of the network arrives. What comes from the device or goes to it passes
    /// where the device is.
    pub fn carries(&mut self, n: u32, entry: &Entry) -> bool {
        if [entry.from, entry.to].contains(&Node::Modem) {
            return self.stopped.is_none();
        }
        let ends = (party(entry.from), party(entry.to));
        let (interface, function) = (entry.interface, &*entry.function);
        let passed = self.pass(&Message { n, ends, interface, function, bytes: &entry.bytes }, &[]);
        passed.fate != Fate::Lost && passed.changed.is_none()
    }

    pub fn is_off(&self) -> bool {
        self.tampering.is_empty() && self.breaks.is_empty() && self.stopped.is_none()
    }

    /// Lets a message pass; `before` is what was said so far.
    pub fn pass(&mut self, message: &Message<'_>, before: &[Record]) -> Passed {
        if self.is_off() {
            return Passed::default();
        }
        let lost = Passed { fate: Fate::Lost, ..Passed::default() };
        if self.stopped.is_some() {
            return lost;
        }
        if self.stops(message) {
            self.stopped = Some(message.n);
            return lost;
        }
        let mut passed = Passed::default();
        for at in 0..self.tampering.len() {
            let armed = &mut self.tampering[at];
            if !armed.what.at.means(message) || !armed.is_due() {
                continue;
            }
            armed.done += 1;
            let how = armed.what.how.clone();
            let sent = passed.changed.clone().unwrap_or_else(|| message.bytes.to_vec());
            let why = self.apply(&how, &sent, message, before, &mut passed).err();
            let sent = passed.changed.as_ref().filter(|now| **now != sent).map(|_| hex::encode(&sent));
            let effective = why.is_none();
            self.done.push(Tampered { message: message.n, how, sent, effective, why });
        }
        self.tampering.retain(|armed| armed.what.times == 0 || armed.done < armed.what.times);
        self.late.seconds += i64::from(passed.late);
        passed
    }

    fn stops(&mut self, message: &Message<'_>) -> bool {
        let is_new = self.beyond.is_none_or(|beyond| message.n > beyond);
        let meant = |armed: &mut Armed<Filter>| armed.what.means(message) && armed.is_due();
        // Each counts for itself what goes by.
        let met = self.breaks.iter_mut().map(meant).filter(|stops| *stops).count();
        is_new && met > 0
    }

    /// The forge of this world.
    pub fn forge(&self) -> &Forge {
        &self.forge
    }

    /// Does it.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn apply(
        &self,
        how: &How,
        sent: &[u8],
        message: &Message<'_>,
        before: &[Record],
        passed: &mut Passed,
    ) -> Result<(), Words> {
        let is_command = message.interface == "APDU" && message.ends.1 == Party::Euicc;
        let to_card = |fault| match is_command {
            true => Ok(Some(fault)),
            false => Err(Words::new(
                "this happens to a card while it works on a command: choose an APDU",
                "これはカードがコマンドを処理している間に起こることです。APDUを選んでください",
            )),
        };
        let record = || Record {
            n: message.n,
            at: 0,
            from: message.ends.0,
            to: message.ends.1,
            interface: message.interface.into(),
            function: message.function.into(),
            bytes: sent.to_vec(),
        };
        let too_short = || {
            let length = sent.len();
            Words::new(
                format!("the message has only {length} octets"),
                format!("メッセージは{length}オクテットしかありません"),
            )
        };
        let none_before = || {
            Words::new(
                "no message of this function has gone this way before",
                "この機能のメッセージは、これより前にこの向きでは送られていません",
            )
        };
        let changed = match how {
            How::Drop => {
                passed.fate = Fate::Lost;
                return Ok(());
            }
            How::Delay(seconds) => {
                passed.late = passed.late.saturating_add(*seconds);
                return Ok(());
            }
            How::Duplicate => {
                passed.fate = Fate::Twice;
                return Ok(());
            }
            How::PowerCut(writes) => {
                passed.card = to_card(CardFault::PowerCut(*writes))?;
                return Ok(());
            }
            How::MemoryFull => {
                passed.card = to_card(CardFault::MemoryFull)?;
                return Ok(());
            }
            How::Replay => replayed(message, before).ok_or_else(none_before),
            How::Truncate(length) => sent.get(..*length).map(<[u8]>::to_vec).ok_or_else(too_short),
            How::Flip { octet, mask } => flipped(sent, *octet, *mask).ok_or_else(too_short),
            How::Edit(edit) => self.forge.edit(&record(), edit, before),
            How::Certificate(certificate) => self.forge.replace(&record(), certificate),
        };
        passed.changed = Some(changed?);
        Ok(())
    }
}

fn replayed(message: &Message<'_>, before: &[Record]) -> Option<Vec<u8>> {
    let same = |record: &&Record| {
        (record.from, record.to) == message.ends
            && record.interface == message.interface
            && record.function == message.function
            && record.n < message.n
    };
    before.iter().rev().find(same).map(|record| record.bytes.clone())
}

fn flipped(sent: &[u8], octet: isize, mask: u8) -> Option<Vec<u8>> {
    let at = match octet {
        0.. => octet.unsigned_abs(),
        _ => sent.len().checked_sub(octet.unsigned_abs())?,
    };
    let mut changed = sent.to_vec();
    *changed.get_mut(at)? ^= mask;
    Some(changed)
}

/// A node of the network, as the trace calls it.
pub(crate) fn party(node: Node) -> Party {
    match node {
        Node::Modem => Party::Modem,
        Node::Mme => Party::Mme,
        Node::Sgsn => Party::Sgsn,
        Node::Hss => Party::Hss,
        Node::Gateway => Party::Gateway,
        Node::Policy => Party::Policy,
        Node::Msc => Party::Msc,
        Node::Sm => Party::Sm,
        Node::Internet => Party::Internet,
    }
}
