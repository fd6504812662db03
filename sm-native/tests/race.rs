//! Of two eUICCs that race for one order exactly one gets it: natively over TLS, and at a service that runs already
//! (`ESIM_LAB_SM_URL`, `ESIM_LAB_SM_TOKEN`, see `remote.rs`).

use crate::common;

use common::server::Server;
use common::{Lab, Remote, race};

/// Races; fewer where somebody says so.
fn rounds() -> usize {
    std::env::var("ESIM_LAB_RACES").ok().and_then(|text| text.parse().ok()).unwrap_or(1000)
}

#[test]
fn one_wins_natively() {
    let server = Server::start("races", |_| {});
    race::for_one_order(rounds(), 4, || server.lab());
}

#[test]
fn one_wins_elsewhere() {
    let Ok(url) = std::env::var("ESIM_LAB_SM_URL") else {
        println!("skipped: ESIM_LAB_SM_URL is not set");
        return;
    };
    let token = std::env::var("ESIM_LAB_SM_TOKEN").unwrap_or_default();
    let address = url.split("://").last().unwrap_or_default().to_string();
    let lab = || {
        let root = Lab::new().pki.ci.certificate;
        let remote = Remote::new(&url, url.starts_with("https").then_some(&root[..]));
        Lab::at(remote, &address, &token)
    };
    race::for_one_order(rounds(), 4, lab);
}
