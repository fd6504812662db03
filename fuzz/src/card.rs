//! Cards made once.

use esim_crypto::pki::TestPki;
use esim_euicc::MemoryNvm;
use esim_tests::bench::Slot;
use esim_tests::forge::{Forge, ICCID};
use std::sync::OnceLock;

/// Memory of a card whose one profile is enabled.
pub fn enabled_card() -> MemoryNvm {
    let mut forge = Forge::new();
    forge.install_plain(ICCID);
    forge.enable(ICCID);
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
