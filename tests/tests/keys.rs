//! The keys of sessions, step by step: what `openssl` and Python compute out of what is shown is what the card has, and
//! what the steps end with is the package that was ordered.

use esim_euicc::MemoryNvm;
use esim_rsp::check::Secret;
use esim_rsp::trace::Party;
use esim_sm_edge::smdp::Config;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::{
    ADDRESS, Act, Clock, Commands, Filter, How, KeySession, NOW, Seed, Tampering, Wish, World, in_memory,
};
use std::process::Command;

type Lab = World<MemoryNvm, MemoryHost>;

fn perform(world: &mut Lab, act: &Act) {
    block_on(world.perform(act)).unwrap();
}

fn order_and_download(world: &mut Lab) {
    perform(world, &Act::Order(Box::new(Wish::usual())));
    perform(world, &Act::Download(String::new()));
}

fn watched() -> Lab {
    let mut world = in_memory(7).unwrap();
    world.watch();
    world
}

/// A world whose SM protects profiles with keys of their own.
fn with_profile_keys() -> Lab {
    let seed = Seed::from_number(7);
    let pki = seed.pki(&[ADDRESS]);
    let mut config = Config::of_test_pki(ADDRESS, &pki).unwrap();
    config.random_profile_keys = true;
    let sm = MemoryHost::new(config, seed.octets(), NOW);
    let clock = Clock::Fixed(NOW);
    let mut world = World::new(MemoryNvm::default(), sm, &pki, seed, clock, (ADDRESS, "memory")).unwrap();
    world.watch();
    world
}

/// What a step shows, and the lines that its commands must print.
fn steps(session: &KeySession) -> Vec<(&Commands, Vec<String>)> {
    let KeySession { ecdh, kdf, segments, ppk, .. } = session;
    let keys = [&*kdf.initial_mcv, &kdf.s_enc, &kdf.s_mac].concat();
    let mut steps = Vec::from([(&ecdh.commands, vec![ecdh.shs.clone()]), (&kdf.commands, vec![keys])]);
    if let Some(ppk) = ppk {
        let keys = [&ppk.initial_mcv, &ppk.ppk_enc, &ppk.ppk_cmac].map(String::clone);
        steps.push((&ppk.commands, keys.to_vec()));
    }
    for segment in segments {
        let mut lines = vec![segment.mcv_out.clone()];
        if !segment.icv.is_empty() {
            lines.extend([segment.icv.clone(), segment.plain.clone()]);
        }
        steps.push((&segment.commands, lines));
    }
    steps
}

fn shell(text: &str) -> Option<String> {
    let output = Command::new("bash").args(["-c", text]).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Each command of both sessions, where the machine has what it needs.
fn computed_by(has_it: &str, name: &str, of: fn(&Commands) -> &str) {
    if shell(&format!("({has_it}) >/dev/null 2>&1")).is_none() {
        println!("skipped: {name} is not here");
        return;
    }
    let (mut plain, mut protected) = (watched(), with_profile_keys());
    order_and_download(&mut plain);
    order_and_download(&mut protected);
    let sessions = [plain.keys(), protected.keys()].concat();
    assert_eq!(sessions.len(), 2);
    for (commands, lines) in sessions.iter().flat_map(steps) {
        let command = of(commands);
        let printed = shell(command).unwrap_or_else(|| panic!("{command}"));
        assert_eq!(printed.lines().collect::<Vec<_>>(), lines, "{command}");
    }
}

#[test]
fn openssl_computes_the_same() {
    computed_by("openssl version | grep '^OpenSSL 3' && command -v xxd", "openssl 3 or xxd", |it| {
        &it.openssl
    });
}

#[test]
fn python_computes_the_same() {
    computed_by("python3 -c 'import cryptography'", "cryptography for Python", |it| &it.python);
}

#[test]
fn the_steps_lead_from_the_card_s_key_to_the_profile() {
    for mut world in [watched(), with_profile_keys()] {
        order_and_download(&mut world);
        let [session] = &world.keys()[..] else { panic!("one session") };
        // What was computed here is what both ends have told.
        let told = |secret| -> Vec<String> {
            let known = world.secrets().into_iter().filter(|known| known.secret == secret);
            known.map(|known| hex::encode(known.octets)).collect()
        };
        assert!(told(Secret::SharedSecret).iter().all(|it| *it == session.ecdh.shs));
        assert_eq!(told(Secret::SEnc)[0], session.kdf.s_enc);
        assert_eq!(told(Secret::SMac)[0], session.kdf.s_mac);
        assert_eq!(told(Secret::Mcv)[0], session.kdf.initial_mcv);
        if let Some(ppk) = &session.ppk {
            assert_eq!(told(Secret::SEnc)[1], ppk.ppk_enc);
            assert_eq!(told(Secret::SMac)[1], ppk.ppk_cmac);
        }
        let tags: Vec<&str> = session.segments.iter().map(|segment| &*segment.tag).collect();
        match session.ppk {
            None => assert_eq!(tags[..3], ["87", "88", "86"]),
            Some(_) => assert_eq!(tags[..4], ["87", "88", "87", "86"]),
        }
        assert!(session.segments.iter().all(|it| it.verified && it.record.is_some()));
        assert!(session.segments.iter().all(|it| it.mcv_out.starts_with(&it.mac)));
        for segment in &session.segments {
            let Some(at) = segment.upp_offset else { continue };
            assert!(session.upp[2 * at as usize..].starts_with(&segment.plain));
        }
        let upp = hex::decode(&session.upp).unwrap();
        let profile = esim_saip::Package::parse(&upp).unwrap();
        assert_eq!(profile.to_der(), upp, "to the last octet");
    }
}

/// A segment that was changed on its way does not verify; nothing behind it can be opened.
#[test]
fn a_changed_segment_is_the_last() {
    let mut world = watched();
    perform(&mut world, &Act::Order(Box::new(Wish::usual())));
    let at = Filter { tag: Some("88".into()), interface: Some("ES10b".into()), ..Filter::default() };
    let how = How::Flip { octet: 30, mask: 1 };
    perform(&mut world, &Act::Tamper(Box::new(Tampering::once(at, how))));
    perform(&mut world, &Act::Download(String::new()));
    let [session] = &world.keys()[..] else { panic!("one session") };
    let verified: Vec<(&str, bool)> =
        session.segments.iter().map(|segment| (&*segment.tag, segment.verified)).collect();
    assert_eq!(verified, [("87", true), ("88", false)]);
    assert!(!session.segments[1].mcv_out.starts_with(&session.segments[1].mac));
    assert_eq!((&*session.segments[1].plain, &*session.upp), ("", ""));
}

/// Secrets go back with the world, and come again when it goes on from there.
#[test]
fn keys_go_back_with_the_world() {
    let mut world = watched();
    perform(&mut world, &Act::LeaveFactory);
    let factory = world.keys();
    let before = world.snapshot().unwrap();
    perform(&mut world, &Act::Wifi(true));
    order_and_download(&mut world);
    let both = world.keys();
    assert_eq!((factory.len(), both.len()), (1, 2));
    assert_eq!(both[0], factory[0]);
    assert_ne!(both[0].transaction_id, both[1].transaction_id);
    let after = world.snapshot().unwrap();
    assert!(world.restore(&before));
    assert_eq!(world.keys(), factory);
    perform(&mut world, &Act::Wifi(true));
    order_and_download(&mut world);
    assert_eq!(world.keys(), both);
    assert!(world.restore(&before) && world.restore(&after));
    assert_eq!(world.keys(), both);
    // The end whose secrets these are is the card; nobody keeps the SM's.
    assert!(world.secrets().iter().any(|known| known.party == Party::Euicc));
}
