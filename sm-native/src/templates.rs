//! Templates of the operator's own, from files.

use crate::files::{self, at};
use esim_smdp::{Template, template};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Reads templates from a JSON file, or from every `*.json` of a folder, by name.
///
/// # Errors
/// A file that cannot be read or holds no sound templates, with its path.
pub fn read_templates(path: &Path) -> io::Result<Vec<Template>> {
    let mut files = Vec::from([path.to_path_buf()]);
    if path.is_dir() {
        let entries = fs::read_dir(path).map_err(|error| at(path, error))?;
        let paths: io::Result<Vec<PathBuf>> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
        files = paths.map_err(|error| at(path, error))?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
        files.sort();
    }
    let mut templates = Vec::new();
    for file in files {
        let json = files::read(&file)?.ok_or_else(|| at(&file, io::ErrorKind::NotFound.into()))?;
        let read = template::read(&json).map_err(|error| at(&file, io::Error::other(error.kind)));
        templates.extend(read?);
    }
    Ok(templates)
}
