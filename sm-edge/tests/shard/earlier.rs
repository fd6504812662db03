//! What the first layout has left: each order in an object of its own, each session in another. `layout-1.json` is what the
//! last version that had it left in its objects after a few orders and a download, table by table.

use super::host::Objects;
use super::sim::{Sim, Weather};
use super::{by_alias, put};
use esim_sm_edge::settings::{Stored, move_in};
use esim_sm_edge::shard::{ShardedStore, Sql, Value, index_object_of};
use esim_sm_edge::{CommitError, HttpRequest, Store, Vault, block_on};
use esim_sm_lab::{Lab, assert_success, code, success};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;
use std::rc::Rc;

const LAYOUT_1: &str = include_str!("layout-1.json");
/// As all versions have made them that had `touch` beside them: what a commit under way touches.
const PENDING_1: &str =
    "CREATE TABLE pending (tx BLOB PRIMARY KEY, state BLOB NOT NULL, parts BLOB NOT NULL)";
const TOUCH_1: [&str; 2] = [
    "CREATE TABLE touch (key TEXT NOT NULL, tx BLOB NOT NULL, lock INTEGER NOT NULL,
       PRIMARY KEY (key, tx)) WITHOUT ROWID",
    "CREATE INDEX touch_tx ON touch (tx)",
];
/// As that version has made them.
const SCHEMA_1: [&str; 7] = [
    "CREATE TABLE record (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, expires INTEGER,
       due INTEGER, tx BLOB NOT NULL, aliases BLOB NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE alias (
       alias TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (alias, name)) WITHOUT ROWID",
    PENDING_1,
    TOUCH_1[0],
    TOUCH_1[1],
    "CREATE TABLE decision (tx BLOB PRIMARY KEY, committed INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE bucket (
       id INTEGER PRIMARY KEY, level INTEGER NOT NULL, at INTEGER NOT NULL, full_at INTEGER NOT NULL)",
];

struct Earlier {
    sim: Sim,
    lab: Lab,
    fixture: Json,
}

impl Earlier {
    /// The service of today over what was left.
    fn new() -> Self {
        let fixture: Json = serde_json::from_str(LAYOUT_1).unwrap();
        let (sim, lab) = (Sim::new(1), Lab::with(|config| config.limits.order_seconds = Some(1000)));
        for (name, tables) in fixture["objects"].as_object().unwrap() {
            let statements = SCHEMA_1.iter().map(|statement| ((*statement).to_string(), Vec::new()));
            let rows = tables.as_object().unwrap().iter().flat_map(|(table, rows)| {
                rows.as_array().unwrap().iter().map(move |row| insert(table, row.as_array().unwrap()))
            });
            sim.put(name, &statements.chain(rows).collect::<Vec<_>>());
        }
        sim.0.has_earlier.set(true);
        let other = Some(Rc::new(Objects::new(sim.clone(), lab.host.fork())) as Rc<_>);
        Self { sim, lab: Lab { other, ..lab }, fixture }
    }

    fn order(&self, which: &str) -> [&str; 2] {
        [0, 1].map(|at| self.fixture[which][at].as_str().unwrap())
    }

    fn listed(&self) -> usize {
        let list = self.lab.send(HttpRequest::get("/esim-lab/orders").with_token(&self.lab.token));
        serde_json::from_slice::<Json>(&list.body).unwrap()["orders"].as_array().unwrap().len()
    }
}

fn insert(table: &str, row: &[Json]) -> (String, Vec<Value>) {
    let value = |value: &Json| match value {
        Json::Null => Value::Null,
        Json::Number(number) => Value::Integer(number.as_i64().unwrap()),
        Json::String(text) => Value::Text(text.clone()),
        other => Value::Blob(esim_rsp::common::from_hex(other["blob"].as_str().unwrap()).unwrap()),
    };
    let places: Vec<_> = (1..=row.len()).map(|at| format!("?{at}")).collect();
    (format!("INSERT INTO {table} VALUES ({})", places.join(", ")), row.iter().map(value).collect())
}

/// Each is found by whatever it was found by, and moves when somebody asks for it.
#[test]
fn orders_of_the_first_layout_are_had_as_before() {
    let earlier = Earlier::new();
    let lab = &earlier.lab;
    let [drawn, code_of_drawn] = earlier.order("drawn");
    let (id, _) = lab.download(code_of_drawn);
    assert_eq!(lab.notify(lab.euicc.result(&id, drawn, 1, success())).status, 204);
    assert_eq!(lab.state(drawn), "Installed");
    // By EID alone.
    let [by_eid, _] = earlier.order("eid");
    let (id, _) = lab.download("");
    assert_eq!(lab.notify(lab.euicc.result(&id, by_eid, 2, success())).status, 204);
    assert_eq!(lab.state(by_eid), "Installed");
    // The card of one that was downloaded reports what became of it, of a session that nobody knows any more.
    let [downloaded, _] = earlier.order("downloaded");
    assert_eq!(lab.state(downloaded), "Downloaded");
    // The operator's own matchingId is his still, and nobody else's.
    let [own, own_id] = earlier.order("own");
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let stock = earlier.fixture["stock"].as_str().unwrap();
    let reserved = lab.es2("downloadOrder", json!({"header": header, "profileType": "stock"}));
    assert_eq!(reserved["iccid"], stock);
    let confirm = json!({"header": header, "iccid": stock, "releaseFlag": true, "matchingId": own_id});
    assert_eq!(code(&lab.es2("confirmOrder", confirm)), "8.2.6/3.3");
    let cancel = json!({"header": header, "iccid": own, "finalProfileStatusIndicator": "Unavailable"});
    assert_success(&lab.es2("cancelOrder", cancel));
    assert_eq!(earlier.listed(), 5);
    assert_eq!(earlier.sim.rows_in("order:"), 0, "all have moved");
}

/// The house has them moved, page by page; then nobody looks for them any more.
#[test]
fn orders_of_the_first_layout_move_page_by_page() {
    let earlier = Earlier::new();
    let store = ShardedStore::new(earlier.sim.clone());
    assert_eq!(earlier.sim.rows_in("order:"), 15);
    let vault = Vault::new(&[7; 32]);
    let mut left = Vec::new();
    // What comes next is known where the records are: whoever calls cannot pass over one.
    while block_on(move_in(&store, &vault, 2)).unwrap() {
        left.push(earlier.sim.rows_in("order:"));
    }
    assert_eq!((left, earlier.sim.rows_in("order:")), (vec![9, 3], 0));
    assert!(!block_on(Stored::load(&store, &vault)).unwrap().has_earlier);
    earlier.sim.0.has_earlier.set(false);
    assert_eq!(earlier.listed(), 5);
    let [drawn, code_of_drawn] = earlier.order("drawn");
    earlier.lab.download(code_of_drawn);
    assert_eq!(earlier.lab.state(drawn), "Downloaded");
}

/// Whoever dies between writing it anew and taking the old one away leaves both: the new one counts, and the old one goes.
#[test]
fn an_order_that_lies_in_both_layouts_counts_once() {
    let earlier = Earlier::new();
    let [own, _] = earlier.order("own");
    let old = format!("order:{own}");
    let store = ShardedStore::new(earlier.sim.clone());
    let before = earlier.sim.copy(&old);
    block_on(store.adopt(&old)).unwrap();
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let cancel = json!({"header": header, "iccid": own, "finalProfileStatusIndicator": "Unavailable"});
    assert_success(&earlier.lab.es2("cancelOrder", cancel));
    earlier.sim.lose(&old);
    let schema = SCHEMA_1.iter().map(|statement| ((*statement).to_string(), Vec::new()));
    let rows = before.into_iter().map(|row| {
        let places: Vec<_> = (1..=row.len()).map(|at| format!("?{at}")).collect();
        (format!("INSERT INTO record VALUES ({})", places.join(", ")), row)
    });
    earlier.sim.put(&old, &schema.chain(rows).collect::<Vec<_>>());
    block_on(store.adopt(&old)).unwrap();
    assert_eq!(earlier.sim.rows_in("order:"), 12, "the other four");
    assert_eq!(earlier.lab.state(own), "Unavailable");
}

/// A coordinator of that version has died: nobody else gets what it has locked, until it may be taken for dead.
#[test]
fn what_an_earlier_version_has_kept_aside_stays_locked_and_is_finished() {
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        let sim = Sim::new(seed);
        let order = |name: &str| put(name, 0, &[1], &[("imsi/A", true)]);
        let (store, first) = (ShardedStore::new(sim.clone()), order("order/1"));
        sim.storm(Weather::default());
        sim.wait(async move { store.commit(&[first]).await }, 200);
        let index = index_object_of("imsi/A");
        let is_decided = sim.rows_in("orders") > 0;
        if sim.count("pending") != 2 {
            continue;
        }
        sim.look(&index, |object| {
            let statements = [
                "ALTER TABLE pending RENAME TO later",
                PENDING_1,
                TOUCH_1[0],
                TOUCH_1[1],
                "INSERT INTO pending SELECT * FROM later",
                "INSERT INTO touch SELECT 'row order/1', tx, 1 FROM pending",
                "INSERT INTO touch SELECT 'alias imsi/A', tx, 1 FROM pending",
                "DROP TABLE later",
            ];
            statements.iter().for_each(|it| drop(object.sql().query(it, Vec::new()).unwrap()));
            object.forget();
        });
        let (store, second) = (ShardedStore::new(sim.clone()), order("order/2"));
        let refused = sim.wait(async move { store.commit(&[second]).await }, 0);
        assert_eq!(refused, Some(Err(CommitError::Conflict)), "{seed}");
        sim.calm();
        let store = ShardedStore::new(sim.clone());
        let found = block_on(store.load(&[by_alias("imsi/A", 9)])).unwrap();
        assert_eq!(found.len(), usize::from(is_decided), "{seed} {found:?}");
        let then = block_on(store.commit(&[order("order/2")]));
        assert_eq!(then, if is_decided { Err(CommitError::Conflict) } else { Ok(()) });
        let left = "SELECT tx FROM pending UNION ALL SELECT name FROM sqlite_master WHERE name = 'touch'";
        assert_eq!(sim.look(&index, |object| object.sql().query(left, Vec::new()).unwrap()), [[]; 0]);
        seen.insert(is_decided);
    }
    assert_eq!(seen.len(), 2, "it has died before it was decided, and after");
}
