//! Operator × function × body: nobody ever reads or changes what is another's, in memory and natively. Over many
//! objects, as the worker has them, see `shard`; for as long as one likes, the fuzz target `wall`.

use crate::common;

use common::server::options;
use common::wall::{self, Site, Wall, rows_of};
use common::*;
use esim_sm_edge::{Host, HttpRequest, HttpResponse, block_on, handle};
use esim_sm_native::{Native, NativeHost};
use proptest::prelude::*;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

struct OnDisk<'a>(&'a NativeHost);

impl Site for OnDisk<'_> {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        block_on(handle(request, self.0))
    }

    fn rows(&self) -> BTreeMap<String, Value> {
        rows_of(self.0)
    }
}

/// As many cases as usual, or as `ESIM_LAB_CASES` says.
fn cases(usual: u32) -> ProptestConfig {
    let wanted = std::env::var("ESIM_LAB_CASES").ok().and_then(|text| text.parse().ok());
    ProptestConfig {
        cases: wanted.unwrap_or(usual),
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 1..200)
}

fn run(usual: u32, check: impl Fn(&[u8]) -> usize) {
    let sent = AtomicUsize::new(0);
    let tried = proptest::test_runner::TestRunner::new(cases(usual)).run(&octets(), |octets| {
        sent.fetch_add(check(&octets), Ordering::SeqCst);
        Ok(())
    });
    tried.unwrap();
    println!("{} requests", sent.load(Ordering::SeqCst));
}

#[test]
fn in_memory() {
    let lab = Lab::with(|config| {
        config.smds = Some(common::cases::smds(None));
        wall::introduce(config);
    });
    let wall = Wall::build(&lab.host, &lab.token, ADDRESS, NOW);
    run(600, |octets| wall.check(&lab.host.fork(), octets));
}

#[test]
fn natively() {
    let scratch = Scratch::new("wall");
    let mut options = options(&scratch.0);
    options.smdp_address = Some(ADDRESS.into());
    options.smds_address = Some(SMDS.into());
    let mut config = Lab::new().host.config().clone();
    wall::introduce(&mut config);
    options.operators = config.operators;
    let native = Native::open(options).unwrap();
    let (host, token) = (native.host(), native.token().to_string());
    let site = OnDisk(&host);
    let wall = Wall::build(&site, &token, ADDRESS, NOW);
    run(100, |octets| wall.check(&site, octets));
}
