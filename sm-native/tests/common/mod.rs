//! What the tests of the service have, and the native host beside it.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

#[path = "../../../sm-edge/tests/common/mod.rs"]
mod lab;
pub mod server;

pub use lab::scratch::Scratch;
pub use lab::*;
