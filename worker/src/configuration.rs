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
//! | `SMDS_ADDRESS`, `SMDS_ROOT`, `DEFAULT_SMDS` | variables | see [`Smds`] and [`Config`] |
//! | `LPA_ISSUERS` | variable | certificates (DER in base64, commas between) of which an LPA must show one below |
//! | `REVOCATION_LISTS` | variable | revocation lists of CIs and manufacturers (DER in base64, commas between) |
//! | `RATE_PER_SOURCE`, `RATE_PER_ORDER` | variables | `600` a minute, `600:1200` with a burst, `off`; see [`Admittance`] |
//! | `CALL_ALLOW` | variable | whom to call besides those with public names, commas between; see [`Allowed`] |
//! | `MTLS` | binding | `mtls_certificates`: CERT.DP.TLS for calls to others |
//!
//! A secret may stand among the variables, too, for `wrangler dev`.

use esim_crypto::pki::{Certificate, TestPki};
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::json::Base64;
use esim_rsp::{CertificateDer, Error, common};
use esim_sm_edge::reach::{Allowed, Reach};
use esim_sm_edge::{Admittance, Rate, Vault, read_operators};
use esim_smdp::config::{Smds, SmdsIdentity, trust_ci};
use esim_smdp::{Config, Identity, KeyPair, Limits, Revocations};
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
    /// Who gets in besides.
    pub admittance: Admittance,
    /// Whom it calls.
    pub reach: Reach,
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
    let config = read(env, dialled).map_err(failed)?;
    let settings = Rc::new(Settings {
        reach: Reach::new(call_allow(env).map_err(failed)?, &config),
        config,
        token: text(env, "ES2_TOKEN").unwrap_or_default(),
        vault: vault(env).map_err(failed)?,
        admittance: admittance(env).map_err(failed)?,
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
    /// CERT.DSauth, where this server is an SM-DS, too.
    #[serde(default)]
    ds_auth: Option<Pair>,
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
    let mut ds_auth = None;
    let mut config = match text(env, "PKI") {
        Some(secret) => {
            let pki: Pki =
                serde_json::from_str(&secret).map_err(|_| Error::text("PKI is not the JSON expected"))?;
            if pki.ds_auth.is_none() && text(env, "SMDS_ADDRESS").is_some() {
                return Err(Error::text("there is an SMDS_ADDRESS, and no dsAuth in PKI"));
            }
            ds_auth = pki.ds_auth;
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
    config.smds = smds(env, ds_auth)?;
    config.default_smds = text(env, "DEFAULT_SMDS");
    let lists = ders(env, "REVOCATION_LISTS", "revocation lists")?;
    config.revocations = Revocations::new(&lists, &config.trusted)?;
    config.limits = limits(env)?;
    Ok(config)
}

fn admittance(env: &Env) -> Result<Admittance, Error> {
    let issuers = ders(env, "LPA_ISSUERS", "certificates")?;
    Ok(Admittance {
        lpa_issuers: issuers.iter().map(|der| trust_ci(der)).collect::<Result<_, _>>()?,
        per_source: rate(env, "RATE_PER_SOURCE")?,
        per_order: rate(env, "RATE_PER_ORDER")?,
    })
}

fn call_allow(env: &Env) -> Result<Vec<Allowed>, Error> {
    let text = text(env, "CALL_ALLOW").unwrap_or_default();
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| entry.parse().map_err(|reason| Error::text(format!("CALL_ALLOW: {reason}"))))
        .collect()
}

/// DER in base64, with commas between.
fn ders(env: &Env, name: &str, what: &str) -> Result<Vec<Vec<u8>>, Error> {
    let text = text(env, name).unwrap_or_default();
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    let der = |base64: &str| match serde_json::from_value::<Base64>(base64.into()) {
        Ok(der) => Ok(der.0),
        Err(_) => Err(Error::text(format!("{name} holds {what}, DER in base64, with commas between"))),
    };
    entries.map(der).collect()
}

/// So many a minute, `600`, and at once, `600:1200`; `off` for any number. As on the command line of the native host.
fn rate(env: &Env, name: &str) -> Result<Option<Rate>, Error> {
    let Some(text) = text(env, name).filter(|text| text != "off") else { return Ok(None) };
    let (per_minute, burst) = text.split_once(':').unwrap_or((&text, &text));
    match (per_minute.trim().parse(), burst.trim().parse()) {
        (Ok(per_minute @ 1..), Ok(burst @ 1..)) => Ok(Some(Rate { burst, per_minute })),
        _ => Err(Error::text(format!("the variable {name} is no rate such as 600 or 600:1200"))),
    }
}

/// The SM-DS that this server is besides, if it has an address.
fn smds(env: &Env, pki: Option<Pair>) -> Result<Option<Smds>, Error> {
    let Some(address) = text(env, "SMDS_ADDRESS") else { return Ok(None) };
    let root = text(env, "SMDS_ROOT");
    let Some(pair) = pki else {
        let pkis = [Curve::P256, Curve::BrainpoolP256r1].map(TestPki::well_known);
        return Smds::of_test_pkis(&address, root.as_deref(), &pkis.iter().collect::<Vec<_>>()).map(Some);
    };
    Ok(Some(Smds { address, identities: vec![SmdsIdentity::new(pair.read()?)?], root }))
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
