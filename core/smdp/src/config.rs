//! Who this server is and what it allows.

use crate::{Revocations, Template, guest};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::pki::{Certificate, Issued, TestPki, TrustedCi, refuse_live_ci};
use esim_crypto::{PrivateKey, PublicKey};
use esim_rsp::address::same_server;
use esim_rsp::{CertificateDer, Error, ObjectIdentifier};

/// Who this server is and what it allows.
#[derive(Clone, Debug)]
pub struct Config {
    /// FQDN of this SM-DP+, with a port where it is not 443: goes into
    /// activation codes and notification addresses.
    pub smdp_address: String,
    /// Other names that LPAs may dial it by.
    pub other_addresses: Vec<String>,
    /// CIs whose eUICCs are served, in no order.
    pub trusted: Vec<TrustedCi>,
    /// Certificates that are not good any more.
    pub revocations: Revocations,
    /// Own certificates, one pair for each CI, the preferred one first.
    pub identities: Vec<Identity>,
    /// The SM-DS that this server is besides, under an address of its own.
    pub smds: Option<Smds>,
    /// The root SM-DS that events are registered at where the operator says `.`.
    pub default_smds: Option<String>,
    /// The operators that this server knows by name.
    pub operators: Vec<Operator>,
    /// What profiles can be made of.
    pub templates: Vec<Template>,
    /// Numbers.
    pub limits: Limits,
    /// Whether profiles are protected by random keys that ReplaceSessionKeys
    /// brings, instead of the session keys (SGP.22 2.5.3, 2.5.4).
    pub random_profile_keys: bool,
    /// Whether a package handed out may be bound to a new one-time key.
    pub rebinding: bool,
}

/// An operator's customer system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// OID: its `functionRequesterIdentifier`, `2.999.100`.
    pub oid: String,
    /// Where it is told how its orders go on (`handleDownloadProgressInfo`): host and perhaps port, or a URL with
    /// both. Nowhere if absent.
    pub callback: Option<String>,
    /// Verifies its signed tokens.
    pub token_key: Option<PublicKey>,
    /// SHA-256 of its TLS client certificates.
    pub certificates: Vec<[u8; 32]>,
}

/// Certificates and keys of this SM-DP+ under one CI.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Subject key identifier of the CI, 20 octets.
    pub ci_pk_id: Vec<u8>,
    /// The OID that both certificates carry.
    pub oid: ObjectIdentifier,
    /// CERT.DPauth.
    pub dp_auth: KeyPair,
    /// CERT.DPpb.
    pub dp_pb: KeyPair,
}

/// An SM-DS: the root, or an alternative one.
#[derive(Clone, Debug)]
pub struct Smds {
    /// FQDN, with a port where it is not 443; never one of the SM-DP+'s, for an LPA says nothing else about whom it
    /// wants to speak to.
    pub address: String,
    /// Its certificates, one for each CI, the preferred one first.
    pub identities: Vec<SmdsIdentity>,
    /// Address of the root SM-DS that this alternative one forwards events to; absent if it is the root.
    pub root: Option<String>,
}

/// Certificate and key of an SM-DS under one CI.
#[derive(Clone, Debug)]
pub struct SmdsIdentity {
    /// Subject key identifier of the CI, 20 octets.
    pub ci_pk_id: Vec<u8>,
    /// The OID that the certificate carries.
    pub oid: ObjectIdentifier,
    /// CERT.DSauth.
    pub ds_auth: KeyPair,
}

impl Smds {
    /// The SM-DS of test PKIs under some address.
    ///
    /// # Errors
    /// As [`SmdsIdentity::new`].
    pub fn of_test_pkis(address: &str, root: Option<&str>, pkis: &[&TestPki]) -> Result<Self, Error> {
        let identity = |pki: &&TestPki| SmdsIdentity::new(KeyPair::of_issued(&pki.ds_auth)?);
        let identities = pkis.iter().map(identity).collect::<Result<_, _>>()?;
        Ok(Self { address: address.into(), identities, root: root.map(String::from) })
    }

    /// Whether an address is this SM-DS's.
    pub fn answers_to(&self, address: &str) -> bool {
        same_server(&self.address, address)
    }

    /// The certificate under a CI.
    pub fn identity(&self, ci_pk_id: &[u8]) -> Option<&SmdsIdentity> {
        self.identities.iter().find(|identity| identity.ci_pk_id == ci_pk_id)
    }

    /// The OID that this SM-DS calls its root with. Empty if it has none.
    pub fn own_oid(&self) -> String {
        self.identities.first().map(|identity| identity.oid.to_string()).unwrap_or_default()
    }
}

impl SmdsIdentity {
    /// Takes a certificate and its key.
    ///
    /// # Errors
    /// A certificate that cannot be read, is of a live CI or of another key, or names no OID.
    pub fn new(ds_auth: KeyPair) -> Result<Self, Error> {
        let parsed = ds_auth.parse("CERT.DSauth")?;
        let ci_pk_id = parsed.authority_key_id().unwrap_or_default().to_vec();
        refuse_live_ci(&ci_pk_id).map_err(|error| Error::text(error.to_string()))?;
        let oid = read_oid(parsed.san_registered_id().unwrap_or_default())?;
        Ok(Self { ci_pk_id, oid, ds_auth })
    }
}

/// A certificate and its private key.
#[derive(Clone)]
pub struct KeyPair {
    /// DER.
    pub certificate: CertificateDer,
    /// The key.
    pub key: PrivateKey,
}

impl core::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "KeyPair({:?})", self.certificate)
    }
}

/// Numbers that an operator may want otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds within which the steps of a session are taken.
    pub session_seconds: u64,
    /// Seconds for which a session is remembered in which an eUICC has proved itself; others are for `session_seconds`.
    pub session_memory_seconds: u64,
    /// Seconds from confirmOrder within which a profile is fetched, if limited.
    pub order_seconds: Option<u64>,
    /// Sessions that may come as far as an order.
    pub download_attempts: u32,
    /// Wrong confirmation codes until an order is closed.
    pub confirmation_attempts: u32,
    /// Seconds for which operators and SM-DSs that do not answer are tried again.
    pub errand_seconds: u64,
    /// Seconds for which an SM-DS keeps an event that nobody deletes.
    pub event_seconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            session_seconds: 3600,
            session_memory_seconds: 24 * 3600,
            order_seconds: None,
            download_attempts: 10,
            confirmation_attempts: 3,
            errand_seconds: 3 * 24 * 3600,
            event_seconds: 90 * 24 * 3600,
        }
    }
}

impl Config {
    /// A server with these certificates, serving the eUICCs of `trusted`, with
    /// ordinary limits.
    pub fn new(smdp_address: &str, identities: Vec<Identity>, trusted: Vec<TrustedCi>) -> Self {
        Self {
            smdp_address: smdp_address.into(),
            other_addresses: Vec::new(),
            trusted,
            revocations: Revocations::default(),
            identities,
            smds: None,
            default_smds: None,
            operators: Vec::new(),
            templates: crate::template::built_in(),
            limits: Limits::default(),
            random_profile_keys: false,
            rebinding: true,
        }
    }

    /// The SM-DP+ of a test PKI under some address.
    ///
    /// # Errors
    /// Certificates that do not fit together, as [`Identity::new`] says.
    pub fn of_test_pki(smdp_address: &str, pki: &TestPki) -> Result<Self, Error> {
        let trusted = Vec::from([trust_ci(&pki.ci.certificate)?]);
        Ok(Self::new(smdp_address, Vec::from([Identity::of_test_pki(pki)?]), trusted))
    }

    /// Whether an address is this server's.
    pub fn answers_to(&self, address: &str) -> bool {
        let mut names = core::iter::once(&self.smdp_address).chain(&self.other_addresses);
        names.any(|name| same_server(name, address))
    }

    /// The OID that this server calls others with: its certificates'. Empty if it has none.
    pub fn own_oid(&self) -> String {
        let oid = self.identities.first().map(|identity| identity.oid.to_string());
        oid.unwrap_or_default()
    }

    /// The operator of this OID.
    pub fn operator(&self, oid: &str) -> Option<&Operator> {
        self.operators.iter().find(|operator| operator.oid == oid)
    }

    /// Whether an OID is that of somebody who has a credential of his own: an operator, or a guest.
    pub fn is_somebody(&self, oid: &str) -> bool {
        self.operator(oid).is_some() || guest::is(oid)
    }

    /// The template of this name.
    pub fn template(&self, name: &str) -> Option<&Template> {
        self.templates.iter().find(|template| template.name == name)
    }

    /// The certificates under a CI.
    pub fn identity(&self, ci_pk_id: &[u8]) -> Option<&Identity> {
        self.identities.iter().find(|identity| identity.ci_pk_id == ci_pk_id)
    }
}

impl Identity {
    /// Puts two certificates and their keys together.
    ///
    /// # Errors
    /// Certificates that cannot be read, of different CIs or SM-DP+s, or that
    /// do not belong to the keys.
    pub fn new(dp_auth: KeyPair, dp_pb: KeyPair) -> Result<Self, Error> {
        let (auth, pb) = (dp_auth.parse("CERT.DPauth")?, dp_pb.parse("CERT.DPpb")?);
        let ci_pk_id = auth.authority_key_id().unwrap_or_default().to_vec();
        if ci_pk_id.is_empty() || pb.authority_key_id() != Some(&ci_pk_id[..]) {
            return Err(Error::text("CERT.DPauth and CERT.DPpb are of different CIs"));
        }
        refuse_live_ci(&ci_pk_id).map_err(|error| Error::text(error.to_string()))?;
        if auth.san_registered_id() != pb.san_registered_id() {
            return Err(Error::text("CERT.DPauth and CERT.DPpb are of different SM-DP+s"));
        }
        let oid = read_oid(auth.san_registered_id().unwrap_or_default())?;
        Ok(Self { ci_pk_id, oid, dp_auth, dp_pb })
    }

    /// The SM-DP+ of a test PKI.
    ///
    /// # Errors
    /// As [`Identity::new`].
    pub fn of_test_pki(pki: &TestPki) -> Result<Self, Error> {
        Self::new(KeyPair::of_issued(&pki.dp_auth)?, KeyPair::of_issued(&pki.dp_pb)?)
    }
}

impl KeyPair {
    /// A certificate of a test PKI.
    ///
    /// # Errors
    /// Octets that are no certificate.
    pub fn of_issued(issued: &Issued) -> Result<Self, Error> {
        let certificate = CertificateDer::new(issued.certificate.clone())?;
        Ok(Self { certificate, key: issued.key.clone() })
    }

    fn parse(&self, name: &str) -> Result<Certificate, Error> {
        let parsed = Certificate::parse(self.certificate.as_bytes());
        let parsed = parsed.map_err(|error| Error::text(format!("{name}: {error}")))?;
        if parsed.public_key().to_sec1() != self.key.public_key().to_sec1() {
            return Err(Error::text(format!("{name} is not the certificate of the key given")));
        }
        Ok(parsed)
    }
}

/// Trusts a CI by its certificate, which nobody else can vouch for.
///
/// # Errors
/// Octets that are no certificate, or one without key identifier.
pub fn trust_ci(certificate: &[u8]) -> Result<TrustedCi, Error> {
    let parsed = Certificate::parse(certificate);
    let parsed = parsed.map_err(|error| Error::text(format!("CI certificate: {error}")))?;
    let key_id = parsed.subject_key_id().unwrap_or_default().to_vec();
    if key_id.is_empty() {
        return Err(Error::text("the CI certificate has no subjectKeyIdentifier"));
    }
    refuse_live_ci(&key_id).map_err(|error| Error::text(error.to_string()))?;
    Ok(TrustedCi { key_id, key: parsed.public_key().clone() })
}

fn read_oid(dotted: &str) -> Result<ObjectIdentifier, Error> {
    let arcs: Result<Vec<u32>, _> = dotted.split('.').map(str::parse).collect();
    let oid = arcs.ok().and_then(ObjectIdentifier::new);
    oid.ok_or_else(|| Error::text(format!("no OID: {dotted:?}")))
}
