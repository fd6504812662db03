//! The SM on an ordinary machine: sockets, TLS, SQLite; one data folder.
//!
//! The folder holds everything: `sm.sqlite` the records, `pki/` certificates
//! and keys, `token` the credential of ES2+. What is missing is made on the
//! first start.
//!
//! [`NativeOptions`] say what is wanted, [`Native::open`] opens the folder and binds the socket, [`Native::serve`] lets
//! the handler of [`esim_sm_edge`] answer there, with [`NativeHost`] as its [`Host`](esim_sm_edge::Host).
#![forbid(unsafe_code)]

mod attend;
mod check;
mod clock;
mod connections;
mod crash;
mod exchange;
mod files;
mod folder;
mod host;
mod keep;
mod metrics;
mod migrate;
mod open;
mod operators;
mod options;
mod outgoing;
mod page;
mod page_headers;
pub mod pem;
mod pki;
mod pki_folder;
mod relay;
mod renew;
mod server;
mod sqlite;
mod templates;
mod tls;
mod warnings;
mod writer;

pub use check::{Checked, check};
pub use clock::{PATIENCE, TimeSources};
pub use connections::ConnectionLimits;
pub use host::NativeHost;
pub use keep::{Resealed, SealSecret, backup, reseal, restore};
pub use open::Native;
pub use operators::read_operators;
pub use options::NativeOptions;
pub use pki::{PkiSource, ServerPki};
pub use pki_folder::{Found, PkiFolder};
pub use server::ServerHandle;
pub use sqlite::{SqliteError, SqliteStore};
pub use templates::read_templates;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
