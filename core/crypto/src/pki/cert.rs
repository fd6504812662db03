//! A parsed certificate that keeps the octets it came in.

use super::der_in::{header, inner_range};
use super::registered_id;
use super::role::Role;
use crate::{Curve, PublicKey};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use der::asn1::ObjectIdentifier;
use der::oid::AssociatedOid;
use der::{Decode, Encode};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, CrlDistributionPoints, ExtendedKeyUsage,
    KeyUsage, NameConstraints, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::Name;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const BRAINPOOL_P256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// id-rsp-extension-permitted-eins (SGP.22 v3).
const PERMITTED_EINS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.146.1.2.2.0");

/// A certificate, parsed once.
#[derive(Clone, Debug)]
pub struct Certificate {
    raw: Vec<u8>,
    tbs: core::ops::Range<usize>,
    signature: Vec<u8>,
    serial: Vec<u8>,
    public_key: PublicKey,
    issuer: Vec<u8>,
    subject: Vec<u8>,
    common_name: Option<String>,
    organization: Option<String>,
    serial_number: Option<String>,
    not_before: u64,
    not_after: u64,
    extensions: Extensions,
}

#[derive(Clone, Debug, Default)]
struct Extensions {
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    policies: Vec<ObjectIdentifier>,
    registered_id: Option<String>,
    dns_names: Vec<String>,
    digital_signature: bool,
    key_cert_sign: bool,
    not_for_clients: bool,
    ca: bool,
    path_length: Option<u8>,
    name_constraint: Option<NameConstraint>,
    permitted_eins: Vec<String>,
    unknown_critical: Vec<String>,
}

/// What a manufacturer's certificate permits below it (SGP.22 4.5.2.1.0.2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraint {
    /// The organization that eUICC certificates must name.
    pub organization: Option<String>,
    /// The digits that EIDs must start with.
    pub serial_number_prefix: Option<String>,
}

/// Why a certificate cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not X.509, or an extension is malformed; with the octet where it is noticed, if known.
    #[error("not an X.509 certificate{}", .at.map(|at| alloc::format!(", at octet {at}")).unwrap_or_default())]
    Malformed {
        /// Offset in octets.
        at: Option<usize>,
    },
    /// The key is on no curve of SGP.22.
    #[error("the key's curve is neither P-256 nor brainpoolP256r1")]
    UnsupportedCurve,
    /// The key is no point of its curve.
    #[error("the public key is no point of its curve")]
    BadKey,
    /// The signature algorithm is not ecdsa-with-SHA256.
    #[error("the signature algorithm is not ecdsa-with-SHA256")]
    UnsupportedSignature,
}

impl CertificateError {
    /// Whether the curve alone is to blame: RSP has a code of its own for that.
    pub fn is_unsupported_curve(&self) -> bool {
        *self == Self::UnsupportedCurve
    }
}

impl From<der::Error> for CertificateError {
    fn from(error: der::Error) -> Self {
        let at = error.position().and_then(|at| usize::try_from(u32::from(at)).ok());
        Self::Malformed { at }
    }
}

impl Certificate {
    /// Parses DER; nothing may follow.
    ///
    /// # Errors
    /// [`CertificateError`] naming what is wrong. No signature is checked here.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let parsed = x509_cert::Certificate::from_der(der)?;
        let tbs = parsed.tbs_certificate();
        only_ecdsa(&parsed.signature_algorithm().oid, &tbs.signature().oid)?;
        let subject = tbs.subject();
        Ok(Self {
            raw: der.to_vec(),
            tbs: inner_range(der).ok_or(CertificateError::Malformed { at: None })?,
            signature: parsed
                .signature()
                .as_bytes()
                .ok_or(CertificateError::Malformed { at: None })?
                .to_vec(),
            serial: tbs.serial_number().as_bytes().to_vec(),
            public_key: public_key(tbs.subject_public_key_info())?,
            issuer: tbs.issuer().to_der()?,
            subject: subject.to_der()?,
            common_name: attribute(subject, COMMON_NAME),
            organization: attribute(subject, ORGANIZATION),
            serial_number: attribute(subject, SERIAL_NUMBER),
            not_before: tbs.validity().not_before.to_unix_duration().as_secs(),
            not_after: tbs.validity().not_after.to_unix_duration().as_secs(),
            extensions: Extensions::read(tbs.extensions().into_iter().flatten())?,
        })
    }

    /// The DER octets.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The octets that the issuer signed, exactly as received.
    pub fn tbs_raw(&self) -> &[u8] {
        &self.raw[self.tbs.clone()]
    }

    /// The issuer's signature, DER.
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// The certificate's own serial number, big-endian as encoded.
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The certified key.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// The issuer's name, DER.
    pub fn issuer(&self) -> &[u8] {
        &self.issuer
    }

    /// The subject's name, DER.
    pub fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// `CN` of the subject.
    pub fn common_name(&self) -> Option<&str> {
        self.common_name.as_deref()
    }

    /// `O` of the subject.
    pub fn organization(&self) -> Option<&str> {
        self.organization.as_deref()
    }

    /// `serialNumber` of the subject: the EID in an eUICC's certificate.
    pub fn serial_number(&self) -> Option<&str> {
        self.serial_number.as_deref()
    }

    /// Start of validity, Unix seconds.
    pub fn not_before(&self) -> u64 {
        self.not_before
    }

    /// End of validity, Unix seconds.
    pub fn not_after(&self) -> u64 {
        self.not_after
    }

    /// subjectKeyIdentifier.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.extensions.subject_key_id.as_deref()
    }

    /// authorityKeyIdentifier's keyIdentifier.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.extensions.authority_key_id.as_deref()
    }

    /// Whether certificatePolicies names this role, as of v2 or v3.
    pub fn has_role(&self, role: Role) -> bool {
        self.extensions.policies.iter().any(|policy| role.policies().contains(policy))
    }

    /// The registeredID in subjectAltName, dotted: an SM-DP+'s OID.
    pub fn san_registered_id(&self) -> Option<&str> {
        self.extensions.registered_id.as_deref()
    }

    /// The dNSNames in subjectAltName.
    pub fn san_dns_names(&self) -> &[String] {
        &self.extensions.dns_names
    }

    /// keyUsage has digitalSignature.
    pub fn may_sign(&self) -> bool {
        self.extensions.digital_signature
    }

    /// extKeyUsage has clientAuth, or is absent.
    pub fn may_be_client(&self) -> bool {
        !self.extensions.not_for_clients
    }

    /// keyUsage has keyCertSign and basicConstraints has CA.
    pub fn may_certify(&self) -> bool {
        self.extensions.key_cert_sign && self.extensions.ca
    }

    /// pathLenConstraint.
    pub fn path_length(&self) -> Option<u8> {
        self.extensions.path_length
    }

    /// Permitted directoryName subtree.
    pub fn name_constraint(&self) -> Option<&NameConstraint> {
        self.extensions.name_constraint.as_ref()
    }

    /// EIN prefixes of a v3 manufacturer certificate.
    pub fn permitted_eins(&self) -> &[String] {
        &self.extensions.permitted_eins
    }

    /// OIDs of critical extensions that nothing here understands.
    pub fn unknown_critical(&self) -> &[String] {
        &self.extensions.unknown_critical
    }
}

/// Both places that name the signature algorithm must name the one of SGP.22.
pub(super) fn only_ecdsa(outer: &ObjectIdentifier, inner: &ObjectIdentifier) -> Result<(), CertificateError> {
    let both = *outer == ECDSA_WITH_SHA256 && *inner == ECDSA_WITH_SHA256;
    if both { Ok(()) } else { Err(CertificateError::UnsupportedSignature) }
}

fn public_key(info: &x509_cert::spki::SubjectPublicKeyInfoOwned) -> Result<PublicKey, CertificateError> {
    if info.algorithm.oid != EC_PUBLIC_KEY {
        return Err(CertificateError::UnsupportedCurve);
    }
    let named = info.algorithm.parameters.as_ref().and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let curve = match named {
        Some(P256) => Curve::P256,
        Some(BRAINPOOL_P256R1) => Curve::BrainpoolP256r1,
        _ => return Err(CertificateError::UnsupportedCurve),
    };
    let point = info.subject_public_key.as_bytes().ok_or(CertificateError::BadKey)?;
    PublicKey::from_sec1(curve, point).map_err(|_| CertificateError::BadKey)
}

/// A string attribute of a name, whatever its string type.
fn attribute(name: &Name, oid: ObjectIdentifier) -> Option<String> {
    let found = name.iter().find(|attribute| attribute.oid == oid)?;
    core::str::from_utf8(found.value.value()).ok().map(str::to_string)
}

impl Extensions {
    fn read<'a>(all: impl Iterator<Item = &'a Extension>) -> Result<Self, CertificateError> {
        let mut out = Self::default();
        for extension in all {
            let value = extension.extn_value.as_bytes();
            match extension.extn_id {
                SubjectKeyIdentifier::OID => {
                    out.subject_key_id = Some(SubjectKeyIdentifier::from_der(value)?.0.as_bytes().to_vec());
                }
                AuthorityKeyIdentifier::OID => {
                    let id = AuthorityKeyIdentifier::from_der(value)?.key_identifier;
                    out.authority_key_id = id.map(|id| id.as_bytes().to_vec());
                }
                CertificatePolicies::OID => {
                    let policies = CertificatePolicies::from_der(value)?.0;
                    out.policies = policies.into_iter().map(|policy| policy.policy_identifier).collect();
                }
                SubjectAltName::OID => out.read_names(value)?,
                KeyUsage::OID => {
                    let usage = KeyUsage::from_der(value)?;
                    out.digital_signature = usage.digital_signature();
                    out.key_cert_sign = usage.key_cert_sign();
                }
                BasicConstraints::OID => {
                    let constraints = BasicConstraints::from_der(value)?;
                    out.ca = constraints.ca;
                    out.path_length = constraints.path_len_constraint;
                }
                NameConstraints::OID => {
                    out.name_constraint = Some(name_constraint(&NameConstraints::from_der(value)?));
                }
                PERMITTED_EINS => {
                    let eins = Vec::<der::asn1::PrintableString>::from_der(value)?;
                    out.permitted_eins = eins.into_iter().map(|ein| ein.to_string()).collect();
                }
                ExtendedKeyUsage::OID => {
                    let uses = ExtendedKeyUsage::from_der(value)?.0;
                    out.not_for_clients = !uses.iter().any(|it| [CLIENT_AUTH, ANY_USAGE].contains(it));
                }
                CrlDistributionPoints::OID => {}
                other if extension.critical => out.unknown_critical.push(other.to_string()),
                _ => {}
            }
        }
        Ok(out)
    }

    /// subjectAltName: the names that RSP looks at, the others passed over.
    fn read_names(&mut self, value: &[u8]) -> Result<(), CertificateError> {
        let malformed = CertificateError::Malformed { at: None };
        let (mut at, _) = header(value, 0).ok_or(malformed.clone())?;
        while let Some(tag) = value.get(at) {
            let (start, length) = header(value, at).ok_or(malformed.clone())?;
            let name = value.get(start..start + length).ok_or(malformed.clone())?;
            match tag {
                0x88 => self.registered_id = Some(registered_id::to_dotted(name).ok_or(malformed.clone())?),
                0x82 => self.dns_names.push(String::from_utf8_lossy(name).into_owned()),
                _ => {}
            }
            at = start + length;
        }
        Ok(())
    }
}

fn name_constraint(constraints: &NameConstraints) -> NameConstraint {
    let mut out = NameConstraint::default();
    for subtree in constraints.permitted_subtrees.iter().flatten() {
        if let GeneralName::DirectoryName(name) = &subtree.base {
            out.organization = attribute(name, ORGANIZATION).or(out.organization);
            out.serial_number_prefix = attribute(name, SERIAL_NUMBER).or(out.serial_number_prefix);
        }
    }
    out
}
