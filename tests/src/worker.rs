//! The worker on its runtime, as a process. Tests and benches of other packages use this file.

#[path = "port.rs"]
mod port;

pub use port::free_port;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const TOKEN: &str = "worker-token-of-tests";

/// What starts it, in a checkout.
const SCRIPT: &str = "worker/serve.mjs";
/// What node and the runtime complain of, in the folder of the records.
const LOG: &str = "worker.log";

/// A worker that is killed with its owner, and the runtime below it.
pub struct Worker {
    child: Child,
    pub port: u16,
}

/// Whether there is one: `./check` builds it and says so. Else the test is skipped, or fails where every peer must be
/// there.
pub fn is_built() -> bool {
    let set = std::env::var_os("ESIM_LAB_WORKER").is_some_and(|value| !value.is_empty());
    if !set {
        assert!(std::env::var_os("ESIM_LAB_REQUIRE_PEERS").is_none(), "ESIM_LAB_WORKER is not set");
        println!("skipped: ESIM_LAB_WORKER is not set (./check sets it)");
    }
    set
}

impl Worker {
    /// With the test PKI, records in `folder`, and these variables besides address, token and key; `null` for what
    /// `wrangler.toml` says. Rates are unlimited, else. `more` options of `worker/serve.mjs`: `cf`, what the platform
    /// says of callers; `cert` and `key`; `roots`, a file (PEM) with roots that it trusts besides the web's.
    pub fn start(port: u16, folder: &Path, variables: Value, more: Value) -> Self {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let checkout = here.ancestors().find(|folder| folder.join(SCRIPT).exists());
        Self::start_from(checkout.expect(SCRIPT), port, folder, variables, more)
    }

    /// The worker of any checkout, as it has been built there.
    pub fn start_from(checkout: &Path, port: u16, folder: &Path, variables: Value, more: Value) -> Self {
        let mut options = json!({"port": port, "folder": folder,
            "vars": {"ES2_TOKEN": TOKEN, "SEAL_KEY": "5A".repeat(32), "PKI": "test",
                "SMDP_ADDRESS": format!("127.0.0.1:{port}"),
                "RATE_PER_SOURCE": "", "RATE_PER_OPERATOR": "", "RATE_PER_ORDER": ""}});
        let set = options["vars"].as_object_mut().unwrap();
        set.extend(variables.as_object().unwrap().clone());
        set.retain(|_, value| !value.is_null());
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let mut command = Command::new("node");
        command.arg(checkout.join(SCRIPT));
        if let Some(roots) = options["roots"].as_str() {
            command.env("NODE_EXTRA_CA_CERTS", roots);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log(folder)).process_group(0);
        let mut child = command.spawn().expect("node is installed");
        writeln!(child.stdin.as_mut().unwrap(), "{options}").expect("it reads its options");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("ready"));
        if ready.is_none() {
            let why = std::fs::read_to_string(folder.join(LOG)).unwrap_or_default();
            panic!("the worker does not start: {why}");
        }
        // What it prints goes nowhere, but must be read.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port }
    }

    /// As a power cut would: `SIGKILL` to all of it.
    pub fn kill(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}

impl Worker {
    /// What the runtime has used of the processors, in user and system mode.
    pub fn cpu(&self) -> Duration {
        let stat = |pid: &str| std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Behind the name in brackets: utime and stime are the 12th and 13th field, in hundredths of a second.
        let ticks = |pid: &str| -> u64 {
            let stat = stat(pid);
            let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
            fields.skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
        };
        Duration::from_millis(self.children().iter().map(|pid| ticks(pid)).sum::<u64>() * 10)
    }

    /// The most memory that the runtime has had so far, in octets.
    pub fn peak_memory(&self) -> u64 {
        let peak = |pid: &String| -> u64 {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            line.and_then(|kb| kb.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
        };
        self.children().iter().map(peak).sum::<u64>() << 10
    }

    fn children(&self) -> Vec<String> {
        let children = format!("/proc/{0}/task/{0}/children", self.child.id());
        let children = std::fs::read_to_string(children).unwrap();
        children.split_whitespace().map(String::from).collect()
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

fn log(folder: &Path) -> Stdio {
    std::fs::create_dir_all(folder).unwrap();
    let file = std::fs::OpenOptions::new().create(true).append(true).open(folder.join(LOG));
    file.unwrap().into()
}
