//! Sockets and TLS: connections are taken, driven and ended here; what they may cost is in [`connections`](crate::connections).

use crate::connections::{ConnectionLimits, Connections, Life, Place};
use crate::exchange::{Desk, Peer};
use crate::renew::Renewal;
use crate::{Native, NativeHost, ServerPki, attend, tls, warnings};
use esim_sm_edge::{ClientCertificate, Host};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// How long requests in flight may take to finish when the server is stopped.
const GRACE: Duration = Duration::from_secs(10);
/// How long a connection that ends may take to say so.
const LINGER: Duration = Duration::from_secs(1);
/// How long nothing is accepted when the system has no room for it.
const BREATH: Duration = Duration::from_millis(10);

/// Requests at once on one connection of HTTP/2.
const STREAMS: u32 = 64;
/// Longest head of a request, in octets.
const HEAD_LIMIT: u32 = 32 << 10;
/// Octets of bodies that one connection of HTTP/2 may send before anybody has read them (what RFC 9113 begins with).
const WINDOW: u32 = 65_535;

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
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    stop_attending: watch::Sender<bool>,
    attending: JoinHandle<()>,
    setting: warnings::Setting,
    renew: Arc<Notify>,
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

    /// What is wrong with this server, though it serves: a sentence each, for whoever runs it.
    pub fn warnings(&self) -> Vec<String> {
        warnings::of_start(&self.pki, &self.setting, self.revocation_lists_out_of_date(), self.host.now())
    }

    /// Reads certificates and revocation lists anew, as happens by itself when their files change. The log tells how that
    /// went; what cannot be used leaves the old in force.
    pub fn renew(&self) {
        self.renew.notify_one();
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
        self.stop.send_replace(true);
        self.wait().await
    }

    /// Serves until it fails or is stopped from elsewhere.
    ///
    /// # Errors
    /// The server has failed.
    pub async fn wait(self) -> io::Result<()> {
        let served = self.task.await.map_err(io::Error::other);
        self.stop_attending.send_replace(true);
        // Calls have time limits of their own, shorter than this.
        let attended = tokio::time::timeout(2 * GRACE, self.attending).await;
        let checkpoint = tokio::task::spawn_blocking(move || self.host.store.checkpoint()).await;
        served?;
        attended.map_err(io::Error::other)?.map_err(io::Error::other)?;
        checkpoint.map_err(io::Error::other)?.map_err(io::Error::other)
    }
}

pub(crate) fn start(native: Native) -> io::Result<ServerHandle> {
    let Native { host, listener, addr, pki, sources, plain_http, .. } = native;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let smds_address = host.config.smds.as_ref().map(|smds| smds.address.as_str());
    let shown = (!plain_http).then(|| tls::Shown::new(&pki, smds_address)).transpose()?;
    let tls = shown.clone().map(|shown| tls::config(shown, host.asks_for_certificates())).transpose()?;
    let tls = tls.map(|config| TlsAcceptor::from(Arc::new(config)));
    let setting = warnings::Setting {
        listen: addr,
        smdp_address: host.config.smdp_address.clone(),
        smds_address: smds_address.map(str::to_string),
        plain_http,
        trust_proxy: host.trust_proxy,
    };
    let connections = Connections::new(within_descriptors(host.connection_limits), host.trust_proxy);
    let hall = Arc::new(Hall { desk: Arc::new(Desk::new(host.clone())), tls, connections, http: http() });
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(accept(listener, hall, stopped));
    let renew = Arc::new(Notify::new());
    let renewal = Renewal { host: host.clone(), sources, shown, setting: setting.clone() };
    renewal.start(renew.clone(), stop.subscribe());
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
        setting,
        renew,
    })
}

/// Files that connections leave to everything else: records, calls to others, what the system wants.
const OTHER_FILES: usize = 64;

/// No more connections than the process may open files for.
fn within_descriptors(limits: ConnectionLimits) -> ConnectionLimits {
    #[cfg(unix)]
    if let Some(files) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        let files = usize::try_from(files).unwrap_or(usize::MAX);
        let room = files.saturating_sub(OTHER_FILES).max(files / 2).max(1);
        return ConnectionLimits { total: limits.total.min(room), ..limits };
    }
    limits
}

/// HTTP/1.1 and HTTP/2. Time limits are not its matter: one rule holds for both, and for TLS before them.
fn http() -> auto::Builder<TokioExecutor> {
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http1().header_read_timeout(None).max_buf_size(HEAD_LIMIT as usize);
    http.http2()
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(HEAD_LIMIT)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    http
}

/// Where connections are served.
struct Hall {
    desk: Arc<Desk>,
    tls: Option<TlsAcceptor>,
    connections: Arc<Connections>,
    http: auto::Builder<TokioExecutor>,
}

/// Takes connections until it is told to stop, and waits for those that are open to end.
async fn accept(listener: TcpListener, hall: Arc<Hall>, mut stopped: watch::Receiver<bool>) {
    let mut open = JoinSet::new();
    let mut is_full = false;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = told_to_stop(&mut stopped) => break,
        };
        while open.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                is_full = false;
                // Nobody waits for a connection that there is no room for: it is closed.
                if let Some(place) = hall.connections.open(peer.ip(), Instant::now()) {
                    open.spawn(serve(stream, peer, place, hall.clone(), stopped.clone()));
                }
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                // Out of descriptors or memory: a silent connection makes room for the next.
                let shed = hall.connections.shed();
                if !std::mem::replace(&mut is_full, true) {
                    let open = hall.connections.len();
                    tracing::error!(outcome = %format!("a connection could not be taken: {error}"), open, shed);
                }
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    let all = async { while open.join_next().await.is_some() {} };
    let _late = tokio::time::timeout(GRACE, all).await;
    open.abort_all();
}

/// Returns when the server is stopped; never where nobody is there any more who could stop it.
async fn told_to_stop(stopped: &mut watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending().await
    }
}

/// Whether the connection broke before it was taken: the next one may be sound.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted, TimedOut};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted | TimedOut)
}

async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    place: Place,
    hall: Arc<Hall>,
    stopped: watch::Receiver<bool>,
) {
    let life = place.life.clone();
    tokio::select! {
        () = converse(stream, peer, life.clone(), hall, stopped) => {}
        () = life.hung_up() => {}
    }
}

/// A connection from its first octet to its last.
async fn converse(
    stream: TcpStream,
    address: SocketAddr,
    life: Arc<Life>,
    hall: Arc<Hall>,
    mut stopped: watch::Receiver<bool>,
) {
    // Answers are small: they leave at once. Where that cannot be, they leave later.
    let _ = stream.set_nodelay(true);
    let patience = hall.desk.host.connection_limits.patience;
    let stream = Watched { stream, life: life.clone(), patience };
    let peer = |certificate| Arc::new(Peer { address, certificate, life: life.clone() });
    let Some(tls) = &hall.tls else { return drive(stream, peer(None), &hall, stopped).await };
    let stream = tokio::select! {
        accepted = tls.accept(stream) => accepted,
        () = life.silence(patience) => return,
        () = told_to_stop(&mut stopped) => return,
    };
    // Whoever does not speak TLS is not answered.
    let Ok(stream) = stream else { return };
    let chain = stream.get_ref().1.peer_certificates().filter(|chain| !chain.is_empty());
    let chain = chain.map(|chain| ClientCertificate::Chain(chain.iter().map(|der| der.to_vec()).collect()));
    drive(stream, peer(chain), &hall, stopped).await;
}

/// Speaks HTTP until the client has no more to say.
async fn drive<I: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: I,
    peer: Arc<Peer>,
    hall: &Hall,
    mut stopped: watch::Receiver<bool>,
) {
    let life = peer.life.clone();
    let service = service_fn(|request| hall.desk.clone().serve(peer.clone(), request));
    let mut connection = pin!(hall.http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = life.silence(hall.desk.host.connection_limits.patience) => {}
        () = told_to_stop(&mut stopped) => {}
    }
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        _ = connection => {}
        () = life.silence(LINGER) => {}
    }
}

/// A socket that tells when its client takes something.
struct Watched {
    stream: TcpStream,
    life: Arc<Life>,
    patience: Duration,
}

impl Watched {
    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(_))) {
            self.life.written(Instant::now(), self.patience);
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, octets);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, octets);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
