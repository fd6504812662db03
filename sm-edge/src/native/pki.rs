//! Certificates and keys of the server: the project's test PKI, or a folder of
//! `CERT_*.der` and `keys.json` as GSMA SGP.26 names them.

use super::files;
use esim_crypto::pki::{Certificate, Issued, TestPki, TrustedCi};
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::CertificateDer;
use esim_smdp::config::trust_ci;
use esim_smdp::{Identity, KeyPair, Smds, SmdsIdentity};
use rand_core::CryptoRng;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where certificates and keys come from.
#[derive(Clone, Debug)]
pub enum PkiSource {
    /// [`TestPki::well_known`]: the same on every machine, so that cards and
    /// servers of different machines know each other; protects nothing. It is
    /// written to `pki/` in the data folder, with a TLS certificate for the
    /// names of this server. eUICCs of the other curve are served beside.
    WellKnown(Curve),
    /// A folder with `CERT_CI*.der`, `CERT_*DPauth*.der`, `CERT_*DPpb*.der`,
    /// `CERT_*DP_TLS*.der` and `keys.json` with the private scalars in
    /// hexadecimal, under `SK.DPauth`, `SK.DPpb` and `SK.DPtls`; for an SM-DS
    /// `CERT_*DSauth*.der`, `CERT_*DS_TLS*.der`, `SK.DSauth` and `SK.DStls`, too.
    Folder(PathBuf),
}

impl Default for PkiSource {
    fn default() -> Self {
        Self::WellKnown(Curve::P256)
    }
}

/// What a server needs of a PKI.
#[derive(Clone, Debug)]
pub struct ServerPki {
    /// CERT.CI, DER.
    pub ci_certificate: Vec<u8>,
    /// CIs whose eUICCs are served.
    pub trusted: Vec<TrustedCi>,
    /// CERT.DPauth, CERT.DPpb and their keys, one for each CI.
    pub identities: Vec<Identity>,
    /// CERT.DSauth and its key, one for each CI; none if the server is no SM-DS.
    pub smds_identities: Vec<SmdsIdentity>,
    /// Certificate of the CI above `tls`, DER: the root for HTTPS clients.
    pub tls_ci_certificate: Vec<u8>,
    /// CERT.DP.TLS, DER, and its key.
    pub tls: Issued,
    /// CERT.DS.TLS, DER, and its key; none if the server is no SM-DS, or shows CERT.DP.TLS as one, too.
    pub smds_tls: Option<Issued>,
}

impl PkiSource {
    /// `folder` is where the well-known PKI is written.
    pub(super) fn open(
        &self,
        folder: &Path,
        names: Names<'_>,
        rng: &mut dyn CryptoRng,
    ) -> io::Result<ServerPki> {
        match self {
            Self::Folder(path) => read_folder(path),
            Self::WellKnown(curve) => {
                let existing = read_folder(folder).ok();
                let own = TestPki::well_known(*curve);
                // Written by another version, for another curve or name: made anew.
                let existing =
                    existing.filter(|pki| pki.ci_certificate == own.ci.certificate && names.are_of(pki));
                let mut pki = match existing {
                    Some(pki) => pki,
                    None => write_folder(folder, &own, names, rng)?,
                };
                pki.smds_identities.clear();
                pki.add_smds(&own)?;
                pki.tls_ci_certificate = TestPki::well_known(TLS_CURVE).ci.certificate;
                pki.add(&TestPki::well_known(match curve {
                    Curve::P256 => Curve::BrainpoolP256r1,
                    Curve::BrainpoolP256r1 => Curve::P256,
                }))?;
                Ok(pki)
            }
        }
    }
}

impl ServerPki {
    fn add(&mut self, pki: &TestPki) -> io::Result<()> {
        self.identities.push(Identity::of_test_pki(pki).map_err(io::Error::other)?);
        self.trusted.push(trust_ci(&pki.ci.certificate).map_err(io::Error::other)?);
        self.add_smds(pki)
    }

    fn add_smds(&mut self, pki: &TestPki) -> io::Result<()> {
        let identity = KeyPair::of_issued(&pki.ds_auth).and_then(SmdsIdentity::new);
        self.smds_identities.push(identity.map_err(io::Error::other)?);
        Ok(())
    }

    /// The SM-DS with these certificates.
    pub(super) fn smds(&self, address: String, root: Option<String>) -> io::Result<Smds> {
        if self.smds_identities.is_empty() {
            let missing = "the PKI has no CERT_*DSauth*.der and SK.DSauth: add them, or be no SM-DS";
            return Err(io::Error::other(missing));
        }
        Ok(Smds { address, identities: self.smds_identities.clone(), root })
    }
}

/// The hosts that a server is reached at.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    smdp: &'a str,
    smds: Option<&'a str>,
}

impl<'a> Names<'a> {
    /// From addresses, which may have a port.
    pub fn of(smdp_address: &'a str, smds_address: Option<&'a str>) -> Self {
        Self { smdp: host_of(smdp_address), smds: smds_address.map(host_of) }
    }

    /// Whether the TLS certificates are for these hosts.
    fn are_of(&self, pki: &ServerPki) -> bool {
        let is_for = |tls: &Issued, host: &str| {
            Certificate::parse(&tls.certificate)
                .is_ok_and(|it| it.san_dns_names().iter().any(|name| name == host))
        };
        let of_smds = |host| pki.smds_tls.as_ref().is_some_and(|tls| is_for(tls, host));
        is_for(&pki.tls, self.smdp) && self.smds.is_none_or(of_smds)
    }
}

/// The curve that TLS libraries know.
pub(super) const TLS_CURVE: Curve = Curve::P256;

/// Host of an address without port.
pub(super) fn host_of(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => host,
        _ => address,
    }
}

/// Key names of `keys.json` and words in the names of the certificate files.
const DP_AUTH: (&str, &[&str]) = ("SK.DPauth", &["DPAUTH"]);
const DP_PB: (&str, &[&str]) = ("SK.DPpb", &["DPPB"]);
const DS_AUTH: (&str, &[&str]) = ("SK.DSauth", &["DSAUTH"]);
const DP_TLS: (&str, &[&str]) = ("SK.DPtls", &["DP_TLS", "DPTLS"]);
const DS_TLS: (&str, &[&str]) = ("SK.DStls", &["DS_TLS", "DSTLS"]);

pub(super) fn read_folder(path: &Path) -> io::Result<ServerPki> {
    let folder = Folder::read(path)?;
    let ci_certificate = folder.certificate(&["CERT_CI"])?;
    let key_pair = |names| {
        let Issued { certificate, key } = folder.issued(names)?;
        let certificate = CertificateDer::new(certificate).map_err(io::Error::other)?;
        Ok::<_, io::Error>(KeyPair { certificate, key })
    };
    let identity = Identity::new(key_pair(DP_AUTH)?, key_pair(DP_PB)?);
    let identity = identity.map_err(|error| folder.wrong(error))?;
    let trusted = vec![trust_ci(&ci_certificate).map_err(|error| folder.wrong(error))?];
    Ok(ServerPki {
        tls_ci_certificate: ci_certificate.clone(),
        ci_certificate,
        trusted,
        identities: vec![identity],
        smds_identities: match folder.issued_if_any(DS_AUTH)? {
            Some(issued) => {
                let pair = KeyPair::of_issued(&issued).and_then(SmdsIdentity::new);
                vec![pair.map_err(|error| folder.wrong(error))?]
            }
            None => Vec::new(),
        },
        tls: folder.issued(DP_TLS)?,
        smds_tls: folder.issued_if_any(DS_TLS)?,
    })
}

/// Certificates by upper-case file name, keys by name.
struct Folder {
    path: PathBuf,
    certificates: BTreeMap<String, Vec<u8>>,
    keys: BTreeMap<String, String>,
}

impl Folder {
    fn read(path: &Path) -> io::Result<Self> {
        let mut certificates = BTreeMap::new();
        for entry in fs::read_dir(path).map_err(|error| files::at(path, error))? {
            let file = entry?.path();
            let name = file.file_name().map(|name| name.to_string_lossy().to_ascii_uppercase());
            if let Some(name) = name.filter(|name| name.ends_with(".DER")) {
                certificates.insert(name, fs::read(&file).map_err(|error| files::at(&file, error))?);
            }
        }
        let file = path.join("keys.json");
        let octets = files::read(&file)?.unwrap_or_default();
        let keys = serde_json::from_slice(&octets);
        // The parser's own words might quote a key.
        let keys = keys.map_err(|_| io::Error::other(format!("{}: no JSON of keys", file.display())))?;
        Ok(Self { path: path.to_path_buf(), certificates, keys })
    }

    fn certificate(&self, words: &[&str]) -> io::Result<Vec<u8>> {
        let named = |name: &&String| words.iter().any(|word| name.contains(word));
        let found = self.certificates.keys().find(named).and_then(|name| self.certificates.get(name));
        found.cloned().ok_or_else(|| self.wrong(format!("no certificate file called {words:?}")))
    }

    fn issued(&self, (key, words): (&str, &[&str])) -> io::Result<Issued> {
        let certificate = self.certificate(words)?;
        let parsed = Certificate::parse(&certificate).map_err(|error| self.wrong(error))?;
        let scalar = self.keys.get(key).and_then(|text| hex::decode(text).ok());
        let scalar = scalar.ok_or_else(|| self.wrong(format!("keys.json has no {key}")))?;
        let key = PrivateKey::from_bytes(parsed.public_key().curve(), &scalar);
        Ok(Issued { certificate, key: key.map_err(|error| self.wrong(error))? })
    }

    /// None where there is no key of this name; with one, the certificate must be there, too.
    fn issued_if_any(&self, names: (&str, &[&str])) -> io::Result<Option<Issued>> {
        self.keys.contains_key(names.0).then(|| self.issued(names)).transpose()
    }

    fn wrong(&self, reason: impl core::fmt::Display) -> io::Error {
        io::Error::other(format!("{}: {reason}", self.path.display()))
    }
}

/// Writes the PKI for others to use: a card needs the manufacturer's key.
fn write_folder(
    path: &Path,
    pki: &TestPki,
    names: Names<'_>,
    rng: &mut dyn CryptoRng,
) -> io::Result<ServerPki> {
    files::make_folder(path)?;
    let issuer = TestPki::well_known(TLS_CURVE);
    let tls = issuer.issue_dp_tls(&with_this_machine(names.smdp), rng);
    let smds_tls = names.smds.map(|host| issuer.issue_ds_tls(&with_this_machine(host), rng));
    let suffix = match pki.parameters().curve {
        Curve::P256 => "NIST",
        Curve::BrainpoolP256r1 => "BRP",
    };
    let mut parts = vec![
        ("CERT_CI_ECDSA", "SK.CI", &pki.ci),
        ("CERT_EUM_ECDSA", "SK.EUM", &pki.eum),
        ("CERT_S_SM_DPauth_ECDSA", "SK.DPauth", &pki.dp_auth),
        ("CERT_S_SM_DPpb_ECDSA", "SK.DPpb", &pki.dp_pb),
        ("CERT_S_SM_DP_TLS", "SK.DPtls", &tls),
        ("CERT_S_SM_DSauth_ECDSA", "SK.DSauth", &pki.ds_auth),
    ];
    parts.extend(smds_tls.as_ref().map(|tls| ("CERT_S_SM_DS_TLS", "SK.DStls", tls)));
    let mut keys = BTreeMap::new();
    for (file, key, issued) in parts {
        files::write_secret(&path.join(format!("{file}_{suffix}.der")), &issued.certificate)?;
        keys.insert(key, hex::encode(&issued.key.to_bytes()[..]));
    }
    let json = serde_json::to_vec_pretty(&keys).map_err(io::Error::other)?;
    files::write_secret(&path.join("keys.json"), &json)?;
    read_folder(path)
}

/// A host, and the names that this machine has for itself.
fn with_this_machine(host: &str) -> Vec<&str> {
    let mut hosts = vec![host, "localhost", "127.0.0.1"];
    hosts.sort_by_key(|other| *other != host);
    hosts.dedup();
    hosts
}
