//! Calls to others: the operators' customer systems, SM-DSs.

use crate::body;
use esim_sm_edge::reach::Reach;
use esim_smdp::{Call, Reply};
use std::time::Duration;
use worker::{
    AbortController, AbortSignal, Delay, Env, Fetch, Headers, Method, Request, RequestInit, Response, Result,
    Url, web_sys,
};

/// How long another server may take, from the connection to the last octet.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest reply that is read, in octets.
const REPLY_LIMIT: usize = 1 << 18;

/// Makes a call: through the binding `MTLS`, if there is one, which shows CERT.DP.TLS (SGP.22 6.5.1). The platform resolves
/// names itself, and does not say to what: they are judged as names.
pub async fn call(env: &Env, call: &Call, reach: &Reach) -> Reply {
    if let Err(reason) = check(call, reach) {
        return Reply::Lost(reason);
    }
    let abort = AbortController::default();
    let signal = abort.signal();
    let exchange = std::pin::pin!(async {
        let request = request(call, &signal)?;
        let response = match env.service("MTLS") {
            Ok(mtls) => mtls.fetch_request(request).await?,
            Err(_) => Fetch::Request(request).send_with_signal(&signal).await?,
        };
        read(response).await
    });
    let timeout = std::pin::pin!(Delay::from(TIMEOUT));
    match futures_util::future::select(exchange, timeout).await {
        futures_util::future::Either::Left((Ok(reply), _)) => reply,
        futures_util::future::Either::Left((Err(error), _)) => Reply::Lost(error.to_string()),
        futures_util::future::Either::Right(_) => {
            abort.abort();
            Reply::Lost("it does not answer".into())
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

/// A request that ends when `signal` says so, whichever way it takes.
fn request(call: &Call, signal: &AbortSignal) -> Result<Request> {
    let headers = Headers::new();
    headers.set("Content-Type", "application/json")?;
    headers.set("X-Admin-Protocol", "gsma/rsp/v2.6.0")?;
    headers.set("User-Agent", concat!("esim-lab/", env!("CARGO_PKG_VERSION")))?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(call.body.as_str().into()));
    init.redirect = worker::RequestRedirect::Manual;
    let init = web_sys::RequestInit::from(&init);
    init.set_signal(Some(&**signal));
    Ok(web_sys::Request::new_with_str_and_init(&call.url(), &init)?.into())
}

async fn read(mut response: Response) -> Result<Reply> {
    let status = response.status_code();
    let body = match response.stream() {
        Ok(stream) if !body::announces_more(response.headers(), REPLY_LIMIT) => {
            body::read(stream, REPLY_LIMIT).await?
        }
        Ok(_) => None,
        // There is none.
        Err(_) => Some(Vec::new()),
    };
    Ok(match body {
        Some(body) => Reply::Answered { status, body },
        None => Reply::Lost("the reply is too long".into()),
    })
}
