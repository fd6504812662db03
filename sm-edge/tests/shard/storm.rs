//! A commit is seen whole or not at all, wherever messages are lost, coordinators die and shares become two.

use super::sim::{Sim, Weather};
use super::{by_alias, put, read, split};
use esim_sm_edge::shard::ShardedStore;
use esim_sm_edge::{CommitError, Store};
use esim_smdp::store::{Lookup, Row};
use proptest::prelude::*;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// One attempt to append a number to some rows, and what came of it.
#[derive(Clone, Debug)]
struct Attempt {
    rows: BTreeSet<String>,
    /// What its coordinator learned, if it lived to learn it.
    outcome: Option<Result<(), CommitError>>,
}

const ROWS: [&str; 6] = ["order/1", "order/2", "session/1", "session/2", "session/3", "package/1"];
/// Which rows are written together.
const SETS: [&[usize]; 6] = [&[0, 2], &[0, 3], &[0, 1, 4], &[1, 4], &[0, 5], &[2]];

type Attempts = Rc<RefCell<Vec<Attempt>>>;

async fn append(sim: Sim, set: usize, attempts: Attempts) {
    // Some have heard of no split.
    let sim = if sim.chance(2) == 0 { sim.elsewhere() } else { sim };
    let store = ShardedStore::new(sim.clone());
    let names: Vec<&str> = SETS[set].iter().map(|i| ROWS[*i]).collect();
    let lookups: Vec<_> = names.iter().map(|name| Lookup::Name((*name).into())).collect();
    let Ok(rows) = store.load(&lookups).await else { return };
    let number = {
        let mut attempts = attempts.borrow_mut();
        let rows = names.iter().map(|name| (*name).to_string()).collect();
        attempts.push(Attempt { rows, outcome: None });
        u8::try_from(attempts.len() - 1).unwrap()
    };
    let holder = sim.chance(3) == 0;
    let changes: Vec<_> = names
        .iter()
        .map(|name| {
            let row = rows.iter().find(|row| row.name == *name);
            let body: Vec<u8> = row.iter().flat_map(|row| row.body.clone()).chain([number]).collect();
            let last = format!("last/{name}/{number}");
            // Many want the one alias, and give it up again.
            let unique: &[(&str, bool)] =
                if holder && name.starts_with("order") { &[("only", true)] } else { &[] };
            let shared: &[(&str, bool)] = &[("type/x", false), (&last, false)];
            put(name, row.map_or(0, |row| row.revision), &body, &[unique, shared].concat())
        })
        .collect();
    let outcome = store.commit(&changes).await;
    attempts.borrow_mut()[usize::from(number)].outcome = Some(outcome);
}

/// Reads one row and then another: what is in the first and was written to both is in the second.
async fn watch(sim: Sim, pair: (usize, usize), attempts: Attempts) {
    let (first, second) = (ROWS[pair.0], ROWS[pair.1]);
    let store = ShardedStore::new(sim);
    let Ok(a) = store.load(&[Lookup::Name(first.into())]).await else { return };
    let Ok(b) = store.load(&[Lookup::Name(second.into())]).await else { return };
    let body = |rows: Vec<Row>| rows.into_iter().next().map(|row| row.body).unwrap_or_default();
    let (a, b) = (body(a), body(b));
    for number in a {
        if attempts.borrow()[usize::from(number)].rows.contains(second) {
            assert!(b.contains(&number), "{number} is in {first} and not in {second}: {b:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_commit_is_seen_whole_or_not_at_all(
        seed in any::<u64>(),
        work in proptest::collection::vec((0usize..SETS.len(), 0usize..ROWS.len(), 0usize..ROWS.len()), 1..24),
        (lost, unanswered, late) in (0u8..12, 0u8..12, 0u8..12),
        deadly in 0u32..40,
        splits in 0u32..12,
    ) {
        let sim = Sim::new(seed);
        let attempts = Attempts::default();
        sim.storm(Weather { lost, unanswered, late });
        let (mut work, crew) = (work.into_iter(), Rc::new(()));
        loop {
            if sim.chance(4) == 0 && let Some((set, a, b)) = work.next() {
                sim.start(append(sim.clone(), set, attempts.clone()));
                sim.start(watch(sim.clone(), (a, b), attempts.clone()));
            }
            if sim.chance(100) < splits && Rc::strong_count(&crew) < 3 {
                let (sim, order, member) = (sim.clone(), ROWS[sim.chance(2) as usize], crew.clone());
                sim.clone().start(async move {
                    split::split(sim.elsewhere(), order).await;
                    drop(member);
                });
            }
            if !sim.step(deadly) && work.len() == 0 {
                break;
            }
        }
        sim.calm();
        if sim.chance(2) == 0 {
            split::go_on(&sim);
        }
        let store = ShardedStore::new(sim.elsewhere());
        let rows: BTreeMap<&str, Row> = ROWS
            .into_iter()
            .filter_map(|name| Some((name, read(&store, Lookup::Name(name.into())).into_iter().next()?)))
            .collect();
        for (number, Attempt { rows: named, outcome }) in attempts.borrow().iter().enumerate() {
            let number = u8::try_from(number).unwrap();
            let times = |name: &str| {
                rows.get(name).map_or(0, |row| row.body.iter().filter(|n| **n == number).count())
            };
            let there = named.iter().filter(|name| times(name) == 1).count();
            prop_assert!(named.iter().all(|name| times(name) <= 1), "{number} twice");
            prop_assert!(there == 0 || there == named.len(), "{number} in {there} of {named:?}");
            match outcome {
                Some(Ok(())) => prop_assert_eq!(there, named.len(), "{} was done and is not there", number),
                Some(Err(CommitError::Conflict)) => prop_assert_eq!(there, 0, "{} was refused and is there", number),
                Some(Err(CommitError::Fault(_))) | None => {}
            }
        }
        // The index is what the rows say.
        let of = |alias: &str| -> BTreeSet<String> {
            read(&store, by_alias(alias, 99)).into_iter().map(|row| row.name).collect()
        };
        prop_assert_eq!(of("type/x").len(), rows.len());
        prop_assert!(of("only").len() <= 1);
        for (name, row) in &rows {
            prop_assert_eq!(row.revision, row.body.len() as u64);
            for number in &row.body {
                let found = of(&format!("last/{name}/{number}"));
                prop_assert_eq!(found.contains(*name), row.body.last() == Some(number));
            }
        }
        let listed = read(&store, Lookup::Range { prefix: "order/".into(), after: String::new(), limit: 9 });
        let orders = rows.keys().filter(|name| name.starts_with("order/")).count();
        prop_assert_eq!(listed.len(), orders);
        // Whatever has been asked for is settled.
        for number in 0..attempts.borrow().len() {
            for name in ROWS {
                of(&format!("last/{name}/{number}"));
            }
        }
        prop_assert_eq!(sim.count("pending"), 0, "something is still locked");
    }
}
