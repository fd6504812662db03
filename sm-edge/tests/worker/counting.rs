//! Downloads whose costs a worker counts (`COUNT`): the bench shows them, a test holds them to a budget.

use esim_rsp::es9p::GetBoundProfilePackageOk;
use esim_sm_edge::{HttpRequest, HttpResponse};
use esim_sm_lab::{Lab, Remote, Service, assert_success, success};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

/// What a download takes, from the subscriber to the notification, in this order.
pub const FUNCTIONS: [&str; 7] = [
    "provision",
    "downloadOrder",
    "confirmOrder",
    "initiateAuthentication",
    "authenticateClient",
    "getBoundProfilePackage",
    "handleNotification",
];

/// How an eUICC finds its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a matchingId that the SM has drawn.
    Drawn,
    /// By one of the operator's own.
    Own,
    /// By its EID alone: the order has an empty matchingId.
    Eid,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Drawn, Self::Own, Self::Eid];
}

/// What the worker tells of a function.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Costs {
    /// Requests.
    pub calls: u64,
    /// By kind of object.
    pub messages: BTreeMap<String, u64>,
    /// Messages behind the answer.
    pub behind: u64,
    /// The most messages one after the other.
    pub in_a_row: u64,
    /// Rows of SQLite.
    pub rows_written: u64,
    /// Alarms set.
    pub alarms: u64,
}

impl Costs {
    /// Messages to objects of all kinds.
    pub fn sent(&self) -> u64 {
        self.messages.values().sum()
    }
}

/// Sums by function.
pub type Sums = BTreeMap<String, Costs>;

/// What a worker has counted when all that is under way there is done; nothing where it does not count.
pub fn read(worker: &dyn Service, token: &str) -> Option<Sums> {
    let answer = worker.answer(HttpRequest::get("/esim-lab/costs").with_token(token));
    (answer.status == 200).then(|| serde_json::from_slice(&answer.body).expect("counts"))
}

/// A worker that is asked for its counts behind each call: nobody calls while the work behind an answer is going on.
pub struct Counted {
    worker: Remote,
    token: String,
    seen: Rc<RefCell<Seen>>,
}

/// What has been seen of its counts.
#[derive(Default)]
pub struct Seen {
    /// As they are now.
    pub sums: Sums,
    /// The most messages that one call of a function has sent.
    pub most: BTreeMap<String, u64>,
}

impl Counted {
    /// This worker; what is seen of it is kept in what comes with it.
    pub fn new(worker: Remote, token: &str) -> (Self, Rc<RefCell<Seen>>) {
        let seen = Rc::<RefCell<Seen>>::default();
        (Self { worker, token: token.into(), seen: seen.clone() }, seen)
    }
}

impl Service for Counted {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        let function = request.path_only().rsplit('/').next().unwrap_or_default().to_string();
        let answer = self.worker.answer(request);
        if let Some(sums) = read(&self.worker, &self.token) {
            let mut seen = self.seen.borrow_mut();
            let sent = |sums: &Sums| sums.get(&function).map_or(0, Costs::sent);
            let more = sent(&sums) - sent(&seen.sums);
            let most = seen.most.entry(function).or_default();
            *most = more.max(*most);
            seen.sums = sums;
        }
        answer
    }

    fn attend(&self) {}

    fn set_now(&self, _: u64) {}
}

/// Orders and downloads profiles, one after the other; each has another number.
pub fn download(lab: &Lab, way: Way, numbers: Range<u32>) {
    for number in numbers {
        let iccid = lab.provision();
        let mut order = json!({"iccid": iccid});
        let mut confirm = json!({"iccid": iccid, "releaseFlag": true});
        match way {
            Way::Drawn => {}
            Way::Own => confirm["matchingId"] = json!(format!("OWN-{number}")),
            Way::Eid => {
                order["eid"] = json!(lab.euicc.eid);
                confirm["matchingId"] = json!("");
            }
        }
        assert_success(&lab.es2("downloadOrder", order));
        let confirmed = lab.es2("confirmOrder", confirm);
        assert_success(&confirmed);
        finish(lab, &iccid, confirmed["matchingId"].as_str().unwrap_or_default());
    }
}

/// Downloads the profile of an order, and notifies.
pub fn finish(lab: &Lab, iccid: &str, matching_id: &str) {
    let answer = lab.fetch(&lab.offered(matching_id), None);
    assert_success(&answer);
    let ok: GetBoundProfilePackageOk = serde_json::from_value(answer).expect("a package");
    let result = lab.euicc.result(&ok.transaction_id, iccid, 1, success());
    assert_eq!(lab.notify(result).status, 204);
}
