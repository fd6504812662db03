//! A host that lives in memory: the browser page, tests, demonstrations.

use crate::generators::Generators;
use crate::{Admittance, CommitError, Fault, Host, Limited, LogLine, Rate, RateLimiter, Store, Vault};
use esim_rsp::check::{Checks, Watch};
use esim_smdp::store::{Alias, Change, Lookup, Row};
use esim_smdp::{Call, Config, Reply};
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// Rows in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    rows: RefCell<BTreeMap<String, Stored>>,
    aliases: RefCell<BTreeSet<(String, String)>>,
}

#[derive(Clone)]
struct Stored {
    revision: u64,
    /// Shared by copies until it is written anew.
    body: Arc<[u8]>,
    aliases: Vec<Alias>,
    expires: Option<u64>,
    due: Option<u64>,
}

impl core::fmt::Debug for Stored {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "revision {} ({} octets)", self.revision, self.body.len())
    }
}

impl Store for MemoryStore {
    const COMMIT_RECORDS: usize = 1000;

    async fn load(&self, lookups: &[Lookup]) -> Result<Vec<Row>, Fault> {
        Ok(lookups.iter().flat_map(|lookup| self.find(lookup)).collect())
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), CommitError> {
        if changes.iter().all(|change| self.allows(change)) {
            changes.iter().for_each(|change| self.apply(change));
            Ok(())
        } else {
            Err(CommitError::Conflict)
        }
    }
}

impl MemoryStore {
    fn find(&self, lookup: &Lookup) -> Vec<Row> {
        let rows = self.rows.borrow();
        let row = |name: &String| {
            rows.get(name).map(|stored| Row {
                name: name.clone(),
                revision: stored.revision,
                body: stored.body.to_vec(),
            })
        };
        match lookup {
            Lookup::Name(name) => row(name).into_iter().collect(),
            Lookup::Alias { alias, after, limit } => {
                let aliases = self.aliases.borrow();
                let from = (alias.clone(), after.clone());
                let names = aliases.range(from..).take_while(|(a, _)| a == alias);
                let names = names.filter(|(_, name)| name > after);
                names.filter_map(|(_, name)| row(name)).take(*limit as usize).collect()
            }
            Lookup::Due { by, limit } => {
                let due = rows.iter().filter_map(|(name, stored)| Some((stored.due?, name)));
                let mut due: Vec<_> = due.filter(|(due, _)| due <= by).collect();
                due.sort();
                due.into_iter().filter_map(|(_, name)| row(name)).take(*limit as usize).collect()
            }
            Lookup::Range { prefix, after, limit } => {
                let names = rows.range(prefix.clone()..).map(|(name, _)| name);
                let names = names.take_while(|name| name.starts_with(prefix));
                names.filter(|name| *name > after).filter_map(row).take(*limit as usize).collect()
            }
        }
    }

    fn allows(&self, change: &Change) -> bool {
        let revision = |name: &String| self.rows.borrow().get(name).map_or(0, |row| row.revision);
        match change {
            Change::Put { name, expected, aliases, .. } => {
                let free = aliases.iter().filter(|alias| alias.unique).all(|alias| {
                    let aliases = self.aliases.borrow();
                    let from = (alias.name.clone(), String::new());
                    let mut holders = aliases.range(from..).take_while(|(a, _)| *a == alias.name);
                    holders.all(|(_, holder)| holder == name)
                });
                revision(name) == *expected && free
            }
            Change::Delete { name, expected } => revision(name) == *expected,
            Change::Sweep { .. } => true,
        }
    }

    fn apply(&self, change: &Change) {
        match change {
            Change::Put { name, expected, body, aliases, expires, due } => {
                self.remove(name);
                let names = aliases.iter().map(|alias| (alias.name.clone(), name.clone()));
                self.aliases.borrow_mut().extend(names);
                let stored = Stored {
                    revision: expected + 1,
                    body: body.as_slice().into(),
                    aliases: aliases.clone(),
                    expires: *expires,
                    due: *due,
                };
                self.rows.borrow_mut().insert(name.clone(), stored);
            }
            Change::Delete { name, .. } => self.remove(name),
            Change::Sweep { before } => {
                let is_old = |row: &Stored| row.expires.is_some_and(|end| end < *before);
                let rows = self.rows.borrow();
                let old: Vec<_> =
                    rows.iter().filter(|(_, row)| is_old(row)).map(|(name, _)| name.clone()).collect();
                drop(rows);
                old.iter().for_each(|name| self.remove(name));
            }
        }
    }

    fn remove(&self, name: &String) {
        if let Some(row) = self.rows.borrow_mut().remove(name) {
            let mut aliases = self.aliases.borrow_mut();
            for alias in row.aliases {
                aliases.remove(&(alias.name, name.clone()));
            }
        }
    }
}

/// A host in memory, with a clock that stands still until it is set and a
/// generator that starts from a seed: the same calls give the same octets.
/// Its records may lie in another store.
///
/// ```
/// use esim_crypto::Curve;
/// use esim_crypto::pki::TestPki;
/// use esim_sm_edge::smdp::Config;
/// use esim_sm_edge::{HttpRequest, MemoryHost, block_on, handle};
///
/// let config = Config::of_test_pki("smdp.example", &TestPki::well_known(Curve::P256))?;
/// let subscriber = r#"{"imsi": "001010123456789", "ki": "00112233445566778899AABBCCDDEEFF",
///     "opc": "00112233445566778899AABBCCDDEEFF", "spn": "Lab"}"#;
/// let provision = || {
///     let sm = MemoryHost::new(config.clone(), [7; 32], 1_790_000_000);
///     let body = format!(r#"{{"subscriber": {subscriber}}}"#);
///     block_on(handle(HttpRequest::post("/esim-lab/provision", body).with_token("memory"), &sm)).body
/// };
/// // Drawn at random, and the same in every run.
/// assert_eq!(provision(), provision());
/// # Ok::<(), esim_rsp::Error>(())
/// ```
pub struct MemoryHost<S = MemoryStore> {
    store: S,
    config: Arc<Config>,
    token: String,
    now: Cell<u64>,
    rng: RefCell<Generators>,
    log: RefCell<Vec<String>>,
    vault: Vault,
    limiter: RefCell<RateLimiter>,
    network: Option<Network>,
    #[cfg(feature = "relay")]
    relayed: Option<Relayed>,
    admittance: Admittance,
    watch: Option<Rc<dyn Watch>>,
}

/// Whom a host in memory can call.
type Network = Box<dyn Fn(&Call) -> Reply>;
/// Servers that requests are sent on to.
#[cfg(feature = "relay")]
type Relayed = Box<dyn Fn(&crate::relay::Forward) -> crate::relay::Forwarded>;

impl MemoryHost {
    /// `seed` is 32 octets, from a generator unless everything shall repeat;
    /// `now` seconds since 1970.
    pub fn new(config: Config, seed: [u8; 32], now: u64) -> Self {
        Self {
            store: MemoryStore::default(),
            config: config.into(),
            token: "memory".into(),
            now: Cell::new(now),
            rng: RefCell::new(ChaCha20Rng::from_seed(seed).into()),
            log: RefCell::default(),
            vault: Vault::new(&seed),
            limiter: RefCell::default(),
            network: None,
            #[cfg(feature = "relay")]
            relayed: None,
            admittance: Admittance::OPEN,
            watch: None,
        }
    }

    /// With the generator that the native host has for the same seed, and `seal_key`: the same calls give the same octets on
    /// both.
    pub fn seeded(config: Config, seed: u64, seal_key: [u8; 32], now: u64) -> Self {
        let mut host = Self::new(config, seal_key, now);
        host.rng = RefCell::new(ChaCha20Rng::seed_from_u64(seed).into());
        host
    }
}

impl<S> MemoryHost<S> {
    /// The same over another store.
    pub fn with_store<T>(self, store: T) -> MemoryHost<T> {
        MemoryHost {
            store,
            config: self.config,
            token: self.token,
            now: self.now,
            rng: self.rng,
            log: self.log,
            vault: self.vault,
            limiter: self.limiter,
            network: self.network,
            #[cfg(feature = "relay")]
            relayed: self.relayed,
            admittance: self.admittance,
            watch: self.watch,
        }
    }

    /// The same with another credential than `memory`.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// The same with other keys for its records.
    pub fn with_vault(mut self, vault: Vault) -> Self {
        self.vault = vault;
        self
    }

    /// The same with somebody to call; without, nobody answers.
    pub fn with_network(mut self, network: impl Fn(&Call) -> Reply + 'static) -> Self {
        self.network = Some(Box::new(network));
        self
    }

    /// The same with servers that requests are sent on to; without, it relays nothing.
    #[cfg(feature = "relay")]
    pub fn with_relayed(
        mut self,
        relayed: impl Fn(&crate::relay::Forward) -> crate::relay::Forwarded + 'static,
    ) -> Self {
        self.relayed = Some(Box::new(relayed));
        self
    }

    /// The same with somebody who hears of every verification.
    pub fn with_watch(mut self, watch: Rc<dyn Watch>) -> Self {
        self.set_watch(watch);
        self
    }

    /// From now on somebody hears of every verification.
    pub fn set_watch(&mut self, watch: Rc<dyn Watch>) {
        self.watch = Some(watch);
    }

    /// The same with rules for who gets in.
    pub fn with_admittance(mut self, admittance: Admittance) -> Self {
        self.admittance = admittance;
        self
    }

    /// Another host that goes on from here by itself: the same records, clock, generator and rules; no network, no log.
    pub fn fork(&self) -> Self
    where
        S: Clone,
    {
        Self {
            store: self.store.clone(),
            config: self.config.clone(),
            token: self.token.clone(),
            now: self.now.clone(),
            rng: self.rng.clone(),
            log: RefCell::default(),
            vault: self.vault.clone(),
            limiter: RefCell::default(),
            network: None,
            #[cfg(feature = "relay")]
            relayed: None,
            admittance: self.admittance.clone(),
            watch: self.watch.clone(),
        }
    }

    /// Sets the clock, seconds since 1970.
    pub fn set_now(&self, now: u64) {
        self.now.set(now);
    }

    /// Takes the log lines so far, one JSON object each.
    pub fn take_log(&self) -> Vec<String> {
        self.log.take()
    }
}

impl<S: Store> Host for MemoryHost<S> {
    type Store = S;

    fn store(&self) -> &S {
        &self.store
    }

    fn now(&self) -> u64 {
        self.now.get()
    }

    fn with_rngs<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng, &mut dyn CryptoRng) -> T) -> T {
        self.rng.borrow_mut().lend(use_it)
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn admittance(&self) -> &Admittance {
        &self.admittance
    }

    fn checks(&self) -> Checks<'_> {
        self.watch.as_ref().map(|watch| watch.checks()).unwrap_or_default()
    }

    fn operator_token(&self) -> &str {
        &self.token
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }

    async fn call(&self, call: &Call) -> Reply {
        match &self.network {
            Some(network) => network(call),
            None => Reply::Lost("there is no network here".into()),
        }
    }

    #[cfg(feature = "relay")]
    async fn forward(&self, forward: &crate::relay::Forward) -> crate::relay::Forwarded {
        self.relayed.as_ref().map_or(Err(crate::relay::Unreached::Off), |relayed| relayed(forward))
    }

    async fn take(&self, key: &str, rate: Rate) -> Result<(), Limited> {
        self.limiter.borrow_mut().take(key, rate, self.now()).map_err(Limited::Wait)
    }

    fn log(&self, line: &LogLine<'_>) {
        const LIMIT: usize = 10_000;
        let mut log = self.log.borrow_mut();
        if log.len() < LIMIT {
            log.push(serde_json::to_string(line).unwrap_or_default());
        }
    }
}
