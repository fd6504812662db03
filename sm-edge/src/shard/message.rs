//! What objects are asked, and what they answer.

use crate::{Fault, Rate};
use serde::de::DeserializeOwned;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_with::{As, Bytes, DeserializeAs, SerializeAs};

/// Name of a commit: 16 random octets.
pub type Tx = [u8; 16];

/// A number that every storage keeps as it is, 2^53 - 1 at most: SQLite has 63 bits, JavaScript's numbers 53. Another one
/// would be read as something else, and is refused before anything is written.
struct Whole;

impl Whole {
    const MAX: u64 = (1 << 53) - 1;
}

impl SerializeAs<u64> for Whole {
    fn serialize_as<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        number.serialize(serializer)
    }
}

impl<'de> DeserializeAs<'de, u64> for Whole {
    fn deserialize_as<D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        match u64::deserialize(deserializer)? {
            number if number <= Self::MAX => Ok(number),
            number => Err(D::Error::custom(format!("{number} is more than {}", Self::MAX))),
        }
    }
}

/// A question to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// Rows by name, and names by alias.
    Load {
        /// Names of rows.
        names: Vec<String>,
        /// Questions to the index.
        entries: Vec<Entries>,
    },
    /// Apply these changes, all or none.
    Commit {
        /// Name of the commit.
        tx: Tx,
        /// The changes.
        parts: Vec<Part>,
        /// Whether other objects wait for the decision.
        joint: bool,
        /// Whether it has been sent before: the answer was lost.
        again: bool,
    },
    /// Check these changes and keep them aside.
    Prepare {
        /// What whoever finds them must know.
        pending: Pending,
        /// The changes.
        parts: Vec<Part>,
    },
    /// Apply or drop what has been kept aside.
    Finish {
        /// Name of the commit.
        tx: Tx,
        /// Whether it has been committed.
        committed: bool,
    },
    /// What became of a commit?
    Ask {
        /// Name of the commit.
        tx: Tx,
        /// If nothing yet: see to it that it never will.
        force: bool,
    },
    /// Everybody knows what became of a commit.
    Forget {
        /// Name of the commit.
        tx: Tx,
    },
    /// Write rows that an earlier version has kept elsewhere, as they are, where there are none of their names.
    Adopt {
        /// The rows.
        rows: Vec<Found>,
    },
    /// Execute a function that is about an order here, if one of these aliases is known here; in any case if there is none.
    Run {
        /// Name of the object, which does not know it.
        object: String,
        /// Aliases.
        aliases: Vec<String>,
        /// Whether it is about the order of an alias that is known here, and no other.
        beside: bool,
        /// What [`crate::run_carried`] takes.
        #[serde(with = "As::<Bytes>")]
        request: Vec<u8>,
    },
    /// Take one of what may be used.
    Take {
        /// By whom, or of what.
        key: String,
        /// At once.
        burst: u32,
        /// In a minute.
        per_minute: u32,
        /// Seconds since 1970.
        #[serde(with = "As::<Whole>")]
        now: u64,
    },
    /// Take a step of becoming two.
    Split(Step),
    /// Take what a share that splits has for this half of it.
    Fill(Fill),
    /// Give the name of a row that has this alias, and that nobody else has been given for a while.
    Lease {
        /// Alias.
        alias: String,
        /// Whether it is given to nobody else from now on; otherwise it is only said that there is one.
        take: bool,
        /// Milliseconds since 1970.
        #[serde(with = "As::<Whole>")]
        now: u64,
    },
}

impl Message {
    /// Take one of `rate`.
    pub fn take(key: &str, rate: Rate, now: u64) -> Self {
        Self::Take { key: key.into(), burst: rate.burst, per_minute: rate.per_minute, now }
    }

    /// Whether it may change when the object is to be woken.
    pub fn may_change_alarm(&self) -> bool {
        let commits = matches!(self, Self::Commit { .. } | Self::Finish { committed: true, .. });
        let splits = matches!(self, Self::Split(Step::Begin { .. }) | Self::Fill(Fill { open: true, .. }));
        commits || splits || matches!(self, Self::Adopt { .. } | Self::Run { .. } | Self::Take { .. })
    }
}

/// Which rows have an alias?
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    /// Alias.
    pub alias: String,
    /// Names greater than this.
    pub after: String,
    /// How many.
    pub limit: u32,
}

/// What one object has to do for a commit.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Write a row with revision `expected + 1`.
    Put {
        /// Name of the row.
        name: String,
        /// Revision that it must have now; 0 if it must not exist.
        #[serde(with = "As::<Whole>")]
        expected: u64,
        /// The new body.
        #[serde(with = "As::<Bytes>")]
        body: Vec<u8>,
        /// All its aliases from now on; the index has them, too.
        aliases: Vec<String>,
        /// May be forgotten from this second on.
        #[serde(with = "As::<Option<Whole>>")]
        expires: Option<u64>,
        /// Something is to be done from this second on.
        #[serde(with = "As::<Option<Whole>>")]
        due: Option<u64>,
    },
    /// Remove a row.
    Delete {
        /// Name of the row.
        name: String,
        /// Revision that it must have now.
        #[serde(with = "As::<Whole>")]
        expected: u64,
    },
    /// Change what the index knows of a row.
    Index {
        /// Name of the row.
        name: String,
        /// New aliases, and whether no other row may have them.
        add: Vec<(String, bool)>,
        /// Aliases that it has no more.
        remove: Vec<String>,
    },
    /// Change nothing.
    Check {
        /// Name of the row.
        name: String,
        /// Revision that it must have; 0 if it must not exist.
        #[serde(with = "As::<Whole>")]
        expected: u64,
    },
}

impl core::fmt::Debug for Part {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Put { name, expected, body, .. } => {
                write!(f, "Put({name}, revision {expected}, {} octets)", body.len())
            }
            Self::Delete { name, expected } => write!(f, "Delete({name}, revision {expected})"),
            Self::Index { name, add, remove } => write!(f, "Index({name}, +{add:?}, -{remove:?})"),
            Self::Check { name, expected } => write!(f, "Check({name}, revision {expected})"),
        }
    }
}

/// Changes that an object keeps aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Name of the commit.
    pub tx: Tx,
    /// The object that knows what became of it.
    pub primary: String,
    /// Milliseconds since 1970; from then on its coordinator may be taken for dead.
    #[serde(with = "As::<Whole>")]
    pub deadline: u64,
}

/// An answer of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// To `Load`.
    Loaded(Loaded),
    /// It is done, or had been done.
    Done,
    /// Revisions are not as expected, or a unique alias is taken. Nothing has changed.
    Conflict,
    /// Other commits have not been finished here, or this share is about to become two if there are none. Nothing has
    /// changed.
    Busy(Vec<Pending>),
    /// To `Ask`.
    Outcome(Outcome),
    /// To `Run`: what has come of it.
    Ran(Ran),
    /// To `Run`: none of the aliases is known here. Nothing was executed.
    NotHere,
    /// To `Take`: seconds until there is one again; 0 if one has been taken.
    Wait(u64),
    /// This share has become two, and knows nothing of what it was asked for any more. Nothing has changed.
    Moved,
    /// To [`Step::Next`].
    Batch(Batch),
    /// To `Lease`.
    Leased(Leased),
}

/// What `Lease` has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leased {
    /// Name of a row.
    pub name: Option<String>,
    /// Whether there are others that somebody has been given or is about to change.
    pub is_out: bool,
    /// If there is none to be given: commits that are not finished and concern the alias.
    pub pending: Vec<Pending>,
}

/// What has come of a function that was carried to its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ran {
    /// The response, and what there is to say of it.
    #[serde(with = "As::<Bytes>")]
    pub response: Vec<u8>,
    /// Whether a session has been written here that did not lie here before.
    pub begun: bool,
}

/// What `Load` has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loaded {
    /// The rows that are there.
    pub rows: Vec<Found>,
    /// Names for each question to the index, in their order.
    pub names: Vec<Vec<String>>,
    /// Commits that are not finished and concern what was asked for.
    pub pending: Vec<Pending>,
}

/// A row of an object.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Name.
    pub name: String,
    /// Revision.
    #[serde(with = "As::<Whole>")]
    pub revision: u64,
    /// All its aliases.
    pub aliases: Vec<String>,
    /// Sealed.
    #[serde(with = "As::<Bytes>")]
    pub body: Vec<u8>,
    /// May be forgotten from this second on.
    #[serde(with = "As::<Option<Whole>>")]
    pub expires: Option<u64>,
    /// Something is to be done from this second on.
    #[serde(with = "As::<Option<Whole>>")]
    pub due: Option<u64>,
}

impl core::fmt::Debug for Found {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} (revision {}, {} octets)", self.name, self.revision, self.body.len())
    }
}

/// Where an object is in becoming two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// It serves.
    Whole,
    /// It is a half that has not been opened.
    Filling,
    /// It serves, and is copied.
    Copying,
    /// Changes wait.
    Frozen,
    /// It has split; what it had is still there.
    Moved,
    /// It has split, and knows of nothing but that.
    Noted,
}

/// A step of a share that becomes two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Begin with it.
    Begin {
        /// Name of the share, which does not know it.
        share: String,
    },
    /// What is to be copied next?
    Next,
    /// That has been copied.
    Copied {
        /// Number of the batch.
        #[serde(with = "As::<Whole>")]
        n: u64,
        /// [`Batch::until`].
        until: String,
    },
    /// Let changes wait.
    Freeze {
        /// Number of the batch that was copied last.
        #[serde(with = "As::<Whole>")]
        n: u64,
    },
    /// Let changes go on.
    Thaw {
        /// Number of the batch that was copied last.
        #[serde(with = "As::<Whole>")]
        n: u64,
    },
    /// All is copied.
    Close {
        /// Number of the batch that was copied last.
        #[serde(with = "As::<Whole>")]
        n: u64,
    },
    /// The layout says so; forget what has been copied.
    Note,
}

/// What is copied of a share that becomes two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its number: greater than all before.
    #[serde(with = "As::<Whole>")]
    pub n: u64,
    /// Where the share is in this.
    pub stage: Stage,
    /// Rows that are there.
    pub rows: Vec<Copied>,
    /// What may still be used.
    pub paces: Vec<Pace>,
    /// Names of rows that are there no more.
    pub gone: Vec<String>,
    /// How far it goes.
    pub until: String,
    /// Whether more is known to be left.
    pub left: bool,
}

impl Batch {
    /// Nothing, of a share at this stage.
    pub(crate) fn none(stage: Stage) -> Self {
        let (rows, paces, gone, until) = (Vec::new(), Vec::new(), Vec::new(), String::new());
        Self { n: 0, stage, rows, paces, gone, until, left: false }
    }
}

/// What a half is filled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fill {
    /// Name of the half, which does not know it.
    pub share: String,
    /// [`Batch::n`].
    #[serde(with = "As::<Whole>")]
    pub n: u64,
    /// Rows, in the place of what is there under their names.
    pub rows: Vec<Copied>,
    /// What may still be used, likewise.
    pub paces: Vec<Pace>,
    /// Names of rows that are there no more.
    pub gone: Vec<String>,
    /// Whether that was all.
    pub open: bool,
}

/// A row as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// The row.
    pub row: Found,
    /// Name of the commit that has written it; empty if that was elsewhere.
    #[serde(with = "As::<Bytes>")]
    pub tx: Vec<u8>,
}

/// What may still be used of something, as [`crate::rate`] has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// By whom, or of what.
    pub key: String,
    /// Sixtieths.
    #[serde(with = "As::<Whole>")]
    pub level: u64,
    /// Seconds since 1970 for which that holds.
    #[serde(with = "As::<Whole>")]
    pub at: u64,
    /// Full again from this second on.
    #[serde(with = "As::<Whole>")]
    pub full_at: u64,
}

/// What a primary knows of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// It has happened.
    Committed,
    /// It has not, and never will.
    Aborted,
    /// It has not, and may still.
    Open,
}

/// As octets.
pub(crate) fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    postcard::to_allocvec(value).map_err(Fault::new)
}

/// From octets, all of them.
pub(crate) fn read<T: DeserializeOwned>(octets: &[u8]) -> Result<T, Fault> {
    match postcard::take_from_bytes(octets).map_err(Fault::new)? {
        (value, []) => Ok(value),
        (_, rest) => Err(Fault::new(format!("{} octets too many", rest.len()))),
    }
}

/// Of the messages, in front of each: one that changes is another version.
const VERSION: u8 = 3;

macro_rules! octets {
    ($($name:ident)*) => {$(
        impl $name {
            /// As octets, for the way between coordinator and object.
            ///
            /// # Errors
            /// None is known.
            pub fn to_octets(&self) -> Result<Vec<u8>, Fault> {
                let mut octets = vec![VERSION];
                octets.extend(write(self)?);
                Ok(octets)
            }

            /// From octets.
            ///
            /// # Errors
            /// Octets of another version, and numbers that no storage keeps as they are.
            pub fn from_octets(octets: &[u8]) -> Result<Self, Fault> {
                match octets {
                    [VERSION, octets @ ..] => read(octets),
                    [version, ..] => Err(Fault::new(format!("a message of version {version}, and not of {VERSION}"))),
                    [] => Err(Fault::new("a message without octets")),
                }
            }
        }
    )*};
}

octets!(Message Answer);

#[cfg(test)]
mod tests {
    use super::*;

    fn put(expires: Option<u64>, due: Option<u64>) -> Message {
        let (name, body) = ("order/1".to_string(), vec![1]);
        let part = Part::Put { name, expected: 0, body, aliases: Vec::new(), expires, due };
        Message::Commit { tx: [1; 16], parts: vec![part], joint: false, again: false }
    }

    #[test]
    fn numbers_that_no_storage_keeps_are_refused() {
        let sound = put(Some(Whole::MAX), None);
        assert_eq!(Message::from_octets(&sound.to_octets().unwrap()).unwrap(), sound);
        let pending = Pending { tx: [1; 16], primary: "order/1".into(), deadline: u64::MAX };
        let delete = Part::Delete { name: "order/1".into(), expected: u64::MAX };
        let row = |revision, due| {
            let (name, aliases, body) = ("order/1".into(), Vec::new(), vec![1]);
            Found { name, revision, aliases, body, expires: None, due }
        };
        for message in [
            put(Some(Whole::MAX + 1), None),
            put(None, Some(u64::MAX)),
            Message::Take { key: String::new(), burst: 1, per_minute: 1, now: u64::MAX },
            Message::Adopt { rows: vec![row(u64::MAX, None)] },
            Message::Adopt { rows: vec![row(1, Some(u64::MAX))] },
            Message::Prepare { pending, parts: Vec::new() },
            Message::Prepare {
                pending: Pending { tx: [1; 16], primary: String::new(), deadline: 0 },
                parts: vec![delete],
            },
        ] {
            assert!(Message::from_octets(&message.to_octets().unwrap()).is_err(), "{message:?}");
        }
    }
}
