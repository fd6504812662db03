//! What a download costs on the native host, with TLS: `cargo bench -p esim-sm-native --bench load`.
//!
//! The server is this program once more, as a process of its own: whatever the cards and LPAs of the driver cost is not
//! counted as the server's. Beside its CPU stands that of the P-256 operations that one download needs from a server,
//! measured in the same run with the same code. LPAs speak HTTP/1.1. `ESIM_LAB_DOWNLOADS` (4000) and `ESIM_LAB_CLIENTS`
//! (8) say how many.

#[path = "load/client.rs"]
mod client;
#[path = "load/process.rs"]
mod process;

use client::{Orders, download, lab, number, remote};
use esim_crypto::{Curve, PrivateKey, PublicKey, ecka};
use esim_sm_edge::HttpRequest;
use esim_sm_lab::scratch::Scratch;
use process::{Server, Settings};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Signatures that a server makes for one download: serverSigned1, smdpSigned2, BF23.
const SIGN: u32 = 3;
/// Signatures that it verifies: CERT.EUICC, euiccSigned1, euiccSigned2, the installation result. That of CERT.EUM is
/// one for all cards of a manufacturer.
const VERIFY: u32 = 4;
/// Keys that it draws: otSK.DP.ECKA.
const GENERATE: u32 = 1;
/// Key agreements: with otPK.EUICC.ECKA.
const AGREE: u32 = 1;

/// initiateAuthentication, authenticateClient, getBoundProfilePackage, handleNotification.
const REQUESTS: u32 = 4;
/// How often the server's memory is looked at on the way.
const SLICES: usize = 4;

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if process::serve_if_told() {
        return;
    }
    let (downloads, clients) = (number("ESIM_LAB_DOWNLOADS", 4000), number("ESIM_LAB_CLIENTS", 8));
    let folder = Scratch::new("load-bench");
    let server = Server::start(&folder.0, Settings::default());
    let orders = Orders::import(&server, 0, u64::from(downloads) * 3 / 2 + 400);
    // Until SQLite, the allocator and the thread pools have what they want.
    run(&server, clients, orders.take(400), Connections::Kept);

    let mut floor = Floor::new();
    let floor_before = floor.measure();
    let (cpu, begun, rss) = (server.cpu(), Instant::now(), server.rss());
    println!("downloads   {downloads}, {clients} at once, keep-alive");
    for slice in 1..=SLICES {
        let share = downloads as usize / SLICES;
        run(&server, clients, orders.take(share), Connections::Kept);
        println!("            server's memory after {}: {} kB", slice * share, server.rss() >> 10);
    }
    let (cpu, elapsed, grown) = (server.cpu() - cpu, begun.elapsed(), server.rss() as i64 - rss as i64);
    let floor = (floor_before + floor.measure()) / 2;
    report(downloads, cpu, elapsed, floor);
    println!(
        "            server's memory before: {} kB; {:+} octets a download",
        rss >> 10,
        grown / i64::from(downloads)
    );

    let (few, cpu) = (downloads / 2, server.cpu());
    run(&server, clients, orders.take(few as usize), Connections::Fresh);
    println!(
        "            {:.3} ms server CPU with a TLS connection for each download",
        millis(server.cpu() - cpu, few)
    );
    drop(server);
    forgotten(clients);
}

fn millis(time: Duration, count: u32) -> f64 {
    time.as_secs_f64() * 1e3 / f64::from(count)
}

fn report(downloads: u32, cpu: Duration, elapsed: Duration, floor: Duration) {
    let (each, floor) = (millis(cpu, downloads), millis(floor, 1));
    println!(
        "            {:.0} downloads per second, the driver on the same cores",
        f64::from(downloads) / elapsed.as_secs_f64()
    );
    println!(
        "            {each:.3} ms server CPU a download, {:.3} a request: {:.0} downloads per second and core",
        each / f64::from(REQUESTS),
        1e3 / each
    );
    println!(
        "            {floor:.3} ms for its P-256 operations ({SIGN} signatures made, {VERIFY} verified, {GENERATE} key drawn, {AGREE} agreement)"
    );
    println!("            ratio {:.2}", each / floor);
}

/// Sessions that nobody goes on with: the store must lose them when their time is up.
fn forgotten(clients: u32) {
    const LIFE: u64 = 2;
    let sessions = number("ESIM_LAB_DOWNLOADS", 4000) * 4;
    let folder = Scratch::new("load-bench-forgotten");
    let server = Server::start(&folder.0, Settings { session_seconds: Some(LIFE) });
    println!("sessions    {sessions} begun and left, each good for {LIFE} s");
    for slice in 1..=SLICES {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for client in 0..clients {
                let (server, share) = (&server, sessions / clients / SLICES as u32);
                scope.spawn(move || {
                    let lab = lab(server, client);
                    for _ in 0..share {
                        lab.initiate();
                    }
                });
            }
        });
        let a_second = f64::from(sessions / SLICES as u32) / begun.elapsed().as_secs_f64();
        println!(
            "            after {}: {} in the store ({a_second:.0} begun per second), memory {} kB, files {} kB",
            slice as u32 * sessions / SLICES as u32,
            remembered(&server),
            server.rss() >> 10,
            server.disk() >> 10,
        );
    }
}

/// How many sessions the store holds.
fn remembered(server: &Server) -> u64 {
    let answer = lab(server, 0).send(HttpRequest::get("/metrics"));
    let text = String::from_utf8(answer.body).expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("esim_sm_sessions ")).expect("a gauge");
    line.parse().expect("a number")
}

#[derive(Clone, Copy, PartialEq)]
enum Connections {
    /// One for each client.
    Kept,
    /// One for each download.
    Fresh,
}

fn run(server: &Server, clients: u32, orders: Vec<(String, String)>, connections: Connections) {
    let share = orders.len().div_ceil(clients as usize);
    std::thread::scope(|scope| {
        for (client, orders) in (0..).zip(orders.chunks(share)) {
            scope.spawn(move || {
                let mut lab = lab(server, client);
                for (iccid, matching_id) in orders {
                    if connections == Connections::Fresh {
                        lab.other = Some(Rc::new(remote(server)));
                    }
                    download(&lab, iccid, matching_id);
                }
            });
        }
    });
}

/// The P-256 operations of one download, on messages as long as the real ones.
struct Floor {
    own: PrivateKey,
    peer: PublicKey,
    message: Vec<u8>,
    signature: [u8; 64],
    rng: ChaCha20Rng,
}

impl Floor {
    fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let own = PrivateKey::generate(Curve::P256, &mut rng);
        let message = vec![0x5A; 250];
        let signature = own.sign(&[&message]);
        Self { peer: own.public_key(), own, message, signature, rng }
    }

    /// CPU time of this thread for all of them; the mean of many.
    fn measure(&mut self) -> Duration {
        const ROUNDS: u32 = 400;
        let before = thread_cpu();
        for _ in 0..ROUNDS {
            for _ in 0..SIGN {
                black_box(self.own.sign(&[&self.message]));
            }
            for _ in 0..VERIFY {
                self.peer.verify(&[black_box(&self.message)], &self.signature).expect("sound");
            }
            for _ in 0..GENERATE {
                black_box(PrivateKey::generate(Curve::P256, &mut self.rng).public_key());
            }
            for _ in 0..AGREE {
                black_box(ecka(&self.own, &self.peer).expect("one curve"));
            }
        }
        (thread_cpu() - before) / ROUNDS
    }
}

/// What this thread has used of a processor.
fn thread_cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    Duration::from_nanos(stat.split_whitespace().next().and_then(|text| text.parse().ok()).expect("a number"))
}
