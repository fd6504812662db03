//! Non-volatile memory: records by name, written by whole transactions.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What the card writes to. An implementation must make [`Nvm::commit`]
/// atomic: after a loss of power either all writes are there or none is.
pub trait Nvm {
    /// The record called `name`.
    fn read(&self, name: &str) -> Option<Vec<u8>>;

    /// Applies all writes, in order, as one transaction.
    ///
    /// # Errors
    /// [`NvmError`] if nothing was written.
    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError>;
}

/// One change of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// Creates or replaces a record.
    Put(String, Vec<u8>),
    /// Removes a record, if it is there.
    Remove(String),
    /// Removes every record whose name starts so.
    RemoveAll(String),
}

/// The memory did not take the writes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("non-volatile memory: {0}")]
pub struct NvmError(pub String);

/// Memory that lasts as long as the process; a page or a test may copy it out and in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryNvm {
    /// Shared by copies until they are written anew.
    pub(crate) records: BTreeMap<String, Arc<[u8]>>,
}

impl MemoryNvm {
    /// Names and sizes in octets of all records.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, usize)> {
        self.records.iter().map(|(name, octets)| (name.as_str(), octets.len()))
    }
}

impl Nvm for MemoryNvm {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.records.get(name).map(|octets| octets.to_vec())
    }

    fn commit(&mut self, writes: &[Write]) -> Result<(), NvmError> {
        for write in writes {
            match write {
                Write::Put(name, octets) => {
                    self.records.insert(name.clone(), octets.as_slice().into());
                }
                Write::Remove(name) => {
                    self.records.remove(name);
                }
                Write::RemoveAll(prefix) => {
                    self.records.retain(|name, _| !name.starts_with(prefix.as_str()));
                }
            }
        }
        Ok(())
    }
}
