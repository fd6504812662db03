//! Names by which a browser tells where a page and a server are.

use hyper::http::uri::Authority;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An origin (RFC 6454 6.2): scheme, host and port, as browsers write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let written = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        match authority(&written) {
            Some(_) => Ok(Self(written)),
            None => {
                Err(format!("{text} is no origin: write scheme and host alone, as in https://page.example"))
            }
        }
    }
}

impl Origin {
    /// As browsers write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Host and port of an origin; none where it is none.
pub fn authority(origin: &str) -> Option<Authority> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    rest.parse().ok().filter(|_| !rest.contains('@'))
}

/// Whether a host is this machine by its name. An address needs nobody who resolves it, and `localhost` is resolved by the
/// browser itself: no name of somebody else leads here by them.
pub fn is_own(host: &str) -> bool {
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|it: Ipv4Addr| it.is_loopback())
        || v6.is_some_and(|host| host.parse().is_ok_and(|it: Ipv6Addr| it.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_this_machine_are_known_by_name_and_address() {
        for host in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.8.8", "[::1]"] {
            assert!(is_own(host), "{host}");
        }
        for host in [
            "",
            "localhost.",
            "a.localhost",
            "127.0.0.1.evil.example",
            "127.1",
            "2130706433",
            "::1",
            "[::]",
            "0.0.0.0",
        ] {
            assert!(!is_own(host), "{host}");
        }
    }

    #[test]
    fn an_origin_is_scheme_and_host() {
        for (written, read) in [
            ("https://Page.example/", "https://page.example"),
            ("http://[fd00::1]:81", "http://[fd00::1]:81"),
        ] {
            assert_eq!(written.parse(), Ok(Origin(read.into())));
        }
        for wrong in [
            "",
            "*",
            "null",
            "page.example",
            "ftp://a",
            "https://",
            "https://a/b",
            "https://a@b",
            "https://a?b",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
