//! A laboratory: the service in memory and an eUICC of a few lines beside it,
//! which can be told to do each thing wrong.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod cases;
pub mod operator;
pub mod race;
pub mod server;

use esim_crypto::bsp::{Bsp, BspKeys};
use esim_crypto::pki::{Issued, TestPki};
use esim_crypto::{Curve, PrivateKey, PublicKey, confirmation_code_hash, confirmation_code_hash_for, ecka};
use esim_rsp::common::{NotificationEvent, NotificationEvents, Version, bit_string};
use esim_rsp::es8p::BoundProfilePackage;
use esim_rsp::es9p::*;
use esim_rsp::es10b::*;
use esim_rsp::json::Base64;
use esim_rsp::notification::*;
use esim_rsp::signed::PublicKeyOctets;
use esim_rsp::{CertificateDer, Eid, Iccid, ObjectIdentifier, OctetString, Signature, Signed, TransactionId};
use esim_sm_edge::{HttpRequest, HttpResponse, MemoryHost, block_on, handle};
use esim_smdp::{Call, Config, Reply};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::Serialize;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::rc::Rc;

/// 1 January 2026.
pub const NOW: u64 = 1_767_225_600;
pub const ADDRESS: &str = "smdp.esim-lab.example";
/// Address of the SM-DS, where there is one.
pub const SMDS: &str = "smds.esim-lab.example";
pub const OID: &[u32] = &[2, 999, 10];
pub const CODE: &str = "8642";

pub struct Lab {
    /// The service in memory; not used where there is a `remote`.
    pub host: MemoryHost,
    pub remote: Option<Remote>,
    /// Another host in this process, in place of the one in memory.
    pub other: Option<Other>,
    /// SM-DP+ address as dialled.
    pub address: String,
    pub token: String,
    /// SM-DS address as dialled, where the service is one.
    pub smds: Option<String>,
    /// Whom the service has called, where a case has given it a network.
    pub calls: Rc<RefCell<Vec<Call>>>,
    /// The last request and response.
    pub last: RefCell<Option<(HttpRequest, HttpResponse)>>,
    pub pki: TestPki,
    pub euicc: Euicc,
}

/// Answers requests.
pub type Other = Box<dyn Fn(HttpRequest) -> HttpResponse>;

/// A service elsewhere, with the well-known test PKI.
pub struct Remote {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    url: String,
}

impl Remote {
    /// `url` without a path; `root` is the CI above its TLS certificate.
    pub fn new(url: &str, root: Option<&[u8]>) -> Self {
        Self::with(url, root, |client| client)
    }

    /// The same with something done to the client.
    pub fn with(
        url: &str,
        root: Option<&[u8]>,
        change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Between calls nobody polls the connections: one that the server has closed meanwhile must not be used again.
        // workerd closes those that were idle for 5 seconds.
        let client = reqwest::Client::builder().pool_idle_timeout(std::time::Duration::from_secs(1));
        let client = match root {
            Some(ci) => client.tls_certs_only([reqwest::Certificate::from_der(ci).unwrap()]),
            None => client,
        };
        Self { runtime, client: change(client).build().unwrap(), url: url.into() }
    }

    fn send(&self, request: HttpRequest) -> HttpResponse {
        let method = request.method.parse().unwrap();
        let mut call = self.client.request(method, format!("{}{}", self.url, request.path));
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        self.runtime.block_on(async {
            let answer = call.body(request.body).send().await.unwrap();
            let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().into();
            let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
            let (status, headers) = (answer.status().as_u16(), headers.collect());
            HttpResponse { status, headers, body: answer.bytes().await.unwrap().to_vec() }
        })
    }
}

impl Lab {
    pub fn new() -> Self {
        Self::on(Curve::P256, |_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Curve::P256, change)
    }

    pub fn on(curve: Curve, change: impl FnOnce(&mut Config)) -> Self {
        let pki = TestPki::well_known(curve);
        let mut config = Config::of_test_pki(ADDRESS, &pki).unwrap();
        change(&mut config);
        let smds = config.smds.as_ref().map(|smds| smds.address.clone());
        let host = MemoryHost::new(config, [7; 32], NOW);
        Self {
            euicc: Euicc::new(&pki, "890490321234512345123456789012"),
            remote: None,
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
    pub fn at(remote: Remote, address: &str, token: &str) -> Self {
        let (address, token) = (address.into(), token.into());
        Self { remote: Some(remote), address, token, ..Self::new() }
    }

    pub fn send(&self, request: HttpRequest) -> HttpResponse {
        let response = match (&self.remote, &self.other) {
            (Some(remote), _) => remote.send(request.clone()),
            (None, Some(other)) => other(request.clone()),
            (None, None) => block_on(handle(request.clone(), &self.host)),
        };
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

    pub fn operator(&self, path: &str, request: Value) -> Value {
        let request = HttpRequest::post(path, request.to_string()).with_token(&self.token);
        let response = self.send(request);
        assert_eq!(response.status, 200, "{path}");
        serde_json::from_slice(&response.body).unwrap()
    }

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

    pub fn notify(&self, notification: Vec<u8>) -> HttpResponse {
        let request = HandleNotificationRequest { pending_notification: Base64(notification) };
        let body = serde_json::to_vec(&request).unwrap();
        self.send(HttpRequest::post("/gsma/rsp2/es9plus/handleNotification", body))
    }
}

pub fn subscriber() -> Value {
    json!({
        "imsi": "001010123456789", "msisdn": "+15550100", "spn": "Lab",
        "ki": "465B5CE8B199B49FAA5F0A2EE238A6BC", "opc": "CD63CB71954A9F4E48A5994E37A02BAF",
    })
}

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

/// What an eUICC needs to take part.
#[derive(Clone)]
pub struct Euicc {
    pub eid: Eid,
    pub issued: Issued,
    pub eum: Vec<u8>,
    pub ci_pk_id: Vec<u8>,
    pub otsk: PrivateKey,
}

impl Euicc {
    pub fn new(pki: &TestPki, body: &str) -> Self {
        let eid = Eid::from_body(body).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(eid.octets()[15].into());
        let ci = esim_smdp::config::trust_ci(&pki.ci.certificate).unwrap();
        Self {
            eid,
            issued: pki.issue_euicc(eid.octets(), &mut rng),
            eum: pki.eum.certificate.clone(),
            ci_pk_id: ci.key_id,
            otsk: PrivateKey::generate(pki.parameters().curve, &mut rng),
        }
    }

    /// Forgets its one-time key.
    pub fn renew(&mut self, seed: u64) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        self.otsk = PrivateKey::generate(self.otsk.curve(), &mut rng);
    }

    pub fn info1(&self) -> EuiccInfo1 {
        EuiccInfo1 {
            svn: Version::new(2, 6, 0),
            euicc_ci_pk_id_list_for_verification: vec![OctetString::from_slice(&self.ci_pk_id)],
            euicc_ci_pk_id_list_for_signing: vec![OctetString::from_slice(&self.ci_pk_id)],
        }
    }

    pub fn initiate(&self, address: &str) -> InitiateAuthenticationRequest {
        InitiateAuthenticationRequest {
            euicc_challenge: Base64(vec![0xC1; 16]),
            euicc_info1: Base64(esim_rsp::encode(&self.info1())),
            smdp_address: address.into(),
        }
    }

    fn info2(&self) -> EuiccInfo2 {
        let lists = self.info1();
        EuiccInfo2 {
            profile_version: Version::new(2, 3, 1),
            svn: Version::new(2, 6, 0),
            euicc_firmware_ver: Version::new(1, 0, 0),
            ext_card_resource: OctetString::from_slice(&[0x81, 1, 0, 0x82, 3, 8, 0, 0, 0x83, 2, 8, 0]),
            uicc_capability: bit_string(&[1, 2, 4]),
            ts102241_version: None,
            globalplatform_version: None,
            rsp_capability: bit_string(&[0, 3, 4]),
            euicc_ci_pk_id_list_for_verification: lists.euicc_ci_pk_id_list_for_verification,
            euicc_ci_pk_id_list_for_signing: lists.euicc_ci_pk_id_list_for_signing,
            euicc_category: None,
            forbidden_profile_policy_rules: None,
            pp_version: Version::new(1, 0, 0),
            sas_acreditation_number: "LAB".into(),
            certification_data_object: None,
        }
    }

    pub fn sign(&self, parts: &[&[u8]]) -> Signature {
        Signature::from(self.issued.key.sign(parts))
    }

    pub fn certificate(&self) -> CertificateDer {
        CertificateDer::new(self.issued.certificate.clone()).unwrap()
    }

    pub fn eum(&self) -> CertificateDer {
        CertificateDer::new(self.eum.clone()).unwrap()
    }

    /// The answer to the server, with `spoil` done to what is signed.
    pub fn authenticate(
        &self,
        offer: &InitiateAuthenticationOk,
        matching_id: &str,
        spoil: impl FnOnce(&mut EuiccSigned1),
    ) -> AuthenticateClientRequest {
        let server: ServerSigned1 = esim_rsp::decode(&offer.server_signed1.0).unwrap();
        let context = CtxParams1::CtxParamsForCommonAuthentication(CtxParamsForCommonAuthentication {
            matching_id: (!matching_id.is_empty()).then(|| matching_id.to_string()),
            device_info: DeviceInfo {
                tac: [0x53, 0x92, 0x60, 0x11].into(),
                device_capabilities: DeviceCapabilities::default(),
                imei: None,
            },
        });
        let mut signed = EuiccSigned1 {
            transaction_id: server.transaction_id,
            server_address: server.server_address,
            server_challenge: server.server_challenge,
            euicc_info2: self.info2(),
            ctx_params1: Signed::new(context),
        };
        spoil(&mut signed);
        let euicc_signed1 = Signed::new(signed);
        let euicc_signature1 = self.sign(&[euicc_signed1.raw()]);
        self.authenticated(
            offer,
            AuthenticateResponseOk {
                euicc_signed1,
                euicc_signature1,
                euicc_certificate: self.certificate(),
                eum_certificate: self.eum(),
            },
        )
    }

    pub fn authenticated(
        &self,
        offer: &InitiateAuthenticationOk,
        response: AuthenticateResponseOk,
    ) -> AuthenticateClientRequest {
        let response = AuthenticateServerResponse::AuthenticateResponseOk(response);
        AuthenticateClientRequest {
            transaction_id: offer.transaction_id.clone(),
            authenticate_server_response: Base64(esim_rsp::encode(&response)),
        }
    }

    /// PrepareDownload, with `spoil` done to what is signed.
    pub fn prepare(
        &self,
        offer: &AuthenticateClientOk,
        code: Option<&str>,
        spoil: impl FnOnce(&mut EuiccSigned2),
    ) -> GetBoundProfilePackageRequest {
        let id = &offer.transaction_id.0;
        let hash_cc = |code| confirmation_code_hash_for(&confirmation_code_hash(code), id);
        let mut signed = EuiccSigned2 {
            transaction_id: offer.transaction_id.clone(),
            euicc_otpk: self.otpk(),
            hash_cc: code.map(|code| hash_cc(code).into()),
        };
        spoil(&mut signed);
        let euicc_signed2 = Signed::new(signed);
        let euicc_signature2 = self.sign(&[euicc_signed2.raw(), &offer.smdp_signature2.0]);
        let response = PrepareDownloadResponse::DownloadResponseOk(PrepareDownloadResponseOk {
            euicc_signed2,
            euicc_signature2,
        });
        GetBoundProfilePackageRequest {
            transaction_id: offer.transaction_id.clone(),
            prepare_download_response: Base64(esim_rsp::encode(&response)),
        }
    }

    pub fn otpk(&self) -> PublicKeyOctets {
        PublicKeyOctets(OctetString::from_slice(&self.otsk.public_key().to_sec1()))
    }

    /// Opens a package: metadata and profile, both in clear.
    pub fn open(&self, package: &[u8], dp_pb: &PublicKey) -> (Vec<u8>, Vec<u8>) {
        let package: BoundProfilePackage = esim_rsp::decode(package).unwrap();
        let channel = &package.initialise_secure_channel_request;
        let covered = channel.signed_octets(&self.otpk());
        dp_pb.verify(&[&covered], &channel.smdp_sign.0).unwrap();
        let smdp_otpk = PublicKey::from_sec1(self.otsk.curve(), &channel.smdp_otpk.0).unwrap();
        let secret = ecka(&self.otsk, &smdp_otpk).unwrap();
        let host_id = &channel.control_ref_template.host_id;
        let mut bsp = Bsp::new(BspKeys::derive(&secret[..], host_id, self.eid.octets()));
        for segment in &package.first_sequence_of_87 {
            assert_eq!(bsp.open(&esim_rsp::encode(segment)).unwrap(), [0xBF, 0x24, 0x00]);
        }
        let metadata = package.sequence_of_88.iter();
        let metadata = metadata.flat_map(|s| bsp.open_mac_only(&esim_rsp::encode(s)).unwrap()).collect();
        if let Some(segments) = &package.second_sequence_of_87 {
            let plain: Vec<u8> =
                segments.iter().flat_map(|s| bsp.open(&esim_rsp::encode(s)).unwrap()).collect();
            let keys: esim_rsp::es8p::ReplaceSessionKeysRequest = esim_rsp::decode(&plain).unwrap();
            let key = |octets: &OctetString| octets[..].try_into().unwrap();
            let initial = key(&keys.initial_mac_chaining_value);
            bsp.replace_keys(BspKeys::new(initial, key(&keys.ppk_enc), key(&keys.ppk_cmac)));
        }
        let profile = package.sequence_of_86.iter();
        let profile = profile.flat_map(|s| bsp.open(&esim_rsp::encode(s)).unwrap()).collect();
        (metadata, profile)
    }

    /// A profile installation result.
    pub fn result(&self, id: &TransactionId, iccid: &str, sequence: u32, result: FinalResult) -> Vec<u8> {
        self.result_of(id, iccid, sequence, result, Some(OID))
    }

    /// The same of another SM-DP+, or of none as eUICCs of earlier versions write it.
    pub fn result_of(
        &self,
        id: &TransactionId,
        iccid: &str,
        sequence: u32,
        result: FinalResult,
        oid: Option<&[u32]>,
    ) -> Vec<u8> {
        let data = Signed::new(ProfileInstallationResultData {
            transaction_id: id.clone(),
            notification_metadata: self.metadata(sequence, NotificationEvent::Install, iccid),
            smdp_oid: oid.map(|oid| ObjectIdentifier::new(oid.to_vec()).unwrap()),
            final_result: result,
        });
        let euicc_sign_pir = self.sign(&[data.raw()]);
        esim_rsp::encode(&ProfileInstallationResult {
            profile_installation_result_data: data,
            euicc_sign_pir,
        })
    }

    pub fn metadata(&self, sequence: u32, event: NotificationEvent, iccid: &str) -> NotificationMetadata {
        NotificationMetadata {
            seq_number: sequence,
            profile_management_operation: NotificationEvents::one(event),
            notification_address: ADDRESS.into(),
            iccid: Some(iccid.parse::<Iccid>().unwrap()),
        }
    }

    /// A notification of another event.
    pub fn event(&self, sequence: u32, event: NotificationEvent, iccid: &str) -> Vec<u8> {
        let tbs = Signed::new(self.metadata(sequence, event, iccid));
        let euicc_notification_signature = self.sign(&[tbs.raw()]);
        esim_rsp::encode(&OtherSignedNotification {
            tbs_other_notification: tbs,
            euicc_notification_signature,
            euicc_certificate: self.certificate(),
            eum_certificate: self.eum(),
        })
    }

    pub fn cancel(
        &self,
        id: &TransactionId,
        reason: CancelSessionReason,
        oid: &[u32],
    ) -> CancelSessionEs9Request {
        let signed = Signed::new(EuiccCancelSessionSigned {
            transaction_id: id.clone(),
            smdp_oid: ObjectIdentifier::new(oid.to_vec()).unwrap(),
            reason,
        });
        let signature = self.sign(&[signed.raw()]);
        let response = CancelSessionResponse::CancelSessionResponseOk(CancelSessionResponseOk {
            euicc_cancel_session_signed: signed,
            euicc_cancel_session_signature: signature,
        });
        CancelSessionEs9Request {
            transaction_id: id.clone(),
            cancel_session_response: Base64(esim_rsp::encode(&response)),
        }
    }
}

pub fn success() -> FinalResult {
    FinalResult::SuccessResult(SuccessResult {
        aid: OctetString::from_slice(&[0xA0, 0, 0, 5, 0x59]),
        sima_response: OctetString::from_slice(&[0x30, 7, 0xA0, 5, 0x30, 3, 0x80, 1, 0]),
    })
}

pub fn failure(reason: ErrorReason) -> FinalResult {
    FinalResult::ErrorResult(ErrorResult {
        bpp_command_id: BppCommandId::loadProfileElements,
        error_reason: reason,
        sima_response: None,
    })
}
