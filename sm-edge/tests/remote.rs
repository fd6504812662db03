//! The same cases against a service that runs already, such as the worker:
//! `ESIM_LAB_SM_URL` (without a path) and `ESIM_LAB_SM_TOKEN`. It must have
//! the well-known test PKI.

use esim_sm_lab::{Lab, Remote, cases};

#[test]
fn the_cases_hold_in_memory() {
    cases::all(&Lab::new());
}

#[test]
fn the_cases_hold_elsewhere() {
    let Ok(url) = std::env::var("ESIM_LAB_SM_URL") else {
        println!("skipped: ESIM_LAB_SM_URL is not set");
        return;
    };
    let token = std::env::var("ESIM_LAB_SM_TOKEN").unwrap_or_default();
    let address = url.split("://").last().unwrap_or_default().to_string();
    let lab = Lab::new();
    let remote = Remote::new(&url, url.starts_with("https").then_some(&lab.pki.ci.certificate[..]));
    cases::all(&Lab::at(remote, &address, &token));
}
