//! An order: a profile on its way to one eUICC (SGP.22 3.1.6).

use crate::call::Errand;
use crate::event::OrderEvent;
use crate::history::{CalledBy, Chain};
use crate::{Call, Secret, guest};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use esim_rsp::activation_code::ActivationCode;
use esim_rsp::es8p::StoreMetadataRequest;
use esim_rsp::json::Base64;
use esim_rsp::{Code, Eid, Error, Iccid, Refusal, TransactionId};
use serde::{Deserialize, Serialize};

/// States of a profile at the SM-DP+ (SGP.22 3.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum OrderState {
    /// In stock.
    Available,
    /// Reserved, for no eUICC in particular.
    Allocated,
    /// Reserved for one eUICC.
    Linked,
    /// It is settled how it will be fetched, but it may not be fetched yet.
    Confirmed,
    /// May be fetched.
    Released,
    /// The package has been handed out.
    Downloaded,
    /// The eUICC has confirmed the installation.
    Installed,
    /// Cannot be fetched any more.
    Error,
    /// Withdrawn.
    Unavailable,
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A profile, who may have it, and what has become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Of the profile.
    pub iccid: Iccid,
    /// Where it stands.
    pub state: OrderState,
    /// How often the profile has been taken back and ordered anew; sessions of
    /// an earlier round get nothing any more.
    pub round: u32,
    /// Kind of profile, as the operator calls it.
    pub profile_type: String,
    /// OID of the operator whose it is; absent if any caller may have it.
    pub owner: Option<String>,
    /// OID of the operator that has ordered it: who is told how it goes on.
    #[serde(default)]
    pub operator: Option<String>,
    /// `BF25 …`: what eUICC and user are told.
    pub metadata: Base64,
    /// What the profile asks of an eUICC.
    pub needs: Needs,
    /// The eUICC that it is reserved for.
    pub eid: Option<Eid>,
    /// Token of the activation code; empty in the default SM-DP+ use case.
    pub matching_id: Option<String>,
    /// What the user must know.
    pub confirmation: Option<Confirmation>,
    /// Sessions that have come as far as this order.
    pub download_attempts: u32,
    /// Seconds since 1970; not to be fetched from then on ([`Order::ends_at`]).
    pub expires_at: Option<u64>,
    /// Keys of the package handed out last.
    pub bound: Option<Bound>,
    /// Why it is in [`OrderState::Error`].
    pub failure: Option<Failure>,
    /// `BF37 …`: the last installation result whose signature was right.
    pub installation_result: Option<Base64>,
    /// What the eUICC has reported since.
    pub on_card: Option<OnCard>,
    /// The event at an SM-DS that leads to it.
    #[serde(default)]
    pub event: Option<OrderEvent>,
    /// What others are still to be told, each of them in this order.
    #[serde(default)]
    pub errands: Vec<Errand>,
    /// Where it came from, if a batch brought it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// What happened, oldest first.
    pub history: Vec<HistoryEntry>,
    /// What holds the history together; absent as long as it has no entry, or none but from before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<Chain>,
}

/// The row of a batch that an order came from: enough to know the row again, and none of its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Of the subscriber.
    pub imsi: String,
    /// Name of the template.
    pub template: String,
    /// Key of the digests, 16 octets.
    pub salt: Secret,
    /// For each column of the row that was not empty: 8 octets that another value would not give.
    pub digests: BTreeMap<String, Base64>,
}

/// What a profile asks of an eUICC and of the device around it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// Length of the package in octets.
    pub octets: u32,
    /// Major version of the interoperable profile package.
    pub version: u8,
    /// `eUICC-Mandatory-services` of its header: bit n is the service of tag `[n]`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub services: u64,
    /// The lowest release of each access network that the device must support.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub device: BTreeMap<Access, u8>,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a device can be asked for: the fields of `DeviceCapabilities` (SGP.22 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// GSM.
    Gsm,
    /// UMTS.
    Utran,
    /// CDMA2000 1x.
    Cdma2000onex,
    /// CDMA2000 HRPD.
    Cdma2000hrpd,
    /// CDMA2000 eHRPD.
    Cdma2000ehrpd,
    /// LTE on EPC.
    EutranEpc,
    /// Contactless.
    Contactless,
    /// NR on EPC.
    NrEpc,
    /// NR on 5GC.
    Nr5gc,
    /// LTE on 5GC.
    Eutran5gc,
}

/// A confirmation code, as far as the server knows it (SGP.22 3.1.1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// SHA-256 of the code.
    pub hash: Base64,
    /// Wrong codes that are still allowed.
    pub attempts_left: u32,
}

impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Confirmation({} attempts left)", self.attempts_left)
    }
}

/// The keys under which a package was bound, so that it can be bound again in
/// the same way for an eUICC that still has its one-time key (SGP.22 3.1.3.2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bound {
    /// The session that it was handed out in last.
    pub transaction_id: TransactionId,
    /// CERT.EUICC, for the installation result, which brings none.
    pub euicc_certificate: Base64,
    /// Key identifier of the CI above our certificates.
    pub ci_pk_id: Base64,
    /// One-time public key of the eUICC.
    pub euicc_otpk: Base64,
    /// Our one-time private key: the scalar.
    pub smdp_otsk: Secret,
    /// `hostId` of the key derivation.
    pub host_id: Base64,
    /// Initial chaining value, encryption and MAC key of the profile, 16 octets
    /// each, where it is not protected by the session keys.
    pub profile_keys: Option<Secret>,
}

/// Why an order cannot be fetched any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Subject code, as reported to the operator (SGP.22 5.3.5).
    pub subject: String,
    /// Reason code.
    pub reason: String,
}

impl Failure {
    /// The code that it is; none if this version does not know it.
    pub fn code(&self) -> Option<Code> {
        Code::of(&self.subject, &self.reason)
    }
}

/// What the eUICC has reported of an installed profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnCard {
    /// Its state there.
    pub state: CardState,
    /// Sequence number of the notification that says so.
    pub sequence: u32,
}

/// State of a profile on the eUICC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CardState {
    /// Installed and not in use.
    Disabled,
    /// In use.
    Enabled,
    /// Not there any more.
    Deleted,
}

/// One line of an order's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Seconds since 1970, UTC.
    pub at: u64,
    /// The function: `confirmOrder`.
    pub function: String,
    /// What came of it, for a person; no secrets.
    pub what: String,
    /// The state afterwards.
    pub state: OrderState,
    /// Subject code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_code: Option<String>,
    /// Reason code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// Who has called; absent where this server did it by itself, and in entries from before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<CalledBy>,
    /// What makes a change noticed ([`crate::audit`]); added when the entry is committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Base64>,
}

impl Order {
    /// A profile in stock.
    pub fn new(iccid: Iccid, profile_type: &str, metadata: Base64, needs: Needs) -> Self {
        Self {
            iccid,
            state: OrderState::Available,
            round: 0,
            profile_type: profile_type.into(),
            owner: None,
            operator: None,
            metadata,
            needs,
            eid: None,
            matching_id: None,
            confirmation: None,
            download_attempts: 0,
            expires_at: None,
            bound: None,
            failure: None,
            installation_result: None,
            on_card: None,
            event: None,
            errands: Vec::new(),
            source: None,
            history: Vec::new(),
            chain: None,
        }
    }

    /// The metadata as a message.
    ///
    /// # Errors
    /// Stored octets that are no `BF25`: damage.
    pub fn metadata(&self) -> Result<StoreMetadataRequest, Error> {
        esim_rsp::decode(&self.metadata.0)
    }

    /// What the user scans, once it is settled how the profile will be fetched.
    pub fn activation_code(&self, smdp_address: &str) -> Option<ActivationCode> {
        self.matching_id.as_ref().map(|matching_id| ActivationCode {
            smdp_address: smdp_address.into(),
            matching_id: matching_id.clone(),
            smdp_oid: None,
            confirmation_code_required: self.confirmation.is_some(),
        })
    }

    /// OID of the operator whose it is: the profile's owner, or else whoever has ordered it.
    pub fn whose(&self) -> Option<&str> {
        self.owner.as_deref().or(self.operator.as_deref())
    }

    /// Whether an operator may know of it: its own, and what is in stock for everybody but guests.
    pub fn is_for(&self, operator: &str) -> bool {
        match self.whose() {
            Some(whose) => whose == operator,
            None => self.state == OrderState::Available && !guest::is(operator),
        }
    }

    /// Whether the order waits to be fetched.
    pub fn is_pending(&self) -> bool {
        matches!(self.state, OrderState::Released | OrderState::Downloaded)
    }

    /// Whether the profile is ordered and the order has not come to its end.
    pub fn is_open(&self) -> bool {
        let ordered =
            matches!(self.state, OrderState::Allocated | OrderState::Linked | OrderState::Confirmed);
        ordered || self.is_pending()
    }

    /// Whether nobody will use this profile any more, so that its subscriber may have another.
    pub fn is_over(&self) -> bool {
        let deleted = self.on_card.is_some_and(|card| card.state == CardState::Deleted);
        deleted || matches!(self.state, OrderState::Error | OrderState::Unavailable)
    }

    /// Until when it may be fetched, seconds since 1970: a guest's no longer than the guest is there.
    pub fn ends_at(&self) -> Option<u64> {
        self.expires_at.into_iter().chain(self.guest_ends_at()).min()
    }

    fn guest_ends_at(&self) -> Option<u64> {
        self.whose().and_then(guest::ends_at)
    }

    /// Whether the order cannot be fetched any more because of its age.
    pub fn has_expired(&self, now: u64) -> bool {
        self.ends_at().is_some_and(|end| now >= end)
    }

    /// Seconds since 1970 from which on [`crate::Attend`] has something to do here.
    pub fn due(&self) -> Option<u64> {
        let errands = self.next_errands().map(|errand| errand.due);
        let end = self.ends_at().filter(|_| self.can_expire());
        let idle = self.has_idle_event().then_some(0);
        errands.chain(end).chain(idle).min()
    }

    /// The first errand to each receiver: those behind it wait for it, others' do not.
    pub(crate) fn next_errands(&self) -> impl Iterator<Item = &Errand> {
        let earlier = |i: usize| self.errands.iter().take(i);
        let first = move |i: usize, errand: &Errand| earlier(i).all(|other| other.call.to != errand.call.to);
        self.errands.iter().enumerate().filter(move |(i, errand)| first(*i, errand)).map(|(_, errand)| errand)
    }

    /// Whether the order waits for something that may come too late; of a guest, stock does, too.
    pub fn can_expire(&self) -> bool {
        match self.state {
            OrderState::Available | OrderState::Allocated | OrderState::Linked => {
                self.guest_ends_at().is_some()
            }
            state => self.is_pending() || state == OrderState::Confirmed,
        }
    }

    /// Somebody is to be told, after all that he is to be told already; given up after so many seconds.
    pub fn send(&mut self, now: u64, call: Call, patience: u64) {
        self.errands.push(Errand { call, failures: 0, due: now, give_up_at: now.saturating_add(patience) });
    }

    /// Adds to the history.
    pub fn note(&mut self, at: u64, function: &str, what: impl Into<String>) {
        self.history.push(HistoryEntry {
            at,
            function: function.into(),
            what: what.into(),
            state: self.state,
            subject_code: None,
            reason_code: None,
            by: None,
            mac: None,
        });
    }

    /// Adds a refusal to the history.
    pub fn note_refusal(&mut self, at: u64, function: &str, refusal: &Refusal) {
        self.history.push(HistoryEntry {
            at,
            function: function.into(),
            what: refusal.message(),
            state: self.state,
            subject_code: Some(refusal.code.subject().into()),
            reason_code: Some(refusal.code.reason().into()),
            by: None,
            mac: None,
        });
    }

    /// Ends the order for good with the code that the operator is told.
    pub fn fail(&mut self, code: Code) {
        self.state = OrderState::Error;
        self.failure = Some(Failure { subject: code.subject().into(), reason: code.reason().into() });
    }
}

/// The octets of a profile, apart from the order so that nothing but binding
/// ever loads them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Of the profile.
    pub iccid: Iccid,
    /// Unprotected profile package: profile elements, DER.
    pub upp: Secret,
}
