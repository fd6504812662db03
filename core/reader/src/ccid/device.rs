//! A virtual reader: bulk transfers in, bulk transfers out, a [`Card`] in its slot.

use super::descriptor::{Descriptor, Level};
use super::message::{HEADER, Kind, Message};
use super::t1::Block;
use crate::atr::Atr;
use crate::card::Card;
use alloc::vec::Vec;

/// How a reader is other than one would like. All of them are off by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quirks {
    /// Answers have a number that is not their command's.
    pub wrong_sequence: bool,
    /// Before each answer, one to the command before comes once more.
    pub stale_answer: bool,
    /// Times that more time is asked for before the card's answer.
    pub time_extensions: u8,
    /// Octets of a transfer; 0 for whole messages.
    pub packet: usize,
    /// Zeros that follow every message (acshk/acsccid issue 19).
    pub padding: usize,
    /// Commands that find the slot busy.
    pub busy: u8,
    /// The card does not answer when it is given power.
    pub is_mute: bool,
    /// The lowest bPowerSelect of 1 to 3 at which the card answers, counted from 5 V on; 0 for any.
    pub wants_power: u8,
    /// Nothing is answered at all.
    pub is_dead: bool,
}

/// A reader with one slot.
#[derive(Debug)]
pub struct Device<C> {
    descriptor: Descriptor,
    card: Option<C>,
    quirks: Quirks,
    protocol: Option<u8>,
    command: Vec<u8>,
    answer: Vec<u8>,
    /// What the card has answered, for who asks over T=0.
    held: Vec<u8>,
    /// N(S) of the card's next I-block.
    sends: u8,
}

impl<C: Card> Device<C> {
    /// A reader that describes itself so, with a card in it or without one.
    pub fn new(descriptor: Descriptor, card: Option<C>) -> Self {
        let none = Vec::new();
        let (command, answer, held) = (none.clone(), none.clone(), none);
        let quirks = Quirks::default();
        Self { descriptor, card, quirks, protocol: None, command, answer, held, sends: 0 }
    }

    /// The same with quirks.
    pub fn with_quirks(mut self, quirks: Quirks) -> Self {
        self.quirks = quirks;
        self
    }

    /// The card.
    pub fn card(&self) -> Option<&C> {
        self.card.as_ref()
    }

    /// Takes a bulk transfer; those that the reader sends.
    pub fn receive(&mut self, transfer: &[u8]) -> Vec<Vec<u8>> {
        let Ok(Some((command, _))) = Message::take(transfer) else { return Vec::new() };
        if self.quirks.is_dead {
            return Vec::new();
        }
        let mut messages = Vec::new();
        let said = |specific, data| Message { kind: command.kind.answer(), specific, data, ..command };
        if self.quirks.stale_answer {
            let sequence = command.sequence.wrapping_sub(1);
            messages.push(Message { sequence, ..said([self.status(), 0, 0], Vec::from([0x6F, 0x00])) });
        }
        let result = self.execute(&command);
        if command.kind == Kind::XfrBlock {
            let more_time = said([self.status() | 0x80, 1, 0], Vec::new());
            messages.extend((0..self.quirks.time_extensions).map(|_| more_time.clone()));
        }
        let mut answer = match result {
            Ok((data, more)) => said([self.status(), 0, more], data),
            Err(error) => said([self.status() | 0x40, error, 0], Vec::new()),
        };
        if self.quirks.wrong_sequence {
            answer.sequence = answer.sequence.wrapping_add(7);
        }
        messages.push(answer);
        messages.iter().flat_map(|message| self.transfers(message)).collect()
    }

    fn transfers(&self, message: &Message) -> Vec<Vec<u8>> {
        let mut octets = message.to_octets();
        octets.resize(octets.len() + self.quirks.padding, 0);
        match self.quirks.packet {
            0 => Vec::from([octets]),
            packet => octets.chunks(packet).map(<[u8]>::to_vec).collect(),
        }
    }

    /// bmICCStatus.
    fn status(&self) -> u8 {
        match (&self.card, self.protocol) {
            (None, _) => 2,
            (_, None) => 1,
            _ => 0,
        }
    }

    /// Data and the last of the three octets, or bError.
    fn execute(&mut self, command: &Message) -> Result<(Vec<u8>, u8), u8> {
        if self.quirks.busy > 0 {
            self.quirks.busy -= 1;
            return Err(0xE0);
        }
        let card = self.card.as_mut();
        match (command.kind, card) {
            (Kind::GetSlotStatus, _) => Ok((Vec::new(), 0)),
            (_, None) => Err(0xFE),
            (Kind::IccPowerOn, Some(card)) => {
                let [select, ..] = command.specific;
                if select == 0 && !self.descriptor.has(Descriptor::AUTO_VOLTAGE) {
                    return Err(7);
                }
                if self.quirks.is_mute || (self.quirks.wants_power > 0 && select > self.quirks.wants_power) {
                    return Err(0xFE);
                }
                let atr = card.reset();
                self.protocol = Some(Atr::parse(&atr).map_or(0, |atr| atr.first_protocol()));
                self.sends = 0;
                Ok((atr, 0))
            }
            (Kind::IccPowerOff, _) => {
                self.protocol = None;
                Ok((Vec::new(), 0))
            }
            (Kind::SetParameters | Kind::GetParameters, _) => {
                Ok((command.data.clone(), self.protocol.unwrap_or(0)))
            }
            (Kind::XfrBlock, Some(_)) => match (self.descriptor.level(), self.protocol) {
                (_, None) => Err(0xFE),
                (Level::Tpdu, Some(1)) => Ok((self.block(&command.data), 0)),
                (Level::Tpdu, _) => Ok((self.tpdu(&command.data), 0)),
                _ => Ok(self.apdu(&command.data, command.specific[1])),
            },
            _ => Err(0x00),
        }
    }

    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.card.as_mut().map(|card| card.transmit(apdu)).unwrap_or_default()
    }

    /// An APDU, or a part of one; the response, or a part of it.
    fn apdu(&mut self, data: &[u8], level: u8) -> (Vec<u8>, u8) {
        if level != 0x10 {
            self.command.extend_from_slice(data);
            if matches!(level, 1 | 3) {
                return (Vec::new(), 0x10);
            }
            let apdu = core::mem::take(&mut self.command);
            self.answer = self.transmit(&apdu);
        }
        let room = (self.descriptor.message_length as usize).saturating_sub(HEADER).max(1);
        let rest = self.answer.split_off(self.answer.len().min(room));
        let part = core::mem::replace(&mut self.answer, rest);
        let chain = match (level == 0x10, self.answer.is_empty()) {
            (false, true) => 0,
            (false, false) => 1,
            (true, false) => 3,
            (true, true) => 2,
        };
        (part, chain)
    }

    /// A TPDU of T=0: data goes one way alone.
    fn tpdu(&mut self, tpdu: &[u8]) -> Vec<u8> {
        let (&[_, instruction, .., length], has_data) = match tpdu.first_chunk::<5>() {
            Some(header) => (header, tpdu.len() > 5),
            None => return Vec::from([0x67, 0x00]),
        };
        let wanted = if length == 0 { 256 } else { usize::from(length) };
        let response = match (instruction, self.held.is_empty()) {
            (0xC0, false) => core::mem::take(&mut self.held),
            _ => self.transmit(tpdu),
        };
        match response.split_last_chunk::<2>() {
            Some((data, _)) if has_data && !data.is_empty() => {
                let more = data.len() as u8;
                self.held = response;
                Vec::from([0x61, more])
            }
            Some((data, _)) if !has_data && !data.is_empty() && data.len() != wanted => {
                let exact = data.len() as u8;
                if instruction == 0xC0 {
                    self.held = response;
                }
                Vec::from([0x6C, exact])
            }
            _ => response,
        }
    }

    /// A block of T=1. This card takes chains, and answers in blocks of 32 octets.
    fn block(&mut self, octets: &[u8]) -> Vec<u8> {
        let Some(Block { pcb, inf }) = Block::parse(octets) else {
            return Block { pcb: 0x81, inf: Vec::new() }.to_octets();
        };
        match pcb {
            0x00..=0x7F => {
                self.command.extend(inf);
                if pcb & 0x20 != 0 {
                    return Block { pcb: 0x80 | ((pcb ^ 0x40) & 0x40) >> 2, inf: Vec::new() }.to_octets();
                }
                let apdu = core::mem::take(&mut self.command);
                self.answer = self.transmit(&apdu);
                // It asks for time first.
                Block { pcb: 0xC3, inf: Vec::from([1]) }.to_octets()
            }
            _ => {
                let rest = self.answer.split_off(self.answer.len().min(32));
                let inf = core::mem::replace(&mut self.answer, rest);
                let more = if self.answer.is_empty() { 0 } else { 0x20 };
                let block = Block { pcb: self.sends | more, inf };
                self.sends ^= 0x40;
                block.to_octets()
            }
        }
    }
}
