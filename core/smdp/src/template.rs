//! Profile templates: what all profiles of one type have in common.
//!
//! A template is data. Some are built in; operators add their own as JSON
//! (docs/SM.md, "Subscribers into profiles"). Whatever its origin, a template
//! is checked before anything is made of it ([`Template::check`]).

use crate::metadata::{Class, Metadata, Owner};
use crate::profile::{self, Algorithm, Drawn, Generated, Subscriber};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::{Error, Iccid, common};
use esim_saip::builder;
use serde::{Deserialize, Serialize};

/// What all profiles of one type have in common.
///
/// Everything but `name` may be left away in JSON; fields that nobody knows are refused by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Template {
    /// The profile type of its orders: letters, digits, `.`, `_` and `-`, 1 to 64.
    pub name: String,
    /// For whoever chooses.
    #[serde(default)]
    pub description: String,
    /// Algorithms that subscribers may have, at least one; the first where a subscriber names none. Milenage if absent.
    #[serde(default = "milenage")]
    pub algorithms: Vec<Algorithm>,
    /// Keccak permutations of TUAK, from 1.
    #[serde(default = "one")]
    pub iterations: u8,
    /// Whether there is an ISIM beside the USIM.
    #[serde(default = "yes")]
    pub isim: bool,
    /// Whether the USIM holds the files of the 5G system.
    #[serde(default = "yes")]
    pub five_g: bool,
    /// Keys with which the phone conceals the identity in 5G, the preferred one first.
    #[serde(default)]
    pub home_network_keys: Vec<HomeNetworkKey>,
    /// Digits of the network code in the IMSI, 2 or 3.
    #[serde(default = "two")]
    pub mnc_length: u8,
    /// Whether the ICCID must end in its check digit (ITU-T E.118).
    #[serde(default = "yes")]
    pub check_digit: bool,
    /// Languages in order of preference, two letters each, at most three.
    #[serde(default = "english")]
    pub languages: Vec<String>,
    /// Emergency numbers besides those that every phone knows.
    #[serde(default = "emergency")]
    pub emergency_numbers: Vec<String>,
    /// Networks that the operator prefers, MCC and MNC, for every access technology.
    #[serde(default)]
    pub preferred_networks: Vec<String>,
    /// Networks that count as home besides that of the IMSI.
    #[serde(default)]
    pub equivalent_networks: Vec<String>,
    /// Networks not to be tried.
    #[serde(default)]
    pub forbidden_networks: Vec<String>,
    /// Short message service centre of subscribers that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smsc: Option<String>,
    /// What eUICC and user are told, as far as the subscriber says nothing else. An empty service provider name is
    /// the subscriber's SPN, an empty profile name the template's.
    #[serde(default)]
    pub metadata: Metadata,
}

/// Public key of the home network (TS 31.102 4.4.11.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HomeNetworkKey {
    /// Identifier by which the network finds its private key.
    pub identifier: u8,
    /// Protection scheme: 1 for profile A (X25519), 2 for profile B (P-256).
    pub scheme: u8,
    /// Hexadecimal: 32 octets for profile A, 33 or 65 for profile B.
    pub key: String,
}

fn milenage() -> Vec<Algorithm> {
    Vec::from([Algorithm::Milenage])
}

fn one() -> u8 {
    1
}

fn two() -> u8 {
    2
}

fn yes() -> bool {
    true
}

fn english() -> Vec<String> {
    Vec::from(["en".to_string()])
}

fn emergency() -> Vec<String> {
    Vec::from(["112", "911"].map(String::from))
}

/// The key that every test network knows (TS 34.108 8.1.2, GSMA TS.48).
pub const TEST_KEY: &str = "000102030405060708090A0B0C0D0E0F";

/// The templates that every server has.
pub fn built_in() -> Vec<Template> {
    Vec::from([operational(), operational_5g(), provisioning(), test()])
}

fn operational() -> Template {
    Template {
        description: "A subscriber's profile: USIM with 5G files, ISIM; Milenage or TUAK".into(),
        algorithms: Vec::from([Algorithm::Milenage, Algorithm::Tuak]),
        ..Template::new("operational")
    }
}

/// The keys are those of the test data in TS 33.501 annex C.4: everybody knows their private parts.
fn operational_5g() -> Template {
    let profile_a = HomeNetworkKey {
        identifier: 27,
        scheme: 1,
        key: "5A8D38864820197C3394B92613B20B91633CBD897119273BF8E4A6F4EEC0A650".into(),
    };
    let profile_b = HomeNetworkKey {
        identifier: 28,
        scheme: 2,
        key: "0272DA71976234CE833A6907425867B82E074D44EF907DFB4B3E21C1C2256EBCD1".into(),
    };
    Template {
        description: "The same with TUAK first, and the identity concealed in 5G under the laboratory's keys"
            .into(),
        algorithms: Vec::from([Algorithm::Tuak, Algorithm::Milenage]),
        home_network_keys: Vec::from([profile_a, profile_b]),
        ..Template::new("operational-5g")
    }
}

fn provisioning() -> Template {
    let owner = Owner { mcc: "001".into(), mnc: "01".into(), gid1: None, gid2: None };
    Template {
        description: "Good only for fetching an operational profile: USIM alone, no policy rules".into(),
        algorithms: Vec::from([Algorithm::Milenage, Algorithm::Tuak]),
        isim: false,
        metadata: Metadata {
            profile_class: Class::Provisioning,
            profile_name: "Provisioning".into(),
            profile_owner: Some(owner),
            ..Metadata::default()
        },
        ..Template::new("provisioning")
    }
}

fn test() -> Template {
    Template {
        description: "For test equipment: the test algorithm of TS 34.108 with the key that everybody knows"
            .into(),
        algorithms: Vec::from([Algorithm::UsimTest]),
        metadata: Metadata { profile_class: Class::Test, profile_name: "Test".into(), ..Metadata::default() },
        ..Template::new("test")
    }
}

/// Adds templates to others; one of the same name takes the other's place.
///
/// # Errors
/// The first template that is not sound, by name.
pub fn add(to: &mut Vec<Template>, templates: Vec<Template>) -> Result<(), Error> {
    for template in templates {
        template.check()?;
        to.retain(|other| other.name != template.name);
        to.push(template);
    }
    Ok(())
}

/// Reads one template or a list of them.
///
/// # Errors
/// JSON that is no template, with the place; a template that is not sound, by name.
pub fn read(json: &[u8]) -> Result<Vec<Template>, Error> {
    let is_list = json.iter().find(|octet| !octet.is_ascii_whitespace()) == Some(&b'[');
    let templates = match is_list {
        true => esim_rsp::json::parse(json)?,
        false => Vec::from([esim_rsp::json::parse::<Template>(json)?]),
    };
    templates.iter().try_for_each(Template::check)?;
    Ok(templates)
}

impl Template {
    /// A template with nothing special about it.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            algorithms: milenage(),
            iterations: one(),
            isim: true,
            five_g: true,
            home_network_keys: Vec::new(),
            mnc_length: two(),
            check_digit: true,
            languages: english(),
            emergency_numbers: emergency(),
            preferred_networks: Vec::new(),
            equivalent_networks: Vec::new(),
            forbidden_networks: Vec::new(),
            smsc: None,
            metadata: Metadata::default(),
        }
    }

    /// What its profiles are for.
    pub fn class(&self) -> Class {
        self.metadata.profile_class
    }

    /// The algorithm of subscribers that name none.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithms.first().copied().unwrap_or_default()
    }

    /// Whether profiles can be made of it that do what their class promises.
    ///
    /// # Errors
    /// What is wrong, with the template's name.
    pub fn check(&self) -> Result<(), Error> {
        let named =
            |reason: &dyn core::fmt::Display| Error::text(format!("template {}: {reason}", self.name));
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if !(1..=64).contains(&self.name.len()) || !self.name.chars().all(sound) {
            return Err(named(&"its name has 1 to 64 letters, digits, '.', '_' and '-'"));
        }
        self.check_class().map_err(|reason| named(&reason))?;
        let sample = self.sample();
        let iccid: Iccid = "8900101000000000017".parse()?;
        self.metadata.to_request(iccid, "smdp.example.com").map_err(|error| named(&error.kind))?;
        self.generate(iccid, &sample, &Drawn::sample()).map_err(|error| named(&error.kind)).map(drop)
    }

    fn check_class(&self) -> Result<(), &'static str> {
        if self.algorithms.is_empty() {
            return Err("it has no algorithm");
        }
        let has_test_algorithm = self.algorithms.contains(&Algorithm::UsimTest);
        match self.class() {
            Class::Test if self.algorithms != [Algorithm::UsimTest] => {
                return Err(
                    "a test profile has the algorithm usim-test alone: eUICCs refuse others (SGP.22 2.4.5.3)",
                );
            }
            Class::Operational | Class::Provisioning if has_test_algorithm => {
                return Err("usim-test is for test profiles: everybody can answer for its subscribers");
            }
            Class::Provisioning if self.isim => {
                return Err(
                    "a provisioning profile has no ISIM: it serves to fetch a profile, not to telephone",
                );
            }
            _ => {}
        }
        if self.class() != Class::Operational && !self.metadata.profile_policy_rules.is_empty() {
            return Err("policy rules are for operational profiles (SGP.22 2.4.4)");
        }
        Ok(())
    }

    /// A subscriber that any sound template makes a profile for.
    fn sample(&self) -> Subscriber {
        let algorithm = self.algorithm();
        let opc = match algorithm {
            Algorithm::Milenage => "1".repeat(32),
            Algorithm::Tuak => "1".repeat(64),
            Algorithm::UsimTest => String::new(),
        };
        let (ki, opc) = (String::from(TEST_KEY).into(), opc.into());
        Subscriber { imsi: "001010123456789".into(), ki, opc, algorithm, ..Subscriber::default() }
    }

    /// The profile of a subscriber, made and checked.
    ///
    /// # Errors
    /// A field that is not in its form, named; no value is quoted.
    pub fn generate(&self, iccid: Iccid, subscriber: &Subscriber, drawn: &Drawn) -> Result<Generated, Error> {
        let mut data = subscriber.data(iccid, &self.name, drawn)?;
        if let builder::Authentication::Tuak { iterations, .. } = &mut data.authentication {
            *iterations = self.iterations;
        }
        data.isim = self.isim;
        data.five_g = self.five_g;
        data.home_network_keys =
            self.home_network_keys.iter().map(HomeNetworkKey::read).collect::<Result<_, _>>()?;
        data.mnc_len = subscriber.mnc_length.unwrap_or(self.mnc_length);
        data.languages.clone_from(&self.languages);
        data.emergency_numbers = self.emergency_numbers.iter().map(|number| (number.clone(), 0)).collect();
        let everywhere = |network: &String| (network.clone(), builder::ALL_TECHNOLOGIES);
        data.preferred_networks = self.preferred_networks.iter().map(everywhere).collect();
        data.equivalent_networks.clone_from(&self.equivalent_networks);
        data.forbidden_networks.clone_from(&self.forbidden_networks);
        data.smsc = subscriber.smsc.clone().or_else(|| self.smsc.clone());
        profile::generate(&data)
    }
}

impl HomeNetworkKey {
    fn read(&self) -> Result<builder::HomeNetworkKey, Error> {
        let key =
            common::from_hex(&self.key).map_err(|_| Error::text("a home network key is hexadecimal"))?;
        Ok(builder::HomeNetworkKey { identifier: self.identifier, scheme: self.scheme, key })
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
