//! Whom this server calls. Operators say where the events of their orders go (`smdsAddress`), and what their callbacks'
//! names lead to: nobody may send this server where only it can get.
//!
//! A call goes to public addresses, and to what the house has allowed besides. What counts is the address connected to,
//! after the name has been resolved; hosts that cannot see it judge by the name.

use esim_smdp::Config;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// What the house allows: a name, whatever it leads to, or a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// A host by its name, in lower case.
    Host(String),
    /// An address or a network: how many leading bits count.
    Network(IpAddr, u8),
}

impl Allowed {
    /// This machine.
    pub const LOOPBACK: [Self; 2] = [
        Self::Network(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
        Self::Network(IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    ];
}

impl FromStr for Allowed {
    type Err = String;

    /// `bss.example.com`, `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("{text:?} is neither a host name nor an address nor a network such as 10.0.0.0/8");
        let (host, bits) = match text.split_once('/') {
            Some((host, bits)) => (host, Some(bits)),
            None => (text, None),
        };
        if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
            let most = if address.is_ipv4() { 32 } else { 128 };
            let bits = bits.map_or(Ok(most), str::parse).ok().filter(|bits| *bits <= most);
            return bits.map(|bits| Self::Network(address, bits)).ok_or_else(wrong);
        }
        let sound = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        match bits {
            None if !host.is_empty() && host.chars().all(sound) => Ok(Self::Host(plain(host))),
            _ => Err(wrong()),
        }
    }
}

/// Whom this server calls.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    allowed: Vec<Allowed>,
    /// Addresses that the house has written down itself as where somebody is to be called: host and port.
    written: Vec<(String, u16)>,
}

impl Reach {
    /// What the house allows, and the callbacks and root SM-DS of `config` where they are addresses, or `localhost`:
    /// who writes an address means it. A name may lead anywhere by whoever's it is, so it is judged like any other.
    pub fn new(allowed: Vec<Allowed>, config: &Config) -> Self {
        let callbacks = config.operators.iter().filter_map(|operator| operator.callback.as_deref());
        let root = config.smds.as_ref().and_then(|smds| smds.root.as_deref());
        let servers = callbacks.chain(root).chain(config.default_smds.as_deref());
        let is_fixed = |(host, _): &(String, u16)| host == "localhost" || host.parse::<IpAddr>().is_ok();
        Self { allowed, written: servers.filter_map(server).filter(is_fixed).collect() }
    }

    /// Whether a host, as a URL has it, may be called at a port, as far as that can be told before its name is resolved.
    ///
    /// # Errors
    /// Why not, for the log.
    pub fn judge(&self, host: &str, port: u16) -> Result<(), String> {
        let host = plain(host);
        if self.written.iter().any(|(known, at)| *known == host && *at == port) {
            return Ok(());
        }
        if let Ok(address) = host.parse() {
            return match self.allows(address) {
                true => Ok(()),
                false => Err(format!("{address} is not called: it is no public address{REMEDY}")),
            };
        }
        if self.names(&host) || !is_local_name(&host) || self.allows_loopback_as(&host) {
            return Ok(());
        }
        Err(format!("{host} is not called: it is no public name{REMEDY}"))
    }

    /// Whether a host of this name may be connected to at one of the addresses that it has.
    pub fn may_connect(&self, host: &str, address: IpAddr) -> bool {
        let host = plain(host);
        self.names(&host) || self.written.iter().any(|(known, _)| *known == host) || self.allows(address)
    }

    fn names(&self, host: &str) -> bool {
        self.allowed.iter().any(|allowed| matches!(allowed, Allowed::Host(name) if name == host))
    }

    /// `localhost` is this machine, and as good as its address.
    fn allows_loopback_as(&self, host: &str) -> bool {
        host == "localhost"
            && [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()].iter().any(|it| self.allows(*it))
    }

    fn allows(&self, address: IpAddr) -> bool {
        let within = |allowed: &Allowed| match allowed {
            Allowed::Network(network, bits) => contains(*network, *bits, address),
            Allowed::Host(_) => false,
        };
        is_public(address) || self.allowed.iter().any(within)
    }
}

/// How a refusal ends that the house can do something about.
const REMEDY: &str = "; --call-allow (CALL_ALLOW) lets it";

/// A host without its brackets, its final dot and its capitals.
fn plain(host: &str) -> String {
    let host = host.trim_matches(['[', ']']);
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

/// Host and port of a server as calls name it: `host`, `host:port`, or a URL with both.
fn server(address: &str) -> Option<(String, u16)> {
    let (default, rest) = match address.split_once("://") {
        Some(("http", rest)) => (80, rest),
        Some((_, rest)) => (443, rest),
        None => (443, address),
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((plain(host), port.parse().ok()?)),
        _ => Some((plain(authority), default)),
    }
}

/// Names that lead to nobody in public: of one label, or under what is kept for networks of one's own (RFC 6761, 6762,
/// 8375, and ICANN's `internal`).
fn is_local_name(host: &str) -> bool {
    const KEPT: [&str; 10] = [
        "localhost",
        "local",
        "internal",
        "intranet",
        "private",
        "corp",
        "home",
        "lan",
        "arpa",
        "localdomain",
    ];
    match host.rsplit_once('.') {
        None => true,
        Some((_, last)) => KEPT.contains(&last),
    }
}

fn contains(network: IpAddr, bits: u8, address: IpAddr) -> bool {
    let same = |a: u128, b: u128, length: u8| {
        let rest = u32::from(length.saturating_sub(bits));
        a.checked_shr(rest).unwrap_or(0) == b.checked_shr(rest).unwrap_or(0)
    };
    match (network, address.to_canonical()) {
        (IpAddr::V4(a), IpAddr::V4(b)) => same(a.to_bits().into(), b.to_bits().into(), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        _ => false,
    }
}

/// Networks of IPv4 that are no part of the public one (IANA's registry of special-purpose addresses).
const SPECIAL_V4: [(Ipv4Addr, u8); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Within IPv6's public network: what is not, and what leads to addresses of IPv4 (Teredo, 6to4).
const SPECIAL_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3FFF, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// Whether an address is everybody's. Of IPv6 that is 2000::/3 alone: what stands for an address of IPv4 (::ffff:0:0/96,
/// 64:ff9b::/96) is not.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => {
            !SPECIAL_V4.iter().any(|(network, bits)| contains((*network).into(), *bits, address))
        }
        IpAddr::V6(v6) => {
            let special =
                SPECIAL_V6.iter().any(|(network, bits)| contains((*network).into(), *bits, address));
            v6.segments()[0] >> 13 == 1 && !special
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(allowed: &[&str]) -> Reach {
        Reach { allowed: allowed.iter().map(|text| text.parse().unwrap()).collect(), written: Vec::new() }
    }

    #[test]
    fn public_addresses_alone_are_called() {
        let nobody = reach(&[]);
        for address in [
            "8.8.8.8",
            "192.0.1.1",
            "100.63.255.255",
            "172.32.0.1",
            "2606:4700::1111",
            "2001:4860:4860::8888",
        ] {
            assert!(nobody.judge(address, 443).is_ok(), "{address}");
            assert!(nobody.may_connect("smds.example", address.parse().unwrap()), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "192.0.0.8",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
        ] {
            assert!(nobody.judge(address, 443).is_err(), "{address}");
            assert!(nobody.judge(&format!("[{address}]"), 443).is_err(), "{address}");
            assert!(!nobody.may_connect("smds.example", address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn names_of_ones_own_network_are_not_called() {
        let nobody = reach(&[]);
        for name in ["smds.example.com", "SMDS.example.com.", "a.b.c.gsma.com"] {
            assert!(nobody.judge(name, 443).is_ok(), "{name}");
        }
        for name in [
            "localhost",
            "LOCALHOST.",
            "a.localhost",
            "metadata.google.internal",
            "intranet",
            "printer.local",
            "x.home.arpa",
        ] {
            assert!(nobody.judge(name, 443).is_err(), "{name}");
        }
    }

    #[test]
    fn the_house_allows_names_and_networks() {
        let some = reach(&["10.1.0.0/16", "fd00::/8", "bss.internal", "127.0.0.1"]);
        for host in
            ["10.1.2.3", "fd00::7", "[fd00::7]", "BSS.internal", "127.0.0.1", "::ffff:10.1.2.3", "localhost"]
        {
            assert!(some.judge(host, 443).is_ok(), "{host}");
        }
        for host in ["10.2.0.1", "fe80::7", "other.internal", "127.0.0.2"] {
            assert!(some.judge(host, 443).is_err(), "{host}");
        }
        assert!(
            some.may_connect("bss.internal", "192.168.0.1".parse().unwrap()),
            "a name that is allowed may lead anywhere"
        );
        assert!(!some.may_connect("evil.example", "192.168.0.1".parse().unwrap()));
        for wrong in ["", "10.0.0.0/33", "a/8", "10.0.0.0/x", "a b", "http://a"] {
            assert!(wrong.parse::<Allowed>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_that_the_house_has_written_are_called_at_their_ports() {
        let written =
            ["http://127.0.0.1:8080/", "https://[::1]", "localhost:9443", "bss.example.com:1", "10.0.0.1"];
        let servers = written.map(|address| server(address).unwrap());
        let of = |host: &str, port| (host.to_string(), port);
        assert_eq!(
            servers,
            [
                of("127.0.0.1", 8080),
                of("::1", 443),
                of("localhost", 9443),
                of("bss.example.com", 1),
                of("10.0.0.1", 443)
            ]
        );
        let house = Reach { allowed: Vec::new(), written: servers.into() };
        assert!(house.judge("127.0.0.1", 8080).is_ok() && house.judge("localhost", 9443).is_ok());
        assert!(house.judge("127.0.0.1", 8081).is_err() && house.judge("localhost", 443).is_err());
        assert!(house.may_connect("localhost", Ipv4Addr::LOCALHOST.into()));
    }
}
