//! The worker on its runtime (`workerd`), its records in Durable Objects: the
//! cases that hold everywhere, and what only many objects can get wrong.

mod backup;
mod budget;
#[allow(dead_code, reason = "the bench uses the rest")]
mod counting;
mod guard;
mod guests;
mod pace;
#[path = "../../../tests/src/worker.rs"]
#[allow(dead_code, reason = "the bench uses the rest")]
mod start;

use esim_rsp::es9p::{AuthenticateClientOk, GetBoundProfilePackageOk, InitiateAuthenticationOk};
use esim_sm_edge::HttpRequest;
use esim_sm_lab::operator::CustomerSystem;
use esim_sm_lab::scratch::Scratch;
use esim_sm_lab::{Euicc, Lab, Remote, SMDS, cases, code, subscriber, success};
use serde::Serialize;
use serde_json::{Value, json};
use start::{TOKEN, Worker, free_port, is_built};
use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const EUICCS: [&str; 2] = ["890490321234512345123456789012", "890490321234512345123456789099"];

/// A connection for each call: workerd may close one that it has just answered on.
fn remote(port: u16) -> Remote {
    Remote::with(&format!("http://127.0.0.1:{port}"), None, |client| client.pool_max_idle_per_host(0))
}

fn lab(port: u16, euicc: &str) -> Lab {
    let mut lab = Lab::at(remote(port), &format!("127.0.0.1:{port}"), TOKEN);
    lab.euicc = Euicc::new(&lab.pki, euicc);
    lab
}

#[test]
fn the_cases_hold_on_the_worker() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-cases");
    let worker = Worker::start(free_port(), &folder.0, json!({"SMDS_ADDRESS": SMDS}), json!({}));
    cases::all(&Lab { smds: Some(SMDS.into()), ..lab(worker.port, EUICCS[0]) });
}

/// The example of the worker's README, as it stands.
#[test]
fn the_readme_orders_a_profile() {
    if !is_built() {
        return;
    }
    let readme = include_str!("../../../worker/README.md");
    let example = readme.split_once("```js\n").and_then(|(_, rest)| rest.split_once("```")).unwrap().0;
    let folder = Scratch::new("worker-readme");
    let worker = Worker::start(free_port(), &folder.0, json!({}), json!({}));
    let address = format!("127.0.0.1:{}", worker.port);
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", example]);
    let output = node.env("SM", format!("http://{address}")).env("ES2_TOKEN", TOKEN).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let matching_id = said.trim().strip_prefix(&format!("LPA:1${address}$")).expect(&said);
    lab(worker.port, EUICCS[0]).offered(matching_id);
}

#[test]
fn of_two_racing_for_an_order_exactly_one_wins() {
    if !is_built() {
        return;
    }
    let races: u32 = std::env::var("ESIM_LAB_RACES").map_or(1000, |text| text.parse().unwrap());
    let folder = Scratch::new("worker-race");
    let worker = Worker::start(free_port(), &folder.0, json!({}), json!({}));
    let operator = lab(worker.port, EUICCS[0]);
    std::thread::scope(|scope| {
        let racers: Vec<_> = EUICCS
            .iter()
            .map(|euicc| {
                let (send, orders) = mpsc::channel::<String>();
                let (report, results) = mpsc::channel::<bool>();
                let port = worker.port;
                scope.spawn(move || {
                    let lab = lab(port, euicc);
                    for matching_id in orders {
                        report.send(race(&lab, &matching_id)).unwrap();
                    }
                });
                (send, results)
            })
            .collect();
        for number in 0..races {
            let (iccid, matching_id) = operator.order(json!({}));
            racers.iter().for_each(|(orders, _)| orders.send(matching_id.clone()).unwrap());
            let won: Vec<bool> = racers.iter().map(|(_, results)| results.recv().unwrap()).collect();
            assert_eq!(won.iter().filter(|won| **won).count(), 1, "race {number}: {won:?}");
            assert_eq!(operator.state(&iccid), "Installed", "race {number}");
        }
    });
}

/// A download to its end; whether the package was had.
fn race(lab: &Lab, matching_id: &str) -> bool {
    let answer = lab.authenticate(&lab.initiate(), matching_id);
    let Ok(offer) = serde_json::from_value::<AuthenticateClientOk>(answer.clone()) else {
        assert!(code(&answer).starts_with("8."), "{answer}");
        return false;
    };
    let answer = lab.fetch(&offer, None);
    let Ok(ok) = serde_json::from_value::<GetBoundProfilePackageOk>(answer.clone()) else {
        assert!(code(&answer).starts_with("8."), "{answer}");
        return false;
    };
    let iccid = offer.profile_metadata.0;
    let iccid = esim_rsp::decode::<esim_rsp::es8p::StoreMetadataRequest>(&iccid).unwrap().iccid.to_string();
    assert_eq!(lab.notify(lab.euicc.result(&ok.transaction_id, &iccid, 1, success())).status, 204);
    true
}

#[test]
fn orders_expire_and_their_operator_hears_of_it() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-alarm");
    let operator = CustomerSystem::answering(204);
    let operators = json!([{"oid": "2.999.1", "callback": operator.url}]).to_string();
    let variables = json!({"ORDER_SECONDS": "6", "OPERATORS": operators});
    let worker = Worker::start(free_port(), &folder.0, variables, json!({}));
    let lab = lab(worker.port, EUICCS[0]);
    let (iccid, matching_id) = lab.order(json!({}));
    assert_eq!(lab.state(&iccid), "Released");
    // Nobody asks: the order wakes itself.
    let heard = operator.wait_for(1);
    assert!(heard[0].0.ends_with("/handledownloadprogressinfo"), "{heard:?}");
    assert!(heard[0].1.contains(&iccid), "{heard:?}");
    assert_eq!(lab.state(&iccid), "Error");
    let answer = lab.authenticate(&lab.initiate(), &matching_id);
    assert_ne!(answer["header"]["functionExecutionStatus"]["status"], "Executed-Success");
}

/// What was answered about an order before the power went.
#[derive(Clone, Debug, Default)]
struct Known {
    matching_id: String,
    /// eUICCs that have got the package.
    delivered: Vec<String>,
    installed: bool,
}

type Book = Arc<Mutex<BTreeMap<String, Known>>>;

/// A client whose server may die at any time.
struct Brave {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    url: String,
    address: String,
    euicc: Euicc,
    answered: Arc<AtomicU64>,
}

impl Brave {
    fn new(port: u16, euicc: &str, answered: Arc<AtomicU64>) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(20)).build().unwrap();
        let address = format!("127.0.0.1:{port}");
        let euicc = Euicc::new(&Lab::new().pki, euicc);
        Self { runtime, client, url: format!("http://{address}"), address, euicc, answered }
    }

    /// The JSON of a success.
    fn post<T: Serialize>(&self, path: &str, request: &T) -> Option<Value> {
        let call = self.client.post(format!("{}{path}", self.url)).bearer_auth(TOKEN);
        let call = call.header("Content-Type", "application/json").body(serde_json::to_vec(request).unwrap());
        self.runtime.block_on(async {
            let answer = call.send().await.ok()?;
            let status = answer.status();
            let body = answer.bytes().await.ok()?;
            self.answered.fetch_add(1, Ordering::Relaxed);
            if status == 204 {
                return Some(Value::Null);
            }
            let answer: Value = serde_json::from_slice(&body).ok()?;
            (answer["header"]["functionExecutionStatus"]["status"] == "Executed-Success").then_some(answer)
        })
    }

    fn order(&self) -> Option<(String, String)> {
        let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"});
        let provisioned = self.post("/esim-lab/provision", &json!({"subscriber": subscriber()}))?;
        let iccid = provisioned["iccid"].as_str()?.to_string();
        self.post("/gsma/rsp2/es2plus/downloadOrder", &json!({"header": header, "iccid": iccid}))?;
        let confirm = json!({"header": header, "iccid": iccid, "releaseFlag": true});
        let confirmed = self.post("/gsma/rsp2/es2plus/confirmOrder", &confirm)?;
        Some((iccid, confirmed["matchingId"].as_str()?.to_string()))
    }

    fn download(&self, iccid: &str, book: &Book) -> Option<()> {
        let matching_id = book.lock().unwrap()[iccid].matching_id.clone();
        let es9 = |function: &str| format!("/gsma/rsp2/es9plus/{function}");
        let answer = self.post(&es9("initiateAuthentication"), &self.euicc.initiate(&self.address))?;
        let offer: InitiateAuthenticationOk = serde_json::from_value(answer).ok()?;
        let request = self.euicc.authenticate(&offer, &matching_id, |_| {});
        let answer = self.post(&es9("authenticateClient"), &request)?;
        let offer: AuthenticateClientOk = serde_json::from_value(answer).ok()?;
        let answer = self.post(&es9("getBoundProfilePackage"), &self.euicc.prepare(&offer, None, |_| {}))?;
        let ok: GetBoundProfilePackageOk = serde_json::from_value(answer).ok()?;
        book.lock().unwrap().get_mut(iccid).unwrap().delivered.push(self.euicc.eid.to_string());
        let result = self.euicc.result(&ok.transaction_id, iccid, 1, success());
        let notification = esim_rsp::json::Base64(result);
        self.post(&es9("handleNotification"), &json!({"pendingNotification": notification}))?;
        book.lock().unwrap().get_mut(iccid).unwrap().installed = true;
        Some(())
    }
}

#[test]
fn no_order_is_lost_and_none_delivered_twice_wherever_it_is_killed() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-kill");
    let operator = CustomerSystem::answering(204);
    let variables = json!({"OPERATORS": json!([{"oid": "2.999.1", "callback": operator.url}]).to_string()});
    let port = free_port();
    let start = || Worker::start(port, &folder.0, variables.clone(), json!({}));
    let book = kill_over_and_over(port, start);
    let worker = start();
    let lab = lab(worker.port, EUICCS[0]);
    let shares = lab.send(HttpRequest::get("/esim-lab/shares").with_token(TOKEN));
    let shares: Value = serde_json::from_slice(&shares.body).unwrap();
    assert_ne!(shares["split"], json!([]), "shares have become two meanwhile");
    assert!(book.values().any(|known| known.installed), "nothing was done at all: {book:?}");
    // The locks of those who died are respected for a while.
    let patience = Instant::now() + Duration::from_secs(60);
    for (iccid, known) in &book {
        check_order(&lab, iccid, known, patience);
    }
    // Whatever was installed, its operator is told.
    let installed = book.iter().filter(|(_, known)| known.installed).map(|(iccid, _)| iccid);
    for iccid in installed {
        let told = |heard: &[(String, String)]| {
            heard.iter().any(|(_, body)| {
                let body: Value = serde_json::from_str(body).unwrap();
                body["iccid"] == iccid.as_str() && body["notificationPointId"] == 4
            })
        };
        while !told(&operator.heard()) {
            assert!(Instant::now() < patience, "nobody was told of {iccid}: {:?}", operator.heard().len());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Orders and downloads while the worker is killed again and again: what is known of the orders then.
fn kill_over_and_over(port: u16, start: impl Fn() -> Worker) -> BTreeMap<String, Known> {
    const KILLS: u64 = 8;
    let book = Book::default();
    let (over, answered) = (AtomicBool::new(false), Arc::new(AtomicU64::new(0)));
    std::thread::scope(|scope| {
        for euicc in EUICCS {
            let (book, over, answered) = (book.clone(), &over, answered.clone());
            scope.spawn(move || {
                let brave = Brave::new(port, euicc, answered);
                while !over.load(Ordering::Relaxed) {
                    if let Some((iccid, matching_id)) = brave.order() {
                        book.lock().unwrap().insert(iccid, Known { matching_id, ..Known::default() });
                    }
                    // Both want the last order of all, whosever it is, while its share becomes two.
                    let last = book.lock().unwrap().keys().next_back().cloned();
                    if let Some(iccid) = &last {
                        brave.post(&format!("/esim-lab/shares?iccid={iccid}"), &json!({}));
                    }
                    if last.and_then(|iccid| brave.download(&iccid, &book)).is_none() {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                }
            });
        }
        for round in 0..KILLS {
            let mut worker = start();
            // After another number of answers in each round, and somewhere inside what it does then.
            let enough = answered.load(Ordering::Relaxed) + 12 + (round * 37) % 60;
            let patience = Instant::now() + Duration::from_secs(60);
            while answered.load(Ordering::Relaxed) < enough {
                assert!(Instant::now() < patience, "the worker answers no more");
                std::thread::sleep(Duration::from_micros(300));
            }
            std::thread::sleep(Duration::from_micros(900 * (round % 5)));
            worker.kill();
        }
        over.store(true, Ordering::Relaxed);
    });
    book.lock().unwrap().clone()
}

/// An order stands where what was answered has left it, and can still be had if nobody has it.
fn check_order(lab: &Lab, iccid: &str, known: &Known, patience: Instant) {
    assert!(
        known.delivered.iter().all(|eid| *eid == known.delivered[0]),
        "{iccid} delivered twice: {known:?}"
    );
    let states: &[&str] = match (known.installed, known.delivered.is_empty()) {
        (true, _) => &["Installed"],
        (false, false) => &["Downloaded", "Installed"],
        (false, true) => &["Released", "Downloaded", "Installed"],
    };
    let state = lab.state(iccid);
    assert!(states.contains(&&state[..]), "{iccid} is {state}: {known:?}");
    if state == "Released" {
        while !race(lab, &known.matching_id) {
            assert!(Instant::now() < patience, "{iccid} cannot be had any more: {known:?}");
        }
    }
}

/// Shares become two by themselves and when the house says so, and what is under way goes on.
#[test]
fn shares_become_two_while_they_serve() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-split");
    let worker = Worker::start(free_port(), &folder.0, json!({}), json!({}));
    let lab = lab(worker.port, EUICCS[0]);
    let ask = |request: HttpRequest, token: &str| {
        let answer = lab.send(request.with_token(token));
        (answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap_or_default())
    };
    let shares = || ask(HttpRequest::get("/esim-lab/shares"), TOKEN).1["split"].as_array().unwrap().len();
    let (iccid, matching_id) = lab.order(json!({}));
    let offered = lab.offered(&matching_id);
    let path = format!("/esim-lab/shares?iccid={iccid}");
    assert_eq!(ask(HttpRequest::post(&*path, ""), "another").0, 401);
    for (query, status) in
        [("", 400), ("?iccid=89x", 400), ("?share=index:1", 409), ("?share=orders:0101", 409)]
    {
        assert_eq!(
            ask(HttpRequest::post(format!("/esim-lab/shares{query}"), ""), TOKEN).0,
            status,
            "{query}"
        );
    }
    let patience = Instant::now() + Duration::from_secs(60);
    for splits in 1..=3 {
        let (status, begun) = ask(HttpRequest::post(&*path, ""), TOKEN);
        assert_eq!((status, begun["share"].as_str().unwrap().len()), (202, "orders:".len() + 7 + splits));
        while shares() < splits {
            assert!(Instant::now() < patience, "it does not become two: {begun}");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(lab.show(&iccid)["downloadAttempts"], 1);
    }
    // The session has moved with its order, three times.
    let answer = lab.fetch(&offered, None);
    let ok: GetBoundProfilePackageOk = serde_json::from_value(answer).unwrap();
    assert_eq!(lab.notify(lab.euicc.result(&ok.transaction_id, &iccid, 1, success())).status, 204);
    assert_eq!(lab.state(&iccid), "Installed");
}

/// What the platform says of a caller's certificate.
fn certificate(verified: &str, issuer: &[u8]) -> Value {
    json!({"tlsClientAuth": {
        "certPresented": "1", "certVerified": verified, "certRevoked": "0", "certSubjectDN": "CN=somebody",
        "certIssuerSKI": esim_rsp::common::hex_upper(issuer), "certFingerprintSHA256": "AB".repeat(32),
    }})
}

#[test]
fn certificates_count_as_the_platform_has_verified_them() {
    use base64::Engine as _;
    if !is_built() {
        return;
    }
    let pki = Lab::new().pki;
    let ci = esim_smdp::config::trust_ci(&pki.ci.certificate).unwrap();
    let variables = json!({
        "LPA_ISSUERS": base64::engine::general_purpose::STANDARD.encode(&pki.ci.certificate),
        "OPERATORS": json!([{"oid": "2.999.1", "certificates": ["AB".repeat(32)]}]).to_string(),
    });
    let folder = Scratch::new("worker-certificates");
    for (verified, issuer, lpa, operator) in [
        ("SUCCESS", &ci.key_id[..], 200, 200),
        ("SUCCESS", &[1; 20], 403, 200),
        ("FAILED:self signed certificate", &ci.key_id[..], 403, 401),
    ] {
        let cf = json!({"cf": certificate(verified, issuer)});
        let worker = Worker::start(free_port(), &folder.0, variables.clone(), cf);
        let lab = lab(worker.port, EUICCS[0]);
        let initiate = serde_json::to_vec(&lab.euicc.initiate(&lab.address)).unwrap();
        let answer = lab.send(HttpRequest::post("/gsma/rsp2/es9plus/initiateAuthentication", initiate));
        assert_eq!(answer.status, lpa, "an LPA with {verified} of {issuer:?}");
        let answer = lab.send(HttpRequest::get("/esim-lab/orders"));
        assert_eq!(answer.status, operator, "an operator with {verified}");
    }
}

#[test]
fn callers_are_slowed_down_exactly() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-rate");
    let variables = json!({"RATE_PER_SOURCE": "1:5"});
    let worker = Worker::start(free_port(), &folder.0, variables, json!({}));
    let lab = lab(worker.port, EUICCS[0]);
    let status = || {
        let initiate = serde_json::to_vec(&lab.euicc.initiate(&lab.address)).unwrap();
        let request = HttpRequest::post("/gsma/rsp2/es9plus/initiateAuthentication", initiate);
        // As the platform says it, in place of whatever the caller may have put there.
        lab.send(request.with_header("CF-Connecting-IP", "192.0.2.7")).status
    };
    let statuses: Vec<_> = (0..7).map(|_| status()).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 429, 429]);
    assert_eq!(lab.send(HttpRequest::get("/healthz")).status, 200);
}
