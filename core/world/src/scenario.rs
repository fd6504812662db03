//! Scenarios of the network as data: what is done, step by step, and what must come of it. They run with
//! the real card, the real LPA and the SM in this process.

use crate::operator::{Ordered, Wish};
use crate::port::Agreeable;
use crate::radio::{Attempt, name};
use crate::story::in_memory;
use crate::world::{World, WorldError};
use esim_euicc::MemoryNvm;
use esim_lpa::{DownloadParams, Ending, ProfileRef};
use esim_net::modem::ServiceView;
use esim_net::{Cell, Contract, Imsi, Keys, Rules, ServiceState};
use esim_rsp::trace::{Party, Record};
use esim_sm_edge::MemoryHost;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A world in memory.
type Memory = World<MemoryNvm, MemoryHost>;

/// What happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// A few sentences.
    pub summary: String,
    /// Of the world.
    #[serde(default = "seven")]
    pub seed: u64,
    /// Of the network; the defaults where absent.
    #[serde(default)]
    pub rules: Rules,
    /// Steps.
    pub step: Vec<Step>,
}

fn seven() -> u64 {
    7
}

/// A step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is done.
    #[serde(rename = "do")]
    pub act: Act,
    /// What its outcome must say.
    pub expect: String,
}

/// What can be done.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// In the factory: a profile is ordered, loaded over the factory's own line and enabled.
    Load(Subscriber),
    /// The operator orders a profile, at the SM and for the network.
    Order(Subscriber),
    /// The LPA fetches it.
    Download(String),
    /// The LPA enables it.
    Enable(String),
    /// The LPA disables it.
    Disable(String),
    /// The LPA deletes it.
    Delete(String),
    /// The LPA enables the provisioning profile where none is enabled.
    FallBack,
    /// The LPA deletes all operational profiles.
    MemoryReset,
    /// The LPA delivers notifications.
    Notify,
    /// The radio goes on.
    RadioOn,
    /// The radio goes off.
    RadioOff,
    /// The user types an APN.
    Apn(String),
    /// The device is taken where these cells are heard.
    Cells(Vec<Cell>),
    /// The user opens a web page.
    Browse(String),
    /// The user calls.
    Call,
    /// The user sends a short message.
    Text {
        /// Number.
        to: String,
        /// Text.
        text: String,
    },
    /// The user asks for call forwarding.
    Supplementary,
    /// The device shows that it is still there.
    Update,
    /// The device opens a second connection.
    OpenApn(String),
    /// The operator changes the network's rules.
    Rules(Box<Rules>),
    /// The network's copy of a subscriber's key is not the card's.
    WrongKey(String),
    /// The network's sequence number for a subscriber is set, hexadecimal.
    Sqn {
        /// Whose.
        profile: String,
        /// 12 digits at most.
        value: String,
    },
    /// A second device gets a copy of the card.
    CopyCard,
    /// A device is taken in hand, from 0.
    UseDevice(usize),
    /// The operator ends a subscription.
    Withdraw(String),
}

/// A subscriber of a scenario.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subscriber {
    /// By which later steps name the profile.
    pub id: String,
    /// `provisioning` or `operational`.
    pub class: String,
    /// By class if absent.
    pub contract: Option<Contract>,
    /// `milenage` if absent.
    pub algorithm: Option<String>,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepDone {
    /// Number, from 1.
    pub n: usize,
    /// What was done.
    pub what: String,
    /// What came of it.
    pub outcome: String,
    /// Whether that is what was expected.
    pub as_expected: bool,
    /// What was expected.
    pub expected: String,
    /// First record of the trace that tells of it, and the one behind the last.
    pub records: (usize, usize),
    /// What the device shows then.
    pub service: ServiceView,
}

/// Why a scenario cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// Not in its form.
    #[error("{0}")]
    Form(String),
    /// The world.
    #[error(transparent)]
    World(#[from] WorldError),
}

/// A scenario that was played.
pub struct Played {
    /// The world as it is now.
    pub world: Memory,
    /// Its steps.
    pub steps: Vec<StepDone>,
}

impl Played {
    /// Whether everything came out as expected.
    pub fn is_as_expected(&self) -> bool {
        self.steps.iter().all(|step| step.as_expected)
    }

    /// The sequence for a reader: a line a step and a line a message, APDUs counted.
    pub fn sequence(&self) -> String {
        let mut out = String::new();
        for step in &self.steps {
            out += &format!("{}. {}\n   => {}\n", step.n, step.what, step.outcome);
            let records = self.world.trace().records().get(step.records.0..step.records.1);
            lines(records.unwrap_or_default(), &mut out);
        }
        out
    }
}

macro_rules! scenarios {
    ($($name:literal),* $(,)?) => {
        /// Scenarios that come with esim-lab: name and text.
        pub const SCENARIOS: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../../tests/cases/net/", $name, "/scenario.toml")))),*
        ];
    };
}

scenarios![
    "first-power-on-pp-to-op",
    "pp-tries-web-call-sms",
    "wrong-apn-still-reaches-sm",
    "sm-unreachable-by-policy-mistake",
    "roaming",
    "op-disabled-falls-back-to-pp",
    "two-devices-one-subscription",
    "wrong-ki",
    "sqn-out-of-range",
    "profile-deleted-while-attached",
    "umts",
    "service-by-contract",
];

/// The text of a scenario that comes with esim-lab.
pub fn find_scenario(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

impl Scenario {
    /// Reads a scenario, TOML.
    ///
    /// # Errors
    /// Line and cause.
    pub fn read(text: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(text).map_err(|error| ScenarioError::Form(error.to_string()))?;
        scenario.rules.validate().map_err(|error| ScenarioError::Form(format!("rules.{error}")))?;
        Ok(scenario)
    }
}

/// Reads a rules file: TOML, or JSON if it begins with a brace.
///
/// # Errors
/// Line and cause.
pub fn read_rules(text: &str) -> Result<Rules, String> {
    let rules: Rules = match text.trim_start().starts_with('{') {
        true => serde_json::from_str(text).map_err(|error| error.to_string())?,
        false => toml::from_str(text).map_err(|error| error.to_string())?,
    };
    rules.validate().map_err(|error| match line_of(text, &error.at) {
        Some(line) => format!("line {line}: {error}"),
        None => error.to_string(),
    })?;
    Ok(rules)
}

/// The line of a TOML file on which `table[n].key` or `table.key` stands; that of the table if the key has none.
fn line_of(text: &str, at: &str) -> Option<usize> {
    let (table, key) = at.split_once('.').unwrap_or((at, ""));
    let (header, skip) = match table.split_once('[') {
        Some((table, rest)) => (format!("[[{table}]]"), rest.trim_end_matches(']').parse().ok()?),
        None => (format!("[{table}]"), 0),
    };
    let mut lines = text.lines().enumerate();
    let (start, _) = lines.by_ref().filter(|(_, line)| line.trim() == header).nth(skip)?;
    let mut inside = lines.take_while(|(_, line)| !line.trim_start().starts_with('['));
    let found = inside.find(|(_, line)| line.split('=').next().is_some_and(|name| name.trim() == key));
    Some(found.map_or(start, |(n, _)| n) + 1)
}

/// Plays a scenario; `each` hears of every step.
///
/// # Errors
/// [`ScenarioError`]. A step that comes out otherwise than expected is no error: it says so.
pub async fn play(scenario: &Scenario, each: &mut dyn FnMut(&StepDone)) -> Result<Played, ScenarioError> {
    let mut world = in_memory(scenario.seed)?;
    world.set_rules(scenario.rules.clone()).map_err(|error| ScenarioError::Form(format!("rules.{error}")))?;
    let mut player = Player { world, profiles: BTreeMap::new() };
    let mut steps = Vec::new();
    for (n, step) in scenario.step.iter().enumerate() {
        let from = player.world.trace().records().len();
        let outcome = player.take(&step.act).await?;
        let done = StepDone {
            n: n + 1,
            what: player.describe(&step.act),
            as_expected: outcome.contains(&step.expect),
            outcome,
            expected: step.expect.clone(),
            records: (from, player.world.trace().records().len()),
            service: player.world.service(),
        };
        each(&done);
        steps.push(done);
    }
    Ok(Played { world: player.world, steps })
}

struct Player {
    world: Memory,
    profiles: BTreeMap<String, (Ordered, Wish)>,
}

impl Player {
    async fn take(&mut self, act: &Act) -> Result<String, ScenarioError> {
        let user = &mut Agreeable;
        let done = |result: Result<(), esim_lpa::driver::Failure>, world: &Memory| match result {
            Ok(()) => show(&world.service()),
            Err(failure) => format!("not done: {failure}"),
        };
        let said = |attempt: Attempt| attempt.to_string();
        Ok(match act {
            Act::Load(subscriber) => self.load(subscriber).await?,
            Act::Order(subscriber) => self.order(subscriber).await,
            Act::Download(id) => self.download(id).await?,
            Act::Enable(id) => {
                let profile = self.profile(id)?;
                done(self.world.enable(profile, user).await, &self.world)
            }
            Act::Disable(id) => {
                let profile = self.profile(id)?;
                done(self.world.disable(profile, user).await, &self.world)
            }
            Act::Delete(id) => {
                let profile = self.profile(id)?;
                match self.world.delete(profile, user).await {
                    Ok(()) => "deleted".into(),
                    Err(failure) => format!("not done: {failure}"),
                }
            }
            Act::FallBack => match self.world.fall_back(user).await {
                Ok(Some(_)) => show(&self.world.service()),
                Ok(None) => "nothing to fall back to".into(),
                Err(failure) => format!("not done: {failure}"),
            },
            Act::MemoryReset => done(self.world.memory_reset(user).await, &self.world),
            Act::Notify => {
                let notified = self.world.send_notifications(user).await;
                format!("{} delivered, {} kept", notified.sent.len(), notified.kept.len())
            }
            Act::RadioOn => match self.world.attach() {
                Ok(_) => show(&self.world.service()),
                Err(reason) => format!("{}: {reason}", state(self.world.service().state)),
            },
            Act::RadioOff => {
                self.world.radio_off();
                show(&self.world.service())
            }
            Act::Apn(apn) => {
                self.world.set_apn(apn);
                "typed".into()
            }
            Act::Cells(cells) => match self.world.set_cells(cells.clone()) {
                Ok(()) => show(&self.world.service()),
                Err(error) => format!("{}: {error}", state(self.world.service().state)),
            },
            Act::Browse(to) => said(self.world.browse(to)),
            Act::Call => said(self.world.call()),
            Act::Text { to, text } => said(self.world.send_text(to, text)),
            Act::Supplementary => said(self.world.supplementary()),
            Act::Update => said(self.world.update_location()),
            Act::OpenApn(apn) => said(self.world.open_apn(apn)),
            Act::Rules(rules) => match self.world.set_rules((**rules).clone()) {
                Ok(()) => "taken".into(),
                Err(error) => return Err(ScenarioError::Form(error.to_string())),
            },
            Act::WrongKey(id) => {
                let authentication = self.authentication(id)?;
                authentication.set_keys(Keys::Milenage { k: [0x5A; 16], opc: [0xA5; 16] });
                "changed".into()
            }
            Act::Sqn { profile, value } => {
                let sqn = u64::from_str_radix(value, 16)
                    .map_err(|_| ScenarioError::Form(format!("{value} is no hexadecimal number")))?;
                self.authentication(profile)?.set_sqn(sqn);
                "set".into()
            }
            Act::CopyCard => {
                let copy = self.world.device().nvm().clone();
                let number = self.world.add_device(copy)?;
                self.world.use_device(number);
                self.world.set_wifi(false);
                format!("device {number} in hand")
            }
            Act::UseDevice(number) => {
                self.world.use_device(*number);
                format!("device {} in hand: {}", self.world.current_device(), show(&self.world.service()))
            }
            Act::Withdraw(id) => {
                let imsi = self.wish(id)?.imsi.clone();
                match self.world.withdraw(&imsi) {
                    Ok(()) => show(&self.world.service()),
                    Err(reason) => reason,
                }
            }
        })
    }

    async fn load(&mut self, subscriber: &Subscriber) -> Result<String, ScenarioError> {
        self.world.set_wifi(true);
        let ordered = self.order(subscriber).await;
        if !self.profiles.contains_key(&subscriber.id) {
            return Ok(ordered);
        }
        let installed = self.download(&subscriber.id).await?;
        let profile = self.profile(&subscriber.id)?;
        let enabled = self.world.enable(profile, &mut Agreeable).await;
        let notified = self.world.send_notifications(&mut Agreeable).await;
        self.world.set_wifi(false);
        Ok(match enabled {
            Ok(()) => format!("{installed}, enabled, {} notifications delivered", notified.sent.len()),
            Err(failure) => format!("{installed}; not enabled: {failure}"),
        })
    }

    async fn order(&mut self, subscriber: &Subscriber) -> String {
        let wish = Wish {
            profile_class: Some(subscriber.class.clone()),
            service_provider_name: format!("esim-lab {}", subscriber.id),
            contract: subscriber.contract.clone(),
            algorithm: subscriber.algorithm.clone(),
            ..Wish::default()
        };
        match self.world.order(wish).await {
            Ok((ordered, wish)) => {
                let outcome = format!("ordered: IMSI {}", wish.imsi);
                self.profiles.insert(subscriber.id.clone(), (ordered, wish));
                outcome
            }
            Err(error) => format!("not ordered: {error}"),
        }
    }

    async fn download(&mut self, id: &str) -> Result<String, ScenarioError> {
        let (ordered, _) = self.known(id)?;
        let mut params = DownloadParams::new(&ordered.activation_code).with_consent();
        params.notify = false;
        let outcome = self.world.download(params, &mut Agreeable).await;
        Ok(match outcome.ending {
            Ending::Installed(_) => "installed".into(),
            other => format!("not installed: {other:?}"),
        })
    }

    fn known(&self, id: &str) -> Result<&(Ordered, Wish), ScenarioError> {
        let known = self.profiles.get(id);
        known.ok_or_else(|| ScenarioError::Form(format!("no profile {id} was ordered before this step")))
    }

    fn wish(&self, id: &str) -> Result<&Wish, ScenarioError> {
        Ok(&self.known(id)?.1)
    }

    fn profile(&self, id: &str) -> Result<ProfileRef, ScenarioError> {
        Ok(ProfileRef::Iccid(self.known(id)?.0.iccid))
    }

    fn authentication(&mut self, id: &str) -> Result<&mut esim_net::auc::Authentication, ScenarioError> {
        let imsi = self.wish(id)?.imsi.parse::<Imsi>().ok();
        let missing = || ScenarioError::Form(format!("{id} is no subscriber"));
        let imsi = imsi.ok_or_else(missing)?;
        self.world.network_mut().hss_mut().authentication_mut(&imsi).ok_or_else(missing)
    }

    fn describe(&self, act: &Act) -> String {
        match act {
            Act::Load(it) => format!("in the factory: load the {} profile {}", it.class, it.id),
            Act::Order(it) => format!("the operator orders the {} profile {}", it.class, it.id),
            Act::Download(id) => format!("the LPA downloads {id}"),
            Act::Enable(id) => format!("the LPA enables {id}"),
            Act::Disable(id) => format!("the LPA disables {id}"),
            Act::Delete(id) => format!("the LPA deletes {id}"),
            Act::FallBack => "the LPA falls back to the provisioning profile".into(),
            Act::MemoryReset => "the LPA deletes all operational profiles (memory reset)".into(),
            Act::Notify => "the LPA delivers notifications".into(),
            Act::RadioOn => "the radio goes on".into(),
            Act::RadioOff => "the radio goes off".into(),
            Act::Apn(apn) => format!("the user types the APN {apn}"),
            Act::Cells(cells) => {
                let all: Vec<String> = cells
                    .iter()
                    .map(|cell| format!("{} {:?} {} dBm", cell.plmn, cell.rat, cell.level))
                    .collect();
                format!("the device is taken where it hears {}", all.join(", "))
            }
            Act::Browse(to) => format!("the user opens {to}"),
            Act::Call => "the user calls".into(),
            Act::Text { to, text } => format!("the user sends {text:?} to {to}"),
            Act::Supplementary => "the user asks for call forwarding".into(),
            Act::Update => "the device updates its location".into(),
            Act::OpenApn(apn) => format!("the device opens a connection on {apn}"),
            Act::Rules(_) => "the operator changes the network's rules".into(),
            Act::WrongKey(id) => format!("the network's key for {id} is not the card's"),
            Act::Sqn { profile, value } => format!("the network's sequence number for {profile} is {value}"),
            Act::CopyCard => "a second device gets a copy of the card".into(),
            Act::UseDevice(number) => format!("device {number} is taken in hand"),
            Act::Withdraw(id) => format!("the operator ends the subscription of {id}"),
        }
    }
}

fn state(state: ServiceState) -> &'static str {
    match state {
        ServiceState::Off => "off",
        ServiceState::NoUsim => "no USIM",
        ServiceState::Limited => "limited service",
        ServiceState::NoService => "no service",
        ServiceState::InService => "in service",
    }
}

/// The device's display in one line.
fn show(service: &ServiceView) -> String {
    let mut out = state(service.state).to_string();
    if service.state == ServiceState::InService {
        let operator = service.operator.as_deref().unwrap_or_default();
        let roaming = if service.roaming { ", roaming" } else { "" };
        let calls = if service.calls { "" } else { ", packets only" };
        out += &format!(": {operator}, {} bars{roaming}{calls}", service.bars);
    } else if let Some(error) = &service.error {
        out += &format!(": {error}");
    }
    out
}

/// A line a message; APDUs in a row are counted.
fn lines(records: &[Record], out: &mut String) {
    let mut apdus = 0;
    let flush = |apdus: &mut usize, out: &mut String| {
        if *apdus > 0 {
            *out += &format!("   {:<22} APDU ×{}\n", "… <-> eUICC", apdus);
            *apdus = 0;
        }
    };
    for record in records {
        if record.interface == "APDU" {
            apdus += usize::from(record.to == Party::Euicc);
            continue;
        }
        flush(&mut apdus, out);
        let ends = format!("{} -> {}", name(record.from), name(record.to));
        let detail = detail(record);
        *out += &format!("   {ends:<22} {:<7} {}{detail}\n", record.interface, record.function);
    }
    flush(&mut apdus, out);
}

/// Elements that tell most of a message.
const TELLING: &[&str] = &[
    "EMM cause",
    "ESM cause",
    "GMM cause",
    "SM cause",
    "Reject cause",
    "CP-User data",
    "Access point name",
    "Access Point Name (APN)",
    "PDN address",
    "PDP address",
    "EPS attach type",
    "EPS attach result",
    "Attach result",
    "Cause",
    "Charging Characteristics",
    "Experimental-Result-Code (298)",
    "Cancellation-Type (1420)",
    "Service-Selection (493)",
    "Source Address",
    "Destination Address",
    "ICMP",
];

fn detail(record: &Record) -> String {
    if record.interface == "policy" {
        return format!(" {}", String::from_utf8_lossy(&record.bytes));
    }
    if record.interface.starts_with("ES") || record.interface == "operator" {
        return String::new();
    }
    let mut told = Vec::new();
    let explained = crate::explained::explain_record(record);
    let mut open: Vec<&esim_rsp::explain::Node> =
        explained.parts.iter().flat_map(|part| part.nodes.iter().rev()).collect();
    while let Some(node) = open.pop() {
        if TELLING.contains(&node.name.as_str()) && !node.text.is_empty() {
            told.push(format!("{}: {}", node.name, node.text));
        }
        open.extend(node.children.iter().rev());
    }
    if told.is_empty() { String::new() } else { format!(" [{}]", told.join("; ")) }
}
