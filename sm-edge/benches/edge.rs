//! A million downloads over objects that nobody has to run: `cargo bench -p esim-sm-edge --bench edge`.
//!
//! What each function sends and writes is what the worker has counted on its runtime (`benches/costs.json`, written by
//! `ESIM_LAB_COSTS=FILE cargo bench -p esim-sm-edge --bench worker`); which object it goes to is what
//! [`esim_sm_edge::shard`] says. Operators are as unlike as operators are. Prints how the messages fall on the objects, how
//! far the hottest is from the mean, what is busy first, how many shares of the orders there are when they have split as
//! often as some number of downloads per second makes them, and the bill.

use esim_crypto::sha256;
use esim_sm_edge::shard::{Growth, Layout, halves, index_object_of, object_of};
use esim_smdp::Place;
use serde::Deserialize;
use std::collections::BTreeMap;

const COSTS: &str = include_str!("costs.json");
const DOWNLOADS: u32 = 1_000_000;
/// The second largest has half of the orders of the largest, the third a third, and so on.
const OPERATORS: u32 = 50;
/// Downloads of a hundred by each way to find an order.
const WAYS: [(&str, u32); 3] = [("Drawn", 90), ("Own", 7), ("Eid", 3)];
const FUNCTIONS: [&str; 4] =
    ["initiateAuthentication", "authenticateClient", "getBoundProfilePackage", "handleNotification"];
/// Rows of a download that are forgotten one day, each of them one more that is written: session, and what leads to it.
const FORGOTTEN: f64 = 2.0;
/// Downloads a second that shares split for.
const RATES: [f64; 4] = [10_000.0, 20_000.0, 50_000.0, 200_000.0];
/// Requests a second that the platform advises for one object.
const OBJECT_PER_SECOND: f64 = 500.0;
/// Gigabytes that an object is billed for.
const MEMORY: f64 = 0.128;
/// Dollars for a million: requests, milliseconds of CPU, requests to objects, rows written, GB-s of objects.
const PRICES: [f64; 5] = [0.30, 0.02, 0.15, 1.00, 12.50];

/// What the worker has counted.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Costs {
    /// Milliseconds of CPU of a download, in front and in objects.
    cpu: f64,
    /// By way and function.
    ways: BTreeMap<String, BTreeMap<String, Sum>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sum {
    calls: u64,
    messages: BTreeMap<String, u64>,
    rows_written: u64,
}

impl Sum {
    fn each(&self, count: u64) -> f64 {
        count as f64 / self.calls as f64
    }
}

/// Evenly spread octets that repeat.
fn drawn(what: &str, number: u32) -> [u8; 32] {
    sha256(&[what.as_bytes(), &number.to_be_bytes()])
}

/// The operator of a download, and the number of the order among its own.
struct Operators {
    ends: Vec<f64>,
    next: Vec<u32>,
}

impl Operators {
    fn new() -> Self {
        let mut sum = 0.0;
        let ends = (1..=OPERATORS).map(|rank| {
            sum += 1.0 / f64::from(rank);
            sum
        });
        let ends: Vec<f64> = ends.collect();
        Self { ends: ends.iter().map(|end| end / sum).collect(), next: vec![0; OPERATORS as usize] }
    }

    fn iccid(&mut self, at: f64) -> String {
        let operator = self.ends.iter().position(|end| at <= *end).unwrap_or(0);
        let number = self.next[operator];
        self.next[operator] += 1;
        format!("89{operator:03}{number:014}")
    }
}

fn main() {
    let costs: Costs = serde_json::from_str(COSTS).expect("what the worker bench has written");
    let (mut operators, mut objects) = (Operators::new(), BTreeMap::<String, f64>::new());
    let (mut messages, mut rows) = (0.0, 0.0);
    let mut places = BTreeMap::<Place, f64>::new();
    for number in 0..DOWNLOADS {
        let chance = drawn("chance", number);
        let share = |at: usize| {
            f64::from(u32::from_be_bytes(chance[at..at + 4].try_into().unwrap())) / f64::from(u32::MAX)
        };
        let iccid = operators.iccid(share(0));
        let mut hundredth = (share(4) * 99.99) as u32;
        let way = WAYS.iter().find(|(_, share)| match hundredth.checked_sub(*share) {
            Some(rest) => {
                hundredth = rest;
                false
            }
            None => true,
        });
        let (way, _) = way.expect("a hundred of a hundred");
        let session = format!("session/{}", esim_rsp::common::hex_upper(&drawn("session", number)[..16]));
        let alias = match *way {
            "Eid" => format!("default/{}", esim_rsp::common::hex_upper(&drawn("eid", number)[..16])),
            _ => format!("code/{}", esim_rsp::common::hex_upper(&drawn("code", number)[..16])),
        };
        for function in FUNCTIONS {
            let sum = &costs.ways[*way][function];
            rows += sum.each(sum.rows_written);
            for (kind, count) in &sum.messages {
                if kind == "orders" {
                    *places.entry(Place::of_digits(&iccid)).or_default() += sum.each(*count);
                }
                let object = match kind.as_str() {
                    "orders" => object_of(&format!("order/{iccid}")),
                    "sessions" => object_of(&session),
                    "index" => index_object_of(&alias),
                    other => panic!("{function} sends to {other}"),
                };
                *objects.entry(object).or_default() += sum.each(*count);
                messages += sum.each(*count);
            }
        }
    }
    print(&costs, &objects, messages, rows);
    for rate in RATES {
        grow(&places, rate);
    }
}

/// How the shares are when each that has too much to do at this rate has become two.
fn grow(places: &BTreeMap<Place, f64>, rate: f64) {
    let mut layout = Layout::default();
    loop {
        let mut shares = BTreeMap::<String, f64>::new();
        for (place, sent) in places {
            *shares.entry(layout.share_of(*place)).or_default() += sent / f64::from(DOWNLOADS) * rate;
        }
        let busy = |(_, sent): &(&String, &f64)| **sent * 60.0 > f64::from(Growth::default().per_minute);
        let split: Vec<_> = shares.iter().filter(busy).filter(|(share, _)| halves(share).is_some()).collect();
        if split.is_empty() {
            let mean = shares.values().sum::<f64>() / shares.len() as f64;
            let hottest = shares.values().copied().fold(0.0, f64::max);
            println!(
                "at {rate:>6.0} downloads per second {:>6} shares, {mean:.0} messages per second each, {hottest:.0} the hottest",
                shares.len()
            );
            return;
        }
        split.into_iter().for_each(|(share, _)| layout.learn(share));
    }
}

fn print(costs: &Costs, objects: &BTreeMap<String, f64>, messages: f64, rows: f64) {
    let count = f64::from(DOWNLOADS);
    println!(
        "{DOWNLOADS} downloads of {OPERATORS} operators: {:.2} messages and {:.1} rows each",
        messages / count,
        rows / count
    );
    println!(
        "{:<10}{:>8}{:>12}{:>12}{:>9}{:>22}",
        "", "objects", "mean", "hottest", "ratio", "downloads per second"
    );
    let mut first: Option<(f64, &str)> = None;
    for kind in ["orders", "sessions", "index"] {
        let of_kind: Vec<f64> =
            objects.iter().filter(|(name, _)| name.starts_with(kind)).map(|(_, sent)| *sent).collect();
        let (mean, hottest) =
            (of_kind.iter().sum::<f64>() / of_kind.len() as f64, of_kind.iter().copied().fold(0.0, f64::max));
        // An object with orders executes what it is sent; the others only look it up.
        let by_requests = OBJECT_PER_SECOND * count / hottest;
        let limit = match kind {
            "orders" => by_requests.min(1000.0 / costs.cpu * mean / hottest * of_kind.len() as f64),
            _ => by_requests,
        };
        println!(
            "{kind:<10}{:>8}{mean:>12.0}{hottest:>12.0}{:>9.3}{limit:>22.0}",
            of_kind.len(),
            hottest / mean
        );
        if first.is_none_or(|(least, _)| limit < least) {
            first = Some((limit, kind));
        }
    }
    if let Some((limit, kind)) = first {
        println!("busy first: {kind}, at {limit:.0} downloads per second");
    }
    let rows = rows + FORGOTTEN * count;
    let seconds = costs.cpu / 1000.0 * count * MEMORY;
    let used = [FUNCTIONS.len() as f64 * count, costs.cpu * count, messages, rows, seconds];
    let names = ["requests", "CPU", "messages", "rows", "GB-s"];
    let bill: Vec<f64> = used.iter().zip(PRICES).map(|(used, price)| used / 1e6 * price).collect();
    for (name, dollars) in names.iter().zip(&bill) {
        println!("{name:<10}{dollars:>8.2} dollars");
    }
    println!(
        "{:<10}{:>8.2} dollars a million downloads, beyond what is included",
        "together",
        bill.iter().sum::<f64>()
    );
}
