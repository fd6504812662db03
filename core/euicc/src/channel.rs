//! One logical channel: what is selected on it, what a STORE DATA chain has
//! brought so far, what a response still has to give (ISO/IEC 7816-4).

use crate::apdu::{Command, Status};
use crate::uicc::ChannelState;
use alloc::vec::Vec;
use esim_rsp::check::{Checks, Rule};

/// Most octets of one ES10 command; a metadata segment with an icon needs 1,100.
const MAX_CHAIN: usize = 16 * 1024;

/// Most octets of one answer, however many are asked for: with its status word it fits the 16 bits that plugs give a
/// message. More waits for GET RESPONSE.
const MAX_ANSWER: usize = 0xFFFF - 2;

/// Most octets that one GET RESPONSE brings: its Le has one octet (TS 102 221 7.3.1.1.4, 10.1.6).
const MAX_GET_RESPONSE: u32 = 0x100;

const WAITS: Rule = Rule::new("TS 102 221 12.1.1", "an answer waits for GET RESPONSE");

/// Who answers on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Application {
    /// MF and the applications of the enabled profile.
    #[default]
    Uicc,
    /// Issuer security domain root.
    Isdr,
    /// Controlling authority security domain.
    Ecasd,
}

#[derive(Clone, Default)]
pub(crate) struct Channel {
    pub application: Application,
    pub uicc: ChannelState,
    chain: Vec<u8>,
    next_block: Option<u8>,
    response: Vec<u8>,
    response_status: Status,
}

impl Channel {
    /// Takes one STORE DATA block (SGP.22 5.7.2); the whole when it was the last.
    ///
    /// # Errors
    /// 6A86 for P1 or a block number that is not due, 6700 for an empty or
    /// endless chain.
    pub fn store_data(&mut self, command: &Command<'_>) -> Result<Option<Vec<u8>>, Status> {
        let last = match command.p1 {
            0x91 => true,
            0x11 => false,
            _ => return Err(Status::INCORRECT_P1_P2),
        };
        if command.p2 == 0 {
            self.drop_chain();
        } else if self.next_block != Some(command.p2) {
            self.drop_chain();
            return Err(Status::INCORRECT_P1_P2);
        }
        if command.data.is_empty() || self.chain.len() + command.data.len() > MAX_CHAIN {
            self.drop_chain();
            return Err(Status::WRONG_LENGTH);
        }
        self.chain.extend_from_slice(command.data);
        self.next_block = command.p2.checked_add(1);
        if !last {
            return Ok(None);
        }
        self.next_block = None;
        Ok(Some(core::mem::take(&mut self.chain)))
    }

    fn drop_chain(&mut self) {
        self.chain.clear();
        self.next_block = None;
    }

    /// Answers with as much as `le` asks for; the rest waits for GET RESPONSE.
    /// Without Le nothing is sent at once, as T=0 demands.
    pub fn answer(&mut self, data: Vec<u8>, status: Status, le: Option<u32>) -> (Vec<u8>, Status) {
        self.response = data;
        self.response_status = status;
        self.give(le.unwrap_or(0))
    }

    /// GET RESPONSE.
    ///
    /// # Errors
    /// 6985 if nothing waits.
    pub fn get_response(&mut self, le: Option<u32>, checks: Checks<'_>) -> Result<(Vec<u8>, Status), Status> {
        if !checks.that(&WAITS, || self.response.len().to_be_bytes(), !self.response.is_empty()) {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        Ok(self.give(le.unwrap_or(MAX_GET_RESPONSE).min(MAX_GET_RESPONSE)))
    }

    fn give(&mut self, le: u32) -> (Vec<u8>, Status) {
        let n = self.response.len().min(le as usize).min(MAX_ANSWER);
        let rest = self.response.split_off(n);
        let now = core::mem::replace(&mut self.response, rest);
        if self.response.is_empty() {
            return (now, self.response_status);
        }
        (now, Status::more_data(self.response.len()))
    }

    /// Another command than GET RESPONSE came: what waits is lost.
    pub fn drop_response(&mut self) {
        self.response.clear();
    }

    /// SELECT: the chain under way is lost.
    pub fn select(&mut self, application: Application) {
        self.application = application;
        self.drop_chain();
    }
}
