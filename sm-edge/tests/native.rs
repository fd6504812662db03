//! The native host: TLS on a real socket, records that outlive it.

mod common;

use common::server::{Scratch, options};
use common::{Lab, Remote, assert_success, cases, subscriber};
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_sm_edge::native::{Native, NativeOptions, PkiSource, ServerHandle, SqliteStore};
use esim_sm_edge::{CommitError, Host, HttpRequest, MemoryHost, Store, block_on, handle};
use esim_smdp::store::{Alias, Change, Lookup};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};
use std::path::Path;

/// A client that trusts the CI of the server and nobody else.
fn client(server: &ServerHandle) -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ci = reqwest::Certificate::from_der(&server.pki.tls_ci_certificate).unwrap();
    reqwest::Client::builder().tls_certs_only([ci]).build().unwrap()
}

async fn post(client: &reqwest::Client, server: &ServerHandle, path: &str, body: Value) -> Value {
    let request = client.post(format!("{}{path}", server.url()));
    let request = request.header("Content-Type", "application/json").bearer_auth(&server.token);
    let response = request.body(body.to_string()).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}

async fn order(client: &reqwest::Client, server: &ServerHandle) -> (Value, String) {
    let provision = json!({"subscriber": subscriber()});
    let iccid = post(client, server, "/esim-lab/provision", provision).await["iccid"].clone();
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let request = json!({"header": header, "iccid": iccid});
    assert_success(&post(client, server, "/gsma/rsp2/es2plus/downloadOrder", request).await);
    let request = json!({"header": header, "iccid": iccid, "releaseFlag": true});
    let answer = post(client, server, "/gsma/rsp2/es2plus/confirmOrder", request).await;
    assert_success(&answer);
    (iccid, answer["matchingId"].as_str().unwrap().into())
}

#[test]
fn the_cases_hold_over_tls() {
    let scratch = Scratch::new("tls");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let smds_address = Some("127.0.0.1:0".to_string());
    let native = Native::open(NativeOptions { smds_address, ..options(&scratch.0) }).unwrap();
    let server = runtime.block_on(async { native.serve().unwrap() });
    let remote = Remote::new(&server.url(), Some(&server.pki.tls_ci_certificate));
    let mut lab = Lab::at(remote, &server.smdp_address, &server.token);
    lab.smds = Some(format!("127.0.0.1:{}", server.addr.port()));
    cases::all(&lab);
    runtime.block_on(server.shutdown()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn records_token_and_certificates_outlive_the_server() {
    let scratch = Scratch::new("reopen");
    let first = Native::open(options(&scratch.0)).unwrap().serve().unwrap();
    let (iccid, _) = order(&client(&first), &first).await;
    let (token, tls) = (first.token.clone(), first.pki.tls.certificate.clone());
    first.shutdown().await.unwrap();

    let second = Native::open(options(&scratch.0)).unwrap().serve().unwrap();
    assert_eq!((&second.token, &second.pki.tls.certificate), (&token, &tls));
    let shown = client(&second).get(format!("{}/esim-lab/orders/{}", second.url(), iccid.as_str().unwrap()));
    let shown = shown.bearer_auth(&token).send().await.unwrap().bytes().await.unwrap();
    let shown: Value = serde_json::from_slice(&shown).unwrap();
    assert_eq!(shown["state"], "Released");
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn racing_orders_each_get_a_profile_of_their_own() {
    let scratch = Scratch::new("race");
    let server = Native::open(options(&scratch.0)).unwrap().serve().unwrap();
    let client = client(&server);
    for _ in 0..8 {
        post(&client, &server, "/esim-lab/provision", json!({"subscriber": subscriber()})).await;
    }
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let request = json!({"header": header, "profileType": "operational"});
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let call = client.post(format!("{}/gsma/rsp2/es2plus/downloadOrder", server.url()));
            let call = call.header("Content-Type", "application/json").bearer_auth(&server.token);
            tokio::spawn(call.body(request.to_string()).send())
        })
        .collect();
    let mut iccids = std::collections::BTreeSet::new();
    for call in calls {
        let body = call.await.unwrap().unwrap().bytes().await.unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_success(&answer);
        iccids.insert(answer["iccid"].as_str().unwrap().to_string());
    }
    assert_eq!(iccids.len(), 8);
    server.shutdown().await.unwrap();
}

#[test]
fn a_folder_of_certificates_is_taken_as_it_is() {
    let scratch = Scratch::new("folder");
    let made = Native::open(options(&scratch.0)).unwrap();
    let other = Scratch::new("folder-2");
    let source = PkiSource::Folder(scratch.0.join("pki"));
    let taken = Native::open(NativeOptions { pki: source, ..options(&other.0) }).unwrap();
    assert_eq!(made.pki().ci_certificate, taken.pki().ci_certificate);
    assert_eq!(made.pki().tls.certificate, taken.pki().tls.certificate);
    let nothing = NativeOptions { pki: PkiSource::Folder(other.0.join("none")), ..options(&other.0) };
    assert!(Native::open(nothing).err().unwrap().to_string().contains("none"));
}

#[tokio::test]
async fn a_tls_key_that_no_tls_library_knows_is_told() {
    let scratch = Scratch::new("brainpool-tls");
    drop(Native::open(options(&scratch.0)).unwrap());
    let pki = scratch.0.join("pki");
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let issued = TestPki::well_known(Curve::BrainpoolP256r1).issue_dp_tls(&["localhost"], &mut rng);
    std::fs::write(pki.join("CERT_S_SM_DP_TLS_NIST.der"), &issued.certificate).unwrap();
    let mut keys: Value = serde_json::from_slice(&std::fs::read(pki.join("keys.json")).unwrap()).unwrap();
    keys["SK.DPtls"] = hex::encode(&issued.key.to_bytes()[..]).into();
    std::fs::write(pki.join("keys.json"), keys.to_string()).unwrap();
    let other = Scratch::new("brainpool-tls-other");
    let given =
        |plain_http| NativeOptions { pki: PkiSource::Folder(pki.clone()), plain_http, ..options(&other.0) };
    let refused = Native::open(given(false)).and_then(Native::serve).err().expect("no TLS on that curve");
    assert!(refused.to_string().contains("on P-256"), "{refused}");
    let plain = Native::open(given(true)).unwrap().serve().unwrap();
    plain.shutdown().await.unwrap();
}

#[test]
fn published_test_pkis_are_taken_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    if !folder.exists() {
        println!("skipped: ../shared/data not found");
        return;
    }
    for pki in ["generated-pki/nist", "generated-pki/brainpool", "sgp26/nist", "sgp26/brainpool"] {
        let scratch = Scratch::new(&pki.replace('/', "-"));
        let options = NativeOptions { pki: PkiSource::Folder(folder.join(pki)), ..options(&scratch.0) };
        Native::open(options).unwrap_or_else(|error| panic!("{pki}: {error}"));
    }
}

#[cfg(unix)]
#[test]
fn secrets_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("modes");
    let native = Native::open(options(&scratch.0)).unwrap();
    assert_eq!(native.token().len(), 32);
    for file in ["token", "pki/keys.json"] {
        let mode = std::fs::metadata(scratch.0.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_curve_is_made_where_it_is_asked_for() {
    let scratch = Scratch::new("curve");
    let p256 = Native::open(options(&scratch.0)).unwrap().pki().ci_certificate.clone();
    let brainpool = PkiSource::WellKnown(Curve::BrainpoolP256r1);
    let native = Native::open(NativeOptions { pki: brainpool, ..options(&scratch.0) }).unwrap();
    assert_ne!(native.pki().ci_certificate, p256);
    // TLS stays on a curve that TLS libraries know.
    let server = native.serve().unwrap();
    let health = client(&server).get(format!("{}/healthz", server.url())).send().await.unwrap();
    assert_eq!(health.status(), 200);
    server.shutdown().await.unwrap();
}

#[test]
fn memory_and_sqlite_give_the_same_octets_for_the_same_seed() {
    let scratch = Scratch::new("seed");
    let native = Native::open(NativeOptions {
        seed: Some(4),
        smdp_address: Some(common::ADDRESS.into()),
        token: Some("memory".into()),
        ..options(&scratch.0)
    });
    let (host, lab) = (native.unwrap().host(), Lab::new());
    let memory = MemoryHost::seeded(lab.host.config().clone(), 4, common::NOW);
    let initiate = serde_json::to_vec(&lab.euicc.initiate(common::ADDRESS)).unwrap();
    let provision = json!({"subscriber": subscriber()}).to_string();
    for request in [
        HttpRequest::post("/gsma/rsp2/es9plus/initiateAuthentication", initiate),
        HttpRequest::post("/esim-lab/provision", provision).with_token("memory"),
        HttpRequest::get("/esim-lab/orders").with_token("memory"),
    ] {
        let (a, b) = (block_on(handle(request.clone(), &memory)), block_on(handle(request, &*host)));
        assert_eq!((a.status, a.body), (b.status, b.body));
    }
}

/// What every store must do.
#[test]
fn sqlite_keeps_revisions_and_aliases() {
    let store = SqliteStore::in_memory().unwrap();
    let put = |name: &str, expected, alias: &str, unique| Change::Put {
        name: name.into(),
        expected,
        body: vec![1],
        aliases: vec![Alias { name: alias.into(), unique }],
        expires: name.starts_with("session").then_some(10),
        due: name.starts_with("order").then_some(20),
    };
    let commit = |changes: &[Change]| block_on(store.commit(changes));
    let names = |lookup: Lookup| -> Vec<String> {
        block_on(store.load(&[lookup])).unwrap().into_iter().map(|row| row.name).collect()
    };
    let by_alias = |alias: &str| names(Lookup::Alias { alias: alias.into(), limit: 9 });

    commit(&[put("order/1", 0, "m/A", true), put("order/2", 0, "t/x", false)]).unwrap();
    assert_eq!(commit(&[put("order/1", 0, "m/A", true)]), Err(CommitError::Conflict));
    // All or none: the first change must not stay.
    let half = [put("order/3", 0, "t/x", false), put("order/4", 0, "m/A", true)];
    assert_eq!(commit(&half), Err(CommitError::Conflict));
    assert_eq!(by_alias("t/x"), ["order/2"]);
    commit(&[put("order/1", 1, "t/x", false)]).unwrap();
    assert_eq!(by_alias("t/x"), ["order/1", "order/2"]);
    assert!(by_alias("m/A").is_empty());

    commit(&[put("session/1", 0, "s/1", false)]).unwrap();
    let range = |after: &str| Lookup::Range { prefix: "order/".into(), after: after.into(), limit: 9 };
    assert_eq!(names(range("")), ["order/1", "order/2"]);
    assert_eq!(names(range("order/1")), ["order/2"]);
    assert_eq!(names(Lookup::Due { by: 19, limit: 9 }), [""; 0]);
    assert_eq!(names(Lookup::Due { by: 20, limit: 9 }), ["order/1", "order/2"]);
    commit(&[Change::Sweep { before: 10 }]).unwrap();
    assert_eq!(by_alias("s/1"), ["session/1"]);
    commit(&[Change::Sweep { before: 11 }]).unwrap();
    assert!(by_alias("s/1").is_empty());
    assert_eq!(commit(&[Change::Delete { name: "order/2".into(), expected: 7 }]), Err(CommitError::Conflict));
    commit(&[Change::Delete { name: "order/2".into(), expected: 1 }]).unwrap();
    assert_eq!(names(range("")), ["order/1"]);
}
