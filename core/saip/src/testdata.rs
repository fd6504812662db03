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
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    found.sort();
    found
}

/// The packages of [`ts48`] and, always, one of our own.
pub fn packages() -> Vec<(String, Vec<u8>)> {
    let mut found = ts48();
    found.push(("built".into(), built().to_der()));
    found
}

/// A package of our own, with every element that the builder can make.
pub fn built() -> crate::Package {
    let mut subscriber = crate::builder::Subscriber::new(
        "8988211000000430010",
        "001010123456789",
        [0x11; 16],
        [0x22; 16],
        "Example",
    );
    subscriber.msisdn = Some("+491701234567".into());
    subscriber.ota = Some(crate::builder::OtaKeys { version: 1, keys: [[0x33; 16], [0x44; 16], [0x55; 16]] });
    crate::builder::build(&subscriber).unwrap()
}
