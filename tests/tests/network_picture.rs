//! The network as it is shown: what a picture foretells is what comes of trying, and looking changes nothing. Rules put
//! in force while a device is registered, and a device that is served by a network restored beside its card.

use esim_euicc::MemoryNvm;
use esim_net::{Class, ServiceState};
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::{
    Act, Agreeable, Attempt, DEFAULT_RULES, Done, ELSEWHERE, SCENARIOS, Scenario, Stage, Wish, World,
    in_memory, read_rules,
};

type Memory = World<MemoryNvm, MemoryHost>;

/// A device from the factory, and the subscriber of its provisioning profile.
fn factory(seed: u64) -> (Memory, Wish) {
    let mut world = in_memory(seed).unwrap();
    let made = block_on(world.perform(&Act::LeaveFactory)).unwrap();
    assert_eq!(made.done, Done::Loaded { sent: 2 });
    let wish = world.orders()[0].1.clone();
    (world, wish)
}

fn with(from: &str, to: &str) -> esim_net::Rules {
    let text = DEFAULT_RULES.replace(from, to);
    assert_ne!(text, DEFAULT_RULES);
    read_rules(&text).unwrap()
}

/// Outcome, node and cause of each service: foretold, then tried.
fn foretold_and_tried(world: &mut Memory) {
    let digest = world.trace().digest();
    let outlook = world.picture().outlook;
    assert_eq!(world.trace().digest(), digest, "looking leaves a trace");
    let sm = world.picture().sm.unwrap().to_string();
    let tried = [
        (outlook.sm, world.browse(&sm)),
        (outlook.internet, world.browse(ELSEWHERE)),
        (outlook.voice, world.call()),
        (outlook.sms, world.send_text("+81901234567", "Hello")),
        (outlook.supplementary, world.supplementary()),
    ];
    let essence = |it: &Attempt| (it.outcome, it.by, it.cause, it.reason.clone());
    for (foretold, tried) in &tried {
        assert_eq!(essence(foretold), essence(tried));
    }
}

#[test]
fn a_picture_foretells_what_comes_of_trying() {
    let (mut world, _) = factory(7);
    foretold_and_tried(&mut world);
    world.attach().unwrap();
    assert_eq!(world.picture().class, Some(Class::Provisioning));
    foretold_and_tried(&mut world);

    let (ordered, _) = block_on(world.order(Wish::default())).unwrap();
    let params = esim_lpa::DownloadParams::new(&ordered.activation_code).with_consent();
    block_on(world.download(params, &mut Agreeable));
    block_on(world.enable(esim_lpa::ProfileRef::Iccid(ordered.iccid), &mut Agreeable)).unwrap();
    assert_eq!(world.picture().class, Some(Class::Operational));
    assert_eq!(world.picture().registration, "EMM-REGISTERED");
    foretold_and_tried(&mut world);
    block_on(world.disable(esim_lpa::ProfileRef::Iccid(ordered.iccid), &mut Agreeable)).unwrap();
    assert_eq!(world.picture().class, None);
    foretold_and_tried(&mut world);
}

/// Whatever a scenario does, a picture can be had of it, and everything is told in both languages.
#[test]
fn every_scenario_can_be_shown_in_both_languages() {
    let japanese = |text: &str| !text.is_ascii();
    for (name, text) in SCENARIOS {
        let scenario = Scenario::read(text).expect(name);
        let (title, summary) = (scenario.title(), scenario.summary());
        let mut world = in_memory(scenario.seed).expect(name);
        let mut stage = Stage::new(scenario, &mut world).expect(name);
        assert!(japanese(&title.ja) && japanese(&summary.ja) && !japanese(&title.en), "{name}");
        while let Some(step) = block_on(stage.next(&mut world)).expect(name) {
            assert!(
                japanese(&step.performed.what.ja) && japanese(&step.performed.outcome.ja),
                "{name} {}: {step:?}",
                step.n
            );
            let before = world.trace().digest();
            let picture = world.picture();
            assert_eq!(world.trace().digest(), before);
            if picture.class == Some(Class::Provisioning) {
                assert!(!picture.outlook.internet.is_granted(), "{name} {}", step.n);
                assert!(!picture.outlook.voice.is_granted() && !picture.outlook.sms.is_granted());
            }
        }
    }
}

#[test]
fn rules_take_effect_on_a_registered_device() {
    let (mut world, _) = factory(7);
    world.attach().unwrap();
    assert!(!world.browse(ELSEWHERE).is_granted());
    // A destination counts from the next packet on.
    let open = with(
        "action = \"allow\"",
        "action = \"allow\"\n[[traffic]]\nhost = \"www.example.com\"\naction = \"allow\"",
    );
    assert!(!world.apply_rules(open).unwrap());
    assert!(world.browse(ELSEWHERE).is_granted());
    // Another APN is that of another session.
    assert!(world.apply_rules(with("use = \"sm.provisioning\"", "use = \"sm.other\"")).unwrap());
    assert_eq!(world.picture().sessions[0].apn, "sm.other");
    // Who is no provisioning profile by range is one by its order.
    assert!(world.apply_rules(with("prefix = \"0010199\"", "prefix = \"44010\"")).unwrap());
    assert_eq!(world.picture().class, Some(Class::Provisioning));
    assert_eq!(world.service().state, ServiceState::InService);
}

#[test]
fn a_kept_device_is_served_by_the_network_that_was_kept_with_it() {
    let (mut world, made) = factory(7);
    world.attach().unwrap();
    let (nvm, kept) = (world.device().nvm().clone(), world.subscribers());
    let text = serde_json::to_string(&kept).unwrap();
    assert!(!format!("{kept:?}").contains(&made.ki));

    // A network without its subscribers serves nobody.
    let mut later = in_memory(8).unwrap();
    let number = later.add_device(nvm).unwrap();
    later.use_device(number);
    let refused = later.attach().unwrap_err();
    assert!(refused.en.contains("EMM cause #8"), "{}", refused.en);

    later.restore_subscribers(serde_json::from_str(&text).unwrap()).unwrap();
    later.attach().unwrap();
    assert_eq!(later.picture().class, Some(Class::Provisioning));
    let resynchronised =
        later.trace().records().iter().any(|record| record.function == "AUTHENTICATION FAILURE");
    assert!(!resynchronised, "the sequence number goes on where it was");
    // A new order gets an IMSI of its own.
    let wish = Wish { profile_class: Some("provisioning".into()), ..Wish::default() };
    let (_, wish) = block_on(later.order(wish)).unwrap();
    assert_ne!(wish.imsi, made.imsi);
}
