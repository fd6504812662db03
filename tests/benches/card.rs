//! The card alone: APDUs per second, and what a card with 20 profiles takes.

use criterion::{Criterion, Throughput};
use esim_euicc::MemoryNvm;
use esim_tests::bench::{rng, select_isdr};
use esim_tests::forge::Forge;
use esim_world::{Clock, Device};
use peak_alloc::PeakAlloc;
use std::hint::black_box;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Profiles of the full card.
const PROFILES: u64 = 20;

fn main() {
    let mut forge = Forge::full(PROFILES);
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("APDUs");
    group.throughput(Throughput::Elements(1));
    let commands = [
        ("READ BINARY of EF.IMSI by SFI", "00B0870009"),
        (
            "AUTHENTICATE that fails",
            "0088008122100000000000000000000000000000000010FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        ),
        ("SELECT EF.ICCID", "00A4080C022FE2"),
        ("STORE DATA, GetEUICCInfo1", "81E2910003BF200000"),
        ("STORE DATA, GetProfilesInfo of 20", "81E2910003BF2D0000"),
    ];
    for (name, hex) in commands {
        let apdu = hex::decode(hex).expect("hexadecimal");
        let response = forge.device.transmit(&apdu);
        assert!(matches!(response[response.len() - 2..], [0x90, 0x00] | [0x98, 0x62] | [0x61, _]), "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| black_box(forge.device.transmit(&apdu))));
    }
    group.finish();
    criterion.final_summary();
    memory(forge.device.nvm().clone());
}

/// Octets of non-volatile memory, and of heap for the card that is powered with it.
fn memory(nvm: MemoryNvm) {
    let stored: usize = nvm.sizes().map(|(_, octets)| octets).sum();
    let before = HEAP.current_usage();
    let mut device = Device::power_on(nvm, rng(5), Clock::Fixed(0)).expect("a card");
    select_isdr(&mut device);
    let powered = HEAP.current_usage().saturating_sub(before);
    println!(
        "{PROFILES} profiles: {} KB in non-volatile memory, {} KB of heap once powered",
        stored / 1024,
        powered / 1024
    );
}
