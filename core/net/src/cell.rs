//! What a device hears, and by what the network tells devices apart.

use crate::hss::Rat;
use crate::id::Plmn;
use serde::{Deserialize, Serialize};

/// A device's radio connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Link(pub u32);

/// A cell that a device hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Cell {
    /// Whose it is.
    pub plmn: Plmn,
    /// Technology.
    pub rat: Rat,
    /// Tracking or location area.
    #[serde(default = "first_area")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<u16>"))]
    pub area: u16,
    /// Received power in dBm: RSRP of LTE, RSCP of 3G.
    pub level: i16,
}

fn first_area() -> u16 {
    1
}
