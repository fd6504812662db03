//! Records over many objects: what every store does, and that a commit is seen
//! whole or not at all wherever messages are lost and coordinators die.

mod host;
mod known;
mod lite;
mod settings;
mod sim;

use esim_crypto::{Curve, PrivateKey};
use esim_rsp::es9p::PATH;
use esim_sm_edge::shard::{Message, Network, ShardedStore, Sql};
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{Admittance, Caller, CommitError, HttpRequest, Rate, Store, Vault, block_on};
use esim_sm_lab::{Lab, cases};
use esim_smdp::Operator;
use esim_smdp::store::{Alias, Change, Lookup, Row};
use proptest::prelude::*;
use sim::{Sim, Weather};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

fn put(name: &str, expected: u64, body: &[u8], aliases: &[(&str, bool)]) -> Change {
    Change::Put {
        name: name.into(),
        expected,
        body: body.into(),
        aliases: aliases
            .iter()
            .map(|(name, unique)| Alias { name: (*name).into(), unique: *unique })
            .collect(),
        expires: name.starts_with("session").then_some(10),
        due: None,
    }
}

fn by_alias(alias: &str, limit: u32) -> Lookup {
    Lookup::Alias { alias: alias.into(), after: String::new(), limit }
}

/// The index has neither EIDs nor owners: whoever looks for them gets orders as they come.
#[test]
fn orders_are_found_over_many_objects() {
    let host = Lab::new().host.with_store(ShardedStore::new(Sim::new(11)));
    esim_sm_lab::search::orders_are_found(&host);
}

/// Earlier versions had matchingIds and eventIds in clear: objects are written anew one by one, and found until then.
#[test]
fn what_is_left_in_clear_is_found_and_disguised_when_it_is_written() {
    let store = ShardedStore::new(Sim::new(7));
    let vault = Vault::new(&[1; 32]).with_clear_names();
    let commit = |changes: &[Change]| block_on(store.commit(changes));
    let sealed = |name: &str| vault.seal_body(name, b"a record").unwrap();
    let order = put("order/1", 0, &sealed("order/1"), &[("matching/OLD", true)]);
    let event = put("event/E/OLD", 0, &sealed("event/E/OLD"), &[("events/E", false)]);
    commit(&[order]).unwrap();
    commit(&[event]).unwrap();
    let found = |lookup: Lookup| -> Vec<Row> {
        block_on(store.load(&vault.lookups(lookup)))
            .unwrap()
            .into_iter()
            .map(|row| vault.open(row).unwrap())
            .collect()
    };
    let [row] = &found(by_alias("matching/OLD", 1))[..] else { panic!("one order") };
    assert_eq!((row.name.as_str(), &row.body[..]), ("order/1", &b"a record"[..]));
    let [event] = &found(Lookup::Name("event/E/OLD".into()))[..] else { panic!("one event") };

    let again = put(&row.name, row.revision, &row.body, &[("matching/OLD", true)]);
    commit(&[vault.seal(again).unwrap()]).unwrap();
    assert_eq!(found(by_alias("matching/OLD", 1)).len(), 1);
    assert_eq!(block_on(store.load(&[by_alias("matching/OLD", 1)])).unwrap(), [], "not in clear any more");
    // An event keeps its name as long as it is there; a new one is disguised.
    commit(&[vault.seal(Change::Delete { name: event.name.clone(), expected: event.revision }).unwrap()])
        .unwrap();
    let new = put("event/E/OLD", 0, b"a record", &[("events/E", false)]);
    commit(&[vault.seal(new).unwrap()]).unwrap();
    assert_eq!(found(Lookup::Name("event/E/OLD".into())).len(), 1);
    assert_eq!(block_on(store.load(&[Lookup::Name("event/E/OLD".into())])).unwrap(), []);
}

/// As `sqlite_keeps_revisions_and_aliases`.
#[test]
fn it_keeps_revisions_and_aliases() {
    let store = ShardedStore::new(Sim::new(1));
    let commit = |changes: &[Change]| block_on(store.commit(changes));
    let names = |lookup: Lookup| -> Vec<String> {
        let rows = block_on(store.load(&[lookup])).unwrap();
        let mut names: Vec<_> = rows.into_iter().map(|row| row.name).collect();
        names.sort();
        names
    };
    let alias = |name: &str| names(by_alias(name, 9));
    let put = |name: &str, expected, alias: &str, unique| put(name, expected, &[1], &[(alias, unique)]);

    commit(&[put("order/1", 0, "m/A", true), put("order/2", 0, "type/x", false)]).unwrap();
    assert_eq!(commit(&[put("order/1", 0, "m/A", true)]), Err(CommitError::Conflict));
    // All or none: the first change must not stay.
    let half = [put("order/3", 0, "type/x", false), put("order/4", 0, "m/A", true)];
    assert_eq!(commit(&half), Err(CommitError::Conflict));
    assert_eq!(alias("type/x"), ["order/2"]);
    commit(&[put("order/1", 1, "type/x", false)]).unwrap();
    assert_eq!(alias("type/x"), ["order/1", "order/2"]);
    assert_eq!(names(by_alias("type/x", 1)).len(), 1);
    assert!(alias("m/A").is_empty());

    commit(&[put("session/1", 0, "s/1", false), put("package/2", 0, "p", false)]).unwrap();
    let range = |after: &str, limit| Lookup::Range { prefix: "order/".into(), after: after.into(), limit };
    assert_eq!(names(range("", 9)), ["order/1", "order/2"]);
    assert_eq!(names(range("", 1)), ["order/1"]);
    assert_eq!(names(range("order/1", 9)), ["order/2"]);
    assert_eq!(alias("s/1"), ["session/1"]);
    let stale = Change::Delete { name: "order/2".into(), expected: 7 };
    assert_eq!(commit(&[stale]), Err(CommitError::Conflict));
    // Another coordinator, which has not loaded what it deletes.
    let other = ShardedStore::new(store.network().clone());
    block_on(other.commit(&[Change::Delete { name: "order/2".into(), expected: 1 }])).unwrap();
    assert_eq!(names(range("", 9)), ["order/1"]);
    assert_eq!(alias("type/x"), ["order/1"]);
    assert_eq!(names(Lookup::Name("package/2".into())), ["package/2"]);
}

#[test]
fn the_objects_are_those_of_the_table() {
    let sim = Sim::new(2);
    let store = ShardedStore::new(sim.clone());
    let changes = [
        put("order/89", 0, &[1], &[("matching/A", true)]),
        put("package/89", 0, &[2], &[]),
        put("session/AB", 0, &[3], &[("default/1", false)]),
    ];
    block_on(store.commit(&changes)).unwrap();
    assert_eq!(sim.look("order:89", |object| object.due(0).unwrap()), [""; 0]);
    assert_eq!(sim.look("session:AB", |object| object.wake_at().unwrap()), Some(10));
    assert_eq!(sim.look("session:AB", |object| object.expired(9).unwrap()), [""; 0]);
    assert_eq!(sim.look("session:AB", |object| object.expired(10).unwrap()), ["session/AB"]);
    assert!(!sim.look("session:AB", |object| object.is_over(10).unwrap()));
    block_on(store.forget("session/AB")).unwrap();
    assert!(sim.look("session:AB", |object| object.is_over(10).unwrap()));
    assert_eq!(block_on(store.load(&[by_alias("default/1", 9)])).unwrap(), []);
    assert!(!sim.look("order:89", |object| object.is_over(u64::MAX >> 1).unwrap()));
    for table in ["pending", "touch", "decision"] {
        assert_eq!(sim.count(table), 0, "{table}");
    }
}

#[test]
fn the_cases_hold_over_many_objects() {
    let lab = Lab::new();
    let sim = Sim::new(6);
    let service = host::Objects::new(sim.clone(), lab.host.fork());
    cases::all(&Lab { other: Some(std::rc::Rc::new(service)), ..lab });
    for table in ["pending", "touch", "decision"] {
        assert_eq!(sim.count(table), 0, "{table}");
    }
}

/// Those too that need a clock, another configuration or a network, each with objects of its own.
#[test]
fn every_case_is_over_many_objects_what_it_is_in_memory() {
    cases::each_over(|host| host::Objects::new(Sim::new(7), host));
}

/// Nobody reads or changes what is another's, as in memory and natively (`wall`).
#[test]
fn the_wall_between_operators_stands_over_many_objects() {
    use proptest::test_runner::{Config, TestRunner};
    let lab = Lab::with(|config| {
        config.smds = Some(cases::smds(None));
        esim_sm_lab::wall::introduce(config);
    });
    let site = host::Objects::new(Sim::new(8), lab.host.fork());
    let wall = esim_sm_lab::wall::Wall::build(&site, &lab.token, esim_sm_lab::ADDRESS, esim_sm_lab::NOW);
    let config = Config { cases: 60, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let octets = proptest::collection::vec(any::<u8>(), 1..200);
    let tried = TestRunner::new(config).run(&octets, |octets| {
        wall.check(&site, &octets);
        Ok(())
    });
    tried.unwrap();
}

#[test]
fn who_asks_for_what_never_was_leaves_nothing() {
    let sim = Sim::new(3);
    let store = ShardedStore::new(sim.clone());
    let lookups = [Lookup::Name("session/none".into()), by_alias("matching/none", 1)];
    assert_eq!(block_on(store.load(&lookups)).unwrap(), []);
    let tables = sim.look("session:none", |object| object.wake_at().unwrap());
    assert_eq!((tables, sim.count("sqlite_master")), (None, 0));
}

#[test]
fn a_download_takes_few_messages() {
    let sim = Sim::new(4);
    let store = ShardedStore::new(sim.clone());
    block_on(store.commit(&[put("order/1", 0, &[1], &[("matching/A", true)])])).unwrap();
    block_on(store.commit(&[put("session/1", 0, &[1], &[])])).unwrap();
    // As authenticateClient: the session, the order behind an alias, both written.
    sim.0.sent.set(0);
    let store = ShardedStore::new(sim.clone());
    block_on(store.load(&[Lookup::Name("session/1".into()), by_alias("matching/A", 1)])).unwrap();
    let changes = [put("order/1", 1, &[2], &[("matching/A", true)]), put("session/1", 1, &[2], &[])];
    block_on(store.commit(&changes)).unwrap();
    // Load session, index, order; prepare, commit; and, with nobody waiting, finish and forget.
    assert_eq!(sim.0.sent.get(), 7);
}

#[test]
fn a_limiter_is_exact_and_forgets() {
    let sim = Sim::new(5);
    let take = |now| block_on(sim.send("limit:a", &Message::take(Rate { burst: 2, per_minute: 30 }, now)));
    let waits: Vec<_> = [100, 100, 100, 102, 102].map(|now| format!("{:?}", take(now).unwrap())).into();
    assert_eq!(waits, ["Wait(0)", "Wait(0)", "Wait(2)", "Wait(0)", "Wait(2)"]);
    assert_eq!(sim.look("limit:a", |object| object.wake_at().unwrap()), Some(106));
    assert!(sim.look("limit:a", |object| object.is_over(106).unwrap()));
}

/// LPAs are let in, as long as it is not an order that they try; nobody else is, whatever his credential.
#[test]
fn a_limiter_that_fails_lets_nobody_try_a_credential() {
    let every = Some(Rate { burst: 100, per_minute: 100 });
    let admittance =
        Admittance { per_source: every, per_operator: every, per_order: every, ..Admittance::OPEN };
    let key = PrivateKey::from_bytes(Curve::P256, &[1; 32]).unwrap();
    let lab = Lab::with(|config| {
        let (oid, token_key) = ("2.999.1".into(), Some(key.public_key()));
        config.operators = vec![Operator { oid, callback: None, token_key, certificates: Vec::new() }];
    });
    let sim = Sim::new(8);
    let service = host::Objects::new(sim.clone(), lab.host.fork().with_admittance(admittance));
    let lab = Lab { other: Some(Rc::new(service)), ..lab };
    let aud = lab.address.clone();
    let token = sign(
        &Claims { iss: "2.999.1".into(), aud, iat: esim_sm_lab::NOW, exp: esim_sm_lab::NOW + 600 },
        &key,
    );
    let from_afar = |request: HttpRequest| {
        let caller = Caller { source: Some("192.0.2.1".into()), certificate: None };
        lab.send(HttpRequest { caller, ..request })
    };
    let list = |token: &str| from_afar(HttpRequest::get("/esim-lab/orders").with_token(token)).status;
    let all = |lab: &Lab| [list(&token), list("wrong"), list(&lab.token)];
    assert_eq!(all(&lab), [200, 401, 200]);
    let (offer, body) = (lab.initiate(), serde_json::to_vec(&lab.euicc.initiate(&lab.address)).unwrap());
    sim.take_down("limit:");
    assert_eq!(all(&lab), [503, 503, 200], "the house is not counted");
    let answer = from_afar(HttpRequest::get("/esim-lab/orders").with_token("wrong"));
    assert!(answer.header("Retry-After").is_some() && answer.header("WWW-Authenticate").is_none());
    let es9 = |function: &str, body: Vec<u8>| from_afar(HttpRequest::post(format!("{PATH}{function}"), body));
    assert_eq!(es9("initiateAuthentication", body).status, 200);
    let guess = serde_json::to_vec(&lab.euicc.authenticate(&offer, "GUESS", |_| {})).unwrap();
    assert_eq!(es9("authenticateClient", guess).status, 503);
}

/// A record that cannot be read costs that order alone.
#[test]
fn a_damaged_order_hides_no_other() {
    let (sim, lab) = (Sim::new(9), Lab::new());
    let service = host::Objects::new(sim.clone(), lab.host.fork());
    let lab = Lab { other: Some(Rc::new(service)), ..lab };
    let [first, second] = [(), ()].map(|()| lab.order(serde_json::json!({})).0);
    sim.look(&format!("order:{first}"), |object| {
        object.sql().query("UPDATE record SET body = X'00' WHERE name LIKE 'order/%'", Vec::new()).unwrap()
    });
    let list = lab.send(HttpRequest::get("/esim-lab/orders").with_token(&lab.token));
    let listed = String::from_utf8(list.body).unwrap();
    assert!(list.status == 200 && listed.contains(&second) && !listed.contains(&first), "{listed}");
}

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

fn read(store: &ShardedStore<Sim>, lookup: Lookup) -> Vec<Row> {
    block_on(store.load(&[lookup])).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_commit_is_seen_whole_or_not_at_all(
        seed in any::<u64>(),
        work in proptest::collection::vec((0usize..SETS.len(), 0usize..ROWS.len(), 0usize..ROWS.len()), 1..24),
        (lost, unanswered, late) in (0u8..12, 0u8..12, 0u8..12),
        deadly in 0u32..40,
    ) {
        let sim = Sim::new(seed);
        let attempts = Attempts::default();
        sim.storm(Weather { lost, unanswered, late });
        let mut work = work.into_iter();
        loop {
            if sim.chance(4) == 0 && let Some((set, a, b)) = work.next() {
                sim.start(append(sim.clone(), set, attempts.clone()));
                sim.start(watch(sim.clone(), (a, b), attempts.clone()));
            }
            if !sim.step(deadly) && work.len() == 0 {
                break;
            }
        }
        sim.calm();
        let store = ShardedStore::new(sim.clone());
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
        prop_assert_eq!(sim.count("touch"), 0, "something is still locked");
    }
}
