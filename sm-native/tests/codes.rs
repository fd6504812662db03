//! Activation codes let whoever has them fetch a profile: in the files of the native host none is in clear, not even of
//! what an earlier version has written.

use crate::common;

use common::server::{lab_of, options_of_lab};
use common::*;
use esim_sm_edge::{Host, HttpRequest, Vault};
use esim_sm_native::{Native, NativeHost, NativeOptions, SealSecret, reseal};
use esim_smdp::store::{Lookup, Row};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use rusqlite::{Connection, params};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

const CODE: &str = "BEARER-5150-ZULU";
const EVENT: &str = "EVENT-9157-YANKEE";
const OVER: &str = "ENDED-6240-XRAY";

fn open(folder: &Path) -> Arc<NativeHost> {
    let options = NativeOptions { smds_address: Some(SMDS.into()), ..options_of_lab(folder) };
    Native::open(options).unwrap().host()
}

/// The files of a folder in which a text stands in clear.
fn files_with(folder: &Path, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let holds = |octets: Vec<u8>| octets.windows(text.len()).any(|window| window == text.as_bytes());
    let files = files.filter(|path| path.is_file() && holds(std::fs::read(path).unwrap()));
    files.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

fn assert_in_no_file(folder: &Path) {
    for text in [CODE, EVENT, OVER] {
        assert_eq!(files_with(folder, text), [""; 0], "{text}");
    }
}

/// An order with a code, one whose code is an event of this SM-DS, and one that is over.
fn live(lab: &Lab) -> [String; 3] {
    let (plain, _) = lab.order(json!({"matchingId": CODE}));
    let eid = lab.euicc.eid;
    let event = json!({"matchingId": EVENT, "smdsAddress": SMDS, "eid": eid});
    let (with_event, _) = lab.order(event);
    let (over, _) = lab.order(json!({"matchingId": OVER}));
    [plain, with_event, over]
}

fn found(lab: &Lab, matching_id: &str) -> Value {
    let path = format!("/esim-lab/orders?matchingId={matching_id}");
    let answer = lab.send(HttpRequest::get(path).with_token("memory"));
    let list: Value = serde_json::from_slice(&answer.body).unwrap();
    list["orders"][0]["iccid"].clone()
}

/// The events that wait for the lab's eUICC.
fn events(lab: &Lab) -> Vec<Value> {
    let offer = lab.es9("initiateAuthentication", &lab.euicc.initiate(SMDS));
    let offer = serde_json::from_value(offer).unwrap();
    let answer = lab.authenticate(&offer, "");
    answer["eventEntries"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

fn assert_all_is_found(lab: &Lab, iccids: &[String; 3]) {
    for (matching_id, iccid) in [CODE, EVENT, OVER].into_iter().zip(iccids) {
        assert_eq!(found(lab, matching_id), json!(iccid));
        // Nobody else may take it.
        let other = lab.provision();
        lab.es2("downloadOrder", json!({"iccid": other}));
        let taken =
            lab.es2("confirmOrder", json!({"iccid": other, "matchingId": matching_id, "releaseFlag": true}));
        assert_eq!(code(&taken), "8.2.6/3.3", "{matching_id}");
    }
    let events = events(lab);
    assert_eq!((events.len(), &events[0]["eventId"]), (1, &json!(EVENT)));
}

#[test]
fn no_code_is_in_a_file_and_all_are_found() {
    let scratch = Scratch::new("codes");
    let host = open(&scratch.0);
    let lab = lab_of(&host);
    let iccids = live(&lab);
    assert_in_no_file(&scratch.0);
    assert_all_is_found(&lab, &iccids);
    drop((lab, host));

    let new = scratch.0.join("new.key");
    reseal(&scratch.0, None, &new, &mut ChaCha20Rng::from_seed([5; 32])).unwrap();
    let host = open(&scratch.0);
    let lab = lab_of(&host);
    assert_all_is_found(&lab, &iccids);
    // The event goes with its order, under whatever name it lies.
    let cancel =
        json!({"iccid": iccids[1], "eid": lab.euicc.eid, "finalProfileStatusIndicator": "Unavailable"});
    assert_success(&lab.es2("cancelOrder", cancel));
    lab.attend();
    assert!(events(&lab).is_empty());
    lab.download(CODE);
    assert_in_no_file(&scratch.0);
}

/// Writes the names as version 2 did: matchingIds and eventIds in clear, default orders under one alias.
fn as_version_2(folder: &Path, host: &NativeHost, iccids: &[String; 3]) {
    let database = Connection::open(folder.join("sm.sqlite")).unwrap();
    for (matching_id, iccid) in [CODE, EVENT, OVER].into_iter().zip(iccids) {
        let alias = "UPDATE alias SET alias = ?1 WHERE alias LIKE 'code/%' AND name = ?2";
        let changed = database.execute(alias, [format!("matching/{matching_id}"), format!("order/{iccid}")]);
        assert_eq!(changed, Ok(1));
    }
    let row = "SELECT name, revision, body FROM record WHERE name LIKE 'event/%'";
    let row = database
        .query_row(row, (), |row| Ok(Row { name: row.get(0)?, revision: row.get(1)?, body: row.get(2)? }));
    let sealed = row.unwrap();
    let clear = host.vault().open(sealed.clone()).unwrap();
    let event: Value = serde_json::from_slice(&clear.body).unwrap();
    let name = format!("event/{}/{EVENT}", event["eid"].as_str().unwrap());
    let body = host.vault().seal_body(&name, &clear.body).unwrap();
    let update = "UPDATE record SET name = ?1, body = ?2 WHERE name = ?3";
    assert_eq!(database.execute(update, params![name, body, sealed.name]), Ok(1));
    database.execute("UPDATE alias SET name = ?1 WHERE name = ?2", [&name, &sealed.name]).unwrap();
    database.execute("UPDATE alias SET alias = replace(alias, 'default-idle/', 'default/')", ()).unwrap();
    database.execute_batch("PRAGMA user_version = 2; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

#[test]
fn what_an_earlier_version_left_in_clear_is_disguised() {
    let scratch = Scratch::new("codes-2");
    let host = open(&scratch.0);
    let lab = lab_of(&host);
    let iccids = live(&lab);
    let default = lab.provision();
    lab.es2("downloadOrder", json!({"iccid": default, "eid": lab.euicc.eid}));
    assert_success(
        &lab.es2("confirmOrder", json!({"iccid": default, "matchingId": "", "releaseFlag": false})),
    );
    as_version_2(&scratch.0, &host, &iccids);
    drop((lab, host));
    assert_eq!(files_with(&scratch.0, CODE), ["sm.sqlite"]);
    assert_eq!(files_with(&scratch.0, EVENT), ["sm.sqlite"]);

    // With another key nothing is touched.
    let other = SealSecret::parse(&"ab".repeat(32)).unwrap();
    let options = NativeOptions { seal_key: Some(other), ..options_of_lab(&scratch.0) };
    let refused = Native::open(options).err().unwrap().to_string();
    assert!(refused.contains("not the key"), "{refused}");
    assert_eq!(files_with(&scratch.0, CODE), ["sm.sqlite"]);

    let host = open(&scratch.0);
    let lab = lab_of(&host);
    assert_in_no_file(&scratch.0);
    assert_all_is_found(&lab, &iccids);
    assert_eq!(code(&lab.authenticate(&lab.initiate(), "")), "8.2/1.2", "the default order is not released");
    lab.download(CODE);
}

/// The worker's objects are written anew one by one: until then what is in clear there is found.
#[test]
fn a_store_with_names_in_clear_is_asked_for_both() {
    let lookup = |alias: &str| Lookup::Alias { alias: alias.into(), after: String::new(), limit: 1 };
    let vault = Vault::new(&[1; 32]);
    let disguised = vault.lookups(lookup("matching/ABC"));
    assert_eq!(disguised.len(), 1);
    assert!(!format!("{disguised:?}").contains("ABC"));
    let both = vault.clone().with_older(&[2; 32]).with_clear_names();
    let asked = both.lookups(lookup("matching/ABC"));
    assert_eq!((asked.len(), &asked[0], &asked[2]), (3, &disguised[0], &lookup("matching/ABC")));
    let event = both.lookups(Lookup::Name("event/89/XYZ".into()));
    assert_eq!((event.len(), &event[2]), (3, &Lookup::Name("event/89/XYZ".into())));
    assert!(format!("{:?}", event[0]).contains("event/89/") && !format!("{:?}", event[0]).contains("XYZ"));
    // An IMSI has never been in clear; an ICCID always is.
    assert_eq!(both.lookups(lookup("imsi/001010000000001")).len(), 2);
    assert_eq!(both.lookups(Lookup::Name("order/89".into())), [Lookup::Name("order/89".into())]);
}
