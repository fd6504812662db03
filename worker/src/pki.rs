//! The secret `PKI`: certificates and keys of this server under one CI, or under each of several.

use esim_crypto::PrivateKey;
use esim_crypto::pki::{Certificate, Role, TrustedCi, verify_server};
use esim_rsp::json::Base64;
use esim_rsp::{CertificateDer, Error, common};
use esim_smdp::config::{SmdsIdentity, trust_ci};
use esim_smdp::{Identity, KeyPair};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What stands in the secret, for whoever has written something else.
const FORM: &str = "an object, or an array of one for each CI: {\"ci\": base64 DER, \"dpAuth\": {\"certificate\": base64 DER, \
                    \"key\": hexadecimal}, \"dpPb\": {…}, \"dsAuth\": {…}, where it is an SM-DS}";

/// Who this server is, under each CI; the preferred one first.
pub struct Identities {
    /// The CIs, whose eUICCs are served.
    pub trusted: Vec<TrustedCi>,
    /// The SM-DP+.
    pub dp: Vec<Identity>,
    /// The SM-DS, where it is one.
    pub ds: Vec<SmdsIdentity>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Under {
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
#[serde(deny_unknown_fields)]
struct Pair {
    /// DER in base64.
    certificate: Base64,
    /// The private scalar in hexadecimal.
    key: String,
}

impl Identities {
    /// From the secret, at `now` in seconds since 1970. No value of it stands in an error.
    ///
    /// # Errors
    /// What is wrong, in which entry, and what belongs there.
    pub fn read(secret: &str, is_smds: bool, now: u64) -> Result<Self, Error> {
        let entries: Vec<Under> = match secret.trim_start().starts_with('[') {
            true => parse(secret)?,
            false => vec![parse(secret)?],
        };
        if entries.is_empty() {
            return Err(Error::text(format!("PKI is an empty array; it is {FORM}")));
        }
        let mut read = Self { trusted: Vec::new(), dp: Vec::new(), ds: Vec::new() };
        let count = entries.len();
        for (entry, number) in entries.into_iter().zip(1..) {
            let place = if count == 1 { "PKI".to_string() } else { format!("PKI, entry {number}") };
            read.add(entry, is_smds, now).map_err(|error| Error::text(format!("{place}: {}", error.kind)))?;
        }
        Ok(read)
    }

    fn add(&mut self, entry: Under, is_smds: bool, now: u64) -> Result<(), Error> {
        let ci = trust_ci(&entry.ci.0)?;
        if self.trusted.iter().any(|known| known.key_id == ci.key_id) {
            return Err(Error::text("this CI is there already"));
        }
        let under = |pair: Pair, name, role| pair.read(name, role, &ci, now);
        let dp_auth = under(entry.dp_auth, "dpAuth", Role::DpAuth)?;
        self.dp.push(Identity::new(dp_auth, under(entry.dp_pb, "dpPb", Role::DpPb)?)?);
        match entry.ds_auth {
            Some(pair) => self.ds.push(SmdsIdentity::new(under(pair, "dsAuth", Role::DsAuth)?)?),
            None if is_smds => return Err(Error::text("there is an SMDS_ADDRESS, and no dsAuth")),
            None => {}
        }
        self.trusted.push(ci);
        Ok(())
    }
}

impl Pair {
    /// The pair, if the key is the certificate's, which is of the role, of the CI and valid now.
    fn read(self, name: &str, role: Role, ci: &TrustedCi, now: u64) -> Result<KeyPair, Error> {
        let parsed = Certificate::parse(&self.certificate.0);
        let parsed = parsed
            .map_err(|error| Error::text(format!("the certificate of {name} cannot be read: {error}")))?;
        let key = common::from_hex(self.key.trim()).ok();
        let key = key.and_then(|key| PrivateKey::from_bytes(parsed.public_key().curve(), &key).ok());
        let key = key.ok_or_else(|| {
            Error::text(format!("the key of {name} is none of its curve: 64 hexadecimal digits"))
        })?;
        if key.public_key().to_sec1() != parsed.public_key().to_sec1() {
            return Err(Error::text(format!("the key of {name} is not that of its certificate")));
        }
        verify_server(&parsed, role, std::slice::from_ref(ci), Some(now)).map_err(|error| {
            Error::text(format!("the certificate of {name} cannot be used under this CI: {}", error.reason))
        })?;
        Ok(KeyPair { certificate: CertificateDer::new(self.certificate.0)?, key })
    }
}

/// Where the JSON is wrong, and nothing of what stands there.
fn parse<T: DeserializeOwned>(secret: &str) -> Result<T, Error> {
    serde_json::from_str(secret).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        match error.is_data() {
            false => Error::text(format!("PKI is not JSON ({place}); it is {FORM}")),
            true => Error::text(format!("PKI is not the JSON expected ({place}); it is {FORM}")),
        }
    })
}
