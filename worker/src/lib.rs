//! The SM as a worker on the edge: the handler of `esim-sm-edge` inside a
//! Durable Object, whose SQLite storage holds the records.
//!
//! Bindings: `SM`, the Durable Object namespace of [`SmStore`]. Variables and
//! secrets: see [`mod@configuration`]. The page is served by the runtime's
//! static assets; what matches no asset comes here.
#![allow(missing_docs, reason = "what the macros of the runtime generate has none")]

mod configuration;
mod object;
mod store;

pub use object::SmStore;

use worker::{Context, Env, Request, Response, Result, event};

/// One object holds all records of a server: its requests are serialised, and
/// a commit is one transaction.
const OBJECT: &str = "sm";

#[event(fetch)]
async fn fetch(request: Request, env: Env, _: Context) -> Result<Response> {
    env.durable_object("SM")?.id_from_name(OBJECT)?.get_stub()?.fetch_with_request(request).await
}
