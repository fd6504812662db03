//! ES11: what an LPA asks of an SM-DS (SGP.22 5.8, 6.5.2). The first function and both paths are ES9+'s; only the
//! outcome of the second is another.

use crate::TransactionId;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// `authenticateClient`, outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuthenticateClientEs11Ok {
    /// Of the session.
    pub transaction_id: TransactionId,
    /// What waits for the eUICC.
    pub event_entries: Vec<EventEntry>,
}

/// Something that waits for an eUICC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventEntry {
    /// The matchingId to ask with.
    pub event_id: String,
    /// The SM-DP+ to turn to, or another SM-DS.
    pub rsp_server_address: String,
}
