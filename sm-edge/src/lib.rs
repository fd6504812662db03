//! The SM as an HTTP service: one handler for every host.
//!
//! | path | what |
//! |---|---|
//! | `POST /gsma/rsp2/es9plus/<function>` | SGP.22 6.5.2, for LPAs |
//! | `POST /gsma/rsp2/es2plus/<function>` | SGP.22 6.5.2, for the operator's customer system |
//! | `POST /esim-lab/provision` | [`smdp::admin::ProvisionRequest`]: a subscriber or a package into stock |
//! | `GET /esim-lab/templates` | [`smdp::admin::ListTemplatesOk`] |
//! | `POST /esim-lab/import` | [`smdp::admin::ImportRequest`], or CSV ([`csv`]): a batch of subscribers into orders |
//! | `GET /esim-lab/report?after=ICCID&limit=N&format=csv` | [`smdp::admin::ReportOk`], or CSV with `X-Next` for the page after it |
//! | `GET /esim-lab/orders?after=ICCID&limit=N` | [`smdp::admin::ListOrdersOk`], with what of it cannot be had |
//! | `GET /esim-lab/orders?matchingId=TOKEN` | the same, with that order alone or none |
//! | `GET /esim-lab/orders/ICCID` | [`smdp::admin::OrderView`] with its history |
//! | `GET /esim-lab/audit?after=ICCID&limit=N` | [`smdp::admin::AuditOk`]: histories, and whether they are as they were written |
//! | `GET`, `POST /esim-lab/settings/NAME` | operators and revocation lists, where they lie with the records ([`settings`]) |
//! | `GET`, `POST /esim-lab/guests` | whether whoever comes may be an operator for a while, and being one ([`Guests`]) |
//! | `GET /esim-lab/backup?after=NAME`, `POST /esim-lab/restore` | what is kept, sealed, page by page: out of one host and into another (`RESTORE`; with the feature `copies`) |
//! | `POST /esim-lab/relay/HOST/gsma/rsp2/es9plus/<function>` | a page's LPA to another server that the house has named (`relay`, with that feature) |
//! | `POST /esim-lab/reseal` | what is sealed with an older key is sealed with the first one, where records lie with their host alone |
//! | `GET /healthz` | `{"status":"ok"}` |
//!
//! ES2+ and `/esim-lab/` want a credential: `Authorization: Bearer` with the token of the house or one that the operator
//! has signed ([`token`]), or the operator's client certificate. Who gets in besides is [`Admittance`]'s matter.
//!
//! [`handle`] takes a request and a [`Host`] and gives a response (hosts that
//! read from a network call [`admit_head`] before they read a body); it knows
//! paths, JSON, credentials and status codes, and runs the decisions of
//! [`esim_smdp`] as load, decide, commit ([`run()`]). A host brings a clock,
//! randomness, configuration and a [`Store`]:
//!
//! - [`memory`]: the browser page and tests,
//! - ordinary machines have a crate of their own, `esim-sm-native`: sockets, TLS, SQLite,
//! - and so has the worker, whose records are spread over many objects ([`shard`]).
#![forbid(unsafe_code)]

mod admit;
mod asked;
#[cfg(feature = "copies")]
mod backup;
mod carried;
mod cors;
pub mod csv;
mod generators;
mod guests;
mod handler;
mod host;
mod http;
mod import;
pub mod memory;
mod operators;
mod origin;
mod outcome;
pub mod page;
mod rate;
pub mod reach;
mod read;
#[cfg(feature = "relay")]
pub mod relay;
#[cfg(feature = "relay")]
mod relaying;
mod reseal;
mod run;
pub mod settings;
pub mod shard;
pub mod sql;
pub mod token;
mod vault;

pub use admit::{Admittance, is_house};
#[cfg(feature = "copies")]
pub use backup::RESTORE;
/// What the service decides, for hosts that make its configuration.
pub use esim_smdp as smdp;
pub use generators::Generators;
pub use guests::{Guests, NoGuests};
pub use handler::{Admitted, admit_head, answer, handle, out_of_service, run_carried, unread};
pub use host::{CommitError, Fault, Host, LogLine, Partly, Store};
pub use http::{Caller, ClientCertificate, HttpRequest, HttpResponse};
pub use memory::{MemoryHost, MemoryStore};
pub use operators::{SPKI_P256, read_operators};
/// Runs a future to its end on this thread: good for hosts whose store needs no runtime, as memory and SQLite.
pub use pollster::block_on;
pub use rate::{Limited, NoRate, Rate, RateLimiter};
pub use run::{attend, attend_all, run};
pub use vault::Vault;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
