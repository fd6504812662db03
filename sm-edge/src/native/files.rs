//! Files that only their owner may read.

use rand_core::CryptoRng;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Makes a folder and those above it, for the owner alone where that can be said.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| at(path, error))
}

/// Reads a file; none if it is not there.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(octets) => Ok(Some(octets)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(at(path, error)),
    }
}

/// Writes a file that only the owner may read: aside first, so that there is
/// never half a file under the name.
pub(super) fn write_secret(path: &Path, octets: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(&aside)?;
        file.write_all(octets)?;
        file.sync_all()?;
        fs::rename(&aside, path)
    };
    write().map_err(|error| at(path, error))
}

/// The credential of ES2+: 32 hexadecimal digits, drawn if there is none yet.
pub(super) fn read_or_make_token(path: &Path, rng: &mut dyn CryptoRng) -> io::Result<String> {
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
pub(super) fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
