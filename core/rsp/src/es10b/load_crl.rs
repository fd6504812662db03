//! ES10b.LoadCRL: revocation lists for the eUICC (SGP.22 5.7.12).

use crate::node::Node;
use crate::{Error, ErrorKind, es10, integer_codes, tlv};
use alloc::vec::Vec;
use rasn::{AsnType, Decode, Decoder as _, Encode};

/// ES10b.LoadCRL (SGP.22 5.7.12).
///
/// ```asn1
/// LoadCRLRequest ::= [53] SEQUENCE { crl CertificateList } -- Tag 'BF35'
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadCrlRequest {
    /// CertificateList of RFC 5280, DER.
    pub crl: Vec<u8>,
}

impl LoadCrlRequest {
    const TAG: u32 = es10::Function::LoadCrl.tag();

    /// Reads the command; `A0` stands in the place of the list's own tag.
    ///
    /// # Errors
    /// [`Error`] if it is not made so.
    pub fn from_octets(octets: &[u8]) -> Result<Self, Error> {
        let outer = tlv::read_only(octets)?;
        let list = tlv::find(octets, &outer, 0xA0)?.filter(|_| outer.tag == Self::TAG);
        let list = list.ok_or_else(|| Error::new(ErrorKind::Message("crl is missing".into()), 0))?;
        Ok(Self { crl: tlv::wrap(0x30, &[&octets[list.value]]) })
    }

    /// The command.
    ///
    /// # Errors
    /// [`Error`] if `crl` is no SEQUENCE.
    pub fn to_octets(&self) -> Result<Vec<u8>, Error> {
        let list = tlv::read_only(&self.crl)?;
        Ok(tlv::wrap(Self::TAG, &[&tlv::wrap(0xA0, &[&self.crl[list.value]])]))
    }
}

/// LoadCRLRequest for `explain`: its list has another tag in the place of its own, so that no type reads it.
pub(crate) fn load_crl(message: &[u8]) -> Result<Node, Error> {
    LoadCrlRequest::from_octets(message)?;
    let whole = tlv::read_only(message)?;
    let mut node = Node::new("", "LoadCrlRequest", whole.tag, whole.whole.clone(), whole.value.clone());
    let list = tlv::find(message, &whole, 0xA0)?;
    node.children =
        list.into_iter().map(|list| Node::new("crl", "", list.tag, list.whole, list.value)).collect();
    Ok(node)
}

/// ```asn1
/// LoadCRLResponse ::= [53] CHOICE {
///   loadCRLResponseOk LoadCRLResponseOk, loadCRLResponseError LoadCRLResponseError }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 53)))]
pub enum LoadCrlResponse {
    /// Taken.
    #[rasn(identifier = "loadCRLResponseOk")]
    LoadCrlResponseOk(LoadCrlResponseOk),
    /// Not taken.
    #[rasn(identifier = "loadCRLResponseError")]
    LoadCrlResponseError(LoadCrlError),
}

/// ```asn1
/// LoadCRLResponseOk ::= SEQUENCE { missingParts SEQUENCE OF INTEGER OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct LoadCrlResponseOk {
    /// Numbers of the parts still to come; absent if there are none.
    pub missing_parts: Option<Vec<u16>>,
}

integer_codes! {
    /// Why LoadCRL fails (SGP.22 5.7.12).
    LoadCrlError {
        /// The issuer's signature does not verify.
        invalidSignature = 1,
        /// It is no revocation list, or has a critical extension that is unknown here.
        invalidCRLFormat = 2,
        /// It does not fit.
        notEnoughMemorySpace = 3,
        /// The issuer's key is not among those for verification.
        verificationKeyNotFound = 4,
        /// A newer one was loaded before.
        fresherCrlAlreadyLoaded = 5,
        /// It tells changes of a list that was never loaded.
        baseCrlMissing = 6,
        /// Anything else.
        undefinedError = 127,
    }
}
