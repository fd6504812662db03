//! The tables of a store in SQLite, the same natively and on the worker.

/// Creates what is missing.
pub const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS record (
       name TEXT PRIMARY KEY, revision INTEGER NOT NULL, expires INTEGER, due INTEGER, body BLOB NOT NULL)",
    "CREATE INDEX IF NOT EXISTS record_expires ON record (expires) WHERE expires IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS record_due ON record (due) WHERE due IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS alias (
       alias TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (alias, name)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS alias_name ON alias (name)",
];

/// name → name, revision, body
pub const BY_NAME: &str = "SELECT name, revision, body FROM record WHERE name = ?1";

/// → name, revision, body
pub const ANY: &str = "SELECT name, revision, body FROM record LIMIT 1";

/// name before the first, limit → name, revision, body
pub const BY_NAME_AFTER: &str =
    "SELECT name, revision, body FROM record WHERE name > ?1 ORDER BY name LIMIT ?2";

/// alias, name before the first, limit → name, revision, body
pub const BY_ALIAS: &str = "SELECT r.name, r.revision, r.body FROM alias a JOIN record r ON r.name = a.name
     WHERE a.alias = ?1 AND a.name > ?2 ORDER BY a.name LIMIT ?3";

/// lower bound (exclusive), upper bound (exclusive), limit → name, revision, body
pub const BY_RANGE: &str = "SELECT name, revision, body FROM record
     WHERE name > ?1 AND name < ?2 ORDER BY name LIMIT ?3";

/// latest time, limit → name, revision, body
pub const BY_DUE: &str = "SELECT name, revision, body FROM record
     WHERE due <= ?1 ORDER BY due, name LIMIT ?2";

/// name → revision
pub const REVISION: &str = "SELECT revision FROM record WHERE name = ?1";

/// alias, name → 1 for every other row that has the alias
pub const TAKEN: &str = "SELECT 1 AS taken FROM alias WHERE alias = ?1 AND name <> ?2 LIMIT 1";

/// name, expires, due, body; changes nothing if there is such a row
pub const INSERT: &str = "INSERT INTO record (name, revision, expires, due, body) VALUES (?1, 1, ?2, ?3, ?4)
     ON CONFLICT (name) DO NOTHING";

/// name, revision expected, expires, due, body; changes nothing if the revision is another
pub const UPDATE: &str = "UPDATE record SET revision = revision + 1, expires = ?3, due = ?4, body = ?5
     WHERE name = ?1 AND revision = ?2";

/// The same, where neither expires nor due becomes another; changes nothing if one does. Indexes stay as they are.
pub const UPDATE_BODY: &str = "UPDATE record SET revision = revision + 1, body = ?5
     WHERE name = ?1 AND revision = ?2 AND expires IS ?3 AND due IS ?4";

/// name
pub const DELETE: &str = "DELETE FROM record WHERE name = ?1";

/// name
pub const DELETE_ALIASES: &str = "DELETE FROM alias WHERE name = ?1";

/// name → alias
pub const ALIASES: &str = "SELECT alias FROM alias WHERE name = ?1";

/// alias, name
pub const DELETE_ALIAS: &str = "DELETE FROM alias WHERE alias = ?1 AND name = ?2";

/// alias, name
pub const PUT_ALIAS: &str = "INSERT INTO alias (alias, name) VALUES (?1, ?2)";

/// before → 1 if [`SWEEP`] has anything to take
pub const EXPIRED: &str = "SELECT 1 AS expired FROM record WHERE expires < ?1 LIMIT 1";

/// before; of the rows that [`SWEEP`] will take
pub const SWEEP_ALIASES: &str = "DELETE FROM alias WHERE name IN
     (SELECT name FROM record WHERE expires < ?1 ORDER BY expires, rowid LIMIT 100)";

/// before; a hundred rows at most, so that no commit takes long: each comes with one new row that expires
pub const SWEEP: &str = "DELETE FROM record WHERE rowid IN
     (SELECT rowid FROM record WHERE expires < ?1 ORDER BY expires, rowid LIMIT 100)";

/// The bounds of [`BY_RANGE`] for names that begin with `prefix`, or are it, and come after `after`.
pub fn range(prefix: &str, after: &str) -> (String, String) {
    let beside = |step: fn(u32) -> u32| {
        let mut text = prefix.to_string();
        let last = text.pop().map(u32::from).unwrap_or_default();
        text.extend(char::from_u32(step(last)));
        text
    };
    let lower =
        if after >= prefix { after.into() } else { beside(|last| last.saturating_sub(1)) + "\u{10FFFF}" };
    (lower, beside(|last| last + 1))
}
