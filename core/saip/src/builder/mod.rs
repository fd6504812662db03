//! From subscriber data to a profile package that any eUICC installs: version 2.3, templates of version 1.

mod elements;
mod files;
#[cfg(test)]
mod tests;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::coding::{self, Invalid};
use crate::pe::Package;

/// AID of the USIM that the builder makes (RID and application code of TS 101 220 annex E).
pub const USIM_AID: [u8; 16] =
    [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0x07, 0x09, 0x00, 0x00];
/// AID of its ISIM.
pub const ISIM_AID: [u8; 16] =
    [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0x07, 0x09, 0x00, 0x00];
/// Temporary FID of the USIM's ADF.
pub const USIM_FID: u16 = 0x7FD0;
/// Temporary FID of the ISIM's ADF.
pub const ISIM_FID: u16 = 0x7FB0;

/// Access technologies of a PLMN selector (TS 31.102 4.2.5): UTRAN, E-UTRAN, NG-RAN, GSM.
pub const ALL_TECHNOLOGIES: u16 = 0xC880;

/// What a profile says about its subscriber. `Debug` shows no key and no code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    /// 18 to 20 digits.
    pub iccid: String,
    /// 6 to 15 digits.
    pub imsi: String,
    /// Digits of the network code in the IMSI: 2 or 3.
    pub mnc_len: u8,
    /// Algorithm with its keys.
    pub authentication: Authentication,
    /// Service provider name: 16 characters of the GSM alphabet, else 7.
    pub spn: String,
    /// Display condition of the name: bit 1 show the network's name at home too, bit 2 hide the provider's name abroad.
    pub spn_display: u8,
    /// Free text in the profile header, 1..=100 octets.
    pub profile_type: String,
    /// Own number, `+` for international.
    pub msisdn: Option<String>,
    /// Number of the short message service centre.
    pub smsc: Option<String>,
    /// Languages in order of preference, two letters each, at most three.
    pub languages: Vec<String>,
    /// Emergency numbers with their category, at most 254.
    pub emergency_numbers: Vec<(String, u8)>,
    /// Networks the operator prefers, with technologies, at most 50.
    pub preferred_networks: Vec<(String, u16)>,
    /// Networks that count as home besides that of the IMSI, at most 10.
    pub equivalent_networks: Vec<String>,
    /// Networks not to be tried, at most 4.
    pub forbidden_networks: Vec<String>,
    /// Group identifier level 1, 1..=16 octets.
    pub gid1: Option<Vec<u8>>,
    /// Codes of the user and the operator.
    pub codes: Codes,
    /// Whether there is an ISIM beside the USIM.
    pub isim: bool,
    /// Whether the USIM holds the files of the 5G system.
    pub five_g: bool,
    /// Keys with which the phone conceals the identity in 5G; without them it sends it in clear.
    pub home_network_keys: Vec<HomeNetworkKey>,
    /// Keys of the operator's security domain for remote management.
    pub ota: Option<OtaKeys>,
    /// Its keys where there is no remote management, drawn and known to nobody: other tools take no package whose
    /// security domain lacks the list.
    pub domain_keys: Option<[[u8; 16]; 3]>,
}

/// Algorithm with its keys. `Debug` shows no key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// TS 35.206.
    Milenage {
        /// Subscriber key.
        ki: [u8; 16],
        /// OP enciphered with the key.
        opc: [u8; 16],
    },
    /// TS 35.231.
    Tuak {
        /// Subscriber key of 16 or 32 octets.
        key: Vec<u8>,
        /// TOP enciphered with the key.
        topc: [u8; 32],
        /// Keccak permutations, from 1.
        iterations: u8,
    },
    /// The XOR algorithm for test networks.
    UsimTest {
        /// Subscriber key.
        key: [u8; 16],
    },
}

/// PINs and codes in digits, 4 to 8 for a PIN, 8 for an unblocking code. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    /// PIN 1.
    pub pin1: String,
    /// Whether the user must enter PIN 1.
    pub pin1_enabled: bool,
    /// Unblocks PIN 1.
    pub puk1: String,
    /// PIN 2.
    pub pin2: String,
    /// Unblocks PIN 2.
    pub puk2: String,
    /// The operator's code, any eight octets.
    pub adm1: [u8; 8],
}

impl Default for Codes {
    /// Values for tests, PIN 1 not asked for.
    fn default() -> Self {
        Self {
            pin1: String::from("0000"),
            pin1_enabled: false,
            puk1: String::from("00000000"),
            pin2: String::from("0000"),
            puk2: String::from("00000000"),
            adm1: *b"00000000",
        }
    }
}

/// Public key of the home network (TS 31.102 4.4.11.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeNetworkKey {
    /// Identifier by which the network finds its private key.
    pub identifier: u8,
    /// Protection scheme: 1 for profile A (X25519, 32 octets), 2 for profile B (P-256, 33 octets).
    pub scheme: u8,
    /// The key.
    pub key: Vec<u8>,
}

/// AES keys of the security domain: ciphering, integrity, key encryption. `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtaKeys {
    /// Key version number, 1..=15 for secured messages.
    pub version: u8,
    /// Key identifiers 1, 2, 3.
    pub keys: [[u8; 16]; 3],
}

/// Which field of the subscriber data cannot be put into a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error {
    /// Name of the field.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.reason)
    }
}

impl core::error::Error for Error {}

impl Subscriber {
    /// Subscriber data with a two-digit network code, USIM and ISIM, 5G files and test codes.
    pub fn new(iccid: &str, imsi: &str, ki: [u8; 16], opc: [u8; 16], spn: &str) -> Self {
        Self {
            iccid: String::from(iccid),
            imsi: String::from(imsi),
            mnc_len: 2,
            authentication: Authentication::Milenage { ki, opc },
            spn: String::from(spn),
            spn_display: 1,
            profile_type: String::from("Operational profile"),
            msisdn: None,
            smsc: None,
            languages: vec![String::from("en")],
            emergency_numbers: vec![(String::from("112"), 0), (String::from("911"), 0)],
            preferred_networks: Vec::new(),
            equivalent_networks: Vec::new(),
            forbidden_networks: Vec::new(),
            gid1: None,
            codes: Codes::default(),
            isim: true,
            five_g: true,
            home_network_keys: Vec::new(),
            ota: None,
            domain_keys: None,
        }
    }

    /// Digits of the home network: MCC and MNC. Needs a checked IMSI and `mnc_len`.
    fn home(&self) -> &str {
        self.imsi.get(..3 + usize::from(self.mnc_len)).unwrap_or(&self.imsi)
    }
}

/// Makes the package: header, mf, codes, telecom, usim with its optional files, codes and keys, 5G files, isim, security
/// domain, remote file managers, end.
///
/// ```
/// use esim_saip::{builder, Capabilities, coding};
///
/// let subscriber = builder::Subscriber::new("89000123456789012341", "001010123456789", [1; 16], [2; 16], "Example");
/// let package = builder::build(&subscriber).unwrap();
/// let image = esim_saip::resolve(&package, Capabilities::default()).unwrap();
/// assert_eq!(coding::decode_iccid(&image.iccid), "89000123456789012341");
/// ```
///
/// # Errors
/// The first field that cannot be coded.
pub fn build(subscriber: &Subscriber) -> Result<Package, Error> {
    check(subscriber)?;
    let elements = elements::all(subscriber)?;
    Ok(Package { elements })
}

/// What no coding function notices.
fn check(subscriber: &Subscriber) -> Result<(), Error> {
    // Before anything takes a prefix of the IMSI.
    coding::encode_imsi(&subscriber.imsi).map_err(field("imsi"))?;
    ensure(matches!(subscriber.mnc_len, 2 | 3), "mnc_len", "is neither 2 nor 3")?;
    ensure((1..=100).contains(&subscriber.profile_type.len()), "profile_type", "has not 1 to 100 octets")?;
    ensure(subscriber.languages.len() <= 3, "languages", "are more than 3")?;
    ensure((1..=254).contains(&subscriber.emergency_numbers.len()), "emergency_numbers", "are not 1 to 254")?;
    ensure(subscriber.preferred_networks.len() <= 50, "preferred_networks", "are more than 50")?;
    ensure(subscriber.equivalent_networks.len() <= 10, "equivalent_networks", "are more than 10")?;
    ensure(subscriber.forbidden_networks.len() <= 4, "forbidden_networks", "are more than 4")?;
    if let Some(gid1) = &subscriber.gid1 {
        ensure((1..=16).contains(&gid1.len()), "gid1", "has not 1 to 16 octets")?;
    }
    if let Authentication::Tuak { key, iterations, .. } = &subscriber.authentication {
        ensure(matches!(key.len(), 16 | 32), "authentication", "has a key of neither 16 nor 32 octets")?;
        ensure(*iterations > 0, "authentication", "has no permutation")?;
    }
    ensure(subscriber.home_network_keys.len() <= 8, "home_network_keys", "are more than 8")?;
    for key in &subscriber.home_network_keys {
        let fits = matches!((key.scheme, key.key.len()), (1, 32) | (2, 33 | 65));
        ensure(fits, "home_network_keys", "have a scheme and a length that do not fit together")?;
    }
    if let Some(ota) = &subscriber.ota {
        ensure((1..=0x0F).contains(&ota.version), "ota", "has a key version outside 1 to 15")?;
    }
    Ok(())
}

fn ensure(holds: bool, field: &'static str, reason: &'static str) -> Result<(), Error> {
    if holds { Ok(()) } else { Err(Error { field, reason }) }
}

fn field(field: &'static str) -> impl Fn(Invalid) -> Error {
    move |Invalid(reason)| Error { field, reason }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscriber({} {} {:?}, {:?})", self.iccid, self.imsi, self.spn, self.authentication)
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Milenage { .. } => "Milenage(..)",
            Self::Tuak { .. } => "Tuak(..)",
            Self::UsimTest { .. } => "UsimTest(..)",
        })
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Codes(..)")
    }
}

impl fmt::Debug for OtaKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OtaKeys(version {})", self.version)
    }
}
