//! Four ways from a page to a real card: Web Serial for modems, WebUSB for readers, the Web Smart Card API where a browser
//! has it, and `esim-lab bridge`. See docs/CARDS.md.
//!
//! A module of its own, which a page loads when somebody wants to connect a card: the world needs none of it. Nothing is
//! asked of the browser before [`open`], but what it has and what it has been allowed.
//!
//! What the browser has is declared here, call by call: `web-sys` has Web Serial and WebUSB only under a flag that all that
//! builds this crate would have to set, and the Web Smart Card API not at all.

mod bridge;
mod browser;
mod card;
mod choice;
mod drive;
mod fault;
mod serial;
mod smart_card;
mod time;
mod usb;
mod view;
mod ways;
mod words;

use browser::{OpenOptions, give};
pub use card::Card;
pub use view::{About, CardReason, Permission, Place, Sim, Way, WayInfo, Words, Works};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

#[wasm_bindgen(typescript_custom_section)]
const OPTIONS: &str = include_str!("options.ts");

/// The ways, and whether each can be gone here. Nothing is asked that anybody would notice.
#[wasm_bindgen(unchecked_return_type = "WayInfo[]")]
pub async fn ways() -> Result<JsValue, JsValue> {
    give(&ways::all().await)
}

/// Goes one of the ways, after a click: browsers show their chooser to nobody else. The card that is there, with power.
/// Throws a `CardError`.
#[wasm_bindgen]
pub async fn open(
    #[wasm_bindgen(unchecked_param_type = "Way")] way: String,
    #[wasm_bindgen(unchecked_optional_param_type = "OpenOptions")] options: JsValue,
) -> Result<Card, JsValue> {
    let way = Way::named(&way).ok_or_else(|| JsError::new(&format!("there is no way {way}")))?;
    let options: OpenOptions = match options.is_object() {
        true => options.unchecked_into(),
        false => js_sys::Object::new().unchecked_into(),
    };
    if let Some(fault) = ways::refusal(way) {
        return Err(fault.into());
    }
    Ok(Card::open(way, &options).await?)
}
