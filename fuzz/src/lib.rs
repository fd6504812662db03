//! What fuzz targets and their seeds share: cards and servers made once.

use esim_crypto::Curve;
use esim_crypto::pki::{PkiParameters, TestPki};
use esim_euicc::MemoryNvm;
use esim_rsp::tlv;
use esim_sm_edge::MemoryHost;
use esim_sm_edge::smdp::Config;
use esim_tests::bench::{ADDRESS, NOW, Slot, rng};
use esim_tests::forge::{Forge, ICCID};
use std::sync::OnceLock;

/// Paths of the SM-DP+, in the order of a seed's first octet.
pub const PATHS: &[&str] = &[
    "/gsma/rsp2/es9plus/initiateAuthentication",
    "/gsma/rsp2/es9plus/authenticateClient",
    "/gsma/rsp2/es9plus/getBoundProfilePackage",
    "/gsma/rsp2/es9plus/handleNotification",
    "/gsma/rsp2/es9plus/cancelSession",
    "/gsma/rsp2/es2plus/downloadOrder",
    "/gsma/rsp2/es2plus/confirmOrder",
    "/gsma/rsp2/es2plus/releaseProfile",
    "/esim-lab/provision",
    "/gsma/rsp2/es9plus/nothing",
];

/// Memory of a card whose one profile is enabled.
pub fn enabled_card() -> MemoryNvm {
    let mut forge = Forge::new();
    forge.install_plain(ICCID);
    let iccid: esim_rsp::Iccid = ICCID.parse().expect("an ICCID");
    let which = tlv::wrap(0xA0, &[&tlv::wrap(0x5A, &[&iccid.octets()])]);
    forge.es10(&tlv::wrap(0xBF31, &[&which, &[0x81, 1, 0]])).expect("enabled");
    forge.device.nvm().clone()
}

/// Selects the USIM on the basic channel.
pub fn select_usim(card: &mut impl Slot) {
    card.transmit(&[0x00, 0xA4, 0x04, 0x0C, 0x07, 0xA0, 0, 0, 0, 0x87, 0x10, 0x02]);
}

/// Memory of a fresh card, and the PKI of its server.
pub fn prepared() -> &'static (MemoryNvm, TestPki) {
    static PREPARED: OnceLock<(MemoryNvm, TestPki)> = OnceLock::new();
    PREPARED.get_or_init(|| {
        let forge = Forge::new();
        (forge.device.nvm().clone(), forge.pki)
    })
}

/// A fresh SM in memory.
pub fn sm() -> MemoryHost {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    let config = CONFIG.get_or_init(|| {
        let pki =
            TestPki::generate(&PkiParameters { curve: Curve::P256, ..PkiParameters::default() }, &mut rng(1));
        Config::of_test_pki(ADDRESS, &pki).expect("a sound PKI")
    });
    MemoryHost::new(config.clone(), [2; 32], NOW)
}
