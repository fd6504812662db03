//! The modem's words with the circuit-switched domain, and its short messages (TS 24.008, TS 24.011).

use super::access::Identity;
use super::procedure::Procedure;
use super::{Answer, Effect, Modem, ModemError};
use crate::cause::{Cause, Domain};
use crate::id::imsi_identity;
use crate::log::Node;
use crate::nas::{self, Message, sms};

impl Modem {
    /// Calls a number. Where the modem was told that there are no calls it asks all the same: the network's
    /// own refusal is what is to be seen.
    pub fn call(&mut self) -> Effect {
        self.circuit_switched(false)
    }

    /// Asks for a supplementary service, such as call forwarding.
    pub fn supplementary(&mut self) -> Effect {
        self.circuit_switched(true)
    }

    fn circuit_switched(&mut self, supplementary: bool) -> Effect {
        match self.registration().map(|registration| registration.identity) {
            None => Effect::Done(Err(ModemError::NotRegistered)),
            Some(Identity::Guti { guti, .. }) => {
                self.procedure = Procedure::Fallback { supplementary };
                Effect::Send(self.service_request(guti, 0))
            }
            Some(Identity::PTmsi(_)) => self.cm_service_request(supplementary),
        }
    }

    pub(super) fn cm_service_request(&mut self, supplementary: bool) -> Effect {
        let Some(imsi) = self.imsi() else { return self.finish(Err(ModemError::NotRegistered)) };
        self.procedure = Procedure::Call;
        let request = Message::new(nas::CM_SERVICE_REQUEST)
            .with("CM service type", &[if supplementary { 8 } else { 1 }])
            .with("Mobile station classmark", &[0x33, 0x19, 0xA2])
            .with("Mobile identity", &imsi_identity(&imsi));
        Effect::Send(request.encode())
    }

    pub(super) fn circuit_switched_answer(&mut self, message: &Message) -> Effect {
        let end = match message.octet("Reject cause") {
            None => Ok(Answer::Granted),
            Some(number) => {
                Err(ModemError::Refused { by: Node::Msc, cause: Cause::new(Domain::Mm, u16::from(number)) })
            }
        };
        self.finish(end)
    }

    /// Sends a short message.
    pub fn text(&mut self, to: &str, text: &str) -> Effect {
        let Some(identity) = self.registration().map(|registration| registration.identity) else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.reference = self.reference.wrapping_add(1);
        let Some(rpdu) = sms::rp_data(self.reference, to, text).filter(|rpdu| rpdu.len() < 240) else {
            return Effect::Done(Err(ModemError::Text));
        };
        self.procedure = Procedure::Text;
        let data = Message::of(nas::CP_DATA, 0, 0).with("CP-User data", &rpdu);
        self.send_cp(&data, matches!(identity, Identity::Guti { .. }))
    }

    /// The CP layer's answer to a short message; it is acknowledged.
    pub(super) fn relay(&mut self, message: &Message, in_lte: bool) -> Effect {
        let rpdu = message.value("CP-User data").unwrap_or_default();
        let Some(answer) = sms::relay_answer(rpdu) else { return Effect::Listen };
        let by = if in_lte { Node::Mme } else { Node::Sgsn };
        self.procedure = Procedure::Ending(match answer {
            Ok(()) => Ok(Answer::Granted),
            Err(number) => Err(ModemError::Refused { by, cause: Cause::new(Domain::Rp, u16::from(number)) }),
        });
        self.send_cp(&Message::of(nas::CP_ACK, 0, 0), in_lte)
    }

    /// In LTE a message of the CP layer goes within one of the MME's (TS 24.301 5.6.3).
    fn send_cp(&mut self, message: &Message, in_lte: bool) -> Effect {
        let octets = message.encode();
        Effect::Send(match in_lte {
            true => {
                let transport =
                    Message::new(nas::UPLINK_NAS_TRANSPORT).with("NAS message container", &octets);
                self.protect(&transport)
            }
            false => octets,
        })
    }
}
