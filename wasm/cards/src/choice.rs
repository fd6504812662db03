//! A choice that no browser offers.

use crate::browser::{OpenOptions, give};
use crate::fault::{Fault, thrown};
use crate::view::{CardReason, Place, Way};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Which of several readers: the page's choice, or the first with a card in it.
pub async fn choose(way: Way, places: &[Place], options: &OpenOptions) -> Result<String, Fault> {
    let first = places.iter().find(|place| place.present).or(places.first());
    let Some(first) = first else { return Err(Fault::of(way, CardReason::NoReader)) };
    let Some(choose) = options.choose() else { return Ok(first.card.clone()) };
    let failed = |error: JsValue| Fault::saying(way, CardReason::Failed, &thrown(&error).1);
    let shown = give(&places).map_err(failed)?;
    let chosen = choose.call1(&JsValue::UNDEFINED, &shown).map_err(failed)?;
    let chosen = JsFuture::from(Promise::resolve(&chosen)).await.map_err(failed)?;
    chosen.as_string().ok_or_else(|| Fault::of(way, CardReason::Cancelled))
}
