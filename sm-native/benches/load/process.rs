//! The server as a process of its own, and what the system says of it.

use esim_sm_native::{Native, NativeOptions};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::ops::Sub;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

pub const TOKEN: &str = "bench";
/// First argument of the process that serves.
const SERVE: &str = "serve-for-the-bench";

/// What a bench wants of its server beside the ordinary.
#[derive(Default)]
pub struct Settings {
    /// Seconds for which a session lives and is remembered.
    pub session_seconds: Option<u64>,
}

/// What a process has used of the processors.
#[derive(Clone, Copy)]
pub struct Cpu {
    pub user: Duration,
    pub system: Duration,
}

impl Cpu {
    pub fn all(&self) -> Duration {
        self.user + self.system
    }
}

impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self { user: self.user - earlier.user, system: self.system - earlier.system }
    }
}

/// A server that ends with its owner.
pub struct Server {
    child: Child,
    /// Closed to stop it.
    stop: Option<ChildStdin>,
    folder: PathBuf,
    pub url: String,
    pub address: String,
    /// The CI above its TLS certificate, DER.
    pub root: Vec<u8>,
}

/// Serves until standard input ends, where the arguments say so.
pub fn serve_if_told() -> bool {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [first, folder, session_seconds] = &arguments[..] else { return false };
    if first != SERVE {
        return false;
    }
    // As `esim-lab sm serve` does: a line for each request.
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let mut options =
        NativeOptions { data_dir: folder.into(), token: Some(TOKEN.into()), ..NativeOptions::default() };
    if let Ok(seconds) = session_seconds.parse() {
        options.limits.session_seconds = seconds;
        options.limits.session_memory_seconds = seconds;
    }
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    runtime.block_on(async {
        let handle = Native::open(options).and_then(Native::serve).expect("a server");
        println!("{}\n{}\n{}", handle.url(), handle.smdp_address, in_hex(&handle.pki.tls_ci_certificate));
        let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        ended.await.expect("a thread").expect("standard input");
        handle.shutdown().await.expect("an orderly end");
    });
    true
}

fn in_hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

impl Server {
    pub fn start(folder: &Path, settings: Settings) -> Self {
        let session_seconds = settings.session_seconds.map(|seconds| seconds.to_string()).unwrap_or_default();
        let program = std::env::current_exe().expect("this program");
        // A command that runs the server, such as Valgrind's.
        let under = std::env::var("ESIM_LAB_UNDER").unwrap_or_default();
        let mut words = under.split_whitespace().map(OsStr::new).chain([program.as_os_str()]);
        let mut command = Command::new(words.next().expect("this program at least"));
        command.args(words).arg(SERVE).arg(folder).arg(session_seconds);
        // The log is written, and read by nobody.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a process");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut line = || lines.next().expect("the server starts").expect("text");
        let (url, address, root) = (line(), line(), line());
        let root = root.as_bytes().chunks(2).map(|pair| {
            u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal")
        });
        let stop = child.stdin.take();
        Self { stop, folder: folder.into(), url, address, root: root.collect(), child }
    }

    /// What it has used of the processors.
    pub fn cpu(&self) -> Cpu {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it lives");
        // Behind the name in brackets: utime and stime are the 12th and 13th field, in hundredths of a second.
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
        let mut next = || {
            let ticks: u64 = fields.next().and_then(|ticks| ticks.parse().ok()).expect("a number");
            Duration::from_millis(ticks * 10)
        };
        Cpu { user: next(), system: next() }
    }

    /// Resident memory, in octets.
    pub fn rss(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it lives");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
    }

    /// Octets of its database.
    pub fn disk(&self) -> u64 {
        let files = std::fs::read_dir(&self.folder).expect("a folder").flatten();
        let of_database = files.filter(|file| file.file_name().to_string_lossy().starts_with("sm.sqlite"));
        of_database.filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let _ = self.child.wait();
    }
}
