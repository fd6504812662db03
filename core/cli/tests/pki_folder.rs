//! A folder as GSMA publishes SGP.26's: certificates and PEM keys in folders by role, both curves and two CIs side by
//! side, and things in it that nobody can use.

use crate::common;

use common::{Sm, card_profiles, fail, run};
use esim_crypto::pki::{Issued, PkiParameters, TestPki};
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::Eid;
use esim_sm_native::pem;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::Value;
use std::path::Path;

const EID: &str = "89049032123451234512345678901235";

/// A key as `openssl ecparam -genkey` writes it: parameters, then ECPrivateKey (RFC 5915).
fn sec1(key: &PrivateKey) -> String {
    let curve: &[u8] = match key.curve() {
        Curve::P256 => &[0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07],
        Curve::BrainpoolP256r1 => &[0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07],
    };
    let public = key.public_key().to_sec1();
    let mut inside = [&[0x02, 0x01, 0x01, 0x04, 0x20][..], &key.to_bytes()[..]].concat();
    inside.extend([&[0xA0, curve.len() as u8][..], curve].concat());
    inside.extend([&[0xA1, 0x44, 0x03, 0x42, 0x00][..], &public].concat());
    let der = [&[0x30, inside.len() as u8][..], &inside].concat();
    pem::write("EC PARAMETERS", curve) + &pem::write("EC PRIVATE KEY", &der)
}

fn write(folder: &Path, name: &str, suffix: &str, issued: &Issued) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join(format!("CERT_{name}_{suffix}.der")), &issued.certificate).unwrap();
    std::fs::write(folder.join(format!("SK_{name}_{suffix}.pem")), sec1(&issued.key)).unwrap();
    let public = pem::write_public_key(&issued.key.public_key());
    std::fs::write(folder.join(format!("PK_{name}_{suffix}.pem")), public).unwrap();
}

fn publish(folder: &Path) {
    let eid: Eid = EID.parse().unwrap();
    for (curve, suffix) in [(Curve::P256, "NIST"), (Curve::BrainpoolP256r1, "BRP")] {
        let pki = TestPki::well_known(curve);
        let euicc = pki.issue_euicc(eid.octets(), &mut ChaCha20Rng::from_seed([1; 32]));
        let dp = folder.join("SM-DP+");
        write(&folder.join("CI"), "CI_ECDSA", suffix, &pki.ci);
        write(&folder.join("EUM"), "EUM_ECDSA", suffix, &pki.eum);
        write(&folder.join("eUICC"), "EUICC_ECDSA", suffix, &euicc);
        write(&dp.join("SM_DPauth"), "S_SM_DPauth_ECDSA", suffix, &pki.dp_auth);
        write(&dp.join("SM_DPpb"), "S_SM_DPpb_ECDSA", suffix, &pki.dp_pb);
        write(&dp.join("SM_DP_TLS"), "S_SM_DP_TLS", suffix, &pki.dp_tls);
        // One that is bad on purpose, and comes first by its name.
        let mut bad = pki.dp_auth.clone();
        *bad.certificate.last_mut().unwrap() ^= 1;
        write(&dp.join("SM_DPauth"), "0_SM_DPauth_ECDSA_INVALID_SIGNATURE", suffix, &bad);
    }
    std::fs::write(folder.join("readme.txt"), "test certificates").unwrap();
    std::fs::write(folder.join("CI").join("damaged.der"), [0x30, 0x82, 0x01]).unwrap();
    std::fs::write(folder.join("CI").join("damaged.pem"), "-----BEGIN CERTIFICATE-----\n").unwrap();
}

#[test]
fn a_published_folder_is_taken_as_it_is() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("SGP.26");
    publish(&folder);
    let pki = folder.display().to_string();
    let sm = Sm::start_with(scratch.path(), &["--pki", &pki]);
    let state = scratch.path().join("card").display().to_string();
    assert!(run(&["euicc", "init", "--state", &state, "--pki", &pki]).contains(EID));
    let ci = folder.join("CI/CERT_CI_ECDSA_NIST.der").display().to_string();
    let (iccid, _, code) = sm.order(&["--ci", &ci]);
    run(&["lpa", "--state", &state, "download", "--yes", &code]);
    assert_eq!(card_profiles(&state), [(iccid, false)]);
    let info = common::result_of(&run(&["lpa", "--state", &state, "--json", "info"]));
    assert_eq!(info["info"]["ciKeysForSigning"].as_array().unwrap().len(), 2, "an identity under each CI");

    // A card that is on the other curve alone.
    std::fs::remove_file(folder.join("eUICC/SK_EUICC_ECDSA_NIST.pem")).unwrap();
    let state = scratch.path().join("other").display().to_string();
    run(&["euicc", "init", "--state", &state, "--pki", &pki]);
    let (iccid, _, code) = sm.order(&["--ci", &ci]);
    run(&["lpa", "--state", &state, "--ci", &ci, "download", "--yes", &code]);
    assert_eq!(card_profiles(&state), [(iccid, false)]);
}

#[test]
fn what_is_missing_in_a_folder_is_named() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("SGP.26");
    publish(&folder);
    let pki = folder.display().to_string();
    let state = scratch.path().join("card").display().to_string();
    let data = scratch.path().join("data").display().to_string();
    let init = || fail(&["euicc", "init", "--state", &state, "--pki", &pki]);
    let serve = || fail(&["sm", "serve", "--listen", "127.0.0.1:0", "--data", &data, "--pki", &pki]);
    for suffix in ["NIST", "BRP"] {
        std::fs::remove_file(folder.join(format!("SM-DP+/SM_DPpb/SK_S_SM_DPpb_ECDSA_{suffix}.pem"))).unwrap();
        std::fs::remove_file(folder.join(format!("eUICC/SK_EUICC_ECDSA_{suffix}.pem"))).unwrap();
    }
    let said = serve();
    assert!(said.contains("CERT_S_SM_DPpb_ECDSA_") && said.contains("private key"), "{said}");
    let said = init();
    assert!(said.contains("CERT_EUICC_ECDSA_") && said.contains("private key"), "{said}");
    std::fs::remove_dir_all(folder.join("EUM")).unwrap();
    assert!(init().contains("CERT_EUM"));
    std::fs::remove_dir_all(folder.join("CI")).unwrap();
    assert!(init().contains("CERT_CI") && serve().contains("CERT_CI"));
    std::fs::write(folder.join("keys.json"), "[1]").unwrap();
    assert!(init().contains("keys.json") && serve().contains("keys.json"));
}

/// What a worker is given: drawn secrets and an identity under each CI, in a file that nobody else reads and that is not
/// written twice.
#[test]
fn a_worker_gets_its_secrets_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let pki = folder.path().join("pki");
    for (curve, suffix, seed) in [(Curve::P256, "NIST", 1), (Curve::BrainpoolP256r1, "BRP", 2)] {
        let parameters = PkiParameters { curve, ..PkiParameters::default() };
        let own = TestPki::generate(&parameters, &mut ChaCha20Rng::from_seed([seed; 32]));
        write(&pki, "CI_ECDSA", suffix, &own.ci);
        write(&pki, "DPauth", suffix, &own.dp_auth);
        write(&pki, "DPpb", suffix, &own.dp_pb);
    }
    let (pki, out) = (pki.to_str().unwrap(), folder.path().join("secrets.json"));
    let path = out.to_str().unwrap();
    let worker = |arguments: &[&'static str]| [&["pki", "worker", "--out", path], arguments].concat();
    let from = |pki| ["pki", "worker", "--out", path, "--pki", pki];
    assert!(fail(&worker(&[])).contains("--pki"));
    assert!(fail(&worker(&["--test-pki", "--pki", "pki"])).contains("cannot be used with"));
    run(&from(pki));
    let secrets: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let entries: Value = serde_json::from_str(secrets["PKI"].as_str().unwrap()).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), 2);
    assert!(entries[0]["dpPb"]["key"].as_str().unwrap().len() == 64 && entries[0]["dsAuth"].is_null());
    let drawn = ["SEAL_KEY", "ES2_TOKEN"].map(|name| secrets[name].as_str().unwrap().to_string());
    assert!(drawn[0].len() == 64 && drawn[1].len() == 64 && drawn[0] != drawn[1]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(fail(&worker(&["--test-pki"])).contains("exists"));
    assert_eq!(serde_json::from_slice::<Value>(&std::fs::read(&out).unwrap()).unwrap(), secrets);
    // The test PKI is nobody's by accident.
    let known = folder.path().join("known");
    publish(&known);
    std::fs::remove_file(&out).unwrap();
    assert!(fail(&from(known.to_str().unwrap())).contains("say --test-pki"));
    assert!(!out.exists());
    run(&worker(&["--test-pki"]));
    let secrets: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(secrets["PKI"], "test");
}
