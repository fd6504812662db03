//! Files that only their owner may read.

use esim_disk::{Disk, Files, folder_of, replace};
use rand_core::CryptoRng;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Makes a folder and those above it, for the owner alone where that can be said.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| at(path, error))
}

/// Reads a file; none if it is not there.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(octets) => Ok(Some(octets)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path, error)),
    }
}

/// Writes a file that only the owner may read, whole or not at all.
pub(crate) fn write_secret(path: &Path, octets: &[u8]) -> io::Result<()> {
    replace(&Files, path, octets)
}

/// A new, empty file that only the owner may read, whatever the umask says; what lay there is gone.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    // An old file would keep its permissions, and be open to whoever has opened it.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let made = Files.remove(path).and_then(|()| options.open(path));
    let synced = made.and_then(|file| Files.sync_folder(folder_of(path)).map(|()| file));
    synced.map_err(|error| at(path, error))
}

/// Takes a file away from everybody but its owner: those that an earlier version has made.
pub(crate) fn close_to_others(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = match fs::metadata(path) {
            Ok(found) => found.permissions().mode(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(at(path, error)),
        };
        if mode & 0o077 != 0 {
            let own = fs::Permissions::from_mode(mode & 0o700);
            fs::set_permissions(path, own).map_err(|error| at(path, error))?;
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// The credential of ES2+: 32 hexadecimal digits, drawn if there is none yet.
pub(crate) fn read_or_make_token(path: &Path, rng: &mut dyn CryptoRng) -> io::Result<String> {
    if let Some(octets) = read(path)? {
        let token = String::from_utf8_lossy(&octets).trim().to_string();
        if !token.is_empty() {
            return Ok(token);
        }
    }
    let mut octets = [0; 16];
    rng.fill_bytes(&mut octets);
    let token = hex::encode(octets);
    write_secret(path, format!("{token}\n").as_bytes())?;
    Ok(token)
}

/// The same error with the path.
pub(crate) fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
