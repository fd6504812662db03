//! One request of a connection: its head is admitted, then its body read, then it is answered.

use crate::NativeHost;
use crate::connections::{Bodies, Busy, Life};
use esim_sm_edge::{Admitted, Caller, ClientCertificate, HttpRequest, HttpResponse, relay};
use esim_sm_edge::{admit_head, is_house, unread};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{EXPECT, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::time::timeout;

/// What all connections share to answer requests.
pub(crate) struct Desk {
    pub host: Arc<NativeHost>,
    pub bodies: Arc<Bodies>,
    /// Whether a proxy that nobody trusts has been told about.
    told_of_proxy: AtomicBool,
}

/// Who is at the other end of a connection.
pub(crate) struct Peer {
    pub address: SocketAddr,
    /// The certificate of TLS, if one was shown.
    pub certificate: Option<ClientCertificate>,
    pub life: Arc<Life>,
}

impl Desk {
    pub fn new(host: Arc<NativeHost>) -> Self {
        let bodies = Bodies::new(host.connection_limits.bodies);
        Self { host, bodies, told_of_proxy: AtomicBool::new(false) }
    }

    pub async fn serve(
        self: Arc<Self>,
        peer: Arc<Peer>,
        request: Request<Incoming>,
    ) -> Result<Response<Answer>, Infallible> {
        let busy = peer.life.request();
        let (parts, body) = request.into_parts();
        if let Some(response) = self.host.page.as_ref().and_then(|page| page.answer(&parts)) {
            self.discard(body, &parts);
            log_page(&parts, &response, &peer);
            return Ok(response.map(|octets| Answer { body: Full::from(octets), _busy: busy }));
        }
        let response = self.exchange(&peer, parts, body).await;
        Ok(write(response, busy))
    }

    async fn exchange(&self, peer: &Peer, parts: Parts, mut body: Incoming) -> HttpResponse {
        let mut request = self.head(&parts, peer);
        if request.path.split('?').next() == Some("/metrics") {
            return metrics(&request, &self.host);
        }
        let admitted = match admit_head(&request, &*self.host).await {
            Ok(admitted) => admitted,
            Err(refused) => {
                self.discard(body, &parts);
                return refused;
            }
        };
        let source = request.caller.source.as_deref().and_then(|source| source.parse().ok());
        let source = source.unwrap_or(peer.address.ip());
        let patience = 2 * self.host.connection_limits.patience;
        let read = timeout(patience, self.read(&mut body, admitted.body_limit(), source)).await;
        match read.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT)) {
            Ok(body) => request.body = body,
            Err(status) => {
                self.discard(body, &parts);
                return unread(status.as_u16(), &request, &*self.host);
            }
        }
        answer(request, admitted, &self.host).await
    }

    /// The request without its body.
    fn head(&self, parts: &Parts, peer: &Peer) -> HttpRequest {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let headers = parts
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str().to_string(), value.to_str().ok()?.to_string())));
        // HTTP/2 has no header of this name, but the authority that was asked for.
        let authority = parts.uri.authority().filter(|_| !parts.headers.contains_key("host"));
        let headers = headers.chain(authority.map(|host| ("Host".to_string(), host.to_string())));
        let mut head = HttpRequest {
            method: parts.method.as_str().to_string(),
            path: path.to_string(),
            headers: headers.collect(),
            body: Vec::new(),
            caller: Caller::default(),
        };
        let forwarded = forwarded_for(&head).filter(|_| self.trusts_proxy(peer));
        let source = Some(forwarded.unwrap_or(peer.address.ip()).to_string());
        head.caller = Caller { source, certificate: peer.certificate.clone() };
        head
    }

    /// Whether `X-Forwarded-For` counts. Where it does not and comes all the same, somebody has forgotten an option, or
    /// plays with it: that is said once.
    fn trusts_proxy(&self, peer: &Peer) -> bool {
        if !self.host.trust_proxy && !self.told_of_proxy.swap(true, Ordering::Relaxed) {
            let address = peer.address.ip();
            tracing::warn!(
                outcome = %format!(
                    "{address} says X-Forwarded-For, which is not believed: all who come through a proxy count as one \
                     address. If this server is reached through a proxy only, start it with --trust-proxy"
                )
            );
        }
        self.host.trust_proxy
    }

    /// Reads a body as it comes, as long as there is memory for it.
    async fn read(&self, body: &mut Incoming, limit: usize, source: IpAddr) -> Result<Vec<u8>, StatusCode> {
        let mut portion = self.bodies.begin(source);
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            // The client has gone away, or does not speak HTTP.
            let Ok(data) = frame.map_err(|_| StatusCode::BAD_REQUEST)?.into_data() else { continue };
            if read.len() + data.len() > limit {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            if !portion.take(data.len()) {
                return Err(StatusCode::SERVICE_UNAVAILABLE);
            }
            read.extend_from_slice(&data);
        }
        Ok(read)
    }

    /// Lets a body go by that nobody wants, so that its sender gets to read the answer; no more of it than others may
    /// send. Who waits to be told to go on is not told.
    fn discard(&self, mut body: Incoming, parts: &Parts) {
        if body.is_end_stream() || parts.headers.contains_key(EXPECT) {
            return;
        }
        let patience = self.host.connection_limits.patience;
        tokio::spawn(timeout(patience, async move {
            let mut seen = 0;
            while let Some(Ok(frame)) = body.frame().await {
                seen += frame.data_ref().map_or(0, Bytes::len);
                if seen > HttpRequest::BODY_LIMIT {
                    break;
                }
            }
        }));
    }
}

/// The line of the log for a file of the page.
fn log_page(parts: &Parts, response: &Response<Bytes>, peer: &Peer) {
    let (call, status) = (format!("{} {}", parts.method, parts.uri.path()), response.status().as_u16());
    tracing::info!(call, status, address = %peer.address.ip());
}

async fn answer(request: HttpRequest, admitted: Admitted, host: &Arc<NativeHost>) -> HttpResponse {
    let (begun, call, host) = (Instant::now(), request.path.clone(), host.clone());
    let is_short = [esim_rsp::es9p::PATH, relay::PATH].iter().any(|path| request.path.starts_with(path));
    let answer = async move {
        let response = esim_sm_edge::answer(request, admitted, &*host).await;
        host.metrics.time(&call, begun.elapsed());
        response
    };
    // As a task of its own, for it must come to its end if the client goes away. A function of an LPA takes a
    // millisecond, and who relays it waits for others; a batch or a list of orders would hold up the sockets of this thread.
    let answered = match is_short {
        true => tokio::spawn(answer).await,
        false => tokio::task::spawn_blocking(|| Handle::current().block_on(answer)).await,
    };
    answered.unwrap_or_else(|_| HttpResponse::empty(500))
}

/// `/metrics`, for whoever is on this machine or has the credential of the house.
fn metrics(request: &HttpRequest, host: &NativeHost) -> HttpResponse {
    let source = request.caller.source.as_deref().and_then(|source| source.parse::<IpAddr>().ok());
    let is_here = source.is_some_and(|address| address.to_canonical().is_loopback());
    if !is_here && !is_house(request, host) {
        return HttpResponse::empty(401).with_header("WWW-Authenticate", "Bearer");
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

/// Whom the nearest proxy says that it forwards for: the last address, as those before it are the client's own word.
fn forwarded_for(request: &HttpRequest) -> Option<IpAddr> {
    let named = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("X-Forwarded-For");
    let last = request.headers.iter().rfind(named)?.1.rsplit(',').next()?.trim();
    let address = last.parse().ok();
    address.or_else(|| last.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

fn write(response: HttpResponse, busy: Busy) -> Response<Answer> {
    let mut written = Response::new(Answer { body: Full::from(response.body), _busy: busy });
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

/// The body of an answer. The connection is at work until it has been handed over to be sent.
pub(crate) struct Answer {
    body: Full<Bytes>,
    _busy: Busy,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
