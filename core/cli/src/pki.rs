//! Folders of certificates and keys for a card, written and read.

use anyhow::{Context, Result, bail};
use esim_crypto::pki::{Role, TestPki};
use esim_euicc::{Identity, Personal};
use esim_rsp::Eid;
use esim_sm_native::{Found, PkiFolder};
use rand_chacha::ChaCha20Rng;
use std::path::{Path, PathBuf};

/// Writes a test PKI with a certificate for one eUICC.
pub fn write(folder: &Path, pki: &TestPki, eid: Eid, rng: &mut ChaCha20Rng) -> Result<()> {
    let euicc = pki.issue_euicc(eid.octets(), rng);
    let mut parts = pki.issued().to_vec();
    parts.push((Role::Euicc, &euicc));
    Ok(PkiFolder::write(folder, "", &parts)?)
}

/// Personalisation from folders as GSMA publishes SGP.26's ([`PkiFolder`]): a card with an identity under each CI that has
/// a manufacturer and an eUICC in them, in order of preference. All are of one EID: the one asked for, else the first.
///
/// # Errors
/// Names the folder, and what is missing or wrong in it.
pub fn personalise(folders: &[PathBuf], eid: Option<Eid>) -> Result<Personal> {
    let (mut identities, mut cis, mut eid) = (Vec::new(), Vec::new(), eid);
    for path in folders {
        let folder = PkiFolder::read(path)?;
        let before = identities.len();
        let mut others = Vec::new();
        for ci in folder.cis() {
            for (own, identity) in euiccs(&folder, ci) {
                if *eid.get_or_insert(own) == own {
                    identities.push(identity);
                    cis.push(ci.certificate.raw().to_vec());
                    break;
                }
                others.push(own.to_string());
            }
        }
        match (identities.len() > before, others.first()) {
            (true, _) => {}
            (false, Some(other)) => {
                let wanted = eid.map(|eid| eid.to_string()).unwrap_or_default();
                bail!("the eUICC certificate in {} is of EID {other}, not {wanted}", path.display())
            }
            (false, None) => return Err(missing(&folder).into()),
        }
    }
    Ok(Personal::from_parts(eid.context("no PKI folder")?, identities, cis)?)
}

/// The eUICCs under a CI whose keys are there, with their EIDs.
fn euiccs(folder: &PkiFolder, ci: &Found) -> Vec<(Eid, Identity)> {
    let eums = folder.issued_by(ci, Role::Eum);
    let all = eums.flat_map(|eum| folder.issued_by(eum, Role::Euicc).map(move |euicc| (eum, euicc)));
    let one = |(eum, euicc): (&Found, &Found)| {
        let eid: Eid = euicc.certificate.serial_number()?.parse().ok()?;
        let identity = Identity {
            ci_key_id: ci.certificate.subject_key_id()?.to_vec(),
            key: folder.with_key(euicc)?.key,
            euicc_certificate: euicc.certificate.raw().to_vec(),
            eum_certificate: eum.certificate.raw().to_vec(),
        };
        Some((eid, identity))
    };
    all.filter_map(one).collect()
}

fn missing(folder: &PkiFolder) -> std::io::Error {
    match (folder.cis().is_empty(), folder.of_role(Role::Eum).next()) {
        (true, _) => folder.wrong("there is no certificate of a CI (CERT_CI_*.der)"),
        (false, None) => folder.wrong("there is no certificate of a manufacturer (CERT_EUM_*.der)"),
        (false, Some(_)) => folder.missing(Role::Euicc, "CERT.EUICC of a manufacturer in it"),
    }
}
