//! Orders for people to look at, without their secrets.

use crate::call::Errand;
use crate::metadata::Metadata;
use crate::order::{Failure, HistoryEntry, OnCard, Order, OrderState};
use crate::store::{Kind, Name};
use crate::{Can, Decision, Env, Function, Key, Records};
use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::activation_code::ActivationCode;
use esim_rsp::{Code, Eid, Error, Iccid, Refusal};
use serde::{Deserialize, Serialize};

/// Most orders on one page.
const PAGE_LIMIT: u32 = 500;

/// An order without its secrets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderView {
    /// Of the profile.
    pub iccid: Iccid,
    /// Where it stands.
    pub state: OrderState,
    /// What can be done with it now.
    #[serde(default)]
    pub can: Vec<Can>,
    /// Kind of profile.
    pub profile_type: String,
    /// OID of the operator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// OID of the operator that has ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<String>,
    /// The eUICC that it is reserved for or lives on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eid: Option<Eid>,
    /// Token of the activation code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matching_id: Option<String>,
    /// `LPA:1$…`, where the order is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation_code: Option<String>,
    /// Whether the user must know a confirmation code.
    pub confirmation_required: bool,
    /// Wrong codes that are still allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation_attempts_left: Option<u32>,
    /// Sessions that have come as far as this order.
    pub download_attempts: u32,
    /// Seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// Length of the profile in octets.
    pub octets: u32,
    /// Why it cannot be fetched any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureView>,
    /// What the eUICC has reported since the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_card: Option<OnCard>,
    /// What the user is told; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Metadata>,
    /// `BF37 …` in hexadecimal; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation_result: Option<String>,
    /// What others are still to be told, in this order; absent in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errands: Vec<ErrandView>,
    /// What happened, oldest first; absent in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<HistoryEntry>,
}

/// Why an order cannot be fetched any more, for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureView {
    /// Subject code (SGP.22 5.3.5).
    pub subject: String,
    /// Reason code.
    pub reason: String,
    /// Cause and remedy.
    pub message: String,
}

impl FailureView {
    fn of(failure: &Failure) -> Self {
        let message = failure.code().map(|code| Refusal::of(code).message()).unwrap_or_default();
        Self { subject: failure.subject.clone(), reason: failure.reason.clone(), message }
    }
}

/// An errand that waits, without what is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrandView {
    /// `handleDownloadProgressInfo`.
    pub function: String,
    /// Who is to be told: host and perhaps port.
    pub to: String,
    /// How often it has failed.
    pub failures: u32,
    /// Seconds since 1970; not before.
    pub due: u64,
    /// Seconds since 1970; given up from then on.
    pub give_up_at: u64,
}

impl ErrandView {
    fn of(errand: &Errand) -> Self {
        Self {
            function: errand.call.function().to_string(),
            to: errand.call.to.clone(),
            failures: errand.failures,
            due: errand.due,
            give_up_at: errand.give_up_at,
        }
    }
}

impl OrderView {
    fn short(order: &Order, smdp_address: &str) -> Self {
        let code = order.activation_code(smdp_address);
        Self {
            iccid: order.iccid,
            state: order.state,
            can: order.can(),
            profile_type: order.profile_type.clone(),
            owner: order.owner.clone(),
            operator: order.operator.clone(),
            eid: order.eid,
            matching_id: order.matching_id.clone(),
            activation_code: code.map(|code| code.to_string()),
            confirmation_required: order.confirmation.is_some(),
            confirmation_attempts_left: order.confirmation.as_ref().map(|c| c.attempts_left),
            download_attempts: order.download_attempts,
            expires_at: order.ends_at(),
            octets: order.needs.octets,
            failure: order.failure.as_ref().map(FailureView::of),
            on_card: order.on_card,
            metadata: None,
            installation_result: None,
            errands: Vec::new(),
            history: Vec::new(),
        }
    }

    fn long(order: &Order, smdp_address: &str) -> Self {
        let result = order.installation_result.as_ref();
        Self {
            metadata: order.metadata().ok().map(|request| Metadata::from_request(&request)),
            installation_result: result.map(|pir| esim_rsp::common::hex_upper(&pir.0)),
            errands: order.errands.iter().map(ErrandView::of).collect(),
            history: order.history.iter().map(|entry| HistoryEntry { mac: None, ..entry.clone() }).collect(),
            ..Self::short(order, smdp_address)
        }
    }
}

/// A page of orders, by ICCID.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListOrdersRequest {
    /// The last ICCID of the page before.
    pub after: Option<Iccid>,
    /// 1 to 500; 100 if absent.
    pub limit: Option<u32>,
    /// Only the order that has this token; `after` and `limit` say nothing then.
    pub matching_id: Option<String>,
    /// Only what a person looks for: see [`Wanted`].
    pub search: Option<String>,
    /// Only orders in this state.
    pub state: Option<OrderState>,
    /// OID of the operator that asks: only what is its own or nobody's. Everything if absent.
    pub requester: Option<String>,
}

/// A page of orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListOrdersOk {
    /// Short views.
    pub orders: Vec<OrderView>,
    /// `after` of the next page, if there may be one: the last ICCID of this one, which an operator gets veiled, for it
    /// may be another's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What of the list could not be read, if anything: names of the store's shares, which are no secret; `order/ICCID` of an
    /// order that is damaged or lost; `order` to an operator, for it may be another's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// Lists orders.
#[derive(Clone, Debug)]
pub struct ListOrders {
    after: Option<Iccid>,
    limit: u32,
    wanted: Wanted,
    state: Option<OrderState>,
    requester: Option<String>,
}

impl Function for ListOrders {
    type Request = ListOrdersRequest;
    type Ok = ListOrdersOk;

    const BEARS_GAPS: bool = true;

    fn read(request: Self::Request) -> Result<Self, Error> {
        let limit = request.limit.unwrap_or(100).clamp(1, PAGE_LIMIT);
        let matching_id = request.matching_id.filter(|id| !id.is_empty());
        let wanted = match (matching_id, &request.search) {
            (Some(id), _) => Wanted::MatchingId(id),
            (None, Some(text)) => Wanted::of(text),
            (None, None) => Wanted::All,
        };
        Ok(Self { after: request.after, limit, wanted, state: request.state, requester: request.requester })
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        if let Wanted::MatchingId(id) = &self.wanted {
            return Vec::from([Key::MatchingId(id.clone())]);
        }
        let key = |after| self.wanted.key(after, self.limit);
        let mut keys = Vec::from([key(self.after)]);
        // Where not all that a store gives need fit, more is looked at, up to a measure.
        let looked = self.looked_at(known);
        let is_full = !looked.is_empty() && (looked.len() as u32).is_multiple_of(self.limit);
        let is_searching = self.state.is_some() || self.wanted != Wanted::All;
        let has_room = looked.len() as u32 + self.limit <= PAGE_LIMIT;
        let fitting = known.orders().filter(|order| self.fits(order)).count();
        if is_full && is_searching && has_room && fitting < self.limit as usize {
            keys.extend(looked.last().map(|last| key(Some(*last))));
        }
        keys
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<ListOrdersOk> {
        let (orders, next) = self.page(records, env);
        let view = |order| OrderView::short(order, &env.config.smdp_address);
        let orders = orders.into_iter().map(view).collect();
        Decision::only(Ok(ListOrdersOk { orders, next, missing: self.missing(records) }))
    }
}

impl ListOrders {
    /// Whether whoever asks is shown everything.
    pub(super) fn is_for_all(&self) -> bool {
        self.requester.is_none()
    }

    /// What was found, as the store counts pages: by the digits, not by the swapped octets. Rows that cannot be read fill
    /// a page as well.
    fn looked_at(&self, records: &Records) -> Vec<Iccid> {
        let damaged = records.damaged().map(|(_, row)| row);
        let missing = records.missing().flat_map(|missing| &missing.rows).map(String::as_str);
        let unread = damaged.chain(missing).filter_map(Name::order_of);
        let mut all: Vec<Iccid> = records.orders().map(|order| order.iccid).chain(unread).collect();
        all.sort_by_cached_key(ToString::to_string);
        all.dedup();
        all
    }

    /// What could not be read, each once.
    fn missing(&self, records: &Records) -> Vec<String> {
        let shares = records.missing().filter_map(|missing| missing.share.clone());
        let lost =
            records.missing().filter(|missing| missing.share.is_none()).flat_map(|missing| &missing.rows);
        let unread = records.damaged().map(|(_, row)| row).chain(lost.map(String::as_str));
        let unread = unread.map(|row| match Kind::of(row) {
            Some((kind, _)) if !self.is_for_all() => kind.word().to_string(),
            _ => row.to_string(),
        });
        let all: BTreeSet<String> = shares.chain(unread).collect();
        all.into_iter().collect()
    }

    fn fits(&self, order: &Order) -> bool {
        self.state.is_none_or(|state| order.state == state)
            && self.wanted.fits(order)
            && is_for(order, self.requester.as_deref())
    }

    /// The orders in the order of the store, and where the next page begins.
    pub(super) fn page<'a>(&self, records: &'a Records, env: &Env<'_>) -> (Vec<&'a Order>, Option<String>) {
        let looked = self.looked_at(records);
        let fitting = looked.iter().filter_map(|iccid| records.order(iccid)).filter(|order| self.fits(order));
        let mut orders: Vec<&Order> = fitting.collect();
        let is_cut = orders.len() > self.limit as usize;
        orders.truncate(self.limit as usize);
        let is_full = !looked.is_empty() && (looked.len() as u32).is_multiple_of(self.limit);
        let last = match &self.wanted {
            Wanted::MatchingId(_) => None,
            _ if is_cut => orders.last().map(|order| order.iccid),
            _ => looked.last().copied().filter(|_| is_full),
        };
        let next = last.map(|iccid| iccid.to_string());
        (orders, next.map(|iccid| if self.requester.is_some() { (env.veil)(&iccid) } else { iccid }))
    }
}

/// What a person looks for among orders.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    /// Everything.
    All,
    /// The beginning of an ICCID.
    Iccid(String),
    /// The eUICC that an order is for.
    Eid(Eid),
    /// OID of the operator whose it is.
    Owner(String),
    /// Token of an activation code.
    MatchingId(String),
}

impl Wanted {
    /// 32 digits are an EID, up to 20 the beginning of an ICCID, with or without blanks; digits with dots an operator's
    /// OID; an activation code, with or without `LPA:`, stands for its token, as anything else does for itself.
    fn of(text: &str) -> Self {
        let text = text.trim();
        let digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
        if text.is_empty() {
            return Self::All;
        }
        if digits.bytes().all(|octet| octet.is_ascii_digit()) {
            return match (digits.len(), digits.parse()) {
                (..=20, _) => Self::Iccid(digits),
                (_, Ok(eid)) => Self::Eid(eid),
                (_, Err(_)) => Self::MatchingId(digits),
            };
        }
        let is_oid = |c: char| c.is_ascii_digit() || c == '.';
        if text.contains('.') && text.chars().all(is_oid) {
            return Self::Owner(text.into());
        }
        match text.parse::<ActivationCode>() {
            Ok(code) if !code.matching_id.is_empty() => Self::MatchingId(code.matching_id),
            _ => Self::MatchingId(text.into()),
        }
    }

    fn key(&self, after: Option<Iccid>, limit: u32) -> Key {
        match self {
            Self::All => Key::Orders { after, limit },
            Self::Iccid(digits) => Key::OrdersFrom { digits: digits.clone(), after, limit },
            Self::Eid(eid) => Key::OrdersOfEid { eid: *eid, after, limit },
            Self::Owner(owner) => Key::OrdersOf { owner: owner.clone(), after, limit },
            Self::MatchingId(id) => Key::MatchingId(id.clone()),
        }
    }

    fn fits(&self, order: &Order) -> bool {
        match self {
            Self::All => true,
            Self::Iccid(digits) => order.iccid.to_string().starts_with(digits),
            Self::Eid(eid) => order.eid == Some(*eid),
            Self::Owner(owner) => order.whose() == Some(owner),
            Self::MatchingId(id) => order.matching_id.as_deref() == Some(id),
        }
    }
}

/// Which order to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowOrderRequest {
    /// Of the profile.
    pub iccid: Iccid,
    /// OID of the operator that asks: another's order is not shown. Every order if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
}

/// Shows one order with its history.
#[derive(Clone, Debug)]
pub struct ShowOrder(ShowOrderRequest);

/// Whether an order is shown to whoever asks.
fn is_for(order: &Order, requester: Option<&str>) -> bool {
    requester.is_none_or(|requester| order.is_for(requester))
}

impl Function for ShowOrder {
    type Request = ShowOrderRequest;
    type Ok = OrderView;

    fn read(request: Self::Request) -> Result<Self, Error> {
        Ok(Self(request))
    }

    fn keys(&self, _: &Records) -> Vec<Key> {
        Vec::from([Key::Order(self.0.iccid)])
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<OrderView> {
        let requester = self.0.requester.as_deref();
        let order = records.order(&self.0.iccid).filter(|order| is_for(order, requester));
        let address = &env.config.smdp_address;
        let view = order.map(|order| match requester {
            // What is in stock for everybody may have been another's before.
            Some(_) if order.whose().is_none() => {
                OrderView { errands: Vec::new(), history: Vec::new(), ..OrderView::long(order, address) }
            }
            _ => OrderView::long(order, address),
        });
        Decision::only(view.ok_or_else(|| Refusal::of(Code::IccidUnknown).about(self.0.iccid)))
    }
}
