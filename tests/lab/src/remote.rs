//! The service elsewhere: over the network.

use super::Service;
use esim_sm_edge::{HttpRequest, HttpResponse};

/// A service elsewhere, with the well-known test PKI.
pub struct Remote {
    runtime: tokio::runtime::Runtime,
    client: reqwest::Client,
    url: String,
}

impl Remote {
    /// `url` without a path; `root` is the CI above its TLS certificate.
    pub fn new(url: &str, root: Option<&[u8]>) -> Self {
        Self::with(url, root, |client| client)
    }

    /// The same with something done to the client.
    pub fn with(
        url: &str,
        root: Option<&[u8]>,
        change: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // Between calls nobody polls the connections: one that the server has closed meanwhile must not be used again.
        // workerd closes those that were idle for 5 seconds.
        let client = reqwest::Client::builder().pool_idle_timeout(std::time::Duration::from_secs(1));
        let client = match root {
            Some(ci) => client.tls_certs_only([reqwest::Certificate::from_der(ci).unwrap()]),
            None => client,
        };
        Self { runtime, client: change(client).build().unwrap(), url: url.into() }
    }
}

impl Service for Remote {
    fn answer(&self, request: HttpRequest) -> HttpResponse {
        let method = request.method.parse().unwrap();
        let mut call = self.client.request(method, format!("{}{}", self.url, request.path));
        for (name, value) in &request.headers {
            call = call.header(name, value);
        }
        self.runtime.block_on(async {
            let answer = call.body(request.body).send().await.unwrap();
            let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().into();
            let headers = answer.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
            let (status, headers) = (answer.status().as_u16(), headers.collect());
            HttpResponse { status, headers, body: answer.bytes().await.unwrap().to_vec() }
        })
    }

    fn attend(&self) {}

    fn set_now(&self, _: u64) {
        panic!("a service elsewhere has a clock of its own");
    }
}
