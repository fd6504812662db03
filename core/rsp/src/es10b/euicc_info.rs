//! ES10b.GetEUICCInfo: what the eUICC tells of itself (SGP.22 5.7.8).

use crate::common::{PprIds, SubjectKeyIdentifier, Version};
use alloc::string::String;
use alloc::vec::Vec;
use rasn::types::{BitString, OctetString};
use rasn::{AsnType, Decode, Decoder as _, Encode};

/// ```asn1
/// GetEuiccInfo1Request ::= [32] SEQUENCE {} -- Tag 'BF20'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 32))]
pub struct GetEuiccInfo1Request {}

/// ```asn1
/// GetEuiccInfo2Request ::= [34] SEQUENCE {} -- Tag 'BF22'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 34))]
pub struct GetEuiccInfo2Request {}

/// What a server must know before it can authenticate (SGP.22 5.7.8).
///
/// ```asn1
/// EUICCInfo1 ::= [32] SEQUENCE {
///   svn [2] VersionType,
///   euiccCiPKIdListForVerification [9]  SEQUENCE OF SubjectKeyIdentifier,
///   euiccCiPKIdListForSigning      [10] SEQUENCE OF SubjectKeyIdentifier }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 32))]
pub struct EuiccInfo1 {
    /// SGP.22 level.
    #[rasn(tag(context, 2))]
    pub svn: Version,
    /// CI keys that the eUICC can verify servers against, in order of preference.
    #[rasn(tag(context, 9), identifier = "euiccCiPKIdListForVerification")]
    pub euicc_ci_pk_id_list_for_verification: Vec<SubjectKeyIdentifier>,
    /// CI keys that the eUICC holds a certificate under, in order of preference.
    #[rasn(tag(context, 10), identifier = "euiccCiPKIdListForSigning")]
    pub euicc_ci_pk_id_list_for_signing: Vec<SubjectKeyIdentifier>,
}

/// Everything the eUICC tells of itself (SGP.22 5.7.8).
///
/// ```asn1
/// EUICCInfo2 ::= [34] SEQUENCE {
///   profileVersion [1] VersionType, svn [2] VersionType,
///   euiccFirmwareVer [3] VersionType, extCardResource [4] OCTET STRING,
///   uiccCapability [5] UICCCapability,
///   ts102241Version [6] VersionType OPTIONAL,
///   globalplatformVersion [7] VersionType OPTIONAL,
///   rspCapability [8] RspCapability,
///   euiccCiPKIdListForVerification [9] SEQUENCE OF SubjectKeyIdentifier,
///   euiccCiPKIdListForSigning [10] SEQUENCE OF SubjectKeyIdentifier,
///   euiccCategory [11] INTEGER OPTIONAL,
///   forbiddenProfilePolicyRules [25] PprIds OPTIONAL,
///   ppVersion VersionType, sasAcreditationNumber UTF8String (SIZE(0..64)),
///   certificationDataObject [12] CertificationDataObject OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 34))]
pub struct EuiccInfo2 {
    /// TCA interoperable profile package version.
    #[rasn(tag(context, 1))]
    pub profile_version: Version,
    /// SGP.22 level.
    #[rasn(tag(context, 2))]
    pub svn: Version,
    /// Firmware of this card.
    #[rasn(tag(context, 3))]
    pub euicc_firmware_ver: Version,
    /// TS 102 226 extended card resources: `81` applications, `82` free
    /// non-volatile octets, `83` free volatile octets.
    #[rasn(tag(context, 4))]
    pub ext_card_resource: OctetString,
    /// Network access applications and algorithms, by bit.
    #[rasn(tag(context, 5))]
    pub uicc_capability: BitString,
    /// Java Card UICC API level.
    #[rasn(tag(context, 6))]
    pub ts102241_version: Option<Version>,
    /// GlobalPlatform level.
    #[rasn(tag(context, 7))]
    pub globalplatform_version: Option<Version>,
    /// RSP functions, by bit.
    #[rasn(tag(context, 8))]
    pub rsp_capability: BitString,
    /// As in [`EuiccInfo1`].
    #[rasn(tag(context, 9), identifier = "euiccCiPKIdListForVerification")]
    pub euicc_ci_pk_id_list_for_verification: Vec<SubjectKeyIdentifier>,
    /// As in [`EuiccInfo1`].
    #[rasn(tag(context, 10), identifier = "euiccCiPKIdListForSigning")]
    pub euicc_ci_pk_id_list_for_signing: Vec<SubjectKeyIdentifier>,
    /// other 0, basic 1, medium 2, contactless 3.
    #[rasn(tag(context, 11))]
    pub euicc_category: Option<u8>,
    /// Policy rules that no profile may carry here.
    #[rasn(tag(context, 25))]
    pub forbidden_profile_policy_rules: Option<PprIds>,
    /// Protection profile version.
    pub pp_version: Version,
    /// SAS accreditation number, 0 to 64 characters (the module's own spelling).
    pub sas_acreditation_number: String,
    /// Where the platform's certification is described.
    #[rasn(tag(context, 12))]
    pub certification_data_object: Option<CertificationDataObject>,
}

/// ```asn1
/// CertificationDataObject ::= SEQUENCE {
///   platformLabel UTF8String, discoveryBaseURL UTF8String }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct CertificationDataObject {
    /// GlobalPlatform platform label.
    pub platform_label: String,
    /// Where to look it up.
    #[rasn(identifier = "discoveryBaseURL")]
    pub discovery_base_url: String,
}
