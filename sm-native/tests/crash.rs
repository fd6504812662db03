//! The native host dies at each of its commits, as `kill -9` would have it, and is started again: no order is lost,
//! none is delivered to two eUICCs, and the operator hears of it.

use crate::common;
#[path = "../../tests/src/port.rs"]
mod port;

use common::operator::CustomerSystem;
use common::server::options;
use common::*;
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_rsp::es9p::{
    AuthenticateClientOk, GetBoundProfilePackageOk, HandleNotificationRequest, InitiateAuthenticationOk, PATH,
};
use esim_rsp::json::Base64;
use esim_sm_native::{Native, NativeOptions};
use esim_smdp::Operator;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const ICCID: &str = "8900101000000000009";
const MATCHING_ID: &str = "CRASH-1";
const OPERATOR: &str = "2.999.1";

/// Not a test of its own: the server that the others kill.
#[test]
fn child_server() {
    let Ok(folder) = std::env::var("ESIM_LAB_CHILD") else { return };
    let listen: SocketAddr = std::env::var("ESIM_LAB_CHILD_LISTEN").unwrap().parse().unwrap();
    let callback = std::env::var("ESIM_LAB_CHILD_CALLBACK").ok();
    let operator = Operator { oid: OPERATOR.into(), callback, token_key: None, certificates: Vec::new() };
    let options = NativeOptions {
        now: None,
        listen,
        plain_http: true,
        operators: vec![operator],
        token: Some("token".into()),
        smdp_address: Some(ADDRESS.into()),
        ..options(Path::new(&folder))
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = Native::open(options).unwrap().serve().unwrap();
        println!("\nserving {}", server.url());
        server.wait().await.unwrap();
    });
}

/// A server in a process of its own, which is started again when it has died.
struct Mortal {
    scratch: Scratch,
    listen: SocketAddr,
    operator: CustomerSystem,
    child: Child,
    client: reqwest::blocking::Client,
    deaths: u32,
}

impl Mortal {
    fn start(name: &str, crash: &str) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let scratch = Scratch::new(name);
        let listen = SocketAddr::from(([127, 0, 0, 1], port::free_port()));
        let operator = CustomerSystem::answering(204);
        let child = spawn(&scratch, listen, &operator, Some(crash));
        let client = reqwest::blocking::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build();
        Self { scratch, listen, operator, child, client: client.unwrap(), deaths: 0 }
    }

    /// Sends a request until somebody answers, as its sender would.
    fn post(&mut self, path: &str, body: &Value) -> Value {
        loop {
            let url = format!("http://{}{path}", self.listen);
            let request =
                self.client.post(url).bearer_auth("token").header("Content-Type", "application/json");
            match request.body(body.to_string()).send().and_then(reqwest::blocking::Response::bytes) {
                Ok(answer) if answer.is_empty() => return Value::Null,
                Ok(answer) => return serde_json::from_slice(&answer).unwrap(),
                Err(_) => self.revive(),
            }
        }
    }

    fn es2(&mut self, function: &str, mut request: Value) -> Value {
        request["header"] = json!({"functionRequesterIdentifier": OPERATOR, "functionCallIdentifier": "1"});
        self.post(&format!("/gsma/rsp2/es2plus/{function}"), &request)
    }

    fn es9(&mut self, function: &str, request: &impl serde::Serialize) -> Value {
        self.post(&format!("{PATH}{function}"), &json!(request))
    }

    fn revive(&mut self) {
        let start = Instant::now();
        // A connection may also be lost because it was kept too long.
        while self.child.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_secs(2) {
            std::thread::sleep(Duration::from_millis(10));
        }
        if self.child.try_wait().unwrap().is_some() {
            self.deaths += 1;
            self.child = spawn(&self.scratch, self.listen, &self.operator, None);
        }
    }

    fn order(&mut self) -> Value {
        let url = format!("http://{}/esim-lab/orders/{ICCID}", self.listen);
        loop {
            match self
                .client
                .get(&url)
                .bearer_auth("token")
                .send()
                .and_then(reqwest::blocking::Response::bytes)
            {
                Ok(answer) => return serde_json::from_slice(&answer).unwrap(),
                Err(_) => self.revive(),
            }
        }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(scratch: &Scratch, listen: SocketAddr, operator: &CustomerSystem, crash: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::child_server", "--nocapture"]).env("ESIM_LAB_CHILD", &scratch.0);
    command.env("ESIM_LAB_CHILD_LISTEN", listen.to_string()).env("ESIM_LAB_CHILD_CALLBACK", &operator.url);
    match crash {
        Some(crash) => command.env("ESIM_LAB_CRASH", crash),
        None => command.env_remove("ESIM_LAB_CRASH"),
    };
    let said = scratch.0.with_extension("said");
    let mut child = command.stdout(Stdio::piped()).stderr(File::create(&said).unwrap()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let serving = lines.by_ref().map_while(Result::ok).any(|line| line.starts_with("serving"));
    assert!(serving, "the server starts: {}", std::fs::read_to_string(&said).unwrap());
    // What else it prints must not stop it.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

/// One download by one eUICC, begun again where the session was lost: the package, or the last code.
fn download(server: &mut Mortal, euicc: &Euicc) -> Result<GetBoundProfilePackageOk, String> {
    let mut last = String::new();
    for _ in 0..4 {
        let offer = server.es9("initiateAuthentication", &euicc.initiate(ADDRESS));
        let offer: InitiateAuthenticationOk = serde_json::from_value(offer).unwrap();
        let answer = server.es9("authenticateClient", &euicc.authenticate(&offer, MATCHING_ID, |_| {}));
        let mut refused = answer.clone();
        if let Ok(offered) = serde_json::from_value::<AuthenticateClientOk>(answer) {
            let answer = server.es9("getBoundProfilePackage", &euicc.prepare(&offered, None, |_| {}));
            match serde_json::from_value(answer.clone()) {
                Ok(package) => return Ok(package),
                Err(_) => refused = answer,
            }
        }
        last = code(&refused);
        // The session has gone on, and its answer was lost.
        if last != "8.10.1/3.9" {
            break;
        }
    }
    Err(last)
}

/// A whole life with one death in it, if it comes so far; whether it did.
fn live_and_die(name: &str, crash: &str) -> bool {
    let mut server = Mortal::start(name, crash);
    let pki = TestPki::well_known(Curve::P256);
    let owner = Euicc::new(&pki, "890490321234512345123456789012");
    let thief = Euicc::new(&pki, "890490321234512345123456789099");
    // Asked twice, the operator hears that it is done already.
    let done = |answer: &Value, known: &str| {
        let success = answer["header"]["functionExecutionStatus"]["status"] == "Executed-Success";
        assert!(success || code(answer) == known, "{crash}: {answer}");
    };
    let provision = json!({"iccid": ICCID, "subscriber": subscriber()});
    done(&server.post("/esim-lab/provision", &provision), "8.2.1/3.3");
    done(&server.es2("downloadOrder", json!({"iccid": ICCID})), "8.2.1/3.3");
    let confirm = json!({"iccid": ICCID, "matchingId": MATCHING_ID, "releaseFlag": true});
    done(&server.es2("confirmOrder", confirm), "8.2.1/1.2");
    assert_eq!(server.order()["state"], "Released", "{crash}");

    let package = download(&mut server, &owner).unwrap_or_else(|code| panic!("{crash}: {code}"));
    owner.open(&package.bound_profile_package.0, &pki.dp_pb.key.public_key());
    let refused = download(&mut server, &thief).map(drop);
    assert_eq!(refused, Err("8.1.1/3.8".into()), "{crash}: delivered to two eUICCs");

    let result = owner.result(&package.transaction_id, ICCID, 1, success());
    let request = HandleNotificationRequest { pending_notification: Base64(result) };
    server.es9("handleNotification", &request);
    let order = server.order();
    assert_eq!((&order["state"], &order["eid"]), (&json!("Installed"), &json!(owner.eid)), "{crash}");

    // The operator hears of it, and the order forgets that it has something to say.
    let start = Instant::now();
    while server.order()["errands"].as_array().is_some_and(|errands| !errands.is_empty()) {
        assert!(start.elapsed() < Duration::from_secs(60), "{crash}: {}", server.order());
        std::thread::sleep(Duration::from_millis(50));
    }
    let heard = server.operator.heard();
    let installed = |(path, body): &(String, String)| {
        let told: Value = serde_json::from_str(body).unwrap();
        path.to_ascii_lowercase().ends_with("handledownloadprogressinfo")
            && told["notificationPointId"] == 4
            && told["notificationPointStatus"]["status"] == "Executed-Success"
    };
    assert!(heard.iter().any(installed), "{crash}: {heard:?}");
    server.deaths > 0
}

/// More commits than such a life has: fewer and the last ones would not be tried.
const COMMITS: u32 = 20;

fn die_everywhere(when: &str) {
    let deaths: u32 = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..4)
            .map(|lane| {
                scope.spawn(move || {
                    let commits = (1..=COMMITS).filter(|commit| commit % 4 == lane);
                    let lives = commits.map(|commit| {
                        live_and_die(&format!("crash-{when}-{commit}"), &format!("{when}:{commit}"))
                    });
                    lives.filter(|died| *died).count() as u32
                })
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap()).sum()
    });
    assert!(deaths >= 10, "{deaths} deaths: the switch does not work");
    assert!(deaths < COMMITS, "the last commits were not reached: raise COMMITS");
}

#[test]
fn dead_before_each_commit() {
    die_everywhere("before");
}

/// What has been committed can be read then, and is not on the disk.
#[test]
fn dead_while_the_disk_is_waited_for() {
    die_everywhere("applied");
}

#[test]
fn dead_after_each_commit() {
    die_everywhere("after");
}
