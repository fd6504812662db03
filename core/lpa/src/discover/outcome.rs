//! What a retrieval of events ends with.

use crate::download::Ending;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What waits for the eUICC (SGP.22 3.6.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discovery {
    /// How it ended.
    pub ending: DiscoveryEnding,
    /// The SM-DS that was asked first, if one was.
    pub smds_address: Option<String>,
    /// What can be fetched, in the order told.
    pub events: Vec<DiscoveredEvent>,
    /// Events that lead nowhere, and why.
    pub unfollowed: Vec<Unfollowed>,
}

/// How a retrieval of events ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum DiscoveryEnding {
    /// There is something to fetch.
    Found,
    /// The SM-DS has answered that it has nothing for this eUICC.
    Nothing,
    /// The SM-DS has events, and none of them leads to an SM-DP+.
    NothingFollowed,
    /// The eUICC names no root SM-DS, and the user named none.
    NoSmds,
    /// The SM-DS could not be asked, or not understood.
    Failed {
        /// Why.
        ending: Ending,
    },
}

/// A profile that waits at an SM-DP+: an event record (SGP.22 3.6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoveredEvent {
    /// The matchingId to fetch it with.
    pub event_id: String,
    /// The SM-DP+.
    pub rsp_server_address: String,
    /// The SM-DS that told of it.
    pub smds_address: String,
}

/// An event that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unfollowed {
    /// Which.
    pub event: DiscoveredEvent,
    /// Why.
    pub why: Unfollowing,
}

/// Why an event was not followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Unfollowing {
    /// Its rspServerAddress is the address of no server.
    NoAddress,
    /// It leads to an SM-DS that has been asked for this event already.
    Loop,
    /// More SM-DSs stand one behind the other than the LPA follows.
    TooDeep,
    /// More events than an LPA follows at once.
    TooMany,
    /// Its server could not be asked, or has refused.
    Failed {
        /// Why.
        ending: Ending,
    },
    /// The SM-DS behind it has nothing for this eUICC any more.
    Gone,
}
