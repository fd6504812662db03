//! How often somebody may call: token buckets, with the time as an argument.

use crate::Fault;
use esim_crypto::sha256;
use std::collections::BTreeMap;
use std::str::FromStr;

/// How much of something may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// In a minute, in the long run; 0: none ever again ([`Rate::once`]).
    pub per_minute: u32,
}

impl Rate {
    /// So many and no more; remembered for [`Rate::REMEMBERED`] seconds after it was asked for last.
    pub const fn once(count: u32) -> Self {
        Self { burst: count, per_minute: 0 }
    }

    /// For how many seconds what does not come again is known to be used up.
    pub const REMEMBERED: u64 = 31 * 24 * 3600;
}

impl FromStr for Rate {
    type Err = NoRate;

    /// So many a minute, `600`, and at once, `600:1200`; as many at once as a minute where only one number stands.
    fn from_str(text: &str) -> Result<Self, NoRate> {
        let (per_minute, burst) = text.split_once(':').unwrap_or((text, text));
        match (per_minute.trim().parse(), burst.trim().parse()) {
            (Ok(per_minute @ 1..), Ok(burst @ 1..)) => Ok(Self { burst, per_minute }),
            _ => Err(NoRate),
        }
    }
}

/// A text that is no [`Rate`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no rate such as 600 or 600:1200")]
pub struct NoRate;

/// Why a caller does not get one of what is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limited {
    /// There is one again in so many seconds.
    Wait(u64),
    /// Whoever counts has failed: nobody knows whether there is one.
    Failed(Fault),
}

/// Buckets by key. Full ones are forgotten, so that memory does not grow with the number of callers seen; and of more than
/// [`RateLimiter::LIMIT`] those are, that are nearest to being full.
#[derive(Clone, Debug, Default)]
pub struct RateLimiter {
    /// By the SHA-256 of the key, which callers may make as long as a request is.
    buckets: BTreeMap<[u8; 32], Bucket>,
    swept_at: u64,
}

/// What one caller may still use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    /// Sixtieths of a token: one call costs 60, a second brings `per_minute`.
    pub level: u64,
    /// Seconds since 1970 for which that holds.
    pub at: u64,
    /// Full again from this second on.
    pub full_at: u64,
}

impl Bucket {
    /// Takes one at `now`, seconds since 1970, from a bucket that is full if there is none; what is left, and
    /// seconds until there is one again if there was none.
    pub fn take(bucket: Option<Self>, rate: Rate, now: u64) -> (Self, Result<(), u64>) {
        let (burst, refill) = (u64::from(rate.burst.max(1)) * COST, u64::from(rate.per_minute));
        let seconds = |missing: u64| match refill {
            0 => Rate::REMEMBERED,
            _ => missing.div_ceil(refill),
        };
        let mut level = match bucket {
            Some(bucket) => {
                burst.min(bucket.level.saturating_add(now.saturating_sub(bucket.at).saturating_mul(refill)))
            }
            None => burst,
        };
        let taken = if level >= COST {
            level -= COST;
            Ok(())
        } else {
            Err(seconds(COST - level))
        };
        (Self { level, at: now, full_at: now.saturating_add(seconds(burst - level)) }, taken)
    }
}

const COST: u64 = 60;
/// Seconds between two sweeps.
const SWEEP: u64 = 60;

impl RateLimiter {
    /// Keys remembered at most: some 30 MB.
    pub const LIMIT: usize = 1 << 18;

    /// Takes one for `key` at `now`, seconds since 1970.
    ///
    /// # Errors
    /// Seconds until there is one again.
    pub fn take(&mut self, key: &str, rate: Rate, now: u64) -> Result<(), u64> {
        if now >= self.swept_at.saturating_add(SWEEP) {
            self.buckets.retain(|_, bucket| bucket.full_at > now);
            self.swept_at = now;
        }
        let key = sha256(&[key.as_bytes()]);
        let (bucket, taken) = Bucket::take(self.buckets.get(&key).copied(), rate, now);
        self.buckets.insert(key, bucket);
        if self.buckets.len() > Self::LIMIT {
            self.halve();
        }
        taken
    }

    /// Forgets the half that has used least.
    fn halve(&mut self) {
        let mut ends: Vec<_> = self.buckets.values().map(|bucket| bucket.full_at).collect();
        let (_, &mut middle, _) = ends.select_nth_unstable(Self::LIMIT / 2);
        let mut surplus = Self::LIMIT / 2;
        self.buckets.retain(|_, bucket| {
            let goes = surplus > 0 && bucket.full_at <= middle;
            surplus -= usize::from(goes);
            !goes
        });
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, per_minute: 30 };

    #[test]
    fn rates_are_one_number_or_two() {
        assert_eq!("30:3".parse(), Ok(RATE));
        assert_eq!("30".parse(), Ok(Rate { burst: 30, per_minute: 30 }));
        for text in ["", "0", "30:0", "0:3", "30:", "30:3:3", "-1", "off", "4294967296"] {
            assert_eq!(text.parse::<Rate>(), Err(NoRate), "{text}");
        }
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let mut limiter = RateLimiter::default();
        for _ in 0..3 {
            assert_eq!(limiter.take("a", RATE, 100), Ok(()));
        }
        assert_eq!(limiter.take("a", RATE, 100), Err(2));
        assert_eq!(limiter.take("a", RATE, 101), Err(1));
        assert_eq!(limiter.take("a", RATE, 102), Ok(()));
        assert_eq!(limiter.take("b", RATE, 102), Ok(()));
    }

    #[test]
    fn what_does_not_come_again_is_held_exactly() {
        let mut limiter = RateLimiter::default();
        let mut take = |now| limiter.take("guest", Rate::once(2), now).is_ok();
        let last = 100 + Rate::REMEMBERED - 1;
        assert_eq!(
            [take(100), take(100), take(100), take(last), take(last)],
            [true, true, false, false, false]
        );
    }

    #[test]
    fn callers_that_stay_away_are_forgotten() {
        let mut limiter = RateLimiter::default();
        for i in 0..1000 {
            limiter.take(&i.to_string(), RATE, 100).unwrap();
        }
        limiter.take("late", RATE, 1000).unwrap();
        assert_eq!(limiter.len(), 1);
    }

    #[test]
    fn who_has_used_most_is_remembered_longest() {
        let mut limiter = RateLimiter::default();
        for _ in 0..3 {
            limiter.take("greedy", RATE, 100).unwrap();
        }
        for i in 0..=RateLimiter::LIMIT {
            limiter.take(&i.to_string(), RATE, 100).unwrap();
        }
        assert_eq!(limiter.len(), RateLimiter::LIMIT / 2 + 2);
        assert_eq!(limiter.take("greedy", RATE, 100), Err(2));
    }
}
