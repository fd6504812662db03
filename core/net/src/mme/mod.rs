//! The mobility management entity of LTE (TS 24.301, TS 23.401).

mod attach;

use crate::auc::EpsVector;
use crate::cause::{Cause, Domain};
use crate::cell::{Cell, Link};
use crate::epc::{Core, NoSession};
use crate::gtp;
use crate::hss::Rat;
use crate::id::{Guti, Imsi};
use crate::log::Node;
use crate::msc::relay;
use crate::nas::security::{self, Context, Header};
use crate::nas::{self, Direction, Malformed, Message};
use crate::registrations::{self, Device, Registrations, Session};
use crate::rules::Service;
use alloc::vec::Vec;
use esim_crypto::check::Rule;

const MAC: Rule =
    Rule::new("TS 24.301 4.4.3.3", "the MAC of the NAS message verifies with KNASint, its count is new");

/// EMM states of the network's side (TS 24.301 5.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum EmmState {
    /// Not registered.
    EmmDeregistered,
    /// Authentication, security or the session is under way.
    EmmCommonProcedureInitiated,
    /// Registered.
    EmmRegistered,
}

impl core::fmt::Display for EmmState {
    /// As in the standard.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::EmmDeregistered => "EMM-DEREGISTERED",
            Self::EmmCommonProcedureInitiated => "EMM-COMMON-PROCEDURE-INITIATED",
            Self::EmmRegistered => "EMM-REGISTERED",
        })
    }
}

/// How far a device's registration has come, and what was settled on the way.
#[derive(Clone)]
pub(crate) struct Progress {
    step: Step,
    /// Keys, once RES was right.
    security: Option<Context>,
    /// Procedure transaction identity of the request for the first bearer.
    transaction: u8,
}

/// What is awaited of a device.
#[derive(Clone)]
enum Step {
    /// RES; to be told again with the keys: what the device says it can do.
    Authentication { vector: EpsVector, resynchronised: bool, capability: Vec<u8> },
    /// SECURITY MODE COMPLETE.
    SecurityMode,
    /// ESM INFORMATION RESPONSE.
    EsmInformation,
    /// ATTACH COMPLETE.
    Accepted,
    /// Nothing.
    Registered,
}

impl registrations::Progress for Progress {
    const RAT: Rat = Rat::Lte;

    fn is_registered(&self) -> bool {
        matches!(self.step, Step::Registered)
    }
}

type Ue = Device<Progress>;

impl Ue {
    /// Its temporary identity.
    pub(crate) fn guti(&self) -> Guti {
        Guti { plmn: self.cell.plmn, group: 1, node: 1, tmsi: self.tmsi }
    }
}

/// The node; one object stands for the MMEs of all networks that a device may meet.
#[derive(Clone, Default)]
pub struct Mme {
    devices: Registrations<Progress>,
}

impl core::fmt::Debug for Mme {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Mme({} devices)", self.devices.len())
    }
}

type Downlinks = Vec<Vec<u8>>;

const fn emm(number: u16) -> Cause {
    Cause::new(Domain::Emm, number)
}

impl Mme {
    /// State of a device.
    pub fn state(&self, link: Link) -> EmmState {
        self.devices.get(link).map_or(EmmState::EmmDeregistered, |ue| match ue.progress.step {
            Step::Registered => EmmState::EmmRegistered,
            _ => EmmState::EmmCommonProcedureInitiated,
        })
    }

    /// The devices that are here.
    pub(crate) fn devices(&self) -> &Registrations<Progress> {
        &self.devices
    }

    /// Keys of a device.
    fn security(&mut self, link: Link) -> Option<&mut Context> {
        self.devices.get_mut(link)?.progress.security.as_mut()
    }

    /// Takes a message of a device; what is sent to it in return.
    pub(crate) fn uplink(
        &mut self,
        link: Link,
        cell: &Cell,
        octets: &[u8],
        core: &mut Core<'_>,
    ) -> Downlinks {
        let envelope = security::open(octets);
        let plain = envelope.map_or(octets, |envelope| envelope.plain);
        let decoded = Message::decode(plain, Direction::Up);
        let name = decoded.as_ref().map_or("unknown message", |message| message.def.name);
        core.log.note((Node::Modem, Node::Mme), "NAS", name, || octets.to_vec());
        let verified = envelope.and_then(|it| Some(self.security(link)?.verify(Direction::Up, &it)));
        let is_genuine = verified.is_some_and(|verified| core.log.that(Node::Mme, &MAC, || octets, verified));
        let answers = match decoded {
            Ok(message) => self.take(link, cell, &message, is_genuine, core),
            Err(error) => {
                let cause = if error == Malformed::Unknown { emm(97) } else { emm(96) };
                Vec::from([self.plain(&with_cause(nas::EMM_STATUS, cause))])
            }
        };
        for answer in &answers {
            self.note_downlink(answer, core);
        }
        answers
    }

    fn note_downlink(&self, octets: &[u8], core: &mut Core<'_>) {
        let plain = security::open(octets).map_or(octets, |envelope| envelope.plain);
        let name = Message::decode(plain, Direction::Down).map_or("unknown message", |it| it.def.name);
        core.log.note((Node::Mme, Node::Modem), "NAS", name, || octets.to_vec());
    }

    fn take(
        &mut self,
        link: Link,
        cell: &Cell,
        message: &Message,
        is_genuine: bool,
        core: &mut Core<'_>,
    ) -> Downlinks {
        // Before there is a security context, and to leave one that is lost (TS 24.301 4.4.4.3).
        let may_be_plain = [
            nas::ATTACH_REQUEST.name,
            nas::AUTHENTICATION_RESPONSE.name,
            nas::AUTHENTICATION_FAILURE.name,
            nas::SECURITY_MODE_REJECT.name,
            nas::TRACKING_AREA_UPDATE_REQUEST.name,
            nas::DETACH_REQUEST.name,
            nas::EXTENDED_SERVICE_REQUEST.name,
        ];
        if !is_genuine && !may_be_plain.contains(&message.def.name) {
            return Vec::new();
        }
        match message.def.kind {
            _ if message.def.protocol == nas::Protocol::Esm => self.session(link, message, core),
            0x41 => self.attach(link, cell, message, core),
            0x43 => self.attach_complete(link),
            0x45 => self.detach(link, message, is_genuine, core),
            0x48 => self.tracking_area_update(link, cell, message, is_genuine),
            0x4C => self.service(link, message, is_genuine, core),
            0x53 => self.authentication_response(link, message, core),
            0x5C => self.authentication_failure(link, message, core),
            0x5E => self.security_mode_complete(link, core),
            0x63 => self.short_message(link, message, core),
            0x46 | 0x5F | 0x60 => {
                self.devices.forget(link, core);
                Vec::new()
            }
            _ => Vec::from([self.plain(&with_cause(nas::EMM_STATUS, emm(98)))]),
        }
    }

    fn plain(&self, message: &Message) -> Vec<u8> {
        message.encode()
    }

    fn protected(&mut self, link: Link, header: Header, message: &Message) -> Downlinks {
        let plain = message.encode();
        Vec::from([match self.security(link) {
            Some(context) => context.protect(header, Direction::Down, &plain),
            None => plain,
        }])
    }

    /// ESM messages of the device.
    fn session(&mut self, link: Link, message: &Message, core: &mut Core<'_>) -> Downlinks {
        let Some(ue) = self.devices.get(link) else { return Vec::new() };
        match message.def.kind {
            0xDA if matches!(ue.progress.step, Step::EsmInformation) => {
                let apn = message.value("Access point name").and_then(gtp::from_labels);
                self.attach_session(link, apn.as_deref(), core)
            }
            0xD0 if matches!(ue.progress.step, Step::Registered) => {
                let apn = message.value("Access point name").and_then(gtp::from_labels);
                let opened = self.open(link, apn.as_deref(), message.transaction, core);
                let answer = opened.unwrap_or_else(|reject| reject);
                self.protected(link, Header::Ciphered, &answer)
            }
            0xC2 | 0xE8 => Vec::new(),
            _ => {
                let status = Message::of(nas::ESM_STATUS, 0, message.transaction).with("ESM cause", &[98]);
                self.protected(link, Header::Ciphered, &status)
            }
        }
    }

    /// Opens a bearer: ACTIVATE DEFAULT EPS BEARER CONTEXT REQUEST, or PDN CONNECTIVITY REJECT.
    fn open(
        &mut self,
        link: Link,
        apn: Option<&str>,
        transaction: u8,
        core: &mut Core<'_>,
    ) -> Result<Message, Message> {
        let reject =
            |cause: u8| Message::of(nas::PDN_CONNECTIVITY_REJECT, 0, transaction).with("ESM cause", &[cause]);
        let Some(ue) = self.devices.get_mut(link) else { return Err(reject(38)) };
        let Some(known) = &ue.known else { return Err(reject(38)) };
        let ebi = (5..=15).find(|ebi| ue.sessions.iter().all(|session| session.id != *ebi));
        let Some(ebi) = ebi else { return Err(reject(26)) };
        let opened = core.create_session(&ue.imsi, known, apn, ebi, (ue.cell.plmn, Rat::Lte));
        let opened = opened.map_err(|error| {
            reject(match error {
                NoSession::UnknownApn => 27,
                NoSession::NotSubscribed => 33,
                NoSession::Gateway(_) => 26,
            })
        })?;
        ue.sessions.push(Session { id: ebi, teid: opened.teid });
        let default = known.data.contract.apns.first().filter(|apn| *apn != crate::rules::ANY);
        // The device is told the APN that it asked for: what the gateway makes of it, it need not know.
        let shown = apn.filter(|apn| !apn.is_empty()).or(default.map(|apn| &apn[..]));
        let address = [&[0x01][..], &opened.address].concat();
        Ok(Message::of(nas::ACTIVATE_DEFAULT_BEARER_REQUEST, ebi, transaction)
            .with("EPS QoS", &[9])
            .with("Access point name", &gtp::labels(shown.unwrap_or(crate::rules::DEFAULT_APN)))
            .with("PDN address", &address))
    }

    fn detach(&mut self, link: Link, message: &Message, is_genuine: bool, core: &mut Core<'_>) -> Downlinks {
        let switched_off = message.octet("Detach type").unwrap_or(0) & 0x08 != 0;
        let accept = Message::new(nas::DETACH_ACCEPT);
        let answers = match (switched_off, is_genuine) {
            (true, _) => Vec::new(),
            (false, true) => self.protected(link, Header::Ciphered, &accept),
            (false, false) => Vec::from([accept.encode()]),
        };
        if is_genuine {
            self.devices.forget(link, core);
        }
        answers
    }

    fn tracking_area_update(
        &mut self,
        link: Link,
        cell: &Cell,
        message: &Message,
        is_genuine: bool,
    ) -> Downlinks {
        let own = message.value("Old GUTI").and_then(Guti::read);
        let ue = self.devices.registered_mut(link);
        let ue = ue.filter(|ue| is_genuine && ue.cell.plmn == cell.plmn && own == Some(ue.guti()));
        let Some(ue) = ue else {
            return Vec::from([with_cause(nas::TRACKING_AREA_UPDATE_REJECT, emm(9)).encode()]);
        };
        ue.cell = *cell;
        let accept = Message::new(nas::TRACKING_AREA_UPDATE_ACCEPT)
            .with("EPS update result", &[0])
            .with("T3412 value", &[0x49])
            .with("TAI list", &tracking_area(cell));
        self.protected(link, Header::Ciphered, &accept)
    }

    /// EXTENDED SERVICE REQUEST: circuit-switched fallback for a call, or packets again.
    fn service(&mut self, link: Link, message: &Message, is_genuine: bool, core: &mut Core<'_>) -> Downlinks {
        let Some(ue) = self.devices.registered(link).filter(|_| is_genuine) else {
            return Vec::from([with_cause(nas::SERVICE_REJECT, emm(9)).encode()]);
        };
        if message.octet("Service type") == Some(8) {
            return Vec::new();
        }
        // Which of the two it is to be, the circuit-switched domain is told.
        let allowed = ue.known.as_ref().is_some_and(|known| {
            core.gets(known, Service::Voice) || core.gets(known, Service::Supplementary)
        });
        if !allowed {
            return self.protected(link, Header::Ciphered, &with_cause(nas::SERVICE_REJECT, emm(18)));
        }
        core.log.note((Node::Mme, Node::Modem), "S1AP", "UE CONTEXT MODIFICATION REQUEST", || {
            br#"{"CS Fallback Indicator":"CS Fallback required","clause":"TS 36.413 8.3.4","structure":true}"#.to_vec()
        });
        Vec::new()
    }

    fn short_message(&mut self, link: Link, message: &Message, core: &mut Core<'_>) -> Downlinks {
        let Some(ue) = self.devices.registered(link) else { return Vec::new() };
        let container = message.value("NAS message container").unwrap_or_default();
        let denial = ue
            .known
            .as_ref()
            .and_then(|known| core.rules.denial(known.class, &known.data.contract, Service::Sms));
        let answers = relay(container, denial, core, Node::Mme);
        answers
            .iter()
            .flat_map(|cp| {
                let down = Message::new(nas::DOWNLINK_NAS_TRANSPORT).with("NAS message container", cp);
                self.protected(link, Header::Ciphered, &down)
            })
            .collect()
    }

    /// The subscription is withdrawn, or the subscriber has moved: closes sessions, tells the device of a withdrawal.
    pub(crate) fn cancel(
        &mut self,
        imsi: &Imsi,
        is_withdrawn: bool,
        core: &mut Core<'_>,
    ) -> Option<(Link, Vec<u8>)> {
        let link = self.devices.cancel(imsi, is_withdrawn, core)?;
        let request =
            Message::new(nas::DETACH_REQUEST_NETWORK).with("Detach type", &[2]).with("EMM cause", &[8]);
        let octets = self.protected(link, Header::Ciphered, &request).pop()?;
        self.note_downlink(&octets, core);
        self.devices.release(link, core);
        Some((link, octets))
    }
}

fn with_cause(def: &'static nas::Def, cause: Cause) -> Message {
    Message::new(def).with("EMM cause", &[cause.number as u8])
}

/// One area of one network (TS 24.301 9.9.3.33, type 00).
fn tracking_area(cell: &Cell) -> Vec<u8> {
    [&[0x00][..], &cell.plmn.octets(), &cell.area.to_be_bytes()].concat()
}
