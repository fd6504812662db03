//! What the service does, in numbers for Prometheus.

use esim_rsp::json_binding::{self, Interface};
use esim_sm_edge::LogLine;
use esim_smdp::{Order, OrderState, Record, Records, Write};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::time::Duration;

/// Upper ends of the buckets of durations, in seconds.
const BUCKETS: [f64; 11] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 2.0, 10.0];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    function: &'static str,
    status: u16,
    code: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Function {
    function: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct State {
    state: String,
}

/// Counters, and the registry that prints them.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Function, Histogram>,
    conflicts: Counter,
    orders: Family<State, Gauge>,
    errands: Gauge,
    sessions: Gauge,
    outdated: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("esim_sm");
        let requests = Family::<Request, Counter>::default();
        registry.register("requests", "Requests by function, HTTP status and status code", requests.clone());
        let buckets: fn() -> Histogram = || Histogram::new(BUCKETS);
        let seconds = Family::<Function, Histogram>::new_with_constructor(buckets);
        registry.register("request_seconds", "Seconds from request to answer", seconds.clone());
        let conflicts = Counter::default();
        let help = "Decisions made again because somebody else was faster";
        registry.register("conflicts", help, conflicts.clone());
        let orders = Family::<State, Gauge>::default();
        registry.register("orders", "Orders by state", orders.clone());
        let errands = Gauge::default();
        registry.register("errands_waiting", "What others are still to be told", errands.clone());
        let sessions = Gauge::default();
        registry.register("sessions", "Download sessions that are remembered", sessions.clone());
        let outdated = Gauge::default();
        registry.register(
            "revocation_lists_out_of_date",
            "Revocation lists that should have been replaced by now",
            outdated.clone(),
        );
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        Self { registry, requests, seconds, conflicts, orders, errands, sessions, outdated }
    }

    /// A line of the log is a request, or something that was done without one.
    pub(crate) fn count(&self, line: &LogLine<'_>) {
        let function = function_of(line.call);
        let code = line.outcome.as_deref().filter(|outcome| is_code(outcome)).unwrap_or_default();
        let request = Request { function, status: line.status, code: code.to_string() };
        self.requests.get_or_create(&request).inc();
        self.conflicts.inc_by(line.conflicts.into());
    }

    /// A request has been answered.
    pub(crate) fn time(&self, call: &str, took: Duration) {
        let function = function_of(call);
        self.seconds.get_or_create(&Function { function }).observe(took.as_secs_f64());
    }

    /// An order is in the store, found there or written.
    pub(crate) fn add(&self, order: &Order) {
        self.gauge(order.state).inc();
        self.errands.inc_by(order.errands.len() as i64);
    }

    /// What has been written has taken the place of what was there before.
    pub(crate) fn replace(&self, before: &Records, writes: &[Write]) {
        for write in writes {
            let Write::Put(Record::Order(order)) = write else { continue };
            if let Some(old) = before.order(&order.iccid) {
                self.gauge(old.state).dec();
                self.errands.dec_by(old.errands.len() as i64);
            }
            self.add(order);
        }
    }

    fn gauge(&self, state: OrderState) -> Gauge {
        self.orders.get_or_create_owned(&State { state: state.to_string() })
    }

    /// OpenMetrics text, which Prometheus reads.
    pub(crate) fn text(&self, sessions: u64, outdated: usize) -> String {
        self.sessions.set(i64::try_from(sessions).unwrap_or(i64::MAX));
        self.outdated.set(i64::try_from(outdated).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// What stands behind `/esim-lab/`.
const OWN: [&str; 5] = ["provision", "import", "templates", "report", "orders"];

/// Name of a function of ours. Whatever else somebody asks for is `other`: how many names there are must not be the
/// caller's choice.
fn function_of(call: &str) -> &'static str {
    match call.split_once(' ').map_or(call, |(_, path)| path).split('?').next().unwrap_or_default() {
        "attend" => "attend",
        "/healthz" => "healthz",
        path => standard(path).or_else(|| own(path)).unwrap_or("other"),
    }
}

fn standard(path: &str) -> Option<&'static str> {
    let (interface, rest) = Interface::of(path)?;
    interface.function(rest.split('/').next()?).map(json_binding::Function::name)
}

fn own(path: &str) -> Option<&'static str> {
    let first = path.strip_prefix("/esim-lab/")?.split('/').next()?;
    OWN.into_iter().find(|name| *name == first)
}

/// `8.2.6/3.8`, and no sentence.
fn is_code(outcome: &str) -> bool {
    !outcome.is_empty() && outcome.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callers_cannot_choose_names() {
        for (call, name) in [
            ("POST /gsma/rsp2/es9plus/authenticateClient", "authenticateClient"),
            ("POST /gsma/rsp2/es9plus/nonsense", "other"),
            ("OPTIONS /gsma/rsp2/nonsense/nonsense", "other"),
            ("GET /esim-lab/nonsense", "other"),
            ("GET /esim-lab/orders/8900101000000000009", "orders"),
            ("GET /esim-lab/orders?limit=3", "orders"),
            ("/gsma/rsp2/es2plus/confirmOrder", "confirmOrder"),
            ("GET /healthz", "healthz"),
            ("GET /index.html", "other"),
            ("attend", "attend"),
        ] {
            assert_eq!(function_of(call), name, "{call}");
        }
    }

    #[test]
    fn sentences_are_no_codes() {
        assert!(is_code("8.2.6/3.8"));
        assert!(!is_code("recorded for 8900101000000000009") && !is_code(""));
    }
}
