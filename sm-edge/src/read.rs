//! What a handler takes from a request: its method, and its body as JSON.

use crate::HttpRequest;
use crate::outcome::Rejection;
use esim_rsp::{Code, Refusal, json};
use serde::de::DeserializeOwned;

/// Rejects every other method.
pub(crate) fn method_is(request: &HttpRequest, method: &'static str) -> Result<(), Rejection> {
    match request.method == method {
        true => Ok(()),
        false => Err(Rejection::wrong_method(method)),
    }
}

/// The body of a POST of JSON, as it came.
pub(crate) fn json_of(request: &HttpRequest) -> Result<&[u8], Rejection> {
    method_is(request, "POST")?;
    if !request.is_of("application/json") {
        let detail = "The request is not of Content-Type application/json";
        return Err(Rejection::new(400, Refusal::of(Code::FunctionInvalid).because(detail)));
    }
    Ok(&request.body)
}

/// The body of a POST of JSON.
pub(crate) fn read_json<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Rejection> {
    json::parse_request(json_of(request)?).map_err(Rejection::malformed)
}
