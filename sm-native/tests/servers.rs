//! Servers that call each other over mutual TLS: an SM-DP+, an alternative SM-DS and the root, each with no more than its
//! own certificates; and certificates that have been taken back.

use crate::common;

use common::server::Server;
use common::*;
use esim_crypto::pki::{Certificate, CrlDraft, Role, TestPki};
use esim_sm_edge::Host;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const ROOT: &str = "root.esim-lab.example";

/// What an LPA finds for the eUICC at the SM-DS that a server is.
fn discovered(server: &Server, euicc: &Euicc, event_id: &str) -> Vec<(String, String)> {
    let mut lab = server.lab();
    lab.address = smds_of(server);
    lab.euicc = euicc.clone();
    let answer = lab.authenticate(&lab.initiate(), event_id);
    assert_success(&answer);
    let text = |value: &Value| value.as_str().unwrap().to_string();
    let entries = answer["eventEntries"].as_array().unwrap().iter();
    entries.map(|entry| (text(&entry["eventId"]), text(&entry["rspServerAddress"]))).collect()
}

fn smds_of(server: &Server) -> String {
    server.host().config().smds.as_ref().unwrap().address.clone()
}

#[test]
fn an_alternative_smds_shows_its_root_who_it_is() {
    let root = Server::start("ds-root", |options| options.smds_address = Some("127.0.0.1:0".into()));
    let at_root = smds_of(&root);
    let alternative = Server::start("ds-alternative", |options| {
        options.smds_address = Some("127.0.0.1:0".into());
        options.smds_root = Some(at_root);
    });
    let smdp = Server::start("ds-smdp", |_| {});
    let lab = smdp.lab();
    let confirm = json!({"eid": lab.euicc.eid, "smdsAddress": smds_of(&alternative)});
    let (iccid, matching_id) = lab.order(confirm);

    let found = discovered(&root, &lab.euicc, "");
    let [(event, address)] = &found[..] else { panic!("{found:?}") };
    assert_eq!(*address, smds_of(&alternative));
    let found = discovered(&alternative, &lab.euicc, event);
    assert_eq!(found, [(matching_id, smdp.handle().smdp_address.clone())]);

    let cancel = json!({"iccid": iccid, "eid": lab.euicc.eid, "finalProfileStatusIndicator": "Available"});
    assert_success(&lab.es2("cancelOrder", cancel));
    let start = Instant::now();
    while !discovered(&root, &lab.euicc, "").is_empty() {
        assert!(start.elapsed() < Duration::from_secs(90), "the event is still at the root");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(discovered(&alternative, &lab.euicc, ""), []);
}

#[test]
fn each_name_has_its_own_tls_certificate() {
    let server = Server::start("two-names", |options| options.smds_address = Some(format!("{ROOT}:0")));
    let address = server.handle().addr;
    let shown = |host: &str| {
        let client = reqwest::Client::builder()
            .tls_certs_only(
                [reqwest::Certificate::from_der(&server.handle().pki.tls_ci_certificate).unwrap()],
            )
            .resolve(host, address)
            .tls_info(true);
        let response = server.runtime.block_on(async {
            let url = format!("https://{host}:{}/healthz", address.port());
            client.build().unwrap().get(url).send().await.unwrap()
        });
        let info = response.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
        Certificate::parse(info.peer_certificate().unwrap()).unwrap()
    };
    assert!(shown(ROOT).has_role(Role::DsTls));
    assert!(shown("localhost").has_role(Role::DpTls));
}

/// A folder of an earlier time, or for another SM-DS, has no certificate for this one.
#[test]
fn the_certificate_of_an_smds_is_made_when_there_is_one() {
    let mut server = Server::start("becomes-smds", |_| {});
    assert!(server.handle().pki.smds_tls.is_none());
    let folder = server.scratch.0.clone();
    server.stop();
    let start = |address: &str| {
        let address = Some(address.to_string());
        let options = esim_sm_native::NativeOptions { smds_address: address, ..server::options(&folder) };
        esim_sm_native::Native::open(options).unwrap().pki().smds_tls.clone().unwrap().certificate
    };
    let first = start(ROOT);
    assert_eq!(start(ROOT), first, "kept");
    let other = Certificate::parse(&start("smds.example")).unwrap();
    assert!(other.san_dns_names().iter().any(|name| name == "smds.example"));
}

#[test]
fn revoked_certificates_open_nothing() {
    let pki = TestPki::well_known(esim_crypto::Curve::P256);
    let euicc = Euicc::new(&pki, "890490321234512345678901234599");
    let serial = |der: &[u8]| Certificate::parse(der).unwrap().serial().to_vec();
    let list = |revoked: &[Vec<u8>], eum: bool| {
        let draft = CrlDraft { number: 1, revoked, next_update: Some(NOW), ..CrlDraft::default() };
        if eum { pki.issue_eum_crl(&draft) } else { pki.issue_crl(&draft) }
    };
    let smdp = Server::start("not-revoked", |_| {});
    let of_euicc = list(&[serial(&euicc.issued.certificate)], true);
    let of_smdp = list(&[serial(&smdp.handle().pki.tls.certificate)], false);
    let server = Server::start("revoking", |options| {
        options.smds_address = Some("127.0.0.1:0".into());
        options.revocation_lists = vec![of_euicc, of_smdp];
    });
    let mut lab = server.lab();
    let (_, matching_id) = lab.order(json!({}));
    lab.offered(&matching_id);
    lab.euicc = euicc;
    assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.1.3/6.1");

    // The SM-DP+ is nobody to this SM-DS any more.
    let lab = smdp.lab();
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    let confirm = json!({"iccid": iccid, "smdsAddress": smds_of(&server), "releaseFlag": true});
    assert_eq!(code(&lab.es2("confirmOrder", confirm)), "8.9/5.1");

    assert_eq!(server.handle().revocation_lists_out_of_date(), 2);
    let numbers = server.host().metrics().unwrap();
    assert!(numbers.contains("esim_sm_revocation_lists_out_of_date 2"), "{numbers}");
}

#[test]
fn a_list_that_its_issuer_has_not_signed_is_refused() {
    let mut list = TestPki::well_known(esim_crypto::Curve::P256).issue_crl(&CrlDraft::default());
    *list.last_mut().unwrap() ^= 1;
    let scratch = common::Scratch::new("bad-list");
    let options =
        esim_sm_native::NativeOptions { revocation_lists: vec![list], ..server::options(&scratch.0) };
    let Err(error) = esim_sm_native::Native::open(options) else { panic!("taken") };
    assert!(error.to_string().contains("revocation list 1"), "{error}");
}

/// A key without its certificate is a mistake in the folder, and not an SM-DS under the SM-DP+'s name.
#[test]
fn a_key_of_an_smds_without_its_certificate_is_told() {
    let server = Server::start("half-smds", |options| options.smds_address = Some(format!("{ROOT}:0")));
    let folder = server.scratch.0.join("pki");
    let file = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let certificate = file.into_iter().find(|path| path.to_string_lossy().contains("DS_TLS")).unwrap();
    std::fs::remove_file(certificate).unwrap();
    let scratch = common::Scratch::new("half-smds-data");
    let options = esim_sm_native::NativeOptions {
        pki: esim_sm_native::PkiSource::Folder(folder),
        ..server::options(&scratch.0)
    };
    let Err(error) = esim_sm_native::Native::open(options) else { panic!("taken") };
    assert!(error.to_string().contains("DS_TLS"), "{error}");
}
