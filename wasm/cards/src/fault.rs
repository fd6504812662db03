//! Why a card cannot be reached, as it is thrown.

use crate::view::{CardReason, Way, Words};
use crate::words;
use esim_reader::{at, ccid};
use js_sys::Reflect;
use wasm_bindgen::{JsCast, JsValue};

/// Reason and sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// For a program.
    pub reason: CardReason,
    /// For a person.
    pub words: Words,
}

impl Fault {
    /// What is always said of this reason on this way.
    pub fn of(way: Way, reason: CardReason) -> Self {
        Self { reason, words: words::of(way, reason) }
    }

    /// The same, with what somebody else has said about it.
    pub fn saying(way: Way, reason: CardReason, detail: &str) -> Self {
        Self { reason, words: words::of(way, reason).with(detail) }
    }

    /// Whether there is nothing left to speak to.
    pub fn is_final(&self) -> bool {
        matches!(self.reason, CardReason::Gone | CardReason::Message)
    }
}

/// Name and message of what JavaScript has thrown.
pub fn thrown(error: &JsValue) -> (String, String) {
    let text = |name: &str| Reflect::get(error, &name.into()).ok().and_then(|it| it.as_string());
    match error.is_object() {
        true => (text("name").unwrap_or_default(), text("message").unwrap_or_default()),
        false => (String::new(), error.as_string().unwrap_or_default()),
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let error = js_sys::Error::new(&fault.words.en);
        error.set_name("CardError");
        let reason = serde_json::to_string(&fault.reason).unwrap_or_default();
        let fields = [("reason", reason.trim_matches('"')), ("en", &fault.words.en), ("ja", &fault.words.ja)];
        for (name, text) in fields {
            // An error that was just made takes members.
            let _ = Reflect::set(&error, &name.into(), &text.into());
        }
        error.unchecked_into()
    }
}

impl From<at::Error> for Fault {
    fn from(error: at::Error) -> Self {
        let reason = match error {
            at::Error::NoCard => CardReason::NoCard,
            at::Error::Busy => CardReason::Busy,
            _ => CardReason::Failed,
        };
        match reason {
            CardReason::Busy => Self { reason, words: words::sim_is_busy() },
            _ => Self::saying(Way::Serial, reason, &error.to_string()),
        }
    }
}

impl From<ccid::Error> for Fault {
    fn from(error: ccid::Error) -> Self {
        let reason = match error {
            ccid::Error::NoCard => CardReason::NoCard,
            _ => CardReason::Failed,
        };
        Self::saying(Way::Usb, reason, &error.to_string())
    }
}
