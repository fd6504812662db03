//! Certificates of eUICCs, with the codes of ES9+ (SGP.22 4.5.2, 5.6.3).

use crate::Env;
use esim_crypto::PublicKey;
use esim_crypto::pki::{self, Certificate, ChainError, ChainReason, Role, TrustedCi};
use esim_rsp::check::Rule;
use esim_rsp::{CertificateDer, Code, Eid, Refusal, Signature};

/// Checks an eUICC's chain up to a CI of `trusted`: who it is, and its key.
///
/// # Errors
/// 8.1.2 and 8.1.3 with 6.1 or 6.3 for the manufacturer's and the eUICC's
/// certificate, 6.1 for a revoked one, too; 8.11.1/3.9 for an unknown CI.
pub(crate) fn verify_euicc(
    euicc: &CertificateDer,
    eum: &CertificateDer,
    trusted: &[TrustedCi],
    env: &Env<'_>,
) -> Result<(Eid, PublicKey), Refusal> {
    const EUM: Code = Code::EumCertificateVerificationFailed;
    const EUICC: Code = Code::EuiccCertificateVerificationFailed;
    let checks = env.checks;
    let read = |role: Role, der: &CertificateDer| {
        checks.that(&role.rules().read, || der.as_bytes(), Certificate::parse(der.as_bytes()))
    };
    let eum = read(Role::Eum, eum).map_err(|e| Refusal::of(EUM).because(e))?;
    let euicc = read(Role::Euicc, euicc).map_err(|e| Refusal::of(EUICC).because(e))?;
    let octets = pki::verify_euicc_with(&euicc, &eum, trusted, env.now, env.verified, checks);
    let octets = octets.map_err(refusal)?;
    let revocations = &env.config.revocations;
    let ci = trusted.iter().find(|ci| eum.authority_key_id() == Some(&ci.key_id[..]));
    let stands = ci.is_none_or(|ci| !revocations.contain(&eum, &ci.key));
    if !checks.that(&Role::Eum.rules().revoked, || eum.serial(), stands) {
        return Err(Refusal::of(EUM).because("The manufacturer's certificate has been revoked"));
    }
    let stands = !revocations.contain(&euicc, eum.public_key());
    if !checks.that(&Role::Euicc.rules().revoked, || euicc.serial(), stands) {
        return Err(Refusal::of(EUICC).because("The eUICC's certificate has been revoked"));
    }
    let eid = Eid::from_octets(octets).map_err(|e| Refusal::of(EUICC).because(e))?;
    Ok((eid, euicc.public_key().clone()))
}

fn refusal(error: ChainError) -> Refusal {
    let code = match (error.subject, error.reason) {
        (Role::Eum, ChainReason::UnknownIssuer) => Code::CiPublicKeyUnknown,
        (Role::Euicc, ChainReason::Expired) => Code::EuiccCertificateExpired,
        (Role::Euicc, _) => Code::EuiccCertificateVerificationFailed,
        (_, ChainReason::Expired) => Code::EumCertificateExpired,
        _ => Code::EumCertificateVerificationFailed,
    };
    Refusal::of(code).because(error)
}

/// The key in a certificate whose chain has been checked before.
///
/// # Errors
/// 8.1.3/6.1 if it cannot be read any more.
pub(crate) fn key_of_euicc(certificate: &[u8]) -> Result<PublicKey, Refusal> {
    let parsed = Certificate::parse(certificate);
    parsed
        .map(|c| c.public_key().clone())
        .map_err(|e| Refusal::of(Code::EuiccCertificateVerificationFailed).because(e))
}

/// Whether an eUICC has signed: `parts` one after the other, by the key in its certificate.
pub(crate) fn is_signed(
    rule: &Rule,
    key: &PublicKey,
    parts: &[&[u8]],
    signature: &Signature,
    env: &Env<'_>,
) -> bool {
    let verified = key.verify(parts, &signature.0);
    env.checks.with_key(rule, || key.to_sec1(), || parts.concat(), verified).is_ok()
}

/// The EID that a certificate names, before anything is verified: good for
/// looking up only.
pub(crate) fn claimed_eid(certificate: &CertificateDer) -> Option<Eid> {
    Certificate::parse(certificate.as_bytes()).ok()?.serial_number()?.parse().ok()
}
