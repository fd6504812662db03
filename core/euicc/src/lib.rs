//! The software eUICC (SGP.22 v2.6): ISD-R and ECASD, with a real UICC
//! (TS 102 221, TS 31.102) beneath.
//!
//! [`Card::transmit`] is the only way in: a command APDU, and in [`Env`] what
//! a card has of the world: randomness, non-volatile memory, perhaps the time.
//! Everything that must survive lies in [`Nvm`] and changes by whole
//! transactions; everything else is gone at [`Card::power_on`].
#![forbid(unsafe_code)]
#![no_std]
extern crate alloc;

pub mod apdu;
mod bpp;
mod card;
mod channel;
mod channels;
mod draft;
mod ecasd;
mod env;
mod isdr;
mod memory;
pub mod nvm;
mod ota;
mod pending;
mod personal;
mod state;
mod stored;
pub mod uicc;

pub use card::{BootError, Card};
pub use env::Env;
pub use nvm::{MemoryNvm, Nvm, NvmError, Write};
pub use personal::{Identity, Personal};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
