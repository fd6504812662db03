//! `counts WHAT N`: what `scripts/counts.sh` counts the instructions of, N times. Everything else is done as often
//! whatever N is, so that the difference between two runs is the work alone. `counts ratio` prints how many times what a
//! download costs of the SM is what its P-256 operations cost alone, in time of the processor: the median of five.

use esim_crypto::Curve;
use esim_sm_edge::{HttpRequest, block_on, handle};
use esim_sm_lab::floor::{Floor, thread_cpu};
use esim_tests::bench::Bench;
use esim_tests::forge::Forge;
use serde_json::json;
use std::time::Duration;

/// How often at most.
const MOST: usize = 12;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["ratio"] {
        return println!("{:.2}", ratio());
    }
    let [what, times] = &arguments[..] else { panic!("counts WHAT N, counts ratio") };
    let times: usize = times.parse().expect("a number");
    assert!(times <= MOST, "at most {MOST} times");
    match what.as_str() {
        "download" => download(times),
        "sm" => sm(times),
        "sm-p256" => p256(times),
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

/// What LPAs ask an SM in the course of a download.
fn asked() -> Vec<HttpRequest> {
    let mut bench = Bench::new(Curve::P256);
    let (_, token) = bench.order(json!({}));
    let result = bench.download(&token);
    bench.notify(&result);
    bench.asked.into_inner()
}

/// SMs in memory that are alike, so that what one has been asked can be asked of all of them.
fn sms(requests: &[HttpRequest]) -> impl Iterator<Item = (Bench, Vec<HttpRequest>)> {
    let alike = |_| {
        let bench = Bench::new(Curve::P256);
        bench.order(json!({}));
        (bench, requests.to_vec())
    };
    (0..MOST).map(alike)
}

/// Answers them: the SM's share of a download, and nothing of card and LPA.
fn answer((bench, requests): (Bench, Vec<HttpRequest>)) {
    for request in requests {
        let (path, response) = (request.path.clone(), block_on(handle(request, &bench.sm)));
        let text = String::from_utf8_lossy(&response.body);
        let executed = response.status == 204 || text.contains("Executed-Success");
        assert!(executed, "{path}: {text}");
    }
}

fn sm(times: usize) {
    let all: Vec<_> = sms(&asked()).collect();
    all.into_iter().take(times).for_each(answer);
}

/// The P-256 operations of as many downloads.
fn p256(times: usize) {
    let mut floor = Floor::default();
    (0..times).for_each(|_| floor.once());
}

fn ratio() -> f64 {
    // The system counts in ticks of some milliseconds: what is measured must take many.
    const SETS: usize = 4;
    const FLOORS: usize = 20;
    let requests = asked();
    let mut floor = Floor::default();
    let cpu = |work: &mut dyn FnMut()| {
        let before = thread_cpu();
        work();
        (thread_cpu() - before).max(Duration::from_nanos(1))
    };
    let mut ratios: Vec<_> = (0..5)
        .map(|_| {
            let mut all: Vec<_> = (0..SETS).flat_map(|_| sms(&requests)).collect();
            let alone = cpu(&mut || (0..FLOORS * MOST).for_each(|_| floor.once()));
            let whole = cpu(&mut || all.drain(..).for_each(answer));
            whole.as_secs_f64() / SETS as f64 / (alone.as_secs_f64() / FLOORS as f64)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
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
