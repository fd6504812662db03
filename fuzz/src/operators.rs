//! An SM with two operators and their orders; the tests have the same (`sm-native/tests/wall.rs`).

use esim_crypto::Curve;
use esim_crypto::pki::{PkiParameters, TestPki};
use esim_sm_edge::{HttpRequest, HttpResponse, MemoryHost, block_on, handle};
use esim_sm_lab::wall::{Site, Wall, introduce, rows_of};
use esim_smdp::{Config, Smds};
use esim_tests::bench::{NOW, rng};
use serde_json::Value;
use std::collections::BTreeMap;

const ADDRESS: &str = "smdp.esim-lab.example";

/// The SM, and what both operators have there.
pub struct Operators {
    host: MemoryHost,
    wall: Wall,
}

impl Operators {
    /// The same every time.
    pub fn new() -> Self {
        let pki =
            TestPki::generate(&PkiParameters { curve: Curve::P256, ..PkiParameters::default() }, &mut rng(1));
        let mut config = Config::of_test_pki(ADDRESS, &pki).expect("a sound PKI");
        config.smds = Some(Smds::of_test_pkis("smds.esim-lab.example", None, &[&pki]).expect("a sound PKI"));
        introduce(&mut config);
        let host = MemoryHost::new(config, [2; 32], NOW);
        let wall = Wall::build(&host, "memory", ADDRESS, NOW);
        Self { host, wall }
    }

    /// Sends what an input means to a copy of the SM: how many requests that were.
    ///
    /// # Panics
    /// Where somebody has read or changed what is another's.
    pub fn check(&self, input: &[u8]) -> usize {
        self.wall.check(&self.host.fork(), input)
    }
}

impl Default for Operators {
    fn default() -> Self {
        Self::new()
    }
}
