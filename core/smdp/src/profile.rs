//! Profiles from subscribers, and what a profile says of itself.

use crate::Secret;
pub use crate::codes::{Codes, Drawn};
use crate::order::Needs;
pub use crate::secret::SecretText;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::{Error, Iccid, common};
use esim_saip::builder::Authentication;
use esim_saip::check::Severity;
use esim_saip::{Capabilities, Package, Status, builder, check, coding, resolve};
use serde::{Deserialize, Serialize};

/// What the operator knows of a subscriber. `Debug` shows no key.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscriber {
    /// 6 to 15 digits.
    pub imsi: String,
    /// Subscriber key: 32 hexadecimal digits, or 64 for TUAK.
    pub ki: SecretText,
    /// OPc of Milenage, 32 hexadecimal digits, or TOPc of TUAK, 64; left away for the test algorithm.
    #[serde(default)]
    pub opc: SecretText,
    /// Milenage if absent.
    #[serde(default, skip_serializing_if = "Algorithm::is_milenage")]
    pub algorithm: Algorithm,
    /// Digits of the network code in the IMSI: 2 (if absent) or 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mnc_length: Option<u8>,
    /// Own number, `+` for international.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<String>,
    /// Name that the device shows for the network, at most 16 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spn: Option<String>,
    /// Number of the short message service centre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smsc: Option<String>,
    /// Group identifier level 1, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid1: Option<String>,
    /// Keys with which the operator manages the profile over the air; without them it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ota: Option<OtaKeys>,
    /// Codes of the user and the operator; ADM 1 and the PUKs are drawn where there are none.
    #[serde(default, skip_serializing_if = "Codes::is_empty")]
    pub codes: Codes,
}

/// How the subscriber is authenticated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Algorithm {
    /// TS 35.206.
    #[default]
    Milenage,
    /// TS 35.231, one Keccak permutation.
    Tuak,
    /// The XOR algorithm of test networks (TS 34.108).
    UsimTest,
}

impl Algorithm {
    /// By its name in JSON.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "milenage" => Some(Self::Milenage),
            "tuak" => Some(Self::Tuak),
            "usim-test" => Some(Self::UsimTest),
            _ => None,
        }
    }

    fn is_milenage(&self) -> bool {
        *self == Self::Milenage
    }
}

/// AES keys of the operator's security domain, for secured messages (TS 102 225). Each has 32 hexadecimal digits;
/// `Debug` shows none.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtaKeys {
    /// Key version number, 1 to 15.
    pub version: u8,
    /// Enciphers.
    pub kic: SecretText,
    /// Makes checksums.
    pub kid: SecretText,
    /// Enciphers other keys.
    pub kik: SecretText,
}

impl core::fmt::Debug for OtaKeys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "OtaKeys(version {}, keys hidden)", self.version)
    }
}

impl OtaKeys {
    fn read(&self) -> Result<builder::OtaKeys, Error> {
        let keys = [key("kic", &self.kic)?, key("kid", &self.kid)?, key("kik", &self.kik)?];
        Ok(builder::OtaKeys { version: self.version, keys })
    }
}

impl core::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Subscriber({}, keys hidden)", self.imsi)
    }
}

impl Subscriber {
    /// The unprotected profile package of this subscriber, checked.
    ///
    /// # Errors
    /// A field that is not in its form, named; no value is quoted.
    pub fn build(&self, iccid: Iccid, profile_type: &str, drawn: &Drawn) -> Result<Vec<u8>, Error> {
        generate(&self.data(iccid, profile_type, drawn)?).map(|generated| generated.upp.expose().to_vec())
    }

    /// What the builder wants to know, with its own values for what a subscriber does not say.
    ///
    /// # Errors
    /// A field that is not in its form, named; no value is quoted.
    pub(crate) fn data(
        &self,
        iccid: Iccid,
        profile_type: &str,
        drawn: &Drawn,
    ) -> Result<builder::Subscriber, Error> {
        let spn = self.spn.as_deref().unwrap_or_default();
        let mut data = builder::Subscriber::new(&iccid.to_string(), &self.imsi, [0; 16], [0; 16], spn);
        data.authentication = self.authentication()?;
        data.profile_type = profile_type.to_string();
        data.mnc_len = self.mnc_length.unwrap_or(2);
        data.msisdn = self.msisdn.clone();
        data.smsc = self.smsc.clone();
        data.gid1 = self.gid1.as_deref().map(common::from_hex).transpose()?;
        data.ota = self.ota.as_ref().map(OtaKeys::read).transpose()?;
        data.domain_keys = Some(*drawn.domain_keys());
        data.codes = drawn.codes(&self.codes).read()?;
        Ok(data)
    }
}

impl Subscriber {
    fn authentication(&self) -> Result<Authentication, Error> {
        Ok(match self.algorithm {
            Algorithm::Milenage => {
                Authentication::Milenage { ki: key("ki", &self.ki)?, opc: key("opc", &self.opc)? }
            }
            Algorithm::UsimTest => Authentication::UsimTest { key: key("ki", &self.ki)? },
            Algorithm::Tuak => {
                let ki = common::from_hex(&self.ki).ok().filter(|octets| matches!(octets.len(), 16 | 32));
                let topc = common::from_hex(&self.opc).ok().and_then(|octets| octets.try_into().ok());
                Authentication::Tuak {
                    key: ki.ok_or_else(|| Error::text("ki has 32 or 64 hexadecimal digits"))?,
                    topc: topc.ok_or_else(|| Error::text("opc has 64 hexadecimal digits for TUAK"))?,
                    iterations: 1,
                }
            }
        })
    }
}

fn key(field: &str, text: &str) -> Result<[u8; 16], Error> {
    let octets = common::from_hex(text).ok().and_then(|octets| octets.try_into().ok());
    octets.ok_or_else(|| Error::text(format!("{field} has 32 hexadecimal digits")))
}

/// A profile package that has been made and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    /// The unprotected profile package, DER.
    pub upp: Secret,
    /// What it asks of an eUICC.
    pub needs: Needs,
}

/// Makes a package and checks it.
///
/// # Errors
/// A field that is not in its form, named; no value is quoted.
pub(crate) fn generate(data: &builder::Subscriber) -> Result<Generated, Error> {
    let package = builder::build(data).map_err(|error| Error::text(error.to_string()))?;
    if let Some(finding) = findings(&package, Severity::Error).first() {
        return Err(Error::text(finding));
    }
    let upp = package.to_der();
    Ok(Generated { needs: needs(&package, upp.len())?, upp: Secret::new(upp) })
}

fn needs(package: &Package, octets: usize) -> Result<Needs, Error> {
    let header = package.header().ok_or_else(|| Error::text("the profile package has no header"))?;
    let octets = u32::try_from(octets).map_err(|_| Error::text("the profile is too long"))?;
    let services = header.mandatory_services.0;
    Ok(Needs { octets, version: header.major_version, services, ..Needs::default() })
}

/// What a package says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// Whose it is.
    pub iccid: Iccid,
    /// What it asks of an eUICC.
    pub needs: Needs,
    /// What its author would want to be told, the bad things only.
    pub findings: Vec<String>,
}

/// Reads a package.
///
/// # Errors
/// Octets that are no profile package, or one without a header.
pub fn inspect(upp: &[u8]) -> Result<Inspected, Error> {
    let package = Package::parse(upp).map_err(|error| Error::text(error.to_string()))?;
    let header = package.header();
    let header = header.ok_or_else(|| Error::text("the profile package has no header"))?;
    let iccid = match resolve(&package, Capabilities::everything()) {
        Ok(image) => Iccid::from_octets(image.iccid),
        // Header and EF.ICCID name two profiles: there is no ICCID to order it by.
        Err(error) if error.element == "header" && error.status == Status::BadValues => {
            return Err(Error::text(error.reason));
        }
        // It will not install, as the findings say; whose it would be is in its header, in reading order.
        Err(_) => common::hex_upper(&header.iccid).parse()?,
    };
    Ok(Inspected {
        iccid,
        needs: needs(&package, upp.len())?,
        findings: findings(&package, Severity::Warning),
    })
}

fn findings(package: &Package, from: Severity) -> Vec<String> {
    let all = check::check(package).into_iter();
    all.filter(|finding| finding.severity >= from).map(|finding| finding.text).collect()
}

/// An ICCID of a test network from a random number: 89, country and issuer
/// 00101, 11 digits, a check digit (ITU-T E.118).
pub fn draw_iccid(random: u64) -> Option<Iccid> {
    let body = format!("8900101{:011}", random % 100_000_000_000);
    let check = coding::luhn_digit(&body).ok()?;
    format!("{body}{check}").parse().ok()
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
