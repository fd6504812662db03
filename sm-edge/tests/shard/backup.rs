//! What is kept goes out of one place and into another that has nothing yet, sealed, and serves there as before.

use super::host::Objects;
use super::sim::Sim;
use esim_crypto::{Curve, PrivateKey};
use esim_sm_edge::settings::{Setting, Stored};
use esim_sm_edge::shard::{ShardedStore, Sql, object_of};
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{HttpRequest, HttpResponse, Vault, block_on};
use esim_sm_lab::wall::{Site, Wall, introduce};
use esim_sm_lab::{ADDRESS, Euicc, Lab, NOW, assert_success, cases, code, success};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

const KEY: [u8; 32] = [7; 32];

/// A service over objects that nobody has written to.
struct Place {
    sim: Sim,
    site: Rc<Objects>,
    lab: Lab,
}

impl Place {
    fn new(seed: u64) -> Self {
        Self::sealing_with(seed, Vault::new(&KEY))
    }

    fn sealing_with(seed: u64, vault: Vault) -> Self {
        let lab = Lab::with(|config| {
            config.smds = Some(cases::smds(None));
            introduce(config);
        });
        let sim = Sim::new(seed);
        // As every worker does before it serves.
        block_on(Stored::load(&ShardedStore::new(sim.clone()), &vault)).unwrap();
        let site = Rc::new(Objects::new(sim.clone(), lab.host.fork().with_vault(vault)));
        Self { lab: with_euicc(Lab { other: Some(site.clone()), ..lab }), sim, site }
    }

    fn stored(&self, vault: &Vault) -> Stored {
        block_on(Stored::load(&ShardedStore::new(self.sim.clone()), vault)).unwrap()
    }
}

/// With an eUICC that waits for no order of [`Wall`].
fn with_euicc(lab: Lab) -> Lab {
    Lab { euicc: Euicc::new(&lab.pki, "890490321234512345123456789099"), ..lab }
}

/// All pages, as they come.
fn backup(lab: &Lab) -> Vec<String> {
    let (mut pages, mut after) = (Vec::new(), String::new());
    loop {
        let request = HttpRequest::get(format!("/esim-lab/backup?after={after}")).with_token(&lab.token);
        let response = lab.send(request);
        let page = String::from_utf8(response.body).unwrap();
        assert!(
            response.status == 200 && page.len() <= HttpRequest::PAGE_LIMIT,
            "{} {page}",
            response.status
        );
        let next = serde_json::from_str::<Value>(&page).unwrap()["next"].as_str().map(String::from);
        pages.push(page);
        match next {
            Some(next) => after = next,
            None => return pages,
        }
    }
}

fn post(lab: &Lab, page: &str, token: &str) -> HttpResponse {
    lab.send(HttpRequest::post("/esim-lab/restore", page).with_token(token))
}

/// How many records were written and how many were there, and what was refused.
fn restore(lab: &Lab, pages: &[String]) -> (u64, u64, Vec<Value>) {
    let mut done = (0, 0, Vec::new());
    for page in pages {
        let response = post(lab, page, &lab.token);
        let answer: Value = serde_json::from_slice(&response.body).unwrap();
        assert_eq!(response.status, 200, "{answer}");
        done.0 += answer["restored"].as_u64().unwrap();
        done.1 += answer["known"].as_u64().unwrap();
        done.2.extend(answer["refused"].as_array().unwrap().clone());
    }
    done
}

/// What is wrong with a page.
fn refusal(lab: &Lab, page: &str) -> String {
    let response = post(lab, page, &lab.token);
    let text = String::from_utf8(response.body).unwrap();
    assert_eq!(response.status, 400, "{text}");
    text
}

/// Every record in clear, but for how often the end of its history was written.
fn records(site: &impl Site) -> BTreeMap<String, Value> {
    let mut rows = site.rows();
    for row in rows.values_mut() {
        if let Some(chain) = row["chain"].as_object_mut() {
            chain.remove("heads");
        }
    }
    rows
}

/// What an audit has to say of all histories.
fn findings(lab: &Lab) -> Vec<Value> {
    let audit = lab.send(HttpRequest::get("/esim-lab/audit?limit=500").with_token(&lab.token));
    let audit: Value = serde_json::from_slice(&audit.body).unwrap();
    let histories = audit["histories"].as_array().unwrap();
    assert!(!histories.is_empty() && audit["next"].is_null());
    histories.iter().filter(|history| !history["finding"].is_null()).cloned().collect()
}

fn finish(lab: &Lab, iccid: &str, matching_id: &str) {
    let (id, _) = lab.download(matching_id);
    assert_eq!(lab.notify(lab.euicc.result(&id, iccid, 1, success())).status, 204);
    assert_eq!(lab.state(iccid), "Installed");
}

/// Orders as an eUICC and an operator have them.
struct Orders {
    drawn: (String, String),
    own: (String, String),
    by_eid: (String, String),
    /// It has been fetched, and nothing was heard of it since.
    fetched: (String, String),
    installed: String,
    stock: String,
}

impl Orders {
    fn make(lab: &Lab) -> Self {
        let by_eid = json!({"eid": lab.euicc.eid, "matchingId": ""});
        let [fetched, installed] = [(); 2].map(|()| lab.order(json!({})));
        lab.download(&fetched.1);
        finish(lab, &installed.0, &installed.1);
        let request = json!({"subscriber": esim_sm_lab::subscriber(), "profileType": "kept in stock"});
        let stock = lab.operator("/esim-lab/provision", request)["iccid"].as_str().unwrap().to_string();
        Self {
            drawn: lab.order(json!({})),
            own: lab.order(json!({"matchingId": "KEPT-OWN"})),
            by_eid: lab.order(by_eid),
            fetched,
            installed: installed.0,
            stock,
        }
    }

    /// Everything goes on.
    fn go_on(&self, lab: &Lab) {
        finish(lab, &self.by_eid.0, "");
        finish(lab, &self.drawn.0, &self.drawn.1);
        finish(lab, &self.fetched.0, &self.fetched.1);
        assert_eq!(lab.state(&self.installed), "Installed");
        let reserved = lab.es2("downloadOrder", json!({"profileType": "kept in stock"}));
        assert_eq!(reserved["iccid"], self.stock);
        let confirm = json!({"iccid": self.stock, "releaseFlag": true, "matchingId": "KEPT-OWN"});
        assert_eq!(code(&lab.es2("confirmOrder", confirm)), "8.2.6/3.3", "it is another order's");
        let cancel = json!({"iccid": self.own.0, "finalProfileStatusIndicator": "Unavailable"});
        assert_success(&lab.es2("cancelOrder", cancel));
        assert_eq!(lab.state(&self.own.0), "Unavailable");
        assert_eq!(findings(lab), [] as [Value; 0]);
    }
}

#[test]
fn what_was_kept_serves_elsewhere_as_before() {
    let (from, to) = (Place::new(61), Place::new(62));
    Wall::build(&*from.site, &from.lab.token, ADDRESS, NOW);
    let orders = Orders::make(&from.lab);
    let operators = json!([{"oid": "2.999.1"}, {"oid": "2.999.7"}]).to_string();
    let put = HttpRequest::post("/esim-lab/settings/operators", operators).with_token(&from.lab.token);
    assert_eq!(from.lab.send(put).status, 200);
    let pages = backup(&from.lab);
    assert!(pages.len() > 2 && !pages.concat().contains("KEPT-OWN"), "{} pages", pages.len());
    assert_eq!(findings(&from.lab), [] as [Value; 0]);

    let (restored, known, refused) = restore(&to.lab, &pages);
    assert_eq!((known, refused), (1, Vec::new()), "the mark alone is there");
    let there = records(&*to.site);
    assert_eq!(there, records(&*from.site));
    let packages = there.keys().filter(|name| name.starts_with("package/")).count();
    assert_eq!(usize::try_from(restored).unwrap(), there.len() - packages + 1, "and the operators");
    assert!(there.keys().any(|name| name.starts_with("event/")));
    let list =
        |lab: &Lab| lab.send(HttpRequest::get("/esim-lab/orders?limit=500").with_token(&lab.token)).body;
    assert!(list(&to.lab) == list(&from.lab), "they are listed alike");
    let vault = Vault::new(&KEY);
    assert_eq!(to.stored(&vault).get(Setting::Operators), from.stored(&vault).get(Setting::Operators));

    // Once more, and in the middle of what has gone on since.
    assert_eq!(restore(&to.lab, &pages), (0, restored + 1, Vec::new()));
    orders.go_on(&to.lab);
    let after = records(&*to.site);
    assert_eq!(restore(&to.lab, &pages), (0, restored + 1, Vec::new()));
    assert_eq!(records(&*to.site), after);
    for table in ["pending", "decision"] {
        assert_eq!(to.sim.count(table), 0, "{table}");
    }
    // What has gone on is no state that the other place was in.
    let (_, _, refused) = restore(&from.lab, &backup(&to.lab));
    assert_eq!(refused.len(), 5, "{refused:?}");
    assert!(refused.iter().all(|it| it["reason"] == "it is there already, and not as it was kept"));
    // There, too, it goes on.
    orders.go_on(&from.lab);
}

/// From a host with a store of its own kind, and back to one.
#[test]
fn records_move_between_hosts_of_every_kind() {
    let native = with_euicc(Lab::new());
    let orders = Orders::make(&native);
    let place = Place::new(63);
    let pages = backup(&native);
    assert_eq!(restore(&place.lab, &pages), (6, 0, Vec::new()));
    let back = with_euicc(Lab::new());
    let (restored, known, refused) = restore(&back, &backup(&place.lab));
    assert_eq!((restored, known, refused), (6, 1, Vec::new()), "each has a mark of its own");
    assert_eq!(records(&back.host), records(&native.host));
    orders.go_on(&back);
    orders.go_on(&place.lab);
    // Where settings come from elsewhere.
    let put = HttpRequest::post("/esim-lab/settings/operators", "[]").with_token(&place.lab.token);
    assert_eq!(place.lab.send(put).status, 200);
    let (_, _, refused) = restore(&Lab::new(), &backup(&place.lab));
    assert_eq!(
        refused,
        [json!({"name": "config/operators", "reason": "this host has its settings from elsewhere"})]
    );
}

/// Opened with an older key, they are sealed with the first one, histories too.
#[test]
fn what_is_put_back_is_sealed_with_the_first_key() {
    let from = Place::new(64);
    let orders = Orders::make(&from.lab);
    let pages = backup(&from.lab);
    let to = Place::sealing_with(65, Vault::new(&[8; 32]).with_older(&KEY));
    assert_eq!(restore(&to.lab, &pages), (6, 1, Vec::new()));
    assert_eq!(restore(&to.lab, &pages), (0, 7, Vec::new()));
    let alone = Objects::new(to.sim.clone(), from.lab.host.fork().with_vault(Vault::new(&[8; 32])));
    orders.go_on(&Lab { other: Some(Rc::new(alone)), ..to.lab });
}

#[test]
fn nobody_but_the_house_copies_records() {
    let place = Place::new(66);
    place.lab.order(json!({}));
    let page = backup(&place.lab).concat();
    let key = PrivateKey::from_bytes(Curve::P256, &[b'1'; 32]).unwrap();
    let claims = Claims { iss: "2.999.1".into(), aud: ADDRESS.into(), iat: NOW, exp: NOW + 600 };
    for (token, status) in [("another", 401), (&sign(&claims, &key), 403)] {
        let answer = place.lab.send(HttpRequest::get("/esim-lab/backup").with_token(token));
        assert_eq!((answer.status, post(&place.lab, &page, token).status), (status, status));
    }
    assert_eq!(place.lab.send(HttpRequest::get("/esim-lab/backup")).status, 401);
    let house = &place.lab.token;
    let wrong = HttpRequest::post("/esim-lab/backup", "{}").with_token(house);
    assert_eq!(place.lab.send(wrong).status, 405);
    assert_eq!(place.lab.send(HttpRequest::get("/esim-lab/restore").with_token(house)).status, 405);
    for after in ["42", "session/0A", "orders/", "package/89"] {
        let request = HttpRequest::get(format!("/esim-lab/backup?after={after}")).with_token(house);
        assert_eq!(place.lab.send(request).status, 400, "{after}");
    }
}

/// Nothing of a page is written where anything of it cannot be.
#[test]
fn a_page_that_was_altered_is_refused_whole() {
    let from = Place::new(67);
    let [first, second] = [(); 2].map(|()| from.lab.order(json!({})).0);
    let [page, end] = &backup(&from.lab)[..] else { panic!("a page, and the end") };
    let page: Value = serde_json::from_str(page).unwrap();
    assert_eq!(serde_json::from_str::<Value>(end).unwrap()["rows"], json!([]));
    let with = |change: &dyn Fn(&mut Value)| {
        let mut page = page.clone();
        change(&mut page);
        page.to_string()
    };
    let at =
        |name: &str| page["rows"].as_array().unwrap().iter().position(|row| row["name"] == name).unwrap();
    let [order, other] = [&first, &second].map(|iccid| format!("order/{iccid}"));
    let (order_at, other_at) = (at(&order), at(&other));
    let to = Place::new(68);
    let body = page["rows"][other_at]["body"].as_str().unwrap();
    let turned = format!("{}{}", &body[..body.len() - 8], "AAAAAAA=");
    for (page, reason) in [
        (with(&|page| page["rows"][other_at]["body"] = json!(turned)), "SEAL_KEY does not open a row"),
        (with(&|page| page["rows"][other_at]["body"] = json!("AA==")), "SEAL_KEY does not open a row"),
        (with(&|page| page["rows"][other_at]["body"] = json!("%")), "not the JSON expected"),
        (
            with(&|page| page["rows"][other_at]["body"] = page["rows"][order_at]["body"].clone()),
            "does not open",
        ),
        (with(&|page| page["rows"][other_at]["name"] = json!("session/0A")), "is nothing that a backup has"),
        (
            with(&|page| page["rows"][other_at]["name"] = json!("config/layout")),
            "is nothing that a backup has",
        ),
        (with(&|page| page["rows"][other_at]["name"] = json!("orders")), "is nothing that a backup has"),
        (with(&|page| page["rows"][other_at] = page["rows"][order_at].clone()), "is there twice"),
        (with(&|page| drop(page["rows"].as_array_mut().unwrap().remove(order_at))), "what belongs to it is"),
        (with(&|page| page["backup"] = json!(2)), "a page of form 2, and not of 1"),
        (with(&|page| page["more"] = json!(2)), "not the JSON expected"),
        (with(&|page| page["rows"] = json!({})), "not the JSON expected"),
        ("[]".into(), "not the JSON expected"),
    ] {
        let why = refusal(&to.lab, &page);
        assert!(why.contains(reason), "{why}: {reason}");
    }
    assert_eq!(records(&*to.site), BTreeMap::new());
    // A page may be twice as long as what others send, and no longer.
    let long = |length: usize| " ".repeat(length - page.to_string().len()) + &page.to_string();
    assert_eq!(post(&to.lab, &long(HttpRequest::PAGE_LIMIT + 1), &to.lab.token).status, 413);
    // Without the end of its history an order is not put back, and others are.
    let head = at(&format!("head/{first}"));
    let without = with(&|page| drop(page["rows"].as_array_mut().unwrap().remove(head)));
    let (restored, known, refused) = restore(&to.lab, &[without]);
    assert_eq!((restored, known), (1, 1));
    let reason = refused[0]["reason"].as_str().unwrap();
    assert!(refused[0]["name"] == order && reason.contains("its history does not hold"), "{refused:?}");
    assert_eq!(restore(&to.lab, &[long(HttpRequest::PAGE_LIMIT)]), (1, 2, Vec::new()));
}

#[test]
fn another_seal_key_opens_nothing() {
    let from = Place::new(69);
    from.lab.order(json!({}));
    let pages = backup(&from.lab);
    let to = Place::sealing_with(70, Vault::new(&[9; 32]));
    let why = refusal(&to.lab, &pages[0]);
    assert!(why.contains("SEAL_KEY does not open a row (config/seal"), "{why}");
    // The orders alone, too.
    let mut page: Value = serde_json::from_str(&pages[0]).unwrap();
    page["rows"].as_array_mut().unwrap().remove(0);
    assert!(refusal(&to.lab, &page.to_string()).contains("nothing of this page has been written"));
    assert_eq!(records(&*to.site), BTreeMap::new());
}

/// Somebody else has it there, and keeps it.
#[test]
fn what_is_unique_stays_so() {
    let (from, to) = (Place::new(71), Place::new(72));
    // Else both draw the same.
    (0..3).for_each(|_| drop(to.lab.initiate()));
    let (iccid, _) = from.lab.order(json!({"matchingId": "KEPT-OWN"}));
    let (free, matching_id) = from.lab.order(json!({}));
    let (other, _) = to.lab.order(json!({"matchingId": "KEPT-OWN"}));
    let (restored, _, refused) = restore(&to.lab, &backup(&from.lab));
    let reason = "its matchingId or its subscriber is another order's here";
    assert_eq!((restored, refused), (1, vec![json!({"name": format!("order/{iccid}"), "reason": reason})]));
    finish(&to.lab, &other, "KEPT-OWN");
    finish(&to.lab, &free, &matching_id);
}

/// The same ICCID, and as many entries of the same history; but it is for somebody else, or of other octets.
#[test]
fn another_order_of_the_same_profile_is_left_alone() {
    let stock = |lab: &Lab, spn: &str| {
        let mut subscriber = esim_sm_lab::subscriber();
        subscriber["spn"] = json!(spn);
        lab.operator("/esim-lab/provision", json!({"subscriber": subscriber}));
    };
    let places = [77, 78, 79].map(Place::new);
    let [from, for_another, of_others] = &places;
    stock(&from.lab, "Lab1");
    stock(&of_others.lab, "Lab2");
    from.lab.order(json!({"matchingId": "ONE"}));
    stock(&for_another.lab, "Lab1");
    for_another.lab.order(json!({"matchingId": "TWO"}));
    let pages = backup(&from.lab);
    for (to, restored, known) in [(for_another, 0, 2), (of_others, 1, 1)] {
        let before = records(&*to.site);
        let (written, there, refused) = restore(&to.lab, &pages);
        assert_eq!((written, there, refused.len()), (restored, known, 1));
        assert_eq!(refused[0]["reason"], "it is there already, and not as it was kept");
        assert!(before.iter().all(|(name, row)| records(&*to.site)[name] == *row));
    }
}

/// One order costs nobody else: neither one that cannot be read, nor one whose rows are gone.
#[test]
fn what_is_damaged_is_left_out_by_name() {
    let from = Place::new(73);
    let mut iccids: Vec<_> = (0..60).map(|_| from.lab.order(json!({})).0).collect();
    iccids.sort();
    let damaged = format!("package/{}", iccids[7]);
    from.sim.look(&object_of(&damaged), |object| {
        let damage = format!("UPDATE record SET body = X'00' WHERE name = '{damaged}'");
        object.sql().query(&damage, Vec::new()).unwrap()
    });
    let lost = object_of(&format!("order/{}", iccids[3]));
    let left = iccids.iter().filter(|iccid| object_of(&format!("order/{iccid}")) != lost).count();
    from.sim.lose(&lost);
    let pages = backup(&from.lab);
    assert!(pages[0].contains(&format!("\"damaged\":[\"{damaged}\"]")));
    let to = Place::new(74);
    assert_eq!(restore(&to.lab, &pages), (u64::try_from(left).unwrap() - 1, 1, Vec::new()));
}

/// However long settings and packages are, a page can be posted.
#[test]
fn a_page_has_so_many_octets() {
    let from = Place::new(75);
    let many = |count: usize| {
        let operators: Vec<_> = (0..count).map(|n| json!({"oid": format!("2.999.1.{n}")})).collect();
        json!(operators).to_string()
    };
    let operators = many(34_000);
    assert!((HttpRequest::BODY_LIMIT * 3 / 4..HttpRequest::BODY_LIMIT).contains(&operators.len()));
    let put = HttpRequest::post("/esim-lab/settings/operators", operators).with_token(&from.lab.token);
    assert_eq!(from.lab.send(put).status, 200);
    let orders: Vec<_> = (0..3).map(|_| from.lab.order(json!({}))).collect();
    let pages = backup(&from.lab);
    assert!(pages[0].len() > HttpRequest::BODY_LIMIT && pages[1].len() < HttpRequest::BODY_LIMIT);
    let to = Place::new(76);
    assert_eq!(restore(&to.lab, &pages), (4, 1, Vec::new()));
    for (iccid, matching_id) in &orders {
        finish(&to.lab, iccid, matching_id);
    }
}
