//! The SQLite storage of a Durable Object.

use crate::costs;
use esim_sm_edge::Fault;
use esim_sm_edge::shard::{Sql, Value};
use worker::wasm_bindgen::{self, JsValue, prelude::wasm_bindgen};
use worker::{SqlStorage, SqlStorageValue};

#[wasm_bindgen]
extern "C" {
    /// `storage.transactionSync`, which the bindings lack.
    type Transactions;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(
        this: &Transactions,
        work: &mut dyn FnMut() -> Result<(), JsValue>,
    ) -> Result<JsValue, JsValue>;
}

/// The SQLite storage of a Durable Object.
pub struct Storage {
    sql: SqlStorage,
    storage: JsValue,
}

impl Storage {
    /// Nothing is read or written yet.
    pub fn new(storage: &worker::Storage) -> Self {
        let raw: &JsValue = storage.as_raw().as_ref();
        Self { sql: storage.sql(), storage: raw.clone() }
    }
}

impl Sql for Storage {
    fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Vec<Value>>, Fault> {
        let values: Vec<SqlStorageValue> = values.into_iter().map(bind).collect();
        let cursor = self.sql.exec(sql, values).map_err(Fault::new)?;
        let rows = cursor.raw().map(|row| row.map_err(Fault::new)?.into_iter().map(read).collect()).collect();
        // Cursors know it when they have been read to their end.
        costs::count(|costs| {
            costs.rows_written += cursor.rows_written() as u64;
            costs.rows_read += cursor.rows_read() as u64;
        });
        rows
    }

    /// Once in the life of an object: that is counted, and its rows are not those of whoever came first.
    fn make(&self, tables: &[&str]) -> Result<(), Fault> {
        let mut written = 0;
        for table in tables {
            let cursor = self.sql.exec(table, Vec::new()).map_err(Fault::new)?;
            written += cursor.rows_written();
        }
        costs::count(|costs| costs.made += u64::from(written > 0));
        Ok(())
    }

    fn size(&self) -> Result<u64, Fault> {
        Ok(self.sql.database_size() as u64)
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), Fault>) -> Result<(), Fault> {
        let transactions: &Transactions = wasm_bindgen::JsCast::unchecked_ref(&self.storage);
        let mut work = || work().map_err(|fault| JsValue::from(fault.0));
        let done = transactions.transaction_sync(&mut work);
        done.map(drop).map_err(|error| Fault::new(format!("transactionSync: {error:?}")))
    }
}

/// Revisions and seconds stay far below the 53 bits of a JavaScript number.
fn bind(value: Value) -> SqlStorageValue {
    match value {
        Value::Null => SqlStorageValue::Null,
        Value::Integer(number) => SqlStorageValue::Integer(number),
        Value::Text(text) => SqlStorageValue::String(text),
        Value::Blob(octets) => SqlStorageValue::Blob(octets),
    }
}

fn read(value: SqlStorageValue) -> Result<Value, Fault> {
    match value {
        SqlStorageValue::Null => Ok(Value::Null),
        SqlStorageValue::Integer(number) => Ok(Value::Integer(number)),
        SqlStorageValue::String(text) => Ok(Value::Text(text)),
        SqlStorageValue::Blob(octets) => Ok(Value::Blob(octets)),
        SqlStorageValue::Boolean(_) | SqlStorageValue::Float(_) => {
            Err(Fault::new("a table of the object has other columns than expected"))
        }
    }
}
