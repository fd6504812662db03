//! Records in one SQLite file.

use crate::{CommitError, Fault, Store, Vault, sql};
use esim_smdp::Records;
use esim_smdp::store::{Change, Lookup, Row};
use rusqlite::{Connection, OptionalExtension, Params, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Version of the tables, kept in the file.
const VERSION: u32 = 1;

/// Records in one SQLite file. Every commit is one transaction that is on the
/// disk before the answer leaves.
pub struct SqliteStore {
    connection: Mutex<Connection>,
}

/// A step of sealing anew.
pub(super) struct Resealed {
    /// Rows that were sealed with another key.
    pub sealed: u64,
    /// The last row looked at; none if there are no more.
    pub last: Option<String>,
}

impl SqliteStore {
    /// Opens or creates the file.
    ///
    /// # Errors
    /// A file that cannot be opened, is no database, or is of a later version.
    pub fn open(path: &Path) -> Result<Self, Fault> {
        Self::prepare(Connection::open(path)?)
    }

    /// A store that is gone when it is dropped.
    ///
    /// # Errors
    /// SQLite has no memory.
    pub fn in_memory() -> Result<Self, Fault> {
        Self::prepare(Connection::open_in_memory()?)
    }

    fn prepare(connection: Connection) -> Result<Self, Fault> {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // An order must not be found undelivered after a power cut: sync each commit.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version > VERSION {
            return Err(Fault::new(format!("the records are of a later version ({version})")));
        }
        for statement in sql::SCHEMA {
            connection.execute(statement, ())?;
        }
        connection.pragma_update(None, "user_version", VERSION)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(Self { connection: Mutex::new(connection) })
    }

    /// Whether records can be read, and a transaction that writes can be begun.
    ///
    /// # Errors
    /// What SQLite says: the file has gone or is damaged, the disk fails.
    pub fn health(&self) -> Result<(), Fault> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.query_row("SELECT count(*) FROM (SELECT 1 FROM record LIMIT 1)", (), |_| Ok(()))?;
        Ok(transaction.rollback()?)
    }

    /// Writes everything into the file itself, so that nothing is left beside it.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn checkpoint(&self) -> Result<(), Fault> {
        Ok(self.connection().query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?)
    }

    /// Any one row, to try a key on; none if there is none.
    pub(super) fn any_row(&self) -> Result<Option<Row>, Fault> {
        let read =
            |row: &rusqlite::Row<'_>| Ok(Row { name: row.get(0)?, revision: row.get(1)?, body: row.get(2)? });
        Ok(self.connection().query_row(sql::ANY, (), read).optional()?)
    }

    /// Seals the next `limit` rows behind `after` with the vault's first key, in one transaction.
    pub(super) fn reseal(&self, vault: &Vault, after: &str, limit: u32) -> Result<Resealed, Fault> {
        let mut connection = self.connection();
        let rows = query(&connection, sql::BY_NAME_AFTER, params![after, limit])?;
        let last = rows.last().map(|row| row.name.clone());
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut sealed = 0;
        for row in rows {
            if vault.is_current(&row.body) {
                continue;
            }
            let mut records = Records::default();
            records.add(vault.open(row)?).map_err(|error| Fault::new(error.kind))?;
            let changes = records.rewrite();
            if changes.len() != 1 {
                return Err(Fault::new("a record of a kind that cannot be sealed anew"));
            }
            for change in changes {
                if !apply(&transaction, &vault.seal(change))? {
                    return Err(Fault::new("the records change while they are sealed anew"));
                }
                sealed += 1;
            }
        }
        transaction.commit()?;
        Ok(Resealed { sealed, last })
    }

    /// Writes the file anew, without anything that has been deleted or replaced.
    pub(super) fn vacuum(&self) -> Result<(), Fault> {
        self.connection().execute_batch("VACUUM")?;
        self.checkpoint()
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic interrupted has been rolled back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for SqliteStore {
    const COMMIT_RECORDS: usize = 1000;

    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Row>, Fault> {
        let connection = self.connection();
        let mut rows = Vec::new();
        for lookup in lookups {
            rows.extend(find(&connection, lookup)?);
        }
        Ok(rows)
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), CommitError> {
        let mut connection = self.connection();
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let transaction = begun.map_err(Fault::from)?;
        for change in changes {
            if !apply(&transaction, change).map_err(Fault::from)? {
                // Dropping the transaction rolls it back.
                return Err(CommitError::Conflict);
            }
        }
        transaction.commit().map_err(Fault::from)?;
        Ok(())
    }
}

fn find(connection: &Connection, lookup: &Lookup) -> rusqlite::Result<Vec<Row>> {
    match lookup {
        Lookup::Name(name) => query(connection, sql::BY_NAME, params![name]),
        Lookup::Alias { alias, limit } => query(connection, sql::BY_ALIAS, params![alias, limit]),
        Lookup::Due { by, limit } => query(connection, sql::BY_DUE, params![by, limit]),
        Lookup::Range { prefix, after, limit } => {
            let (from, to) = sql::range(prefix, after);
            query(connection, sql::BY_RANGE, params![from, to, limit])
        }
    }
}

fn query(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement
        .query_map(params, |row| Ok(Row { name: row.get(0)?, revision: row.get(1)?, body: row.get(2)? }))?;
    rows.collect()
}

/// Applies one change; false if the records are not as it expects.
fn apply(transaction: &Transaction<'_>, change: &Change) -> rusqlite::Result<bool> {
    match change {
        Change::Put { name, expected, body, aliases, expires, due } => {
            if revision(transaction, name)? != *expected {
                return Ok(false);
            }
            execute(transaction, sql::PUT, params![name, expected + 1, expires, due, body])?;
            execute(transaction, sql::DELETE_ALIASES, params![name])?;
            for alias in aliases {
                let mut taken = transaction.prepare_cached(sql::TAKEN)?;
                if alias.unique && taken.exists(params![alias.name, name])? {
                    return Ok(false);
                }
                execute(transaction, sql::PUT_ALIAS, params![alias.name, name])?;
            }
            Ok(true)
        }
        Change::Delete { name, expected } => {
            if revision(transaction, name)? != *expected {
                return Ok(false);
            }
            execute(transaction, sql::DELETE_ALIASES, params![name])?;
            execute(transaction, sql::DELETE, params![name])?;
            Ok(true)
        }
        Change::Sweep { before } => {
            execute(transaction, sql::SWEEP_ALIASES, params![before])?;
            execute(transaction, sql::SWEEP, params![before])?;
            Ok(true)
        }
    }
}

fn revision(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<u64> {
    let mut statement = transaction.prepare_cached(sql::REVISION)?;
    let found = statement.query_row(params![name], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

fn execute(transaction: &Transaction<'_>, sql: &str, params: impl Params) -> rusqlite::Result<()> {
    transaction.prepare_cached(sql)?.execute(params).map(drop)
}
