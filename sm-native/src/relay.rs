//! Requests of LPAs in pages, sent on to servers that the house has named ([`esim_sm_edge::relay`]).

use crate::outgoing::whole;
use esim_sm_edge::HttpResponse;
use esim_sm_edge::relay::{Forward, Forwarded, PASSED, Unreached};
use reqwest::Client;
use std::io;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Requests under way at once: each may hold an answer of [`Forward::ANSWER_LIMIT`].
const AT_ONCE: usize = 16;

/// An HTTPS client that trusts given CIs alone, and shows nothing of itself.
pub(crate) struct Relay {
    client: Client,
    room: Semaphore,
}

impl Relay {
    /// Trusts these (DER): no CI of this server's own, and no root of the web.
    pub(crate) fn new(roots: &[Vec<u8>]) -> io::Result<Self> {
        // A second call finds the provider installed: that is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let mut trusted = Vec::new();
        for der in roots {
            trusted.push(reqwest::Certificate::from_der(der).map_err(io::Error::other)?);
        }
        let client = Client::builder()
            .user_agent(Forward::USER_AGENT)
            .timeout(Duration::from_secs(Forward::SECONDS))
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .https_only(true)
            .tls_certs_only(trusted)
            .build()
            .map_err(io::Error::other)?;
        Ok(Self { client, room: Semaphore::new(AT_ONCE) })
    }

    /// Sends a request on, on the tokio runtime that this is called in.
    pub(crate) async fn forward(&self, forward: &Forward) -> Forwarded {
        if Handle::try_current().is_err() {
            return Err(Unreached::Unreachable("nothing is running that could make calls".into()));
        }
        let Ok(_room) = self.room.try_acquire() else { return Err(Unreached::Busy) };
        let request = self
            .client
            .post(forward.url())
            .header("Content-Type", "application/json")
            .header("X-Admin-Protocol", &forward.protocol)
            .body(forward.body.clone());
        let mut response = request.send().await.map_err(unreached)?;
        let mut answer = HttpResponse::empty(response.status().as_u16());
        for name in PASSED {
            if let Some(value) = response.headers().get(name).and_then(|value| value.to_str().ok()) {
                answer = answer.with_header(name, value);
            }
        }
        while let Some(part) = response.chunk().await.map_err(unreached)? {
            if answer.body.len() + part.len() > Forward::ANSWER_LIMIT {
                return Err(Unreached::TooLarge);
            }
            answer.body.extend_from_slice(&part);
        }
        Ok(answer)
    }
}

fn unreached(error: reqwest::Error) -> Unreached {
    let (is_late, is_untrusted) = (error.is_timeout() && !error.is_connect(), is_untrusted(&error));
    match whole(error) {
        _ if is_late => Unreached::TooLate,
        why if is_untrusted => Unreached::Untrusted(why),
        why => Unreached::Unreachable(why),
    }
}

/// Whether the TLS library has something against the server's certificate.
fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    // An error of I/O carries another one inside, which is not in the chain.
    let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    if let Some(carried) = carried {
        return is_untrusted(carried);
    }
    let is_certificate = matches!(error.downcast_ref(), Some(rustls::Error::InvalidCertificate(_)));
    is_certificate || error.source().is_some_and(is_untrusted)
}
