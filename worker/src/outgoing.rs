//! Calls to others: the operators' customer systems, SM-DSs; and what is relayed for pages.

use crate::body;
use esim_sm_edge::HttpResponse;
use esim_sm_edge::reach::Reach;
use esim_sm_edge::relay::{Forward, Forwarded, PASSED, Unreached};
use esim_smdp::{Call, Reply};
use std::time::Duration;
use worker::js_sys::Uint8Array;
use worker::wasm_bindgen::JsValue;
use worker::{
    AbortController, AbortSignal, Delay, Env, Fetch, Headers, Method, Request, RequestInit, Response, Result,
    Url, web_sys,
};

/// How long another server may take, from the connection to the last octet.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest reply that is read, in octets.
const REPLY_LIMIT: usize = 1 << 18;
const PROTOCOL: &str = "gsma/rsp/v2.6.0";
const USER_AGENT: &str = concat!("esim-lab/", env!("CARGO_PKG_VERSION"));

/// Makes a call: through the binding `MTLS`, if there is one, which shows CERT.DP.TLS (SGP.22 6.5.1). The platform resolves
/// names itself, and does not say to what: they are judged as names.
pub async fn call(env: &Env, call: &Call, reach: &Reach) -> Reply {
    if let Err(reason) = check(call, reach) {
        return Reply::Lost(reason);
    }
    let exchange = async |signal: &AbortSignal| {
        let headers = [("X-Admin-Protocol", PROTOCOL), ("User-Agent", USER_AGENT)];
        let request = request(&call.url(), &headers, call.body.as_str().into(), signal)?;
        let mut response = match env.service("MTLS") {
            Ok(mtls) => mtls.fetch_request(request).await?,
            Err(_) => Fetch::Request(request).send_with_signal(signal).await?,
        };
        Ok(match read(&mut response, REPLY_LIMIT).await? {
            Some(body) => Reply::Answered { status: response.status_code(), body },
            None => Reply::Lost("the reply is too long".into()),
        })
    };
    match in_time(TIMEOUT, exchange).await {
        Some(Ok(reply)) => reply,
        Some(Err(error)) => Reply::Lost(error.to_string()),
        None => Reply::Lost("it does not answer".into()),
    }
}

/// Sends a page's request on, without a certificate. The platform verifies the server by roots of its own.
pub async fn forward(forward: &Forward) -> Forwarded {
    let exchange = async |signal: &AbortSignal| {
        let headers = [("X-Admin-Protocol", &*forward.protocol), ("User-Agent", Forward::USER_AGENT)];
        let body = Uint8Array::from(&forward.body[..]).into();
        let request = request(&forward.url(), &headers, body, signal)?;
        let mut response = Fetch::Request(request).send_with_signal(signal).await?;
        let body = read(&mut response, Forward::ANSWER_LIMIT).await?;
        Ok((response, body))
    };
    let (response, body) = match in_time(Duration::from_secs(Forward::SECONDS), exchange).await {
        Some(Ok((response, Some(body)))) => (response, body),
        Some(Ok((_, None))) => return Err(Unreached::TooLarge),
        // The runtime tells pages no reason, nor us.
        Some(Err(error)) => {
            return Err(Unreached::Unreachable(format!(
                "{error} (so it is, too, where its certificate is under no root that the platform trusts)"
            )));
        }
        None => return Err(Unreached::TooLate),
    };
    match response.status_code() {
        status @ (525 | 526) => {
            return Err(Unreached::Untrusted(format!("the platform answers {status} in its place")));
        }
        status @ (520..=524 | 530) => {
            return Err(Unreached::Unreachable(format!("the platform answers {status} in its place")));
        }
        _ => {}
    }
    let answer = HttpResponse { body, ..HttpResponse::empty(response.status_code()) };
    Ok(PASSED.iter().fold(answer, |answer, name| match response.headers().get(name) {
        Ok(Some(value)) => answer.with_header(name, value),
        _ => answer,
    }))
}

/// What comes of an exchange; nothing if it takes longer, and then it is broken off.
async fn in_time<T>(
    limit: Duration,
    exchange: impl AsyncFnOnce(&AbortSignal) -> Result<T>,
) -> Option<Result<T>> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let exchange = std::pin::pin!(exchange(&signal));
    let timeout = std::pin::pin!(Delay::from(limit));
    match futures_util::future::select(exchange, timeout).await {
        futures_util::future::Either::Left((done, _)) => Some(done),
        futures_util::future::Either::Right(_) => {
            abort.abort();
            None
        }
    }
}

/// HTTPS, or plain HTTP on this machine, to whom may be called.
fn check(call: &Call, reach: &Reach) -> Result<(), String> {
    let url = Url::parse(&call.url()).map_err(|error| format!("{} is no address: {error}", call.to))?;
    let host = url.host_str().unwrap_or_default();
    reach.judge(host, url.port_or_known_default().unwrap_or(0))?;
    match (url.scheme(), host) {
        ("https", _) | ("http", "localhost" | "127.0.0.1" | "[::1]") => Ok(()),
        ("http", _) => Err(format!("{} is not called: plain HTTP; give an https address", call.to)),
        _ => Err(format!("{} is not called: it is neither https nor http", call.to)),
    }
}

/// A POST of JSON that ends when `signal` says so, whichever way it takes.
fn request(url: &str, more: &[(&str, &str)], body: JsValue, signal: &AbortSignal) -> Result<Request> {
    let headers = Headers::new();
    headers.set("Content-Type", "application/json")?;
    for (name, value) in more {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(body));
    init.redirect = worker::RequestRedirect::Manual;
    let init = web_sys::RequestInit::from(&init);
    init.set_signal(Some(&**signal));
    Ok(web_sys::Request::new_with_str_and_init(url, &init)?.into())
}

/// The body; nothing if it is longer than `limit` octets.
async fn read(response: &mut Response, limit: usize) -> Result<Option<Vec<u8>>> {
    match response.stream() {
        Ok(stream) if !body::announces_more(response.headers(), limit) => body::read(stream, limit).await,
        Ok(_) => Ok(None),
        // There is none.
        Err(_) => Ok(Some(Vec::new())),
    }
}
