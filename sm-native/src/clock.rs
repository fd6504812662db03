//! The time that orders, sessions and credentials are judged by: that of the machine's wall clock, as long as it goes on
//! as a clock that cannot be set says that it should.
//!
//! A wall clock that is set wrong for some seconds would otherwise end every order whose time seems to be up, and for
//! good. So a jump is told to the log and waited out: time goes on as before until the wall clock comes back, or has
//! stayed where it is for [`PATIENCE`] and is believed.

use crate::sqlite::lock;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long a wall clock that has jumped must go on from there to be believed.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// What is no jump, in milliseconds: a clock that is brought into step.
const STEP: i64 = 10_000;

/// Where the time comes from. [`TimeSources::default`] is this machine.
#[derive(Clone)]
pub struct TimeSources {
    /// Since 1970, UTC; may be set at any time.
    pub wall: Arc<dyn Fn() -> Duration + Send + Sync>,
    /// Since whenever; never set, and goes on while the machine sleeps.
    pub steady: Arc<dyn Fn() -> Duration + Send + Sync>,
}

impl fmt::Debug for TimeSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeSources")
    }
}

impl Default for TimeSources {
    fn default() -> Self {
        let wall = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall: Arc::new(wall), steady: Arc::new(steady) }
    }
}

impl TimeSources {
    /// A clock that stands still, at `now` seconds since 1970.
    pub(crate) fn stopped(now: u64) -> Self {
        Self { wall: Arc::new(move || Duration::from_secs(now)), steady: Arc::new(|| Duration::ZERO) }
    }
}

/// Time since the machine was started, with what it has slept.
#[cfg(target_os = "linux")]
fn steady() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn steady() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;
    static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGIN.elapsed()
}

/// A clock that believes no jumps.
pub(crate) struct Clock {
    sources: TimeSources,
    judged: Mutex<Judged>,
}

/// All in milliseconds; an offset is what is to be added to the steady clock.
struct Judged {
    offset: i64,
    /// Where the wall clock has jumped to, and when the steady one showed what.
    jump: Option<(i64, i64)>,
}

impl Clock {
    /// `not_before` is a time that is known to have been, such as that of the last write.
    pub fn new(sources: TimeSources, not_before: Option<Duration>) -> Self {
        let (wall, steady) = (millis((sources.wall)()), millis((sources.steady)()));
        let known = not_before.map_or(wall, millis);
        // Small differences are those between the clocks of file system and process.
        let offset = if wall < known.saturating_sub(STEP) { known - steady } else { wall - steady };
        Self { sources, judged: Mutex::new(Judged { offset, jump: None }) }
    }

    /// Seconds since 1970, UTC.
    pub fn now(&self) -> u64 {
        let mut judged = lock(&self.judged);
        // Read behind the lock: whoever comes later sees no earlier time.
        let (wall, steady) = (millis((self.sources.wall)()), millis((self.sources.steady)()));
        judged.look(wall, steady);
        u64::try_from((judged.offset + steady) / 1000).unwrap_or(0)
    }
}

impl Judged {
    fn look(&mut self, wall: i64, steady: i64) {
        let seen = wall - steady;
        let near = |other: i64| (seen - other).abs() <= STEP;
        match self.jump {
            _ if near(self.offset) => {
                self.offset = seen;
                if self.jump.take().is_some() {
                    tracing::warn!(call = "clock", outcome = "the clock is back where it should be");
                }
            }
            Some((there, since)) if near(there) => {
                if steady - since >= millis(PATIENCE) {
                    (self.offset, self.jump) = (seen, None);
                    tracing::warn!(
                        call = "clock",
                        outcome = "the clock has stayed where it is, and is believed now"
                    );
                }
            }
            _ => {
                let seconds = (seen - self.offset) / 1000;
                let minutes = PATIENCE.as_secs() / 60;
                let outcome = format!(
                    "the clock of this machine has jumped by {seconds} seconds: time goes on as before until it is set \
                     right, or has stayed so for {minutes} minutes"
                );
                tracing::error!(call = "clock", outcome);
                self.jump = Some((seen, steady));
            }
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 4)
}
