//! The native host: TLS on a real socket, records that outlive it.

use crate::common;

use common::Scratch;
use common::server::options;
use common::{Lab, Remote, assert_success, cases, search, subscriber};
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_sm_edge::{CommitError, Host, HttpRequest, MemoryHost, Store, block_on, handle};
use esim_sm_native::{Native, NativeOptions, PkiSource, ServerHandle, SqliteStore};
use esim_smdp::store::{Alias, Change, Lookup};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;

/// A client that trusts the CI of the server and nobody else.
fn client(server: &ServerHandle) -> reqwest::Client {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
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

/// Those too that need a clock, another configuration or a network, each with a file of its own.
#[test]
fn every_case_is_over_sqlite_what_it_is_in_memory() {
    let scratch = Scratch::new("each");
    std::fs::create_dir_all(&scratch.0).unwrap();
    let mut number = 0;
    cases::each_over(|host| {
        number += 1;
        let store = SqliteStore::open(&scratch.0.join(format!("{number}.sqlite")), host.vault());
        host.with_store(store.unwrap())
    });
}

#[test]
fn orders_are_found_over_sqlite() {
    let host = Lab::new().host;
    let store = SqliteStore::in_memory().unwrap();
    search::orders_are_found(&host.with_store(store));
}

/// Version 4 had no aliases for an order's eUICC and owner: a file of it gets them when it is opened.
#[test]
fn orders_of_version_4_are_found() {
    let scratch = Scratch::new("search");
    std::fs::create_dir_all(&scratch.0).unwrap();
    let file = scratch.0.join("sm.sqlite");
    let host = Lab::new().host;
    let vault = host.vault().clone();
    search::orders_are_found(&host.with_store(SqliteStore::open(&file, &vault).unwrap()));
    let of_order = "alias LIKE 'eid/%' OR alias LIKE 'owner/%'";
    let before = Connection::open(&file).unwrap();
    let count = |file: &Connection| -> u32 {
        file.query_row(&format!("SELECT count(*) FROM alias WHERE {of_order}"), (), |row| row.get(0)).unwrap()
    };
    assert_eq!(count(&before), 4 + 12);
    before.execute(&format!("DELETE FROM alias WHERE {of_order}"), ()).unwrap();
    before.pragma_update(None, "user_version", 4).unwrap();

    drop(SqliteStore::open(&file, &vault).unwrap());
    assert_eq!(count(&before), 4 + 12);
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
    drop(taken);
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
    let folders = [
        ("generated-pki/nist", 1),
        ("generated-pki/brainpool", 1),
        ("sgp26/nist", 1),
        ("sgp26/brainpool", 1),
        // Both curves side by side.
        ("sgp26", 2),
        ("generated-pki", 2),
    ];
    for (pki, cis) in folders {
        let scratch = Scratch::new(&pki.replace('/', "-"));
        let options = NativeOptions { pki: PkiSource::Folder(folder.join(pki)), ..options(&scratch.0) };
        let native = Native::open(options).unwrap_or_else(|error| panic!("{pki}: {error}"));
        assert_eq!((native.pki().identities.len(), native.pki().trusted.len()), (cis, cis), "{pki}");
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
        seal_key: Some([7; 32].into()),
        smdp_address: Some(common::ADDRESS.into()),
        token: Some("memory".into()),
        ..options(&scratch.0)
    });
    let (host, lab) = (native.unwrap().host(), Lab::new());
    let memory = MemoryHost::seeded(lab.host.config().clone(), 4, [7; 32], common::NOW);
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
    let by_alias = |alias: &str| names(Lookup::Alias { alias: alias.into(), after: String::new(), limit: 9 });

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

/// A file as version 1 of the tables wrote it: bodies in clear, nothing due.
#[test]
fn records_of_version_1_are_sealed_and_kept() {
    let scratch = Scratch::new("migrate");
    let lab = Lab::with(|config| config.limits.order_seconds = Some(1000));
    let (iccid, matching_id) = lab.order(json!({}));
    // An order that is fetched leaves its session behind.
    lab.offered(&lab.order(json!({})).1);
    std::fs::create_dir_all(&scratch.0).unwrap();
    let file = scratch.0.join("sm.sqlite");
    write_version_1(&file, &lab.host);
    assert!(holds(&scratch.0, matching_id.as_bytes()) && holds(&scratch.0, b"\"upp\""));

    let native =
        Native::open(NativeOptions { smdp_address: Some(common::ADDRESS.into()), ..options(&scratch.0) });
    let host = native.unwrap().host();
    let (order, _) = common::server::stored_order(&host, &iccid);
    assert_eq!(order.matching_id.as_deref(), Some(matching_id.as_str()));
    assert_eq!(order.due(), Some(common::NOW + 1000));
    let due = Lookup::Due { by: common::NOW + 1000, limit: 9 };
    assert_eq!(block_on(host.store().load(&[due])).unwrap().len(), 2);
    host.store().checkpoint().unwrap();
    assert!(!holds(&scratch.0, b"\"upp\"") && !holds(&scratch.0, b"\"iccid\""), "nothing is left in clear");
    // The order goes on where it stood.
    let initiate = serde_json::to_vec(&lab.euicc.initiate(common::ADDRESS)).unwrap();
    let path = format!("{}initiateAuthentication", esim_rsp::es9p::PATH);
    let offer = block_on(handle(HttpRequest::post(path, initiate), &*host));
    let offer = serde_json::from_slice(&offer.body).unwrap();
    let body = serde_json::to_vec(&lab.euicc.authenticate(&offer, &matching_id, |_| {})).unwrap();
    let path = format!("{}authenticateClient", esim_rsp::es9p::PATH);
    let answer = block_on(handle(HttpRequest::post(path, body), &*host));
    assert_success(&serde_json::from_slice(&answer.body).unwrap());
    drop(host);

    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let later = Native::open(options(&scratch.0)).err().unwrap().to_string();
    assert!(later.contains("version 99"), "{later}");
}

fn write_version_1(file: &Path, memory: &MemoryHost) {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE record (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, expires INTEGER, body BLOB NOT NULL);
             CREATE INDEX record_expires ON record (expires) WHERE expires IS NOT NULL;
             CREATE TABLE alias (alias TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (alias, name)) WITHOUT ROWID;
             CREATE INDEX alias_name ON alias (name);
             PRAGMA user_version = 1;",
        )
        .unwrap();
    for kind in ["order/", "package/", "session/"] {
        let all = Lookup::Range { prefix: kind.into(), after: String::new(), limit: 99 };
        let rows = block_on(memory.store().load(&[all])).unwrap();
        assert!(!rows.is_empty(), "{kind}");
        for row in rows {
            let mut row = memory.vault().open(row).unwrap();
            if kind == "order/" {
                row.body = without_audit(&row.body);
            }
            let expires = (kind == "session/").then_some(common::NOW + 9999);
            let insert = "INSERT INTO record VALUES (?1, ?2, ?3, ?4)";
            connection.execute(insert, rusqlite::params![row.name, row.revision, expires, row.body]).unwrap();
            if kind == "order/" {
                let order: Value = serde_json::from_slice(&row.body).unwrap();
                let alias = format!("matching/{}", order["matching_id"].as_str().unwrap());
                connection.execute("INSERT INTO alias VALUES (?1, ?2)", [alias, row.name]).unwrap();
            }
        }
    }
}

/// An order as it was when nothing was known of callers and MACs.
fn without_audit(body: &[u8]) -> Vec<u8> {
    let mut order: Value = serde_json::from_slice(body).unwrap();
    order.as_object_mut().unwrap().remove("chain");
    for entry in order["history"].as_array_mut().unwrap() {
        entry.as_object_mut().unwrap().retain(|name, _| !matches!(name.as_str(), "by" | "mac"));
    }
    serde_json::to_vec(&order).unwrap()
}

/// Whether a file of the folder holds these octets.
fn holds(folder: &Path, octets: &[u8]) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files = files.filter(|path| path.is_file() && path.to_string_lossy().contains("sm.sqlite"));
    files.any(|path| std::fs::read(path).unwrap().windows(octets.len()).any(|window| window == octets))
}

/// Commits that wait at the same time share a transaction, but not their fate.
#[test]
fn commits_of_many_threads_are_all_kept() {
    let scratch = Scratch::new("group");
    std::fs::create_dir_all(&scratch.0).unwrap();
    let vault = esim_sm_edge::Vault::new(&[1; 32]);
    let store = SqliteStore::open(&scratch.0.join("sm.sqlite"), &vault).unwrap();
    let put = |name: String, expected| Change::Put {
        name,
        expected,
        body: vec![1],
        aliases: Vec::new(),
        expires: None,
        due: None,
    };
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..8)
            .map(|lane| {
                let (store, put) = (&store, &put);
                scope.spawn(move || {
                    let own = (0..25).map(|at| block_on(store.commit(&[put(format!("own/{lane}/{at}"), 0)])));
                    let own: Vec<_> = own.collect();
                    // All lanes want this one; its companion must not stay where it is lost.
                    let both = [put(format!("companion/{lane}"), 0), put("wanted/1".into(), 0)];
                    (own, block_on(store.commit(&both)))
                })
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).collect()
    });
    assert!(outcomes.iter().all(|(own, _)| own.iter().all(Result::is_ok)));
    let won = outcomes.iter().filter(|(_, wanted)| wanted.is_ok()).count();
    let lost = outcomes.iter().filter(|(_, wanted)| *wanted == Err(CommitError::Conflict)).count();
    assert_eq!((won, lost), (1, 7));
    let count = |prefix: &str| store.count(prefix).unwrap();
    assert_eq!((count("own/"), count("companion/"), count("wanted/")), (200, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_told_to_prometheus() {
    let scratch = Scratch::new("metrics");
    let server = Native::open(options(&scratch.0)).unwrap().serve().unwrap();
    let client = client(&server);
    order(&client, &server).await;
    let metrics = || async {
        let answer = client.get(format!("{}/metrics", server.url())).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    };
    client.get(format!("{}/esim-lab/orders", server.url())).send().await.unwrap();
    client.get(format!("{}/some/path", server.url())).send().await.unwrap();
    let text = metrics().await;
    for line in [
        r#"esim_sm_requests_total{function="confirmOrder",status="200",code=""} 1"#,
        r#"esim_sm_requests_total{function="orders",status="401",code="1.1/1.1"} 1"#,
        r#"esim_sm_requests_total{function="other",status="404",code="1.2/1.1"} 1"#,
        r#"esim_sm_request_seconds_count{function="provision"} 1"#,
        r#"esim_sm_orders{state="Released"} 1"#,
        r#"esim_sm_orders{state="Available"} 0"#,
        "esim_sm_errands_waiting 0",
        "esim_sm_sessions 0",
        "esim_sm_build_info{version=",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    server.shutdown().await.unwrap();
    // The orders are counted again when it starts, and metrics are for this machine or the house alone.
    let host = Native::open(NativeOptions { trust_proxy: true, ..options(&scratch.0) }).unwrap();
    let server = host.serve().unwrap();
    let from_afar = |token: &str| {
        let request = client.get(format!("{}/metrics", server.url())).bearer_auth(token);
        request.header("X-Forwarded-For", "192.0.2.1").send()
    };
    assert_eq!(from_afar("wrong").await.unwrap().status(), 401);
    let text = from_afar(&server.token).await.unwrap().text().await.unwrap();
    assert!(text.contains(r#"esim_sm_orders{state="Released"} 1"#), "{text}");
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_stopped_finishes_what_it_has_begun() {
    let scratch = Scratch::new("graceful");
    let server = Native::open(options(&scratch.0)).unwrap().serve().unwrap();
    let (client, url, token) = (client(&server), server.url(), server.token.clone());
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let body = json!({"subscriber": subscriber()}).to_string();
            let request = client.post(format!("{url}/esim-lab/provision")).bearer_auth(&token);
            tokio::spawn(request.header("Content-Type", "application/json").body(body).send())
        })
        .collect();
    // The first has its order, the others are on their way.
    let start = std::time::Instant::now();
    while server.host.store().count("order/").unwrap() == 0 {
        assert!(start.elapsed().as_secs() < 30, "no order is made");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    server.shutdown().await.unwrap();
    let mut answered = 0;
    for request in requests {
        match request.await.unwrap() {
            Ok(answer) => {
                assert_eq!(answer.status(), 200);
                answer.bytes().await.expect("a whole answer");
                answered += 1;
            }
            // It came too late to be taken.
            Err(error) => assert!(error.is_connect() || error.is_request(), "{error:?}"),
        }
    }
    assert!(answered > 0);
    let left: Vec<_> =
        std::fs::read_dir(&scratch.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let log = std::fs::metadata(scratch.0.join("sm.sqlite-wal")).map_or(0, |file| file.len());
    assert_eq!(log, 0, "everything is in the one file: {left:?}");
    let again = Native::open(options(&scratch.0)).unwrap();
    assert_eq!(again.host().store().count("order/").unwrap(), answered);
}
