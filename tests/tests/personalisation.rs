//! What a card is made of: chains that hold, several CIs at once, and nothing
//! that a live CI has signed.

use esim_crypto::Curve;
use esim_crypto::pki::{Certificate, PkiParameters, TestPki};
use esim_euicc::{Identity, MemoryNvm, Personal};
use esim_rsp::es10b::EuiccInfo1;
use esim_rsp::notification::{FinalResult, ProfileInstallationResult};
use esim_rsp::{Eid, decode};
use esim_sm_edge::smdp::config::trust_ci;
use esim_tests::bench::{self, EID, NOW};
use esim_tests::forge::{Forge, metadata, subscriber};
use esim_world::{Clock, Device};

fn pki(curve: Curve, label: u8) -> TestPki {
    TestPki::generate(&PkiParameters { curve, ..PkiParameters::default() }, &mut bench::rng(label))
}

fn key_id(pki: &TestPki) -> Vec<u8> {
    Certificate::parse(&pki.ci.certificate).unwrap().subject_key_id().unwrap().to_vec()
}

fn identity(pki: &TestPki) -> Identity {
    let eid: Eid = EID.parse().unwrap();
    let euicc = pki.issue_euicc(eid.octets(), &mut bench::rng(3));
    Identity {
        ci_key_id: key_id(pki),
        key: euicc.key,
        euicc_certificate: euicc.certificate,
        eum_certificate: pki.eum.certificate.clone(),
    }
}

fn made(identities: Vec<Identity>, cis: Vec<Vec<u8>>) -> Result<Personal, String> {
    Personal::from_parts(EID.parse().unwrap(), identities, cis).map_err(|error| error.to_string())
}

#[test]
fn a_card_serves_several_cis() {
    let pkis = [pki(Curve::P256, 1), pki(Curve::BrainpoolP256r1, 2), pki(Curve::P256, 5)];
    let cis = pkis.iter().map(|pki| pki.ci.certificate.clone()).collect();
    let personal = made(pkis.iter().map(identity).collect(), cis).unwrap();
    let mut nvm = MemoryNvm::default();
    personal.write_to(&mut nvm).unwrap();
    let mut device = Device::power_on(nvm, bench::rng(4), Clock::Fixed(NOW)).unwrap();
    bench::select_isdr(&mut device);

    let info: EuiccInfo1 = decode(&bench::es10(&mut device, &[0xBF, 0x20, 0x00]).unwrap()).unwrap();
    let signing: Vec<Vec<u8>> = info.euicc_ci_pk_id_list_for_signing.iter().map(|id| id.to_vec()).collect();
    assert_eq!(signing, pkis.iter().map(key_id).collect::<Vec<_>>(), "in the order given");

    let iccids = ["89000123456789012341", "89000123456789012358", "89000123456789012366"];
    for (pki, iccid) in pkis.into_iter().zip(iccids) {
        let mut forge = Forge { device, pki };
        let result = forge.install(&metadata(iccid), &subscriber(iccid));
        let result: ProfileInstallationResult = decode(&result).unwrap();
        let outcome = &result.profile_installation_result_data.final_result;
        assert!(matches!(outcome, FinalResult::SuccessResult(_)), "{outcome:?}");
        // Signed by the identity under the server's CI.
        let own = identity(&forge.pki).key.public_key();
        let data = result.profile_installation_result_data.raw();
        own.verify(&[data], &result.euicc_sign_pir.0).unwrap();
        device = forge.device;
    }
}

#[test]
fn chains_must_hold() {
    let (one, other) = (pki(Curve::P256, 1), pki(Curve::P256, 2));
    let ci = |pki: &TestPki| vec![pki.ci.certificate.clone()];
    assert!(made(vec![identity(&one)], ci(&one)).is_ok());
    for (bend, words) in [
        (
            (|it: &mut Identity, other: &TestPki| it.eum_certificate = other.eum.certificate.clone())
                as fn(&mut Identity, &TestPki),
            "issuer is unknown",
        ),
        (|it, _| it.eum_certificate = it.euicc_certificate.clone(), "another role"),
        (|it, other| it.key = other.ci.key.clone(), "does not belong to its certificate"),
        (|it, _| it.euicc_certificate.truncate(100), "eUICC certificate"),
    ] {
        let mut bent = identity(&one);
        bend(&mut bent, &other);
        let refused = made(vec![bent], ci(&one)).unwrap_err();
        assert!(refused.contains(words), "{words}: {refused}");
    }
    let refused = made(vec![identity(&one)], ci(&other)).unwrap_err();
    assert!(refused.contains("issuer is unknown"), "{refused}");
    // An EID outside the manufacturer's range.
    let elsewhere = PkiParameters { eid_prefix: "89049099".to_string(), ..PkiParameters::default() };
    let elsewhere = TestPki::generate(&elsewhere, &mut bench::rng(1));
    let refused = made(vec![identity(&elsewhere)], ci(&elsewhere)).unwrap_err();
    assert!(refused.contains("outside the manufacturer's range"), "{refused}");
}

#[test]
fn live_cis_are_refused_everywhere() {
    let pki = pki(Curve::P256, 1);
    let test = key_id(&pki);
    for (live, name) in [
        ("81370F5125D0B1D408D4C3B232E6D25E795BEBFB", "RSP2 Root CI1"),
        ("4C27967AD20C14B391E9601E41E604AD57C0222F", "OISITE GSMA CI G1"),
    ] {
        // A certificate that claims the identifier: nobody here has another.
        let live = hex::decode(live).unwrap();
        let forged = |der: &[u8]| {
            let mut der = der.to_vec();
            let places: Vec<_> = (0..der.len() - 20).filter(|at| der[*at..at + 20] == test).collect();
            assert!(!places.is_empty());
            places.iter().for_each(|at| der[*at..at + 20].copy_from_slice(&live));
            der
        };
        let ci = forged(&pki.ci.certificate);
        let as_anchor = made(vec![], vec![ci.clone()]).unwrap_err();
        assert!(as_anchor.contains(name) && as_anchor.contains("test CI"), "{as_anchor}");
        let mut identity = identity(&pki);
        identity.eum_certificate = forged(&identity.eum_certificate);
        let as_identity = made(vec![identity], vec![pki.ci.certificate.clone()]).unwrap_err();
        assert!(as_identity.contains(name), "{as_identity}");
        assert!(trust_ci(&ci).unwrap_err().to_string().contains(name));
    }
}
