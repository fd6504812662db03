//! PINs, unblocking codes and authentication parameters.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use rasn::types::OctetString;
use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::{PeHeader, Rest};

/// An OCTET STRING that `Debug` does not show.
#[derive(AsnType, Clone, Decode, Encode, PartialEq, Eq)]
#[rasn(delegate)]
pub struct Secret(pub OctetString);

impl Secret {
    /// Takes a copy of a secret.
    pub fn new(octets: &[u8]) -> Self {
        Self(OctetString::from_slice(octets))
    }

    /// The octets themselves.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} octets)", self.0.len())
    }
}

/// `PE-PINCodes ::= SEQUENCE { pin-Header [0] PEHeader, pinCodes [1] CHOICE { … } }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct PinCodes {
    /// Element header.
    pub header: PeHeader,
    /// Own PINs, or those of another directory.
    pub pins: PinList,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `CHOICE { pinconfig [0] SEQUENCE OF PINConfiguration, filePath [1] OCTET STRING (SIZE (0..8)) }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(choice, automatic_tags)]
pub enum PinList {
    /// 1..=26 codes of the current directory.
    Configured(Vec<PinConfiguration>),
    /// The codes of the directory with this path, MF left out.
    Shared(OctetString),
}

/// `PINConfiguration ::= SEQUENCE { keyReference [0], pinValue [1], unblockingPINReference [2] OPTIONAL, pinAttributes [3]
/// DEFAULT 7, maxNumOfAttemps-retryNumLeft [4] DEFAULT 51 }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct PinConfiguration {
    /// `01`..`08`, `0A`..`0E` global; `81`..`88`, `8A`..`8E` local.
    pub key_reference: u8,
    /// Eight octets, `FF` padding.
    pub value: Secret,
    /// Reference of the unblocking code.
    pub unblocking_reference: Option<u8>,
    /// Bit 1 enabled.
    #[rasn(default = "default_pin_attributes")]
    pub attributes: u8,
    /// Maximum in the high, left in the low nibble.
    #[rasn(default = "default_pin_attempts")]
    pub attempts: u8,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `PE-PUKCodes ::= SEQUENCE { puk-Header [0] PEHeader, pukCodes [1] SEQUENCE OF PUKConfiguration }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct PukCodes {
    /// Element header.
    pub header: PeHeader,
    /// 1..=16 codes.
    pub puks: Vec<PukConfiguration>,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `PUKConfiguration ::= SEQUENCE { keyReference [0], pukValue [1], maxNumOfAttemps-retryNumLeft [2] DEFAULT 170 }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct PukConfiguration {
    /// `01`..`08`, `81`..`88`.
    pub key_reference: u8,
    /// Eight octets.
    pub value: Secret,
    /// Maximum in the high, left in the low nibble.
    #[rasn(default = "default_puk_attempts")]
    pub attempts: u8,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `PE-AKAParameter ::= SEQUENCE { aka-header [0] PEHeader, algoConfiguration [1] CHOICE { … }, sqnOptions [2] DEFAULT '02'H,
/// sqnDelta [3] DEFAULT '000010000000'H, sqnAgeLimit [4] DEFAULT '000010000000'H, sqnInit [5] SEQUENCE (SIZE (32)) OF OCTET
/// STRING (SIZE (6)) DEFAULT all zero }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct AkaParameter {
    /// Element header.
    pub header: PeHeader,
    /// Algorithm with its keys, or whose to share.
    pub algorithm: AlgoConfiguration,
    /// One octet.
    #[rasn(default = "default_sqn_options")]
    pub sqn_options: OctetString,
    /// Six octets.
    #[rasn(default = "default_sqn_window")]
    pub sqn_delta: OctetString,
    /// Six octets.
    #[rasn(default = "default_sqn_window")]
    pub sqn_age_limit: OctetString,
    /// 32 sequence numbers of six octets, without the index bits.
    #[rasn(default = "default_sqn_init")]
    pub sqn_init: Vec<OctetString>,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `CHOICE { mappingParameter [0] MappingParameter, algoParameter [1] AlgoParameter }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(choice, automatic_tags)]
pub enum AlgoConfiguration {
    /// Shares the parameters of another application.
    Mapping(MappingParameter),
    /// Own parameters.
    Algorithm(AlgoParameter),
}

/// `MappingParameter ::= SEQUENCE { mappingOptions [0] OCTET STRING (SIZE (1)), mappingSource [1] ApplicationIdentifier }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct MappingParameter {
    /// One octet.
    pub options: OctetString,
    /// AID of the application that has the parameters.
    pub source: OctetString,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `AlgoParameter ::= SEQUENCE { algorithmID [0] INTEGER { milenage (1), tuak (2), usim-test-algorithm (3) },
/// algorithmOptions [1], key [2], opc [3], rotationConstants [4] DEFAULT, xoringConstants [5] DEFAULT, authCounterMax [6]
/// OPTIONAL, numberOfKeccak [7] DEFAULT 1 }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct AlgoParameter {
    /// 1 Milenage, 2 TUAK, 3 USIM test algorithm.
    pub algorithm: u8,
    /// One octet.
    pub options: OctetString,
    /// 16 octets; 32 possible for TUAK.
    pub key: Secret,
    /// OPc (16) for Milenage, TOPc (32) for TUAK.
    pub opc: Secret,
    /// r1..r5 in bits; Milenage only.
    #[rasn(default = "default_rotation")]
    pub rotation: OctetString,
    /// c1..c5 joined; Milenage only.
    #[rasn(default = "default_xoring")]
    pub xoring: OctetString,
    /// Three octets.
    pub auth_counter_max: Option<OctetString>,
    /// Keccak permutations; TUAK only.
    #[rasn(default = "default_keccak")]
    pub keccak_iterations: u8,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// Attributes of a PIN if none are given.
pub(crate) fn default_pin_attributes() -> u8 {
    7
}

/// Three tries, all left.
pub(crate) fn default_pin_attempts() -> u8 {
    0x33
}

/// Ten tries, all left.
pub(crate) fn default_puk_attempts() -> u8 {
    0xAA
}

/// `02`.
pub(crate) fn default_sqn_options() -> OctetString {
    OctetString::from_static(&[2])
}

/// 2^28.
pub(crate) fn default_sqn_window() -> OctetString {
    OctetString::from_static(&[0, 0, 0x10, 0, 0, 0])
}

/// 32 zeros.
pub(crate) fn default_sqn_init() -> Vec<OctetString> {
    vec![OctetString::from_static(&[0; 6]); 32]
}

/// Constants of the 3GPP example set.
pub(crate) fn default_rotation() -> OctetString {
    OctetString::from_static(&[0x40, 0x00, 0x20, 0x40, 0x60])
}

/// Constants of the 3GPP example set: 0, 1, 2, 4, 8.
pub(crate) fn default_xoring() -> OctetString {
    let mut constants = vec![0u8; 80];
    for (index, value) in [0, 1, 2, 4, 8].into_iter().enumerate() {
        constants[16 * index + 15] = value;
    }
    constants.into()
}

/// One permutation.
pub(crate) fn default_keccak() -> u8 {
    1
}
