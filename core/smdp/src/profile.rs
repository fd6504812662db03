//! Profiles from subscribers, and what a profile says of itself.

use crate::order::Needs;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::{Error, Iccid};
use esim_saip::{Package, ProfileElement};
use serde::{Deserialize, Serialize};

/// What the operator knows of a subscriber.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscriber {
    /// 6 to 15 digits.
    pub imsi: String,
    /// Subscriber key of the network, 32 hexadecimal digits.
    pub ki: String,
    /// OPc of Milenage, 32 hexadecimal digits.
    pub opc: String,
    /// Digits with an optional +.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<String>,
    /// Name that the device shows for the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spn: Option<String>,
}

impl core::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Subscriber({}, keys hidden)", self.imsi)
    }
}

impl Subscriber {
    /// The unprotected profile package of this subscriber.
    ///
    /// # Errors
    /// A field that is not in its form, named.
    pub fn build(&self, _iccid: Iccid) -> Result<Vec<u8>, Error> {
        Err(Error::text("profiles cannot be generated yet"))
    }
}

/// Reads a package: whose it is, and what it asks of an eUICC.
///
/// # Errors
/// Octets that are no profile package, or one without a header.
pub fn inspect(upp: &[u8]) -> Result<(Iccid, Needs), Error> {
    let package = Package::parse(upp).map_err(|error| Error::text(error.to_string()))?;
    let header = package.elements.iter().find_map(|element| match element.value() {
        ProfileElement::Header(header) => Some(header),
        _ => None,
    });
    let header = header.ok_or_else(|| Error::text("the profile package has no header"))?;
    // The header has the digits in reading order (TCA 8.2), EF.ICCID swapped.
    let digits = esim_rsp::common::hex_upper(&header.iccid);
    let octets = u32::try_from(upp.len()).map_err(|_| Error::text("the profile is too long"))?;
    Ok((digits.parse()?, Needs { octets, version: header.major_version }))
}
