//! Certificate revocation lists as an eUICC is given them (SGP.22 v2.6 4.6,
//! 5.7.12): whole, in parts, or as what changed since an earlier one.

use super::cert::CertificateError;
use super::chain::verify_der;
use super::der_in::inner_range;
use crate::{PublicKey, SignatureError};
use alloc::vec::Vec;
use core::ops::Range;
use der::asn1::{ObjectIdentifier, Uint};
use der::oid::AssociatedOid;
use der::{Decode, Encode};
use x509_cert::crl::CertificateList;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, IssuingDistributionPoint};

const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const DELTA_CRL_INDICATOR: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
/// id-rsp-totalPartialCrlNumber.
pub(super) const TOTAL_PARTIAL_CRL_NUMBER: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.23.146.1.2.0.2");
/// id-rsp-partialCrlNumber.
pub(super) const PARTIAL_CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.23.146.1.2.0.3");

/// An unsigned number of any size: octets without leading zeros.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Number(Vec<u8>);

/// A revocation list, parsed once.
#[derive(Clone, Debug)]
pub struct Crl {
    raw: Vec<u8>,
    tbs: Range<usize>,
    signature: Vec<u8>,
    issuer_key_id: Vec<u8>,
    number: Number,
    base: Option<Number>,
    part: (u16, u16),
    next_update: Option<u64>,
    revoked: Vec<Vec<u8>>,
}

impl Crl {
    /// Parses DER; nothing may follow. It must name its issuer's key and its
    /// own number, and may have no critical extension that is unknown here.
    ///
    /// # Errors
    /// [`CertificateError`] naming what is wrong. No signature is checked here.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let malformed = CertificateError::Malformed { at: None };
        let parsed = CertificateList::<x509_cert::certificate::Rfc5280>::from_der(der)?;
        super::cert::only_ecdsa(&parsed.signature_algorithm.oid, &parsed.tbs_cert_list.signature.oid)?;
        let mut crl = Self {
            raw: der.to_vec(),
            tbs: inner_range(der).ok_or(malformed.clone())?,
            signature: parsed.signature.as_bytes().ok_or(malformed.clone())?.to_vec(),
            issuer_key_id: Vec::new(),
            number: Number::default(),
            base: None,
            part: (1, 1),
            next_update: parsed.tbs_cert_list.next_update.map(|time| time.to_unix_duration().as_secs()),
            revoked: Vec::new(),
        };
        let mut numbered = false;
        for extension in parsed.tbs_cert_list.crl_extensions.iter().flatten() {
            numbered |= extension.extn_id == CRL_NUMBER;
            crl.read_extension(extension)?;
        }
        let (part, parts) = crl.part;
        if !numbered || crl.issuer_key_id.is_empty() || !(1..=parts).contains(&part) {
            return Err(malformed);
        }
        let entries = parsed.tbs_cert_list.revoked_certificates.iter().flatten();
        crl.revoked = entries.map(|entry| entry.serial_number.as_bytes().to_vec()).collect();
        Ok(crl)
    }

    fn read_extension(&mut self, extension: &Extension) -> Result<(), CertificateError> {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            AuthorityKeyIdentifier::OID => {
                let id = AuthorityKeyIdentifier::from_der(value)?.key_identifier;
                self.issuer_key_id = id.map(|id| id.as_bytes().to_vec()).unwrap_or_default();
            }
            CRL_NUMBER => self.number = Number::read(value)?,
            DELTA_CRL_INDICATOR => self.base = Some(Number::read(value)?),
            TOTAL_PARTIAL_CRL_NUMBER => self.part.1 = u16::from_der(value)?,
            PARTIAL_CRL_NUMBER => self.part.0 = u16::from_der(value)?,
            IssuingDistributionPoint::OID => {}
            _ if extension.critical => return Err(CertificateError::Malformed { at: None }),
            _ => {}
        }
        Ok(())
    }

    /// The octets that the issuer signed, exactly as received.
    pub fn tbs_raw(&self) -> &[u8] {
        self.raw.get(self.tbs.clone()).unwrap_or_default()
    }

    /// Checks the issuer's signature.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify(&self, issuer: &PublicKey) -> Result<(), SignatureError> {
        verify_der(self.tbs_raw(), &self.signature, issuer)
    }

    /// authorityKeyIdentifier: the key that signed.
    pub fn issuer_key_id(&self) -> &[u8] {
        &self.issuer_key_id
    }

    /// cRLNumber, big-endian without leading zeros; compare by length first.
    pub fn number(&self) -> &[u8] {
        &self.number.0
    }

    /// BaseCRLNumber of a list that tells changes only.
    pub fn base(&self) -> Option<&[u8]> {
        self.base.as_ref().map(|number| &number.0[..])
    }

    /// nextUpdate, Unix seconds: the issuer has a newer list by then.
    pub fn next_update(&self) -> Option<u64> {
        self.next_update
    }

    /// Whether this list was issued after another one of the same issuer.
    pub fn is_newer_than(&self, other: &Self) -> bool {
        let order = |number: &Number| (number.0.len(), number.0.clone());
        order(&self.number) > order(&other.number)
    }

    /// Which part this is, from 1, and of how many: 1 of 1 for a list in one piece.
    pub fn part(&self) -> (u16, u16) {
        self.part
    }

    /// Serial numbers of revoked certificates, as in [`super::Certificate::serial`].
    pub fn revoked(&self) -> &[Vec<u8>] {
        &self.revoked
    }
}

impl Number {
    fn read(der: &[u8]) -> Result<Self, CertificateError> {
        Ok(Self(Uint::from_der(der)?.as_bytes().to_vec()))
    }
}

/// DER of an unsigned number.
pub(super) fn unsigned(value: u64) -> Vec<u8> {
    value.to_der().unwrap_or_default()
}
