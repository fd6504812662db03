//! What the operator of a worker sets.
//!
//! | name | kind | meaning |
//! |---|---|---|
//! | `SMDP_ADDRESS` | variable | FQDN of the SM-DP+; if absent, the host of each request |
//! | `ES2_TOKEN` | secret | credential of ES2+ and `/esim-lab/`; if absent, both are closed to it |
//! | `SEAL_KEY` | secret | keys that records are sealed with: 64 hexadecimal digits, older ones behind commas |
//! | `PKI` | secret | JSON, see [`Pki`]; if absent, the well-known test PKI |
//! | `OPERATORS` | secret | JSON, see [`read_operators`]; who is told how his orders go on |
//! | `SESSION_SECONDS`, `SESSION_MEMORY_SECONDS`, `ORDER_SECONDS`, `DOWNLOAD_ATTEMPTS`, `CONFIRMATION_ATTEMPTS`, `ERRAND_SECONDS`, `EVENT_SECONDS` | variables | see [`Limits`] |
//! | `SMDS_ADDRESS` | variable | FQDN of the SM-DS that the worker is besides; none if absent |
//! | `SMDS_ROOT` | variable | FQDN of the root SM-DS, above the own one or for orders that say `.` |
//! | `MTLS` | binding | `mtls_certificates`: CERT.DP.TLS for calls to others |
//!
//! A secret may stand among the variables, too, for `wrangler dev`.

use esim_crypto::pki::{Certificate, TestPki};
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::json::Base64;
use esim_rsp::{CertificateDer, Error, common};
use esim_sm_edge::{Vault, read_operators};
use esim_smdp::config::trust_ci;
use esim_smdp::{Config, Identity, KeyPair, Limits, Smds};
use serde::Deserialize;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::str::FromStr;
use worker::Env;

/// For how many dialled hosts settings are kept.
const KEPT: usize = 16;

thread_local! {
    /// Settings by dialled host: certificates are read and checked once in the life of an instance.
    static SETTINGS: RefCell<BTreeMap<String, Rc<Settings>>> = const { RefCell::new(BTreeMap::new()) };
}

/// All that is set.
pub struct Settings {
    /// Who this server is.
    pub config: Config,
    /// The credential of ES2+; empty where there is none.
    pub token: String,
    /// The keys that records are sealed with.
    pub vault: Vault,
}

/// The settings; `dialled` is the host of a request.
///
/// # Errors
/// A variable or secret that cannot be used, by name; its value is not quoted.
pub fn settings(env: &Env, dialled: &str) -> worker::Result<Rc<Settings>> {
    if let Some(settings) = SETTINGS.with_borrow(|kept| kept.get(dialled).cloned()) {
        return Ok(settings);
    }
    let failed = |error: Error| worker::Error::RustError(error.to_string());
    let settings = Rc::new(Settings {
        config: read(env, dialled).map_err(failed)?,
        token: text(env, "ES2_TOKEN").unwrap_or_default(),
        vault: vault(env).map_err(failed)?,
    });
    SETTINGS.with_borrow_mut(|kept| {
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(dialled.into(), settings.clone());
    });
    Ok(settings)
}

/// Certificates and keys of a server, as JSON in a secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pki {
    /// CERT.CI, DER in base64.
    ci: Base64,
    /// CERT.DPauth.
    dp_auth: Pair,
    /// CERT.DPpb.
    dp_pb: Pair,
}

#[derive(Deserialize)]
struct Pair {
    /// DER in base64.
    certificate: Base64,
    /// The private scalar in hexadecimal.
    key: String,
}

impl Pair {
    fn read(self) -> Result<KeyPair, Error> {
        let parsed = Certificate::parse(&self.certificate.0).map_err(|e| Error::text(e.to_string()))?;
        let key = PrivateKey::from_bytes(parsed.public_key().curve(), &common::from_hex(&self.key)?);
        let key = key.map_err(|_| Error::text("a key in PKI is none of its certificate's curve"))?;
        Ok(KeyPair { certificate: CertificateDer::new(self.certificate.0)?, key })
    }
}

fn read(env: &Env, dialled: &str) -> Result<Config, Error> {
    let address = text(env, "SMDP_ADDRESS").unwrap_or_else(|| dialled.into());
    let mut config = match text(env, "PKI") {
        Some(secret) => {
            let pki: Pki =
                serde_json::from_str(&secret).map_err(|_| Error::text("PKI is not the JSON expected"))?;
            let trusted = vec![trust_ci(&pki.ci.0)?];
            let identity = Identity::new(pki.dp_auth.read()?, pki.dp_pb.read()?)?;
            Config::new(&address, vec![identity], trusted)
        }
        None => well_known(&address)?,
    };
    config.other_addresses = vec![dialled.into(), "localhost".into(), "127.0.0.1".into()];
    if let Some(operators) = text(env, "OPERATORS") {
        let read = read_operators(operators.as_bytes());
        config.operators = read.map_err(|reason| Error::text(format!("OPERATORS: {reason}")))?;
    }
    config.limits = limits(env)?;
    let root = text(env, "SMDS_ROOT");
    if let Some(address) = text(env, "SMDS_ADDRESS") {
        if text(env, "PKI").is_some() {
            return Err(Error::text(
                "SMDS_ADDRESS: the worker is an SM-DS under the project's own test PKI only",
            ));
        }
        let pkis = [Curve::P256, Curve::BrainpoolP256r1].map(TestPki::well_known);
        config.smds = Some(Smds::of_test_pkis(&address, root.as_deref(), &pkis.each_ref())?);
    } else {
        config.default_smds = root;
    }
    Ok(config)
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
        Error::text("there is no secret SEAL_KEY: `openssl rand -hex 32 | wrangler secret put SEAL_KEY`")
    })?;
    let mut keys = text.split(',').map(|digits| {
        let octets = common::from_hex(digits.trim()).ok().and_then(|octets| octets.try_into().ok());
        octets.ok_or_else(|| Error::text("the secret SEAL_KEY has 64 hexadecimal digits"))
    });
    let first: [u8; 32] = keys.next().unwrap_or_else(|| Err(Error::text("SEAL_KEY is empty")))?;
    keys.try_fold(Vault::new(&first), |vault, key: Result<[u8; 32], Error>| Ok(vault.with_older(&key?)))
}

/// A secret, or a variable.
fn text(env: &Env, name: &str) -> Option<String> {
    let secret = env.secret(name).ok().map(|secret| secret.to_string());
    secret.or_else(|| Some(env.var(name).ok()?.to_string())).filter(|value| !value.is_empty())
}
