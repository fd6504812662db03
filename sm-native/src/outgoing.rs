//! Calls to others: the operators' customer systems, SM-DSs.

use crate::pki::TLS_CURVE;
use crate::{ServerPki, pem};
use arc_swap::ArcSwap;
use esim_crypto::pki::{Certificate, Issued};
use esim_rsp::es15;
use esim_sm_edge::reach::Reach;
use esim_sm_edge::smdp::{Call, Reply};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Url};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How long another server may take, from the connection to the last octet.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest reply that is read, in octets.
const REPLY_LIMIT: usize = 1 << 18;
/// For how long a server that was not there is taken not to be there: a queue of errands to a dead address would wait
/// the whole timeout for each otherwise.
const DEAD_FOR: Duration = Duration::from_secs(5);

/// HTTPS clients that trust given roots alone and show CERT.DP.TLS, or CERT.DS.TLS where an SM-DS speaks to its root
/// (SGP.22 6.5.1: ES2+, ES12 and ES15 are mutually authenticated).
pub(crate) struct Outgoing {
    trusted: Vec<reqwest::Certificate>,
    clients: ArcSwap<Clients>,
    reach: Arc<Reach>,
    dead: Mutex<BTreeMap<String, Instant>>,
}

impl Outgoing {
    /// Trusts the CIs of `pki` and `roots` (DER), and Mozilla's where `web_roots`; goes as far as `reach`.
    pub(crate) fn new(pki: &ServerPki, roots: &[Vec<u8>], web_roots: bool, reach: Reach) -> io::Result<Self> {
        let reach = Arc::new(reach);
        // A second call finds the provider installed: that is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let own = [&pki.ci_certificate, &pki.tls_ci_certificate];
        // TLS libraries know one of the curves only.
        let own = own.into_iter().filter(|der| {
            Certificate::parse(der).is_ok_and(|certificate| certificate.public_key().curve() == TLS_CURVE)
        });
        let web = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter(|_| web_roots);
        let mut trusted = Vec::new();
        for der in own.chain(roots).map(Vec::as_slice).chain(web.map(|der| &der[..])) {
            trusted.push(reqwest::Certificate::from_der(der).map_err(io::Error::other)?);
        }
        let clients = ArcSwap::from_pointee(Clients::new(&trusted, pki, &reach)?);
        Ok(Self { trusted, clients, reach, dead: Mutex::default() })
    }

    /// Shows other certificates from now on.
    pub(crate) fn renew(&self, pki: &ServerPki) -> io::Result<()> {
        self.clients.store(Arc::new(Clients::new(&self.trusted, pki, &self.reach)?));
        Ok(())
    }

    /// Makes a call on the tokio runtime that this is called in.
    pub(crate) async fn call(&self, call: &Call) -> Reply {
        let Ok(runtime) = Handle::try_current() else {
            return Reply::Lost("nothing is running that could make calls".into());
        };
        let url = match target(call, &self.reach) {
            Ok(url) => url,
            Err(reason) => return Reply::Lost(reason),
        };
        if self.is_dead(&call.to) {
            return Reply::Lost("it did not answer a moment ago".into());
        }
        let clients = self.clients.load_full();
        let client = if call.path.starts_with(es15::PATH) { &clients.smds } else { &clients.smdp };
        let request = client
            .post(url)
            .header("Content-Type", "application/json")
            .header("X-Admin-Protocol", "gsma/rsp/v2.6.0")
            .body(call.body.clone());
        // On the runtime's own threads: the caller's need not drive sockets.
        let reply = runtime.spawn(exchange(request)).await;
        match reply.map_err(|error| error.to_string()).and_then(|reply| reply) {
            Ok(reply) => reply,
            Err(reason) => {
                self.note_dead(&call.to);
                Reply::Lost(reason)
            }
        }
    }

    fn is_dead(&self, to: &str) -> bool {
        let dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        dead.get(to).is_some_and(|since| since.elapsed() < DEAD_FOR)
    }

    fn note_dead(&self, to: &str) {
        let mut dead = self.dead.lock().unwrap_or_else(PoisonError::into_inner);
        dead.retain(|_, since| since.elapsed() < DEAD_FOR);
        dead.insert(to.into(), Instant::now());
    }
}

/// One for each certificate.
struct Clients {
    smdp: Client,
    smds: Client,
}

impl Clients {
    fn new(trusted: &[reqwest::Certificate], pki: &ServerPki, reach: &Arc<Reach>) -> io::Result<Self> {
        let smdp = client(trusted, &pki.tls, reach)?;
        let smds = match &pki.smds_tls {
            Some(tls) => client(trusted, tls, reach)?,
            None => smdp.clone(),
        };
        Ok(Self { smdp, smds })
    }
}

/// A client that shows a certificate, if TLS libraries know its curve.
fn client(trusted: &[reqwest::Certificate], own: &Issued, reach: &Arc<Reach>) -> io::Result<Client> {
    let mut builder = Client::builder()
        .user_agent(concat!("esim-lab/", env!("CARGO_PKG_VERSION")))
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Judged(reach.clone()))
        .tls_certs_only(trusted.iter().cloned());
    if own.key.curve() == TLS_CURVE {
        let certificate = pem::write("CERTIFICATE", &own.certificate);
        let key = pem::write("PRIVATE KEY", &own.key_pkcs8_der());
        let identity = reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes());
        builder = builder.identity(identity.map_err(io::Error::other)?);
    }
    builder.build().map_err(io::Error::other)
}

/// Resolves names, and gives away only those addresses that may be connected to: what is judged is what is used.
/// (Addresses in a URL are not resolved: [`target`] judges them.)
struct Judged(Arc<Reach>);

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let kept = found.filter(|found| reach.may_connect(name.as_str(), found.ip()));
            let kept: Vec<SocketAddr> = kept.collect();
            match kept.is_empty() {
                true => Err(format!("{} leads to no address that may be called", name.as_str()).into()),
                false => Ok(Box::new(kept.into_iter()) as Addrs),
            }
        })
    }
}

/// Where a call goes: HTTPS, or plain HTTP on this machine.
fn target(call: &Call, reach: &Reach) -> Result<Url, String> {
    let url = Url::parse(&call.url()).map_err(|error| format!("{} is no address: {error}", call.to))?;
    reach.judge(url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(0))?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(url),
        "http" if loopback => Ok(url),
        "http" => {
            Err(format!("{} is not called: plain HTTP leaves this machine; give an https address", call.to))
        }
        other => Err(format!("{} is not called: {other} is neither https nor http", call.to)),
    }
}

async fn exchange(request: reqwest::RequestBuilder) -> Result<Reply, String> {
    let mut response = request.send().await.map_err(whole)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(whole)? {
        if body.len() + chunk.len() > REPLY_LIMIT {
            return Err("the reply is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Reply::Answered { status, body })
}

/// The whole chain of causes: "certificate has expired" is the last link.
pub(crate) fn whole(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use esim_sm_edge::reach::Allowed;
    use esim_smdp::Config;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let allowed = Allowed::LOOPBACK.into_iter().chain(["10.0.0.1".parse().unwrap()]).collect();
        let config = Config::new("smdp.example", Vec::new(), Vec::new());
        let reach = Reach::new(allowed, &config);
        let target =
            |to: &str| target(&Call { to: to.into(), path: "/a".into(), body: String::new() }, &reach);
        for to in [
            "http://localhost:1",
            "http://127.0.0.9:1",
            "http://[::1]:1",
            "operator.example",
            "https://10.0.0.1",
            // However an address is written, it is judged as what it is.
            "https://0x7f.1",
        ] {
            assert!(target(to).is_ok(), "{to}");
        }
        for to in [
            "http://operator.example",
            "http://10.0.0.1:80",
            "ftp://localhost",
            "http://localhost.example",
            "10.0.0.2",
            "0xa.2",
        ] {
            assert!(target(to).is_err(), "{to}");
        }
    }

    /// A name that is good leads where its owner wants: what counts is where.
    #[tokio::test]
    async fn names_are_judged_by_what_they_lead_to() {
        let config = Config::new("smdp.example", Vec::new(), Vec::new());
        let resolve = async |allowed: &[Allowed]| {
            let reach = Arc::new(Reach::new(allowed.to_vec(), &config));
            let found = Judged(reach).resolve("localhost".parse().unwrap()).await;
            found.map(|found| found.map(|socket| socket.ip()).collect::<Vec<_>>()).map_err(|e| e.to_string())
        };
        assert!(resolve(&[]).await.unwrap_err().contains("no address that may be called"));
        assert!(resolve(&["10.0.0.0/8".parse().unwrap()]).await.is_err());
        let all = resolve(&["localhost".parse().unwrap()]).await.unwrap();
        assert!(!all.is_empty() && all.iter().all(IpAddr::is_loopback));
        let some = resolve(&[Allowed::Network(all[0], 32)]).await.unwrap();
        assert!(some.contains(&all[0]));
    }
}
