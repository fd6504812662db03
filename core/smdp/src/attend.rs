//! What an order needs without anybody asking: its end when its time is up,
//! and its errands run.

use crate::call::{CallError, pause};
use crate::es12::DeleteEvent;
use crate::progress::{Point, Progress};
use crate::session::Device;
use crate::{Call, Config, Decision, Env, Errand, Function, Key, Order, Records, Write};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::Rule;
use esim_rsp::{Code, Error, Iccid, Refusal};

/// Attends to one order. Hosts run it when the order is due ([`Key::Due`],
/// [`Order::due`]).
///
/// An errand is run before the commit that forgets it: a host that dies in
/// between runs it again, so it arrives at least once.
#[derive(Clone, Debug)]
pub struct Attend(pub Iccid);

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attended {
    /// For the log, a sentence each.
    pub done: Vec<String>,
    /// When to come again, seconds since 1970.
    pub next: Option<u64>,
}

impl Function for Attend {
    type Request = Iccid;
    type Ok = Attended;

    fn read(iccid: Iccid) -> Result<Self, Error> {
        Ok(Self(iccid))
    }

    fn keys(&self, known: &Records) -> Vec<Key> {
        let here = known.order(&self.0).into_iter().flat_map(Order::next_errands);
        let here = here.filter_map(|errand| run_here(&errand.call)).flat_map(|function| function.keys(known));
        core::iter::once(Key::Order(self.0)).chain(here).collect()
    }

    fn calls(&self, known: &Records, now: u64, config: &Config) -> Vec<Call> {
        let errands = known.order(&self.0).into_iter().flat_map(Order::next_errands);
        let due = errands.filter(|errand| errand.due <= now);
        let calls = due.flat_map(|errand| match run_here(&errand.call) {
            Some(function) => function.calls(known, now, config),
            None => Vec::from([errand.call.clone()]),
        });
        calls.collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Attended> {
        let Some(order) = records.order(&self.0) else {
            return Decision::only(Ok(Attended { done: Vec::new(), next: None }));
        };
        let mut order = order.clone();
        let (mut done, mut commit) = (Vec::new(), Vec::new());
        let due: Vec<_> = order.next_errands().filter(|errand| errand.due <= env.now).cloned().collect();
        for errand in due {
            let Some((outcome, writes)) = outcome(&errand.call, records, env) else { continue };
            commit.extend(writes);
            done.push(settle(&mut order, errand, outcome, env.now));
        }
        done.extend(expire(&mut order, env));
        if order.has_idle_event() {
            order.withdraw_event(env);
        }
        let attended = Ok(Attended { next: order.due(), done });
        if records.order(&self.0) != Some(&order) {
            commit.push(order.into());
        }
        Decision::new(commit, attended)
    }
}

/// The function behind an errand of this server to itself: an event of its own SM-DS is deleted.
fn run_here(call: &Call) -> Option<DeleteEvent> {
    let request = (call.to == Call::THIS_SERVER).then(|| esim_rsp::json::parse(call.body.as_bytes()));
    DeleteEvent::read(request?.ok()?).ok()
}

/// What came of an errand, and what it has changed here; nothing if it was not tried.
fn outcome(call: &Call, records: &Records, env: &mut Env<'_>) -> Option<(Result<(), CallError>, Vec<Write>)> {
    let Some(function) = run_here(call) else {
        return Some((records.reply(call)?.executed(), Vec::new()));
    };
    let Decision { commit, answer } = function.decide(records, env);
    let outcome = answer.map(|_| ()).map_err(|refusal| match refusal.code {
        Code::SmdsInaccessible => CallError::Lost(refusal.message()),
        code => CallError::Refused(code.into()),
    });
    Some((outcome, commit))
}

/// Takes an errand off the order, or puts it off.
fn settle(order: &mut Order, errand: Errand, outcome: Result<(), CallError>, now: u64) -> String {
    let function = errand.call.function();
    let to = match errand.call.to.as_str() {
        Call::THIS_SERVER => "the SM-DS here",
        other => other,
    };
    let line = match outcome {
        Ok(()) => format!("{to} was told: {function}"),
        Err(error @ CallError::Refused(..)) => format!("{to}: {function} {error}"),
        // The history is for whoever has said where to call: why it does not work there is for the log alone.
        Err(_) if now >= errand.give_up_at => format!("{to}: {function} given up, it cannot be reached"),
        Err(_) => {
            let waiting = order.errands.iter_mut().find(|waiting| **waiting == errand);
            if let Some(waiting) = waiting {
                waiting.failures = waiting.failures.saturating_add(1);
                waiting.due = now.saturating_add(pause(waiting.failures));
            }
            return format!("{to}: {function} later, it cannot be reached");
        }
    };
    order.errands.retain(|waiting| *waiting != errand);
    order.note(now, "attend", line.clone());
    line
}

const EXPIRED: Rule = Rule::new("SGP.22 5.6.3", "an order that nobody has come for has not expired");

/// Ends an order whose time is up (SGP.22 5.6.3: 8.8.5/4.10).
///
/// The standard has no point for an order that nobody came for: the operator is told as if somebody had, by the pair
/// that the eligibility check would give.
fn expire(order: &mut Order, env: &mut Env<'_>) -> Option<String> {
    let iccid = order.iccid;
    if !order.can_expire() || env.checks.that(&EXPIRED, || iccid.octets(), !order.has_expired(env.now)) {
        return None;
    }
    let refusal = Refusal::of(Code::DownloadOrderExpired);
    order.fail(refusal.code);
    order.note(env.now, "attend", "Its time is up");
    let check = Point::EligibilityAndRetryLimitCheck;
    order.tell(Progress::new(check, Err(&refusal), order.eid, &Device::default()), env);
    Some(format!("order {} has expired", order.iccid))
}
