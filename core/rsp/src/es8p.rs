//! ES8+: what the SM-DP+ sends to the eUICC inside a bound profile package
//! (SGP.22 5.5), and ES6 metadata updates (5.4).

use crate::common::{NotificationEvents, OperatorId, PprIds};
use crate::signed::PublicKeyOctets;
use crate::{Iccid, Signature, TransactionId, integer_codes};
use alloc::string::String;
use alloc::vec::Vec;
use rasn::types::{FixedOctetString, ObjectIdentifier, OctetString};
use rasn::{AsnType, Decode, Decoder as _, Encode, Encoder as _};

/// `remoteOpId` of a profile installation (SGP.22 5.5.1).
pub const INSTALL_BOUND_PROFILE_PACKAGE: u8 = 1;
/// `keyType` in the control reference template: AES.
pub const KEY_TYPE_AES: u8 = 0x88;
/// `keyLen` in the control reference template: 16 octets.
pub const KEY_LENGTH: u8 = 0x10;

/// The protected profile, for one eUICC and one session (SGP.22 2.5.4).
///
/// ```asn1
/// BoundProfilePackage ::= [54] SEQUENCE { -- Tag 'BF36'
///   initialiseSecureChannelRequest [35] InitialiseSecureChannelRequest,
///   firstSequenceOf87  [0] SEQUENCE OF [7] OCTET STRING,
///   sequenceOf88       [1] SEQUENCE OF [8] OCTET STRING,
///   secondSequenceOf87 [2] SEQUENCE OF [7] OCTET STRING OPTIONAL,
///   sequenceOf86       [3] SEQUENCE OF [6] OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 54))]
pub struct BoundProfilePackage {
    /// Opens the secure channel.
    pub initialise_secure_channel_request: InitialiseSecureChannelRequest,
    /// ConfigureISDP, encrypted.
    #[rasn(tag(context, 0), identifier = "firstSequenceOf87")]
    pub first_sequence_of_87: Vec<Segment87>,
    /// StoreMetadata, authenticated.
    #[rasn(tag(context, 1), identifier = "sequenceOf88")]
    pub sequence_of_88: Vec<Segment88>,
    /// ReplaceSessionKeys, encrypted.
    #[rasn(tag(context, 2), identifier = "secondSequenceOf87")]
    pub second_sequence_of_87: Option<Vec<Segment87>>,
    /// The profile, encrypted.
    #[rasn(tag(context, 3), identifier = "sequenceOf86")]
    pub sequence_of_86: Vec<Segment86>,
}

/// A command segment: ciphertext and 8 octets of MAC.
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(delegate, tag(context, 7))]
pub struct Segment87(pub OctetString);

/// A metadata segment: plaintext and 8 octets of MAC.
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(delegate, tag(context, 8))]
pub struct Segment88(pub OctetString);

/// A profile segment: ciphertext and 8 octets of MAC.
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(delegate, tag(context, 6))]
pub struct Segment86(pub OctetString);

/// ES8+.InitialiseSecureChannel (SGP.22 5.5.1).
///
/// ```asn1
/// InitialiseSecureChannelRequest ::= [35] SEQUENCE { -- Tag 'BF23'
///   remoteOpId [2] INTEGER { installBoundProfilePackage(1) },
///   transactionId [0] TransactionId,
///   controlRefTemplate [6] IMPLICIT ControlRefTemplate,
///   smdpOtpk [APPLICATION 73] OCTET STRING,
///   smdpSign [APPLICATION 55] OCTET STRING }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 35))]
pub struct InitialiseSecureChannelRequest {
    /// [`INSTALL_BOUND_PROFILE_PACKAGE`].
    #[rasn(tag(context, 2))]
    pub remote_op_id: u8,
    /// Of the session.
    #[rasn(tag(context, 0))]
    pub transaction_id: TransactionId,
    /// Keys to derive.
    #[rasn(tag(context, 6))]
    pub control_ref_template: ControlRefTemplate,
    /// One-time public key of the SM-DP+.
    pub smdp_otpk: PublicKeyOctets,
    /// With SK.DPpb, over [`Self::signed_octets`].
    pub smdp_sign: Signature,
}

impl InitialiseSecureChannelRequest {
    /// What `smdpSign` covers: the first four TLVs without the BF23 header,
    /// then the eUICC's one-time key, which is not transmitted (SGP.22 2.6.5).
    pub fn signed_octets(&self, euicc_otpk: &PublicKeyOctets) -> Vec<u8> {
        let mut octets = crate::tlv::wrap(0x82, &[&[self.remote_op_id]]);
        octets.extend(crate::tlv::wrap(0x80, &[&self.transaction_id.0]));
        let crt = crate::encode(&self.control_ref_template);
        // The template's own SEQUENCE header gives way to [6].
        let content = crate::tlv::read_only(&crt).map(|tlv| crt[tlv.value].to_vec());
        octets.extend(crate::tlv::wrap(0xA6, &[&content.unwrap_or_default()]));
        octets.extend(self.smdp_otpk.tlv());
        octets.extend(euicc_otpk.tlv());
        octets
    }
}

/// ```asn1
/// ControlRefTemplate ::= SEQUENCE {
///   keyType [0] OCTET STRING (SIZE(1)), keyLen [1] OCTET STRING (SIZE(1)),
///   hostId [4] OctetTo16 }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
pub struct ControlRefTemplate {
    /// [`KEY_TYPE_AES`].
    #[rasn(tag(context, 0))]
    pub key_type: FixedOctetString<1>,
    /// [`KEY_LENGTH`].
    #[rasn(tag(context, 1))]
    pub key_len: FixedOctetString<1>,
    /// 1 to 16 octets that the SM-DP+ chooses; part of the key derivation.
    #[rasn(tag(context, 4))]
    pub host_id: OctetString,
}

/// ES8+.ConfigureISDP (SGP.22 5.5.2).
///
/// ```asn1
/// ConfigureISDPRequest ::= [36] SEQUENCE { -- Tag 'BF24'
///   dpProprietaryData [24] DpProprietaryData OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 36))]
pub struct ConfigureIsdpRequest {
    /// At most 128 octets in all.
    #[rasn(tag(context, 24))]
    pub dp_proprietary_data: Option<DpProprietaryData>,
}

/// ```asn1
/// DpProprietaryData ::= SEQUENCE { dpOid OBJECT IDENTIFIER }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct DpProprietaryData {
    /// The SM-DP+.
    pub dp_oid: ObjectIdentifier,
}

/// ES8+.StoreMetadata (SGP.22 5.5.3): also the `profileMetadata` of ES9+.
///
/// ```asn1
/// StoreMetadataRequest ::= [37] SEQUENCE { -- Tag 'BF25'
///   iccid Iccid, serviceProviderName [17] UTF8String (SIZE(0..32)),
///   profileName [18] UTF8String (SIZE(0..64)),
///   iconType [19] IconType OPTIONAL, icon [20] OCTET STRING (SIZE(0..1024)) OPTIONAL,
///   profileClass [21] ProfileClass DEFAULT operational,
///   notificationConfigurationInfo [22] SEQUENCE OF NotificationConfigurationInformation OPTIONAL,
///   profileOwner [23] OperatorId OPTIONAL,
///   profilePolicyRules [25] PprIds OPTIONAL }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 37))]
pub struct StoreMetadataRequest {
    /// Of the profile.
    pub iccid: Iccid,
    /// 0 to 32 characters.
    #[rasn(tag(context, 17))]
    pub service_provider_name: String,
    /// 0 to 64 characters.
    #[rasn(tag(context, 18))]
    pub profile_name: String,
    /// jpg 0, png 1.
    #[rasn(tag(context, 19))]
    pub icon_type: Option<u8>,
    /// 64 × 64 pixels, at most 1,024 octets.
    #[rasn(tag(context, 20))]
    pub icon: Option<OctetString>,
    /// What the profile is for.
    #[rasn(tag(context, 21), default = "ProfileClass::default")]
    pub profile_class: ProfileClass,
    /// Who wants to hear of what.
    #[rasn(tag(context, 22))]
    pub notification_configuration_info: Option<Vec<NotificationConfigurationInformation>>,
    /// The operator.
    #[rasn(tag(context, 23))]
    pub profile_owner: Option<OperatorId>,
    /// What the operator forbids.
    #[rasn(tag(context, 25))]
    pub profile_policy_rules: Option<PprIds>,
}

integer_codes! {
    /// ```asn1
    /// ProfileClass ::= INTEGER { test(0), provisioning(1), operational(2) }
    /// ```
    ProfileClass {
        /// For testing.
        test = 0,
        /// Good only for fetching an operational profile.
        provisioning = 1,
        /// A subscriber's.
        operational = 2,
    }
}

impl Default for ProfileClass {
    fn default() -> Self {
        Self::operational
    }
}

/// ```asn1
/// NotificationConfigurationInformation ::= SEQUENCE {
///   profileManagementOperation NotificationEvent, notificationAddress UTF8String }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags)]
pub struct NotificationConfigurationInformation {
    /// The events.
    pub profile_management_operation: NotificationEvents,
    /// FQDN of the receiver.
    pub notification_address: String,
}

/// ES8+.ReplaceSessionKeys (SGP.22 5.5.4).
///
/// ```asn1
/// ReplaceSessionKeysRequest ::= [38] SEQUENCE { -- Tag 'BF26'
///   initialMacChainingValue OCTET STRING, ppkEnc OCTET STRING, ppkCmac OCTET STRING }
/// ```
#[derive(Clone, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 38))]
pub struct ReplaceSessionKeysRequest {
    /// 16 octets.
    pub initial_mac_chaining_value: OctetString,
    /// As long as the session's encryption key.
    pub ppk_enc: OctetString,
    /// As long as the session's MAC key.
    pub ppk_cmac: OctetString,
}

impl core::fmt::Debug for ReplaceSessionKeysRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ReplaceSessionKeysRequest { .. }")
    }
}

/// ES6.UpdateMetadata (SGP.22 5.4.1): absent fields stay as they are.
///
/// ```asn1
/// UpdateMetadataRequest ::= [42] SEQUENCE { -- Tag 'BF2A'
///   serviceProviderName [17] UTF8String OPTIONAL, profileName [18] UTF8String OPTIONAL,
///   iconType [19] IconType OPTIONAL, icon [20] OCTET STRING OPTIONAL,
///   profilePolicyRules [25] PprIds OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 42))]
pub struct UpdateMetadataRequest {
    /// 0 to 32 characters.
    #[rasn(tag(context, 17))]
    pub service_provider_name: Option<String>,
    /// 0 to 64 characters.
    #[rasn(tag(context, 18))]
    pub profile_name: Option<String>,
    /// jpg 0, png 1.
    #[rasn(tag(context, 19))]
    pub icon_type: Option<u8>,
    /// At most 1,024 octets; empty removes the icon.
    #[rasn(tag(context, 20))]
    pub icon: Option<OctetString>,
    /// The new rules.
    #[rasn(tag(context, 25))]
    pub profile_policy_rules: Option<PprIds>,
}
