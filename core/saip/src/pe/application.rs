//! Security domains, remote file managers, applets. Their lists carry manual tags, so siblings keep universal ones.

use alloc::vec::Vec;

use rasn::types::{ObjectIdentifier, OctetString};
use rasn::{AsnType, Decode, Decoder, Encode, Encoder};

use super::{PeHeader, Rest, Secret};

/// `PE-SecurityDomain ::= SEQUENCE { sd-Header [0], instance [1], keyList [2] OPTIONAL, sdPersoData [3] OPTIONAL, … }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct SecurityDomain {
    /// Element header.
    pub header: PeHeader,
    /// The application itself.
    pub instance: ApplicationInstance,
    /// Its keys.
    pub keys: Option<Vec<KeyObject>>,
    /// STORE DATA blocks.
    pub perso_data: Option<Vec<OctetString>>,
    /// `openPersoData`, `catTpParameters` and fields of later versions.
    pub unknown: Rest,
}

/// `ApplicationInstance ::= SEQUENCE { applicationLoadPackageAID [APPLICATION 15], classAID [APPLICATION 15], instanceAID
/// [APPLICATION 15], extraditeSecurityDomainAID [APPLICATION 15] OPTIONAL, applicationPrivileges [2], lifeCycleState [3]
/// DEFAULT '07'H, applicationSpecificParametersC9 [PRIVATE 9], systemSpecificParameters [PRIVATE 15] OPTIONAL,
/// applicationParameters [PRIVATE 10] OPTIONAL, processData SEQUENCE OF OCTET STRING OPTIONAL, controlReferenceTemplate [16]
/// OPTIONAL }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct ApplicationInstance {
    /// AID of the package that holds the class.
    #[rasn(tag(application, 15))]
    pub load_package_aid: OctetString,
    /// AID of the class.
    #[rasn(tag(application, 15))]
    pub class_aid: OctetString,
    /// AID of the instance.
    #[rasn(tag(application, 15))]
    pub instance_aid: OctetString,
    /// Security domain to which the instance goes.
    #[rasn(tag(application, 15))]
    pub extradite_to: Option<OctetString>,
    /// One or three octets.
    #[rasn(tag(context, 2))]
    pub privileges: OctetString,
    /// One octet.
    #[rasn(tag(context, 3), default = "default_life_cycle")]
    pub life_cycle: OctetString,
    /// Parameters of the INSTALL command.
    #[rasn(tag(private, 9))]
    pub parameters: OctetString,
    /// System and UICC parameters, process data and fields of later versions.
    pub unknown: Rest,
}

/// `KeyObject ::= SEQUENCE { keyUsageQualifier [21], keyAccess [22] DEFAULT '00'H, keyIdentifier [2], keyVersionNumber [3],
/// keyCounterValue [5] OPTIONAL, keyComponents SEQUENCE OF … }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct KeyObject {
    /// One or two octets.
    #[rasn(tag(context, 21))]
    pub usage: OctetString,
    /// One octet.
    #[rasn(tag(context, 22), default = "default_key_access")]
    pub access: OctetString,
    /// One octet.
    #[rasn(tag(context, 2))]
    pub identifier: OctetString,
    /// One octet.
    #[rasn(tag(context, 3))]
    pub version: OctetString,
    /// Initial counter of secured messages.
    #[rasn(tag(context, 5))]
    pub counter: Option<OctetString>,
    /// The key in parts.
    pub components: Vec<KeyComponent>,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `SEQUENCE { keyType [0] OCTET STRING, keyData [6] OCTET STRING, macLength [7] INTEGER DEFAULT 8 }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct KeyComponent {
    /// GlobalPlatform key type: `80` DES, `88` AES, `85` TLS-PSK.
    #[rasn(tag(context, 0))]
    pub key_type: OctetString,
    /// The value in clear.
    #[rasn(tag(context, 6))]
    pub data: Secret,
    /// Octets of a message authentication code.
    #[rasn(tag(context, 7), default = "default_mac_length")]
    pub mac_length: u8,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `PE-RFM ::= SEQUENCE { rfm-header [0], instanceAID [APPLICATION 15], securityDomainAID [APPLICATION 15] OPTIONAL, tarList
/// [0] OPTIONAL, minimumSecurityLevel [1], uiccAccessDomain OCTET STRING, uiccAdminAccessDomain OCTET STRING, adfRFMAccess
/// ADFRFMAccess OPTIONAL }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct Rfm {
    /// Element header.
    #[rasn(tag(context, 0))]
    pub header: PeHeader,
    /// AID of the instance.
    #[rasn(tag(application, 15))]
    pub instance_aid: OctetString,
    /// Security domain that checks its messages.
    #[rasn(tag(application, 15))]
    pub security_domain_aid: Option<OctetString>,
    /// Three octets each.
    #[rasn(tag(context, 0))]
    pub tars: Option<Vec<OctetString>>,
    /// First octet of the SPI.
    #[rasn(tag(context, 1))]
    pub minimum_security: OctetString,
    /// Access domain.
    pub uicc_access: OctetString,
    /// Access domain for administrative commands.
    pub uicc_admin_access: OctetString,
    /// The ADF in which scripts start; the MF without it.
    pub adf: Option<AdfRfmAccess>,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `ADFRFMAccess ::= SEQUENCE { adfAID [0], adfAccessDomain [1], adfAdminAccessDomain [2] }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct AdfRfmAccess {
    /// AID of the ADF.
    pub aid: OctetString,
    /// Access domain.
    pub access: OctetString,
    /// Access domain for administrative commands.
    pub admin_access: OctetString,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `PE-Application ::= SEQUENCE { app-Header [0], loadBlock [1] OPTIONAL, instanceList [2] OPTIONAL }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct Application {
    /// Element header.
    pub header: PeHeader,
    /// Code.
    pub load_block: Option<LoadPackage>,
    /// Instances of it.
    pub instances: Option<Vec<ApplicationInstance>>,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `ApplicationLoadPackage ::= SEQUENCE { loadPackageAID [APPLICATION 15], securityDomainAID [APPLICATION 15] OPTIONAL,
/// limits [PRIVATE 6], [PRIVATE 7], [PRIVATE 8] OPTIONAL, hashValue [PRIVATE 1] OPTIONAL, loadBlockObject [PRIVATE 4] }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
pub struct LoadPackage {
    /// AID of the package.
    #[rasn(tag(application, 15))]
    pub aid: OctetString,
    /// Security domain to which it belongs.
    #[rasn(tag(application, 15))]
    pub security_domain_aid: Option<OctetString>,
    /// Limit of code memory.
    #[rasn(tag(private, 6))]
    pub code_limit: Option<OctetString>,
    /// Limit of volatile memory.
    #[rasn(tag(private, 7))]
    pub volatile_limit: Option<OctetString>,
    /// Limit of data memory.
    #[rasn(tag(private, 8))]
    pub data_limit: Option<OctetString>,
    /// Hash of the code.
    #[rasn(tag(private, 1))]
    pub hash: Option<OctetString>,
    /// The code.
    #[rasn(tag(private, 4))]
    pub load_block: OctetString,
    /// Fields of later versions.
    pub unknown: Rest,
}

/// `PE-NonStandard ::= SEQUENCE { nonStandard-header [0], issuerID [1] OBJECT IDENTIFIER, content [2] OCTET STRING }`
#[derive(AsnType, Clone, Debug, Decode, Encode, PartialEq, Eq)]
#[rasn(automatic_tags)]
pub struct NonStandard {
    /// Element header.
    pub header: PeHeader,
    /// Who defines the content.
    pub issuer: ObjectIdentifier,
    /// Opaque, and possibly secret.
    pub content: Secret,
    /// Fields of later versions.
    pub unknown: Rest,
}

fn default_life_cycle() -> OctetString {
    OctetString::from_static(&[7])
}

fn default_key_access() -> OctetString {
    OctetString::from_static(&[0])
}

fn default_mac_length() -> u8 {
    8
}
