//! A share of the orders becomes two while it serves.
//!
//! 1. *Copy*: the share goes on as before, and notes what changes. Page by page what it has is written to its halves, each to
//!    the one that its place says (sessions, which know no place, to both), then what has changed meanwhile.
//! 2. *Freeze*: when little has changed since, changes wait, and the last of them are written. Reading goes on.
//! 3. *Open*: both halves are told that they have all. Nobody asks them yet.
//! 4. *Close*: the share keeps that it has moved. **This is the moment.** From now on it answers whoever asks for an order
//!    that it has split; he learns it, and asks a half. What became of commits that it has decided it still tells.
//! 5. *Note*: what it had is gone, and the layout of those who have not asked it yet says so, too.
//!
//! Whoever has this done may die anywhere; another one goes on. Each step takes a number that was never used before, kept by
//! the share before anybody hears of it: a half takes nothing that is older than what it has, and the share takes no step
//! of one who has been overtaken. What fails while changes wait lets them go on.

use super::layout::{halves, holds};
use super::message::{Answer, Batch, Copied, Fill, Message, Stage, Step};
use super::store::unexpected;
use super::{Network, ShardedStore};
use crate::Fault;
use esim_rsp::Iccid;
use esim_smdp::Place;
use esim_smdp::store::Kind;
use futures_util::future::join_all;

impl<N: Network> ShardedStore<N> {
    /// Has a share begin to split: its name. Nothing if there is none of that name, or it has split already.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn begin_split(&self, share: &str) -> Result<Option<String>, Fault> {
        if !self.layout().has(share) || halves(share).is_none() {
            return Ok(None);
        }
        match self.insist(share, &split(Step::Begin { share: share.into() })).await? {
            Answer::Done => Ok(Some(share.into())),
            Answer::Moved => Ok(None),
            _ => Err(unexpected(share)),
        }
    }

    /// The same of the share that has an order, or would have it.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn begin_split_of(&self, iccid: &Iccid) -> Result<Option<String>, Fault> {
        loop {
            let share = self.share_of(Place::of(iccid));
            let begun = self.begin_split(&share).await?;
            // Whoever is told that it has split has learned of its halves.
            if begun.is_some() || self.share_of(Place::of(iccid)) == share {
                return Ok(begun);
            }
        }
    }

    /// Has a share that has begun to split go on with it, `steps` at most: where it is then.
    ///
    /// # Errors
    /// An object does not answer. Changes do not wait for it.
    pub async fn split(&self, share: &str, steps: u32) -> Result<Stage, Fault> {
        let mut stage = Stage::Copying;
        for _ in 0..steps {
            let Answer::Batch(batch) = self.insist(share, &split(Step::Next)).await? else {
                return Err(unexpected(share));
            };
            stage = batch.stage;
            let (n, is_frozen) = (batch.n, batch.stage == Stage::Frozen);
            if !matches!(stage, Stage::Copying | Stage::Frozen) {
                break;
            }
            let gone_on = self.copy(share, batch).await;
            if gone_on.is_err() && is_frozen {
                // At worst whoever goes on with it does.
                let _ = self.insist(share, &split(Step::Thaw { n })).await;
            }
            gone_on?;
        }
        Ok(stage)
    }

    async fn copy(&self, share: &str, batch: Batch) -> Result<(), Fault> {
        let Batch { n, stage, rows, paces, gone, until, left } = batch;
        let Some(halves) = halves(share) else { return Err(Fault::new(format!("{share} cannot split"))) };
        let open = stage == Stage::Frozen && !left;
        let filled = halves.iter().map(async |half| {
            let is_here = |copied: &&Copied| place(&copied.row.name).is_none_or(|place| holds(half, place));
            let rows = rows.iter().filter(is_here).cloned().collect();
            let (share, paces, gone) = (half.clone(), paces.clone(), gone.clone());
            let fill = Message::Fill(Fill { share, n, rows, paces, gone, open });
            match self.insist(half, &fill).await? {
                Answer::Done => Ok(()),
                _ => Err(unexpected(half)),
            }
        });
        join_all(filled).await.into_iter().collect::<Result<(), Fault>>()?;
        self.insist(share, &split(Step::Copied { n, until })).await?;
        if open {
            self.insist(share, &split(Step::Close { n })).await?;
        } else if !left && let Answer::Busy(pending) = self.insist(share, &split(Step::Freeze { n })).await? {
            self.wait_for(share, &pending).await?;
        }
        Ok(())
    }

    /// Has a share that has moved forget what it had: the layout says so by now.
    ///
    /// # Errors
    /// The share does not answer.
    pub async fn note_split(&self, share: &str) -> Result<(), Fault> {
        match self.insist(share, &split(Step::Note)).await? {
            Answer::Done => Ok(()),
            _ => Err(unexpected(share)),
        }
    }
}

fn split(step: Step) -> Message {
    Message::Split(step)
}

/// Where a row lies by its name: of sessions nobody knows it.
fn place(name: &str) -> Option<Place> {
    match Kind::of(name)? {
        (Kind::Order | Kind::Package | Kind::Head, iccid) => Some(Place::of_digits(iccid)),
        _ => None,
    }
}
