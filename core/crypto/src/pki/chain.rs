//! The chain checks of SGP.22 4.5.2, written for GSMA's rules: issuers are
//! chosen by key identifier, roles are policies, an EID must lie in its
//! manufacturer's range. Generic X.509 verifiers know none of this.

use super::cert::Certificate;
use super::role::Role;
use super::verified::{NoneVerified, Verified, verify_once};
use crate::check::{Checks, Rule};
use crate::{PublicKey, SignatureError};
use ::ecdsa::der::Signature as DerSignature;
use alloc::vec::Vec;
use bp256::BrainpoolP256r1;
use p256::NistP256;

/// A CI key that is trusted as it is.
#[derive(Clone, Debug)]
pub struct TrustedCi {
    /// Subject key identifier.
    pub key_id: Vec<u8>,
    /// PK.CI.
    pub key: PublicKey,
}

/// Which certificate of a chain is wrong, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{subject:?} certificate: {reason}")]
pub struct ChainError {
    /// The certificate.
    pub subject: Role,
    /// What is wrong with it.
    pub reason: ChainReason,
}

/// What can be wrong with a certificate in a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainReason {
    /// Its issuer is not among those trusted.
    #[error("the issuer is unknown")]
    UnknownIssuer,
    /// The issuer's signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
    /// The policy of its role is missing.
    #[error("it is of another role")]
    WrongRole,
    /// keyUsage does not allow this use.
    #[error("its key may not be used so")]
    KeyUsage,
    /// It should be a CA's and is not, or it is and may not issue this deep.
    #[error("it may not issue certificates")]
    NotCa,
    /// It has a critical extension that nobody understands.
    #[error("it has an unknown critical extension")]
    UnknownCriticalExtension,
    /// Too early.
    #[error("it is not valid yet")]
    NotYetValid,
    /// Too late.
    #[error("it has expired")]
    Expired,
    /// The eUICC's organization is not its manufacturer's.
    #[error("its organization is not its manufacturer's")]
    OrganizationMismatch,
    /// The subject's serial number is no EID.
    #[error("its serial number is no EID")]
    EidMalformed,
    /// The EID is outside its manufacturer's range.
    #[error("its EID is outside the manufacturer's range")]
    EidOutsideEum,
    /// It is on another curve than its issuer.
    #[error("its curve is not its issuer's")]
    UnsupportedCurve,
}

/// Verifies a certificate's signature over the exact octets received.
///
/// # Errors
/// [`SignatureError`].
pub fn verify_signature(certificate: &Certificate, issuer: &PublicKey) -> Result<(), SignatureError> {
    verify_der(certificate.tbs_raw(), certificate.signature(), issuer)
}

/// Verifies an X.509 signature (DER).
pub(super) fn verify_der(tbs: &[u8], der: &[u8], issuer: &PublicKey) -> Result<(), SignatureError> {
    let raw: [u8; 64] = match issuer.curve() {
        crate::Curve::P256 => {
            let signature = DerSignature::<NistP256>::from_bytes(der);
            let signature = signature.and_then(::ecdsa::Signature::try_from);
            signature.map_err(|_| SignatureError)?.to_bytes().into()
        }
        crate::Curve::BrainpoolP256r1 => {
            let signature = DerSignature::<BrainpoolP256r1>::from_bytes(der);
            let signature = signature.and_then(::ecdsa::Signature::try_from);
            signature.map_err(|_| SignatureError)?.to_bytes().into()
        }
    };
    issuer.verify(&[tbs], &raw)
}

/// Checks a server's certificate as the eUICC does; the CI key above it.
/// `now` is absent where the time is unknown: then validity is not checked.
///
/// # Errors
/// [`ChainError`] with the first rule broken.
pub fn verify_server<'a>(
    certificate: &Certificate,
    role: Role,
    trusted: &'a [TrustedCi],
    now: Option<u64>,
) -> Result<&'a TrustedCi, ChainError> {
    verify_server_with(certificate, role, trusted, now, Checks::default())
}

/// The same, with somebody who is told of each check.
///
/// # Errors
/// [`ChainError`] with the first rule broken.
pub fn verify_server_with<'a>(
    certificate: &Certificate,
    role: Role,
    trusted: &'a [TrustedCi],
    now: Option<u64>,
    checks: Checks<'_>,
) -> Result<&'a TrustedCi, ChainError> {
    let has_role = certificate.has_role(role);
    if !checks.that(&role.rules().role, || certificate.raw(), has_role) {
        return Err(ChainError { subject: role, reason: ChainReason::WrongRole });
    }
    verify_server_of_role(certificate, role, trusted, now, checks)
}

/// The same for a certificate whose role is known already, because it was looked for.
///
/// # Errors
/// [`ChainError`] with the first rule broken.
pub fn verify_server_of_role<'a>(
    certificate: &Certificate,
    role: Role,
    trusted: &'a [TrustedCi],
    now: Option<u64>,
    checks: Checks<'_>,
) -> Result<&'a TrustedCi, ChainError> {
    let (raw, rules) = (|| certificate.raw(), role.rules());
    let error = |reason| ChainError { subject: role, reason };
    let ci = checks.that(&rules.issuer, || issuer_id(certificate), issuer(certificate, trusted));
    let ci = ci.ok_or(error(ChainReason::UnknownIssuer))?;
    if !checks.that(&rules.usage, raw, certificate.may_sign()) {
        return Err(error(ChainReason::KeyUsage));
    }
    common(certificate, role, now, checks).map_err(error)?;
    let verified = verify_signature(certificate, &ci.key);
    let verified = checks.with_key(&rules.signature, || ci.key.to_sec1(), || certificate.tbs_raw(), verified);
    verified.map_err(|_| error(ChainReason::BadSignature))?;
    Ok(ci)
}

/// Checks an eUICC's chain as the SM-DP+ does; its EID, 16 octets.
///
/// # Errors
/// [`ChainError`] with the certificate and the first rule broken.
pub fn verify_euicc(
    euicc: &Certificate,
    eum: &Certificate,
    trusted: &[TrustedCi],
    now: u64,
) -> Result<[u8; 16], ChainError> {
    verify_euicc_with(euicc, eum, trusted, now, &NoneVerified, Checks::default())
}

/// The same, with a memory for the CI's signatures, and with somebody who is told of each check.
///
/// # Errors
/// [`ChainError`] with the certificate and the first rule broken.
pub fn verify_euicc_with(
    euicc: &Certificate,
    eum: &Certificate,
    trusted: &[TrustedCi],
    now: u64,
    verified: &dyn Verified,
    checks: Checks<'_>,
) -> Result<[u8; 16], ChainError> {
    let eum_error = |reason| ChainError { subject: Role::Eum, reason };
    check_eum(eum, trusted, now, verified, checks).map_err(eum_error)?;
    check_euicc(euicc, eum, now, checks).map_err(|reason| ChainError { subject: Role::Euicc, reason })
}

fn check_eum(
    eum: &Certificate,
    trusted: &[TrustedCi],
    now: u64,
    verified: &dyn Verified,
    checks: Checks<'_>,
) -> Result<(), ChainReason> {
    let (raw, rules) = (|| eum.raw(), Role::Eum.rules());
    if !checks.that(&rules.role, raw, eum.has_role(Role::Eum)) {
        return Err(ChainReason::WrongRole);
    }
    let ci = checks.that(&rules.issuer, || issuer_id(eum), issuer(eum, trusted));
    let ci = ci.ok_or(ChainReason::UnknownIssuer)?;
    if !checks.that(&rules.usage, raw, eum.may_certify()) {
        return Err(ChainReason::NotCa);
    }
    common(eum, Role::Eum, Some(now), checks)?;
    let known = verify_once(eum, &ci.key, verified);
    let known = checks.with_key(&rules.signature, || ci.key.to_sec1(), || eum.tbs_raw(), known);
    known.map_err(|_| ChainReason::BadSignature)
}

const ORGANIZATION: Rule =
    Rule::new("SGP.22 4.5.2.1.0.2", "organization of CERT.EUICC.ECDSA is that of CERT.EUM.ECDSA");
const EID: Rule = Rule::new("SGP.22 4.5.2.1.0.2", "serialNumber of CERT.EUICC.ECDSA is an EID");
const RANGE: Rule = Rule::new("SGP.22 4.5.2.1.0.2", "the EID is in the range of CERT.EUM.ECDSA");

fn check_euicc(
    euicc: &Certificate,
    eum: &Certificate,
    now: u64,
    checks: Checks<'_>,
) -> Result<[u8; 16], ChainReason> {
    let (raw, rules) = (|| euicc.raw(), Role::Euicc.rules());
    if !checks.that(&rules.role, raw, euicc.has_role(Role::Euicc)) {
        return Err(ChainReason::WrongRole);
    }
    let is_below = euicc.authority_key_id() == eum.subject_key_id() && euicc.issuer() == eum.subject();
    if !checks.that(&rules.issuer, || issuer_id(euicc), is_below) {
        return Err(ChainReason::UnknownIssuer);
    }
    if !checks.that(&rules.usage, raw, euicc.may_sign()) {
        return Err(ChainReason::KeyUsage);
    }
    common(euicc, Role::Euicc, Some(now), checks)?;
    let key = eum.public_key();
    if !checks.that(&rules.curve, raw, euicc.public_key().curve() == key.curve()) {
        return Err(ChainReason::UnsupportedCurve);
    }
    let verified = verify_signature(euicc, key);
    let verified = checks.with_key(&rules.signature, || key.to_sec1(), || euicc.tbs_raw(), verified);
    verified.map_err(|_| ChainReason::BadSignature)?;
    if !checks.that(&ORGANIZATION, || euicc.subject(), euicc.organization() == eum.organization()) {
        return Err(ChainReason::OrganizationMismatch);
    }
    let digits = euicc.serial_number().unwrap_or_default();
    let eid = checks.that(&EID, || digits, eid_octets(digits)).ok_or(ChainReason::EidMalformed)?;
    if !checks.that(&RANGE, || digits, is_in_range(digits, euicc, eum)) {
        return Err(ChainReason::EidOutsideEum);
    }
    Ok(eid)
}

/// SGP.22 4.5.2.1.0.2: the name constraint's serial number, or a permitted EIN, is the EID's beginning.
fn is_in_range(digits: &str, euicc: &Certificate, eum: &Certificate) -> bool {
    if eum.permitted_eins().iter().any(|ein| !ein.is_empty() && digits.starts_with(ein.as_str())) {
        return true;
    }
    let Some(constraint) = eum.name_constraint() else { return false };
    let organization = constraint.organization.as_deref();
    let prefix = constraint.serial_number_prefix.as_deref().unwrap_or_default();
    !prefix.is_empty()
        && digits.starts_with(prefix)
        && organization.is_none_or(|name| euicc.organization() == Some(name))
}

pub(super) fn common(
    certificate: &Certificate,
    role: Role,
    now: Option<u64>,
    checks: Checks<'_>,
) -> Result<(), ChainReason> {
    let (raw, rules) = (|| certificate.raw(), role.rules());
    if !checks.that(&rules.critical, raw, certificate.unknown_critical().is_empty()) {
        return Err(ChainReason::UnknownCriticalExtension);
    }
    let Some(now) = now else { return Ok(()) };
    if !checks.that(&rules.begun, raw, now >= certificate.not_before()) {
        return Err(ChainReason::NotYetValid);
    }
    if !checks.that(&rules.not_over, raw, now <= certificate.not_after()) {
        return Err(ChainReason::Expired);
    }
    Ok(())
}

/// authorityKeyIdentifier, or nothing.
fn issuer_id(certificate: &Certificate) -> &[u8] {
    certificate.authority_key_id().unwrap_or_default()
}

pub(super) fn issuer<'a>(certificate: &Certificate, trusted: &'a [TrustedCi]) -> Option<&'a TrustedCi> {
    let wanted = certificate.authority_key_id()?;
    trusted.iter().find(|ci| ci.key_id == wanted)
}

/// 32 digits with sound check digits (SGP.29), as 16 octets BCD.
fn eid_octets(digits: &str) -> Option<[u8; 16]> {
    let digits = digits.as_bytes();
    if digits.len() != 32 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let rest = digits.iter().fold(0u32, |rest, c| (rest * 10 + u32::from(c - b'0')) % 97);
    (rest == 1).then(|| core::array::from_fn(|i| (digits[2 * i] - b'0') << 4 | (digits[2 * i + 1] - b'0')))
}
