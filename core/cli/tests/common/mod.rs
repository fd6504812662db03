//! The command and its servers, as a user starts them.
#![allow(dead_code, reason = "each test file uses a part")]

#[path = "../../../../tests/src/worker.rs"]
pub mod worker;

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_sm_native::pem;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use worker::Worker;
pub use worker::free_port;

/// A command that is killed with its owner.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The `esim-lab` command, in English.
pub fn esim_lab() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_esim-lab"));
    command.env("LANG", "C").env_remove("ESIM_LAB_TOKEN");
    command
}

/// Runs the command to its end; its standard output if it succeeded.
#[track_caller]
pub fn run(arguments: &[&str]) -> String {
    let output = esim_lab().args(arguments).output().expect("esim-lab runs");
    assert!(output.status.success(), "esim-lab {arguments:?}: {}", text(&output));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Runs the command, which must fail; its standard error.
#[track_caller]
pub fn fail(arguments: &[&str]) -> String {
    let output = esim_lab().args(arguments).stdin(Stdio::null()).output().expect("esim-lab runs");
    assert!(!output.status.success(), "esim-lab {arguments:?} succeeded: {}", text(&output));
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// What a command printed.
pub fn text(output: &Output) -> String {
    format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An SM on a free port of this machine.
pub struct Sm {
    pub address: String,
    /// Of a native one.
    pub data: PathBuf,
    pub host: SmHost,
}

/// The process of an SM.
pub enum SmHost {
    Native(Running),
    Worker(Worker),
}

impl Sm {
    /// Starts it; its address is read from what it prints.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    /// The same with more options.
    pub fn start_with(folder: &Path, more: &[&str]) -> Self {
        Self::start_logging(folder, more, Stdio::inherit())
    }

    /// The same with its standard error somewhere else.
    pub fn start_logging(folder: &Path, more: &[&str], errors: Stdio) -> Self {
        let data = folder.join("sm");
        let child = esim_lab()
            .args(["sm", "serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .args(more)
            .stderr(errors)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the SM starts");
        let mut child = Running(child);
        let stdout = child.0.stdout.take().expect("a pipe");
        let first = BufReader::new(stdout).lines().next().expect("a line").expect("a line");
        let address = first.split_whitespace().last().expect("an address").to_string();
        Self { address, data, host: SmHost::Native(child) }
    }

    /// The same SM on the worker runtime, over HTTPS, as an SM-DS at 127.0.0.1 too; `more` are variables besides.
    pub fn on_worker(folder: &Path, more: &Value) -> Self {
        let port = free_port();
        let (address, data) = (format!("localhost:{port}"), folder.join(format!("worker-{port}")));
        let mut variables = json!({"SMDP_ADDRESS": address, "SMDS_ADDRESS": format!("127.0.0.1:{port}")});
        variables.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        let (certificate, key) = tls();
        let worker = Worker::start(port, &data, variables, json!({"cert": certificate, "key": key}));
        Self { address, data, host: SmHost::Worker(worker) }
    }

    /// Orders a profile: ICCID, matchingId, activation code.
    pub fn order(&self, more: &[&str]) -> (String, String, String) {
        let data = self.data.display().to_string();
        let mut arguments = vec!["sm", "order", "--json", "--sm", &self.address];
        match self.host {
            SmHost::Worker(_) => arguments.extend(["--token", worker::TOKEN]),
            SmHost::Native(_) => arguments.extend(["--data", &data]),
        }
        arguments.extend(more);
        let order: Value = serde_json::from_str(&run(&arguments)).expect("JSON");
        let field = |name: &str| order[name].as_str().expect(name).to_string();
        (field("iccid"), field("matchingId"), field("activationCode"))
    }
}

/// CERT.DP.TLS of the well-known PKI, for this machine's names, and its key: PEM.
pub fn tls() -> (String, String) {
    let tls = TestPki::well_known(Curve::P256).dp_tls;
    (pem::write("CERTIFICATE", &tls.certificate), pem::write("PRIVATE KEY", &tls.key_pkcs8_der()))
}

/// What the card itself says of its profiles: ICCID and whether it is enabled.
pub fn card_profiles(state: &str) -> Vec<(String, bool)> {
    let listed = result_of(&run(&["lpa", "--state", state, "--json", "list"]));
    let profiles = listed.as_array().expect("a list");
    let one = |profile: &Value| {
        (
            profile["iccid"].as_str().expect("an ICCID").to_string(),
            profile["enabled"].as_bool().expect("a state"),
        )
    };
    profiles.iter().map(one).collect()
}

/// The result in what `lpa --json` has printed.
#[track_caller]
pub fn result_of(printed: &str) -> Value {
    let mut answer: Value = serde_json::from_str(printed).expect("JSON");
    assert_eq!(answer["version"], 1, "{printed}");
    answer["result"].take()
}

/// How many notifications wait on the card.
pub fn card_notifications(state: &str) -> usize {
    let listed = run(&["lpa", "--state", state, "--json", "notifications", "--list"]);
    result_of(&listed).as_array().expect("a list").len()
}

/// Tries until it works, or for so long.
#[track_caller]
pub fn wait_for<T>(what: &str, limit: Duration, mut attempt: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(done) = attempt() {
            return done;
        }
        assert!(start.elapsed() < limit, "{what} took longer than {limit:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// A peer's path in the environment. Without it the test is skipped, or fails
/// where `ESIM_LAB_REQUIRE_PEERS` says that every peer must be there (`./check`).
pub fn peer(variable: &str) -> Option<String> {
    let found = std::env::var(variable).ok().filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(std::env::var_os("ESIM_LAB_REQUIRE_PEERS").is_none(), "{variable} is not set");
        println!("skipped: {variable} is not set (./check sets it)");
    }
    found
}
