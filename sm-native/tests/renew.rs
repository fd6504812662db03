//! Certificates and revocation lists that are replaced under a running server.

use crate::common;

use common::server::Server;
use common::*;
use esim_crypto::Curve;
use esim_crypto::pki::{Certificate, CrlDraft, TestPki};
use esim_sm_native::pem;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the files are looked at here.
const EVERY: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_secs(60);

#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < LIMIT, "{what}");
        std::thread::sleep(EVERY);
    }
}

/// The certificate that a new connection is shown.
fn shown(server: &Server) -> Vec<u8> {
    let root = reqwest::Certificate::from_der(&server.handle().pki.tls_ci_certificate).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([root]).tls_info(true).build().unwrap();
    let url = format!("{}/healthz", server.handle().url());
    let response = server.runtime.block_on(client.get(url).send()).unwrap();
    response.extensions().get::<reqwest::tls::TlsInfo>().unwrap().peer_certificate().unwrap().to_vec()
}

/// Writes a TLS certificate with its key into the folder of a server, as an operator does: one file after the other.
fn install(folder: &Path, issued: &esim_crypto::pki::Issued) {
    std::fs::write(folder.join("CERT_S_SM_DP_TLS_NIST.der"), &issued.certificate).unwrap();
    let keys = folder.join("keys.json");
    let mut known: Value = serde_json::from_slice(&std::fs::read(&keys).unwrap()).unwrap();
    known["SK.DPtls"] = hex::encode(&issued.key.to_bytes()[..]).into();
    std::fs::write(keys, known.to_string()).unwrap();
}

#[test]
fn a_new_certificate_is_shown_when_its_file_changes() {
    let server = Server::start("renew-tls", |options| options.renew_every = EVERY);
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let folder = server.scratch.0.join("pki");
    let first = shown(&server);
    let lab = server.lab();
    // A certificate without its key: the old one stays, and so does whoever is connected.
    std::fs::write(folder.join("CERT_S_SM_DP_TLS_NIST.der"), b"no certificate").unwrap();
    for _ in 0..4 {
        assert_eq!(shown(&server), first);
        std::thread::sleep(EVERY);
    }
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let issued = TestPki::well_known(Curve::P256).issue_dp_tls(&["localhost"], &mut rng);
    install(&folder, &issued);
    until("the new certificate is not shown", || shown(&server) == issued.certificate);
    assert_eq!(lab.send(esim_sm_edge::HttpRequest::get("/healthz")).status, 200);
}

#[test]
fn a_new_list_is_in_force_when_its_file_changes() {
    let pki = TestPki::well_known(Curve::P256);
    let scratch = Scratch::new("renew-lists");
    std::fs::create_dir_all(&scratch.0).unwrap();
    let file = scratch.0.join("eum.crl");
    let list = |number, revoked: &[Vec<u8>]| {
        let der = pki.issue_eum_crl(&CrlDraft { number, revoked, ..CrlDraft::default() });
        pem::write("X509 CRL", &der)
    };
    std::fs::write(&file, list(1, &[])).unwrap();
    let server = Server::start("renew-crl", |options| {
        options.renew_every = EVERY;
        options.revocation_files = vec![file.clone()];
    });
    let lab = server.lab();
    // Whoever is not revoked hears that there is no such order.
    let tried = || code(&lab.authenticate(&lab.initiate(), "NONE"));
    assert_eq!(tried(), "8.2.6/3.8");
    let serial = Certificate::parse(&lab.euicc.issued.certificate).unwrap().serial().to_vec();
    std::fs::write(&file, list(2, &[serial])).unwrap();
    until("the list is not in force", || tried() == "8.1.3/6.1");
    // Whatever is wrong with the next one, what is revoked stays revoked.
    std::fs::write(&file, "no list").unwrap();
    server.handle().renew();
    for _ in 0..4 {
        assert_eq!(tried(), "8.1.3/6.1");
        std::thread::sleep(EVERY);
    }
}

/// The start says what is wrong: the keys that everybody knows where others can reach them, a front without its option.
#[test]
fn the_start_warns() {
    let quiet = Server::start("quiet", |_| {});
    assert_eq!(quiet.handle().warnings(), [""; 0]);
    let open = Server::start("open", |options| options.listen = ([0, 0, 0, 0], 0).into());
    let said = open.handle().warnings();
    assert!(said.iter().any(|line| line.contains("test keys that everybody knows")), "{said:?}");
    let plain = Server::start("behind", |options| options.plain_http = true);
    let said = plain.handle().warnings();
    assert!(said.len() == 1 && said[0].contains("--trust-proxy"), "{said:?}");
    let sound = Server::start("proxied", |options| {
        options.plain_http = true;
        options.trust_proxy = true;
    });
    assert_eq!(sound.handle().warnings(), [""; 0]);
}
