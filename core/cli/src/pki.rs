//! Folders of certificates and keys, named as GSMA SGP.26 names them:
//! `CERT_CI_*.der`, `CERT_EUM_*.der`, …, and `keys.json` with private scalars.

use anyhow::{Context, Result, bail};
use esim_crypto::PrivateKey;
use esim_crypto::pki::{Certificate, TestPki};
use esim_euicc::{Identity, Personal};
use esim_rsp::Eid;
use rand_chacha::ChaCha20Rng;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Writes a test PKI with a certificate for one eUICC.
pub fn write(folder: &Path, pki: &TestPki, eid: Eid, rng: &mut ChaCha20Rng) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let euicc = pki.issue_euicc(eid.octets(), rng);
    let mut keys = BTreeMap::new();
    for (file, key, issued) in [
        ("CERT_CI_ECDSA", "SK.CI", &pki.ci),
        ("CERT_EUM_ECDSA", "SK.EUM", &pki.eum),
        ("CERT_EUICC_ECDSA", "SK.EUICC", &euicc),
        ("CERT_S_SM_DPauth_ECDSA", "SK.DPauth", &pki.dp_auth),
        ("CERT_S_SM_DPpb_ECDSA", "SK.DPpb", &pki.dp_pb),
        ("CERT_S_SM_DP_TLS", "SK.DPtls", &pki.dp_tls),
        ("CERT_S_SM_DSauth_ECDSA", "SK.DSauth", &pki.ds_auth),
        ("CERT_S_SM_DS_TLS", "SK.DStls", &pki.ds_tls),
    ] {
        fs::write(folder.join(format!("{file}.der")), &issued.certificate)?;
        keys.insert(key, hex::encode(&issued.key.to_bytes()[..]));
    }
    let path = folder.join("keys.json");
    // Its owner's alone before anything is in it.
    Ok(esim_disk::replace(&esim_disk::Files, &path, &serde_json::to_vec_pretty(&keys)?)?)
}

/// Personalisation from folders, each with CI, EUM and eUICC certificates and
/// `SK.EUICC`: a card with an identity under each CI, in order of preference.
///
/// # Errors
/// Names the file that is missing or wrong.
pub fn personalise(folders: &[PathBuf], eid: Option<Eid>) -> Result<Personal> {
    let (mut identities, mut cis, mut eid) = (Vec::new(), Vec::new(), eid);
    for folder in folders {
        let (own, identity, ci) =
            identity(folder).with_context(|| format!("the PKI in {}", folder.display()))?;
        if let Some(eid) = eid.filter(|eid| *eid != own) {
            bail!("the eUICC certificate in {} is of EID {own}, not {eid}", folder.display());
        }
        eid = Some(own);
        identities.push(identity);
        cis.push(ci);
    }
    Ok(Personal::from_parts(eid.context("no PKI folder")?, identities, cis)?)
}

fn identity(folder: &Path) -> Result<(Eid, Identity, Vec<u8>)> {
    let ci = read(folder, "CERT_CI")?;
    let eum = read(folder, "CERT_EUM")?;
    let euicc = read(folder, "CERT_EUICC")?;
    let parsed = Certificate::parse(&euicc).map_err(|error| anyhow::anyhow!("CERT_EUICC: {error}"))?;
    let own: Eid = parsed.serial_number().unwrap_or_default().parse().context("CERT_EUICC names no EID")?;
    let key = key(folder, "SK.EUICC")?;
    let key = PrivateKey::from_bytes(parsed.public_key().curve(), &key);
    let key = key.map_err(|_| anyhow::anyhow!("SK.EUICC in keys.json is not a key"))?;
    let issuer = Certificate::parse(&ci).map_err(|error| anyhow::anyhow!("CERT_CI: {error}"))?;
    let ci_key_id = issuer.subject_key_id().context("CERT_CI has no subjectKeyIdentifier")?.to_vec();
    Ok((own, Identity { ci_key_id, key, euicc_certificate: euicc, eum_certificate: eum }, ci))
}

fn read(folder: &Path, prefix: &str) -> Result<Vec<u8>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with(prefix) && name.ends_with(".der") {
            return fs::read(&path).with_context(|| format!("cannot read {}", path.display()));
        }
    }
    bail!("no {prefix}*.der in {}", folder.display())
}

fn key(folder: &Path, name: &str) -> Result<Vec<u8>> {
    let path = folder.join("keys.json");
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let keys: BTreeMap<String, String> = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not an object of hexadecimal strings", path.display()))?;
    let scalar = keys.get(name).with_context(|| format!("no {name} in {}", path.display()))?;
    hex::decode(scalar).with_context(|| format!("{name} in {} is not hexadecimal", path.display()))
}
