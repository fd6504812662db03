//! The page as the worker serves it, asked for with curl: as `sm-native/tests/page.rs` has it natively.

use crate::common;

use common::worker::is_built;
use common::{Running, free_port, wait_for};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const HEADERS: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/public/_headers"));
const WASM: &str = "/assets/esim_lab_bg-CgOKxzAj.wasm";
/// 100,000 zeros in Brotli.
const ZEROS: &str = "5b9f86817f02201e0b04b2fc0200";

fn page(folder: &Path) {
    for (name, octets) in [
        ("index.html", b"<p>index".to_vec()),
        ("operator.html", b"<p>operator".to_vec()),
        ("_headers", HEADERS.into()),
        (&WASM[1..], vec![0; 100_000]),
        (&format!("{}.br", &WASM[1..]), hex::decode(ZEROS).expect("hexadecimal")),
        ("assets/index-C9tzsTR8.js", b"let a;".to_vec()),
    ] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, octets).expect("a file");
    }
}

struct Answer {
    status: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What is answered, as it travels; nothing where nobody is there yet.
fn curl(port: u16, path: &str, more: &[&str]) -> Option<Answer> {
    let url = format!("http://127.0.0.1:{port}{path}");
    let output = Command::new("curl").args(["-sS", "-i", "--path-as-is", &url]).args(more).output();
    let output = output.expect("curl").stdout;
    let end = output.windows(4).position(|octets| octets == b"\r\n\r\n")?;
    let head = String::from_utf8(output[..end].to_vec()).ok()?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.to_string();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.into()));
    Some(Answer { status, headers: lines.filter_map(header).collect(), body: output[end + 4..].to_vec() })
}

#[test]
fn the_page_on_the_worker() {
    if !is_built() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (port, files) = (free_port(), folder.path().join("page"));
    page(&files);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/serve-worker.sh");
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(&script).arg(port.to_string()).arg(folder.path().join("worker"));
    command.arg(format!("127.0.0.1:{port}")).env("ES2_TOKEN", "worker-token-of-tests").env("PAGE", &files);
    let worker =
        Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the worker starts"));
    let ask = |path: &str, more: &[&str]| curl(port, path, more).expect("an answer");
    wait_for("the worker", Duration::from_secs(60), || {
        curl(port, "/healthz", &[]).filter(|answer| answer.status == "200")
    });
    pages(&ask);
    brotli(&ask);
    methods(&ask);
    let token = ["-H", "Authorization: Bearer worker-token-of-tests"];
    assert_eq!(ask("/esim-lab/orders", &token).status, "200");
    for path in ["/nothing", "/assets/nothing.js", "/assets/", "/_headers", "/assets/..%2f..%2fseal.key"] {
        assert_eq!(ask(path, &[]).status, "404", "{path}");
    }
    stop(worker);
}

fn pages(ask: &dyn Fn(&str, &[&str]) -> Answer) {
    for (path, body) in
        [("/", "<p>index"), ("/operator", "<p>operator"), ("/operator?order=1", "<p>operator")]
    {
        let answer = ask(path, &[]);
        assert_eq!((&*answer.status, answer.body.as_slice()), ("200", body.as_bytes()), "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache");
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    }
    for (path, location) in [
        ("/operator.html", "/operator"),
        ("/operator.html?a=b", "/operator?a=b"),
        ("/operator/", "/operator"),
        ("/index.html", "/"),
        ("/index", "/"),
    ] {
        let answer = ask(path, &[]);
        assert_eq!((&*answer.status, answer.header("location")), ("307", location), "{path}");
    }
}

fn brotli(ask: &dyn Fn(&str, &[&str]) -> Answer) {
    let compressed = ask(WASM, &["-H", "Accept-Encoding: br"]);
    assert_eq!((&*compressed.status, hex::encode(&compressed.body)), ("200", ZEROS.into()));
    assert_eq!(compressed.header("content-encoding"), "br");
    let plain = [&["-H", "Accept-Encoding: identity"][..], &["-H", "Accept-Encoding: br;q=0"], &[]];
    let plain = plain.map(|more| ask(WASM, more));
    for plain in &plain {
        assert_eq!((&*plain.status, plain.body.len()), ("200", 100_000));
        assert_eq!(plain.header("content-encoding"), "");
    }
    for answer in plain.iter().chain([&compressed]) {
        assert_eq!(answer.header("content-type"), "application/wasm");
        assert_eq!(answer.header("vary"), "Accept-Encoding");
        assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    let known = format!("If-None-Match: {}", compressed.header("etag"));
    let again = ask(WASM, &["-H", "Accept-Encoding: br", "-H", &known]);
    assert_eq!((&*again.status, again.body.len()), ("304", 0));
    let script = ask("/assets/index-C9tzsTR8.js", &["-H", "Accept-Encoding: identity"]);
    assert_eq!((&*script.status, script.body.as_slice()), ("200", &b"let a;"[..]));
    assert_eq!(script.header("cache-control"), "public, max-age=31536000, immutable");
}

fn methods(ask: &dyn Fn(&str, &[&str]) -> Answer) {
    let head = ask(WASM, &["--head", "-H", "Accept-Encoding: br"]);
    assert_eq!((&*head.status, head.header("content-encoding"), head.body.len()), ("200", "br", 0));
    assert_eq!(ask("/operator", &["--head"]).status, "200");
    for path in ["/operator", WASM] {
        assert_eq!(ask(path, &["-X", "POST", "--data", "x"]).status, "405", "{path}");
    }
}

/// It has children of its own: the whole session ends.
fn stop(worker: Running) {
    let id = worker.0.id().to_string();
    let _ = Command::new("pkill").args(["-TERM", "-P", &id]).status();
    std::thread::sleep(Duration::from_millis(500));
    drop(worker);
}
