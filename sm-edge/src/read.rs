//! What a handler takes from a request: its method, and its body as JSON.

use crate::HttpRequest;
use crate::outcome::Rejection;
use esim_rsp::check::{Checks, Rule};
use esim_rsp::{Code, Refusal, json};
use serde::de::DeserializeOwned;

const METHOD: Rule = Rule::new("SGP.22 6.5.1", "the HTTP method is that of the function");
const CONTENT_TYPE: Rule = Rule::new("SGP.22 6.5.1", "Content-Type is application/json");

/// Rejects every other method.
pub(crate) fn method_is(
    request: &HttpRequest,
    method: &'static str,
    checks: Checks<'_>,
) -> Result<(), Rejection> {
    match checks.that(&METHOD, || &request.method, request.method == method) {
        true => Ok(()),
        false => Err(Rejection::wrong_method(method)),
    }
}

/// The body of a POST of JSON, as it came.
pub(crate) fn json_of<'a>(request: &'a HttpRequest, checks: Checks<'_>) -> Result<&'a [u8], Rejection> {
    method_is(request, "POST", checks)?;
    let given = || request.header("Content-Type").unwrap_or_default();
    if !checks.that(&CONTENT_TYPE, given, request.is_of("application/json")) {
        let detail = "The request is not of Content-Type application/json";
        return Err(Rejection::new(400, Refusal::of(Code::FunctionInvalid).because(detail)));
    }
    Ok(&request.body)
}

/// The body of a POST of JSON.
pub(crate) fn read_json<T: DeserializeOwned>(
    request: &HttpRequest,
    checks: Checks<'_>,
) -> Result<T, Rejection> {
    json::parse_request(json_of(request, checks)?).map_err(Rejection::malformed)
}
