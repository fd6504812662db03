//! What becomes of a request: it is served, or it is rejected. Whatever a handler has to give up for ends in a
//! [`Rejection`] by `?`, and turns into a response in one place.

use crate::{Fault, HttpResponse};
use esim_rsp::es2p::Nothing;
use esim_rsp::es9p::Answer;
use esim_rsp::json::ResponseHeader;
use esim_rsp::{Code, Error, Refusal};
use serde::Serialize;

/// What the log learns besides the status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    /// Transaction id or functionCallIdentifier.
    pub correlation: Option<String>,
    /// What it came to, without secrets.
    pub outcome: Option<String>,
    /// How often the function was run again because of a conflict.
    pub conflicts: u32,
    /// Whether an order was tried in vain, which weighs more ([`crate::admit::weigh_source`]).
    pub is_refused_try: bool,
}

/// A request that has its response.
pub(crate) struct Served {
    pub response: HttpResponse,
    pub note: Note,
}

impl Served {
    /// A function that was executed: HTTP 200 with its outputs.
    pub fn success<T: Serialize>(outputs: T, note: Note) -> Self {
        let answer = Answer { header: ResponseHeader::success(), body: Some(outputs) };
        Self { response: HttpResponse::json(200, &answer), note }
    }
}

impl From<HttpResponse> for Served {
    /// A response of which there is nothing more to say.
    fn from(response: HttpResponse) -> Self {
        Self { response, note: Note::default() }
    }
}

/// A request that nothing comes of but a code of the standard, in a header of the standard (SGP.22 6.5.1.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// 200 where a function was called that has failed; otherwise 4xx or 5xx.
    pub status: u16,
    /// In a box, for errors should be small beside what they stand instead of.
    pub refusal: Box<Refusal>,
    /// Seconds until it is worth trying again.
    pub retry_after: Option<u64>,
    /// Methods that the path is for, besides `OPTIONS`.
    pub allow: Option<&'static str>,
    /// Its outcome is subject and reason, where nothing else is said: details may quote the request, which may hold
    /// keys.
    pub note: Note,
}

impl Rejection {
    /// The code of the standard under an HTTP status.
    pub fn new(status: u16, refusal: Refusal) -> Self {
        Self { status, refusal: refusal.into(), retry_after: None, allow: None, note: Note::default() }
    }

    /// A path that is none of ours.
    pub fn unknown() -> Self {
        Self::new(404, Refusal::of(Code::FunctionProviderUnknown))
    }

    /// A method that the path is not for.
    pub fn wrong_method(allowed: &'static str) -> Self {
        let refusal = Refusal::of(Code::FunctionInvalid).because(format!("This path is for {allowed} only"));
        Self { allow: Some(allowed), ..Self::new(405, refusal) }
    }

    /// A request that no function can be made of.
    pub fn malformed(error: Error) -> Self {
        Self::new(400, Refusal::of(Code::FunctionInvalid).because(error))
    }

    /// The same, and what it was about.
    pub fn about(mut self, correlation: Option<String>) -> Self {
        self.note.correlation = correlation;
        self
    }
}

impl From<Refusal> for Rejection {
    /// A function that has failed, which is no failure of HTTP (SGP.22 6.5.1).
    fn from(refusal: Refusal) -> Self {
        Self::new(200, refusal)
    }
}

impl From<Fault> for Rejection {
    /// A fault of ours: the log has the reason, the caller only that it was ours.
    fn from(fault: Fault) -> Self {
        let note = Note { outcome: Some(format!("fault: {fault}")), ..Note::default() };
        Self { note, ..Self::new(500, Refusal::of(Code::RspExecutionError)) }
    }
}

impl From<Rejection> for Served {
    fn from(rejection: Rejection) -> Self {
        let Rejection { status, refusal, retry_after, allow, mut note } = rejection;
        let answer: Answer<Nothing> = Answer { header: ResponseHeader::failed(&refusal), body: None };
        note.outcome.get_or_insert_with(|| refusal.code.to_string());
        let challenge = (status == 401).then(|| ("WWW-Authenticate", "Bearer".to_string()));
        let allow = allow.map(|allowed| ("Allow", format!("{allowed}, OPTIONS")));
        let retry = retry_after.map(|seconds| ("Retry-After", seconds.to_string()));
        let headers = [challenge, allow, retry].into_iter().flatten();
        let with = |response: HttpResponse, (name, value)| response.with_header(name, value);
        Self { response: headers.fold(HttpResponse::json(status, &answer), with), note }
    }
}
