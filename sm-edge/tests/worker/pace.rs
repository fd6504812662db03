//! Callers that the platform limits, by its own bindings.

use super::counting;
use super::start::{TOKEN, Worker, free_port, is_built};
use super::{EUICCS, code, lab, remote};
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::common::hex_upper;
use esim_sm_edge::token::{Claims, sign};
use esim_sm_edge::{HttpRequest, HttpResponse};
use esim_sm_lab::scratch::Scratch;
use esim_sm_lab::{Lab, Remote, Service, assert_success};
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

/// Seconds for which a binding counts.
const PERIOD: u64 = 60;
/// Requests of one source, or of one operator, within it.
const LIMIT: u64 = 6;

/// A worker whose bindings take so few, with these variables besides.
fn worker(folder: &Scratch, variables: &Value) -> Worker {
    let mut set = json!({"COUNT": "on", "RATE_PER_SOURCE": null, "RATE_PER_OPERATOR": null});
    set.as_object_mut().unwrap().extend(variables.as_object().unwrap().clone());
    let limit = json!({"simple": {"limit": LIMIT, "period": PERIOD}});
    let bound = json!({"ratelimits": {"RATE_SOURCE": limit, "RATE_OPERATOR": limit}});
    Worker::start(free_port(), &folder.0, set, bound)
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// Until a period has begun that does not end within a test: the runtime on this machine counts whole minutes.
fn await_period() {
    let left = PERIOD - now() % PERIOD;
    if left < PERIOD / 3 {
        std::thread::sleep(Duration::from_secs(left));
    }
}

/// Whoever calls from an address, as the platform tells it.
struct From(Remote, &'static str);

impl Service for From {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        self.0.answer(request.with_header("CF-Connecting-IP", self.1))
    }

    fn attend(&self) {}

    fn set_now(&self, _: u64) {}
}

fn from(port: u16, address: &'static str) -> Lab {
    Lab { other: Some(Rc::new(From(remote(port), address))), ..lab(port, EUICCS[0]) }
}

fn initiate(lab: &Lab) -> HttpResponse {
    let initiate = serde_json::to_vec(&lab.euicc.initiate(&lab.address)).unwrap();
    lab.send(HttpRequest::post("/gsma/rsp2/es9plus/initiateAuthentication", initiate))
}

/// So many get in, and the next one is told when to come again.
fn assert_limited(call: impl Fn() -> HttpResponse, status: u16) {
    let statuses: Vec<_> = (0..LIMIT).map(|_| call().status).collect();
    assert_eq!(statuses, vec![status; statuses.len()]);
    let refused = call();
    assert_eq!((refused.status, refused.header("Retry-After")), (429, Some("60")));
}

/// Messages to objects that limit callers.
fn counted_by_objects(port: u16) -> u64 {
    let sums = counting::read(&remote(port), TOKEN).expect("counts");
    sums.values().filter_map(|costs| costs.messages.get("limit")).sum()
}

#[test]
fn where_there_is_a_binding_no_object_counts() {
    if !is_built() {
        return;
    }
    let key = PrivateKey::from_bytes(Curve::P256, &[1; 32]).unwrap();
    let operators = json!([{"oid": "2.999.1", "tokenKey": hex_upper(&key.public_key().to_sec1())}]);
    let folder = Scratch::new("worker-pace");
    let worker = worker(&folder, &json!({"OPERATORS": operators.to_string()}));
    let port = worker.port;
    await_period();
    assert_limited(|| initiate(&from(port, "192.0.2.1")), 200);
    assert_eq!(initiate(&from(port, "192.0.2.2")).status, 200, "another source");
    // Who has got in, and who has not.
    let list = |lab: &Lab, token: &str| lab.send(HttpRequest::get("/esim-lab/orders").with_token(token));
    let own = lab(port, EUICCS[0]);
    let claims = Claims { iss: "2.999.1".into(), aud: own.address.clone(), iat: now(), exp: now() + 600 };
    let token = sign(&claims, &key);
    assert_limited(|| list(&own, &token), 200);
    assert_limited(|| list(&from(port, "192.0.2.3"), "another-token-of-tests"), 401);
    assert_eq!(list(&own, TOKEN).status, 200, "the house is not counted");
    assert_eq!(counted_by_objects(port), 0);
    let sums = counting::read(&remote(port), TOKEN).unwrap();
    assert_eq!((sums["initiateAuthentication"].calls, sums["initiateAuthentication"].sent()), (LIMIT + 2, 0));
}

/// A function is executed where its order lies, which may be far from where the request has come in.
#[test]
fn a_refused_try_weighs_more_where_it_has_come_in() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-pace-try");
    let worker = worker(&folder, &json!({}));
    let house = lab(worker.port, EUICCS[0]);
    let (iccid, matching_id) = house.order(json!({}));
    let cancel = json!({"iccid": iccid, "finalProfileStatusIndicator": "Unavailable"});
    assert_success(&house.es2("cancelOrder", cancel));
    let lpa = from(worker.port, "192.0.2.1");
    await_period();
    // One, and five: there is none left.
    let answer = lpa.authenticate(&lpa.initiate(), &matching_id);
    assert!(code(&answer).starts_with("8."), "{answer}");
    assert_eq!(initiate(&lpa).status, 429);
    assert_eq!(counted_by_objects(worker.port), 0);
}

#[test]
fn an_order_is_counted_exactly_all_the_same_and_so_is_what_a_variable_limits() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-pace-order");
    let worker = worker(&folder, &json!({"RATE_PER_ORDER": "1:3", "RATE_PER_SOURCE": "1:8"}));
    let lpa = from(worker.port, "192.0.2.1");
    let (_, matching_id) = lpa.order(json!({}));
    // Of four tries three come as far as the order.
    let tries: Vec<_> = (0..4)
        .map(|_| {
            let request = lpa.euicc.authenticate(&lpa.initiate(), &matching_id, |_| {});
            let request = serde_json::to_vec(&request).unwrap();
            lpa.send(HttpRequest::post("/gsma/rsp2/es9plus/authenticateClient", request)).status
        })
        .collect();
    assert_eq!(tries, [200, 200, 200, 429]);
    // Those were eight requests.
    assert_eq!(initiate(&lpa).status, 429);
    assert_eq!(counted_by_objects(worker.port), 9);
}

#[test]
fn what_is_no_rate_limit_is_not_taken_for_one() {
    if !is_built() {
        return;
    }
    let folder = Scratch::new("worker-pace-wrong");
    let worker =
        Worker::start(free_port(), &folder.0, json!({"RATE_OPERATOR": "1200"}), json!({"ratelimits": {}}));
    let health = lab(worker.port, EUICCS[0]).send(HttpRequest::get("/healthz"));
    let why = String::from_utf8(health.body).unwrap();
    assert!(health.status == 503 && why.contains("RATE_OPERATOR is no binding of `ratelimits`"), "{why}");
}
