#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod at;
pub mod atr;
pub mod bridge;
mod card;
pub mod ccid;
pub mod modem;
mod plug;

pub use card::Card;
pub use plug::{Effect, Event, Plug, Reply, Request, Step};
