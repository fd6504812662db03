//! Sockets and TLS.

use super::pki::TLS_CURVE;
use super::{Native, NativeHost, ServerPki, attend};
use crate::{Caller, HttpRequest, HttpResponse, handle};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long requests in flight may take to finish when the server is stopped.
const GRACE: Duration = Duration::from_secs(10);

/// A server at work. It goes on when the handle is dropped.
pub struct ServerHandle {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The SM-DP+ address for activation codes.
    pub smdp_address: String,
    /// The credential of ES2+.
    pub token: String,
    /// Certificates and keys.
    pub pki: ServerPki,
    /// The host behind it.
    pub host: Arc<NativeHost>,
    tls: bool,
    stop: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    stop_attending: watch::Sender<bool>,
    attending: JoinHandle<()>,
}

impl ServerHandle {
    /// `https://…` or `http://…` with host and port, for clients on this machine.
    pub fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme(), self.addr.port())
    }

    fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }

    /// Takes no more connections, finishes the requests in flight and the orders being attended to, and writes
    /// everything into the one file of records.
    ///
    /// # Errors
    /// The server had failed before.
    pub async fn shutdown(self) -> io::Result<()> {
        self.stop.graceful_shutdown(Some(GRACE));
        self.wait().await
    }

    /// Serves until it fails or is stopped from elsewhere.
    ///
    /// # Errors
    /// The server has failed.
    pub async fn wait(self) -> io::Result<()> {
        let served = self.task.await.map_err(io::Error::other).flatten();
        self.stop_attending.send_replace(true);
        // Calls have time limits of their own, shorter than this.
        let attended = tokio::time::timeout(2 * GRACE, self.attending).await;
        let checkpoint = tokio::task::spawn_blocking(move || self.host.store.checkpoint()).await;
        served?;
        attended.map_err(io::Error::other)?.map_err(io::Error::other)?;
        checkpoint.map_err(io::Error::other)?.map_err(io::Error::other)
    }
}

pub(super) fn start(native: Native) -> io::Result<ServerHandle> {
    let Native { host, listener, addr, pki, plain_http } = native;
    listener.set_nonblocking(true)?;
    let service = Router::new().fallback(serve).with_state(host.clone()).into_make_service();
    let stop = Handle::new();
    let task = if plain_http {
        let server = axum_server::from_tcp(listener)?.handle(stop.clone());
        tokio::spawn(server.serve(service))
    } else {
        let config = RustlsConfig::from_config(Arc::new(tls_config(&pki)?));
        let server = axum_server::from_tcp_rustls(listener, config)?.handle(stop.clone());
        tokio::spawn(server.serve(service))
    };
    let (stop_attending, stopped) = watch::channel(false);
    let attending = attend::start(host.clone(), stopped);
    Ok(ServerHandle {
        addr,
        smdp_address: host.config.smdp_address.clone(),
        token: host.token.clone(),
        pki,
        host,
        tls: !plain_http,
        stop,
        task,
        stop_attending,
        attending,
    })
}

/// Server authentication with CERT.DP.TLS (SGP.22 2.6.6).
fn tls_config(pki: &ServerPki) -> io::Result<ServerConfig> {
    if pki.tls.key.curve() != TLS_CURVE {
        return Err(io::Error::other(
            "CERT.DP.TLS and its key are on brainpoolP256r1, which the TLS library does not know. Put a TLS \
             certificate on P-256 into the folder, or serve plain HTTP behind a TLS front of your own.",
        ));
    }
    let certificate = CertificateDer::from(pki.tls.certificate.clone());
    let key = PrivatePkcs8KeyDer::from(pki.tls.key_pkcs8_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?.with_no_client_auth();
    let config = builder.with_single_cert(vec![certificate], key.into());
    let mut config = config.map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

async fn serve(State(host): State<Arc<NativeHost>>, request: Request) -> Response {
    let request = match read(request).await {
        Ok(request) => request,
        Err(status) => return status_only(status),
    };
    // SQLite waits for the disk, and the futures of the handler are not Send.
    let work = move || runtime::Handle::current().block_on(handle(request, &*host));
    let answered = tokio::task::spawn_blocking(work).await;
    match answered {
        Ok(response) => write(response),
        Err(_) => status_only(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

async fn read(request: Request) -> Result<HttpRequest, StatusCode> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_string(), value.to_str().ok()?.to_string())));
    // One octet more than the limit, for the handler to see that it is too long.
    let body = to_bytes(body, HttpRequest::BODY_LIMIT + 1).await;
    Ok(HttpRequest {
        method: parts.method.as_str().to_string(),
        path: path.to_string(),
        headers: headers.collect(),
        body: body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_vec(),
        caller: Caller::default(),
    })
}

fn write(response: HttpResponse) -> Response {
    let mut written = Response::new(Body::from(response.body));
    *written.status_mut() =
        StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers {
        let pair = (HeaderName::try_from(name), HeaderValue::try_from(value));
        if let (Ok(name), Ok(value)) = pair {
            written.headers_mut().insert(name, value);
        }
    }
    written
}

fn status_only(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
