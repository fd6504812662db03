//! A disk in memory that knows what has reached it. What was not synced may be lost when the power goes, in any
//! combination: each change of a name by itself, and of what a file holds nothing, a part, or all.

use crate::{Disk, folder_of};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most changes of names without a sync of which every combination is told; of more, every prefix.
const COMBINED: usize = 8;

/// A disk in memory. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Simulated(Arc<Mutex<State>>);

#[derive(Clone, Debug, Default)]
struct State {
    /// What the disk held when it was powered.
    start: BTreeMap<PathBuf, Vec<u8>>,
    log: Vec<Step>,
    refuses: bool,
}

/// What was asked of the disk.
#[derive(Clone, Debug)]
enum Step {
    Write(PathBuf, Vec<u8>),
    Sync(PathBuf),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    SyncFolder(PathBuf),
}

/// Number of a file, whatever its name.
type Inode = usize;

/// A change in a folder; a rename is one change of two names.
type NameChange = Vec<(PathBuf, Option<Inode>)>;

/// Files and names: those that are there, and those that have reached the disk.
#[derive(Clone, Default)]
struct Model {
    names: BTreeMap<PathBuf, Inode>,
    durable_names: BTreeMap<PathBuf, Inode>,
    pending_names: Vec<NameChange>,
    content: Vec<Vec<u8>>,
    /// For each file what it may hold after a loss of power; one thing if it was synced.
    may_hold: Vec<BTreeSet<Vec<u8>>>,
}

impl Simulated {
    /// A disk on which these files are safe.
    pub fn holding(files: BTreeMap<PathBuf, Vec<u8>>) -> Self {
        Self(Arc::new(Mutex::new(State { start: files, ..State::default() })))
    }

    /// How many writes, syncs, renames and removals were asked of it.
    pub fn steps(&self) -> usize {
        self.state().log.len()
    }

    /// From now on nothing is written: every change fails, as on a full disk. Or writes are taken again.
    pub fn refuse(&self, refuses: bool) {
        self.state().refuses = refuses;
    }

    /// Every state in which the disk may be if the power goes after `steps` of what was asked: the files it may hold
    /// then, each state once.
    pub fn after_power_loss(&self, steps: usize) -> Vec<BTreeMap<PathBuf, Vec<u8>>> {
        let state = self.state();
        let mut model = Model::of(&state.start);
        state.log.iter().take(steps).for_each(|step| model.apply(step));
        model.survivors()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn model(&self) -> Model {
        let state = self.state();
        let mut model = Model::of(&state.start);
        state.log.iter().for_each(|step| model.apply(step));
        model
    }

    fn ask(&self, step: Step) -> io::Result<()> {
        let mut state = self.state();
        if state.refuses {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on the simulated disk"));
        }
        state.log.push(step);
        Ok(())
    }
}

impl Disk for Simulated {
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let model = self.model();
        Ok(model.names.get(path).map(|inode| model.content[*inode].clone()))
    }

    fn write(&self, path: &Path, octets: &[u8]) -> io::Result<()> {
        self.ask(Step::Write(path.to_path_buf(), octets.to_vec()))
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        self.ask(Step::Sync(path.to_path_buf()))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if !self.model().names.contains_key(from) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.ask(Step::Rename(from.to_path_buf(), to.to_path_buf()))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.ask(Step::Remove(path.to_path_buf()))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.ask(Step::SyncFolder(folder.to_path_buf()))
    }
}

impl Model {
    fn of(files: &BTreeMap<PathBuf, Vec<u8>>) -> Self {
        let mut model = Self::default();
        for (path, octets) in files {
            let inode = model.new_file();
            model.content[inode] = octets.clone();
            model.may_hold[inode] = BTreeSet::from([octets.clone()]);
            model.names.insert(path.clone(), inode);
        }
        model.durable_names = model.names.clone();
        model
    }

    fn new_file(&mut self) -> Inode {
        self.content.push(Vec::new());
        self.may_hold.push(BTreeSet::from([Vec::new()]));
        self.content.len() - 1
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::Write(path, octets) => {
                let inode = self.names.get(path).copied().unwrap_or_else(|| {
                    let inode = self.new_file();
                    self.change_names(vec![(path.clone(), Some(inode))]);
                    inode
                });
                // Truncated, in part, whole: nothing says how much of it reaches the disk.
                let parts = [&octets[..0], &octets[..octets.len() / 2], octets];
                self.may_hold[inode].extend(parts.map(<[u8]>::to_vec));
                self.content[inode] = octets.clone();
            }
            Step::Sync(path) => {
                if let Some(inode) = self.names.get(path) {
                    self.may_hold[*inode] = BTreeSet::from([self.content[*inode].clone()]);
                }
            }
            Step::Rename(from, to) => {
                if let Some(inode) = self.names.get(from).copied() {
                    self.change_names(vec![(from.clone(), None), (to.clone(), Some(inode))]);
                }
            }
            Step::Remove(path) => {
                if self.names.contains_key(path) {
                    self.change_names(vec![(path.clone(), None)]);
                }
            }
            Step::SyncFolder(folder) => {
                let (in_folder, elsewhere) =
                    core::mem::take(&mut self.pending_names).into_iter().partition(|change: &NameChange| {
                        change.iter().any(|(path, _)| folder_of(path) == folder)
                    });
                for change in &in_folder {
                    set_names(&mut self.durable_names, change);
                }
                self.pending_names = elsewhere;
            }
        }
    }

    fn change_names(&mut self, change: NameChange) {
        set_names(&mut self.names, &change);
        self.pending_names.push(change);
    }

    fn survivors(&self) -> Vec<BTreeMap<PathBuf, Vec<u8>>> {
        let count = self.pending_names.len();
        let choices: Vec<Vec<&NameChange>> = if count <= COMBINED {
            let chosen = |set: u32| {
                let each = self.pending_names.iter().enumerate();
                each.filter(move |(i, _)| set >> i & 1 == 1).map(|(_, change)| change).collect()
            };
            (0..1 << count).map(chosen).collect()
        } else {
            (0..=count).map(|kept| self.pending_names.iter().take(kept).collect()).collect()
        };
        let mut states = BTreeSet::new();
        for changes in choices {
            let mut names = self.durable_names.clone();
            changes.into_iter().for_each(|change| set_names(&mut names, change));
            states.extend(self.contents(&names));
        }
        states.into_iter().collect()
    }

    /// Every combination of what the files with these names may hold.
    fn contents(&self, names: &BTreeMap<PathBuf, Inode>) -> Vec<BTreeMap<PathBuf, Vec<u8>>> {
        let mut states = vec![BTreeMap::new()];
        for (path, inode) in names {
            let with = |state: &BTreeMap<PathBuf, Vec<u8>>| {
                let each = self.may_hold[*inode].iter();
                each.map(|octets| {
                    let mut state = state.clone();
                    state.insert(path.clone(), octets.clone());
                    state
                })
                .collect::<Vec<_>>()
            };
            states = states.iter().flat_map(with).collect();
        }
        states
    }
}

fn set_names(names: &mut BTreeMap<PathBuf, Inode>, change: &NameChange) {
    for (path, inode) in change {
        match inode {
            Some(inode) => names.insert(path.clone(), *inode),
            None => names.remove(path),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replace;

    const CARD: &str = "folder/card";

    /// What may be under the name after each number of steps.
    fn seen(disk: &Simulated) -> Vec<BTreeSet<Option<Vec<u8>>>> {
        let under = |state: BTreeMap<PathBuf, Vec<u8>>| state.get(Path::new(CARD)).cloned();
        (0..=disk.steps()).map(|n| disk.after_power_loss(n).into_iter().map(under).collect()).collect()
    }

    fn disk() -> Simulated {
        Simulated::holding(BTreeMap::from([(PathBuf::from(CARD), b"old".to_vec())]))
    }

    #[test]
    fn a_replaced_file_is_the_old_one_or_the_new_one() {
        let disk = disk();
        replace(&disk, Path::new(CARD), b"new one").unwrap();
        assert_eq!(disk.read(Path::new(CARD)).unwrap(), Some(b"new one".to_vec()));
        let (old, new) = (Some(b"old".to_vec()), Some(b"new one".to_vec()));
        let seen = seen(&disk);
        let (last, before) = seen.split_last().unwrap();
        assert_eq!(*last, BTreeSet::from([new.clone()]), "what was answered for stays");
        assert!(
            before
                .iter()
                .all(|states| states.contains(&old) && states.iter().all(|it| *it == old || *it == new))
        );
        assert!(before.iter().any(|states| states.contains(&new)));
    }

    /// The simulation finds what it is for.
    #[test]
    fn what_is_not_synced_may_be_lost() {
        let careless = disk();
        let path = Path::new(CARD);
        let aside = Path::new("folder/card.new");
        careless.write(aside, b"new one").unwrap();
        careless.rename(aside, path).unwrap();
        careless.sync_folder(Path::new("folder")).unwrap();
        let without_sync = seen(&careless).pop().unwrap();
        assert!(without_sync.contains(&Some(Vec::new())) && without_sync.contains(&Some(b"new".to_vec())));

        let careless = disk();
        careless.write(aside, b"new one").unwrap();
        careless.sync(aside).unwrap();
        careless.rename(aside, path).unwrap();
        assert!(seen(&careless).pop().unwrap().contains(&Some(b"old".to_vec())), "the folder was not synced");
        careless.write(path, b"over").unwrap();
        assert!(seen(&careless).pop().unwrap().contains(&Some(b"ov".to_vec())), "written in place");
    }

    #[test]
    fn a_disk_that_refuses_changes_nothing() {
        let disk = disk();
        disk.refuse(true);
        assert!(replace(&disk, Path::new(CARD), b"new").is_err());
        assert_eq!(disk.read(Path::new(CARD)).unwrap(), Some(b"old".to_vec()));
        disk.refuse(false);
        replace(&disk, Path::new(CARD), b"new").unwrap();
        disk.remove(Path::new(CARD)).unwrap();
        assert_eq!(disk.read(Path::new(CARD)).unwrap(), None);
    }
}
