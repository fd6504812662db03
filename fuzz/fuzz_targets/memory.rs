//! What a card keeps, bent: octets that should be a memory, and records that are none of it with checksums that are
//! right. A card starts from it and works, or refuses with a sentence; it never panics, and what it exports opens.
//! The first octet chooses: the octets themselves, or changes of a sound memory's records.
#![no_main]

use esim_euicc::{MemoryNvm, Nvm, Write};
use esim_fuzz::{enabled_card, select_usim};
use esim_tests::bench::{NOW, rng};
use esim_world::{Clock, Device};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static CARD: OnceLock<(MemoryNvm, Vec<String>)> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else { return };
    let nvm = if choice & 1 == 0 {
        match MemoryNvm::import(rest) {
            Ok(nvm) => nvm,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                return;
            }
        }
    } else {
        bent(rest)
    };
    let exported = nvm.export();
    assert_eq!(MemoryNvm::import(&exported).as_ref(), Ok(&nvm), "what is written is read");
    match Device::power_on(nvm, rng(5), Clock::Fixed(NOW)) {
        Ok(mut device) => use_it(&mut device),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// A sound memory of which each change, a record's number, an offset, a length and as many octets, replaces a part.
fn bent(mut rest: &[u8]) -> MemoryNvm {
    let (card, names) = CARD.get_or_init(|| {
        let card = enabled_card();
        let names = card.sizes().map(|(name, _)| name.to_string()).collect();
        (card, names)
    });
    let mut nvm = card.clone();
    while let [record, high, low, length, after @ ..] = rest {
        let name = &names[usize::from(*record) % names.len()];
        let mut octets = nvm.read(name).unwrap_or_default();
        let at = usize::from(u16::from_be_bytes([*high, *low])) % (octets.len() + 1);
        let (new, after) = after.split_at(after.len().min(usize::from(length & 0x1F)));
        let end = if length & 0x80 == 0 { octets.len().min(at + new.len()) } else { octets.len() };
        octets.splice(at..end, new.iter().copied());
        nvm.commit(&[Write::Put(name.clone(), octets)]).expect("memory takes writes");
        rest = after;
    }
    nvm
}

/// The commands that read and write most of what is kept.
fn use_it(device: &mut Device<MemoryNvm>) {
    select_usim(device);
    for command in [
        "002000010830303030FFFFFFFF",
        "002000010839393939FFFFFFFF",
        "002C0001103939393939393939 31313131FFFFFFFF",
        "0088008122102323232323232323232323232323232310232323232323232323232323232323230000",
        "80F2000000",
        "00A40004026F07",
        "00B0000000",
        "0070000001",
        "01A4040010A0000005591010FFFFFFFF890000010000",
        "81E2910003BF2D0000",
        "81E2910003BF2B0000",
        "81E2910003BF220000",
        "81E2910003BF430000",
        "81E2910003BF380000",
    ] {
        let apdu = hex::decode(command.replace(' ', "")).expect("digits");
        assert!(device.transmit(&apdu).len() >= 2, "no status word");
    }
    let _ = device.reset();
}
