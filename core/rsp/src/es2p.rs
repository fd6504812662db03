//! ES2+: what the operator's customer system asks of the SM-DP+ (SGP.22 5.3, 6.5.2).

use crate::json::RequestHeader;
use crate::{Eid, Iccid};
use alloc::string::String;
use serde::{Deserialize, Serialize};

/// Path prefix of every function: `https://<address>/gsma/rsp2/es2plus/<function>`.
pub const PATH: &str = "/gsma/rsp2/es2plus/";

/// `downloadOrder` (SGP.22 5.3.1): reserves a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DownloadOrderRequest {
    /// Caller and call.
    pub header: RequestHeader,
    /// Links the profile to this eUICC already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eid: Option<Eid>,
    /// This profile …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iccid: Option<Iccid>,
    /// … or any of this type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_type: Option<String>,
}

/// Outcome of `downloadOrder`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DownloadOrderOk {
    /// The profile reserved.
    pub iccid: Iccid,
}

/// `confirmOrder` (SGP.22 5.3.2): settles how the profile will be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmOrderRequest {
    /// Caller and call.
    pub header: RequestHeader,
    /// The profile reserved.
    pub iccid: Iccid,
    /// Links the profile to this eUICC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eid: Option<Eid>,
    /// Chosen by the operator; absent for the SM-DP+ to choose; empty for the default SM-DP+ use case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching_id: Option<String>,
    /// The user must know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation_code: Option<String>,
    /// Register an event at this SM-DS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smds_address: Option<String>,
    /// Whether the profile may be fetched from now on.
    pub release_flag: bool,
}

/// Outcome of `confirmOrder`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmOrderOk {
    /// The eUICC linked, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eid: Option<Eid>,
    /// For the activation code.
    pub matching_id: String,
    /// For the activation code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smdp_address: Option<String>,
}

/// `releaseProfile` (SGP.22 5.3.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseProfileRequest {
    /// Caller and call.
    pub header: RequestHeader,
    /// The profile confirmed.
    pub iccid: Iccid,
}

/// Outputs of a function that has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}
