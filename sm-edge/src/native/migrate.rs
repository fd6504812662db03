//! Files of earlier versions are brought up to date when they are opened: all of it, or nothing.

use crate::{Fault, Vault, sql};
use esim_crypto::seal_key_of;
use esim_smdp::store::Row;
use esim_smdp::{Order, Records};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

/// Version of the tables and of what is in them, kept in the file.
///
/// 1: bodies were JSON in clear, and nothing was due. 2: bodies are sealed, and `due` says when to attend to them.
const VERSION: u32 = 2;

/// Rows that are read at once.
const PAGE: u32 = 500;

/// Makes the tables of a new file, or brings those of an old one up to date.
pub(super) fn to_current(connection: &mut Connection, vault: &Vault) -> Result<(), Fault> {
    let version = version(connection)?;
    if version > VERSION {
        return Err(Fault::new(format!(
            "the records are of version {version}, this program knows {VERSION}: use the program that wrote them, or a \
             later one"
        )));
    }
    if version == VERSION {
        return Ok(());
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
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    if version == 1 {
        // What was in clear must not be left in free pages, nor in the log beside the file.
        connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<u32, Fault> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

fn has_due(connection: &Connection) -> Result<bool, Fault> {
    Ok(connection.prepare("SELECT 1 FROM pragma_table_info('record') WHERE name = 'due'")?.exists(())?)
}

/// Seals every body that is in clear, and says when each is due.
fn seal(transaction: &Transaction<'_>, vault: &Vault) -> Result<(), Fault> {
    let mut after = String::new();
    loop {
        let rows = page(transaction, &after)?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.name.clone();
        for row in rows.into_iter().filter(|row| seal_key_of(&row.body).is_err()) {
            let (name, due) = (row.name.clone(), due(&row)?);
            let body = vault.seal_body(&name, &row.body);
            let update = "UPDATE record SET body = ?2, due = ?3 WHERE name = ?1";
            transaction.prepare_cached(update)?.execute(params![name, body, due])?;
        }
    }
}

/// When a row of the earlier version is to be attended to.
fn due(row: &Row) -> Result<Option<u64>, Fault> {
    let mut records = Records::default();
    let wrong = |_| Fault::new(format!("{}: not a record of version 1", row.name));
    records.add(row.clone()).map_err(wrong)?;
    Ok(records.orders().next().and_then(Order::due))
}

fn page(connection: &Connection, after: &str) -> Result<Vec<Row>, Fault> {
    let select = "SELECT name, revision, body FROM record WHERE name > ?1 ORDER BY name LIMIT ?2";
    let mut statement = connection.prepare_cached(select)?;
    let rows = statement.query_map(params![after, PAGE], |row| {
        Ok(Row { name: row.get(0)?, revision: row.get(1)?, body: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
