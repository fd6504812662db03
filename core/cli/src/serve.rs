//! `esim-lab sm serve`: the SM-DP+ on this machine.

use anyhow::{Context, Result};
use esim_crypto::Curve;
use esim_crypto::pki::TrustedCi;
use esim_sm_edge::reach::Allowed;
use esim_sm_edge::relay::Server;
use esim_sm_edge::smdp::Limits;
use esim_sm_edge::smdp::config::trust_ci;
use esim_sm_edge::{Admittance, Guests, NoRate, Rate};
use esim_sm_native::{self as native, ConnectionLimits, Native, NativeOptions, PkiSource};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

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
    /// Address of the SM-DS that this server is besides: another one than the SM-DP+'s, with port 0 for the port listened
    /// on, such as 127.0.0.1:0.
    #[arg(long, value_name = "ADDRESS")]
    smds_address: Option<String>,
    /// Root SM-DS: above the own one, or where events of orders go that say `.`.
    #[arg(long, value_name = "ADDRESS")]
    smds_root: Option<String>,
    /// Folder with certificates and keys, as GSMA publishes SGP.26's (docs/SM.md); the project's own test PKI if absent.
    #[arg(long)]
    pki: Option<PathBuf>,
    /// brainpoolP256r1 in place of P-256 for the project's own test PKI. TLS stays on P-256.
    #[arg(long, conflicts_with = "pki")]
    brainpool: bool,
    /// Credential of ES2+; kept in the data folder if absent.
    #[arg(long, env = "ESIM_LAB_TOKEN")]
    token: Option<String>,
    /// Folder of the page, such as web/dist: served at `/`, and the operator's page at `/operator`. It is read at the start.
    #[arg(long, value_name = "DIR")]
    page: Option<PathBuf>,
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
    /// Calls this host too (a name, an address, or a network such as 10.0.0.0/8), besides those with public addresses and
    /// those whose address is in `--operators` or `--smds-root`; may be repeated.
    #[arg(long, value_name = "HOST")]
    call_allow: Vec<Allowed>,
    /// Lets in only LPAs that show a client certificate under this CA certificate (DER or PEM); may be repeated.
    #[arg(long, value_name = "FILE", conflicts_with = "plain_http")]
    require_lpa_certificate: Vec<PathBuf>,
    /// Revocation list of a CI or of a manufacturer, DER or PEM; may be repeated.
    #[arg(long, value_name = "FILE")]
    crl: Vec<PathBuf>,
    /// Believes X-Forwarded-For, for a server that is reached through a proxy only.
    #[arg(long)]
    trust_proxy: bool,
    /// Connections at once; where there are more, those go that have been silent longest.
    #[arg(long, value_name = "N", default_value_t = ConnectionLimits::default().total)]
    connections: usize,
    /// Of these from one network address; this machine's own and, with --trust-proxy, all others' are not counted.
    #[arg(long, value_name = "N", default_value_t = ConnectionLimits::default().per_source)]
    connections_source: usize,
    /// Requests of LPAs a minute from one network address, and how many at once; `off` for any number.
    #[arg(long, value_name = "N[:BURST]", default_value = "600:1200")]
    rate_source: Pace,
    /// Requests a minute of one operator that has got in, and how many at once; `off` for any number.
    #[arg(long, value_name = "N[:BURST]", default_value = "1200:2400")]
    rate_operator: Pace,
    /// Tries a minute of one order, and how many at once (a refused one counts for five); `off` for any number.
    #[arg(long, value_name = "N[:BURST]", default_value = "10:40")]
    rate_order: Pace,
    /// Origin, such as https://page.example, whose pages may call ES2+ from a browser; may be repeated.
    #[arg(long, value_name = "ORIGIN")]
    page_origin: Vec<String>,
    /// Sends requests of LPAs in pages on to this server, at /esim-lab/relay/HOST[:PORT]/…; may be repeated.
    #[arg(long, value_name = "HOST[:PORT]", requires = "relay_ci")]
    relay_to: Vec<Server>,
    /// CI certificate, DER or PEM, of such servers; no other is trusted there. May be repeated.
    #[arg(long, value_name = "FILE", requires = "relay_to")]
    relay_ci: Vec<PathBuf>,
    /// Takes guests, such as "20 orders, 24 h" (each so many, for so long): whoever comes may be an operator for a while.
    #[arg(long, value_name = "ORDERS, HOURS")]
    guests: Option<Guests>,
    /// JSON file, or folder of such files, with templates of your own (docs/SM.md).
    #[arg(long, value_name = "PATH")]
    templates: Option<PathBuf>,
    /// Writes a line for every request to standard error.
    #[arg(long, value_name = "FORM")]
    log: Option<LogForm>,
    /// Begins without records where there have been some and are none any more.
    #[arg(long)]
    begin_anew: bool,
    #[command(flatten)]
    key: crate::keep::Key,
    #[command(flatten)]
    limits: LimitArgs,
}

/// How the lines of the log look.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
pub enum LogForm {
    /// For people.
    Text,
    /// A JSON object each, for machines.
    Json,
}

impl Serve {
    /// The log that is wanted.
    pub fn log(&self) -> Option<LogForm> {
        self.log
    }

    /// Who gets in.
    fn admittance(&self) -> Result<Admittance> {
        Ok(Admittance {
            lpa_issuers: issuers(&self.require_lpa_certificate)?,
            per_source: self.rate_source.0,
            per_operator: self.rate_operator.0,
            per_order: self.rate_order.0,
            page_origins: self.page_origin.clone(),
            guests: self.guests,
            relay_to: self.relay_to.clone(),
        })
    }
}

/// A rate on the command line.
#[derive(Clone, Copy)]
struct Pace(Option<Rate>);

impl std::str::FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        match text.parse() {
            Ok(rate) => Ok(Self(Some(rate))),
            Err(NoRate) => Err("write a number a minute, or two as in 600:1200, or off".into()),
        }
    }
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
    let admittance = args.admittance()?;
    let pki = match args.pki {
        Some(folder) => PkiSource::Folder(folder),
        None if args.brainpool => PkiSource::WellKnown(Curve::BrainpoolP256r1),
        None => PkiSource::default(),
    };
    let options = NativeOptions {
        data_dir: args.data.clone(),
        listen: args.listen,
        smdp_address: args.address,
        smds_address: args.smds_address,
        smds_root: args.smds_root,
        pki,
        token: args.token,
        page: args.page.clone(),
        plain_http: args.plain_http,
        limits: args.limits.limits(),
        seal_key: args.key.read()?,
        begin_anew: args.begin_anew,
        templates: args.templates.as_deref().map(native::read_templates).transpose()?.unwrap_or_default(),
        operators: args.operators.as_deref().map(native::read_operators).transpose()?.unwrap_or_default(),
        call_roots: every(&args.call_ca, native::pem::read_certificates)?,
        revocation_files: args.crl,
        call_web_roots: args.call_web_roots,
        call_allow: args.call_allow,
        admittance,
        relay_roots: every(&args.relay_ci, native::pem::read_certificates)?,
        trust_proxy: args.trust_proxy,
        connections: ConnectionLimits {
            total: args.connections,
            per_source: args.connections_source,
            ..ConnectionLimits::default()
        },
        ..NativeOptions::default()
    };
    let server =
        Native::open(options).context("the SM cannot start")?.serve().context("the SM cannot start")?;
    let signals = Signals::new()?;
    for warning in server.warnings() {
        tell!("warning: {warning}");
    }
    let data = args.data.display();
    say(&format!("SM-DP+ address  {}", server.smdp_address));
    say(&format!("serving         {}", server.url()));
    if args.page.is_some() {
        say(&format!("page            {}/", server.url()));
    }
    say(&format!("data            {data}"));
    say(&format!("order with      esim-lab sm order --data {data} --sm {}", server.smdp_address));
    signals.wait(|| server.renew()).await?;
    say("stopping");
    Ok(server.shutdown().await?)
}

/// Prints a line for whoever reads it: a server goes on when nobody does any more.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What somebody outside may tell the server. Listened to before it says that it serves: a SIGHUP before that would end
/// it.
#[cfg(unix)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// The system does not let it.
    pub fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Returns on Ctrl-C and SIGTERM; calls `renew` on SIGHUP.
    ///
    /// # Errors
    /// Never.
    pub async fn wait(mut self, renew: impl Fn()) -> io::Result<()> {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return Ok(()),
                _ = self.terminate.recv() => return Ok(()),
                _ = self.hang_up.recv() => renew(),
            }
        }
    }
}

/// Ctrl-C, where there is nothing else.
#[cfg(not(unix))]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Listens from now on.
    ///
    /// # Errors
    /// Never.
    pub fn new() -> io::Result<Self> {
        Ok(Self)
    }

    /// Returns on Ctrl-C.
    ///
    /// # Errors
    /// The system does not tell.
    pub async fn wait(self, _renew: impl Fn()) -> io::Result<()> {
        tokio::signal::ctrl_c().await
    }
}

/// The CAs whose LPAs get in.
fn issuers(files: &[PathBuf]) -> Result<Vec<TrustedCi>> {
    let mut issuers = Vec::new();
    for file in files {
        for der in native::pem::read_certificates(file)? {
            issuers.push(trust_ci(&der).with_context(|| file.display().to_string())?);
        }
    }
    Ok(issuers)
}

/// What some files hold, DER each.
fn every(files: &[PathBuf], read: fn(&Path) -> io::Result<Vec<Vec<u8>>>) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    for file in files {
        found.extend(read(file)?);
    }
    Ok(found)
}
