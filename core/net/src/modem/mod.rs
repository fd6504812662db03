//! The modem: reads the enabled USIM, registers with a network, answers its challenges with the card's
//! AUTHENTICATE (TS 31.102 7.1), opens sessions, asks for calls and short messages.
//!
//! A step machine: a procedure begins with an [`Effect`], each [`Event`] leads to the next, the last one is
//! [`Effect::Done`]. [`drive`] runs one to its end.

mod card;
mod lte;
mod service;
mod umts;
mod usim;

pub use service::{BearerView, ServiceState, ServiceView, bars};
pub use usim::{Report, UsimError};

use crate::cause::{Cause, Domain};
use crate::cell::Cell;
use crate::id::{Guti, Imsi, Plmn, imsi_identity};
use crate::log::Node;
use crate::nas::security::{self, Context};
use crate::nas::{self, Direction, Message, sms};
use alloc::string::String;
use alloc::vec::Vec;
use usim::Reader;

/// What the modem does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this APDU; answer [`Event::Card`].
    Card(Vec<u8>),
    /// Send this message to the network in the cell of [`Modem::cell`]; then as for `Listen`.
    Send(Vec<u8>),
    /// Tell what the network says next: [`Event::Network`], or [`Event::Silence`].
    Listen,
    /// The procedure is over.
    Done(Result<Answer, ModemError>),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The card's response APDU.
    Card(Vec<u8>),
    /// A message of the network.
    Network(Vec<u8>),
    /// The network says nothing (more).
    Silence,
}

/// A procedure that ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// In service.
    Registered,
    /// Not registered any more.
    Detached,
    /// The network still knows the device.
    Updated,
    /// A connection to a packet network is open: its bearer.
    Connected(u8),
    /// The network grants the call, the service, or has taken the message.
    Granted,
}

/// A procedure that did not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModemError {
    /// The card.
    #[error(transparent)]
    Usim(#[from] UsimError),
    /// No cell of a network that has not refused this USIM.
    #[error("no network: no cell is heard that may be used")]
    NoCell,
    /// A node refused.
    #[error("refused: {cause}")]
    Refused {
        /// Which.
        by: Node,
        /// Why.
        cause: Cause,
    },
    /// AUTHENTICATION REJECT, which has no cause; the USIM is not used again before power off.
    #[error("authentication rejected{}", .reported.map_or(String::new(), |cause| alloc::format!("; the card had answered: {cause}")))]
    AuthenticationRejected {
        /// What the modem had reported of the card's answer.
        reported: Option<Cause>,
    },
    /// The network sends messages that do not verify.
    #[error("the network's messages do not verify")]
    NotGenuine,
    /// The device is not registered.
    #[error("not registered with a network")]
    NotRegistered,
    /// No answer came.
    #[error("no answer from the network")]
    Silent,
    /// The text cannot be sent as one short message.
    #[error("a short message has at most 160 characters of the GSM alphabet")]
    Text,
    /// The host gave an event that was not asked for.
    #[error("an event that was not asked for")]
    OutOfOrder,
}

/// What is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Procedure {
    Idle,
    Read,
    Attach,
    Detach,
    Update,
    Connect,
    Service,
    Call { supplementary: bool },
    Text,
}

/// A challenge that the card is working on.
#[derive(Clone, Debug)]
struct Challenge {
    autn: [u8; 16],
    reference: u8,
}

/// A bearer with its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// EPS bearer identity, or NSAPI.
    pub id: u8,
    /// APN that the network told, or that was asked for.
    pub apn: String,
    /// IPv4 address.
    pub address: [u8; 4],
}

#[derive(Clone, Debug)]
struct Registration {
    cell: Cell,
    guti: Option<Guti>,
    p_tmsi: u32,
    calls: bool,
    bearers: Vec<Bearer>,
}

/// A modem. Switched off to begin with.
#[derive(Clone, Debug)]
pub struct Modem {
    procedure: Procedure,
    reader: Reader,
    usim: Option<Report>,
    /// What came so far of a response in several parts.
    collected: Vec<u8>,
    /// The APDU asked last, to be asked again with another Le.
    last: Vec<u8>,
    is_on: bool,
    cells: Vec<Cell>,
    forbidden: Vec<Plmn>,
    is_usim_invalid: bool,
    apn: String,
    /// The cell in which an attach is tried.
    camped: Option<Cell>,
    challenge: Option<Challenge>,
    reported: Option<Cause>,
    /// Keys of the registration, or of the attach under way.
    security: Option<Context>,
    kasme: Option<[u8; 32]>,
    registration: Option<Registration>,
    transaction: u8,
    reference: u8,
    wanted: String,
    /// The end of the procedure, once the network has nothing more to say.
    end: Option<Result<Answer, ModemError>>,
    error: Option<ModemError>,
    /// An attach that follows a refusal is tried once.
    is_retry: bool,
}

impl Default for Modem {
    fn default() -> Self {
        Self::new()
    }
}

/// What a procedure is driven against.
pub trait Air {
    /// Sends an APDU to the card; the response.
    fn card(&mut self, apdu: &[u8]) -> Vec<u8>;
    /// Sends a message in a cell; the network's messages in return.
    fn send(&mut self, cell: &Cell, message: &[u8]) -> Vec<Vec<u8>>;
}

/// Runs a procedure to its end.
///
/// # Errors
/// [`ModemError`].
pub fn drive(modem: &mut Modem, first: Effect, air: &mut impl Air) -> Result<Answer, ModemError> {
    let mut heard = alloc::collections::VecDeque::new();
    let mut effect = first;
    loop {
        let event = match effect {
            Effect::Done(done) => return done,
            Effect::Card(apdu) => Event::Card(air.card(&apdu)),
            Effect::Send(message) => {
                if let Some(cell) = modem.cell() {
                    heard.extend(air.send(&cell, &message));
                }
                heard.pop_front().map_or(Event::Silence, Event::Network)
            }
            Effect::Listen => heard.pop_front().map_or(Event::Silence, Event::Network),
        };
        effect = modem.step(event);
    }
}

impl Modem {
    /// Switched off.
    pub fn new() -> Self {
        Self {
            procedure: Procedure::Idle,
            reader: Reader::new(),
            usim: None,
            collected: Vec::new(),
            last: Vec::new(),
            is_on: false,
            cells: Vec::new(),
            forbidden: Vec::new(),
            is_usim_invalid: false,
            apn: String::new(),
            camped: None,
            challenge: None,
            reported: None,
            security: None,
            kasme: None,
            registration: None,
            transaction: 0,
            reference: 0,
            wanted: String::new(),
            end: None,
            error: None,
            is_retry: false,
        }
    }

    /// The APN that the user has typed; empty for the network's own choice. Asked for at the next attach.
    pub fn set_apn(&mut self, apn: &str) {
        self.apn = apn.into();
    }

    /// The APN that the user has typed.
    pub fn apn(&self) -> &str {
        &self.apn
    }

    /// Whether it is switched on.
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// The cell in which it is, or tries to be, registered.
    pub fn cell(&self) -> Option<Cell> {
        self.registration.as_ref().map(|registration| registration.cell).or(self.camped)
    }

    /// Bearers that are open, the default one first.
    pub fn bearers(&self) -> &[Bearer] {
        self.registration.as_ref().map_or(&[], |registration| &registration.bearers)
    }

    /// What the USIM says of itself.
    pub fn usim(&self) -> Option<&Report> {
        self.usim.as_ref()
    }

    /// Switches on, or starts over with a card that has been reset: reads the USIM and attaches in the best
    /// of these cells.
    pub fn power_on(&mut self, cells: &[Cell]) -> Effect {
        let apn = core::mem::take(&mut self.apn);
        *self = Self { apn, is_on: true, cells: cells.to_vec(), ..Self::new() };
        self.procedure = Procedure::Read;
        let apdu = self.reader.start();
        self.card_command(apdu)
    }

    /// Switches off: a registered modem says so. The network answers nothing.
    pub fn power_off(&mut self) -> Effect {
        let leave = self.registration.is_some().then(|| self.leave(true));
        self.is_on = false;
        self.procedure = Procedure::Detach;
        self.end = Some(Ok(Answer::Detached));
        match leave {
            Some(octets) => Effect::Send(octets),
            None => self.finish(Ok(Answer::Detached)),
        }
    }

    /// Leaves the network and stays on.
    pub fn detach(&mut self) -> Effect {
        if self.registration.is_none() {
            return Effect::Done(Err(ModemError::NotRegistered));
        }
        self.procedure = Procedure::Detach;
        Effect::Send(self.leave(false))
    }

    /// Other cells are heard. Stays where it is while that cell is among them in the same area; updates its
    /// area; attaches elsewhere if the network is another one.
    pub fn hear(&mut self, cells: &[Cell]) -> Effect {
        self.cells = cells.to_vec();
        self.forbidden.clear();
        let Some(registration) = &mut self.registration else { return self.attach() };
        let same = |cell: &&Cell| cell.plmn == registration.cell.plmn && cell.rat == registration.cell.rat;
        let best = cells.iter().filter(same).max_by_key(|cell| cell.level).copied();
        match best {
            Some(cell) if cell.area == registration.cell.area => {
                registration.cell = cell;
                Effect::Done(Ok(Answer::Updated))
            }
            Some(cell) => {
                registration.cell = cell;
                self.update()
            }
            None => {
                self.lose();
                self.attach()
            }
        }
    }

    /// Attaches with the USIM that was read.
    pub fn attach(&mut self) -> Effect {
        if !self.is_on || self.is_usim_invalid {
            return Effect::Done(Err(self.error.clone().unwrap_or(ModemError::NotRegistered)));
        }
        if self.usim.is_none() {
            return Effect::Done(Err(self.error.clone().unwrap_or(UsimError::NoUsim.into())));
        }
        self.lose();
        self.procedure = Procedure::Attach;
        self.try_cell()
    }

    /// Tries the best cell that has not refused yet: at home first, then by level.
    fn try_cell(&mut self) -> Effect {
        let Some(imsi) = self.imsi() else { return self.finish(Err(UsimError::File("READ EF.IMSI").into())) };
        let usable =
            self.cells.iter().filter(|cell| !self.forbidden.contains(&cell.plmn) && cell.level > -125);
        let best = usable.max_by_key(|cell| (self.is_home(cell.plmn), cell.level)).copied();
        let Some(cell) = best else {
            let error = self.error.take().unwrap_or(ModemError::NoCell);
            return self.finish(Err(error));
        };
        self.camped = Some(cell);
        self.reported = None;
        self.security = None;
        let identity = imsi_identity(&imsi);
        Effect::Send(match cell.rat {
            crate::hss::Rat::Lte => self.lte_attach_request(&identity),
            crate::hss::Rat::Umts => umts::attach_request(&cell, &identity),
        })
    }

    /// Shows that it is still there, or in another area.
    pub fn update(&mut self) -> Effect {
        let Some(registration) = self.registration.clone() else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.procedure = Procedure::Update;
        Effect::Send(match registration.guti {
            Some(guti) => {
                let request = Message::new(nas::TRACKING_AREA_UPDATE_REQUEST)
                    .with("EPS update type", &[0])
                    .with("Old GUTI", &guti.octets());
                self.protect(&request)
            }
            None => umts::update_request(&registration),
        })
    }

    /// Opens a further connection, on an APN of its own.
    pub fn connect(&mut self, apn: &str) -> Effect {
        let Some(registration) = self.registration.clone() else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.procedure = Procedure::Connect;
        self.wanted = apn.into();
        Effect::Send(match registration.guti {
            Some(_) => {
                self.transaction = self.transaction % 254 + 1;
                let request = lte::connectivity_request(self.transaction)
                    .with("Access point name", &crate::gtp::labels(apn));
                self.protect(&request)
            }
            None => self.umts_activate(apn),
        })
    }

    /// Asks whether the network still has its bearers.
    pub fn request_service(&mut self) -> Effect {
        let Some(registration) = self.registration.clone() else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.procedure = Procedure::Service;
        Effect::Send(match registration.guti {
            Some(guti) => self.service_request(guti, 8),
            None => umts::service_request(&registration),
        })
    }

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
        let Some(registration) = self.registration.clone() else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.procedure = Procedure::Call { supplementary };
        match registration.guti {
            Some(guti) => Effect::Send(self.service_request(guti, 0)),
            None => self.cm_service_request(supplementary),
        }
    }

    /// Sends a short message.
    pub fn text(&mut self, to: &str, text: &str) -> Effect {
        let Some(registration) = self.registration.clone() else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.reference = self.reference.wrapping_add(1);
        let Some(rpdu) = sms::rp_data(self.reference, to, text).filter(|rpdu| rpdu.len() < 240) else {
            return Effect::Done(Err(ModemError::Text));
        };
        self.procedure = Procedure::Text;
        let cp = Message::of(nas::CP_DATA, 0, 0).with("CP-User data", &rpdu).encode();
        Effect::Send(match registration.guti {
            Some(_) => {
                let transport = Message::new(nas::UPLINK_NAS_TRANSPORT).with("NAS message container", &cp);
                self.protect(&transport)
            }
            None => cp,
        })
    }

    /// Takes a message that the network sends of its own accord.
    pub fn unsolicited(&mut self, message: Vec<u8>) -> Effect {
        self.procedure = Procedure::Detach;
        self.step(Event::Network(message))
    }

    /// Takes what happened and says what to do next.
    pub fn step(&mut self, event: Event) -> Effect {
        if self.procedure == Procedure::Idle {
            return Effect::Done(Err(ModemError::OutOfOrder));
        }
        match event {
            Event::Card(response) => self.card(&response),
            Event::Network(octets) => self.network(&octets),
            Event::Silence => self.silence(),
        }
    }

    fn silence(&mut self) -> Effect {
        if let Some(end) = self.end.take() {
            return self.finish(end);
        }
        if let Some(next) = self.umts_session_after_attach() {
            return next;
        }
        match self.procedure {
            // The base station sends the device to 3G: it asks the circuit-switched domain there.
            Procedure::Call { supplementary } if self.is_lte() => self.cm_service_request(supplementary),
            // Bearers are taken up again without a word (TS 24.301 5.6.1.4).
            Procedure::Service => self.finish(Ok(Answer::Updated)),
            _ => self.finish(Err(ModemError::Silent)),
        }
    }

    fn network(&mut self, octets: &[u8]) -> Effect {
        let envelope = security::open(octets);
        let plain = envelope.map_or(octets, |envelope| envelope.plain);
        let Ok(message) = Message::decode(plain, Direction::Down) else { return Effect::Listen };
        match message.def.protocol {
            nas::Protocol::Emm | nas::Protocol::Esm => self.lte(&message, envelope.as_ref()),
            nas::Protocol::Gmm | nas::Protocol::Sm => self.umts(&message),
            nas::Protocol::Mm => self.circuit_switched_answer(&message),
            nas::Protocol::Cp => self.relay(&message, false),
        }
    }

    fn circuit_switched_answer(&mut self, message: &Message) -> Effect {
        let end = match message.octet("Reject cause") {
            None => Ok(Answer::Granted),
            Some(number) => {
                Err(ModemError::Refused { by: Node::Msc, cause: Cause::new(Domain::Mm, u16::from(number)) })
            }
        };
        self.finish(end)
    }

    /// The CP layer's answer to a short message; it is acknowledged.
    fn relay(&mut self, message: &Message, in_lte: bool) -> Effect {
        let rpdu = message.value("CP-User data").unwrap_or_default();
        let Some(answer) = sms::relay_answer(rpdu) else { return Effect::Listen };
        let by = if in_lte { Node::Mme } else { Node::Sgsn };
        self.end = Some(match answer {
            Ok(()) => Ok(Answer::Granted),
            Err(number) => Err(ModemError::Refused { by, cause: Cause::new(Domain::Rp, u16::from(number)) }),
        });
        let ack = Message::of(nas::CP_ACK, 0, 0).encode();
        Effect::Send(match in_lte {
            true => {
                let transport = Message::new(nas::UPLINK_NAS_TRANSPORT).with("NAS message container", &ack);
                self.protect(&transport)
            }
            false => ack,
        })
    }

    fn cm_service_request(&mut self, supplementary: bool) -> Effect {
        let Some(imsi) = self.imsi() else { return self.finish(Err(ModemError::NotRegistered)) };
        let request = Message::new(nas::CM_SERVICE_REQUEST)
            .with("CM service type", &[if supplementary { 8 } else { 1 }])
            .with("Mobile station classmark", &[0x33, 0x19, 0xA2])
            .with("Mobile identity", &imsi_identity(&imsi));
        Effect::Send(request.encode())
    }

    /// A refusal that ends an attach: another network may be tried, or the USIM is done with (TS 24.301 5.5.1.2.5).
    fn refuse_attach(&mut self, by: Node, cause: Cause) -> Effect {
        let error = ModemError::Refused { by, cause };
        match cause.number {
            3 | 6 | 8 => self.is_usim_invalid = true,
            11..=15 => {
                self.forbidden.extend(self.camped.map(|cell| cell.plmn));
                self.error = Some(error);
                return self.try_cell();
            }
            _ => {}
        }
        self.finish(Err(error))
    }

    /// The network does not know the device any more: it attaches anew, once.
    fn start_over(&mut self, by: Node, cause: Cause) -> Effect {
        self.lose();
        if self.is_retry || !matches!(cause.number, 9 | 10) {
            return self.finish(Err(ModemError::Refused { by, cause }));
        }
        self.is_retry = true;
        self.error = Some(ModemError::Refused { by, cause });
        self.procedure = Procedure::Attach;
        self.try_cell()
    }

    fn authentication_rejected(&mut self) -> Effect {
        self.is_usim_invalid = true;
        let reported = self.reported;
        self.lose();
        self.finish(Err(ModemError::AuthenticationRejected { reported }))
    }

    fn lose(&mut self) {
        self.registration = None;
        self.security = None;
        self.kasme = None;
    }

    fn finish(&mut self, end: Result<Answer, ModemError>) -> Effect {
        self.procedure = Procedure::Idle;
        self.end = None;
        self.is_retry = false;
        match &end {
            Ok(Answer::Registered) => self.error = None,
            Ok(Answer::Detached) => {
                self.lose();
                self.error = None;
            }
            Err(error) if self.registration.is_none() => self.error = Some(error.clone()),
            _ => {}
        }
        Effect::Done(end)
    }

    fn imsi(&self) -> Option<Imsi> {
        self.usim.as_ref()?.imsi.parse().ok()
    }

    fn is_home(&self, plmn: Plmn) -> bool {
        self.usim.as_ref().is_some_and(|usim| usim.plmn.parse() == Ok(plmn))
    }

    fn is_lte(&self) -> bool {
        self.cell().is_some_and(|cell| cell.rat == crate::hss::Rat::Lte)
    }
}
