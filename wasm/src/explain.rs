//! What of a world is explained beside its trace.

use crate::{Fallible, World, give, sentence};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl World {
    /// Explains a profile package as it is after decryption, given in hexadecimal.
    #[wasm_bindgen(js_name = explainProfile, unchecked_return_type = "Explained")]
    pub fn explain_profile(hex: &str) -> Fallible<JsValue> {
        let octets = esim_rsp::common::from_hex(hex).map_err(|error| sentence(error.to_string()))?;
        give(&esim_world::explain_profile(&octets).map_err(sentence)?)
    }
}
