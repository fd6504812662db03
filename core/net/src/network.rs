//! The network in one object: nodes, subscribers, rules. Messages of devices go in, messages to
//! devices come out, and what the nodes said to each other is noted on the way.

use crate::cause::{Cause, Domain};
use crate::cell::{Cell, Link};
use crate::epc::{Core, address, class_name};
use crate::gateway::{Gateway, SessionView, dotted};
use crate::gtp;
use crate::hss::{Hss, Rat, Serving, SubscriberView, Subscription};
use crate::id::{Guti, Imsi, Plmn};
use crate::ip;
use crate::log::{Log, Node};
use crate::mme::{EmmState, Mme};
use crate::msc::circuit_switched;
use crate::policy::{Asker, Decision, Destination, Policy};
use crate::registrations::Device;
use crate::rules::{Action, RuleError, Rules};
use crate::sgsn::{GmmState, Sgsn};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use rand_core::CryptoRng;
use serde::Serialize;

/// What became of a device's packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// There is no tunnel for it.
    NoBearer,
    /// The traffic policy platform does not answer the gateway.
    Unanswered,
    /// The traffic policy platform has decided.
    Decided {
        /// Tunnel of the session.
        teid: u32,
        /// How.
        decision: Decision,
    },
}

/// State of the network for a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkView {
    /// Subscribers, without keys.
    pub subscribers: Vec<SubscriberView>,
    /// Registrations in LTE, with their states.
    pub mme: Vec<Registered<EmmState>>,
    /// Registrations in 3G, with their states.
    pub sgsn: Vec<Registered<GmmState>>,
    /// Sessions of the gateway.
    pub sessions: Vec<SessionView>,
    /// Decisions of the traffic policy platform, the oldest first.
    pub decisions: Vec<Decision>,
}

/// A registration for a reader.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Registered<S> {
    /// Radio connection.
    pub link: Link,
    /// State.
    pub state: S,
    /// Where and as whom.
    #[serde(flatten)]
    pub route: Route,
}

/// Where a device is registered, and as whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// As whom.
    pub imsi: Imsi,
    /// Where.
    pub cell: Cell,
    /// Temporary identity in LTE.
    pub guti: Option<Guti>,
}

impl<S> Registered<S> {
    fn new<P>(link: Link, device: &Device<P>, state: S, guti: Option<Guti>) -> Self {
        Self { link, state, route: Route { imsi: device.imsi, cell: device.cell, guti } }
    }
}

/// Nodes, subscribers, rules.
#[derive(Clone, Debug, Default)]
pub struct Network {
    rules: Rules,
    hss: Hss,
    mme: Mme,
    sgsn: Sgsn,
    gateway: Gateway,
    policy: Policy,
    exchanges: u32,
    /// Where each device was heard last: its old radio connections are gone.
    heard: BTreeMap<Link, (Plmn, Rat)>,
}

impl Network {
    /// A network with these rules, and nobody in it.
    ///
    /// # Errors
    /// The first rule that makes no sense.
    pub fn new(rules: Rules) -> Result<Self, RuleError> {
        rules.validate()?;
        Ok(Self { rules, ..Self::default() })
    }

    /// The rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Sets other rules. What is registered stays so; sessions keep their APN, the next packet is
    /// decided by the new rules.
    ///
    /// # Errors
    /// The first rule that makes no sense; the old ones stay.
    pub fn set_rules(&mut self, rules: Rules) -> Result<(), RuleError> {
        rules.validate()?;
        self.rules = rules;
        Ok(())
    }

    /// Where the SM is: what `@sm` in a rule stands for.
    pub fn set_sm(&mut self, sm: Option<Destination>) {
        self.policy.set_sm(sm);
    }

    /// Admits a subscriber, in place of one with the same IMSI.
    pub fn provision(&mut self, imsi: Imsi, subscription: Subscription) {
        self.hss.provision(imsi, subscription);
    }

    /// The subscriber store.
    pub fn hss(&self) -> &Hss {
        &self.hss
    }

    /// The subscriber store, to be changed.
    pub fn hss_mut(&mut self) -> &mut Hss {
        &mut self.hss
    }

    /// The gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The traffic policy platform.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The device with which a subscriber is registered.
    pub fn registered(&self, imsi: &Imsi) -> Option<Link> {
        self.mme.devices().link_of(imsi).or_else(|| self.sgsn.devices().link_of(imsi))
    }

    /// State of a device in the node that serves its technology, by its standard name.
    pub fn registration(&self, link: Link, rat: Rat) -> String {
        match rat {
            Rat::Lte => self.mme.state(link).to_string(),
            Rat::Umts => self.sgsn.state(link).to_string(),
        }
    }

    /// State for a reader.
    pub fn view(&self) -> NetworkView {
        let mme = self.mme.devices().iter().map(|(link, device)| {
            let guti = (device.tmsi != 0).then(|| device.guti());
            Registered::new(link, device, self.mme.state(link), guti)
        });
        let sgsn = self.sgsn.devices().iter();
        let sgsn = sgsn.map(|(link, device)| Registered::new(link, device, self.sgsn.state(link), None));
        NetworkView {
            subscribers: self.hss.views().collect(),
            mme: mme.collect(),
            sgsn: sgsn.collect(),
            sessions: self.gateway.views().collect(),
            decisions: self.policy.decisions().cloned().collect(),
        }
    }

    /// Runs something with a serving node and everything behind it, then tells nodes whose subscribers have moved.
    fn with_core<R>(
        &mut self,
        rng: &mut dyn CryptoRng,
        log: &mut Log,
        work: impl FnOnce(&mut Mme, &mut Sgsn, &mut Core<'_>) -> R,
    ) -> R {
        let mut cancelled = Vec::new();
        let (mme, sgsn) = (&mut self.mme, &mut self.sgsn);
        let mut core = Core {
            rules: &self.rules,
            hss: &mut self.hss,
            gateway: &mut self.gateway,
            rng,
            log,
            exchanges: &mut self.exchanges,
            cancelled: &mut cancelled,
        };
        work(mme, sgsn, &mut core)
    }

    /// Takes a message of a device, heard in a cell; the messages that go back to it.
    pub fn uplink(
        &mut self,
        link: Link,
        cell: &Cell,
        octets: &[u8],
        rng: &mut dyn CryptoRng,
        log: &mut Log,
    ) -> Vec<Vec<u8>> {
        self.heard.insert(link, (cell.plmn, cell.rat));
        self.with_core(rng, log, |mme, sgsn, core| {
            let answers = match (octets.first().map(|first| first & 0xF), cell.rat) {
                (Some(0x05), Rat::Lte) => circuit_switched(mme.devices().known(link), octets, core),
                (Some(0x05), Rat::Umts) => circuit_switched(sgsn.devices().known(link), octets, core),
                (Some(0x09), _) => sgsn.short_message(link, octets, core),
                (_, Rat::Lte) => mme.uplink(link, cell, octets, core),
                (_, Rat::Umts) => sgsn.uplink(link, cell, octets, core),
            };
            for (imsi, before) in core::mem::take(core.cancelled) {
                cancel(mme, sgsn, &imsi, before, false, core);
            }
            answers
        })
    }

    /// Takes a subscription out of the store. A device that is registered with it is told, and detached.
    pub fn withdraw(
        &mut self,
        imsi: &Imsi,
        rng: &mut dyn CryptoRng,
        log: &mut Log,
    ) -> Option<(Link, Vec<u8>)> {
        self.with_core(rng, log, |mme, sgsn, core| {
            let serving = core.hss.withdraw(imsi)?;
            core.cancel_location(imsi, serving, 2);
            core.cancelled.clear();
            cancel(mme, sgsn, imsi, serving, true, core)
        })
    }

    /// Takes the first packet of a device's connection on a bearer: the tunnel, then the policy platform.
    pub fn connect(
        &mut self,
        link: Link,
        bearer: u8,
        (source, destination): (u16, &Destination),
        log: &mut Log,
    ) -> Carried {
        let teid = self.heard.get(&link).and_then(|(plmn, rat)| match rat {
            Rat::Lte => self.mme.devices().tunnel(link, *plmn, bearer),
            Rat::Umts => self.sgsn.devices().tunnel(link, *plmn, bearer),
        });
        let session = teid.and_then(|teid| Some((teid, self.gateway.session(teid)?)));
        let Some((teid, session)) = session else { return Carried::NoBearer };
        let in_lte = self.heard.get(&link).is_some_and(|(_, rat)| *rat == Rat::Lte);
        let tunnel = if in_lte { "S1-U" } else { "S12" };
        let to = self.policy.resolve(&self.rules, &destination.host);
        let packet = ip::syn((session.address, source), (to.unwrap_or([0; 4]), destination.port));
        // A name that is not known is answered by the resolver: there is no packet yet.
        if to.is_some() {
            log.note((Node::Modem, Node::Gateway), tunnel, "TCP SYN", || gtp::user_packet(teid, &packet));
        }
        let asker = Asker { imsi: session.imsi, class: session.class, apn: &session.apn };
        let asked = log.note((Node::Gateway, Node::Policy), "policy", "may this connection pass", || {
            alloc::format!(
                "{{\"imsi\":\"{}\",\"class\":\"{}\",\"apn\":{:?},\"from\":\"{}\",\"host\":{:?},\"port\":{}}}",
                asker.imsi,
                class_name(asker.class),
                asker.apn,
                dotted(session.address),
                destination.host,
                destination.port,
            )
            .into_bytes()
        });
        if !asked {
            return Carried::Unanswered;
        }
        let decision = self.policy.decide(&self.rules, &asker, destination);
        let verdict = if decision.action == Action::Allow { "allowed" } else { "denied" };
        if !log.note((Node::Policy, Node::Gateway), "policy", verdict, || describe(&decision).into_bytes()) {
            return Carried::Unanswered;
        }
        match decision.action {
            Action::Allow => {
                let peer = if decision.is_sm { Node::Sm } else { Node::Internet };
                log.note((Node::Gateway, peer), "SGi", "TCP SYN", || packet);
            }
            Action::Deny if to.is_some() => {
                let refusal = || gtp::user_packet(teid, &ip::unreachable(address::GATEWAY, 13, &packet));
                log.note((Node::Gateway, Node::Modem), tunnel, "ICMP Destination Unreachable", refusal);
            }
            Action::Deny => {}
        }
        Carried::Decided { teid, decision }
    }

    /// Counts octets of a session.
    pub fn count(&mut self, teid: u32, up: u64, down: u64) {
        self.gateway.count(teid, up, down);
    }
}

/// Why a connection was not let through, as the device sees it.
pub const PROHIBITED: Cause = Cause::new(Domain::Icmp, 13);

/// A decision as a structure.
fn describe(decision: &Decision) -> String {
    let address = decision.address.as_ref().map_or("null".into(), |address| alloc::format!("\"{address}\""));
    let rule = decision.rule.map_or("null".into(), |rule| alloc::format!("\"traffic[{rule}]\""));
    alloc::format!(
        "{{\"decision\":{},\"host\":{:?},\"port\":{},\"address\":{address},\"rule\":{rule},\"reason\":{:?}}}",
        decision.n,
        decision.destination.host,
        decision.destination.port,
        decision.reason,
    )
}

fn cancel(
    mme: &mut Mme,
    sgsn: &mut Sgsn,
    imsi: &Imsi,
    before: Serving,
    is_withdrawn: bool,
    core: &mut Core<'_>,
) -> Option<(Link, Vec<u8>)> {
    match before.rat {
        // From one network's MME to another's: the device itself has left the old one.
        Rat::Lte if !is_withdrawn && mme.devices().is_elsewhere(imsi, before.plmn) => None,
        Rat::Lte => mme.cancel(imsi, is_withdrawn, core),
        Rat::Umts => sgsn.cancel(imsi, is_withdrawn, core),
    }
}
