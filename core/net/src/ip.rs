//! The packets by which a device opens a connection and a router refuses it (RFC 791, RFC 9293, RFC 792).

use alloc::vec::Vec;

/// Protocol number of ICMP.
const ICMP: u8 = 1;
/// Protocol number of TCP.
const TCP: u8 = 6;

/// An IPv4 packet.
pub fn packet(protocol: u8, from: [u8; 4], to: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut head = alloc::vec![0x45, 0x00];
    head.extend((20 + payload.len() as u16).to_be_bytes());
    head.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
    head.extend(from);
    head.extend(to);
    let sum = checksum(&[&head]);
    head[10..12].copy_from_slice(&sum.to_be_bytes());
    head.extend(payload);
    head
}

/// The first packet of a TCP connection.
pub fn syn(from: ([u8; 4], u16), to: ([u8; 4], u16)) -> Vec<u8> {
    let mut segment = Vec::with_capacity(24);
    segment.extend(from.1.to_be_bytes());
    segment.extend(to.1.to_be_bytes());
    segment.extend([0; 8]);
    // Six words with the MSS option, SYN, a window.
    segment.extend([0x60, 0x02, 0xFF, 0xFF, 0, 0, 0, 0, 2, 4, 0x05, 0xB4]);
    let length = (segment.len() as u16).to_be_bytes();
    let sum = checksum(&[&from.0, &to.0, &[0, TCP], &length, &segment]);
    segment[16..18].copy_from_slice(&sum.to_be_bytes());
    packet(TCP, from.0, to.0, &segment)
}

/// Destination Unreachable of a router about a packet: code 0 no network, 13 prohibited (RFC 792, RFC 1812 5.2.7.1).
pub fn unreachable(router: [u8; 4], code: u8, about: &[u8]) -> Vec<u8> {
    let to = match about.get(12..16) {
        Some(&[a, b, c, d]) => [a, b, c, d],
        _ => [0; 4],
    };
    let mut body = alloc::vec![3, code, 0, 0, 0, 0, 0, 0];
    body.extend(about.iter().take(28));
    let sum = checksum(&[&body]);
    body[2..4].copy_from_slice(&sum.to_be_bytes());
    packet(ICMP, router, to, &body)
}

/// Internet checksum over parts of even length, the last one excepted (RFC 1071).
pub fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u32 = words.map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    let folded = (sum & 0xFFFF) + (sum >> 16);
    !((folded & 0xFFFF) + (folded >> 16)) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_cancel() {
        let opened = syn(([10, 0, 0, 1], 49152), ([198, 51, 100, 1], 443));
        assert_eq!(checksum(&[&opened[..20]]), 0);
        let length = (opened.len() as u16 - 20).to_be_bytes();
        assert_eq!(checksum(&[&opened[12..20], &[0, TCP], &length, &opened[20..]]), 0);
        let refused = unreachable([192, 0, 2, 1], 13, &opened);
        assert_eq!(refused[16..20], [10, 0, 0, 1]);
        assert_eq!(checksum(&[&refused[20..]]), 0);
    }
}
