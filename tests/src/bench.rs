//! A card and an SM on one table, every message in the test's hands.

use esim_crypto::Curve;
use esim_crypto::pki::{PkiParameters, TestPki};
use esim_euicc::{MemoryNvm, Nvm, Personal};
use esim_rsp::es9p::*;
use esim_rsp::json::Base64;
use esim_rsp::{Eid, Iccid, TransactionId, bpp, tlv};
use esim_sm_edge::{HttpRequest, MemoryHost, block_on};
use esim_world::{Clock, Device};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};
use std::cell::RefCell;

/// The time on the table.
pub const NOW: u64 = 1_790_000_000;
/// Address of the SM.
pub const ADDRESS: &str = "smdp.esim-lab.example";
/// EID of the card.
pub const EID: &str = "89049032123451234512345678901235";

/// Card and SM.
pub struct Bench {
    /// The card, on whose channel 1 the ISD-R is selected.
    pub device: Device<MemoryNvm>,
    /// The SM.
    pub sm: MemoryHost,
    /// The PKI of both.
    pub pki: TestPki,
    /// What the SM has been asked at ES9+, in this order.
    pub asked: RefCell<Vec<HttpRequest>>,
}

/// Something that takes command APDUs: a card in a slot, or a test's idea of one.
pub trait Slot {
    /// Sends a command APDU; the response APDU.
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8>;
}

impl<N: Nvm> Slot for Device<N> {
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        Device::transmit(self, apdu)
    }
}

/// Randomness for one purpose.
pub fn rng(label: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([label; 32])
}

impl Bench {
    /// A fresh card and a fresh SM under one fresh CI.
    pub fn new(curve: Curve) -> Self {
        Self::with_eid(curve, EID)
    }

    /// The same with another card.
    pub fn with_eid(curve: Curve, eid: &str) -> Self {
        let pki = TestPki::generate(&PkiParameters { curve, ..PkiParameters::default() }, &mut rng(1));
        let config = esim_sm_edge::smdp::Config::of_test_pki(ADDRESS, &pki).expect("a sound PKI");
        let sm = MemoryHost::new(config, [2; 32], NOW);
        Self { device: Self::card(&pki, eid), sm, pki, asked: RefCell::default() }
    }

    /// A fresh card under a PKI, powered, ISD-R selected on channel 1.
    pub fn card(pki: &TestPki, eid: &str) -> Device<MemoryNvm> {
        let eid: Eid = eid.parse().expect("an EID");
        let mut nvm = MemoryNvm::default();
        let personal = Personal::new(pki, eid, &mut rng(3)).expect("sound certificates");
        personal.write_to(&mut nvm).expect("memory takes writes");
        let mut device = Device::power_on(nvm, rng(4), Clock::Fixed(NOW)).expect("a card");
        select_isdr(&mut device);
        device
    }

    /// Puts a subscriber in stock and orders the profile; ICCID and matchingId.
    pub fn order(&self, extra: Value) -> (Iccid, String) {
        let mut provision = json!({
            "subscriber": {
                "imsi": "001010123456789", "msisdn": "+81901234567",
                "ki": "465b5ce8b199b49faa5f0a2ee238a6bc", "opc": "cd63cb71954a9f4e48a5994e37a02baf",
                "spn": "esim-lab",
            },
        });
        if let Some(ota) = extra.get("ota") {
            provision["subscriber"]["ota"] = ota.clone();
        }
        if let Some(metadata) = extra.get("metadata") {
            provision["metadata"] = metadata.clone();
        }
        if let Some(upp) = extra.get("upp") {
            provision = json!({ "upp": upp, "metadata": { "profileClass": extra["class"], "serviceProviderName": "TS.48" } });
        }
        let made = self.operator("/esim-lab/provision", &provision);
        let iccid: Iccid = made["iccid"].as_str().expect("an ICCID").parse().expect("an ICCID");
        let header = json!({ "functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "test" });
        self.operator("/gsma/rsp2/es2plus/downloadOrder", &json!({ "header": header, "iccid": iccid }));
        let mut confirm = json!({ "header": header, "iccid": iccid, "releaseFlag": true });
        for field in ["eid", "confirmationCode", "matchingId"] {
            if let Some(value) = extra.get(field) {
                confirm[field] = value.clone();
            }
        }
        let confirmed = self.operator("/gsma/rsp2/es2plus/confirmOrder", &confirm);
        (iccid, confirmed["matchingId"].as_str().expect("a matchingId").to_string())
    }

    /// The state of an order, as the operator sees it.
    pub fn order_state(&self, iccid: &Iccid) -> Value {
        let request = HttpRequest::get(format!("/esim-lab/orders/{iccid}")).with_token("memory");
        let response = block_on(esim_sm_edge::handle(request, &self.sm));
        serde_json::from_slice(&response.body).expect("JSON")
    }

    fn operator(&self, path: &str, body: &Value) -> Value {
        let request = HttpRequest::post(path, body.to_string()).with_token("memory");
        let response = block_on(esim_sm_edge::handle(request, &self.sm));
        let answer: Value = serde_json::from_slice(&response.body).expect("JSON");
        let status = &answer["header"]["functionExecutionStatus"]["status"];
        assert_eq!(status, "Executed-Success", "{path}: {answer}");
        answer
    }

    /// Calls a function of ES9+: its outputs, or `subject/reason`.
    pub fn es9<B: serde::Serialize>(&self, function: &str, body: &B) -> Result<Value, String> {
        let request = HttpRequest::post(format!("{PATH}{function}"), esim_rsp::json::to_vec(body));
        self.asked.borrow_mut().push(request.clone());
        let response = block_on(esim_sm_edge::handle(request, &self.sm));
        if response.status == 204 {
            return Ok(Value::Null);
        }
        let answer: Value = serde_json::from_slice(&response.body).map_err(|error| error.to_string())?;
        let code = &answer["header"]["functionExecutionStatus"]["statusCodeData"];
        match (code["subjectCode"].as_str(), code["reasonCode"].as_str()) {
            (Some(subject), Some(reason)) => Err(format!("{subject}/{reason}")),
            _ => Ok(answer),
        }
    }

    /// One ES10 command on the ISD-R's channel: its response.
    ///
    /// # Errors
    /// The status word, if there is no response.
    pub fn es10(&mut self, command: &[u8]) -> Result<Vec<u8>, u16> {
        es10(&mut self.device, command)
    }

    /// `initiateAuthentication`, with a fresh challenge of the card.
    pub fn initiate(&mut self) -> Result<InitiateAuthenticationOk, String> {
        let challenge = self.es10(&[0xBF, 0x2E, 0x00]).map_err(|sw| format!("{sw:04X}"))?;
        let info = self.es10(&[0xBF, 0x20, 0x00]).map_err(|sw| format!("{sw:04X}"))?;
        let request = InitiateAuthenticationRequest {
            euicc_challenge: Base64(challenge[5..].to_vec()),
            euicc_info1: Base64(info),
            smdp_address: ADDRESS.to_string(),
        };
        self.es9("initiateAuthentication", &request).map(read)
    }

    /// `AuthenticateServer` as an LPA makes it; the command.
    pub fn authenticate_server_command(initiated: &InitiateAuthenticationOk, matching_id: &str) -> Vec<u8> {
        let matching_id = match matching_id {
            "" => Vec::new(),
            text => tlv::wrap(0x80, &[text.as_bytes()]),
        };
        let device_info =
            tlv::wrap(0xA1, &[&tlv::wrap(0x80, &[&[0x53, 0x92, 0x60, 0x11]]), &tlv::wrap(0xA1, &[])]);
        let ctx_params1 = tlv::wrap(0xA0, &[&matching_id, &device_info]);
        tlv::wrap(
            0xBF38,
            &[
                &initiated.server_signed1.0,
                &initiated.server_signature1.0,
                &initiated.euicc_ci_pk_id_to_be_used.0,
                &initiated.server_certificate.0,
                &ctx_params1,
            ],
        )
    }

    /// `PrepareDownload`; the command.
    pub fn prepare_download_command(
        authenticated: &AuthenticateClientOk,
        hash_cc: Option<[u8; 32]>,
    ) -> Vec<u8> {
        let hash_cc = hash_cc.map(|hash| tlv::wrap(0x04, &[&hash])).unwrap_or_default();
        tlv::wrap(
            0xBF21,
            &[
                &authenticated.smdp_signed2.0,
                &authenticated.smdp_signature2.0,
                &hash_cc,
                &authenticated.smdp_certificate.0,
            ],
        )
    }

    /// `authenticateClient` with what the card answered.
    pub fn authenticate_client(
        &self,
        tid: &TransactionId,
        response: Vec<u8>,
    ) -> Result<AuthenticateClientOk, String> {
        let request = AuthenticateClientRequest {
            transaction_id: tid.clone(),
            authenticate_server_response: Base64(response),
        };
        self.es9("authenticateClient", &request).map(read)
    }

    /// `getBoundProfilePackage` with what the card answered; the package.
    pub fn bound_profile_package(&self, tid: &TransactionId, response: Vec<u8>) -> Result<Vec<u8>, String> {
        let request = GetBoundProfilePackageRequest {
            transaction_id: tid.clone(),
            prepare_download_response: Base64(response),
        };
        let ok: GetBoundProfilePackageOk = self.es9("getBoundProfilePackage", &request).map(read)?;
        Ok(ok.bound_profile_package.0)
    }

    /// Feeds a package to the card until it answers: `BF37 …`.
    ///
    /// # Errors
    /// The status word that came instead.
    pub fn load(&mut self, package: &[u8]) -> Result<Vec<u8>, u16> {
        let pieces = bpp::segments(package).expect("a sound package");
        for piece in pieces {
            let response = self.es10(piece)?;
            if !response.is_empty() {
                return Ok(response);
            }
        }
        Err(0x9000)
    }

    /// The whole download as far as the result, nothing bent.
    pub fn download(&mut self, matching_id: &str) -> Vec<u8> {
        let initiated = self.initiate().expect("initiateAuthentication");
        let tid = initiated.transaction_id.clone();
        let command = Self::authenticate_server_command(&initiated, matching_id);
        let response = self.es10(&command).expect("AuthenticateServer");
        let authenticated = self.authenticate_client(&tid, response).expect("authenticateClient");
        let command = Self::prepare_download_command(&authenticated, None);
        let response = self.es10(&command).expect("PrepareDownload");
        let package = self.bound_profile_package(&tid, response).expect("getBoundProfilePackage");
        self.load(&package).expect("LoadBoundProfilePackage")
    }

    /// Hands a notification to the SM.
    pub fn notify(&self, notification: &[u8]) {
        let request = HandleNotificationRequest { pending_notification: Base64(notification.to_vec()) };
        assert_eq!(self.es9("handleNotification", &request), Ok(Value::Null));
    }
}

fn read<T: serde::de::DeserializeOwned>(answer: Value) -> T {
    serde_json::from_value(answer).expect("the outputs of the function")
}

/// Opens channel 1 and selects the ISD-R on it.
pub fn select_isdr(device: &mut impl Slot) {
    assert_eq!(device.transmit(&[0x00, 0x70, 0x00, 0x00, 0x01]), [0x01, 0x90, 0x00]);
    let select = hex::decode("01A4040010A0000005591010FFFFFFFF890000010000").expect("hex");
    let fci = device.transmit(&select);
    assert!(fci.ends_with(&[0x90, 0x00]), "{}", hex::encode(fci));
}

/// One ES10 command on channel 1, in blocks of 255 octets.
///
/// # Errors
/// The status word, if there is no response.
pub fn es10(device: &mut impl Slot, command: &[u8]) -> Result<Vec<u8>, u16> {
    let blocks: Vec<&[u8]> = command.chunks(255).collect();
    let mut data = Vec::new();
    for (i, block) in blocks.iter().enumerate() {
        let p1 = if i + 1 == blocks.len() { 0x91 } else { 0x11 };
        let mut apdu = vec![0x81, 0xE2, p1, i as u8, block.len() as u8];
        apdu.extend_from_slice(block);
        apdu.push(0x00);
        let mut response = device.transmit(&apdu);
        loop {
            let at = response.len() - 2;
            let (sw1, sw2) = (response[at], response[at + 1]);
            data.extend_from_slice(&response[..at]);
            match sw1 {
                0x61 => response = device.transmit(&[0x81, 0xC0, 0x00, 0x00, sw2]),
                0x90 | 0x91 => break,
                _ => return Err(u16::from_be_bytes([sw1, sw2])),
            }
        }
    }
    Ok(data)
}
