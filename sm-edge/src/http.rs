//! Requests and responses as every host can make them.

use serde::{Deserialize, Serialize};

/// A request. Bodies are at most as long as the host lets through; the handler
/// refuses those over [`crate::Admitted::body_limit`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRequest {
    /// `POST`.
    pub method: String,
    /// Path and query, `/gsma/rsp2/es9plus/initiateAuthentication`.
    pub path: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// Octets of the body.
    pub body: Vec<u8>,
    /// Who sent it, as far as the host knows.
    pub caller: Caller,
}

/// Who sent a request, as the connection tells it and no header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Network address, without port; absent where there is no network.
    pub source: Option<String>,
    /// The certificate that it showed, and holds the key of.
    pub certificate: Option<ClientCertificate>,
}

/// A client certificate of TLS whose key the caller has proved to hold.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientCertificate {
    /// DER, the caller's own first; nothing of it has been checked.
    Chain(Vec<Vec<u8>>),
    /// What a platform that terminates TLS has verified.
    Verified {
        /// SHA-256 of the DER.
        fingerprint: [u8; 32],
        /// Key identifier of the issuer.
        issuer_key_id: Vec<u8>,
        /// Distinguished name, for the log.
        subject: String,
    },
}

impl core::fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Chain(chain) => write!(f, "Chain({} certificates)", chain.len()),
            Self::Verified { subject, .. } => write!(f, "Verified({subject})"),
        }
    }
}

impl HttpRequest {
    /// Longest body that is read of an operator or another server, in octets.
    pub const BODY_LIMIT: usize = 1 << 20;
    #[cfg(feature = "copies")]
    /// Longest page of a backup that is read, in octets: one order fits in, however long its package was when it came.
    pub const PAGE_LIMIT: usize = 2 << 20;
    /// Longest body that is read of an LPA, which shows no credential, in octets: some ten times what the longest
    /// function needs.
    pub const LPA_BODY_LIMIT: usize = 1 << 16;

    /// A POST of JSON.
    pub fn post(path: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "POST".into(),
            path: path.into(),
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: body.into(),
            caller: Caller::default(),
        }
    }

    /// A GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET".into(),
            path: path.into(),
            headers: Vec::new(),
            body: Vec::new(),
            caller: Caller::default(),
        }
    }

    /// The same with a header more.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with the credential of ES2+.
    pub fn with_token(self, token: &str) -> Self {
        self.with_header("Authorization", format!("Bearer {token}"))
    }

    /// The path without the query.
    pub fn path_only(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }

    /// Names and values of the query, as they are written.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|pair| pair.split_once('='))
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }

    /// Whether the body is of this media type, `application/json`: it says so, once, with whatever parameters.
    pub fn is_of(&self, media_type: &str) -> bool {
        let mut kinds = self.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Content-Type"));
        let kind = kinds.next().map(|(_, kind)| kind.split(';').next().unwrap_or_default().trim());
        kinds.next().is_none() && kind.is_some_and(|kind| kind.eq_ignore_ascii_case(media_type))
    }
}

impl core::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Bodies carry subscriber keys, headers credentials.
        write!(f, "{} {} ({} octets)", self.method, self.path, self.body.len())
    }
}

/// A response.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpResponse {
    /// 200, 204, 400, …
    pub status: u16,
    /// Names as they are written.
    pub headers: Vec<(String, String)>,
    /// Octets of the body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// A response without a body.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A response with a JSON body.
    pub fn json<T: serde::Serialize>(status: u16, value: &T) -> Self {
        let headers = vec![("Content-Type".into(), "application/json".into())];
        Self { status, headers, body: esim_rsp::json::to_vec(value) }
    }

    /// The same with a header more.
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

impl core::fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} ({} octets)", self.status, self.body.len())
    }
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}
