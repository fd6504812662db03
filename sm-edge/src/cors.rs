//! Which pages of other sites may read our answers (the Fetch Standard, CORS): any page those of ES9+, where no browser
//! adds a credential, and of all the rest those pages only that the house has named. A page of our own origin needs none
//! of this.

use crate::{HttpRequest, HttpResponse};
use esim_rsp::es9p;

/// Headers for the browser; `origins` as in [`crate::Admittance::page_origins`].
pub(crate) fn allow(response: HttpResponse, request: &HttpRequest, origins: &[String]) -> HttpResponse {
    if request.path_only().starts_with(es9p::PATH) || request.path_only() == "/healthz" {
        return response
            .with_header("Access-Control-Allow-Origin", "*")
            .with_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
            .with_header("Access-Control-Allow-Headers", "Content-Type, X-Admin-Protocol")
            .with_header("Access-Control-Expose-Headers", "X-Admin-Protocol, Retry-After")
            .with_header("Access-Control-Max-Age", "86400");
    }
    let response = response.with_header("Vary", "Origin");
    match request.header("Origin").filter(|origin| origins.iter().any(|named| named == origin)) {
        None => response,
        Some(origin) => response
            .with_header("Access-Control-Allow-Origin", origin)
            .with_header("Access-Control-Allow-Methods", "GET, POST, OPTIONS")
            .with_header("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Admin-Protocol")
            .with_header("Access-Control-Expose-Headers", "X-Admin-Protocol, X-Next, X-Relayed, Retry-After")
            .with_header("Access-Control-Max-Age", "600"),
    }
}
