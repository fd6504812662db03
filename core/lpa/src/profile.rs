//! Profiles as the user sees them: every field that the operator or the eUICC
//! tells (SGP.22 2.4a.1, 5.5.3, 5.7.15).

use crate::octets;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::str::FromStr;
use esim_rsp::common::{NotificationEvent, OperatorId, PprIds};
use esim_rsp::es8p::{NotificationConfigurationInformation, ProfileClass, StoreMetadataRequest};
use esim_rsp::es10c::{ProfileIdentifier, ProfileInfo, ProfileState};
use esim_rsp::{Iccid, OctetString};
use serde::{Deserialize, Serialize};

/// What the operator says about a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// Digits.
    pub iccid: Option<Iccid>,
    /// The operator's name.
    pub service_provider_name: Option<String>,
    /// The operator's name for the profile.
    pub profile_name: Option<String>,
    /// A picture.
    pub icon: Option<Icon>,
    /// `test`, `provisioning` or `operational`.
    pub class: Option<String>,
    /// Who hears of what.
    pub notifications: Vec<NotificationReceiver>,
    /// Whose subscriber it is for.
    pub owner: Option<Owner>,
    /// What the operator forbids.
    pub policy: PolicyRules,
}

/// A picture for a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Icon {
    /// `image/jpeg` or `image/png`.
    pub media_type: String,
    /// The file, in base64 when serialised.
    pub data: esim_rsp::json::Base64,
}

/// A server that wants to hear of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotificationReceiver {
    /// FQDN.
    pub address: String,
    /// Of what.
    pub events: Vec<NotificationEvent>,
}

/// The operator of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Three digits; `E` is any.
    pub mcc: String,
    /// Two or three digits; `E` is any.
    pub mnc: String,
    /// Group identifier level 1, hexadecimal.
    pub gid1: Option<String>,
    /// Group identifier level 2, hexadecimal.
    pub gid2: Option<String>,
}

/// Profile policy rules (SGP.22 2.9.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRules {
    /// PPR1: it cannot be disabled.
    pub cannot_disable: bool,
    /// PPR2: it cannot be deleted.
    pub cannot_delete: bool,
}

/// A profile on the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// What the operator says about it.
    #[serde(flatten)]
    pub metadata: Metadata,
    /// AID of the ISD-P.
    #[serde(with = "octets")]
    pub isdp_aid: Vec<u8>,
    /// Whether it is the one in use.
    pub enabled: bool,
    /// The user's name for it.
    pub nickname: Option<String>,
    /// OID of the SM-DP+ that it came from.
    pub smdp_oid: Option<String>,
}

impl Profile {
    /// How to call it: nickname, else profile name, else operator, else ICCID.
    pub fn display_name(&self) -> String {
        let given = [&self.nickname, &self.metadata.profile_name, &self.metadata.service_provider_name];
        let name = given.into_iter().flatten().find(|name| !name.is_empty());
        let iccid = || self.metadata.iccid.map_or_else(String::new, |iccid| iccid.to_string());
        name.cloned().unwrap_or_else(iccid)
    }
}

impl From<&ProfileInfo> for Profile {
    fn from(info: &ProfileInfo) -> Self {
        let metadata = Metadata {
            iccid: info.iccid,
            service_provider_name: info.service_provider_name.clone(),
            profile_name: info.profile_name.clone(),
            icon: icon(info.icon_type, info.icon.as_ref()),
            class: info.profile_class.map(class),
            notifications: receivers(info.notification_configuration_info.as_deref()),
            owner: info.profile_owner.as_ref().map(Owner::from),
            policy: PolicyRules::of(info.profile_policy_rules.as_ref()),
        };
        let smdp = info.dp_proprietary_data.as_ref();
        Self {
            metadata,
            isdp_aid: info.isdp_aid.as_ref().map_or_else(Vec::new, |aid| aid.to_vec()),
            enabled: info.profile_state == Some(ProfileState::enabled),
            nickname: info.profile_nickname.clone().filter(|name| !name.is_empty()),
            smdp_oid: smdp.map(|data| data.dp_oid.to_string()),
        }
    }
}

impl From<&StoreMetadataRequest> for Metadata {
    fn from(announced: &StoreMetadataRequest) -> Self {
        Self {
            iccid: Some(announced.iccid),
            service_provider_name: Some(announced.service_provider_name.clone()),
            profile_name: Some(announced.profile_name.clone()),
            icon: icon(announced.icon_type, announced.icon.as_ref()),
            class: Some(class(announced.profile_class)),
            notifications: receivers(announced.notification_configuration_info.as_deref()),
            owner: announced.profile_owner.as_ref().map(Owner::from),
            policy: PolicyRules::of(announced.profile_policy_rules.as_ref()),
        }
    }
}

impl PolicyRules {
    /// The rules of a set; none of an absent one.
    pub fn of(rules: Option<&PprIds>) -> Self {
        let has = |rule: fn(&PprIds) -> bool| rules.is_some_and(rule);
        Self { cannot_disable: has(PprIds::ppr1), cannot_delete: has(PprIds::ppr2) }
    }

    /// Whether there is any.
    pub fn any(&self) -> bool {
        self.cannot_disable || self.cannot_delete
    }
}

impl From<&OperatorId> for Owner {
    fn from(id: &OperatorId) -> Self {
        let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('?').to_ascii_uppercase();
        let [a, b, c] = *id.mcc_mnc;
        let mcc = [a & 0xF, a >> 4, b & 0xF].map(digit).iter().collect();
        let third = Some(b >> 4).filter(|nibble| *nibble != 0xF);
        let mnc = [Some(c & 0xF), Some(c >> 4), third].into_iter().flatten().map(digit).collect();
        let hex = |group: &Option<OctetString>| group.as_ref().map(hex::encode_upper);
        Self { mcc, mnc, gid1: hex(&id.gid1), gid2: hex(&id.gid2) }
    }
}

fn class(class: ProfileClass) -> String {
    class.name().map_or_else(|| format!("{}", class.0), ToString::to_string)
}

fn icon(kind: Option<u8>, data: Option<&OctetString>) -> Option<Icon> {
    let data = data.filter(|data| !data.is_empty())?;
    let media_type = if kind == Some(1) { "image/png" } else { "image/jpeg" };
    Some(Icon { media_type: media_type.into(), data: esim_rsp::json::Base64(data.to_vec()) })
}

fn receivers(configured: Option<&[NotificationConfigurationInformation]>) -> Vec<NotificationReceiver> {
    let receiver = |entry: &NotificationConfigurationInformation| NotificationReceiver {
        address: entry.notification_address.clone(),
        events: NotificationEvent::ALL
            .into_iter()
            .filter(|event| entry.profile_management_operation.has(*event))
            .collect(),
    };
    configured.unwrap_or_default().iter().map(receiver).collect()
}

/// Names a profile on the card. As text: an ICCID in digits, or an AID in
/// hexadecimal that starts with `A0`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProfileRef {
    /// By ICCID.
    Iccid(Iccid),
    /// By the AID of its ISD-P; some cards take nothing else.
    Aid(#[serde(with = "octets")] Vec<u8>),
}

impl FromStr for ProfileRef {
    type Err = esim_rsp::Error;

    /// # Errors
    /// A sentence, for text that is neither.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if !text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("A0")) {
            return text.parse().map(Self::Iccid);
        }
        let aid = esim_rsp::common::from_hex(text)?;
        if (5..=16).contains(&aid.len()) {
            Ok(Self::Aid(aid))
        } else {
            Err(esim_rsp::Error::text("an AID has 5 to 16 octets"))
        }
    }
}

impl core::fmt::Display for ProfileRef {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Iccid(iccid) => write!(f, "{iccid}"),
            Self::Aid(aid) => f.write_str(&hex::encode_upper(aid)),
        }
    }
}

impl From<&ProfileRef> for ProfileIdentifier {
    fn from(profile: &ProfileRef) -> Self {
        match profile {
            ProfileRef::Iccid(iccid) => Self::Iccid(*iccid),
            ProfileRef::Aid(aid) => Self::IsdpAid(OctetString::from_slice(aid)),
        }
    }
}
