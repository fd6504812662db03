//! The SM-DS (SGP.22 3.6, 5.8 to 5.10): events registered, forwarded, found and deleted.

use esim_crypto::pki::{Certificate, Role, TestPki};
use esim_rsp::es9p::{InitiateAuthenticationOk, ServerSigned1};
use esim_rsp::es10b::CancelSessionReason;
use esim_sm_edge::{Host, HttpRequest, MemoryHost, attend_all, block_on, handle};
use esim_sm_lab::*;
use esim_smdp::{Call, Config, Limits, Reply, Smds};
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

const ALTERNATIVE: &str = "alternative.example";
const ROOT: &str = "root.example";

/// A host and its address.
type Reachable = (String, Rc<MemoryHost>);

/// Who can be reached: hosts by address, and whether the wires are up.
#[derive(Clone, Default)]
struct Net {
    hosts: Rc<RefCell<Vec<Reachable>>>,
    down: Rc<Cell<bool>>,
    calls: Rc<RefCell<Vec<String>>>,
    /// Done once, when the next call has been answered and its caller does not know it yet.
    meanwhile: Rc<RefCell<Option<Meanwhile>>>,
}

type Meanwhile = Box<dyn FnOnce()>;

impl Net {
    fn reply(&self, call: &Call) -> Reply {
        self.calls.borrow_mut().push(format!("{}{}", call.to, call.path));
        if self.down.get() {
            return Reply::Lost("the wire is cut".into());
        }
        let hosts = self.hosts.borrow();
        let Some((_, host)) = hosts.iter().find(|(address, _)| *address == call.to) else {
            return Reply::Lost("no such host".into());
        };
        let request = HttpRequest::post(&call.path, call.body.clone()).with_token("memory");
        let response = block_on(handle(request, &**host));
        let meanwhile = self.meanwhile.take();
        meanwhile.into_iter().for_each(|act| act());
        Reply::Answered { status: response.status, body: response.body }
    }

    fn host(&self, config: Config, seed: u8) -> MemoryHost {
        let net = self.clone();
        MemoryHost::new(config, [seed; 32], NOW).with_network(move |call| net.reply(call))
    }

    /// An SM-DS and nothing else.
    fn smds(&self, address: &str, root: Option<&str>, pki: &TestPki) {
        let mut config = Config::of_test_pki("unused.example", pki).unwrap();
        config.identities.clear();
        config.smds = Some(Smds::of_test_pkis(address, root, &[pki]).unwrap());
        let host = Rc::new(self.host(config, address.len() as u8));
        self.hosts.borrow_mut().push((address.into(), host));
    }

    /// An SM-DP+ with an alternative SM-DS and a root elsewhere.
    fn lab(&self) -> Lab {
        let mut lab = Lab::with(|config| config.default_smds = Some(ROOT.into()));
        self.smds(ALTERNATIVE, Some(ROOT), &lab.pki);
        self.smds(ROOT, None, &lab.pki);
        lab.host = self.host(lab.host.config().clone(), 7);
        lab
    }

    /// The same, whose host others can call meanwhile.
    fn shared_lab(&self) -> (Lab, Rc<MemoryHost>) {
        let lab = self.lab();
        let host = Rc::new(self.host(lab.host.config().clone(), 7));
        (Lab { other: Some(host.clone()), ..lab }, host)
    }

    fn attend(&self, lab: &Lab) {
        while block_on(attend_all(&lab.host, 100)).unwrap() > 0 {}
    }

    /// What an LPA finds at an SM-DS.
    fn discover(&self, lab: &Lab, address: &str, event_id: &str) -> Value {
        let hosts = self.hosts.borrow();
        let (_, host) = hosts.iter().find(|(name, _)| name == address).unwrap();
        discover(host, lab, address, event_id)
    }
}

fn post(host: &MemoryHost, function: &str, request: &impl serde::Serialize) -> Value {
    let path = format!("/gsma/rsp2/es9plus/{function}");
    let body = serde_json::to_vec(request).unwrap();
    serde_json::from_slice(&block_on(handle(HttpRequest::post(path, body), host)).body).unwrap()
}

fn discover(host: &MemoryHost, lab: &Lab, address: &str, event_id: &str) -> Value {
    let offer = post(host, "initiateAuthentication", &lab.euicc.initiate(address));
    assert_success(&offer);
    let offer: InitiateAuthenticationOk = serde_json::from_value(offer).unwrap();
    let certificate = Certificate::parse(&offer.server_certificate.0).unwrap();
    assert!(certificate.has_role(Role::DsAuth));
    let signature: [u8; 64] = offer.server_signature1.0[3..].try_into().unwrap();
    certificate.public_key().verify(&[&offer.server_signed1.0], &signature).unwrap();
    let signed: ServerSigned1 = esim_rsp::decode(&offer.server_signed1.0).unwrap();
    assert_eq!(signed.server_address, address);
    let answer = post(host, "authenticateClient", &lab.euicc.authenticate(&offer, event_id, |_| {}));
    // The conversation is over, whatever came of it.
    let again = post(host, "authenticateClient", &lab.euicc.authenticate(&offer, event_id, |_| {}));
    assert_eq!(code(&again), "8.10.1/3.9");
    answer
}

fn entries(answer: &Value) -> Vec<(String, String)> {
    assert_success(answer);
    let entries = answer["eventEntries"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_string();
    entries.map(|entry| (text(&entry["eventId"]), text(&entry["rspServerAddress"]))).collect()
}

#[test]
fn an_event_at_the_root_leads_to_the_order_and_goes_with_it() {
    for address in [ROOT, "."] {
        let net = Net::default();
        let lab = net.lab();
        assert_eq!(entries(&net.discover(&lab, ROOT, "")), []);
        let (iccid, matching_id) = lab.order(json!({"eid": lab.euicc.eid, "smdsAddress": address}));
        let found = entries(&net.discover(&lab, ROOT, ""));
        assert_eq!(found, [(matching_id.clone(), ADDRESS.to_string())]);
        assert_eq!(entries(&net.discover(&lab, ROOT, &matching_id)), found);
        assert_eq!(code(&net.discover(&lab, ROOT, "OTHER")), "8.9.5/3.9");

        let (id, _) = lab.download(&found[0].0);
        assert_eq!(entries(&net.discover(&lab, ROOT, "")).len(), 1);
        lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
        net.attend(&lab);
        assert_eq!(entries(&net.discover(&lab, ROOT, "")), []);
    }
}

#[test]
fn an_alternative_tells_its_root_by_a_name_of_its_own() {
    let net = Net::default();
    let lab = net.lab();
    let confirm = json!({"eid": lab.euicc.eid, "smdsAddress": ALTERNATIVE, "matchingId": "EVENT-1"});
    let (iccid, matching_id) = lab.order(confirm);
    assert_eq!(matching_id, "EVENT-1");
    let at_root = entries(&net.discover(&lab, ROOT, ""));
    let [(forwarded, address)] = &at_root[..] else { panic!("{at_root:?}") };
    assert_eq!(address, ALTERNATIVE);
    assert_ne!(*forwarded, matching_id);
    let found = entries(&net.discover(&lab, ALTERNATIVE, forwarded));
    assert_eq!(found, [(matching_id, ADDRESS.to_string())]);

    let cancel = json!({"iccid": iccid, "eid": lab.euicc.eid, "finalProfileStatusIndicator": "Available"});
    assert_success(&lab.es2("cancelOrder", cancel));
    net.attend(&lab);
    for address in [ROOT, ALTERNATIVE] {
        assert_eq!(entries(&net.discover(&lab, address, "")), []);
    }
}

#[test]
fn the_event_comes_with_the_release() {
    let net = Net::default();
    let lab = net.lab();
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    let confirm = json!({"iccid": iccid, "smdsAddress": ROOT, "releaseFlag": false});
    let matching_id = lab.es2("confirmOrder", confirm)["matchingId"].as_str().unwrap().to_string();
    assert_eq!(entries(&net.discover(&lab, ROOT, "")), []);
    net.down.set(true);
    assert_eq!(code(&lab.es2("releaseProfile", json!({"iccid": iccid}))), "8.9/5.1");
    assert_eq!(lab.state(&iccid), "Confirmed");
    net.down.set(false);
    assert_success(&lab.es2("releaseProfile", json!({"iccid": iccid})));
    assert_eq!(entries(&net.discover(&lab, ROOT, "")), [(matching_id, ADDRESS.to_string())]);
}

#[test]
fn an_order_is_not_confirmed_without_its_event() {
    let net = Net::default();
    let lab = net.lab();
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    let confirm = |address: &str, id: &str| {
        let request = json!({"iccid": iccid, "smdsAddress": address, "matchingId": id, "releaseFlag": true});
        lab.es2("confirmOrder", request)
    };
    assert_eq!(code(&confirm("nowhere.example", "A")), "8.9/5.1");
    assert_eq!(code(&confirm("evil.example/x?", "A")), "8.9.1/3.8");
    // An event of this server at another address has this identifier.
    let header = json!({"functionRequesterIdentifier": "2.999.10", "functionCallIdentifier": "1"});
    let taken = json!({"header": header, "eid": lab.euicc.eid, "rspServerAddress": "other.example",
        "eventId": "A", "forwardingIndicator": false});
    let root = net.hosts.borrow()[1].1.clone();
    let register = HttpRequest::post("/gsma/rsp2/es12/registerEvent", taken.to_string()).with_token("memory");
    assert_eq!(block_on(handle(register, &*root)).status, 200);
    assert_eq!(code(&confirm(ROOT, "A")), "8.9/4.2");
    assert_eq!(lab.state(&iccid), "Linked");
    assert_success(&confirm(ROOT, "B"));
}

/// The operator did not get the answer, or this server died before its commit: the second try finds the event.
#[test]
fn a_registration_that_was_half_done_is_done_again() {
    let net = Net::default();
    let lab = net.lab();
    let iccid = lab.provision();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    let request = json!({"iccid": iccid, "smdsAddress": ALTERNATIVE, "releaseFlag": true});
    let first = net.host(lab.host.config().clone(), 7);
    // The same records on a host that dies before it commits: only its calls leave.
    let twin = Lab { host: first, ..net_twin(&lab) };
    let iccid_twin = twin.provision();
    assert_eq!(iccid, iccid_twin);
    assert_success(&twin.es2("downloadOrder", json!({"iccid": iccid, "eid": lab.euicc.eid})));
    let lost = twin.es2("confirmOrder", request.clone());
    let answer = lab.es2("confirmOrder", request);
    assert_success(&answer);
    assert_eq!(answer["matchingId"], lost["matchingId"]);
    assert_eq!(entries(&net.discover(&lab, ALTERNATIVE, "")).len(), 1);
    assert_eq!(entries(&net.discover(&lab, ROOT, "")).len(), 1);
}

/// What two do at once to one order at an SM-DS, and what becomes of it.
struct Race {
    before: &'static [&'static str],
    ours: &'static str,
    meanwhile: &'static [&'static str],
    /// Code, state of the order, whether the SM-DS has an event.
    end: (&'static str, &'static str, bool),
}

const RACES: [Race; 5] = [
    Race {
        before: &["order"],
        ours: "confirm",
        meanwhile: &["cancel"],
        end: ("8.2.1/1.2", "Available", false),
    },
    // The event of the new round stays.
    Race {
        before: &["order"],
        ours: "confirm",
        meanwhile: &["cancel", "order"],
        end: ("", "Released", true),
    },
    // It is the other's event, too.
    Race {
        before: &["order"],
        ours: "confirm",
        meanwhile: &["confirm"],
        end: ("8.2.1/1.2", "Released", true),
    },
    Race {
        before: &["order", "reserve"],
        ours: "release",
        meanwhile: &["cancel"],
        end: ("8.2.1/3.5", "Available", false),
    },
    Race {
        before: &["order", "reserve"],
        ours: "release",
        meanwhile: &["release"],
        end: ("8.2.1/3.5", "Released", true),
    },
];

/// Somebody else is faster between the SM-DS's answer and our commit.
#[test]
fn what_an_sm_ds_was_told_in_vain_is_taken_back() {
    for Race { before, ours, meanwhile, end } in RACES {
        let net = Net::default();
        let (lab, host) = net.shared_lab();
        let iccid = lab.provision();
        let order = json!({"iccid": iccid, "eid": lab.euicc.eid, "smdsAddress": ROOT,
            "finalProfileStatusIndicator": "Available",
            "header": {"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"}});
        let say = Rc::new(move |what: &str| ask(&host, &order, what));
        before.iter().for_each(|what| assert_success(&say(what)));
        let others = say.clone();
        net.meanwhile.replace(Some(Box::new(move || {
            meanwhile.iter().for_each(|what| assert_success(&others(what)));
        })));
        let answer = say(ours);
        assert!(net.meanwhile.borrow().is_none());
        match end.0 {
            "" => assert_success(&answer),
            refused => assert_eq!(code(&answer), refused, "{ours} and {meanwhile:?}"),
        }
        lab.attend();
        let order = lab.show(&iccid);
        assert_eq!(order["state"], end.1, "{ours} and {meanwhile:?}");
        let found = entries(&net.discover(&lab, ROOT, ""));
        let wanted = end.2.then(|| order["matchingId"].as_str().unwrap().to_string());
        let found: Vec<_> = found.into_iter().map(|(event_id, _)| event_id).collect();
        assert_eq!(found, Vec::from_iter(wanted), "{ours} and {meanwhile:?}");
    }
}

/// The order, as `what` wants it: the answer.
fn ask(host: &MemoryHost, order: &Value, what: &str) -> Value {
    let function = match what {
        "order" => "downloadOrder",
        "cancel" => "cancelOrder",
        "release" => "releaseProfile",
        _ => "confirmOrder",
    };
    let mut request = order.clone();
    request["releaseFlag"] = json!(what == "confirm");
    let path = format!("/gsma/rsp2/es2plus/{function}");
    let request = HttpRequest::post(path, request.to_string()).with_token("memory");
    serde_json::from_slice(&block_on(handle(request, host)).body).unwrap()
}

/// An errand of the order's last round waits while the order gets the same event again.
#[test]
fn an_event_that_is_had_again_is_not_deleted() {
    let net = Net::default();
    let lab = net.lab();
    let confirm = || json!({"eid": lab.euicc.eid, "smdsAddress": ROOT, "matchingId": "EVENT-1"});
    let (iccid, _) = lab.order(confirm());
    net.down.set(true);
    let cancel = json!({"iccid": iccid, "eid": lab.euicc.eid, "matchingId": "EVENT-1",
        "finalProfileStatusIndicator": "Available"});
    assert_success(&lab.es2("cancelOrder", cancel));
    net.attend(&lab);
    net.down.set(false);
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
    let mut again = confirm();
    again["iccid"] = json!(iccid);
    again["releaseFlag"] = json!(true);
    assert_success(&lab.es2("confirmOrder", again));
    lab.host.set_now(NOW + 1000);
    net.attend(&lab);
    assert_eq!(entries(&net.discover(&lab, ROOT, "")), [("EVENT-1".into(), ADDRESS.to_string())]);
}

fn net_twin(lab: &Lab) -> Lab {
    Lab { euicc: lab.euicc.clone(), ..Lab::new() }
}

#[test]
fn events_are_deleted_however_the_order_ends() {
    type End = fn(&Lab, &str, &str);
    let ends: [(&str, End); 3] = [
        ("rejected", |lab, _, matching_id| {
            let id = lab.offered(matching_id).transaction_id;
            let cancel = lab.euicc.cancel(&id, CancelSessionReason::endUserRejection, OID);
            assert_success(&lab.es9("cancelSession", &cancel));
        }),
        ("too late", |lab, _, _| {
            lab.host.set_now(NOW + 1000);
        }),
        ("wrong codes", |lab, _, matching_id| {
            for _ in 0..3 {
                lab.fetch(&lab.offered(matching_id), Some("0"));
            }
        }),
    ];
    for (name, end) in ends {
        let net = Net::default();
        let mut lab = net.lab();
        let mut config = lab.host.config().clone();
        config.limits = Limits { order_seconds: Some(1000), ..config.limits };
        lab.host = net.host(config, 7);
        let confirm = json!({"eid": lab.euicc.eid, "smdsAddress": ROOT, "confirmationCode": CODE});
        let (iccid, matching_id) = lab.order(confirm);
        net.attend(&lab);
        assert_eq!(entries(&net.discover(&lab, ROOT, "")).len(), 1, "{name}");
        end(&lab, &iccid, &matching_id);
        // The SM-DS is away for a while.
        net.down.set(true);
        net.attend(&lab);
        net.down.set(false);
        lab.host.set_now(NOW + 2000);
        net.attend(&lab);
        assert_eq!(lab.state(&iccid), "Error", "{name}");
        assert_eq!(entries(&net.discover(&lab, ROOT, "")), [], "{name}");
    }
}

#[test]
fn one_server_may_be_both() {
    let net = Net::default();
    let mut lab = Lab::new();
    net.smds(ROOT, None, &lab.pki);
    let mut config = lab.host.config().clone();
    config.smds = Some(Smds::of_test_pkis(ALTERNATIVE, Some(ROOT), &[&lab.pki]).unwrap());
    lab.host = net.host(config, 7);
    for address in [ALTERNATIVE, "."] {
        let (iccid, matching_id) = lab.order(json!({"eid": lab.euicc.eid, "smdsAddress": address}));
        net.attend(&lab);
        let found = entries(&discover(&lab.host, &lab, ALTERNATIVE, ""));
        assert_eq!(found, [(matching_id.clone(), ADDRESS.to_string())]);
        let at_root = entries(&net.discover(&lab, ROOT, ""));
        assert_eq!(entries(&discover(&lab.host, &lab, ALTERNATIVE, &at_root[0].0)), found);
        let (id, _) = lab.download(&matching_id);
        lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
        // The root is away; the event stays until it is back, and no call goes to this server itself.
        net.down.set(true);
        net.attend(&lab);
        assert_eq!(entries(&discover(&lab.host, &lab, ALTERNATIVE, "")).len(), 1);
        net.down.set(false);
        lab.host.set_now(lab.host.now() + 100);
        net.attend(&lab);
        assert_eq!(entries(&discover(&lab.host, &lab, ALTERNATIVE, "")), []);
        assert_eq!(entries(&net.discover(&lab, ROOT, "")), []);
        assert!(net.calls.borrow().iter().all(|call| call.starts_with(ROOT)), "{:?}", net.calls);
    }
    // The SM-DP+ is at its own address still.
    lab.initiate();
}

#[test]
fn events_that_nobody_deletes_are_forgotten() {
    let net = Net::default();
    let lab = net.lab();
    lab.order(json!({"eid": lab.euicc.eid, "smdsAddress": ROOT}));
    let root = net.hosts.borrow()[1].1.clone();
    root.set_now(NOW + 90 * 24 * 3600);
    assert_eq!(entries(&net.discover(&lab, ROOT, "")), []);
}
