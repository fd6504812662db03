//! The records loaded for a decision, and what it makes of them.

use super::{Change, EventName, Key, Kind, Missing, Name, Record, Row, Write};
use crate::audit::{self, Head};
use crate::{Call, EventRecord, Order, Package, Reply, Session};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::MacKey;
use esim_rsp::{Eid, Error, Iccid, TransactionId, json};

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
    /// What of a list a store could not give.
    missing: BTreeSet<Missing>,
    /// What a store was asked for, whatever it had.
    asked: BTreeSet<Key>,
}

impl Records {
    /// Adds a row that a store has found.
    ///
    /// # Errors
    /// A body that is no record of the kind that its name says: the store has
    /// been damaged or written by another version.
    pub fn add(&mut self, row: Row) -> Result<(), Error> {
        let kind = Kind::of(&row.name).map(|(kind, _)| kind);
        let record = match kind {
            Some(Kind::Order) => Record::Order(Box::new(json::parse(&row.body)?)),
            Some(Kind::Package) => Record::Package(json::parse(&row.body)?),
            Some(Kind::Head) => Record::Head(json::parse(&row.body)?),
            Some(Kind::Session) => Record::Session(Box::new(json::parse(&row.body)?)),
            Some(Kind::Event) => Record::Event(json::parse(&row.body)?),
            Some(Kind::Config) | None => {
                return Err(Error::text(format!("a record of no known kind: {}", row.name)));
            }
        };
        let name = record.name().to_string();
        match record {
            Record::Order(order) => drop(self.orders.insert(order.iccid, *order)),
            Record::Package(package) => drop(self.packages.insert(package.iccid, package)),
            Record::Head(head) => drop(self.heads.insert(head.iccid, head)),
            Record::Session(session) => {
                drop(self.sessions.insert(session.transaction_id.clone(), *session));
            }
            Record::Event(event) => drop(self.events.insert(event.name(), event)),
        }
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

    /// Remembers what of a list a store could not give.
    pub fn add_missing(&mut self, missing: impl IntoIterator<Item = Missing>) {
        self.missing.extend(missing);
    }

    /// What of lists a store could not give.
    pub fn missing(&self) -> impl Iterator<Item = &Missing> {
        self.missing.iter()
    }

    /// Remembers that a store was asked for this.
    pub fn add_asked(&mut self, keys: impl IntoIterator<Item = Key>) {
        self.asked.extend(keys);
    }

    /// Whether a store was asked for this: what is not among the records then is not there.
    pub fn was_asked(&self, key: &Key) -> bool {
        self.asked.contains(key)
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

    /// All events loaded.
    pub fn events(&self) -> impl Iterator<Item = &EventRecord> {
        self.events.values()
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
    pub fn seal_histories_anew(&mut self, keys: &[&MacKey], key: &MacKey) {
        for (iccid, order) in &mut self.orders {
            let head = audit::seal_anew(order, self.heads.get(iccid), keys, key);
            self.heads.extend(head.map(|head| (*iccid, head)));
        }
    }

    /// The same for a store that has none of these records, where heads are written for the first time.
    ///
    /// # Errors
    /// A history does not hold under any of `keys`: a sentence with the entry that does not fit.
    pub fn begin_histories_anew(&mut self, keys: &[&MacKey], key: &MacKey) -> Result<(), String> {
        for (iccid, order) in &mut self.orders {
            let head = audit::begin_anew(order, self.heads.get(iccid), keys, key)?;
            self.heads.extend(head.map(|head| (*iccid, head)));
        }
        Ok(())
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
        let known = |name: Name| {
            let name = name.to_string();
            match self.loaded.get(&name) {
                Some((stored, revision)) => (if as_stored { stored.clone() } else { name }, *revision),
                None => (name, 0),
            }
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
                let (name, expected) = known(Name::Package(*iccid));
                Change::Delete { name, expected }
            }
            Write::DeleteEvent(event) => {
                let (name, expected) = known(Name::Event(event.clone()));
                Change::Delete { name, expected }
            }
            Write::Sweep { before } => Change::Sweep { before: *before },
        })
    }
}
