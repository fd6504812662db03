//! Lists of what is there, although some object does not answer.

use super::message::Entries;
use super::{Network, ShardedStore, lanes, unkept};
use crate::{Fault, Partly, sql};
use esim_smdp::store::{Lookup, Missing, Row};
use futures_util::future::join_all;
use std::collections::BTreeMap;

impl<N: Network> ShardedStore<N> {
    /// What lists are about, as far as it can be had; nothing for other lookups.
    pub(super) async fn list_partly(&self, lookups: &[Lookup]) -> Option<Result<Partly, Fault>> {
        let mut lists = Vec::new();
        for lookup in lookups {
            lists.push(match lookup {
                Lookup::Range { prefix, after, limit } => (prefix.as_str(), after, *limit),
                Lookup::Alias { alias, after, limit } => (unkept(alias)?.prefix(), after, *limit),
                Lookup::Name(_) | Lookup::Due { .. } => return None,
            });
        }
        let mut all = Partly::default();
        for (prefix, after, limit) in lists {
            match self.part_of_list(prefix, after, limit).await {
                Ok(Partly { rows, missing }) => {
                    all.rows.extend(rows);
                    all.missing.extend(missing);
                }
                Err(fault) => return Some(Err(fault)),
            }
        }
        Some(Ok(all))
    }

    async fn part_of_list(&self, prefix: &str, after: &str, limit: u32) -> Result<Partly, Fault> {
        let (names, mut missing, mut fault) = self.names_partly(prefix, after, limit).await?;
        let mut objects: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for name in &names {
            objects.entry(self.home(name)).or_default().push(name.clone());
        }
        let asked = objects.into_iter().map(async |(object, names)| {
            let rows = self.rows(names.iter().cloned()).await;
            (object, names, rows)
        });
        let mut found = BTreeMap::new();
        for (object, names, rows) in join_all(asked).await {
            match rows {
                Ok(rows) => {
                    let lost: Vec<_> = names.into_iter().filter(|name| !rows.contains_key(name)).collect();
                    missing.extend((!lost.is_empty()).then_some(Missing { share: None, rows: lost }));
                    found.extend(rows);
                }
                Err(error) => {
                    missing.push(Missing { share: Some(object), rows: names });
                    fault = Some(error);
                }
            }
        }
        match fault {
            // Not one: that is no list.
            Some(fault) if found.is_empty() && !names.is_empty() => Err(fault),
            _ => {
                let row = |name| {
                    found.remove(name).map(|it| Row { name: it.name, revision: it.revision, body: it.body })
                };
                Ok(Partly { rows: names.iter().filter_map(row).collect(), missing })
            }
        }
    }

    /// As [`ShardedStore::listed`], and which objects of the index have not answered, and why one has not.
    async fn names_partly(
        &self,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<(Vec<String>, Vec<Missing>, Option<Fault>), Fault> {
        let kind = prefix.find('/').map_or(prefix, |slash| &prefix[..=slash]);
        let (after, _) = sql::range(prefix, after);
        let entries = Entries { alias: kind.into(), after, limit };
        let lanes: Vec<_> = lanes().collect();
        let asked = join_all(lanes.iter().map(|lane| self.entries(lane, entries.clone()))).await;
        let (mut names, mut missing, mut fault) = (Vec::new(), Vec::new(), None);
        for (lane, asked) in lanes.iter().zip(asked) {
            match asked {
                Ok(here) => names.extend(here),
                Err(error) => {
                    missing.push(Missing { share: Some(lane.clone()), rows: Vec::new() });
                    fault = Some(error);
                }
            }
        }
        if let Some(fault) = fault.take_if(|_| missing.len() == lanes.len()) {
            return Err(fault);
        }
        names.sort_unstable();
        names.truncate(limit as usize);
        names.retain(|name: &String| name.starts_with(prefix));
        Ok((names, missing, fault))
    }
}
