//! A record as a row, and what a decision wants written.

use super::{Alias, AliasName, EventName, Name};
use crate::audit::Head;
use crate::{EventRecord, Order, OrderState, Package, Session};
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;
use esim_rsp::{Error, Iccid};

/// A record of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Under its ICCID, matchingId, EID and profile type.
    Order(Box<Order>),
    /// Under its ICCID.
    Package(Package),
    /// Under its ICCID.
    Head(Head),
    /// Under its transaction id, until it expires.
    Session(Box<Session>),
    /// Under its EID and identifier, until it expires.
    Event(EventRecord),
}

impl Record {
    /// The only name of this record.
    pub fn name(&self) -> Name {
        match self {
            Self::Order(order) => Name::Order(order.iccid),
            Self::Package(package) => Name::Package(package.iccid),
            Self::Head(head) => Name::Head(head.iccid),
            Self::Session(session) => Name::Session(session.transaction_id.clone()),
            Self::Event(event) => Name::Event(event.name()),
        }
    }

    pub(super) fn aliases(&self) -> Vec<Alias> {
        match self {
            Self::Order(order) => aliases_of(order),
            Self::Event(event) => Vec::from([
                Alias::shared(AliasName::EventsBy(event.eid, &event.owner)),
                Alias::shared(AliasName::Events(event.eid)),
            ]),
            Self::Package(_) | Self::Head(_) | Self::Session(_) => Vec::new(),
        }
    }

    pub(super) fn expires(&self) -> Option<u64> {
        match self {
            Self::Session(session) => Some(session.forget_at),
            Self::Event(event) => Some(event.expires_at),
            _ => None,
        }
    }

    pub(super) fn due(&self) -> Option<u64> {
        match self {
            Self::Order(order) => order.due(),
            _ => None,
        }
    }

    pub(super) fn body(&self) -> Result<Vec<u8>, Error> {
        let body = match self {
            Self::Order(order) => serde_json::to_vec(&**order),
            Self::Package(package) => serde_json::to_vec(package),
            Self::Head(head) => serde_json::to_vec(head),
            Self::Session(session) => serde_json::to_vec(&**session),
            Self::Event(event) => serde_json::to_vec(event),
        };
        body.map_err(|error| Error::text(format!("{} cannot be written: {error}", self.name())))
    }
}

fn aliases_of(order: &Order) -> Vec<Alias> {
    let owner = order.owner.as_deref();
    let mut aliases = Vec::from([Alias::shared(AliasName::Type(owner, &order.profile_type))]);
    aliases.extend(order.eid.map(|eid| Alias::shared(AliasName::Eid(eid))));
    aliases.extend(order.whose().map(|whose| Alias::shared(AliasName::Owner(whose))));
    if order.state == OrderState::Available {
        aliases.push(Alias::shared(AliasName::Available(owner, &order.profile_type)));
    }
    if let Some(source) = order.source.as_ref().filter(|_| !order.is_over()) {
        aliases.push(Alias::unique(AliasName::Imsi(owner, &source.imsi)));
    }
    if let (Some(event), Some(operator)) = (order.event.as_ref().filter(|_| order.is_open()), order.whose()) {
        aliases.push(Alias::shared(AliasName::Awaited(event.eid, operator)));
    }
    match (order.matching_id.as_deref(), order.eid) {
        // However many have come to their end, those that wait are found.
        (Some(""), Some(eid)) if order.is_pending() => aliases.push(Alias::shared(AliasName::Default(eid))),
        (Some(""), Some(eid)) => aliases.push(Alias::shared(AliasName::DefaultIdle(eid))),
        (None | Some(""), _) => {}
        (Some(id), _) => aliases.push(Alias::unique(AliasName::Matching(id))),
    }
    aliases
}

/// What a decision wants written.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// This record, new or in place of the one loaded.
    Put(Record),
    /// Nothing under the name of this profile any more.
    DeletePackage(Iccid),
    /// No such event any more.
    DeleteEvent(EventName),
    /// Forget what had to be kept until `before`, seconds since 1970; stores may do it in parts.
    Sweep {
        /// Seconds since 1970.
        before: u64,
    },
}

impl From<Order> for Write {
    fn from(order: Order) -> Self {
        Self::Put(Record::Order(Box::new(order)))
    }
}

impl From<Package> for Write {
    fn from(package: Package) -> Self {
        Self::Put(Record::Package(package))
    }
}

impl From<Session> for Write {
    fn from(session: Session) -> Self {
        Self::Put(Record::Session(Box::new(session)))
    }
}

impl From<EventRecord> for Write {
    fn from(event: EventRecord) -> Self {
        Self::Put(Record::Event(event))
    }
}
