//! Identifiers: EID, ICCID, transaction id.

use crate::{Error, common, tbcd};
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;
use rasn::types::{FixedOctetString, OctetString};
use rasn::{AsnType, Decode, Encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// eUICC identifier: 32 decimal digits, 16 octets BCD, not swapped; the value
/// modulo 97 is 1 (SGP.29, SGP.02 2.2.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct Eid([u8; 16]);

impl Eid {
    /// From 16 octets.
    ///
    /// # Errors
    /// A nibble that is no digit, or wrong check digits.
    pub fn from_octets(octets: [u8; 16]) -> Result<Self, Error> {
        hex::encode(octets).parse()
    }

    /// Completes 30 digits with the two check digits.
    pub fn from_body(body: &str) -> Result<Self, Error> {
        if body.len() != 30 || !body.bytes().all(|c| c.is_ascii_digit()) {
            return Err(Error::text("an EID body has 30 decimal digits"));
        }
        let check = 98 - mod_97(&format!("{body}00"));
        format!("{body}{check:02}").parse()
    }

    /// The 16 octets as in the certificate-less structures of ES10 and in the key derivation.
    pub fn octets(&self) -> &[u8; 16] {
        &self.0
    }
}

fn mod_97(digits: &str) -> u32 {
    digits.bytes().fold(0, |rest, c| (rest * 10 + u32::from(c - b'0')) % 97)
}

impl FromStr for Eid {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() != 32 || !text.bytes().all(|c| c.is_ascii_digit()) {
            return Err(Error::text(format!("an EID has 32 decimal digits, not {text:?}")));
        }
        if mod_97(text) != 1 {
            return Err(Error::text(format!("the check digits of EID {text} are wrong")));
        }
        let mut octets = [0; 16];
        hex::decode_to_slice(text, &mut octets).map_err(|e| Error::text(e.to_string()))?;
        Ok(Self(octets))
    }
}

impl fmt::Display for Eid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Eid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Eid({self})")
    }
}

/// A profile's identifier, in the form of EF.ICCID: 10 octets, swapped nibbles, F padding.
///
/// ```asn1
/// Iccid ::= [APPLICATION 26] OCTET STRING (SIZE(10)) -- Tag '5A'
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsnType, Decode, Encode)]
#[rasn(delegate, tag(application, 26))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "string"))]
pub struct Iccid(pub FixedOctetString<10>);

impl Iccid {
    /// From the 10 octets of EF.ICCID.
    pub fn from_octets(octets: [u8; 10]) -> Self {
        Self(FixedOctetString::new(octets))
    }

    /// The 10 octets of EF.ICCID.
    pub fn octets(&self) -> [u8; 10] {
        *self.0
    }
}

impl FromStr for Iccid {
    type Err = Error;
    /// 18 to 20 digits; a final `F` may stand for the missing twentieth (SGP.22 5.3.1).
    fn from_str(text: &str) -> Result<Self, Error> {
        let digits = text.trim_end_matches(['F', 'f']);
        let sound = (18..=20).contains(&digits.len()) && text.len() <= 20;
        if !sound || !digits.bytes().all(|c| c.is_ascii_digit()) {
            return Err(Error::text(format!("an ICCID has 18 to 20 digits, not {text:?}")));
        }
        Ok(Self::from_octets(tbcd::padded(digits.bytes().map(|c| c - b'0'))))
    }
}

impl fmt::Display for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = tbcd::halves(&self.0[..]).filter(|half| *half != 0xF);
        let digits = digits.filter_map(|half| char::from_digit(half.into(), 16));
        f.write_str(&digits.map(|digit| digit.to_ascii_uppercase()).collect::<String>())
    }
}

impl fmt::Debug for Iccid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Iccid({self})")
    }
}

/// Names one download session: 1 to 16 octets, upper-case hexadecimal in JSON,
/// compared without regard to case (SGP.22 5.6.1).
///
/// ```asn1
/// TransactionId ::= OCTET STRING (SIZE(1..16))
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, AsnType, Decode, Encode)]
#[rasn(delegate)]
pub struct TransactionId(pub OctetString);

impl TransactionId {
    /// From octets as received or drawn.
    pub fn new(octets: &[u8]) -> Self {
        Self(OctetString::from_slice(octets))
    }
}

impl FromStr for TransactionId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self, Error> {
        let octets = common::from_hex(text)?;
        if octets.is_empty() || octets.len() > 16 {
            return Err(Error::text("a transactionId has 1 to 16 octets"));
        }
        Ok(Self::new(&octets))
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode_upper(&self.0))
    }
}

impl fmt::Debug for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TransactionId({self})")
    }
}

macro_rules! text_serde {
    ($($type:ident),*) => { $(
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|error: Error| de::Error::custom(error.kind))
            }
        }
    )* };
}
text_serde!(Eid, Iccid, TransactionId);

/// Reads the EID out of a `5A` value.
impl TryFrom<&[u8]> for Eid {
    type Error = Error;
    fn try_from(octets: &[u8]) -> Result<Self, Error> {
        let octets: [u8; 16] = octets.try_into().map_err(|_| Error::text("an EID has 16 octets"))?;
        Self::from_octets(octets)
    }
}
