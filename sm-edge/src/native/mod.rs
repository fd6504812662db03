//! The host for ordinary machines: sockets, TLS, SQLite; one data folder.
//!
//! The folder holds everything: `sm.sqlite` the records, `pki/` certificates
//! and keys, `token` the credential of ES2+. What is missing is made on the
//! first start.

mod attend;
mod check;
mod clock;
mod connections;
mod crash;
mod exchange;
mod files;
mod folder;
mod keep;
mod metrics;
mod migrate;
mod operators;
mod outgoing;
pub mod pem;
mod pki;
mod pki_folder;
mod renew;
mod server;
mod sqlite;
mod templates;
mod tls;
mod warnings;
mod writer;

pub use check::{Checked, check};
pub use clock::{PATIENCE, TimeSources};
pub use connections::ConnectionLimits;
pub use keep::{Resealed, SealSecret, backup, reseal, restore};
pub use operators::read_operators;
pub use pki::{PkiSource, ServerPki};
pub use pki_folder::{Found, PkiFolder};
pub use server::ServerHandle;
pub use sqlite::SqliteStore;
pub use templates::read_templates;

use crate::generators::Generators;
use crate::reach::{Allowed, Reach};
use crate::{Admittance, Fault, Host, Limited, LogLine, Rate, RateLimiter, Store, Vault, block_on};
use clock::Clock;
use esim_crypto::pki::{Verified, VerifiedList};
use esim_smdp::config::Operator;
use esim_smdp::store::Key;
use esim_smdp::{Call, Config, Limits, Records, Reply, Revocations, Template, Write, template};
use folder::Begin;
use metrics::Metrics;
use outgoing::Outgoing;
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, SeedableRng};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// How to open a native host. [`NativeOptions::default`] is a test server on a
/// free port of this machine, with its data in `./data`.
#[derive(Clone)]
pub struct NativeOptions {
    /// Folder of records, keys and token.
    pub data_dir: PathBuf,
    /// Address to listen on; port 0 for a free one.
    pub listen: SocketAddr,
    /// FQDN of the SM-DP+, with a port where it is not 443; if absent,
    /// `localhost` (or the address listened on) and the port.
    pub smdp_address: Option<String>,
    /// Certificates and keys.
    pub pki: PkiSource,
    /// Credential of ES2+; if absent, drawn on the first start.
    pub token: Option<String>,
    /// Makes everything random repeat, as [`crate::MemoryHost::seeded`] does: for
    /// tests and demonstrations.
    pub seed: Option<u64>,
    /// Stops the clock at this time, seconds since 1970.
    pub now: Option<u64>,
    /// Where the time comes from otherwise.
    pub clock: TimeSources,
    /// Plain HTTP where somebody else does TLS.
    pub plain_http: bool,
    /// Key that records are sealed with; if absent, that of the file `seal.key`, drawn on the first start.
    pub seal_key: Option<SealSecret>,
    /// Begins without records where there have been some and are none any more; refused otherwise.
    pub begin_anew: bool,
    /// Templates besides those built in, or in their place ([`read_templates`]).
    pub templates: Vec<Template>,
    /// Address of the SM-DS that this server is besides, another than `smdp_address`; it is none if absent. A port 0
    /// is the port listened on.
    pub smds_address: Option<String>,
    /// The root SM-DS: above the own one, and for orders that say `.`.
    pub smds_root: Option<String>,
    /// Revocation lists of CIs and manufacturers, DER each.
    pub revocation_lists: Vec<Vec<u8>>,
    /// Files of such lists ([`pem::read_crls`]), which are read again when they change.
    pub revocation_files: Vec<PathBuf>,
    /// How often the files of certificates and revocation lists are looked at.
    pub renew_every: Duration,
    /// Numbers.
    pub limits: Limits,
    /// The operators that are known by name ([`read_operators`]).
    pub operators: Vec<Operator>,
    /// Who gets in.
    pub admittance: Admittance,
    /// Believes `X-Forwarded-For` of whoever connects: behind a proxy only.
    pub trust_proxy: bool,
    /// What connections may cost.
    pub connections: ConnectionLimits,
    /// Root certificates (DER) trusted for calls to others, besides the CIs.
    pub call_roots: Vec<Vec<u8>>,
    /// Trusts Mozilla's root certificates for calls to others as well.
    pub call_web_roots: bool,
    /// Whom to call besides those with public addresses; this machine in [`NativeOptions::default`].
    pub call_allow: Vec<Allowed>,
    /// Protects profiles by random keys (ReplaceSessionKeys).
    pub random_profile_keys: bool,
}

impl std::fmt::Debug for NativeOptions {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NativeOptions({}, {})", self.data_dir.display(), self.listen)
    }
}

impl Default for NativeOptions {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            smdp_address: None,
            pki: PkiSource::default(),
            token: None,
            seed: None,
            now: None,
            clock: TimeSources::default(),
            plain_http: false,
            seal_key: None,
            begin_anew: false,
            templates: Vec::new(),
            smds_address: None,
            smds_root: None,
            revocation_lists: Vec::new(),
            revocation_files: Vec::new(),
            renew_every: Duration::from_secs(5),
            limits: Limits::default(),
            operators: Vec::new(),
            admittance: Admittance::OPEN,
            trust_proxy: false,
            connections: ConnectionLimits::default(),
            call_roots: Vec::new(),
            call_web_roots: false,
            call_allow: Allowed::LOOPBACK.into(),
            random_profile_keys: false,
        }
    }
}

/// A native host, listening but not serving yet.
pub struct Native {
    host: Arc<NativeHost>,
    listener: TcpListener,
    addr: SocketAddr,
    pki: ServerPki,
    sources: renew::Sources,
    plain_http: bool,
    damaged: Vec<String>,
}

impl Native {
    /// Opens the data folder, makes what is missing, and binds the socket.
    ///
    /// # Errors
    /// Files, database, certificates or socket, with the path or address.
    pub fn open(options: NativeOptions) -> io::Result<Self> {
        let folder = &options.data_dir;
        files::make_folder(folder)?;
        let hold = keep::Hold::of(folder)?;
        let listener = TcpListener::bind(options.listen)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", options.listen)))?;
        let addr = listener.local_addr()?;
        // A stream of its own: what is made on the first start only must not
        // shift what a seed gives afterwards.
        let mut setup = generator(options.seed)?;
        setup.set_stream(1);
        let smdp_address = options.smdp_address.unwrap_or_else(|| default_address(addr));
        let names = pki::Names::of(&smdp_address, options.smds_address.as_deref());
        let sources = renew::Sources {
            pki: match &options.pki {
                PkiSource::Folder(path) => path.clone(),
                PkiSource::WellKnown(_) => folder.join("pki"),
            },
            lists: options.revocation_files,
            given: options.revocation_lists,
            every: options.renew_every,
        };
        let pki = options.pki.open(&folder.join("pki"), names, &mut setup)?;
        let token = match options.token {
            Some(token) => token,
            None => files::read_or_make_token(&folder.join("token"), &mut setup)?,
        };
        let begin = if options.begin_anew { Begin::Anew } else { Begin::AsBefore };
        let clock = match options.now {
            Some(now) => Clock::new(TimeSources::stopped(now), None),
            None => Clock::new(options.clock, keep::last_write(folder)),
        };
        let (store, vault) = keep::open(folder, options.seal_key, begin, &mut setup)?;
        let mut config = Config::new(&smdp_address, pki.identities.clone(), pki.trusted.clone());
        config.other_addresses = ["localhost", "127.0.0.1", "[::1]"].map(String::from).into();
        let revocations = Revocations::new(&sources.read_lists()?, &config.trusted);
        config.revocations = revocations.map_err(|error| io::Error::other(error.kind))?;
        config.limits = options.limits;
        config.smds = match options.smds_address {
            Some(address) => Some(pki.smds(with_port(address, addr), options.smds_root.clone())?),
            None => None,
        };
        config.default_smds = options.smds_root.filter(|_| config.smds.is_none());
        let added = template::add(&mut config.templates, options.templates);
        added.map_err(|error| io::Error::other(error.kind))?;
        config.operators = options.operators;
        config.random_profile_keys = options.random_profile_keys;
        let (rng, repeats) = (generator(options.seed)?, options.seed.is_some());
        let (limiter, verified) = (Mutex::default(), SharedList::default());
        let reach = Reach::new(options.call_allow, &config);
        let outgoing = Outgoing::new(&pki, &options.call_roots, options.call_web_roots, reach)?;
        let rng = Mutex::new(rng.into());
        let host = NativeHost {
            store,
            config,
            token,
            rng,
            repeats,
            clock,
            vault,
            limiter,
            verified,
            outgoing,
            admittance: options.admittance,
            trust_proxy: options.trust_proxy,
            connection_limits: options.connections,
            _hold: hold,
            metrics: Metrics::new(),
        };
        let damaged = host.count_orders().map_err(io::Error::other)?;
        let plain_http = options.plain_http;
        Ok(Self { host: Arc::new(host), listener, addr, pki, sources, plain_http, damaged })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The SM-DP+ address for activation codes.
    pub fn smdp_address(&self) -> &str {
        &self.host.config.smdp_address
    }

    /// The credential of ES2+.
    pub fn token(&self) -> &str {
        &self.host.token
    }

    /// Names of orders that cannot be read: [`check`] says more.
    pub fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// Certificates and keys.
    pub fn pki(&self) -> &ServerPki {
        &self.pki
    }

    /// The host, to call [`crate::handle`] without a socket.
    pub fn host(&self) -> Arc<NativeHost> {
        self.host.clone()
    }

    /// Serves on the tokio runtime that this is called in, until stopped.
    ///
    /// # Errors
    /// A TLS certificate and key that rustls does not take.
    pub fn serve(self) -> io::Result<ServerHandle> {
        server::start(self)
    }
}

/// An address with port 0 replaced by the port listened on.
fn with_port(address: String, addr: SocketAddr) -> String {
    match address.strip_suffix(":0") {
        Some(host) => format!("{host}:{}", addr.port()),
        None => address,
    }
}

/// `localhost` and the port, where that is what is listened on.
fn default_address(addr: SocketAddr) -> String {
    match addr.ip().is_loopback() || addr.ip().is_unspecified() {
        true => format!("localhost:{}", addr.port()),
        false => addr.to_string(),
    }
}

fn generator(seed: Option<u64>) -> io::Result<ChaCha20Rng> {
    if let Some(seed) = seed {
        return Ok(ChaCha20Rng::seed_from_u64(seed));
    }
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(ChaCha20Rng::from_seed(octets))
}

/// Clock, randomness and SQLite of an ordinary machine.
pub struct NativeHost {
    store: SqliteStore,
    config: Config,
    token: String,
    rng: Mutex<Generators>,
    /// Whether everything random comes from one seed.
    repeats: bool,
    clock: Clock,
    vault: Vault,
    limiter: Mutex<RateLimiter>,
    verified: SharedList,
    outgoing: Outgoing,
    _hold: keep::Hold,
    admittance: Admittance,
    trust_proxy: bool,
    connection_limits: ConnectionLimits,
    metrics: Metrics,
}

/// Manufacturers' certificates that have been verified, for all threads.
#[derive(Default)]
struct SharedList(Mutex<VerifiedList>);

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
    fn count_orders(&self) -> Result<Vec<String>, Fault> {
        let (mut after, mut damaged) = (None, Vec::new());
        loop {
            let page = Key::Orders { after, limit: COUNT_PAGE }.lookup();
            let rows = block_on(self.store.load(&[page]))?;
            let Some(last) = rows.last().map(|row| row.name.clone()) else { return Ok(damaged) };
            after = last.strip_prefix("order/").and_then(|iccid| iccid.parse().ok());
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
        Ok(self.metrics.text(self.store.count("session/")?, outdated))
    }

    /// Whether anybody would look at a client's certificate. Browsers trouble their users where they are asked.
    fn asks_for_certificates(&self) -> bool {
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
        self.store.health().await
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
fn unread(name: &str) -> Fault {
    Fault::new(format!("{name}: not a record of this version"))
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::new(format!("SQLite: {error}"))
    }
}
