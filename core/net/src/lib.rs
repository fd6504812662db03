//! The mobile network: a terminal's modem ([`modem`]), the nodes that register it ([`mme`] for LTE,
//! [`sgsn`] for 3G), the subscriber store with its authentication centre ([`hss`], [`auc`]), the
//! [`gateway`] and the traffic [`policy`] platform behind it, joined by [`network`].
//!
//! Pure and deterministic: messages go in, messages come out, randomness is an argument. The card is
//! known by its APDUs alone. Messages have the octets of the field ([`nas`], [`gtp`], [`diameter`],
//! [`ip`]); what has no standard encoding here is a structure that says so.
#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "ts"), no_std)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod auc;
pub mod cause;
mod cell;
pub mod diameter;
mod epc;
pub mod explain;
pub mod gateway;
pub mod gtp;
pub mod hss;
pub mod id;
pub mod ip;
pub mod log;
pub mod mme;
pub mod modem;
mod msc;
pub mod nas;
pub mod network;
pub mod pcap;
pub mod policy;
mod registrations;
pub mod rules;
pub mod sgsn;

pub use auc::Keys;
pub use cause::{Cause, Domain};
pub use cell::{Cell, Link};
pub use epc::address;
pub use hss::{Hss, KeptSubscriber, Rat, SubscriberView, Subscription};
pub use id::{Imsi, Plmn};
pub use log::{Carrier, Entry, Log, Node, Verified};
pub use modem::{Air, Answer, Effect, Event, Modem, ModemError, Report, ServiceState, ServiceView, drive};
pub use network::{Carried, Network, NetworkView};
pub use policy::{Decision, Destination};
pub use rules::{Action, Class, Contract, RuleError, Rules, Service};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
