//! The SM hears what a foreign LPA said to a foreign SM-DP+, with that one's certificates and at that time: it reads
//! every request, answers the first as the other did, and refuses those after it as of a session that is not its own.

use esim_crypto::PrivateKey;
use esim_crypto::pki::Certificate;
use esim_rsp::common::from_hex;
use esim_rsp::es9p::{InitiateAuthenticationOk, ServerSigned1};
use esim_rsp::{CertificateDer, decode};
use esim_sm_edge::{HttpRequest, MemoryHost, block_on, handle};
use esim_smdp::config::trust_ci;
use esim_smdp::{Config, Identity, KeyPair};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// 1 January 2025, when the recording's certificates were good.
const NOW: u64 = 1_735_689_600;

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/recordings");
    if !folder.join("es9p_pysim_osmo-smdpp.jsonl").exists() {
        println!("skipped: ../shared/data not found");
        return None;
    }
    Some(folder)
}

/// An SM-DP+ with the certificates of the other.
fn host(pki: &Path, address: &str) -> MemoryHost {
    let keys: Value = serde_json::from_slice(&std::fs::read(pki.join("keys.json")).unwrap()).unwrap();
    let pair = |file: &str, name: &str| {
        let certificate = std::fs::read(pki.join(file)).unwrap();
        let curve = Certificate::parse(&certificate).unwrap().public_key().curve();
        let scalar = from_hex(keys[name].as_str().unwrap()).unwrap();
        let key = PrivateKey::from_bytes(curve, &scalar).unwrap();
        KeyPair { certificate: CertificateDer::new(certificate).unwrap(), key }
    };
    let auth = pair("CERT_S_SM_DPauth_ECDSA_NIST.der", "SK.DPauth");
    let pb = pair("CERT_S_SM_DPpb_ECDSA_NIST.der", "SK.DPpb");
    let ci = trust_ci(&std::fs::read(pki.join("CERT_CI_ECDSA_NIST.der")).unwrap()).unwrap();
    MemoryHost::new(Config::new(address, vec![Identity::new(auth, pb).unwrap()], vec![ci]), [7; 32], NOW)
}

fn names(object: &Value) -> Vec<&String> {
    let mut names: Vec<_> = object.as_object().into_iter().flat_map(Map::keys).collect();
    names.sort();
    names
}

#[test]
fn requests_of_a_foreign_lpa() {
    let Some(folder) = folder() else { return };
    let lines = std::fs::read_to_string(folder.join("es9p_pysim_osmo-smdpp.jsonl")).unwrap();
    let calls: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let address = calls[0]["request"]["smdpAddress"].as_str().unwrap();
    let host = host(&folder.join("pki"), address);
    let say = |call: &Value| {
        let mut request = HttpRequest::post(call["path"].as_str().unwrap(), call["request"].to_string());
        let headers = call["requestHeaders"].as_object().unwrap();
        request.headers =
            headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_string())).collect();
        let answer = block_on(handle(request, &host));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        answer
    };

    let answer = say(&calls[0]);
    let theirs = &calls[0]["response"];
    assert_eq!(names(&answer), names(theirs));
    assert_eq!(answer["header"], theirs["header"]);
    for same in ["euiccCiPKIdToBeUsed", "serverCertificate"] {
        assert_eq!(answer[same], theirs[same], "{same}");
    }
    let read = |answer: &Value| serde_json::from_value::<InitiateAuthenticationOk>(answer.clone()).unwrap();
    let signed = |answer: &Value| decode::<ServerSigned1>(&read(answer).server_signed1.0).unwrap();
    let (ours, theirs) = (signed(&answer), signed(theirs));
    assert_eq!(ours.euicc_challenge, theirs.euicc_challenge);
    assert_eq!(ours.server_address, theirs.server_address);

    for call in &calls[1..] {
        let status = &say(call)["header"]["functionExecutionStatus"];
        let data = &status["statusCodeData"];
        let told = (status["status"].as_str(), data["subjectCode"].as_str(), data["reasonCode"].as_str());
        assert_eq!(told, (Some("Failed"), Some("8.10.1"), Some("3.9")), "{}: {status}", call["path"]);
    }
}
