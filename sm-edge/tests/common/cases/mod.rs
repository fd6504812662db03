//! One table of cases for every host: in memory, over TLS, on the worker. A case calls one function, and gives the
//! answer as it came; the table says which it must be. `docs/CONFORMANCE.md` shows the table.

mod es11;
mod es12;
mod es2p;
mod es9p;
mod progress;

use super::*;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A case.
pub struct Case {
    /// Interface and section of the document: `es9p`.
    pub interface: &'static str,
    /// As the standard names it.
    pub function: &'static str,
    /// What comes out: `8.2.6/3.8`, `Executed-Success`, `HTTP 401`.
    pub code: &'static str,
    pub name: &'static str,
    pub setup: Setup,
    pub run: fn(&Lab) -> String,
}

/// What a case needs of its host.
#[derive(Clone, Copy)]
pub enum Setup {
    /// Nothing: it runs on every host.
    Any,
    /// An SM-DS beside the SM-DP+: on every host that has one.
    Smds,
    /// Another configuration or a clock that can be set, and why: in memory only.
    Memory(&'static str, fn(&mut Config)),
}

/// A line of the document without a case.
pub struct Blank {
    pub interface: &'static str,
    pub function: &'static str,
    pub code: &'static str,
    pub why: &'static str,
}

/// Every case, in the order of the document.
pub fn table() -> Vec<Case> {
    [es9p::cases(), es2p::cases(), progress::cases(), es11::cases(), es12::cases()]
        .into_iter()
        .flatten()
        .collect()
}

/// Answers that no case shows.
pub fn blanks() -> Vec<Blank> {
    [es9p::BLANKS, es2p::BLANKS, es11::BLANKS]
        .into_iter()
        .flatten()
        .map(|(interface, function, code, why)| Blank { interface, function, code, why })
        .collect()
}

type BlankLine = (&'static str, &'static str, &'static str, &'static str);

impl Case {
    fn new(
        (interface, function): (&'static str, &'static str),
        code: &'static str,
        name: &'static str,
        setup: Setup,
        run: fn(&Lab) -> String,
    ) -> Self {
        Self { interface, function, code, name, setup, run }
    }

    /// Runs on a fresh host in memory.
    pub fn in_memory(&self) -> (String, Lab) {
        let mut lab = Lab::with(|config| match self.setup {
            Setup::Memory(_, change) => change(config),
            Setup::Any | Setup::Smds => config.smds = Some(smds(None)),
        });
        let calls = lab.calls.clone();
        lab.host = lab.host.with_network(move |call| answer_of(call, &calls));
        let seen = self.seen(&lab);
        (seen, lab)
    }

    /// Runs on a host that may be used by others; nothing if it cannot.
    pub fn on(&self, lab: &Lab) -> Option<String> {
        match self.setup {
            Setup::Any => Some(self.seen(lab)),
            Setup::Smds => lab.smds.is_some().then(|| self.seen(lab)),
            Setup::Memory(..) => None,
        }
    }

    fn seen(&self, lab: &Lab) -> String {
        catch_unwind(AssertUnwindSafe(|| (self.run)(lab))).unwrap_or_else(|_| "a panic".into())
    }
}

/// Runs every case that this host can take, and says which it cannot.
pub fn all(lab: &Lab) {
    beside_the_standard(lab);
    let (mut wrong, mut left_out, mut held) = (Vec::new(), Vec::new(), 0);
    for case in table() {
        match case.on(lab) {
            Some(seen) if seen == case.code => held += 1,
            Some(seen) => {
                wrong.push(format!("{}, {}: {seen} and not {}", case.function, case.name, case.code))
            }
            None => left_out.push(case.name),
        }
    }
    println!("{held} cases hold; left to the host in memory: {}", left_out.join(", "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What no standard describes, and the header that every answer has.
fn beside_the_standard(lab: &Lab) {
    let health = lab.send(HttpRequest::get("/healthz"));
    assert_eq!(health.status, 200);
    assert_eq!(health.header("X-Admin-Protocol"), Some("gsma/rsp/v2.6.0"));
    assert_eq!(lab.send(HttpRequest::get("/esim-lab/orders")).status, 401);
    lab.order(json!({}));
    lab.order(json!({}));
    let page = |query: &str| -> Value {
        let request = HttpRequest::get(format!("/esim-lab/orders?{query}")).with_token(&lab.token);
        serde_json::from_slice(&lab.send(request).body).unwrap()
    };
    let first = page("limit=1");
    assert_eq!(first["orders"].as_array().unwrap().len(), 1);
    let next = first["next"].as_str().unwrap();
    assert!(page(&format!("after={next}&limit=1"))["orders"][0]["iccid"].as_str().unwrap() > next);
}

/// The SM-DS of the laboratory.
pub fn smds(root: Option<&str>) -> esim_smdp::Smds {
    esim_smdp::Smds::of_test_pkis(SMDS, root, &[&TestPki::well_known(Curve::P256)]).unwrap()
}

/// Others in the laboratory's network: one that takes everything, one that refuses everything; no more.
fn answer_of(call: &Call, calls: &RefCell<Vec<Call>>) -> Reply {
    calls.borrow_mut().push(call.clone());
    let refusal = r#"{"header":{"functionExecutionStatus":{"status":"Failed","statusCodeData":
        {"subjectCode":"8.9.5","reasonCode":"3.8"}}}}"#;
    match call.to.as_str() {
        "willing.example" => Reply::Answered { status: 204, body: Vec::new() },
        "unwilling.example" => Reply::Answered { status: 200, body: refusal.into() },
        _ => Reply::Lost("nobody answers".into()),
    }
}

/// `Executed-Success`, or the pair of a refusal.
fn told(answer: &Value) -> String {
    match answer["header"]["functionExecutionStatus"]["status"].as_str() {
        Some("Failed") => code(answer),
        Some(status) => status.to_string(),
        None => answer.to_string(),
    }
}

/// The same with what has become of the order.
fn told_and(lab: &Lab, answer: &Value, iccid: &str) -> String {
    format!("{}, {}", told(answer), lab.state(iccid))
}

/// `HTTP 401 1.1/1.1`.
fn http(response: &HttpResponse) -> String {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match body["header"]["functionExecutionStatus"]["status"].as_str() {
        Some("Failed") => format!("HTTP {} {}", response.status, code(&body)),
        _ => format!("HTTP {}", response.status),
    }
}
