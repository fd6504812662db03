//! Guests, whose orders objects count.

use super::start::{Worker, free_port, is_built};
use super::{EUICCS, SMDS, lab};
use esim_sm_lab::Lab;
use esim_sm_lab::guests::{self, GUESTS, Guest, coming};
use esim_sm_lab::scratch::Scratch;
use serde_json::json;

#[test]
fn guests_are_operators_with_so_many_orders() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-guests");
    let worker =
        Worker::start(free_port(), &folder.0, json!({"GUESTS": GUESTS, "SMDS_ADDRESS": SMDS}), json!({}));
    let lab = Lab { smds: Some(SMDS.into()), ..lab(worker.port, EUICCS[0]) };
    guests::a_guest_is_an_operator(&lab);
    guests::orders_of_guests_are_counted(&lab);
    guests::guests_choose_nothing_of_the_house(&lab);
    let come = || lab.send(coming().with_header("CF-Connecting-IP", "192.0.2.7")).status;
    assert!((0..10).all(|_| come() == 200));
    assert_eq!(come(), 429);
}

/// However many ask at once.
#[test]
fn a_guest_that_orders_many_at_once_has_so_many() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-guest-race");
    let worker = Worker::start(free_port(), &folder.0, json!({"GUESTS": GUESTS}), json!({}));
    let first = lab(worker.port, EUICCS[0]);
    let guest = Guest::new(&first);
    let (port, token, oid, expires) = (worker.port, &guest.token, &guest.oid, guest.expires);
    let made: u64 = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..4u64)
            .map(|lane| {
                scope.spawn(move || {
                    let lab = lab(port, EUICCS[0]);
                    let guest = Guest::known(&lab, oid, token, expires);
                    guest.import(100 + lane * 10, 2)["created"].as_u64().unwrap()
                })
            })
            .collect();
        tries.into_iter().map(|made| made.join().unwrap()).sum()
    });
    assert_eq!((made, guest.sees()), (3, 3));
}
