//! What is wrong with a server that starts all the same: sentences for whoever runs it.

use crate::ServerPki;
use crate::pki::host_of;
use esim_crypto::Curve;
use esim_crypto::pki::{Certificate, Issued, TestPki};
use std::net::{IpAddr, SocketAddr};

/// When a certificate that ends is worth a word: 30 days.
const SOON: u64 = 30 * DAY;
const DAY: u64 = 24 * 60 * 60;

/// Subject key identifiers of the CIs of GSMA SGP.26, whose private keys are published.
const SGP26_CIS: [[u8; 20]; 2] = [
    [
        0xF5, 0x41, 0x72, 0xBD, 0xF9, 0x8A, 0x95, 0xD6, 0x5C, 0xBE, 0xB8, 0x8A, 0x38, 0xA1, 0xC1, 0x1D, 0x80,
        0x0A, 0x85, 0xC3,
    ],
    [
        0xC0, 0xBC, 0x70, 0xBA, 0x36, 0x92, 0x9D, 0x43, 0xB4, 0x67, 0xFF, 0x57, 0x57, 0x05, 0x30, 0xE5, 0x7A,
        0xB8, 0xFC, 0xD8,
    ],
];

/// How the server is reached.
#[derive(Clone)]
pub(crate) struct Setting {
    pub listen: SocketAddr,
    pub smdp_address: String,
    pub smds_address: Option<String>,
    pub plain_http: bool,
    pub trust_proxy: bool,
}

/// What is wrong at the start.
pub(crate) fn of_start(pki: &ServerPki, setting: &Setting, outdated: usize, now: u64) -> Vec<String> {
    let mut warnings = of_certificates(pki, setting, now);
    if outdated > 0 {
        warnings.push(format!(
            "{outdated} of the revocation lists should have been replaced by now: they stay in force; fetch newer ones"
        ));
    }
    if !setting.listen.ip().is_loopback() && is_known_to_all(pki) {
        warnings.push(format!(
            "the keys of this server are test keys that everybody knows, and {} is not this machine alone: whoever is on \
             the way can read and change everything. Give certificates of your own with --pki, or listen on 127.0.0.1",
            setting.listen
        ));
    }
    if setting.plain_http && !setting.trust_proxy {
        warnings.push(
            "plain HTTP is for a server behind somebody else's TLS, and without --trust-proxy all who come through it \
             count as one address: rates for each address say nothing"
                .into(),
        );
    }
    warnings
}

/// What is wrong with the certificates of TLS, where this server does TLS.
pub(crate) fn of_certificates(pki: &ServerPki, setting: &Setting, now: u64) -> Vec<String> {
    if setting.plain_http {
        return Vec::new();
    }
    let mut warnings = of_certificate("CERT.DP.TLS", &pki.tls, &setting.smdp_address, now);
    if let Some((tls, address)) = pki.smds_tls.as_ref().zip(setting.smds_address.as_ref()) {
        warnings.extend(of_certificate("CERT.DS.TLS", tls, address, now));
    }
    warnings
}

fn of_certificate(name: &str, issued: &Issued, address: &str, now: u64) -> Vec<String> {
    // What cannot be read, TLS does not take either.
    let Ok(certificate) = Certificate::parse(&issued.certificate) else { return Vec::new() };
    let (from, to) = (certificate.not_before(), certificate.not_after());
    let days = |seconds: u64| match seconds / DAY {
        1 => "1 day".to_string(),
        days => format!("{days} days"),
    };
    let mut warnings = Vec::new();
    let remedy = "put a new one with its key into the folder of the PKI; a restart is not needed";
    if now > to {
        let ago = days(now - to);
        warnings.push(format!("{name} expired {ago} ago: no LPA connects any more; {remedy}"));
    } else if now < from {
        warnings
            .push(format!("{name} is not valid before {} from now: is the clock right?", days(from - now)));
    } else if to - now < SOON {
        let left = days(to - now);
        warnings.push(format!("{name} expires in {left}, and then no LPA connects any more; {remedy}"));
    }
    let (host, names) = (host_of(address), certificate.san_dns_names());
    if !names.iter().any(|name| is_for(name, host)) {
        let names = names.join(", ");
        warnings.push(format!(
            "{name} is for {names}, and activation codes say {host}: LPAs refuse it. Give a certificate for {host}, or \
             another --address"
        ));
    }
    warnings
}

/// Whether a dNSName is for a host (RFC 6125 6.4). Addresses stand elsewhere in a certificate, which nobody looks at here.
fn is_for(name: &str, host: &str) -> bool {
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return true;
    }
    let below =
        |parent: &str| host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent));
    name.eq_ignore_ascii_case(host) || name.strip_prefix("*.").is_some_and(below)
}

/// Whether the private keys are published: the project's own test PKI, or SGP.26's.
fn is_known_to_all(pki: &ServerPki) -> bool {
    let own = |curve| TestPki::well_known(curve).ci.certificate;
    if [Curve::P256, Curve::BrainpoolP256r1].into_iter().any(|curve| own(curve) == pki.ci_certificate) {
        return true;
    }
    let certificate = Certificate::parse(&pki.ci_certificate).ok();
    let key_id = certificate.as_ref().and_then(Certificate::subject_key_id);
    key_id.is_some_and(|key_id| SGP26_CIS.iter().any(|known| known[..] == *key_id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use esim_crypto::pki::PkiParameters;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    const NOW: u64 = 1_800_000_000;

    fn said(from: u64, to: u64, hosts: &[&str], address: &str) -> String {
        let parameters = PkiParameters { not_before: from, not_after: to, ..PkiParameters::default() };
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let tls = TestPki::generate(&parameters, &mut rng).issue_dp_tls(hosts, &mut rng);
        of_certificate("CERT.DP.TLS", &tls, address, NOW).join("\n")
    }

    #[test]
    fn certificates_are_looked_at_with_the_clock_and_the_name() {
        let host = "smdp.example.com";
        let at = |from, to| said(from, to, &[host], host);
        assert_eq!(at(NOW - DAY, NOW + SOON), "");
        assert!(at(NOW - DAY, NOW + SOON - 1).contains("expires in 29 days"));
        assert!(at(NOW - 3 * DAY, NOW - DAY).contains("expired 1 day ago"));
        assert!(at(NOW + 2 * DAY, NOW + SOON).contains("not valid before 2 days from now"));
        let named = |hosts: &[&str], address: &str| said(NOW - DAY, NOW + 2 * SOON, hosts, address);
        let told = named(&["other.example.com"], host);
        assert!(
            told.contains("is for other.example.com, and activation codes say smdp.example.com"),
            "{told}"
        );
        assert_eq!(named(&["*.example.com"], "smdp.example.com:8443"), "");
        assert!(!named(&["*.example.com"], "a.smdp.example.com").is_empty());
        assert_eq!(named(&["other.example.com"], "127.0.0.1:8443"), "");
    }
}
