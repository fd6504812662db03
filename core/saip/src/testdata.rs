//! The published test profiles, where they are at hand.

extern crate std;

use alloc::string::String;
use alloc::vec::Vec;
use std::path::PathBuf;
use std::println;

/// Name and content of every TS.48 package; says so if there are none.
pub fn ts48() -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/ts48");
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("skipped: ../shared/data not found");
        return Vec::new();
    };
    let mut found: Vec<_> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "der"))
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                std::fs::read(&path).unwrap(),
            )
        })
        .collect();
    found.sort();
    found
}
