//! Who has called, and histories that nobody changes unnoticed.

use crate::common;

use common::*;
use esim_crypto::{Curve, PrivateKey};
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{Caller, Host, HttpRequest, MemoryHost, Store, Vault, block_on, handle};
use esim_sm_native::{Native, NativeHost, NativeOptions, reseal};
use esim_smdp::Operator;
use esim_smdp::store::{Change, Lookup, Row};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use serde_json::{Value, json};

/// The histories as `GET /esim-lab/audit` tells them.
fn audit<H: Host>(host: &H, token: &str) -> Vec<Value> {
    let request = HttpRequest::get("/esim-lab/audit?limit=500").with_token(token);
    let answer: Value = serde_json::from_slice(&block_on(handle(request, host)).body).unwrap();
    answer["histories"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

/// What is wrong with the history of an order; "" if it holds.
fn finding<H: Host>(host: &H, iccid: &str) -> String {
    let histories = audit(host, host.operator_token());
    let history = histories.iter().find(|history| history["iccid"] == iccid).unwrap();
    history["finding"].as_str().unwrap_or_default().to_string()
}

fn row<H: Host>(host: &H, name: &str) -> Option<Row> {
    let row = block_on(host.store().load(&[Lookup::Name(name.into())])).unwrap().pop()?;
    Some(host.vault().open(row).unwrap())
}

fn body<H: Host>(host: &H, name: &str) -> Value {
    serde_json::from_slice(&row(host, name).unwrap().body).unwrap()
}

/// Puts a body in the place of another, as somebody does who has the key of the records. The revision of a head stays
/// by deleting it first as often as is needed: nobody who writes into the database is held to its rules.
fn put<H: Host>(host: &H, name: &str, body: &Value) {
    let found = row(host, name).unwrap();
    let put = |expected| Change::Put {
        name: name.into(),
        expected,
        body: host.vault().seal_body(name, body.to_string().as_bytes()).unwrap(),
        aliases: Vec::new(),
        expires: None,
        due: None,
    };
    delete(host, name);
    for expected in 0..found.revision {
        block_on(host.store().commit(&[put(expected)])).unwrap();
    }
}

fn delete<H: Host>(host: &H, name: &str) {
    let expected = row(host, name).unwrap().revision;
    block_on(host.store().commit(&[Change::Delete { name: name.into(), expected }])).unwrap();
}

fn names(iccid: &str) -> (String, String) {
    (format!("order/{iccid}"), format!("head/{iccid}"))
}

/// An order that has been downloaded: six entries.
fn downloaded(lab: &Lab) -> String {
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
    assert_eq!(finding(&lab.host, &iccid), "");
    iccid
}

#[test]
fn whoever_has_called_stands_in_log_and_history() {
    let key = PrivateKey::from_bytes(Curve::P256, &[1; 32]).unwrap();
    let lab = Lab::with(|config| {
        config.operators = vec![Operator {
            oid: "2.999.1".into(),
            callback: None,
            token_key: Some(key.public_key()),
            certificates: Vec::new(),
        }];
        config.limits.order_seconds = Some(60);
    });
    let from = |mut request: HttpRequest, address: &str| {
        request.caller = Caller { source: Some(address.into()), certificate: None };
        lab.send(request)
    };
    let claims = Claims { iss: "2.999.1".into(), aud: ADDRESS.into(), iat: NOW, exp: NOW + 600 };
    let token = sign(&claims, &key);
    let iccid = lab.provision();
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let order = |function: &str, token: &str, address: &str| {
        let body = json!({"header": header, "iccid": iccid, "releaseFlag": true}).to_string();
        from(HttpRequest::post(format!("/gsma/rsp2/es2plus/{function}"), body).with_token(token), address)
    };
    lab.host.take_log();
    order("downloadOrder", &token, "192.0.2.1");
    order("confirmOrder", "memory", "192.0.2.2");
    order("cancelOrder", "wrong", "192.0.2.3");
    order("cancelOrder", &token.replace('.', ".A"), "192.0.2.4");
    let matching_id = lab.show(&iccid)["matchingId"].as_str().unwrap().to_string();
    let signed = json!({"credential": "signedToken", "oid": "2.999.1", "address": "192.0.2.1"});
    let house = json!({"credential": "houseToken", "address": "192.0.2.2"});
    let nobody = |address: &str| json!({"credential": "none", "address": address});
    let callers = [signed.clone(), house.clone(), nobody("192.0.2.3"), nobody("192.0.2.4")];
    for (line, by) in lab.host.take_log().iter().zip(callers) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["by"], by, "{line}");
    }
    let offer = lab.initiate();
    let request = serde_json::to_vec(&lab.euicc.authenticate(&offer, &matching_id, |_| {})).unwrap();
    from(HttpRequest::post("/gsma/rsp2/es9plus/authenticateClient", request), "2001:db8::1");
    let history = lab.show(&iccid)["history"].clone();
    let by = |function: &str| {
        let entries = history.as_array().unwrap().iter();
        entries.filter(|entry| entry["function"] == function).map(|entry| entry["by"].clone()).next_back()
    };
    assert_eq!(by("downloadOrder"), Some(signed));
    assert_eq!(by("confirmOrder"), Some(house));
    assert_eq!(by("authenticateClient"), Some(nobody("2001:db8::1")));
    assert_eq!(by("provision"), Some(json!({"credential": "houseToken"})));
    assert!(!history.to_string().contains("mac"), "what holds the history together is for the audit alone");
    // What the server does by itself nobody has called.
    lab.set_now(NOW + 60);
    lab.attend();
    let entries = lab.show(&iccid)["history"].as_array().unwrap().clone();
    let own = entries.iter().find(|entry| entry["function"] == "attend").expect("its time is up");
    assert!(own["by"].is_null(), "{own}");
}

/// Members of an entry as it does not have them.
fn other_members() -> [(&'static str, Value); 9] {
    [
        ("at", json!(1)),
        ("function", json!("provision2")),
        ("what", json!("Nothing")),
        ("state", json!("Unavailable")),
        ("by", json!({"credential": "signedToken", "oid": "2.999.9"})),
        ("subjectCode", json!("8.2")),
        ("mac", json!("AAAAAAAAAAAAAAAAAAAAAA==")),
        ("mac", Value::Null),
        ("mac", json!("")),
    ]
}

#[test]
fn an_entry_altered_removed_swapped_or_cut_off_is_found() {
    let lab = Lab::new();
    let (iccid, other) = (downloaded(&lab), downloaded(&lab));
    let (order, head) = names(&iccid);
    let before = body(&lab.host, &order);
    let kept = body(&lab.host, &head);
    let count = before["history"].as_array().unwrap().len();
    assert!(count >= 5, "{before}");
    let mut tried = 0;
    let mut found = |what: &str, change: &dyn Fn(&mut Vec<Value>)| {
        let mut changed = before.clone();
        let mut entries = before["history"].as_array().unwrap().clone();
        change(&mut entries);
        changed["history"] = json!(entries);
        // Whoever changes a history changes the number of its entries with it.
        for count in [before["chain"]["count"].clone(), json!(entries.len())] {
            changed["chain"]["count"] = count;
            put(&lab.host, &order, &changed);
            assert_ne!(finding(&lab.host, &iccid), "", "{what}");
            assert_eq!(finding(&lab.host, &other), "", "{what}");
            tried += 1;
        }
        put(&lab.host, &order, &before);
        assert_eq!(finding(&lab.host, &iccid), "", "{what}");
    };
    for at in 0..count {
        for (member, value) in other_members() {
            found(&format!("{member} of {at}"), &|entries| entries[at][member] = value.clone());
        }
        found(&format!("{at} removed"), &|entries| drop(entries.remove(at)));
        found(&format!("{at} twice"), &|entries| entries.insert(at, entries[at].clone()));
        for with in at + 1..count {
            found(&format!("{at} and {with} swapped"), &|entries| entries.swap(at, with));
        }
        found(&format!("cut off behind {at}"), &|entries| entries.truncate(at));
    }
    found("all without MACs", &|entries| entries.iter_mut().for_each(|entry| entry["mac"] = Value::Null));
    let theirs = body(&lab.host, &names(&other).0)["history"].clone();
    found("another order's", &|entries| entries.clone_from(theirs.as_array().unwrap()));
    assert!(tried > 100);

    // Without a chain, as orders of before have none; without a head; with another.
    let mut bare = before.clone();
    bare.as_object_mut().unwrap().remove("chain");
    put(&lab.host, &order, &bare);
    assert!(finding(&lab.host, &iccid).contains("are gone"));
    put(&lab.host, &order, &before);
    for (member, value) in [("count", json!(1)), ("mac", json!("AAAA")), ("heads", json!(1))] {
        let mut changed = kept.clone();
        changed[member] = value;
        put(&lab.host, &head, &changed);
        assert_ne!(finding(&lab.host, &iccid), "", "{member}");
        put(&lab.host, &head, &kept);
    }
    delete(&lab.host, &head);
    assert!(finding(&lab.host, &iccid).contains("is gone"));
}

/// The octets that lay there yesterday open with today's key.
#[test]
fn an_order_that_was_put_back_is_found_and_not_written_any_more() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let (order, _) = names(&iccid);
    let yesterday = body(&lab.host, &order);
    let offer = lab.offered(&matching_id);
    put(&lab.host, &order, &yesterday);
    let told = finding(&lab.host, &iccid);
    assert!(told.contains("an earlier state was put back"), "{told}");
    lab.host.take_log();
    let body = serde_json::to_vec(&lab.euicc.prepare(&offer, None, |_| {})).unwrap();
    let answer = lab.send(HttpRequest::post("/gsma/rsp2/es9plus/getBoundProfilePackage", body));
    assert_eq!(answer.status, 500);
    let log = lab.host.take_log().join("\n");
    assert!(log.contains("do not fit") && log.contains("sm audit"), "{log}");
    assert!(finding(&lab.host, &iccid).contains("put back"), "what happened is not covered up");
}

#[test]
fn a_long_history_forgets_its_oldest_entries_and_still_holds() {
    let lab = Lab::new();
    let iccid = lab.provision();
    for _ in 0..150 {
        assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
        let back = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
        assert_success(&lab.es2("cancelOrder", back));
    }
    let history = &audit(&lab.host, "memory")[0];
    assert_eq!((&history["first"], &history["finding"]), (&json!(46), &Value::Null));
    assert_eq!(history["entries"].as_array().unwrap().len(), 256);
    let (order, _) = names(&iccid);
    let before = body(&lab.host, &order);
    let mut changed = before.clone();
    changed["history"].as_array_mut().unwrap().remove(0);
    put(&lab.host, &order, &changed);
    assert_ne!(finding(&lab.host, &iccid), "", "only as many go as must");
}

/// As the records of earlier versions are: no chain, no MACs, no head.
#[test]
fn entries_from_before_are_sealed_by_the_first_new_one() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let (order, head) = names(&iccid);
    let mut old = body(&lab.host, &order);
    old.as_object_mut().unwrap().remove("chain");
    for entry in old["history"].as_array_mut().unwrap() {
        entry.as_object_mut().unwrap().retain(|name, _| !matches!(name.as_str(), "mac" | "by"));
    }
    let aliases = lab.show(&iccid)["matchingId"] == matching_id.as_str();
    assert!(aliases);
    put(&lab.host, &order, &old);
    delete(&lab.host, &head);
    assert_eq!(finding(&lab.host, &iccid), "");

    let back = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
    assert_success(&lab.es2("cancelOrder", back));
    assert_eq!(finding(&lab.host, &iccid), "");
    let sealed = body(&lab.host, &order);
    for at in 0..old["history"].as_array().unwrap().len() {
        let mut changed = sealed.clone();
        changed["history"][at]["what"] = json!("Nothing");
        put(&lab.host, &order, &changed);
        assert_ne!(finding(&lab.host, &iccid), "", "entry {at}");
        changed = sealed.clone();
        changed["history"].as_array_mut().unwrap().remove(at);
        put(&lab.host, &order, &changed);
        assert_ne!(finding(&lab.host, &iccid), "", "entry {at}");
    }
    put(&lab.host, &order, &sealed);
    assert_eq!(finding(&lab.host, &iccid), "");
}

#[test]
fn histories_are_sealed_anew_with_the_key_and_hold_as_before() {
    let scratch = Scratch::new("audit-reseal");
    let open = || {
        let options = NativeOptions {
            data_dir: scratch.0.clone(),
            token: Some("t".into()),
            now: Some(NOW),
            ..NativeOptions::default()
        };
        Native::open(options).unwrap().host()
    };
    let send = |host: &NativeHost, path: &str, body: Value| {
        let request = HttpRequest::post(path, body.to_string()).with_token("t");
        let answer: Value = serde_json::from_slice(&block_on(handle(request, host)).body).unwrap();
        assert_success(&answer);
        answer
    };
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let host = open();
    let iccids: Vec<String> = (0..5)
        .map(|_| {
            let answer = send(&host, "/esim-lab/provision", json!({"subscriber": subscriber()}));
            let iccid = answer["iccid"].as_str().unwrap();
            let order = json!({"header": header, "iccid": iccid});
            send(&host, "/gsma/rsp2/es2plus/downloadOrder", order);
            iccid.to_string()
        })
        .collect();
    // One of them has been changed before.
    let (order, _) = names(&iccids[0]);
    let mut changed = body(&*host, &order);
    changed["history"][0]["what"] = json!("Nothing");
    put(&*host, &order, &changed);
    let before = audit(&*host, "t");
    drop(host);

    reseal(&scratch.0, None, &scratch.0.join("new.key"), &mut ChaCha20Rng::from_seed([5; 32])).unwrap();
    let host = open();
    let after = audit(&*host, "t");
    for (before, after) in before.iter().zip(&after) {
        let damaged = before["iccid"] == iccids[0].as_str();
        assert_eq!(
            (before["finding"].is_string(), after["finding"].is_string()),
            (damaged, damaged),
            "{after}"
        );
        assert!(damaged || before["entries"][0]["mac"] != after["entries"][0]["mac"], "under the new key");
    }
    let back = json!({"header": header, "iccid": iccids[1], "finalProfileStatusIndicator": "Available"});
    send(&host, "/gsma/rsp2/es2plus/cancelOrder", back);
    assert_eq!(finding(&*host, &iccids[1]), "");
}

/// A vault that still has the key of before, as while keys are changed: both hold, in one history too.
#[test]
fn a_history_may_be_sealed_with_two_keys() {
    let lab = Lab::new();
    let (iccid, _) = lab.order(json!({}));
    let vault = Vault::new(&[9; 32]).with_older(&[7; 32]);
    let rows =
        block_on(lab.host.store().load(&[Lookup::Name(names(&iccid).0), Lookup::Name(names(&iccid).1)]));
    let host = MemoryHost::new(lab.host.config().clone(), [9; 32], NOW);
    let moved = rows.unwrap().into_iter().map(|row| vault.open(row).unwrap());
    for row in moved {
        let body = host.vault().seal_body(&row.name, &row.body).unwrap();
        for expected in 0..row.revision {
            let change = Change::Put {
                name: row.name.clone(),
                expected,
                body: body.clone(),
                aliases: Vec::new(),
                expires: None,
                due: None,
            };
            block_on(host.store().commit(&[change])).unwrap();
        }
    }
    assert_ne!(finding(&host, &iccid), "", "its own key alone does not do");
    let host = host.with_vault(vault);
    assert_eq!(finding(&host, &iccid), "");
    let lab = Lab { host, ..Lab::new() };
    let back = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
    assert_success(&lab.es2("cancelOrder", back));
    assert_eq!(finding(&lab.host, &iccid), "");
}
