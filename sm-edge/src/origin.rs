//! Pages of others: a browser shows its user's client certificate for every page that asks, so where a certificate is the
//! credential the page must be this server's own.

use crate::HttpRequest;
use esim_smdp::Config;

/// Whether a page of somebody else has made a request: its `Origin` (RFC 6454) is there, and is not the server that the
/// request has gone to by one of this server's own names.
pub(crate) fn is_foreign(request: &HttpRequest, config: &Config) -> bool {
    let mut origins = request.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Origin"));
    origins.any(|(_, origin)| !is_own(origin, request, config))
}

fn is_own(origin: &str, request: &HttpRequest, config: &Config) -> bool {
    // Certificates are shown over TLS alone.
    let Some(page) = origin.strip_prefix("https://") else { return false };
    let Some(host) = request.header("Host") else { return false };
    let smds = config.smds.as_ref().is_some_and(|smds| smds.answers_to(page));
    with_port(page).eq_ignore_ascii_case(&with_port(host)) && (smds || config.answers_to(page))
}

fn with_port(authority: &str) -> String {
    match authority.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => authority.into(),
        _ => format!("{authority}:443"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use esim_crypto::Curve;
    use esim_crypto::pki::TestPki;

    #[test]
    fn the_page_of_this_server_is_its_own() {
        let config = Config::of_test_pki("smdp.example:8443", &TestPki::well_known(Curve::P256)).unwrap();
        let foreign = |host: &str, origins: &[&str]| {
            let mut request = HttpRequest::get("/").with_header("host", host);
            for origin in origins {
                request = request.with_header("origin", *origin);
            }
            is_foreign(&request, &config)
        };
        assert!(!foreign("smdp.example:8443", &[]));
        assert!(!foreign("smdp.example:8443", &["https://SMDP.example:8443"]));
        for origin in [
            "null",
            "",
            "https://evil.example",
            "https://smdp.example",
            "https://smdp.example:8444",
            "http://smdp.example:8443",
            "https://smdp.example.evil.example:8443",
            "https://evil@smdp.example:8443",
        ] {
            assert!(foreign("smdp.example:8443", &[origin]), "{origin}");
        }
        assert!(foreign("smdp.example:8443", &["https://smdp.example:8443", "https://evil.example"]));
        // A name of somebody else that leads here.
        assert!(foreign("evil.example:8443", &["https://evil.example:8443"]));
    }
}
