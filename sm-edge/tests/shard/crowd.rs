//! Very many at one order at the same time: nobody is sent away because others are there.

use super::host::Objects;
use super::sim::{Sim, Weather};
use esim_rsp::es9p::PATH;
use esim_sm_edge::HttpRequest;
use esim_sm_lab::{Lab, assert_success};
use serde_json::{Value as Json, json};
use std::cell::RefCell;
use std::rc::Rc;

struct Crowd {
    sim: Sim,
    lab: Lab,
    service: Rc<Objects>,
}

impl Crowd {
    fn new(seed: u64) -> Self {
        let (sim, lab) = (Sim::new(seed), Lab::with(|config| config.limits.download_attempts = 64));
        let service = Rc::new(Objects::new(sim.clone(), lab.host.fork()));
        Self { sim, lab: Lab { other: Some(service.clone()), ..lab }, service }
    }

    /// What each is answered.
    fn all(&self, requests: Vec<HttpRequest>) -> Vec<Json> {
        let answers = Rc::<RefCell<Vec<Json>>>::default();
        self.sim.storm(Weather::default());
        for request in requests {
            let answers = answers.clone();
            self.service.start(request, move |answer| {
                assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
                answers.borrow_mut().push(serde_json::from_slice(&answer.body).unwrap());
            });
        }
        while self.sim.step(0) {}
        self.sim.calm();
        answers.take()
    }
}

/// Each begins its session in its turn, however the order is found: one after the other, where the order lies.
#[test]
fn many_at_one_order_all_get_their_turn() {
    let by_eid = json!({"eid": Lab::new().euicc.eid, "matchingId": ""});
    for (seed, confirm) in [(61, json!({})), (62, json!({"matchingId": "OWN"})), (63, by_eid)] {
        let crowd = Crowd::new(seed);
        let (iccid, matching_id) = crowd.lab.order(confirm);
        let tries = (0..64).map(|_| {
            let request = crowd.lab.euicc.authenticate(&crowd.lab.initiate(), &matching_id, |_| {});
            HttpRequest::post(format!("{PATH}authenticateClient"), serde_json::to_vec(&request).unwrap())
        });
        let answers = crowd.all(tries.collect());
        assert_eq!(answers.len(), 64);
        answers.iter().for_each(assert_success);
        assert_eq!(crowd.lab.show(&iccid)["downloadAttempts"], 64);
    }
}

/// What the index has to learn is committed with it: one of many has it, and the others are told that it is done.
#[test]
fn many_who_change_one_order_are_all_told_what_came_of_it() {
    let crowd = Crowd::new(64);
    let iccid = crowd.lab.provision();
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"});
    let post = |function: &str, body: Json| {
        let path = format!("/gsma/rsp2/es2plus/{function}");
        HttpRequest::post(path, body.to_string()).with_token(&crowd.lab.token)
    };
    let reserve = |_| post("downloadOrder", json!({"header": header, "iccid": iccid}));
    let confirm = |n: u32| {
        let id = format!("OWN-{n}");
        post("confirmOrder", json!({"header": header, "iccid": iccid, "releaseFlag": true, "matchingId": id}))
    };
    for requests in [(0..32).map(reserve).collect::<Vec<_>>(), (0..32).map(confirm).collect()] {
        let answers = crowd.all(requests);
        let done = answers.iter().filter(|it| it["iccid"].is_string() || it["matchingId"].is_string());
        assert_eq!((answers.len(), done.count()), (32, 1));
    }
    assert_eq!(crowd.lab.state(&iccid), "Released");
}
