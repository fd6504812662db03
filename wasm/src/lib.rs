//! The world in a browser tab: card, LPA, SM and network in one object.
//!
//! Types in JavaScript are written down in `types.ts`, which becomes part of
//! the package's declarations.

mod fetch;
mod network;
mod view;

pub use network::Scenario;

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_lpa::{Answer, Event, ProfileRef};
use esim_rsp::activation_code::ActivationCode;
use esim_sm_edge::MemoryHost;
use esim_sm_edge::smdp::Config;
use esim_world::{ADDRESS, Agreeable, Clock, Ordered, Seed, Wish};
use fetch::Way;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

/// Options of [`World::new`].
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Options {
    seed: Option<u64>,
    now: Option<u64>,
    subscribers: Option<String>,
    sm_url: Option<String>,
    token: Option<String>,
}

/// Card, LPA, SM and network in one object.
#[wasm_bindgen]
pub struct World {
    world: esim_world::World<MemoryNvm, Way>,
}

type Fallible<T> = Result<T, JsError>;

fn js_now() -> u64 {
    (js_sys::Date::now() / 1000.0) as u64
}

fn sentence(error: impl core::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

fn read<T: DeserializeOwned>(value: JsValue) -> Fallible<T> {
    serde_wasm_bindgen::from_value(value).map_err(sentence)
}

fn give<T: serde::Serialize>(value: &T) -> Fallible<JsValue> {
    value.serialize(&serde_wasm_bindgen::Serializer::json_compatible()).map_err(sentence)
}

#[wasm_bindgen]
impl World {
    /// A world; see `WorldOptions` in the declarations. Card and in-page SM are
    /// of the project's well-known test CI, so that they know every other
    /// esim-lab too.
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "WorldOptions")] options: JsValue) -> Fallible<World> {
        let nvm = js_sys::Reflect::get(&options, &"nvm".into()).ok();
        let nvm = nvm.filter(|value| !value.is_undefined() && !value.is_null());
        let memory = match nvm {
            Some(value) => MemoryNvm::import(&js_sys::Uint8Array::new(&value).to_vec()).map_err(sentence)?,
            None => MemoryNvm::default(),
        };
        let options: Options = read(options)?;
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
            Some(url) => {
                let address =
                    fetch::host_of(&url).ok_or_else(|| sentence(format!("{url} is no URL of an SM")))?;
                (Way::Fetch { base: url }, address, options.token.unwrap_or_default())
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
            world.restore_subscribers(serde_json::from_str(&kept).map_err(sentence)?).map_err(sentence)?;
        }
        Ok(Self { world })
    }

    /// Makes the device: a provisioning profile is ordered, loaded over the factory's own line and enabled. It leaves
    /// with radio and Wi-Fi off.
    #[wasm_bindgen(js_name = leaveFactory)]
    pub async fn leave_factory(&mut self) -> Fallible<()> {
        esim_world::leave_the_factory(&mut self.world, &mut Agreeable).await.map(|_| ()).map_err(sentence)
    }

    /// Orders a profile over ES2+.
    #[wasm_bindgen(unchecked_return_type = "Order")]
    pub async fn order(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Subscriber")] subscriber: JsValue,
    ) -> Fallible<JsValue> {
        let wish: Wish = read(subscriber)?;
        let (Ordered { iccid, matching_id, activation_code, .. }, _) =
            self.world.order(wish).await.map_err(sentence)?;
        let activation_code = activation_code.to_string();
        let qr_svg = view::qr(&activation_code).map_err(sentence)?;
        give(&view::Order {
            iccid: iccid.to_string(),
            matching_id,
            activation_code,
            qr_svg,
            state: "Released".into(),
        })
    }

    /// Begins a download that `step` carries on.
    #[wasm_bindgen(js_name = startDownload)]
    pub fn start_download(&mut self, activation_code: &str) -> Fallible<()> {
        let code: ActivationCode = activation_code.parse().map_err(sentence)?;
        self.world.begin_download(&code);
        Ok(())
    }

    /// One call, one card command, or one piece of the package.
    #[wasm_bindgen(unchecked_return_type = "Step")]
    pub async fn step(&mut self) -> Fallible<JsValue> {
        self.world.step(&mut Agreeable).await;
        let session = self.world.session().ok_or_else(|| sentence("no download has been started"))?;
        give(&view::Step::of(session))
    }

    /// Answers the question of the last step.
    pub fn answer(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Answer")] answer: JsValue,
    ) -> Fallible<()> {
        let answer: view::Said = read(answer)?;
        self.world.feed(Event::Answer(Answer::from(answer)));
        Ok(())
    }

    /// Enables a profile; the card starts over.
    pub async fn enable(&mut self, iccid: &str) -> Fallible<()> {
        self.world.enable(profile(iccid)?, &mut Agreeable).await.map_err(sentence)
    }

    /// Disables a profile; the card starts over.
    pub async fn disable(&mut self, iccid: &str) -> Fallible<()> {
        self.world.disable(profile(iccid)?, &mut Agreeable).await.map_err(sentence)
    }

    /// Deletes a profile for good.
    pub async fn delete(&mut self, iccid: &str) -> Fallible<()> {
        self.world.delete(profile(iccid)?, &mut Agreeable).await.map_err(sentence)
    }

    /// Names a profile; an empty name removes the nickname.
    #[wasm_bindgen(js_name = setNickname)]
    pub async fn set_nickname(&mut self, iccid: &str, name: &str) -> Fallible<()> {
        let iccid = iccid.parse().map_err(|error: esim_rsp::Error| sentence(error.kind))?;
        self.world.set_nickname(iccid, name, &mut Agreeable).await.map_err(sentence)
    }

    /// Delivers what the card has to report.
    #[wasm_bindgen(js_name = sendNotifications, unchecked_return_type = "{ sent: number; kept: number }")]
    pub async fn send_notifications(&mut self) -> Fallible<JsValue> {
        let notified = self.world.send_notifications(&mut Agreeable).await;
        give(&view::Delivered { sent: notified.sent.len(), kept: notified.kept.len() })
    }

    /// Switches the radio on, or starts it over: reads the USIM, answers the network's challenge. How it stands then
    /// is what the phone shows.
    #[wasm_bindgen(unchecked_return_type = "Phone")]
    pub async fn attach(&mut self) -> Fallible<JsValue> {
        let _service = self.world.attach();
        self.phone()
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

    /// Explains a record of the trace.
    #[wasm_bindgen(unchecked_return_type = "Explained")]
    pub fn explain(&self, n: u32) -> Fallible<JsValue> {
        let record = self.world.trace().records().get(n as usize);
        let record = record.ok_or_else(|| sentence(format!("the trace has no record {n}")))?;
        give(&esim_world::explain_record(record))
    }

    /// Explains what somebody pasted: hexadecimal, base64, JSON, PEM, APDUs, an activation code.
    #[wasm_bindgen(js_name = explainHex, unchecked_return_type = "Explained")]
    pub fn explain_hex(pasted: &str) -> Fallible<JsValue> {
        give(&esim_world::explain_pasted(pasted.as_bytes()).map_err(sentence)?)
    }
}

fn profile(text: &str) -> Fallible<ProfileRef> {
    text.parse().map_err(|error: esim_rsp::Error| sentence(error.kind))
}
