//! The way to the SM: in this page, or by `fetch` to a worker.

use esim_lpa::{CertificateFault, HttpReply, Unanswered, Untrusted};
use esim_rsp::check::Watch;
use esim_sm_edge::MemoryHost;
use esim_world::{Clock, Fork, Recording, Reply, Request, Transport};
use serde::Deserialize;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Where the SM is.
pub enum Way {
    /// In this page.
    InPage {
        /// The SM.
        sm: Box<MemoryHost>,
        /// Its clock.
        clock: Clock,
    },
    /// At a base URL, such as the worker that serves the page.
    Fetch {
        /// `https://host:port`, with or without a slash.
        base: String,
    },
    /// There, as it has answered before.
    Recorded {
        /// `https://host:port`, with or without a slash.
        base: String,
        /// What it has answered.
        answers: Recording,
    },
}

/// Host and port of a URL: what an activation code names.
pub fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    (!host.is_empty()).then(|| host.to_string())
}

impl Way {
    /// The URL of an SM that is outside.
    pub fn base(&self) -> Option<&str> {
        match self {
            Self::InPage { .. } => None,
            Self::Fetch { base } | Self::Recorded { base, .. } => Some(base),
        }
    }
}

impl Fork for Way {
    fn fork(&self) -> Option<Self> {
        match self {
            Self::InPage { sm, clock } => Some(Self::InPage { sm: Box::new(sm.fork()), clock: *clock }),
            // Its records are not in this page.
            Self::Fetch { .. } => None,
            Self::Recorded { base, answers } => {
                Some(Self::Recorded { base: base.clone(), answers: answers.fork()? })
            }
        }
    }
}

impl Transport for Way {
    fn watch(&mut self, watch: Rc<dyn Watch>) {
        match self {
            Self::InPage { sm, .. } => sm.set_watch(watch),
            // Its own process tells nobody.
            Self::Fetch { .. } | Self::Recorded { .. } => {}
        }
    }

    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, Unanswered> {
        match self {
            Self::InPage { sm, clock } => {
                sm.set_now(clock.now());
                sm.send(request).await
            }
            Self::Recorded { answers, .. } => answers.send(request).await,
            Self::Fetch { base } => {
                let url = format!("{}{}", base.trim_end_matches('/'), request.path);
                let lost = |error| Unanswered::Lost(format!("{url}: {}", words(&error)));
                let Fetched { status, body, .. } = fetch(&url, request).await.map_err(lost)?;
                Ok(Reply { status, body: body.ok_or(Unanswered::TooLong)? })
            }
        }
    }

    fn shift_clock(&mut self, seconds: i64) -> bool {
        match self {
            Self::InPage { clock, .. } => {
                *clock = clock.shifted(seconds);
                true
            }
            Self::Fetch { .. } | Self::Recorded { .. } => false,
        }
    }

    fn is_outside(&self) -> bool {
        !matches!(self, Self::InPage { .. })
    }
}

/// What a relay says in place of the server's answer.
#[derive(Deserialize)]
struct NotRelayed {
    relay: Why,
}

#[derive(Deserialize)]
struct Why {
    reason: String,
    text: String,
}

/// Sends by a relay for pages, `https://host:port/esim-lab/relay` (docs/LPA.md): an answer that does not name the server is the
/// relay's own, and says why there is none.
///
/// # Errors
/// The server was not reached, or is not trusted by the relay.
pub async fn by_relay(relay: &str, request: &Request<'_>) -> Result<Reply, Unanswered> {
    let url = format!("{}/{}{}", relay.trim_end_matches('/'), request.address, request.path);
    let lost = |error| Unanswered::Lost(format!("{url}: {}", words(&error)));
    let Fetched { status, body, is_relayed } = fetch(&url, request).await.map_err(lost)?;
    let body = body.ok_or(Unanswered::TooLong)?;
    if is_relayed {
        return Ok(Reply { status, body });
    }
    Err(match serde_json::from_slice::<NotRelayed>(&body) {
        Ok(NotRelayed { relay: Why { reason, text } }) if reason == "untrusted" => {
            Unanswered::Untrusted(Untrusted { fault: CertificateFault::Unacceptable, detail: text })
        }
        Ok(NotRelayed { relay }) => Unanswered::Lost(relay.text),
        Err(_) => Unanswered::Lost(format!("{url}: this is no relay, or it refuses (HTTP {status})")),
    })
}

/// What a server has answered.
struct Fetched {
    status: u16,
    /// None if it is longer than anything that a page should hold.
    body: Option<Vec<u8>>,
    /// Whether it names a server that it has come from.
    is_relayed: bool,
}

async fn fetch(url: &str, request: &Request<'_>) -> Result<Fetched, JsValue> {
    let init = web_sys::RequestInit::new();
    let headers = web_sys::Headers::new()?;
    headers.set("X-Admin-Protocol", "gsma/rsp/v2.6.0")?;
    for (name, value) in request.headers {
        headers.set(name, value)?;
    }
    init.set_method("GET");
    if !request.body.is_empty() {
        init.set_method("POST");
        headers.set("Content-Type", "application/json")?;
        init.set_body(&js_sys::Uint8Array::from(request.body).into());
    }
    init.set_headers(&headers);
    let global = js_sys::global();
    let fetch: js_sys::Function = js_sys::Reflect::get(&global, &"fetch".into())?.dyn_into()?;
    let promise: js_sys::Promise = fetch.call2(&global, &url.into(), &init)?.dyn_into()?;
    let response: web_sys::Response = JsFuture::from(promise).await?.dyn_into()?;
    let is_relayed = response.headers().get("X-Relayed")?.is_some();
    Ok(Fetched { status: response.status(), body: read(&response).await?, is_relayed })
}

/// Reads a body as it comes; none if it does not end in time.
async fn read(response: &web_sys::Response) -> Result<Option<Vec<u8>>, JsValue> {
    let mut body = Vec::new();
    let Some(stream) = response.body() else { return Ok(Some(body)) };
    let reader: web_sys::ReadableStreamDefaultReader = stream.get_reader().dyn_into()?;
    loop {
        let part = JsFuture::from(reader.read()).await?;
        if js_sys::Reflect::get(&part, &"done".into())?.is_truthy() {
            return Ok(Some(body));
        }
        let octets = js_sys::Uint8Array::new(&js_sys::Reflect::get(&part, &"value".into())?);
        if body.len() + octets.length() as usize > HttpReply::LIMIT {
            // What it still sends is nobody's.
            let _ended = reader.cancel();
            return Ok(None);
        }
        body.extend(octets.to_vec());
    }
}

fn words(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| format!("{error:?}"), |error| String::from(error.message()))
}
