//! Values whose received octets matter: signed data, signatures, certificates.

use crate::codec::{self, PEEK_RAW};
use crate::{Error, tlv};
use alloc::vec::Vec;
use core::ops::Deref;
use rasn::types::{Any, AsnType, Constraints, Identifier, OctetString, Tag};
use rasn::{Decode, Decoder, Encode, Encoder};

/// A value together with the exact octets it was read from.
///
/// A signature is verified over [`Signed::raw`] and `raw` is what is passed
/// on: re-encoding loses extensions and non-minimal forms (RSP digest 11.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed<T> {
    value: T,
    raw: Vec<u8>,
}

impl<T: Decode + Encode> Signed<T> {
    /// Encodes a value that this side is about to sign.
    pub fn new(value: T) -> Self {
        let raw = codec::encode(&value);
        Self { value, raw }
    }

    /// The value as read.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The whole TLV as received, or as it will be sent.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

impl<T> Deref for Signed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: AsnType> AsnType for Signed<T> {
    const TAG: Tag = T::TAG;
    const TAG_TREE: rasn::types::TagTree = T::TAG_TREE;
}

impl<T: Decode> Decode for Signed<T> {
    fn decode<D: Decoder>(decoder: &mut D) -> Result<Self, D::Error> {
        let raw = decoder.decode_any(PEEK_RAW)?.into_bytes();
        Ok(Self { value: T::decode(decoder)?, raw })
    }

    fn decode_with_constraints<D: Decoder>(decoder: &mut D, _: &Constraints) -> Result<Self, D::Error> {
        Self::decode(decoder)
    }

    fn decode_with_tag_and_constraints<D: Decoder>(
        decoder: &mut D,
        tag: Tag,
        constraints: &Constraints,
    ) -> Result<Self, D::Error> {
        let raw = decoder.decode_any(PEEK_RAW)?.into_bytes();
        let value = T::decode_with_tag_and_constraints(decoder, tag, constraints)?;
        Ok(Self { value, raw })
    }
}

impl<T: AsnType> Encode for Signed<T> {
    fn encode_with_tag_and_constraints<'b, E: Encoder<'b>>(
        &self,
        encoder: &mut E,
        _: Tag,
        _: &Constraints,
        identifier: Identifier,
    ) -> Result<(), E::Error> {
        encoder.encode_any(Tag::EOC, &Any::new(self.raw.clone()), identifier).map(drop)
    }
}

/// An X.509 certificate or CRL, kept as the DER octets it came in.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateDer(Vec<u8>);

impl CertificateDer {
    /// Wraps DER octets; the outer TLV must be one SEQUENCE.
    pub fn new(der: Vec<u8>) -> Result<Self, Error> {
        let tlv = tlv::read_only(&der)?;
        if tlv.tag != 0x30 {
            return Err(Error::new(crate::ErrorKind::Message("a certificate is a SEQUENCE".into()), 0));
        }
        Ok(Self(der))
    }

    /// The DER octets.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl core::fmt::Debug for CertificateDer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "CertificateDer({} octets)", self.0.len())
    }
}

impl AsnType for CertificateDer {
    const TAG: Tag = Tag::SEQUENCE;
}

impl Decode for CertificateDer {
    fn decode_with_tag_and_constraints<D: Decoder>(
        decoder: &mut D,
        tag: Tag,
        _: &Constraints,
    ) -> Result<Self, D::Error> {
        let raw = decoder.decode_any(PEEK_RAW)?.into_bytes();
        decoder.decode_any(tag)?;
        Ok(Self(raw))
    }
}

impl Encode for CertificateDer {
    fn encode_with_tag_and_constraints<'b, E: Encoder<'b>>(
        &self,
        encoder: &mut E,
        _: Tag,
        _: &Constraints,
        identifier: Identifier,
    ) -> Result<(), E::Error> {
        encoder.encode_any(Tag::EOC, &Any::new(self.0.clone()), identifier).map(drop)
    }
}

/// An ECDSA signature as RSP carries it: raw r‖s, 64 octets, in tag 5F37
/// (SGP.22 2.6.7.2; BSI TR-03111 plain format).
///
/// ```asn1
/// [APPLICATION 55] OCTET STRING -- Tag '5F37'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, rasn::AsnType, rasn::Decode, rasn::Encode)]
#[rasn(delegate, tag(application, 55))]
pub struct Signature(pub OctetString);

impl Signature {
    /// The whole TLV `5F37 40 …`, which the next signature covers.
    pub fn tlv(&self) -> Vec<u8> {
        tlv::wrap(0x5F37, &[&self.0])
    }
}

impl From<[u8; 64]> for Signature {
    fn from(raw: [u8; 64]) -> Self {
        Self(OctetString::from_slice(&raw))
    }
}

/// An ephemeral or certified public key on the wire: `04‖X‖Y`, 65 octets.
///
/// ```asn1
/// [APPLICATION 73] OCTET STRING -- Tag '5F49'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, rasn::AsnType, rasn::Decode, rasn::Encode)]
#[rasn(delegate, tag(application, 73))]
pub struct PublicKeyOctets(pub OctetString);

impl PublicKeyOctets {
    /// The whole TLV `5F49 41 04…`.
    pub fn tlv(&self) -> Vec<u8> {
        tlv::wrap(0x5F49, &[&self.0])
    }
}
