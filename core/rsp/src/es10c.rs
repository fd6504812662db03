//! ES10c: local profile management between LUI and ISD-R (SGP.22 5.7.15 to 5.7.21).

use crate::common::{OperatorId, PprIds};
use crate::es8p::{DpProprietaryData, NotificationConfigurationInformation, ProfileClass};
use crate::{Iccid, integer_codes};
use alloc::string::String;
use alloc::vec::Vec;
use rasn::types::{BitString, FixedOctetString, OctetString};
use rasn::{AsnType, Decode, Decoder as _, Encode, Encoder as _};

/// Which profile a command is about.
///
/// ```asn1
/// CHOICE { isdpAid [APPLICATION 15] OctetTo16, iccid Iccid } -- '4F', '5A'
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice)]
pub enum ProfileIdentifier {
    /// AID of the ISD-P.
    #[rasn(tag(application, 15))]
    IsdpAid(OctetString),
    /// ICCID.
    Iccid(Iccid),
}

/// ES10c.GetProfilesInfo (SGP.22 5.7.15).
///
/// ```asn1
/// ProfileInfoListRequest ::= [45] SEQUENCE { -- Tag 'BF2D'
///   searchCriteria [0] CHOICE { isdpAid [APPLICATION 15] OctetTo16, iccid Iccid,
///                               profileClass [21] ProfileClass } OPTIONAL,
///   tagList [APPLICATION 28] OCTET STRING OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 45))]
pub struct ProfileInfoListRequest {
    /// Absent for all.
    #[rasn(tag(explicit(context, 0)))]
    pub search_criteria: Option<SearchCriteria>,
    /// Tags of [`ProfileInfo`] wanted, one after the other.
    #[rasn(tag(application, 28))]
    pub tag_list: Option<OctetString>,
}

/// One criterion of [`ProfileInfoListRequest`].
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice)]
pub enum SearchCriteria {
    /// One ISD-P.
    #[rasn(tag(application, 15))]
    IsdpAid(OctetString),
    /// One ICCID.
    Iccid(Iccid),
    /// All of a class.
    #[rasn(tag(context, 21))]
    ProfileClass(ProfileClass),
}

/// ```asn1
/// ProfileInfoListResponse ::= [45] CHOICE {
///   profileInfoListOk SEQUENCE OF ProfileInfo,
///   profileInfoListError INTEGER { incorrectInputValues(1), undefinedError(127) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(choice, automatic_tags, tag(explicit(context, 45)))]
pub enum ProfileInfoListResponse {
    /// May be empty.
    ProfileInfoListOk(Vec<ProfileInfo>),
    /// incorrectInputValues 1, undefinedError 127.
    ProfileInfoListError(u8),
}

/// What is known of one profile.
///
/// ```asn1
/// ProfileInfo ::= [PRIVATE 3] SEQUENCE { -- Tag 'E3'
///   iccid Iccid OPTIONAL, isdpAid [APPLICATION 15] OctetTo16 OPTIONAL,
///   profileState [112] ProfileState OPTIONAL, profileNickname [16] UTF8String OPTIONAL,
///   serviceProviderName [17] UTF8String OPTIONAL, profileName [18] UTF8String OPTIONAL,
///   iconType [19] IconType OPTIONAL, icon [20] OCTET STRING OPTIONAL,
///   profileClass [21] ProfileClass OPTIONAL,
///   notificationConfigurationInfo [22] SEQUENCE OF NotificationConfigurationInformation OPTIONAL,
///   profileOwner [23] OperatorId OPTIONAL, dpProprietaryData [24] DpProprietaryData OPTIONAL,
///   profilePolicyRules [25] PprIds OPTIONAL }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(private, 3))]
pub struct ProfileInfo {
    /// ICCID.
    pub iccid: Option<Iccid>,
    /// AID of the ISD-P, 5 to 16 octets.
    #[rasn(tag(application, 15))]
    pub isdp_aid: Option<OctetString>,
    /// Enabled or not.
    #[rasn(tag(context, 112))]
    pub profile_state: Option<ProfileState>,
    /// The user's name for it, 0 to 64 characters.
    #[rasn(tag(context, 16))]
    pub profile_nickname: Option<String>,
    /// The operator's name.
    #[rasn(tag(context, 17))]
    pub service_provider_name: Option<String>,
    /// The operator's name for it.
    #[rasn(tag(context, 18))]
    pub profile_name: Option<String>,
    /// jpg 0, png 1.
    #[rasn(tag(context, 19))]
    pub icon_type: Option<u8>,
    /// At most 1,024 octets.
    #[rasn(tag(context, 20))]
    pub icon: Option<OctetString>,
    /// What it is for.
    #[rasn(tag(context, 21))]
    pub profile_class: Option<ProfileClass>,
    /// Who hears of what.
    #[rasn(tag(context, 22))]
    pub notification_configuration_info: Option<Vec<NotificationConfigurationInformation>>,
    /// The operator.
    #[rasn(tag(context, 23))]
    pub profile_owner: Option<OperatorId>,
    /// The SM-DP+.
    #[rasn(tag(context, 24))]
    pub dp_proprietary_data: Option<DpProprietaryData>,
    /// What the operator forbids.
    #[rasn(tag(context, 25))]
    pub profile_policy_rules: Option<PprIds>,
}

integer_codes! {
    /// ```asn1
    /// ProfileState ::= INTEGER { disabled(0), enabled(1) }
    /// ```
    ProfileState {
        /// Installed.
        disabled = 0,
        /// In use.
        enabled = 1,
    }
}

/// ES10c.EnableProfile (SGP.22 5.7.16).
///
/// ```asn1
/// EnableProfileRequest ::= [49] SEQUENCE { -- Tag 'BF31'
///   profileIdentifier CHOICE {…}, refreshFlag BOOLEAN }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 49))]
pub struct EnableProfileRequest {
    /// Which.
    pub profile_identifier: ProfileIdentifier,
    /// Whether the eUICC shall make the device start over with REFRESH.
    pub refresh_flag: bool,
}

/// ```asn1
/// EnableProfileResponse ::= [49] SEQUENCE { enableResult INTEGER {…} }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 49))]
pub struct EnableProfileResponse {
    /// How it went.
    pub enable_result: EnableResult,
}

integer_codes! {
    /// Result of EnableProfile.
    EnableResult {
        /// Done.
        ok = 0,
        /// No such profile.
        iccidOrAidNotFound = 1,
        /// It is enabled already.
        profileNotInDisabledState = 2,
        /// The enabled profile may not be disabled.
        disallowedByPolicy = 3,
        /// While a test profile is enabled only the profile before it may come back.
        wrongProfileReenabling = 4,
        /// A proactive command is outstanding.
        catBusy = 5,
        /// Anything else.
        undefinedError = 127,
    }
}

/// ES10c.DisableProfile (SGP.22 5.7.17).
///
/// ```asn1
/// DisableProfileRequest ::= [50] SEQUENCE { -- Tag 'BF32'
///   profileIdentifier CHOICE {…}, refreshFlag BOOLEAN }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 50))]
pub struct DisableProfileRequest {
    /// Which.
    pub profile_identifier: ProfileIdentifier,
    /// As for enabling.
    pub refresh_flag: bool,
}

/// ```asn1
/// DisableProfileResponse ::= [50] SEQUENCE { disableResult INTEGER {…} }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 50))]
pub struct DisableProfileResponse {
    /// How it went.
    pub disable_result: DisableResult,
}

integer_codes! {
    /// Result of DisableProfile.
    DisableResult {
        /// Done.
        ok = 0,
        /// No such profile.
        iccidOrAidNotFound = 1,
        /// It is disabled already.
        profileNotInEnabledState = 2,
        /// PPR1.
        disallowedByPolicy = 3,
        /// A proactive command is outstanding.
        catBusy = 5,
        /// Anything else.
        undefinedError = 127,
    }
}

/// ES10c.DeleteProfile (SGP.22 5.7.18). No A0 around the choice.
///
/// ```asn1
/// DeleteProfileRequest ::= [51] CHOICE { -- Tag 'BF33'
///   isdpAid [APPLICATION 15] OctetTo16, iccid Iccid }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(delegate, tag(explicit(context, 51)))]
pub struct DeleteProfileRequest(pub ProfileIdentifier);

/// ```asn1
/// DeleteProfileResponse ::= [51] SEQUENCE { deleteResult INTEGER {…} }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 51))]
pub struct DeleteProfileResponse {
    /// How it went.
    pub delete_result: DeleteResult,
}

integer_codes! {
    /// Result of DeleteProfile.
    DeleteResult {
        /// Done.
        ok = 0,
        /// No such profile.
        iccidOrAidNotFound = 1,
        /// Disable it first.
        profileNotInDisabledState = 2,
        /// PPR2.
        disallowedByPolicy = 3,
        /// Anything else.
        undefinedError = 127,
    }
}

/// ES10c.eUICCMemoryReset (SGP.22 5.7.19).
///
/// ```asn1
/// EuiccMemoryResetRequest ::= [52] SEQUENCE { -- Tag 'BF34'
///   resetOptions [2] BIT STRING { deleteOperationalProfiles(0),
///     deleteFieldLoadedTestProfiles(1), resetDefaultSmdpAddress(2) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 52))]
pub struct EuiccMemoryResetRequest {
    /// What to reset, by bit.
    #[rasn(tag(context, 2))]
    pub reset_options: BitString,
}

/// ```asn1
/// EuiccMemoryResetResponse ::= [52] SEQUENCE { resetResult INTEGER {…} }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 52))]
pub struct EuiccMemoryResetResponse {
    /// How it went.
    pub reset_result: ResetResult,
}

integer_codes! {
    /// Result of eUICCMemoryReset.
    ResetResult {
        /// Done.
        ok = 0,
        /// No option applied to anything.
        nothingToDelete = 1,
        /// A proactive command is outstanding.
        catBusy = 5,
        /// Anything else.
        undefinedError = 127,
    }
}

/// ES10c.GetEID (SGP.22 5.7.20): `BF3E 03 5C 01 5A`.
///
/// ```asn1
/// GetEuiccDataRequest ::= [62] SEQUENCE { tagList [APPLICATION 28] OCTET STRING (SIZE(1)) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 62))]
pub struct GetEuiccDataRequest {
    /// `5A`.
    #[rasn(tag(application, 28))]
    pub tag_list: OctetString,
}

/// ```asn1
/// GetEuiccDataResponse ::= [62] SEQUENCE { eidValue [APPLICATION 26] OCTET STRING (SIZE(16)) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 62))]
pub struct GetEuiccDataResponse {
    /// The EID.
    #[rasn(tag(application, 26))]
    pub eid_value: FixedOctetString<16>,
}

/// ES10c.SetNickname (SGP.22 5.7.21).
///
/// ```asn1
/// SetNicknameRequest ::= [41] SEQUENCE { -- Tag 'BF29'
///   iccid Iccid, profileNickname [16] UTF8String (SIZE(0..64)) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 41))]
pub struct SetNicknameRequest {
    /// Which profile.
    pub iccid: Iccid,
    /// Empty to remove it.
    #[rasn(tag(context, 16))]
    pub profile_nickname: String,
}

/// ```asn1
/// SetNicknameResponse ::= [41] SEQUENCE { setNicknameResult INTEGER {…} }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(automatic_tags, tag(context, 41))]
pub struct SetNicknameResponse {
    /// How it went.
    pub set_nickname_result: SetNicknameResult,
}

integer_codes! {
    /// Result of SetNickname.
    SetNicknameResult {
        /// Done.
        ok = 0,
        /// No such profile.
        iccidNotFound = 1,
        /// Anything else, such as a nickname over 64 octets.
        undefinedError = 127,
    }
}

/// LPAe activation (SGP.22 5.7.1, "ISD-R Selection and LPAe Activation"; no function of ES10a, ES10b or ES10c): asks
/// for the LPA in the eUICC.
///
/// ```asn1
/// LpaeActivationRequest ::= [66] SEQUENCE { -- Tag 'BF42'
///   lpaeOption [0] BIT STRING { activateCatBasedLpae(0), activateScwsBasedLpae(1) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 66))]
pub struct LpaeActivationRequest {
    /// Which kind, by bit.
    #[rasn(tag(context, 0))]
    pub lpae_option: BitString,
}

/// ```asn1
/// LpaeActivationResponse ::= [66] SEQUENCE {
///   lpaeActivationResult [0] INTEGER { ok(0), notSupported(1) } }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, AsnType, Decode, Encode)]
#[rasn(tag(context, 66))]
pub struct LpaeActivationResponse {
    /// ok 0, notSupported 1.
    #[rasn(tag(context, 0))]
    pub lpae_activation_result: u8,
}
