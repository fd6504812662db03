//! The subscriber store: home subscriber server and authentication centre (TS 29.272, TS 33.401).

use crate::auc::{Authentication, EpsVector, Keys, UmtsVector};
use crate::cause::{Cause, Domain};
use crate::id::{Imsi, Plmn};
use crate::rules::{Class, Contract};
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use rand_core::CryptoRng;
use serde::Serialize;

/// A subscriber as the operator's order describes one.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// Algorithm and keys.
    pub keys: Keys,
    /// Authentication management field without its separation bit.
    pub amf: [u8; 2],
    /// What the subscription is for.
    pub class: Class,
    /// What is paid for.
    pub contract: Contract,
    /// Telephone number, digits.
    pub msisdn: Option<String>,
}

/// Access technologies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Rat {
    /// E-UTRAN, served by an MME.
    Lte,
    /// UTRAN, served by an SGSN.
    Umts,
}

/// Where a subscriber is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Serving {
    /// Network.
    pub plmn: Plmn,
    /// Kind of node.
    pub rat: Rat,
}

#[derive(Clone, Debug)]
struct Entry {
    authentication: Authentication,
    contract: Arc<Contract>,
    msisdn: Option<Arc<str>>,
    class: Class,
    serving: Option<Serving>,
}

/// What a serving node is told of a subscriber (Subscription-Data, TS 29.272 7.3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionData {
    /// What the subscription is for, as the operator ordered it.
    pub class: Class,
    /// What is paid for.
    pub contract: Arc<Contract>,
    /// Telephone number.
    pub msisdn: Option<Arc<str>>,
}

/// A subscriber as it is kept while the network is not there: with keys and sequence number.
#[derive(Clone, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptSubscriber {
    /// Digits.
    pub imsi: Imsi,
    /// Algorithm and keys.
    pub keys: Keys,
    /// Authentication management field without its separation bit.
    pub amf: [u8; 2],
    /// The last sequence number used, IND included.
    pub sqn: u64,
    /// What the subscription is for.
    pub class: Class,
    /// What is paid for.
    pub contract: Contract,
    /// Telephone number, digits.
    pub msisdn: Option<String>,
}

impl core::fmt::Debug for KeptSubscriber {
    /// Without keys.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KeptSubscriber({}, {:?})", self.imsi, self.class)
    }
}

/// Says that the HSS knows no such subscriber.
pub const USER_UNKNOWN: Cause = Cause::new(Domain::Diameter, 5001);
/// Says that the contract has no roaming.
pub const ROAMING_NOT_ALLOWED: Cause = Cause::new(Domain::Diameter, 5004);
/// Says that no vector can be made.
pub const DATA_UNAVAILABLE: Cause = Cause::new(Domain::Diameter, 4181);

/// Says that the peer does not answer (RFC 6733 7.1.3).
pub const UNABLE_TO_DELIVER: Cause = Cause::new(Domain::Diameter, 3002);

/// The store. `Debug` shows no key.
#[derive(Clone, Debug, Default)]
pub struct Hss {
    subscribers: BTreeMap<Imsi, Entry>,
    /// Contracts, each kept once.
    contracts: Vec<Arc<Contract>>,
}

/// A subscriber for a reader, without keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriberView {
    /// Digits.
    pub imsi: Imsi,
    /// What the subscription is for.
    pub class: Class,
    /// What is paid for.
    pub contract: Contract,
    /// Telephone number.
    pub msisdn: Option<String>,
    /// Where it is registered.
    pub serving: Option<Serving>,
    /// The last sequence number used, 12 hexadecimal digits.
    pub sqn: String,
}

impl Entry {
    fn view(&self, imsi: &Imsi) -> SubscriberView {
        SubscriberView {
            imsi: *imsi,
            class: self.class,
            contract: (*self.contract).clone(),
            msisdn: self.msisdn.as_ref().map(|number| number.to_string()),
            serving: self.serving,
            sqn: alloc::format!("{:012X}", self.authentication.sqn()),
        }
    }
}

impl Hss {
    /// Admits a subscriber, in place of one with the same IMSI.
    pub fn provision(&mut self, imsi: Imsi, subscription: Subscription) {
        let known = self.contracts.iter().find(|known| ***known == subscription.contract).cloned();
        let contract = known.unwrap_or_else(|| {
            let contract = Arc::new(subscription.contract);
            self.contracts.push(contract.clone());
            contract
        });
        let entry = Entry {
            authentication: Authentication::new(subscription.keys).with_amf(subscription.amf),
            contract,
            msisdn: subscription.msisdn.map(Arc::from),
            class: subscription.class,
            serving: None,
        };
        self.subscribers.insert(imsi, entry);
    }

    /// Takes a subscriber out; where it is registered.
    pub fn withdraw(&mut self, imsi: &Imsi) -> Option<Serving> {
        self.subscribers.remove(imsi)?.serving
    }

    /// Everything that the store must know to go on later, in order of IMSI. Where subscribers are registered is not
    /// part of it.
    pub fn kept(&self) -> impl Iterator<Item = KeptSubscriber> {
        self.subscribers.iter().map(|(imsi, entry)| KeptSubscriber {
            imsi: *imsi,
            keys: entry.authentication.keys().clone(),
            amf: entry.authentication.amf(),
            sqn: entry.authentication.sqn(),
            class: entry.class,
            contract: (*entry.contract).clone(),
            msisdn: entry.msisdn.as_ref().map(|number| number.to_string()),
        })
    }

    /// Admits a subscriber as it was kept; false if its keys are none.
    pub fn restore(&mut self, kept: KeptSubscriber) -> bool {
        let KeptSubscriber { imsi, keys, amf, sqn, class, contract, msisdn } = kept;
        if !keys.are_sound() {
            return false;
        }
        self.provision(imsi, Subscription { keys, amf, class, contract, msisdn });
        if let Some(authentication) = self.authentication_mut(&imsi) {
            authentication.set_sqn(sqn);
        }
        true
    }

    /// One subscriber for a reader.
    pub fn view(&self, imsi: &Imsi) -> Option<SubscriberView> {
        self.subscribers.get(imsi).map(|entry| entry.view(imsi))
    }

    /// Number of subscribers.
    pub fn len(&self) -> usize {
        self.subscribers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.subscribers.is_empty()
    }

    /// Whether there is such a subscriber.
    pub fn has(&self, imsi: &Imsi) -> bool {
        self.subscribers.contains_key(imsi)
    }

    /// Whether any contract has an APN.
    pub fn knows_apn(&self, apn: &str) -> bool {
        self.contracts.iter().any(|contract| contract.apns.iter().any(|own| own.eq_ignore_ascii_case(apn)))
    }

    /// The authentication centre's record of a subscriber, for repair and for tests.
    pub fn authentication_mut(&mut self, imsi: &Imsi) -> Option<&mut Authentication> {
        self.subscribers.get_mut(imsi).map(|entry| &mut entry.authentication)
    }

    /// Changes a subscriber's contract.
    pub fn set_contract(&mut self, imsi: &Imsi, contract: Contract) -> bool {
        let Some(entry) = self.subscribers.get_mut(imsi) else { return false };
        entry.contract = Arc::new(contract);
        true
    }

    /// The next EPS vector.
    ///
    /// # Errors
    /// [`USER_UNKNOWN`], [`DATA_UNAVAILABLE`].
    pub fn eps_vector(
        &mut self,
        imsi: &Imsi,
        plmn: Plmn,
        rng: &mut dyn CryptoRng,
    ) -> Result<EpsVector, Cause> {
        let entry = self.subscribers.get_mut(imsi).ok_or(USER_UNKNOWN)?;
        entry.authentication.eps(plmn, rng).ok_or(DATA_UNAVAILABLE)
    }

    /// The next vector of 3G.
    ///
    /// # Errors
    /// As for [`Hss::eps_vector`].
    pub fn umts_vector(&mut self, imsi: &Imsi, rng: &mut dyn CryptoRng) -> Result<UmtsVector, Cause> {
        let entry = self.subscribers.get_mut(imsi).ok_or(USER_UNKNOWN)?;
        entry.authentication.umts(rng).ok_or(DATA_UNAVAILABLE)
    }

    /// Takes the card's sequence number over; false if AUTS does not verify.
    pub fn resynchronise(&mut self, imsi: &Imsi, rand: &[u8; 16], auts: &[u8; 14]) -> bool {
        let entry = self.subscribers.get_mut(imsi);
        entry.is_some_and(|entry| entry.authentication.resynchronise(rand, auts))
    }

    /// Registers a subscriber with a serving node; its data, and the node where it was before.
    ///
    /// # Errors
    /// [`USER_UNKNOWN`], [`ROAMING_NOT_ALLOWED`].
    pub fn update_location(
        &mut self,
        imsi: &Imsi,
        serving: Serving,
        home: Plmn,
    ) -> Result<(SubscriptionData, Option<Serving>), Cause> {
        let entry = self.subscribers.get_mut(imsi).ok_or(USER_UNKNOWN)?;
        if serving.plmn != home && !entry.contract.roaming {
            return Err(ROAMING_NOT_ALLOWED);
        }
        let before = entry.serving.replace(serving).filter(|before| *before != serving);
        let data = SubscriptionData {
            class: entry.class,
            contract: entry.contract.clone(),
            msisdn: entry.msisdn.clone(),
        };
        Ok((data, before))
    }

    /// All subscribers for a reader, in order of IMSI.
    pub fn views(&self) -> impl Iterator<Item = SubscriberView> {
        self.subscribers.iter().map(|(imsi, entry)| entry.view(imsi))
    }
}
