//! What is known to be wrong over many objects, and not mended yet. Each case says what is right and is expected to
//! fail, with the words that it fails with today: one that passes, or fails otherwise, is reported by `should_panic`,
//! and then its mark goes.

use super::host::Objects;
use super::sim::Sim;
use esim_sm_edge::shard::{ShardedStore, object_of};
use esim_sm_edge::{CommitError, Store, block_on};
use esim_sm_lab::{Lab, subscriber};
use esim_smdp::store::{Change, Lookup};
use serde_json::json;
use std::cell::Cell;
use std::rc::Rc;

/// A stock whose only order has lost its storage is an empty one.
#[test]
#[should_panic(expected = "left: 500")]
fn a_missing_order_is_not_in_stock() {
    let sim = Sim::new(41);
    let lab = Lab::new();
    let lab = Lab { other: Some(Rc::new(Objects::new(sim.clone(), lab.host.fork()))), ..lab };
    let request = json!({"subscriber": subscriber(), "profileType": "stock"});
    let lost = lab.operator("/esim-lab/provision", request);
    sim.lose(&object_of(&format!("order/{}", lost["iccid"].as_str().unwrap())));
    // HTTP 200, with the code of the standard.
    lab.es2("downloadOrder", json!({"profileType": "stock"}));
}

/// Whoever wants one order at the same time waits for its turn, and is not sent away.
#[test]
#[should_panic(expected = "came too often too late")]
fn many_at_one_order_all_get_their_turn() {
    const ATTEMPTS: u32 = 16;
    let sim = Sim::new(42);
    let name = "order/1";
    let put = |name: &str, expected| {
        let (name, body) = (name.into(), vec![1]);
        Change::Put { name, expected, body, aliases: Vec::new(), expires: None, due: None }
    };
    block_on(ShardedStore::new(sim.clone()).commit(&[put(name, 0)])).unwrap();
    sim.storm(super::sim::Weather::default());
    let late = Rc::new(Cell::new(0));
    for session in 0..64 {
        let session = format!("session/{session}");
        let (sim_of_one, late) = (sim.clone(), late.clone());
        // As `esim_sm_edge::run` does.
        sim.start(async move {
            let store = ShardedStore::new(sim_of_one);
            for _ in 0..ATTEMPTS {
                let rows = store.load(&[Lookup::Name(name.into())]).await.unwrap();
                match store.commit(&[put(name, rows[0].revision), put(&session, 0)]).await {
                    Ok(()) => return,
                    Err(CommitError::Conflict) => {}
                    Err(CommitError::Fault(fault)) => panic!("{fault}"),
                }
            }
            late.set(late.get() + 1);
        });
    }
    while sim.step(0) {}
    assert_eq!(late.get(), 0, "came too often too late");
}
