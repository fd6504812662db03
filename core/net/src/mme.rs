//! The mobility management entity of LTE (TS 24.301, TS 23.401).

use crate::auc::EpsVector;
use crate::cause::{Cause, Domain};
use crate::epc::{Core, Known, NoSession};
use crate::gtp;
use crate::hss::Rat;
use crate::id::{Guti, Imsi, Plmn, read_imsi_identity};
use crate::log::Node;
use crate::nas::security::{self, Context, Header};
use crate::nas::{self, Direction, Malformed, Message, sms};
use crate::network::{Cell, Link, Route};
use crate::rules::{Denial, Service};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use subtle::ConstantTimeEq;

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

/// The step of an attach that is awaited.
#[derive(Clone)]
enum Awaited {
    Nothing,
    Authentication { vector: EpsVector, resynchronised: bool },
    SecurityMode,
    EsmInformation,
    Complete,
}

#[derive(Clone)]
struct Bearer {
    ebi: u8,
    teid: u32,
    acknowledged: bool,
}

#[derive(Clone)]
struct Ue {
    imsi: Imsi,
    cell: Cell,
    state: EmmState,
    awaited: Awaited,
    security: Option<Context>,
    known: Option<Known>,
    tmsi: u32,
    is_combined: bool,
    transaction: u8,
    capability: Vec<u8>,
    bearers: Vec<Bearer>,
}

/// The node; one object stands for the MMEs of all networks that a device may meet.
#[derive(Clone, Default)]
pub struct Mme {
    devices: BTreeMap<Link, Ue>,
    by_imsi: BTreeMap<Imsi, Link>,
    last_tmsi: u32,
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
        self.devices.get(&link).map_or(EmmState::EmmDeregistered, |ue| ue.state)
    }

    /// What is known of the subscriber of a registered device.
    pub(crate) fn known(&self, link: Link) -> Option<(Imsi, &Known)> {
        let ue = self.devices.get(&link).filter(|ue| ue.state == EmmState::EmmRegistered)?;
        Some((ue.imsi, ue.known.as_ref()?))
    }

    /// The device with which a subscriber is registered.
    pub(crate) fn registered(&self, imsi: &Imsi) -> Option<Link> {
        let link = *self.by_imsi.get(imsi)?;
        (self.devices.get(&link)?.state == EmmState::EmmRegistered).then_some(link)
    }

    /// The tunnel of a device's bearer.
    pub(crate) fn tunnel(&self, link: Link, plmn: Plmn, ebi: u8) -> Option<u32> {
        let ue = self.devices.get(&link)?;
        let is_here = ue.state == EmmState::EmmRegistered && ue.cell.plmn == plmn;
        let ue = Some(ue).filter(|_| is_here)?;
        ue.bearers.iter().find(|bearer| bearer.ebi == ebi).map(|bearer| bearer.teid)
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
        let is_genuine = envelope.is_some_and(|envelope| {
            let context = self.devices.get_mut(&link).and_then(|ue| ue.security.as_mut());
            context.is_some_and(|context| context.verify(Direction::Up, &envelope))
        });
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
            0x53 => self.authentication_response(link, message),
            0x5C => self.authentication_failure(link, message, core),
            0x5E => self.security_mode_complete(link, core),
            0x63 => self.short_message(link, message, core),
            0x46 | 0x5F | 0x60 => {
                self.forget(link, core);
                Vec::new()
            }
            _ => Vec::from([self.plain(&with_cause(nas::EMM_STATUS, emm(98)))]),
        }
    }

    fn plain(&self, message: &Message) -> Vec<u8> {
        message.encode()
    }

    fn protected(&mut self, link: Link, header: Header, message: &Message) -> Downlinks {
        let context = self.devices.get_mut(&link).and_then(|ue| ue.security.as_mut());
        let plain = message.encode();
        Vec::from([match context {
            Some(context) => context.protect(header, Direction::Down, &plain),
            None => plain,
        }])
    }

    fn attach(&mut self, link: Link, cell: &Cell, message: &Message, core: &mut Core<'_>) -> Downlinks {
        let reject = |cause| Vec::from([with_cause(nas::ATTACH_REJECT, cause).encode()]);
        let imsi = message.value("EPS mobile identity").and_then(read_imsi_identity);
        // A temporary identity is not taken for an attach: the device is asked for nothing else than its IMSI.
        let Some(imsi) = imsi else { return reject(emm(9)) };
        let request = message.value("ESM message container").unwrap_or_default();
        let Ok(request) = Message::decode(request, Direction::Up) else { return reject(emm(19)) };
        if !core.serves(cell.plmn) {
            return reject(emm(11));
        }
        self.forget(link, core);
        let vector = match core.eps_vector(&imsi, cell.plmn, None) {
            Ok(vector) => vector,
            Err(cause) => return reject(from_hss(cause)),
        };
        let challenge = challenge(&vector);
        let ue = Ue {
            imsi,
            cell: *cell,
            state: EmmState::EmmCommonProcedureInitiated,
            awaited: Awaited::Authentication { vector, resynchronised: false },
            security: None,
            known: None,
            tmsi: 0,
            is_combined: message.octet("EPS attach type") == Some(2),
            transaction: request.transaction,
            capability: message.value("UE network capability").unwrap_or_default().to_vec(),
            bearers: Vec::new(),
        };
        self.devices.insert(link, ue);
        Vec::from([challenge.encode()])
    }

    fn authentication_response(&mut self, link: Link, message: &Message) -> Downlinks {
        let Some(ue) = self.devices.get_mut(&link) else { return Vec::new() };
        let awaited = core::mem::replace(&mut ue.awaited, Awaited::Nothing);
        let Awaited::Authentication { vector, .. } = awaited else {
            ue.awaited = awaited;
            return Vec::from([with_cause(nas::EMM_STATUS, emm(98)).encode()]);
        };
        let res = message.value("RES").unwrap_or_default();
        if !bool::from(res.ct_eq(&vector.xres)) {
            self.devices.remove(&link);
            return Vec::from([Message::new(nas::AUTHENTICATION_REJECT).encode()]);
        }
        ue.security = Some(Context::new(&vector.kasme));
        ue.awaited = Awaited::SecurityMode;
        let command = Message::new(nas::SECURITY_MODE_COMMAND)
            .with("Selected NAS security algorithms", &[security::ALGORITHMS])
            .with("NAS key set identifier", &[0])
            .with("Replayed UE security capabilities", &ue.capability.clone());
        self.protected(link, Header::New, &command)
    }

    fn authentication_failure(&mut self, link: Link, message: &Message, core: &mut Core<'_>) -> Downlinks {
        let reject = Vec::from([Message::new(nas::AUTHENTICATION_REJECT).encode()]);
        let Some(mut ue) = self.devices.remove(&link) else { return Vec::new() };
        let Awaited::Authentication { vector, resynchronised: false } = &ue.awaited else { return reject };
        let auts = message.value("AUTS").and_then(|auts| <[u8; 14]>::try_from(auts).ok());
        // With the IMSI known for sure, a MAC failure ends it (TS 24.301 5.4.2.7 c).
        let (Some(21), Some(auts)) = (message.octet("EMM cause"), auts) else { return reject };
        match core.eps_vector(&ue.imsi, ue.cell.plmn, Some((&vector.rand, &auts))) {
            Ok(vector) => {
                let challenge = challenge(&vector);
                ue.awaited = Awaited::Authentication { vector, resynchronised: true };
                self.devices.insert(link, ue);
                Vec::from([challenge.encode()])
            }
            Err(_) => reject,
        }
    }

    fn security_mode_complete(&mut self, link: Link, core: &mut Core<'_>) -> Downlinks {
        let Some(ue) = self.devices.get_mut(&link).filter(|ue| matches!(ue.awaited, Awaited::SecurityMode))
        else {
            return Vec::new();
        };
        let (imsi, plmn) = (ue.imsi, ue.cell.plmn);
        match core.update_location(&imsi, plmn, Rat::Lte) {
            Err(cause) => {
                let answer =
                    self.protected(link, Header::Ciphered, &with_cause(nas::ATTACH_REJECT, from_hss(cause)));
                self.devices.remove(&link);
                answer
            }
            Ok(known) => {
                ue.known = Some(known);
                ue.capability = Vec::new();
                ue.awaited = Awaited::EsmInformation;
                let request = Message::of(nas::ESM_INFORMATION_REQUEST, 0, ue.transaction);
                self.supersede(link, &imsi, core);
                self.protected(link, Header::Ciphered, &request)
            }
        }
    }

    /// One subscriber, one device: whoever was here with this IMSI is forgotten without a word.
    fn supersede(&mut self, link: Link, imsi: &Imsi, core: &mut Core<'_>) {
        if let Some(other) = self.by_imsi.insert(*imsi, link).filter(|other| *other != link) {
            self.release(other, core);
            self.devices.remove(&other);
        }
    }

    /// ESM messages of the device.
    fn session(&mut self, link: Link, message: &Message, core: &mut Core<'_>) -> Downlinks {
        let Some(ue) = self.devices.get_mut(&link) else { return Vec::new() };
        match message.def.kind {
            0xDA if matches!(ue.awaited, Awaited::EsmInformation) => {
                let apn = message.value("Access point name").and_then(gtp::from_labels);
                self.attach_session(link, apn.as_deref(), core)
            }
            0xD0 if ue.state == EmmState::EmmRegistered => {
                let apn = message.value("Access point name").and_then(gtp::from_labels);
                let opened = self.open(link, apn.as_deref(), message.transaction, core);
                let answer = opened.unwrap_or_else(|reject| reject);
                self.protected(link, Header::Ciphered, &answer)
            }
            0xC2 => {
                if let Some(bearer) = ue.bearers.iter_mut().find(|bearer| bearer.ebi == message.bearer) {
                    bearer.acknowledged = true;
                }
                Vec::new()
            }
            0xE8 => Vec::new(),
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
        let Some(ue) = self.devices.get_mut(&link) else { return Err(reject(38)) };
        let Some(known) = &ue.known else { return Err(reject(38)) };
        let ebi = (5..=15).find(|ebi| ue.bearers.iter().all(|bearer| bearer.ebi != *ebi));
        let Some(ebi) = ebi else { return Err(reject(26)) };
        let opened = core.create_session(&ue.imsi, known, apn, ebi, (ue.cell.plmn, Rat::Lte));
        let opened = opened.map_err(|error| {
            reject(match error {
                NoSession::UnknownApn => 27,
                NoSession::NotSubscribed => 33,
                NoSession::Gateway(_) => 26,
            })
        })?;
        ue.bearers.push(Bearer { ebi, teid: opened.teid, acknowledged: false });
        let default = known.data.contract.apns.first().filter(|apn| *apn != crate::rules::ANY);
        // The device is told the APN that it asked for: what the gateway makes of it, it need not know.
        let shown = apn.filter(|apn| !apn.is_empty()).or(default.map(|apn| &apn[..]));
        let address = [&[0x01][..], &opened.address].concat();
        Ok(Message::of(nas::ACTIVATE_DEFAULT_BEARER_REQUEST, ebi, transaction)
            .with("EPS QoS", &[9])
            .with("Access point name", &gtp::labels(shown.unwrap_or(crate::rules::DEFAULT_APN)))
            .with("PDN address", &address))
    }

    fn attach_session(&mut self, link: Link, apn: Option<&str>, core: &mut Core<'_>) -> Downlinks {
        let Some(ue) = self.devices.get(&link) else { return Vec::new() };
        let transaction = ue.transaction;
        let activate = match self.open(link, apn, transaction, core) {
            Ok(activate) => activate,
            Err(reject) => {
                let answer =
                    with_cause(nas::ATTACH_REJECT, emm(19)).with("ESM message container", &reject.encode());
                let answers = self.protected(link, Header::Ciphered, &answer);
                self.forget(link, core);
                return answers;
            }
        };
        self.last_tmsi = self.last_tmsi.wrapping_add(1);
        let tmsi = 0xC000_0000 | self.last_tmsi;
        let Some(ue) = self.devices.get_mut(&link) else { return Vec::new() };
        ue.tmsi = tmsi;
        ue.awaited = Awaited::Complete;
        let area = tracking_area(&ue.cell);
        let all = [Service::Voice, Service::Sms, Service::Supplementary];
        let calls = ue.known.as_ref().is_some_and(|known| all.iter().any(|it| core.gets(known, *it)));
        let mut accept = Message::new(nas::ATTACH_ACCEPT)
            .with("EPS attach result", &[if ue.is_combined && calls { 2 } else { 1 }])
            .with("T3412 value", &[0x49])
            .with("TAI list", &area)
            .with("ESM message container", &activate.encode())
            .with("GUTI", &guti(ue).octets());
        if ue.is_combined && calls {
            let location = [&ue.cell.plmn.octets()[..], &ue.cell.area.to_be_bytes()].concat();
            let identity = [&[0xF4][..], &tmsi.to_be_bytes()].concat();
            accept = accept.with("Location area identification", &location).with("MS identity", &identity);
        } else if ue.is_combined {
            // Neither calls nor short messages: the circuit-switched domain is not for this subscriber.
            accept = accept.with("EMM cause", &[18]);
        }
        self.protected(link, Header::Ciphered, &accept)
    }

    fn attach_complete(&mut self, link: Link) -> Downlinks {
        if let Some(ue) = self.devices.get_mut(&link).filter(|ue| matches!(ue.awaited, Awaited::Complete)) {
            ue.awaited = Awaited::Nothing;
            ue.state = EmmState::EmmRegistered;
        }
        Vec::new()
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
            self.forget(link, core);
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
        let ue = self.devices.get_mut(&link).filter(|ue| {
            is_genuine
                && ue.state == EmmState::EmmRegistered
                && ue.cell.plmn == cell.plmn
                && own == Some(guti(ue))
        });
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
        let registered =
            self.devices.get(&link).filter(|ue| is_genuine && ue.state == EmmState::EmmRegistered);
        let Some(ue) = registered else {
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
        let Some(ue) = self.devices.get(&link).filter(|ue| ue.state == EmmState::EmmRegistered) else {
            return Vec::new();
        };
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

    /// Whether a subscriber is by now registered in another network than this one.
    pub(crate) fn is_elsewhere(&self, imsi: &Imsi, plmn: Plmn) -> bool {
        let ue = self.by_imsi.get(imsi).and_then(|link| self.devices.get(link));
        ue.is_none_or(|ue| ue.cell.plmn != plmn)
    }

    /// The subscription is withdrawn, or the subscriber has moved: closes sessions, tells the device of a withdrawal.
    pub(crate) fn cancel(
        &mut self,
        imsi: &Imsi,
        is_withdrawn: bool,
        core: &mut Core<'_>,
    ) -> Option<(Link, Vec<u8>)> {
        let link = self.by_imsi.get(imsi).copied()?;
        if !is_withdrawn {
            self.forget(link, core);
            return None;
        }
        let request =
            Message::new(nas::DETACH_REQUEST_NETWORK).with("Detach type", &[2]).with("EMM cause", &[8]);
        let octets = self.protected(link, Header::Ciphered, &request).pop()?;
        self.note_downlink(&octets, core);
        self.release(link, core);
        Some((link, octets))
    }

    fn release(&mut self, link: Link, core: &mut Core<'_>) {
        let bearers = self.devices.get_mut(&link).map(|ue| core::mem::take(&mut ue.bearers));
        for bearer in bearers.into_iter().flatten() {
            core.delete_session(bearer.teid, bearer.ebi, Rat::Lte);
        }
    }

    fn forget(&mut self, link: Link, core: &mut Core<'_>) {
        self.release(link, core);
        if let Some(ue) = self.devices.remove(&link)
            && self.by_imsi.get(&ue.imsi) == Some(&link)
        {
            self.by_imsi.remove(&ue.imsi);
        }
    }

    /// Registered devices with their states, for a reader.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (Link, Route)> {
        self.devices.iter().map(|(link, ue)| {
            let route = Route { imsi: ue.imsi, cell: ue.cell, guti: (ue.tmsi != 0).then(|| guti(ue)) };
            (*link, route)
        })
    }
}

fn with_cause(def: &'static nas::Def, cause: Cause) -> Message {
    Message::new(def).with("EMM cause", &[cause.number as u8])
}

fn challenge(vector: &EpsVector) -> Message {
    Message::new(nas::AUTHENTICATION_REQUEST)
        .with("NAS key set identifier", &[0])
        .with("RAND", &vector.rand)
        .with("AUTN", &vector.autn)
}

fn guti(ue: &Ue) -> Guti {
    Guti { plmn: ue.cell.plmn, group: 1, node: 1, tmsi: ue.tmsi }
}

/// One area of one network (TS 24.301 9.9.3.33, type 00).
fn tracking_area(cell: &Cell) -> Vec<u8> {
    [&[0x00][..], &cell.plmn.octets(), &cell.area.to_be_bytes()].concat()
}

/// What becomes of the HSS's refusals towards the device (TS 29.272 annex A).
fn from_hss(cause: Cause) -> Cause {
    match cause.number {
        5001 => emm(8),
        5004 => emm(11),
        _ => emm(17),
    }
}

/// A short message from the device, CP layer: what goes back. It is taken by the service centre, or refused.
pub(crate) fn relay(container: &[u8], denial: Option<Denial>, core: &mut Core<'_>, node: Node) -> Downlinks {
    let Ok(message) = Message::decode(container, Direction::Up) else { return Vec::new() };
    let rpdu = message.value("CP-User data").unwrap_or_default();
    let Some(reference) = sms::is_rp_data(rpdu) else { return Vec::new() };
    let answer = match denial {
        None => {
            core.log.note((node, Node::Msc), "SGd", "MO-Forward-Short-Message", || rpdu.to_vec());
            sms::rp_ack(reference)
        }
        Some(Denial::Barred) => sms::rp_error(reference, 8),
        Some(Denial::NotSubscribed) => sms::rp_error(reference, 50),
    };
    // The answer's transaction identifier has its flag turned round (TS 24.007 11.2.3.1.3).
    let transaction = message.bearer ^ 0x8;
    Vec::from([
        Message::of(nas::CP_ACK, transaction, 0).encode(),
        Message::of(nas::CP_DATA, transaction, 0).with("CP-User data", &answer).encode(),
    ])
}
