//! Requests and responses as every host can make them.

/// A request. Bodies are at most as long as the host lets through; the handler
/// refuses those over [`HttpRequest::BODY_LIMIT`].
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// `POST`.
    pub method: String,
    /// Path and query, `/gsma/rsp2/es9plus/initiateAuthentication`.
    pub path: String,
    /// Names in any case.
    pub headers: Vec<(String, String)>,
    /// Octets of the body.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// Longest body that is read, in octets.
    pub const BODY_LIMIT: usize = 1 << 20;

    /// A POST of JSON.
    pub fn post(path: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "POST".into(),
            path: path.into(),
            headers: vec![("Content-Type".into(), "application/json".into())],
            body: body.into(),
        }
    }

    /// A GET.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: "GET".into(), path: path.into(), headers: Vec::new(), body: Vec::new() }
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

    /// The first header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.headers, name)
    }
}

impl core::fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Bodies carry subscriber keys, headers credentials.
        write!(f, "{} {} ({} octets)", self.method, self.path, self.body.len())
    }
}

/// A response.
#[derive(Clone, PartialEq, Eq)]
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
