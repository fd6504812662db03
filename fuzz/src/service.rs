//! An SM in the middle of its work, and requests at it: sound ones, bent ones, and what must hold of every answer.

use crate::edits::bent;
use esim_crypto::Curve;
use esim_crypto::pki::{PkiParameters, TestPki};
use esim_rsp::es9p::*;
use esim_rsp::es10b::*;
use esim_rsp::json::Base64;
use esim_rsp::notification::{OtherSignedNotification, ProfileInstallationResult};
use esim_rsp::{Code, Signature, common, decode, tlv};
use esim_sm_edge::{HttpRequest, HttpResponse, MemoryHost, block_on, handle};
use esim_sm_lab::{Euicc, success};
use esim_smdp::{Config, Smds};
use esim_tests::bench::{NOW, rng};
use serde_json::{Value, json};

const ADDRESS: &str = "smdp.esim-lab.example";
const SMDS: &str = "smds.esim-lab.example";
const OID: &[u32] = &[2, 999, 10];
const CODE: &str = "8642";
const TOKEN: &str = "memory";

/// Everything that can be called: POST of JSON, but for the ends marked GET and CSV.
pub const PATHS: &[&str] = &[
    "/gsma/rsp2/es9plus/initiateAuthentication",
    "/gsma/rsp2/es9plus/authenticateClient",
    "/gsma/rsp2/es9plus/getBoundProfilePackage",
    "/gsma/rsp2/es9plus/handleNotification",
    "/gsma/rsp2/es9plus/cancelSession",
    "/gsma/rsp2/es9plus/nothing",
    "/gsma/rsp2/es2plus/downloadOrder",
    "/gsma/rsp2/es2plus/confirmOrder",
    "/gsma/rsp2/es2plus/cancelOrder",
    "/gsma/rsp2/es2plus/releaseProfile",
    "/gsma/rsp2/es2plus/handleDownloadProgressInfo",
    "/gsma/rsp2/es12/registerEvent",
    "/gsma/rsp2/es12/deleteEvent",
    "/gsma/rsp2/es15/registerEvent",
    "/gsma/rsp2/es15/deleteEvent",
    "/esim-lab/provision",
    "/esim-lab/import",
    "/esim-lab/import?template=operational&release=true",
    "/esim-lab/templates",
    "/esim-lab/report",
    "/esim-lab/orders",
    "/esim-lab/orders/",
    "/healthz",
    "/",
];

/// From here on [`PATHS`] are read by GET, and what follows is the rest of path and query.
const FIRST_GET: usize = 18;
/// The path that takes a table.
const CSV: usize = 17;

/// Who calls: the second octet of an input, modulo their number.
const CALLERS: [Option<&str>; 4] = [Some("Bearer memory"), None, Some("Bearer wrong"), Some("Bearer a.b.c")];

/// Signed by the eUICC: what an input of this kind bends before it is signed.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// ES9+.AuthenticateClient, by matchingId.
    Authenticate,
    /// ES11.AuthenticateClient.
    FindEvents,
    /// ES9+.GetBoundProfilePackage of an order with a confirmation code.
    Prepare,
    /// The same again, once the package is there.
    PrepareAgain,
    /// ES9+.CancelSession before the package.
    Cancel,
    /// The same after it.
    CancelLate,
    /// A profile installation result.
    Result,
    /// Another notification.
    Notify,
}

/// In the order of an input's second octet.
pub const STEPS: [Step; 8] = [
    Step::Authenticate,
    Step::FindEvents,
    Step::Prepare,
    Step::PrepareAgain,
    Step::Cancel,
    Step::CancelLate,
    Step::Result,
    Step::Notify,
];

/// The first octet of inputs that bend what is signed.
pub const SIGNED: u8 = 0xFF;

/// An SM with orders in every state, and one eUICC that has got to every step of a download.
pub struct Service {
    host: MemoryHost,
    euicc: Euicc,
    iccid: String,
    started: InitiateAuthenticationOk,
    started_at_smds: InitiateAuthenticationOk,
    offered: AuthenticateClientOk,
    delivered: AuthenticateClientOk,
}

impl Service {
    /// The same every time.
    pub fn new() -> Self {
        let pki =
            TestPki::generate(&PkiParameters { curve: Curve::P256, ..PkiParameters::default() }, &mut rng(1));
        let mut config = Config::of_test_pki(ADDRESS, &pki).expect("a sound PKI");
        config.smds = Some(Smds::of_test_pkis(SMDS, None, &[&pki]).expect("a sound PKI"));
        let host = MemoryHost::new(config, [2; 32], NOW);
        let euicc = Euicc::new(&pki, "890490321234512345123456789012");
        let call = |path: &str, body: Value| called(&host, path, body);
        for (iccid, confirm) in [
            ("8900101000000000009", None),
            ("8900101000000000017", Some(json!({"matchingId": "STARTED"}))),
            ("8900101000000000025", Some(json!({"matchingId": "OFFERED", "confirmationCode": CODE}))),
            ("8900101000000000033", Some(json!({"matchingId": "DELIVERED"}))),
            ("8900101000000000041", Some(json!({"eid": euicc.eid, "smdsAddress": SMDS}))),
            ("8900101000000000058", Some(json!({"eid": euicc.eid, "matchingId": "", "releaseFlag": false}))),
        ] {
            call("/esim-lab/provision", json!({"iccid": iccid, "subscriber": subscriber()}));
            let Some(mut confirm) = confirm else { continue };
            call("/gsma/rsp2/es2plus/downloadOrder", json!({"header": header(), "iccid": iccid}));
            confirm["header"] = header();
            confirm["iccid"] = json!(iccid);
            confirm.as_object_mut().expect("an object").entry("releaseFlag").or_insert(json!(true));
            call("/gsma/rsp2/es2plus/confirmOrder", confirm);
        }
        let es9 = |function: &str, body: Value| call(&format!("/gsma/rsp2/es9plus/{function}"), body);
        let start = |address: &str| -> InitiateAuthenticationOk {
            read(es9("initiateAuthentication", json!(euicc.initiate(address))))
        };
        let offer = |id: &str| -> AuthenticateClientOk {
            read(es9("authenticateClient", json!(euicc.authenticate(&start(ADDRESS), id, |_| {}))))
        };
        let (started, started_at_smds) = (start(ADDRESS), start(SMDS));
        let (offered, delivered) = (offer("OFFERED"), offer("DELIVERED"));
        es9("getBoundProfilePackage", json!(euicc.prepare(&delivered, None, |_| {})));
        let iccid = "8900101000000000033".into();
        Self { host, euicc, iccid, started, started_at_smds, offered, delivered }
    }

    /// Sound requests at every path, for the seeds: place in [`PATHS`] and body.
    pub fn sound(&self) -> Vec<(usize, String)> {
        let all = json!({
            "header": header(), "iccid": "8900101000000000009", "eid": self.euicc.eid, "profileType": "operational",
            "matchingId": "ANOTHER", "confirmationCode": CODE, "smdsAddress": SMDS, "releaseFlag": true,
            "finalProfileStatusIndicator": "Available", "rspServerAddress": ADDRESS, "eventId": "EVENT",
            "forwardingIndicator": true, "subscriber": subscriber(), "device": {"nr5gc": 15},
            "metadata": {"profileClass": "test", "profilePolicyRules": ["ppr1"]}, "owner": "2.999.1",
        });
        let row = json!({"iccid": "8900101000000000066", "imsi": "001010123456789", "msisdn": "+15550100",
            "ki": "465B5CE8B199B49FAA5F0A2EE238A6BC", "opc": "CD63CB71954A9F4E48A5994E37A02BAF",
            "eid": self.euicc.eid, "policyRules": ["ppr1"], "confirmationCode": CODE});
        let import = json!({"header": header(), "template": "operational", "release": true, "rows": [row]});
        let table = "imsi;ki;opc;msisdn;iccid\n001010123456789;465B5CE8B199B49FAA5F0A2EE238A6BC;\
            CD63CB71954A9F4E48A5994E37A02BAF;+15550100;8900101000000000066\n";
        let of_json = (6..16).map(|path| (path, all.to_string()));
        let steps = STEPS.iter().map(|step| {
            let (path, body) = self.signed(*step, &[]);
            (path, body.to_string())
        });
        of_json
            .chain(steps)
            .chain([
                (0, json!(self.euicc.initiate(ADDRESS)).to_string()),
                (0, json!(self.euicc.initiate(SMDS)).to_string()),
                (16, import.to_string()),
                (17, table.into()),
                (18, String::new()),
                (19, "?format=csv&limit=2".into()),
                (20, "?after=8900101000000000009&limit=2&matchingId=STARTED".into()),
                (21, self.iccid.clone()),
            ])
            .collect()
    }

    /// What an input asks for: a path, a caller and a body; or [`SIGNED`], a step and how its signed octets are bent.
    pub fn request(&self, input: &[u8]) -> Option<HttpRequest> {
        let [path, how, rest @ ..] = input else { return None };
        if *path == SIGNED {
            let (path, body) = self.signed(STEPS[usize::from(*how) % STEPS.len()], rest);
            return Some(HttpRequest::post(PATHS[path], body.to_string()));
        }
        let path = usize::from(*path) % PATHS.len();
        let mut request = match path {
            FIRST_GET.. => HttpRequest::get(format!("{}{}", PATHS[path], String::from_utf8_lossy(rest))),
            _ => HttpRequest::post(PATHS[path], rest),
        };
        if path == CSV {
            request.headers[0].1 = "text/csv".into();
        }
        if let Some(credential) = CALLERS[usize::from(*how) % CALLERS.len()] {
            request = request.with_header("Authorization", credential);
        }
        Some(request)
    }

    /// A step's request, with what the eUICC signs bent before it is.
    fn signed(&self, step: Step, edits: &[u8]) -> (usize, Value) {
        let euicc = &self.euicc;
        let sign =
            |octets: &[u8], after: &[u8]| Signature::from(euicc.issued.key.sign(&[octets, after])).tlv();
        let chain = || [euicc.issued.certificate.clone(), euicc.eum.clone()].concat();
        let ok = |tag, signed: &[u8], after: &[u8], more: &[u8]| {
            let signed = bent(signed, edits);
            Base64(tlv::wrap(tag, &[&tlv::wrap(0xA0, &[&signed, &sign(&signed, after), more])]))
        };
        match step {
            Step::Authenticate | Step::FindEvents => {
                let (offer, id) = match step {
                    Step::Authenticate => (&self.started, "STARTED"),
                    _ => (&self.started_at_smds, ""),
                };
                let mut request = euicc.authenticate(offer, id, |_| {});
                let sound = decode(&request.authenticate_server_response.0).expect("sound");
                let AuthenticateServerResponse::AuthenticateResponseOk(sound) = sound else { unreachable!() };
                request.authenticate_server_response = ok(0xBF38, sound.euicc_signed1.raw(), &[], &chain());
                (1, json!(request))
            }
            Step::Prepare | Step::PrepareAgain => {
                let (offer, code) = match step {
                    Step::Prepare => (&self.offered, Some(CODE)),
                    _ => (&self.delivered, None),
                };
                let mut request = euicc.prepare(offer, code, |_| {});
                let sound = decode(&request.prepare_download_response.0).expect("sound");
                let PrepareDownloadResponse::DownloadResponseOk(sound) = sound else { unreachable!() };
                request.prepare_download_response =
                    ok(0xBF21, sound.euicc_signed2.raw(), &offer.smdp_signature2.0, &[]);
                (2, json!(request))
            }
            Step::Cancel | Step::CancelLate => {
                let offer = if matches!(step, Step::Cancel) { &self.offered } else { &self.delivered };
                let mut request = euicc.cancel(&offer.transaction_id, CancelSessionReason::postponed, OID);
                let sound = decode(&request.cancel_session_response.0).expect("sound");
                let CancelSessionResponse::CancelSessionResponseOk(sound) = sound else { unreachable!() };
                request.cancel_session_response =
                    ok(0xBF41, sound.euicc_cancel_session_signed.raw(), &[], &[]);
                (4, json!(request))
            }
            Step::Result => {
                let sound = euicc.result(&self.delivered.transaction_id, &self.iccid, 1, success());
                let sound: ProfileInstallationResult = decode(&sound).expect("sound");
                let data = bent(sound.profile_installation_result_data.raw(), edits);
                let result = tlv::wrap(0xBF37, &[&data, &sign(&data, &[])]);
                (3, json!({"pendingNotification": Base64(result)}))
            }
            Step::Notify => {
                let sound = euicc.event(2, common::NotificationEvent::Enable, &self.iccid);
                let sound: OtherSignedNotification = decode(&sound).expect("sound");
                let tbs = bent(sound.tbs_other_notification.raw(), edits);
                let notification = tlv::wrap(0x30, &[&tbs, &sign(&tbs, &[]), &chain()]);
                (3, json!({"pendingNotification": Base64(notification)}))
            }
        }
    }

    /// Sends a request to a copy of the service, and holds the answer against what must be true of every answer.
    ///
    /// # Panics
    /// Where it is not true.
    pub fn check(&self, request: HttpRequest) -> HttpResponse {
        let host = self.host.fork();
        let response = block_on(handle(request.clone(), &host));
        let (path, status) = (&request.path, response.status);
        let body = String::from_utf8_lossy(&response.body);
        assert!(status < 500, "{path}: {status} {body}");
        assert!(response.header("X-Admin-Protocol").is_some(), "{path}");
        let needs_credential =
            !path.starts_with("/gsma/rsp2/es9plus/") && path.len() > 1 && !path.starts_with("/healthz");
        let has_credential = request.header("Authorization") == CALLERS[0];
        if needs_credential && !has_credential {
            assert!(matches!(status, 401 | 404), "{path} is open: {status} {body}");
        }
        if status == 204 {
            assert!(body.is_empty() && path.contains("handleNotification"), "{path}: {body}");
        } else if response.header("Content-Type").is_some_and(|kind| kind.starts_with("text/csv")) {
            assert!(path.contains("/report"), "{path}: {body}");
        } else {
            let answer: Value = serde_json::from_str(&body).unwrap_or_else(|e| panic!("{path}: {e}: {body}"));
            if !path.starts_with("/healthz") || status != 200 {
                check_header(path, status, &answer["header"]["functionExecutionStatus"]);
            }
        }
        // Whatever was done, every order can still be read.
        let list = HttpRequest::get("/esim-lab/orders").with_token(TOKEN);
        assert_eq!(block_on(handle(list, &host)).status, 200, "after {path}");
        response
    }
}

impl Default for Service {
    fn default() -> Self {
        Self::new()
    }
}

/// Executed, or refused with a pair that has a name.
fn check_header(path: &str, http: u16, outcome: &Value) {
    let code = |name: &str| outcome["statusCodeData"][name].as_str().unwrap_or_default();
    match outcome["status"].as_str() {
        Some("Executed-Success") => assert_eq!(http, 200, "{path}"),
        Some("Failed") => {
            let known = Code::of(code("subjectCode"), code("reasonCode"));
            assert!(known.is_some(), "{path}: {outcome} has no name");
            assert!(!code("message").is_empty(), "{path}: {outcome} has no message");
        }
        _ => panic!("{path}: {http} without a status: {outcome}"),
    }
}

fn called(host: &MemoryHost, path: &str, body: Value) -> Value {
    let request = HttpRequest::post(path, body.to_string()).with_token(TOKEN);
    let response = block_on(handle(request, host));
    let answer: Value = serde_json::from_slice(&response.body).expect("JSON");
    assert_eq!(answer["header"]["functionExecutionStatus"]["status"], "Executed-Success", "{path}: {answer}");
    answer
}

fn read<T: serde::de::DeserializeOwned>(answer: Value) -> T {
    serde_json::from_value(answer).expect("the answer expected")
}

fn header() -> Value {
    json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "call"})
}

fn subscriber() -> Value {
    json!({
        "imsi": "001010123456789", "msisdn": "+15550100", "spn": "Lab",
        "ki": "465B5CE8B199B49FAA5F0A2EE238A6BC", "opc": "CD63CB71954A9F4E48A5994E37A02BAF",
    })
}
