//! One object: a few tables, and what it does with them when it is asked.

use super::aside::{Aside, alias_key, keys, row_key};
use super::message::{
    self, Answer, Entries, Found, Leased, Loaded, Message, Outcome, Part, Pending, Stage, Tx,
};
use super::stock::Leases;
use super::storage::{Sql, Value, blob, damaged, integer, only, string, text, time, unsigned};
use crate::{Fault, Rate};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

/// What an object has. Tables that are there stay as they were made: earlier versions have made some otherwise, with the
/// same columns.
const SCHEMA: [&str; 7] = [
    "CREATE TABLE IF NOT EXISTS record (name TEXT PRIMARY KEY, revision INTEGER NOT NULL, expires INTEGER,
       due INTEGER, tx BLOB NOT NULL, aliases BLOB NOT NULL, body BLOB NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS record_due ON record (due) WHERE due IS NOT NULL",
    "CREATE TABLE IF NOT EXISTS alias (
       alias TEXT NOT NULL, name TEXT NOT NULL, PRIMARY KEY (alias, name)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS pending (
       tx BLOB PRIMARY KEY, state BLOB NOT NULL, parts BLOB NOT NULL) WITHOUT ROWID",
    // What earlier versions have noted beside it.
    "DROP TABLE IF EXISTS touch",
    "CREATE TABLE IF NOT EXISTS decision (tx BLOB PRIMARY KEY, committed INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS pace (key TEXT PRIMARY KEY, level INTEGER NOT NULL, at INTEGER NOT NULL,
       full_at INTEGER NOT NULL) WITHOUT ROWID",
];
/// One object.
#[derive(Debug)]
pub struct Object<S> {
    pub(super) sql: S,
    /// Whether all tables are known to be there.
    made: Cell<bool>,
    /// What is kept aside of commits that are not finished here.
    pub(super) aside: Aside,
    /// Whether it remembers what became of some commit; unknown until somebody has looked.
    remembers: Cell<Option<bool>>,
    /// Where it is in becoming two; unknown until somebody has looked.
    pub(super) stage: Cell<Option<Stage>>,
    /// What is in stock here and has been given to somebody.
    leases: Leases,
}

/// Whether changes can be made.
enum Verdict {
    Fine,
    Conflict,
    Busy(Vec<Pending>),
    Moved,
}

impl<S: Sql> Object<S> {
    /// An object with this storage. Nothing is written.
    pub fn new(sql: S) -> Self {
        Self {
            sql,
            made: Cell::new(false),
            aside: Aside::default(),
            remembers: Cell::default(),
            stage: Cell::default(),
            leases: Leases::default(),
        }
    }

    /// The storage.
    pub fn sql(&self) -> &S {
        &self.sql
    }

    /// Knows nothing any more of its storage, which has been given back.
    pub fn forget(&self) {
        self.made.set(false);
        self.aside.forget();
        self.remembers.set(None);
        self.stage.set(None);
    }

    /// Answers a message. Nothing is awaited in between, and each change is one transaction.
    ///
    /// # Errors
    /// The storage has failed, or holds what this version cannot read.
    pub fn answer(&self, message: &Message) -> Result<Answer, Fault> {
        match (self.stage()?, message) {
            // What became of commits is told by whoever has decided them, and commits see to themselves.
            (Stage::Whole | Stage::Copying, _)
            | (_, Message::Finish { .. } | Message::Ask { .. } | Message::Forget { .. })
            | (_, Message::Split(_) | Message::Fill(_) | Message::Commit { .. } | Message::Prepare { .. })
            | (Stage::Frozen, Message::Load { .. }) => {}
            (Stage::Frozen, _) => return Ok(Answer::Busy(Vec::new())),
            (Stage::Moved | Stage::Noted, _) => return Ok(Answer::Moved),
            (Stage::Filling, _) => return Err(unfilled()),
        }
        if let Message::Load { names, entries } = message {
            // Who asks for what never was makes no tables.
            return match self.is_new()? {
                true => {
                    Ok(Answer::Loaded(Loaded { names: vec![Vec::new(); entries.len()], ..Loaded::default() }))
                }
                false => self.load(names, entries).map(Answer::Loaded),
            };
        }
        if let Message::Lease { alias, take, now } = message {
            return self.lease(alias, *take, *now).map(Answer::Leased);
        }
        if !self.made.get() {
            self.sql.make(&SCHEMA)?;
            self.made.set(true);
        }
        match message {
            Message::Load { .. } | Message::Lease { .. } | Message::Run { .. } => {
                Err(Fault::new("an object cannot do that by itself"))
            }
            Message::Adopt { rows } => self.adopt(rows),
            Message::Split(step) => self.step(step),
            Message::Fill(fill) => self.fill(fill),
            Message::Commit { tx, parts, joint, again } => self.commit(tx, parts, *joint, *again),
            Message::Prepare { pending, parts } => self.prepare(pending, parts),
            Message::Finish { tx, committed } => self.finish(tx, *committed),
            Message::Ask { tx, force } => self.ask(tx, *force).map(Answer::Outcome),
            Message::Forget { tx } => self.forget_commit(tx),
            Message::Take { key, burst, per_minute, now } => {
                self.take(key, Rate { burst: *burst, per_minute: *per_minute }, *now)
            }
        }
    }

    /// Whether one of these aliases is that of a row here.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn knows_any(&self, aliases: &[String]) -> Result<bool, Fault> {
        if self.is_new()? {
            return Ok(false);
        }
        const KNOWN: &str = "SELECT 1 FROM alias WHERE alias = ?1 LIMIT 1";
        for alias in aliases {
            if self.first(KNOWN, vec![text(alias)])?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether nothing was ever written. An object of an earlier version is given the tables that it lacks.
    pub(super) fn is_new(&self) -> Result<bool, Fault> {
        if self.made.get() {
            return Ok(false);
        }
        let is_new = self.first("SELECT 1 FROM sqlite_master WHERE name = 'record'", Vec::new())?.is_none();
        if !is_new {
            self.sql.make(&SCHEMA)?;
            self.made.set(true);
        }
        Ok(is_new)
    }

    fn load(&self, names: &[String], entries: &[Entries]) -> Result<Loaded, Fault> {
        let mut loaded = Loaded::default();
        for name in names {
            loaded.rows.extend(self.row(name)?);
            self.touching(&row_key(name), &mut loaded.pending)?;
        }
        for Entries { alias, after, limit } in entries {
            let values = vec![text(alias), text(after), integer(u64::from(*limit))];
            const NAMES: &str =
                "SELECT name FROM alias WHERE alias = ?1 AND name > ?2 ORDER BY name LIMIT ?3";
            let rows = self.sql.query(NAMES, values)?;
            let names: Result<Vec<_>, _> = rows.into_iter().map(|row| only(row).and_then(string)).collect();
            loaded.names.push(names?);
            self.touching(&alias_key(alias), &mut loaded.pending)?;
        }
        Ok(loaded)
    }

    pub(super) fn row(&self, name: &str) -> Result<Option<Found>, Fault> {
        let rows = self.sql.query(
            "SELECT revision, aliases, body, expires, due FROM record WHERE name = ?1",
            vec![text(name)],
        )?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let [revision, aliases, body, expires, due] = <[Value; 5]>::try_from(row).map_err(|_| damaged())?;
        Ok(Some(Found {
            name: name.into(),
            revision: unsigned(revision)?,
            aliases: message::read(&blob(aliases)?)?,
            body: blob(body)?,
            expires: time(expires)?,
            due: time(due)?,
        }))
    }

    /// Adds the unfinished commits that concern a key.
    fn touching(&self, key: &str, pending: &mut Vec<Pending>) -> Result<(), Fault> {
        let found = self.aside.touching(&self.sql, key)?;
        pending.extend(found.into_iter().filter(|found| !pending.contains(found)).collect::<Vec<_>>());
        Ok(())
    }

    fn commit(&self, tx: &Tx, parts: &[Part], joint: bool, again: bool) -> Result<Answer, Fault> {
        match self.decision(tx)? {
            Some(true) => return Ok(Answer::Done),
            Some(false) => return Ok(Answer::Conflict),
            None if again && self.has_written(tx, parts)? => return Ok(Answer::Done),
            None => {}
        }
        let refusal = match self.check(parts)? {
            Verdict::Fine => {
                self.sql.transaction(&mut || {
                    self.apply(parts, tx)?;
                    if joint { self.decide(tx, true) } else { Ok(()) }
                })?;
                return Ok(Answer::Done);
            }
            // Who asks what became of it asks here, and is told that nothing has.
            Verdict::Moved if joint => return Ok(Answer::Conflict),
            Verdict::Moved => return Ok(Answer::Moved),
            Verdict::Conflict => Answer::Conflict,
            Verdict::Busy(pending) => Answer::Busy(pending),
        };
        // The first try may still be on its way: it must find the same.
        if again {
            self.decide(tx, false)?;
        }
        Ok(refusal)
    }

    fn prepare(&self, pending: &Pending, parts: &[Part]) -> Result<Answer, Fault> {
        if self.aside.with(&self.sql, |all| all.contains_key(&pending.tx))? {
            return Ok(Answer::Done);
        }
        match self.check(parts)? {
            Verdict::Fine => {}
            Verdict::Conflict => return Ok(Answer::Conflict),
            Verdict::Busy(pending) => return Ok(Answer::Busy(pending)),
            Verdict::Moved => return Ok(Answer::Moved),
        }
        self.aside.add(&self.sql, pending, parts)?;
        Ok(Answer::Done)
    }

    fn finish(&self, tx: &Tx, committed: bool) -> Result<Answer, Fault> {
        let apply = |parts: &[Part]| if committed { self.apply(parts, tx) } else { Ok(()) };
        self.aside.remove(&self.sql, tx, apply)?;
        Ok(Answer::Done)
    }

    fn ask(&self, tx: &Tx, force: bool) -> Result<Outcome, Fault> {
        Ok(match self.decision(tx)? {
            Some(true) => Outcome::Committed,
            Some(false) => Outcome::Aborted,
            // It decides nothing any more.
            None if matches!(self.stage()?, Stage::Moved | Stage::Noted) => Outcome::Aborted,
            None if force => {
                self.decide(tx, false)?;
                Outcome::Aborted
            }
            None => Outcome::Open,
        })
    }

    /// What was refused for ever stays so: that commit may still be on its way.
    fn forget_commit(&self, tx: &Tx) -> Result<Answer, Fault> {
        let tx = vec![Value::Blob(tx.to_vec())];
        self.remembers.set(None);
        self.sql.query("DELETE FROM decision WHERE tx = ?1 AND committed = 1", tx)?;
        Ok(Answer::Done)
    }

    fn lease(&self, alias: &str, take: bool, now: u64) -> Result<Leased, Fault> {
        if self.is_new()? {
            return Ok(Leased::default());
        }
        let mut leased = self.leases.give(&self.sql, &self.aside, alias, take, now)?;
        if leased.name.is_none() {
            self.touching(&alias_key(alias), &mut leased.pending)?;
        }
        Ok(leased)
    }

    fn check(&self, parts: &[Part]) -> Result<Verdict, Fault> {
        match self.stage()? {
            Stage::Whole | Stage::Copying => {}
            Stage::Frozen => return Ok(Verdict::Busy(Vec::new())),
            Stage::Moved | Stage::Noted => return Ok(Verdict::Moved),
            Stage::Filling => return Err(unfilled()),
        }
        let mut pending = Vec::new();
        let quiet = self.aside.with(&self.sql, BTreeMap::is_empty)?;
        let locks = if quiet { &[][..] } else { parts };
        for (key, _) in locks.iter().flat_map(keys).filter(|(_, lock)| *lock) {
            if self.aside.locks(&self.sql, &key)? {
                self.touching(&key, &mut pending)?;
            }
        }
        if !pending.is_empty() {
            return Ok(Verdict::Busy(pending));
        }
        let mut taken = BTreeSet::new();
        for part in parts {
            if let Part::Index { add, .. } = part
                && !add.iter().all(|(alias, unique)| !unique || taken.insert(alias))
            {
                return Ok(Verdict::Conflict);
            }
            if !self.allows(part)? {
                return Ok(Verdict::Conflict);
            }
        }
        Ok(Verdict::Fine)
    }

    fn allows(&self, part: &Part) -> Result<bool, Fault> {
        match part {
            Part::Put { name, expected, .. }
            | Part::Delete { name, expected }
            | Part::Check { name, expected } => {
                let revision = self.first("SELECT revision FROM record WHERE name = ?1", vec![text(name)])?;
                Ok(revision.map(unsigned).transpose()?.unwrap_or(0) == *expected)
            }
            Part::Index { name, add, .. } => {
                const TAKEN: &str = "SELECT 1 FROM alias WHERE alias = ?1 AND name <> ?2 LIMIT 1";
                for (alias, _) in add.iter().filter(|(_, unique)| *unique) {
                    if self.first(TAKEN, vec![text(alias), text(name)])?.is_some() {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    fn apply(&self, parts: &[Part], tx: &Tx) -> Result<(), Fault> {
        parts.iter().try_for_each(|part| match part {
            Part::Put { name, expected, body, aliases, expires, due } => {
                let values = vec![
                    text(name),
                    integer(expected + 1),
                    expires.map_or(Value::Null, integer),
                    due.map_or(Value::Null, integer),
                    Value::Blob(tx.to_vec()),
                    Value::Blob(message::write(aliases)?),
                    Value::Blob(body.clone()),
                ];
                // The index over what is due is not touched where that stays.
                const AGAIN: &str =
                    "UPDATE record SET revision = ?2, expires = ?3, tx = ?5, aliases = ?6, body = ?7
                     WHERE name = ?1 AND due IS ?4 RETURNING 1";
                const PUT: &str = "INSERT INTO record (name, revision, expires, due, tx, aliases, body)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO UPDATE SET
                     revision = ?2, expires = ?3, due = ?4, tx = ?5, aliases = ?6, body = ?7";
                self.note_row(name)?;
                if *expected > 0 && !self.sql.query(AGAIN, values.clone())?.is_empty() {
                    return Ok(());
                }
                self.sql.query(PUT, values).map(drop)
            }
            Part::Delete { name, .. } => {
                self.note_row(name)?;
                self.sql.query("DELETE FROM record WHERE name = ?1", vec![text(name)]).map(drop)
            }
            Part::Index { name, add, remove } => {
                for alias in remove {
                    let values = vec![text(alias), text(name)];
                    self.sql.query("DELETE FROM alias WHERE alias = ?1 AND name = ?2", values)?;
                }
                add.iter().try_for_each(|(alias, _)| self.add_alias(alias, name))
            }
            Part::Check { .. } => Ok(()),
        })
    }

    fn decision(&self, tx: &Tx) -> Result<Option<bool>, Fault> {
        const ANY: &str = "SELECT 1 FROM decision LIMIT 1";
        let remembers = match self.remembers.get() {
            Some(remembers) => remembers,
            None => self.first(ANY, Vec::new())?.is_some(),
        };
        self.remembers.set(Some(remembers));
        if !remembers {
            return Ok(None);
        }
        let found =
            self.first("SELECT committed FROM decision WHERE tx = ?1", vec![Value::Blob(tx.to_vec())])?;
        Ok(found.map(|committed| committed == Value::Integer(1)))
    }

    fn decide(&self, tx: &Tx, committed: bool) -> Result<(), Fault> {
        let values = vec![Value::Blob(tx.to_vec()), Value::Integer(committed.into())];
        self.remembers.set(None);
        self.sql.query("INSERT OR REPLACE INTO decision (tx, committed) VALUES (?1, ?2)", values).map(drop)
    }

    /// Whether some row is as this commit has written it.
    fn has_written(&self, tx: &Tx, parts: &[Part]) -> Result<bool, Fault> {
        const WRITTEN: &str = "SELECT 1 FROM record WHERE name = ?1 AND tx = ?2";
        for part in parts {
            if let Part::Put { name, .. } = part
                && self.first(WRITTEN, vec![text(name), Value::Blob(tx.to_vec())])?.is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Rows of before, with what an LPA asks by beside them.
    fn adopt(&self, rows: &[Found]) -> Result<Answer, Fault> {
        self.sql.transaction(&mut || {
            for row in rows {
                self.note_row(&row.name)?;
                self.put_as_it_is(row, &[])?;
            }
            Ok(())
        })?;
        Ok(Answer::Done)
    }

    pub(super) fn add_alias(&self, alias: &str, name: &str) -> Result<(), Fault> {
        const ADD: &str = "INSERT INTO alias (alias, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        self.sql.query(ADD, vec![text(alias), text(name)]).map(drop)
    }

    /// First column of the first row, unless it is NULL.
    pub(super) fn first(&self, sql: &str, values: Vec<Value>) -> Result<Option<Value>, Fault> {
        let first = self.sql.query(sql, values)?.into_iter().next().and_then(|row| row.into_iter().next());
        Ok(first.filter(|value| *value != Value::Null))
    }
}

pub(super) fn unfilled() -> Fault {
    Fault::new("this share is being filled, and does not serve yet")
}
