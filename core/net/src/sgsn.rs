//! The serving GPRS support node of 3G (TS 24.008, TS 23.060). Integrity on the radio is the radio
//! network's matter there (TS 33.102 6.5) and not modelled.

use crate::auc::UmtsVector;
use crate::cause::{Cause, Domain};
use crate::cell::{Cell, Link};
use crate::epc::{Core, NoSession};
use crate::gtp;
use crate::hss::Rat;
use crate::id::{Imsi, read_imsi_identity};
use crate::log::Node;
use crate::msc::relay;
use crate::nas::{self, Direction, Malformed, Message};
use crate::registrations::{self, Device, Registrations, Session};
use crate::rules::Service;
use alloc::vec::Vec;
use esim_crypto::check::Rule;
use subtle::ConstantTimeEq;

const RES: Rule = Rule::new("TS 24.008 4.7.7.3", "RES with its extension is XRES");

/// GMM states of the network's side (TS 24.008 4.1.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum GmmState {
    /// Not registered.
    GmmDeregistered,
    /// Authentication is under way.
    GmmCommonProcedureInitiated,
    /// Registered.
    GmmRegistered,
}

impl core::fmt::Display for GmmState {
    /// As in the standard.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::GmmDeregistered => "GMM-DEREGISTERED",
            Self::GmmCommonProcedureInitiated => "GMM-COMMON-PROCEDURE-INITIATED",
            Self::GmmRegistered => "GMM-REGISTERED",
        })
    }
}

/// How far a device's registration has come.
#[derive(Clone)]
pub(crate) enum Progress {
    /// RES is awaited.
    Authentication { vector: UmtsVector, resynchronised: bool },
    /// ATTACH COMPLETE is awaited.
    Accepted,
    /// Nothing is awaited.
    Registered,
}

impl registrations::Progress for Progress {
    const RAT: Rat = Rat::Umts;

    fn is_registered(&self) -> bool {
        matches!(self, Self::Registered)
    }
}

type Ms = Device<Progress>;

/// The node; one object stands for the SGSNs of all networks that a device may meet.
#[derive(Clone, Default)]
pub struct Sgsn {
    devices: Registrations<Progress>,
}

impl core::fmt::Debug for Sgsn {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Sgsn({} devices)", self.devices.len())
    }
}

type Downlinks = Vec<Vec<u8>>;

const fn gmm(number: u16) -> Cause {
    Cause::new(Domain::Gmm, number)
}

impl Sgsn {
    /// State of a device.
    pub fn state(&self, link: Link) -> GmmState {
        self.devices.get(link).map_or(GmmState::GmmDeregistered, |ms| match ms.progress {
            Progress::Registered => GmmState::GmmRegistered,
            _ => GmmState::GmmCommonProcedureInitiated,
        })
    }

    /// The devices that are here.
    pub(crate) fn devices(&self) -> &Registrations<Progress> {
        &self.devices
    }

    /// Takes a message of a device; what is sent to it in return.
    pub(crate) fn uplink(
        &mut self,
        link: Link,
        cell: &Cell,
        octets: &[u8],
        core: &mut Core<'_>,
    ) -> Downlinks {
        let decoded = Message::decode(octets, Direction::Up);
        let name = decoded.as_ref().map_or("unknown message", |message| message.def.name);
        core.log.note((Node::Modem, Node::Sgsn), "NAS", name, || octets.to_vec());
        let answers = match decoded {
            Ok(message) => self.take(link, cell, &message, core),
            Err(error) => {
                let cause = if error == Malformed::Unknown { gmm(97) } else { gmm(96) };
                Vec::from([with_cause(nas::GMM_STATUS, cause)])
            }
        };
        answers.iter().map(|answer| note_downlink(answer, core)).collect()
    }

    fn take(&mut self, link: Link, cell: &Cell, message: &Message, core: &mut Core<'_>) -> Vec<Message> {
        match (message.def.protocol, message.def.kind) {
            (nas::Protocol::Gmm, 0x01) => self.attach(link, cell, message, core),
            (nas::Protocol::Gmm, 0x03) => {
                if let Some(ms) = self.devices.get_mut(link)
                    && matches!(ms.progress, Progress::Accepted)
                {
                    ms.progress = Progress::Registered;
                }
                Vec::new()
            }
            (nas::Protocol::Gmm, 0x05) => {
                let switched_off = message.octet("Detach type").unwrap_or(0) & 0x08 != 0;
                self.devices.forget(link, core);
                if switched_off { Vec::new() } else { Vec::from([Message::new(nas::GPRS_DETACH_ACCEPT)]) }
            }
            (nas::Protocol::Gmm, 0x08) => self.routing_area_update(link, cell, message),
            (nas::Protocol::Gmm, 0x0C) => self.service(link, message),
            (nas::Protocol::Gmm, 0x13) => self.authentication_response(link, message, core),
            (nas::Protocol::Gmm, 0x1C) => self.authentication_failure(link, message, core),
            (nas::Protocol::Gmm, 0x06 | 0x20) => {
                self.devices.forget(link, core);
                Vec::new()
            }
            (nas::Protocol::Sm, 0x41) => self.activate(link, message, core),
            (nas::Protocol::Cp, _) => Vec::new(),
            _ => Vec::from([with_cause(nas::GMM_STATUS, gmm(98))]),
        }
    }

    fn attach(&mut self, link: Link, cell: &Cell, message: &Message, core: &mut Core<'_>) -> Vec<Message> {
        let reject = |cause| Vec::from([with_cause(nas::GPRS_ATTACH_REJECT, cause)]);
        let imsi = message.value("Mobile identity").and_then(read_imsi_identity);
        let Some(imsi) = imsi else { return reject(gmm(9)) };
        if !core.serves(cell.plmn) {
            return reject(gmm(11));
        }
        self.devices.forget(link, core);
        let vector = match core.umts_vector(&imsi, cell.plmn, None) {
            Ok(vector) => vector,
            Err(cause) => return reject(from_hss(cause)),
        };
        let challenge = challenge(&vector);
        let is_combined = message.octet("Attach type") == Some(3);
        let progress = Progress::Authentication { vector, resynchronised: false };
        self.devices.insert(link, Ms::new(imsi, cell, is_combined, progress));
        Vec::from([challenge])
    }

    fn authentication_response(
        &mut self,
        link: Link,
        message: &Message,
        core: &mut Core<'_>,
    ) -> Vec<Message> {
        let Some(ms) = self.devices.get(link) else { return Vec::new() };
        let Progress::Authentication { vector, .. } = &ms.progress else {
            return Vec::from([with_cause(nas::GMM_STATUS, gmm(98))]);
        };
        let res =
            [message.value("RES").unwrap_or_default(), message.value("RES (extension)").unwrap_or_default()]
                .concat();
        let is_right = bool::from(res.ct_eq(&vector.xres));
        if !core.log.that(Node::Sgsn, &RES, || &res, is_right) {
            self.devices.remove(link);
            return Vec::from([Message::new(nas::AUTHENTICATION_AND_CIPHERING_REJECT)]);
        }
        let (imsi, plmn) = (ms.imsi, ms.cell.plmn);
        let known = match core.update_location(&imsi, plmn, Rat::Umts) {
            Ok(known) => known,
            Err(cause) => {
                self.devices.remove(link);
                return Vec::from([with_cause(nas::GPRS_ATTACH_REJECT, from_hss(cause))]);
            }
        };
        let all = [Service::Voice, Service::Sms, Service::Supplementary];
        let calls = all.iter().any(|service| core.gets(&known, *service));
        self.devices.supersede(link, &imsi, core);
        let p_tmsi = self.devices.next_tmsi();
        let Some(ms) = self.devices.get_mut(link) else { return Vec::new() };
        (ms.known, ms.tmsi, ms.progress) = (Some(known), p_tmsi, Progress::Accepted);
        let mut accept = Message::new(nas::GPRS_ATTACH_ACCEPT)
            .with("Attach result", &[if ms.is_combined && calls { 3 } else { 1 }])
            .with("Periodic RA update timer", &[0x49])
            .with("Radio priority", &[0x44])
            .with("Routing area identification", &routing_area(&ms.cell))
            .with("Allocated P-TMSI", &[&[0xF4][..], &p_tmsi.to_be_bytes()].concat());
        if ms.is_combined && !calls {
            accept = accept.with("GMM cause", &[8]);
        }
        Vec::from([accept])
    }

    fn authentication_failure(&mut self, link: Link, message: &Message, core: &mut Core<'_>) -> Vec<Message> {
        let reject = Vec::from([Message::new(nas::AUTHENTICATION_AND_CIPHERING_REJECT)]);
        let Some(mut ms) = self.devices.remove(link) else { return Vec::new() };
        let Progress::Authentication { vector, resynchronised: false } = &ms.progress else { return reject };
        let auts = message.value("AUTS").and_then(|auts| <[u8; 14]>::try_from(auts).ok());
        let (Some(21), Some(auts)) = (message.octet("GMM cause"), auts) else { return reject };
        match core.umts_vector(&ms.imsi, ms.cell.plmn, Some((&vector.rand, &auts))) {
            Ok(vector) => {
                let challenge = challenge(&vector);
                ms.progress = Progress::Authentication { vector, resynchronised: true };
                self.devices.insert(link, ms);
                Vec::from([challenge])
            }
            Err(_) => reject,
        }
    }

    fn routing_area_update(&mut self, link: Link, cell: &Cell, message: &Message) -> Vec<Message> {
        let identity = message.value("P-TMSI");
        let ms = self.devices.registered_mut(link);
        let ms = ms.filter(|ms| ms.cell.plmn == cell.plmn && is_own(ms, identity));
        let Some(ms) = ms else {
            return Vec::from([with_cause(nas::ROUTING_AREA_UPDATE_REJECT, gmm(9))]);
        };
        ms.cell = *cell;
        let accept = Message::new(nas::ROUTING_AREA_UPDATE_ACCEPT)
            .with("Update result", &[0])
            .with("Periodic RA update timer", &[0x49])
            .with("Routing area identification", &routing_area(cell));
        Vec::from([accept])
    }

    fn service(&self, link: Link, message: &Message) -> Vec<Message> {
        let identity = message.value("P-TMSI");
        let known = self.devices.registered(link).filter(|ms| is_own(ms, identity));
        Vec::from([match known {
            Some(_) => Message::new(nas::GPRS_SERVICE_ACCEPT),
            None => with_cause(nas::GPRS_SERVICE_REJECT, gmm(9)),
        }])
    }

    fn activate(&mut self, link: Link, message: &Message, core: &mut Core<'_>) -> Vec<Message> {
        let transaction = message.bearer ^ 0x8;
        let reject = |cause: u8| {
            Vec::from([
                Message::of(nas::ACTIVATE_PDP_CONTEXT_REJECT, transaction, 0).with("SM cause", &[cause])
            ])
        };
        let Some(ms) = self.devices.registered_mut(link) else {
            return reject(38);
        };
        let Some(known) = &ms.known else { return reject(38) };
        let nsapi = message.octet("Requested NSAPI").unwrap_or(5);
        if !(5..=15).contains(&nsapi) || ms.sessions.iter().any(|session| session.id == nsapi) {
            return reject(26);
        }
        let apn = message.value("Access point name").and_then(gtp::from_labels);
        match core.create_session(&ms.imsi, known, apn.as_deref(), nsapi, (ms.cell.plmn, Rat::Umts)) {
            Ok(opened) => {
                ms.sessions.push(Session { id: nsapi, teid: opened.teid });
                let address = [&[0x01, 0x21][..], &opened.address].concat();
                let quality = message.value("Requested QoS").unwrap_or_default();
                let accept = Message::of(nas::ACTIVATE_PDP_CONTEXT_ACCEPT, transaction, 0)
                    .with("Negotiated LLC SAPI", &[3])
                    .with("Negotiated QoS", quality)
                    .with("Radio priority", &[4])
                    .with("PDP address", &address);
                Vec::from([accept])
            }
            Err(NoSession::UnknownApn) => reject(27),
            Err(NoSession::NotSubscribed) => reject(33),
            Err(NoSession::Gateway(_)) => reject(26),
        }
    }

    /// A short message over packets.
    pub(crate) fn short_message(&mut self, link: Link, octets: &[u8], core: &mut Core<'_>) -> Downlinks {
        core.log.note((Node::Modem, Node::Sgsn), "NAS", "CP-DATA", || octets.to_vec());
        let Some((_, known)) = self.devices.known(link) else { return Vec::new() };
        let denial = core.rules.denial(known.class, &known.data.contract, Service::Sms);
        let answers = relay(octets, denial, core, Node::Sgsn);
        for answer in &answers {
            let name = Message::decode(answer, Direction::Down).map_or("unknown message", |it| it.def.name);
            core.log.note((Node::Sgsn, Node::Modem), "NAS", name, || answer.clone());
        }
        answers
    }

    /// As [`crate::mme::Mme::cancel`].
    pub(crate) fn cancel(
        &mut self,
        imsi: &Imsi,
        is_withdrawn: bool,
        core: &mut Core<'_>,
    ) -> Option<(Link, Vec<u8>)> {
        let link = self.devices.cancel(imsi, is_withdrawn, core)?;
        let request =
            Message::new(nas::GPRS_DETACH_REQUEST_NETWORK).with("Detach type", &[2]).with("GMM cause", &[8]);
        let octets = note_downlink(&request, core);
        self.devices.release(link, core);
        Some((link, octets))
    }
}

fn note_downlink(message: &Message, core: &mut Core<'_>) -> Vec<u8> {
    let octets = message.encode();
    core.log.note((Node::Sgsn, Node::Modem), "NAS", message.def.name, || octets.clone());
    octets
}

fn with_cause(def: &'static nas::Def, cause: Cause) -> Message {
    Message::new(def).with("GMM cause", &[cause.number as u8])
}

fn challenge(vector: &UmtsVector) -> Message {
    Message::new(nas::AUTHENTICATION_AND_CIPHERING_REQUEST)
        .with("A&C reference number", &[1])
        .with("RAND", &vector.rand)
        .with("Ciphering key sequence number", &[0])
        .with("AUTN", &vector.autn)
}

fn is_own(ms: &Ms, identity: Option<&[u8]>) -> bool {
    identity.and_then(|value| value.get(1..)) == Some(&ms.tmsi.to_be_bytes()[..])
}

/// PLMN, location area, routing area 1 (TS 24.008 10.5.5.15).
fn routing_area(cell: &Cell) -> Vec<u8> {
    [&cell.plmn.octets()[..], &cell.area.to_be_bytes(), &[1]].concat()
}

/// What becomes of the HSS's refusals towards the device (TS 29.272 annex A).
fn from_hss(cause: Cause) -> Cause {
    match cause.number {
        5001 => gmm(8),
        5004 => gmm(11),
        _ => gmm(17),
    }
}
