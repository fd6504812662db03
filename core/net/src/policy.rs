//! The traffic policy platform behind the gateway: it resolves names, decides by APN and destination,
//! and notes each decision with its reason.

use crate::id::Imsi;
use crate::rules::{ANY, Action, Class, Rules, SM, TrafficRule, parse_address};
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use serde::Serialize;

/// Decisions that are remembered.
const REMEMBERED: usize = 1_000;

/// Where somebody wants to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Destination {
    /// Host name or IPv4 address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl core::fmt::Display for Destination {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Destination {
    /// From `host` or `host:port`; the port of HTTPS if none is given.
    pub fn of(text: &str) -> Option<Self> {
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (text, 443),
        };
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        (!host.is_empty()).then_some(Self { host, port })
    }
}

/// A decision about a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Decision {
    /// Number, from 0.
    pub n: u64,
    /// Whose connection.
    pub imsi: Imsi,
    /// What the subscriber is.
    pub class: Class,
    /// The session's APN, after conversion.
    pub apn: String,
    /// Where to.
    pub destination: Destination,
    /// Its IPv4 address, dotted; none if the name is not known.
    pub address: Option<String>,
    /// Whether it is the SM.
    pub is_sm: bool,
    /// What is done.
    pub action: Action,
    /// Number of the rule in the file; none for a default.
    pub rule: Option<usize>,
    /// Why, for a person.
    pub reason: String,
}

/// Who asks: a session of the gateway.
#[derive(Clone, Copy, Debug)]
pub struct Asker<'a> {
    /// Subscriber.
    pub imsi: Imsi,
    /// Class of the subscriber.
    pub class: Class,
    /// The session's APN, after conversion.
    pub apn: &'a str,
}

/// The platform.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Each shared by copies.
    decisions: VecDeque<Arc<Decision>>,
    made: u64,
    sm: Option<Destination>,
}

impl Policy {
    /// Where the SM is: what `@sm` stands for.
    pub fn set_sm(&mut self, sm: Option<Destination>) {
        self.sm = sm;
    }

    /// Where the SM is.
    pub fn sm(&self) -> Option<&Destination> {
        self.sm.as_ref()
    }

    /// The latest decisions, the oldest first.
    pub fn decisions(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().map(Arc::as_ref)
    }

    /// The address of a host: of the rules' table, itself if it is one, else one of 198.18.0.0/15 that
    /// depends on the name alone (RFC 2544). Names under `.invalid` have none (RFC 2606).
    pub fn resolve(&self, rules: &Rules, host: &str) -> Option<[u8; 4]> {
        if let Some(address) = parse_address(host) {
            return Some(address);
        }
        let listed = rules.host.iter().find(|it| it.name.eq_ignore_ascii_case(host));
        if let Some(listed) = listed {
            return parse_address(&listed.address);
        }
        if self.sm.as_ref().is_some_and(|sm| sm.host == host) {
            return Some([198, 51, 100, 1]);
        }
        if host.ends_with(".invalid") || !host.contains('.') && host != "localhost" {
            return None;
        }
        // FNV-1a: any even spread will do.
        let hash = host.bytes().fold(0x811C_9DC5u32, |hash, octet| {
            (hash ^ u32::from(octet.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
        });
        let [_, b, c, d] = (hash ^ hash >> 17).to_be_bytes();
        Some([198, 18 | b & 1, c, d])
    }

    /// Decides about a connection, and notes it.
    pub fn decide(&mut self, rules: &Rules, asker: &Asker<'_>, destination: &Destination) -> Decision {
        let address = self.resolve(rules, &destination.host);
        let found = rules.traffic.iter().enumerate().find(|(_, rule)| {
            rule.subscribers.is_none_or(|class| class == asker.class)
                && (rule.apn == ANY || rule.apn.eq_ignore_ascii_case(asker.apn))
                && self.is_meant(rules, rule, destination)
        });
        let (action, rule, reason) = match (address, found, asker.class) {
            (None, ..) => (Action::Deny, None, alloc::format!("the name {} is not known", destination.host)),
            (_, Some((number, rule)), _) => {
                let verb = if rule.action == Action::Allow { "allows" } else { "denies" };
                (rule.action, Some(number), alloc::format!("traffic[{number}] {verb} {}", rule.host))
            }
            (_, None, Class::Provisioning) => {
                let reason = "no rule allows it; a provisioning profile reaches nothing else";
                (Action::Deny, None, reason.to_string())
            }
            (_, None, Class::Operational) => {
                (Action::Allow, None, "no rule denies it; the contract covers the APN".to_string())
            }
        };
        let decision = Decision {
            n: self.made,
            imsi: asker.imsi,
            class: asker.class,
            apn: asker.apn.to_string(),
            is_sm: self.is_sm(rules, destination),
            destination: destination.clone(),
            address: address.map(|[a, b, c, d]| alloc::format!("{a}.{b}.{c}.{d}")),
            action,
            rule,
            reason,
        };
        self.made += 1;
        if self.decisions.len() == REMEMBERED {
            self.decisions.pop_front();
        }
        self.decisions.push_back(Arc::new(decision.clone()));
        decision
    }

    /// Whether a destination is the SM, by name or by address.
    pub fn is_sm(&self, rules: &Rules, destination: &Destination) -> bool {
        self.sm
            .as_ref()
            .is_some_and(|sm| sm.port == destination.port && self.is_host(rules, &sm.host, &destination.host))
    }

    fn is_meant(&self, rules: &Rules, rule: &TrafficRule, destination: &Destination) -> bool {
        let by_port = |port: Option<u16>| port.is_none_or(|port| port == destination.port);
        match rule.host.as_str() {
            ANY => by_port(rule.port),
            SM => self.sm.as_ref().is_some_and(|sm| {
                rule.port.unwrap_or(sm.port) == destination.port
                    && self.is_host(rules, &sm.host, &destination.host)
            }),
            host => by_port(rule.port) && self.is_host(rules, host, &destination.host),
        }
    }

    /// The same name, or, where one of them is an address, the same address.
    fn is_host(&self, rules: &Rules, host: &str, other: &str) -> bool {
        if parse_address(host).is_none() && parse_address(other).is_none() {
            return host.eq_ignore_ascii_case(other);
        }
        self.resolve(rules, host).is_some_and(|address| self.resolve(rules, other) == Some(address))
    }
}
