//! For a browser, which has no files: those of `tests/cases/sm`, as they are now, in `embedded.rs`.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch != "wasm32") {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/sm");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut text = String::from("&[\n");
    for file in files(&root) {
        let name = file.strip_prefix(&root).expect("a file below");
        let _ = writeln!(text, "    ({:?}, include_str!({file:?})),", name.display().to_string());
    }
    text.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join("embedded.rs"), text).expect("a file is written");
}

/// Every file below, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut entries: Vec<_> = entries.collect();
    entries.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    entries.into_iter().flat_map(below).collect()
}
