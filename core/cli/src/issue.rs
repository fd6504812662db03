//! `esim-lab pki` and `esim-lab sm token`: certificates and tokens for those who call the SM.

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use esim_crypto::pki::{Issued, TestPki};
use esim_crypto::{Curve, PrivateKey, sha256};
use esim_sm_edge::native::pem;
use esim_sm_edge::token::{Claims, LONGEST, sign};
use std::fs;
use std::path::{Path, PathBuf};

/// `pki`.
#[derive(Subcommand)]
pub enum Pki {
    /// A client certificate for an LPA under the project's test CI: `ca.pem`, `lpa.pem`, `lpa.key`.
    Lpa {
        /// Folder for the files.
        #[arg(long)]
        out: PathBuf,
        /// Common name.
        #[arg(long, default_value = "esim-lab LPA")]
        name: String,
    },
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
        Pki::Lpa { out, name } => {
            let issued = pki.issue_client(name, &mut crate::random()?);
            write_pair(out, "lpa", &issued)?;
            let ca = out.join("ca.pem");
            fs::write(&ca, pem::write("CERTIFICATE", &pki.ci.certificate)).with_context(|| name_of(&ca))?;
            println!("sm serve --require-lpa-certificate {}", ca.display());
            let (certificate, key) = (out.join("lpa.pem"), out.join("lpa.key"));
            println!("lpa --client-cert {} --client-key {}", certificate.display(), key.display());
        }
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
            println!("sm serve --operators {}", path.display());
            println!("sm token --key {} --oid {oid} --sm ADDRESS", out.join("operator.key").display());
        }
    }
    Ok(())
}

fn write_pair(folder: &Path, name: &str, issued: &Issued) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| name_of(folder))?;
    let certificate = folder.join(format!("{name}.pem"));
    fs::write(&certificate, pem::write("CERTIFICATE", &issued.certificate))
        .with_context(|| name_of(&certificate))?;
    let key = folder.join(format!("{name}.key"));
    // Made for its owner alone before anything is in it.
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&key).with_context(|| name_of(&key))?;
    std::io::Write::write_all(&mut file, pem::write("PRIVATE KEY", &issued.key_pkcs8_der()).as_bytes())
        .with_context(|| name_of(&key))
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
    println!("{}", sign(&claims, &read_key(&args.key)?));
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
