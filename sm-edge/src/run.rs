//! Load, decide, commit; and once more if somebody else was faster.

use crate::{CommitError, Fault, Host, LogLine, Store};
use esim_rsp::{Iccid, Refusal};
use esim_smdp::store::Row;
use esim_smdp::{Attend, Env, Function, Key, Records};
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// How often a function is tried before the service calls itself overloaded.
const ATTEMPTS: u32 = 16;

/// A function that has been executed.
pub struct Executed<T> {
    /// Outputs, or the code of the standard.
    pub answer: Result<T, Refusal>,
    /// How often it had to be run again.
    pub conflicts: u32,
}

/// Executes one function against the store of a host.
///
/// # Errors
/// [`Fault`] if the store fails, or the records change faster than they can be
/// decided over.
pub async fn run<F: Function, H: Host>(function: &F, host: &H) -> Result<Executed<F::Ok>, Fault> {
    let mut replies = Records::default();
    for conflicts in 0..ATTEMPTS {
        let records = gather(function, host, replies).await?;
        let decision = host.with_rng(|rng| {
            let (now, config, verified) = (host.now(), host.config(), host.verified());
            function.decide(&records, &mut Env { now, rng, config, verified })
        });
        let answer = decision.answer;
        if decision.commit.is_empty() {
            host.store().settled().await?;
            return Ok(Executed { answer, conflicts });
        }
        let changes = records.changes(&decision.commit).into_iter().map(|change| host.vault().seal(change));
        match host.store().commit(&changes.collect::<Vec<_>>()).await {
            Ok(()) => {
                host.committed(&records, &decision.commit);
                return Ok(Executed { answer, conflicts });
            }
            Err(CommitError::Conflict) => replies = records.into_replies(),
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::new("the records change faster than they can be decided over"))
}

/// Loads what the function names and calls whom it names, until it names nothing new. `records` holds the replies of
/// earlier rounds: nobody is called twice for one execution.
async fn gather<F: Function, H: Host>(
    function: &F,
    host: &H,
    mut records: Records,
) -> Result<Records, Fault> {
    let mut asked = BTreeSet::new();
    loop {
        let mut wanted = function.keys(&records);
        wanted.retain(|key| !asked.contains(key));
        if !wanted.is_empty() {
            let lookups: Vec<_> = wanted.iter().flat_map(|key| host.vault().lookups(key.lookup())).collect();
            for row in host.store().load(&lookups).await? {
                add(&mut records, host.vault().open(row)?)?;
            }
            asked.extend(wanted);
            continue;
        }
        let mut calls = function.calls(&records, host.now(), host.config());
        calls.retain(|call| records.reply(call).is_none());
        if calls.is_empty() {
            return Ok(records);
        }
        for call in calls {
            let reply = host.call(&call).await;
            records.add_reply(call, reply);
        }
    }
}

/// A row whose text cannot be read is named in the fault, and no more of it.
fn add(records: &mut Records, row: Row) -> Result<(), Fault> {
    let name = row.name.clone();
    records.add(row).map_err(|_| Fault::new(format!("{name}: not a record of this version")))
}

/// Attends to every order that is due now, `limit` at most: how many were. Hosts without a clock that wakes each
/// order call this every second or so.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn attend_all<H: Host>(host: &H, limit: u32) -> Result<usize, Fault> {
    let rows = host.store().load(&[Key::Due { by: host.now(), limit }.lookup()]).await?;
    let mut records = Records::default();
    for row in rows {
        add(&mut records, host.vault().open(row)?)?;
    }
    let due: Vec<_> = records.orders().map(|order| order.iccid).collect();
    for iccid in &due {
        attend(*iccid, host).await?;
    }
    Ok(due.len())
}

/// Attends to one order: when to come again, seconds since 1970.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn attend<H: Host>(iccid: Iccid, host: &H) -> Result<Option<u64>, Fault> {
    let Executed { answer, conflicts } = run(&Attend(iccid), host).await?;
    let attended = answer.map_err(Fault::new)?;
    for line in attended.done {
        host.log(&LogLine {
            call: "attend",
            status: 0,
            correlation: Some(iccid.to_string()),
            outcome: Some(line),
            conflicts,
        });
    }
    Ok(attended.next)
}

/// Runs a future to its end on this thread. Good for hosts whose store needs no runtime, as memory and SQLite.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        thread::park();
    }
}
