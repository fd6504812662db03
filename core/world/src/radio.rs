//! The modem with the network around it: everything that goes over the radio, with its trace.

use crate::device::Device;
use crate::port::{apdu_name, status};
use crate::trace::Trace;
use esim_euicc::Nvm;
use esim_net::network::PROHIBITED;
use esim_net::{
    Action, Air, Answer, Carried, Cause, Cell, Decision, Destination, Effect, Entry, Link, Log, Modem,
    ModemError, Network, Node, drive,
};
use esim_rsp::trace::Party;
use rand_chacha::ChaCha20Rng;
use serde::Serialize;

/// A device's modem, the network, and who records what they say.
pub struct Radio<'a> {
    /// The modem.
    pub modem: &'a mut Modem,
    /// The network.
    pub network: &'a mut Network,
    /// Randomness of the network.
    pub rng: &'a mut ChaCha20Rng,
    /// The device's radio connection.
    pub link: Link,
}

/// What somebody at the device tried over the radio, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// `granted`, `refused` by a node, or `failed` before there was one.
    pub outcome: Outcome,
    /// Which node refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Party>,
    /// Number, name and clause of the refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// For a person.
    pub reason: String,
    /// The decision of the traffic policy platform, if it came so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<Decision>>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It works.
    Granted,
    /// A node of the network refused.
    Refused,
    /// It came to no node that could refuse.
    Failed,
}

impl core::fmt::Display for Attempt {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let outcome = match self.outcome {
            Outcome::Granted => "granted",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        };
        write!(f, "{outcome}")?;
        if let Some(by) = self.by {
            write!(f, " by {}", name(by))?;
        }
        match self.cause {
            Some(cause) => write!(f, ": {cause}")?,
            None => write!(f, ": {}", self.reason)?,
        }
        if let (Some(_), Some(decision)) = (self.cause, &self.decision) {
            write!(f, "; {}", decision.reason)?;
        }
        Ok(())
    }
}

impl Attempt {
    /// It works.
    pub fn granted(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Granted, by: None, cause: None, reason: reason.into(), decision: None }
    }

    /// What a procedure of the modem came to.
    pub fn of(done: Result<Answer, ModemError>, granted: &str) -> Self {
        let error = match done {
            Ok(_) => return Self::granted(granted),
            Err(error) => error,
        };
        let reason = error.to_string();
        let (by, cause) = match error {
            ModemError::Refused { by, cause } => (Some(party(by)), Some(cause)),
            ModemError::AuthenticationRejected { .. } => (Some(Party::Mme), None),
            _ => (None, None),
        };
        let outcome = if by.is_some() { Outcome::Refused } else { Outcome::Failed };
        Self { outcome, by, cause, reason, decision: None }
    }

    /// Whether it works.
    pub fn is_granted(&self) -> bool {
        self.outcome == Outcome::Granted
    }
}

/// Name of a party for a reader.
pub(crate) fn name(party: Party) -> &'static str {
    match party {
        Party::Operator => "operator",
        Party::Sm => "SM",
        Party::Lpa => "LPA",
        Party::Euicc => "eUICC",
        Party::Modem => "modem",
        Party::Mme => "MME",
        Party::Sgsn => "SGSN",
        Party::Msc => "MSC",
        Party::Hss => "HSS",
        Party::Gateway => "gateway",
        Party::Policy => "policy",
        Party::Internet => "internet",
    }
}

pub(crate) fn party(node: Node) -> Party {
    match node {
        Node::Modem => Party::Modem,
        Node::Mme => Party::Mme,
        Node::Sgsn => Party::Sgsn,
        Node::Hss => Party::Hss,
        Node::Gateway => Party::Gateway,
        Node::Policy => Party::Policy,
        Node::Msc => Party::Msc,
        Node::Sm => Party::Sm,
        Node::Internet => Party::Internet,
    }
}

/// A connection that the network lets through.
pub struct Passage {
    /// Tunnel in which octets are counted.
    pub teid: u32,
    /// Why it may pass.
    pub decision: Decision,
}

impl Radio<'_> {
    /// Runs a procedure of the modem to its end.
    ///
    /// # Errors
    /// [`ModemError`].
    pub fn run<N: Nvm>(
        &mut self,
        device: &mut Device<N>,
        (trace, now): (&mut Trace, u64),
        begin: impl FnOnce(&mut Modem) -> Effect,
    ) -> Result<Answer, ModemError> {
        let first = begin(self.modem);
        let mut air = Waves { device, network: self.network, rng: self.rng, link: self.link, trace, now };
        drive(self.modem, first, &mut air)
    }

    /// Opens a connection to a destination through bearer, gateway and traffic policy platform. A device that the
    /// network has lost registers anew and tries once more.
    pub fn connect<N: Nvm>(
        &mut self,
        device: &mut Device<N>,
        (trace, now): (&mut Trace, u64),
        destination: &Destination,
    ) -> Result<Passage, Box<Attempt>> {
        let failed = |reason: String| {
            Box::new(Attempt { outcome: Outcome::Failed, by: None, cause: None, reason, decision: None })
        };
        for is_last in [false, true] {
            let Some(bearer) = self.modem.bearers().first().map(|bearer| bearer.id) else {
                let why = self.modem.service().error.unwrap_or_else(|| "the radio is off".into());
                return Err(failed(format!("no connection to a network: {why}")));
            };
            let mut log = Log::default();
            let source = 49_152 + (trace.records().len() % 16_384) as u16;
            let carried = self.network.connect(self.link, bearer, (source, destination), &mut log);
            note(trace, now, log.take());
            match carried {
                Carried::Decided { teid, decision } if decision.action == Action::Allow => {
                    return Ok(Passage { teid, decision });
                }
                Carried::Decided { decision, .. } => {
                    let prohibited = decision.address.is_some();
                    return Err(Box::new(Attempt {
                        outcome: Outcome::Refused,
                        by: Some(Party::Policy),
                        cause: prohibited.then_some(PROHIBITED),
                        reason: decision.reason.clone(),
                        decision: Some(Box::new(decision)),
                    }));
                }
                Carried::NoBearer if is_last => break,
                Carried::NoBearer => {
                    let done = self.run(device, (trace, now), Modem::request_service);
                    if let Err(error) = done {
                        return Err(Box::new(Attempt::of(Err(error), "")));
                    }
                }
            }
        }
        Err(failed("the network has no session for this device".into()))
    }
}

struct Waves<'a, N> {
    device: &'a mut Device<N>,
    network: &'a mut Network,
    rng: &'a mut ChaCha20Rng,
    link: Link,
    trace: &'a mut Trace,
    now: u64,
}

impl<N: Nvm> Air for Waves<'_, N> {
    fn card(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.trace.note(self.now, (Party::Modem, Party::Euicc), "APDU", apdu_name(apdu), apdu);
        let response = self.device.transmit(apdu);
        self.trace.note(self.now, (Party::Euicc, Party::Modem), "APDU", &status(&response), &response);
        response
    }

    fn send(&mut self, cell: &Cell, message: &[u8]) -> Vec<Vec<u8>> {
        let mut log = Log::default();
        let answers = self.network.uplink(self.link, cell, message, self.rng, &mut log);
        note(self.trace, self.now, log.take());
        answers
    }
}

/// Puts what the nodes said into the trace.
pub(crate) fn note(trace: &mut Trace, now: u64, entries: Vec<Entry>) {
    for entry in entries {
        let ends = (party(entry.from), party(entry.to));
        trace.note(now, ends, entry.interface, &entry.function, &entry.bytes);
    }
}
