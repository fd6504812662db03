//! What a host brings: clock, randomness, configuration, store, log.

use crate::shard::Carried;
use crate::{Admittance, Limited, Rate, Vault};
use esim_crypto::pki::{NoneVerified, Verified};
use esim_rsp::check::Checks;
use esim_smdp::store::{Change, Lookup, Missing, Row};
use esim_smdp::{Call, CalledBy, Config, Records, Reply, Write};
use rand_core::CryptoRng;

/// The machine that the service runs on.
#[allow(async_fn_in_trait, reason = "futures of the browser and of the worker are not Send")]
pub trait Host {
    /// Where records lie.
    type Store: Store;

    /// Where records lie.
    fn store(&self) -> &Self::Store;

    /// Seconds since 1970, UTC.
    fn now(&self) -> u64;

    /// Lends random octets, and those of a stream beside them ([`esim_smdp::Env::codes`]).
    fn with_rngs<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng, &mut dyn CryptoRng) -> T) -> T;

    /// Who this server is.
    fn config(&self) -> &Config;

    /// Signatures of manufacturers' certificates that are known to be good; hosts without a memory verify each time.
    fn verified(&self) -> &dyn Verified {
        &NoneVerified
    }

    /// Who is told of each verification of a function; nobody unless the host says so.
    fn checks(&self) -> Checks<'_> {
        Checks::default()
    }

    /// The credential that ES2+ and the operator's interface ask for.
    fn operator_token(&self) -> &str;

    /// Who gets in besides.
    fn admittance(&self) -> &Admittance {
        const { &Admittance::OPEN }
    }

    /// Whether the host can do its work, which `/healthz` asks.
    ///
    /// # Errors
    /// [`Fault`] with what does not work.
    async fn health(&self) -> Result<(), Fault> {
        self.store().load(&[]).await.map(drop)
    }

    /// The keys that records are sealed with.
    fn vault(&self) -> &Vault;

    /// Whether operators and revocation lists may be put among the records ([`crate::settings`]). Other hosts have them
    /// from elsewhere.
    fn keeps_settings(&self) -> bool {
        false
    }

    /// Whether records are spread so far that functions are carried to them.
    fn is_spread(&self) -> bool {
        false
    }

    /// Has a function executed where its order lies: its response as [`crate::run_carried`] gives it, or nothing if it is to
    /// be executed here.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if its transactionId has been used elsewhere meanwhile.
    async fn carry(&self, _carried: &Carried) -> Result<Option<Vec<u8>>, CommitError> {
        Ok(None)
    }

    /// Calls another server and waits for its reply; never longer than a caller of ours would wait.
    async fn call(&self, call: &Call) -> Reply;

    /// Sends an LPA's request on to another server, and waits for its answer.
    #[cfg(feature = "relay")]
    async fn forward(&self, _forward: &crate::relay::Forward) -> crate::relay::Forwarded {
        Err(crate::relay::Unreached::Off)
    }

    /// Takes one from what `key` (a source, an order) may use of something.
    ///
    /// # Errors
    /// [`Limited`]: there is nothing left, or nobody can tell.
    async fn take(&self, key: &str, rate: Rate) -> Result<(), Limited>;

    /// Hears what has been committed, and what was there before: for hosts that count.
    fn committed(&self, _before: &Records, _writes: &[Write]) {}

    /// Hears of a row that cannot be read: it costs whoever needs it, and nobody else.
    fn damaged(&self, name: &str, fault: &Fault) {
        let (correlation, outcome) = (Some(name.to_string()), Some(fault.to_string()));
        self.log(&LogLine { call: "load", status: 0, by: None, correlation, outcome, conflicts: 0 });
    }

    /// Takes a line for the log.
    fn log(&self, line: &LogLine<'_>);
}

/// Where records lie: rows found by name, alias or range, changed all or none.
#[allow(async_fn_in_trait, reason = "futures of the browser and of the worker are not Send")]
pub trait Store {
    /// How many records one commit holds well: who has many to write cuts them into commits of so many.
    const COMMIT_RECORDS: usize;
    /// How many commits of one request may well be under way at once: more than one where each waits for others.
    const COMMITS_AT_ONCE: usize = 1;

    /// Finds rows. A row asked for twice may come twice.
    ///
    /// # Errors
    /// [`Fault`] if the store fails; a row that is not there is no failure.
    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Row>, Fault>;

    /// Finds rows of a list, and what of it cannot be had while the rest can.
    ///
    /// # Errors
    /// [`Fault`] if the store fails, or nothing of it can be had.
    async fn load_partly(&self, lookups: &[Lookup]) -> Result<Partly, Fault> {
        Ok(self.load(lookups).await?.into())
    }

    /// Applies all changes in one transaction.
    ///
    /// # Errors
    /// [`CommitError::Conflict`] if a revision is not the one expected or a
    /// unique alias is another row's; then nothing has changed.
    async fn commit(&self, changes: &[Change]) -> Result<(), CommitError>;

    /// Why the last commit came to [`CommitError::Conflict`], if that was not for what others have written: somebody did not
    /// answer, say, and it may be better the next time.
    fn cause(&self) -> Option<Fault> {
        None
    }

    /// Returns when everything that has been loaded will outlast a power cut: for answers that change nothing.
    ///
    /// # Errors
    /// [`Fault`] if the store fails.
    async fn settled(&self) -> Result<(), Fault> {
        Ok(())
    }
}

/// Rows of a list, and what is missing in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partly {
    /// What is there.
    pub rows: Vec<Row>,
    /// What cannot be had.
    pub missing: Vec<Missing>,
}

impl From<Vec<Row>> for Partly {
    fn from(rows: Vec<Row>) -> Self {
        Self { rows, missing: Vec::new() }
    }
}

/// Something of ours has failed: logged in full, generic outside.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fault(pub String);

impl Fault {
    /// With a reason for the log; no secrets.
    pub fn new(reason: impl ToString) -> Self {
        Self(reason.to_string())
    }
}

/// Why changes were not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Somebody else was faster.
    #[error("the records have changed in the meantime")]
    Conflict,
    /// The store has failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// One line of the log: a function was called. Holds no secrets.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLine<'a> {
    /// Method and path without the query.
    pub call: &'a str,
    /// HTTP status of the response.
    pub status: u16,
    /// Who has called, where somebody was let in.
    pub by: Option<CalledBy>,
    /// Transaction id or functionCallIdentifier.
    pub correlation: Option<String>,
    /// Subject and reason of a refusal, or what became of a notification.
    pub outcome: Option<String>,
    /// How often the function was run again because of a conflict.
    pub conflicts: u32,
}
