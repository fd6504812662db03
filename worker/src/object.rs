//! The Durable Object: a host for the handler.

use crate::configuration;
use crate::store::ObjectStore;
use esim_sm_edge::{Caller, Host, HttpRequest, HttpResponse, LogLine, Rate, RateLimiter, Vault, handle};
use esim_smdp::{Call, Config, Reply};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use std::cell::{OnceCell, RefCell};
use worker::{
    Date, DurableObject, Env, Error, Headers, Request, Response, Result, State, console_error, console_log,
    durable_object, wasm_bindgen,
};

/// All records of one server, and the handler beside them.
#[durable_object]
pub struct SmStore {
    state: State,
    env: Env,
    /// Made by the first request: it knows the host that was dialled.
    host: OnceCell<EdgeHost>,
}

impl DurableObject for SmStore {
    fn new(state: State, env: Env) -> Self {
        Self { state, env, host: OnceCell::new() }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let request_url = request.url()?;
        let dialled = match (request_url.host_str(), request_url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_string(),
        };
        let request = read(request).await?;
        let response = handle(request, self.host(&dialled)?).await;
        write(response)
    }
}

impl SmStore {
    fn host(&self, dialled: &str) -> Result<&EdgeHost> {
        if let Some(host) = self.host.get() {
            return Ok(host);
        }
        let host = EdgeHost::new(&self.state, &self.env, dialled)?;
        Ok(self.host.get_or_init(|| host))
    }
}

async fn read(mut request: Request) -> Result<HttpRequest> {
    let url = request.url()?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(HttpRequest {
        method: request.method().as_ref().to_string(),
        path: format!("{}{query}", url.path()),
        headers: request.headers().entries().collect(),
        body: request.bytes().await?,
        caller: Caller::default(),
    })
}

fn write(response: HttpResponse) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in &response.headers {
        headers.set(name, value)?;
    }
    let written = match response.body.is_empty() {
        true => Response::empty()?,
        false => Response::from_bytes(response.body)?,
    };
    Ok(written.with_headers(headers).with_status(response.status))
}

/// Clock, randomness and storage of the runtime.
struct EdgeHost {
    store: ObjectStore,
    config: Config,
    token: String,
    rng: RefCell<ChaCha20Rng>,
    vault: Vault,
    limiter: RefCell<RateLimiter>,
}

impl EdgeHost {
    fn new(state: &State, env: &Env, dialled: &str) -> Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| Error::RustError(error.to_string()))?;
        let config = configuration::read(env, dialled);
        Ok(Self {
            store: ObjectStore::open(&state.storage())?,
            config: config.map_err(|error| Error::RustError(error.to_string()))?,
            token: configuration::operator_token(env),
            rng: RefCell::new(ChaCha20Rng::from_seed(seed)),
            vault: configuration::vault(env).map_err(|error| Error::RustError(error.to_string()))?,
            limiter: RefCell::default(),
        })
    }
}

impl Host for EdgeHost {
    type Store = ObjectStore;

    fn store(&self) -> &ObjectStore {
        &self.store
    }

    fn now(&self) -> u64 {
        Date::now().as_millis() / 1000
    }

    fn with_rng<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        use_it(&mut *self.rng.borrow_mut())
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn operator_token(&self) -> &str {
        &self.token
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }

    async fn call(&self, _call: &Call) -> Reply {
        Reply::Lost("calls are not possible yet".into())
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<(), u64> {
        self.limiter.borrow_mut().take(key, rate, self.now())
    }

    fn log(&self, line: &LogLine<'_>) {
        let text = serde_json::to_string(line).unwrap_or_default();
        match line.status {
            500.. => console_error!("{text}"),
            _ => console_log!("{text}"),
        }
    }
}
