//! Rules as data: who is a provisioning profile, which APN becomes which, which destinations are
//! allowed, which services are barred. docs/NETWORK.md is the reference of the file.

use crate::id::{Imsi, Plmn};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Stands for the SM's host and port in a rule.
pub const SM: &str = "@sm";
/// Stands for anything in a rule.
pub const ANY: &str = "*";
/// The APN of provisioning profiles by default.
pub const PROVISIONING_APN: &str = "sm.provisioning";
/// The APN of ordinary subscribers by default.
pub const DEFAULT_APN: &str = "internet";

/// What a subscription is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Class {
    /// A provisioning profile: good only for fetching an operational one.
    Provisioning,
    /// A subscriber with a contract.
    Operational,
}

/// A service beside packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Calls.
    Voice,
    /// Short messages.
    Sms,
    /// Supplementary services, such as call forwarding.
    Supplementary,
}

/// What a subscriber has paid for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Contract {
    /// Calls.
    pub voice: bool,
    /// Short messages.
    pub sms: bool,
    /// Supplementary services.
    pub supplementary: bool,
    /// APNs, the default one first; `*` for any.
    pub apns: Vec<String>,
    /// Service in other networks.
    pub roaming: bool,
}

impl Default for Contract {
    /// Everything, on the APN `internet`.
    fn default() -> Self {
        Self {
            voice: true,
            sms: true,
            supplementary: true,
            apns: Vec::from([DEFAULT_APN.to_string()]),
            roaming: true,
        }
    }
}

impl Contract {
    /// That of a provisioning profile: packets on whatever APN the device asks for, anywhere.
    pub fn provisioning() -> Self {
        Self {
            voice: false,
            sms: false,
            supplementary: false,
            apns: Vec::from([ANY.to_string()]),
            roaming: true,
        }
    }

    /// Whether a service is in it.
    pub fn has(&self, service: Service) -> bool {
        match service {
            Service::Voice => self.voice,
            Service::Sms => self.sms,
            Service::Supplementary => self.supplementary,
        }
    }
}

/// Why a subscriber does not get a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Denial {
    /// The operator bars it for the whole class of subscribers.
    Barred,
    /// The contract does not have it.
    NotSubscribed,
}

/// The rules of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// The network itself.
    pub network: NetworkRules,
    /// IMSI ranges of provisioning profiles.
    pub provisioning: Vec<ImsiRange>,
    /// Forced APN conversion, the first that fits.
    pub apn: Vec<ApnRule>,
    /// Traffic, the first that fits.
    pub traffic: Vec<TrafficRule>,
    /// Services that a class of subscribers never gets.
    pub barred: Barred,
    /// Names and addresses: the resolver of the traffic policy platform.
    pub host: Vec<Host>,
}

/// The network itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkRules {
    /// Name, for people.
    pub name: String,
    /// Its PLMN.
    pub plmn: Plmn,
    /// Networks whose subscribers' home it is not, and in which its own may roam.
    pub partners: Vec<Plmn>,
    /// Addresses for devices, as `10.64.0.0/10`.
    pub pool: String,
}

/// A range of IMSIs: all that begin with `prefix`, or from `first` to `last`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImsiRange {
    /// First digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// First IMSI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Imsi>,
    /// Last IMSI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Imsi>,
}

impl ImsiRange {
    fn has(&self, imsi: &Imsi) -> bool {
        let by_prefix = self.prefix.as_ref().is_some_and(|prefix| imsi.starts_with(prefix));
        let by_range = self.first.zip(self.last).is_some_and(|(first, last)| (first..=last).contains(imsi));
        by_prefix || by_range
    }
}

/// Forced APN conversion at the gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApnRule {
    /// For whom; for everybody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribers: Option<Class>,
    /// What was asked for: an APN, or `*`.
    pub requested: String,
    /// What it becomes.
    #[serde(rename = "use")]
    pub becomes: String,
}

/// What is done with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Action {
    /// It goes through.
    Allow,
    /// It does not.
    Deny,
}

/// A rule of the traffic policy platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrafficRule {
    /// For whom; for everybody if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscribers: Option<Class>,
    /// The session's APN after conversion, or `*` (if absent).
    #[serde(default = "any")]
    pub apn: String,
    /// Host name or address; `@sm` for the SM, `*` for any.
    pub host: String,
    /// TCP port; any if absent, for `@sm` the SM's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// What then.
    pub action: Action,
}

fn any() -> String {
    ANY.to_string()
}

/// Services that a class of subscribers never gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Barred {
    /// Provisioning profiles.
    pub provisioning: Vec<Service>,
    /// Everybody else.
    pub operational: Vec<Service>,
}

/// A name and its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Host {
    /// Host name.
    pub name: String,
    /// IPv4 address.
    pub address: String,
}

impl Default for NetworkRules {
    fn default() -> Self {
        Self {
            name: "esim-lab".to_string(),
            plmn: Plmn::from_octets([0x00, 0xF1, 0x10]),
            partners: Vec::from([Plmn::from_octets([0x00, 0xF1, 0x20])]),
            pool: "10.64.0.0/10".to_string(),
        }
    }
}

impl Default for Barred {
    fn default() -> Self {
        let all = Vec::from([Service::Voice, Service::Sms, Service::Supplementary]);
        Self { provisioning: all, operational: Vec::new() }
    }
}

impl Default for Rules {
    /// PLMN 001 01; IMSIs that begin with 0010199 are provisioning profiles, whose every APN becomes
    /// that of the SM, and who reach the SM alone.
    fn default() -> Self {
        Self {
            network: NetworkRules::default(),
            provisioning: Vec::from([ImsiRange {
                prefix: Some("0010199".to_string()),
                first: None,
                last: None,
            }]),
            apn: Vec::from([ApnRule {
                subscribers: Some(Class::Provisioning),
                requested: ANY.to_string(),
                becomes: PROVISIONING_APN.to_string(),
            }]),
            traffic: Vec::from([TrafficRule {
                subscribers: None,
                apn: PROVISIONING_APN.to_string(),
                host: SM.to_string(),
                port: None,
                action: Action::Allow,
            }]),
            barred: Barred::default(),
            host: Vec::from([Host {
                name: "www.example.com".to_string(),
                address: "203.0.113.80".to_string(),
            }]),
        }
    }
}

/// A rule that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct RuleError {
    /// Which one: `apn[0].use`.
    pub at: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Rules {
    /// Class of a subscriber: whom a range or the subscription calls a provisioning profile is one.
    pub fn class(&self, imsi: &Imsi, subscribed: Class) -> Class {
        match self.provisioning.iter().any(|range| range.has(imsi)) {
            true => Class::Provisioning,
            false => subscribed,
        }
    }

    /// Why a subscriber does not get a service; `None` if it does.
    pub fn denial(&self, class: Class, contract: &Contract, service: Service) -> Option<Denial> {
        let barred = match class {
            Class::Provisioning => &self.barred.provisioning,
            Class::Operational => &self.barred.operational,
        };
        if barred.contains(&service) {
            return Some(Denial::Barred);
        }
        (!contract.has(service)).then_some(Denial::NotSubscribed)
    }

    /// What the requested APN becomes, if a rule says so; its number.
    pub fn convert(&self, class: Class, requested: &str) -> Option<(usize, &str)> {
        let fits = |rule: &ApnRule| {
            rule.subscribers.is_none_or(|whom| whom == class)
                && (rule.requested == ANY || rule.requested.eq_ignore_ascii_case(requested))
        };
        let (number, rule) = self.apn.iter().enumerate().find(|(_, rule)| fits(rule))?;
        Some((number, &rule.becomes))
    }

    /// Checks what a parser cannot.
    ///
    /// # Errors
    /// The first rule that makes no sense.
    pub fn validate(&self) -> Result<(), RuleError> {
        let error = |at: String, reason: &'static str| Err(RuleError { at, reason });
        if parse_pool(&self.network.pool).is_none() {
            return error(
                "network.pool".to_string(),
                "is no IPv4 prefix of 8 to 30 bits, such as 10.64.0.0/10",
            );
        }
        for (n, range) in self.provisioning.iter().enumerate() {
            let at = || alloc::format!("provisioning[{n}]");
            match (&range.prefix, range.first, range.last) {
                (Some(prefix), None, None) => {
                    if !(5..=15).contains(&prefix.len()) || !prefix.bytes().all(|c| c.is_ascii_digit()) {
                        return error(at(), "a prefix has 5 to 15 digits");
                    }
                }
                (None, Some(first), Some(last)) if first <= last => {}
                _ => {
                    return error(
                        at(),
                        "a range is either a prefix, or a first IMSI and a last one not before it",
                    );
                }
            }
        }
        for (n, rule) in self.apn.iter().enumerate() {
            if rule.requested != ANY && !is_name(&rule.requested) {
                return error(alloc::format!("apn[{n}].requested"), "is neither an APN nor *");
            }
            if !is_name(&rule.becomes) {
                return error(alloc::format!("apn[{n}].use"), "is no APN");
            }
        }
        for (n, rule) in self.traffic.iter().enumerate() {
            let host = rule.host.as_str();
            if host != ANY && host != SM && !is_name(host) {
                return error(
                    alloc::format!("traffic[{n}].host"),
                    "is neither a host name, an address, @sm nor *",
                );
            }
            if rule.apn != ANY && !is_name(&rule.apn) {
                return error(alloc::format!("traffic[{n}].apn"), "is neither an APN nor *");
            }
        }
        for (n, host) in self.host.iter().enumerate() {
            if !is_name(&host.name) || parse_address(&host.name).is_some() {
                return error(alloc::format!("host[{n}].name"), "is no host name");
            }
            if parse_address(&host.address).is_none() {
                return error(alloc::format!("host[{n}].address"), "is no IPv4 address");
            }
        }
        Ok(())
    }
}

/// Labels of letters, digits and hyphens with dots between them, at most 100 characters.
fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
    };
    text.len() <= 100 && text.split('.').all(label)
}

/// An IPv4 address in dotted form.
pub fn parse_address(text: &str) -> Option<[u8; 4]> {
    let parts: Vec<u8> = text.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

/// First address and number of addresses of a pool.
pub(crate) fn parse_pool(text: &str) -> Option<(u32, u32)> {
    let (address, bits) = text.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| (8..=30).contains(bits))?;
    let address = u32::from_be_bytes(parse_address(address)?);
    let size = 1u32 << (32 - bits);
    (address % size == 0).then_some((address, size))
}
