//! A folder of certificates and keys, as GSMA publishes those of SGP.26: certificates in DER or PEM, keys in PEM
//! (`SK_*.pem`) or as scalars in `keys.json`, both curves and several CIs side by side, in folders below it or in one.
//!
//! What a certificate is for is in it (its policies), who has issued it too (key identifiers), and which key is its own
//! is calculated: names of files decide nothing but the order in which equals are looked at.

use crate::files;
use esim_crypto::pki::{Certificate, Issued, Role, verify_signature};
use esim_crypto::{Curve, PrivateKey, PublicKey};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Folders below the folder.
const MAX_DEPTH: usize = 4;
/// Files that are looked at; SGP.26 has some hundreds.
const MAX_FILES: usize = 4096;
/// Octets of a file.
const MAX_OCTETS: u64 = 64 << 10;

/// Certificates and keys that belong together.
pub struct PkiFolder {
    path: PathBuf,
    found: Vec<Found>,
    keys: BTreeMap<[u8; 65], PrivateKey>,
    /// Public keys of each scalar of `keys.json`, one for each curve.
    named: BTreeMap<String, Vec<PublicKey>>,
}

/// A certificate in a folder.
pub struct Found {
    /// Its file.
    pub file: PathBuf,
    /// It.
    pub certificate: Certificate,
}

impl PkiFolder {
    /// Writes certificates (`CERT_…SUFFIX.der`) and their keys (`keys.json`), one of each role, into a folder, which is made
    /// if it is not there. Its files are their owner's alone.
    ///
    /// # Errors
    /// A folder or file that cannot be written.
    pub fn write(path: &Path, suffix: &str, parts: &[(Role, &Issued)]) -> io::Result<()> {
        files::make_folder(path)?;
        let mut keys = BTreeMap::new();
        for (role, issued) in parts {
            let (file, key) = names_of(*role);
            files::write_secret(&path.join(format!("{file}{suffix}.der")), &issued.certificate)?;
            keys.insert(key, Zeroizing::new(hex::encode(&issued.key.to_bytes()[..])));
        }
        let json = Zeroizing::new(serde_json::to_vec_pretty(&keys).map_err(io::Error::other)?);
        files::write_secret(&path.join("keys.json"), &json)
    }

    /// Reads every file that may be a certificate or a key; what is neither, is of another algorithm, or is damaged, is
    /// passed over: published folders hold bad certificates on purpose.
    ///
    /// # Errors
    /// A folder or file that cannot be read; a `keys.json` that is no object of scalars.
    pub fn read(path: &Path) -> io::Result<Self> {
        let mut folder = Self {
            path: path.to_path_buf(),
            found: Vec::new(),
            keys: BTreeMap::new(),
            named: BTreeMap::new(),
        };
        for name in files_in(path)? {
            let octets = Zeroizing::new(fs::read(&name).map_err(|error| files::at(&name, error))?);
            match name.file_name().is_some_and(|own| own.eq_ignore_ascii_case("keys.json")) {
                true => folder.add_scalars(&name, &octets)?,
                false => folder.add(&name, &octets),
            }
        }
        Ok(folder)
    }

    fn add(&mut self, file: &Path, octets: &[u8]) {
        let mut certificate = |der: &[u8]| {
            if let Ok(certificate) = Certificate::parse(der) {
                self.found.push(Found { file: file.to_path_buf(), certificate });
            }
        };
        if octets.first() == Some(&0x30) {
            return certificate(octets);
        }
        CertificateDer::pem_slice_iter(octets).flatten().for_each(|der| certificate(&der));
        for key in PrivateKeyDer::pem_slice_iter(octets).flatten() {
            if let Some(scalar) = scalar_of(key.secret_der()) {
                self.add_key(scalar);
            }
        }
    }

    /// `{"SK.DPauth": "hexadecimal", …}`: the private scalars, 32 octets each, under any names.
    fn add_scalars(&mut self, file: &Path, octets: &[u8]) -> io::Result<()> {
        // The parser's own words might quote a key.
        let wrong = |what: &str| files::at(file, io::Error::other(what.to_string()));
        let scalars: BTreeMap<String, Zeroizing<String>> = serde_json::from_slice(octets)
            .map_err(|_| wrong("no JSON object of private scalars in hexadecimal"))?;
        for (name, text) in &scalars {
            let scalar = hex::decode(text.as_str()).map(Zeroizing::new);
            let scalar = scalar.map_err(|_| wrong(&format!("{name} is not hexadecimal")))?;
            let publics = self.add_key(&scalar);
            self.named.insert(name.clone(), publics);
        }
        Ok(())
    }

    /// A scalar does not say of which curve it is: it is the key of the certificate that it fits.
    fn add_key(&mut self, scalar: &[u8]) -> Vec<PublicKey> {
        let mut publics = Vec::new();
        for curve in [Curve::P256, Curve::BrainpoolP256r1] {
            if let Ok(key) = PrivateKey::from_bytes(curve, scalar) {
                publics.push(key.public_key().clone());
                self.keys.insert(key.public_key().to_sec1(), key);
            }
        }
        publics
    }

    /// Whether `keys.json` has a key of this name that no certificate is for: one of the two is missing by mistake.
    pub fn lacks_certificate_of(&self, name: &str) -> bool {
        let is_for = |public: &PublicKey| {
            self.found.iter().any(|found| {
                let own = found.certificate.public_key();
                own.curve() == public.curve() && own.to_sec1() == public.to_sec1()
            })
        };
        self.named.get(name).is_some_and(|publics| !publics.iter().any(is_for))
    }

    /// The CIs, those on P-256 first.
    pub fn cis(&self) -> Vec<&Found> {
        let mut cis: Vec<_> = self.of_role(Role::Ci).collect();
        cis.sort_by_key(|ci| ci.certificate.public_key().curve() != Curve::P256);
        cis.dedup_by_key(|ci| ci.certificate.subject_key_id().map(<[u8]>::to_vec));
        cis
    }

    /// Certificates with this role, in the order of their files.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &Found> {
        self.found.iter().filter(move |found| found.certificate.has_role(role))
    }

    /// Those of them that an issuer has really signed.
    pub fn issued_by<'a>(&'a self, issuer: &'a Found, role: Role) -> impl Iterator<Item = &'a Found> {
        self.of_role(role).filter(|found| found.is_issued_by(issuer))
    }

    /// The CI that has signed a certificate.
    pub fn ci_above(&self, found: &Found) -> Option<&Found> {
        self.of_role(Role::Ci).find(|ci| found.is_issued_by(ci))
    }

    /// The certificate with its key, if the folder has it.
    pub fn with_key(&self, found: &Found) -> Option<Issued> {
        let key = self.key_of(found.certificate.public_key())?;
        Some(Issued { certificate: found.certificate.raw().to_vec(), key: key.clone() })
    }

    /// The private key of a public one.
    pub fn key_of(&self, public: &PublicKey) -> Option<&PrivateKey> {
        // Octets may be a point of either curve.
        self.keys.get(&public.to_sec1()).filter(|key| key.curve() == public.curve())
    }

    /// Why something could not be had of this folder.
    pub fn wrong(&self, reason: impl core::fmt::Display) -> io::Error {
        io::Error::other(format!("{}: {reason}", self.path.display()))
    }

    /// What is missing: the certificate itself, or its key.
    pub fn missing(&self, role: Role, what: &str) -> io::Error {
        let keyless = self.of_role(role).find(|found| self.with_key(found).is_none());
        match keyless {
            None => self.wrong(format!("there is no {what} under a CI of this folder")),
            Some(found) => self.wrong(format!(
                "{} is a {what}, but its private key is neither in keys.json nor in a PEM file, or the CI above it is missing",
                found.name()
            )),
        }
    }
}

impl Found {
    /// Name of its file.
    pub fn name(&self) -> String {
        self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// Whether the key identifiers say so and the signature proves it.
    pub fn is_issued_by(&self, issuer: &Self) -> bool {
        let own = self.certificate.authority_key_id();
        own.is_some()
            && own == issuer.certificate.subject_key_id()
            && verify_signature(&self.certificate, issuer.certificate.public_key()).is_ok()
    }
}

/// Name of the certificate's file, as GSMA has it, and of its key in `keys.json`.
fn names_of(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Ci => ("CERT_CI_ECDSA", "SK.CI"),
        Role::Eum => ("CERT_EUM_ECDSA", "SK.EUM"),
        Role::Euicc => ("CERT_EUICC_ECDSA", "SK.EUICC"),
        Role::DpAuth => ("CERT_S_SM_DPauth_ECDSA", "SK.DPauth"),
        Role::DpPb => ("CERT_S_SM_DPpb_ECDSA", "SK.DPpb"),
        Role::DpTls => ("CERT_S_SM_DP_TLS", "SK.DPtls"),
        Role::DsAuth => ("CERT_S_SM_DSauth_ECDSA", "SK.DSauth"),
        Role::DsTls => ("CERT_S_SM_DS_TLS", "SK.DStls"),
    }
}

/// The files of a folder that are looked at.
pub(crate) fn files_in(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    list(path, MAX_DEPTH, &mut names)?;
    Ok(names)
}

/// Files that may hold something, those of a folder before those of the folders in it, by name.
fn list(path: &Path, depth: usize, names: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(path)
        .and_then(|entries| {
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()
        })
        .map_err(|error| files::at(path, error))?;
    entries.sort();
    let (folders, own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.is_dir());
    names.extend(own.into_iter().filter(|name| may_hold(name)));
    if names.len() > MAX_FILES {
        return Err(files::at(
            path,
            io::Error::other(format!("more than {MAX_FILES} files: is this a folder of a PKI?")),
        ));
    }
    match depth {
        0 => Ok(()),
        _ => folders.iter().try_for_each(|folder| list(folder, depth - 1, names)),
    }
}

fn may_hold(name: &Path) -> bool {
    let extension = name.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
    let fits = matches!(extension.as_deref(), Some("der" | "cer" | "crt" | "pem" | "key"))
        || name.file_name().is_some_and(|own| own.eq_ignore_ascii_case("keys.json"));
    fits && fs::metadata(name).is_ok_and(|file| file.is_file() && file.len() <= MAX_OCTETS)
}

/// The scalar of an ECPrivateKey (RFC 5915: version 1, 32 octets), alone (SEC1) or inside PKCS#8.
fn scalar_of(der: &[u8]) -> Option<&[u8]> {
    const MARK: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
    let at = der.windows(MARK.len()).position(|window| window == MARK)?;
    der.get(at + MARK.len()..)?.get(..32)
}
