//! The page that is served beside the SM: the files of a folder, as Cloudflare's static assets would serve them.
//!
//! The folder is read once, and all answers share its octets: who takes one slowly holds neither memory nor an open
//! file, and a path that is none of the page's leads nowhere. What lies beside a file with `.br` behind its name is the
//! same file in Brotli, for whoever takes that. `/about` is `about.html`, `/` is `index.html`; their own names redirect
//! to these.

use crate::page_headers::PageHeaders;
use esim_crypto::sha256;
use esim_sm_edge::page;
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    IF_NONE_MATCH, LOCATION, VARY,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Octets that all files of a page may have: a folder with more is hardly one.
const LIMIT: u64 = 64 << 20;
/// The file that says which headers the others have.
const HEADERS: &str = "_headers";
/// Where a file is in Brotli.
const BROTLI: &str = ".br";

/// What is served, by path.
pub(crate) struct Page(BTreeMap<String, Entry>);

enum Entry {
    File(File),
    /// It is somewhere else.
    Moved(String, HeaderMap),
}

struct File {
    plain: Form,
    brotli: Option<Form>,
}

/// A file as it travels.
struct Form {
    octets: Bytes,
    headers: HeaderMap,
}

impl Page {
    /// Reads all of a folder.
    ///
    /// # Errors
    /// A file that cannot be read, too many octets, no `index.html`, names that are the SM's, or `_headers` that are not
    /// understood, with the path.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let mut files = BTreeMap::new();
        read(folder, "/", &mut files, &mut 0)?;
        let refuse = |why: String| io::Error::other(format!("the page {}: {why}", folder.display()));
        if !files.contains_key("/index.html") {
            return Err(refuse("it has no index.html (scripts/build-web.sh makes web/dist)".into()));
        }
        if let Some(path) = files.keys().find(|path| page::is_reserved(path)) {
            return Err(refuse(format!("{path} is a path of the SM")));
        }
        let headers = files.remove(&format!("/{HEADERS}")).unwrap_or_default();
        let headers = PageHeaders::parse(&String::from_utf8_lossy(&headers));
        let headers = headers.map_err(|why| refuse(format!("{HEADERS}, {why}")))?;
        Ok(Self::of(files, &headers))
    }

    fn of(mut files: BTreeMap<String, Bytes>, headers: &PageHeaders) -> Self {
        let compressed: Vec<_> = files.keys().filter_map(|path| path.strip_suffix(BROTLI)).collect();
        let compressed = compressed.into_iter().filter(|plain| files.contains_key(*plain));
        let compressed: Vec<_> = compressed.map(String::from).collect();
        let mut brotli: BTreeMap<_, _> = compressed
            .into_iter()
            .filter_map(|path| Some((files.remove(&format!("{path}{BROTLI}"))?, path)))
            .map(|(octets, path)| (path, octets))
            .collect();
        let mut entries = BTreeMap::new();
        for (name, octets) in files {
            let path = path_of(&name);
            for other in names_of(&path, &name) {
                let headers = headers.of(&other);
                entries.insert(other, Entry::Moved(path.clone(), headers));
            }
            let file = File::new(&name, octets, brotli.remove(&name), &headers.of(&path));
            entries.insert(path, Entry::File(file));
        }
        Self(entries)
    }

    /// The answer, where the path is one of the page's.
    pub fn answer(&self, head: &Parts) -> Option<Response<Bytes>> {
        let entry = self.0.get(head.uri.path())?;
        if ![Method::GET, Method::HEAD].contains(&head.method) {
            let headers = HeaderMap::from_iter([(ALLOW, HeaderValue::from_static("GET, HEAD"))]);
            return Some(respond(StatusCode::METHOD_NOT_ALLOWED, headers, Bytes::new()));
        }
        Some(match entry {
            Entry::Moved(path, headers) => moved(path, headers.clone(), head),
            Entry::File(file) => file.answer(head),
        })
    }
}

impl File {
    fn new(name: &str, octets: Bytes, brotli: Option<Bytes>, headers: &HeaderMap) -> Self {
        let mut headers = headers.clone();
        let kind = mime_guess::from_path(name).first_or_octet_stream();
        let charset = if kind.type_() == "text" { "; charset=utf-8" } else { "" };
        if let Ok(kind) = HeaderValue::try_from(format!("{kind}{charset}")) {
            headers.entry(CONTENT_TYPE).or_insert(kind);
        }
        if brotli.is_some() {
            headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        let mut compressed = headers.clone();
        compressed.insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
        Self { plain: Form::new(octets, headers), brotli: brotli.map(|octets| Form::new(octets, compressed)) }
    }

    fn answer(&self, head: &Parts) -> Response<Bytes> {
        let accepted = head.headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let accepted = accepted.collect::<Vec<_>>().join(",");
        let form = self.brotli.as_ref().filter(|_| page::accepts_brotli(&accepted)).unwrap_or(&self.plain);
        if form.is_known(&head.headers) {
            let mut headers = form.headers.clone();
            for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING] {
                headers.remove(name);
            }
            return respond(StatusCode::NOT_MODIFIED, headers, Bytes::new());
        }
        let octets = if head.method == Method::HEAD { Bytes::new() } else { form.octets.clone() };
        respond(StatusCode::OK, form.headers.clone(), octets)
    }
}

impl Form {
    fn new(octets: Bytes, mut headers: HeaderMap) -> Self {
        let digest = sha256(&[&octets]);
        if let Ok(tag) = HeaderValue::try_from(format!("\"{}\"", hex::encode(&digest[..16]))) {
            headers.insert(ETAG, tag);
        }
        // An answer to HEAD has no body to tell its length from.
        headers.insert(CONTENT_LENGTH, octets.len().into());
        Self { octets, headers }
    }

    /// Whether the client has it already (RFC 9110 13.1.2).
    fn is_known(&self, asked: &HeaderMap) -> bool {
        let tag = self.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        let known = asked.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        let mut known = known.flat_map(|value| value.split(',')).map(str::trim);
        known.any(|known| known == "*" || Some(known.strip_prefix("W/").unwrap_or(known)) == tag)
    }
}

/// What is asked for goes on to where it is.
fn moved(path: &str, mut headers: HeaderMap, head: &Parts) -> Response<Bytes> {
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(location) = HeaderValue::try_from(format!("{path}{query}")) {
        headers.insert(LOCATION, location);
    }
    respond(StatusCode::TEMPORARY_REDIRECT, headers, Bytes::new())
}

fn respond(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Where a file is served.
fn path_of(name: &str) -> String {
    let path = name.strip_suffix(".html").unwrap_or(name);
    match path.strip_suffix("index") {
        Some(folder) if path.len() < name.len() && folder.ends_with('/') => folder.to_string(),
        _ => path.to_string(),
    }
}

/// What a file is asked for by those who do not know `path`: its name, `/index`, and with one `/` more or less.
fn names_of(path: &str, name: &str) -> Vec<String> {
    let Some(bare) = name.strip_suffix(".html") else { return Vec::new() };
    let slash = path.strip_suffix('/').map_or_else(|| format!("{path}/"), String::from);
    let names = [name.to_string(), bare.to_string(), slash];
    names.into_iter().filter(|name| name != path && !name.is_empty()).collect()
}

/// Adds the files below a folder, by their paths. `total` is what has been read so far.
fn read(folder: &Path, below: &str, files: &mut BTreeMap<String, Bytes>, total: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(folder).map_err(|error| told(folder, &error))? {
        let path: PathBuf = entry?.path();
        // Nobody could ask for another.
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let metadata = fs::metadata(&path).map_err(|error| told(&path, &error))?;
        if metadata.is_dir() {
            read(&path, &format!("{below}{name}/"), files, total)?;
            continue;
        }
        *total += metadata.len();
        if *total > LIMIT {
            return Err(told(&path, &format!("a page has {} MB at most", LIMIT >> 20)));
        }
        let octets = fs::read(&path).map_err(|error| told(&path, &error))?;
        files.insert(format!("{below}{name}"), octets.into());
    }
    Ok(())
}

fn told(path: &Path, why: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(format!("the page {}: {why}", path.display()))
}
