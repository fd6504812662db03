//! What a download costs on the worker's runtime: `cargo bench -p esim-sm-edge --bench worker`, behind
//! `scripts/build-worker.sh`. Prints CPU of `workerd` per request and complete downloads per second.
//!
//! `ESIM_LAB_DOWNLOADS` (400) and `ESIM_LAB_CLIENTS` (4) say how many.

#[path = "../../tests/src/worker.rs"]
#[allow(missing_docs, dead_code, reason = "it is the tests'")]
mod start;

use esim_rsp::es9p::GetBoundProfilePackageOk;
use esim_sm_lab::scratch::Scratch;
use esim_sm_lab::{Euicc, Lab, Remote, assert_success, success};
use serde_json::json;
use start::{TOKEN, Worker, free_port};
use std::time::{Duration, Instant};

/// initiateAuthentication, authenticateClient, getBoundProfilePackage, handleNotification.
const REQUESTS: u32 = 4;

fn number(name: &str, usual: u32) -> u32 {
    std::env::var(name).map_or(usual, |text| text.parse().expect(name))
}

fn main() {
    let (downloads, clients) = (number("ESIM_LAB_DOWNLOADS", 400), number("ESIM_LAB_CLIENTS", 4));
    let folder = Scratch::new("worker-bench");
    let worker = Worker::start(free_port(), &folder.0, json!({}), json!({}));
    let port = worker.port;
    // What is there already, so that the index is not empty; and the runtime has compiled what is hot.
    run(port, 1, clients.max(20));
    let cpu = worker.cpu();
    let orders = orders(port, downloads);
    let ordering = worker.cpu() - cpu;
    let cpu = worker.cpu();
    let start = Instant::now();
    download(port, clients, orders);
    let (elapsed, cpu) = (start.elapsed(), worker.cpu() - cpu);
    let each = |time: Duration, count: u32| time.as_secs_f64() * 1000.0 / f64::from(count);
    println!("ordering    {:.2} ms CPU per order (3 requests)", each(ordering, downloads));
    println!("downloading {downloads} times, {clients} at once");
    println!("            {:.1} downloads per second", f64::from(downloads) / elapsed.as_secs_f64());
    println!(
        "            {:.2} ms CPU per download, {:.2} per request",
        each(cpu, downloads),
        each(cpu, downloads * REQUESTS)
    );
}

fn lab(port: u16, client: u32) -> Lab {
    let address = format!("127.0.0.1:{port}");
    // A connection for each call: workerd may close one that it has just answered on.
    let remote = Remote::with(&format!("http://{address}"), None, |client| client.pool_max_idle_per_host(0));
    let mut lab = Lab::at(remote, &address, TOKEN);
    lab.euicc = Euicc::new(&lab.pki, &format!("8904903212345123451234567890{:02}", client % 100));
    lab
}

fn orders(port: u16, count: u32) -> Vec<(String, String)> {
    let lab = lab(port, 0);
    (0..count).map(|_| lab.order(json!({}))).collect()
}

fn run(port: u16, clients: u32, count: u32) {
    download(port, clients, orders(port, count));
}

fn download(port: u16, clients: u32, orders: Vec<(String, String)>) {
    let share = orders.len().div_ceil(clients as usize);
    std::thread::scope(|scope| {
        for (client, orders) in (0..).zip(orders.chunks(share)) {
            scope.spawn(move || {
                let lab = lab(port, client);
                for (iccid, matching_id) in orders {
                    let answer = lab.fetch(&lab.offered(matching_id), None);
                    assert_success(&answer);
                    let ok: GetBoundProfilePackageOk = serde_json::from_value(answer).expect("a package");
                    let result = lab.euicc.result(&ok.transaction_id, iccid, 1, success());
                    assert_eq!(lab.notify(result).status, 204);
                }
            });
        }
    });
}
