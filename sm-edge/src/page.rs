//! What hosts that serve the page beside the SM agree upon.

/// Paths that are the SM's, whatever files a page has: what begins with one of these that ends in `/`, or is another.
pub const RESERVED: [&str; 4] = ["/gsma/", "/esim-lab/", "/healthz", "/metrics"];

/// Whether a path is the SM's.
pub fn is_reserved(path: &str) -> bool {
    RESERVED.iter().any(|own| match own.ends_with('/') {
        true => path.starts_with(own),
        false => path == *own,
    })
}

/// Whether whoever says this in `Accept-Encoding` takes Brotli (RFC 9110 12.5.3).
pub fn accepts_brotli(accept_encoding: &str) -> bool {
    let weight = |coding: &str| {
        let named = accept_encoding.split(',').map(|member| member.split(';').map(str::trim));
        named.map(|mut parts| (parts.next(), parts.next())).find_map(|(name, weight)| {
            name.is_some_and(|name| name.eq_ignore_ascii_case(coding)).then(|| is_wanted(weight))
        })
    };
    weight("br").or_else(|| weight("*")).unwrap_or(false)
}

/// Whether a weight, such as `q=0.5`, is more than nothing. What is none is not understood, and not wanted.
fn is_wanted(weight: Option<&str>) -> bool {
    let Some(weight) = weight else { return true };
    let Some((name, number)) = weight.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q") && number.trim().parse::<f32>().is_ok_and(|number| number > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_brotli() {
        for yes in
            ["br", "gzip, deflate, br, zstd", "BR;q=0.1", "gzip;q=1.0, br ; q=0.5", "*", "gzip, *;q=0.2"]
        {
            assert!(accepts_brotli(yes), "{yes}");
        }
        for no in ["", "gzip", "br;q=0", "br;q=0.000, *", "*;q=0", "brotli", "br;x", "br;q=much", "gzip;br"] {
            assert!(!accepts_brotli(no), "{no}");
        }
    }

    #[test]
    fn what_is_the_sms() {
        for own in ["/gsma/rsp2/es9plus/initiateAuthentication", "/esim-lab/orders", "/healthz", "/metrics"] {
            assert!(is_reserved(own), "{own}");
        }
        for other in ["/", "/operator", "/gsma", "/healthz.html", "/assets/metrics"] {
            assert!(!is_reserved(other), "{other}");
        }
    }
}
