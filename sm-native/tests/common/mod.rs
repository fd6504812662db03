//! What the tests of the service have, and the native host beside it.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

pub mod server;

pub use esim_sm_lab::scratch::Scratch;
pub use esim_sm_lab::*;
