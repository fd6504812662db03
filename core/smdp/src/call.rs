//! Calls to other servers: the operator's customer system, an SM-DS.
//!
//! A decision never calls anybody. What it must know from elsewhere it names in
//! [`crate::Function::calls`]; the host asks and adds the reply to the records,
//! as it adds rows. What others must be told is part of the order, as an
//! [`Errand`], and leaves after the commit.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::es2p::Nothing;
use esim_rsp::json_binding::{Interface, Request};
use esim_rsp::status::Pair;
use serde::{Deserialize, Serialize};

/// A POST of JSON to another server. `Debug` shows no body.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// [`Call::THIS_SERVER`], or host and perhaps port, `smds.example.com`, or `http://…` or `https://…` with both.
    pub to: String,
    /// `/gsma/rsp2/es12/registerEvent`.
    pub path: String,
    /// JSON.
    pub body: String,
}

impl core::fmt::Debug for Call {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Call({}{})", self.to, self.path)
    }
}

impl Call {
    /// Receiver of errands that this server runs itself, as the SM-DS that it is.
    pub const THIS_SERVER: &str = "";

    /// A call with `request` as its body.
    pub fn new<R: Request>(to: &str, interface: Interface, request: &R) -> Self {
        let body = String::from_utf8(esim_rsp::json::to_vec(request)).unwrap_or_default();
        Self { to: to.to_string(), path: interface.path(R::FUNCTION), body }
    }

    /// The whole address; `https` where no scheme is given.
    pub fn url(&self) -> String {
        match self.to.contains("://") {
            true => alloc::format!("{}{}", self.to.trim_end_matches('/'), self.path),
            false => alloc::format!("https://{}{}", self.to, self.path),
        }
    }

    /// Function name, for logs: the last part of the path.
    pub fn function(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An HTTP response.
    Answered {
        /// HTTP status.
        status: u16,
        /// Octets of the body.
        body: Vec<u8>,
    },
    /// Nobody answered; why, for the log.
    Lost(String),
}

/// Why a call has not had its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The other side is not there, or answers nothing sensible: worth trying again.
    Lost(String),
    /// The other side refused.
    Refused(Pair),
}

impl core::fmt::Display for CallError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Lost(reason) => f.write_str(reason),
            Self::Refused(pair) => write!(f, "refused with {pair}"),
        }
    }
}

impl Reply {
    /// Whether the function was executed: 204, or 200 with an `Executed` header or without any body.
    ///
    /// # Errors
    /// See [`CallError`].
    pub fn executed(&self) -> Result<(), CallError> {
        let (status, body) = match self {
            Self::Lost(reason) => return Err(CallError::Lost(reason.clone())),
            Self::Answered { status, body } => (*status, body),
        };
        if !(200..300).contains(&status) {
            return Err(CallError::Lost(alloc::format!("HTTP {status}")));
        }
        if body.is_empty() {
            return Ok(());
        }
        let answer = esim_rsp::json::read_answer::<Nothing>(body)
            .map_err(|error| CallError::Lost(alloc::format!("the answer is {error}")))?;
        let Err(status) = answer else { return Ok(()) };
        match (status.code(), status.status_code_data) {
            (Some(_), Some(code)) => Err(CallError::Refused(Pair::new(code.subject_code, code.reason_code))),
            _ => Err(CallError::Lost("refused without a code".into())),
        }
    }
}

/// Something that others must be told. Errands of one order leave in their
/// order, each until it has arrived or been given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Errand {
    /// What to say, and to whom.
    pub call: Call,
    /// How often it has failed.
    pub failures: u32,
    /// Seconds since 1970; not before.
    pub due: u64,
    /// Seconds since 1970; given up from then on.
    pub give_up_at: u64,
}

/// Seconds until the next try after so many failures: 10 seconds doubling up to an hour.
pub(crate) fn pause(failures: u32) -> u64 {
    (10u64 << failures.min(16).saturating_sub(1)).min(3600)
}

#[cfg(test)]
mod tests {
    use super::*;
    use esim_rsp::Code;

    #[test]
    fn replies_are_read_as_the_standard_has_them() {
        let answered = |status, body: &str| Reply::Answered { status, body: body.into() }.executed();
        assert_eq!(answered(204, ""), Ok(()));
        assert_eq!(answered(200, ""), Ok(()));
        let success = r#"{"header":{"functionExecutionStatus":{"status":"Executed-Success"}}}"#;
        assert_eq!(answered(200, success), Ok(()));
        let failed = r#"{"header":{"functionExecutionStatus":{"status":"Failed","statusCodeData":
            {"subjectCode":"8.9.5","reasonCode":"3.3"}}}}"#;
        assert_eq!(answered(200, failed), Err(CallError::Refused(Code::EventRecordAlreadyInUse.into())));
        assert!(matches!(answered(500, success), Err(CallError::Lost(_))));
        assert!(matches!(answered(200, "<html>"), Err(CallError::Lost(_))));
        assert!(matches!(Reply::Lost("gone".into()).executed(), Err(CallError::Lost(_))));
    }

    #[test]
    fn pauses_grow_up_to_an_hour() {
        assert_eq!([1, 2, 3, 9, 10, 40].map(pause), [10, 20, 40, 2560, 3600, 3600]);
    }

    #[test]
    fn addresses_without_a_scheme_are_https() {
        let url = |to: &str| Call { to: to.into(), path: "/a/b".into(), body: String::new() }.url();
        assert_eq!(url("smds.example.com:8443"), "https://smds.example.com:8443/a/b");
        assert_eq!(url("http://127.0.0.1:1/"), "http://127.0.0.1:1/a/b");
    }
}
