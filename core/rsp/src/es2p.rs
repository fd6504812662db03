//! ES2+: what the operator's customer system asks of the SM-DP+ (SGP.22 5.3, 6.5.2).

use crate::json::{Base64, FunctionExecutionStatus, RequestHeader};
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl core::fmt::Debug for ConfirmOrderRequest {
    /// Without the confirmation code.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ConfirmOrderRequest({}, release {})", self.iccid, self.release_flag)
    }
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

/// `cancelOrder` (SGP.22 5.3.3): takes an order back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CancelOrderRequest {
    /// Caller and call.
    pub header: RequestHeader,
    /// The profile ordered.
    pub iccid: Iccid,
    /// What becomes of the profile.
    pub final_profile_status_indicator: FinalProfileStatus,
    /// Of the order, if it is linked to an eUICC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eid: Option<Eid>,
    /// Of the order, if it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching_id: Option<String>,
}

/// What becomes of the profile of a cancelled order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FinalProfileStatus {
    /// Back into stock.
    Available,
    /// Out of use.
    Unavailable,
}

/// `handleDownloadProgressInfo` (SGP.22 5.3.5): the SM-DP+ tells the operator how a download goes on. The answer is
/// 204 without a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandleDownloadProgressInfoRequest {
    /// This SM-DP+ and this message; the same however often it is sent.
    pub header: RequestHeader,
    /// The eUICC, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eid: Option<Eid>,
    /// The profile.
    pub iccid: Iccid,
    /// Its kind.
    pub profile_type: String,
    /// ISO 8601 with time zone, `2026-01-01T00:00:00Z`.
    pub timestamp: String,
    /// Which step: 1 eligibility and retry limit check, 2 confirmation failure, 3 download of the bound profile
    /// package, 4 its installation; numbers above are agreed between the two.
    pub notification_point_id: u32,
    /// How the step went.
    pub notification_point_status: FunctionExecutionStatus,
    /// `BF37 …`, the eUICC's own word on an installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_data: Option<Base64>,
    /// Type allocation code of the device, 8 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tac: Option<String>,
    /// Of the device, digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imei: Option<String>,
}

/// Outputs of a function that has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}
