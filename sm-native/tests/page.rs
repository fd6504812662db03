//! The page beside the SM, as clients ask for it over a socket.

use crate::common;

use common::Scratch;
use common::server::Server;
use esim_sm_native::{ConnectionLimits, Native, NativeOptions};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

/// The headers that the page is published with.
const HEADERS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../web/public/_headers"));
const WASM: &str = "/assets/esim_lab_bg-CgOKxzAj.wasm";

/// A page of a few files; the wasm one has a compressed form, of which nobody here looks inside.
fn page(folder: &Path) {
    for (name, octets) in [
        ("index.html", b"<p>index".to_vec()),
        ("operator.html", b"<p>operator".to_vec()),
        ("about/index.html", b"<p>about".to_vec()),
        ("icon.svg", b"<svg/>".to_vec()),
        ("_headers", HEADERS.into()),
        (".assetsignore", b"hidden".to_vec()),
        (&WASM[1..], vec![0; 1000]),
        (&format!("{}.br", &WASM[1..]), b"brotli".to_vec()),
        ("assets/index-C9tzsTR8.js", b"let a;".to_vec()),
        ("assets/large-C9tzsTR8.woff2", vec![7; 16 << 20]),
        ("../secret", b"secret".to_vec()),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, octets).unwrap();
    }
}

/// A server with that page, in plain HTTP.
fn serve(name: &str, change: impl FnOnce(&mut NativeOptions)) -> Server {
    Server::start(name, |options| {
        let folder = options.data_dir.join("page");
        std::fs::create_dir_all(&folder).unwrap();
        page(&folder);
        (options.page, options.plain_http) = (Some(folder), true);
        change(options);
    })
}

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// Says just this, so that no client mends the path.
fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut read = Vec::new();
    stream.read_to_end(&mut read).unwrap();
    let end = read.windows(4).position(|octets| octets == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8(read[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.into()));
    Answer { status, headers: lines.filter_map(header).collect(), body: read[end + 4..].to_vec() }
}

#[test]
fn files_have_their_types_and_headers() {
    let server = serve("page-files", |_| {});
    let get = |path: &str| ask(server.handle().addr, "GET", path, "");
    for (path, body, kind) in [
        ("/", "<p>index", "text/html; charset=utf-8"),
        ("/operator", "<p>operator", "text/html; charset=utf-8"),
        ("/operator?order=1", "<p>operator", "text/html; charset=utf-8"),
        ("/about/", "<p>about", "text/html; charset=utf-8"),
        ("/icon.svg", "<svg/>", "image/svg+xml"),
    ] {
        let answer = get(path);
        assert_eq!((answer.status, answer.body.as_slice()), (200, body.as_bytes()), "{path}");
        assert_eq!(
            (answer.header("content-type"), answer.header("cache-control")),
            (kind, "no-cache"),
            "{path}"
        );
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
    }
    let script = get("/assets/index-C9tzsTR8.js");
    assert_eq!(script.header("content-type"), "text/javascript; charset=utf-8");
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!((script.header("vary"), script.header("x-content-type-options")), ("", "nosniff"));
}

#[test]
fn names_of_html_go_on_to_their_paths() {
    let server = serve("page-moved", |_| {});
    for (path, location) in [
        ("/operator.html", "/operator"),
        ("/operator.html?a=b", "/operator?a=b"),
        ("/operator/", "/operator"),
        ("/index.html", "/"),
        ("/index", "/"),
        ("/about", "/about/"),
        ("/about/index.html", "/about/"),
    ] {
        let answer = ask(server.handle().addr, "GET", path, "");
        assert_eq!((answer.status, answer.header("location")), (307, location), "{path}");
    }
}

#[test]
fn brotli_is_for_who_takes_it() {
    let server = serve("page-brotli", |_| {});
    let get = |headers: &str| ask(server.handle().addr, "GET", WASM, headers);
    let tags = [
        ("", 1000, ""),
        ("Accept-Encoding: gzip, br\r\n", 6, "br"),
        ("Accept-Encoding: br;q=0\r\n", 1000, ""),
    ]
    .map(|(accepts, length, coding)| {
        let answer = get(accepts);
        assert_eq!((answer.status, answer.body.len()), (200, length), "{accepts}");
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), (coding, "Accept-Encoding"));
        assert_eq!(answer.header("content-type"), "application/wasm");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        answer.header("etag").to_string()
    });
    assert!(tags[0] == tags[2] && tags[0] != tags[1], "{tags:?}");
    let again = get(&format!("Accept-Encoding: br\r\nIf-None-Match: \"x\", W/{}\r\n", tags[1]));
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, &*tags[1]));
    assert_eq!(get(&format!("If-None-Match: {}\r\n", tags[1])).status, 200);
}

#[test]
fn only_get_and_head() {
    let server = serve("page-methods", |_| {});
    let ask = |method: &str, path: &str, headers: &str| ask(server.handle().addr, method, path, headers);
    let head = ask("HEAD", WASM, "Accept-Encoding: br\r\n");
    assert_eq!((head.status, head.body.len(), head.header("content-length")), (200, 0, "6"));
    assert_eq!(ask("HEAD", "/operator.html", "").status, 307);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = ask(method, "/operator", "Content-Length: 0\r\n");
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method}");
    }
}

#[test]
fn what_is_no_file_is_the_sms() {
    let server = serve("page-unknown", |_| {});
    let get = |path: &str| ask(server.handle().addr, "GET", path, "");
    for path in [
        "/nothing",
        "/assets",
        "/assets/",
        "/_headers",
        "/.assetsignore",
        &format!("{WASM}.br"),
        "/../secret",
        "/assets/../../secret",
        "/..%2fsecret",
        "/%2e%2e/secret",
        "//etc/passwd",
        "/assets/..\\..\\secret",
        "/operator%00.html",
    ] {
        let answer = get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.windows(6).any(|octets| octets == b"secret"), "{path}");
    }
    assert_eq!(get("/healthz").body, br#"{"status":"ok"}"#);
    assert_eq!(get("/metrics").status, 200);
    assert_eq!(get("/esim-lab/orders").status, 401);
    let token = format!("Authorization: Bearer {}\r\n", server.handle().token);
    assert_eq!(ask(server.handle().addr, "GET", "/esim-lab/orders", &token).status, 200);
}

#[test]
fn without_the_option_there_is_no_page() {
    let server = Server::start("page-none", |options| options.plain_http = true);
    for path in ["/", "/operator", "/index.html", WASM] {
        assert_eq!(ask(server.handle().addr, "GET", path, "").status, 404, "{path}");
    }
}

/// Who takes nothing of a large file is hung up on, as who takes nothing of another answer is.
#[test]
fn a_file_waits_for_nobody() {
    let patience = Duration::from_millis(300);
    let server = serve("page-slow", |options| {
        options.connections = ConnectionLimits { patience, ..ConnectionLimits::default() };
    });
    let mut stream = TcpStream::connect(server.handle().addr).unwrap();
    stream.write_all(b"GET /assets/large-C9tzsTR8.woff2 HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    std::thread::sleep(10 * patience);
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut read = Vec::new();
    let _reset = stream.read_to_end(&mut read);
    assert!(read.starts_with(b"HTTP/1.1 200 OK") && read.len() < 16 << 20, "{} octets", read.len());
}

#[test]
fn what_is_no_page_is_refused() {
    let scratch = Scratch::new("page-refused");
    let folder = scratch.0.join("page");
    let open = || {
        let options = NativeOptions {
            data_dir: scratch.0.join("data"),
            page: Some(folder.clone()),
            ..NativeOptions::default()
        };
        Native::open(options).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert!(open().contains("page"));
    std::fs::create_dir_all(&folder).unwrap();
    assert!(open().contains("no index.html"));
    page(&folder);
    assert_eq!(open(), "");
    std::fs::write(folder.join("_headers"), "/*\n  nothing").unwrap();
    assert!(open().contains("_headers, line 2"));
    std::fs::remove_file(folder.join("_headers")).unwrap();
    std::fs::create_dir_all(folder.join("gsma")).unwrap();
    std::fs::write(folder.join("gsma/rsp2"), "").unwrap();
    assert!(open().contains("/gsma/rsp2 is a path of the SM"));
}
