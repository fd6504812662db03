//! What the page has kept in IndexedDB since its first days still opens: the card's memory, and its subscribers in the
//! network's store. Files of the command are read in `core/cli/tests/formats.rs`, links in the page's own tests.

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_lpa::Profile;
use esim_sm_edge::smdp::Config;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::{ADDRESS, Agreeable, Clock, NOW, Seed, World};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The generations of `tests/cases/formats`.
fn generations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases/formats");
    let entries = fs::read_dir(&folder).expect("formats").map(|entry| entry.expect("an entry").path());
    let folders: Vec<_> = entries.filter(|path| path.is_dir()).collect();
    assert!(!folders.is_empty(), "{} has no generation", folder.display());
    folders
}

/// A world with a kept device, as `new World({nvm, subscribers})` makes it.
fn world(nvm: &[u8], subscribers: &str) -> World<MemoryNvm, MemoryHost> {
    let pki = TestPki::well_known(Curve::P256);
    let config = Config::of_test_pki(ADDRESS, &pki).expect("a sound PKI");
    let (seed, clock) = (Seed::from_number(7), Clock::Fixed(NOW));
    let sm = MemoryHost::new(config, seed.octets(), NOW);
    let memory = MemoryNvm::import(nvm).expect("a card's memory");
    let mut world = World::new(memory, sm, &pki, seed, clock, (ADDRESS, "memory")).expect("a world");
    let subscribers = serde_json::from_str(subscribers).expect("subscribers");
    world.restore_subscribers(subscribers).expect("keys");
    world
}

#[test]
fn a_kept_device_opens_and_is_served() {
    for generation in generations() {
        let place = generation.display();
        let read =
            |name: &str| fs::read(generation.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = |name: &str| String::from_utf8(read(name)).expect("UTF-8");
        let expected: Value = serde_json::from_str(&text("expected.json")).expect("JSON");
        let wanted = &expected["device"];
        let mut world = world(&read("device.nvm"), &text("subscribers.json"));
        let phone = block_on(world.phone(&mut Agreeable)).expect("a phone");
        assert_eq!(phone.chip.eid.to_string(), wanted["eid"], "{place}");
        let told = |profiles: &[Profile]| -> Value {
            profiles.iter().map(|it| json!({"iccid": it.metadata.iccid, "enabled": it.enabled})).collect()
        };
        assert_eq!(told(&phone.provisioning), wanted["provisioning"], "{place}");
        assert_eq!(told(&phone.profiles), wanted["profiles"], "{place}");
        let usim = world.attach().expect("a network that knows its subscriber");
        assert_eq!(usim.imsi, wanted["imsi"], "{place}");

        // What it writes from now on is read again, and the network goes on counting.
        let (nvm, subscribers) = (world.device().nvm().export(), world.subscribers());
        let subscribers = serde_json::to_string(&subscribers).expect("JSON");
        let mut again = self::world(&nvm, &subscribers);
        again.attach().expect("the same network");
    }
}
