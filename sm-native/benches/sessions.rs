//! Memory of the native host under sessions of every end, for as long as one likes:
//! `ESIM_LAB_MINUTES=60 cargo bench -p esim-sm-native --bench sessions`.
//!
//! `ESIM_LAB_RATE` (60) sessions begin each second, each on a connection of its own and by a card of its own. Of ten,
//! six are downloads, and one each is left after its first step, left after its second, refused, and cancelled. What
//! the server holds is shown ten times on the way; it is flat if the last half of the time adds next to nothing.

#[path = "load/client.rs"]
mod client;
#[path = "load/process.rs"]
mod process;

use client::{Orders, download, lab, number, remote};
use esim_rsp::es10b::CancelSessionReason;
use esim_sm_lab::scratch::Scratch;
use esim_sm_lab::{Euicc, Lab, assert_success, code};
use process::{Server, Settings};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Threads of the driver.
const CLIENTS: u32 = 4;
/// How often the server is looked at.
const SLICES: u32 = 10;
/// Sessions after which the driver begins anew with the kinds of their ends, and how many of them need an order.
const KINDS: u32 = 10;
const WITH_ORDER: u32 = 8;

fn main() {
    if process::serve_if_told() {
        return;
    }
    let (minutes, rate) = (number("ESIM_LAB_MINUTES", 1), number("ESIM_LAB_RATE", 60));
    let folder = Scratch::new("sessions-bench");
    let server = Server::start(&folder.0, Settings::default());
    println!("sessions    {rate} a second for {minutes} min");
    let slice = Duration::from_secs(60) * minutes / SLICES;
    let (mut begun, mut imported) = (0, 0_u64);
    for done in 1..=SLICES {
        let count = (slice.as_secs_f64() * f64::from(rate)) as u32 / KINDS * KINDS;
        let needed = u64::from(count / KINDS * WITH_ORDER);
        let orders = Orders::import(&server, imported, needed);
        imported += needed;
        drive(&server, &orders, begun..begun + count, slice / count);
        begun += count;
        println!(
            "            after {:>3.0} min, {begun} sessions: memory {} kB, files {} kB, {:.3} ms server CPU a session",
            (slice * done).as_secs_f64() / 60.0,
            server.rss() >> 10,
            server.disk() >> 10,
            server.cpu().all().as_secs_f64() * 1e3 / f64::from(begun),
        );
    }
}

/// Begins these sessions, one each `pause`.
fn drive(server: &Server, orders: &Orders, numbers: std::ops::Range<u32>, pause: Duration) {
    let (next, start) = (AtomicU32::new(numbers.start), Instant::now());
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut lab = lab(server, 0);
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if !numbers.contains(&number) {
                        return;
                    }
                    let due = start + pause * (number - numbers.start);
                    thread::sleep(due.saturating_duration_since(Instant::now()));
                    lab.other = Some(Rc::new(remote(server)));
                    lab.euicc = Euicc::new(&lab.pki, &format!("89049032123451234512{number:010}"));
                    session(&lab, number % KINDS, orders);
                }
            });
        }
    });
}

/// One session, with the end that its number says.
fn session(lab: &Lab, kind: u32, orders: &Orders) {
    let order = || orders.take(1).remove(0);
    match kind {
        0 => {
            lab.initiate();
        }
        1 => assert_eq!(code(&lab.authenticate(&lab.initiate(), "NOT-AN-ORDER")), "8.2.6/3.8"),
        2 => {
            lab.offered(&order().1);
        }
        3 => {
            let id = lab.offered(&order().1).transaction_id;
            let request = lab.euicc.cancel(&id, CancelSessionReason::endUserRejection, esim_sm_lab::OID);
            assert_success(&lab.es9("cancelSession", &request));
        }
        _ => {
            let (iccid, matching_id) = order();
            download(lab, &iccid, &matching_id);
        }
    }
}
