//! How records lie in a store that knows nothing of them: rows with a name, a
//! revision, aliases and a body.
//!
//! A store has three things to do: find rows by [`Lookup`], apply [`Change`]s
//! all or none, and refuse them when a revision is not the one expected or a
//! unique alias is taken.

mod key;
mod names;
mod record;
mod records;

pub use key::Key;
pub use names::{AliasKind, AliasName, EventName, Kind, Name};
pub use record::{Record, Write};
pub use records::Records;

use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// How a store is asked for rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// The row of this name.
    Name(String),
    /// Rows that have this alias and whose name is greater than `after`, by name, `limit` at most.
    Alias {
        /// Alias.
        alias: String,
        /// The name before the first.
        after: String,
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

/// A second name of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// Kind and value, `matching/ABC`.
    pub name: String,
    /// Whether no other row may have it.
    pub unique: bool,
}

impl Alias {
    pub(crate) fn shared(name: AliasName<'_>) -> Self {
        Self { name: name.to_string(), unique: false }
    }

    pub(crate) fn unique(name: AliasName<'_>) -> Self {
        Self { name: name.to_string(), unique: true }
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

/// What of a list a store could not give, while it could give the rest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The part of the store that does not answer; none if it does, and has no such rows.
    pub share: Option<String>,
    /// Names of the rows, as far as they are known.
    pub rows: Vec<String>,
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
