//! The whole story in a browser: the octets are those of every other host.
#![cfg(target_arch = "wasm32")]

use esim_world::{Agreeable, Story, in_memory, tell};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const DIGEST: &str = include_str!("../../tests/cases/story-seed-7/digest");

#[wasm_bindgen_test]
async fn a_download_in_the_browser_has_the_octets_of_every_host() {
    let mut world = in_memory(7).expect("a world");
    tell(&mut world, Story::default(), &mut Agreeable, &mut |_| ()).await.expect("the story ends well");
    assert_eq!(world.trace().digest(), DIGEST.trim());
}

#[wasm_bindgen_test]
async fn the_package_downloads_enables_and_attaches() {
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"seed".into(), &JsValue::from(3)).expect("an object");
    let mut world = esim_wasm::World::new(options.into()).ok().expect("a world");
    let subscriber = js_sys::JSON::parse(r#"{ "serviceProviderName": "テスト" }"#).expect("JSON");
    let order = world.order(subscriber).await.ok().expect("an order");
    let text = |value: &JsValue, name: &str| {
        js_sys::Reflect::get(value, &name.into()).ok().and_then(|it| it.as_string()).unwrap_or_default()
    };
    world.start_download(&text(&order, "activationCode")).ok().expect("a code");
    for _ in 0..200 {
        let step = world.step().await.ok().expect("a step");
        let has = |name: &str| js_sys::Reflect::get(&step, &name.into()).is_ok_and(|it| it.is_truthy());
        if has("question") {
            let yes = js_sys::JSON::parse(r#"{ "kind": "consent", "accept": true }"#).expect("JSON");
            world.answer(yes).ok().expect("an answer");
        }
        if has("done") {
            break;
        }
    }
    let iccid = text(&order, "iccid");
    world.enable(&iccid).await.ok().expect("enabled");
    let phone = world.attach().await.ok().expect("a phone");
    let phone = js_sys::JSON::stringify(&phone).expect("JSON").as_string().expect("text");
    assert!(phone.contains(r#""attached":true"#), "{phone}");
    assert!(phone.contains(r#""state":"enabled""#), "{phone}");
    assert!(phone.contains("テスト"), "{phone}");
    // A later world finds the card as it was left.
    let again = js_sys::Object::new();
    let memory = js_sys::Uint8Array::from(&world.nvm()[..]);
    js_sys::Reflect::set(&again, &"nvm".into(), &memory).expect("an object");
    let mut again = esim_wasm::World::new(again.into()).ok().expect("a world");
    let phone = js_sys::JSON::stringify(&again.phone().ok().expect("a phone")).expect("JSON");
    assert!(phone.as_string().expect("text").contains(&iccid));
}

#[wasm_bindgen_test]
fn nonsense_is_told_apart() {
    assert!(esim_wasm::World::explain_hex("zz").is_err());
    assert!(esim_wasm::World::explain_hex("BF2E12801").is_err());
    assert!(esim_wasm::World::explain_hex("BF2E128010000102030405060708090A0B0C0D0E0F").is_ok());
}
