//! The eUICC itself: EID, EUICCInfo2, configured addresses, rules
//! authorisation table (SGP.22 5.7.3, 5.7.4, 5.7.8, 5.7.20, 5.7.22).

use super::{Command, ManageError, check, read};
use crate::lui::readable_size;
use crate::profile::{Owner, PolicyRules};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::common::{PprIds, has_bit};
use esim_rsp::es10a::{
    EuiccConfiguredAddressesRequest, EuiccConfiguredAddressesResponse, SetDefaultDpAddressRequest,
    SetDefaultDpAddressResponse,
};
use esim_rsp::es10b::{EuiccInfo2, GetEuiccInfo2Request, GetRatRequest, GetRatResponse};
use esim_rsp::es10c::{GetEuiccDataRequest, GetEuiccDataResponse};
use esim_rsp::{BitString, OctetString, encode, status, tlv};
use serde::{Deserialize, Serialize};

/// All that an eUICC tells of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChipInfo {
    /// 32 digits.
    pub eid: String,
    /// AID of the ISD-R, hexadecimal, and whose it is.
    pub isdr_aid: String,
    /// `GSMA`, a brand, or `custom`.
    pub isdr_variant: String,
    /// EUICCInfo2.
    pub info: Info2,
    /// Configured addresses; none if the card does not tell.
    pub addresses: Option<Addresses>,
    /// Which operators may set policy rules; none if the card does not tell.
    pub rat: Option<Vec<RatRule>>,
}

/// EUICCInfo2 for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Info2 {
    /// SGP.22 level.
    pub svn: String,
    /// TCA profile package version.
    pub profile_version: String,
    /// Firmware.
    pub firmware: String,
    /// Memory.
    pub resources: CardResources,
    /// Applications and algorithms, by their names in the ASN.1 module.
    pub uicc_capabilities: Vec<String>,
    /// RSP functions, by their names in the ASN.1 module.
    pub rsp_capabilities: Vec<String>,
    /// Java Card UICC API level.
    pub ts102241_version: Option<String>,
    /// GlobalPlatform level.
    pub globalplatform_version: Option<String>,
    /// Key identifiers of the CIs whose servers it can verify, hexadecimal.
    pub ci_keys_for_verification: Vec<String>,
    /// Key identifiers of the CIs it has certificates under, hexadecimal.
    pub ci_keys_for_signing: Vec<String>,
    /// `other`, `basicEuicc`, `mediumEuicc` or `contactlessEuicc`.
    pub category: Option<String>,
    /// Policy rules that no profile may carry.
    pub forbidden_rules: PolicyRules,
    /// Protection profile version.
    pub pp_version: String,
    /// SAS accreditation number.
    pub sas_accreditation_number: String,
    /// Platform label and where to look it up.
    pub certification: Option<(String, String)>,
}

/// Extended card resources (TS 102 226 8.2.1.7.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardResources {
    /// Installed applications.
    pub applications: Option<u32>,
    /// Free non-volatile memory in octets: what profiles go into.
    pub free_non_volatile: Option<u32>,
    /// Free volatile memory in octets.
    pub free_volatile: Option<u32>,
    /// Free non-volatile memory as a person reads it: `285.6 kB`.
    pub free_readable: Option<String>,
}

impl CardResources {
    /// Reads `extCardResource`; what is missing or odd stays empty.
    pub fn read(octets: &[u8]) -> Self {
        let parts = tlv::read_all(octets, 0..octets.len()).unwrap_or_default();
        let number = |tag: u32| {
            let part = parts.iter().find(|part| part.tag == tag)?;
            let value = octets.get(part.value.clone())?;
            let value = value.iter().fold(0u64, |sum, octet| sum << 8 | u64::from(*octet));
            Some(u32::try_from(value).unwrap_or(u32::MAX))
        };
        let free_non_volatile = number(0x82);
        Self {
            applications: number(0x81),
            free_non_volatile,
            free_volatile: number(0x83),
            free_readable: free_non_volatile.map(|octets| readable_size(octets.into())),
        }
    }
}

/// ES10c.GetEID.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetEid {}

impl Command for GetEid {
    /// 32 digits; as the card gives them, for live EIDs with wrong check digits exist.
    type Output = String;

    fn request(&self) -> Vec<u8> {
        encode(&GetEuiccDataRequest { tag_list: OctetString::from_slice(&[0x5A]) })
    }

    fn response(&self, data: &[u8]) -> Result<String, ManageError> {
        let response: GetEuiccDataResponse = read(self, data)?;
        Ok(hex::encode(*response.eid_value))
    }
}

/// ES10b.GetEUICCInfo2.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetInfo2 {}

impl Command for GetInfo2 {
    type Output = Info2;

    fn request(&self) -> Vec<u8> {
        encode(&GetEuiccInfo2Request {})
    }

    fn response(&self, data: &[u8]) -> Result<Info2, ManageError> {
        let info: EuiccInfo2 = read(self, data)?;
        Ok(Info2::from(&info))
    }
}

impl From<&EuiccInfo2> for Info2 {
    fn from(info: &EuiccInfo2) -> Self {
        let hex = |keys: &Vec<OctetString>| keys.iter().map(hex::encode).collect();
        let certification = info.certification_data_object.as_ref();
        let category = |value: u8| match value {
            1 => "basicEuicc",
            2 => "mediumEuicc",
            3 => "contactlessEuicc",
            _ => "other",
        };
        Self {
            svn: info.svn.to_string(),
            profile_version: info.profile_version.to_string(),
            firmware: info.euicc_firmware_ver.to_string(),
            resources: CardResources::read(&info.ext_card_resource),
            uicc_capabilities: names("uiccCapability", &info.uicc_capability),
            rsp_capabilities: names("rspCapability", &info.rsp_capability),
            ts102241_version: info.ts102241_version.map(|version| version.to_string()),
            globalplatform_version: info.globalplatform_version.map(|version| version.to_string()),
            ci_keys_for_verification: hex(&info.euicc_ci_pk_id_list_for_verification),
            ci_keys_for_signing: hex(&info.euicc_ci_pk_id_list_for_signing),
            category: info.euicc_category.map(|value| category(value).to_string()),
            forbidden_rules: PolicyRules::of(info.forbidden_profile_policy_rules.as_ref()),
            pp_version: info.pp_version.to_string(),
            sas_accreditation_number: info.sas_acreditation_number.clone(),
            certification: certification.map(|it| (it.platform_label.clone(), it.discovery_base_url.clone())),
        }
    }
}

/// The names of the bits that are set.
fn names(field: &str, bits: &BitString) -> Vec<String> {
    let set = (0..bits.len()).filter(|bit| has_bit(bits, *bit));
    let name = |bit: usize| {
        status::name_of_code(field, &format!("bits {{{bit}}}")).unwrap_or_else(|| format!("bit {bit}"))
    };
    set.map(name).collect()
}

/// Servers that the eUICC knows by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Addresses {
    /// The default SM-DP+, if one is set.
    pub default_smdp: Option<String>,
    /// The root SM-DS.
    pub root_smds: String,
}

/// ES10a.GetEuiccConfiguredAddresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetAddresses {}

impl Command for GetAddresses {
    type Output = Addresses;

    fn request(&self) -> Vec<u8> {
        encode(&EuiccConfiguredAddressesRequest {})
    }

    fn response(&self, data: &[u8]) -> Result<Addresses, ManageError> {
        let response: EuiccConfiguredAddressesResponse = read(self, data)?;
        let default_smdp = response.default_dp_address.filter(|address| !address.is_empty());
        Ok(Addresses { default_smdp, root_smds: response.root_ds_address })
    }
}

/// ES10a.SetDefaultDpAddress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetDefaultDpAddress {
    /// FQDN; empty removes it.
    pub address: String,
}

impl Command for SetDefaultDpAddress {
    type Output = ();

    fn request(&self) -> Vec<u8> {
        encode(&SetDefaultDpAddressRequest { default_dp_address: self.address.clone() })
    }

    fn response(&self, data: &[u8]) -> Result<(), ManageError> {
        let response: SetDefaultDpAddressResponse = read(self, data)?;
        check(self, response.set_default_dp_address_result, Some("undefinedError"))
    }
}

/// One entry of the rules authorisation table, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RatRule {
    /// The rules that it is about.
    pub rules: PolicyRules,
    /// Whose profiles may carry them; `EEE EE` is everybody.
    pub operators: Vec<Owner>,
    /// Whether the user must confirm strongly.
    pub consent_required: bool,
}

/// ES10b.GetRAT.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GetRat {}

impl Command for GetRat {
    type Output = Vec<RatRule>;

    fn request(&self) -> Vec<u8> {
        encode(&GetRatRequest {})
    }

    fn response(&self, data: &[u8]) -> Result<Vec<RatRule>, ManageError> {
        let response: GetRatResponse = read(self, data)?;
        let rules = |ids: &PprIds| PolicyRules::of(Some(ids));
        let rule = |entry: &esim_rsp::es10b::ProfilePolicyAuthorisationRule| RatRule {
            rules: rules(&entry.ppr_ids),
            operators: entry.allowed_operators.iter().map(Owner::from).collect(),
            consent_required: has_bit(&entry.ppr_flags, 0),
        };
        Ok(response.rat.iter().map(rule).collect())
    }
}
