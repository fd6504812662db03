//! A relay for pages: a browser lets no page speak to an SM-DP+ that does not expect pages (CORS), nor to one whose
//! certificate is under GSMA's CI. This server sends an LPA's requests on where the house names the servers that they may go
//! to, and to no others.
//!
//! `POST /esim-lab/relay/HOST[:PORT]/gsma/rsp2/es9plus/<function>`: a function of ES9+ or ES11, with body and headers as that
//! server wants them. Its answer comes back with its status, `X-Admin-Protocol` and `Content-Type`, and with the header
//! `X-Relayed`, which names it. What comes without that header is no answer of it: the body says why there is none, as one of
//! [`Unreached`] or as for any request that is refused here.

use crate::HttpResponse;
use core::fmt;
use core::str::FromStr;

/// Where pages ask; what follows is a server, and a path of ES9+.
pub const PATH: &str = "/esim-lab/relay/";
/// A server that requests may go to: host, and a port where it is not 443.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server(String);

impl FromStr for Server {
    type Err = NoServer;

    fn from_str(text: &str) -> Result<Self, NoServer> {
        let (host, port) = match text.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| NoServer)?),
            None => (text, 443_u16),
        };
        let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let is_host = match v6 {
            Some(v6) => v6.parse::<core::net::Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(sound),
        };
        match is_host && port > 0 {
            true => Ok(Self(format!("{}:{port}", host.to_ascii_lowercase()))),
            false => Err(NoServer),
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.strip_suffix(":443").unwrap_or(&self.0))
    }
}

/// A text that is no [`Server`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no host name or address, with a port where it is not 443, such as smdp.example.com or smdp.example.com:8443"
)]
pub struct NoServer;

/// What a host is to send: by HTTPS, following no redirection, with these headers and no others of the client's.
#[derive(Clone, PartialEq, Eq)]
pub struct Forward {
    /// To whom.
    pub to: Server,
    /// `/gsma/rsp2/es9plus/initiateAuthentication`.
    pub path: String,
    /// `X-Admin-Protocol`. `Content-Type` is `application/json`, `User-Agent` that of an LPA.
    pub protocol: String,
    /// JSON.
    pub body: Vec<u8>,
}

impl Forward {
    /// Longest answer that is read, in octets.
    pub const ANSWER_LIMIT: usize = 4 << 20;
    /// Seconds within which all of it must have come.
    pub const SECONDS: u64 = 30;
    /// What an LPA calls itself (SGP.22 6.5.1.2).
    pub const USER_AGENT: &str = "gsma-rsp-lpad";

    /// `https://…`.
    pub fn url(&self) -> String {
        format!("https://{}{}", self.to, self.path)
    }
}

/// What has come of it: the answer's status, headers (of which [`PASSED`] go on) and body.
pub type Forwarded = Result<HttpResponse, Unreached>;

/// Headers of an answer that are passed on.
pub const PASSED: [&str; 2] = ["Content-Type", "X-Admin-Protocol"];

/// Why there is no answer of that server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// This server relays nothing.
    #[error("This server relays nothing; whoever runs it names the servers that it relays to")]
    Off,
    /// To others only.
    #[error("This server does not relay to {0}; whoever runs it names the servers that it relays to")]
    NotAllowed(String),
    /// Not what an LPA asks a server.
    #[error("This is relayed: a POST of JSON to a function of ES9+ or ES11, behind {PATH}HOST")]
    NoFunction,
    /// Too often.
    #[error("Too many requests from your network address: try again in {0} s")]
    TooOften(u64),
    /// No connection, or it broke.
    #[error("The server cannot be reached: {0}")]
    Unreachable(String),
    /// Its certificate is not under a CI that this server trusts, or not its own.
    #[error("The server's certificate is not trusted here: {0}")]
    Untrusted(String),
    /// It sends whoever asks elsewhere.
    #[error("The server redirects to elsewhere, which an LPA does not follow")]
    Redirected,
    /// More than [`Forward::ANSWER_LIMIT`].
    #[error("The server's answer is longer than {} MB", Forward::ANSWER_LIMIT >> 20)]
    TooLarge,
    /// [`Forward::SECONDS`] have passed.
    #[error("The server has not answered within {} s", Forward::SECONDS)]
    TooLate,
    /// Too many others are being relayed.
    #[error("Too many requests are being relayed: try again")]
    Busy,
}

impl Unreached {
    /// Name and HTTP status.
    pub(crate) const fn known(&self) -> (&'static str, u16) {
        match self {
            Self::Off => ("off", 404),
            Self::NotAllowed(_) => ("notAllowed", 403),
            Self::NoFunction => ("noFunction", 400),
            Self::TooOften(_) => ("tooOften", 429),
            Self::Unreachable(_) => ("unreachable", 502),
            Self::Untrusted(_) => ("untrusted", 502),
            Self::Redirected => ("redirected", 502),
            Self::TooLarge => ("tooLarge", 502),
            Self::TooLate => ("tooLate", 504),
            Self::Busy => ("busy", 503),
        }
    }
}
