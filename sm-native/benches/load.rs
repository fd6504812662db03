//! What a download costs on the native host, with TLS: `cargo bench -p esim-sm-native --bench load [-- PART…]`.
//!
//! The server is this program once more, as a process of its own: whatever the cards and LPAs of the driver cost is not
//! counted as the server's. Beside its CPU stands that of the P-256 operations that one download needs from a server,
//! measured in the same run with the same code. LPAs speak HTTP/1.1. Parts, all of them where none is named:
//!
//! * `kept`: each LPA keeps its connection;
//! * `fresh`: a connection for each download;
//! * `foreign`: a connection for each request, with a whole handshake, as LPAs come that keep nothing;
//! * `resumed`: the same, and each resumes the TLS session of the one before;
//! * `left`: sessions that are begun and left.
//!
//! `ESIM_LAB_DOWNLOADS` (4000), `ESIM_LAB_CLIENTS` (8), `ESIM_LAB_WARM` (400, before anything is measured) and
//! `ESIM_LAB_ORDERS` (as many as are fetched) say how many. `ESIM_LAB_UNDER` is a command that runs the server, as scripts/sm-counts.sh does with Valgrind.

#[path = "load/client.rs"]
mod client;
#[path = "load/process.rs"]
mod process;

use client::{Orders, download, lab, number, remote};
use esim_sm_edge::{HttpRequest, HttpResponse};
use esim_sm_lab::floor::{AGREE, Floor, GENERATE, SIGN, VERIFY, thread_cpu};
use esim_sm_lab::scratch::Scratch;
use esim_sm_lab::{Remote, Service};
use process::{Cpu, Server, Settings};
use std::rc::Rc;
use std::time::{Duration, Instant};

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
    // cargo's own arguments begin with hyphens.
    let parts: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_asked = |part: &str| parts.is_empty() || parts.iter().any(|asked| asked == part);
    let clients = number("ESIM_LAB_CLIENTS", 8);
    let phases: Vec<_> = Connections::ALL.into_iter().filter(|(part, ..)| is_asked(part)).collect();
    if !phases.is_empty() {
        downloads(clients, &phases);
    }
    if is_asked("left") {
        forgotten(clients);
    }
}

/// A part, what it is, how often it is done for each of `ESIM_LAB_DOWNLOADS`, and how its LPAs connect.
type Phase = (&'static str, &'static str, u32, Connections);

fn downloads(clients: u32, phases: &[Phase]) {
    let (count, warm) = (number("ESIM_LAB_DOWNLOADS", 4000), number("ESIM_LAB_WARM", 400));
    let folder = Scratch::new("load-bench");
    let server = Server::start(&folder.0, Settings::default());
    let needed: u32 = phases.iter().map(|(_, _, part, _)| count / part).sum();
    let stock = number("ESIM_LAB_ORDERS", needed + warm).max(needed + warm);
    let begun = Instant::now();
    let orders = Orders::import(&server, 0, stock.into());
    println!("import      {stock} orders, {:.3} ms each", millis(begun.elapsed(), stock));
    // Until SQLite, the allocator and the thread pools have what they want.
    run(&server, clients, orders.take(warm as usize), Connections::Kept);
    let mut floor = Floor::default();
    for (part, what, share, connections) in phases {
        let count = count / share;
        println!("{part:12}{count} downloads, {clients} at once, {what}");
        let floor_before = measure(&mut floor);
        let (cpu, begun, rss) = (server.cpu(), Instant::now(), server.rss());
        run(&server, clients, orders.take(count as usize), *connections);
        let (cpu, elapsed) = (server.cpu() - cpu, begun.elapsed());
        report(count, cpu, elapsed, (floor_before + measure(&mut floor)) / 2);
        let grown = (server.rss() as i64 - rss as i64) / i64::from(count);
        println!("            server's memory {} kB; {grown:+} octets a download", server.rss() >> 10);
    }
}

fn millis(time: Duration, count: u32) -> f64 {
    time.as_secs_f64() * 1e3 / f64::from(count)
}

fn report(downloads: u32, cpu: Cpu, elapsed: Duration, floor: Duration) {
    let (each, floor) = (millis(cpu.all(), downloads), millis(floor, 1));
    let (user, system) = (millis(cpu.user, downloads), millis(cpu.system, downloads));
    println!(
        "            {:.0} downloads per second, the driver on the same cores",
        f64::from(downloads) / elapsed.as_secs_f64()
    );
    println!(
        "            {each:.3} ms server CPU a download ({user:.3} of it in user mode, {system:.3} in the kernel), {:.3} a request: {:.0} downloads per second and core",
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

#[derive(Clone, Copy)]
enum Connections {
    Kept,
    Fresh,
    Foreign,
    Resumed,
}

impl Connections {
    const ALL: [Phase; 4] = [
        ("kept", "a connection for each LPA", 1, Self::Kept),
        ("fresh", "a connection for each download", 2, Self::Fresh),
        ("foreign", "a connection for each request", 2, Self::Foreign),
        ("resumed", "a connection for each request, which resumes the session before", 2, Self::Resumed),
    ];
}

/// An LPA that connects anew for each request, and resumes the TLS session of the one before.
fn resuming(server: &Server) -> Remote {
    Remote::with(&server.url, Some(&server.root), |client| client.http1_only().pool_max_idle_per_host(0))
}

/// An LPA that keeps nothing from one request to the next, neither connection nor TLS session.
struct Foreign {
    url: String,
    root: Vec<u8>,
}

impl Service for Foreign {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        Remote::with(&self.url, Some(&self.root), |client| client.http1_only()).answer(request)
    }

    fn attend(&self) {}

    fn set_now(&self, _: u64) {
        panic!("a server has a clock of its own");
    }
}

fn run(server: &Server, clients: u32, orders: Vec<(String, String)>, connections: Connections) {
    let share = orders.len().div_ceil(clients as usize).max(1);
    std::thread::scope(|scope| {
        for (client, orders) in (0..).zip(orders.chunks(share)) {
            scope.spawn(move || {
                let mut lab = lab(server, client);
                match connections {
                    Connections::Kept | Connections::Fresh => {}
                    Connections::Foreign => {
                        lab.other =
                            Some(Rc::new(Foreign { url: server.url.clone(), root: server.root.clone() }))
                    }
                    Connections::Resumed => lab.other = Some(Rc::new(resuming(server))),
                }
                for (iccid, matching_id) in orders {
                    if let Connections::Fresh = connections {
                        lab.other = Some(Rc::new(remote(server)));
                    }
                    download(&lab, iccid, matching_id);
                }
            });
        }
    });
}

/// CPU time of this thread for the P-256 operations of one download; the mean of many.
fn measure(floor: &mut Floor) -> Duration {
    const ROUNDS: u32 = 400;
    let before = thread_cpu();
    for _ in 0..ROUNDS {
        floor.once();
    }
    (thread_cpu() - before) / ROUNDS
}
