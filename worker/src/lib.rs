//! The SM as a worker on the edge: the handler of `esim-sm-edge` in front, and
//! behind it a Durable Object for each order, each session, each part of the
//! index and each caller that is limited (`esim_sm_edge::shard`).
//!
//! A request is handled where it arrives; what it decides is committed in the
//! objects. An object wakes itself by its alarm when an order is due (its time
//! is up, an operator is to be told) and when a session may be forgotten.
//!
//! Bindings: `SM`, the namespace of [`SmObject`]. Variables and secrets: see
//! [`mod@configuration`]. The page is served by the runtime's static assets;
//! what matches no asset comes here.
#![allow(missing_docs, reason = "what the macros of the runtime generate has none")]

mod caller;
mod configuration;
mod host;
mod network;
mod object;
mod outgoing;
mod sqlite;

pub use object::SmObject;

use esim_sm_edge::{HttpRequest, HttpResponse, handle};
use host::EdgeHost;
use network::Edge;
use std::rc::Rc;
use worker::{Context, Env, Headers, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    let url = request.url()?;
    let dialled = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_string(),
    };
    let context = Rc::new(context);
    let network = Edge::new(&env, move |work| context.wait_until(work))?;
    let host = EdgeHost::new(&env, &dialled, network)?;
    write(handle(read(request).await?, &host).await)
}

async fn read(mut request: Request) -> Result<HttpRequest> {
    let url = request.url()?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut headers: Vec<_> = request.headers().entries().collect();
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Host")) {
        headers.push(("Host".into(), url.authority().into()));
    }
    Ok(HttpRequest {
        method: request.method().as_ref().to_string(),
        path: format!("{}{query}", url.path()),
        headers,
        caller: caller::of(&request),
        body: request.bytes().await?,
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
