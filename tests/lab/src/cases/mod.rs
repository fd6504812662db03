//! One set of cases for every host: in memory, over TLS, on the worker. The code says how to get there, the case's
//! folder in `tests/cases/sm` what must come out. A case calls one function and hands over what it has seen; the status
//! and its codes must be the folder's on every host, the octets in memory. `docs/CONFORMANCE.md` shows the folders.

mod any;
mod es11;
mod es12;
mod es2p;
mod es9p;
mod files;
/// What the folders say.
pub mod folder;
mod package;
mod progress;
mod wire;

use super::*;
use folder::{Expected, Hosts, Outcome};
use std::panic::{AssertUnwindSafe, catch_unwind};
use wire::Exchange;

/// A case.
pub struct Case {
    /// `es9p`; also the first part of the folder's path.
    pub interface: &'static str,
    /// As the standard names it.
    pub function: &'static str,
    /// The folder's name without the code before it.
    pub name: &'static str,
    /// What it needs of its host.
    pub setup: Setup,
    /// Gets there, makes the deciding call and hands over what has come of it.
    pub run: fn(&Lab) -> Seen,
}

/// What a case needs of its host.
#[derive(Clone, Copy)]
pub enum Setup {
    /// Nothing: it runs on every host.
    Any,
    /// An SM-DS beside the SM-DP+: on every host that has one.
    Smds,
    /// Another configuration, a clock that can be set, or a network: in memory only.
    Memory(fn(&mut Config)),
}

/// The deciding call of a case, and what came of it.
pub struct Seen {
    exchange: Exchange,
    /// Status and codes, and what else the case looks at.
    pub outcome: Outcome,
}

/// Every case, in the order of the document.
pub fn table() -> Vec<Case> {
    let interfaces =
        [es9p::cases(), package::cases(), es2p::cases(), progress::cases(), es11::cases(), es12::cases()];
    interfaces.into_iter().flatten().collect()
}

impl Case {
    fn new(
        (interface, function): (&'static str, &'static str),
        name: &'static str,
        setup: Setup,
        run: fn(&Lab) -> Seen,
    ) -> Self {
        Self { interface, function, name, setup, run }
    }

    /// What its folder says.
    ///
    /// # Errors
    /// A case without a folder.
    pub fn expected(&self) -> Result<&'static Expected, String> {
        let found = folder::all().iter().find(|it| {
            (&*it.interface, &*it.function, &*it.name) == (self.interface, self.function, self.name)
        });
        found.ok_or_else(|| {
            let folder = format!("{}/{}", self.interface, folder::kebab(self.function));
            format!("{folder} has no folder of the case {}", self.name)
        })
    }

    /// Which hosts take it.
    pub fn hosts(&self) -> Hosts {
        match self.setup {
            Setup::Any => Hosts::All,
            Setup::Smds => Hosts::SmDs,
            Setup::Memory(_) => Hosts::Memory,
        }
    }

    /// Runs on a fresh host in memory: the outcome and every octet must be the folder's.
    ///
    /// # Errors
    /// The difference.
    pub fn in_memory(&self) -> Result<(), String> {
        self.within(|_| None)
    }

    /// The same over other records: `service` makes a fresh host from one in memory.
    ///
    /// # Errors
    /// The difference.
    pub fn over<T: Service + 'static>(&self, service: impl FnOnce(MemoryHost) -> T) -> Result<(), String> {
        self.within(|host| Some(Rc::new(service(host))))
    }

    fn within(&self, other: impl FnOnce(MemoryHost) -> Option<Rc<dyn Service>>) -> Result<(), String> {
        let mut lab = Lab::with(|config| match self.setup {
            Setup::Memory(change) => change(config),
            Setup::Any | Setup::Smds => config.smds = Some(smds(None)),
        });
        let networked = |host: MemoryHost| {
            let calls = lab.calls.clone();
            host.with_network(move |call| answer_of(call, &calls))
        };
        lab.other = other(networked(lab.host.fork()));
        lab.host = networked(lab.host);
        let seen = self.seen(&lab)?;
        let expected = self.expected()?;
        expected.holds(&seen.outcome)?;
        seen.exchange.hold(&expected.path)
    }

    /// Runs on a host that may be used by others; nothing if it cannot.
    pub fn on(&self, lab: &Lab) -> Option<Result<(), String>> {
        let is_able = match self.setup {
            Setup::Any => true,
            Setup::Smds => lab.smds.is_some(),
            Setup::Memory(_) => false,
        };
        is_able.then(|| self.expected()?.holds(&self.seen(lab)?.outcome))
    }

    fn seen(&self, lab: &Lab) -> Result<Seen, String> {
        catch_unwind(AssertUnwindSafe(|| (self.run)(lab))).map_err(|_| "a panic".into())
    }
}

impl Seen {
    /// The last call of all.
    fn last(lab: &Lab) -> Self {
        recorder::keep();
        let (request, response) = lab.last.borrow().clone().expect("a call");
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        let outcome =
            Outcome { http: response.status, ..Outcome::of(&body["header"]["functionExecutionStatus"]) };
        Self { exchange: Exchange { request, response }, outcome }
    }

    /// With where the order stands then, and its profile on the card.
    fn with_order(mut self, lab: &Lab, iccid: &str) -> Self {
        let shown = lab.show(iccid);
        let text = |value: &Value| value.as_str().map(str::to_string);
        self.outcome.order = text(&shown["state"]);
        self.outcome.card = text(&shown["onCard"]["state"]);
        self
    }
}

/// Runs every case that this host can take, and says which it cannot.
pub fn all(lab: &Lab) {
    beside_the_standard(lab);
    let (mut wrong, mut left_out, mut held) = (Vec::new(), Vec::new(), 0);
    for case in table() {
        match case.on(lab) {
            Some(Ok(())) => held += 1,
            Some(Err(seen)) => {
                let wanted = case.expected().map_or_else(|why| why, |it| it.outcome.to_string());
                wrong.push(format!("{}, {}: {seen} and not {wanted}", case.function, case.name));
            }
            None => left_out.push(case.name),
        }
    }
    println!("{held} cases hold; left to the host in memory: {}", left_out.join(", "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs every case of an interface on a fresh host in memory; how many there were.
///
/// # Panics
/// Naming every case whose outcome or octets are not its folder's.
pub fn each_in_memory(interface: &str) -> usize {
    let cases: Vec<_> = table().into_iter().filter(|case| case.interface == interface).collect();
    let wrong =
        |case: &Case| case.in_memory().err().map(|why| format!("{}, {}: {why}", case.function, case.name));
    let wrong: Vec<_> = cases.iter().filter_map(wrong).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    cases.len()
}

/// Runs every case on a host of its own, made from one in memory: the outcomes and octets must be those in memory.
pub fn each_over<T: Service + 'static>(mut service: impl FnMut(MemoryHost) -> T) {
    let wrong = |case: Case| {
        case.over(&mut service).err().map(|why| format!("{}, {}: {why}", case.function, case.name))
    };
    let wrong: Vec<_> = table().into_iter().filter_map(wrong).collect();
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

/// Others in the laboratory's network: one that takes everything and one that refuses everything; those that take events
/// and refuse to delete them, have forgotten them, or are gone by then. Nobody else answers.
fn answer_of(call: &Call, calls: &RefCell<Vec<Call>>) -> Reply {
    calls.borrow_mut().push(call.clone());
    let done = Reply::Answered { status: 204, body: Vec::new() };
    match (call.to.as_str(), call.path.ends_with("deleteEvent")) {
        ("willing.example", _) => done,
        ("fickle.example" | "forgetful.example" | "vanishing.example", false) => done,
        ("unwilling.example", _) => refused("8.9.5", "3.8"),
        ("fickle.example", true) => refused("8.9", "4.2"),
        ("forgetful.example", true) => refused("8.9.5", "3.9"),
        _ => Reply::Lost("nobody answers".into()),
    }
}

fn refused(subject: &str, reason: &str) -> Reply {
    let code = json!({"subjectCode": subject, "reasonCode": reason});
    let body = json!({"header": {"functionExecutionStatus": {"status": "Failed", "statusCodeData": code}}});
    Reply::Answered { status: 200, body: body.to_string().into_bytes() }
}

/// A call that has just come back with `answer`.
#[track_caller]
fn told(lab: &Lab, answer: &Value) -> Seen {
    let seen = Seen::last(lab);
    let body: Value = serde_json::from_slice(&seen.exchange.response.body).unwrap();
    assert_eq!(body, *answer, "there was another call in between");
    seen
}

/// The same with what has become of the order.
#[track_caller]
fn told_and(lab: &Lab, answer: &Value, iccid: &str) -> Seen {
    told(lab, answer).with_order(lab, iccid)
}

/// A request as it is.
fn sent(lab: &Lab, request: HttpRequest) -> Seen {
    lab.send(request);
    Seen::last(lab)
}
