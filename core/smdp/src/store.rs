//! How records lie in a store that knows nothing of them: rows with a name, a
//! revision, aliases and a body.
//!
//! A store has three things to do: find rows by [`Lookup`], apply [`Change`]s
//! all or none, and refuse them when a revision is not the one expected or a
//! unique alias is taken.

use crate::audit::{self, Head};
use crate::event::{AWAITED_LIMIT, EVENTS_LIMIT, EVENTS_SHOWN, EventRecord};
use crate::{Call, Order, Package, Reply, Session};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::AuditKey;
use esim_rsp::{Eid, Error, Iccid, TransactionId};

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
}

/// What tells one event of an SM-DS from all others: the eUICC, the server that has registered it, and its identifier,
/// which is that server's own business.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventName {
    /// The eUICC.
    pub eid: Eid,
    /// OID of the server.
    pub owner: String,
    /// `eventId`.
    pub event_id: String,
}

/// How a store is asked for rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The row of this name.
    Name(String),
    /// Rows that have this alias, by name, `limit` at most.
    Alias {
        /// Alias.
        alias: String,
        /// How many rows.
        limit: u32,
    },
    /// Rows that are due by then, the longest waiting first, `limit` at most.
    Due {
        /// Seconds since 1970, inclusive.
        by: u64,
        /// How many rows.
        limit: u32,
    },
    /// Rows whose name begins with `prefix` and is greater than `after`, by
    /// name, `limit` at most.
    Range {
        /// Beginning of the names.
        prefix: String,
        /// The name before the first.
        after: String,
        /// How many rows.
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
        }
    }

    /// The question to the store.
    pub fn lookup(&self) -> Lookup {
        let alias = |alias: String, limit| Lookup::Alias { alias, limit };
        match self {
            Self::Order(iccid) => Lookup::Name(order_name(iccid)),
            Self::Package(iccid) => Lookup::Name(package_name(iccid)),
            Self::Head(iccid) => Lookup::Name(head_name(iccid)),
            Self::Session(id) => Lookup::Name(session_name(id)),
            Self::MatchingId(id) => alias(matching_alias(id), 1),
            Self::Imsi(owner, imsi) => alias(imsi_alias(owner.as_deref(), imsi), 1),
            Self::ImsiOfAnybody(imsi) => alias(format!("{IMSI_ALIAS}{imsi}"), 1),
            Self::DefaultOf(eid) => alias(format!("default/{eid}"), 16),
            Self::IdleDefaultOf(eid) => alias(format!("default-idle/{eid}"), 1),
            Self::Event(name) => Lookup::Name(event_name(name)),
            Self::EventOfAnybody(eid, id) => Lookup::Name(format!("{EVENT_NAME}{eid}/{id}")),
            Self::EventsOf(eid) => alias(format!("events/{eid}"), EVENTS_SHOWN),
            Self::EventsBy(eid, owner) => alias(format!("events/{eid}/{owner}"), EVENTS_LIMIT),
            Self::Awaited(eid, operator) => alias(awaited_alias(eid, operator), AWAITED_LIMIT + 1),
            Self::OfType(owner, name) => alias(type_alias("type", owner.as_deref(), name), 1),
            Self::AvailableOfType { owner, name, limit } => {
                alias(type_alias("available", owner.as_deref(), name), *limit)
            }
            Self::Due { by, limit } => Lookup::Due { by: *by, limit: *limit },
            Self::Orders { after, limit } => Lookup::Range {
                prefix: "order/".to_string(),
                after: after.as_ref().map(order_name).unwrap_or_default(),
                limit: *limit,
            },
        }
    }
}

/// How aliases begin that hold an IMSI: personal data, which stores are to see in a disguise only.
pub const IMSI_ALIAS: &str = "imsi/";
/// How aliases begin that hold a matchingId: whoever knows it may fetch the profile, so stores are to see a disguise.
pub const MATCHING_ALIAS: &str = "matching/";
/// How names begin that end in an eventId, which is a matchingId: the same holds of them, from the third part on.
pub const EVENT_NAME: &str = "event/";

/// How the names of orders begin.
pub const ORDER_NAME: &str = "order/";
/// How the names of histories' ends begin.
pub const HEAD_NAME: &str = "head/";

fn order_name(iccid: &Iccid) -> String {
    format!("{ORDER_NAME}{iccid}")
}

fn package_name(iccid: &Iccid) -> String {
    format!("package/{iccid}")
}

fn head_name(iccid: &Iccid) -> String {
    format!("{HEAD_NAME}{iccid}")
}

fn session_name(id: &TransactionId) -> String {
    format!("session/{id}")
}

fn event_name(name: &EventName) -> String {
    let EventName { eid, owner, event_id } = name;
    format!("{EVENT_NAME}{eid}/{owner}/{event_id}")
}

fn awaited_alias(eid: &Eid, operator: &str) -> String {
    format!("awaited/{eid}/{operator}")
}

/// IMSIs are told apart by owner: what one has says nothing to another.
fn imsi_alias(owner: Option<&str>, imsi: &str) -> String {
    format!("{IMSI_ALIAS}{}/{imsi}", owner.unwrap_or_default())
}

/// The stock of each owner is its own, and that of nobody is everybody's.
fn type_alias(kind: &str, owner: Option<&str>, name: &str) -> String {
    match owner {
        Some(owner) => format!("{kind}/{owner}/{name}"),
        None => format!("{kind}/{name}"),
    }
}

fn matching_alias(id: &str) -> String {
    format!("{MATCHING_ALIAS}{id}")
}

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
    pub fn name(&self) -> String {
        match self {
            Self::Order(order) => order_name(&order.iccid),
            Self::Package(package) => package_name(&package.iccid),
            Self::Head(head) => head_name(&head.iccid),
            Self::Session(session) => session_name(&session.transaction_id),
            Self::Event(event) => event_name(&event.name()),
        }
    }

    fn aliases(&self) -> Vec<Alias> {
        let shared = |name: String| Alias { name, unique: false };
        let order = match self {
            Self::Order(order) => order,
            Self::Event(event) => {
                let all = format!("events/{}", event.eid);
                return Vec::from([shared(format!("{all}/{}", event.owner)), shared(all)]);
            }
            Self::Package(_) | Self::Head(_) | Self::Session(_) => return Vec::new(),
        };
        let owner = order.owner.as_deref();
        let mut aliases = Vec::from([shared(type_alias("type", owner, &order.profile_type))]);
        if order.state == crate::OrderState::Available {
            aliases.push(shared(type_alias("available", owner, &order.profile_type)));
        }
        if let Some(source) = order.source.as_ref().filter(|_| !order.is_over()) {
            aliases.push(Alias { name: imsi_alias(owner, &source.imsi), unique: true });
        }
        if let (Some(event), Some(operator)) =
            (order.event.as_ref().filter(|_| order.is_open()), order.whose())
        {
            aliases.push(shared(awaited_alias(&event.eid, operator)));
        }
        match (order.matching_id.as_deref(), order.eid) {
            // However many have come to their end, those that wait are found.
            (Some(""), Some(eid)) if order.is_pending() => aliases.push(shared(format!("default/{eid}"))),
            (Some(""), Some(eid)) => aliases.push(shared(format!("default-idle/{eid}"))),
            (None | Some(""), _) => {}
            (Some(id), _) => aliases.push(Alias { name: matching_alias(id), unique: true }),
        }
        aliases
    }

    fn expires(&self) -> Option<u64> {
        match self {
            Self::Session(session) => Some(session.forget_at),
            Self::Event(event) => Some(event.expires_at),
            _ => None,
        }
    }

    fn due(&self) -> Option<u64> {
        match self {
            Self::Order(order) => order.due(),
            _ => None,
        }
    }

    fn body(&self) -> Result<Vec<u8>, Error> {
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

/// A second name of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Kind and value, `matching/ABC`.
    pub name: String,
    /// Whether no other row may have it.
    pub unique: bool,
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

/// A row as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Kind and identifier, `order/8900…`.
    pub name: String,
    /// 1 for the first; one more with every change.
    pub revision: u64,
    /// JSON; holds secrets, so it is for the store only.
    pub body: Vec<u8>,
}

/// One change to the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Write a row with revision `expected + 1`, all its aliases replaced.
    Put {
        /// Name of the row.
        name: String,
        /// Revision that the row must have now; 0 if it must not exist.
        expected: u64,
        /// The new body.
        body: Vec<u8>,
        /// All second names that the row has from now on.
        aliases: Vec<Alias>,
        /// May be forgotten from this second on.
        expires: Option<u64>,
        /// Something is to be done with it from this second on.
        due: Option<u64>,
    },
    /// Remove a row and its aliases.
    Delete {
        /// Name of the row.
        name: String,
        /// Revision that the row must have now; 0 if it must not exist.
        expected: u64,
    },
    /// Remove rows that expire before this second; if there are many, some of them.
    Sweep {
        /// Seconds since 1970.
        before: u64,
    },
}

/// The records loaded for a decision, with their revisions.
#[derive(Clone, Debug, Default)]
pub struct Records {
    orders: BTreeMap<Iccid, Order>,
    packages: BTreeMap<Iccid, Package>,
    heads: BTreeMap<Iccid, Head>,
    sessions: BTreeMap<TransactionId, Session>,
    events: BTreeMap<EventName, EventRecord>,
    replies: BTreeMap<Call, Reply>,
    /// For each name of a record what the store calls it, and the revision that it has there.
    loaded: BTreeMap<String, (String, u64)>,
    /// Rows that could not be read, with the key that has found each.
    damaged: BTreeSet<(Key, String)>,
}

impl Records {
    /// Adds a row that a store has found.
    ///
    /// # Errors
    /// A body that is no record of the kind that its name says: the store has
    /// been damaged or written by another version.
    pub fn add(&mut self, row: Row) -> Result<(), Error> {
        let kind = row.name.split('/').next().unwrap_or_default();
        let name = match kind {
            "order" => {
                let order: Order = esim_rsp::json::parse(&row.body)?;
                let name = order_name(&order.iccid);
                self.orders.insert(order.iccid, order);
                name
            }
            "package" => {
                let package: Package = esim_rsp::json::parse(&row.body)?;
                let name = package_name(&package.iccid);
                self.packages.insert(package.iccid, package);
                name
            }
            "head" => {
                let head: Head = esim_rsp::json::parse(&row.body)?;
                let name = head_name(&head.iccid);
                self.heads.insert(head.iccid, head);
                name
            }
            "session" => {
                let session: Session = esim_rsp::json::parse(&row.body)?;
                let name = session_name(&session.transaction_id);
                self.sessions.insert(session.transaction_id.clone(), session);
                name
            }
            "event" => {
                let event: EventRecord = esim_rsp::json::parse(&row.body)?;
                let name = event_name(&event.name());
                self.events.insert(event.name(), event);
                name
            }
            _ => {
                return Err(Error::text(format!("a record of no known kind: {}", row.name)));
            }
        };
        self.loaded.insert(name, (row.name, row.revision));
        Ok(())
    }

    /// Remembers that a key has found a row, by its name in the store, that cannot be read.
    pub fn add_damaged(&mut self, key: Key, row: String) {
        self.damaged.insert((key, row));
    }

    /// Rows that could not be read, with the key that has found each.
    pub fn damaged(&self) -> impl Iterator<Item = (&Key, &str)> {
        self.damaged.iter().map(|(key, row)| (key, row.as_str()))
    }

    /// Whether what a key names is there and cannot be read.
    pub fn is_damaged(&self, key: &Key) -> bool {
        self.damaged().any(|(damaged, _)| damaged == key)
    }

    /// Adds what came of a call.
    pub fn add_reply(&mut self, call: Call, reply: Reply) {
        self.replies.insert(call, reply);
    }

    /// The replies without the rows, for another try over rows that have changed.
    #[must_use]
    pub fn into_replies(self) -> Self {
        Self { replies: self.replies, ..Self::default() }
    }

    /// All calls that were made for this decision, for earlier tries of it too, and what came of them.
    pub fn replies(&self) -> impl Iterator<Item = (&Call, &Reply)> {
        self.replies.iter()
    }

    /// What came of a call that [`crate::Function::calls`] named.
    pub fn reply(&self, call: &Call) -> Option<&Reply> {
        self.replies.get(call)
    }

    /// The order of a profile.
    pub fn order(&self, iccid: &Iccid) -> Option<&Order> {
        self.orders.get(iccid)
    }

    /// All orders loaded, by ICCID.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    /// The order behind a matchingId that is not empty.
    pub fn order_of_matching_id(&self, id: &str) -> Option<&Order> {
        self.orders().find(|order| order.matching_id.as_deref() == Some(id))
    }

    /// The octets of a profile.
    pub fn package(&self, iccid: &Iccid) -> Option<&Package> {
        self.packages.get(iccid)
    }

    /// The end of an order's history.
    pub fn head(&self, iccid: &Iccid) -> Option<&Head> {
        self.heads.get(iccid)
    }

    /// A session, known by its transaction id.
    pub fn session(&self, id: &TransactionId) -> Option<&Session> {
        self.sessions.get(id)
    }

    /// An event.
    pub fn event(&self, name: &EventName) -> Option<&EventRecord> {
        self.events.get(name)
    }

    /// Events of an eUICC.
    pub fn events_of(&self, eid: Eid) -> impl Iterator<Item = &EventRecord> {
        self.events.values().filter(move |event| event.eid == eid)
    }

    /// The writes of a decision as changes against the revisions loaded.
    ///
    /// # Errors
    /// A record that has no form as JSON; none is known.
    pub fn changes(&self, writes: &[Write]) -> Result<Vec<Change>, Error> {
        writes.iter().map(|write| self.change(write, true)).collect()
    }

    /// Seals all histories with another key, as far as they hold under one of `keys`.
    pub fn seal_histories_anew(&mut self, keys: &[&AuditKey], key: &AuditKey) {
        for (iccid, order) in &mut self.orders {
            let head = audit::seal_anew(order, self.heads.get(iccid), keys, key);
            self.heads.extend(head.map(|head| (*iccid, head)));
        }
    }

    /// Every record as it is, as a change of its own under the name of the record: for whoever keeps rows in another
    /// form.
    ///
    /// # Errors
    /// As [`Records::changes`].
    pub fn rewrite(&self) -> Result<Vec<Change>, Error> {
        let orders = self.orders.values().cloned().map(Write::from);
        let packages = self.packages.values().cloned().map(Write::from);
        let sessions = self.sessions.values().cloned().map(Write::from);
        let events = self.events.values().cloned().map(Write::from);
        let heads = self.heads.values().cloned().map(|head| Write::Put(Record::Head(head)));
        let all = orders.chain(packages).chain(heads).chain(sessions).chain(events);
        all.map(|write| self.change(&write, false)).collect()
    }

    /// `as_stored` is whether a row that is there keeps the name that it has in the store.
    fn change(&self, write: &Write, as_stored: bool) -> Result<Change, Error> {
        let known = |name: String| match self.loaded.get(&name) {
            Some((stored, revision)) => (if as_stored { stored.clone() } else { name }, *revision),
            None => (name, 0),
        };
        Ok(match write {
            Write::Put(record) => {
                let (name, expected) = known(record.name());
                let expected = match record {
                    // Written without being loaded: the order knows how often that was done.
                    Record::Head(head) if expected == 0 => head.heads.saturating_sub(1),
                    _ => expected,
                };
                Change::Put {
                    name,
                    expected,
                    body: record.body()?,
                    aliases: record.aliases(),
                    expires: record.expires(),
                    due: record.due(),
                }
            }
            Write::DeletePackage(iccid) => {
                let (name, expected) = known(package_name(iccid));
                Change::Delete { name, expected }
            }
            Write::DeleteEvent(event) => {
                let (name, expected) = known(event_name(event));
                Change::Delete { name, expected }
            }
            Write::Sweep { before } => Change::Sweep { before: *before },
        })
    }
}
