//! Keys of sessions, messages compared and messages changed, for JavaScript.

use crate::{Fallible, World, give, read, sentence};
use esim_rsp::trace::Record;
use esim_world::link::Edit;
use esim_world::{Words, change, compare};
use wasm_bindgen::prelude::*;

/// What JavaScript reads both languages out of.
fn both(words: &Words) -> JsError {
    sentence(serde_json::to_string(words).unwrap_or_else(|_| words.en.clone()))
}

#[wasm_bindgen]
impl World {
    /// The keys of each download session so far, from key agreement to the decrypted package, each step with commands
    /// that compute it once more.
    #[wasm_bindgen(unchecked_return_type = "KeySession[]")]
    pub fn keys(&self) -> Fallible<JsValue> {
        give(&self.world.keys())
    }

    /// The values in which two messages differ.
    #[wasm_bindgen(unchecked_return_type = "Difference[]")]
    pub fn compare(
        #[wasm_bindgen(unchecked_param_type = "TraceRecord")] a: JsValue,
        #[wasm_bindgen(unchecked_param_type = "TraceRecord")] b: JsValue,
    ) -> Fallible<JsValue> {
        give(&compare(&read::<Record>(&a)?, &read::<Record>(&b)?))
    }

    /// The octets of any message with an edit made, hexadecimal. Throws JSON of `Both`: why it cannot be made.
    pub fn change(
        #[wasm_bindgen(unchecked_param_type = "TraceRecord")] record: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Edit")] edit: JsValue,
    ) -> Fallible<String> {
        let changed = change(&read::<Record>(&record)?, &read::<Edit>(&edit)?);
        changed.map(hex::encode).map_err(|why| both(&why))
    }

    /// The same, signed anew where the edit asks for it: with the keys of this world, and over what was said before.
    #[wasm_bindgen(js_name = changeSigned)]
    pub fn change_signed(
        &self,
        #[wasm_bindgen(unchecked_param_type = "TraceRecord")] record: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Edit")] edit: JsValue,
    ) -> Fallible<String> {
        let changed = self.world.change(&read::<Record>(&record)?, &read::<Edit>(&edit)?);
        changed.map(hex::encode).map_err(|why| both(&why))
    }
}
