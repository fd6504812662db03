//! Records over many objects: what every store does, and that a commit is seen
//! whole or not at all wherever messages are lost and coordinators die.

#[cfg(feature = "copies")]
mod backup;
mod crowd;
mod earlier;
mod host;
mod lite;
mod settings;
mod sim;
mod split;
mod stock;
mod storm;

use esim_crypto::{Curve, PrivateKey};
use esim_rsp::es9p::{AuthenticateClientOk, InitiateAuthenticationOk, PATH};
use esim_sm_edge::shard::{Answer, Message, Network, ShardedStore, Sql, Value, object_of};
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{Admittance, Caller, CommitError, HttpRequest, Rate, Store, Vault, block_on};
use esim_sm_lab::{Lab, NOW, assert_success, cases, code, subscriber, success};
use esim_smdp::Operator;
use esim_smdp::store::{Alias, Change, Lookup, Row};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use sim::Sim;
use std::collections::BTreeSet;
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
    let sim = Sim::new(7);
    sim.0.has_earlier.set(true);
    let store = ShardedStore::new(sim);
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
    // SHA-256 of `89` begins with CD, FNV-1a of `AB` ends so.
    let (orders, session) = ("orders:11001101", "sessions:95");
    assert_eq!((object_of("order/89"), object_of("session/AB")), (orders.into(), session.into()));
    assert_eq!(sim.look(orders, |object| object.due(0).unwrap()), [""; 0]);
    assert_eq!(sim.look(session, |object| object.wake_at(9).unwrap()), Some(3600));
    assert_eq!(sim.look(session, |object| object.expired(9).unwrap()), [""; 0]);
    assert_eq!(sim.look(session, |object| object.expired(10).unwrap()), ["session/AB"]);
    assert!(!sim.look(session, |object| object.is_over(10).unwrap()));
    block_on(store.forget("session/AB")).unwrap();
    assert!(sim.look(session, |object| object.is_over(10).unwrap()));
    assert_eq!(block_on(store.load(&[by_alias("default/1", 9)])).unwrap(), []);
    assert!(!sim.look(orders, |object| object.is_over(u64::MAX >> 1).unwrap()));
    for table in ["pending", "decision"] {
        assert_eq!(sim.count(table), 0, "{table}");
    }
}

#[test]
fn the_cases_hold_over_many_objects() {
    let lab = Lab::new();
    let sim = Sim::new(6);
    let service = host::Objects::new(sim.clone(), lab.host.fork());
    cases::all(&Lab { other: Some(std::rc::Rc::new(service)), ..lab });
    for table in ["pending", "decision"] {
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
    let tables = sim.look(&object_of("session/none"), |object| object.wake_at(0).unwrap());
    assert_eq!((tables, sim.count("sqlite_master")), (None, 0));
}

/// What each function of a download costs, by each way to find its order. Messages are what the platform is paid for, and
/// each is one more way to wait for.
#[test]
fn a_download_takes_few_messages() {
    let (sim, lab) = spread(4);
    let ways = [
        (json!({}), "drawn", [0, 2, 2, 1]),
        (json!({"matchingId": "OWN"}), "own", [0, 3, 2, 1]),
        (json!({"eid": lab.euicc.eid, "matchingId": ""}), "by EID", [0, 3, 2, 3]),
    ];
    for (order, way, expected) in ways {
        let (iccid, matching_id) = lab.order(order);
        let sent = |call: &mut dyn FnMut()| {
            sim.0.sent.set(0);
            call();
            sim.0.sent.get()
        };
        let (mut offer, mut answer, mut result) = (None, Json::Null, None);
        let messages = [
            sent(&mut || offer = Some(lab.initiate())),
            sent(&mut || answer = lab.authenticate(offer.as_ref().unwrap(), &matching_id)),
            sent(&mut || answer = lab.fetch(&serde_json::from_value(answer.take()).unwrap(), None)),
            sent(&mut || {
                let id = serde_json::from_value(answer["transactionId"].clone()).unwrap();
                result = Some(lab.notify(lab.euicc.result(&id, &iccid, 1, success())).status);
            }),
        ];
        assert_eq!((messages, result), (expected, Some(204)), "{way}");
        assert_eq!(lab.state(&iccid), "Installed", "{way}");
    }
}

/// Where an order lies is known before it is asked: what leads to its session may be there without it.
#[test]
fn what_leads_to_a_session_that_has_not_begun_is_in_nobodys_way() {
    let (sim, lab) = spread(21);
    let (_, matching_id) = lab.order(json!({"matchingId": "OWN"}));
    let offer = lab.initiate();
    sim.take_down("orders:");
    assert_eq!(tried(&lab, &offer, &matching_id), 500);
    sim.bring_up();
    // It leads to a place where there is no such session.
    let unknown = AuthenticateClientOk {
        transaction_id: offer.transaction_id.clone(),
        ..lab.offered(&lab.order(json!({})).1)
    };
    assert_eq!(code(&lab.fetch(&unknown, None)), "8.10.1/3.9");
    // And to the one that begins there all the same.
    let offered = lab.authenticate(&offer, &matching_id);
    assert_success(&lab.fetch(&serde_json::from_value(offered).unwrap(), None));
}

/// A session to which nothing leads is over; its order is not.
#[test]
fn a_session_to_which_nothing_leads_is_over_and_its_order_is_not() {
    let (sim, lab) = spread(22);
    let (iccid, matching_id) = lab.order(json!({}));
    let offer = lab.initiate();
    sim.take_down("sessions:");
    assert_eq!(tried(&lab, &offer, &matching_id), 500);
    sim.bring_up();
    assert_eq!(code(&lab.authenticate(&offer, &matching_id)), "8.10.1/3.9");
    assert_eq!(lab.show(&iccid)["downloadAttempts"], 1);
    lab.download(&matching_id);
    assert_eq!(lab.state(&iccid), "Downloaded");
}

/// Whoever has one eUICC sign twice in one session gets one order.
#[test]
fn a_transaction_id_leads_to_one_order() {
    for own in [json!({}), json!({"matchingId": "OWN"})] {
        let (sim, lab) = spread(23);
        let (first, second) = (lab.order(own), lab.order(json!({})));
        let offer = lab.initiate();
        assert_success(&lab.authenticate(&offer, &first.1));
        // It is known as long as a notification may come late.
        let pointer = sim.copy(&object_of(&format!("session/{}", offer.transaction_id)));
        assert_eq!(pointer[0][2], Value::Integer(i64::try_from(NOW).unwrap() + 86_400));
        assert_eq!(code(&lab.authenticate(&offer, &second.1)), "8.10.1/3.9");
    }
}

/// An operator may have given a matchingId of the form of those that are drawn: it is found by the index.
#[test]
fn a_matching_id_that_looks_as_if_it_was_drawn_is_found() {
    let (_, lab) = spread(24);
    let given = "DBV9-HHHHH-HHHHH-HHHHH-HHHHH";
    let (iccid, _) = lab.order(json!({"matchingId": given}));
    let answer = lab.authenticate(&lab.initiate(), "DBV9-HHHHH-HHHHH-HHHHH-HHHHJ");
    assert_eq!(code(&answer), "8.2.6/3.8");
    let (id, _) = lab.download(given);
    assert_eq!(lab.notify(lab.euicc.result(&id, &iccid, 1, success())).status, 204);
    assert_eq!(lab.state(&iccid), "Installed");
    // It is one of two orders' only.
    let (another, drawn) = lab.order(json!({}));
    assert_ne!(another, iccid);
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let reserved = lab.operator("/esim-lab/provision", json!({"subscriber": subscriber()}));
    let iccid = &reserved["iccid"];
    assert_success(&lab.es2("downloadOrder", json!({"header": header, "iccid": iccid})));
    for taken in [given, &drawn] {
        let confirm = json!({"header": header, "iccid": iccid, "releaseFlag": true, "matchingId": taken});
        assert_eq!(code(&lab.es2("confirmOrder", confirm)), "8.2.6/3.3", "{taken}");
    }
}

/// authenticateClient, whatever comes of it.
fn tried(lab: &Lab, offer: &InitiateAuthenticationOk, matching_id: &str) -> u16 {
    let body = serde_json::to_vec(&lab.euicc.authenticate(offer, matching_id, |_| {})).unwrap();
    lab.send(HttpRequest::post(format!("{PATH}authenticateClient"), body)).status
}

/// The service over objects, each function where its order lies.
fn spread(seed: u64) -> (Sim, Lab) {
    let (sim, lab) = (Sim::new(seed), Lab::new());
    let service = host::Objects::new(sim.clone(), lab.host.fork());
    (sim.clone(), Lab { other: Some(Rc::new(service)), ..lab })
}

#[test]
fn a_limiter_is_exact_and_forgets() {
    let sim = Sim::new(5);
    let take =
        |now| block_on(sim.send("limit:a", &Message::take("a", Rate { burst: 2, per_minute: 30 }, now)));
    let waits: Vec<_> = [100, 100, 100, 102, 102].map(|now| format!("{:?}", take(now).unwrap())).into();
    assert_eq!(waits, ["Wait(0)", "Wait(0)", "Wait(2)", "Wait(0)", "Wait(2)"]);
    assert_eq!(sim.look("limit:a", |object| object.wake_at(102).unwrap()), Some(3600));
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

/// That somebody did not answer is told apart from others' changes, of which there were none.
#[test]
fn a_failed_commit_keeps_its_cause() {
    let sim = Sim::new(10);
    let store = ShardedStore::new(sim.clone());
    let new = [put("order/1", 0, &[1], &[("matching/A", true)])];
    sim.take_down("index:");
    assert_eq!(block_on(store.commit(&new)), Err(CommitError::Conflict));
    assert_eq!(store.cause().map(|fault| fault.to_string()).as_deref(), Some("down"));
    sim.bring_up();
    block_on(store.commit(&new)).unwrap();
    assert_eq!(store.cause(), None);
    assert_eq!(block_on(store.commit(&new)), Err(CommitError::Conflict));
    assert_eq!(store.cause(), None, "somebody was faster");
}

/// A record that cannot be read costs that order alone.
#[test]
fn a_damaged_order_hides_no_other() {
    let (sim, lab) = (Sim::new(9), Lab::new());
    let service = host::Objects::new(sim.clone(), lab.host.fork());
    let lab = Lab { other: Some(Rc::new(service)), ..lab };
    let [first, second] = [(), ()].map(|()| lab.order(serde_json::json!({})).0);
    let name = format!("order/{first}");
    sim.look(&object_of(&name), |object| {
        let damage = format!("UPDATE record SET body = X'00' WHERE name = '{name}'");
        object.sql().query(&damage, Vec::new()).unwrap()
    });
    let list = lab.send(HttpRequest::get("/esim-lab/orders").with_token(&lab.token));
    let list: Json = serde_json::from_slice(&list.body).unwrap();
    assert_eq!((list["orders"].as_array().unwrap().len(), &list["orders"][0]["iccid"]), (1, &json!(second)));
    assert_eq!(list["missing"], json!([name]));
}

/// A list says what of it cannot be had, and nothing of it is passed over by whoever goes through page by page.
#[test]
fn a_list_says_what_is_missing() {
    let (sim, lab) = spread(31);
    let mut iccids: Vec<String> = (0..12).map(|_| lab.order(json!({})).0).collect();
    iccids.sort();
    let get = |path: &str| lab.send(HttpRequest::get(path).with_token(&lab.token));
    let pages = |query: &str| {
        let (mut orders, mut missing, mut after) = (Vec::new(), BTreeSet::new(), String::new());
        loop {
            let answer = get(&format!("/esim-lab/orders?limit=5{query}{after}"));
            assert_eq!(answer.status, 200);
            let page: Json = serde_json::from_slice(&answer.body).unwrap();
            let text = |value: &Json| value.as_str().unwrap().to_string();
            orders.extend(page["orders"].as_array().unwrap().iter().map(|order| text(&order["iccid"])));
            missing.extend(page["missing"].as_array().into_iter().flatten().map(text));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return (orders, missing),
            }
        }
    };
    assert_eq!(pages(""), (iccids.clone(), BTreeSet::new()));
    // One share does not answer.
    let share = object_of(&format!("order/{}", iccids[3]));
    let is_here = |iccid: &String| object_of(&format!("order/{iccid}")) == share;
    let others: Vec<_> = iccids.iter().filter(|iccid| !is_here(iccid)).cloned().collect();
    sim.take_down(share.clone().leak());
    assert_eq!(pages(""), (others.clone(), BTreeSet::from([share.clone()])));
    // Whoever else goes through all of them is not told less than there is.
    for path in ["/esim-lab/report", "/esim-lab/audit"] {
        assert_eq!(get(path).status, 500, "{path}");
    }
    sim.bring_up();
    // One is lost: its operator, and whoever else is one, does not learn which.
    sim.lose(&share);
    let lost: BTreeSet<_> = iccids.iter().filter(|it| is_here(it)).map(|it| format!("order/{it}")).collect();
    assert_eq!(pages(""), (others.clone(), lost));
    assert_eq!(pages("&requester=2.999.1"), (others, BTreeSet::from(["order".into()])));
    // One object of the index.
    sim.take_down("index:3");
    let (listed, missing) = pages("");
    assert!(listed.len() < 12 && missing.contains("index:3"), "{listed:?} {missing:?}");
    for all in ["orders:", "index:"] {
        sim.take_down(all);
        assert_eq!(get("/esim-lab/orders").status, 500, "{all}");
    }
}

fn read(store: &ShardedStore<Sim>, lookup: Lookup) -> Vec<Row> {
    block_on(store.load(&[lookup])).unwrap()
}

/// What another version has written is refused as such, and not read as far as it is understood.
#[test]
fn messages_of_another_version_are_refused() {
    let longer = |octets: Vec<u8>| [&octets[..], &[1]].concat();
    let forget = Message::Forget { tx: [7; 16] };
    assert!(Message::from_octets(&longer(forget.to_octets().unwrap())).is_err(), "a longer message");
    assert!(Answer::from_octets(&longer(Answer::Done.to_octets().unwrap())).is_err(), "a longer answer");
    let mut other = Message::Forget { tx: [7; 16] }.to_octets().unwrap();
    other[0] += 1;
    let refused = Message::from_octets(&other).unwrap_err().to_string();
    assert!(refused.contains("version"), "{refused}");
}
