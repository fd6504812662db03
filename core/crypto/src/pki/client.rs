//! Client certificates of TLS, which GSMA has no profile for: ordinary X.509
//! rules (RFC 5280 6.1) with issuers chosen by key identifier.

use super::cert::Certificate;
use super::chain::{ChainReason, TrustedCi, common, issuer, verify_signature};
use super::role::Role;
use crate::check::Checks;
use der::Decode;

/// Most certificates between the client's own and its admitted issuer.
const DEPTH: usize = 4;

/// Checks a client's certificates, its own first, up to one of `issuers`: the
/// one found. That the client holds the key is for TLS to prove.
///
/// # Errors
/// The first rule broken; [`ChainReason::UnknownIssuer`] also for no certificate at all.
pub fn verify_client<'a>(
    chain: &[Certificate],
    issuers: &'a [TrustedCi],
    now: u64,
) -> Result<&'a TrustedCi, ChainReason> {
    let own = chain.first().ok_or(ChainReason::UnknownIssuer)?;
    if !own.may_sign() || !own.may_be_client() {
        return Err(ChainReason::KeyUsage);
    }
    let mut below = own;
    for depth in 0..=DEPTH {
        // Told to nobody: it has no role of the standard, and what TLS asks is no verification of RSP.
        common(below, Role::DpTls, Some(now), Checks::default())?;
        if let Some(root) = issuer(below, issuers) {
            verify_signature(below, &root.key).map_err(|_| ChainReason::BadSignature)?;
            return Ok(root);
        }
        let above = chain.get(depth + 1).ok_or(ChainReason::UnknownIssuer)?;
        if below.authority_key_id() != above.subject_key_id() || below.issuer() != above.subject() {
            return Err(ChainReason::UnknownIssuer);
        }
        let too_deep = above.path_length().is_some_and(|most| depth > usize::from(most));
        if !above.may_certify() || too_deep {
            return Err(ChainReason::NotCa);
        }
        verify_signature(below, above.public_key()).map_err(|_| ChainReason::BadSignature)?;
        below = above;
    }
    Err(ChainReason::UnknownIssuer)
}

/// Start and end of the validity of any X.509 certificate, whatever its key: seconds since 1970.
pub fn validity(der: &[u8]) -> Option<(u64, u64)> {
    let parsed = x509_cert::Certificate::from_der(der).ok()?;
    let validity = parsed.tbs_certificate().validity();
    let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
    Some((seconds(&validity.not_before), seconds(&validity.not_after)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::{Issued, PkiParameters, TestPki};
    use alloc::vec::Vec;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    const NOW: u64 = 1_767_225_600;

    fn trusted(pki: &TestPki) -> Vec<TrustedCi> {
        let ci = Certificate::parse(&pki.ci.certificate).unwrap();
        Vec::from([TrustedCi { key_id: ci.subject_key_id().unwrap().to_vec(), key: ci.public_key().clone() }])
    }

    fn check(chain: &[&Issued], issuers: &[TrustedCi], now: u64) -> Result<(), ChainReason> {
        let chain: Vec<_> = chain.iter().map(|one| Certificate::parse(&one.certificate).unwrap()).collect();
        verify_client(&chain, issuers, now).map(drop)
    }

    #[test]
    fn only_clients_of_the_issuers_get_in() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (pki, other) = (
            TestPki::generate(&PkiParameters::default(), &mut rng),
            TestPki::generate(&PkiParameters::default(), &mut rng),
        );
        let lpa = pki.issue_client("LPA 1", &mut rng);
        let issuers = trusted(&pki);
        assert_eq!(check(&[&lpa], &issuers, NOW), Ok(()));
        assert_eq!(check(&[&pki.dp_tls], &issuers, NOW), Ok(()), "CERT.DP.TLS is for clients too");
        assert_eq!(check(&[&lpa], &trusted(&other), NOW), Err(ChainReason::UnknownIssuer));
        assert_eq!(check(&[], &issuers, NOW), Err(ChainReason::UnknownIssuer));
        assert_eq!(check(&[&lpa], &issuers, 1), Err(ChainReason::NotYetValid));
        assert_eq!(check(&[&lpa], &issuers, 4_000_000_000), Err(ChainReason::Expired));
        assert_eq!(check(&[&pki.ci], &issuers, NOW), Err(ChainReason::KeyUsage));
        // The same key identifier with another key below it.
        let forged =
            Vec::from([TrustedCi { key_id: issuers[0].key_id.clone(), key: other.ci.key.public_key() }]);
        assert_eq!(check(&[&lpa], &forged, NOW), Err(ChainReason::BadSignature));
    }

    #[test]
    fn a_chain_leads_up_through_certificates_of_cas() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let pki = TestPki::generate(&PkiParameters::default(), &mut rng);
        let euicc = pki.issue_euicc(&[0x89; 16], &mut rng);
        let issuers = trusted(&pki);
        // EUM below CI, as any CA below another.
        assert_eq!(check(&[&euicc, &pki.eum], &issuers, NOW), Ok(()));
        assert_eq!(check(&[&euicc], &issuers, NOW), Err(ChainReason::UnknownIssuer));
        assert_eq!(check(&[&euicc, &pki.dp_auth], &issuers, NOW), Err(ChainReason::UnknownIssuer));
    }

    #[test]
    fn validity_of_any_certificate() {
        let pki = TestPki::well_known(crate::Curve::P256);
        let parameters = pki.parameters();
        assert_eq!(validity(&pki.ci.certificate), Some((parameters.not_before, parameters.not_after)));
        assert_eq!(validity(b"0"), None);
    }
}
