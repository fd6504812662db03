//! What functions may cost in messages.

use super::counting::{Counted, FUNCTIONS, Seen, Way, download};
use super::start::{TOKEN, Worker, free_port, is_built};
use super::{EUICCS, lab, remote};
use esim_sm_edge::HttpRequest;
use esim_sm_lab::Lab;
use esim_sm_lab::scratch::Scratch;
use serde_json::json;

/// The most messages that one call may send, behind its answer too. It is lowered where a call sends fewer.
const BUDGET: [(Way, [u64; FUNCTIONS.len()]); 3] = [
    (Way::Drawn, [4, 3, 1, 0, 2, 2, 1]),
    (Way::Own, [4, 3, 4, 0, 3, 2, 1]),
    (Way::Eid, [4, 3, 3, 0, 3, 2, 3]),
];
/// The most messages of a function of ES9+ that wait for each other.
const IN_A_ROW: u64 = 2;
/// The functions of ES2+ and the operator's interface stand first.
const ORDERING: usize = 3;

/// Two aliases may lie in the same object of the index, and take one message fewer then: not in all of so many downloads.
const DOWNLOADS: u32 = 6;

#[test]
fn no_function_sends_more_messages_than_it_may() {
    if !is_built() {
        return;
    }
    let mut wrong = Vec::new();
    for (way, allowed) in BUDGET {
        let seen = seen(way);
        for (function, allowed) in FUNCTIONS.into_iter().zip(allowed) {
            let found = seen.most.get(function).copied().unwrap_or_default();
            if found > allowed {
                wrong.push(format!("{way:?}: {function} sends {found} messages, {allowed} are allowed"));
            }
            let row = seen.sums[function].in_a_row;
            if row > IN_A_ROW && FUNCTIONS[ORDERING..].contains(&function) {
                wrong.push(format!("{way:?}: {function} waits for {row} messages, one after the other"));
            }
            let calls = seen.sums[function].calls;
            assert_eq!(calls, u64::from(DOWNLOADS), "calls of {function}");
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What downloads have cost.
fn seen(way: Way) -> Seen {
    let folder = Scratch::new("worker-budget");
    let worker = Worker::start(free_port(), &folder.0, json!({"COUNT": "on"}), json!({}));
    let (counted, seen) = Counted::new(remote(worker.port), TOKEN);
    let lab = lab(worker.port, EUICCS[0]);
    let lab = Lab { other: Some(std::rc::Rc::new(counted)), ..lab };
    download(&lab, way, 0..DOWNLOADS);
    seen.take()
}

#[test]
fn costs_are_told_to_the_house_where_they_are_counted() {
    if !is_built() {
        return;
    }
    for (count, house, other) in [("on", 200, 401), ("", 404, 401)] {
        let folder = Scratch::new("worker-costs");
        let worker = Worker::start(free_port(), &folder.0, json!({"COUNT": count}), json!({}));
        let lab = lab(worker.port, EUICCS[0]);
        let status = |token| lab.send(HttpRequest::get("/esim-lab/costs").with_token(token)).status;
        assert_eq!((status(TOKEN), status("another")), (house, other), "COUNT is {count:?}");
    }
}
