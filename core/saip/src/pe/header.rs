//! Headers: of the profile, and of each element.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use rasn::types::{Any, Constraints, Identifier, ObjectIdentifier, OctetString, Tag};
use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::Rest;
use crate::tlv;

/// `PEHeader ::= SEQUENCE { mandated [0] NULL OPTIONAL, identification [1] INTEGER (0..32767) }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct PeHeader {
    /// Present if the profile is useless without this element.
    pub mandated: Option<()>,
    /// Number of the element, unique in the package.
    pub identification: u16,
    /// Fields of later versions.
    pub unknown: Rest,
}

impl PeHeader {
    /// A header of a mandated element.
    pub fn mandated(identification: u16) -> Self {
        Self { mandated: Some(()), identification, unknown: Rest::default() }
    }
}

/// `ProfileHeader ::= SEQUENCE { major-version [0], minor-version [1], profileType [2] OPTIONAL, iccid [3], pol [4]
/// OPTIONAL, eUICC-Mandatory-services [5], eUICC-Mandatory-GFSTEList [6], connectivityParameters [7] OPTIONAL,
/// eUICC-Mandatory-AIDs [8] OPTIONAL, iotOptions [9] OPTIONAL }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct ProfileHeader {
    /// 1, 2 or 3.
    pub major_version: u8,
    /// Minor version of the specification.
    pub minor_version: u8,
    /// Free text, 1..=100 characters.
    pub profile_type: Option<String>,
    /// Ten octets. The digits stand **in reading order**, unlike EF.ICCID, where nibbles are swapped.
    pub iccid: OctetString,
    /// Profile policy rules of M2M; unused here.
    pub pol: Option<OctetString>,
    /// What the eUICC must offer.
    pub mandatory_services: Services,
    /// Templates that the eUICC must know.
    pub mandatory_templates: Vec<ObjectIdentifier>,
    /// Access point and the like of M2M.
    pub connectivity_parameters: Option<OctetString>,
    /// Libraries that must be present.
    pub mandatory_aids: Option<Vec<MandatoryAid>>,
    /// Fields of later versions, `iotOptions` among them.
    pub unknown: Rest,
}

/// `SEQUENCE { aid [0] ApplicationIdentifier, version [1] OCTET STRING (SIZE (2)) }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct MandatoryAid {
    /// AID of the library.
    pub aid: OctetString,
    /// Major and minor version.
    pub version: OctetString,
}

/// `ServicesList`: a SEQUENCE of optional NULLs, one bit each here; bit n = tag `[n]`.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Services(pub u64);

macro_rules! services {
    ($($number:literal $variant:ident $name:literal,)*) => {
        /// A service that a profile may demand of its eUICC. The discriminant is the tag.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the name is all there is to say")]
        pub enum Service { $($variant = $number,)* }

        impl Service {
            /// All of them, in order of tags.
            pub const ALL: &[Service] = &[$(Service::$variant,)*];

            /// ASN.1 name.
            pub fn name(self) -> &'static str {
                match self { $(Service::$variant => $name,)* }
            }
        }
    };
}

services! {
    0 Contactless "contactless",
    1 Usim "usim",
    2 Isim "isim",
    3 Csim "csim",
    4 Milenage "milenage",
    5 Tuak128 "tuak128",
    6 Cave "cave",
    7 GbaUsim "gba-usim",
    8 GbaIsim "gba-isim",
    9 Mbms "mbms",
    10 Eap "eap",
    11 Javacard "javacard",
    12 Multos "multos",
    13 MultipleUsim "multiple-usim",
    14 MultipleIsim "multiple-isim",
    15 MultipleCsim "multiple-csim",
    16 Tuak256 "tuak256",
    17 UsimTestAlgorithm "usim-test-algorithm",
    18 BerTlv "ber-tlv",
    19 DfLink "dfLink",
    20 CatTp "cat-tp",
    21 GetIdentity "get-identity",
    22 ProfileAX25519 "profile-a-x25519",
    23 ProfileBP256 "profile-b-p256",
    24 SuciCalculatorApi "suciCalculatorApi",
    25 DnsResolution "dns-resolution",
    26 Scp11ac "scp11ac",
    27 Scp11cAuthorization "scp11c-authorization-mechanism",
    28 S16Mode "s16mode",
    29 Eaka "eaka",
}

impl Services {
    /// A set of services.
    pub fn of(services: &[Service]) -> Self {
        Self(services.iter().fold(0, |bits, service| bits | 1 << *service as u32))
    }

    /// Whether it is in the set.
    pub fn contains(self, service: Service) -> bool {
        self.0 & 1 << service as u32 != 0
    }

    /// The same set with one more.
    pub fn with(self, service: Service) -> Self {
        Self(self.0 | 1 << service as u32)
    }

    /// What is in this set and not in the other.
    pub fn minus(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether it is the empty set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Names of the services in the set; numbers beyond the list are left out.
    pub fn names(self) -> Vec<&'static str> {
        Service::ALL.iter().filter(|service| self.contains(**service)).map(|service| service.name()).collect()
    }

    /// `UICCCapability` of EUICCInfo2: the same services as a BIT STRING in an order of its own, first bit first,
    /// trailing zeros left out.
    pub fn uicc_capability(self) -> Vec<bool> {
        let has = |service: &Option<Service>| service.is_some_and(|service| self.contains(service));
        let mut bits: Vec<bool> = UICC_CAPABILITY.iter().map(has).collect();
        let len = bits.iter().rposition(|bit| *bit).map_or(0, |last| last + 1);
        bits.truncate(len);
        bits
    }

    fn from_contents(contents: &[u8]) -> Option<Self> {
        let mut bits = 0u64;
        for flag in tlv::all(contents).ok()? {
            let number = if flag.tag > 0xFF { flag.tag & 0x7F } else { flag.tag & 0x1F };
            bits |= 1u64.checked_shl(u32::from(number))?;
        }
        Some(Self(bits))
    }

    fn to_contents(self) -> Vec<u8> {
        let set = (0..64u16).filter(|number| self.0 >> number & 1 == 1);
        set.flat_map(|number| tlv::make(if number < 31 { 0x80 | number } else { 0x9F00 | number }, &[]))
            .collect()
    }
}

/// Bit 0 first; bit 9 is reserved.
const UICC_CAPABILITY: [Option<Service>; 31] = [
    Some(Service::Contactless),
    Some(Service::Usim),
    Some(Service::Isim),
    Some(Service::Csim),
    Some(Service::Milenage),
    Some(Service::Cave),
    Some(Service::Tuak128),
    Some(Service::Tuak256),
    Some(Service::UsimTestAlgorithm),
    None,
    Some(Service::GbaUsim),
    Some(Service::GbaIsim),
    Some(Service::Mbms),
    Some(Service::Eap),
    Some(Service::Javacard),
    Some(Service::Multos),
    Some(Service::MultipleUsim),
    Some(Service::MultipleIsim),
    Some(Service::MultipleCsim),
    Some(Service::BerTlv),
    Some(Service::DfLink),
    Some(Service::CatTp),
    Some(Service::GetIdentity),
    Some(Service::ProfileAX25519),
    Some(Service::ProfileBP256),
    Some(Service::SuciCalculatorApi),
    Some(Service::DnsResolution),
    Some(Service::Scp11ac),
    Some(Service::Scp11cAuthorization),
    Some(Service::S16Mode),
    Some(Service::Eaka),
];

impl AsnType for Services {
    const TAG: Tag = Tag::SEQUENCE;
}

impl Decode for Services {
    fn decode_with_tag_and_constraints<D: Decoder>(
        decoder: &mut D,
        tag: Tag,
        _constraints: &Constraints,
    ) -> Result<Self, D::Error> {
        // With a tag given, the decoder hands out the contents alone.
        let contents = decoder.decode_any(tag)?;
        Self::from_contents(contents.as_bytes())
            .ok_or_else(|| rasn::de::Error::custom("services are NULLs with tags below 64", decoder.codec()))
    }
}

impl Encode for Services {
    fn encode_with_tag_and_constraints<'b, E: Encoder<'b>>(
        &self,
        encoder: &mut E,
        tag: Tag,
        _constraints: &Constraints,
        identifier: Identifier,
    ) -> Result<(), E::Error> {
        encoder.encode_any(tag, &Any::new(self.to_contents()), identifier)?;
        Ok(())
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}
