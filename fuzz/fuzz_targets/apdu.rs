//! A terminal gone mad: APDUs of any octets at a card with an enabled profile,
//! its ISD-R on channel 1, its USIM on channel 0. An input is APDUs with a
//! length octet before each; length 255 is a reset.
#![no_main]

use esim_euicc::MemoryNvm;
use esim_fuzz::{enabled_card, select_usim};
use esim_tests::bench::{NOW, rng, select_isdr};
use esim_world::{Clock, Device};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static CARD: OnceLock<MemoryNvm> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let nvm = CARD.get_or_init(enabled_card).clone();
    let mut device = Device::power_on(nvm, rng(5), Clock::Fixed(NOW)).expect("a card");
    select_isdr(&mut device);
    select_usim(&mut device);
    let mut rest = input;
    for _ in 0..200 {
        let Some((length, after)) = rest.split_first() else { break };
        if *length == 255 {
            device.reset().expect("a card stays a card");
            rest = after;
            continue;
        }
        let (apdu, after) = after.split_at(after.len().min(usize::from(*length)));
        let response = device.transmit(apdu);
        assert!(response.len() >= 2, "no status word");
        rest = after;
    }
    device.reset().expect("a card stays a card");
});
