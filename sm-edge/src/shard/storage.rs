//! The storage of one object, and the values in it.

use crate::Fault;

/// A value of SQLite.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// Below 2^53 in size.
    Integer(i64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
}

/// The storage of one object: a small SQLite database.
pub trait Sql {
    /// Runs one statement: its rows.
    ///
    /// # Errors
    /// What the database says.
    fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<Vec<Value>>, Fault>;

    /// Octets that all of it takes, about.
    ///
    /// # Errors
    /// What the database says.
    fn size(&self) -> Result<u64, Fault>;

    /// Runs `work` in one transaction, which is rolled back if it fails.
    ///
    /// # Errors
    /// Those of `work`, and of the database.
    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), Fault>) -> Result<(), Fault>;

    /// Makes the tables that are not there.
    ///
    /// # Errors
    /// What the database says.
    fn make(&self, tables: &[&str]) -> Result<(), Fault> {
        tables.iter().try_for_each(|table| self.query(table, Vec::new()).map(drop))
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(text.into())
}

pub(super) fn integer(number: u64) -> Value {
    Value::Integer(number.cast_signed())
}

pub(super) fn only(row: Vec<Value>) -> Result<Value, Fault> {
    row.into_iter().next().ok_or_else(damaged)
}

pub(super) fn string(value: Value) -> Result<String, Fault> {
    if let Value::Text(text) = value { Ok(text) } else { Err(damaged()) }
}

pub(super) fn blob(value: Value) -> Result<Vec<u8>, Fault> {
    if let Value::Blob(octets) = value { Ok(octets) } else { Err(damaged()) }
}

pub(super) fn unsigned(value: Value) -> Result<u64, Fault> {
    match value {
        Value::Integer(number) => u64::try_from(number).map_err(Fault::new),
        _ => Err(damaged()),
    }
}

pub(super) fn time(value: Value) -> Result<Option<u64>, Fault> {
    if value == Value::Null { Ok(None) } else { unsigned(value).map(Some) }
}

pub(super) fn damaged() -> Fault {
    Fault::new("a table of the object has other columns than expected")
}
