//! Keys of sessions for JavaScript.

use crate::{Fallible, World, give};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl World {
    /// The keys of each download session so far, from key agreement to the decrypted package, each step with commands
    /// that compute it once more.
    #[wasm_bindgen(unchecked_return_type = "KeySession[]")]
    pub fn keys(&self) -> Fallible<JsValue> {
        give(&self.world.keys())
    }
}
