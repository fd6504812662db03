//! A data folder: what lies beside the database, in which order it is written, and whether all of it is there. Whenever
//! the power goes, the next start finds the records that were there, or says what is missing.

use crate::files::at;
use crate::keep::SealSecret;
use esim_disk::{Disk, beside, folder_of, replace};
use rand_core::CryptoRng;
use std::io;
use std::path::{Path, PathBuf};

/// The records.
pub(crate) const DATABASE: &str = "sm.sqlite";
/// The key that they are sealed with, unless it is kept elsewhere.
pub(crate) const KEY: &str = "seal.key";
/// There while some rows are sealed with one key and some with another.
const RESEALING: &str = "reseal.pending";
/// There while a copy is put in the place of the records.
const RESTORING: &str = "restore.pending";
/// There once there has been an order: a database without any is not the one that was here.
const MARKER: &str = "records.marker";

/// A data folder on a disk.
pub(crate) struct Folder<'a, D> {
    disk: &'a D,
    path: &'a Path,
}

/// What a look into a database has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// 0 where there are no tables, which is so of an empty file.
    pub version: u32,
    pub has_rows: bool,
    pub has_orders: bool,
}

/// What a start may take for granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// Records that have been there are there.
    AsBefore,
    /// Nothing: whoever starts the server has said that there are none.
    Anew,
}

impl<'a, D: Disk> Folder<'a, D> {
    pub fn new(disk: &'a D, path: &'a Path) -> Self {
        Self { disk, path }
    }

    /// A file in it.
    pub fn at(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether a file is in it.
    pub fn has(&self, name: &str) -> io::Result<bool> {
        let path = self.at(name);
        self.disk.exists(&path).map_err(|error| at(&path, error))
    }

    /// The key in the folder; none if it is kept elsewhere, or not drawn yet.
    pub fn key(&self) -> io::Result<Option<SealSecret>> {
        let path = self.at(KEY);
        let octets = self.disk.read(&path).map_err(|error| at(&path, error))?;
        octets.map(|octets| SealSecret::from_octets(octets).map_err(|error| at(&path, error))).transpose()
    }

    /// What a server begins with: its key, and what `open` has made of it. `look` tells of a database that is there.
    ///
    /// # Errors
    /// Records are missing that have been there, or their key is; something was begun and not brought to its end.
    pub fn begin<T>(
        &self,
        given: Option<SealSecret>,
        begin: Begin,
        rng: &mut dyn CryptoRng,
        look: impl FnOnce() -> io::Result<Found>,
        open: impl FnOnce(&SealSecret) -> io::Result<T>,
    ) -> io::Result<(T, SealSecret)> {
        self.refuse_half_done()?;
        let found = if self.has(DATABASE)? { Some(look()?) } else { None };
        let has_key = self.has(KEY)?;
        if begin == Begin::AsBefore {
            self.refuse_empty(found, has_key)?;
        }
        let found = found.unwrap_or_default();
        if begin == Begin::Anew && !found.has_orders {
            self.remove(MARKER)?;
        }
        let key = match given {
            Some(key) => key,
            None if has_key => self.key()?.unwrap_or_else(|| SealSecret::draw(rng)),
            None if found.version > 1 && found.has_rows => {
                let reason = format!(
                    "{KEY} is not there, and the records do not open without it: put it back, or say where it is \
                     (--seal-key-file)"
                );
                return Err(at(self.path, io::Error::new(io::ErrorKind::NotFound, reason)));
            }
            None => {
                let key = SealSecret::draw(rng);
                // Before anything is sealed with it. Of an empty folder the database comes first: a key says that
                // there are records.
                if found.has_rows {
                    self.write_key(&key)?;
                    return Ok((open(&key)?, key));
                }
                let opened = open(&key)?;
                self.write_key(&key)?;
                return Ok((opened, key));
            }
        };
        Ok((open(&key)?, key))
    }

    fn refuse_half_done(&self) -> io::Result<()> {
        let refuse = |reason: &str| Err(at(self.path, io::Error::other(reason.to_string())));
        if self.has(RESEALING)? {
            return refuse("a change of the seal key was interrupted: run `esim-lab sm reseal` again");
        }
        if self.has(RESTORING)? {
            return refuse(
                "a restore was interrupted: run `esim-lab sm restore FILE --force` again; what was there before is \
                 sm.sqlite or sm.sqlite.before",
            );
        }
        Ok(())
    }

    /// Nobody is to take an SM for whole whose records have gone.
    fn refuse_empty(&self, found: Option<Found>, has_key: bool) -> io::Result<()> {
        let marked = self.has(MARKER)?;
        let what = match found {
            None if marked || has_key => "is not there",
            Some(found) if found.version == 0 && (marked || has_key) => "is empty",
            Some(found) if !found.has_orders && marked => "has no orders",
            _ => return Ok(()),
        };
        let reason = format!(
            "{what}, and there have been records in this folder: put the file back, or a copy of it (`esim-lab sm \
             restore FILE`); --begin-anew begins without"
        );
        Err(at(&self.at(DATABASE), io::Error::new(io::ErrorKind::NotFound, reason)))
    }

    /// Remembers that there has been an order.
    pub fn mark(&self) -> io::Result<()> {
        let path = self.at(MARKER);
        match self.disk.exists(&path)? {
            true => Ok(()),
            false => replace(self.disk, &path, b"There are orders in sm.sqlite: no server starts without.\n"),
        }
    }

    /// Seals everything with another key: `seal` does it, and can be done again.
    pub fn reseal<T>(
        &self,
        new: &SealSecret,
        keeps_key: bool,
        seal: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        if self.has(RESTORING)? {
            self.refuse_half_done()?;
        }
        replace(self.disk, &self.at(RESEALING), b"")?;
        let sealed = seal()?;
        if keeps_key {
            self.write_key(new)?;
        }
        self.remove(RESEALING)?;
        Ok(sealed)
    }

    /// Puts `sm.sqlite.restored`, which has been checked and is on the disk, in the place of the records; those that are
    /// there become `sm.sqlite.before`. `close` writes what lies beside them into their one file.
    pub fn restore(&self, close: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let database = self.at(DATABASE);
        let before = beside(&database, "before");
        let again = self.has(RESTORING)?;
        if !again {
            // From here on a file of that name is what was there before this.
            self.remove_file(&before)?;
            replace(self.disk, &self.at(RESTORING), b"")?;
        }
        let put_aside = again && self.disk.exists(&before)?;
        if self.has(DATABASE)? && !put_aside {
            close()?;
            self.rename(&database, &before)?;
        }
        for left in ["sm.sqlite-wal", "sm.sqlite-shm", RESEALING, MARKER] {
            self.remove(left)?;
        }
        self.rename(&beside(&database, "restored"), &database)?;
        self.remove(RESTORING)
    }

    fn write_key(&self, key: &SealSecret) -> io::Result<()> {
        replace(self.disk, &self.at(KEY), key.line().as_bytes())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let steps = || {
            self.disk.rename(from, to)?;
            self.disk.sync_folder(folder_of(to))
        };
        steps().map_err(|error| at(to, error))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.remove_file(&self.at(name))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        if !self.disk.exists(path)? {
            return Ok(());
        }
        let steps = || {
            self.disk.remove(path)?;
            self.disk.sync_folder(folder_of(path))
        };
        steps().map_err(|error| at(path, error))
    }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
