//! A modem's AT commands (3GPP TS 27.007, ITU-T V.250) as a way to a card.
//!
//! [`Lines`] cuts what a modem sends into lines, [`Outcome`] knows those that end an answer, [`values`] reads what they
//! hold, and [`Driver`] asks.

mod driver;
mod exchange;
mod line;
mod outcome;
pub mod values;

pub use driver::{CardState, Driver, Error, Opened, Support};
pub use line::{Line, Lines, MAX_LINE};
pub use outcome::{CME_ERRORS, Cme, Outcome};
