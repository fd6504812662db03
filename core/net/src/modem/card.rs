//! The modem's words with the card: responses in several parts, and AUTHENTICATE (TS 31.102 7.1).

use super::procedure::{Attach, Procedure};
use super::usim::Next;
use super::{Effect, Modem, ModemError, UsimError, umts};
use crate::cause::{Cause, Domain};
use crate::nas::{self, Message};
use alloc::vec;
use alloc::vec::Vec;

/// An APDU that the card is working on.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// To be asked again with another Le.
    apdu: Vec<u8>,
    /// What came so far of a response in several parts.
    collected: Vec<u8>,
    /// The challenge that is in it.
    challenge: Option<Challenge>,
}

/// A network's challenge.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    pub autn: [u8; 16],
    /// A&C reference number, of 3G.
    pub reference: u8,
}

impl Modem {
    /// AUTHENTICATE in the 3G context (TS 31.102 7.1.2.1).
    pub(super) fn authenticate(&mut self, message: &Message, reference: u8) -> Effect {
        let (rand, autn) = (message.value("RAND"), message.value("AUTN"));
        let autn = autn.and_then(|autn| <[u8; 16]>::try_from(autn).ok());
        let (Some(rand), Some(autn)) = (rand, autn) else { return Effect::Listen };
        let mut apdu = vec![0x00, 0x88, 0x00, 0x81, 0x22, 0x10];
        apdu.extend_from_slice(rand);
        apdu.push(0x10);
        apdu.extend_from_slice(&autn);
        apdu.push(0x00);
        self.ask_card(apdu, Some(Challenge { autn, reference }))
    }

    pub(super) fn ask_card(&mut self, apdu: Vec<u8>, challenge: Option<Challenge>) -> Effect {
        self.asked = Some(Asked { apdu: apdu.clone(), collected: Vec::new(), challenge });
        Effect::Card(apdu)
    }

    /// The one place for 61xx and 6Cxx.
    pub(super) fn card(&mut self, response: &[u8]) -> Effect {
        let Some(mut asked) = self.asked.take() else { return self.finish(Err(ModemError::OutOfOrder)) };
        let Some((data, &[sw1, sw2])) = response.split_last_chunk() else {
            return self.finish(Err(UsimError::Card { what: "a command", sw: 0 }.into()));
        };
        asked.collected.extend_from_slice(data);
        let next = match sw1 {
            0x61 => vec![0x00, 0xC0, 0x00, 0x00, sw2],
            0x6C => {
                if let Some(le) = asked.apdu.last_mut() {
                    *le = sw2;
                }
                asked.apdu.clone()
            }
            _ => return self.card_answered(asked, u16::from_be_bytes([sw1, sw2])),
        };
        self.asked = Some(asked);
        Effect::Card(next)
    }

    fn card_answered(&mut self, asked: Asked, sw: u16) -> Effect {
        let data = asked.collected;
        if let Some(challenge) = asked.challenge {
            return self.authenticated(&challenge, &data, sw);
        }
        let Procedure::Read(reader) = &mut self.procedure else {
            return self.finish(Err(ModemError::OutOfOrder));
        };
        match reader.answered(&data, sw) {
            Err(error) => self.finish(Err(error.into())),
            Ok(Next::Send(apdu)) => self.ask_card(apdu, None),
            Ok(Next::Read) => {
                self.usim = Some(reader.report().clone());
                self.procedure = Procedure::Attach(Attach::default());
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
        if let Some(access) = &mut self.access {
            access.reported = Some(Cause::new(domain, u16::from(cause)));
        }
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
