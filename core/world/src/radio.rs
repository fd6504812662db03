//! The modem with the network around it: everything that goes over the radio, with its trace.

use crate::device::Device;
use crate::link::{Fate, Line, party};
use crate::words::{self, Words};
use esim_euicc::Nvm;
use esim_net::nas::{self, Direction};
use esim_net::network::PROHIBITED;
use esim_net::{
    Action, Air, Answer, Carried, Cause, Cell, Decision, Destination, Effect, Entry, Link, Modem, ModemError,
    Network, Rat, Verified, drive,
};
use esim_rsp::check::Checks;
use esim_rsp::trace::Party;
use rand_chacha::ChaCha20Rng;
use serde::{Serialize, Serializer};

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
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(as = "AttemptView<'static>"))]
pub struct Attempt {
    /// `granted`, `refused` by a node, or `failed` before there was one.
    pub outcome: Outcome,
    /// Which node refused.
    pub by: Option<Party>,
    /// Number, name and clause of the refusal.
    pub cause: Option<Cause>,
    /// For a person.
    pub reason: Words,
    /// The decision of the traffic policy platform, if it came so far.
    pub decision: Option<Box<Decision>>,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "AttemptOutcome"))]
pub enum Outcome {
    /// It works.
    Granted,
    /// A node of the network refused.
    Refused,
    /// It came to no node that could refuse.
    Failed,
}

/// What a reader is told of an attempt.
#[derive(Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
struct AttemptView<'a> {
    outcome: Outcome,
    /// Which node refused.
    by: Option<Party>,
    /// Number, name and clause of the refusal.
    cause: Option<Cause>,
    reason: &'a Words,
    /// All of it in a line.
    words: Words,
    /// The decision of the traffic policy platform, if it came so far.
    decision: Option<&'a Decision>,
}

impl Serialize for Attempt {
    /// The fields, and [`Attempt::words`]; what is absent is `null`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { outcome, by, cause, reason, decision } = self;
        AttemptView {
            outcome: *outcome,
            by: *by,
            cause: *cause,
            reason,
            words: self.words(),
            decision: decision.as_deref(),
        }
        .serialize(serializer)
    }
}

impl core::fmt::Display for Attempt {
    /// English, of [`Attempt::words`].
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.words().en)
    }
}

impl Attempt {
    /// It works.
    pub fn granted(reason: Words) -> Self {
        Self { outcome: Outcome::Granted, by: None, cause: None, reason, decision: None }
    }

    /// It came to no node that could refuse.
    pub fn failed(reason: Words) -> Self {
        Self { outcome: Outcome::Failed, by: None, cause: None, reason, decision: None }
    }

    /// The traffic policy platform says no.
    pub(crate) fn prohibited(decision: Decision) -> Self {
        Self {
            outcome: Outcome::Refused,
            by: Some(Party::Policy),
            // A name that is not known is answered by the resolver: no packet, no ICMP.
            cause: decision.address.is_some().then_some(PROHIBITED),
            reason: words::decision(&decision),
            decision: Some(Box::new(decision)),
        }
    }

    /// The traffic policy platform lets it through.
    pub(crate) fn passed(decision: Decision) -> Self {
        let why = words::decision(&decision);
        let to = &decision.destination;
        let reason = Words::new(format!("{to}: {}", why.en), format!("{to}: {}", why.ja));
        Self { decision: Some(Box::new(decision)), ..Self::granted(reason) }
    }

    /// There is no session that could carry it.
    pub(crate) fn without_bearer(modem: &Modem) -> Self {
        let why = match modem.error() {
            Some(error) => words::modem_error(error),
            None => Words::new("the radio is off", "電波がオフです"),
        };
        Self::failed(Words::new(
            format!("no connection to a network: {}", why.en),
            format!("網に接続していません。{}", why.ja),
        ))
    }

    /// What a procedure of the modem came to.
    pub fn of(done: Result<Answer, ModemError>, granted: Words) -> Self {
        let error = match done {
            Ok(_) => return Self::granted(granted),
            Err(error) => error,
        };
        let reason = words::modem_error(&error);
        let (by, cause) = match error {
            ModemError::Refused { by, cause } => (Some(party(by)), Some(cause)),
            ModemError::AuthenticationRejected { .. } => (Some(Party::Mme), None),
            _ => (None, None),
        };
        let outcome = if by.is_some() { Outcome::Refused } else { Outcome::Failed };
        Self { outcome, by, cause, reason, decision: None }
    }

    /// All of it in a line: what came of it, who has refused, and why.
    pub fn words(&self) -> Words {
        let (en, ja) = match self.outcome {
            Outcome::Granted => ("granted", "できました"),
            Outcome::Refused => ("refused", "拒否されました"),
            Outcome::Failed => ("failed", "できませんでした"),
        };
        let mut out = Words::new(en, ja);
        if let Some(by) = self.by.map(words::party) {
            out = Words::new(format!("{en} by {}", by.en), format!("{}に{ja}", by.ja));
        }
        let mut why = self.cause.map_or_else(|| self.reason.clone(), |cause| words::cause(&cause));
        if let (Some(_), Some(_)) = (self.cause, &self.decision) {
            why.en += &format!("; {}", self.reason.en);
            why.ja += &format!("。{}", self.reason.ja);
        }
        Words::new(format!("{}: {}", out.en, why.en), format!("{}。{}", out.ja, why.ja))
    }

    /// Whether it works.
    pub fn is_granted(&self) -> bool {
        self.outcome == Outcome::Granted
    }
}

/// What the circuit-switched domain grants, in words.
pub(crate) enum Granted {
    Call,
    Text,
    Supplementary,
}

impl Granted {
    pub(crate) fn words(self) -> Words {
        match self {
            Self::Call => Words::new("the call is put through", "電話がつながりました"),
            Self::Text => {
                Words::new("the service centre has taken it", "メッセージはセンターが受け取りました")
            }
            Self::Supplementary => Words::new("the request is taken", "要求は受け付けられました"),
        }
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
        line: &mut Line<'_>,
        begin: impl FnOnce(&mut Modem) -> Effect,
    ) -> Result<Answer, ModemError> {
        let first = begin(self.modem);
        let mut air =
            Waves { device, network: self.network, rng: self.rng, link: self.link, line: line.again() };
        drive(self.modem, first, &mut air)
    }

    /// Opens a connection to a destination through bearer, gateway and traffic policy platform. A device that the
    /// network has lost registers anew and tries once more.
    pub fn connect<N: Nvm>(
        &mut self,
        device: &mut Device<N>,
        line: &mut Line<'_>,
        destination: &Destination,
    ) -> Result<Passage, Box<Attempt>> {
        for is_last in [false, true] {
            let Some(bearer) = self.modem.bearers().first().map(|bearer| bearer.id) else {
                return Err(Box::new(Attempt::without_bearer(self.modem)));
            };
            let source = 49_152 + (line.trace().records().len() % 16_384) as u16;
            let (network, link) = (&mut *self.network, self.link);
            let (carried, _) = line.network(|log| network.connect(link, bearer, (source, destination), log));
            match carried {
                Carried::Decided { teid, decision } if decision.action == Action::Allow => {
                    return Ok(Passage { teid, decision });
                }
                Carried::Decided { decision, .. } => return Err(Box::new(Attempt::prohibited(decision))),
                Carried::Unanswered => return Err(Box::new(Attempt::failed(no_decision()))),
                Carried::NoBearer if is_last => break,
                Carried::NoBearer => {
                    let done = self.run(device, line, Modem::request_service);
                    if done.is_err() {
                        return Err(Box::new(Attempt::of(done, Words::default())));
                    }
                }
            }
        }
        Err(Box::new(Attempt::failed(no_session())))
    }
}

pub(crate) fn no_session() -> Words {
    Words::new("the network has no session for this device", "網にこの端末のセッションがありません")
}

pub(crate) fn no_decision() -> Words {
    Words::new(
        "the traffic policy platform does not answer the gateway, which lets nothing through then",
        "通信制御がゲートウェイに応答しないため、何も通しません",
    )
}

struct Waves<'a, N> {
    device: &'a mut Device<N>,
    network: &'a mut Network,
    rng: &'a mut ChaCha20Rng,
    link: Link,
    line: Line<'a>,
}

impl<N: Nvm> Air for Waves<'_, N> {
    fn card(&mut self, apdu: &[u8]) -> Vec<u8> {
        // A modem that hears nothing has a response without a status word.
        self.line.apdu(Party::Modem, self.device, apdu).unwrap_or_default()
    }

    fn checks(&self) -> Checks<'_> {
        self.line.modem_checks()
    }

    fn send(&mut self, cell: &Cell, message: &[u8]) -> Vec<Vec<u8>> {
        let ends = (Party::Modem, serving(cell, message));
        let name = nas::name(message, Direction::Up);
        let passed = self.line.pass_unseen(ends, "NAS", name, message);
        if passed.fate == Fate::Lost {
            self.line.note(ends, "NAS", name, message);
            return Vec::new();
        }
        let message = passed.changed.as_deref().unwrap_or(message);
        let mut answers = self.take(cell, message);
        if passed.fate == Fate::Twice {
            answers.extend(self.take(cell, message));
        }
        answers
    }
}

impl<N: Nvm> Waves<'_, N> {
    /// The network takes a message; what of its answers reaches the device.
    fn take(&mut self, cell: &Cell, message: &[u8]) -> Vec<Vec<u8>> {
        let (network, link, rng) = (&mut *self.network, self.link, &mut *self.rng);
        let (answers, first) = self.line.network(|log| network.uplink(link, cell, message, rng, log));
        let to_device = self.line.trace().records().get(first as usize..).unwrap_or_default();
        let to_device =
            to_device.iter().filter(|record| record.to == Party::Modem && record.interface == "NAS");
        let numbers: Vec<u32> = to_device.map(|record| record.n).collect();
        let mut heard = Vec::new();
        for (answer, n) in answers.into_iter().zip(numbers) {
            let passed = self.line.pass(n);
            let arrived = passed.changed.unwrap_or(answer);
            match passed.fate {
                Fate::Lost => {}
                Fate::Arrives => heard.push(arrived),
                Fate::Twice => heard.extend([arrived.clone(), arrived]),
            }
        }
        heard
    }
}

/// Who takes a message of a device.
fn serving(cell: &Cell, message: &[u8]) -> Party {
    match (message.first().map(|first| first & 0xF), cell.rat) {
        (Some(0x05), _) => Party::Msc,
        (Some(0x09), _) | (_, Rat::Umts) => Party::Sgsn,
        (_, Rat::Lte) => Party::Mme,
    }
}

impl Line<'_> {
    /// Tells whoever watches what the nodes of the network have verified, while they said what is in the trace from
    /// number `first` on.
    pub(crate) fn note_verified(&self, first: u32, verified: Vec<Verified>) {
        let Some(watchers) = self.trace().watchers() else { return };
        for Verified { node, after, rule, input, passed } in verified {
            let after = u32::try_from(after).unwrap_or(u32::MAX);
            watchers.add(first.saturating_add(after).checked_sub(1), party(node), rule, input, passed);
        }
    }

    /// Notes what the nodes of the network have said.
    pub(crate) fn note_all(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            let ends = (party(entry.from), party(entry.to));
            self.note(ends, entry.interface, &entry.function, &entry.bytes);
        }
    }
}
