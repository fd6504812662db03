//! The files of `tests/cases/sm`: on the disk, or in a browser as they were when this was built.

use std::path::{Path, PathBuf};

#[cfg(not(target_arch = "wasm32"))]
mod place {
    use super::*;

    pub fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/sm")
    }

    pub fn read(path: &Path) -> Option<String> {
        std::fs::read_to_string(path).ok()
    }

    pub fn folders(path: &Path) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        entries.map(|it| it.unwrap().path()).filter(|it| it.is_dir()).collect()
    }
}

#[cfg(target_arch = "wasm32")]
mod place {
    use super::*;

    /// Path and text.
    const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

    pub fn root() -> PathBuf {
        PathBuf::new()
    }

    pub fn read(path: &Path) -> Option<String> {
        let found = FILES.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, text)| text.to_string())
    }

    pub fn folders(path: &Path) -> Vec<PathBuf> {
        let below = FILES.iter().filter_map(|(name, _)| Path::new(name).strip_prefix(path).ok());
        let folder = |file: &Path| {
            let mut parts = file.components();
            let first = parts.next()?;
            parts.next().map(|_| path.join(first))
        };
        below.filter_map(folder).collect()
    }
}

/// Where the folders are.
pub fn root() -> PathBuf {
    place::root()
}

/// The text of a file; nothing if it is not there.
pub fn read(path: &Path) -> Option<String> {
    place::read(path)
}

/// The folders in a folder, in order.
pub fn folders(path: &Path) -> Vec<PathBuf> {
    let mut found = place::folders(path);
    found.sort();
    found.dedup();
    found
}
