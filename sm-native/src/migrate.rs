//! Files of earlier versions are brought up to date when they are opened: all of it, or nothing.

use crate::sqlite::{SqliteError, apply_or_end, query};
use esim_crypto::seal_key_of;
use esim_sm_edge::{Fault, Vault, sql};
use esim_smdp::store::{Alias, AliasKind, Change, Kind, Row};
use esim_smdp::{Order, Records};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// Version of the tables and of what is in them, kept in the file.
///
/// 1: bodies were JSON in clear, and nothing was due. 2: bodies are sealed, and `due` says when to attend to them. 3:
/// matchingIds and eventIds are disguised, and default orders that do not wait have an alias of their own. 4: what an
/// owner has is found by names that are its own. 5: orders are found by their eUICC and by whose they are.
pub(crate) const VERSION: u32 = 5;

/// Rows that are read at once.
const PAGE: u32 = 500;

/// Makes the tables of a new file, or brings those of an old one up to date.
pub(crate) fn to_current(connection: &mut Connection, vault: &Vault) -> Result<(), SqliteError> {
    let version = version(connection)?;
    if version > VERSION {
        return Err(Fault::new(format!(
            "the records are of version {version}, this program knows {VERSION}: use the program that wrote them, or a \
             later one"
        ))
        .into());
    }
    if version == VERSION {
        return Ok(());
    }
    if version > 1 && !is_sealed_with(connection, vault)? {
        return Err(Fault::new("this is not the key of the records").into());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if version == 1 && !has_due(&transaction)? {
        transaction.execute("ALTER TABLE record ADD COLUMN due INTEGER", ())?;
    }
    for statement in sql::SCHEMA {
        transaction.execute(statement, ())?;
    }
    if version == 1 {
        seal(&transaction, vault)?;
    }
    if (1..3).contains(&version) {
        disguise(&transaction, vault)?;
    }
    if version > 0 {
        name_anew(&transaction, vault)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    if (1..4).contains(&version) {
        // What was in clear must not be left in free pages, nor in the log beside the file.
        connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
    }
    Ok(())
}

pub(crate) fn version(connection: &Connection) -> Result<u32, SqliteError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// Whether a vault has the key that the records are sealed with. Some may be damaged; they are all looked at only if
/// none of the first ones is known.
pub(crate) fn is_sealed_with(connection: &Connection, vault: &Vault) -> Result<bool, SqliteError> {
    let mut statement = connection.prepare("SELECT body FROM record")?;
    let mut rows = statement.query(())?;
    let mut is_empty = true;
    while let Some(row) = rows.next()? {
        is_empty = false;
        if vault.knows(row.get_ref(0)?.as_bytes().unwrap_or_default()) {
            return Ok(true);
        }
    }
    Ok(is_empty)
}

fn has_due(connection: &Connection) -> Result<bool, SqliteError> {
    Ok(connection.prepare("SELECT 1 FROM pragma_table_info('record') WHERE name = 'due'")?.exists(())?)
}

/// Seals every body that is in clear, and says when each is due.
fn seal(transaction: &Transaction<'_>, vault: &Vault) -> Result<(), SqliteError> {
    let mut after = String::new();
    loop {
        let rows = page(transaction, &after)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.name.clone();
        for row in rows.into_iter().filter(|row| seal_key_of(&row.body).is_err()) {
            let (name, due) = (row.name.clone(), due(&row)?);
            let body = vault.seal_body(&name, &row.body)?;
            let update = "UPDATE record SET body = ?2, due = ?3 WHERE name = ?1";
            transaction.prepare_cached(update)?.execute(params![name, body, due])?;
        }
    }
}

/// When a row of the earlier version is to be attended to.
fn due(row: &Row) -> Result<Option<u64>, SqliteError> {
    let mut records = Records::default();
    let wrong = |_| Fault::new(format!("{}: not a record of version 1", row.name));
    records.add(row.clone()).map_err(wrong)?;
    Ok(records.orders().next().and_then(Order::due))
}

/// Disguises what was in clear in names and aliases; of default orders writes the aliases anew.
fn disguise(transaction: &Transaction<'_>, vault: &Vault) -> Result<(), SqliteError> {
    loop {
        let aliases = "SELECT alias, name FROM alias WHERE alias > ?1 AND alias < ?2 LIMIT ?3";
        let (from, to) = sql::range(AliasKind::Matching.prefix(), "");
        let mut statement = transaction.prepare_cached(aliases)?;
        let found = statement.query_map(params![from, to, PAGE], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let found = found.collect::<rusqlite::Result<Vec<(String, String)>>>()?;
        if found.is_empty() {
            break;
        }
        // Of damaged rows as well: their bodies are not looked at.
        for (alias, name) in found {
            let update = "UPDATE alias SET alias = ?3 WHERE alias = ?1 AND name = ?2";
            let disguised = vault.disguise(alias.clone());
            transaction.prepare_cached(update)?.execute(params![alias, name, disguised])?;
        }
    }
    const EVENTS: &str = "SELECT name, revision, body FROM record WHERE name > 'event/' AND name < 'event0'";
    const DEFAULTS: &str = "SELECT r.name, r.revision, r.body FROM alias a JOIN record r ON r.name = a.name
         WHERE a.alias > 'default/' AND a.alias < 'default0'";
    for rows in [query(transaction, EVENTS, ())?, query(transaction, DEFAULTS, ())?] {
        for row in rows {
            let name = row.name.clone();
            match vault.renew(row, None) {
                Ok(changes) => apply_or_end(transaction, &changes)?,
                Err(fault) => tracing::error!(call = "upgrade", correlation = name, outcome = %fault),
            }
        }
    }
    Ok(())
}

/// Gives every order the aliases that this version finds it by. One that cannot be read keeps what it has.
fn name_anew(transaction: &Transaction<'_>, vault: &Vault) -> Result<(), SqliteError> {
    let mut after = String::from(Kind::Order.prefix());
    loop {
        let rows = page(transaction, &after)?;
        after = rows.last().map(|last| last.name.clone()).unwrap_or_default();
        for row in rows.into_iter().filter(|row| Kind::Order.has(&row.name)) {
            let name = row.name.clone();
            match aliases(row, vault) {
                Ok(aliases) => {
                    transaction.prepare_cached(sql::DELETE_ALIASES)?.execute([&name])?;
                    for alias in aliases {
                        transaction.prepare_cached(sql::PUT_ALIAS)?.execute([&alias.name, &name])?;
                    }
                }
                Err(fault) => tracing::error!(call = "upgrade", correlation = name, outcome = %fault),
            }
        }
        if !Kind::Order.has(&after) {
            return Ok(());
        }
    }
}

/// The aliases of an order as the store sees them.
fn aliases(row: Row, vault: &Vault) -> Result<Vec<Alias>, SqliteError> {
    let (name, mut records) = (row.name.clone(), Records::default());
    let unread = |_| Fault::new(format!("{name}: not a record of this version"));
    records.add(vault.open(row)?).map_err(unread)?;
    for change in records.rewrite().map_err(unread)? {
        if let Change::Put { aliases, .. } = vault.seal(change)? {
            return Ok(aliases);
        }
    }
    Err(Fault::new(format!("{name}: no order")).into())
}

fn page(connection: &Connection, after: &str) -> Result<Vec<Row>, SqliteError> {
    let select = "SELECT name, revision, body FROM record WHERE name > ?1 ORDER BY name LIMIT ?2";
    Ok(query(connection, select, params![after, PAGE])?)
}
