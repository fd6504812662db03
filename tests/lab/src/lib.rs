//! A laboratory: the SM in memory and an eUICC of a few lines beside it, which can be told to do each thing wrong; and
//! the [`cases`] that every host of the SM must hold. Tests of the hosts share it, natively and in a browser.
#![forbid(unsafe_code)]

pub mod cases;
pub mod euicc;
#[cfg(not(target_arch = "wasm32"))]
pub mod floor;
pub mod guests;
#[cfg(not(target_arch = "wasm32"))]
pub mod operator;
#[cfg(not(target_arch = "wasm32"))]
pub mod race;
#[path = "../../src/recorder.rs"]
pub mod recorder;
#[cfg(feature = "remote")]
mod remote;
#[cfg(not(target_arch = "wasm32"))]
pub mod scratch;
pub mod search;
pub mod wall;

pub use euicc::{Euicc, failure, success};
#[cfg(feature = "remote")]
pub use remote::Remote;

use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_rsp::common::{NotificationEvent, Version, bit_string};
use esim_rsp::es9p::*;
use esim_rsp::es10b::*;
use esim_rsp::json::Base64;
use esim_rsp::notification::*;
use esim_rsp::{Eid, OctetString, TransactionId};
use esim_sm_edge::{HttpRequest, HttpResponse, MemoryHost, Store, attend_all, block_on, handle};
use esim_smdp::{Call, Config, Reply};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::Serialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

/// 1 January 2026.
pub const NOW: u64 = 1_767_225_600;
/// Address of the SM-DP+.
pub const ADDRESS: &str = "smdp.esim-lab.example";
/// Address of the SM-DS, where there is one.
pub const SMDS: &str = "smds.esim-lab.example";
/// OID of the SM-DP+.
pub const OID: &[u32] = &[2, 999, 10];
/// A confirmation code.
pub const CODE: &str = "8642";

/// The SM, and the eUICC beside it.
pub struct Lab {
    /// The service in memory; not used where there is another.
    pub host: MemoryHost,
    /// Another host, in this process or elsewhere, in place of the one in memory.
    pub other: Option<Rc<dyn Service>>,
    /// SM-DP+ address as dialled.
    pub address: String,
    /// The operator's token there.
    pub token: String,
    /// SM-DS address as dialled, where the service is one.
    pub smds: Option<String>,
    /// Whom the service has called, where a case has given it a network.
    pub calls: Rc<RefCell<Vec<Call>>>,
    /// The last request and response.
    pub last: RefCell<Option<(HttpRequest, HttpResponse)>>,
    /// The PKI of both.
    pub pki: TestPki,
    /// The eUICC.
    pub euicc: Euicc,
}

impl Default for Lab {
    fn default() -> Self {
        Self::new()
    }
}

/// A host that is told what to do.
pub trait Service {
    /// Answers a request.
    fn answer(&self, request: HttpRequest) -> HttpResponse;
    /// Attends to all orders, as long as any has something due; nothing where the host does so by itself.
    fn attend(&self);
    /// Sets its clock, in seconds since 1970.
    ///
    /// # Panics
    /// At a host that has a clock of its own.
    fn set_now(&self, now: u64);
}

impl<S: Store> Service for MemoryHost<S> {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        block_on(handle(request, self))
    }

    fn attend(&self) {
        while block_on(attend_all(self, 100)).unwrap() > 0 {}
    }

    fn set_now(&self, now: u64) {
        self.set_now(now);
    }
}

impl Lab {
    /// A fresh one in memory, with the well-known test PKI on P-256.
    pub fn new() -> Self {
        Self::on(Curve::P256, |_| {})
    }

    /// The same with another configuration.
    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Curve::P256, change)
    }

    /// The same on another curve.
    pub fn on(curve: Curve, change: impl FnOnce(&mut Config)) -> Self {
        let pki = TestPki::well_known(curve);
        let mut config = Config::of_test_pki(ADDRESS, &pki).unwrap();
        change(&mut config);
        let smds = config.smds.as_ref().map(|smds| smds.address.clone());
        let host = MemoryHost::new(config, [7; 32], NOW).with_watch(recorder::watch());
        Self {
            euicc: Euicc::new(&pki, "890490321234512345123456789012"),
            other: None,
            address: ADDRESS.into(),
            token: "memory".into(),
            smds,
            calls: Rc::default(),
            last: RefCell::default(),
            host,
            pki,
        }
    }

    /// The eUICC here, the service elsewhere.
    pub fn at(remote: impl Service + 'static, address: &str, token: &str) -> Self {
        let (address, token) = (address.into(), token.into());
        Self { other: Some(Rc::new(remote)), address, token, ..Self::new() }
    }

    /// The one that is asked.
    fn service(&self) -> &dyn Service {
        self.other.as_deref().unwrap_or(&self.host)
    }

    /// Sets the clock of the service.
    pub fn set_now(&self, now: u64) {
        self.service().set_now(now);
    }

    /// Lets the service attend to what is due.
    pub fn attend(&self) {
        recorder::begin();
        self.service().attend();
    }

    /// Sends a request; what came back is kept in [`Lab::last`], too.
    pub fn send(&self, request: HttpRequest) -> HttpResponse {
        recorder::begin();
        let response = self.service().answer(request.clone());
        self.last.replace(Some((request, response.clone())));
        response
    }

    /// A function of ES9+: the JSON of the answer.
    pub fn es9<T: Serialize>(&self, function: &str, request: &T) -> Value {
        let path = format!("{PATH}{function}");
        let response = self.send(HttpRequest::post(path, serde_json::to_vec(request).unwrap()));
        assert_eq!(response.status, 200, "{function}");
        serde_json::from_slice(&response.body).unwrap()
    }

    /// A function of ES2+ (or of the operator): the JSON of the answer.
    pub fn es2(&self, function: &str, mut request: Value) -> Value {
        request["header"] =
            json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"});
        self.operator(&format!("/gsma/rsp2/es2plus/{function}"), request)
    }

    /// A call in the operator's name: the JSON of the answer.
    pub fn operator(&self, path: &str, request: Value) -> Value {
        let request = HttpRequest::post(path, request.to_string()).with_token(&self.token);
        let response = self.send(request);
        assert_eq!(response.status, 200, "{path}");
        serde_json::from_slice(&response.body).unwrap()
    }

    /// Puts [`subscriber`] in stock: the ICCID of its profile.
    pub fn provision(&self) -> String {
        let answer = self.operator("/esim-lab/provision", json!({"subscriber": subscriber()}));
        answer["iccid"].as_str().unwrap_or_else(|| panic!("{answer}")).into()
    }

    /// A released order: its ICCID and matchingId.
    pub fn order(&self, confirm: Value) -> (String, String) {
        let iccid = self.provision();
        assert_success(&self.es2("downloadOrder", json!({"iccid": iccid})));
        let mut request = json!({"iccid": iccid, "releaseFlag": true});
        request.as_object_mut().unwrap().extend(confirm.as_object().unwrap().clone());
        let answer = self.es2("confirmOrder", request);
        assert_success(&answer);
        (iccid, answer["matchingId"].as_str().unwrap().into())
    }

    /// The order as the operator sees it.
    pub fn show(&self, iccid: &str) -> Value {
        let request = HttpRequest::get(format!("/esim-lab/orders/{iccid}")).with_token(&self.token);
        serde_json::from_slice(&self.send(request).body).unwrap()
    }

    /// Where the order stands; empty if there is none.
    pub fn state(&self, iccid: &str) -> String {
        self.show(iccid)["state"].as_str().unwrap_or_default().into()
    }

    /// initiateAuthentication, which succeeds.
    pub fn initiate(&self) -> InitiateAuthenticationOk {
        let answer = self.es9("initiateAuthentication", &self.euicc.initiate(&self.address));
        assert_success(&answer);
        serde_json::from_value(answer).unwrap()
    }

    /// authenticateClient, with something done to it before it is signed.
    pub fn authenticate(&self, offer: &InitiateAuthenticationOk, matching_id: &str) -> Value {
        let request = self.euicc.authenticate(offer, matching_id, |_| {});
        self.es9("authenticateClient", &request)
    }

    /// Up to authenticateClient, which succeeds.
    pub fn offered(&self, matching_id: &str) -> AuthenticateClientOk {
        let answer = self.authenticate(&self.initiate(), matching_id);
        assert_success(&answer);
        serde_json::from_value(answer).unwrap()
    }

    /// getBoundProfilePackage for what authenticateClient has offered: the JSON of the answer.
    pub fn fetch(&self, offer: &AuthenticateClientOk, code: Option<&str>) -> Value {
        self.es9("getBoundProfilePackage", &self.euicc.prepare(offer, code, |_| {}))
    }

    /// The whole download up to the package, which succeeds.
    pub fn download(&self, matching_id: &str) -> (TransactionId, Vec<u8>) {
        let offer = self.offered(matching_id);
        let answer = self.fetch(&offer, None);
        assert_success(&answer);
        let ok: GetBoundProfilePackageOk = serde_json::from_value(answer).unwrap();
        (ok.transaction_id, ok.bound_profile_package.0)
    }

    /// handleNotification.
    pub fn notify(&self, notification: Vec<u8>) -> HttpResponse {
        let request = HandleNotificationRequest { pending_notification: Base64(notification) };
        let body = serde_json::to_vec(&request).unwrap();
        self.send(HttpRequest::post("/gsma/rsp2/es9plus/handleNotification", body))
    }
}

/// A subscriber with the keys of TS 35.208, set 1.
pub fn subscriber() -> Value {
    json!({
        "imsi": "001010123456789", "msisdn": "+15550100", "spn": "Lab",
        "ki": "465B5CE8B199B49FAA5F0A2EE238A6BC", "opc": "CD63CB71954A9F4E48A5994E37A02BAF",
    })
}

/// # Panics
/// At an answer that says anything but Executed-Success.
pub fn assert_success(answer: &Value) {
    let status = &answer["header"]["functionExecutionStatus"];
    assert_eq!(status["status"], "Executed-Success", "{answer}");
}

/// `8.2.6/3.8`.
pub fn code(answer: &Value) -> String {
    let status = &answer["header"]["functionExecutionStatus"];
    assert_eq!(status["status"], "Failed", "{answer}");
    let data = &status["statusCodeData"];
    format!("{}/{}", data["subjectCode"].as_str().unwrap(), data["reasonCode"].as_str().unwrap())
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
