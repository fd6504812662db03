//! QR codes in pictures, for a page: a module of its own, which nobody loads who does not look for codes.

use esim_qr::{Code, Picture};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("types.ts");

/// Looks at a picture: `data`, `width` and `height` of an `ImageData`. One picture at a time, of at most 26 million pixels.
#[wasm_bindgen(unchecked_return_type = "Looked")]
pub fn look(data: &[u8], width: u32, height: u32) -> JsValue {
    let picture = match Picture::from_rgba(width, height, data) {
        Ok(picture) => picture,
        Err(refused) => {
            let words = object(&[("en", refused.to_string().into()), ("ja", refused.japanese().into())]);
            return object(&[("codes", js_sys::Array::new().into()), ("refused", words)]);
        }
    };
    let codes: js_sys::Array = esim_qr::look(&picture).iter().map(told).collect();
    object(&[("codes", codes.into())])
}

/// A code as `types.ts` has it.
fn told(code: &Code) -> JsValue {
    let corner = |at: &esim_qr::Point| object(&[("x", at.x.into()), ("y", at.y.into())]);
    let corners: js_sys::Array = code.corners.iter().map(corner).collect();
    let mut members = vec![("text", code.text.as_str().into()), ("corners", corners.into())];
    if let Some(activation) = &code.activation {
        members.push((
            "activation",
            object(&[
                ("code", activation.to_string().into()),
                ("smdpAddress", activation.smdp_address.as_str().into()),
                ("matchingId", activation.matching_id.as_str().into()),
                ("confirmationCodeRequired", activation.confirmation_code_required.into()),
            ]),
        ));
    }
    object(&members)
}

fn object(members: &[(&str, JsValue)]) -> JsValue {
    let pairs = members.iter().map(|(name, value)| js_sys::Array::of2(&(*name).into(), value));
    // Pairs of a name and a value make an object always.
    js_sys::Object::from_entries(&pairs.collect::<js_sys::Array>()).map_or(JsValue::UNDEFINED, Into::into)
}
