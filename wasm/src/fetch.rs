//! The way to the SM: in this page, or by `fetch` to a worker.

use esim_sm_edge::MemoryHost;
use esim_world::{Clock, Reply, Request, Transport};
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
}

/// Host and port of a URL: what an activation code names.
pub fn host_of(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let host = rest.split('/').next().unwrap_or_default();
    (!host.is_empty()).then(|| host.to_string())
}

impl Transport for Way {
    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, String> {
        match self {
            Self::InPage { sm, clock } => {
                sm.set_now(clock.now());
                sm.send(request).await
            }
            Self::Fetch { base } => {
                let url = format!("{}{}", base.trim_end_matches('/'), request.path);
                fetch(&url, request).await.map_err(|error| format!("{url}: {}", words(&error)))
            }
        }
    }
}

async fn fetch(url: &str, request: &Request<'_>) -> Result<Reply, JsValue> {
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
    let body = JsFuture::from(response.array_buffer()?).await?;
    Ok(Reply { status: response.status(), body: js_sys::Uint8Array::new(&body).to_vec() })
}

fn words(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| format!("{error:?}"), |error| String::from(error.message()))
}
