//! A scenario on its way: one step at a time, with the real card, the real LPA and the SM in this process.

use crate::operator::{Ordered, Wish};
use crate::oracle::{Came, Verdict};
use crate::port::Agreeable;
use crate::scenario::{Act, Scenario, ScenarioError, Subscriber};
use crate::sequence::lines;
use crate::story::in_memory;
use crate::words::{self, Words};
use crate::world::World;
use esim_euicc::MemoryNvm;
use esim_lpa::driver::Failure;
use esim_lpa::{DownloadParams, Ending, Lang, ProfileRef};
use esim_net::modem::ServiceView;
use esim_net::{Imsi, Keys};
use esim_sm_edge::MemoryHost;
use serde::Serialize;
use std::collections::BTreeMap;

/// A world in memory.
type Memory = World<MemoryNvm, MemoryHost>;

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepDone {
    /// Number, from 1.
    pub n: usize,
    /// What was done.
    pub what: Words,
    /// What came of it.
    pub outcome: Words,
    /// Whether that is what was expected.
    pub as_expected: bool,
    /// What was expected.
    pub expected: String,
    /// First record of the trace that tells of it, and the one behind the last.
    pub records: (usize, usize),
    /// What the device shows then.
    pub service: ServiceView,
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

/// Plays a scenario; `each` hears of every step.
///
/// # Errors
/// [`ScenarioError`]. A step that comes out otherwise than expected is no error: it says so.
pub async fn play(scenario: &Scenario, each: &mut dyn FnMut(&StepDone)) -> Result<Played, ScenarioError> {
    let mut stage = Stage::new(scenario.clone())?;
    let mut steps = Vec::new();
    while let Some(done) = stage.next().await? {
        each(&done);
        steps.push(done);
    }
    Ok(Played { world: stage.player.world, steps })
}

/// A scenario between two of its steps.
pub struct Stage {
    scenario: Scenario,
    done: usize,
    player: Player,
}

impl Stage {
    /// Before the first step.
    ///
    /// # Errors
    /// [`ScenarioError`].
    pub fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        let mut world = in_memory(scenario.seed)?;
        let rules = scenario.rules.clone();
        world.set_rules(rules).map_err(|error| ScenarioError::Form(format!("rules.{error}")))?;
        Ok(Self { scenario, done: 0, player: Player { world, profiles: BTreeMap::new() } })
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The world as it is now.
    pub fn world(&self) -> &Memory {
        &self.player.world
    }

    /// Takes the next step; none if all have been taken.
    ///
    /// # Errors
    /// As for [`play`].
    pub async fn next(&mut self) -> Result<Option<StepDone>, ScenarioError> {
        let Some(step) = self.scenario.step.get(self.done) else { return Ok(None) };
        let from = self.world().trace().records().len();
        let came = self.player.take(&step.act).await?;
        self.done += 1;
        Ok(Some(StepDone {
            n: self.done,
            what: step.act.words(),
            as_expected: step.expect.is_met_by(&came),
            outcome: came.words,
            expected: step.expect.to_string(),
            records: (from, self.world().trace().records().len()),
            service: self.world().service(),
        }))
    }
}

struct Player {
    world: Memory,
    profiles: BTreeMap<String, (Ordered, Wish)>,
}

impl Player {
    async fn take(&mut self, act: &Act) -> Result<Came, ScenarioError> {
        let user = &mut Agreeable;
        let done = |result: Result<(), esim_lpa::driver::Failure>, world: &Memory| match result {
            Ok(()) => show(world),
            Err(failure) => not_done(&failure),
        };
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
                    Ok(()) => Came::new(Verdict::Done, "deleted", "削除しました"),
                    Err(failure) => not_done(&failure),
                }
            }
            Act::FallBack => match self.world.fall_back(user).await {
                Ok(Some(_)) => show(&self.world),
                Ok(None) => Came::new(Verdict::NotDone, "nothing to fall back to", "戻る先がありません"),
                Err(failure) => not_done(&failure),
            },
            Act::MemoryReset => done(self.world.memory_reset(user).await, &self.world),
            Act::Notify => {
                let notified = self.world.send_notifications(user).await;
                let (sent, kept) = (notified.sent.len(), notified.kept.len());
                Came::new(
                    Verdict::Delivered,
                    format!("{sent} delivered, {kept} kept"),
                    format!("{sent}件を届け、{kept}件を残す"),
                )
            }
            Act::RadioOn => match self.world.attach() {
                Ok(_) => show(&self.world),
                Err(reason) => told(&self.world, &reason),
            },
            Act::RadioOff => {
                self.world.radio_off();
                show(&self.world)
            }
            Act::Apn(apn) => {
                self.world.set_apn(apn);
                Came::new(Verdict::Done, "typed", "入力しました")
            }
            Act::Cells(cells) => match self.world.set_cells(cells.clone()) {
                Ok(()) => show(&self.world),
                Err(error) => told(&self.world, &words::modem_error(&error)),
            },
            Act::Browse(to) => Came::from(&self.world.browse(to)),
            Act::Call => Came::from(&self.world.call()),
            Act::Text { to, text } => Came::from(&self.world.send_text(to, text)),
            Act::Supplementary => Came::from(&self.world.supplementary()),
            Act::Update => Came::from(&self.world.update_location()),
            Act::OpenApn(apn) => Came::from(&self.world.open_apn(apn)),
            Act::Rules(rules) => match self.world.set_rules((**rules).clone()) {
                Ok(()) => Came::new(Verdict::Done, "taken", "反映しました"),
                Err(error) => return Err(ScenarioError::Form(error.to_string())),
            },
            Act::WrongKey(id) => {
                let authentication = self.authentication(id)?;
                authentication.set_keys(Keys::Milenage { k: [0x5A; 16], opc: [0xA5; 16] });
                Came::new(Verdict::Done, "changed", "変えました")
            }
            Act::Sqn { profile, value } => {
                let sqn = u64::from_str_radix(value, 16)
                    .map_err(|_| ScenarioError::Form(format!("{value} is no hexadecimal number")))?;
                self.authentication(profile)?.set_sqn(sqn);
                Came::new(Verdict::Done, "set", "設定しました")
            }
            Act::CopyCard => {
                let copy = self.world.device().nvm().clone();
                let number = self.world.add_device(copy)?;
                self.world.use_device(number);
                self.world.set_wifi(false);
                Came::new(Verdict::Done, format!("device {number} in hand"), format!("手元は端末{number}"))
            }
            Act::UseDevice(number) => {
                self.world.use_device(*number);
                let (number, shown) = (self.world.current_device(), show(&self.world));
                Came::new(
                    Verdict::Done,
                    format!("device {number} in hand: {}", shown.words.en),
                    format!("手元は端末{number}。{}", shown.words.ja),
                )
            }
            Act::Withdraw(id) => {
                let imsi = self.wish(id)?.imsi.clone();
                match self.world.withdraw(&imsi) {
                    Ok(()) => show(&self.world),
                    Err(reason) => Came { verdict: Verdict::NotDone, words: Words::same(reason) },
                }
            }
        })
    }

    async fn load(&mut self, subscriber: &Subscriber) -> Result<Came, ScenarioError> {
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
            Ok(()) => {
                let sent = notified.sent.len();
                Came::new(
                    installed.verdict,
                    format!("{}, enabled, {sent} notifications delivered", installed.words.en),
                    format!("{}。有効にし、通知{sent}件を届けました", installed.words.ja),
                )
            }
            Err(failure) => Came::new(
                Verdict::NotInstalled,
                format!("{}; not enabled: {failure}", installed.words.en),
                format!("{}。有効にできません({failure})", installed.words.ja),
            ),
        })
    }

    async fn order(&mut self, subscriber: &Subscriber) -> Came {
        let wish = Wish {
            profile_class: Some(subscriber.class.clone()),
            service_provider_name: format!("esim-lab {}", subscriber.id),
            contract: subscriber.contract.clone(),
            algorithm: subscriber.algorithm.clone(),
            ..Wish::default()
        };
        match self.world.order(wish).await {
            Ok((ordered, wish)) => {
                let imsi = &wish.imsi;
                let came = Came::new(
                    Verdict::Ordered,
                    format!("ordered: IMSI {imsi}"),
                    format!("注文しました。IMSI {imsi}"),
                );
                self.profiles.insert(subscriber.id.clone(), (ordered, wish));
                came
            }
            Err(error) => Came::new(
                Verdict::NotOrdered,
                format!("not ordered: {error}"),
                format!("注文できません({error})"),
            ),
        }
    }

    async fn download(&mut self, id: &str) -> Result<Came, ScenarioError> {
        let (ordered, _) = self.known(id)?;
        let mut params = DownloadParams::new(&ordered.activation_code).with_consent();
        params.notify = false;
        let outcome = self.world.download(params, &mut Agreeable).await;
        Ok(match &outcome.ending {
            Ending::Installed(_) => Came::new(Verdict::Installed, "installed", "インストールしました"),
            other => Came::new(
                Verdict::NotInstalled,
                format!("not installed: {other:?}"),
                format!("インストールできません。{}", outcome.text(Lang::Ja)),
            ),
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
}

/// The device's display.
fn show(world: &Memory) -> Came {
    let service = world.service();
    Came { verdict: Verdict::Service(service.state), words: words::display(&service, world.modem().error()) }
}

fn not_done(failure: &Failure) -> Came {
    Came::new(Verdict::NotDone, format!("not done: {failure}"), format!("できません({failure})"))
}

/// The device's state with a reason of its own.
fn told(world: &Memory, reason: &Words) -> Came {
    let service = world.service().state;
    let state = words::state(service);
    Came::new(
        Verdict::Service(service),
        format!("{}: {}", state.en, reason.en),
        format!("{}。{}", state.ja, reason.ja),
    )
}
