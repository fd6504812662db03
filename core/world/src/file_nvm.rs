//! The card's memory in a file: written whole, beside, and put in its place.

use esim_disk::{Disk, Files, beside, folder_of, replace};
use esim_euicc::{MemoryNvm, Nvm, NvmError, Write};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// [`Nvm`] in one file of a [`Disk`]. On this machine's, a second process that opens the same file is turned away.
pub struct FileNvm<D = Files> {
    disk: D,
    path: PathBuf,
    records: MemoryNvm,
    _lock: Option<File>,
}

impl FileNvm {
    /// Opens a file of this machine, or starts an empty memory if there is none.
    ///
    /// # Errors
    /// A sentence, if another process uses the file, if it cannot be read, or if it is damaged or no eUICC's.
    pub fn open(path: &Path) -> Result<Self, NvmError> {
        let lock = lock(path)?;
        let nvm = Self::on(Files, path)?;
        Ok(Self { _lock: Some(lock), ..nvm })
    }

    /// Starts an empty memory, whatever is in the file: the first commit replaces it.
    ///
    /// # Errors
    /// A sentence, if another process uses the file.
    pub fn create(path: &Path) -> Result<Self, NvmError> {
        let lock = lock(path)?;
        Ok(Self { disk: Files, path: path.to_path_buf(), records: MemoryNvm::default(), _lock: Some(lock) })
    }
}

impl<D: Disk> FileNvm<D> {
    /// Opens a file of a disk that nobody else uses.
    ///
    /// # Errors
    /// As for [`FileNvm::open`].
    pub fn on(disk: D, path: &Path) -> Result<Self, NvmError> {
        let found = disk.read(path).map_err(|error| at(path, &error))?;
        let records = found.map_or_else(|| Ok(MemoryNvm::default()), |octets| MemoryNvm::import(&octets));
        let records = records.map_err(|error| at(path, &error.0))?;
        Ok(Self { disk, path: path.to_path_buf(), records, _lock: None })
    }
}

impl<D: Disk> Nvm for FileNvm<D> {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.records.read(name)
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        let mut records = self.records.clone();
        records.commit(writes)?;
        replace(&self.disk, &self.path, &records.export()).map_err(|error| NvmError(error.to_string()))?;
        self.records = records;
        Ok(())
    }
}

fn lock(path: &Path) -> Result<File, NvmError> {
    let make = || -> io::Result<File> {
        fs::create_dir_all(folder_of(path))?;
        File::create(beside(path, "lock"))
    };
    let file = make().map_err(|error| at(path, &error))?;
    let in_use = "it is in use by another esim-lab; end that one first";
    file.try_lock().map_err(|_| at(path, &in_use))?;
    Ok(file)
}

fn at(path: &Path, what: &dyn std::fmt::Display) -> NvmError {
    NvmError(format!("{}: {what}", path.display()))
}
