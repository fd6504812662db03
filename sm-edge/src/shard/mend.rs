//! Entries of the index that the rows do not bear out: what is left where a storage was lost or given back as it was before.

use super::message::{Found, Part};
use super::{Network, Plan, SPREAD, ShardedStore, index_of};
use crate::CommitError;
use futures_util::future::join_all;
use std::collections::BTreeMap;

impl<N: Network> ShardedStore<N> {
    /// Has the index drop what it says of an alias that very many records share, where the row is not there or has no such
    /// alias: it is in nobody's way any more. Other aliases stay: whose they were is to be found out by a person.
    pub(super) async fn mend(&self, alias: &str, names: &[String], rows: &BTreeMap<String, Found>) {
        if !SPREAD.iter().any(|kind| kind.has(alias)) {
            return;
        }
        let has = |row: &Found| row.aliases.iter().any(|known| known == alias);
        let wrong = names.iter().filter(|name| !rows.get(*name).is_some_and(has));
        let dropped =
            wrong.map(|name| self.drop_entry(alias, name, rows.get(name).map_or(0, |it| it.revision)));
        // Whatever is not dropped is found once more: somebody was between, or an object does not answer.
        drop(join_all(dropped).await);
    }

    /// Decided by the row: if it has changed meanwhile, the entry may be right again.
    async fn drop_entry(&self, alias: &str, name: &str, expected: u64) -> Result<(), CommitError> {
        let home = self.home(name);
        let seen = Part::Check { name: name.into(), expected };
        let gone = Part::Index { name: name.into(), add: Vec::new(), remove: vec![alias.into()] };
        let plan = Plan::from([(home.clone(), vec![seen]), (index_of(alias, name), vec![gone])]);
        self.commit_jointly(&home, self.network().draw(), plan).await
    }
}
