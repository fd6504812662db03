//! Certificates and revocation lists: two in one input, a length of two octets
//! before the second.
#![no_main]

use esim_crypto::Curve;
use esim_crypto::pki::{Certificate, Crl, Role, TestPki, TrustedCi, verify_euicc, verify_server};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

static TRUSTED: OnceLock<Vec<TrustedCi>> = OnceLock::new();

fn trusted() -> Vec<TrustedCi> {
    [Curve::P256, Curve::BrainpoolP256r1]
        .into_iter()
        .map(|curve| {
            let certificate =
                Certificate::parse(&TestPki::well_known(curve).ci.certificate).expect("CERT.CI");
            TrustedCi {
                key_id: certificate.subject_key_id().expect("a key identifier").to_vec(),
                key: certificate.public_key().clone(),
            }
        })
        .collect()
}

fuzz_target!(|input: &[u8]| {
    let trusted = TRUSTED.get_or_init(trusted);
    let Some((length, rest)) = input.split_first_chunk::<2>() else { return };
    let (first, second) = rest.split_at(rest.len().min(usize::from(u16::from_be_bytes(*length))));
    if let Ok(crl) = Crl::parse(first) {
        for ci in trusted {
            let _ = crl.verify(&ci.key);
        }
    }
    let Ok(certificate) = Certificate::parse(first) else { return };
    for role in [Role::DpAuth, Role::DpPb, Role::DsAuth, Role::DpTls] {
        let _ = verify_server(&certificate, role, trusted, Some(1_790_000_000));
    }
    if let Ok(issuer) = Certificate::parse(second) {
        let _ = verify_euicc(&certificate, &issuer, trusted, 1_790_000_000);
    }
});
