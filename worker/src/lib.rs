//! The SM as a worker on the edge: the handler of `esim-sm-edge` in front, and
//! behind it Durable Objects, each with a share of the orders, of the index, or
//! a caller that is limited (`esim_sm_edge::shard`).
//!
//! A request is admitted where it arrives; what is about one order is executed
//! in the object that holds it. An object wakes itself by its alarm when an order is due (its time
//! is up, an operator is to be told) and when a session may be forgotten.
//!
//! Bindings: `SM`, the namespace of [`SmObject`], and those of [`mod@limiter`]. Variables and secrets: see
//! [`mod@configuration`]. The page is served by the runtime's static assets, of which those with a hash in their names
//! pass here ([`mod@page`]), as does what matches no asset.
#![allow(missing_docs, reason = "what the macros of the runtime generate has none")]

mod body;
mod caller;
mod configuration;
mod costs;
mod host;
mod house;
mod jurisdiction;
mod limiter;
mod machine;
mod network;
mod object;
mod outgoing;
mod page;
mod pki;
mod sqlite;

pub use object::SmObject;

use costs::Account;
use esim_sm_edge::{
    HttpRequest, HttpResponse, RESTORE, admit_head, answer, out_of_service, settings, unread,
};
use host::EdgeHost;
use network::Edge;
use std::rc::Rc;
use worker::{Context, Env, Headers, Request, Response, Result, console_error, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    machine::lend();
    let head = head(&request)?;
    if let Some(file) = page::answer(&head, &request, &env).await? {
        return Ok(file);
    }
    let context = Rc::new(context);
    // What settings cost is no function's: each instance reads them every now and then.
    let host = match Edge::new(&env, move |work| context.wait_until(work)) {
        Ok(network) => costs::on(Account::open(&env, "settings"), EdgeHost::new(&env, network)).await,
        Err(error) => Err(error.to_string()),
    };
    let host = match host {
        Ok(host) => host,
        Err(why) => {
            console_error!("out of service: {why}");
            return write(out_of_service(&head, &why));
        }
    };
    if let Some(told) = house::answer(&head, &host, costs::is_on(&env)).await {
        return write(told);
    }
    let account = Account::open(&env, head.path_only());
    write(costs::on(account, serve(head, request, &host)).await?)
}

/// The body of whoever is not let in is not read.
async fn serve(head: HttpRequest, request: Request, host: &EdgeHost) -> Result<HttpResponse> {
    let admitted = match admit_head(&head, host).await {
        Ok(admitted) => admitted,
        Err(refused) => return Ok(refused),
    };
    let Some(body) = read(&head, request, admitted.body_limit()).await? else {
        return Ok(unread(413, &head, host));
    };
    let changes_settings = head.path.starts_with(settings::PATH) || head.path_only() == RESTORE;
    let response = answer(HttpRequest { body, ..head }, admitted, host).await;
    if changes_settings {
        configuration::forget();
    }
    Ok(response)
}

/// The request without its body.
fn head(request: &Request) -> Result<HttpRequest> {
    let url = request.url()?;
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut headers = network::pairs(request.headers());
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Host")) {
        headers.push(("Host".into(), url.authority().into()));
    }
    Ok(HttpRequest {
        // Not as the bindings have it, which take what they do not know for GET.
        method: request.inner().method(),
        path: format!("{}{query}", url.path()),
        headers,
        caller: caller::of(request),
        body: Vec::new(),
    })
}

/// The body; nothing if it is longer than `limit` octets.
async fn read(head: &HttpRequest, mut request: Request, limit: usize) -> Result<Option<Vec<u8>>> {
    match body::announced(head) {
        Some(length) if length > limit as u64 => return Ok(None),
        // No octet more than that comes.
        Some(_) => return Ok(Some(request.bytes().await?).filter(|body| body.len() <= limit)),
        None => {}
    }
    match request.stream() {
        Ok(stream) => body::read(stream, limit).await,
        // There is none.
        Err(_) => Ok(Some(Vec::new())),
    }
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
