//! The power goes at every moment of a start, a change of the key and a restore, and each time the disk keeps every part
//! that it may keep: the records are there, or the next start says what is missing.

use super::*;
use esim_disk::simulated::Simulated;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::collections::BTreeMap;

/// Files by name, all in one folder.
type State = BTreeMap<PathBuf, Vec<u8>>;

const HERE: &str = "data";

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::from_seed([9; 32])
}

fn key(octet: &str) -> SealSecret {
    SealSecret::parse(&octet.repeat(32)).unwrap()
}

fn path(name: &str) -> PathBuf {
    Path::new(HERE).join(name)
}

fn state(files: &[(&str, &str)]) -> State {
    files.iter().map(|(name, text)| (path(name), text.as_bytes().to_vec())).collect()
}

/// A database in place of SQLite's: the key that it is sealed with, and whether there are orders.
fn database(key: &SealSecret, orders: &str) -> String {
    format!("{} {orders}", key.line().trim())
}

/// As SQLite commits: whole or not at all.
fn commit(disk: &Simulated, text: &str) -> io::Result<()> {
    replace(disk, &path(DATABASE), text.as_bytes())
}

fn text(disk: &Simulated, name: &str) -> Option<String> {
    disk.read(&path(name)).unwrap().map(|octets| String::from_utf8(octets).unwrap())
}

/// What a start finds: the orders of a database whose key it has.
fn start(disk: &Simulated, begin: Begin) -> io::Result<String> {
    let look = || {
        let text = text(disk, DATABASE).unwrap();
        let has_orders = text.contains("order");
        Ok(Found { version: if text.is_empty() { 0 } else { 3 }, has_rows: has_orders, has_orders })
    };
    let open = |key: &SealSecret| {
        if text(disk, DATABASE).unwrap_or_default().is_empty() {
            commit(disk, &database(key, "none"))?;
        }
        let text = text(disk, DATABASE).unwrap();
        let orders = text.strip_prefix(key.line().trim()).map(str::trim).map(String::from);
        match orders {
            Some(orders) => Ok(orders),
            // Nothing is sealed in an empty one.
            None if text.ends_with("none") => Ok("none".into()),
            None => Err(io::Error::other("not the key of the records")),
        }
    };
    Folder::new(disk, Path::new(HERE)).begin(None, begin, &mut rng(), look, open).map(|(orders, _)| orders)
}

/// Every state in which a loss of power may leave the disk, with a disk that begins there.
fn after_every_loss(disk: &Simulated) -> impl Iterator<Item = Simulated> {
    let states = (0..=disk.steps()).flat_map(|steps| disk.after_power_loss(steps));
    states.map(Simulated::holding)
}

#[test]
fn a_first_start_that_is_interrupted_is_a_first_start_again() {
    let disk = Simulated::default();
    assert_eq!(start(&disk, Begin::AsBefore).unwrap(), "none");
    let mut count = 0;
    for disk in after_every_loss(&disk) {
        assert_eq!(start(&disk, Begin::AsBefore).unwrap(), "none");
        count += 1;
    }
    assert!(count > 10, "{count} states");
}

#[test]
fn the_first_order_is_there_or_was_not_answered_for() {
    let disk = Simulated::default();
    start(&disk, Begin::AsBefore).unwrap();
    let key = Folder::new(&disk, Path::new(HERE)).key().unwrap().unwrap();
    let begun = disk.steps();
    commit(&disk, &database(&key, "order")).unwrap();
    let committed = disk.steps();
    Folder::new(&disk, Path::new(HERE)).mark().unwrap();
    for steps in begun..=disk.steps() {
        for state in disk.after_power_loss(steps) {
            let disk = Simulated::holding(state);
            let found = start(&disk, Begin::AsBefore).unwrap();
            assert!(found == "order" || found == "none" && steps < committed, "{found} after {steps} steps");
        }
    }
    // From now on nobody takes an empty folder for whole, whatever else has gone.
    for lost in [vec![DATABASE], vec![DATABASE, KEY]] {
        let mut state = disk.after_power_loss(disk.steps()).pop().unwrap();
        lost.iter().for_each(|name| drop(state.remove(&path(name))));
        let disk = Simulated::holding(state);
        assert!(start(&disk, Begin::AsBefore).unwrap_err().to_string().contains("is not there"));
        assert_eq!(start(&disk, Begin::Anew).unwrap(), "none");
        assert_eq!(start(&disk, Begin::AsBefore).unwrap(), "none");
    }
}

#[test]
fn a_change_of_the_key_ends_with_records_and_key_together() {
    let (old, new) = (key("0a"), key("0b"));
    let disk = Simulated::holding(state(&[
        (DATABASE, &database(&old, "order")),
        (KEY, old.line().as_str()),
        (MARKER, "there are orders"),
    ]));
    let reseal = |disk: &Simulated| {
        let seal = || commit(disk, &database(&new, "order"));
        Folder::new(disk, Path::new(HERE)).reseal(&new, true, seal)
    };
    reseal(&disk).unwrap();
    let (mut kept, mut refused) = (0, 0);
    for disk in after_every_loss(&disk) {
        match start(&disk, Begin::AsBefore) {
            Ok(found) => {
                assert_eq!(found, "order");
                kept += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("sm reseal"), "{error}");
                reseal(&disk).unwrap();
                assert_eq!(start(&disk, Begin::AsBefore).unwrap(), "order");
                assert_eq!(text(&disk, KEY).unwrap(), *new.line());
                refused += 1;
            }
        }
    }
    assert!(kept > 2 && refused > 5, "{kept} and {refused}");
}

#[test]
fn a_restore_loses_neither_what_was_there_nor_the_copy() {
    let key = key("0a");
    let (was, copy) = (database(&key, "order"), database(&key, "order of the copy"));
    let begun = state(&[
        (DATABASE, &was),
        ("sm.sqlite-wal", "its log"),
        ("sm.sqlite.before", "of an earlier restore"),
        ("sm.sqlite.restored", &copy),
        (KEY, key.line().as_str()),
        (MARKER, "there are orders"),
    ]);
    let disk = Simulated::holding(begun);
    let restore = |disk: &Simulated| Folder::new(disk, Path::new(HERE)).restore(|| Ok(()));
    restore(&disk).unwrap();
    assert_eq!(text(&disk, "sm.sqlite.before").unwrap(), was);
    let (mut kept, mut refused) = (0, 0);
    for disk in after_every_loss(&disk) {
        let there = |name: &str| text(&disk, name).is_some_and(|text| text == was);
        assert!(there(DATABASE) || there("sm.sqlite.before"), "what was there is there");
        match start(&disk, Begin::AsBefore) {
            Ok(found) => {
                assert!(found.starts_with("order"), "{found}");
                kept += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("restore was interrupted"), "{error}");
                // The copy is made anew, as the command does.
                replace(&disk, &path("sm.sqlite.restored"), copy.as_bytes()).unwrap();
                restore(&disk).unwrap();
                assert_eq!(start(&disk, Begin::AsBefore).unwrap(), "order of the copy");
                assert_eq!(text(&disk, "sm.sqlite.before").unwrap(), was);
                refused += 1;
            }
        }
    }
    assert!(kept > 2 && refused > 5, "{kept} and {refused}");
}
