//! `esim-lab pki` and `esim-lab sm token`: certificates and tokens for those who call the SM.

use crate::euicc::draw_eid;
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use esim_crypto::pki::{Certificate, CrlDraft, Issued, TestPki};
use esim_crypto::{Curve, PrivateKey, sha256};
use esim_rsp::Eid;
use esim_sm_edge::token::{Claims, LONGEST, sign};
use esim_sm_native::pem;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// `pki`.
#[derive(Subcommand)]
pub enum Pki {
    /// Certificates and keys of the project's test PKI with those of one eUICC, named as SGP.26 names them: for
    /// `euicc init --pki`, or for a card or SM-DP+ of your own.
    Euicc {
        /// Folder for the files.
        #[arg(long)]
        out: PathBuf,
        /// 32 digits; drawn if absent.
        #[arg(long)]
        eid: Option<Eid>,
        /// brainpoolP256r1 in place of P-256.
        #[arg(long)]
        brainpool: bool,
    },
    /// A client certificate for an LPA under the project's test CI: `ca.pem`, `lpa.pem`, `lpa.key`.
    Lpa {
        /// Folder for the files.
        #[arg(long)]
        out: PathBuf,
        /// Common name.
        #[arg(long, default_value = "esim-lab LPA")]
        name: String,
    },
    /// A revocation list of the project's test CI (manufacturers, servers) or of its manufacturer (eUICCs), for
    /// `sm serve --crl`.
    Crl {
        /// File to write: DER.
        #[arg(long)]
        out: PathBuf,
        /// Certificate that is taken back, DER or PEM; may be repeated, all of one issuer.
        #[arg(long, value_name = "FILE", required = true)]
        revoke: Vec<PathBuf>,
        /// Days until the next list.
        #[arg(long, default_value_t = 7)]
        days: u64,
    },
    /// The secrets of a worker, for `wrangler deploy --secrets-file`: seal key and token drawn, PKI of a folder.
    Worker(crate::secrets::Worker),
    /// What an operator needs to call ES2+: `operator.pem`, `operator.key`, and its entry for `sm serve --operators`.
    Operator {
        /// Folder for the files.
        #[arg(long)]
        out: PathBuf,
        /// Its OID: `functionRequesterIdentifier`.
        #[arg(long)]
        oid: String,
        /// Where it is told how its orders go on: host, or an address with https:// in front.
        #[arg(long)]
        callback: Option<String>,
    },
}

/// Runs `pki`.
pub fn run(command: &Pki) -> Result<()> {
    let pki = TestPki::well_known(Curve::P256);
    match command {
        Pki::Euicc { out, eid, brainpool } => {
            let pki = TestPki::well_known(if *brainpool { Curve::BrainpoolP256r1 } else { Curve::P256 });
            let eid = eid.map_or_else(draw_eid, Ok)?;
            crate::pki::write(out, &pki, eid, &mut crate::random()?)?;
            say!("EID {eid}");
            say!("euicc init --pki {}", out.display());
        }
        Pki::Lpa { out, name } => {
            let issued = pki.issue_client(name, &mut crate::random()?);
            write_pair(out, "lpa", &issued)?;
            let ca = out.join("ca.pem");
            fs::write(&ca, pem::write("CERTIFICATE", &pki.ci.certificate)).with_context(|| name_of(&ca))?;
            say!("sm serve --require-lpa-certificate {}", ca.display());
            let (certificate, key) = (out.join("lpa.pem"), out.join("lpa.key"));
            say!("lpa --client-cert {} --client-key {}", certificate.display(), key.display());
        }
        Pki::Crl { out, revoke, days } => {
            let list = revocation_list(&pki, revoke, *days)?;
            fs::write(out, list).with_context(|| name_of(out))?;
            say!("sm serve --crl {}", out.display());
        }
        Pki::Worker(args) => crate::secrets::run(args)?,
        Pki::Operator { out, oid, callback } => {
            let issued = pki.issue_client(&format!("esim-lab operator {oid}"), &mut crate::random()?);
            write_pair(out, "operator", &issued)?;
            let entry = serde_json::json!([{
                "oid": oid,
                "callback": callback,
                "tokenKey": pem::write_public_key(&issued.key.public_key()),
                "certificates": [hex::encode(sha256(&[&issued.certificate]))],
            }]);
            let path = out.join("operators.json");
            fs::write(&path, serde_json::to_vec_pretty(&entry)?).with_context(|| name_of(&path))?;
            say!("sm serve --operators {}", path.display());
            say!("sm token --key {} --oid {oid} --sm ADDRESS", out.join("operator.key").display());
        }
    }
    Ok(())
}

/// A list of certificates in files, by whoever has issued them all.
fn revocation_list(pki: &TestPki, files: &[PathBuf], days: u64) -> Result<Vec<u8>> {
    let key_id =
        |issued: &Issued| Certificate::parse(&issued.certificate).ok()?.subject_key_id().map(<[u8]>::to_vec);
    let (ci, eum) = (key_id(&pki.ci), key_id(&pki.eum));
    let (mut revoked, mut issuers) = (Vec::new(), BTreeSet::new());
    for file in files {
        for der in pem::read_certificates(file)? {
            let certificate =
                Certificate::parse(&der).map_err(|error| anyhow::anyhow!("{}: {error}", file.display()))?;
            let issuer = certificate.authority_key_id().map(<[u8]>::to_vec);
            if issuer.is_none() || (issuer != ci && issuer != eum) {
                bail!("{} is of another issuer than the project's test CI and manufacturer", file.display());
            }
            issuers.insert(issuer);
            revoked.push(certificate.serial().to_vec());
        }
    }
    if issuers.len() > 1 {
        bail!("these certificates are of two issuers: write a list of each");
    }
    let now = crate::clock().now();
    let draft = CrlDraft {
        // A later list counts.
        number: now,
        revoked: &revoked,
        next_update: Some(now + days * 24 * 3600),
        ..CrlDraft::default()
    };
    Ok(if issuers.contains(&eum) { pki.issue_eum_crl(&draft) } else { pki.issue_crl(&draft) })
}

fn write_pair(folder: &Path, name: &str, issued: &Issued) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| name_of(folder))?;
    let certificate = folder.join(format!("{name}.pem"));
    fs::write(&certificate, pem::write("CERTIFICATE", &issued.certificate))
        .with_context(|| name_of(&certificate))?;
    let key = folder.join(format!("{name}.key"));
    // Made for its owner alone before anything is in it.
    let text = pem::write("PRIVATE KEY", &issued.key_pkcs8_der());
    Ok(esim_disk::replace(&esim_disk::Files, &key, text.as_bytes())?)
}

fn name_of(path: &Path) -> String {
    path.display().to_string()
}

/// `sm token`.
#[derive(clap::Args)]
pub struct Token {
    /// The operator's private key: PEM (PKCS#8, P-256).
    #[arg(long)]
    key: PathBuf,
    /// OID of the operator, as the SM's file of operators has it.
    #[arg(long)]
    oid: String,
    /// SM-DP+ address that the token is for.
    #[arg(long, default_value = "localhost:8443")]
    sm: String,
    /// For how long, at most an hour.
    #[arg(long, default_value_t = LONGEST, value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    seconds: u64,
}

/// Prints a signed token: `Authorization: Bearer …`.
pub fn token(args: &Token) -> Result<()> {
    let now = crate::clock().now();
    let claims = Claims { iss: args.oid.clone(), aud: args.sm.clone(), iat: now, exp: now + args.seconds };
    say!("{}", sign(&claims, &read_key(&args.key)?));
    Ok(())
}

fn read_key(path: &Path) -> Result<PrivateKey> {
    let text = fs::read(path).with_context(|| name_of(path))?;
    match pem::read_private_key(&text) {
        Some(key) => Ok(key),
        None => bail!(
            "{} is no private key on P-256 in PEM (PKCS#8); `esim-lab pki operator` makes one, \
             `openssl pkcs8 -topk8 -nocrypt -in KEY` converts one",
            path.display()
        ),
    }
}
