//! Sockets and TLS.

use super::{Native, NativeHost, ServerPki, attend, tls};
use crate::{Caller, ClientCertificate, Host, HttpRequest, HttpResponse, admit, handle};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls::TlsInfo;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle as Stop, Server};
use esim_rsp::es9p;
use hyper_util::rt::TokioTimer;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long requests in flight may take to finish when the server is stopped.
const GRACE: Duration = Duration::from_secs(10);

/// Requests at once on one connection of HTTP/2.
const STREAMS: u32 = 64;
/// Longest head of a request, in octets.
const HEAD_LIMIT: u32 = 32 << 10;

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
    stop: Stop<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    stop_attending: watch::Sender<bool>,
    attending: JoinHandle<()>,
}

impl ServerHandle {
    /// `https://…` or `http://…` with host and port, for clients on this machine.
    pub fn url(&self) -> String {
        format!("{}://localhost:{}", self.scheme(), self.addr.port())
    }

    /// How many revocation lists should have been replaced by now.
    pub fn revocation_lists_out_of_date(&self) -> usize {
        self.host.config.revocations.out_of_date(self.host.now())
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
    let service = Router::new().fallback(serve).with_state(host.clone());
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let stop = Stop::new();
    let mut server = axum_server::from_tcp(listener)?.handle(stop.clone());
    limit(&mut server, host.patience);
    let task = if plain_http {
        tokio::spawn(server.serve(service))
    } else {
        let smds = host.config.smds.as_ref().map(|smds| smds.address.as_str());
        let config = tls::config(&pki, smds, host.asks_for_certificates())?;
        let acceptor = RustlsAcceptor::new(RustlsConfig::from_config(Arc::new(config)));
        // Answers are small: they leave at once.
        let acceptor = acceptor.acceptor(NoDelayAcceptor::new());
        tokio::spawn(server.acceptor(acceptor).serve(service))
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

/// Limits on what a connection may cost.
fn limit<A>(server: &mut Server<SocketAddr, A>, patience: Duration) {
    let mut http = server.http_builder().http1();
    http.timer(TokioTimer::new()).header_read_timeout(patience).max_buf_size(HEAD_LIMIT as usize);
    let mut http = server.http_builder().http2();
    http.timer(TokioTimer::new()).keep_alive_interval(patience).keep_alive_timeout(patience);
    http.max_concurrent_streams(STREAMS).max_header_list_size(HEAD_LIMIT);
}

async fn serve(
    State(host): State<Arc<NativeHost>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    let request = match read(request, peer, &host).await {
        Ok(request) => request,
        Err(status) => return status_only(status),
    };
    let is_short = request.path.starts_with(es9p::PATH);
    let answer = async move { answer(request, &host).await };
    // As a task of its own, for it must come to its end if the client goes away. A function of an LPA takes a
    // millisecond; a batch or a list of orders would hold up the sockets of this thread.
    let answered = match is_short {
        true => tokio::spawn(answer).await,
        false => tokio::task::spawn_blocking(|| Handle::current().block_on(answer)).await,
    };
    answered.map_or_else(|_| status_only(StatusCode::INTERNAL_SERVER_ERROR), write)
}

async fn answer(request: HttpRequest, host: &NativeHost) -> HttpResponse {
    let (begun, call) = (Instant::now(), request.path.clone());
    let response = match call.split('?').next() {
        Some("/metrics") => metrics(&request, host),
        _ => handle(request, host).await,
    };
    host.metrics.time(&call, begun.elapsed());
    response
}

/// `/metrics`, for whoever is on this machine or has the credential of the house.
fn metrics(request: &HttpRequest, host: &NativeHost) -> HttpResponse {
    if let Err(refused) = admit::metrics(request, host) {
        return refused;
    }
    match host.metrics() {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            let response = HttpResponse { body: text.into_bytes(), ..HttpResponse::empty(200) };
            response.with_header("Content-Type", kind)
        }
        Err(fault) => {
            tracing::error!(call = "GET /metrics", outcome = %fault);
            HttpResponse::empty(503)
        }
    }
}

async fn read(request: Request, peer: SocketAddr, host: &NativeHost) -> Result<HttpRequest, StatusCode> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let headers = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_string(), value.to_str().ok()?.to_string())));
    // One octet more than the limit, for the handler to see that it is too long.
    let body = tokio::time::timeout(2 * host.patience, to_bytes(body, HttpRequest::BODY_LIMIT + 1)).await;
    let body = body.map_err(|_| StatusCode::REQUEST_TIMEOUT)?;
    let mut read = HttpRequest {
        method: parts.method.as_str().to_string(),
        path: path.to_string(),
        headers: headers.collect(),
        body: body.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?.to_vec(),
        caller: Caller::default(),
    };
    let shown = parts.extensions.get::<Arc<TlsInfo>>().map(|info| info.peer_certificates.clone());
    let certificate = shown.filter(|chain| !chain.is_empty()).map(ClientCertificate::Chain);
    let forwarded = if host.trust_proxy { forwarded_for(&read) } else { None };
    let source = Some(forwarded.unwrap_or(peer.ip()).to_string());
    read.caller = Caller { source, certificate };
    Ok(read)
}

/// Whom the nearest proxy says that it forwards for: the last address, as those before it are the client's own word.
fn forwarded_for(request: &HttpRequest) -> Option<IpAddr> {
    let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("X-Forwarded-For");
    let last = request.headers.iter().rfind(named)?.1.rsplit(',').next()?.trim();
    let address = last.parse().ok();
    address.or_else(|| last.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
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
