//! What people bring from elsewhere, and what they take with them.

use crate::{Fallible, Options, World, give, read, sentence};
use esim_rsp::trace::Record;
use esim_world::{Copied, CopyForm, Origin, Session, Words, answers_of, copy_as, read_foreign};
use wasm_bindgen::prelude::*;

/// A sentence in both languages, as JSON.
fn told(words: Words) -> JsError {
    match serde_json::to_string(&words) {
        Ok(words) => JsError::new(&words),
        Err(error) => sentence(error),
    }
}

/// How a world with these options begins.
pub fn origin(options: &Options) -> Origin {
    let is_given = |value: &JsValue| !value.is_undefined() && !value.is_null();
    let why = match (options.seed, options.now) {
        _ if is_given(&options.nvm) || options.subscribers.is_some() => Words::new(
            "this world began with a card or subscribers of before: a test has none of them",
            "この世界は、以前のカードまたは加入者で始まりました。テストには含められません",
        ),
        (Some(seed), Some(now)) => return Origin::Seed { seed, now, sm: options.sm_url.clone() },
        _ => Words::new(
            "this world has no seed, or a clock that goes on: it cannot be made once more",
            "この世界は、シードがないか時計が進むため、同じものをもう一度作れません",
        ),
    };
    Origin::Unknown(why)
}

#[wasm_bindgen]
impl World {
    /// Reads a file, or what somebody has pasted: logs of APDUs and of lpac, recordings, traces, captures, messages, codes,
    /// cards. Throws a sentence as JSON, `{en, ja}`.
    #[wasm_bindgen(js_name = readForeign, unchecked_return_type = "Foreign")]
    pub fn read_foreign(octets: &[u8], name: Option<String>) -> Fallible<JsValue> {
        give(&read_foreign(octets, name.as_deref()).map_err(told)?)
    }

    /// What a card and an SM of ours answer to each request of a recording, in order, beside what stands there; why it cannot be
    /// the same, and the fields that differ (theirs first).
    #[wasm_bindgen(js_name = answersOf, unchecked_return_type = "Compared[]")]
    pub fn answers_of(
        #[wasm_bindgen(unchecked_param_type = "TraceRecord[]")] records: JsValue,
    ) -> Fallible<JsValue> {
        let records: Vec<Record> = read(&records)?;
        give(&answers_of(&records).map_err(sentence)?)
    }

    /// The message with this number, or all of the session, for another program: a text, or a capture. Throws a sentence as JSON,
    /// `{en, ja}`, where there is no such copy of it.
    #[wasm_bindgen(js_name = copyAs, unchecked_return_type = "string | Uint8Array")]
    pub fn copy_as(
        &self,
        #[wasm_bindgen(unchecked_param_type = "CopyForm")] form: JsValue,
        n: Option<u32>,
    ) -> Fallible<JsValue> {
        let form: CopyForm = read(&form)?;
        let (records, acts, heard) = (self.world.trace().records(), self.world.acts(), self.world.heard());
        let session = Session { records, acts, heard: &heard, origin: &self.origin };
        Ok(match copy_as(&session, form, n).map_err(told)? {
            Copied::Text(text) => text.into(),
            Copied::Octets(octets) => js_sys::Uint8Array::from(&octets[..]).into(),
        })
    }
}
