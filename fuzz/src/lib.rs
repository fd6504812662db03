//! What fuzz targets and their seeds share: cards and servers made once.

#[cfg(feature = "all")]
pub mod edits;
#[cfg(feature = "all")]
pub mod hostile;
pub mod objects;
#[cfg(feature = "all")]
pub mod operators;
#[cfg(feature = "all")]
pub mod plugs;
#[cfg(feature = "all")]
pub mod seeds;
#[cfg(feature = "all")]
pub mod service;
#[cfg(feature = "all")]
pub mod tokens;

#[cfg(feature = "all")]
mod card;
#[cfg(feature = "all")]
pub use card::{enabled_card, prepared, select_usim};
