//! A data folder is opened, what is missing in it is made, and the socket is bound.

use crate::clock::Clock;
use crate::folder::Begin;
use crate::host::SharedList;
use crate::metrics::Metrics;
use crate::outgoing::Outgoing;
use crate::page::Page;
use crate::relay::Relay;
use crate::renew::Sources;
use crate::{NativeHost, NativeOptions, PkiSource, ServerHandle, ServerPki, TimeSources};
use crate::{files, keep, pki, server};
use esim_sm_edge::reach::Reach;
use esim_smdp::{Config, Revocations, template};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

/// A native host, listening but not serving yet.
pub struct Native {
    pub(crate) host: Arc<NativeHost>,
    pub(crate) listener: TcpListener,
    pub(crate) addr: SocketAddr,
    pub(crate) pki: ServerPki,
    pub(crate) sources: Sources,
    pub(crate) plain_http: bool,
    damaged: Vec<String>,
}

impl Native {
    /// Opens the data folder, makes what is missing, and binds the socket.
    ///
    /// # Errors
    /// Files, database, certificates or socket, with the path or address.
    pub fn open(mut options: NativeOptions) -> io::Result<Self> {
        let page = options.page.as_deref().map(Page::open).transpose()?;
        let folder = options.data_dir.clone();
        files::make_folder(&folder)?;
        let hold = keep::Hold::of(&folder)?;
        let listener = TcpListener::bind(options.listen)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", options.listen)))?;
        let addr = listener.local_addr()?;
        // A stream of its own: what is made on the first start only must not
        // shift what a seed gives afterwards.
        let mut setup = generator(options.seed)?;
        setup.set_stream(1);
        let smdp_address = options.smdp_address.take().unwrap_or_else(|| default_address(addr));
        let names = pki::Names::of(&smdp_address, options.smds_address.as_deref());
        let sources = sources(&options);
        let pki = options.pki.open(&folder.join("pki"), names, &mut setup)?;
        let token = match options.token.take() {
            Some(token) => token,
            None => files::read_or_make_token(&folder.join("token"), &mut setup)?,
        };
        let begin = if options.begin_anew { Begin::Anew } else { Begin::AsBefore };
        let clock = match options.now {
            Some(now) => Clock::new(TimeSources::stopped(now), None),
            None => Clock::new(options.clock.clone(), keep::last_write(&folder)),
        };
        let (store, vault) = keep::open(&folder, options.seal_key.take(), begin, &mut setup)?;
        let config = configure(&mut options, &smdp_address, addr, &pki, &sources)?;
        let reach = Reach::new(options.call_allow, &config);
        let outgoing = Outgoing::new(&pki, &options.call_roots, options.call_web_roots, reach)?;
        let relay = Relay::new(&options.relay_roots)?;
        let host = NativeHost {
            store,
            config,
            token,
            rng: Mutex::new(generator(options.seed)?.into()),
            repeats: options.seed.is_some(),
            clock,
            vault,
            limiter: Mutex::default(),
            verified: SharedList::default(),
            outgoing,
            relay,
            _hold: hold,
            admittance: options.admittance,
            trust_proxy: options.trust_proxy,
            connection_limits: options.connections,
            metrics: Metrics::new(),
            page,
        };
        let damaged = host.count_orders().map_err(io::Error::other)?;
        let plain_http = options.plain_http;
        Ok(Self { host: Arc::new(host), listener, addr, pki, sources, plain_http, damaged })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The SM-DP+ address for activation codes.
    pub fn smdp_address(&self) -> &str {
        &self.host.config.smdp_address
    }

    /// The credential of ES2+.
    pub fn token(&self) -> &str {
        &self.host.token
    }

    /// Names of orders that cannot be read: [`check`](crate::check) says more.
    pub fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// Certificates and keys.
    pub fn pki(&self) -> &ServerPki {
        &self.pki
    }

    /// The host, to call [`esim_sm_edge::handle`] without a socket.
    pub fn host(&self) -> Arc<NativeHost> {
        self.host.clone()
    }

    /// Serves on the tokio runtime that this is called in, until stopped.
    ///
    /// # Errors
    /// A TLS certificate and key that rustls does not take.
    pub fn serve(self) -> io::Result<ServerHandle> {
        server::start(self)
    }
}

/// Where certificates and revocation lists are read from, now and when they change.
fn sources(options: &NativeOptions) -> Sources {
    Sources {
        pki: match &options.pki {
            PkiSource::Folder(path) => path.clone(),
            PkiSource::WellKnown(_) => options.data_dir.join("pki"),
        },
        lists: options.revocation_files.clone(),
        given: options.revocation_lists.clone(),
        every: options.renew_every,
    }
}

/// Who this server is; takes out of the options what only the configuration wants.
fn configure(
    options: &mut NativeOptions,
    smdp_address: &str,
    addr: SocketAddr,
    pki: &ServerPki,
    sources: &Sources,
) -> io::Result<Config> {
    let mut config = Config::new(smdp_address, pki.identities.clone(), pki.trusted.clone());
    config.other_addresses = ["localhost", "127.0.0.1", "[::1]"].map(String::from).into();
    let revocations = Revocations::new(&sources.read_lists()?, &config.trusted);
    config.revocations = revocations.map_err(|error| io::Error::other(error.kind))?;
    config.limits = options.limits.clone();
    config.smds = match options.smds_address.take() {
        Some(address) => Some(pki.smds(with_port(address, addr), options.smds_root.clone())?),
        None => None,
    };
    config.default_smds = options.smds_root.take().filter(|_| config.smds.is_none());
    let added = template::add(&mut config.templates, std::mem::take(&mut options.templates));
    added.map_err(|error| io::Error::other(error.kind))?;
    config.operators = std::mem::take(&mut options.operators);
    config.random_profile_keys = options.random_profile_keys;
    Ok(config)
}

/// An address with port 0 replaced by the port listened on.
fn with_port(address: String, addr: SocketAddr) -> String {
    match address.strip_suffix(":0") {
        Some(host) => format!("{host}:{}", addr.port()),
        None => address,
    }
}

/// `localhost` and the port, where that is what is listened on.
fn default_address(addr: SocketAddr) -> String {
    match addr.ip().is_loopback() || addr.ip().is_unspecified() {
        true => format!("localhost:{}", addr.port()),
        false => addr.to_string(),
    }
}

fn generator(seed: Option<u64>) -> io::Result<ChaCha20Rng> {
    if let Some(seed) = seed {
        return Ok(ChaCha20Rng::seed_from_u64(seed));
    }
    let mut octets = [0; 32];
    getrandom::fill(&mut octets).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(ChaCha20Rng::from_seed(octets))
}
