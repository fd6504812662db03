//! The mobile network for JavaScript: how it stands, its rules, and the scenarios.

use crate::{Fallible, World, give, sentence, view};
use esim_world::{ActError, DEFAULT_RULES, SCENARIOS, Scenario, read_rules};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl World {
    /// The network as the device stands in it, and what would come of trying each service.
    #[wasm_bindgen(unchecked_return_type = "Picture")]
    pub fn network(&self) -> Fallible<JsValue> {
        give(&self.world.picture())
    }

    /// Subscribers of the network with their keys, to be kept beside the card's memory and given to a later world.
    pub fn subscribers(&self) -> Fallible<String> {
        serde_json::to_string(&self.world.subscribers()).map_err(sentence)
    }

    /// Whether a text is a set of rules; nothing is changed.
    #[wasm_bindgen(js_name = checkRules, unchecked_return_type = "RulesAnswer")]
    pub fn check_rules(text: &str) -> Fallible<JsValue> {
        give(&match read_rules(text) {
            Ok(_) => view::RulesAnswer::sound(),
            Err(mistake) => view::RulesAnswer::refused(&mistake),
        })
    }

    /// The default rules, each with what it means.
    #[wasm_bindgen(js_name = defaultRules)]
    pub fn default_rules() -> String {
        DEFAULT_RULES.to_string()
    }

    /// Scenarios that come with esim-lab.
    #[wasm_bindgen(unchecked_return_type = "ScenarioInfo[]")]
    pub fn scenarios() -> Fallible<JsValue> {
        let all = SCENARIOS.iter().map(|(name, text)| info(name, text));
        give(&all.collect::<Result<Vec<_>, ActError>>().map_err(sentence)?)
    }

    /// What a scenario of one's own says of itself. Throws line and cause.
    #[wasm_bindgen(js_name = readScenario, unchecked_return_type = "ScenarioInfo")]
    pub fn read_scenario(name: &str, text: &str) -> Fallible<JsValue> {
        give(&info(name, text).map_err(sentence)?)
    }
}

fn info(name: &str, text: &str) -> Result<view::ScenarioInfo, ActError> {
    let scenario = Scenario::read(text)?;
    let steps = scenario.step.iter().map(|step| step.act.words()).collect();
    Ok(view::ScenarioInfo {
        name: name.to_string(),
        title: scenario.title(),
        summary: scenario.summary(),
        steps,
    })
}
