//! What very many records share: profiles of a type, and those of them that are in stock. Their entries lie in all objects of the
//! index, by the names of the records, so that no single object sees all of them.
//!
//! Who looks for a profile in stock is given one that nobody else is given for a while, so that very many at once each get
//! another. That is advice, kept in the memory of the object that has the entry: who gets the profile is decided by the
//! commit on its order. That a stock is empty is told from asking all those objects, once a second at most
//! in each instance.

use super::aside::{Aside, row_key};
use super::message::{Answer, Entries, Leased, Message, Part};
use super::storage::{only, string};
use super::{Network, Plan, SPREAD, ShardedStore, Sql, Value, lanes};
use crate::Fault;
use futures_util::future::join_all;
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Milliseconds for which an entry is given to nobody else.
const LEASE: u64 = 3000;
/// Most entries that an object keeps from others at a time; more are as if none was.
const LEASES: usize = 4096;
/// Entries that an object looks at with one query.
const PAGE: i64 = 64;
/// How often somebody asks for what others have been given: longer than a lease, all in all.
const ROUNDS: u64 = 12;
/// How often commits under way are waited for at one object.
const TURNS: usize = 3;

/// Milliseconds for which an instance remembers where there is something.
const MEMORY: u64 = 1000;
/// Most aliases of which it does.
const ALIASES: usize = 256;

/// Entries that somebody has been given, and until when nobody else is: milliseconds since 1970.
#[derive(Debug, Default)]
pub(super) struct Leases(RefCell<BTreeMap<String, u64>>);

impl Leases {
    /// An entry that nobody has been given; from now on nobody else is, if it is to be taken.
    pub fn give(
        &self,
        sql: &impl Sql,
        aside: &Aside,
        alias: &str,
        take: bool,
        now: u64,
    ) -> Result<Leased, Fault> {
        const NAMES: &str = "SELECT name FROM alias WHERE alias = ?1 AND name > ?2 ORDER BY name LIMIT ?3";
        let (mut leased, mut after) = (Leased::default(), String::new());
        loop {
            let values = vec![Value::Text(alias.into()), Value::Text(after.clone()), Value::Integer(PAGE)];
            let rows = sql.query(NAMES, values)?;
            if rows.is_empty() {
                return Ok(leased);
            }
            for row in rows {
                let name = only(row).and_then(string)?;
                if !self.has(&name, now) && aside.touching(sql, &row_key(&name))?.is_empty() {
                    if take {
                        self.add(&name, now);
                    }
                    return Ok(Leased { name: Some(name), ..leased });
                }
                leased.is_out = true;
                after = name;
            }
        }
    }

    /// A clock that is wrong keeps nothing from anybody for longer than another.
    fn has(&self, name: &str, now: u64) -> bool {
        self.0.borrow().get(name).is_some_and(|until| (now + 1..=now + LEASE).contains(until))
    }

    fn add(&self, name: &str, now: u64) {
        let mut leases = self.0.borrow_mut();
        if leases.len() >= LEASES {
            leases.retain(|_, until| *until > now);
        }
        if leases.len() >= LEASES {
            leases.clear();
        }
        leases.insert(name.into(), now + LEASE);
    }
}

/// Which objects of the index have entries of an alias, as this instance has seen it within the last second. What others
/// have added since is seen then.
#[derive(Debug, Default)]
pub struct Stock(RefCell<BTreeMap<String, (u64, Vec<String>)>>);

impl Stock {
    fn lanes(&self, alias: &str, now: u64) -> Option<Vec<String>> {
        let seen = self.0.borrow();
        let (at, lanes) = seen.get(alias)?;
        (*at..*at + MEMORY).contains(&now).then(|| lanes.clone())
    }

    fn remember(&self, alias: &str, at: u64, lanes: Vec<String>) {
        let mut seen = self.0.borrow_mut();
        if seen.len() >= ALIASES {
            seen.clear();
        }
        seen.insert(alias.into(), (at, lanes));
    }

    fn is_none_in(&self, alias: &str, lane: &str) {
        if let Some((_, lanes)) = self.0.borrow_mut().get_mut(alias) {
            lanes.retain(|known| known != lane);
        }
    }

    /// What has been added here is there at once.
    pub(super) fn forget(&self, aliases: &[String]) {
        let mut seen = self.0.borrow_mut();
        for alias in aliases {
            seen.remove(alias);
        }
    }
}

/// Aliases that very many records share and that some get by a plan.
pub(super) fn added(plan: &Plan) -> Vec<String> {
    let parts = plan.values().flatten();
    let added = parts.flat_map(|part| match part {
        Part::Index { add, .. } => &add[..],
        _ => &[],
    });
    let spread = added.filter(|(alias, _)| SPREAD.iter().any(|kind| kind.has(alias)));
    spread.map(|(alias, _)| alias.clone()).collect()
}

impl<N: Network> ShardedStore<N> {
    /// Some names of an alias that very many records may share: from one object of the index, and from the others
    /// only if that is not enough. Another one each time, so that not everybody wants the same record.
    pub(super) async fn some(&self, entries: Entries) -> Result<Vec<String>, Fault> {
        let (limit, now) = (entries.limit as usize, self.network().now());
        let known = self.known(&entries.alias);
        let lanes = self.rotated(known.clone().unwrap_or_else(|| lanes().collect()));
        let Some((first, others)) = lanes.split_first() else { return Ok(Vec::new()) };
        let mut names = self.entries(first, entries.clone()).await?;
        if names.len() < limit {
            let asked = others.iter().map(|lane| self.entries(lane, entries.clone()));
            let found: Vec<_> = join_all(asked).await.into_iter().collect::<Result<_, _>>()?;
            if known.is_none() && entries.after.is_empty() {
                let all = lanes.iter().zip([&names].into_iter().chain(&found));
                let full = all.filter(|(_, names)| !names.is_empty()).map(|(lane, _)| lane.clone());
                self.remember(&entries.alias, now, full.collect());
            }
            names.extend(found.into_iter().flatten());
        }
        names.truncate(limit);
        Ok(names)
    }

    /// An entry of an alias that nobody else is given for a while; none if there is none.
    pub(super) async fn one_of(&self, alias: &str) -> Result<Option<String>, Fault> {
        for round in 0..ROUNDS {
            let (name, lanes) = match self.known(alias) {
                Some(lanes) => (None, lanes),
                None => self.look(alias).await?,
            };
            if name.is_some() || lanes.is_empty() {
                return Ok(name);
            }
            for lane in self.rotated(lanes) {
                let leased = self.lease(&lane, alias, true).await?;
                if leased.name.is_some() {
                    return Ok(leased.name);
                }
                if let Some(stock) = self.network().stock().filter(|_| !leased.is_out) {
                    stock.is_none_in(alias, &lane);
                }
            }
            // All are given to others, who take them or do not.
            self.network().pause(round * round * 8).await;
        }
        Err(Fault::new("others have been given all that is in stock, and have not taken it yet"))
    }

    /// An entry of the first object that is asked; if it has none to give, which objects have some.
    async fn look(&self, alias: &str) -> Result<(Option<String>, Vec<String>), Fault> {
        let now = self.network().now();
        let lanes = self.rotated(lanes().collect());
        let Some((first, others)) = lanes.split_first() else { return Ok((None, lanes)) };
        let here = self.lease(first, alias, true).await?;
        if here.name.is_some() {
            return Ok((here.name, Vec::new()));
        }
        let there = join_all(others.iter().map(|lane| self.lease(lane, alias, false))).await;
        let there: Vec<Leased> = there.into_iter().collect::<Result<_, _>>()?;
        let all = lanes.iter().zip([&here].into_iter().chain(&there));
        let full = all.filter(|(_, seen)| seen.name.is_some() || seen.is_out);
        let full: Vec<_> = full.map(|(lane, _)| lane.clone()).collect();
        self.remember(alias, now, full.clone());
        Ok((None, full))
    }

    /// What an object of the index has to give, when it knows what became of commits about it that were under way.
    async fn lease(&self, lane: &str, alias: &str, take: bool) -> Result<Leased, Fault> {
        let message = Message::Lease { alias: alias.into(), take, now: self.network().now() };
        let mut open = Vec::new();
        for _ in 0..TURNS {
            let Answer::Leased(leased) = self.insist(lane, &message).await? else {
                return Err(Fault::new(format!("{lane} has not answered what it was asked")));
            };
            let unknown: Vec<_> = leased.pending.iter().filter(|it| !open.contains(&it.tx)).collect();
            if leased.name.is_some() || unknown.is_empty() {
                return Ok(leased);
            }
            let settled = unknown.into_iter().map(async |it| (it.tx, self.settle(lane, it).await));
            for (tx, settled) in join_all(settled).await {
                if !settled? {
                    open.push(tx);
                }
            }
        }
        // New ones all the time: there may be something.
        Ok(Leased { is_out: true, ..Leased::default() })
    }

    /// Where there is something, if that has been looked at within the last second.
    fn known(&self, alias: &str) -> Option<Vec<String>> {
        self.network().stock()?.lanes(alias, self.network().now())
    }

    fn remember(&self, alias: &str, at: u64, lanes: Vec<String>) {
        if let Some(stock) = self.network().stock() {
            stock.remember(alias, at, lanes);
        }
    }

    fn rotated(&self, mut lanes: Vec<String>) -> Vec<String> {
        let start = usize::from(self.network().draw()[0]) % lanes.len().max(1);
        lanes.rotate_left(start);
        lanes
    }
}
