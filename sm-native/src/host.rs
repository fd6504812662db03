//! The host: clock, randomness, store, calls and log of an ordinary machine.

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::outgoing::Outgoing;
use crate::page::Page;
use crate::relay::Relay;
use crate::{ConnectionLimits, SqliteStore, keep};
use esim_crypto::pki::{Verified, VerifiedList};
use esim_sm_edge::relay::{Forward, Forwarded};
use esim_sm_edge::{
    Admittance, Fault, Generators, Host, Limited, LogLine, Rate, RateLimiter, Store, Vault, block_on,
};
use esim_smdp::store::{Key, Kind, Name};
use esim_smdp::{Call, Config, Records, Reply, Write};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use std::sync::{Mutex, PoisonError};
use zeroize::Zeroizing;

/// Clock, randomness and SQLite of an ordinary machine.
pub struct NativeHost {
    pub(crate) store: SqliteStore,
    pub(crate) config: Config,
    pub(crate) token: String,
    pub(crate) rng: Mutex<Generators>,
    /// Whether everything random comes from one seed.
    pub(crate) repeats: bool,
    pub(crate) clock: Clock,
    pub(crate) vault: Vault,
    pub(crate) limiter: Mutex<RateLimiter>,
    pub(crate) verified: SharedList,
    pub(crate) outgoing: Outgoing,
    pub(crate) relay: Relay,
    pub(crate) _hold: keep::Hold,
    pub(crate) admittance: Admittance,
    pub(crate) trust_proxy: bool,
    pub(crate) connection_limits: ConnectionLimits,
    pub(crate) metrics: Metrics,
    pub(crate) page: Option<Page>,
}

/// Manufacturers' certificates that have been verified, for all threads.
#[derive(Default)]
pub(crate) struct SharedList(Mutex<VerifiedList>);

impl Verified for SharedList {
    fn contains(&self, digest: &[u8; 32]) -> bool {
        // Nothing that could panic happens behind the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }

    fn insert(&self, digest: [u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(digest);
    }
}

/// Orders that are counted at once.
const COUNT_PAGE: u32 = 500;

impl NativeHost {
    /// Counts the orders that are there, once: from then on, [`Host::committed`] does.
    /// Names of those that cannot be read.
    pub(crate) fn count_orders(&self) -> Result<Vec<String>, Fault> {
        let (mut after, mut damaged) = (None, Vec::new());
        loop {
            let page = Key::Orders { after, limit: COUNT_PAGE }.lookup();
            let rows = block_on(self.store.load(&[page]))?;
            let Some(last) = rows.last().map(|row| row.name.clone()) else { return Ok(damaged) };
            after = Name::order_of(&last);
            if after.is_none() {
                return Err(Fault::new(format!("{last}: no order is called so")));
            }
            for row in rows {
                let (mut records, name) = (Records::default(), row.name.clone());
                let read = self.vault.open(row).and_then(|row| records.add(row).map_err(|_| unread(&name)));
                if let Err(fault) = read {
                    self.damaged(&name, &fault);
                    damaged.push(name);
                }
                records.orders().for_each(|order| self.metrics.add(order));
            }
        }
    }

    /// The numbers of this host, for Prometheus.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn metrics(&self) -> Result<String, Fault> {
        let outdated = self.config.revocations.out_of_date(self.now());
        Ok(self.metrics.text(self.store.count(Kind::Session.prefix())?, outdated))
    }

    /// Whether anybody would look at a client's certificate. Browsers trouble their users where they are asked.
    pub(crate) fn asks_for_certificates(&self) -> bool {
        let operators = self.config.operators.iter().any(|operator| !operator.certificates.is_empty());
        operators || self.config.smds.is_some() || !self.admittance.lpa_issuers.is_empty()
    }
}

impl Host for NativeHost {
    type Store = SqliteStore;

    fn store(&self) -> &SqliteStore {
        &self.store
    }

    fn now(&self) -> u64 {
        self.clock.now()
    }

    fn with_rngs<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng, &mut dyn CryptoRng) -> T) -> T {
        // Whoever panicked has used the generator up to some point: no harm.
        let mut shared = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        if self.repeats {
            return shared.lend(use_it);
        }
        // Decisions take their time, and others want to decide meanwhile: each gets a generator of its own.
        let mut seed = Zeroizing::new([0; 32]);
        shared.rng().fill_bytes(&mut *seed);
        drop(shared);
        Generators::from(ChaCha20Rng::from_seed(*seed)).lend(use_it)
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn admittance(&self) -> &Admittance {
        &self.admittance
    }

    fn verified(&self) -> &dyn Verified {
        &self.verified
    }

    async fn health(&self) -> Result<(), Fault> {
        Ok(self.store.health().await?)
    }

    fn operator_token(&self) -> &str {
        &self.token
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }

    async fn call(&self, call: &Call) -> Reply {
        self.outgoing.call(call).await
    }

    async fn forward(&self, forward: &Forward) -> Forwarded {
        self.relay.forward(forward).await
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<(), Limited> {
        // A bucket that a panic has left half changed is still a bucket.
        let mut limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner);
        limiter.take(key, rate, self.now()).map_err(Limited::Wait)
    }

    fn committed(&self, before: &Records, writes: &[Write]) {
        self.metrics.replace(before, writes);
    }

    fn damaged(&self, name: &str, fault: &Fault) {
        tracing::error!(call = "load", correlation = name, outcome = %fault);
    }

    fn log(&self, line: &LogLine<'_>) {
        self.metrics.count(line);
        let LogLine { call, status, by, correlation, outcome, conflicts } = line;
        let credential = by.as_ref().map(|by| by.credential.name()).unwrap_or_default();
        let oid = by.as_ref().and_then(|by| by.oid.as_deref()).unwrap_or_default();
        let address = by.as_ref().and_then(|by| by.address.as_deref()).unwrap_or_default();
        let correlation = correlation.as_deref().unwrap_or_default();
        let outcome = outcome.as_deref().unwrap_or_default();
        match status {
            // Who is sent away because there are too many is no fault of ours.
            500.. if *status != 503 || outcome.starts_with("fault") => {
                tracing::error!(call, status, credential, oid, address, correlation, outcome, conflicts)
            }
            _ => tracing::info!(call, status, credential, oid, address, correlation, outcome, conflicts),
        }
    }
}

/// A row whose text cannot be read, without any of it.
pub(crate) fn unread(name: &str) -> Fault {
    Fault::new(format!("{name}: not a record of this version"))
}
