//! `counts WHAT N`: what `scripts/counts.sh` counts the instructions of, N times. Everything else is done as often
//! whatever N is, so that the difference between two runs is the work alone.

use esim_crypto::Curve;
use esim_tests::bench::Bench;
use esim_tests::forge::Forge;
use serde_json::json;

/// How often at most.
const MOST: usize = 12;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [what, times] = &arguments[..] else { panic!("counts download|profiles-info|read-binary N") };
    let times: usize = times.parse().expect("a number");
    assert!(times <= MOST, "at most {MOST} times");
    match what.as_str() {
        "download" => download(times),
        "profiles-info" => command("81E2910003BF2D0000", times),
        "read-binary" => command("00B0870009", times),
        other => panic!("nobody counts {other}"),
    }
}

/// Card and SM in memory: from initiateAuthentication to the notification.
fn download(times: usize) {
    let prepared = |_| {
        let bench = Bench::new(Curve::P256);
        let (_, token) = bench.order(json!({}));
        (bench, token)
    };
    let mut prepared: Vec<_> = (0..MOST).map(prepared).collect();
    for (bench, token) in &mut prepared[..times] {
        let result = bench.download(token);
        bench.notify(&result);
    }
}

/// One command of a card with 20 profiles, whose first is enabled and its USIM selected.
fn command(hex: &str, times: usize) {
    let mut forge = Forge::full(20);
    let apdu = hex::decode(hex).expect("hexadecimal");
    for _ in 0..times * 100 {
        let response = forge.device.transmit(&apdu);
        assert!(matches!(response[..], [.., 0x90, 0x00] | [.., 0x61, _]), "{hex} is refused");
    }
}
