//! The mobile network for JavaScript: the radio, what its owner tries, the rules, and the scenarios.

use crate::{Fallible, World, give, sentence, view};
use esim_world::{Agreeable, DEFAULT_RULES, SCENARIOS, Stage, find_scenario, read_rules};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl World {
    /// Switches the radio off; a registered device takes its leave.
    #[wasm_bindgen(js_name = radioOff)]
    pub fn radio_off(&mut self) {
        self.world.radio_off();
    }

    /// Switches Wi-Fi on or off: by it the LPA reaches the SM past the mobile network.
    #[wasm_bindgen(js_name = setWifi)]
    pub fn set_wifi(&mut self, on: bool) {
        self.world.set_wifi(on);
    }

    /// The APN in the device's settings; empty for the network's own choice. It counts from the next attach on.
    #[wasm_bindgen(js_name = setApn)]
    pub fn set_apn(&mut self, apn: &str) {
        self.world.set_apn(apn);
    }

    /// Opens a web page: `host` or `host:port`.
    #[wasm_bindgen(unchecked_return_type = "Attempt")]
    pub fn browse(&mut self, destination: &str) -> Fallible<JsValue> {
        give(&self.world.browse(destination))
    }

    /// Calls a number.
    #[wasm_bindgen(unchecked_return_type = "Attempt")]
    pub fn call(&mut self) -> Fallible<JsValue> {
        give(&self.world.call())
    }

    /// Sends a short message.
    #[wasm_bindgen(js_name = sendText, unchecked_return_type = "Attempt")]
    pub fn send_text(&mut self, to: &str, text: &str) -> Fallible<JsValue> {
        give(&self.world.send_text(to, text))
    }

    /// Asks for call forwarding.
    #[wasm_bindgen(unchecked_return_type = "Attempt")]
    pub fn supplementary(&mut self) -> Fallible<JsValue> {
        give(&self.world.supplementary())
    }

    /// Enables the provisioning profile where no profile is enabled; whether there was something to do.
    #[wasm_bindgen(js_name = fallBack)]
    pub async fn fall_back(&mut self) -> Fallible<bool> {
        Ok(self.world.fall_back(&mut Agreeable).await.map_err(sentence)?.is_some())
    }

    /// The network as the device stands in it, and what would come of trying each service.
    #[wasm_bindgen(unchecked_return_type = "Picture")]
    pub fn network(&self) -> Fallible<JsValue> {
        give(&self.world.picture())
    }

    /// Subscribers of the network with their keys, to be kept beside the card's memory and given to a later world.
    pub fn subscribers(&self) -> Fallible<String> {
        serde_json::to_string(&self.world.subscribers()).map_err(sentence)
    }

    /// Puts other rules in force (TOML or JSON; docs/NETWORK.md). The device registers anew where they change what it
    /// is registered as.
    #[wasm_bindgen(js_name = applyRules, unchecked_return_type = "RulesAnswer")]
    pub fn apply_rules(&mut self, text: &str) -> Fallible<JsValue> {
        let rules = match read_rules(text) {
            Ok(rules) => rules,
            Err(mistake) => return give(&view::RulesAnswer::refused(&mistake)),
        };
        give(&view::RulesAnswer::taken(self.world.apply_rules(rules).map_err(sentence)?))
    }

    /// Whether a text is a set of rules; nothing is changed.
    #[wasm_bindgen(js_name = checkRules, unchecked_return_type = "RulesAnswer")]
    pub fn check_rules(text: &str) -> Fallible<JsValue> {
        give(&match read_rules(text) {
            Ok(_) => view::RulesAnswer::taken(false),
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
        let read = |name: &'static str, text: &str| {
            let scenario = esim_world::Scenario::read(text)?;
            let steps = scenario.step.iter().map(|step| step.act.words()).collect();
            Ok(view::ScenarioInfo { name, title: scenario.title(), summary: scenario.summary(), steps })
        };
        let all: Result<Vec<_>, esim_world::ScenarioError> =
            SCENARIOS.iter().map(|(name, text)| read(name, text)).collect();
        give(&all.map_err(sentence)?)
    }
}

/// A scenario with a world of its own, one step at a time.
#[wasm_bindgen]
pub struct Scenario {
    stage: Stage,
}

#[wasm_bindgen]
impl Scenario {
    /// A scenario that comes with esim-lab, before its first step.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str) -> Fallible<Scenario> {
        let text = find_scenario(name).ok_or_else(|| sentence(format!("there is no scenario {name}")))?;
        let scenario = esim_world::Scenario::read(text).map_err(sentence)?;
        Ok(Self { stage: Stage::new(scenario).map_err(sentence)? })
    }

    /// Takes the next step; undefined if all have been taken.
    #[wasm_bindgen(unchecked_return_type = "ScenarioStep | undefined")]
    pub async fn step(&mut self) -> Fallible<JsValue> {
        match self.stage.next().await.map_err(sentence)? {
            Some(done) => give(&done),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// The network as the device stands in it.
    #[wasm_bindgen(unchecked_return_type = "Picture")]
    pub fn network(&self) -> Fallible<JsValue> {
        give(&self.stage.world().picture())
    }

    /// Records of its trace from number `from` on.
    #[wasm_bindgen(unchecked_return_type = "TraceRecord[]")]
    pub fn trace(&self, from: Option<u32>) -> Fallible<JsValue> {
        let records = self.stage.world().trace().records();
        give(&records.get(from.unwrap_or(0) as usize..).unwrap_or_default())
    }

    /// Number of records of its trace.
    #[wasm_bindgen(js_name = traceLength)]
    pub fn trace_length(&self) -> u32 {
        self.stage.world().trace().records().len() as u32
    }

    /// Explains a record of its trace.
    #[wasm_bindgen(unchecked_return_type = "Explained")]
    pub fn explain(&self, n: u32) -> Fallible<JsValue> {
        let record = self.stage.world().trace().records().get(n as usize);
        let record = record.ok_or_else(|| sentence(format!("the trace has no record {n}")))?;
        give(&esim_world::explain_record(record))
    }

    /// SHA-256 over its trace.
    #[wasm_bindgen(js_name = traceDigest)]
    pub fn trace_digest(&self) -> String {
        self.stage.world().trace().digest()
    }

    /// Its trace, one JSON object a line.
    #[wasm_bindgen(js_name = exportTrace)]
    pub fn export_trace(&self) -> String {
        self.stage.world().trace().to_lines()
    }

    /// Its trace as a capture for Wireshark and tshark.
    pub fn pcap(&self) -> Vec<u8> {
        esim_world::pcap(self.stage.world().trace())
    }
}
