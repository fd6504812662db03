//! Load, decide, commit; and once more if somebody else was faster.

use crate::{CommitError, Fault, Host, Store};
use esim_rsp::Refusal;
use esim_smdp::{Env, Function, Key, Records};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

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
    for conflicts in 0..ATTEMPTS {
        let records = load(function, host.store()).await?;
        let decision = host.with_rng(|rng| {
            function.decide(&records, &mut Env { now: host.now(), rng, config: host.config() })
        });
        let answer = decision.answer;
        if decision.commit.is_empty() {
            return Ok(Executed { answer, conflicts });
        }
        match host.store().commit(&records.changes(&decision.commit)).await {
            Ok(()) => return Ok(Executed { answer, conflicts }),
            Err(CommitError::Conflict) => {}
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    Err(Fault::new("the records change faster than they can be decided over"))
}

/// Loads what the function names, until it names nothing new.
async fn load<F: Function, S: Store>(function: &F, store: &S) -> Result<Records, Fault> {
    let mut records = Records::default();
    let mut asked: Vec<Key> = Vec::new();
    loop {
        let mut wanted = function.keys(&records);
        wanted.retain(|key| !asked.contains(key));
        if wanted.is_empty() {
            return Ok(records);
        }
        let lookups: Vec<_> = wanted.iter().map(Key::lookup).collect();
        for row in store.load(&lookups).await? {
            records.add(row).map_err(Fault::new)?;
        }
        asked.append(&mut wanted);
    }
}

/// Runs a future to its end on this thread. Good for hosts whose store answers
/// at once, as memory and SQLite do: it polls without waiting.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        std::thread::yield_now();
    }
}
