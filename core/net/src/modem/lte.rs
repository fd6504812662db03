//! The modem in LTE (TS 24.301).

use super::access::{Bearer, Identity, Registration};
use super::card::Challenge;
use super::procedure::Procedure;
use super::{Answer, Effect, Modem, ModemError};
use crate::auc::hidden_sqn;
use crate::cause::{Cause, Domain};
use crate::gtp;
use crate::id::Guti;
use crate::log::Node;
use crate::nas::security::{CAPABILITY, Context, Envelope, Header};
use crate::nas::{self, Direction, Message};
use alloc::vec::Vec;
use esim_crypto::check::{Checks, Rule};
use esim_crypto::kdf3gpp;

/// Transaction identity of the session that an attach asks for.
const FIRST: u8 = 1;

/// PDN CONNECTIVITY REQUEST: IPv4, an initial request.
fn connectivity_request(transaction: u8) -> Message {
    Message::of(nas::PDN_CONNECTIVITY_REQUEST, 0, transaction)
        .with("PDN type", &[1])
        .with("Request type", &[1])
}

const MAC: Rule = Rule::new("TS 24.301 4.4.3.3", "the MAC of the MME's message verifies with KNASint");
const NEW_MAC: Rule =
    Rule::new("TS 24.301 5.4.3.3", "the MAC of SECURITY MODE COMMAND verifies with the new KNASint");
const CAPABILITIES: Rule =
    Rule::new("TS 24.301 5.4.3.3", "the replayed UE security capabilities are those that were sent");

impl Modem {
    /// ATTACH REQUEST, combined. The APN is said once there are keys (TS 24.301 6.5.1.2).
    pub(super) fn lte_attach_request(identity: &[u8]) -> Vec<u8> {
        let session = connectivity_request(FIRST).with("ESM information transfer flag", &[1]);
        Message::new(nas::ATTACH_REQUEST)
            .with("NAS key set identifier", &[7])
            .with("EPS attach type", &[2])
            .with("EPS mobile identity", identity)
            .with("UE network capability", &CAPABILITY)
            .with("ESM message container", &session.encode())
            .encode()
    }

    /// DETACH REQUEST, of LTE or 3G, if the modem is registered.
    pub(super) fn leave(&mut self, switched_off: bool) -> Option<Vec<u8>> {
        let kind = if switched_off { 0x0B } else { 0x03 };
        Some(match self.registration()?.identity {
            Identity::Guti { guti, .. } => {
                let request = Message::new(nas::DETACH_REQUEST)
                    .with("Detach type", &[kind])
                    .with("EPS mobile identity", &guti.octets());
                self.protect(&request)
            }
            Identity::PTmsi(p_tmsi) => super::umts::detach_request(kind, p_tmsi),
        })
    }

    /// PDN CONNECTIVITY REQUEST of a registered modem.
    pub(super) fn lte_connect(&mut self, apn: &str) -> Vec<u8> {
        let mut asked = FIRST;
        if let Some(Registration { identity: Identity::Guti { transaction, .. }, .. }) =
            self.registration_mut()
        {
            *transaction = *transaction % 254 + 1;
            asked = *transaction;
        }
        let request = connectivity_request(asked).with("Access point name", &gtp::labels(apn));
        self.protect(&request)
    }

    /// EXTENDED SERVICE REQUEST: 0 for circuit-switched fallback, 8 for packets.
    pub(super) fn service_request(&mut self, guti: Guti, kind: u8) -> Vec<u8> {
        let identity = [&[0xF4][..], &guti.tmsi.to_be_bytes()].concat();
        let request = Message::new(nas::EXTENDED_SERVICE_REQUEST)
            .with("Service type", &[kind])
            .with("M-TMSI", &identity);
        self.protect(&request)
    }

    pub(super) fn protect(&mut self, message: &Message) -> Vec<u8> {
        let plain = message.encode();
        match self.security() {
            Some(context) => context.protect(Header::Ciphered, Direction::Up, &plain),
            None => plain,
        }
    }

    /// Keys in use.
    fn security(&mut self) -> Option<&mut Context> {
        self.access.as_mut()?.security.as_mut()
    }

    pub(super) fn lte_authenticated(
        &mut self,
        challenge: &Challenge,
        res: &[u8],
        ck: &[u8],
        ik: &[u8],
    ) -> Effect {
        let (Ok(ck), Ok(ik)) = (<&[u8; 16]>::try_from(ck), <&[u8; 16]>::try_from(ik)) else {
            return self.finish(Err(ModemError::OutOfOrder));
        };
        if let Some(access) = &mut self.access {
            let plmn = access.cell.plmn.octets();
            access.kasme = Some(kdf3gpp::kasme(ck, ik, &plmn, &hidden_sqn(&challenge.autn)));
        }
        Effect::Send(Message::new(nas::AUTHENTICATION_RESPONSE).with("RES", res).encode())
    }

    /// A message of the MME: its octets, and what protects it.
    pub(super) fn lte(
        &mut self,
        message: &Message,
        (octets, envelope): (&[u8], Option<&Envelope<'_>>),
        checks: Checks<'_>,
    ) -> Effect {
        if message.def == nas::SECURITY_MODE_COMMAND {
            return self.security_mode(message, (octets, envelope), checks);
        }
        let verified = match (envelope, self.security()) {
            (Some(envelope), Some(context)) => Some(context.verify(Direction::Down, envelope)),
            (Some(_), None) => Some(false),
            (None, _) => None,
        };
        let verified = verified.map(|verified| checks.that(&MAC, || octets, verified));
        // What may come in clear before and after there are keys (TS 24.301 4.4.4.2).
        let may_be_plain = [
            nas::AUTHENTICATION_REQUEST,
            nas::AUTHENTICATION_REJECT,
            nas::ATTACH_REJECT,
            nas::DETACH_ACCEPT,
            nas::TRACKING_AREA_UPDATE_REJECT,
            nas::SERVICE_REJECT,
            nas::EMM_STATUS,
        ];
        match verified {
            Some(false) => return self.finish(Err(ModemError::NotGenuine)),
            None if !may_be_plain.contains(&message.def) => return Effect::Listen,
            _ => {}
        }
        match (message.def.protocol, message.def.kind) {
            (nas::Protocol::Esm, kind) => self.lte_session(kind, message),
            (_, 0x42) => self.attach_accept(message),
            (_, 0x44) => self.attach_reject(message),
            (_, 0x45) => {
                // Sent away: re-attach is not asked for.
                let cause = Cause::new(Domain::Emm, message.octet("EMM cause").map_or(0, u16::from));
                self.is_usim_invalid |= matches!(cause.number, 3 | 6 | 8);
                self.procedure = Procedure::Ending(Err(ModemError::Refused { by: Node::Mme, cause }));
                let accept = self.protect(&Message::new(nas::DETACH_ACCEPT));
                self.lose();
                Effect::Send(accept)
            }
            (_, 0x46) => self.finish(Ok(Answer::Detached)),
            (_, 0x49) => self.finish(Ok(Answer::Updated)),
            (_, 0x4B | 0x4E) => self.not_served(message),
            (_, 0x52) => self.authenticate(message, 0),
            (_, 0x54) => self.authentication_rejected(),
            (_, 0x62) => {
                let inner = message.value("NAS message container").unwrap_or_default();
                match Message::decode(inner, Direction::Down) {
                    Ok(inner) => self.relay(&inner, true),
                    Err(_) => Effect::Listen,
                }
            }
            _ => Effect::Listen,
        }
    }

    /// SECURITY MODE COMMAND: verified with the new keys, its capabilities compared (TS 24.301 5.4.3.3).
    fn security_mode(
        &mut self,
        message: &Message,
        (octets, envelope): (&[u8], Option<&Envelope<'_>>),
        checks: Checks<'_>,
    ) -> Effect {
        let (Some(access), Some(envelope)) = (&mut self.access, envelope) else { return Effect::Listen };
        let Some(kasme) = access.kasme else { return Effect::Listen };
        let mut context = Context::new(&kasme);
        let reject = |cause: u8| Message::new(nas::SECURITY_MODE_REJECT).with("EMM cause", &[cause]).encode();
        let replayed = message.value("Replayed UE security capabilities").unwrap_or_default();
        let refused = match () {
            () if !checks.that(&NEW_MAC, || octets, context.verify(Direction::Down, envelope)) => Some(24),
            () if !checks.that(&CAPABILITIES, || replayed, replayed == CAPABILITY) => Some(23),
            () => None,
        };
        if let Some(cause) = refused {
            self.procedure = Procedure::Ending(Err(ModemError::NotGenuine));
            return Effect::Send(reject(cause));
        }
        let complete = Message::new(nas::SECURITY_MODE_COMPLETE).encode();
        let octets = context.protect(Header::NewCiphered, Direction::Up, &complete);
        access.security = Some(context);
        Effect::Send(octets)
    }

    fn lte_session(&mut self, kind: u8, message: &Message) -> Effect {
        match kind {
            0xD9 => {
                let answer = Message::of(nas::ESM_INFORMATION_RESPONSE, 0, message.transaction);
                let answer = match self.apn.is_empty() {
                    true => answer,
                    false => answer.with("Access point name", &gtp::labels(&self.apn)),
                };
                Effect::Send(self.protect(&answer))
            }
            0xC1 => {
                let Some(bearer) = bearer(message) else { return Effect::Listen };
                let id = bearer.id;
                if let Some(registration) = self.registration_mut() {
                    registration.bearers.push(bearer);
                }
                self.procedure = Procedure::Ending(Ok(Answer::Connected(id)));
                let accept = Message::of(nas::ACTIVATE_DEFAULT_BEARER_ACCEPT, id, 0);
                Effect::Send(self.protect(&accept))
            }
            0xD1 => {
                let number = message.octet("ESM cause").map_or(0, u16::from);
                let cause = Cause::new(Domain::Esm, number);
                self.finish(Err(ModemError::Refused { by: Node::Mme, cause }))
            }
            _ => Effect::Listen,
        }
    }

    fn attach_accept(&mut self, message: &Message) -> Effect {
        let session = message.value("ESM message container").unwrap_or_default();
        let session = Message::decode(session, Direction::Down).ok();
        let bearer = session.as_ref().and_then(bearer);
        let guti = message.value("GUTI").and_then(Guti::read);
        let (Some(bearer), Some(guti), Some(access)) = (bearer, guti, &mut self.access) else {
            return self.finish(Err(ModemError::OutOfOrder));
        };
        let accept = Message::of(nas::ACTIVATE_DEFAULT_BEARER_ACCEPT, bearer.id, 0).encode();
        access.registration = Some(Registration {
            identity: Identity::Guti { guti, transaction: FIRST },
            calls: message.octet("EPS attach result") == Some(2),
            bearers: Vec::from([bearer]),
        });
        self.procedure = Procedure::Ending(Ok(Answer::Registered));
        let complete = Message::new(nas::ATTACH_COMPLETE).with("ESM message container", &accept);
        Effect::Send(self.protect(&complete))
    }

    /// The cause; of an ESM failure, the one inside.
    fn attach_reject(&mut self, message: &Message) -> Effect {
        let number = message.octet("EMM cause").map_or(0, u16::from);
        let inner = message.value("ESM message container").unwrap_or_default();
        let inner = Message::decode(inner, Direction::Down).ok().and_then(|inner| inner.octet("ESM cause"));
        self.lose();
        match inner {
            Some(esm) => {
                let cause = Cause::new(Domain::Esm, u16::from(esm));
                self.finish(Err(ModemError::Refused { by: Node::Mme, cause }))
            }
            None => self.refuse_attach(Node::Mme, Cause::new(Domain::Emm, number)),
        }
    }

    fn not_served(&mut self, message: &Message) -> Effect {
        let cause = Cause::new(Domain::Emm, message.octet("EMM cause").map_or(0, u16::from));
        let asks_for_call = matches!(self.procedure, Procedure::Fallback { .. } | Procedure::Call);
        if asks_for_call && !matches!(cause.number, 9 | 10) {
            return self.finish(Err(ModemError::Refused { by: Node::Mme, cause }));
        }
        self.start_over(Node::Mme, cause)
    }
}

/// The bearer of ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST.
fn bearer(message: &Message) -> Option<Bearer> {
    let address = match *message.value("PDN address")? {
        [1, a, b, c, d] => [a, b, c, d],
        _ => return None,
    };
    let apn = message.value("Access point name").and_then(gtp::from_labels)?;
    Some(Bearer { id: message.bearer, apn, address })
}
