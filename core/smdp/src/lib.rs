//! The decisions of an SM-DP+, without I/O (SGP.22 v2.6).
//!
//! A function of ES2+ or ES9+ is a [`Function`]: it says which records it needs
//! ([`Function::keys`]) and decides from them, the clock and the generator what
//! is written and what is answered ([`Function::decide`]). Whoever hosts it
//! loads, lets it decide, and commits against the revisions loaded; on a
//! conflict it starts again. One file per function, named as in the standard.
//!
//! [`Order`] is a profile on its way to one eUICC, [`Session`] one conversation
//! with an LPA, [`Package`] the profile's octets. [`store`] says how they lie in
//! a store that knows nothing of them.
#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "ts"), no_std)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod admin;
mod attend;
pub mod audit;
pub mod begun;
mod behalf;
mod bind;
pub mod call;
mod can;
mod codes;
pub mod config;
mod eligibility;
pub mod es12;
pub mod es2p;
pub mod es9p;
pub mod event;
mod function;
pub mod guest;
mod history;
pub mod metadata;
pub mod order;
mod place;
pub mod profile;
pub mod progress;
pub mod revocation;
mod secret;
pub mod session;
pub mod store;
pub mod template;
mod trust;

pub use attend::{Attend, Attended};
pub use audit::{CalledBy, Credential};
pub use behalf::OnBehalf;
pub use call::{Call, Errand, Reply};
pub use can::Can;
pub use config::{Config, Identity, KeyPair, Limits, Operator, Smds, SmdsIdentity};
pub use event::EventRecord;
pub use function::{Decision, Env, Function};
pub use order::{Order, OrderState, Package};
pub use place::Place;
pub use revocation::Revocations;
pub use secret::Secret;
pub use session::{Session, SessionState};
pub use store::{Key, Record, Records, Write};
pub use template::Template;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
