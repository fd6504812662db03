//! Profile metadata as the operator writes it, to and from `BF25`
//! (SGP.22 2.4a, 5.5.3).

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::common::{NotificationEvent, NotificationEvents, OperatorId, PprIds};
use esim_rsp::es8p::{NotificationConfigurationInformation, ProfileClass, StoreMetadataRequest};
use esim_rsp::json::Base64;
use esim_rsp::{Error, Iccid, OctetString};
use serde::{Deserialize, Serialize};

/// What eUICC and user are told of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// 0 to 32 characters.
    pub service_provider_name: String,
    /// 0 to 64 characters.
    pub profile_name: String,
    /// What the profile is for.
    pub profile_class: Class,
    /// JPEG or PNG, 64 × 64 pixels, at most 1,024 octets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<Base64>,
    /// The operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_owner: Option<Owner>,
    /// What the user may not do.
    pub profile_policy_rules: Vec<Rule>,
    /// Who hears of what; absent: this SM-DP+, of enabling, disabling and deleting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications: Option<Vec<Notification>>,
}

/// `profileClass`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// For testing.
    Test,
    /// Good only for fetching an operational profile.
    Provisioning,
    /// A subscriber's.
    #[default]
    Operational,
}

/// `profileOwner`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// 3 digits.
    pub mcc: String,
    /// 2 or 3 digits.
    pub mnc: String,
    /// Hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid1: Option<String>,
    /// Hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid2: Option<String>,
}

/// A profile policy rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// Disabling is not allowed.
    Ppr1,
    /// Deleting is not allowed.
    Ppr2,
}

/// Who hears of what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// What.
    pub events: Vec<NotificationEvent>,
    /// FQDN of the receiver.
    pub address: String,
}

impl Metadata {
    /// The message. `smdp_address` hears of everything unless the operator
    /// has said otherwise.
    ///
    /// # Errors
    /// A field that is too long or not in its form, named.
    pub fn to_request(&self, iccid: Iccid, smdp_address: &str) -> Result<StoreMetadataRequest, Error> {
        at_most(&self.service_provider_name, 32, "serviceProviderName")?;
        at_most(&self.profile_name, 64, "profileName")?;
        let icon = self.icon.as_ref().map(read_icon).transpose()?;
        let rules: Vec<usize> = self.profile_policy_rules.iter().map(Rule::bit).collect();
        Ok(StoreMetadataRequest {
            iccid,
            service_provider_name: self.service_provider_name.clone(),
            profile_name: self.profile_name.clone(),
            icon_type: icon.as_ref().map(|(kind, _)| *kind),
            icon: icon.map(|(_, octets)| octets),
            profile_class: self.profile_class.to_code(),
            notification_configuration_info: self.notification_configuration(smdp_address),
            profile_owner: self.profile_owner.as_ref().map(Owner::to_operator_id).transpose()?,
            profile_policy_rules: (!rules.is_empty()).then(|| PprIds::of(&rules)),
        })
    }

    fn notification_configuration(
        &self,
        smdp_address: &str,
    ) -> Option<Vec<NotificationConfigurationInformation>> {
        use NotificationEvent::{Delete, Disable, Enable};
        let entry = |events: &[NotificationEvent], address: &str| NotificationConfigurationInformation {
            profile_management_operation: NotificationEvents::of(events),
            notification_address: address.to_string(),
        };
        match &self.notifications {
            None => Some(Vec::from([entry(&[Enable, Disable, Delete], smdp_address)])),
            Some(list) if list.is_empty() => None,
            Some(list) => Some(list.iter().map(|n| entry(&n.events, &n.address)).collect()),
        }
    }

    /// The message as the operator would have written it.
    pub fn from_request(request: &StoreMetadataRequest) -> Self {
        let rules = request.profile_policy_rules.as_ref();
        let rule = |set: bool, rule: Rule| set.then_some(rule);
        let ppr1 = rule(rules.is_some_and(PprIds::ppr1), Rule::Ppr1);
        let ppr2 = rule(rules.is_some_and(PprIds::ppr2), Rule::Ppr2);
        let notifications = request
            .notification_configuration_info
            .as_ref()
            .map(|list| list.iter().map(Notification::from_configuration).collect());
        Self {
            service_provider_name: request.service_provider_name.clone(),
            profile_name: request.profile_name.clone(),
            profile_class: Class::from_code(request.profile_class),
            icon: request.icon.as_ref().map(|icon| Base64(icon.to_vec())),
            profile_owner: request.profile_owner.as_ref().map(Owner::from_operator_id),
            profile_policy_rules: ppr1.into_iter().chain(ppr2).collect(),
            notifications: Some(notifications.unwrap_or_default()),
        }
    }
}

fn at_most(text: &str, limit: usize, name: &str) -> Result<(), Error> {
    match text.chars().count() > limit {
        true => Err(Error::text(format!("{name} has at most {limit} characters"))),
        false => Ok(()),
    }
}

/// `iconType` (jpg 0, png 1) from the first octets, and the icon.
fn read_icon(icon: &Base64) -> Result<(u8, OctetString), Error> {
    let kind = match icon.0.as_slice() {
        [0xFF, 0xD8, ..] => 0,
        [0x89, b'P', b'N', b'G', ..] => 1,
        _ => return Err(Error::text("the icon is neither JPEG nor PNG")),
    };
    if icon.0.len() > 1024 {
        return Err(Error::text("an icon has at most 1024 octets"));
    }
    Ok((kind, OctetString::from_slice(&icon.0)))
}

impl Class {
    fn to_code(self) -> ProfileClass {
        match self {
            Self::Test => ProfileClass::test,
            Self::Provisioning => ProfileClass::provisioning,
            Self::Operational => ProfileClass::operational,
        }
    }

    fn from_code(code: ProfileClass) -> Self {
        match code {
            ProfileClass::test => Self::Test,
            ProfileClass::provisioning => Self::Provisioning,
            _ => Self::Operational,
        }
    }
}

impl Rule {
    fn bit(&self) -> usize {
        match self {
            Self::Ppr1 => 1,
            Self::Ppr2 => 2,
        }
    }
}

impl Owner {
    fn to_operator_id(&self) -> Result<OperatorId, Error> {
        let hex = |text: &Option<String>| match text {
            Some(text) => esim_rsp::common::from_hex(text).map(|o| Some(OctetString::from(o))),
            None => Ok(None),
        };
        let id = OperatorId::from_digits(&self.mcc, &self.mnc);
        let id = id.ok_or_else(|| Error::text("mcc has 3 digits and mnc 2 or 3"))?;
        Ok(OperatorId { gid1: hex(&self.gid1)?, gid2: hex(&self.gid2)?, ..id })
    }

    fn from_operator_id(id: &OperatorId) -> Self {
        let digit = |i: usize| {
            let octet = id.mcc_mnc[i / 2];
            char::from_digit(u32::from(if i.is_multiple_of(2) { octet & 0xF } else { octet >> 4 }), 16)
        };
        let digits = |which: &[usize]| -> String {
            which.iter().filter_map(|i| digit(*i)).filter(|c| *c != 'f').collect()
        };
        let hex =
            |octets: &Option<OctetString>| octets.as_ref().map(|octets| esim_rsp::common::hex_upper(octets));
        Self { mcc: digits(&[0, 1, 2]), mnc: digits(&[4, 5, 3]), gid1: hex(&id.gid1), gid2: hex(&id.gid2) }
    }
}

impl Notification {
    fn from_configuration(entry: &NotificationConfigurationInformation) -> Self {
        let set = &entry.profile_management_operation;
        Self {
            events: NotificationEvent::ALL.into_iter().filter(|event| set.has(*event)).collect(),
            address: entry.notification_address.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_goes_to_the_message_and_back() {
        let metadata = Metadata {
            service_provider_name: "Operator".into(),
            profile_name: "Plan".into(),
            profile_class: Class::Operational,
            icon: Some(Base64(Vec::from([0x89, b'P', b'N', b'G', 0]))),
            profile_owner: Some(Owner {
                mcc: "310".into(),
                mnc: "260".into(),
                gid1: Some("AB".into()),
                gid2: None,
            }),
            profile_policy_rules: Vec::from([Rule::Ppr1]),
            notifications: Some(Vec::from([Notification {
                events: Vec::from([NotificationEvent::Enable]),
                address: "op.example.com".into(),
            }])),
        };
        let iccid: Iccid = "8900101000000000017".parse().unwrap();
        let request = metadata.to_request(iccid, "smdp.example.com").unwrap();
        let octets = esim_rsp::encode(&request);
        let read: StoreMetadataRequest = esim_rsp::decode(&octets).unwrap();
        assert_eq!(Metadata::from_request(&read), metadata);
    }

    #[test]
    fn long_names_and_odd_icons_are_refused() {
        let iccid: Iccid = "8900101000000000017".parse().unwrap();
        let long = Metadata { service_provider_name: "x".repeat(33), ..Metadata::default() };
        assert!(long.to_request(iccid, "a").is_err());
        let icon = Metadata { icon: Some(Base64(Vec::from([1, 2]))), ..Metadata::default() };
        assert!(icon.to_request(iccid, "a").is_err());
    }
}
