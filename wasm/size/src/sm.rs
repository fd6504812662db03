//! An SM-DP+ as a page has it.

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_sm_edge::smdp::Config;
use esim_sm_edge::{HttpRequest, MemoryHost, block_on, handle};
use wasm_bindgen::prelude::wasm_bindgen;

/// A function of the SM in memory: path and body in, body out.
///
/// # Errors
/// A sentence, if the SM has no sound certificates.
#[wasm_bindgen]
pub fn post(path: &str, body: String) -> Result<Vec<u8>, String> {
    let pki = TestPki::well_known(Curve::P256);
    let config = Config::of_test_pki("localhost", &pki).map_err(|error| error.to_string())?;
    let host = MemoryHost::new(config, [0; 32], 0);
    Ok(block_on(handle(HttpRequest::post(path, body), &host)).body)
}
