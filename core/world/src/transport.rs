//! How a request gets to the SM and its answer back: in this process, or over HTTPS by the host's own means.

use esim_lpa::Unanswered;
use esim_rsp::check::Watch;
use esim_sm_edge::{Host, HttpRequest, MemoryHost};
use std::net::Ipv4Addr;
use std::rc::Rc;

/// A POST, or a GET without a body.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// FQDN as in the activation code, with a port where it is not 443.
    pub address: &'a str,
    /// `/gsma/rsp2/es9plus/…`.
    pub path: &'a str,
    /// Headers beyond those of every request.
    pub headers: &'a [(&'a str, &'a str)],
    /// JSON.
    pub body: &'a [u8],
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON, or nothing.
    pub body: Vec<u8>,
}

/// Carries requests. `async fn` without `Send`: a page has one thread, native hosts block.
#[allow(async_fn_in_trait, reason = "no caller needs a Send future")]
pub trait Transport {
    /// Sends one request.
    ///
    /// # Errors
    /// Why no answer came; one over [`HttpReply::LIMIT`](esim_lpa::HttpReply::LIMIT) is none.
    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, Unanswered>;

    /// Whether the SM is somebody else's: what it answers is then kept, for nobody can ask it once more.
    fn is_outside(&self) -> bool {
        true
    }

    /// Sets the SM's clock so many seconds on; whether it could: an SM that is somebody else's has its own time.
    fn shift_clock(&mut self, _seconds: i64) -> bool {
        false
    }

    /// From now on somebody hears of every verification that the SM makes; an SM elsewhere tells nobody.
    fn watch(&mut self, _watch: Rc<dyn Watch>) {}
}

/// A way to an SM that can be had twice, each as it is now.
pub trait Fork: Sized {
    /// The other one; none where the SM is somebody else's.
    fn fork(&self) -> Option<Self>;
}

impl Fork for MemoryHost {
    fn fork(&self) -> Option<Self> {
        Some(Self::fork(self))
    }
}

/// The SM in this process: its callers are this machine, as they are for a server on it, so that both write one history.
impl Transport for MemoryHost {
    async fn send(&mut self, request: &Request<'_>) -> Result<Reply, Unanswered> {
        let mut http = match request.body {
            [] => HttpRequest::get(request.path),
            body => HttpRequest::post(request.path, body),
        };
        http.caller.source = Some(Ipv4Addr::LOCALHOST.to_string());
        let with = |http: HttpRequest, (name, value): &(&str, &str)| http.with_header(name, *value);
        let response = esim_sm_edge::handle(request.headers.iter().fold(http, with), self).await;
        Ok(Reply { status: response.status, body: response.body })
    }

    fn is_outside(&self) -> bool {
        false
    }

    fn shift_clock(&mut self, seconds: i64) -> bool {
        self.set_now(Host::now(self).saturating_add_signed(seconds));
        true
    }

    fn watch(&mut self, watch: Rc<dyn Watch>) {
        self.set_watch(watch);
    }
}
