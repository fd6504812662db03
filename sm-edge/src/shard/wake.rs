//! When an object wakes, and what it forgets then; and what callers may still use.

use super::message::{Answer, Stage};
use super::object::Object;
use super::storage::{Sql, Value, damaged, integer, only, string, text, time, unsigned};
use crate::rate::Bucket;
use crate::{Fault, Rate};

/// Seconds between two times that an object looks for what may be forgotten.
const HOUR: u64 = 3600;

impl<S: Sql> Object<S> {
    /// When to wake it, seconds since 1970: something is due, or after `now` it is time to look for what may be forgotten.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn wake_at(&self, now: u64) -> Result<Option<u64>, Fault> {
        match self.stage()? {
            Stage::Whole if self.is_new()? => return Ok(None),
            Stage::Whole => {}
            Stage::Filling | Stage::Noted => return Ok(None),
            Stage::Copying | Stage::Frozen | Stage::Moved => return Ok(Some(now)),
        }
        const NEXT: &str =
            "SELECT (SELECT MIN(due) FROM record WHERE due IS NOT NULL), (SELECT MIN(full_at) FROM pace),
             EXISTS (SELECT 1 FROM record WHERE name >= 'session/' AND name < 'session0')
             OR EXISTS (SELECT 1 FROM record WHERE name >= 'event/' AND name < 'event0')";
        let row = self.sql.query(NEXT, Vec::new())?.into_iter().next().ok_or_else(damaged)?;
        let [due, full_at, passes] = <[Value; 3]>::try_from(row).map_err(|_| damaged())?;
        let passes = Some(now).filter(|_| passes == Value::Integer(1));
        let passes = passes.into_iter().chain(time(full_at)?).min();
        let passes = passes.map(|at| (at.max(now) / HOUR + 1) * HOUR);
        Ok(time(due)?.into_iter().chain(passes).min())
    }

    /// Forgets what may be forgotten at `now`, seconds since 1970, and has to be told to nobody else.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn sweep(&self, now: u64) -> Result<(), Fault> {
        if self.is_new()? {
            return Ok(());
        }
        const SESSIONS: &str =
            "DELETE FROM record WHERE expires <= ?1 AND name >= 'session/' AND name < 'session0'";
        self.sql.query(SESSIONS, vec![integer(now)])?;
        self.sql.query("DELETE FROM pace WHERE full_at <= ?1", vec![integer(now)]).map(drop)
    }

    /// Names of rows with something due at `now`, seconds since 1970.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn due(&self, now: u64) -> Result<Vec<String>, Fault> {
        if self.is_new()? {
            return Ok(Vec::new());
        }
        let rows =
            self.sql.query("SELECT name FROM record WHERE due <= ?1 ORDER BY due", vec![integer(now)])?;
        rows.into_iter().map(|row| only(row).and_then(string)).collect()
    }

    /// Names of rows that may be forgotten at `now`, seconds since 1970.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn expired(&self, now: u64) -> Result<Vec<String>, Fault> {
        if self.is_new()? {
            return Ok(Vec::new());
        }
        let rows = self.sql.query("SELECT name FROM record WHERE expires <= ?1", vec![integer(now)])?;
        rows.into_iter().map(|row| only(row).and_then(string)).collect()
    }

    /// Whether it holds nothing that anybody could still ask for at `now`, seconds since 1970: its storage may be
    /// given back.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn is_over(&self, now: u64) -> Result<bool, Fault> {
        if self.is_new()? {
            return Ok(true);
        }
        // A share that has split, and one that was made by that, is known by it for ever.
        if self.state()?.is_some() {
            return Ok(false);
        }
        const KEPT: &str = "SELECT 1 FROM record UNION ALL SELECT 1 FROM pace WHERE full_at > ?1 UNION ALL
             SELECT 1 FROM alias UNION ALL SELECT 1 FROM pending UNION ALL
             SELECT 1 FROM decision WHERE committed = 1 LIMIT 1";
        Ok(self.first(KEPT, vec![integer(now)])?.is_none())
    }

    /// Whether it holds no rows, no entries of the index and no bucket.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn is_empty(&self) -> Result<bool, Fault> {
        const ANY: &str =
            "SELECT 1 FROM record UNION ALL SELECT 1 FROM pace UNION ALL SELECT 1 FROM alias LIMIT 1";
        Ok(self.is_new()? || (self.state()?.is_none() && self.first(ANY, Vec::new())?.is_none()))
    }

    /// Whether an earlier version has made it, which kept each order in an object of its own.
    ///
    /// # Errors
    /// The storage has failed.
    pub fn is_earlier(&self) -> Result<bool, Fault> {
        Ok(self.first("SELECT 1 FROM sqlite_master WHERE name = 'bucket'", Vec::new())?.is_some())
    }

    pub(super) fn take(&self, key: &str, rate: Rate, now: u64) -> Result<Answer, Fault> {
        let rows = self.sql.query("SELECT level, at, full_at FROM pace WHERE key = ?1", vec![text(key)])?;
        let bucket = match rows.into_iter().next().map(<[Value; 3]>::try_from) {
            Some(Ok([level, at, full_at])) => {
                Some(Bucket { level: unsigned(level)?, at: unsigned(at)?, full_at: unsigned(full_at)? })
            }
            Some(Err(_)) => return Err(damaged()),
            None => None,
        };
        let (Bucket { level, at, full_at }, taken) = Bucket::take(bucket, rate, now);
        const PUT: &str = "INSERT INTO pace (key, level, at, full_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (key) DO UPDATE SET level = ?2, at = ?3, full_at = ?4";
        self.sql.query(PUT, vec![text(key), integer(level), integer(at), integer(full_at)])?;
        self.note_pace(key)?;
        Ok(Answer::Wait(taken.err().unwrap_or(0)))
    }
}
