//! What the page has kept in IndexedDB since its first days still opens: the card's memory, and its subscribers in the
//! network's store. Files of the command are read in `core/cli/tests/formats.rs`, links in the page's own tests.

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_sm_edge::smdp::Config;
use esim_sm_edge::{MemoryHost, block_on};
use esim_world::{ADDRESS, Agreeable, Clock, NOW, Seed, World};
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
        let nvm = fs::read(generation.join("device.nvm")).expect("device.nvm");
        let subscribers = fs::read_to_string(generation.join("subscribers.json")).expect("subscribers.json");
        let mut world = world(&nvm, &subscribers);
        let phone = block_on(world.phone(&mut Agreeable)).expect("a phone");
        assert_eq!(
            phone.chip.eid.to_string(),
            "89049032392070863877179682038834",
            "{}",
            generation.display()
        );
        let [profile] = &phone.provisioning[..] else {
            panic!("{} provisioning profiles", phone.provisioning.len())
        };
        assert!(profile.enabled && phone.profiles.is_empty());
        let usim = world.attach().expect("a network that knows its subscriber");
        assert_eq!(usim.imsi, "001019900000001");

        // What it writes from now on is read again, and the network goes on counting.
        let (nvm, subscribers) = (world.device().nvm().export(), world.subscribers());
        let subscribers = serde_json::to_string(&subscribers).expect("JSON");
        let mut again = self::world(&nvm, &subscribers);
        again.attach().expect("the same network");
    }
}
