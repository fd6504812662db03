//! Load, decide, commit; and once more if somebody else was faster.

use crate::guests::{self, Unpaid};
use crate::{CommitError, Fault, Host, LogLine, Partly, Store};
use esim_rsp::{Iccid, Refusal};
use esim_smdp::audit::{self, Head};
use esim_smdp::call::CallError;
use esim_smdp::store::{Lookup, Row};
use esim_smdp::{
    Attend, Call, CalledBy, Config, Decision, Env, Function, Key, Record, Records, Reply, Write,
};
use std::collections::BTreeSet;

/// How often a function is tried before the service calls itself overloaded.
const ATTEMPTS: u32 = 16;
/// How many rows that cannot be read may lie before one that can, where any one will do.
const DAMAGED: u32 = 64;

/// A function that has been executed.
pub struct Executed<T> {
    /// Outputs, or the code of the standard.
    pub answer: Result<T, Refusal>,
    /// How often it had to be run again.
    pub conflicts: u32,
}

/// A function to be executed, whichever it is: what executes it exists once, and not for each function.
pub(crate) trait Execution: Send + Sync {
    /// [`Function::BEARS_DAMAGE`].
    fn bears_damage(&self) -> bool;

    /// [`Function::BEARS_GAPS`].
    fn bears_gaps(&self) -> bool;

    /// [`Function::correlation`].
    fn correlation(&self) -> Option<String>;

    /// [`Function::tries`].
    fn tries(&self) -> Option<String>;

    /// [`Function::place`].
    fn place(&self) -> Option<Key>;

    /// [`Function::pointer`].
    fn pointer(&self, env: &Env<'_>) -> Option<Write>;

    /// [`Function::keys`].
    fn keys(&self, known: &Records) -> Vec<Key>;

    /// [`Function::calls`].
    fn calls(&self, known: &Records, now: u64, config: &Config) -> Vec<Call>;

    /// [`Function::decide`]: what to write. It keeps the answer.
    fn decide(&mut self, records: &Records, env: &mut Env<'_>) -> Vec<Write>;

    /// What it has answered becomes a refusal: nothing of it was committed.
    fn refuse(&mut self, refusal: Refusal);
}

/// A function, and what it has answered once it was executed.
pub(crate) struct Running<F: Function> {
    pub function: F,
    answer: Option<Result<F::Ok, Refusal>>,
}

impl<F: Function> Running<F> {
    pub fn new(function: F) -> Self {
        Self { function, answer: None }
    }

    /// What it has answered; a fault before it was executed.
    pub fn take_answer(&mut self) -> Result<Result<F::Ok, Refusal>, Fault> {
        self.answer.take().ok_or_else(|| Fault::new("nothing was decided"))
    }
}

impl<F: Function> Execution for Running<F> {
    fn bears_damage(&self) -> bool {
        F::BEARS_DAMAGE
    }

    fn bears_gaps(&self) -> bool {
        F::BEARS_GAPS
    }

    fn correlation(&self) -> Option<String> {
        self.function.correlation()
    }

    fn tries(&self) -> Option<String> {
        self.function.tries()
    }

    fn place(&self) -> Option<Key> {
        self.function.place()
    }

    fn pointer(&self, env: &Env<'_>) -> Option<Write> {
        self.function.pointer(env)
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        self.function.keys(known)
    }

    fn calls(&self, known: &Records, now: u64, config: &Config) -> Vec<Call> {
        self.function.calls(known, now, config)
    }

    fn decide(&mut self, records: &Records, env: &mut Env<'_>) -> Vec<Write> {
        let Decision { commit, answer } = self.function.decide(records, env);
        self.answer = Some(answer);
        commit
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.answer = Some(Err(refusal));
    }
}

/// Executes one function against the store of a host, as `by` has called it; nobody has what is done by itself.
///
/// # Errors
/// [`Fault`] if the store fails, or the records change faster than they can be
/// decided over.
pub async fn run<F: Function, H: Host>(
    function: F,
    by: Option<&CalledBy>,
    host: &H,
) -> Result<Executed<F::Ok>, Fault> {
    let mut running = Running::new(function);
    let conflicts = execute(&mut running, by, host).await?;
    Ok(Executed { answer: running.take_answer()?, conflicts })
}

/// [`run`], of any function: how often it had to be run again.
pub(crate) async fn execute<H: Host>(
    function: &mut dyn Execution,
    by: Option<&CalledBy>,
    host: &H,
) -> Result<u32, Fault> {
    let mut replies = Records::default();
    let mut heads = Vec::new();
    let mut paid = 0;
    for conflicts in 0..ATTEMPTS {
        let records = gather(&*function, host, replies).await?;
        if let Some((_, row)) = records.damaged().find(|(key, _)| key.is_single() && !function.bears_damage())
        {
            return Err(Fault::new(format!("{row} cannot be read")));
        }
        let mut commit = with_env(host, |env| function.decide(&records, env));
        if commit.is_empty() {
            host.store().settled().await?;
            return Ok(conflicts);
        }
        match guests::pay(&commit, &records, &mut paid, host).await {
            Ok(()) => {}
            Err(Unpaid::UsedUp(refusal)) => {
                function.refuse(refusal);
                return Ok(conflicts);
            }
            Err(Unpaid::Fault(fault)) => return Err(fault),
        }
        audit::seal(&mut commit, &records, by, host.vault().audit_key());
        let changes = host.vault().seal_writes(&records, &commit)?;
        match host.store().commit(&changes).await {
            Ok(()) => {
                host.committed(&records, &commit);
                return Ok(conflicts);
            }
            Err(CommitError::Conflict) => {
                replies = records.into_replies();
                heads = commit.into_iter().filter_map(written_head).collect();
            }
            Err(CommitError::Fault(fault)) => return Err(fault),
        }
    }
    for head in heads {
        check_head(head, host).await?;
    }
    let cause =
        host.store().cause().map_or_else(String::new, |fault| format!(", the last time for this: {fault}"));
    Err(Fault::new(format!("the records change faster than they can be decided over{cause}")))
}

/// What a decision may use on this host.
pub(crate) fn with_env<H: Host, T>(host: &H, use_it: impl FnOnce(&mut Env<'_>) -> T) -> T {
    host.with_rngs(|rng, codes| {
        let (now, config, verified) = (host.now(), host.config(), host.verified());
        let veil = &|text: &str| host.vault().veil(text);
        let (sessions, checks) = (&*host.vault().session_keys(), host.checks());
        use_it(&mut Env { now, rng, codes, config, verified, veil, sessions, checks })
    })
}

fn written_head(write: Write) -> Option<Head> {
    match write {
        Write::Put(Record::Head(head)) => Some(head),
        _ => None,
    }
}

/// An order whose history is not where the head of it is cannot be written: somebody has put an earlier state back.
async fn check_head<H: Host>(wanted: Head, host: &H) -> Result<(), Fault> {
    let mut records = Records::default();
    add(&mut records, host.store().load(&[Key::Head(wanted.iccid).lookup()]).await?, host);
    let found = records.head(&wanted.iccid).map_or(0, |head| head.heads);
    if found + 1 == wanted.heads {
        return Ok(());
    }
    let order = wanted.iccid;
    Err(Fault::new(format!(
        "order {order} and the end of its history do not fit: `esim-lab sm audit` tells more"
    )))
}

/// Loads what the function names and calls whom it names, until it names nothing new. `records` holds the replies of
/// earlier rounds: nobody is called twice for one execution.
async fn gather<H: Host>(function: &dyn Execution, host: &H, mut records: Records) -> Result<Records, Fault> {
    loop {
        let mut wanted = function.keys(&records);
        wanted.retain(|key| !records.was_asked(key));
        if !wanted.is_empty() {
            let lookups: Vec<_> = wanted.iter().flat_map(|key| host.vault().lookups(key.lookup())).collect();
            let Partly { rows, missing } = load(function, &lookups, host).await?;
            records.add_missing(missing);
            let damaged = add(&mut records, rows, host);
            if !damaged.is_empty() {
                look_closer(function, &mut records, &wanted, &damaged, host).await?;
            }
            records.add_asked(wanted);
            continue;
        }
        let mut calls = function.calls(&records, host.now(), host.config());
        calls.retain(|call| records.reply(call).is_none());
        if calls.is_empty() {
            return Ok(records);
        }
        for call in calls {
            let reply = host.call(&call).await;
            note_lost(&call, &reply, function.correlation(), host);
            records.add_reply(call, reply);
        }
    }
}

async fn load<H: Host>(function: &dyn Execution, lookups: &[Lookup], host: &H) -> Result<Partly, Fault> {
    match function.bears_gaps() {
        true => host.store().load_partly(lookups).await,
        false => host.store().load(lookups).await.map(Partly::from),
    }
}

/// Why a call has had no effect stands in the log, and nowhere else.
fn note_lost<H: Host>(call: &Call, reply: &Reply, correlation: Option<String>, host: &H) {
    if let Err(error @ CallError::Lost(_)) = reply.executed() {
        let outcome = Some(format!("{} {}: {error}", call.to, call.function()));
        host.log(&LogLine { call: "call", status: 0, by: None, correlation, outcome, conflicts: 0 });
    }
}

/// Adds rows to the records. Those that cannot be read are told to the host, and no more of them than the name.
fn add<H: Host>(records: &mut Records, rows: Vec<Row>, host: &H) -> BTreeSet<String> {
    let mut damaged = BTreeSet::new();
    for row in rows {
        let name = row.name.clone();
        let added = host.vault().open(row).and_then(|row| {
            records.add(row).map_err(|_| Fault::new(format!("{name}: not a record of this version")))
        });
        if let Err(fault) = added {
            host.damaged(&name, &fault);
            damaged.insert(name);
        }
    }
    damaged
}

/// Which keys have found rows that cannot be read; and what else those keys find that want some of many.
async fn look_closer<H: Host>(
    function: &dyn Execution,
    records: &mut Records,
    wanted: &[Key],
    damaged: &BTreeSet<String>,
    host: &H,
) -> Result<(), Fault> {
    for key in wanted {
        let mut lookups = host.vault().lookups(key.lookup());
        for lookup in &mut lookups {
            if let Lookup::Alias { limit, .. } = lookup
                && !key.is_single()
            {
                *limit += DAMAGED;
            }
        }
        let Partly { rows, missing } = load(function, &lookups, host).await?;
        records.add_missing(missing);
        let (rows, spoilt): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| host.vault().open(row.clone()).is_ok());
        let unread = add(records, rows, host);
        let spoilt = spoilt.into_iter().map(|row| row.name);
        for row in spoilt.chain(unread).filter(|row| damaged.contains(row) || !key.is_single()) {
            records.add_damaged(key.clone(), row);
        }
    }
    Ok(())
}

/// Attends to every order that is due now, `limit` at most: how many were. Hosts without a clock that wakes each
/// order call this every second or so.
///
/// # Errors
/// [`Fault`] if the store fails.
pub async fn attend_all<H: Host>(host: &H, limit: u32) -> Result<usize, Fault> {
    let rows = host.store().load(&[Key::Due { by: host.now(), limit }.lookup()]).await?;
    let mut records = Records::default();
    // One that cannot be read keeps nobody waiting.
    add(&mut records, rows, host);
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
    let Executed { answer, conflicts } = run(Attend(iccid), None, host).await?;
    let attended = answer.map_err(Fault::new)?;
    for line in attended.done {
        host.log(&LogLine {
            call: "attend",
            status: 0,
            by: None,
            correlation: Some(iccid.to_string()),
            outcome: Some(line),
            conflicts,
        });
    }
    Ok(attended.next)
}
