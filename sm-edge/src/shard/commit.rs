//! Changes to several objects, all or none: what the coordinator of a commit does.

use super::layout::Layout;
use super::message::{Answer, Message, Outcome, Part, Pending, Tx};
use super::store::{FROZEN, ROUNDS, TRIES, unexpected};
use super::{Network, Plan, ShardedStore, entry_objects, listing, unkept};
use crate::{CommitError, Fault};
use esim_smdp::store::{Alias, Change, Kind};
use futures_util::future::join_all;
use std::collections::BTreeSet;

/// Milliseconds after which a coordinator that has not decided may be taken for dead.
const PATIENCE: u64 = 10_000;

impl<N: Network> ShardedStore<N> {
    /// Finishes a commit at an object if it is decided; whether it is.
    pub(super) async fn settle(&self, object: &str, pending: &Pending) -> Result<bool, Fault> {
        let Pending { tx, primary, deadline } = pending;
        let force = self.network.now() >= *deadline;
        let committed = match self.insist(primary, &Message::Ask { tx: *tx, force }).await? {
            Answer::Outcome(Outcome::Open) => return Ok(false),
            Answer::Outcome(outcome) => outcome == Outcome::Committed,
            _ => return Err(unexpected(primary)),
        };
        self.insist(object, &Message::Finish { tx: *tx, committed }).await?;
        Ok(true)
    }

    /// Waits for commits that are in the way, for a while.
    pub(super) async fn wait_for(&self, object: &str, pending: &[Pending]) -> Result<(), Fault> {
        for pending in pending {
            for round in 0..ROUNDS {
                if self.settle(object, pending).await? {
                    break;
                }
                self.network.pause(round * round * 4).await;
            }
        }
        Ok(())
    }

    /// What a commit asks of each object.
    pub(super) async fn plan(&self, changes: &[Change]) -> Result<Plan, CommitError> {
        let mut plan = Plan::new();
        for change in changes {
            match change {
                Change::Put { name, expected, body, aliases, expires, due } => {
                    let old = self.aliases(name, *expected).await?;
                    let aliases: Vec<Alias> =
                        aliases.iter().filter(|alias| unkept(&alias.name).is_none()).cloned().collect();
                    index(&mut plan, &self.layout(), name, &old, &aliases, *expected == 0);
                    let part = Part::Put {
                        name: name.clone(),
                        expected: *expected,
                        body: body.clone(),
                        aliases: aliases.into_iter().map(|alias| alias.name).collect(),
                        expires: *expires,
                        due: *due,
                    };
                    plan.entry(self.home(name)).or_default().push(part);
                }
                Change::Delete { name, expected } => {
                    let mut old = self.aliases(name, *expected).await?;
                    old.extend(listing(name).filter(|_| *expected > 0));
                    index(&mut plan, &self.layout(), name, &old, &[], false);
                    let part = Part::Delete { name: name.clone(), expected: *expected };
                    plan.entry(self.home(name)).or_default().push(part);
                }
                // Each object forgets by itself.
                Change::Sweep { .. } => {}
            }
        }
        Ok(plan)
    }

    /// The aliases that a row of this revision has.
    async fn aliases(&self, name: &str, revision: u64) -> Result<Vec<String>, CommitError> {
        let known = || match self.seen.borrow().get(name) {
            Some((seen, aliases)) if *seen == revision => Some(aliases.clone()),
            _ => None,
        };
        // A head has none, and is written without being loaded.
        if revision == 0 || Kind::Head.has(name) {
            return Ok(Vec::new());
        }
        if let Some(aliases) = known() {
            return Ok(aliases);
        }
        self.rows(std::iter::once(name.to_string())).await?;
        known().ok_or(CommitError::Conflict)
    }

    pub(super) async fn commit_jointly(
        &self,
        primary: &str,
        tx: Tx,
        mut plan: Plan,
    ) -> Result<(), CommitError> {
        let own = plan.remove(primary).unwrap_or_default();
        let deadline = self.network.now() + PATIENCE;
        let pending = Pending { tx, primary: primary.into(), deadline };
        let others: Vec<String> = plan.keys().cloned().collect();
        let prepared = plan.into_iter().map(async |(object, parts)| {
            let answer = self.send(&object, &Message::Prepare { pending: pending.clone(), parts }).await;
            self.done(&object, answer?).await
        });
        let prepared: Result<(), CommitError> = join_all(prepared).await.into_iter().collect();
        let decided = match prepared {
            Ok(()) => self.decide(primary, tx, own, true).await,
            Err(error) => {
                // Whether somebody was faster or an answer was lost: decided anew, with a new name, it may succeed.
                let cause = if let CommitError::Fault(fault) = error { Some(fault) } else { None };
                self.cause.replace(cause);
                self.finish(&others, tx, false).await;
                return Err(CommitError::Conflict);
            }
        };
        match decided {
            Ok(()) => {
                let (store, primary) = (Self::new(self.network.clone()), primary.to_string());
                self.network.later(async move {
                    if store.finish(&others, tx, true).await {
                        // At worst it remembers for nothing.
                        let _ = store.network.send(&primary, &Message::Forget { tx }).await;
                    }
                });
            }
            Err(CommitError::Conflict) => drop(self.finish(&others, tx, false).await),
            // Nobody knows; whoever comes next asks.
            Err(CommitError::Fault(_)) => {}
        }
        decided
    }

    /// Has the primary commit its part, and with it all.
    pub(super) async fn decide(
        &self,
        primary: &str,
        tx: Tx,
        parts: Vec<Part>,
        joint: bool,
    ) -> Result<(), CommitError> {
        let mut primary = primary.to_string();
        let mut message = Message::Commit { tx, parts, joint, again: false };
        let mut lost = Fault::new("never sent");
        for _ in 0..TRIES {
            match self.send(&primary, &message).await {
                // What was lost may have been done before it split: the half that has it now knows.
                Ok(Answer::Moved) => match &message {
                    Message::Commit { parts, again: true, .. } => primary = self.only_home(parts)?,
                    _ => return Err(CommitError::Conflict),
                },
                Ok(answer) => return self.done(&primary, answer).await,
                Err(fault) => lost = fault,
            }
            if let Message::Commit { again, .. } = &mut message {
                *again = true;
            }
        }
        Err(lost.into())
    }

    /// The object that has all that parts are about.
    fn only_home(&self, parts: &[Part]) -> Result<String, Fault> {
        let homes = parts.iter().map(|part| match part {
            Part::Put { name, .. }
            | Part::Delete { name, .. }
            | Part::Check { name, .. }
            | Part::Index { name, .. } => self.home(name),
        });
        let mut homes: Vec<_> = homes.collect::<BTreeSet<_>>().into_iter().collect();
        match homes.pop() {
            Some(home) if homes.is_empty() => Ok(home),
            _ => Err(Fault::new("the share has split, and nobody knows what it has done")),
        }
    }

    /// Tells objects what became of a commit; whether all have heard.
    async fn finish(&self, objects: &[String], tx: Tx, committed: bool) -> bool {
        let message = &Message::Finish { tx, committed };
        let told = join_all(objects.iter().map(|object| self.insist(object, message))).await;
        told.iter().all(Result::is_ok)
    }

    async fn done(&self, object: &str, answer: Answer) -> Result<(), CommitError> {
        match answer {
            Answer::Done => Ok(()),
            Answer::Conflict | Answer::Moved => Err(CommitError::Conflict),
            Answer::Busy(pending) if pending.is_empty() => {
                self.network.pause(FROZEN).await;
                Err(CommitError::Conflict)
            }
            Answer::Busy(pending) => {
                self.wait_for(object, &pending).await?;
                Err(CommitError::Conflict)
            }
            _ => Err(unexpected(object).into()),
        }
    }
}

/// Adds to a plan what the index has to learn of a row.
fn index(plan: &mut Plan, layout: &Layout, name: &str, old: &[String], new: &[Alias], is_new: bool) {
    let mut learn = |alias: &str, unique: Option<bool>| {
        for object in entry_objects(layout, alias, name) {
            let parts = plan.entry(object).or_default();
            let here = parts.iter().position(|part| matches!(part, Part::Index { name: n, .. } if n == name));
            let here = here.unwrap_or_else(|| {
                parts.push(Part::Index { name: name.into(), add: Vec::new(), remove: Vec::new() });
                parts.len() - 1
            });
            if let Some(Part::Index { add, remove, .. }) = parts.get_mut(here) {
                match unique {
                    Some(unique) => add.push((alias.into(), unique)),
                    None => remove.push(alias.into()),
                }
            }
        }
    };
    for alias in old.iter().filter(|alias| !new.iter().any(|new| new.name == **alias)) {
        learn(alias, None);
    }
    for alias in new.iter().filter(|alias| !old.contains(&alias.name)) {
        learn(&alias.name, Some(alias.unique));
    }
    if let Some(listing) = listing(name).filter(|_| is_new) {
        learn(&listing, Some(false));
    }
}
