//! A scenario on its way: one step at a time, with the real card, the real LPA and the SM in this process.

use crate::perform::{ActError, Performed};
use crate::scenario::Scenario;
use crate::sequence::lines;
use crate::story::in_memory;
use crate::transport::{Fork, Transport};
use crate::world::World;
use esim_euicc::{MemoryNvm, Nvm};
use esim_net::ServiceView;
use esim_sm_edge::MemoryHost;
use serde::Serialize;

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "ScenarioStep"))]
pub struct StepDone {
    /// Number, from 1.
    pub n: usize,
    /// What was done, and what has come of it.
    #[serde(flatten)]
    pub performed: Performed,
    /// Whether that is what was expected.
    pub as_expected: bool,
    /// What was expected.
    pub expected: String,
    /// What the device shows then.
    pub service: ServiceView,
}

/// A scenario that was played.
pub struct Played {
    /// The world as it is now.
    pub world: World<MemoryNvm, MemoryHost>,
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
        for StepDone { n, performed, .. } in &self.steps {
            out += &format!("{n}. {}\n   => {}\n", performed.what, performed.outcome);
            let records = self.world.trace().records().get(performed.records.0..performed.records.1);
            lines(records.unwrap_or_default(), &mut out);
        }
        out
    }
}

/// Plays a scenario; `each` hears of every step.
///
/// # Errors
/// [`ActError`]. A step that comes out otherwise than expected is no error: it says so.
pub async fn play(scenario: &Scenario, each: &mut dyn FnMut(&StepDone)) -> Result<Played, ActError> {
    let mut world = in_memory(scenario.seed)?;
    let steps = play_in(&mut world, scenario, each).await?;
    Ok(Played { world, steps })
}

/// The same in a new world of somebody's own; its steps.
///
/// # Errors
/// As for [`play`].
pub async fn play_in<N: Nvm + Clone, T: Transport + Fork>(
    world: &mut World<N, T>,
    scenario: &Scenario,
    each: &mut dyn FnMut(&StepDone),
) -> Result<Vec<StepDone>, ActError> {
    let mut stage = Stage::new(scenario.clone(), world)?;
    let mut steps = Vec::new();
    while let Some(done) = stage.next(world).await? {
        each(&done);
        steps.push(done);
    }
    Ok(steps)
}

/// A scenario between two of its steps.
pub struct Stage {
    scenario: Scenario,
    done: usize,
}

impl Stage {
    /// Before the first step, in a new world of the scenario's seed.
    ///
    /// # Errors
    /// [`ActError`]: its rules make no sense.
    pub fn new<N: Nvm + Clone, T: Transport + Fork>(
        scenario: Scenario,
        world: &mut World<N, T>,
    ) -> Result<Self, ActError> {
        let rules = scenario.rules.clone();
        world.set_rules(rules).map_err(|error| ActError::Form(format!("rules.{error}")))?;
        Ok(Self { scenario, done: 0 })
    }

    /// Takes the next step; none if all have been taken.
    ///
    /// # Errors
    /// As for [`play`].
    pub async fn next<N: Nvm + Clone, T: Transport + Fork>(
        &mut self,
        world: &mut World<N, T>,
    ) -> Result<Option<StepDone>, ActError> {
        let Some(step) = self.scenario.step.get(self.done) else { return Ok(None) };
        let performed = world.perform(&step.act).await?;
        self.done += 1;
        Ok(Some(StepDone {
            n: self.done,
            as_expected: step.expect.is_met_by(&performed.done),
            expected: step.expect.to_string(),
            performed,
            service: world.service(),
        }))
    }
}
