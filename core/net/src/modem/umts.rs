//! The modem in 3G, packet domain (TS 24.008).

use super::{Answer, Bearer, Effect, Modem, ModemError, Procedure, Registration};
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

pub(super) fn update_request(registration: &Registration) -> Vec<u8> {
    let cell = &registration.cell;
    let area = [&cell.plmn.octets()[..], &cell.area.to_be_bytes(), &[1]].concat();
    Message::new(nas::ROUTING_AREA_UPDATE_REQUEST)
        .with("Update type", &[0])
        .with("Old routing area identification", &area)
        .with("MS radio access capability", &RADIO)
        .with("P-TMSI", &identity(registration.p_tmsi))
        .encode()
}

pub(super) fn service_request(registration: &Registration) -> Vec<u8> {
    Message::new(nas::GPRS_SERVICE_REQUEST)
        .with("Service type", &[1])
        .with("P-TMSI", &identity(registration.p_tmsi))
        .encode()
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
                if self.procedure == Procedure::Attach {
                    // Registered, without packets: of no use to a device that wants nothing else.
                    self.camped = self.cell();
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
                self.camped = self.cell();
                self.lose();
                self.end = Some(Err(ModemError::Refused { by: Node::Sgsn, cause }));
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
        let (Some(&[a, b, c, d]), Some(cell)) = (identity, self.camped) else {
            return self.finish(Err(ModemError::OutOfOrder));
        };
        self.registration = Some(Registration {
            cell,
            guti: None,
            p_tmsi: u32::from_be_bytes([a, b, c, d]),
            calls: message.octet("Attach result") == Some(3),
            bearers: Vec::new(),
        });
        Effect::Send(Message::new(nas::GPRS_ATTACH_COMPLETE).encode())
    }

    /// After ATTACH COMPLETE the network is silent: the connection is asked for.
    pub(super) fn umts_session_after_attach(&mut self) -> Option<Effect> {
        let waits = self.procedure == Procedure::Attach && !self.is_lte() && self.bearers().is_empty();
        if !waits || self.registration.is_none() {
            return None;
        }
        let apn = self.apn.clone();
        self.wanted.clone_from(&apn);
        Some(Effect::Send(self.umts_activate(&apn)))
    }

    pub(super) fn umts_activate(&mut self, apn: &str) -> Vec<u8> {
        let nsapi = 5 + self.bearers().len() as u8;
        self.transaction = nsapi;
        let request = Message::of(nas::ACTIVATE_PDP_CONTEXT_REQUEST, nsapi - 5, 0)
            .with("Requested NSAPI", &[nsapi])
            .with("Requested LLC SAPI", &[3])
            .with("Requested QoS", &QUALITY)
            .with("Requested PDP address", &[0x01, 0x21]);
        match apn {
            "" => request.encode(),
            apn => request.with("Access point name", &gtp::labels(apn)).encode(),
        }
    }

    fn activated(&mut self, message: &Message) -> Effect {
        let Some(&[_, _, a, b, c, d]) = message.value("PDP address") else {
            return self.finish(Err(ModemError::OutOfOrder));
        };
        let (id, apn) = (self.transaction, self.wanted.clone());
        if let Some(registration) = &mut self.registration {
            registration.bearers.push(Bearer { id, apn, address: [a, b, c, d] });
        }
        match self.procedure {
            Procedure::Attach => self.finish(Ok(Answer::Registered)),
            _ => self.finish(Ok(Answer::Connected(id))),
        }
    }
}
