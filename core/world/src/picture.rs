//! The network as one device stands in it, for a picture: registration, session, and what would come of trying each
//! service, which nobody computes: it is tried, on a copy of modem and network.

use crate::radio::{Attempt, Granted, no_session};
use crate::transport::Transport;
use crate::words::{self, Words};
use crate::world::World;
use esim_euicc::Nvm;
use esim_net::gateway::SessionView;
use esim_net::modem::ServiceView;
use esim_net::{
    Action, Air, Carried, Cell, Class, Contract, Destination, Imsi, Link, Log, Modem, Network, Rat, drive,
};
use rand_chacha::ChaCha20Rng;
use serde::Serialize;

/// A server that is no SM.
pub const ELSEWHERE: &str = "www.example.com";

/// The network around the device in hand.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Picture {
    /// What the device shows.
    pub service: ServiceView,
    /// The same in one line.
    pub display: Words,
    /// Which device is in hand, of how many.
    pub device: (usize, usize),
    /// Whether the LPA has another way to the SM than the radio.
    pub wifi: bool,
    /// The APN that the user has typed; empty for the network's own choice.
    pub apn: String,
    /// Technology of the cell in which it is, or would be.
    pub rat: Rat,
    /// State of the device in the MME or SGSN, as `EMM-REGISTERED`.
    pub registration: String,
    /// What the network takes the enabled subscriber for; none if it knows no such one.
    pub class: Option<Class>,
    /// What is paid for.
    pub contract: Option<Contract>,
    /// Sessions of this subscriber in the gateway.
    pub sessions: Vec<SessionView>,
    /// Address of the SM.
    pub sm: Option<Destination>,
    /// What would come of trying.
    pub outlook: Outlook,
}

/// What would come of trying each service just now.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Outlook {
    /// Packets to the SM.
    pub sm: Attempt,
    /// Packets to [`ELSEWHERE`].
    pub internet: Attempt,
    /// A call.
    pub voice: Attempt,
    /// A short message.
    pub sms: Attempt,
    /// Call forwarding.
    pub supplementary: Attempt,
}

impl<N: Nvm, T: Transport> World<N, T> {
    /// The network as the device in hand stands in it. Leaves no trace and changes nothing.
    pub fn picture(&self) -> Picture {
        let (modem, network) = (self.modem(), self.network());
        let service = self.service();
        let imsi = self.imsi();
        let subscriber = imsi.and_then(|imsi| network.hss().view(&imsi));
        let link = Link(self.current_device() as u32);
        let rat = modem.cell().or(self.cells().first().copied()).map_or(Rat::Lte, |cell| cell.rat);
        let sessions = network.gateway().views().filter(|session| Some(session.imsi) == imsi);
        Picture {
            display: words::display(&service, modem.error()),
            device: (self.current_device(), self.handsets.len()),
            wifi: self.has_wifi(),
            apn: modem.apn().to_string(),
            rat,
            registration: network.registration(link, rat),
            class: self.class(),
            contract: subscriber.map(|known| known.contract),
            sessions: if service.bearers.is_empty() { Vec::new() } else { sessions.collect() },
            sm: network.policy().sm().cloned(),
            outlook: self.outlook(link),
            service,
        }
    }

    fn imsi(&self) -> Option<Imsi> {
        self.service().imsi.as_ref().and_then(|digits| digits.parse().ok())
    }

    /// What the network takes the enabled subscriber for; none if it knows no such one.
    pub fn class(&self) -> Option<Class> {
        let known = self.network().hss().view(&self.imsi()?)?;
        Some(self.network().rules().class(&known.imsi, known.class))
    }

    fn outlook(&self, link: Link) -> Outlook {
        let rehearse = || Rehearsal {
            modem: self.modem().clone(),
            network: self.network().clone(),
            rng: self.network_rng.clone(),
            link,
        };
        let sm = self.network().policy().sm().cloned();
        Outlook {
            sm: rehearse().connect(sm),
            internet: rehearse().connect(Destination::of(ELSEWHERE)),
            voice: rehearse().call(false),
            sms: rehearse().text(),
            supplementary: rehearse().call(true),
        }
    }
}

/// Copies that may be spoilt.
struct Rehearsal {
    modem: Modem,
    network: Network,
    rng: ChaCha20Rng,
    link: Link,
}

impl Rehearsal {
    fn connect(mut self, destination: Option<Destination>) -> Attempt {
        let Some(destination) = destination else {
            return Attempt::failed(Words::new("there is no SM", "SMがありません"));
        };
        let Some(bearer) = self.modem.bearers().first().map(|bearer| bearer.id) else {
            return Attempt::without_bearer(&self.modem);
        };
        match self.network.connect(self.link, bearer, (49_152, &destination), &mut Log::silent()) {
            Carried::NoBearer => Attempt::failed(no_session()),
            Carried::Decided { decision, .. } if decision.action == Action::Allow => {
                Attempt::passed(decision)
            }
            Carried::Decided { decision, .. } => Attempt::prohibited(decision),
            Carried::Unanswered => Attempt::failed(crate::radio::no_decision()),
        }
    }

    fn call(self, supplementary: bool) -> Attempt {
        let Self { mut modem, network, rng, link } = self;
        let first = if supplementary { modem.supplementary() } else { modem.call() };
        let granted = if supplementary { Granted::Supplementary } else { Granted::Call };
        Attempt::of(drive(&mut modem, first, &mut Still { network, rng, link }), granted.words())
    }

    fn text(self) -> Attempt {
        let Self { mut modem, network, rng, link } = self;
        let first = modem.text("+81901234567", "?");
        Attempt::of(drive(&mut modem, first, &mut Still { network, rng, link }), Granted::Text.words())
    }
}

/// The copy's air: nobody listens in, and the card is left out. A device that the network has lost would need it to
/// register anew, and is shown as lost.
struct Still {
    network: Network,
    rng: ChaCha20Rng,
    link: Link,
}

impl Air for Still {
    fn card(&mut self, _: &[u8]) -> Vec<u8> {
        Vec::from([0x6F, 0x00])
    }

    fn send(&mut self, cell: &Cell, message: &[u8]) -> Vec<Vec<u8>> {
        self.network.uplink(self.link, cell, message, &mut self.rng, &mut Log::silent())
    }
}
