//! Records in the SQLite storage of a Durable Object.

use esim_sm_edge::{CommitError, Fault, Store, sql};
use esim_smdp::store::{Change, Lookup, Row};
use worker::js_sys::{Function, Reflect};
use worker::wasm_bindgen::closure::Closure;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::{SqlStorage, SqlStorageValue, Storage};

/// Records in the SQLite storage of a Durable Object.
#[derive(Clone)]
pub struct ObjectStore {
    storage: JsValue,
    sql: SqlStorage,
}

impl ObjectStore {
    /// Creates what is missing.
    pub fn open(storage: &Storage) -> worker::Result<Self> {
        let sql = storage.sql();
        for statement in sql::SCHEMA {
            sql.exec(statement, None)?;
        }
        let storage: &JsValue = storage.as_raw().as_ref();
        Ok(Self { storage: storage.clone(), sql })
    }

    /// All changes or none: `storage.transactionSync`, which the bindings lack.
    fn apply_all(&self, changes: &[Change]) -> Result<(), Fault> {
        let failed = |error: JsValue| Fault::new(format!("transactionSync: {error:?}"));
        let (store, changes) = (self.clone(), changes.to_vec());
        let apply = Closure::once(move || -> Result<(), JsValue> {
            let mut applied = changes.iter().map(|change| store.apply(change));
            applied.try_for_each(|applied| applied.map_err(|fault| JsValue::from(fault.0)))
        });
        let transact = Reflect::get(&self.storage, &"transactionSync".into()).map_err(failed)?;
        let transact: Function = transact.dyn_into().map_err(failed)?;
        transact.call1(&self.storage, apply.as_ref()).map(drop).map_err(failed)
    }

    fn query(&self, sql: &str, values: Vec<SqlStorageValue>) -> Result<Vec<Row>, Fault> {
        let rows = self.sql.exec(sql, values).map_err(Fault::new)?.raw();
        rows.map(|row| read_row(row.map_err(Fault::new)?)).collect()
    }

    fn execute(&self, sql: &str, values: Vec<SqlStorageValue>) -> Result<(), Fault> {
        self.sql.exec(sql, values).map(drop).map_err(Fault::new)
    }

    fn find(&self, lookup: &Lookup) -> Result<Vec<Row>, Fault> {
        match lookup {
            Lookup::Name(name) => self.query(sql::BY_NAME, vec![text(name)]),
            Lookup::Alias { alias, limit } => {
                self.query(sql::BY_ALIAS, vec![text(alias), i64::from(*limit).into()])
            }
            Lookup::Due { by, limit } => {
                self.query(sql::BY_DUE, vec![integer(*by), i64::from(*limit).into()])
            }
            Lookup::Range { prefix, after, limit } => {
                let (from, to) = sql::range(prefix, after);
                let limit = i64::from(*limit).into();
                self.query(sql::BY_RANGE, vec![text(from), to.into(), limit])
            }
        }
    }

    /// Whether the records are as a change expects.
    fn allows(&self, change: &Change) -> Result<bool, Fault> {
        match change {
            Change::Put { name, expected, aliases, .. } => {
                for alias in aliases.iter().filter(|alias| alias.unique) {
                    let taken = self.first(sql::TAKEN, vec![text(&alias.name), text(name)])?;
                    if taken.is_some() {
                        return Ok(false);
                    }
                }
                Ok(self.revision(name)? == *expected)
            }
            Change::Delete { name, expected } => Ok(self.revision(name)? == *expected),
            Change::Sweep { .. } => Ok(true),
        }
    }

    fn apply(&self, change: &Change) -> Result<(), Fault> {
        match change {
            Change::Put { name, expected, body, aliases, expires, due } => {
                let revision = integer(expected + 1);
                let expires = expires.map_or(SqlStorageValue::Null, integer);
                let due = due.map_or(SqlStorageValue::Null, integer);
                self.execute(sql::PUT, vec![text(name), revision, expires, due, body.clone().into()])?;
                self.execute(sql::DELETE_ALIASES, vec![text(name)])?;
                for alias in aliases {
                    self.execute(sql::PUT_ALIAS, vec![text(&alias.name), text(name)])?;
                }
                Ok(())
            }
            Change::Delete { name, .. } => {
                self.execute(sql::DELETE_ALIASES, vec![text(name)])?;
                self.execute(sql::DELETE, vec![text(name)])
            }
            Change::Sweep { before } => {
                self.execute(sql::SWEEP_ALIASES, vec![integer(*before)])?;
                self.execute(sql::SWEEP, vec![integer(*before)])
            }
        }
    }

    fn revision(&self, name: &str) -> Result<u64, Fault> {
        match self.first(sql::REVISION, vec![text(name)])? {
            Some(SqlStorageValue::Integer(revision)) => u64::try_from(revision).map_err(Fault::new),
            Some(_) => Err(Fault::new("a revision is no integer")),
            None => Ok(0),
        }
    }

    /// First column of the first row.
    fn first(&self, sql: &str, values: Vec<SqlStorageValue>) -> Result<Option<SqlStorageValue>, Fault> {
        let mut rows = self.sql.exec(sql, values).map_err(Fault::new)?.raw();
        let row = rows.next().transpose().map_err(Fault::new)?;
        Ok(row.and_then(|row| row.into_iter().next()))
    }
}

impl Store for ObjectStore {
    const COMMIT_RECORDS: usize = 1000;

    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Row>, Fault> {
        let mut rows = Vec::new();
        for lookup in lookups {
            rows.extend(self.find(lookup)?);
        }
        Ok(rows)
    }

    /// Nothing is awaited from the first check to the last statement, so that
    /// the runtime lets no other request in between.
    async fn commit(&self, changes: &[Change]) -> Result<(), CommitError> {
        for change in changes {
            if !self.allows(change)? {
                return Err(CommitError::Conflict);
            }
        }
        Ok(self.apply_all(changes)?)
    }
}

fn text(text: &str) -> SqlStorageValue {
    SqlStorageValue::String(text.into())
}

/// Revisions and seconds stay far below the 53 bits of a JavaScript number.
fn integer(number: u64) -> SqlStorageValue {
    SqlStorageValue::Integer(number.cast_signed())
}

fn read_row(columns: Vec<SqlStorageValue>) -> Result<Row, Fault> {
    match <[SqlStorageValue; 3]>::try_from(columns) {
        Ok(
            [SqlStorageValue::String(name), SqlStorageValue::Integer(revision), SqlStorageValue::Blob(body)],
        ) => {
            let revision = u64::try_from(revision).map_err(Fault::new)?;
            Ok(Row { name, revision, body })
        }
        _ => Err(Fault::new("a row has other columns than expected")),
    }
}
