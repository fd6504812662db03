//! The modem's words with the card: responses in several parts, and AUTHENTICATE (TS 31.102 7.1).

use super::usim::Next;
use super::{Challenge, Effect, Modem, ModemError, Procedure, UsimError, umts};
use crate::cause::{Cause, Domain};
use crate::nas::{self, Message};
use alloc::vec;
use alloc::vec::Vec;

impl Modem {
    /// AUTHENTICATE in the 3G context (TS 31.102 7.1.2.1).
    pub(super) fn authenticate(&mut self, message: &Message, reference: u8) -> Effect {
        let (rand, autn) = (message.value("RAND"), message.value("AUTN"));
        let autn = autn.and_then(|autn| <[u8; 16]>::try_from(autn).ok());
        let (Some(rand), Some(autn)) = (rand, autn) else { return Effect::Listen };
        self.challenge = Some(Challenge { autn, reference });
        let mut apdu = vec![0x00, 0x88, 0x00, 0x81, 0x22, 0x10];
        apdu.extend_from_slice(rand);
        apdu.push(0x10);
        apdu.extend_from_slice(&autn);
        apdu.push(0x00);
        self.card_command(apdu)
    }

    pub(super) fn card_command(&mut self, apdu: Vec<u8>) -> Effect {
        self.last.clone_from(&apdu);
        self.collected.clear();
        Effect::Card(apdu)
    }

    /// The one place for 61xx and 6Cxx.
    pub(super) fn card(&mut self, response: &[u8]) -> Effect {
        let Some(at) = response.len().checked_sub(2) else {
            return self.finish(Err(UsimError::Card { what: "a command", sw: 0 }.into()));
        };
        let (sw1, sw2) = (response[at], response[at + 1]);
        self.collected.extend_from_slice(&response[..at]);
        match sw1 {
            0x61 => Effect::Card(vec![0x00, 0xC0, 0x00, 0x00, sw2]),
            0x6C => {
                if let Some(le) = self.last.last_mut() {
                    *le = sw2;
                }
                Effect::Card(self.last.clone())
            }
            _ => {
                let data = core::mem::take(&mut self.collected);
                self.card_answered(&data, u16::from_be_bytes([sw1, sw2]))
            }
        }
    }

    fn card_answered(&mut self, data: &[u8], sw: u16) -> Effect {
        if let Some(challenge) = self.challenge.take() {
            return self.authenticated(&challenge, data, sw);
        }
        if self.procedure != Procedure::Read {
            return self.finish(Err(ModemError::OutOfOrder));
        }
        match self.reader.answered(data, sw) {
            Err(error) => self.finish(Err(error.into())),
            Ok(Next::Send(apdu)) => self.card_command(apdu),
            Ok(Next::Read) => {
                self.usim = Some(self.reader.report().clone());
                self.procedure = Procedure::Attach;
                self.try_cell()
            }
        }
    }

    /// `DB` RES CK IK, `DC` AUTS, or 9862 (TS 31.102 7.1.2.1).
    fn authenticated(&mut self, challenge: &Challenge, data: &[u8], sw: u16) -> Effect {
        if sw == 0x9862 {
            return self.authentication_failed(20, None);
        }
        let parts = || length_values(data.get(1..)?);
        match (data.first(), parts().as_deref()) {
            (Some(0xDC), Some([auts, ..])) if auts.len() == 14 => {
                let auts = auts.to_vec();
                self.authentication_failed(21, Some(&auts))
            }
            (Some(0xDB), Some([res, ck, ik, ..])) if ck.len() == 16 && ik.len() == 16 => {
                match self.is_lte() {
                    true => self.lte_authenticated(challenge, res, ck, ik),
                    false => Effect::Send(umts::authentication_response(challenge.reference, res)),
                }
            }
            _ => self.finish(Err(UsimError::Card { what: "AUTHENTICATE", sw }.into())),
        }
    }

    fn authentication_failed(&mut self, cause: u8, auts: Option<&[u8]>) -> Effect {
        let is_lte = self.is_lte();
        let domain = if is_lte { Domain::Emm } else { Domain::Gmm };
        self.reported = Some(Cause::new(domain, u16::from(cause)));
        let (def, element) = match is_lte {
            true => (nas::AUTHENTICATION_FAILURE, "EMM cause"),
            false => (nas::AUTHENTICATION_AND_CIPHERING_FAILURE, "GMM cause"),
        };
        let failure = Message::new(def).with(element, &[cause]);
        Effect::Send(auts.map_or(failure.clone(), |auts| failure.with("AUTS", auts)).encode())
    }
}

/// Values behind their lengths, to the end.
fn length_values(mut octets: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while let Some((length, rest)) = octets.split_first() {
        let (part, rest) = rest.split_at_checked(usize::from(*length))?;
        parts.push(part);
        octets = rest;
    }
    Some(parts)
}
