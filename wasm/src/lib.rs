//! The world in a browser tab: card, LPA, SM and network in one object.
//!
//! Types in TypeScript are made from those in Rust: `types.ts`, which becomes
//! part of the package's declarations. A test writes it, and fails where it is
//! not what the types say.

mod explain;
mod fetch;
mod keys;
mod lpa;
mod network;
mod recording;
#[cfg(test)]
mod types;
mod view;

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_sm_edge::MemoryHost;
use esim_sm_edge::smdp::Config;
use esim_world::{
    ADDRESS, Act, Agreeable, Clock, Heard, Journal, Recording, Scenario, Seed, Stage, find_scenario,
};
use fetch::Way;
pub use lpa::CardLpa;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

/// What a world is made of; everything may be left out.
#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "WorldOptions", optional_fields))]
#[serde(rename_all = "camelCase", default)]
struct Options {
    /// Of all randomness; drawn if absent.
    seed: Option<u64>,
    /// A clock that stands still, in Unix seconds; the browser's if absent.
    now: Option<u64>,
    /// The card's memory as `nvm()` gave it; an empty card if absent.
    #[serde(skip_deserializing)]
    #[cfg_attr(test, ts(optional, type = "Uint8Array"))]
    nvm: JsValue,
    /// As `subscribers()` gave them.
    subscribers: Option<String>,
    /// An SM outside the page; the one inside if absent.
    sm_url: Option<String>,
    /// Its ES2+ credential.
    token: Option<String>,
    /// What it has answered before (`heard` of a `Journal`): it answers that again, and nobody is asked.
    heard: Option<Vec<Heard>>,
}

impl Options {
    /// All but the card's memory is JSON.
    fn read(options: JsValue) -> Fallible<Self> {
        let given = js_sys::Object::try_from(&options).ok_or_else(|| sentence("options are an object"))?;
        let plain = js_sys::Object::assign(&js_sys::Object::new(), given);
        let nvm = js_sys::Reflect::get(&plain, &"nvm".into()).unwrap_or_default();
        js_sys::Reflect::set(&plain, &"nvm".into(), &JsValue::UNDEFINED)
            .map_err(|_| sentence("options are an object"))?;
        Ok(Self { nvm, ..read(&plain)? })
    }
}

/// Card, LPA, SM and network in one object.
#[wasm_bindgen]
pub struct World {
    world: esim_world::World<MemoryNvm, Way>,
    /// The scenario that is played in it, if it is one's.
    stage: Option<Stage>,
    /// How it began, for tests that do the same once more.
    origin: esim_world::Origin,
}

/// A world as it was between two acts.
#[wasm_bindgen]
pub struct Snapshot(esim_world::Snapshot<MemoryNvm, Way>);

type Fallible<T> = Result<T, JsError>;

fn js_now() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}

fn sentence(error: impl core::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

/// As JSON, and by no deserializer of its own: for each of those all that can be read would be there once more. What
/// JSON would leave out or make null is refused: a function, a symbol, NaN, infinity.
fn read<T: DeserializeOwned>(value: &JsValue) -> Fallible<T> {
    let strict = |_: JsValue, value: JsValue| {
        let is_number = value.as_f64().is_none_or(f64::is_finite);
        match is_number && !value.is_function() && !value.is_symbol() {
            true => Ok(value),
            false => Err(JsValue::from("a function, a symbol, or a number that is none")),
        }
    };
    let strict = ScopedClosure::<dyn Fn(JsValue, JsValue) -> Result<JsValue, JsValue>>::borrow(&strict);
    let json = js_sys::JSON::stringify_with_replacer(value, strict.as_ref());
    let json = json.map_err(|why| sentence(format!("this cannot be written as JSON: {}", told(&why))))?;
    let json = json.as_string().ok_or_else(|| sentence("nothing was given"))?;
    esim_world::read_json(&json).map_err(|mistake| sentence(mistake.reason))
}

/// What JavaScript has thrown.
fn told(thrown: &JsValue) -> String {
    let message = thrown.dyn_ref::<js_sys::Error>().map(|error| error.message().into());
    message.or_else(|| thrown.as_string()).unwrap_or_default()
}

fn give<T: serde::Serialize>(value: &T) -> Fallible<JsValue> {
    let json = serde_json::to_string(value).map_err(sentence)?;
    js_sys::JSON::parse(&json).map_err(|_| sentence("this cannot be read as JSON"))
}

#[wasm_bindgen]
impl World {
    /// A world; see `WorldOptions` in the declarations. Card and in-page SM are
    /// of the project's well-known test CI, so that they know every other
    /// esim-lab too.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "WorldOptions")] options: JsValue) -> Fallible<World> {
        let options = Options::read(options)?;
        let origin = recording::origin(&options);
        let memory = match options.nvm.is_undefined() || options.nvm.is_null() {
            true => MemoryNvm::default(),
            false => {
                let octets = js_sys::Uint8Array::new(&options.nvm).to_vec();
                MemoryNvm::import(&octets).map_err(sentence)?
            }
        };
        let seed = match options.seed {
            Some(number) => Seed::from_number(number),
            None => {
                let mut octets = [0; 32];
                getrandom::fill(&mut octets).map_err(sentence)?;
                Seed::from_octets(octets)
            }
        };
        let clock = options.now.map_or(Clock::Host(js_now), Clock::Fixed);
        let pki = TestPki::well_known(Curve::P256);
        let (way, address, token) = match options.sm_url {
            Some(base) => {
                let address =
                    fetch::host_of(&base).ok_or_else(|| sentence(format!("{base} is no URL of an SM")))?;
                let way = match options.heard {
                    Some(heard) => Way::Recorded { base, answers: Recording::new(heard) },
                    None => Way::Fetch { base },
                };
                (way, address, options.token.unwrap_or_default())
            }
            None => {
                let config = Config::of_test_pki(ADDRESS, &pki).map_err(sentence)?;
                let sm = MemoryHost::new(config, seed.octets(), clock.now());
                (Way::InPage { sm: Box::new(sm), clock }, ADDRESS.to_string(), "memory".to_string())
            }
        };
        let mut world =
            esim_world::World::new(memory, way, &pki, seed, clock, (&address, &token)).map_err(sentence)?;
        if let Some(kept) = options.subscribers {
            let kept = esim_world::read_json(&kept).map_err(sentence)?;
            world.restore_subscribers(kept).map_err(sentence)?;
        }
        world.watch();
        Ok(Self { world, stage: None, origin })
    }

    /// A scenario that comes with esim-lab, in a world of its own, before its first step; [`World::next`] takes it.
    #[wasm_bindgen(js_name = ofScenario)]
    pub fn of_scenario(name: &str) -> Fallible<World> {
        let text = find_scenario(name).ok_or_else(|| sentence(format!("there is no scenario {name}")))?;
        Self::of_scenario_text(text)
    }

    /// The same with a scenario of one's own, TOML. Throws line and cause.
    #[wasm_bindgen(js_name = ofScenarioText)]
    pub fn of_scenario_text(text: &str) -> Fallible<World> {
        let scenario = Scenario::read(text).map_err(sentence)?;
        let way = |sm| Way::InPage { sm: Box::new(sm), clock: Clock::Fixed(esim_world::NOW) };
        let mut world = esim_world::in_memory_with(scenario.seed, way).map_err(sentence)?;
        world.watch();
        let stage = Stage::new(scenario, &mut world).map_err(sentence)?;
        let origin = esim_world::Origin::Scenario(text.to_string());
        Ok(Self { world, stage: Some(stage), origin })
    }

    /// Performs an act: whatever a reader can do. What card, SM or network refuse is told in the answer; an act that
    /// makes no sense is thrown.
    #[wasm_bindgen(unchecked_return_type = "Performed")]
    pub async fn perform(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Act")] act: JsValue,
    ) -> Fallible<JsValue> {
        let act: Act = read(&act)?;
        give(&self.world.perform(&act).await.map_err(sentence)?)
    }

    /// Takes the next step of the scenario; undefined if all have been taken.
    #[wasm_bindgen(unchecked_return_type = "ScenarioStep | undefined")]
    pub async fn next(&mut self) -> Fallible<JsValue> {
        let Some(stage) = &mut self.stage else { return Ok(JsValue::UNDEFINED) };
        match stage.next(&mut self.world).await.map_err(sentence)? {
            Some(done) => give(&done),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// The world as it is now, to go back to; undefined where its SM is outside the page. Cheap enough to have one for
    /// each act.
    pub fn snapshot(&mut self) -> Option<Snapshot> {
        self.world.snapshot().map(Snapshot)
    }

    /// Back to a snapshot of this world. Throws where its SM is outside the page.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Fallible<()> {
        match self.world.restore(&snapshot.0) {
            true => Ok(()),
            false => Err(sentence("an SM outside this page cannot be put back")),
        }
    }

    /// Version of esim-lab, which links carry.
    pub fn version() -> String {
        esim_world::VERSION.to_string()
    }

    /// What was done so far.
    #[wasm_bindgen(unchecked_return_type = "Act[]")]
    pub fn acts(&self) -> Fallible<JsValue> {
        give(&self.world.acts())
    }

    /// The part of a URL, from `#` on, by which a page makes this very world again, if it began out of the factory with
    /// this seed and clock. What an SM outside has answered is in it: `sm` and `heard` of what
    /// [`World::read_link`] gives make the options `smUrl` and `heard`.
    pub fn link(&self, seed: f64, now: f64) -> Fallible<String> {
        let acts = self.world.acts();
        let acts = acts.strip_prefix(&[Act::LeaveFactory]).unwrap_or(acts).to_vec();
        let mut digest = self.world.trace().digest();
        digest.truncate(16);
        let version = Some(esim_world::VERSION.to_string());
        let sm = self.world.transport().base().map(str::to_string);
        let (seed, now, heard) = (seed as u64, now as u64, self.world.heard());
        let journal = Journal { seed, now, acts, sm, heard, version, digest: Some(digest) };
        journal.to_link().map_err(sentence)
    }

    /// Reads such a part; undefined if it is of no world. Throws a sentence if it cannot be read.
    #[wasm_bindgen(js_name = readLink, unchecked_return_type = "Journal | undefined")]
    pub fn read_link(link: &str) -> Fallible<JsValue> {
        match Journal::from_link(link).map_err(sentence)? {
            Some(journal) => give(&journal),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// What the device's owner sees.
    #[wasm_bindgen(unchecked_return_type = "Phone")]
    pub fn phone(&mut self) -> Fallible<JsValue> {
        // The card is in this process: the future is ready at once.
        let phone = esim_sm_edge::block_on(self.world.phone(&mut Agreeable)).map_err(sentence)?;
        give(&view::Phone::of(&phone, self.world.modem()))
    }

    /// All orders at the SM.
    #[wasm_bindgen(unchecked_return_type = "Order[]")]
    pub async fn orders(&mut self) -> Fallible<JsValue> {
        let listed = self.world.list_orders().await.map_err(sentence)?;
        give(&view::orders(&listed))
    }

    /// Host of the SM, with a port where it is not 443: what activation codes name.
    #[wasm_bindgen(getter)]
    pub fn address(&self) -> String {
        self.world.address().to_string()
    }

    /// Asks the SM something with the operator's credential: GET without a body, POST of JSON with one. Not in the
    /// trace, for such requests may hold the keys of many subscribers.
    #[wasm_bindgen(unchecked_return_type = "Answered")]
    pub async fn request(&mut self, path: &str, body: Option<String>) -> Fallible<JsValue> {
        let body = body.unwrap_or_default();
        let reply = self.world.request(path, body.as_bytes()).await.map_err(sentence)?;
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        give(&view::Answered { status: reply.status, body })
    }

    /// Records of the trace from number `from` on.
    #[wasm_bindgen(unchecked_return_type = "TraceRecord[]")]
    pub fn trace(&self, from: Option<u32>) -> Fallible<JsValue> {
        let records = self.world.trace().records();
        give(&records.get(from.unwrap_or(0) as usize..).unwrap_or_default())
    }

    /// Number of records of the trace.
    #[wasm_bindgen(js_name = traceLength)]
    pub fn trace_length(&self) -> u32 {
        self.world.trace().records().len() as u32
    }

    /// SHA-256 over the whole trace.
    #[wasm_bindgen(js_name = traceDigest)]
    pub fn trace_digest(&self) -> String {
        self.world.trace().digest()
    }

    /// The whole trace, one JSON object a line.
    #[wasm_bindgen(js_name = exportTrace)]
    pub fn export_trace(&self) -> String {
        self.world.trace().to_lines()
    }

    /// The trace as a capture for Wireshark and tshark.
    pub fn pcap(&self) -> Vec<u8> {
        esim_world::pcap(self.world.trace())
    }

    /// The card's memory, to be kept and given to a later world.
    pub fn nvm(&self) -> Vec<u8> {
        self.world.device().nvm().export()
    }

    /// Explains a record of the trace; an APDU with what the records around it tell.
    #[wasm_bindgen(unchecked_return_type = "Explained")]
    pub fn explain(&self, n: u32) -> Fallible<JsValue> {
        let explained = esim_world::explain_record_in(self.world.trace().records(), n as usize);
        give(&explained.ok_or_else(|| sentence(format!("the trace has no record {n}")))?)
    }

    /// Explains a record of any trace.
    #[wasm_bindgen(js_name = explainRecord, unchecked_return_type = "Explained")]
    pub fn explain_record(
        #[wasm_bindgen(unchecked_param_type = "TraceRecord")] record: JsValue,
    ) -> Fallible<JsValue> {
        give(&esim_world::explain_record(&read(&record)?))
    }

    /// Explains what somebody pasted: hexadecimal, base64, JSON, PEM, APDUs, an activation code.
    #[wasm_bindgen(js_name = explainHex, unchecked_return_type = "Explained")]
    pub fn explain_hex(pasted: &str) -> Fallible<JsValue> {
        give(&esim_world::explain_pasted(pasted.as_bytes()).map_err(sentence)?)
    }
}
