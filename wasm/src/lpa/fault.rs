//! Why an operation on a real card came to nothing, as it is thrown: a `CardError`.

use super::view::both;
use esim_lpa::Lang;
use esim_lpa::apdu::OpenError;
use esim_lpa::driver::Failure;
use esim_world::Words;
use js_sys::Reflect;
use wasm_bindgen::JsValue;

/// An error with reason and sentences.
pub fn error(reason: &str, words: &Words) -> JsValue {
    let error = js_sys::Error::new(&words.en);
    error.set_name("CardError");
    for (name, text) in [("reason", reason), ("en", &words.en), ("ja", &words.ja)] {
        // An error that was just made takes members.
        let _ = Reflect::set(&error, &name.into(), &text.into());
    }
    error.into()
}

/// What was given makes no sense.
pub fn unread(cause: impl ToString) -> JsValue {
    error("given", &Words::same(cause.to_string()))
}

/// Why a function came to nothing. What the card's port has thrown says more than that the card was lost.
pub fn failed(failure: Failure, thrown: Option<JsValue>) -> JsValue {
    let reason = match &failure {
        Failure::Lost(_) | Failure::Open(OpenError::NoCard { .. }) if thrown.is_some() => {
            return thrown.unwrap_or_default();
        }
        Failure::Lost(_) => "gone",
        Failure::Open(OpenError::NotEuicc { .. }) => "noEuicc",
        Failure::Open(_) => "failed",
        Failure::Command(_) => "refused",
    };
    let error = error(reason, &both(|lang| failure.told(lang).text(lang)));
    let told = failure.told(Lang::En);
    let details = told.details.iter().map(JsValue::from).collect::<js_sys::Array>();
    for (name, value) in [("code", JsValue::from(&told.code)), ("details", details.into())] {
        // As above.
        let _ = Reflect::set(&error, &name.into(), &value);
    }
    error
}
