//! HTTPS as an LPA does it: trust in GSMA's CI alone, and a header or two (SGP.22 6.5.1).

use anyhow::{Context, Result};
use esim_sm_edge::native::pem;
use esim_world::{Reply, Request, Transport};
use reqwest::{Certificate, Client, Identity, Url};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// An HTTPS client that trusts these CIs and no others.
pub struct Https {
    client: Client,
    scheme: &'static str,
    reroute: Option<u16>,
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

    /// The same, showing a client certificate where one is given; and the host of `reroute` is reached at its socket,
    /// whatever its name resolves to.
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
        if let Some((host, socket)) = reroute {
            builder = builder.resolve(host, socket);
        }
        let client = builder.build().context("cannot set up HTTPS")?;
        Ok(Self { client, scheme: "https", reroute: reroute.map(|(_, socket)| socket.port()) })
    }

    fn url(&self, address: &str, path: &str) -> Result<Url> {
        let url = format!("{}://{address}{path}", self.scheme);
        let mut url = Url::parse(&url).with_context(|| format!("{address} is no host name"))?;
        if let Some(port) = self.reroute {
            // Fails for URLs without a host only, and this one has one.
            let _ = url.set_port(Some(port));
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

async fn receive(request: reqwest::RequestBuilder) -> Result<(u16, Vec<u8>)> {
    let response = request.send().await?;
    let status = response.status().as_u16();
    Ok((status, response.bytes().await?.to_vec()))
}

impl Transport for Https {
    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, String> {
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
        // The whole chain of causes: "certificate has expired" is the last link.
        let (status, body) = sent.await.map_err(|error: anyhow::Error| format!("{error:#}"))?;
        Ok(Reply { status, body })
    }
}
