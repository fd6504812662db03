//! Records that are missing or damaged are missed and named: no silent empty SM, and one row costs that row alone.

use crate::common;

use common::server::{lab_of, options_of_lab};
use common::*;
use esim_sm_edge::{HttpRequest, attend_all, block_on};
use esim_sm_native::{Native, NativeHost, NativeOptions, SealSecret, backup, check, restore};
use esim_smdp::profile::draw_iccid;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn try_open(folder: &Path, begin_anew: bool) -> Result<Arc<NativeHost>, String> {
    let options = NativeOptions { begin_anew, ..options_of_lab(folder) };
    Native::open(options).map(|native| native.host()).map_err(|error| error.to_string())
}

fn open(folder: &Path) -> Arc<NativeHost> {
    try_open(folder, false).unwrap()
}

/// A folder in which there has been an order.
fn with_order(name: &str) -> (Scratch, String) {
    let scratch = Scratch::new(name);
    let host = open(&scratch.0);
    let (iccid, _) = lab_of(&host).order(json!({}));
    (scratch, iccid)
}

fn remove_database(folder: &Path) {
    for name in ["sm.sqlite", "sm.sqlite-wal", "sm.sqlite-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
}

#[test]
fn a_server_does_not_begin_anew_where_there_have_been_records() {
    let (scratch, _) = with_order("damage-gone");
    let refused = |what: &str| {
        let refused = try_open(&scratch.0, false).err().unwrap();
        assert!(refused.contains(what) && refused.contains("sm restore"), "{refused}");
    };
    let empty = Scratch::new("damage-other");
    drop(open(&empty.0));
    remove_database(&scratch.0);
    refused("is not there");
    fs::write(scratch.0.join("sm.sqlite"), "").unwrap();
    refused("is empty");
    fs::copy(empty.0.join("sm.sqlite"), scratch.0.join("sm.sqlite")).unwrap();
    refused("has no orders");
    // Whoever keeps the key elsewhere is told as well.
    remove_database(&scratch.0);
    fs::rename(scratch.0.join("seal.key"), scratch.0.join("elsewhere")).unwrap();
    let given = SealSecret::read(&scratch.0.join("elsewhere")).unwrap();
    let options = NativeOptions { seal_key: Some(given), ..options_of_lab(&scratch.0) };
    assert!(Native::open(options).err().unwrap().to_string().contains("is not there"));
    fs::rename(scratch.0.join("elsewhere"), scratch.0.join("seal.key")).unwrap();

    let host = try_open(&scratch.0, true).unwrap();
    drop(host);
    // Said once; and from the first order on it counts again.
    let host = open(&scratch.0);
    lab_of(&host).order(json!({}));
    drop(host);
    remove_database(&scratch.0);
    refused("is not there");
}

#[test]
fn records_without_their_key_are_no_reason_to_draw_another() {
    let (scratch, iccid) = with_order("damage-key");
    let key = scratch.0.join("seal.key");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    let refused = try_open(&scratch.0, false).err().unwrap();
    assert!(refused.contains("seal.key is not there") && !key.exists(), "{refused}");
    fs::write(&key, kept).unwrap();
    #[cfg(unix)]
    fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    assert_eq!(lab_of(&open(&scratch.0)).state(&iccid), "Released");
}

#[test]
fn a_restore_that_was_interrupted_is_brought_to_its_end() {
    let (scratch, iccid) = with_order("damage-restore");
    let copy = scratch.0.join("copy");
    backup(&scratch.0, &copy).unwrap();
    let host = open(&scratch.0);
    let (later, _) = lab_of(&host).order(json!({}));
    drop(host);
    // The records are aside, the copy is not there yet.
    fs::write(scratch.0.join("restore.pending"), "").unwrap();
    fs::rename(scratch.0.join("sm.sqlite"), scratch.0.join("sm.sqlite.before")).unwrap();
    for begin_anew in [false, true] {
        let refused = try_open(&scratch.0, begin_anew).err().unwrap();
        assert!(refused.contains("restore was interrupted"), "{refused}");
    }
    restore(&scratch.0, None, &copy, true).unwrap();
    let host = open(&scratch.0);
    let lab = lab_of(&host);
    assert_eq!((lab.state(&iccid), lab.state(&later)), ("Released".into(), String::new()));
    drop((lab, host));
    // What was there before is what was there before, however often it was interrupted.
    fs::write(scratch.0.join("restore.pending"), "").unwrap();
    restore(&scratch.0, None, &copy, true).unwrap();
    restore(&scratch.0, None, &scratch.0.join("sm.sqlite.before"), true).unwrap();
    assert_eq!(lab_of(&open(&scratch.0)).state(&later), "Released");
}

#[test]
fn a_damaged_database_is_not_served() {
    let (scratch, _) = with_order("damage-page");
    let copy = scratch.0.join("copy");
    backup(&scratch.0, &copy).unwrap();
    let path = scratch.0.join("sm.sqlite");
    let mut octets = fs::read(&path).unwrap();
    // Every page but the first: the header says that all is well.
    octets[4096..].iter_mut().for_each(|octet| *octet = 0x5A);
    fs::write(&path, &octets).unwrap();
    let refused = try_open(&scratch.0, false).err().unwrap();
    assert!(refused.contains("the database is damaged") && refused.contains("sm restore"), "{refused}");
    assert!(check(&scratch.0, None).unwrap().database.is_some());
    fs::write(&path, "no database at all, but a text that is long enough to be looked at").unwrap();
    assert!(try_open(&scratch.0, false).err().unwrap().contains("the database is damaged"));
    restore(&scratch.0, None, &copy, true).unwrap();
    open(&scratch.0);
}

fn provision(lab: &Lab, number: u64, profile_type: &str) -> String {
    let iccid = draw_iccid(number).unwrap();
    let request = json!({"subscriber": subscriber(), "iccid": iccid, "profileType": profile_type});
    assert_success(&lab.operator("/esim-lab/provision", request));
    iccid.to_string()
}

fn row(number: u64, imsi: u64, matching_id: Option<&str>) -> Value {
    let key = "465B5CE8B199B49FAA5F0A2EE238A6BC";
    json!({"iccid": draw_iccid(number).unwrap(), "imsi": format!("00101{imsi:010}"), "ki": key, "opc": key,
        "matchingId": matching_id})
}

fn import(lab: &Lab, rows: Value) -> Vec<Value> {
    let request = json!({"template": "operational", "release": true, "rows": rows});
    lab.operator("/esim-lab/import", request)["rows"].as_array().unwrap().clone()
}

/// All orders, a few at a time.
fn list(lab: &Lab) -> Vec<String> {
    let (mut iccids, mut after) = (Vec::new(), String::new());
    loop {
        let request = HttpRequest::get(format!("/esim-lab/orders?limit=2{after}")).with_token("memory");
        let page: Value = serde_json::from_slice(&lab.send(request).body).unwrap();
        let orders = page["orders"].as_array().unwrap();
        iccids.extend(orders.iter().map(|order| order["iccid"].as_str().unwrap().to_string()));
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return iccids,
        }
    }
}

#[test]
fn a_damaged_row_costs_that_row_alone() {
    let scratch = Scratch::new("damage-row");
    let host = open(&scratch.0);
    let lab = lab_of(&host);
    let stock: Vec<_> = (1..=5).map(|number| provision(&lab, number, "stock")).collect();
    assert_eq!(import(&lab, json!([row(6, 6, Some("DAMAGED-6")), row(7, 7, None)])).len(), 2);
    let [sixth, seventh] = [6, 7].map(|number| draw_iccid(number).unwrap().to_string());
    assert_eq!(list(&lab).len(), 7);
    // The first ones of the stock, and one of the batch: altered, cut off, in clear.
    let damage = |iccid: &str, body: &str| {
        let database = Connection::open(scratch.0.join("sm.sqlite")).unwrap();
        let update = format!("UPDATE record SET body = {body} WHERE name = 'order/{iccid}'");
        assert_eq!(database.execute(&update, ()), Ok(1));
    };
    damage(&stock[0], "substr(body, 1, length(body) - 1) || x'00'");
    damage(&stock[1], "zeroblob(0)");
    damage(&sixth, "CAST('{}' AS BLOB)");

    let sound = [&stock[2..], std::slice::from_ref(&seventh)].concat();
    assert_eq!(list(&lab), sound, "pages go on behind what cannot be read");
    // Any one of a type is to be had, as long as one can be read.
    for iccid in &stock[2..] {
        assert_eq!(lab.es2("downloadOrder", json!({"profileType": "stock"}))["iccid"], json!(iccid));
    }
    assert_eq!(code(&lab.es2("downloadOrder", json!({"profileType": "stock"}))), "8.2.5/3.7");
    // Rows of a batch beside it, and in its way.
    let beside = import(&lab, json!([row(7, 7, None), row(8, 8, None), row(6, 11, None)]));
    let results: Vec<_> = beside.iter().map(|row| row["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["known", "created", "refused"], "{beside:?}");
    let in_its_way = import(&lab, json!([row(9, 6, None), row(10, 10, Some("DAMAGED-6"))]));
    for (row, column) in
        [&beside[2], &in_its_way[0], &in_its_way[1]].into_iter().zip(["iccid", "imsi", "matchingId"])
    {
        let reason = row["reason"].as_str().unwrap();
        assert!(reason.contains("record is damaged") && row["column"] == column, "{row}");
    }
    // Who needs just that one is told that it is our fault.
    let shown = HttpRequest::get(format!("/esim-lab/orders/{sixth}")).with_token("memory");
    assert_eq!(lab.send(shown).status, 500);
    assert!(block_on(attend_all(&*host, 100)).is_ok());
    drop((lab, host));

    let native = Native::open(options_of_lab(&scratch.0)).unwrap();
    let named = [&stock[0], &stock[1], &sixth].map(|iccid| format!("order/{iccid}"));
    assert_eq!(native.damaged(), named);
    let checked = check(&scratch.0, None).unwrap();
    let damaged: Vec<_> = checked.damaged.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!((damaged, checked.database.as_ref()), (named.to_vec(), None));
    assert!(checked.damaged.iter().all(|(name, reason)| reason.starts_with(name.as_str())));
    assert_eq!(checked.sound["order"], 5);
    assert!(!checked.is_sound());
    drop(native.host());
}
