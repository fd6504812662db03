//! The card's memory in a file: written whole, beside, and put in its place.

use anyhow::{Context, Result, bail};
use esim_euicc::{MemoryNvm, Nvm, NvmError, Write};
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// [`Nvm`] in one file. A second process that opens the same file is turned away.
pub struct FileNvm {
    path: PathBuf,
    records: MemoryNvm,
    _lock: File,
}

impl FileNvm {
    /// Opens a file, or starts an empty memory if there is none.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let lock = lock(path)?;
        let records = match fs::read(path) {
            Ok(octets) => MemoryNvm::import(&octets)
                .map_err(|error| anyhow::anyhow!("{} is not an eUICC's state: {error}", path.display()))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => MemoryNvm::default(),
            Err(error) => bail!("cannot read {}: {error}", path.display()),
        };
        Ok(Self { path: path.to_path_buf(), records, _lock: lock })
    }

    fn save(&self, records: &MemoryNvm) -> std::io::Result<()> {
        let beside = beside(&self.path, "new");
        let mut options = OpenOptions::new();
        options.create(true).write(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside)?;
        file.write_all(&records.export())?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)
    }
}

impl Nvm for FileNvm {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.records.read(name)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        let mut records = self.records.clone();
        records.commit(writes)?;
        self.save(&records).map_err(|error| NvmError(format!("{}: {error}", self.path.display())))?;
        self.records = records;
        Ok(())
    }
}

fn lock(path: &Path) -> Result<File> {
    let name = beside(path, "lock");
    let file = File::create(&name).with_context(|| format!("cannot create {}", name.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(_) => bail!("{} is in use by another esim-lab; end it first", path.display()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_os_string();
    name.push(".");
    name.push(suffix);
    PathBuf::from(name)
}
