//! The modem in 3G, packet domain (TS 24.008).

use super::access::{Bearer, Identity, Registration};
use super::procedure::{Activation, Attach, Procedure};
use super::{Answer, Effect, Modem, ModemError};
use crate::cause::{Cause, Domain};
use crate::cell::Cell;
use crate::gtp;
use crate::log::Node;
use crate::nas::{self, Message};
use alloc::vec::Vec;

/// MS network capability and radio access capability of a plain 3G device.
const CAPABILITY: [u8; 3] = [0xE5, 0xE0, 0x34];
const RADIO: [u8; 5] = [0x17, 0x33, 0x53, 0x2B, 0x25];
/// Background class, best effort (TS 24.008 10.5.6.5).
const QUALITY: [u8; 3] = [0x23, 0x62, 0x1F];
/// 0 to 4 are reserved (TS 24.008 10.5.6.2).
const FIRST_NSAPI: u8 = 5;

/// ATTACH REQUEST, combined.
pub(super) fn attach_request(cell: &Cell, identity: &[u8]) -> Vec<u8> {
    let area = [&cell.plmn.octets()[..], &[0xFF, 0xFE, 0xFF]].concat();
    Message::new(nas::GPRS_ATTACH_REQUEST)
        .with("MS network capability", &CAPABILITY)
        .with("Attach type", &[3])
        .with("Ciphering key sequence number", &[7])
        .with("DRX parameter", &[0x07, 0x00])
        .with("Mobile identity", identity)
        .with("Old routing area identification", &area)
        .with("MS radio access capability", &RADIO)
        .encode()
}

pub(super) fn detach_request(kind: u8, p_tmsi: u32) -> Vec<u8> {
    Message::new(nas::GPRS_DETACH_REQUEST)
        .with("Detach type", &[kind])
        .with("P-TMSI", &identity(p_tmsi))
        .encode()
}

pub(super) fn update_request(cell: &Cell, p_tmsi: u32) -> Vec<u8> {
    let area = [&cell.plmn.octets()[..], &cell.area.to_be_bytes(), &[1]].concat();
    Message::new(nas::ROUTING_AREA_UPDATE_REQUEST)
        .with("Update type", &[0])
        .with("Old routing area identification", &area)
        .with("MS radio access capability", &RADIO)
        .with("P-TMSI", &identity(p_tmsi))
        .encode()
}

pub(super) fn service_request(p_tmsi: u32) -> Vec<u8> {
    Message::new(nas::GPRS_SERVICE_REQUEST)
        .with("Service type", &[1])
        .with("P-TMSI", &identity(p_tmsi))
        .encode()
}

/// ACTIVATE PDP CONTEXT REQUEST. Its transaction is told by the NSAPI.
pub(super) fn activation_request(activation: &Activation) -> Vec<u8> {
    let Activation { nsapi, apn } = activation;
    let request = Message::of(nas::ACTIVATE_PDP_CONTEXT_REQUEST, nsapi - FIRST_NSAPI, 0)
        .with("Requested NSAPI", &[*nsapi])
        .with("Requested LLC SAPI", &[3])
        .with("Requested QoS", &QUALITY)
        .with("Requested PDP address", &[0x01, 0x21]);
    match &apn[..] {
        "" => request.encode(),
        apn => request.with("Access point name", &gtp::labels(apn)).encode(),
    }
}

/// The first four octets of RES, and the rest as its extension.
pub(super) fn authentication_response(reference: u8, res: &[u8]) -> Vec<u8> {
    let (first, rest) = res.split_at_checked(4).unwrap_or((res, &[]));
    let response = Message::new(nas::AUTHENTICATION_AND_CIPHERING_RESPONSE)
        .with("A&C reference number", &[reference])
        .with("RES", first);
    match rest {
        [] => response.encode(),
        rest => response.with("RES (extension)", rest).encode(),
    }
}

fn identity(p_tmsi: u32) -> Vec<u8> {
    [&[0xF4][..], &p_tmsi.to_be_bytes()].concat()
}

impl Modem {
    pub(super) fn umts(&mut self, message: &Message) -> Effect {
        let cause = |domain, element| Cause::new(domain, message.octet(element).map_or(0, u16::from));
        match (message.def.protocol, message.def.kind) {
            (nas::Protocol::Sm, 0x42) => self.activated(message),
            (nas::Protocol::Sm, 0x43) => {
                let cause = cause(Domain::Sm, "SM cause");
                if matches!(self.procedure, Procedure::Attach(_)) {
                    // Registered, without packets: of no use to a device that wants nothing else.
                    self.lose();
                }
                self.finish(Err(ModemError::Refused { by: Node::Sgsn, cause }))
            }
            (_, 0x02) => self.umts_attach_accept(message),
            (_, 0x04) => {
                self.lose();
                self.refuse_attach(Node::Sgsn, cause(Domain::Gmm, "GMM cause"))
            }
            (_, 0x05) => {
                let cause = cause(Domain::Gmm, "GMM cause");
                self.is_usim_invalid |= matches!(cause.number, 3 | 6 | 8);
                self.lose();
                self.procedure = Procedure::Ending(Err(ModemError::Refused { by: Node::Sgsn, cause }));
                Effect::Send(Message::new(nas::GPRS_DETACH_ACCEPT_DEVICE).encode())
            }
            (_, 0x06) => self.finish(Ok(Answer::Detached)),
            (_, 0x09 | 0x0D) => self.finish(Ok(Answer::Updated)),
            (_, 0x0B | 0x0E) => self.start_over(Node::Sgsn, cause(Domain::Gmm, "GMM cause")),
            (_, 0x12) => {
                let reference = message.octet("A&C reference number").unwrap_or(0);
                self.authenticate(message, reference)
            }
            (_, 0x14) => self.authentication_rejected(),
            _ => Effect::Listen,
        }
    }

    /// Registered; the connection to a packet network is opened at once, as phones do.
    fn umts_attach_accept(&mut self, message: &Message) -> Effect {
        let identity = message.value("Allocated P-TMSI").and_then(|value| value.get(1..5));
        let (Some(&[a, b, c, d]), Some(access)) = (identity, &mut self.access) else {
            return self.finish(Err(ModemError::OutOfOrder));
        };
        access.registration = Some(Registration {
            identity: Identity::PTmsi(u32::from_be_bytes([a, b, c, d])),
            calls: message.octet("Attach result") == Some(3),
            bearers: Vec::new(),
        });
        Effect::Send(Message::new(nas::GPRS_ATTACH_COMPLETE).encode())
    }

    /// After ATTACH COMPLETE the network is silent: the connection is asked for.
    pub(super) fn umts_session_after_attach(&mut self) -> Option<Effect> {
        let Some(Registration { identity: Identity::PTmsi(_), .. }) = self.registration() else {
            return None;
        };
        let activation = self.activation(&self.apn);
        let Procedure::Attach(Attach { activation: asked @ None, .. }) = &mut self.procedure else {
            return None;
        };
        let request = activation_request(&activation);
        *asked = Some(activation);
        Some(Effect::Send(request))
    }

    /// What a further PDP context is asked for with.
    pub(super) fn activation(&self, apn: &str) -> Activation {
        Activation { nsapi: FIRST_NSAPI + self.bearers().len() as u8, apn: apn.into() }
    }

    /// ACTIVATE PDP CONTEXT ACCEPT; one that was not asked for is passed over.
    fn activated(&mut self, message: &Message) -> Effect {
        let Some(&[_, _, a, b, c, d]) = message.value("PDP address") else {
            return self.finish(Err(ModemError::OutOfOrder));
        };
        let asked = match &mut self.procedure {
            Procedure::Attach(attach) => attach.activation.take(),
            Procedure::Connect(activation) => activation.take(),
            _ => None,
        };
        let Some(Activation { nsapi: id, apn }) = asked else { return Effect::Listen };
        if let Some(registration) = self.registration_mut() {
            registration.bearers.push(Bearer { id, apn, address: [a, b, c, d] });
        }
        match self.procedure {
            Procedure::Attach(_) => self.finish(Ok(Answer::Registered)),
            _ => self.finish(Ok(Answer::Connected(id))),
        }
    }
}
