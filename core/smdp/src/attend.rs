//! What an order needs without anybody asking: its end when its time is up,
//! and its errands run.

use crate::call::{CallError, pause};
use crate::progress::{Point, Progress};
use crate::session::Device;
use crate::{Call, Config, Decision, Env, Function, Key, Order, Records};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::{Error, Iccid, Refusal};

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

    fn keys(&self, _: &Records) -> Vec<Key> {
        Vec::from([Key::Order(self.0)])
    }

    fn calls(&self, known: &Records, now: u64, _: &Config) -> Vec<Call> {
        let due = known.order(&self.0).and_then(|order| order.errands.first()).filter(|e| e.due <= now);
        due.map(|errand| errand.call.clone()).into_iter().collect()
    }

    fn decide(&self, records: &Records, env: &mut Env<'_>) -> Decision<Attended> {
        let Some(order) = records.order(&self.0) else {
            return Decision::only(Ok(Attended { done: Vec::new(), next: None }));
        };
        let mut order = order.clone();
        let done: Vec<_> =
            run_errand(&mut order, records, env.now).into_iter().chain(expire(&mut order, env)).collect();
        let attended = Ok(Attended { next: order.due(), done });
        match records.order(&self.0) == Some(&order) {
            true => Decision::only(attended),
            false => Decision::new(Vec::from([order.into()]), attended),
        }
    }
}

/// Settles the first errand by the reply to its call, if it was made.
fn run_errand(order: &mut Order, records: &Records, now: u64) -> Option<String> {
    let reply = records.reply(&order.errands.first()?.call)?;
    let mut errand = order.errands.remove(0);
    let (function, to) = (errand.call.function(), &errand.call.to);
    let line = match reply.executed() {
        Ok(()) => format!("{to} was told: {function}"),
        Err(error @ CallError::Refused(..)) => format!("{to}: {function} {error}"),
        Err(error) if now >= errand.give_up_at => format!("{to}: {function} given up, {error}"),
        Err(error) => {
            let line = format!("{to}: {function} later, {error}");
            errand.failures = errand.failures.saturating_add(1);
            errand.due = now.saturating_add(pause(errand.failures));
            order.errands.insert(0, errand);
            return Some(line);
        }
    };
    order.note(now, "attend", line.clone());
    Some(line)
}

/// Ends an order whose time is up (SGP.22 5.6.3: 8.8.5/4.10).
///
/// The standard has no point for an order that nobody came for: the operator is told as if somebody had, by the pair
/// that the eligibility check would give.
fn expire(order: &mut Order, env: &mut Env<'_>) -> Option<String> {
    if !order.can_expire() || !order.has_expired(env.now) {
        return None;
    }
    let refusal = Refusal::new("8.8.5", "4.10");
    order.fail(refusal.subject, refusal.reason);
    order.note(env.now, "attend", "Its time is up");
    let check = Point::EligibilityAndRetryLimitCheck;
    order.tell(Progress::new(check, Err(&refusal), order.eid, &Device::default()), env);
    Some(format!("order {} has expired", order.iccid))
}
