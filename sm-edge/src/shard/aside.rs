//! Changes that an object keeps aside until it is told what became of their commit.
//!
//! One row each holds all that is known of them: what they touch, and what of that nobody else may change meanwhile, is
//! told from the changes.

use super::message::{self, Part, Pending, Tx};
use super::storage::{Sql, Value, blob, damaged};
use crate::Fault;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// What is kept aside of one commit.
#[derive(Debug)]
pub(super) struct Kept {
    pub pending: Pending,
    pub parts: Vec<Part>,
}

impl Kept {
    fn keys(&self) -> impl Iterator<Item = (String, bool)> {
        self.parts.iter().flat_map(keys)
    }
}

/// All that an object keeps aside, as its table has it: read when somebody asks for the first time.
#[derive(Debug, Default)]
pub(super) struct Aside(RefCell<Option<BTreeMap<Tx, Kept>>>);

impl Aside {
    /// Knows nothing any more of the table.
    pub fn forget(&self) {
        self.0.replace(None);
    }

    /// What `look` sees in it.
    pub fn with<T>(&self, sql: &impl Sql, look: impl FnOnce(&BTreeMap<Tx, Kept>) -> T) -> Result<T, Fault> {
        if let Some(all) = &*self.0.borrow() {
            return Ok(look(all));
        }
        let rows = sql.query("SELECT state, parts FROM pending", Vec::new())?;
        let all = rows.into_iter().map(|row| {
            let [state, parts] = <[Value; 2]>::try_from(row).map_err(|_| damaged())?;
            let pending: Pending = message::read(&blob(state)?)?;
            Ok((pending.tx, Kept { pending, parts: message::read(&blob(parts)?)? }))
        });
        let all = all.collect::<Result<BTreeMap<_, _>, Fault>>()?;
        let seen = look(&all);
        self.0.replace(Some(all));
        Ok(seen)
    }

    /// The commits that touch a key.
    pub fn touching(&self, sql: &impl Sql, key: &str) -> Result<Vec<Pending>, Fault> {
        self.with(sql, |all| {
            let touches = |kept: &&Kept| kept.keys().any(|(touched, _)| touched == key);
            all.values().filter(touches).map(|kept| kept.pending.clone()).collect()
        })
    }

    /// Whether a commit keeps a key from others.
    pub fn locks(&self, sql: &impl Sql, key: &str) -> Result<bool, Fault> {
        self.with(sql, |all| all.values().flat_map(Kept::keys).any(|(touched, lock)| lock && touched == key))
    }

    /// Keeps changes aside.
    pub fn add(&self, sql: &impl Sql, pending: &Pending, parts: &[Part]) -> Result<(), Fault> {
        let kept = Kept { pending: pending.clone(), parts: parts.to_vec() };
        let values = vec![
            Value::Blob(pending.tx.to_vec()),
            Value::Blob(message::write(pending)?),
            Value::Blob(message::write(&parts)?),
        ];
        let mut all = self.0.take();
        sql.query("INSERT INTO pending (tx, state, parts) VALUES (?1, ?2, ?3)", values)?;
        if let Some(all) = &mut all {
            all.insert(pending.tx, kept);
        }
        self.0.replace(all);
        Ok(())
    }

    /// Drops them, in one transaction with what `work` does with them; `false` if there are none.
    pub fn remove<S: Sql>(
        &self,
        sql: &S,
        tx: &Tx,
        mut work: impl FnMut(&[Part]) -> Result<(), Fault>,
    ) -> Result<bool, Fault> {
        if !self.with(sql, |all| all.contains_key(tx))? {
            return Ok(false);
        }
        // Whoever fails on the way leaves it to be read anew.
        let mut all = self.0.take().unwrap_or_default();
        let parts = all.remove(tx).map(|kept| kept.parts).unwrap_or_default();
        sql.transaction(&mut || {
            work(&parts)?;
            sql.query("DELETE FROM pending WHERE tx = ?1", vec![Value::Blob(tx.to_vec())]).map(drop)
        })?;
        self.0.replace(Some(all));
        Ok(true)
    }
}

/// What a part touches, and whether nobody else may at the same time.
pub(super) fn keys(part: &Part) -> Vec<(String, bool)> {
    match part {
        Part::Put { name, .. } | Part::Delete { name, .. } | Part::Check { name, .. } => {
            vec![(row_key(name), true)]
        }
        Part::Index { name, add, remove } => {
            let added = add.iter().map(|(alias, unique)| (alias_key(alias), *unique));
            let removed = remove.iter().map(|alias| (alias_key(alias), false));
            let row = std::iter::once((row_key(name), true));
            row.chain(removed).chain(added).collect()
        }
    }
}

pub(super) fn row_key(name: &str) -> String {
    format!("row {name}")
}

pub(super) fn alias_key(alias: &str) -> String {
    format!("alias {alias}")
}
