//! Shares that become two while they serve.

use super::host::Objects;
use super::sim::{Sim, Weather};
use super::{put, spread};
use esim_rsp::es9p::{AuthenticateClientOk, GetBoundProfilePackageOk, PATH};
use esim_sm_edge::settings::{Stored, grow};
use esim_sm_edge::shard::{Answer, Fill, Message, Network, ShardedStore, Sql, Stage, Value, halves};
use esim_sm_edge::{Host, HttpRequest, Store, Vault, block_on};
use esim_sm_lab::{Lab, assert_success, cases, code, success};
use esim_smdp::store::Lookup;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

fn vault() -> Vault {
    Vault::new(&[7; 32])
}

/// Has the share of an order become two, by whoever comes along: it begins with it, or goes on.
pub async fn split(sim: Sim, order: &str) {
    let store = ShardedStore::new(sim.clone());
    // Whoever asks learns where it lies.
    if store.load(&[Lookup::Name(order.into())]).await.is_err() {
        return;
    }
    let share = store.home(order);
    if let Ok(Some(share)) = store.begin_split(&share).await {
        while grow(&store, &vault(), &share, 8).await == Ok(true) {}
    }
}

/// Has all go on that have begun with it, to the end.
pub fn go_on(sim: &Sim) {
    for (share, stage) in sim.shares() {
        if matches!(stage, Stage::Copying | Stage::Frozen | Stage::Moved) {
            let store = ShardedStore::new(sim.elsewhere());
            while block_on(grow(&store, &vault(), &share, 8)).unwrap() {}
        }
    }
}

/// Something that is cut off when it has been gone on with so often.
struct Dying<F>(Pin<Box<F>>, u32);

impl<F: Future<Output = ()>> Future for Dying<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match self.1.checked_sub(1) {
            None => Poll::Ready(()),
            Some(left) => {
                self.1 = left;
                self.0.as_mut().poll(context)
            }
        }
    }
}

fn home(sim: &Sim, iccid: &str) -> String {
    let store = ShardedStore::new(sim.clone());
    block_on(store.load(&[Lookup::Name(format!("order/{iccid}"))])).unwrap();
    store.home(&format!("order/{iccid}"))
}

/// All that the standard and the house can ask for is answered octet for octet as it is where nothing splits, while with each
/// request some shares go on with becoming two.
#[test]
fn the_cases_hold_while_all_shares_split() {
    let lab = Lab::new();
    let sim = Sim::new(31);
    let service = Objects::growing(sim.clone(), lab.host.fork());
    cases::all(&Lab { other: Some(Rc::new(service)), ..lab });
    let split = sim.shares().iter().filter(|(_, stage)| *stage == Stage::Noted).count();
    assert!(split > 40, "{split} shares have become two");
    for table in ["pending", "decision"] {
        assert_eq!(sim.count(table), 0, "{table}");
    }
}

#[test]
fn every_case_is_while_all_shares_split_what_it_is_in_memory() {
    cases::each_over(|host| Objects::growing(Sim::new(32), host));
}

/// An order in each state, found in each way; and an eUICC in the middle of a download.
struct Before {
    lab: Lab,
    sim: Sim,
    offered: AuthenticateClientOk,
    under_way: (String, String),
    own: (String, String),
    by_eid: String,
}

impl Before {
    fn new(seed: u64) -> Self {
        let (sim, lab) = spread(seed);
        let under_way = lab.order(json!({}));
        let offered = lab.offered(&under_way.1);
        let own = lab.order(json!({"matchingId": "OWN"}));
        let (by_eid, _) = lab.order(json!({"eid": lab.euicc.eid, "matchingId": ""}));
        Self { lab, sim, offered, under_way, own, by_eid }
    }

    fn orders(&self) -> [&str; 3] {
        [&self.under_way.0, &self.own.0, &self.by_eid]
    }

    /// All goes on as if nothing had happened.
    fn goes_on(&self) {
        let Self { lab, .. } = self;
        assert_success(&lab.fetch(&self.offered, None));
        let id = &self.offered.transaction_id;
        assert_eq!(lab.notify(lab.euicc.result(id, &self.under_way.0, 1, success())).status, 204);
        let (id, _) = lab.download(&self.own.1);
        assert_eq!(lab.notify(lab.euicc.result(&id, &self.own.0, 2, success())).status, 204);
        let (id, _) = lab.download("");
        assert_eq!(lab.notify(lab.euicc.result(&id, &self.by_eid, 3, success())).status, 204);
        for order in self.orders() {
            assert_eq!(lab.state(order), "Installed");
        }
    }
}

/// Whoever has a share become two dies after any of its messages; what goes on finds all, and another one goes on with it.
#[test]
fn death_at_any_point_of_a_split_loses_nothing() {
    let mut finished = false;
    for polls in 0.. {
        let before = Before::new(33);
        let sim = &before.sim;
        sim.storm(Weather::default());
        for order in before.orders() {
            let (order, sim) = (format!("order/{order}"), sim.elsewhere());
            let work = {
                let sim = sim.clone();
                async move { split(sim, &order).await }
            };
            assert!(sim.wait(Dying(Box::pin(work), polls), 0).is_some());
        }
        let done = sim.shares().iter().filter(|(_, stage)| *stage == Stage::Noted).count();
        // Changes wait until somebody goes on with it, and reading does not.
        for order in before.orders() {
            assert!(["Released", "Downloaded"].contains(&&*before.lab.state(order)), "{polls}");
        }
        let frozen: Vec<_> = sim.shares().into_iter().filter(|it| it.1 == Stage::Frozen).collect();
        for (share, _) in &frozen {
            let store = ShardedStore::new(sim.elsewhere());
            let (share, vault) = (share.clone(), vault());
            sim.start(async move { while grow(&store, &vault, &share, 1).await == Ok(true) {} });
        }
        before.goes_on();
        sim.calm();
        go_on(sim);
        for order in before.orders() {
            assert_eq!(before.lab.state(order), "Installed", "{polls}");
        }
        if done == 3 {
            finished = true;
            break;
        }
    }
    assert!(finished);
}

/// Requests of any kind while a share becomes two, step by step, and changes wait now and then: none fails.
#[test]
fn requests_and_splits_pass_each_other() {
    for seed in 0..40 {
        let before = Before::new(100 + seed);
        let sim = &before.sim;
        sim.storm(Weather::default());
        for order in before.orders() {
            let (sim, order, late) = (sim.elsewhere(), format!("order/{order}"), sim.chance(120));
            sim.clone().start(async move {
                for _ in 0..late {
                    sim.pause(1).await;
                }
                split(sim.clone(), &order).await;
                split(sim, &order).await;
            });
        }
        before.goes_on();
        sim.calm();
        go_on(sim);
        before.orders().iter().for_each(|order| assert_eq!(before.lab.state(order), "Installed", "{seed}"));
    }
}

/// Who knows an early layout is told with each message how it went on, and the settings say so before anybody asks.
#[test]
fn a_stale_layout_is_learned_from_the_shares_and_from_the_settings() {
    let before = Before::new(34);
    let (sim, iccid) = (&before.sim, &before.own.0);
    for _ in 0..3 {
        block_on(split(sim.elsewhere(), &format!("order/{iccid}")));
    }
    let fresh = sim.elsewhere();
    let count = |sim: &Sim| {
        sim.0.sent.set(0);
        let share = home(sim, iccid);
        (share.len() - "orders:".len(), sim.0.sent.get())
    };
    assert_eq!((count(&fresh), count(&fresh)), ((11, 4), (11, 1)), "told three times, and never again");
    let noted = block_on(Stored::load(&ShardedStore::new(sim.elsewhere()), before.lab.host.vault())).unwrap();
    assert_eq!(noted.layout.split().count(), 3);
    let told = sim.elsewhere();
    *told.layout().borrow_mut() = noted.layout;
    assert_eq!(count(&told), (11, 1));
    // By name and by order alike; and none that there is not.
    let stale = ShardedStore::new(sim.elsewhere());
    let share = stale.home(&format!("order/{iccid}"));
    assert_eq!(block_on(stale.begin_split(&share)), Ok(None), "it has split");
    assert_eq!(block_on(stale.begin_split("orders:0101010101")), Ok(None));
    let begun = block_on(stale.begin_split_of(&iccid.parse().unwrap())).unwrap().unwrap();
    assert_eq!(begun.len(), "orders:".len() + 11);
    before.goes_on();
}

/// A half takes nothing that is older than what it has, and serves nobody before it has been opened.
#[test]
fn a_half_takes_nothing_that_comes_late() {
    let sim = Sim::new(35);
    let half = "orders:000000001";
    let fill = |n, open, gone: &[&str]| {
        let gone = gone.iter().map(|name| (*name).to_string()).collect();
        let fill = Fill { share: half.into(), n, rows: Vec::new(), paces: Vec::new(), gone, open };
        block_on(sim.send(half, &Message::Fill(fill)))
    };
    assert_eq!(fill(4, false, &[]), Ok(Answer::Done));
    let load = Message::Load { names: vec!["order/1".into()], entries: Vec::new() };
    let served = || sim.look(half, |object| object.answer(&load));
    assert!(served().unwrap_err().to_string().contains("filled"));
    assert_eq!(fill(6, true, &[]), Ok(Answer::Done));
    assert!(matches!(served(), Ok(Answer::Loaded(_))));
    // One that was on its way for long.
    assert_eq!(fill(5, false, &["order/1"]), Ok(Answer::Done));
    assert!(matches!(served(), Ok(Answer::Loaded(_))), "it serves still");
    // Nothing is written over what a share has of its own.
    block_on(ShardedStore::new(sim.clone()).commit(&[put("order/89", 0, &[1], &[])])).unwrap();
    let whole = "orders:11001101";
    let (rows, paces, gone) = (Vec::new(), Vec::new(), vec!["order/89".into()]);
    let fill = Fill { share: whole.into(), n: 1, rows, paces, gone, open: true };
    assert!(sim.look(whole, |object| object.answer(&Message::Fill(fill))).is_err());
}

/// Tries of an order are counted on where it lies now.
#[test]
fn what_has_been_used_up_stays_so() {
    let sim = Sim::new(36);
    block_on(ShardedStore::new(sim.clone()).commit(&[put("order/89", 0, &[1], &[])])).unwrap();
    let rate = esim_sm_edge::Rate { burst: 1, per_minute: 1 };
    let take = |share: &str| {
        let take = Message::take("order/M", rate, 100);
        block_on(sim.send(share, &take)).unwrap()
    };
    assert_eq!(take("orders:11001101"), Answer::Wait(0));
    block_on(split(sim.clone(), "order/89"));
    assert_eq!(take("orders:11001101"), Answer::Moved);
    assert_eq!(take(&home(&sim, "89")), Answer::Wait(60));
}

/// Large rows and many go by as many messages as they need.
#[test]
fn a_large_share_is_copied_in_pages() {
    let sim = Sim::new(37);
    let store = ShardedStore::new(sim.clone());
    let body = vec![9; 100_000];
    // All in one share: the ICCIDs are tried.
    let names = (0..20_000).map(|n| format!("order/{n}"));
    let of_one: Vec<_> = names.filter(|name| store.home(name) == "orders:00000001").collect();
    assert!(of_one.len() > 60);
    for (at, name) in of_one.iter().enumerate() {
        let alias = format!("code/{at}");
        block_on(store.commit(&[put(name, 0, if at < 8 { &body } else { &[1] }, &[(&alias, true)])]))
            .unwrap();
    }
    assert_eq!(block_on(store.begin_split("orders:00000001")), Ok(Some("orders:00000001".into())));
    let mut steps = 0;
    while block_on(store.split("orders:00000001", 1)).unwrap() != Stage::Moved {
        steps += 1;
    }
    assert!(steps > 6, "{steps}");
    block_on(store.note_split("orders:00000001")).unwrap();
    let stale = ShardedStore::new(sim.elsewhere());
    for (at, name) in of_one.iter().enumerate() {
        for lookup in [Lookup::Name(name.clone()), super::by_alias(&format!("code/{at}"), 9)] {
            let rows = block_on(stale.load(&[lookup])).unwrap();
            assert_eq!(rows.len(), 1, "{name}");
            assert_eq!(rows[0].body.len(), if at < 8 { body.len() } else { 1 });
        }
    }
    let rows = |share: &str| sim.copy(share).len();
    let [left, right] = halves("orders:00000001").unwrap().map(|half| rows(&half));
    assert_eq!((rows("orders:00000001"), left + right), (0, of_one.len()));
    assert!(left > 10 && right > 10, "{left} and {right}");
}

/// A pointer whose session is lost leads to none, and the order is there for another.
#[test]
fn a_pointer_without_its_session_leads_to_none() {
    let before = Before::new(38);
    let share = home(&before.sim, &before.under_way.0);
    let lost = before.sim.look(&share, |object| {
        object.sql().query("DELETE FROM record WHERE name LIKE 'session/%' RETURNING 1", Vec::new()).unwrap()
    });
    assert_eq!(lost, [[Value::Integer(1)]]);
    assert_eq!(code(&before.lab.fetch(&before.offered, None)), "8.10.1/3.9");
    before.lab.download(&before.under_way.1);
    assert_eq!(before.lab.state(&before.under_way.0), "Downloaded");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    /// In a storm, with splits that die: an order is downloaded by whoever tries often enough, and lies in one share.
    #[test]
    fn a_download_gets_through_storms_and_splits(
        seed in any::<u64>(),
        (lost, unanswered, late) in (0u8..6, 0u8..6, 0u8..6),
    ) {
        let (sim, lab) = (Sim::new(seed), Lab::with(|config| config.limits.download_attempts = 10_000));
        let lab = Lab { other: Some(Rc::new(Objects::new(sim.clone(), lab.host.fork()))), ..lab };
        let (iccid, matching_id) = lab.order(json!({}));
        let order = format!("order/{iccid}");
        sim.storm(Weather { lost, unanswered, late });
        let splits = || {
            if sim.chance(3) == 0 {
                let (sim, order, polls) = (sim.elsewhere(), order.clone(), sim.chance(60));
                sim.clone().start(Dying(Box::pin(async move { split(sim, &order).await }), polls));
            }
        };
        let mut downloaded = None;
        for _ in 0..300 {
            splits();
            let authenticate = lab.euicc.authenticate(&lab.initiate(), &matching_id, |_| {});
            let Some(offered) = tried::<AuthenticateClientOk>(&lab, "authenticateClient", &authenticate) else { continue };
            splits();
            let prepare = lab.euicc.prepare(&offered, None, |_| {});
            if tried::<GetBoundProfilePackageOk>(&lab, "getBoundProfilePackage", &prepare).is_some() {
                downloaded = Some(offered.transaction_id);
                break;
            }
        }
        let id = downloaded.expect("a profile");
        let result = lab.euicc.result(&id, &iccid, 1, success());
        let mut tries = (0..100).map(|_| {
            splits();
            lab.notify(result.clone()).status
        });
        prop_assert_eq!(tries.find(|status| *status == 204), Some(204));
        sim.calm();
        go_on(&sim);
        prop_assert_eq!(lab.state(&iccid), "Installed");
        let has = |share: &str| sim.copy(share).iter().any(|row| row[0] == Value::Text(order.clone()));
        let shares = sim.shares().into_iter().filter(|(share, stage)| *stage == Stage::Whole && has(share));
        prop_assert_eq!(shares.count(), 1);
    }
}

/// What a function answers, if it succeeds.
fn tried<T: DeserializeOwned>(lab: &Lab, function: &str, request: &impl Serialize) -> Option<T> {
    let answer =
        lab.send(HttpRequest::post(format!("{PATH}{function}"), serde_json::to_vec(request).unwrap()));
    serde_json::from_slice(&answer.body).ok().filter(|_| answer.status == 200)
}
