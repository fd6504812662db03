//! The whole story in a browser: the octets are those of every other host.
#![cfg(target_arch = "wasm32")]

use esim_world::{SCENARIOS, Scenario, in_memory, play, play_in};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const DIGEST: &str = include_str!("../../tests/cases/story-seed-7/digest");

#[wasm_bindgen_test]
async fn a_download_in_the_browser_has_the_octets_of_every_host() {
    let mut world = in_memory(7).expect("a world");
    play_in(&mut world, &Scenario::story().expect("a scenario"), &mut |_| ())
        .await
        .expect("the story ends well");
    assert_eq!(world.trace().digest(), DIGEST.trim());
}

macro_rules! traces {
    ($($name:literal),* $(,)?) => {
        /// What every scenario makes on every host: name and sequence.
        const TRACES: &[(&str, &str)] = &[
            $(($name, include_str!(concat!("../../tests/cases/net/", $name, "/trace.txt")))),*
        ];
    };
}

traces![
    "first-power-on-pp-to-op",
    "pp-tries-web-call-sms",
    "wrong-apn-still-reaches-sm",
    "sm-unreachable-by-policy-mistake",
    "roaming",
    "op-disabled-falls-back-to-pp",
    "two-devices-one-subscription",
    "wrong-ki",
    "sqn-out-of-range",
    "profile-deleted-while-attached",
    "umts",
    "service-by-contract",
    "faults-on-the-way",
];

#[wasm_bindgen_test]
async fn every_scenario_in_the_browser_has_the_octets_of_every_host() {
    assert_eq!(SCENARIOS.len(), TRACES.len());
    for ((name, text), (own, trace)) in SCENARIOS.iter().zip(TRACES) {
        assert_eq!(name, own);
        let scenario = Scenario::read(text).expect("a scenario");
        let played = play(&scenario, &mut |_| ()).await.expect("it ends well");
        assert!(played.is_as_expected(), "{name}");
        assert_eq!(played.sequence(), *trace, "{name}");
        // The list of what was done makes it once more.
        let mut again = in_memory(scenario.seed).expect("a world");
        again.set_rules(scenario.rules).expect("rules");
        for act in played.world.acts() {
            again.perform(act).await.expect("an act");
        }
        assert_eq!(again.trace().digest(), played.world.trace().digest(), "{name}");
    }
}

fn object(text: &str) -> JsValue {
    js_sys::JSON::parse(text).expect("JSON")
}

fn json(value: &JsValue) -> String {
    js_sys::JSON::stringify(value).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

/// What has come of an act, as JSON; it is what was wanted.
async fn perform(world: &mut esim_wasm::World, act: &str) -> String {
    let done = json(&world.perform(object(act)).await.ok().expect(act));
    assert!(done.contains(r#""good":true"#), "{act}: {done}");
    done
}

#[wasm_bindgen_test]
async fn the_package_downloads_enables_and_attaches() {
    let mut world = esim_wasm::World::new(object(r#"{ "seed": 3 }"#)).ok().expect("a world");
    perform(&mut world, r#"{ "order": { "serviceProviderName": "テスト", "id": "op" } }"#).await;
    perform(&mut world, r#"{ "begin": "op" }"#).await;
    // Consent is given on the way.
    let done = perform(&mut world, r#"{ "step": 1000 }"#).await;
    assert!(done.contains(r#""ok":true"#), "{done}");
    perform(&mut world, r#"{ "enable": "op" }"#).await;
    perform(&mut world, r#""radio-on""#).await;
    let phone = json(&world.phone().ok().expect("a phone"));
    for part in [r#""attached":true"#, r#""state":"enabled""#, "テスト"] {
        assert!(phone.contains(part), "{phone}");
    }
    // A later world finds the card as it was left.
    let again = js_sys::Object::new();
    let memory = js_sys::Uint8Array::from(&world.nvm()[..]);
    js_sys::Reflect::set(&again, &"nvm".into(), &memory).expect("an object");
    let mut again = esim_wasm::World::new(again.into()).ok().expect("a world");
    assert!(json(&again.phone().ok().expect("a phone")).contains("テスト"));
}

#[wasm_bindgen_test]
async fn a_device_from_the_factory_reaches_the_sm_alone() {
    let options = object(r#"{ "seed": 3, "now": 1767225600 }"#);
    let mut world = esim_wasm::World::new(options.clone()).ok().expect("a world");
    perform(&mut world, r#""leave-factory""#).await;
    assert!(json(&world.network().ok().expect("a picture")).contains(r#""state":"off""#));
    perform(&mut world, r#""radio-on""#).await;
    let picture = json(&world.network().ok().expect("a picture"));
    assert!(
        picture.contains(r#""class":"provisioning""#) && picture.contains("sm.provisioning"),
        "{picture}"
    );
    let refused =
        json(&world.perform(object(r#"{ "browse": "www.example.com" }"#)).await.ok().expect("done"));
    assert!(refused.contains(r#""by":"policy""#) && refused.contains(r#""number":13"#), "{refused}");
    let mistake = r#"{ "rules": "[barred]\nprovisioning = [\"fax\"]" }"#;
    let mistake = json(&world.perform(object(mistake)).await.ok().expect("done"));
    assert!(mistake.contains(r#""kind":"rulesRefused""#) && mistake.contains(r#""line":2"#), "{mistake}");
    let taken = perform(&mut world, r#"{ "rules": "[barred]\nprovisioning = []" }"#).await;
    assert!(taken.contains(r#""attached":true"#), "{taken}");
    // An act that makes no sense is thrown, and is no part of the story.
    for act in [r#""fly""#, r#"{ "enable": "nobody" }"#, r#"{ "answer": "accept" }"#, "7"] {
        assert!(world.perform(object(act)).await.is_err(), "{act}");
    }

    // What was done can be taken back, and done again.
    let (digest, before) = (world.trace_digest(), world.snapshot().expect("the SM is in this page"));
    perform(&mut world, r#""radio-off""#).await;
    assert_ne!(world.trace_digest(), digest);
    world.restore(&before).ok().expect("restored");
    assert_eq!(world.trace_digest(), digest);

    // The link makes this very world once more.
    let link = world.link(3.0, 1_767_225_600.0).ok().expect("a link");
    let journal = esim_wasm::World::read_link(&link).ok().expect("a journal");
    let acts = js_sys::Array::from(&js_sys::Reflect::get(&journal, &"acts".into()).expect("acts"));
    assert_eq!(acts.length(), 3, "{link}");
    let mut other = esim_wasm::World::new(options.clone()).ok().expect("a world");
    perform(&mut other, r#""leave-factory""#).await;
    for act in acts.iter() {
        other.perform(act).await.ok().expect("done");
    }
    assert_eq!(other.trace_digest(), world.trace_digest());

    // Kept and taken up again, the device is served.
    let memory = js_sys::Uint8Array::from(&world.nvm()[..]);
    js_sys::Reflect::set(&options, &"nvm".into(), &memory).expect("an object");
    let subscribers = world.subscribers().ok().expect("subscribers");
    js_sys::Reflect::set(&options, &"subscribers".into(), &subscribers.into()).expect("an object");
    let mut again = esim_wasm::World::new(options).ok().expect("a world");
    perform(&mut again, r#""radio-on""#).await;
    let phone = json(&again.phone().ok().expect("a phone"));
    assert!(phone.contains(r#""attached":true"#), "{phone}");
}

#[wasm_bindgen_test]
async fn a_scenario_goes_step_by_step() {
    assert!(esim_wasm::World::of_scenario("no-such-scenario").is_err());
    let mut scenario = esim_wasm::World::of_scenario("wrong-ki").ok().expect("a scenario");
    let mut steps = 0;
    loop {
        let step = scenario.next().await.ok().expect("a step");
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

#[wasm_bindgen_test]
fn what_json_would_lose_is_refused() {
    let make = |options: &str| esim_wasm::World::new(js_sys::eval(&format!("({options})")).expect(options));
    for (options, why) in [
        ("{ seed: NaN }", "a number that is none"),
        ("{ now: Infinity }", "a number that is none"),
        ("{ seed: () => 7 }", "a function"),
        ("{ heard: [Symbol('x')] }", "a symbol"),
        ("{ seed: 7n }", "BigInt"),
        ("{ seed: 1.5 }", "floating point"),
        ("{ seed: 'seven' }", "invalid type: string"),
        ("undefined", "options are an object"),
        ("null", "options are an object"),
        ("'seed'", "options are an object"),
    ] {
        let refused = JsValue::from(make(options).err().expect(options));
        let refused = js_sys::Error::from(refused).message().as_string().unwrap_or_default();
        assert!(refused.contains(why), "{options}: {refused}");
        assert!(!refused.contains("column"), "{options}: {refused}");
    }
    for options in ["{}", "{ seed: undefined, nvm: undefined }", "{ seed: 7, now: 1767225600, nvm: null }"] {
        assert!(make(options).is_ok(), "{options}");
    }
}
