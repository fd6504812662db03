//! The storage of an object: SQLite in memory.

use esim_sm_edge::Fault;
use esim_sm_edge::shard::{Sql, Value};
use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

/// The storage of one object.
pub struct Lite(Connection);

impl Lite {
    /// Empty.
    pub fn new() -> Self {
        Self(Connection::open_in_memory().unwrap())
    }
}

struct Bound(Value);

impl rusqlite::ToSql for Bound {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match &self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(octets) => ValueRef::Blob(octets),
        }))
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8(text.into()).unwrap()),
        ValueRef::Blob(octets) => Value::Blob(octets.into()),
        ValueRef::Real(_) => panic!("no real numbers"),
    }
}

impl Sql for Lite {
    fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Vec<Value>>, Fault> {
        let mut statement = self.0.prepare_cached(sql).map_err(Fault::new)?;
        let columns = statement.column_count();
        let mut rows =
            statement.query(rusqlite::params_from_iter(values.into_iter().map(Bound))).map_err(Fault::new)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(Fault::new)? {
            found.push((0..columns).map(|i| value(row.get_ref_unwrap(i))).collect());
        }
        Ok(found)
    }

    fn size(&self) -> Result<u64, Fault> {
        const SIZE: &str = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
        self.0.query_row(SIZE, [], |row| row.get(0)).map_err(Fault::new)
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), Fault>) -> Result<(), Fault> {
        let transaction = self.0.unchecked_transaction().map_err(Fault::new)?;
        work()?;
        transaction.commit().map_err(Fault::new)
    }
}
