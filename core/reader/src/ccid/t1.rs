//! APDUs over blocks of T=1 (ISO/IEC 7816-3 clause 11), with LRC.

use super::t0::Turn;
use alloc::vec::Vec;

/// Times that a block is repeated before the card is given up (ISO/IEC 7816-3 11.6.3).
const MAX_REPEATS: u8 = 3;
/// Blocks that one APDU may take; a card that leads nowhere is given up.
const MAX_BLOCKS: u32 = 10_000;
/// Octets of the longest response APDU.
const MAX_RESPONSE: usize = 65_538;

/// Why blocks have led to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// The card wants a CRC at the end of blocks.
    #[error("the card wants blocks of T=1 with a CRC, which is not carried")]
    Crc,
    /// Blocks came damaged, or out of turn, again and again.
    #[error("the card and the reader do not understand each other's blocks (T=1)")]
    Repeated,
    /// S(ABORT request).
    #[error("the card has aborted a chain of blocks (T=1)")]
    Aborted,
    /// More than any response APDU.
    #[error("the card's answer does not end (T=1)")]
    Endless,
}

/// A block without its check octet's value: what is sound or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) pcb: u8,
    pub(super) inf: Vec<u8>,
}

impl Block {
    /// None if its length or its LRC is wrong.
    pub(super) fn parse(octets: &[u8]) -> Option<Self> {
        let (&[_, pcb, length], rest) = octets.split_first_chunk::<3>()?;
        let (_, inf) = rest.split_last()?;
        let is_sound = inf.len() == usize::from(length) && octets.iter().fold(0, |sum, it| sum ^ it) == 0;
        is_sound.then(|| Self { pcb, inf: inf.to_vec() })
    }

    pub(super) fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::from([0, self.pcb, self.inf.len() as u8]);
        octets.extend_from_slice(&self.inf);
        octets.push(octets.iter().fold(0, |sum, it| sum ^ it));
        octets
    }
}

/// The device's end of T=1. Its numbers go on from APDU to APDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct T1 {
    /// Most octets of INF that the card takes (IFSC).
    ifsc: usize,
    /// N(S) of the next I-block, as a bit of PCB.
    sends: u8,
    /// N(S) of the I-block that is awaited.
    awaits: u8,
    rest: Vec<u8>,
    last: Vec<u8>,
    answer: Vec<u8>,
    repeats: u8,
    blocks: u32,
}

impl T1 {
    pub(super) fn new(ifsc: u8) -> Self {
        let ifsc = usize::from(ifsc.clamp(1, 254));
        let none = Vec::new();
        Self {
            ifsc,
            sends: 0,
            awaits: 0,
            rest: none.clone(),
            last: none.clone(),
            answer: none,
            repeats: 0,
            blocks: 0,
        }
    }

    /// Begins an APDU; the block to send.
    pub(super) fn begin(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.rest = apdu.to_vec();
        self.answer.clear();
        self.repeats = 0;
        self.blocks = 0;
        self.next_information()
    }

    /// Takes a block of the card's.
    pub(super) fn next(&mut self, octets: &[u8]) -> Result<Turn, BlockError> {
        self.blocks += 1;
        if self.blocks > MAX_BLOCKS {
            return Err(BlockError::Endless);
        }
        let Some(Block { pcb, inf }) = Block::parse(octets) else { return self.ask_again(1) };
        match pcb {
            // I-block.
            0x00..=0x7F if pcb & 0x40 == self.awaits && self.rest.is_empty() => self.information(pcb, &inf),
            // R-block: the next I-block of a chain is awaited, or the last one once more.
            0x80..=0xBF if (pcb << 2) & 0x40 == self.sends && !self.rest.is_empty() => {
                self.repeats = 0;
                Ok(Turn::Send(self.next_information()))
            }
            0x80..=0xBF if (pcb << 2) & 0x40 != self.sends => self.repeat(),
            // S(IFS request), S(WTX request): both are granted.
            0xC1 | 0xC3 => {
                if let (0xC1, Some(ifsc)) = (pcb, inf.first()) {
                    self.ifsc = usize::from((*ifsc).clamp(1, 254));
                }
                Ok(Turn::Send(Block { pcb: pcb | 0x20, inf }.to_octets()))
            }
            0xC2 => Err(BlockError::Aborted),
            _ => self.ask_again(2),
        }
    }

    fn information(&mut self, pcb: u8, inf: &[u8]) -> Result<Turn, BlockError> {
        self.repeats = 0;
        self.awaits ^= 0x40;
        self.answer.extend_from_slice(inf);
        match pcb & 0x20 {
            _ if self.answer.len() > MAX_RESPONSE => Err(BlockError::Endless),
            0 => Ok(Turn::Done(core::mem::take(&mut self.answer))),
            _ => Ok(Turn::Send(self.receive_ready(0))),
        }
    }

    /// The next I-block of the APDU.
    fn next_information(&mut self) -> Vec<u8> {
        let rest = self.rest.split_off(self.rest.len().min(self.ifsc));
        let inf = core::mem::replace(&mut self.rest, rest);
        let more = if self.rest.is_empty() { 0 } else { 0x20 };
        self.last = Block { pcb: self.sends | more, inf }.to_octets();
        self.sends ^= 0x40;
        self.last.clone()
    }

    fn receive_ready(&mut self, error: u8) -> Vec<u8> {
        Block { pcb: 0x80 | (self.awaits >> 2) | error, inf: Vec::new() }.to_octets()
    }

    fn repeat(&mut self) -> Result<Turn, BlockError> {
        let last = self.last.clone();
        self.counted(last)
    }

    fn ask_again(&mut self, error: u8) -> Result<Turn, BlockError> {
        let block = self.receive_ready(error);
        self.counted(block)
    }

    fn counted(&mut self, block: Vec<u8>) -> Result<Turn, BlockError> {
        self.repeats += 1;
        if self.repeats > MAX_REPEATS { Err(BlockError::Repeated) } else { Ok(Turn::Send(block)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    fn octets(text: &str) -> Vec<u8> {
        hex::decode(text.replace(' ', "")).unwrap()
    }

    /// LudovicRousseau/CCID issue 72: a card that counts its blocks wrong, and a program that asks again for ever.
    #[test]
    fn blocks_that_another_program_has_recorded() {
        let mut t1 = T1::new(254);
        // The recording begins with N(S) = 1.
        t1.sends = 0x40;
        t1.awaits = 0x40;
        let select = octets("00 A4 04 00 06 11 22 33 44 55 66");
        assert_eq!(t1.begin(&select), octets("00 40 0B 00 A4 04 00 06 11 22 33 44 55 66 9A"));
        let again = Ok(Turn::Send(octets("00 92 00 92")));
        assert_eq!(t1.next(&octets("00 82 00 82")), again);
        let out_of_turn = octets("00 00 02 6D 00 6F");
        assert_eq!(t1.next(&out_of_turn), again);
        assert_eq!(t1.next(&out_of_turn), again);
        assert_eq!(t1.next(&out_of_turn), Err(BlockError::Repeated));
    }

    #[test]
    fn long_apdus_go_in_chains_and_waiting_times_are_granted() {
        let mut t1 = T1::new(3);
        let first = Block::parse(&t1.begin(&[1, 2, 3, 4])).unwrap();
        assert_eq!(first, Block { pcb: 0x20, inf: vec![1, 2, 3] });
        let ready = Block { pcb: 0x90, inf: vec![] }.to_octets();
        let Ok(Turn::Send(second)) = t1.next(&ready) else { panic!("the next block") };
        assert_eq!(Block::parse(&second).unwrap(), Block { pcb: 0x40, inf: vec![4] });
        let wait = Block { pcb: 0xC3, inf: vec![2] }.to_octets();
        assert_eq!(t1.next(&wait), Ok(Turn::Send(Block { pcb: 0xE3, inf: vec![2] }.to_octets())));
        let part = Block { pcb: 0x20, inf: vec![7] }.to_octets();
        assert_eq!(t1.next(&part), Ok(Turn::Send(Block { pcb: 0x90, inf: vec![] }.to_octets())));
        let end = Block { pcb: 0x40, inf: vec![0x90, 0] }.to_octets();
        assert_eq!(t1.next(&end), Ok(Turn::Done(vec![7, 0x90, 0])));
    }

    #[test]
    fn damaged_blocks_are_asked_for_three_times() {
        let mut t1 = T1::new(32);
        t1.begin(&[1]);
        for _ in 0..MAX_REPEATS {
            assert_eq!(t1.next(&[0, 0, 0, 1]), Ok(Turn::Send(octets("00 81 00 81"))));
        }
        assert_eq!(t1.next(&[0, 0, 0, 1]), Err(BlockError::Repeated));
    }
}
