//! What whoever runs the server may want of it.

use crate::{ConnectionLimits, PkiSource, SealSecret, TimeSources};
use esim_sm_edge::Admittance;
use esim_sm_edge::reach::Allowed;
use esim_smdp::{Limits, Operator, Template};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How to open a native host. [`NativeOptions::default`] is a test server on a
/// free port of this machine, with its data in `./data`.
#[derive(Clone)]
pub struct NativeOptions {
    /// Folder of records, keys and token.
    pub data_dir: PathBuf,
    /// Address to listen on; port 0 for a free one.
    pub listen: SocketAddr,
    /// FQDN of the SM-DP+, with a port where it is not 443; if absent,
    /// `localhost` (or the address listened on) and the port.
    pub smdp_address: Option<String>,
    /// Certificates and keys.
    pub pki: PkiSource,
    /// Credential of ES2+; if absent, drawn on the first start.
    pub token: Option<String>,
    /// Makes everything random repeat, as [`esim_sm_edge::MemoryHost::seeded`] does: for
    /// tests and demonstrations.
    pub seed: Option<u64>,
    /// Stops the clock at this time, seconds since 1970.
    pub now: Option<u64>,
    /// Where the time comes from otherwise.
    pub clock: TimeSources,
    /// Folder of a page to serve where the SM has no path; none if absent. It is read once.
    pub page: Option<PathBuf>,
    /// Plain HTTP where somebody else does TLS.
    pub plain_http: bool,
    /// Key that records are sealed with; if absent, that of the file `seal.key`, drawn on the first start.
    pub seal_key: Option<SealSecret>,
    /// Begins without records where there have been some and are none any more; refused otherwise.
    pub begin_anew: bool,
    /// Templates besides those built in, or in their place ([`read_templates`](crate::read_templates)).
    pub templates: Vec<Template>,
    /// Address of the SM-DS that this server is besides, another than `smdp_address`; it is none if absent. A port 0
    /// is the port listened on.
    pub smds_address: Option<String>,
    /// The root SM-DS: above the own one, and for orders that say `.`.
    pub smds_root: Option<String>,
    /// Revocation lists of CIs and manufacturers, DER each.
    pub revocation_lists: Vec<Vec<u8>>,
    /// Files of such lists ([`pem::read_crls`](crate::pem::read_crls)), which are read again when they change.
    pub revocation_files: Vec<PathBuf>,
    /// How often the files of certificates and revocation lists are looked at.
    pub renew_every: Duration,
    /// Numbers.
    pub limits: Limits,
    /// The operators that are known by name ([`read_operators`](crate::read_operators)).
    pub operators: Vec<Operator>,
    /// Who gets in.
    pub admittance: Admittance,
    /// Believes `X-Forwarded-For` of whoever connects: behind a proxy only.
    pub trust_proxy: bool,
    /// What connections may cost.
    pub connections: ConnectionLimits,
    /// Root certificates (DER) trusted for calls to others, besides the CIs.
    pub call_roots: Vec<Vec<u8>>,
    /// Trusts Mozilla's root certificates for calls to others as well.
    pub call_web_roots: bool,
    /// Whom to call besides those with public addresses; this machine in [`NativeOptions::default`].
    pub call_allow: Vec<Allowed>,
    /// Root certificates (DER) of the servers of [`Admittance::relay_to`]: nothing else is trusted there.
    pub relay_roots: Vec<Vec<u8>>,
    /// Protects profiles by random keys (ReplaceSessionKeys).
    pub random_profile_keys: bool,
}

impl std::fmt::Debug for NativeOptions {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NativeOptions({}, {})", self.data_dir.display(), self.listen)
    }
}

impl Default for NativeOptions {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            smdp_address: None,
            pki: PkiSource::default(),
            token: None,
            seed: None,
            now: None,
            clock: TimeSources::default(),
            page: None,
            plain_http: false,
            seal_key: None,
            begin_anew: false,
            templates: Vec::new(),
            smds_address: None,
            smds_root: None,
            revocation_lists: Vec::new(),
            revocation_files: Vec::new(),
            renew_every: Duration::from_secs(5),
            limits: Limits::default(),
            operators: Vec::new(),
            admittance: Admittance::OPEN,
            trust_proxy: false,
            connections: ConnectionLimits::default(),
            call_roots: Vec::new(),
            call_web_roots: false,
            call_allow: Allowed::LOOPBACK.into(),
            relay_roots: Vec::new(),
            random_profile_keys: false,
        }
    }
}
