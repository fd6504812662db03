//! End-to-end tests: what they share.
//!
//! [`bench::Bench`] is a card and an SM on one table with every wire between
//! them bare, so that a test may bend any octet of any message.
#![forbid(unsafe_code)]

pub mod bench;
pub mod bend;
pub mod conformance;
pub mod faults;
pub mod forge;
pub mod isdr;
pub mod power_cut;
pub mod recorder;
pub mod usim;
