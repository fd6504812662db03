//! The Local Profile Assistant (SGP.22 3.1, 3.2, 3.5) as step machines.
//!
//! A [`Machine`] takes an [`Event`] and gives an [`Effect`]: ask the card, ask a
//! server, ask the user, or done. It has no socket, clock or reader, and its
//! state serialises between any two steps. [`driver`] turns effects into calls
//! of a [`driver::Port`]; [`apdu`] lies below the card effect.
//!
//! | Module | What it does |
//! |---|---|
//! | [`discover`] | asks an SM-DS what waits for the eUICC |
//! | [`download`] | fetches and installs a profile |
//! | [`resume`] | takes a download up again after whatever was lost |
//! | [`notify`] | delivers what the eUICC has to report |
//! | [`manage`] | lists, enables, disables, deletes, names profiles; reads the chip |
//! | [`apdu`] | logical channel, SELECT, STORE DATA chains |
//! | [`driver`] | all of it over a `Port`, at once or step by step |
//! | [`lui`] | questions to the user, answers, and sentences for outcomes |
//!
//! An LPA holds no key and verifies no signature: what is signed passes through
//! as the octets that came in.
#![forbid(unsafe_code)]
#![no_std]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod apdu;
pub mod certificate;
pub mod code;
pub mod discover;
pub mod download;
pub mod driver;
mod effect;
pub mod lui;
pub mod manage;
pub mod notify;
pub mod octets;
pub mod policy;
pub mod profile;
pub mod resume;
mod transport;

pub use code::Code;
pub use discover::{Discover, DiscoverParams, Discovery};
pub use download::{Device, Download, DownloadParams, Ending, Outcome};
pub use driver::{Port, Session, Step};
pub use effect::{Effect, Es10, Event, HttpCall, Machine, Phase, Progress};
pub use lui::{Answer, Lang, Question};
pub use notify::{Notified, Notify, NotifyParams};
pub use profile::{Metadata, Profile, ProfileRef};
pub use resume::Resumable;
pub use transport::{CertificateFault, HttpReply, Lost, Unanswered, Untrusted};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
