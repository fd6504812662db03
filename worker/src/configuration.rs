//! What the operator of a worker sets.
//!
//! | name | kind | meaning |
//! |---|---|---|
//! | `SMDP_ADDRESS` | variable | FQDN of the SM-DP+, with a port where it is not 443 |
//! | `ES2_TOKEN` | secret | the house's credential for ES2+ and `/esim-lab/`: 16 characters or more |
//! | `SEAL_KEY` | secret | keys that records are sealed with: 64 hexadecimal digits, older ones behind commas |
//! | `PKI` | secret | JSON, see [`Identities`]; or `test`, the well-known test PKI |
//! | `OPERATORS` | secret | JSON, see [`read_operators`]; who may call, and is told how his orders go on |
//! | `SESSION_SECONDS`, `SESSION_MEMORY_SECONDS`, `ORDER_SECONDS`, `DOWNLOAD_ATTEMPTS`, `CONFIRMATION_ATTEMPTS`, `ERRAND_SECONDS`, `EVENT_SECONDS` | variables | see [`Limits`] |
//! | `SMDS_ADDRESS`, `SMDS_ROOT`, `DEFAULT_SMDS` | variables | see [`Smds`] and [`Config`] |
//! | `LPA_ISSUERS` | variable | certificates (DER in base64, commas between) of which an LPA must show one below |
//! | `REVOCATION_LISTS` | variable | revocation lists of CIs and manufacturers (DER in base64, commas between) |
//! | `RATE_PER_SOURCE`, `RATE_PER_OPERATOR`, `RATE_PER_ORDER` | variables | `600` a minute, `600:1200` with a burst, `off`; see [`Admittance`] |
//! | `GUESTS` | variable | what whoever comes may have, `20 orders, 24 h`; see [`esim_sm_edge::Guests`] |
//! | `PAGE_ORIGINS` | variable | origins of pages that may call ES2+ from a browser, besides the own one; commas between |
//! | `CALL_ALLOW` | variable | whom to call besides those with public names, commas between; see [`Allowed`] |
//! | `RELAY_TO` | variable | servers to which requests of LPAs in pages are sent on, commas between; see [`esim_sm_edge::relay`] |
//! | `SPLIT` | variable | when a share of the orders becomes two: `1024 MB, 6000 a minute`; see [`Growth`] |
//! | `COUNT` | variable | `on`: `GET /esim-lab/costs` tells what functions cost ([`crate::costs`]) |
//! | `JURISDICTION` | variable | where objects are kept (`eu`); read by [`crate::jurisdiction`] |
//! | `RATE_SOURCE`, `RATE_OPERATOR` | bindings | `ratelimits`, which count in the place of a rate that is not set; see [`crate::limiter`] |
//! | `MTLS` | binding | `mtls_certificates`: CERT.DP.TLS for calls to others |
//!
//! Without `SMDP_ADDRESS`, `SEAL_KEY`, `PKI` and `ES2_TOKEN` nothing is served. A secret may stand among the variables, too, for a
//! trial. Operators and revocation lists may lie with the records instead ([`esim_sm_edge::settings`]).

use crate::host::now;
use crate::limiter;
use crate::network;
use crate::pki::Identities;
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_rsp::address::same_server;
use esim_rsp::json::Base64;
use esim_rsp::{Error, common};
use esim_sm_edge::reach::{Allowed, Reach};
use esim_sm_edge::relay::{NoServer, Server};
use esim_sm_edge::settings::{Stored, Unusable};
use esim_sm_edge::shard::{Growth, Network, ShardedStore};
use esim_sm_edge::{Admittance, Fault, NoGuests, NoRate, Rate, Vault, read_operators};
use esim_smdp::config::{Smds, SmdsIdentity, trust_ci};
use esim_smdp::{Config, Limits, Revocations};
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::str::FromStr;
use worker::{Env, console_error, console_warn};

/// Seconds for which what lies with the records is taken to be as it was read.
const FRESH: u64 = 30;
/// Seconds for which it is gone on with if it cannot be read any more.
const STALE: u64 = 600;

thread_local! {
    /// What the environment says: certificates are read and checked once in the life of an instance.
    static BASIS: OnceCell<Result<Settings, String>> = const { OnceCell::new() };
    static KEPT: RefCell<Option<Kept>> = const { RefCell::new(None) };
}

/// All that is set.
#[derive(Clone)]
pub struct Settings {
    /// Who this server is.
    pub config: Config,
    /// The credential of ES2+; empty where there is none.
    pub token: String,
    /// The keys that records are sealed with.
    pub vault: Vault,
    /// Who gets in besides.
    pub admittance: Admittance,
    /// Whom it calls.
    pub reach: Reach,
    /// Whom it may call besides those with public names.
    allowed: Vec<Allowed>,
    /// When a share of the orders becomes two.
    pub growth: Growth,
    /// Revocation lists of the environment.
    lists: Vec<Vec<u8>>,
}

/// Settings, and what of them has been read from among the records.
#[derive(Clone)]
struct Kept {
    settings: Rc<Settings>,
    stored: Stored,
    read_at: u64,
}

/// The settings: those of the environment, and what lies with the records.
///
/// # Errors
/// Why this server does not serve: what is missing or cannot be used, by name; no value is quoted.
pub async fn settings<N: Network>(env: &Env, store: &ShardedStore<N>) -> Result<Rc<Settings>, String> {
    let (kept, now) = (KEPT.with_borrow(Clone::clone), now());
    if let Some(kept) = kept.as_ref().filter(|kept| now < kept.read_at + FRESH) {
        return Ok(kept.settings.clone());
    }
    let basis = BASIS.with(|basis| basis.get_or_init(|| basis_of(env).map_err(|e| e.to_string())).clone())?;
    let stored = match (Stored::load(store, &basis.vault).await, kept) {
        (Ok(stored), Some(kept)) if stored == kept.stored => {
            KEPT.set(Some(Kept { read_at: now, ..kept.clone() }));
            return Ok(kept.settings);
        }
        (Ok(stored), _) => {
            network::learn(&stored.layout);
            stored
        }
        (Err(Unusable::Fault(fault)), Some(kept)) if now < kept.read_at + STALE => {
            console_error!("the settings that lie with the records: {fault}");
            return Ok(kept.settings);
        }
        (Err(Unusable::Sealed(fault)), _) => {
            return Err(format!(
                "the secret SEAL_KEY does not open the records ({fault}): set the one that they were sealed with"
            ));
        }
        (Err(unusable), _) => return Err(unusable.to_string()),
    };
    let settings = Rc::new(basis.with(&stored).map_err(|error| error.to_string())?);
    KEPT.set(Some(Kept { settings: settings.clone(), stored, read_at: now }));
    Ok(settings)
}

/// Whether an earlier version may have left orders in objects of their own: so it is as long as nobody has looked.
pub fn has_earlier() -> bool {
    KEPT.with_borrow(|kept| kept.as_ref().is_none_or(|kept| kept.stored.has_earlier))
}

/// Has what lies with the records read again: somebody has changed it here.
pub fn forget() {
    KEPT.set(None);
}

impl Settings {
    /// With what lies with the records. Its operators take the place of the environment's, so that one that is left out
    /// is none any more; its revocation lists count besides them, so that nobody who was revoked is good again.
    fn with(mut self, stored: &Stored) -> Result<Self, Error> {
        if let Some(operators) = stored.operators().map_err(Error::text)? {
            self.config.operators = operators;
        }
        let stored = stored.revocation_lists().map_err(Error::text)?;
        let lists: Vec<_> = self.lists.iter().cloned().chain(stored).collect();
        self.config.revocations = Revocations::new(&lists, &self.config.trusted)?;
        self.reach = Reach::new(self.allowed.clone(), &self.config);
        Ok(self)
    }
}

fn basis_of(env: &Env) -> Result<Settings, Error> {
    let (config, allowed) = (read(env)?, call_allow(env)?);
    Ok(Settings {
        vault: vault(env)?,
        reach: Reach::new(allowed.clone(), &config),
        config,
        allowed,
        token: token(env)?,
        growth: growth(env)?,
        admittance: admittance(env)?,
        lists: ders(env, "REVOCATION_LISTS", "revocation lists")?,
    })
}

/// Fewer characters can be guessed, or are a word.
const TOKEN_LENGTH: usize = 16;

fn token(env: &Env) -> Result<String, Error> {
    const DRAW: &str = "`openssl rand -hex 32 | wrangler secret put ES2_TOKEN`";
    let token = text(env, "ES2_TOKEN").ok_or_else(|| {
        Error::text(format!("the secret ES2_TOKEN is missing, the house's own credential: {DRAW}"))
    })?;
    match token.len() >= TOKEN_LENGTH && token.bytes().all(|octet| octet.is_ascii_graphic()) {
        true => Ok(token),
        false => Err(Error::text(format!(
            "the secret ES2_TOKEN is wrong: it has {TOKEN_LENGTH} characters or more, without blanks: {DRAW}"
        ))),
    }
}

fn read(env: &Env) -> Result<Config, Error> {
    let address = text(env, "SMDP_ADDRESS").ok_or_else(|| {
        Error::text("the variable SMDP_ADDRESS is missing: the FQDN of this SM-DP+, as in activation codes")
    })?;
    let mut smds_identities = None;
    let mut config = match text(env, "PKI") {
        None => {
            return Err(Error::text(format!(
                "the secret PKI is missing: certificates and keys of this server (docs/HOSTING.md), or \
                 {TEST_PKI:?} for the test PKI, of which everybody has the keys"
            )));
        }
        Some(name) if name == TEST_PKI => {
            if !is_loopback(&address) {
                console_warn!("PKI is {TEST_PKI:?}: everybody has the keys of {address}; for tests only");
            }
            well_known(&address)?
        }
        Some(secret) => {
            let pki = Identities::read(&secret, text(env, "SMDS_ADDRESS").is_some(), now())?;
            smds_identities = Some(pki.ds);
            Config::new(&address, pki.dp, pki.trusted)
        }
    };
    if is_loopback(&address) {
        config.other_addresses = LOOPBACK.map(String::from).into();
    }
    if let Some(operators) = text(env, "OPERATORS") {
        let read = read_operators(operators.as_bytes());
        config.operators = read.map_err(|reason| Error::text(format!("OPERATORS: {reason}")))?;
    }
    config.smds = smds(env, smds_identities)?;
    config.default_smds = text(env, "DEFAULT_SMDS");
    config.limits = limits(env)?;
    Ok(config)
}

/// What `PKI` says where the project's well-known test PKI is wanted.
const TEST_PKI: &str = "test";
/// Names of this machine: who serves under one of them is dialled by any.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

fn is_loopback(address: &str) -> bool {
    LOOPBACK.iter().any(|name| same_server(name, address))
}

fn admittance(env: &Env) -> Result<Admittance, Error> {
    limiter::check(env)?;
    let issuers = ders(env, "LPA_ISSUERS", "certificates")?;
    Ok(Admittance {
        lpa_issuers: issuers.iter().map(|der| trust_ci(der)).collect::<Result<_, _>>()?,
        per_source: rate(env, "RATE_PER_SOURCE", "600:1200")?,
        per_operator: rate(env, "RATE_PER_OPERATOR", "1200:2400")?,
        per_order: rate(env, "RATE_PER_ORDER", "10:40")?,
        page_origins: list(&text(env, "PAGE_ORIGINS").unwrap_or_default()).map(String::from).collect(),
        guests: text(env, "GUESTS")
            .map(|text| text.parse())
            .transpose()
            .map_err(|error: NoGuests| Error::text(format!("the variable GUESTS is {error}")))?,
        relay_to: relay_to(env)?,
    })
}

fn growth(env: &Env) -> Result<Growth, Error> {
    let growth = text(env, "SPLIT").map(|text| text.parse()).transpose();
    let growth = growth.map_err(|reason: Fault| Error::text(format!("the variable SPLIT is {reason}")))?;
    Ok(growth.unwrap_or_default())
}

fn call_allow(env: &Env) -> Result<Vec<Allowed>, Error> {
    let text = text(env, "CALL_ALLOW").unwrap_or_default();
    list(&text)
        .map(|entry| entry.parse().map_err(|reason| Error::text(format!("CALL_ALLOW: {reason}"))))
        .collect()
}

fn relay_to(env: &Env) -> Result<Vec<Server>, Error> {
    let text = text(env, "RELAY_TO").unwrap_or_default();
    let server = |entry: &str| {
        entry.parse().map_err(|error: NoServer| Error::text(format!("RELAY_TO: {entry:?} is {error}")))
    };
    list(&text).map(server).collect()
}

/// DER in base64, with commas between.
fn ders(env: &Env, name: &str, what: &str) -> Result<Vec<Vec<u8>>, Error> {
    let text = text(env, name).unwrap_or_default();
    let der = |base64: &str| match serde_json::from_value::<Base64>(base64.into()) {
        Ok(der) => Ok(der.0),
        Err(_) => Err(Error::text(format!("{name} holds {what}, DER in base64, with commas between"))),
    };
    list(&text).map(der).collect()
}

/// Entries with commas between.
fn list(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

/// A rate, or `off` (or nothing, where the variable is there) for any number. As on the command line of the native host.
fn rate(env: &Env, name: &str, default: &str) -> Result<Option<Rate>, Error> {
    let text = env.var(name).map_or_else(|_| default.into(), |set| set.to_string());
    if ["", "off"].contains(&&*text) {
        return Ok(None);
    }
    let rate =
        text.parse().map_err(|error: NoRate| Error::text(format!("the variable {name} is {error}")))?;
    Ok(Some(rate))
}

/// The SM-DS that this server is besides, if it has an address.
fn smds(env: &Env, pki: Option<Vec<SmdsIdentity>>) -> Result<Option<Smds>, Error> {
    let Some(address) = text(env, "SMDS_ADDRESS") else { return Ok(None) };
    let root = text(env, "SMDS_ROOT");
    let Some(identities) = pki else {
        let pkis = [Curve::P256, Curve::BrainpoolP256r1].map(TestPki::well_known);
        return Smds::of_test_pkis(&address, root.as_deref(), &pkis.iter().collect::<Vec<_>>()).map(Some);
    };
    Ok(Some(Smds { address, identities, root }))
}

fn limits(env: &Env) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    set(env, "SESSION_SECONDS", &mut limits.session_seconds)?;
    set(env, "SESSION_MEMORY_SECONDS", &mut limits.session_memory_seconds)?;
    limits.order_seconds = number(env, "ORDER_SECONDS")?.or(limits.order_seconds);
    set(env, "DOWNLOAD_ATTEMPTS", &mut limits.download_attempts)?;
    set(env, "CONFIRMATION_ATTEMPTS", &mut limits.confirmation_attempts)?;
    set(env, "ERRAND_SECONDS", &mut limits.errand_seconds)?;
    set(env, "EVENT_SECONDS", &mut limits.event_seconds)?;
    Ok(limits)
}

fn set<T: FromStr>(env: &Env, name: &str, limit: &mut T) -> Result<(), Error> {
    if let Some(number) = number(env, name)? {
        *limit = number;
    }
    Ok(())
}

fn number<T: FromStr>(env: &Env, name: &str) -> Result<Option<T>, Error> {
    let number = text(env, name).map(|text| text.trim().parse());
    number.transpose().map_err(|_| Error::text(format!("the variable {name} is no number")))
}

/// The project's test PKIs, of both curves.
fn well_known(address: &str) -> Result<Config, Error> {
    let mut config = Config::of_test_pki(address, &TestPki::well_known(Curve::P256))?;
    let brainpool = Config::of_test_pki(address, &TestPki::well_known(Curve::BrainpoolP256r1))?;
    config.identities.extend(brainpool.identities);
    config.trusted.extend(brainpool.trusted);
    Ok(config)
}

fn vault(env: &Env) -> Result<Vault, Error> {
    let text = text(env, "SEAL_KEY").ok_or_else(|| {
        Error::text("the secret SEAL_KEY is missing: `openssl rand -hex 32 | wrangler secret put SEAL_KEY`")
    })?;
    let mut keys = text.split(',').map(|digits| {
        let octets = common::from_hex(digits.trim()).ok().and_then(|octets| octets.try_into().ok());
        let key: [u8; 32] = octets.ok_or_else(|| {
            Error::text(
                "the secret SEAL_KEY is wrong: it has 64 hexadecimal digits, an older one behind a comma",
            )
        })?;
        match Vault::is_no_secret(&key) {
            false => Ok(key),
            true => Err(Error::text("the secret SEAL_KEY is all zeros, which is no secret: draw one")),
        }
    });
    let first = keys.next().unwrap_or_else(|| Err(Error::text("SEAL_KEY is empty")))?;
    // Objects are written anew one by one, as they are used.
    keys.try_fold(Vault::new(&first).with_clear_names(), |vault, key: Result<[u8; 32], Error>| {
        Ok(vault.with_older(&key?))
    })
}

/// A secret, or a variable.
fn text(env: &Env, name: &str) -> Option<String> {
    let secret = env.secret(name).ok().map(|secret| secret.to_string());
    secret.or_else(|| Some(env.var(name).ok()?.to_string())).filter(|value| !value.is_empty())
}
