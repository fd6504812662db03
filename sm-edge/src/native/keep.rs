//! Safe keeping: the key that records are sealed with, how it is changed, and
//! copies of the records.
//!
//! The key is never in the database. It comes from whoever starts the server
//! or from the file `seal.key`, which nobody but its owner may read.

use super::files::{self, at};
use super::sqlite::SqliteStore;
use crate::Vault;
use rand_core::CryptoRng;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// A key that records are sealed with. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealSecret(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for SealSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealSecret(hidden)")
    }
}

/// Rows that are sealed anew in one transaction.
const ROWS: u32 = 500;
const DATABASE: &str = "sm.sqlite";
const KEY: &str = "seal.key";
/// There while some rows are sealed with one key and some with another.
const PENDING: &str = "reseal.pending";

impl SealSecret {
    /// From 64 hexadecimal digits; blanks around them do not matter.
    ///
    /// # Errors
    /// Anything else; it is not quoted.
    pub fn parse(text: &str) -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, "a seal key has 64 hexadecimal digits");
        hex::decode_to_slice(text.trim(), &mut *key).map_err(wrong)?;
        Ok(Self(key))
    }

    /// From a file that nobody but its owner may read.
    ///
    /// # Errors
    /// The file is not there, is no key, or others can read it.
    pub fn read(path: &Path) -> io::Result<Self> {
        refuse_open_file(path)?;
        let octets = Zeroizing::new(fs::read(path).map_err(|error| at(path, error))?);
        let text = Zeroizing::new(String::from_utf8_lossy(&octets).into_owned());
        Self::parse(&text).map_err(|error| at(path, error))
    }

    /// From a file; drawn and written there if there is none.
    ///
    /// # Errors
    /// As [`SealSecret::read`]; a folder that cannot be written to.
    pub fn read_or_make(path: &Path, rng: &mut dyn CryptoRng) -> io::Result<Self> {
        if path.exists() {
            return Self::read(path);
        }
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *key);
        let key = Self(key);
        key.write(path)?;
        Ok(key)
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let line = Zeroizing::new(format!("{}\n", Zeroizing::new(hex::encode(*self.0)).as_str()));
        files::write_secret(path, line.as_bytes())
    }

    pub(super) fn octets(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Secrets that others of this machine can read are none.
fn refuse_open_file(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path).map_err(|error| at(path, error))?.permissions().mode();
        if mode & 0o077 != 0 {
            let reason = format!("others can read this key: chmod 600 {}", path.display());
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, reason));
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Holds a data folder: servers hold it together, who changes all of it alone.
pub(super) struct Hold(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

impl Hold {
    pub fn shared(folder: &Path) -> io::Result<Self> {
        let file = lock_file(folder)?;
        let busy = "the records are being sealed anew or restored; wait until that is done";
        file.try_lock_shared().map_err(|_| io::Error::new(io::ErrorKind::WouldBlock, busy))?;
        Ok(Self(file))
    }

    fn alone(folder: &Path) -> io::Result<Self> {
        let file = lock_file(folder)?;
        let busy = format!("a server uses {}: stop it first", folder.display());
        file.try_lock().map_err(|_| io::Error::new(io::ErrorKind::WouldBlock, busy))?;
        Ok(Self(file))
    }
}

fn lock_file(folder: &Path) -> io::Result<File> {
    let path = folder.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    file.map_err(|error| at(&path, error))
}

/// The key of a data folder: the one given, or that of its file.
fn key_of(folder: &Path, given: Option<SealSecret>) -> io::Result<SealSecret> {
    given.map_or_else(|| SealSecret::read(&folder.join(KEY)), Ok)
}

/// What a server opens a folder with: refuses a folder whose records this key does not open.
pub(super) fn open(
    folder: &Path,
    given: Option<SealSecret>,
    rng: &mut dyn CryptoRng,
) -> io::Result<(SqliteStore, Vault)> {
    if folder.join(PENDING).exists() {
        let reason = "a change of the seal key was interrupted: run `esim-lab sm reseal` again";
        return Err(at(folder, io::Error::other(reason)));
    }
    let key = given.map_or_else(|| SealSecret::read_or_make(&folder.join(KEY), rng), Ok)?;
    let vault = Vault::new(key.octets());
    let path = folder.join(DATABASE);
    let is_new = !path.exists();
    let store = SqliteStore::open(&path, &vault).map_err(|error| at(&path, io::Error::other(error)))?;
    #[cfg(unix)]
    if is_new {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(|error| at(&path, error))?;
    }
    check_key(&store, &vault, &path)?;
    Ok((store, vault))
}

fn check_key(store: &SqliteStore, vault: &Vault, path: &Path) -> io::Result<()> {
    let row = store.any_row().map_err(|error| at(path, io::Error::other(error)))?;
    match row.map(|row| vault.open(row)) {
        Some(Err(fault)) => {
            let reason = format!("this is not the key of the records ({fault})");
            Err(at(path, io::Error::new(io::ErrorKind::InvalidData, reason)))
        }
        _ => Ok(()),
    }
}

/// Seals every record of a folder with the key in `new_key`, which is drawn if the file is not there. No server may
/// run. Can be interrupted and run again; the old key is needed until it is done.
///
/// A folder whose key is in its own file gets the new one there. How many records were sealed anew.
///
/// # Errors
/// A server runs; a key that does not open the records; the disk.
pub fn reseal(
    folder: &Path,
    given: Option<SealSecret>,
    new_key: &Path,
    rng: &mut dyn CryptoRng,
) -> io::Result<u64> {
    let _hold = Hold::alone(folder)?;
    let from_file = given.is_none();
    let old = key_of(folder, given)?;
    let new = SealSecret::read_or_make(new_key, rng)?;
    let path = existing(&folder.join(DATABASE))?;
    let vault = Vault::new(new.octets()).with_older(old.octets());
    let store = SqliteStore::open(&path, &vault).map_err(|error| at(&path, io::Error::other(error)))?;
    check_key(&store, &vault, &path)?;
    files::write_secret(&folder.join(PENDING), b"")?;
    let (mut after, mut sealed) = (String::new(), 0);
    loop {
        let done = store.reseal(&vault, &after, ROWS).map_err(|error| at(&path, io::Error::other(error)))?;
        sealed += done.sealed;
        match done.last {
            Some(last) => after = last,
            None => break,
        }
    }
    // What the old key opens is not to lie about in free pages.
    store.vacuum().map_err(|error| at(&path, io::Error::other(error)))?;
    if from_file {
        new.write(&folder.join(KEY))?;
    }
    fs::remove_file(folder.join(PENDING))?;
    Ok(sealed)
}

/// Copies the records of a folder into a new file, as they are at this moment, while servers go on. They stay sealed;
/// the key is not among them.
///
/// # Errors
/// There is a file already; the disk.
pub fn backup(folder: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        return Err(at(to, io::Error::new(io::ErrorKind::AlreadyExists, "there is such a file already")));
    }
    let path = existing(&folder.join(DATABASE))?;
    let aside = beside(to, "part");
    let _ = fs::remove_file(&aside);
    // For the owner alone from the first octet on.
    files::write_secret(&aside, b"")?;
    let copy = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(std::time::Duration::from_secs(30))?;
        connection.execute("VACUUM INTO ?1", [aside.to_string_lossy()]).map(drop)
    };
    copy().map_err(|error| at(to, io::Error::other(error)))?;
    File::open(&aside)?.sync_all()?;
    fs::rename(&aside, to).map_err(|error| at(to, error))
}

/// Puts a copy in the place of a folder's records. What was there is kept beside it, `sm.sqlite.before`.
///
/// # Errors
/// A server runs; there are records already and `force` is not set; a file that is no copy, is damaged, or that the
/// folder's key does not open.
pub fn restore(folder: &Path, given: Option<SealSecret>, from: &Path, force: bool) -> io::Result<()> {
    files::make_folder(folder)?;
    let _hold = Hold::alone(folder)?;
    let path = folder.join(DATABASE);
    if path.exists() && !force {
        let reason = "there are records already; --force puts them aside";
        return Err(at(&path, io::Error::new(io::ErrorKind::AlreadyExists, reason)));
    }
    let key = key_of(folder, given)?;
    let aside = beside(&path, "restored");
    let _ = fs::remove_file(&aside);
    files::write_secret(&aside, b"")?;
    fs::copy(existing(from)?, &aside).map_err(|error| at(from, error))?;
    let checked = check_copy(&aside, &Vault::new(key.octets())).map_err(|error| at(from, error));
    for left in ["restored-wal", "restored-shm"] {
        let _ = fs::remove_file(beside(&path, left));
    }
    if let Err(error) = checked {
        let _ = fs::remove_file(&aside);
        return Err(error);
    }
    if path.exists() {
        // All that lies beside the file belongs into it first.
        let store = SqliteStore::open(&path, &Vault::new(key.octets()))
            .map_err(|error| at(&path, io::Error::other(error)))?;
        store.checkpoint().map_err(io::Error::other)?;
        drop(store);
        fs::rename(&path, beside(&path, "before"))?;
    }
    for left in ["-wal", "-shm"] {
        let _ = fs::remove_file(PathBuf::from(format!("{}{left}", path.display())));
    }
    let _ = fs::remove_file(folder.join(PENDING));
    File::open(&aside)?.sync_all()?;
    fs::rename(&aside, &path).map_err(|error| at(&path, error))
}

fn check_copy(path: &Path, vault: &Vault) -> io::Result<()> {
    let sound = || -> rusqlite::Result<String> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.query_row("SELECT count(*) FROM (SELECT 1 FROM record LIMIT 1)", (), |_| Ok(()))?;
        connection.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))
    };
    let damaged = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    match sound() {
        Ok(verdict) if verdict == "ok" => {}
        Ok(verdict) => return Err(damaged(format!("the copy is damaged: {verdict}"))),
        Err(error) => return Err(damaged(format!("this is no copy of records: {error}"))),
    }
    let store = SqliteStore::open(path, vault).map_err(io::Error::other)?;
    check_key(&store, vault, path)
}

fn existing(path: &Path) -> io::Result<PathBuf> {
    match path.exists() {
        true => Ok(path.into()),
        false => Err(at(path, io::ErrorKind::NotFound.into())),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}.{suffix}", path.display()))
}
