//! Records in one SQLite file.

use crate::folder::Found;
use crate::keep::Resealed;
use crate::writer::{Log, Mark, Writer};
use crate::{crash, files, migrate};
use esim_sm_edge::{CommitError, Fault, Store, Vault, sql};
use esim_smdp::store::{Alias, Change, Kind, Lookup, Row};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, TransactionBehavior, params};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Connections for long reads that are kept open.
const READERS: usize = 16;

/// Records in one SQLite file. Every commit is on the disk before the answer leaves; commits that wait at the same time
/// share one transaction, for it is the disk that takes the time.
pub struct SqliteStore {
    /// Absent for a store in memory, which has one connection for everything.
    path: Option<PathBuf>,
    readers: Mutex<Vec<Connection>>,
    /// Writes, and reads what takes no time: its pages are up to date. Never locked while the disk is waited for.
    main: Arc<Mutex<Connection>>,
    writer: Writer,
}

/// What the file of records does not do: SQLite says so, or what lies in it.
#[derive(Debug, thiserror::Error)]
pub enum SqliteError {
    /// SQLite says so.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// It is no file of ours, or its rows are not.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<SqliteError> for Fault {
    fn from(error: SqliteError) -> Self {
        match error {
            SqliteError::Fault(fault) => fault,
            SqliteError::Sqlite(_) => Self::new(error),
        }
    }
}

/// What is in a file of records, which is left as it is.
///
/// # Errors
/// A file that is no database.
pub(crate) fn look(path: &Path) -> Result<Found, SqliteError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    let version = migrate::version(&connection)?;
    let has = |condition: &str| {
        connection.prepare(&format!("SELECT 1 FROM record WHERE {condition} LIMIT 1"))?.exists(())
    };
    if version == 0 {
        return Ok(Found::default());
    }
    Ok(Found { version, has_rows: has("true")?, has_orders: has("name > 'order/' AND name < 'order0'")? })
}

/// Looks through all pages of a file of records, if there is one, for damage.
///
/// # Errors
/// What SQLite finds first.
pub(crate) fn quick_check(path: &Path) -> Result<(), SqliteError> {
    if !path.exists() {
        return Ok(());
    }
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0))?;
    if verdict == "ok" { Ok(()) } else { Err(Fault::new(verdict).into()) }
}

impl SqliteStore {
    /// Opens or creates the file. Records of an earlier version are brought up to date, sealed with `vault`.
    ///
    /// # Errors
    /// A file that cannot be opened, is no database, or is of a later version.
    pub fn open(path: &Path, vault: &Vault) -> Result<Self, SqliteError> {
        Self::open_with(path, vault, None)
    }

    /// The same; `marks` is called when an order has been written for the first time.
    pub(crate) fn open_with(path: &Path, vault: &Vault, marks: Option<Mark>) -> Result<Self, SqliteError> {
        for_its_owner(path).map_err(Fault::new)?;
        let mut connection = connect(path)?;
        // Each commit that splits a page looks through all pages that are kept: with eight times as many a download among
        // 60,000 orders costs a third more, and a row of a batch a quarter.
        connection.pragma_update(None, "cache_size", -(8 << 10))?;
        connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
        migrate::to_current(&mut connection, vault)?;
        // The writer syncs the log and copies it into the file, without holding up those who read.
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        connection.pragma_update(None, "wal_autocheckpoint", 0)?;
        let log = Log::open(path, connect(path)?, marks)?;
        Ok(Self::with(Some(path.to_path_buf()), connection, Some(log)))
    }

    /// Opens a file to read it, whatever is in it.
    ///
    /// # Errors
    /// A file that cannot be opened or is of another version.
    pub(crate) fn open_as_it_is(path: &Path) -> Result<Self, SqliteError> {
        let connection = connect(path)?;
        let version = migrate::version(&connection)?;
        if version != migrate::VERSION {
            return Err(Fault::new(format!(
                "the records are of version {version}, not {}: a server of this version brings them up to date",
                migrate::VERSION
            ))
            .into());
        }
        Ok(Self::with(Some(path.to_path_buf()), connection, None))
    }

    /// A store that is gone when it is dropped.
    ///
    /// # Errors
    /// SQLite has no memory.
    pub fn in_memory() -> Result<Self, SqliteError> {
        let mut connection = Connection::open_in_memory()?;
        migrate::to_current(&mut connection, &Vault::new(&[0; 32]))?;
        Ok(Self::with(None, connection, None))
    }

    fn with(path: Option<PathBuf>, connection: Connection, log: Option<Log>) -> Self {
        let main = Arc::new(Mutex::new(connection));
        let writer = Writer::start(main.clone(), log);
        Self { path, readers: Mutex::default(), main, writer }
    }

    /// Whether records can be read, and what is written reaches the disk.
    ///
    /// # Errors
    /// What SQLite says: the file has gone or is damaged, the disk is full or fails.
    pub async fn health(&self) -> Result<(), SqliteError> {
        self.any_row()?;
        Ok(self.writer.probe().await?)
    }

    /// How many rows have a name that begins with `prefix`, which ends in `/`.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn count(&self, prefix: &str) -> Result<u64, SqliteError> {
        let (from, to) = sql::range(prefix, "");
        self.read(|connection| {
            let count = "SELECT count(*) FROM record WHERE name > ?1 AND name < ?2";
            connection.prepare_cached(count)?.query_row(params![from, to], |row| row.get(0))
        })
    }

    /// Writes everything into the file itself, so that nothing is left beside it.
    ///
    /// # Errors
    /// The disk is full or fails.
    pub fn checkpoint(&self) -> Result<(), SqliteError> {
        lock(&self.readers).clear();
        Ok(lock(&self.main).query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?)
    }

    /// Any one row, to try a key on; none if there is none.
    pub(crate) fn any_row(&self) -> Result<Option<Row>, SqliteError> {
        Ok(lock(&self.main).query_row(sql::ANY, (), row_of).optional()?)
    }

    /// Whether a vault has the key that the records are sealed with; it has if there are none.
    pub(crate) fn is_sealed_with(&self, vault: &Vault) -> Result<bool, SqliteError> {
        migrate::is_sealed_with(&lock(&self.main), vault)
    }

    /// The next `limit` rows behind `after`, by name.
    pub(crate) fn rows_after(&self, after: &str, limit: u32) -> Result<Vec<Row>, SqliteError> {
        self.read(|connection| query(connection, sql::BY_NAME_AFTER, params![after, limit]))
    }

    /// Seals the next `limit` rows behind `after` with the vault's first key, in one transaction. The last row looked
    /// at; none if there are no more. Rows that are damaged are left, those of another key end it.
    pub(crate) fn reseal(
        &self,
        vault: &Vault,
        after: &str,
        limit: u32,
        sealed: &mut Resealed,
    ) -> Result<Option<String>, SqliteError> {
        let mut connection = lock(&self.main);
        let rows = query(&connection, sql::BY_NAME_AFTER, params![after, limit])?;
        let last = rows.last().map(|row| row.name.clone());
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for row in rows.into_iter().filter(|row| !vault.is_current(&row.body)) {
            let (name, is_known) = (row.name.clone(), vault.knows(&row.body));
            // The end of a history goes with its order, where there is one.
            if beside(&transaction, &name, Kind::Head, Kind::Order)?.is_some() {
                continue;
            }
            let head = beside(&transaction, &name, Kind::Order, Kind::Head)?;
            match vault.renew(row, head) {
                Ok(changes) => {
                    apply_or_end(&transaction, &changes)?;
                    sealed.records += 1;
                }
                Err(_) if is_known => sealed.damaged.push(name),
                Err(fault) => return Err(fault.into()),
            }
        }
        transaction.commit()?;
        Ok(last)
    }

    /// Writes the file anew, without anything that has been deleted or replaced.
    pub(crate) fn vacuum(&self) -> Result<(), SqliteError> {
        lock(&self.main).execute_batch("VACUUM")?;
        self.checkpoint()
    }

    /// Reads what may take its time, with a connection that nobody else waits for.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, SqliteError> {
        let Some(path) = &self.path else { return Ok(work(&lock(&self.main))?) };
        let kept = lock(&self.readers).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(path)?,
        };
        let read = work(&connection)?;
        let mut readers = lock(&self.readers);
        if readers.len() < READERS {
            readers.push(connection);
        }
        Ok(read)
    }
}

/// Makes the file before SQLite would: what SQLite makes beside it, now and later, has the permissions of this file.
fn for_its_owner(path: &Path) -> io::Result<()> {
    if !path.exists() {
        return files::create(path).map(drop);
    }
    for beside in ["", "-wal", "-shm"] {
        files::close_to_others(&PathBuf::from(format!("{}{beside}", path.display())))?;
    }
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, SqliteError> {
    let connection = Connection::open(path)?;
    // Or some statements are compiled anew for each new value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

/// What a panic interrupted has been rolled back, or was not begun.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Store for SqliteStore {
    const COMMIT_RECORDS: usize = 1000;

    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Row>, Fault> {
        let find_all = |connection: &Connection| {
            if let [only] = lookups {
                return find(connection, only);
            }
            // One moment for all of them.
            execute(connection, "BEGIN", ())?;
            let rows: rusqlite::Result<Vec<_>> =
                lookups.iter().map(|lookup| find(connection, lookup)).collect();
            execute(connection, "COMMIT", ())?;
            Ok(rows?.concat())
        };
        let is_short = |lookup| matches!(lookup, &Lookup::Name(_) | &Lookup::Alias { .. });
        if lookups.iter().all(is_short) {
            return Ok(find_all(&lock(&self.main)).map_err(SqliteError::from)?);
        }
        Ok(self.read(find_all)?)
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), CommitError> {
        self.writer.commit(changes.to_vec()).await
    }

    async fn settled(&self) -> Result<(), Fault> {
        self.writer.settled().await
    }
}

/// Applies a group of commits in one transaction, each all or none: a conflict undoes nobody else's changes.
pub(crate) fn apply_all(
    connection: &mut Connection,
    group: &[Vec<Change>],
    probes: bool,
) -> Result<Vec<Result<(), CommitError>>, SqliteError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut outcomes = Vec::new();
    for changes in group {
        outcomes.push(apply_one(&transaction, changes)?);
    }
    if probes {
        // The same version again: written all the same, and nothing has changed.
        transaction.pragma_update(None, "user_version", migrate::VERSION)?;
    }
    crash::point("before");
    transaction.commit()?;
    Ok(outcomes)
}

fn apply_one(transaction: &Connection, changes: &[Change]) -> rusqlite::Result<Result<(), CommitError>> {
    execute(transaction, "SAVEPOINT one", ())?;
    for change in changes {
        if !apply(transaction, change)? {
            execute(transaction, "ROLLBACK TO one", ())?;
            execute(transaction, "RELEASE one", ())?;
            return Ok(Err(CommitError::Conflict));
        }
    }
    execute(transaction, "RELEASE one", ())?;
    Ok(Ok(()))
}

fn find(connection: &Connection, lookup: &Lookup) -> rusqlite::Result<Vec<Row>> {
    match lookup {
        Lookup::Name(name) => query(connection, sql::BY_NAME, params![name]),
        Lookup::Alias { alias, after, limit } => {
            query(connection, sql::BY_ALIAS, params![alias, after, limit])
        }
        Lookup::Due { by, limit } => query(connection, sql::BY_DUE, params![by, limit]),
        Lookup::Range { prefix, after, limit } => {
            let (from, to) = sql::range(prefix, after);
            query(connection, sql::BY_RANGE, params![from, to, limit])
        }
    }
}

pub(crate) fn query(connection: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(params, row_of)?;
    rows.collect()
}

/// Name, revision, body. A row in which something else stands is damaged, and is no reason to find no others: it opens
/// with no key, and nobody writes over it.
pub(crate) fn row_of(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let body = match row.get_ref(2)? {
        ValueRef::Blob(octets) | ValueRef::Text(octets) => octets.to_vec(),
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Real(_) => Vec::new(),
    };
    Ok(Row { name: row.get(0)?, revision: row.get(1).unwrap_or_default(), body })
}

/// The row of the same ICCID and another kind, if `name` is of the one kind.
fn beside(connection: &Connection, name: &str, of: Kind, other: Kind) -> rusqlite::Result<Option<Row>> {
    let Some(iccid) = name.strip_prefix(of.prefix()) else { return Ok(None) };
    Ok(query(connection, sql::BY_NAME, params![format!("{}{iccid}", other.prefix())])?.pop())
}

/// Applies changes that nobody else can be in the way of.
pub(crate) fn apply_or_end(transaction: &Connection, changes: &[Change]) -> Result<(), SqliteError> {
    for change in changes {
        if !apply(transaction, change)? {
            return Err(Fault::new("the records change while they are written anew").into());
        }
    }
    Ok(())
}

/// Applies one change; false if the records are not as it expects.
fn apply(transaction: &Connection, change: &Change) -> rusqlite::Result<bool> {
    match change {
        Change::Put { name, expected, body, aliases, expires, due } => {
            let written = match expected {
                0 => execute(transaction, sql::INSERT, params![name, expires, due, body])?,
                _ => update(transaction, params![name, expected, expires, due, body])?,
            };
            Ok(written == 1 && put_aliases(transaction, name, *expected == 0, aliases)?)
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
            // Mostly there is nothing, and each of the two makes a table of what it will take before it sees that.
            if !transaction.prepare_cached(sql::EXPIRED)?.exists(params![before])? {
                return Ok(true);
            }
            execute(transaction, sql::SWEEP_ALIASES, params![before])?;
            execute(transaction, sql::SWEEP, params![before])?;
            Ok(true)
        }
    }
}

/// How many rows have been written over, one or none; indexes are touched only where a time has changed.
fn update(transaction: &Connection, params: impl Params + Copy) -> rusqlite::Result<usize> {
    match execute(transaction, sql::UPDATE_BODY, params)? {
        0 => execute(transaction, sql::UPDATE, params),
        written => Ok(written),
    }
}

/// Leaves a row with these aliases, and most of the time all as it was; false if another row has one that is unique.
fn put_aliases(
    transaction: &Connection,
    name: &str,
    is_new: bool,
    aliases: &[Alias],
) -> rusqlite::Result<bool> {
    let mut old = BTreeSet::new();
    if !is_new {
        let mut statement = transaction.prepare_cached(sql::ALIASES)?;
        for alias in statement.query_map(params![name], |row| row.get::<_, String>(0))? {
            old.insert(alias?);
        }
    }
    for alias in aliases {
        if old.remove(&alias.name) {
            continue;
        }
        let mut taken = transaction.prepare_cached(sql::TAKEN)?;
        if alias.unique && taken.exists(params![alias.name, name])? {
            return Ok(false);
        }
        execute(transaction, sql::PUT_ALIAS, params![alias.name, name])?;
    }
    for alias in old {
        execute(transaction, sql::DELETE_ALIAS, params![alias, name])?;
    }
    Ok(true)
}

fn revision(transaction: &Connection, name: &str) -> rusqlite::Result<u64> {
    let mut statement = transaction.prepare_cached(sql::REVISION)?;
    let found = statement.query_row(params![name], |row| row.get(0)).optional()?;
    Ok(found.unwrap_or(0))
}

/// How many rows it has changed.
fn execute(transaction: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    transaction.prepare_cached(sql)?.execute(params)
}
