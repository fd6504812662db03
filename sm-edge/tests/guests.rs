//! Guests: operators for a while, where a host takes them.

use esim_sm_edge::{Admittance, Host, HttpRequest, Vault, read_operators};
use esim_sm_lab::guests::{self, GUESTS, Guest, coming};
use esim_sm_lab::*;
use serde_json::{Value, json};

fn lab() -> Lab {
    let mut lab = Lab::with(|config| config.smds = Some(cases::smds(None)));
    lab.host = lab.host.with_admittance(taking(GUESTS));
    lab
}

fn taking(guests: &str) -> Admittance {
    Admittance { guests: Some(guests.parse().unwrap()), ..Admittance::OPEN }
}

#[test]
fn guests_are_operators_with_so_many_orders() {
    guests::a_guest_is_an_operator(&lab());
    guests::orders_of_guests_are_counted(&lab());
    guests::guests_choose_nothing_of_the_house(&lab());
}

#[test]
fn there_are_none_unless_the_host_takes_them() {
    let lab = Lab::new();
    assert_eq!(lab.send(HttpRequest::get(guests::PATH)).status, 204);
    assert_eq!(lab.send(coming()).status, 404);
    // Nor those of before.
    let mut taker = self::lab();
    let token = Guest::new(&taker).token;
    taker.host = taker.host.with_admittance(Admittance::OPEN);
    let refused = taker.send(HttpRequest::get("/esim-lab/orders").with_token(&token));
    assert_eq!(refused.status, 401);
    assert!(String::from_utf8(refused.body).unwrap().contains("takes no guests"));
}

#[test]
fn what_is_a_guests_ends_with_it() {
    let lab = lab();
    let guest = Guest::new(&lab);
    let end = NOW + 24 * 3600;
    assert_eq!(guest.expires, end);
    guest.import(1, 1);
    let stock = json!({"subscriber": subscriber()}).to_string();
    let stock: Value =
        serde_json::from_slice(&guest.send(HttpRequest::post("/esim-lab/provision", stock)).body).unwrap();
    let stock = stock["iccid"].as_str().unwrap();
    let ordered = guest.get("/esim-lab/orders?state=Released")["orders"][0].clone();
    let (iccid, matching_id) = (ordered["iccid"].as_str().unwrap(), ordered["matchingId"].as_str().unwrap());

    lab.set_now(end - 1);
    lab.attend();
    assert_eq!((lab.state(iccid), lab.state(stock)), ("Released".into(), "Available".into()));
    assert_eq!(guest.sees(), 2);

    lab.set_now(end);
    // Even before anybody has attended to it.
    assert_eq!(code(&lab.authenticate(&lab.initiate(), matching_id)), "8.8.5/4.10");
    lab.attend();
    assert_eq!((lab.state(iccid), lab.state(stock)), ("Error".into(), "Error".into()));
    let over = guest.send(HttpRequest::get("/esim-lab/orders"));
    assert_eq!(over.status, 401);
    assert!(String::from_utf8(over.body).unwrap().contains("time of this guest is over"));
}

#[test]
fn a_source_brings_so_many_guests() {
    let lab = lab();
    let come = || {
        let mut request = coming();
        request.caller.source = Some("192.0.2.7".into());
        lab.send(request)
    };
    assert!((0..10).all(|_| come().status == 200));
    let refused = come();
    assert_eq!((refused.status, refused.header("Retry-After")), (429, Some("60")));
    lab.set_now(NOW + 60);
    assert_eq!((come().status, come().status), (200, 429));
}

#[test]
fn a_token_is_of_one_server_and_its_keys() {
    let lab = lab();
    let token = Guest::new(&lab).token;
    let orders = |lab: &Lab| lab.send(HttpRequest::get("/esim-lab/orders").with_token(&token)).status;
    let other = |change: fn(&mut esim_smdp::Config), vault: Vault| {
        let mut lab = Lab::with(change);
        lab.host = lab.host.with_admittance(taking(GUESTS)).with_vault(vault);
        lab
    };
    let key = |octet: u8| Vault::new(&[octet; 32]);
    assert_eq!(orders(&lab), 200);
    assert_eq!(orders(&other(|_| {}, key(7))), 200);
    assert_eq!(orders(&other(|_| {}, key(8).with_older(&[7; 32]))), 200, "the key was changed");
    assert_eq!(orders(&other(|_| {}, key(8))), 401);
    assert_eq!(orders(&other(|config| config.smdp_address = "other.example".into(), key(7))), 401);
    // The MAC is no word of the audit or the seal.
    assert_ne!(lab.host.vault().mac_token(b"x")[..16], lab.host.vault().audit_key().mac(&[b"x"]));
}

#[test]
fn no_operator_is_called_like_a_guest() {
    for oid in ["2.999.48378", "2.999.48378.4294967295.1.2.3"] {
        let entry = json!([{"oid": oid}]).to_string();
        let refused = read_operators(entry.as_bytes()).unwrap_err();
        assert!(refused.contains("is for guests"), "{refused}");
    }
}
