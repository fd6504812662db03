//! A capture file (libpcap, link type IPv4) for Wireshark and tshark: APDUs and NAS of LTE in GSMTAP,
//! GTP in UDP, Diameter in SCTP.

use crate::epc::address;
use crate::ip::packet;
use crate::nas::security;
use alloc::vec::Vec;

/// Link type `LINKTYPE_IPV4`.
const LINK_TYPE: u32 = 228;
/// Port of GSMTAP.
const GSMTAP: u16 = 4729;
const GTP_C: u16 = 2123;
const GTP_U: u16 = 2152;
const DIAMETER: u16 = 3868;
/// GSMTAP types: SIM, NAS of LTE.
const SIM: u8 = 0x04;
const LTE_NAS: u8 = 0x12;

const UDP: u8 = 17;
const SCTP: u8 = 132;

/// Where the device's own words are captured.
const DEVICE: [u8; 4] = [127, 0, 0, 1];

/// A capture being written.
#[derive(Clone, Debug)]
pub struct Capture {
    octets: Vec<u8>,
    packets: u32,
}

impl Default for Capture {
    fn default() -> Self {
        Self::new()
    }
}

impl Capture {
    /// An empty capture.
    pub fn new() -> Self {
        let mut octets = Vec::new();
        octets.extend(0xA1B2_C3D4u32.to_be_bytes());
        octets.extend([0, 2, 0, 4]);
        octets.extend([0; 8]);
        octets.extend(65_535u32.to_be_bytes());
        octets.extend(LINK_TYPE.to_be_bytes());
        Self { octets, packets: 0 }
    }

    /// The file.
    pub fn finish(self) -> Vec<u8> {
        self.octets
    }

    /// Number of packets so far.
    pub fn len(&self) -> u32 {
        self.packets
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.packets == 0
    }

    /// A command with its response, as T=0 carries them: without the Le behind data.
    pub fn apdu(&mut self, at: u64, command: &[u8], response: &[u8]) {
        let lc = command.get(4).copied().map_or(0, usize::from);
        let with_data = command.len() > 5 + lc && lc > 0;
        let command = if with_data { &command[..5 + lc] } else { command };
        self.gsmtap(at, SIM, 0, &[command, response].concat());
    }

    /// A NAS message of LTE.
    pub fn lte_nas(&mut self, at: u64, octets: &[u8]) {
        self.gsmtap(at, LTE_NAS, u8::from(security::open(octets).is_some()), octets);
    }

    /// A message of GTPv2-C.
    pub fn gtp_c(&mut self, at: u64, from_gateway: bool, octets: &[u8]) {
        let ends = ends(from_gateway, address::SERVING, address::GATEWAY);
        self.udp(at, ends, (GTP_C, GTP_C), octets);
    }

    /// A user's packet in its tunnel.
    pub fn gtp_u(&mut self, at: u64, from_gateway: bool, octets: &[u8]) {
        let ends = ends(from_gateway, address::RADIO, address::GATEWAY);
        self.udp(at, ends, (GTP_U, GTP_U), octets);
    }

    /// A packet beyond the gateway.
    pub fn ip(&mut self, at: u64, octets: &[u8]) {
        self.record(at, octets);
    }

    /// A message of S6a or S6d: a DATA chunk of its own (RFC 9260 3.3.1, payload protocol 46).
    pub fn diameter(&mut self, at: u64, from_hss: bool, octets: &[u8]) {
        let (from, to) = ends(from_hss, address::SERVING, address::HSS);
        let ports = if from_hss { (DIAMETER, 40_000u16) } else { (40_000, DIAMETER) };
        let mut segment = Vec::new();
        segment.extend(ports.0.to_be_bytes());
        segment.extend(ports.1.to_be_bytes());
        segment.extend([0, 0, 0, 1, 0, 0, 0, 0]);
        segment.extend([0, 0x03]);
        segment.extend((16 + octets.len() as u16).to_be_bytes());
        segment.extend(self.packets.to_be_bytes());
        segment.extend([0, 0, 0, 0, 0, 0, 0, 46]);
        segment.extend(octets);
        segment.resize(segment.len().next_multiple_of(4), 0);
        let sum = crc32c(&segment);
        segment[8..12].copy_from_slice(&sum.to_le_bytes());
        let packet = packet(SCTP, from, to, &segment);
        self.record(at, &packet);
    }

    fn gsmtap(&mut self, at: u64, kind: u8, sub_type: u8, payload: &[u8]) {
        let mut datagram = alloc::vec![2, 4, kind, 0, 0, 0, 0, 0, 0, 0, 0, 0, sub_type, 0, 0, 0];
        datagram.extend(payload);
        self.udp(at, (DEVICE, DEVICE), (GSMTAP, GSMTAP), &datagram);
    }

    fn udp(&mut self, at: u64, (from, to): ([u8; 4], [u8; 4]), ports: (u16, u16), payload: &[u8]) {
        let mut datagram = Vec::with_capacity(8 + payload.len());
        datagram.extend(ports.0.to_be_bytes());
        datagram.extend(ports.1.to_be_bytes());
        datagram.extend((8 + payload.len() as u16).to_be_bytes());
        // No checksum (RFC 768).
        datagram.extend([0, 0]);
        datagram.extend(payload);
        let packet = packet(UDP, from, to, &datagram);
        self.record(at, &packet);
    }

    /// A packet; packets of one second are a microsecond apart, in the order of the trace.
    fn record(&mut self, at: u64, packet: &[u8]) {
        self.octets.extend((at as u32).to_be_bytes());
        self.octets.extend((self.packets % 1_000_000).to_be_bytes());
        self.octets.extend((packet.len() as u32).to_be_bytes());
        self.octets.extend((packet.len() as u32).to_be_bytes());
        self.octets.extend(packet);
        self.packets += 1;
    }
}

fn ends(reversed: bool, near: [u8; 4], far: [u8; 4]) -> ([u8; 4], [u8; 4]) {
    if reversed { (far, near) } else { (near, far) }
}

/// CRC-32C (RFC 9260 appendix A).
fn crc32c(octets: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 };
    !octets.iter().fold(u32::MAX, |crc, octet| (0..8).fold(crc ^ u32::from(*octet), step))
}

#[cfg(test)]
mod tests {
    /// The check value of CRC-32C.
    #[test]
    fn crc32c_of_nine_digits() {
        assert_eq!(super::crc32c(b"123456789"), 0xE306_9283);
    }
}
