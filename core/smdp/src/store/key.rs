//! Which records a function needs, and how a store is asked for them.

use super::{AliasName, EventName, Kind, Lookup, Name};
use crate::event::{AWAITED_LIMIT, EVENTS_LIMIT, EVENTS_SHOWN};
use alloc::format;
use alloc::string::{String, ToString};
use esim_rsp::{Eid, Iccid, TransactionId};

/// Which records a function needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// The order of a profile.
    Order(Iccid),
    /// The octets of a profile.
    Package(Iccid),
    /// The end of an order's history.
    Head(Iccid),
    /// A download session.
    Session(TransactionId),
    /// The order behind an activation code or event.
    MatchingId(String),
    /// The order of a batch whose subscriber has this IMSI, among those of one owner (or of those without), unless it
    /// is over.
    Imsi(Option<String>, String),
    /// The same among the orders of everybody, as earlier versions have named them.
    ImsiOfAnybody(String),
    /// Orders that wait for this eUICC to fetch them without a matchingId (default SM-DP+).
    DefaultOf(Eid),
    /// Any one order that was, or will be, such a one, and does not wait now: to say why.
    IdleDefaultOf(Eid),
    /// An event of an SM-DS.
    Event(EventName),
    /// The same by the name that earlier versions have given it, whoever has registered it.
    EventOfAnybody(Eid, String),
    /// Events that wait for this eUICC.
    EventsOf(Eid),
    /// Those of them that the server of this OID has registered.
    EventsBy(Eid, String),
    /// Orders of an operator that wait for this eUICC with an event.
    Awaited(Eid, String),
    /// Any one order of a profile type, whatever its state, among those of one owner (or of those without).
    OfType(Option<String>, String),
    /// Orders of a profile type that are still to be had, among those of one owner (or of those without).
    AvailableOfType {
        /// OID.
        owner: Option<String>,
        /// Profile type.
        name: String,
        /// How many.
        limit: u32,
    },
    /// Orders that have something due by then, the longest waiting first.
    Due {
        /// Seconds since 1970, inclusive.
        by: u64,
        /// How many.
        limit: u32,
    },
    /// Orders by ICCID, `limit` at most, from the first behind `after`.
    Orders {
        /// The last one seen.
        after: Option<Iccid>,
        /// How many.
        limit: u32,
    },
    /// Those of them whose ICCID begins so.
    OrdersFrom {
        /// Digits.
        digits: String,
        /// The last one seen.
        after: Option<Iccid>,
        /// How many.
        limit: u32,
    },
    /// Those that are for an eUICC. A store that does not know gives any.
    OrdersOfEid {
        /// Of the eUICC.
        eid: Eid,
        /// The last one seen.
        after: Option<Iccid>,
        /// How many.
        limit: u32,
    },
    /// Those of an operator. A store that does not know gives any.
    OrdersOf {
        /// OID.
        owner: String,
        /// The last one seen.
        after: Option<Iccid>,
        /// How many.
        limit: u32,
    },
}

impl Key {
    /// Whether it names one record, without which nothing can be decided; the others find some of many.
    pub fn is_single(&self) -> bool {
        match self {
            Self::Order(_) | Self::Package(_) | Self::Head(_) | Self::Session(_) => true,
            Self::Event(_) | Self::EventOfAnybody(..) => true,
            Self::MatchingId(_) | Self::Imsi(..) | Self::ImsiOfAnybody(_) => true,
            Self::DefaultOf(_) | Self::IdleDefaultOf(_) | Self::EventsOf(_) => false,
            Self::EventsBy(..) | Self::Awaited(..) | Self::OfType(..) => false,
            Self::AvailableOfType { .. } | Self::Due { .. } | Self::Orders { .. } => false,
            Self::OrdersFrom { .. } | Self::OrdersOfEid { .. } | Self::OrdersOf { .. } => false,
        }
    }

    /// The question to the store.
    pub fn lookup(&self) -> Lookup {
        let name = |name: Name| Lookup::Name(name.to_string());
        let after_order =
            |after: &Option<Iccid>| after.map(|iccid| Name::Order(iccid).to_string()).unwrap_or_default();
        let paged =
            |alias: AliasName<'_>, after, limit| Lookup::Alias { alias: alias.to_string(), after, limit };
        let alias = |alias: AliasName<'_>, limit| paged(alias, String::new(), limit);
        match self {
            Self::Order(iccid) => name(Name::Order(*iccid)),
            Self::Package(iccid) => name(Name::Package(*iccid)),
            Self::Head(iccid) => name(Name::Head(*iccid)),
            Self::Session(id) => name(Name::Session(id.clone())),
            Self::MatchingId(id) => alias(AliasName::Matching(id), 1),
            Self::Imsi(owner, imsi) => alias(AliasName::Imsi(owner.as_deref(), imsi), 1),
            Self::ImsiOfAnybody(imsi) => alias(AliasName::ImsiOfAnybody(imsi), 1),
            Self::DefaultOf(eid) => alias(AliasName::Default(*eid), 16),
            Self::IdleDefaultOf(eid) => alias(AliasName::DefaultIdle(*eid), 1),
            Self::Event(event) => name(Name::Event(event.clone())),
            Self::EventOfAnybody(eid, id) => name(Name::EventOfAnybody(*eid, id.clone())),
            Self::EventsOf(eid) => alias(AliasName::Events(*eid), EVENTS_SHOWN),
            Self::EventsBy(eid, owner) => alias(AliasName::EventsBy(*eid, owner), EVENTS_LIMIT),
            Self::Awaited(eid, operator) => alias(AliasName::Awaited(*eid, operator), AWAITED_LIMIT + 1),
            Self::OfType(owner, kind) => alias(AliasName::Type(owner.as_deref(), kind), 1),
            Self::AvailableOfType { owner, name, limit } => {
                alias(AliasName::Available(owner.as_deref(), name), *limit)
            }
            Self::Due { by, limit } => Lookup::Due { by: *by, limit: *limit },
            Self::Orders { after, limit } => Lookup::Range {
                prefix: Kind::Order.prefix().to_string(),
                after: after_order(after),
                limit: *limit,
            },
            Self::OrdersFrom { digits, after, limit } => Lookup::Range {
                prefix: format!("{}{digits}", Kind::Order.prefix()),
                after: after_order(after),
                limit: *limit,
            },
            Self::OrdersOfEid { eid, after, limit } => {
                paged(AliasName::Eid(*eid), after_order(after), *limit)
            }
            Self::OrdersOf { owner, after, limit } => {
                paged(AliasName::Owner(owner), after_order(after), *limit)
            }
        }
    }
}
