//! ES12: what an SM-DP+ asks of an SM-DS (SGP.22 5.9, 6.5.2). ES15, between an alternative SM-DS and its root, has the
//! same functions under a path of its own.

use crate::Eid;
use crate::json::RequestHeader;
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Path prefix of every function: `https://<address>/gsma/rsp2/es12/<function>`.
pub const PATH: &str = "/gsma/rsp2/es12/";

/// `registerEvent` (SGP.22 5.9.1): a server has something for an eUICC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterEventRequest {
    /// Caller and call.
    pub header: RequestHeader,
    /// The eUICC.
    pub eid: Eid,
    /// Whom the LPA shall turn to.
    pub rsp_server_address: String,
    /// What it shall ask for there.
    pub event_id: String,
    /// Whether an alternative SM-DS shall tell its root.
    pub forwarding_indicator: bool,
}

/// `deleteEvent` (SGP.22 5.9.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteEventRequest {
    /// Caller and call.
    pub header: RequestHeader,
    /// The eUICC.
    pub eid: Eid,
    /// As registered.
    pub event_id: String,
}
