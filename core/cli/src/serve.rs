//! `esim-lab sm serve`: the SM-DP+ on this machine.

use anyhow::{Context, Result};
use esim_crypto::Curve;
use esim_sm_edge::native::{self, Native, NativeOptions, PkiSource};
use esim_sm_edge::smdp::Limits;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `sm serve`.
#[derive(clap::Args)]
pub struct Serve {
    /// Address and port to listen on.
    #[arg(long, default_value = "127.0.0.1:8443")]
    listen: SocketAddr,
    /// Folder of records, certificates and the ES2+ token; made on the first start.
    #[arg(long, default_value = "./data")]
    data: PathBuf,
    /// SM-DP+ address for activation codes: a host name, with a port where it is not 443.
    #[arg(long)]
    address: Option<String>,
    /// Folder with CERT_*.der and keys.json; the project's own test PKI if absent.
    #[arg(long)]
    pki: Option<PathBuf>,
    /// brainpoolP256r1 in place of P-256 for the project's own test PKI. TLS stays on P-256.
    #[arg(long, conflicts_with = "pki")]
    brainpool: bool,
    /// Credential of ES2+; kept in the data folder if absent.
    #[arg(long, env = "ESIM_LAB_TOKEN")]
    token: Option<String>,
    /// Plain HTTP, behind somebody else's TLS.
    #[arg(long)]
    plain_http: bool,
    /// JSON file of the operators: OID, callback, token key, certificate fingerprints (docs/SM.md).
    #[arg(long, value_name = "FILE")]
    operators: Option<PathBuf>,
    /// CA certificate, DER or PEM, to trust for calls to operators and SM-DSs besides the CIs of the PKI.
    #[arg(long, value_name = "FILE")]
    call_ca: Vec<PathBuf>,
    /// Trusts the CAs that Mozilla trusts for such calls.
    #[arg(long)]
    call_web_roots: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Numbers of [`Limits`].
#[derive(clap::Args)]
struct LimitArgs {
    /// Seconds within which the steps of a download are taken (3600).
    #[arg(long, value_name = "N")]
    session_seconds: Option<u64>,
    /// Seconds from confirmOrder within which a profile is fetched; unlimited if absent.
    #[arg(long, value_name = "N")]
    order_seconds: Option<u64>,
    /// Downloads that may be begun of one order (10).
    #[arg(long, value_name = "N")]
    download_attempts: Option<u32>,
    /// Wrong confirmation codes until an order is closed (3).
    #[arg(long, value_name = "N")]
    confirmation_attempts: Option<u32>,
    /// Seconds for which an operator or SM-DS that does not answer is tried again (259200).
    #[arg(long, value_name = "N")]
    errand_seconds: Option<u64>,
}

impl LimitArgs {
    fn limits(&self) -> Limits {
        let default = Limits::default();
        Limits {
            session_seconds: self.session_seconds.unwrap_or(default.session_seconds),
            order_seconds: self.order_seconds.or(default.order_seconds),
            download_attempts: self.download_attempts.unwrap_or(default.download_attempts),
            confirmation_attempts: self.confirmation_attempts.unwrap_or(default.confirmation_attempts),
            errand_seconds: self.errand_seconds.unwrap_or(default.errand_seconds),
            ..default
        }
    }
}

/// Serves until interrupted; requests in flight are finished.
pub async fn serve(args: Serve) -> Result<()> {
    let pki = match args.pki {
        Some(folder) => PkiSource::Folder(folder),
        None if args.brainpool => PkiSource::WellKnown(Curve::BrainpoolP256r1),
        None => PkiSource::default(),
    };
    let options = NativeOptions {
        data_dir: args.data.clone(),
        listen: args.listen,
        smdp_address: args.address,
        pki,
        token: args.token,
        plain_http: args.plain_http,
        limits: args.limits.limits(),
        operators: args.operators.as_deref().map(native::read_operators).transpose()?.unwrap_or_default(),
        call_roots: certificates(&args.call_ca)?,
        call_web_roots: args.call_web_roots,
        ..NativeOptions::default()
    };
    let server =
        Native::open(options).context("the SM cannot start")?.serve().context("the SM cannot start")?;
    let data = args.data.display();
    say(&format!("SM-DP+ address  {}", server.smdp_address));
    say(&format!("serving         {}", server.url()));
    say(&format!("data            {data}"));
    say(&format!("order with      esim-lab sm order --data {data} --sm {}", server.smdp_address));
    wait_for_interrupt().await?;
    say("stopping");
    Ok(server.shutdown().await?)
}

/// Prints a line for whoever reads it: a server goes on when nobody does any more.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

async fn wait_for_interrupt() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminate.recv() => {}
        }
        Ok(())
    }
    #[cfg(not(unix))]
    Ok(tokio::signal::ctrl_c().await?)
}

/// All certificates of some files, DER.
fn certificates(files: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for file in files {
        found.extend(native::pem::read_certificates(file)?);
    }
    Ok(found)
}
