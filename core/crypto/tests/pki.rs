//! Certificates of our own making and of GSMA's test material, and every rule broken once.

use esim_crypto::check::Checks;
use esim_crypto::pki::{
    Certificate, ChainReason, PkiParameters, Role, TestPki, TrustedCi, Verified, VerifiedList, verify_euicc,
    verify_euicc_with, verify_server,
};
use esim_crypto::{Curve, PrivateKey};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::cell::{Cell, RefCell};
use std::path::PathBuf;

const NOW: u64 = 1_790_000_000;

fn eid() -> [u8; 16] {
    hex::decode("89049032123451234512345678901235").unwrap().try_into().unwrap()
}

fn trusted(ci: &[u8]) -> Vec<TrustedCi> {
    let ci = Certificate::parse(ci).unwrap();
    vec![TrustedCi { key_id: ci.subject_key_id().unwrap().to_vec(), key: ci.public_key().clone() }]
}

fn parse(der: &[u8]) -> Certificate {
    Certificate::parse(der).unwrap()
}

#[test]
fn a_fresh_pki_verifies_both_ways() {
    for curve in [Curve::P256, Curve::BrainpoolP256r1] {
        let pki = TestPki::well_known(curve);
        let cis = trusted(&pki.ci.certificate);
        for (issued, role) in
            [(&pki.dp_auth, Role::DpAuth), (&pki.dp_pb, Role::DpPb), (&pki.dp_tls, Role::DpTls)]
        {
            let certificate = parse(&issued.certificate);
            verify_server(&certificate, role, &cis, Some(NOW)).unwrap();
            assert_eq!(certificate.san_registered_id(), Some("2.999.10"));
            assert_eq!(certificate.public_key(), &issued.key.public_key());
        }
        let euicc = pki.issue_euicc(&eid(), &mut ChaCha20Rng::from_seed([1; 32]));
        let (euicc, eum) = (parse(&euicc.certificate), parse(&pki.eum.certificate));
        assert_eq!(verify_euicc(&euicc, &eum, &cis, NOW).unwrap(), eid());
        assert_eq!(TestPki::well_known(curve).ci.certificate, pki.ci.certificate);
    }
}

#[test]
fn server_rules() {
    let pki = TestPki::well_known(Curve::P256);
    let other = TestPki::well_known(Curve::BrainpoolP256r1);
    let cis = trusted(&pki.ci.certificate);
    let auth = parse(&pki.dp_auth.certificate);
    let reason = |certificate: &Certificate, role, cis: &[TrustedCi], now| {
        verify_server(certificate, role, cis, now).map(|_| ()).unwrap_err().reason
    };
    assert_eq!(reason(&auth, Role::DpPb, &cis, None), ChainReason::WrongRole);
    assert_eq!(
        reason(&auth, Role::DpAuth, &trusted(&other.ci.certificate), None),
        ChainReason::UnknownIssuer
    );
    assert_eq!(reason(&auth, Role::DpAuth, &cis, Some(0)), ChainReason::NotYetValid);
    assert_eq!(reason(&auth, Role::DpAuth, &cis, Some(u64::MAX)), ChainReason::Expired);
    let mut wrong_key = cis.clone();
    wrong_key[0].key = PrivateKey::from_bytes(Curve::P256, &[9; 32]).unwrap().public_key();
    assert_eq!(reason(&auth, Role::DpAuth, &wrong_key, None), ChainReason::BadSignature);
    assert_eq!(reason(&parse(&pki.eum.certificate), Role::DpAuth, &cis, None), ChainReason::WrongRole);
}

/// A memory for one thread.
#[derive(Default)]
struct Memory(RefCell<VerifiedList>, Cell<usize>);

impl Verified for Memory {
    fn contains(&self, digest: &[u8; 32]) -> bool {
        self.0.borrow().contains(digest)
    }

    fn insert(&self, digest: [u8; 32]) {
        self.1.set(self.1.get() + 1);
        self.0.borrow_mut().insert(digest);
    }
}

#[test]
fn a_manufacturer_is_verified_once_and_checked_each_time() {
    let pki = TestPki::well_known(Curve::P256);
    let cis = trusted(&pki.ci.certificate);
    let euicc = parse(&pki.issue_euicc(&eid(), &mut ChaCha20Rng::from_seed([1; 32])).certificate);
    let eum = parse(&pki.eum.certificate);
    let memory = Memory::default();
    let check = |eum: &Certificate, cis: &[TrustedCi], now| {
        verify_euicc_with(&euicc, eum, cis, now, &memory, Checks::default())
            .map_err(|error| (error.subject, error.reason))
    };
    for _ in 0..3 {
        assert_eq!(check(&eum, &cis, NOW), Ok(eid()));
    }
    assert_eq!(memory.1.get(), 1);
    // What is remembered is the signature, nothing else.
    assert_eq!(check(&eum, &cis, u64::MAX), Err((Role::Eum, ChainReason::Expired)));
    assert_eq!(check(&eum, &[], NOW), Err((Role::Eum, ChainReason::UnknownIssuer)));
    let mut wrong_key = cis.clone();
    wrong_key[0].key = PrivateKey::from_bytes(Curve::P256, &[9; 32]).unwrap().public_key();
    assert_eq!(check(&eum, &wrong_key, NOW), Err((Role::Eum, ChainReason::BadSignature)));
    let mut altered = pki.eum.certificate.clone();
    *altered.last_mut().unwrap() ^= 1;
    let altered = parse(&altered);
    assert_eq!(check(&altered, &cis, NOW), Err((Role::Eum, ChainReason::BadSignature)));
    assert_eq!(check(&altered, &cis, NOW), Err((Role::Eum, ChainReason::BadSignature)));
    // An eUICC's certificate is not remembered at all.
    assert_eq!(memory.1.get(), 1);
}

#[test]
fn the_memory_of_manufacturers_is_bounded() {
    let mut list = VerifiedList::new();
    let digest = |n: usize| {
        let mut digest = [0; 32];
        digest[..8].copy_from_slice(&n.to_be_bytes());
        digest
    };
    (0..=VerifiedList::LIMIT).for_each(|n| list.insert(digest(n)));
    assert!(!list.contains(&digest(0)));
    assert!((1..=VerifiedList::LIMIT).all(|n| list.contains(&digest(n))));
    list.insert(digest(1));
    assert!(list.contains(&digest(2)));
}

#[test]
fn euicc_rules() {
    let mut rng = ChaCha20Rng::from_seed([2; 32]);
    let pki = TestPki::well_known(Curve::P256);
    let cis = trusted(&pki.ci.certificate);
    let eum = parse(&pki.eum.certificate);
    let check = |euicc: &Certificate, eum: &Certificate, cis: &[TrustedCi], now| {
        let error = verify_euicc(euicc, eum, cis, now).unwrap_err();
        (error.subject, error.reason)
    };
    let sound = parse(&pki.issue_euicc(&eid(), &mut rng).certificate);
    assert_eq!(check(&sound, &eum, &cis, 0), (Role::Eum, ChainReason::NotYetValid));
    assert_eq!(check(&sound, &eum, &[], NOW), (Role::Eum, ChainReason::UnknownIssuer));
    assert_eq!(check(&sound, &sound, &cis, NOW), (Role::Eum, ChainReason::WrongRole));
    assert_eq!(check(&eum, &eum, &cis, NOW), (Role::Euicc, ChainReason::WrongRole));

    let mut outside: [u8; 16] = hex::decode("89086030202200000022000023022943").unwrap().try_into().unwrap();
    let foreign = parse(&pki.issue_euicc(&outside, &mut rng).certificate);
    assert_eq!(check(&foreign, &eum, &cis, NOW), (Role::Euicc, ChainReason::EidOutsideEum));
    outside[15] ^= 1;
    let broken = parse(&pki.issue_euicc(&outside, &mut rng).certificate);
    assert_eq!(check(&broken, &eum, &cis, NOW), (Role::Euicc, ChainReason::EidMalformed));

    let parameters = PkiParameters { eum_name: "another EUM".into(), ..PkiParameters::default() };
    let stranger = TestPki::generate(&parameters, &mut rng);
    let euicc = parse(&stranger.issue_euicc(&eid(), &mut rng).certificate);
    assert_eq!(check(&euicc, &eum, &cis, NOW), (Role::Euicc, ChainReason::UnknownIssuer));
}

#[test]
fn a_tampered_certificate_never_verifies() {
    let pki = TestPki::well_known(Curve::P256);
    let cis = trusted(&pki.ci.certificate);
    let sound = &pki.dp_auth.certificate;
    for i in 0..sound.len() {
        let mut bad = sound.clone();
        bad[i] ^= 1;
        let accepted =
            Certificate::parse(&bad).is_ok_and(|c| verify_server(&c, Role::DpAuth, &cis, None).is_ok());
        assert!(!accepted, "octet {i}");
    }
    for cut in 0..sound.len() {
        assert!(Certificate::parse(&sound[..cut]).is_err());
    }
}

fn shared(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if !path.exists() {
        println!("skipped: ../shared/data not found");
        return None;
    }
    Some(path)
}

#[test]
fn published_test_pkis() {
    for (folder, suffix, whole) in [
        ("sgp26/nist", "NIST", true),
        ("sgp26/brainpool", "BRP", false),
        ("generated-pki/nist", "NIST", true),
        ("generated-pki/brainpool", "BRP", true),
    ] {
        let Some(path) = shared(folder) else { return };
        let read = |name: &str| parse(&std::fs::read(path.join(format!("{name}_{suffix}.der"))).unwrap());
        let cis = trusted(read("CERT_CI_ECDSA").raw());
        let dp_auth = read("CERT_S_SM_DPauth_ECDSA");
        verify_server(&dp_auth, Role::DpAuth, &cis, None).unwrap();
        verify_server(&read("CERT_S_SM_DPpb_ECDSA"), Role::DpPb, &cis, None).unwrap();
        if whole {
            let (euicc, eum) = (read("CERT_EUICC_ECDSA"), read("CERT_EUM_ECDSA"));
            let now = euicc.not_before().max(eum.not_before()) + 1;
            verify_euicc(&euicc, &eum, &cis, now).unwrap_or_else(|error| panic!("{folder}: {error}"));
        }
    }
}
