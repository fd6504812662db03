//! Profiles in stock, as very many want them at the same time.

use super::host::Objects;
use super::sim::{Sim, Weather};
use super::{by_alias, put, read};
use esim_sm_edge::shard::{Answer, Leased, Message, Network, ShardedStore, Sql, Value, object_of};
use esim_sm_edge::{HttpRequest, Store, block_on};
use esim_sm_lab::{Lab, assert_success, code, subscriber};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

const SOLD_OUT: &str = "8.2.5/3.7";
const UNKNOWN: &str = "8.2.5/3.9";

struct Shop {
    sim: Sim,
    lab: Lab,
    service: Rc<Objects>,
}

impl Shop {
    fn new(seed: u64) -> Self {
        let (sim, lab) = (Sim::new(seed), Lab::new());
        let service = Rc::new(Objects::new(sim.clone(), lab.host.fork()));
        Self { sim, lab: Lab { other: Some(service.clone()), ..lab }, service }
    }

    /// The same from another instance.
    fn elsewhere(&self) -> Self {
        let (sim, lab) = (self.sim.elsewhere(), Lab::new());
        let service = Rc::new(Objects::new(sim.clone(), self.lab.host.fork()));
        Self { sim, lab: Lab { other: Some(service.clone()), ..lab }, service }
    }

    fn provide(&self) -> String {
        let request = json!({"subscriber": subscriber(), "profileType": "stock"});
        self.lab.operator("/esim-lab/provision", request)["iccid"].as_str().unwrap().into()
    }

    fn buy(&self) -> Json {
        self.lab.es2("downloadOrder", json!({"profileType": "stock"}))
    }

    /// So many at once: which profiles were had, and what the others were told.
    fn rush(&self, count: usize, weather: Weather) -> (Vec<String>, Vec<String>) {
        let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"});
        let body = json!({"header": header, "profileType": "stock"}).to_string();
        let answers = Rc::<RefCell<Vec<(u16, Vec<u8>)>>>::default();
        self.sim.storm(weather);
        for _ in 0..count {
            let answers = answers.clone();
            let request = HttpRequest::post("/gsma/rsp2/es2plus/downloadOrder", body.clone());
            self.service.start(request.with_token(&self.lab.token), move |answer| {
                answers.borrow_mut().push((answer.status, answer.body));
            });
        }
        while self.sim.step(0) {}
        self.sim.calm();
        let (mut had, mut told) = (Vec::new(), Vec::new());
        for (status, body) in answers.take() {
            let body: Json = serde_json::from_slice(&body).unwrap_or_default();
            match (status, body["iccid"].as_str()) {
                (200, Some(iccid)) => had.push(iccid.into()),
                (200, None) => told.push(code(&body)),
                (status, _) => told.push(status.to_string()),
            }
        }
        (had, told)
    }
}

fn distinct(had: &[String]) -> usize {
    had.iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn very_many_who_want_one_profile_each_get_another() {
    let shop = Shop::new(51);
    for _ in 0..64 {
        shop.provide();
    }
    shop.sim.0.sent.set(0);
    let (had, told) = shop.rush(64, Weather::default());
    assert_eq!((distinct(&had), told), (64, Vec::new()));
    let each = shop.sim.0.sent.get() / 64;
    assert!(each < 30, "{each} messages each");
    assert_eq!(code(&shop.buy()), SOLD_OUT);
}

#[test]
fn who_comes_too_late_is_told_that_nothing_is_left() {
    let shop = Shop::new(52);
    for _ in 0..8 {
        shop.provide();
    }
    let (had, told) = shop.rush(40, Weather::default());
    assert_eq!((distinct(&had), told), (8, vec![SOLD_OUT.to_string(); 32]));
}

/// A stock whose only order has lost its storage is an empty one, and says so without asking for it again.
#[test]
fn a_missing_order_is_not_in_stock() {
    let shop = Shop::new(41);
    let lost = shop.provide();
    shop.sim.lose(&object_of(&format!("order/{lost}")));
    assert_eq!(code(&shop.buy()), UNKNOWN);
    assert_eq!(in_index(&shop.sim, "available/stock"), BTreeSet::new());
    assert_eq!(in_index(&shop.sim, "type/stock"), BTreeSet::new());
    let next = shop.provide();
    assert_eq!(shop.buy()["iccid"], next);
}

/// What the index says of an order that is not in stock does not put it there.
#[test]
fn an_order_that_is_out_of_stock_is_dropped_there() {
    let shop = Shop::new(42);
    let gone = shop.provide();
    assert_eq!(shop.buy()["iccid"], gone);
    let name = format!("order/{gone}");
    let lane = lane_of(&shop.sim, "type/stock", &name).unwrap();
    shop.sim.look(&lane, |object| {
        let values = vec![Value::Text("available/stock".into()), Value::Text(name.clone())];
        object.sql().query("INSERT INTO alias (alias, name) VALUES (?1, ?2)", values).unwrap()
    });
    let elsewhere = shop.elsewhere();
    assert_eq!(code(&elsewhere.buy()), SOLD_OUT);
    assert_eq!(lane_of(&shop.sim, "available/stock", &name), None);
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let back = json!({"header": header, "iccid": gone, "finalProfileStatusIndicator": "Available"});
    assert_success(&shop.lab.es2("cancelOrder", back));
    assert_eq!(shop.buy()["iccid"], gone);
}

/// Messages to objects: what is in stock costs six and one for each stock that is empty; once that is known, none.
#[test]
fn an_empty_stock_is_remembered_for_a_second() {
    let shop = Shop::new(43);
    let sent = |shop: &Shop| {
        shop.sim.0.sent.set(0);
        let answer = shop.buy();
        (answer["iccid"].as_str().map(String::from), shop.sim.0.sent.get())
    };
    for _ in 0..100 {
        shop.provide();
    }
    // The operator's own stock is empty: all sixteen are asked. Then one gives, and one has the order: it is loaded and
    // committed with the index, which takes four.
    let (first, messages) = sent(&shop);
    assert_eq!((first.is_some(), messages), (true, 16 + 1 + 1 + 4));
    let (second, messages) = sent(&shop);
    assert_eq!((second.is_some(), messages), (true, 1 + 1 + 4));
    for _ in 2..100 {
        shop.buy();
    }
    assert_eq!(code(&shop.buy()), SOLD_OUT);
    // That there are such profiles takes one of them.
    assert_eq!(sent(&shop), (None, 2));
    // What comes into stock here is there at once, elsewhere within a second.
    let elsewhere = shop.elsewhere();
    assert_eq!(code(&elsewhere.buy()), SOLD_OUT);
    let next = shop.provide();
    assert_eq!(code(&elsewhere.buy()), SOLD_OUT);
    block_on(shop.sim.pause(1000));
    assert_eq!(elsewhere.buy()["iccid"], next);
}

/// Somebody who was given the last one and is seen no more keeps it from nobody for long.
#[test]
fn what_is_not_taken_is_given_again() {
    let shop = Shop::new(44);
    let only = shop.provide();
    let name = format!("order/{only}");
    let lane = lane_of(&shop.sim, "available/stock", &name).unwrap();
    let now = shop.sim.now();
    let lease = |now| {
        let message = Message::Lease { alias: "available/stock".into(), take: true, now };
        let Answer::Leased(leased) = block_on(shop.sim.send(&lane, &message)).unwrap() else { panic!() };
        (leased.name, leased.is_out)
    };
    assert_eq!(lease(now), (Some(name.clone()), false));
    assert_eq!(lease(now), (None, true));
    assert_eq!(lease(now + 2999), (None, true));
    // Neither does a clock that is wrong.
    assert_eq!(lease(now + 1_000_000), (Some(name.clone()), false));
    assert_eq!(lease(now), (Some(name), false));
    assert_eq!(shop.buy()["iccid"], only);
    assert!((now + 3000..now + 5000).contains(&shop.sim.now()));
}

#[test]
fn who_asks_for_stock_that_never_was_leaves_nothing() {
    let sim = Sim::new(45);
    assert_eq!(block_on(ShardedStore::new(sim.clone()).load(&[by_alias("available/x", 1)])).unwrap(), []);
    assert_eq!(sim.count("sqlite_master"), 0);
    let lease = Message::Lease { alias: "available/x".into(), take: true, now: 0 };
    assert_eq!(block_on(sim.send("index:0", &lease)).unwrap(), Answer::Leased(Leased::default()));
}

fn in_index(sim: &Sim, alias: &str) -> BTreeSet<String> {
    let lanes = (0..16).map(|lane| format!("index:{lane}"));
    lanes.flat_map(|lane| in_lane(sim, &lane, alias)).collect()
}

fn in_lane(sim: &Sim, lane: &str, alias: &str) -> Vec<String> {
    let entries = esim_sm_edge::shard::Entries { alias: alias.into(), after: String::new(), limit: 999 };
    let message = Message::Load { names: Vec::new(), entries: vec![entries] };
    let Answer::Loaded(loaded) = block_on(sim.send(lane, &message)).unwrap() else { panic!("{lane}") };
    loaded.names.into_iter().flatten().collect()
}

fn lane_of(sim: &Sim, alias: &str, name: &str) -> Option<String> {
    let mut lanes = (0..16).map(|lane| format!("index:{lane}"));
    lanes.find(|lane| in_lane(sim, lane, alias).iter().any(|known| known == name))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is lost, nobody gets what another has got, and nothing is lost for those who come later.
    #[test]
    fn nobody_gets_what_another_has(
        seed in any::<u64>(),
        stock in 1usize..24,
        wanted in 1usize..32,
        (lost, unanswered, late) in (0u8..12, 0u8..12, 0u8..12),
    ) {
        let shop = Shop::new(seed);
        for _ in 0..stock {
            shop.provide();
        }
        let (had, _) = shop.rush(wanted, Weather { lost, unanswered, late });
        prop_assert_eq!(distinct(&had), had.len());
        let taken = shop.reserved();
        prop_assert!(had.iter().all(|iccid| taken.contains(iccid)));
        for _ in taken.len()..stock {
            assert_success(&shop.buy());
        }
        prop_assert_eq!(code(&shop.buy()), SOLD_OUT);
    }

    /// Orders go out of stock and come back while others look for them and mend what they find wrong.
    #[test]
    fn mending_loses_nothing(
        seed in any::<u64>(),
        work in proptest::collection::vec((0usize..6, any::<bool>()), 1..40),
        (lost, unanswered, late) in (0u8..12, 0u8..12, 0u8..12),
        deadly in 0u32..20,
    ) {
        let sim = Sim::new(seed);
        let name = |at: usize| format!("order/{at}");
        let aliases = |is_in: bool| [("type/x", false), ("available/x", false)][..1 + usize::from(is_in)].to_vec();
        for at in 0..6 {
            block_on(ShardedStore::new(sim.clone()).commit(&[put(&name(at), 0, &[1], &aliases(at % 2 == 0))])).unwrap();
        }
        // One order is lost, and stays in the index.
        sim.lose(&object_of(&name(5)));
        sim.storm(Weather { lost, unanswered, late });
        let wrong = Rc::new(Cell::new(false));
        for (at, is_in) in work {
            let (here, name, aliases) = (sim.clone(), name(at), aliases(is_in));
            sim.start(async move {
                let store = ShardedStore::new(here);
                let Ok(rows) = store.load(&[esim_smdp::store::Lookup::Name(name.clone())]).await else { return };
                if let Some(row) = rows.first() {
                    let _ = store.commit(&[put(&name, row.revision, &[1], &aliases)]).await;
                }
            });
            let (there, wrong) = (sim.elsewhere(), wrong.clone());
            sim.start(async move {
                let store = ShardedStore::new(there);
                for lookup in [by_alias("available/x", 1), by_alias("type/x", 3)] {
                    let found = store.load(&[lookup]).await.unwrap_or_default();
                    wrong.set(wrong.get() || found.iter().any(|row| row.name == "order/5"));
                }
            });
            while sim.chance(4) != 0 && sim.step(deadly) {}
        }
        while sim.step(deadly) {}
        sim.calm();
        prop_assert!(!wrong.get(), "an order that was lost");
        let store = ShardedStore::new(sim.elsewhere());
        let there = read(&store, by_alias("available/x", 99));
        let there: BTreeSet<_> = there.into_iter().map(|row| row.name).collect();
        let in_stock = |name: &String| {
            let rows = sim.copy(&object_of(name));
            rows.iter().any(|row| {
                let (Value::Text(row_name), Value::Blob(aliases)) = (&row[0], &row[5]) else { panic!("{row:?}") };
                row_name == name && String::from_utf8_lossy(aliases).contains("available/x")
            })
        };
        let borne: BTreeSet<_> = (0..5).map(name).filter(in_stock).collect();
        prop_assert_eq!(there, borne);
        let of_type = read(&store, by_alias("type/x", 99)).len();
        prop_assert_eq!(of_type, 5);
    }
}

impl Shop {
    /// Whose profiles are out of stock.
    fn reserved(&self) -> BTreeSet<String> {
        let list = self.lab.send(HttpRequest::get("/esim-lab/orders").with_token(&self.lab.token));
        let list: Json = serde_json::from_slice(&list.body).unwrap();
        let orders = list["orders"].as_array().unwrap().iter();
        let out = orders.filter(|order| order["state"] != "Available");
        out.map(|order| order["iccid"].as_str().unwrap().into()).collect()
    }
}
