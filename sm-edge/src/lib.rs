//! The SM as an HTTP service: one handler for every host.
//!
//! [`handle`] takes a request and a [`Host`] and gives a response; it knows
//! paths, JSON, credentials and status codes, and runs the decisions of
//! [`esim_smdp`] as load, decide, commit ([`run()`]). A host brings a clock,
//! randomness, configuration and a [`Store`]:
//!
//! - [`memory`]: the browser page and tests,
//! - `native` (feature of that name): sockets, TLS, SQLite,
//! - the worker has its own crate.
#![forbid(unsafe_code)]

mod handler;
mod host;
mod http;
pub mod memory;
#[cfg(feature = "native")]
pub mod native;
mod run;
pub mod sql;

pub use handler::handle;
pub use host::{CommitError, Fault, Host, LogLine, Store};
pub use http::{HttpRequest, HttpResponse};
pub use memory::{MemoryHost, MemoryStore};
pub use run::{block_on, run};
/// What the service decides, for hosts that make its configuration.
pub use esim_smdp as smdp;
