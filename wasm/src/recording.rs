//! What people bring from elsewhere, and what they take with them.

use crate::{Fallible, World, give, sentence};
use esim_world::{Words, read_foreign};
use wasm_bindgen::prelude::*;

/// A sentence in both languages, as JSON.
fn told(words: Words) -> JsError {
    match serde_json::to_string(&words) {
        Ok(words) => JsError::new(&words),
        Err(error) => sentence(error),
    }
}

#[wasm_bindgen]
impl World {
    /// Reads a file, or what somebody has pasted: logs of APDUs and of lpac, recordings, traces, captures, messages, codes,
    /// cards. Throws a sentence as JSON, `{en, ja}`.
    #[wasm_bindgen(js_name = readForeign, unchecked_return_type = "Foreign")]
    pub fn read_foreign(octets: &[u8], name: Option<String>) -> Fallible<JsValue> {
        give(&read_foreign(octets, name.as_deref()).map_err(told)?)
    }
}
