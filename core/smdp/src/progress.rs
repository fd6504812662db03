//! What the operator is told of a download (ES2+.HandleDownloadProgressInfo, SGP.22 5.3.5): errands of the order,
//! written with the decision that they tell of.

use crate::session::Device;
use crate::{Call, Env, Order};
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;
use esim_rsp::es2p::HandleDownloadProgressInfoRequest;
use esim_rsp::json::{Base64, FunctionExecutionStatus, RequestHeader};
use esim_rsp::json_binding::{Interface, Request};
use esim_rsp::{Eid, Refusal};

/// How many errands may wait; what happens to the order beyond is only noted. An operator that is away must not make
/// the order grow without end.
const ERRANDS_LIMIT: usize = 100;

/// The step that is told of: `notificationPointId`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Whether the eUICC may have the profile, has tried too often, or comes too late.
    EligibilityAndRetryLimitCheck = 1,
    /// A confirmation code was missing or wrong.
    ConfirmationFailure = 2,
    /// The bound profile package was handed out, or could not be.
    BppDownload = 3,
    /// The eUICC has installed the profile, or has not.
    BppInstallation = 4,
    /// The profile was enabled. This and the following are this server's own numbers, not the standard's.
    Enabled = 101,
    /// The profile was disabled.
    Disabled = 102,
    /// The profile was deleted from the eUICC.
    Deleted = 103,
}

/// One message to the operator.
pub(crate) struct Progress<'a> {
    /// The step.
    pub point: Point,
    /// How it went.
    pub outcome: Result<(), &'a Refusal>,
    /// The eUICC that it happened with.
    pub eid: Option<Eid>,
    /// The device around it.
    pub device: Device,
    /// `BF37 …`
    pub result_data: Option<&'a [u8]>,
}

impl<'a> Progress<'a> {
    /// A step and how it went, with one eUICC.
    pub fn new(point: Point, outcome: Result<(), &'a Refusal>, eid: Option<Eid>, device: &Device) -> Self {
        Self { point, outcome, eid, device: device.clone(), result_data: None }
    }
}

impl Order {
    /// The operator that has ordered the profile is told, if it has said where.
    pub(crate) fn tell(&mut self, progress: Progress<'_>, env: &mut Env<'_>) {
        let operator = self.operator.as_deref().and_then(|oid| env.config.operator(oid));
        let Some(callback) = operator.and_then(|operator| operator.callback.as_deref()) else { return };
        let point = progress.point as u32;
        if self.errands.len() >= ERRANDS_LIMIT {
            let function = HandleDownloadProgressInfoRequest::FUNCTION.name();
            self.note(env.now, function, format!("Point {point} is not told: too much waits"));
            return;
        }
        let request = HandleDownloadProgressInfoRequest {
            header: own_header(env),
            eid: progress.eid,
            iccid: self.iccid,
            profile_type: self.profile_type.clone(),
            timestamp: timestamp(env.now),
            notification_point_id: point,
            notification_point_status: match progress.outcome {
                Ok(()) => FunctionExecutionStatus::success(),
                Err(refusal) => FunctionExecutionStatus::failed(refusal),
            },
            result_data: progress.result_data.map(|octets| Base64(octets.to_vec())),
            tac: progress.device.tac,
            imei: progress.device.imei,
        };
        let call = Call::new(callback, Interface::Es2Plus, &request);
        self.send(env.now, call, env.config.limits.errand_seconds);
    }
}

/// This server as a caller, with a name for the call that no other has.
pub(crate) fn own_header(env: &mut Env<'_>) -> RequestHeader {
    RequestHeader {
        function_requester_identifier: env.config.own_oid(),
        function_call_identifier: esim_rsp::common::hex_upper(&env.random::<16>()),
    }
}

/// ISO 8601 in UTC.
pub(crate) fn timestamp(now: u64) -> String {
    let time = der::DateTime::from_unix_duration(Duration::from_secs(now));
    time.map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_with_their_zone() {
        assert_eq!(super::timestamp(1_767_225_600), "2026-01-01T00:00:00Z");
        assert_eq!(super::timestamp(1_709_210_096), "2024-02-29T12:34:56Z");
    }
}
