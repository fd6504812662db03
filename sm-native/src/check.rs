//! `esim-lab sm check`: whether the records of a folder can be read, one by one. Nothing is changed.

use crate::keep::SealSecret;
use crate::sqlite::SqliteStore;
use crate::{files::at, folder::DATABASE, folder::KEY, host::unread, sqlite};
use esim_sm_edge::Vault;
use esim_smdp::Records;
use std::collections::BTreeMap;
use std::io;
use std::path::Path;

/// Rows that are read at once.
const ROWS: u32 = 500;

/// What a look through a folder has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// What SQLite says of the file as a whole, if it is damaged.
    pub database: Option<String>,
    /// How many records of each kind can be read.
    pub sound: BTreeMap<String, u64>,
    /// Records that cannot be read, by name, each with the reason.
    pub damaged: Vec<(String, String)>,
}

impl Checked {
    /// Whether there is nothing to be said.
    pub fn is_sound(&self) -> bool {
        self.database.is_none() && self.damaged.is_empty()
    }
}

/// Reads every record of a folder; a server may go on meanwhile.
///
/// # Errors
/// No records, or no key; a database that is of another version or cannot be opened at all.
pub fn check(folder: &Path, given: Option<SealSecret>) -> io::Result<Checked> {
    let path = folder.join(DATABASE);
    if !path.exists() {
        return Err(at(&path, io::ErrorKind::NotFound.into()));
    }
    let key = given.map_or_else(|| SealSecret::read(&folder.join(KEY)), Ok)?;
    let database = sqlite::quick_check(&path).err().map(|error| error.to_string());
    let mut checked = Checked { database, ..Checked::default() };
    let vault = Vault::new(key.octets());
    let store = SqliteStore::open_as_it_is(&path).map_err(|error| at(&path, io::Error::other(error)))?;
    let mut after = String::new();
    loop {
        let rows = match store.rows_after(&after, ROWS) {
            Ok(rows) => rows,
            // Behind a page that cannot be read nothing more is found.
            Err(error) => {
                checked.database.get_or_insert(error.to_string());
                return Ok(checked);
            }
        };
        let Some(last) = rows.last() else { return Ok(checked) };
        after = last.name.clone();
        for row in rows {
            let (mut records, name) = (Records::default(), row.name.clone());
            match vault.open(row).and_then(|row| records.add(row).map_err(|_| unread(&name))) {
                Ok(()) => {
                    let kind = name.split('/').next().unwrap_or_default().to_string();
                    *checked.sound.entry(kind).or_default() += 1;
                }
                Err(fault) => checked.damaged.push((name, fault.0)),
            }
        }
    }
}
