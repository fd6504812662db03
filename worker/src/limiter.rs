//! Limits that the platform counts by itself, by a binding of the kind `ratelimits` for each: no object counts and no message
//! is sent. It counts in each of its locations apart and not to the last request, knows no burst, and does not say when there
//! is one again. Whoever wants a limit exactly sets its variable, which is counted by objects whatever is bound.

use esim_rsp::Error;
use esim_sm_edge::{Fault, Limited};
use worker::js_sys::Reflect;
use worker::{Env, RateLimiter};

/// Seconds until there is one again: a binding counts over 10 or 60, and does not say which.
const PERIOD: u64 = 60;

/// A limit that a binding may count.
struct Limit {
    /// What keys of [`esim_sm_edge::Host::take`] begin with.
    key: &'static str,
    /// The binding.
    binding: &'static str,
    /// The variable that is counted in its place, where it is set, `off` too.
    variable: &'static str,
}

const LIMITS: [Limit; 2] = [
    Limit { key: "source/", binding: "RATE_SOURCE", variable: "RATE_PER_SOURCE" },
    Limit { key: "operator/", binding: "RATE_OPERATOR", variable: "RATE_PER_OPERATOR" },
];

/// Makes sure that what is bound can count.
///
/// # Errors
/// Under the name of a binding there is something else: which.
pub fn check(env: &Env) -> Result<(), Error> {
    for Limit { binding, variable, .. } in LIMITS {
        if Reflect::has(env, &binding.into()).unwrap_or(false) && env.rate_limiter(binding).is_err() {
            return Err(Error::text(format!(
                "{binding} is no binding of `ratelimits`: what is counted by objects stands in the variable {variable}"
            )));
        }
    }
    Ok(())
}

/// The binding that counts what a key has taken; none where objects do.
pub fn of(key: &str, env: &Env) -> Option<RateLimiter> {
    let Limit { binding, variable, .. } = LIMITS.into_iter().find(|limit| key.starts_with(limit.key))?;
    if env.var(variable).is_ok() {
        return None;
    }
    env.rate_limiter(binding).ok()
}

/// Takes one of what a key may use.
///
/// # Errors
/// [`Limited`]: there is nothing left, or the platform does not say.
pub async fn take(limiter: &RateLimiter, key: &str) -> Result<(), Limited> {
    match limiter.limit(key.into()).await {
        Ok(outcome) if outcome.success => Ok(()),
        Ok(_) => Err(Limited::Wait(PERIOD)),
        Err(error) => Err(Limited::Failed(Fault::new(error))),
    }
}
