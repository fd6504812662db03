//! Files that outlast a loss of power: as much of a file system as it takes to put one file in the place of another
//! so that, whenever the power goes, the old one or the new one is there whole.
//!
//! [`Files`] is this machine's; [`simulated::Simulated`] keeps a record of what was written, renamed and synced, and
//! tells every state in which a loss of power may leave a disk.
#![forbid(unsafe_code)]

pub mod simulated;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a store needs of a file system. Nothing outlasts a loss of power for sure before it is synced: what a file
/// holds by [`Disk::sync`], its name by [`Disk::sync_folder`].
pub trait Disk {
    /// What a file holds; none if there is no such file.
    ///
    /// # Errors
    /// From the disk.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Whether there is such a file.
    ///
    /// # Errors
    /// From the disk.
    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.read(path)?.is_some())
    }

    /// Makes a file that its owner alone may read, or overwrites one.
    ///
    /// # Errors
    /// From the disk; then the file may hold a part, or nothing.
    fn write(&self, path: &Path, octets: &[u8]) -> io::Result<()>;

    /// Brings what a file holds to the disk.
    ///
    /// # Errors
    /// From the disk.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Gives a file another name, and takes that name from the file that has it.
    ///
    /// # Errors
    /// From the disk.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// From the disk.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Brings the names in a folder to the disk.
    ///
    /// # Errors
    /// From the disk.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// Puts octets in the place of a file, whole or not at all: written aside, synced, renamed, and the name synced.
///
/// # Errors
/// From the disk, with the path: the file is the old one, unless only its name could not be synced.
pub fn replace(disk: &impl Disk, path: &Path, octets: &[u8]) -> io::Result<()> {
    let aside = beside(path, "new");
    let steps = || {
        disk.write(&aside, octets)?;
        disk.sync(&aside)?;
        disk.rename(&aside, path)?;
        disk.sync_folder(folder_of(path))
    };
    steps().map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// A path with another ending behind its own: `card` and `new` make `card.new`.
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// The folder that a file is in.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Files;

impl Disk for Files {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Ok(octets) => Ok(Some(octets)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn write(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        // One that was there has the permissions that it had.
        #[cfg(unix)]
        file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        file.write_all(octets)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        // Windows flushes only what is open for writing.
        OpenOptions::new().write(true).open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        // Elsewhere a folder cannot be opened as a file, and the rename is enough.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    }
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
