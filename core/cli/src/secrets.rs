//! `esim-lab pki worker`: the secrets of a worker, in the file that `wrangler deploy --secrets-file` takes.

use anyhow::{Context, Result, bail};
use clap::Args;
use esim_crypto::Curve;
use esim_crypto::pki::{Issued, Role, TestPki, verify_server};
use esim_rsp::json::Base64;
use esim_sm_edge::smdp::config::trust_ci;
use esim_sm_edge::smdp::{Identity, KeyPair};
use esim_sm_native::{Found, PkiFolder};
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// Options of `pki worker`.
#[derive(Args)]
pub struct Worker {
    /// File to write, for its owner alone. One that is there is not touched: what a worker has sealed opens with its own
    /// key only.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Folder with CERT.CI, CERT.DPauth and CERT.DPpb (for an SM-DS CERT.DSauth) and their keys, as GSMA publishes those of
    /// SGP.26: an identity under each CI in it; may be repeated.
    #[arg(long, value_name = "DIR", required_unless_present = "test_pki")]
    pki: Vec<PathBuf>,
    /// The project's test PKI, of which everybody has the keys: for playgrounds.
    #[arg(long, conflicts_with = "pki")]
    test_pki: bool,
}

/// Writes the file: PKI, and SEAL_KEY and ES2_TOKEN, which are drawn.
pub fn run(args: &Worker) -> Result<()> {
    let pki = match args.test_pki {
        true => "test".to_string(),
        false => Value::from(entries(&args.pki)?).to_string(),
    };
    let (key, token) = (crate::random_octets::<32>()?, crate::random_octets::<32>()?);
    let secrets = json!({"SEAL_KEY": hex::encode(key), "ES2_TOKEN": hex::encode(token), "PKI": pki});
    let text = serde_json::to_vec_pretty(&secrets)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let path = args.out.display();
    let written = options.open(&args.out).and_then(|mut file| {
        file.write_all(&text)?;
        file.sync_all()
    });
    written.with_context(|| path.to_string())?;
    say!("npx wrangler deploy --secrets-file {path}");
    say!("keep {path} where nobody else reads it: without SEAL_KEY the records are lost");
    Ok(())
}

/// What stands under each CI of the folders.
fn entries(folders: &[PathBuf]) -> Result<Vec<Value>> {
    let mut entries = Vec::new();
    for path in folders {
        let (folder, before) = (PkiFolder::read(path)?, entries.len());
        for ci in folder.cis() {
            entries.extend(entry(&folder, ci).with_context(|| format!("{}", ci.file.display()))?);
        }
        if entries.len() == before {
            bail!(
                "{} has no CI with CERT.DPauth and CERT.DPpb below it that are valid now, and the keys of both",
                path.display()
            );
        }
    }
    Ok(entries)
}

/// What stands under one CI; none where it has no SM-DP+ whose certificates are good now, as the worker will judge.
fn entry(folder: &PkiFolder, ci: &Found) -> Result<Option<Value>> {
    let (trusted, now) = ([trust_ci(ci.certificate.raw())?], Some(crate::clock().now()));
    let own = |role| {
        let mut issued = folder.issued_by(ci, role);
        let good = |found: &&Found| verify_server(&found.certificate, role, &trusted, now).is_ok();
        issued.by_ref().filter(good).find_map(|found| folder.with_key(found))
    };
    let (Some(dp_auth), Some(dp_pb)) = (own(Role::DpAuth), own(Role::DpPb)) else { return Ok(None) };
    let known = [Curve::P256, Curve::BrainpoolP256r1].map(TestPki::well_known);
    if known.iter().any(|test| test.ci.certificate == ci.certificate.raw()) {
        bail!(
            "this is the CI of the project's test PKI, of which everybody has the keys: say --test-pki for that"
        );
    }
    Identity::new(KeyPair::of_issued(&dp_auth)?, KeyPair::of_issued(&dp_pb)?)?;
    let mut entry = json!({
        "ci": Base64(ci.certificate.raw().to_vec()),
        "dpAuth": pair(&dp_auth),
        "dpPb": pair(&dp_pb),
    });
    if let Some(ds_auth) = own(Role::DsAuth) {
        entry["dsAuth"] = pair(&ds_auth);
    }
    Ok(Some(entry))
}

fn pair(issued: &Issued) -> Value {
    let key = hex::encode(&issued.key.to_bytes()[..]);
    json!({"certificate": Base64(issued.certificate.clone()), "key": key})
}
