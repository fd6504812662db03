//! What an object does on the way to becoming two: [`mod@super::grow`].

use super::aside::Kept;
use super::lies_beside;
use super::message::{self, Answer, Batch, Copied, Fill, Found, Pace, Pending, Stage, Step};
use super::object::{Object, unfilled};
use super::storage::{Sql, Value, blob, damaged, integer, string, text, unsigned};
use crate::Fault;
use std::collections::BTreeMap;

/// What is kept of it.
pub(super) struct State {
    name: String,
    stage: Stage,
    /// The last number that was used.
    n: u64,
    /// How far it has been copied.
    after: String,
    /// The last number that it was filled with.
    filled: u64,
}

const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS split (id INTEGER PRIMARY KEY CHECK (id = 0), name TEXT NOT NULL, stage BLOB NOT NULL,
       n INTEGER NOT NULL, after TEXT NOT NULL, filled INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS dirty (key TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID",
];
/// Octets of rows that one message takes, or one row that has more.
const PAGE: u64 = 256 * 1024;
/// Rows that one message takes.
const ROWS: u64 = 200;
/// Where the copy has come to its end: behind all keys.
const END: &str = "s";

fn row_key(name: &str) -> String {
    format!("r/{name}")
}

fn pace_key(key: &str) -> String {
    format!("p/{key}")
}

impl<S: Sql> Object<S> {
    /// Where it is.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn stage(&self) -> Result<Stage, Fault> {
        if let Some(stage) = self.stage.get() {
            return Ok(stage);
        }
        let stage = self.state()?.map_or(Stage::Whole, |state| state.stage);
        self.stage.set(Some(stage));
        Ok(stage)
    }

    /// The share that this is, if it is one of those that have an order.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn share(&self) -> Result<Option<String>, Fault> {
        if self.is_new()? {
            return Ok(None);
        }
        if let Some(state) = self.state()? {
            return Ok(Some(state.name));
        }
        const ORDER: &str = "SELECT name FROM record WHERE name >= 'order/' AND name < 'order0' LIMIT 1";
        if self.is_earlier()? {
            return Ok(None);
        }
        let order = self.first(ORDER, Vec::new())?.map(string).transpose()?;
        Ok(order.map(|name| super::object_of(&name)))
    }

    /// Whether it has as many orders as are worth a split.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn has_many(&self) -> Result<bool, Fault> {
        const MANY: &str =
            "SELECT 1 FROM record WHERE name >= 'order/' AND name < 'order0' LIMIT 1 OFFSET ?1";
        Ok(!self.is_new()? && self.first(MANY, vec![integer(super::Growth::FEW)])?.is_some())
    }

    /// Why a function is not executed here: it has moved, or changes wait, or none of these aliases is known here.
    ///
    /// # Errors
    /// The storage has failed, or this is a half that has not been opened.
    pub fn turned_away(&self, aliases: &[String]) -> Result<Option<Answer>, Fault> {
        match self.stage()? {
            Stage::Filling => Err(unfilled()),
            Stage::Moved | Stage::Noted => Ok(Some(Answer::Moved)),
            Stage::Frozen => Ok(Some(Answer::Busy(Vec::new()))),
            Stage::Whole | Stage::Copying if aliases.is_empty() || self.knows_any(aliases)? => Ok(None),
            Stage::Whole | Stage::Copying => Ok(Some(Answer::NotHere)),
        }
    }

    /// Takes note of a row that changes while it is copied.
    pub(super) fn note_row(&self, name: &str) -> Result<(), Fault> {
        self.note(|| row_key(name))
    }

    /// Takes note of a pace that changes while it is copied.
    pub(super) fn note_pace(&self, key: &str) -> Result<(), Fault> {
        self.note(|| pace_key(key))
    }

    fn note(&self, key: impl Fn() -> String) -> Result<(), Fault> {
        if self.stage()? != Stage::Copying {
            return Ok(());
        }
        const NOTE: &str = "INSERT OR REPLACE INTO dirty (key, n) SELECT ?1, n FROM split";
        self.sql.query(NOTE, vec![Value::Text(key())]).map(drop)
    }

    pub(super) fn state(&self) -> Result<Option<State>, Fault> {
        const THERE: &str = "SELECT 1 FROM sqlite_master WHERE name = 'split'";
        if self.first(THERE, Vec::new())?.is_none() {
            return Ok(None);
        }
        let rows = self.sql.query("SELECT name, stage, n, after, filled FROM split", Vec::new())?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let [name, stage, n, after, filled] = <[Value; 5]>::try_from(row).map_err(|_| damaged())?;
        Ok(Some(State {
            name: string(name)?,
            stage: message::read(&blob(stage)?)?,
            n: unsigned(n)?,
            after: string(after)?,
            filled: unsigned(filled)?,
        }))
    }

    fn keep(&self, state: &State) -> Result<(), Fault> {
        let State { name, stage, n, after, filled } = state;
        let stage = Value::Blob(message::write(stage)?);
        const KEEP: &str =
            "INSERT OR REPLACE INTO split (id, name, stage, n, after, filled) VALUES (0, ?1, ?2, ?3, ?4, ?5)";
        self.stage.set(None);
        self.sql.query(KEEP, vec![text(name), stage, integer(*n), text(after), integer(*filled)]).map(drop)
    }

    /// Takes a step.
    pub(super) fn step(&self, step: &Step) -> Result<Answer, Fault> {
        if let Step::Begin { share } = step {
            return self.begin(share);
        }
        let Some(mut state) = self.state()? else { return Ok(Answer::Batch(Batch::none(Stage::Whole))) };
        let is_last = |n: &u64| *n == state.n;
        match step {
            Step::Begin { .. } => {}
            Step::Next => return self.next(state).map(Answer::Batch),
            Step::Copied { n, until } if is_last(n) => {
                if state.after != END {
                    state.after.clone_from(until);
                    self.keep(&state)?;
                } else {
                    const COPIED: &str = "DELETE FROM dirty WHERE n < ?1 AND key <= ?2";
                    self.sql.query(COPIED, vec![integer(*n), text(until)])?;
                }
            }
            Step::Freeze { n } if is_last(n) && state.stage == Stage::Copying => {
                let states =
                    |all: &BTreeMap<_, Kept>| all.values().map(|kept| kept.pending.clone()).collect();
                let pending: Vec<Pending> = self.aside.with(&self.sql, states)?;
                if !pending.is_empty() {
                    return Ok(Answer::Busy(pending));
                }
                self.keep(&State { stage: Stage::Frozen, ..state })?;
            }
            Step::Thaw { n } if is_last(n) && state.stage == Stage::Frozen => {
                self.keep(&State { stage: Stage::Copying, ..state })?;
            }
            Step::Close { n } if is_last(n) && state.stage == Stage::Frozen => {
                self.keep(&State { stage: Stage::Moved, ..state })?;
            }
            Step::Note if state.stage == Stage::Moved => self.sql.transaction(&mut || {
                for table in ["record", "alias", "pace", "dirty"] {
                    self.sql.query(&format!("DELETE FROM {table}"), Vec::new())?;
                }
                let (name, after) = (state.name.clone(), state.after.clone());
                self.keep(&State { name, after, stage: Stage::Noted, ..state })
            })?,
            // It has been done, or somebody else has gone on with it.
            Step::Note if state.stage == Stage::Noted => {}
            Step::Copied { .. }
            | Step::Freeze { .. }
            | Step::Thaw { .. }
            | Step::Close { .. }
            | Step::Note => {
                return Ok(Answer::Conflict);
            }
        }
        Ok(Answer::Done)
    }

    fn begin(&self, share: &str) -> Result<Answer, Fault> {
        self.sql.make(&TABLES)?;
        let (n, filled) = match self.state()? {
            Some(state) if matches!(state.stage, Stage::Moved | Stage::Noted) => return Ok(Answer::Moved),
            Some(state) if state.stage == Stage::Filling => return Err(unfilled()),
            Some(state) if state.stage != Stage::Whole => return Ok(Answer::Done),
            Some(state) if state.name != share => {
                return Err(Fault::new(format!("this is {}, and not {share}", state.name)));
            }
            Some(state) => (state.n, state.filled),
            None => (0, 0),
        };
        let after = String::new();
        self.keep(&State { name: share.into(), stage: Stage::Copying, n, after, filled })?;
        Ok(Answer::Done)
    }

    /// What is copied next, under a number of its own.
    fn next(&self, state: State) -> Result<Batch, Fault> {
        if !matches!(state.stage, Stage::Copying | Stage::Frozen) {
            return Ok(Batch::none(state.stage));
        }
        let (n, stage) = (state.n + 1, state.stage);
        let (keys, until, left) = match state.after != END {
            true => self.scan(&state.after)?,
            false => self.changed()?,
        };
        self.keep(&State { n, ..state })?;
        let mut batch = Batch { n, until, left, ..Batch::none(stage) };
        for key in keys {
            match key.split_at_checked(2) {
                Some(("p/", key)) => batch.paces.extend(self.pace(key)?),
                Some(("r/", name)) => match self.copied(name)? {
                    Some(row) => batch.rows.push(row),
                    None => batch.gone.push(name.into()),
                },
                _ => return Err(damaged()),
            }
        }
        Ok(batch)
    }

    /// The next keys behind one, how far that is, and that there is more to be looked for.
    fn scan(&self, after: &str) -> Result<(Vec<String>, String, bool), Fault> {
        const PACES: &str = "SELECT 'p/' || key, 50 FROM pace WHERE key > ?1 ORDER BY key LIMIT ?2";
        const RECORDS: &str =
            "SELECT 'r/' || name, LENGTH(body) FROM record WHERE name > ?1 ORDER BY name LIMIT ?2";
        let (query, behind, end) = match after.strip_prefix("r/") {
            Some(name) => (RECORDS, name, END),
            None => (PACES, after.strip_prefix("p/").unwrap_or_default(), "r/"),
        };
        let (keys, more) = self.page(query, vec![text(behind), integer(ROWS + 1)])?;
        let until = keys.last().filter(|_| more).cloned();
        Ok((keys, until.unwrap_or_else(|| end.into()), true))
    }

    /// The first keys of what has changed, how far that is, and whether there are more.
    fn changed(&self) -> Result<(Vec<String>, String, bool), Fault> {
        const KEYS: &str =
            "SELECT key, (SELECT LENGTH(body) FROM record WHERE name = SUBSTR(key, 3)) FROM dirty
             ORDER BY key LIMIT ?1";
        let (keys, more) = self.page(KEYS, vec![integer(ROWS + 1)])?;
        let until = keys.last().cloned().unwrap_or_default();
        Ok((keys, until, more))
    }

    /// As many keys as one message takes, of those with sizes that a query finds.
    fn page(&self, keys: &str, values: Vec<Value>) -> Result<(Vec<String>, bool), Fault> {
        let (mut octets, mut page) = (0, Vec::new());
        for row in self.sql.query(keys, values)? {
            let [key, size] = <[Value; 2]>::try_from(row).map_err(|_| damaged())?;
            octets += if size == Value::Null { 0 } else { unsigned(size)? };
            if page.len() as u64 == ROWS || (octets > PAGE && !page.is_empty()) {
                return Ok((page, true));
            }
            page.push(string(key)?);
        }
        Ok((page, false))
    }

    fn copied(&self, name: &str) -> Result<Option<Copied>, Fault> {
        let Some(row) = self.row(name)? else { return Ok(None) };
        let tx = self.first("SELECT tx FROM record WHERE name = ?1", vec![text(name)])?;
        Ok(Some(Copied { row, tx: tx.map(blob).transpose()?.unwrap_or_default() }))
    }

    fn pace(&self, key: &str) -> Result<Option<Pace>, Fault> {
        let rows = self.sql.query("SELECT level, at, full_at FROM pace WHERE key = ?1", vec![text(key)])?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let [level, at, full_at] = <[Value; 3]>::try_from(row).map_err(|_| damaged())?;
        let (level, at, full_at) = (unsigned(level)?, unsigned(at)?, unsigned(full_at)?);
        Ok(Some(Pace { key: key.into(), level, at, full_at }))
    }

    /// Takes what a share that splits has for it.
    pub(super) fn fill(&self, fill: &Fill) -> Result<Answer, Fault> {
        let state = match self.state()? {
            Some(state) if fill.n <= state.filled => return Ok(Answer::Done),
            Some(state) if matches!(state.stage, Stage::Whole | Stage::Filling) => state,
            Some(_) => return Err(Fault::new(format!("{} has been opened, and splits itself", fill.share))),
            None if self.first("SELECT 1 FROM record LIMIT 1", Vec::new())?.is_some() => {
                return Err(Fault::new(format!("{} has rows of its own", fill.share)));
            }
            None => State {
                name: fill.share.clone(),
                stage: Stage::Filling,
                n: 0,
                after: String::new(),
                filled: 0,
            },
        };
        self.sql.make(&TABLES)?;
        let stage = if fill.open { Stage::Whole } else { Stage::Filling };
        self.sql.transaction(&mut || {
            for name in fill.gone.iter().chain(fill.rows.iter().map(|copied| &copied.row.name)) {
                for alias in self.row(name)?.map(|row| row.aliases).unwrap_or_default() {
                    let values = vec![text(&alias), text(name)];
                    self.sql.query("DELETE FROM alias WHERE alias = ?1 AND name = ?2", values)?;
                }
                self.sql.query("DELETE FROM record WHERE name = ?1", vec![text(name)])?;
            }
            for Copied { row, tx } in &fill.rows {
                self.put_as_it_is(row, tx)?;
            }
            for Pace { key, level, at, full_at } in &fill.paces {
                const PUT: &str =
                    "INSERT OR REPLACE INTO pace (key, level, at, full_at) VALUES (?1, ?2, ?3, ?4)";
                self.sql.query(PUT, vec![text(key), integer(*level), integer(*at), integer(*full_at)])?;
            }
            let (name, after) = (state.name.clone(), state.after.clone());
            self.keep(&State { name, after, stage, filled: fill.n, ..state })
        })?;
        Ok(Answer::Done)
    }

    /// A row of elsewhere, if there is none of its name, with what an LPA asks by beside it.
    pub(super) fn put_as_it_is(&self, row: &Found, tx: &[u8]) -> Result<(), Fault> {
        let Found { name, revision, aliases, body, expires, due } = row;
        const PUT: &str = "INSERT INTO record (name, revision, expires, due, tx, aliases, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
        let values = vec![
            text(name),
            integer(*revision),
            expires.map_or(Value::Null, integer),
            due.map_or(Value::Null, integer),
            Value::Blob(tx.into()),
            Value::Blob(message::write(aliases)?),
            Value::Blob(body.clone()),
        ];
        self.sql.query(PUT, values)?;
        aliases.iter().filter(|alias| lies_beside(alias)).try_for_each(|alias| self.add_alias(alias, name))
    }
}
