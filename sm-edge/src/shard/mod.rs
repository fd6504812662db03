//! Records spread over many objects, each with storage of its own: a
//! [`Store`](crate::Store) for hosts such as Cloudflare's Durable Objects.
//!
//! | object | holds |
//! |---|---|
//! | `orders:BITS` | a share of the orders, by the first bits of their [`Place`] ([`Layout`]; `grow` has one become two), with all that is written with each of them: package, end of the history, download sessions, the pace at which it is tried |
//! | `sessions:N` | where the session of a transactionId lies, one of 256 by the transactionId |
//! | `config` | settings that lie with the records ([`crate::settings`]) |
//! | `KIND:ID` | any other record |
//! | `index:0` … `index:15` | which records have an alias, and which there are |
//! | `limit:KEY` | what a caller may still use ([`crate::Host::take`]) |
//!
//! A matchingId that this server has drawn says where its order lies, and no index is asked. A function that is about one
//! order is carried to the object that holds it and executed there ([`mod@carry`]): what it loads and commits is in one
//! local transaction, and no message.
//!
//! An object does one thing at a time and keeps nothing in memory that anything hangs on ([`Object`]);
//! it answers [`Message`]s and sends none. Whoever serves a request coordinates
//! ([`ShardedStore`]), and may die at any point, as may an object between any
//! two messages.
//!
//! # A commit
//!
//! Changes to one object are one local transaction there. Changes to several
//! are committed in two phases:
//!
//! 1. *Prepare*: every object but one, the primary, checks its changes and
//!    keeps them aside. From now on it lets nobody else change those rows.
//! 2. *Commit*: the primary (the order, if there is one) checks and applies its
//!    own changes, and keeps in the same local transaction that it has done so.
//!    **This is the moment.**
//! 3. *Finish*: the others apply what they kept aside, or drop it. When all
//!    have said so, the primary is told to forget. Nobody waits for this.
//!
//! Who finds changes kept aside asks the primary what became of them and
//! finishes them before reading on: a commit is seen whole or not at all. What
//! a primary does not know has not happened; when the deadline has passed it
//! is told to see to it that it never will ([`Message::Ask`] with `force`), and
//! refuses that commit for ever. So correctness hangs on no clock; the deadline
//! only says how long the locks of a coordinator that died are respected.
//!
//! A unique alias is checked, and locked, by the index's prepare. A row's
//! aliases are stored with it, so that a lookup by alias is verified by the row
//! itself.
//!
//! # What stays behind
//!
//! After a crash, and only then: changes kept aside, until somebody asks for what they are about; and a decision of
//! some 20 octets at a primary.

mod aside;
mod carry;
mod commit;
mod grow;
mod layout;
mod mend;
mod message;
mod object;
mod partly;
mod split;
mod stock;
mod storage;
mod store;
mod wake;

pub use carry::Carried;
pub use layout::{Growth, Layout, halves};
pub use message::{Answer, Batch, Entries, Fill, Leased, Message, Outcome, Ran, Stage, Step, Tx};
pub use object::Object;
pub use stock::Stock;
pub use storage::{Sql, Value};
pub use store::ShardedStore;

use crate::Fault;
use esim_smdp::Place;
use esim_smdp::store::{AliasKind, Kind};
use layout::ORDERS;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What each object has to do for a commit.
type Plan = BTreeMap<String, Vec<message::Part>>;

/// What joins the objects.
#[allow(async_fn_in_trait, reason = "futures of the worker are not Send")]
pub trait Network: Clone + 'static {
    /// Sends a message to an object and waits for its answer. Never twice.
    ///
    /// # Errors
    /// [`Fault`] if no answer came; the message may have arrived all the same.
    async fn send(&self, object: &str, message: &Message) -> Result<Answer, Fault>;

    /// Lets something be done that nobody waits for.
    fn later(&self, work: impl Future<Output = ()> + 'static);

    /// Milliseconds since 1970.
    fn now(&self) -> u64;

    /// Waits.
    async fn pause(&self, milliseconds: u64);

    /// Random octets, never the same twice.
    fn draw(&self) -> Tx;

    /// Whether an earlier version may have left orders in objects of their own.
    fn has_earlier(&self) -> bool {
        false
    }

    /// The shares of the orders, as far as is known here.
    fn layout(&self) -> &RefCell<Layout>;

    /// Where this instance remembers for a second what is in stock, if it does.
    fn stock(&self) -> Option<&Stock> {
        None
    }

    /// The object that this is in, if it is in one: what is sent to it needs no way.
    fn inside(&self) -> Option<&str> {
        None
    }
}

/// How many objects the index is spread over. Another number is another index: the records would have to be written
/// anew.
const INDEX_OBJECTS: u32 = 16;

/// Aliases that very many records share: each record's entry lies where the record's name says, so that no single
/// object sees all of them.
const SPREAD: [AliasKind; 2] = [AliasKind::Type, AliasKind::Available];

/// Aliases that the index does not keep: rows of before have none of them. Whoever asks for one gets rows of the kind that
/// has it, as they come, and looks for himself.
const UNKEPT: [(AliasKind, Kind); 2] = [(AliasKind::Eid, Kind::Order), (AliasKind::Owner, Kind::Order)];

/// Aliases that lie beside their orders: what an LPA asks by.
const BESIDE: [AliasKind; 3] = [AliasKind::Code, AliasKind::Default, AliasKind::DefaultIdle];

/// Kinds that are never listed.
const UNLISTED: [Kind; 4] = [Kind::Config, Kind::Package, Kind::Head, Kind::Session];

/// How many objects know where sessions lie. A session lives for a day: another number costs those under way.
const SESSIONS_OBJECTS: u32 = 256;

/// The object that holds a row as long as no share has split, seen from outside of it.
pub fn object_of(name: &str) -> String {
    object_in(&Layout::default(), name)
}

/// The object that holds a row, seen from outside of it.
fn object_in(layout: &Layout, name: &str) -> String {
    match Kind::of(name) {
        Some((Kind::Order | Kind::Package | Kind::Head, iccid)) => layout.share_of(Place::of_digits(iccid)),
        Some((Kind::Session, id)) => format!("sessions:{}", hash(id) % SESSIONS_OBJECTS),
        // What every instance reads, and one message brings.
        Some((Kind::Config, _)) => Kind::Config.word().into(),
        _ => name.replacen('/', ":", 1),
    }
}

/// The object that earlier versions have kept a row in, if it is another one.
fn earlier_object_of(name: &str) -> Option<String> {
    match Kind::of(name)? {
        (Kind::Order | Kind::Package | Kind::Head, iccid) => Some(format!("{}:{iccid}", Kind::Order.word())),
        _ => None,
    }
}

/// Where the order lies whose matchingId has this alias, as far as the alias says.
fn place_of_code(alias: &str) -> Option<Place> {
    let (place, _) = alias.strip_prefix(AliasKind::Code.prefix())?.split_once('/')?;
    Place::parse(place)
}

/// Whether an alias lies with the names of its records.
fn is_spread(alias: &str) -> bool {
    alias.ends_with('/') || SPREAD.iter().any(|kind| kind.has(alias))
}

/// The object of the index that holds an entry.
fn index_of(alias: &str, name: &str) -> String {
    let key = if is_spread(alias) { name } else { alias };
    // An order that waits for an eUICC no more stays where it was, and one object has to learn it.
    let (idle, waiting) = (AliasKind::DefaultIdle.prefix(), AliasKind::Default.prefix());
    format!("index:{}", hash(&key.replacen(idle, waiting, 1)) % INDEX_OBJECTS)
}

/// The object of the index that holds the entries of an alias which few records share.
pub fn index_object_of(alias: &str) -> String {
    index_of(alias, "")
}

/// The objects that hold an entry. By what an LPA brings, an order is found beside it, too; and there alone by a code that
/// says where that is.
fn entry_objects(layout: &Layout, alias: &str, name: &str) -> Vec<String> {
    let beside = Kind::Order.has(name) && lies_beside(alias);
    let own = beside.then(|| object_in(layout, name));
    let place = Kind::of(name).map(|(_, iccid)| Place::of_digits(iccid));
    let is_told = own.is_some() && place_of_code(alias) == place;
    (!is_told).then(|| index_of(alias, name)).into_iter().chain(own).collect()
}

fn lies_beside(alias: &str) -> bool {
    BESIDE.iter().any(|kind| kind.has(alias))
}

/// All objects of the index.
fn lanes() -> impl Iterator<Item = String> {
    (0..INDEX_OBJECTS).map(|lane| format!("index:{lane}"))
}

/// What every row of a kind that is listed has for an alias: the kind and a slash.
fn listing(name: &str) -> Option<String> {
    let (kind, _) = name.split_once('/')?;
    (!UNLISTED.iter().any(|unlisted| unlisted.has(name))).then(|| format!("{kind}/"))
}

/// The kind of the rows that have an alias which the index does not keep.
fn unkept(alias: &str) -> Option<Kind> {
    UNKEPT.iter().find(|(kind, _)| kind.has(alias)).map(|(_, rows)| *rows)
}

/// FNV-1a, folded: the same on every host and for ever.
fn hash(key: &str) -> u32 {
    let hash =
        key.bytes().fold(0x811C_9DC5u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193));
    hash ^ (hash >> 16)
}
