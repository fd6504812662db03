//! The way from the LPA of a real card to an SM.

use crate::fetch::{Way, by_relay, host_of};
use crate::{read, told};
use esim_lpa::{HttpReply, Unanswered};
use esim_world::{Reply, Request, Transport};
use js_sys::Promise;
use serde::Deserialize;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    /// An SM that is asked by a call: a `World`, or whatever answers like one.
    #[wasm_bindgen(typescript_type = "CardSm")]
    pub type CardSm;
    #[wasm_bindgen(method, getter)]
    fn address(this: &CardSm) -> Option<String>;
    #[wasm_bindgen(method, catch)]
    fn request(this: &CardSm, path: &str, body: &str) -> Result<Promise, JsValue>;
}

/// The SM that the page has; any other is asked at its own address, which few let a page do.
pub enum Sm {
    /// None.
    Elsewhere,
    /// None, and a relay sends to all that it knows.
    Relay(String),
    /// At a base URL.
    At { address: String, base: String },
    /// In the page.
    Asked { address: String, sm: CardSm },
}

/// What an SM in the page has answered.
#[derive(Deserialize)]
struct Answered {
    status: u16,
    body: String,
}

impl Sm {
    /// A URL, or an SM; else a relay, if there is one.
    pub fn of(given: JsValue, relay: Option<String>) -> Result<Self, JsError> {
        if let Some(relay) = relay {
            if given.is_truthy() || host_of(&relay).is_none() {
                return Err(JsError::new("a relay is a URL, and goes without an SM of the page's own"));
            }
            return Ok(Self::Relay(relay));
        }
        if let Some(base) = given.as_string() {
            let address =
                host_of(&base).ok_or_else(|| JsError::new(&format!("{base} is no URL of an SM")))?;
            return Ok(Self::At { address, base });
        }
        if !given.is_object() {
            return Ok(Self::Elsewhere);
        }
        let sm: CardSm = given.unchecked_into();
        let address = sm.address().ok_or_else(|| JsError::new("an SM has an address"))?;
        Ok(Self::Asked { address, sm })
    }
}

impl Transport for Sm {
    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, Unanswered> {
        match self {
            Self::Asked { address, sm } if address == request.address => asked(sm, request).await,
            Self::At { address, base } if address == request.address => {
                Way::Fetch { base: base.clone() }.send(request).await
            }
            Self::Relay(relay) => by_relay(relay, request).await,
            _ => Way::Fetch { base: format!("https://{}", request.address) }.send(request).await,
        }
    }
}

async fn asked(sm: &CardSm, request: &Request<'_>) -> Result<Reply, Unanswered> {
    let lost = |error: JsValue| Unanswered::Lost(told(&error));
    let body = String::from_utf8_lossy(request.body);
    let answered = JsFuture::from(sm.request(request.path, &body).map_err(lost)?).await.map_err(lost)?;
    let odd = |_| Unanswered::Lost("the SM in the page gives no status and body".to_string());
    let Answered { status, body } = read(&answered).map_err(odd)?;
    match body.len() > HttpReply::LIMIT {
        true => Err(Unanswered::TooLong),
        false => Ok(Reply { status, body: body.into_bytes() }),
    }
}
