//! What a download costs on the worker's runtime: `cargo bench -p esim-sm-edge --bench worker`, behind
//! `scripts/build-worker.sh`. Prints CPU of `workerd` per request and complete downloads per second; then, of workers
//! that count (`COUNT`), messages, rows and alarms of each function.
//!
//! `ESIM_LAB_COSTS` names a file for what was counted, which the bench `edge` reads.
//!
//! Callers come to the worker itself; with `ESIM_LAB_AROUND` past what stands for the platform on this machine, as in tests.
//!
//! `ESIM_LAB_DOWNLOADS` (400) and `ESIM_LAB_CLIENTS` (4) say how many. `ESIM_LAB_BEFORE`, the folder of another checkout
//! with its worker built (from the root), has that one measured in turns with this one.

#[path = "../tests/worker/counting.rs"]
#[allow(missing_docs, dead_code, reason = "it is the tests'")]
mod counting;
#[path = "../../tests/src/worker.rs"]
#[allow(missing_docs, dead_code, reason = "it is the tests'")]
mod start;

use counting::{Counted, FUNCTIONS, Sums, Way};
use esim_sm_lab::scratch::Scratch;
use esim_sm_lab::{Euicc, Lab, Remote, Service};
use serde_json::{Value, json};
use start::{TOKEN, Worker, free_port};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// initiateAuthentication, authenticateClient, getBoundProfilePackage, handleNotification.
const REQUESTS: u32 = 4;
/// In how many parts two checkouts take their turns: what else the machine does disturbs both alike.
const TURNS: u32 = 8;
/// Downloads that are counted, and as many before them, which find tables that are not there yet.
const COUNTED: u32 = 20;

fn number(name: &str, usual: u32) -> u32 {
    std::env::var(name).map_or(usual, |text| text.parse().expect(name))
}

fn main() {
    let (downloads, clients) = (number("ESIM_LAB_DOWNLOADS", 400), number("ESIM_LAB_CLIENTS", 4));
    let before = std::env::var_os("ESIM_LAB_BEFORE").filter(|folder| !folder.is_empty());
    let checkouts: Vec<Option<PathBuf>> =
        before.map(|folder| Some(folder.into())).into_iter().chain([None]).collect();
    let turns = if checkouts.len() == 1 { 1 } else { TURNS.min(downloads) };
    let mut sides: Vec<Side> = checkouts.iter().map(Side::start).collect();
    // What is there already, so that the index is not empty; and the runtime has compiled what is hot.
    sides.iter().for_each(|side| download(side.worker.port, 1, orders(side.worker.port, clients.max(20))));
    for turn in 0..turns {
        let share = downloads / turns + u32::from(turn < downloads % turns);
        sides.iter_mut().for_each(|side| side.measure(share, clients));
    }
    println!("downloading {downloads} times, {clients} at once");
    sides.iter().for_each(Side::print);
    if let [before, now] = &sides[..] {
        let ratio = |of: fn(&Side) -> f64| of(now) / of(before);
        println!("now/before  {:.3} of the CPU per download", ratio(Side::cpu_each));
        println!("            {:.3} of the downloads per second", ratio(Side::per_second));
    }
    let cpu = sides.last().map_or(0.0, Side::cpu_each);
    drop(sides);
    let counted: Vec<_> = checkouts.iter().map(print_counts).collect();
    if let (Some(file), Some(ways)) = (std::env::var_os("ESIM_LAB_COSTS"), counted.into_iter().next_back()) {
        let costs = serde_json::to_string_pretty(&json!({"cpu": (cpu * 10.0).round() / 10.0, "ways": ways}));
        std::fs::write(file, costs.expect("JSON") + "\n").expect("the file of the costs can be written");
    }
}

fn name(checkout: &Option<PathBuf>) -> &'static str {
    if checkout.is_some() { "before" } else { "now" }
}

fn serve(checkout: &Option<PathBuf>, folder: &Scratch, variables: Value) -> Worker {
    // The runtime alone is measured, without what stands for the platform on this machine.
    let more = json!({"direct": std::env::var_os("ESIM_LAB_AROUND").is_none()});
    match checkout {
        Some(checkout) => Worker::start_from(checkout, free_port(), &folder.0, variables, more),
        None => Worker::start(free_port(), &folder.0, variables, more),
    }
}

/// The worker of one checkout, and what it has taken so far.
struct Side {
    name: &'static str,
    worker: Worker,
    _folder: Scratch,
    downloads: u32,
    ordering: Duration,
    downloading: Duration,
    elapsed: Duration,
}

impl Side {
    fn start(checkout: &Option<PathBuf>) -> Self {
        let (name, none) = (name(checkout), Duration::ZERO);
        let folder = Scratch::new(&format!("worker-bench-{name}"));
        let worker = serve(checkout, &folder, json!({}));
        Self { name, worker, _folder: folder, downloads: 0, ordering: none, downloading: none, elapsed: none }
    }

    fn measure(&mut self, downloads: u32, clients: u32) {
        let cpu = self.worker.cpu();
        let orders = orders(self.worker.port, downloads);
        let ordered = self.worker.cpu();
        let start = Instant::now();
        download(self.worker.port, clients, orders);
        self.elapsed += start.elapsed();
        self.downloading += self.worker.cpu() - ordered;
        self.ordering += ordered - cpu;
        self.downloads += downloads;
    }

    /// Milliseconds of CPU per download.
    fn cpu_each(&self) -> f64 {
        self.each(self.downloading)
    }

    fn per_second(&self) -> f64 {
        f64::from(self.downloads) / self.elapsed.as_secs_f64()
    }

    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1000.0 / f64::from(self.downloads)
    }

    fn print(&self) {
        let cpu = self.cpu_each();
        println!("{:<12}{:.2} ms CPU per order (3 requests)", self.name, self.each(self.ordering));
        println!("            {:.1} downloads per second", self.per_second());
        println!("            {cpu:.2} ms CPU per download, {:.2} per request", cpu / f64::from(REQUESTS));
    }
}

/// All that was counted, by way and function.
fn print_counts(checkout: &Option<PathBuf>) -> BTreeMap<String, Sums> {
    let mut all = BTreeMap::new();
    for way in Way::ALL {
        let by = match way {
            Way::Drawn => "a matchingId that the SM has drawn",
            Way::Own => "a matchingId of the operator's own",
            Way::Eid => "its EID",
        };
        match counts(checkout, way) {
            Some((before, after)) => {
                println!("\n{}: a profile that is found by {by}", name(checkout));
                print_table(&before, &after);
                all.insert(format!("{way:?}"), after);
            }
            None => println!("\n{}: its worker does not count", name(checkout)),
        }
    }
    all
}

/// What a worker has counted before and after [`COUNTED`] downloads.
fn counts(checkout: &Option<PathBuf>, way: Way) -> Option<(Sums, Sums)> {
    let folder = Scratch::new("worker-bench-count");
    let worker = serve(checkout, &folder, json!({"COUNT": "on"}));
    counting::read(&remote(worker.port), TOKEN)?;
    let (counted, seen) = Counted::new(remote(worker.port), TOKEN);
    let lab = lab(counted, worker.port, 0);
    counting::download(&lab, way, 0..COUNTED);
    let before = seen.borrow().sums.clone();
    counting::download(&lab, way, COUNTED..2 * COUNTED);
    Some((before, seen.take().sums))
}

/// Averages over the calls; in a row, the most.
fn print_table(before: &Sums, after: &Sums) {
    println!("{:<24}messages   behind  in a row  rows written   alarms", "");
    let mut sum = [0.0; 5];
    let line = |function: &str, [messages, behind, row, written, alarms]: [f64; 5]| {
        println!("{function:<24}{messages:8.2} {behind:8.2} {row:9.0} {written:13.2} {alarms:8.2}");
    };
    for function in FUNCTIONS {
        let (before, after) = (&before[function], &after[function]);
        let each = |after: u64, before: u64| (after - before) as f64 / f64::from(COUNTED);
        let costs = [
            each(after.sent(), before.sent()),
            each(after.behind, before.behind),
            after.in_a_row as f64,
            each(after.rows_written, before.rows_written),
            each(after.alarms, before.alarms),
        ];
        line(function, costs);
        sum.iter_mut().zip(costs).for_each(|(sum, cost)| *sum += cost);
    }
    line("a download", sum);
}

/// A connection for each call: workerd may close one that it has just answered on.
fn remote(port: u16) -> Remote {
    Remote::with(&format!("http://127.0.0.1:{port}"), None, |client| client.pool_max_idle_per_host(0))
}

fn lab(service: impl Service + 'static, port: u16, client: u32) -> Lab {
    let mut lab = Lab::at(service, &format!("127.0.0.1:{port}"), TOKEN);
    lab.euicc = Euicc::new(&lab.pki, &format!("8904903212345123451234567890{:02}", client % 100));
    lab
}

fn orders(port: u16, count: u32) -> Vec<(String, String)> {
    let lab = lab(remote(port), port, 0);
    (0..count).map(|_| lab.order(json!({}))).collect()
}

fn download(port: u16, clients: u32, orders: Vec<(String, String)>) {
    let share = orders.len().div_ceil(clients as usize);
    std::thread::scope(|scope| {
        for (client, orders) in (0..).zip(orders.chunks(share)) {
            scope.spawn(move || {
                let lab = lab(remote(port), port, client);
                orders.iter().for_each(|(iccid, matching_id)| counting::finish(&lab, iccid, matching_id));
            });
        }
    });
}
