//! Safe keeping: the key that records are sealed with, how it is changed, and
//! copies of the records.
//!
//! The key is never in the database. It comes from whoever starts the server
//! or from the file `seal.key`, which nobody but its owner may read.

use crate::files::{self, at};
use crate::folder::{Begin, DATABASE, Folder, KEY};
use crate::sqlite::{self, SqliteError, SqliteStore};
use esim_disk::{Disk, Files, beside, folder_of};
use esim_sm_edge::{Fault, Vault};
use rand_core::CryptoRng;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};
use zeroize::Zeroizing;

/// A key that records are sealed with. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealSecret(Zeroizing<[u8; 32]>);

impl std::fmt::Debug for SealSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealSecret(hidden)")
    }
}

impl From<[u8; 32]> for SealSecret {
    /// From 32 octets of a generator.
    fn from(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }
}

/// Rows that are sealed anew in one transaction.
const ROWS: u32 = 500;

impl SealSecret {
    /// From 64 hexadecimal digits; blanks around them do not matter.
    ///
    /// # Errors
    /// Anything else, or zeros alone; it is not quoted.
    pub fn parse(text: &str) -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        let wrong = |_| io::Error::new(io::ErrorKind::InvalidData, "a seal key has 64 hexadecimal digits");
        hex::decode_to_slice(text.trim(), &mut *key).map_err(wrong)?;
        if Vault::is_no_secret(&key) {
            let reason = "a seal key that is all zeros is no secret: draw one with `openssl rand -hex 32`";
            return Err(io::Error::new(io::ErrorKind::InvalidData, reason));
        }
        Ok(Self(key))
    }

    /// From a file that nobody but its owner may read.
    ///
    /// # Errors
    /// The file is not there, is no key, or others can read it.
    pub fn read(path: &Path) -> io::Result<Self> {
        refuse_open_file(path)?;
        let read = fs::read(path).and_then(Self::from_octets);
        read.map_err(|error| at(path, error))
    }

    /// From a file; drawn and written there if there is none.
    ///
    /// # Errors
    /// As [`SealSecret::read`]; a folder that cannot be written to.
    pub fn read_or_make(path: &Path, rng: &mut dyn CryptoRng) -> io::Result<Self> {
        if path.exists() {
            return Self::read(path);
        }
        let key = Self::draw(rng);
        files::write_secret(path, key.line().as_bytes())?;
        Ok(key)
    }

    /// From 32 octets of a random generator.
    pub(crate) fn draw(rng: &mut dyn CryptoRng) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *key);
        Self(key)
    }

    /// From what a file holds.
    pub(crate) fn from_octets(octets: Vec<u8>) -> io::Result<Self> {
        let octets = Zeroizing::new(octets);
        Self::parse(&Zeroizing::new(String::from_utf8_lossy(&octets).into_owned()))
    }

    /// What a file holds of it.
    pub(crate) fn line(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}\n", Zeroizing::new(hex::encode(*self.0)).as_str()))
    }

    pub(crate) fn octets(&self) -> &[u8; 32] {
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

/// Holds a data folder alone: a server, or who changes all of it. Copies are made without.
pub(crate) struct Hold(#[expect(dead_code, reason = "the lock is held as long as the file is open")] File);

impl Hold {
    pub fn of(folder: &Path) -> io::Result<Self> {
        let path = folder.join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| at(&path, error))?;
        let busy = || {
            let reason = format!(
                "a server, or a command that changes all records (restore, reseal), uses {}: stop it first",
                folder.display()
            );
            io::Error::new(io::ErrorKind::WouldBlock, reason)
        };
        file.try_lock().map_err(|_| busy())?;
        Ok(Self(file))
    }
}

/// When something was written to the records of a folder last, since 1970: a clock that shows less is wrong.
pub(crate) fn last_write(folder: &Path) -> Option<Duration> {
    let files = [DATABASE.to_string(), format!("{DATABASE}-wal")].map(|name| folder.join(name));
    let times = files.iter().filter_map(|path| fs::metadata(path).ok()?.modified().ok());
    times.filter_map(|time| time.duration_since(UNIX_EPOCH).ok()).max()
}

/// The key of a data folder: the one given, or that of its file.
fn key_of(folder: &Path, given: Option<SealSecret>) -> io::Result<SealSecret> {
    given.map_or_else(|| SealSecret::read(&folder.join(KEY)), Ok)
}

/// What a server opens a folder with.
///
/// # Errors
/// Records or their key are missing, or do not belong together; a database that is damaged, with the remedy.
pub(crate) fn open(
    folder: &Path,
    given: Option<SealSecret>,
    begin: Begin,
    rng: &mut dyn CryptoRng,
) -> io::Result<(SqliteStore, Vault)> {
    let here = Folder::new(&Files, folder);
    let path = here.at(DATABASE);
    if given.is_none() && here.has(KEY)? {
        refuse_open_file(&here.at(KEY))?;
    }
    let faulty = |error: SqliteError| at(&path, io::Error::other(error));
    let look = || sqlite::look(&path).map_err(|error| damaged(&path, &error));
    let open = |key: &SealSecret| {
        let vault = Vault::new(key.octets());
        sqlite::quick_check(&path).map_err(|error| damaged(&path, &error))?;
        let marked = folder.to_path_buf();
        let marks = move || Folder::new(&Files, &marked).mark();
        let store = SqliteStore::open_with(&path, &vault, Some(Box::new(marks))).map_err(faulty)?;
        check_key(&store, &vault, &path)?;
        if sqlite::look(&path).map_err(faulty)?.has_orders {
            here.mark()?;
        }
        Ok((store, vault))
    };
    let ((store, vault), _) = here.begin(given, begin, rng, look, open)?;
    Ok((store, vault))
}

fn damaged(path: &Path, error: &SqliteError) -> io::Error {
    let reason = format!(
        "the database is damaged ({error}): put a copy in its place (`esim-lab sm restore FILE --force`); `esim-lab sm \
         check` tells what can still be read"
    );
    at(path, io::Error::new(io::ErrorKind::InvalidData, reason))
}

/// Refuses records that are sealed with another key. Damage alone is no other key.
fn check_key(store: &SqliteStore, vault: &Vault, path: &Path) -> io::Result<()> {
    match store.is_sealed_with(vault) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let reason = "this is not the key of the records";
            Err(at(path, io::Error::new(io::ErrorKind::InvalidData, reason)))
        }
        Err(fault) => Err(at(path, io::Error::other(fault))),
    }
}

/// What a change of the key has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Records that were sealed anew.
    pub records: u64,
    /// Records that open with no key, as they are damaged; they are left as they are.
    pub damaged: Vec<String>,
}

/// Seals every record of a folder with the key in `new_key`, which is drawn if the file is not there. No server may
/// run. Can be interrupted and run again; the old key is needed until it is done.
///
/// A folder whose key is in its own file gets the new one there.
///
/// # Errors
/// A server runs; a key that does not open the records; the disk.
pub fn reseal(
    folder: &Path,
    given: Option<SealSecret>,
    new_key: &Path,
    rng: &mut dyn CryptoRng,
) -> io::Result<Resealed> {
    let _hold = Hold::of(folder)?;
    let from_file = given.is_none();
    let old = key_of(folder, given)?;
    let new = SealSecret::read_or_make(new_key, rng)?;
    let path = existing(&folder.join(DATABASE))?;
    let vault = Vault::new(new.octets()).with_older(old.octets());
    let store = SqliteStore::open(&path, &vault).map_err(|error| at(&path, io::Error::other(error)))?;
    check_key(&store, &vault, &path)?;
    Folder::new(&Files, folder).reseal(&new, from_file, || {
        let sealed = seal_all(&store, &vault).map_err(|error| at(&path, io::Error::other(error)))?;
        Ok(sealed)
    })
}

fn seal_all(store: &SqliteStore, vault: &Vault) -> Result<Resealed, Fault> {
    let (mut after, mut sealed) = (String::new(), Resealed::default());
    while let Some(last) = store.reseal(vault, &after, ROWS, &mut sealed)? {
        after = last;
    }
    // What the old key opens is not to lie about in free pages.
    store.vacuum()?;
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
    // For the owner alone from the first octet on.
    drop(files::create(&aside)?);
    let copy = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.busy_timeout(Duration::from_secs(30))?;
        connection.execute("VACUUM INTO ?1", [aside.to_string_lossy()]).map(drop)
    };
    copy().map_err(|error| at(to, io::Error::other(error)))?;
    let kept = || {
        Files.sync(&aside)?;
        Files.rename(&aside, to)?;
        Files.sync_folder(folder_of(to))
    };
    kept().map_err(|error| at(to, error))
}

/// Puts a copy in the place of a folder's records. What was there is kept beside it, `sm.sqlite.before`.
///
/// # Errors
/// A server runs; there are records already and `force` is not set; a file that is no copy, is damaged, or that the
/// folder's key does not open.
pub fn restore(folder: &Path, given: Option<SealSecret>, from: &Path, force: bool) -> io::Result<()> {
    files::make_folder(folder)?;
    let _hold = Hold::of(folder)?;
    let path = folder.join(DATABASE);
    if path.exists() && !force {
        let reason = "there are records already; --force puts them aside";
        return Err(at(&path, io::Error::new(io::ErrorKind::AlreadyExists, reason)));
    }
    let key = key_of(folder, given)?;
    let aside = beside(&path, "restored");
    // The copy may be open to others; what is made of it is not.
    let copied = File::open(from).and_then(|mut copy| io::copy(&mut copy, &mut files::create(&aside)?));
    copied.map_err(|error| at(from, error))?;
    let checked = check_copy(&aside, &Vault::new(key.octets())).map_err(|error| at(from, error));
    for left in ["restored-wal", "restored-shm"] {
        Files.remove(&beside(&path, left))?;
    }
    if let Err(error) = checked {
        Files.remove(&aside)?;
        return Err(error);
    }
    File::open(&aside)?.sync_all()?;
    Folder::new(&Files, folder).restore(|| {
        // All that lies beside the file belongs into it first. One that is damaged is put aside as it is.
        let closed = SqliteStore::open(&path, &Vault::new(key.octets())).and_then(|store| store.checkpoint());
        let (log, kept) = (beside_log(&path), beside_log(&beside(&path, "before")));
        if closed.is_err() && log.exists() {
            Files.rename(&log, &kept)?;
        }
        Ok(())
    })
}

/// The log that belongs to a database.
fn beside_log(database: &Path) -> PathBuf {
    PathBuf::from(format!("{}-wal", database.display()))
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
    check_key(&store, vault, path)?;
    store.checkpoint().map_err(io::Error::other)
}

fn existing(path: &Path) -> io::Result<PathBuf> {
    match path.exists() {
        true => Ok(path.into()),
        false => Err(at(path, io::ErrorKind::NotFound.into())),
    }
}
