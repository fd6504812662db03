//! A whole download in memory, beside the sum of its P-256 operations measured
//! in the same run. The ratio says what everything else costs.

use criterion::{BatchSize, Criterion};
use esim_crypto::{Curve, PrivateKey, PublicKey, ecka};
use esim_tests::bench::{Bench, rng};
use serde_json::json;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// P-256 operations of one download, card and SM together.
///
/// Signatures made: serverSigned1, euiccSigned1, smdpSigned2, euiccSigned2,
/// BF23, installation result.
const SIGN: u32 = 6;
/// Signatures verified: CERT.DPauth, serverSigned1; CERT.EUM, CERT.EUICC,
/// euiccSigned1; CERT.DPpb, smdpSigned2; euiccSigned2; BF23; installation result.
const VERIFY: u32 = 10;
/// One-time keys drawn: eUICC, SM-DP+.
const GENERATE: u32 = 2;
/// Key agreements: eUICC, SM-DP+.
const AGREE: u32 = 2;

fn main() {
    let mut criterion = Criterion::default().configure_from_args().sample_size(30);
    criterion.bench_function("download in memory", |bencher| {
        bencher.iter_batched(
            prepared,
            |(mut bench, token)| download(&mut bench, &token),
            BatchSize::SmallInput,
        );
    });
    criterion.bench_function("its P-256 operations", |bencher| {
        let keys = Keys::new();
        bencher.iter(|| keys.all());
    });
    criterion.final_summary();
    ratio();
}

/// Card, SM and an order: everything that is there before the LPA starts.
fn prepared() -> (Bench, String) {
    let bench = Bench::new(Curve::P256);
    let (_, token) = bench.order(json!({}));
    (bench, token)
}

fn download(bench: &mut Bench, token: &str) {
    let result = bench.download(token);
    bench.notify(&result);
    black_box(result);
}

struct Keys {
    own: PrivateKey,
    public: PublicKey,
    peer: PublicKey,
    signature: [u8; 64],
}

impl Keys {
    fn new() -> Self {
        let own = PrivateKey::generate(Curve::P256, &mut rng(8));
        let peer = PrivateKey::generate(Curve::P256, &mut rng(9)).public_key();
        let signature = own.sign(&[b"message"]);
        Self { public: own.public_key(), own, peer, signature }
    }

    fn all(&self) {
        for _ in 0..SIGN {
            black_box(self.own.sign(&[b"message"]));
        }
        for _ in 0..VERIFY {
            black_box(self.public.verify(&[b"message"], &self.signature)).expect("sound");
        }
        for _ in 0..GENERATE {
            black_box(PrivateKey::generate(Curve::P256, &mut rng(10)).public_key());
        }
        for _ in 0..AGREE {
            black_box(ecka(&self.own, &self.peer)).expect("one curve");
        }
    }
}

/// Measures both in turn and prints the median of the ratios.
fn ratio() {
    const ROUNDS: usize = 60;
    let keys = Keys::new();
    let mut ratios = Vec::new();
    let mut sums = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let (mut bench, token) = prepared();
        let start = Instant::now();
        download(&mut bench, &token);
        let whole = start.elapsed();
        let start = Instant::now();
        keys.all();
        let floor = start.elapsed();
        sums = (sums.0 + whole, sums.1 + floor);
        ratios.push(whole.as_secs_f64() / floor.as_secs_f64());
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "download / its {} P-256 operations: {:.2} (median of {ROUNDS}; {:.2} ms against {:.2} ms on average)",
        SIGN + VERIFY + GENERATE + AGREE,
        ratios[ROUNDS / 2],
        sums.0.as_secs_f64() * 1e3 / ROUNDS as f64,
        sums.1.as_secs_f64() * 1e3 / ROUNDS as f64,
    );
}
