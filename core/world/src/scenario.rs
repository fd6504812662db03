//! Scenarios of the network as data: what is done, step by step, and what must come of it. A [`crate::Stage`] plays
//! them.

use crate::act::Act;
use crate::oracle::Expectation;
use crate::perform::ActError;
use crate::words::Words;
use crate::written;
use esim_net::Rules;
use serde::Deserialize;

/// What happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// One line.
    pub title: String,
    /// A few sentences.
    pub summary: String,
    /// The title in Japanese.
    pub title_ja: Option<String>,
    /// The summary in Japanese.
    pub summary_ja: Option<String>,
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
    /// What it must come to.
    pub expect: Expectation,
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
    "faults-on-the-way",
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
    pub fn read(text: &str) -> Result<Self, ActError> {
        let scenario: Self = written::read_toml(text).map_err(|error| ActError::Form(error.to_string()))?;
        scenario.rules.validate().map_err(|error| ActError::Form(format!("rules.{error}")))?;
        Ok(scenario)
    }

    /// The title in both languages, in English alone if the file has no other.
    pub fn title(&self) -> Words {
        Words::new(&self.title, self.title_ja.as_ref().unwrap_or(&self.title))
    }

    /// The summary in both languages, each in one paragraph.
    pub fn summary(&self) -> Words {
        let flow = |text: &str, space: &str| text.trim().lines().collect::<Vec<_>>().join(space);
        let en = flow(&self.summary, " ");
        let ja = self.summary_ja.as_ref().map_or_else(|| en.clone(), |text| flow(text, ""));
        Words::new(en, ja)
    }
}
