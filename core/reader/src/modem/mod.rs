//! A virtual modem without I/O: octets in, octets out, a [`Card`] behind it. It speaks one of the [`DIALECTS`].

mod commands;
mod dialect;
mod dialects;
mod form;

pub use dialect::{Channels, Csim, Dialect, Echo, End, Errors, Form, Length, TestCommands};
pub use dialects::{DIALECTS, STANDARD};

use crate::card::Card;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use form::Answer;

/// Octets of the longest command line; what is longer is answered with an error.
const MAX_COMMAND: usize = 2_048;

/// What is in the modem's slot, as `AT+CPIN?` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sim {
    /// A card that may be used.
    Ready,
    /// None.
    Absent,
    /// A card that wants its PIN.
    Pin,
    /// A card that wants its PUK.
    Puk,
    /// A card that is busy for so many commands more.
    Busy(u8),
}

/// A modem with a card in it.
#[derive(Debug)]
pub struct Modem<C> {
    dialect: Dialect,
    card: C,
    sim: Sim,
    line: Vec<u8>,
    echoes: bool,
    /// 0: `ERROR`, 1: numbers, 2: words (TS 27.007 9.1).
    cmee: u8,
    /// `AT+CFUN` (TS 27.007 8.2).
    function: u8,
    /// Channels of the card, by session id.
    sessions: BTreeMap<String, u8>,
    is_first_line: bool,
}

impl<C: Card> Modem<C> {
    /// A modem that has just been given power, and its card with it.
    pub fn new(dialect: Dialect, mut card: C) -> Self {
        card.reset();
        Self {
            dialect,
            card,
            sim: Sim::Ready,
            line: Vec::new(),
            echoes: dialect.echo != Echo::Off,
            cmee: 0,
            function: 1,
            sessions: BTreeMap::new(),
            is_first_line: true,
        }
    }

    /// The same with something else in its slot.
    pub fn with_sim(mut self, sim: Sim) -> Self {
        self.sim = sim;
        self
    }

    /// The card.
    pub fn card(&self) -> &C {
        &self.card
    }

    /// The card, to be changed.
    pub fn card_mut(&mut self) -> &mut C {
        &mut self.card
    }

    /// Sessions that `+CCHO` has opened and nothing has closed.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Takes octets from the port, in whatever pieces; what the modem sends.
    pub fn receive(&mut self, octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for octet in octets {
            match octet {
                b'\r' => {
                    let line = core::mem::take(&mut self.line);
                    self.execute(&line, &mut out);
                }
                b'\n' => {}
                _ if self.line.len() <= MAX_COMMAND => self.line.push(*octet),
                _ => {}
            }
        }
        out
    }

    fn execute(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let text = String::from_utf8_lossy(line);
        if self.echoes {
            // A port that wakes up may lose the first octet.
            let lost = usize::from(self.dialect.echo == Echo::Clipped && self.is_first_line);
            out.extend_from_slice(line.get(lost..).unwrap_or_default());
            out.extend_from_slice(b"\r\n");
        }
        self.is_first_line = false;
        let command = text.trim();
        let answer = match command.split_at_checked(2) {
            _ if line.len() > MAX_COMMAND => Answer::Error(3),
            Some((at, rest)) if at.eq_ignore_ascii_case("AT") => self.command(rest),
            // V.250 5.2.1: what does not begin with AT is no command.
            _ => return,
        };
        form::write(&self.dialect, self.cmee, &answer, out);
    }
}
