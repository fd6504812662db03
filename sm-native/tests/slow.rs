//! Clients that say nothing or not enough, and too many of them: none holds a connection, a descriptor or memory for
//! long, and whoever has something to say is served meanwhile.

use crate::common;

use common::Lab;
use common::Scratch;
use common::server::{Server, options};
use esim_sm_edge::{Admittance, HttpRequest, Rate};
use esim_sm_native::{ConnectionLimits, Native, NativeOptions};
use rustls::pki_types::{CertificateDer, ServerName};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// As short as a slow machine bears.
const PATIENCE: Duration = Duration::from_millis(500);
/// When a test gives up. What it waits for comes after one or two times [`PATIENCE`].
const LIMIT: Duration = Duration::from_secs(60);

const INITIATE: &str = "/gsma/rsp2/es9plus/initiateAuthentication";
/// Beginning of HTTP/2 (RFC 9113 3.4) and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
const PING: &[u8] = &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];

fn impatient(options: &mut NativeOptions) {
    options.connections.patience = PATIENCE;
}

fn connect(address: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

type Tls = rustls::StreamOwned<rustls::ClientConnection, TcpStream>;

/// A TLS connection whose handshake is done.
fn connect_tls(server: &Server, protocol: &str) -> Tls {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from(server.handle().pki.tls_ci_certificate.clone())).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.into()];
    let name = ServerName::try_from("localhost").unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = rustls::StreamOwned::new(connection, connect(server.handle().addr));
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).unwrap();
    }
    stream
}

/// Reads until the server hangs up; what it said.
#[track_caller]
fn hung_up(mut stream: impl Read) -> Vec<u8> {
    let mut heard = Vec::new();
    match stream.read_to_end(&mut heard) {
        Ok(_) => heard,
        Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => heard,
        Err(error) => panic!("the server has not hung up: {error}"),
    }
}

#[test]
fn every_kind_of_silence_ends() {
    let server = Server::start("silence", impatient);
    let address = server.handle().addr;
    let begun = Instant::now();
    let silent = connect(address);
    let mut half_hello = connect(address);
    half_hello.write_all(&[0x16, 3, 1, 2, 0, 1, 0]).unwrap();
    let after_handshake = ["h2", "http/1.1"].map(|protocol| connect_tls(&server, protocol));
    let said = |protocol: &str, octets: &[u8]| {
        let mut stream = connect_tls(&server, protocol);
        stream.write_all(octets).unwrap();
        stream
    };
    let half_preface = said("h2", &PREFACE[..10]);
    let without_requests = said("h2", &[PREFACE, SETTINGS].concat());
    let half_head = said("http/1.1", b"POST /gsma/rsp2/es9plus/cancelSession HTTP/1.1\r\nHost: a\r\nConte");
    let kept_alive = said("http/1.1", b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    let half_body = said(
        "http/1.1",
        b"POST /gsma/rsp2/es9plus/cancelSession HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
    );
    hung_up(silent);
    hung_up(half_hello);
    after_handshake.into_iter().for_each(|stream| drop(hung_up(stream)));
    for stream in [half_preface, without_requests, half_head] {
        assert!(!hung_up(stream).starts_with(b"HTTP/1.1 200"));
    }
    assert!(hung_up(kept_alive).starts_with(b"HTTP/1.1 200"), "it was served before it fell silent");
    assert!(hung_up(half_body).starts_with(b"HTTP/1.1 408"), "a body that does not come is named");
    assert!(begun.elapsed() >= PATIENCE);
    assert_eq!(server.lab().send(HttpRequest::get("/healthz")).status, 200);
}

/// The same without TLS, behind somebody else's.
#[test]
fn every_kind_of_silence_ends_without_tls() {
    let server = Server::start("silence-plain", |options| {
        impatient(options);
        options.plain_http = true;
    });
    let begins: [&[u8]; 4] = [b"", b"PRI * HT", &[PREFACE, SETTINGS].concat(), b"GET /healthz HTT"];
    let open = begins.map(|octets| {
        let mut socket = connect(server.handle().addr);
        socket.write_all(octets).unwrap();
        socket
    });
    open.into_iter().for_each(|socket| assert!(!hung_up(socket).starts_with(b"HTTP/1.1 200")));
}

/// Whoever talks without asking anything says nothing.
#[test]
fn noise_is_silence() {
    let server = Server::start("noise", |options| {
        impatient(options);
        options.plain_http = true;
    });
    let noises: [(&[u8], &[u8]); 2] =
        [(&[PREFACE, SETTINGS].concat(), PING), (b"GET /healthz HTTP/1.1\r\n", b"X: 1\r\n")];
    for (first, again) in noises {
        let mut socket = connect(server.handle().addr);
        socket.write_all(first).unwrap();
        let begun = Instant::now();
        while socket.write_all(again).is_ok() {
            assert!(begun.elapsed() < LIMIT, "{again:?} keeps a connection");
            std::thread::sleep(PATIENCE / 10);
        }
    }
}

/// Who may not come in is told so before he has sent a body, and what is too long before it is read.
#[test]
fn bodies_are_read_of_those_who_are_let_in() {
    let server = Server::start("heads", |options| {
        options.plain_http = true;
        options.trust_proxy = true;
        options.admittance =
            Admittance { per_source: Some(Rate { burst: 1, per_minute: 1 }), ..Admittance::OPEN };
    });
    let token = server.handle().token.clone();
    let status = |path: &str, length: usize, headers: &str| {
        let mut socket = connect(server.handle().addr);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n"
        );
        socket.write_all(head.as_bytes()).unwrap();
        let mut line = String::new();
        BufReader::new(socket).read_line(&mut line).unwrap();
        line.split(' ').nth(1).unwrap_or_default().to_string()
    };
    let whole = 1 << 20;
    assert_eq!(status("/esim-lab/import", whole, ""), "401");
    assert_eq!(status("/gsma/rsp2/es2plus/downloadOrder", whole, "Authorization: Bearer wrong\r\n"), "401");
    let house = format!("Authorization: Bearer {token}\r\n");
    assert_eq!(status("/esim-lab/import", whole + 1, &house), "413");
    assert_eq!(status("/no/such/path", whole, ""), "404");
    let from = "X-Forwarded-For: 192.0.2.1\r\n";
    assert_eq!(status(INITIATE, HttpRequest::LPA_BODY_LIMIT + 1, from), "413");
    assert_eq!(status(INITIATE, HttpRequest::LPA_BODY_LIMIT, from), "429");
}

/// Bodies on their way share a memory: who comes when it is full is told to come again.
#[test]
fn unfinished_bodies_have_one_budget() {
    const BUDGET: usize = 2 << 20;
    let server = Server::start("budget", |options| {
        options.plain_http = true;
        options.connections.bodies = BUDGET;
    });
    let head = format!(
        "POST /esim-lab/import HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAuthorization: Bearer {}\r\n\
         Content-Length: {}\r\n\r\n",
        server.handle().token,
        1 << 20
    );
    let part = vec![b' '; 700 << 10];
    let send = || {
        let mut socket = connect(server.handle().addr);
        socket.write_all(head.as_bytes()).unwrap();
        // Who is refused may see that before he has written all.
        let _ = socket.write_all(&part);
        socket
    };
    let mut bodies = vec![send(), send()];
    for socket in &mut bodies {
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let silence = socket.read(&mut [0; 12]).expect_err("two have room").kind();
        assert!(matches!(silence, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{silence}");
    }
    bodies.extend((0..4).map(|_| send()));
    // Three have none; each of the others hears 503. Who is refused still holds what he has for a moment,
    // and another one may be refused for that: then one is left.
    let start = Instant::now();
    while bodies.len() > 2 {
        assert!(start.elapsed() < LIMIT, "{} are let in", bodies.len());
        bodies.retain_mut(|socket| {
            socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
            let mut line = [0; 12];
            match socket.read(&mut line) {
                Ok(count) => {
                    assert_eq!(String::from_utf8_lossy(&line[..count]), "HTTP/1.1 503");
                    false
                }
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
                    true
                }
            }
        });
    }
    assert!(!bodies.is_empty(), "nobody is let in");
    drop(bodies);
    // What they held is free again.
    let request = || HttpRequest::post("/esim-lab/import", vec![b' '; 1 << 20]);
    let lab = server.lab();
    while lab.send(request().with_token(&lab.token)).status == 503 {
        assert!(start.elapsed() < LIMIT, "the memory does not come back");
    }
}

/// Not a test of its own: a server that may open few files, and has others open.
#[test]
#[cfg(unix)]
fn child_server() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let Ok(folder) = std::env::var("ESIM_LAB_CHILD") else { return };
    let few = Rlimit { current: Some(256), maximum: Some(256) };
    setrlimit(Resource::Nofile, few).unwrap();
    let others: usize = std::env::var("ESIM_LAB_CHILD_FILES").unwrap().parse().unwrap();
    let others: Vec<_> = (0..others).map(|_| std::fs::File::open("/dev/null").unwrap()).collect();
    let options = NativeOptions { now: None, plain_http: true, ..options(Path::new(&folder)) };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let server = Native::open(options).unwrap().serve().unwrap();
        println!("\nserving {}", server.url());
        server.wait().await.unwrap();
    });
    drop(others);
}

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// 256 descriptors, 235 idle connections: the next is served. Once with room kept for it, once where other files have
/// taken that, so that the system itself refuses.
#[test]
#[cfg(unix)]
fn idle_connections_leave_descriptors() {
    for others in ["0", "100"] {
        let scratch = Scratch::new(&format!("descriptors-{others}"));
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "slow::child_server", "--nocapture"])
            .env("ESIM_LAB_CHILD", &scratch.0)
            .env("ESIM_LAB_CHILD_FILES", others)
            .stdout(Stdio::piped())
            .spawn();
        let mut child = Killed(child.unwrap());
        let output = BufReader::new(child.0.stdout.take().unwrap());
        let mut lines = output.lines().map(Result::unwrap);
        let url = lines.find_map(|line| line.strip_prefix("serving ").map(str::to_string)).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], url.rsplit(':').next().unwrap().parse().unwrap()));
        let idle: Vec<_> = (0..235).map(|_| connect(address)).collect();
        for _ in 0..20 {
            let mut socket = connect(address);
            socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            let mut line = [0; 12];
            socket.read_exact(&mut line).expect("an answer");
            assert_eq!(&line, b"HTTP/1.1 200", "with {others} other files");
        }
        drop(idle);
    }
}

/// Where there are no more places, the longest silent one goes.
#[test]
fn a_full_house_lets_the_longest_silent_go() {
    let server = Server::start("full", |options| {
        options.plain_http = true;
        options.connections = ConnectionLimits { total: 3, ..ConnectionLimits::default() };
    });
    let address = server.handle().addr;
    let [first, mut second, mut third] = [(); 3].map(|()| connect(address));
    let ask = |socket: &mut TcpStream| {
        socket.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(br#"{"status":"ok"}"#) {
            let mut octet = [0];
            socket.read_exact(&mut octet).unwrap();
            heard.extend(octet);
        }
    };
    ask(&mut second);
    ask(&mut third);
    ask(&mut connect(address));
    assert!(hung_up(first).is_empty());
    ask(&mut third);
}

/// An eUICC's whole download goes on while a hundred others say nothing.
#[test]
fn a_download_goes_on_beside_silent_connections() {
    let server = Server::start("beside", |options| options.connections.total = 20);
    let idle: Vec<_> = (0..100).map(|_| connect(server.handle().addr)).collect();
    let lab: Lab = server.lab();
    let (_, matching_id) = lab.order(serde_json::json!({}));
    lab.download(&matching_id);
    drop(idle);
}
