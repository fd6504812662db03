//! The mobile network as far as a subscriber's authentication: the
//! authentication centre ([`auc`]), the node that admits a device
//! ([`network`]), and the modem between it and the card ([`modem`]), which
//! knows the card by its APDUs alone.
#![forbid(unsafe_code)]
#![no_std]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod auc;
pub mod modem;
pub mod network;

pub use auc::{Subscriber, Vector};
pub use modem::{Effect, Event, Modem, ModemError, Report};
pub use network::{Cause, Challenge, Network, Response};
