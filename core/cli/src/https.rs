//! HTTPS as an LPA does it: trust in GSMA's CI alone, and a header or two (SGP.22 6.5.1).

use anyhow::{Context, Result};
use esim_lpa::{CertificateFault, HttpReply, Unanswered, Untrusted};
use esim_sm_native::pem;
use esim_world::{Fork, Reply, Request, Transport};
use reqwest::{Certificate, Client, Identity, Url};
use rustls::CertificateError;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// An HTTPS client that trusts these CIs and no others.
pub struct Https {
    client: Client,
    scheme: &'static str,
    /// Host, in lower case, and the port it is reached at.
    reroute: Option<(String, u16)>,
}

/// How long a server may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client certificate (DER, or PEM with those above it) and its private key (PEM).
pub fn client_identity(certificate: &Path, key: &Path) -> Result<Identity> {
    let mut text: String =
        pem::read_certificates(certificate)?.iter().map(|der| pem::write("CERTIFICATE", der)).collect();
    text += &std::fs::read_to_string(key).with_context(|| key.display().to_string())?;
    let wrong = || format!("{} is no private key in PEM for {}", key.display(), certificate.display());
    Identity::from_pem(text.as_bytes()).with_context(wrong)
}

impl Https {
    /// Trusts the given CI certificates (DER).
    pub fn new(cis: &[Vec<u8>]) -> Result<Self> {
        Self::with(cis, None, None)
    }

    /// Without TLS, for a server behind somebody else's.
    pub fn plain(mut self) -> Self {
        self.scheme = "http";
        self
    }

    /// The same, showing a client certificate where one is given; and the host of `reroute`, whose port says nothing, is
    /// reached at its socket, whatever its name resolves to.
    pub fn with(
        cis: &[Vec<u8>],
        identity: Option<Identity>,
        reroute: Option<(&str, SocketAddr)>,
    ) -> Result<Self> {
        // A second call finds the provider installed: that is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut roots = Vec::new();
        for ci in cis {
            roots.push(Certificate::from_der(ci).context("a CI certificate that TLS cannot read")?);
        }
        let mut builder = Client::builder()
            .user_agent("gsma-rsp-lpad")
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only(roots);
        if let Some(identity) = identity {
            builder = builder.identity(identity);
        }
        let reroute = reroute.map(|(address, socket)| {
            let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
            (host.to_ascii_lowercase(), socket)
        });
        if let Some((host, socket)) = &reroute {
            builder = builder.resolve(host, *socket);
        }
        let client = builder.build().context("cannot set up HTTPS")?;
        Ok(Self { client, scheme: "https", reroute: reroute.map(|(host, socket)| (host, socket.port())) })
    }

    fn url(&self, address: &str, path: &str) -> Result<Url> {
        let url = format!("{}://{address}{path}", self.scheme);
        let mut url = Url::parse(&url).with_context(|| format!("{address} is no host name"))?;
        if let Some((_, port)) = self.reroute.as_ref().filter(|(host, _)| url.host_str() == Some(host)) {
            // Fails for URLs without a host only, and this one has one.
            let _ = url.set_port(Some(*port));
        }
        Ok(url)
    }

    /// POSTs octets with the headers given.
    pub async fn post(&self, url: Url, headers: &[(&str, &str)], body: Vec<u8>) -> Result<(u16, Vec<u8>)> {
        let mut request = self.client.post(url).body(body);
        for (name, value) in headers {
            request = request.header(name.trim(), value.trim());
        }
        receive(request).await
    }
}

impl Https {
    /// GETs, or POSTs JSON where there is a body, with a credential.
    pub async fn exchange(
        &self,
        address: &str,
        path: &str,
        authorization: &str,
        body: Option<&[u8]>,
    ) -> Result<(u16, Vec<u8>)> {
        let url = self.url(address, path)?;
        let request = match body {
            None => self.client.get(url),
            Some(body) => {
                self.client.post(url).body(body.to_vec()).header("Content-Type", "application/json")
            }
        };
        receive(request.header("Authorization", authorization)).await
    }
}

/// Reads an answer as it comes: a server must not fill this machine's memory.
async fn receive(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>)> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        if body.len() + part.len() > HttpReply::LIMIT {
            return Err(Unanswered::TooLong.into());
        }
        body.extend_from_slice(&part);
    }
    Ok((status, body))
}

/// Why there is no answer, by the chain of causes.
fn unanswered(error: anyhow::Error) -> Unanswered {
    // All of it: "certificate has expired" is the last link.
    let detail = format!("{error:#}");
    match error.downcast() {
        Ok(known) => known,
        Err(error) => match error.chain().find_map(certificate_fault) {
            Some(fault) => Unanswered::Untrusted(Untrusted { fault, detail }),
            None => Unanswered::Lost(detail),
        },
    }
}

/// What the TLS library has against the server's certificate, if that is what the error is.
fn certificate_fault(error: &(dyn std::error::Error + 'static)) -> Option<CertificateFault> {
    // An error of I/O carries another one inside, which is not in the chain.
    let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    if let Some(carried) = carried {
        return certificate_fault(carried);
    }
    let rustls::Error::InvalidCertificate(error) = error.downcast_ref()? else { return None };
    Some(match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateFault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            CertificateFault::NotYetValid
        }
        // Of a CI that is called as one that is trusted, and is another.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => CertificateFault::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateFault::WrongName
        }
        _ => CertificateFault::Unacceptable,
    })
}

impl Transport for Https {
    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, Unanswered> {
        let sent = async {
            let url = self.url(request.address, request.path)?;
            let mut http = match request.body {
                [] => self.client.get(url),
                body => self.client.post(url).body(body.to_vec()).header("Content-Type", "application/json"),
            };
            http = http.header("X-Admin-Protocol", "gsma/rsp/v2.6.0");
            for (name, value) in request.headers {
                http = http.header(*name, *value);
            }
            receive(http).await
        };
        let (status, body) = sent.await.map_err(unanswered)?;
        Ok(Reply { status, body })
    }
}

impl Fork for Https {
    /// The SM is somebody else's.
    fn fork(&self) -> Option<Self> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::TcpListener;

    /// A server that sends as long as anybody reads: whether it announces that, or sends piece by piece.
    #[test]
    fn an_answer_without_end_is_not_read_to_the_end() {
        for head in ["Content-Length: 1500000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap().to_string();
            let server = std::thread::spawn(move || {
                let (mut socket, _) = listener.accept().unwrap();
                let _request = socket.read(&mut [0; 4096]).unwrap();
                socket.write_all(format!("HTTP/1.1 200 OK\r\n{head}").as_bytes()).unwrap();
                let chunk = [&b"10000\r\n"[..], &[b' '; 0x10000], b"\r\n"].concat();
                let mut sent = 0;
                while socket.write_all(&chunk).is_ok() {
                    sent += chunk.len();
                }
                sent
            });
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let mut https = Https::new(&[]).unwrap().plain();
            let request = Request { address: &address, path: "/", headers: &[], body: b"{}" };
            let sent = runtime.block_on(https.send(&request));
            assert_eq!(sent, Err(Unanswered::TooLong));
            // The connection goes with them.
            drop((https, runtime));
            // What the sockets hold besides is a few megabytes.
            assert!(server.join().unwrap() < 64 << 20);
        }
    }

    #[test]
    fn a_socket_is_for_its_own_host_alone() {
        let socket = "127.0.0.1:9".parse().unwrap();
        for address in ["SMDP.example.com", "smdp.example.com:8443"] {
            let https = Https::with(&[], None, Some((address, socket))).unwrap();
            let url = |address: &str| https.url(address, "/x").unwrap().to_string();
            assert_eq!(url("smdp.example.com"), "https://smdp.example.com:9/x");
            assert_eq!(url("smdp.example.com:8443"), "https://smdp.example.com:9/x");
            assert_eq!(url("localhost:8443"), "https://localhost:8443/x");
            assert_eq!(url("other.example.com"), "https://other.example.com/x");
        }
    }
}
