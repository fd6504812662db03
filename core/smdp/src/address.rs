//! SM-DP+ addresses as people and LPAs write them.

/// Whether two addresses name the same server: the host regardless of case and
/// of a final dot, the port only where both have one (SGP.22 5.6.1 compares the
/// FQDN; LPAs pass on what the activation code says, with or without port).
pub fn same(a: &str, b: &str) -> bool {
    let ((host_a, port_a), (host_b, port_b)) = (split(a), split(b));
    let ports_agree = match (port_a, port_b) {
        (Some(a), Some(b)) => a == b,
        _ => true,
    };
    !host_a.is_empty() && host_a.eq_ignore_ascii_case(host_b) && ports_agree
}

/// Host and port. An IPv6 address keeps its brackets.
fn split(address: &str) -> (&str, Option<&str>) {
    let address = address.trim();
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) && !port.is_empty() => {
            (host, Some(port))
        }
        _ => (address, None),
    };
    (host.strip_suffix('.').unwrap_or(host), port)
}

#[cfg(test)]
mod tests {
    use super::same;

    #[test]
    fn case_port_and_final_dot_do_not_matter() {
        assert!(same("SMDP.Example.COM", "smdp.example.com"));
        assert!(same("smdp.example.com:8443", "smdp.example.com"));
        assert!(same("smdp.example.com.", "smdp.example.com"));
        assert!(same("[::1]:8443", "[::1]"));
    }

    #[test]
    fn another_host_or_another_port_does() {
        assert!(!same("smdp.example.org", "smdp.example.com"));
        assert!(!same("smdp.example.com:1", "smdp.example.com:2"));
        assert!(!same("", ""));
    }
}
