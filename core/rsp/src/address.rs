//! Server addresses as people, servers and eUICCs write them.

/// Whether two addresses name the same server: the host regardless of case and
/// of a final dot, the port only where both have one (SGP.22 5.6.1 compares the
/// FQDN; LPAs pass on what the activation code says, with or without port).
pub fn same_server(a: &str, b: &str) -> bool {
    let ((host_a, port_a), (host_b, port_b)) = (split(a), split(b));
    let ports_agree = port_a.zip(port_b).is_none_or(|(a, b)| a == b);
    !host_a.is_empty() && host_a.eq_ignore_ascii_case(host_b) && ports_agree
}

/// Whether two addresses are one: the host regardless of case and of a final dot, and the port, which is 443 where there
/// is none.
pub fn same_address(a: &str, b: &str) -> bool {
    let ((host_a, port_a), (host_b, port_b)) = (split(a), split(b));
    let same_port = port_a.unwrap_or("443") == port_b.unwrap_or("443");
    !host_a.is_empty() && host_a.eq_ignore_ascii_case(host_b) && same_port
}

/// What to dial for `address`: where it means the server that was dialled as
/// `dialled`, that one with its port, since eUICCs and certificates name hosts only.
pub fn to_dial<'a>(address: &'a str, dialled: Option<&'a str>) -> &'a str {
    dialled.filter(|dialled| same_server(address, dialled)).unwrap_or(address)
}

/// Host and port; an IPv6 address keeps its brackets.
fn split(address: &str) -> (&str, Option<&str>) {
    let numeric = |port: &str| !port.is_empty() && port.bytes().all(|c| c.is_ascii_digit());
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if numeric(port) && (!host.contains(':') || host.ends_with(']')) => {
            (host, Some(port))
        }
        _ => (address, None),
    };
    (host.strip_suffix('.').unwrap_or(host), port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_final_dot_and_a_missing_port_do_not_matter() {
        assert!(same_server("SMDP.Example.COM", "smdp.example.com."));
        assert!(same_server("smdp.example.com:8443", "smdp.example.com"));
        assert!(same_server("[::1]:8443", "[::1]"));
        assert!(!same_server("smdp.example.com:1", "smdp.example.com:2"));
        assert!(!same_server("smdp.example.org", "smdp.example.com"));
        assert!(!same_server("", ""));
    }

    #[test]
    fn an_address_is_host_and_port() {
        assert!(same_address("SMDP.Example.COM", "smdp.example.com.:443"));
        assert!(!same_address("smdp.example.com:8443", "smdp.example.com"));
        assert!(!same_address("smdp.example.org", "smdp.example.com") && !same_address("", ""));
    }

    #[test]
    fn white_space_is_no_part_of_an_address() {
        for other in
            [" smdp.example", "smdp.example ", "smdp.example\n", "\u{a0}smdp.example", "smdp.example :443"]
        {
            assert!(!same_address("smdp.example", other), "{other:?}");
            assert!(!same_server("smdp.example", other), "{other:?}");
        }
    }

    #[test]
    fn notifications_go_to_the_port_that_was_dialled() {
        assert_eq!(to_dial("a.test", Some("A.test:8443")), "A.test:8443");
        assert_eq!(to_dial("b.test", Some("a.test:8443")), "b.test");
    }
}
