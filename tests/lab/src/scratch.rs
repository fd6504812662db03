//! Folders of tests.

use std::path::PathBuf;

/// A folder that goes away with the test.
pub struct Scratch(pub PathBuf);

impl Scratch {
    /// Not there yet, under a name of this process.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("esim-sm-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
