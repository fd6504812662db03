//! What the operator of a worker sets.
//!
//! | name | kind | meaning |
//! |---|---|---|
//! | `SMDP_ADDRESS` | variable | FQDN of the SM-DP+; if absent, the host of the first request |
//! | `ES2_TOKEN` | secret | credential of ES2+ and `/esim-lab/`; if absent, both are closed |
//! | `SEAL_KEY` | secret | keys that records are sealed with, see [`vault`] |
//! | `PKI` | secret | JSON, see [`Pki`]; if absent, the well-known test PKI |

use esim_crypto::pki::{Certificate, TestPki};
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::json::Base64;
use esim_rsp::{CertificateDer, Error, common};
use esim_sm_edge::Vault;
use esim_smdp::config::trust_ci;
use esim_smdp::{Config, Identity, KeyPair};
use serde::Deserialize;
use worker::Env;

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

/// The configuration; `dialled` is the host of the request that wakes the object.
///
/// # Errors
/// A `PKI` that cannot be used; the secret itself is not quoted.
pub fn read(env: &Env, dialled: &str) -> Result<Config, Error> {
    let address = text(env, "SMDP_ADDRESS").unwrap_or_else(|| dialled.into());
    let mut config = match env.secret("PKI").ok() {
        Some(secret) => {
            let pki: Pki = serde_json::from_str(&secret.to_string())
                .map_err(|_| Error::text("PKI is not the JSON expected"))?;
            let trusted = vec![trust_ci(&pki.ci.0)?];
            let identity = Identity::new(pki.dp_auth.read()?, pki.dp_pb.read()?)?;
            Config::new(&address, vec![identity], trusted)
        }
        None => well_known(&address)?,
    };
    config.other_addresses = vec![dialled.into(), "localhost".into(), "127.0.0.1".into()];
    Ok(config)
}

/// The project's test PKIs, of both curves.
fn well_known(address: &str) -> Result<Config, Error> {
    let mut config = Config::of_test_pki(address, &TestPki::well_known(Curve::P256))?;
    let brainpool = Config::of_test_pki(address, &TestPki::well_known(Curve::BrainpoolP256r1))?;
    config.identities.extend(brainpool.identities);
    config.trusted.extend(brainpool.trusted);
    Ok(config)
}

/// The keys that records are sealed with, from the secret `SEAL_KEY`: 64 hexadecimal digits, and behind a comma those
/// of older keys.
///
/// # Errors
/// There is none, or it has another form; it is not quoted.
pub fn vault(env: &Env) -> Result<Vault, Error> {
    let secret = env.secret("SEAL_KEY").ok().map(|secret| secret.to_string());
    let text = secret.or_else(|| text(env, "SEAL_KEY")).unwrap_or_default();
    let mut keys = text.split(',').map(|digits| {
        let octets = common::from_hex(digits.trim()).ok().and_then(|octets| octets.try_into().ok());
        octets.ok_or_else(|| Error::text("the secret SEAL_KEY has 64 hexadecimal digits"))
    });
    let first: [u8; 32] = keys.next().unwrap_or_else(|| Err(Error::text("there is no secret SEAL_KEY")))?;
    keys.try_fold(Vault::new(&first), |vault, key: Result<[u8; 32], Error>| Ok(vault.with_older(&key?)))
}

/// The credential of ES2+; empty where there is none.
pub fn operator_token(env: &Env) -> String {
    let secret = env.secret("ES2_TOKEN").ok().map(|secret| secret.to_string());
    secret.or_else(|| text(env, "ES2_TOKEN")).unwrap_or_default()
}

fn text(env: &Env, name: &str) -> Option<String> {
    let value = env.var(name).ok()?.to_string();
    (!value.is_empty()).then_some(value)
}
