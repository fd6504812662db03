//! Settings that lie with the records, and the mark that tells a wrong seal key.

use super::host::Objects;
use super::sim::Sim;
use esim_crypto::{Curve, PrivateKey};
use esim_sm_edge::settings::{Stored, Unusable};
use esim_sm_edge::shard::{Object, ShardedStore, Sql, Value, object_of};
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{Host, HttpRequest, HttpResponse, Vault, block_on};
use esim_sm_lab::{Lab, NOW, success};
use esim_smdp::Operator;
use serde_json::{Value as Json, json};
use std::rc::Rc;

fn lab(sim: &Sim) -> Lab {
    let key = PrivateKey::from_bytes(Curve::P256, &[1; 32]).unwrap();
    let lab = Lab::with(|config| {
        let (oid, token_key) = ("2.999.1".into(), Some(key.public_key()));
        config.operators = vec![Operator { oid, callback: None, token_key, certificates: Vec::new() }];
    });
    Lab { other: Some(Rc::new(Objects::new(sim.clone(), lab.host.fork()))), ..lab }
}

fn load(sim: &Sim, vault: &Vault) -> Result<Stored, Unusable> {
    block_on(Stored::load(&ShardedStore::new(sim.clone()), vault))
}

fn put(lab: &Lab, name: &str, value: &Json, token: &str) -> HttpResponse {
    let request = HttpRequest::post(format!("/esim-lab/settings/{name}"), value.to_string());
    lab.send(request.with_token(token))
}

#[test]
fn the_house_puts_and_sees_them_and_nobody_else() {
    let sim = Sim::new(20);
    let lab = lab(&sim);
    let house = lab.token.clone();
    let key = PrivateKey::from_bytes(Curve::P256, &[1; 32]).unwrap();
    let claims = Claims { iss: "2.999.1".into(), aud: lab.address.clone(), iat: NOW, exp: NOW + 600 };
    let operator = sign(&claims, &key);
    let list = json!([{"oid": "2.999.7", "callback": "https://secret.example"}]);
    let see = |token: &str| {
        let answer = lab.send(HttpRequest::get("/esim-lab/settings/operators").with_token(token));
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    for (token, status) in [("wrong", 401), (&operator[..], 403)] {
        assert_eq!(put(&lab, "operators", &list, token).status, status);
        assert_eq!(see(token).0, status);
    }
    assert_eq!(see(&house), (200, "[]".into()));
    let answer = put(&lab, "operators", &list, &house);
    assert_eq!((answer.status, see(&house)), (200, (200, list.to_string())));
    assert_eq!(put(&lab, "nothing", &list, &house).status, 404);
    let stored = load(&sim, lab.host.vault()).unwrap();
    assert_eq!(stored.operators().unwrap().unwrap()[0].oid, "2.999.7");
    // As everything else, they are sealed; and they lie in one object.
    let holds =
        |object: &Object<super::lite::Lite>| object.sql().query("SELECT body FROM record", Vec::new());
    for row in sim.look("config", |object| holds(object).unwrap()) {
        let Value::Blob(body) = &row[0] else { panic!("{row:?}") };
        assert!(!String::from_utf8_lossy(body).contains("secret.example"));
    }
    // Another one, in its place.
    put(&lab, "operators", &json!([]), &house);
    assert_eq!(load(&sim, lab.host.vault()).unwrap().operators().unwrap(), Some(Vec::new()));
}

#[test]
fn what_is_no_setting_is_refused_with_the_reason() {
    let sim = Sim::new(21);
    let lab = lab(&sim);
    for (name, value, reason) in [
        ("operators", json!([{"oid": "x"}]), "is no OID"),
        ("operators", json!({}), "not an array of operators"),
        ("revocation-lists", json!(["MAA="]), "revocation list 1"),
        ("revocation-lists", json!([7]), "DER in base64"),
    ] {
        let answer = put(&lab, name, &value, &lab.token);
        let text = String::from_utf8(answer.body).unwrap();
        assert!(answer.status == 400 && text.contains(reason), "{} {text}", answer.status);
    }
    let long = json!(["x".repeat(HttpRequest::BODY_LIMIT)]);
    assert_eq!(put(&lab, "revocation-lists", &long, &lab.token).status, 413);
    assert_eq!(load(&sim, lab.host.vault()), Ok(Stored::default()));
}

#[test]
fn a_seal_key_that_does_not_open_the_records_is_found_before_it_is_used() {
    let (first, second) = (Vault::new(&[1; 32]), Vault::new(&[2; 32]));
    let sim = Sim::new(22);
    load(&sim, &first).unwrap();
    load(&sim, &first).unwrap();
    assert!(matches!(load(&sim, &second), Err(Unusable::Sealed(_))));
    let changed = Vault::new(&[2; 32]).with_older(&[1; 32]);
    load(&sim, &changed).unwrap();
    // Until nothing is left that the older one has sealed, it is needed.
    assert!(matches!(load(&sim, &second), Err(Unusable::Sealed(_))));
}

#[test]
fn records_of_before_there_was_a_mark_are_opened_before_it_is_left() {
    let sim = Sim::new(23);
    let lab = lab(&sim);
    lab.order(json!({}));
    assert!(matches!(load(&sim, &Vault::new(&[9; 32])), Err(Unusable::Sealed(_))));
    load(&sim, lab.host.vault()).unwrap();
    sim.take_down("config");
    assert!(matches!(load(&sim, lab.host.vault()), Err(Unusable::Fault(_))));
}

/// With the older key gone, all that was sealed with it opens, and everybody finds what he found.
#[test]
fn records_are_sealed_anew_page_by_page() {
    let (old, new) = ([7; 32], [8; 32]);
    let (sim, lab) = (Sim::new(31), Lab::new());
    let under = |vault: Vault| -> Lab {
        let service = Objects::new(sim.clone(), lab.host.fork().with_vault(vault));
        Lab { other: Some(Rc::new(service)), ..Lab::new() }
    };
    let before = under(Vault::new(&old));
    let own = before.order(json!({"matchingId": "OWN"}));
    let default = before.order(json!({"eid": before.euicc.eid, "matchingId": ""}));
    // Of one the rows are gone: pages go on behind it.
    sim.lose(&object_of(&format!("order/{}", before.order(json!({})).0)));
    let drawn: Vec<_> = (0..60).map(|_| before.order(json!({}))).collect();
    let put = |lab: &Lab, path: &str| {
        let request = HttpRequest::post(path, Vec::new()).with_token(&lab.token);
        serde_json::from_slice::<Json>(&lab.send(request).body).unwrap()
    };
    let between = under(Vault::new(&new).with_older(&old));
    let (mut sealed, mut pages, mut next) = (0, 0, String::new());
    loop {
        let done = put(&between, &format!("/esim-lab/reseal?after={next}"));
        (sealed, pages) = (sealed + done["sealed"].as_u64().unwrap(), pages + 1);
        match done["next"].as_str() {
            Some(more) => next = more.into(),
            None => break,
        }
    }
    assert_eq!((sealed, pages), (62, 4));
    assert_eq!(put(&between, "/esim-lab/reseal")["sealed"], 0, "nothing is left");
    let after = under(Vault::new(&new));
    for (iccid, matching_id) in [&own, &default, &drawn[0], &drawn[59]] {
        let (id, _) = after.download(matching_id);
        assert_eq!(after.notify(after.euicc.result(&id, iccid, 1, success())).status, 204);
        assert_eq!(after.state(iccid), "Installed");
    }
    let unknown = HttpRequest::post("/esim-lab/reseal?after=42", Vec::new()).with_token(&after.token);
    assert_eq!(after.send(unknown).status, 400);
    // Nobody but the house, and nowhere else.
    let refused = after.send(HttpRequest::post("/esim-lab/reseal", Vec::new()).with_token("another"));
    assert_eq!(refused.status, 401);
    let elsewhere = Lab::new().send(HttpRequest::post("/esim-lab/reseal", Vec::new()).with_token("memory"));
    assert_eq!(elsewhere.status, 404);
}
