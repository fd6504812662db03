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

fn json(value: &JsValue) -> String {
    js_sys::JSON::stringify(value).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

#[wasm_bindgen_test]
async fn a_device_from_the_factory_reaches_the_sm_alone() {
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"seed".into(), &JsValue::from(3)).expect("an object");
    let mut world = esim_wasm::World::new(options.clone().into()).ok().expect("a world");
    world.leave_factory().await.ok().expect("a device");
    assert!(json(&world.network().ok().expect("a picture")).contains(r#""state":"off""#));
    world.attach().await.ok().expect("a phone");
    let picture = json(&world.network().ok().expect("a picture"));
    assert!(
        picture.contains(r#""class":"provisioning""#) && picture.contains("sm.provisioning"),
        "{picture}"
    );
    let refused = json(&world.browse("www.example.com").ok().expect("an attempt"));
    assert!(refused.contains(r#""by":"policy""#) && refused.contains(r#""number":13"#), "{refused}");
    let mistake = json(&world.apply_rules("[barred]\nprovisioning = [\"fax\"]").ok().expect("an answer"));
    assert!(mistake.contains(r#""ok":false"#) && mistake.contains(r#""line":2"#), "{mistake}");
    let taken = json(&world.apply_rules("[barred]\nprovisioning = []").ok().expect("an answer"));
    assert!(taken.contains(r#""ok":true"#) && taken.contains(r#""attached":true"#), "{taken}");
    // Kept and taken up again, the device is served.
    let memory = js_sys::Uint8Array::from(&world.nvm()[..]);
    js_sys::Reflect::set(&options, &"nvm".into(), &memory).expect("an object");
    let subscribers = world.subscribers().ok().expect("subscribers");
    js_sys::Reflect::set(&options, &"subscribers".into(), &subscribers.into()).expect("an object");
    let mut again = esim_wasm::World::new(options.into()).ok().expect("a world");
    let phone = json(&again.attach().await.ok().expect("a phone"));
    assert!(phone.contains(r#""attached":true"#), "{phone}");
}

#[wasm_bindgen_test]
async fn a_scenario_goes_step_by_step() {
    assert!(esim_wasm::Scenario::new("no-such-scenario").is_err());
    let mut scenario = esim_wasm::Scenario::new("wrong-ki").ok().expect("a scenario");
    let mut steps = 0;
    loop {
        let step = scenario.step().await.ok().expect("a step");
        if step.is_undefined() {
            break;
        }
        steps += 1;
        assert!(json(&step).contains(r#""asExpected":true"#), "{}", json(&step));
    }
    assert!(steps > 2 && scenario.trace_length() > 100);
}

#[wasm_bindgen_test]
fn nonsense_is_told_apart() {
    assert!(esim_wasm::World::explain_hex("zz").is_err());
    assert!(esim_wasm::World::explain_hex("BF2E12801").is_err());
    assert!(esim_wasm::World::explain_hex("BF2E128010000102030405060708090A0B0C0D0E0F").is_ok());
}
