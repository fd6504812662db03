//! Certificates and keys of the server: the project's test PKI, or a folder of them.

use crate::pki_folder::{Found, PkiFolder};
use esim_crypto::Curve;
use esim_crypto::pki::{Certificate, Issued, Role, TestPki, TrustedCi};
use esim_smdp::config::trust_ci;
use esim_smdp::{Identity, KeyPair, Smds, SmdsIdentity};
use rand_core::CryptoRng;
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
    /// A folder as GSMA publishes SGP.26's ([`PkiFolder`]): a CI, CERT.DPauth, CERT.DPpb and CERT.DP.TLS with their
    /// keys, as many of each as there are CIs; for an SM-DS CERT.DSauth and CERT.DS.TLS, too.
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
    pub(crate) fn open(
        &self,
        folder: &Path,
        names: Names<'_>,
        rng: &mut dyn CryptoRng,
    ) -> io::Result<ServerPki> {
        match self {
            Self::Folder(path) => read_folder(path, names),
            Self::WellKnown(curve) => {
                let existing = read_folder(folder, names).ok();
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
    pub(crate) fn smds(&self, address: String, root: Option<String>) -> io::Result<Smds> {
        if self.smds_identities.is_empty() {
            let missing = "the PKI has no CERT.DSauth with its key: add them, or be no SM-DS";
            return Err(io::Error::other(missing));
        }
        Ok(Smds { address, identities: self.smds_identities.clone(), root })
    }
}

/// The hosts that a server is reached at.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
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
pub(crate) const TLS_CURVE: Curve = Curve::P256;

/// Host of an address without port.
pub(crate) fn host_of(address: &str) -> &str {
    match address.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => host,
        _ => address,
    }
}

/// Reads what a server needs: an identity under each CI that the folder has one for, those on P-256 first.
pub(crate) fn read_folder(path: &Path, names: Names<'_>) -> io::Result<ServerPki> {
    let folder = PkiFolder::read(path)?;
    // Without its own certificate an SM-DS would serve under the SM-DP+'s name.
    for (key, file) in [("SK.DSauth", "CERT_S_SM_DSauth_*.der"), ("SK.DStls", "CERT_S_SM_DS_TLS_*.der")] {
        if folder.lacks_certificate_of(key) {
            return Err(folder.wrong(format!(
                "keys.json has {key}, but there is no certificate for it ({file}): add it, or remove the key"
            )));
        }
    }
    let (mut trusted, mut identities, mut smds_identities) = (Vec::new(), Vec::new(), Vec::new());
    let mut ci_certificate = None;
    for ci in folder.cis() {
        let der = ci.certificate.raw();
        let trusted_ci = trust_ci(der).map_err(|error| folder.wrong(error.kind))?;
        let Some(identity) = identity(&folder, ci) else { continue };
        identities.push(identity);
        trusted.push(trusted_ci);
        ci_certificate.get_or_insert_with(|| der.to_vec());
        smds_identities
            .extend(pairs(&folder, ci, Role::DsAuth).find_map(|pair| SmdsIdentity::new(pair).ok()));
    }
    let Some(ci_certificate) = ci_certificate else {
        return Err(match folder.cis().is_empty() {
            true => folder.wrong("there is no certificate of a CI (CERT_CI_*.der)"),
            false if pairs_of_any(&folder, Role::DpAuth) => {
                folder.missing(Role::DpPb, "CERT.DPpb of the SM-DP+ that CERT.DPauth is of")
            }
            false => folder.missing(Role::DpAuth, "CERT.DPauth"),
        });
    };
    let tls = tls(&folder, Role::DpTls, names.smdp);
    let (tls_ci, tls) = tls.ok_or_else(|| folder.missing(Role::DpTls, "CERT.DP.TLS"))?;
    Ok(ServerPki {
        tls_ci_certificate: tls_ci.unwrap_or_else(|| ci_certificate.clone()),
        ci_certificate,
        trusted,
        identities,
        smds_identities,
        tls,
        smds_tls: names.smds.and_then(|host| tls_of(&folder, host)),
    })
}

/// CERT.DPauth and CERT.DPpb of one SM-DP+ under a CI; the first of them where there are several.
fn identity(folder: &PkiFolder, ci: &Found) -> Option<Identity> {
    pairs(folder, ci, Role::DpAuth)
        .find_map(|auth| pairs(folder, ci, Role::DpPb).find_map(|pb| Identity::new(auth.clone(), pb).ok()))
}

fn pairs<'a>(folder: &'a PkiFolder, ci: &'a Found, role: Role) -> impl Iterator<Item = KeyPair> + 'a {
    folder.issued_by(ci, role).filter_map(|found| KeyPair::of_issued(&folder.with_key(found)?).ok())
}

fn pairs_of_any(folder: &PkiFolder, role: Role) -> bool {
    folder.cis().into_iter().any(|ci| pairs(folder, ci, role).next().is_some())
}

/// A certificate for TLS and the CI above it, as far as the folder has that: best one for this host, and on the curve
/// that TLS libraries know.
fn tls(folder: &PkiFolder, role: Role, host: &str) -> Option<(Option<Vec<u8>>, Issued)> {
    let mut found: Vec<_> = folder.of_role(role).filter(|found| folder.with_key(found).is_some()).collect();
    let is_for = |found: &Found| found.certificate.san_dns_names().iter().any(|name| name == host);
    found.sort_by_key(|found| (found.certificate.public_key().curve() != TLS_CURVE, !is_for(found)));
    let best = found.first()?;
    let ci = folder.ci_above(best).map(|ci| ci.certificate.raw().to_vec());
    Some((ci, folder.with_key(best)?))
}

/// The same for an SM-DS, which may show the certificate of an SM-DP+.
fn tls_of(folder: &PkiFolder, host: &str) -> Option<Issued> {
    tls(folder, Role::DsTls, host).map(|(_, issued)| issued)
}

/// Writes the PKI for others to use: a card needs the manufacturer's key.
fn write_folder(
    path: &Path,
    pki: &TestPki,
    names: Names<'_>,
    rng: &mut dyn CryptoRng,
) -> io::Result<ServerPki> {
    let issuer = TestPki::well_known(TLS_CURVE);
    let tls = issuer.issue_dp_tls(&with_this_machine(names.smdp), rng);
    let smds_tls = names.smds.map(|host| issuer.issue_ds_tls(&with_this_machine(host), rng));
    let suffix = match pki.parameters().curve {
        Curve::P256 => "_NIST",
        Curve::BrainpoolP256r1 => "_BRP",
    };
    let for_tls = |role: Role| matches!(role, Role::DpTls | Role::DsTls);
    let mut parts: Vec<_> = pki.issued().into_iter().filter(|(role, _)| !for_tls(*role)).collect();
    parts.push((Role::DpTls, &tls));
    parts.extend(smds_tls.as_ref().map(|tls| (Role::DsTls, tls)));
    PkiFolder::write(path, suffix, &parts)?;
    read_folder(path, names)
}

/// A host, and the names that this machine has for itself.
fn with_this_machine(host: &str) -> Vec<&str> {
    let mut hosts = vec![host, "localhost", "127.0.0.1"];
    hosts.sort_by_key(|other| *other != host);
    hosts.dedup();
    hosts
}
