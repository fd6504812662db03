//! Requests at the SM-DP+: the first octet picks the path, the rest is the
//! body. Never a 500, and what comes back is JSON or empty.
#![no_main]

use esim_fuzz::{PATHS, sm};
use esim_sm_edge::{HttpRequest, block_on, handle};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((path, body)) = input.split_first() else { return };
    let host = sm();
    let path = PATHS[usize::from(*path) % PATHS.len()];
    let request = HttpRequest::post(path, body.to_vec()).with_token("memory");
    let response = block_on(handle(request, &host));
    assert_ne!(response.status, 500, "{path}: {}", String::from_utf8_lossy(&response.body));
    if !response.body.is_empty() {
        serde_json::from_slice::<serde_json::Value>(&response.body).expect("JSON");
    }
});
