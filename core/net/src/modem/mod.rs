//! The modem: reads the enabled USIM, registers with a network, answers its challenges with the card's
//! AUTHENTICATE (TS 31.102 7.1), opens sessions, asks for calls and short messages.
//!
//! A step machine: a procedure begins with an [`Effect`], each [`Event`] leads to the next, the last one is
//! [`Effect::Done`]. [`drive`] runs one to its end.

mod access;
mod card;
mod circuit;
mod lte;
mod procedure;
mod service;
mod umts;
mod usim;

pub use access::Bearer;
pub use service::{BearerView, ServiceState, ServiceView, bars};
pub use usim::{Report, UsimError};

use crate::cause::Cause;
use crate::cell::Cell;
use crate::hss::Rat;
use crate::id::{Imsi, Plmn, imsi_identity};
use crate::log::Node;
use crate::nas::{self, Direction, Message, security};
use access::{Access, Identity, Registration};
use alloc::string::String;
use alloc::vec::Vec;
use card::Asked;
use esim_crypto::check::Checks;
use procedure::{Attach, Procedure};
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

/// A modem. Switched off to begin with.
#[derive(Clone, Debug)]
pub struct Modem {
    apn: String,
    is_on: bool,
    /// Those that are heard.
    cells: Vec<Cell>,
    /// Networks that have refused, until other cells are heard.
    forbidden: Vec<Plmn>,
    usim: Option<Report>,
    /// A network has said that the USIM is not to be used again before power off.
    is_usim_invalid: bool,
    procedure: Procedure,
    /// The APDU that the card is working on.
    asked: Option<Asked>,
    access: Option<Access>,
    /// Why there is no service.
    error: Option<ModemError>,
    /// Of the last short message.
    reference: u8,
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
    /// Who is told what the modem verifies.
    fn checks(&self) -> Checks<'_> {
        Checks::default()
    }
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
        effect = modem.step_with(event, air.checks());
    }
}

impl Modem {
    /// Switched off.
    pub fn new() -> Self {
        Self {
            apn: String::new(),
            is_on: false,
            cells: Vec::new(),
            forbidden: Vec::new(),
            usim: None,
            is_usim_invalid: false,
            procedure: Procedure::Idle,
            asked: None,
            access: None,
            error: None,
            reference: 0,
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
        self.access.as_ref().map(|access| access.cell)
    }

    /// Bearers that are open, the default one first.
    pub fn bearers(&self) -> &[Bearer] {
        self.registration().map_or(&[], |registration| &registration.bearers)
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
        let mut reader = Reader::new();
        let apdu = reader.start();
        self.procedure = Procedure::Read(reader);
        self.ask_card(apdu, None)
    }

    /// Switches off: a registered modem says so. The network answers nothing.
    pub fn power_off(&mut self) -> Effect {
        self.is_on = false;
        let Some(octets) = self.leave(true) else { return self.finish(Ok(Answer::Detached)) };
        self.procedure = Procedure::Ending(Ok(Answer::Detached));
        Effect::Send(octets)
    }

    /// Leaves the network and stays on.
    pub fn detach(&mut self) -> Effect {
        let Some(octets) = self.leave(false) else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.procedure = Procedure::Detach;
        Effect::Send(octets)
    }

    /// Other cells are heard. Stays where it is while that cell is among them in the same area; updates its
    /// area; attaches elsewhere if the network is another one.
    pub fn hear(&mut self, cells: &[Cell]) -> Effect {
        self.cells = cells.to_vec();
        self.forbidden.clear();
        let registered = self.access.as_mut().filter(|access| access.registration.is_some());
        let Some(access) = registered else { return self.attach() };
        let own = access.cell;
        let same = |cell: &&Cell| cell.plmn == own.plmn && cell.rat == own.rat;
        let Some(cell) = cells.iter().filter(same).max_by_key(|cell| cell.level) else {
            self.lose();
            return self.attach();
        };
        access.cell = *cell;
        if cell.area == own.area { Effect::Done(Ok(Answer::Updated)) } else { self.update() }
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
        self.procedure = Procedure::Attach(Attach::default());
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
        self.access = Some(Access::new(cell));
        let identity = imsi_identity(&imsi);
        Effect::Send(match cell.rat {
            Rat::Lte => Self::lte_attach_request(&identity),
            Rat::Umts => umts::attach_request(&cell, &identity),
        })
    }

    /// Shows that it is still there, or in another area.
    pub fn update(&mut self) -> Effect {
        let Some((cell, identity)) = self.registered() else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.procedure = Procedure::Update;
        Effect::Send(match identity {
            Identity::Guti { guti, .. } => {
                let request = Message::new(nas::TRACKING_AREA_UPDATE_REQUEST)
                    .with("EPS update type", &[0])
                    .with("Old GUTI", &guti.octets());
                self.protect(&request)
            }
            Identity::PTmsi(p_tmsi) => umts::update_request(&cell, p_tmsi),
        })
    }

    /// Opens a further connection, on an APN of its own.
    pub fn connect(&mut self, apn: &str) -> Effect {
        match self.registered() {
            None => Effect::Done(Err(ModemError::NotRegistered)),
            Some((_, Identity::Guti { .. })) => {
                self.procedure = Procedure::Connect(None);
                Effect::Send(self.lte_connect(apn))
            }
            Some((_, Identity::PTmsi(_))) => {
                let activation = self.activation(apn);
                let request = umts::activation_request(&activation);
                self.procedure = Procedure::Connect(Some(activation));
                Effect::Send(request)
            }
        }
    }

    /// Asks whether the network still has its bearers.
    pub fn request_service(&mut self) -> Effect {
        let Some((_, identity)) = self.registered() else {
            return Effect::Done(Err(ModemError::NotRegistered));
        };
        self.procedure = Procedure::Service;
        Effect::Send(match identity {
            Identity::Guti { guti, .. } => self.service_request(guti, 8),
            Identity::PTmsi(p_tmsi) => umts::service_request(p_tmsi),
        })
    }

    /// Takes a message that the network sends of its own accord.
    pub fn unsolicited(&mut self, message: Vec<u8>) -> Effect {
        self.procedure = Procedure::Detach;
        self.step(Event::Network(message))
    }

    /// Takes what happened and says what to do next.
    pub fn step(&mut self, event: Event) -> Effect {
        self.step_with(event, Checks::default())
    }

    /// The same, and somebody is told of each verification.
    pub fn step_with(&mut self, event: Event, checks: Checks<'_>) -> Effect {
        if matches!(self.procedure, Procedure::Idle) {
            return Effect::Done(Err(ModemError::OutOfOrder));
        }
        match event {
            Event::Card(response) => self.card(&response),
            Event::Network(octets) => self.network(&octets, checks),
            Event::Silence => self.silence(),
        }
    }

    fn network(&mut self, octets: &[u8], checks: Checks<'_>) -> Effect {
        let envelope = security::open(octets);
        let plain = envelope.map_or(octets, |envelope| envelope.plain);
        let Ok(message) = Message::decode(plain, Direction::Down) else { return Effect::Listen };
        match message.def.protocol {
            nas::Protocol::Emm | nas::Protocol::Esm => {
                self.lte(&message, (octets, envelope.as_ref()), checks)
            }
            nas::Protocol::Gmm | nas::Protocol::Sm => self.umts(&message),
            nas::Protocol::Mm => self.circuit_switched_answer(&message),
            nas::Protocol::Cp => self.relay(&message, false),
        }
    }

    fn registration(&self) -> Option<&Registration> {
        self.access.as_ref()?.registration.as_ref()
    }

    fn registration_mut(&mut self) -> Option<&mut Registration> {
        self.access.as_mut()?.registration.as_mut()
    }

    /// Where it is registered, and as what.
    fn registered(&self) -> Option<(Cell, Identity)> {
        let access = self.access.as_ref()?;
        Some((access.cell, access.registration.as_ref()?.identity))
    }

    fn imsi(&self) -> Option<Imsi> {
        self.usim.as_ref()?.imsi.parse().ok()
    }

    fn is_home(&self, plmn: Plmn) -> bool {
        self.usim.as_ref().is_some_and(|usim| usim.plmn.parse() == Ok(plmn))
    }

    fn is_lte(&self) -> bool {
        self.cell().is_some_and(|cell| cell.rat == Rat::Lte)
    }
}
