//! The pictures of the native tests in a browser, through what a page calls.
#![cfg(target_arch = "wasm32")]

#[path = "../../../core/qr/tests/pictures.rs"]
#[allow(dead_code, reason = "numbers that the native tests draw")]
mod pictures;

use js_sys::{JSON, Reflect};
use pictures::{Case, cases};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

// Not in the page itself: that must answer the driver meanwhile.
wasm_bindgen_test_configure!(run_in_dedicated_worker);

fn member(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap()
}

#[wasm_bindgen_test]
fn the_same_is_read_as_natively() {
    for Case { name, scene, read } in cases() {
        let rgba: Vec<u8> = scene.draw().iter().flat_map(|light| [*light, *light, *light, 255]).collect();
        let looked = esim_wasm_qr::look(&rgba, scene.width as u32, scene.height as u32);
        assert!(member(&looked, "refused").is_undefined(), "{name}");
        let codes = js_sys::Array::from(&member(&looked, "codes"));
        let texts: Vec<String> =
            codes.iter().map(|code| member(&code, "text").as_string().unwrap()).collect();
        assert_eq!(texts, read, "{name}");
        for code in codes {
            let text = member(&code, "text").as_string().unwrap();
            let activation = member(&code, "activation");
            assert_eq!(activation.is_object(), text.starts_with("LPA:"), "{name}");
            if activation.is_object() {
                assert_eq!(member(&activation, "code"), JsValue::from(&text), "{name}");
            }
            // Corners in the order of the code's, wherever that is: the first is where it was drawn.
            let corner = js_sys::Array::from(&member(&code, "corners")).get(0);
            let number = |axis| member(&corner, axis).as_f64().unwrap();
            let near = |at: &(f64, f64)| (at.0 - number("x")).hypot(at.1 - number("y")) < 40.0;
            assert!(scene.codes.iter().any(|placed| near(&placed.corners[0])), "{name}");
        }
    }
}

#[wasm_bindgen_test]
fn what_is_no_picture_is_refused_in_both_languages() {
    for (octets, width, height, en) in
        [(0, 0, 9, "no width"), (7, 1, 1, "7 octets"), (0, 60_000, 60_000, "too large")]
    {
        let looked = esim_wasm_qr::look(&vec![0; octets], width, height);
        let told = String::from(JSON::stringify(&looked).unwrap());
        assert!(told.contains(en) && told.contains("画像") && told.contains("\"codes\":[]"), "{told}");
    }
}
