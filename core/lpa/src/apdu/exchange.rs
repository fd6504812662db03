//! One ES10 command over STORE DATA (SGP.22 5.7.2).

use super::{apdu, class, is_success, split};
use crate::octets;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Most blocks of one chain: P2 counts in one octet.
const MAX_BLOCKS: usize = 256;
/// Answers without data that are borne in a row, `61xx` and `6Cxx`.
const MAX_IDLE: u8 = 4;
/// Longest answer collected; no ES10 answer comes near it.
const MAX_RESPONSE: usize = 0x2_0000;

/// A command on its way to the card and its answer on the way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    channel: u8,
    block: u8,
    #[serde(with = "octets")]
    payload: Vec<u8>,
    /// Octets of the payload that the card has been given.
    sent: usize,
    #[serde(with = "octets")]
    answer: Vec<u8>,
    /// The APDU that awaits an answer.
    #[serde(with = "octets")]
    last: Vec<u8>,
    /// Whether the card wants GET RESPONSE in the proprietary class.
    proprietary_class: bool,
    /// Answers in a row that brought nothing.
    idle: u8,
}

/// What an [`Exchange`] wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send this, and come back with the answer.
    Apdu(Vec<u8>),
    /// Here is the card's answer.
    Done(Reply),
}

/// A card's answer to one ES10 command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// All data of the answer.
    pub data: Vec<u8>,
    /// The last status word; 0000 if a response was too short to have one.
    pub sw: u16,
}

impl Reply {
    /// 91xx: the command succeeded and the card has a proactive command (a
    /// REFRESH, after switching profiles) for whoever speaks to it as a terminal.
    pub fn proactive_pending(&self) -> bool {
        self.sw & 0xFF00 == 0x9100
    }
}

impl Exchange {
    /// A command of `payload`, in blocks of `block` octets (1 to 255; 0 counts
    /// as 1). Blocks grow where 256 of them would not be enough.
    pub fn new(channel: u8, payload: Vec<u8>, block: u8) -> Self {
        let needed = payload.len().div_ceil(MAX_BLOCKS).clamp(1, 255) as u8;
        Self {
            channel,
            block: block.max(needed),
            payload,
            sent: 0,
            answer: Vec::new(),
            last: Vec::new(),
            proprietary_class: false,
            idle: 0,
        }
    }

    /// Octets of the payload that have been sent.
    pub fn sent(&self) -> usize {
        self.sent
    }

    /// Takes the answer to the APDU before (none at first) and gives the next
    /// one, or the card's whole answer.
    ///
    /// A payload that no chain can carry (none, or over 65,280 octets) is
    /// answered with 6700, as a card would.
    pub fn next(&mut self, response: Option<&[u8]>) -> Next {
        let Some(response) = response else {
            return self.next_block(0x6700);
        };
        let (data, sw) = split(response);
        self.answer.extend_from_slice(data);
        self.idle = if data.is_empty() { self.idle.saturating_add(1) } else { 0 };
        match sw {
            _ if self.answer.len() > MAX_RESPONSE => self.done(sw),
            0x6100..=0x61FF | 0x6C00..=0x6CFF if self.idle > MAX_IDLE => self.done(sw),
            0x6100..=0x61FF => self.send(self.get_response(sw)),
            0x6C00..=0x6CFF if !self.has_exact_length() => {
                let mut again = core::mem::take(&mut self.last);
                set_length(&mut again, sw as u8);
                self.send(again)
            }
            // Some cards know GET RESPONSE in the class of the command only.
            0x6E00 if self.is_get_response() && !self.proprietary_class => {
                self.proprietary_class = true;
                let mut again = core::mem::take(&mut self.last);
                if let Some(class) = again.first_mut() {
                    *class |= 0x80;
                }
                self.send(again)
            }
            sw if is_success(sw) || matches!(sw >> 8, 0x62 | 0x63) => self.next_block(sw),
            sw => self.done(sw),
        }
    }

    /// The next block, or the end of the exchange with `sw` if there is none.
    fn next_block(&mut self, sw: u16) -> Next {
        let block = usize::from(self.block);
        let rest = self.payload.get(self.sent..).unwrap_or_default();
        if rest.is_empty() {
            return self.done(sw);
        }
        let fits = self.payload.len() <= block * MAX_BLOCKS;
        let Some(number) = u8::try_from(self.sent / block).ok().filter(|_| fits) else {
            return self.done(0x6700);
        };
        let take = rest.len().min(block);
        let p1 = if take == rest.len() { 0x91 } else { 0x11 };
        // No Le: readers for T=0 choke on it, and T=0 cards announce their data with 61xx.
        let next = apdu([class(0x80, self.channel), 0xE2, p1, number], &rest[..take]);
        self.sent += take;
        self.idle = 0;
        self.send(next)
    }

    fn get_response(&self, sw: u16) -> Vec<u8> {
        let base = if self.proprietary_class { 0x80 } else { 0 };
        Vec::from([class(base, self.channel), 0xC0, 0, 0, sw as u8])
    }

    fn is_get_response(&self) -> bool {
        self.last.get(1) == Some(&0xC0)
    }

    /// Whether the last APDU ends with a length the card has named already.
    fn has_exact_length(&self) -> bool {
        let data = self.last.get(4).map_or(0, |length| usize::from(*length));
        !self.is_get_response() && self.last.len() > 5 + data
    }

    fn send(&mut self, apdu: Vec<u8>) -> Next {
        self.last.clone_from(&apdu);
        Next::Apdu(apdu)
    }

    fn done(&mut self, sw: u16) -> Next {
        Next::Done(Reply { data: core::mem::take(&mut self.answer), sw })
    }
}

/// Gives an APDU the length of the answer that the card wants to be asked for.
fn set_length(apdu: &mut Vec<u8>, exact: u8) {
    if let [_, 0xC0, _, _, length] = apdu.as_mut_slice() {
        *length = exact;
    } else {
        apdu.push(exact);
    }
}
