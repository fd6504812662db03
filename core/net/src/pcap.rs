//! A capture file (pcapng) for Wireshark and tshark: APDUs and NAS of LTE in GSMTAP, GTP in UDP, Diameter in SCTP, HTTP in
//! TCP, all of them over IPv4; and octets of other protocols, as Wireshark exports PDUs.

use crate::epc::address;
use crate::ip::{checksum, packet};
use crate::nas::security;
use alloc::string::String;
use alloc::vec::Vec;

/// `LINKTYPE_IPV4` and `LINKTYPE_WIRESHARK_UPPER_PDU`, the interfaces of the capture.
const LINK_TYPES: [u16; 2] = [228, 252];
/// Blocks of a capture file (draft-ietf-opsawg-pcapng 4): section header, interface, enhanced packet.
const SECTION: u32 = 0x0A0D_0D0A;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;
/// Options of blocks: a comment; of the section, the program that has written it.
const COMMENT: u16 = 1;
const PROGRAM: u16 = 4;
/// Tags of an exported PDU: name of the dissector, what a list says of it (Wireshark's `epan/exported_pdu.h`).
const DISSECTOR: u16 = 12;
const PROTOCOL: u16 = 33;

/// Port of GSMTAP.
const GSMTAP: u16 = 4729;
const GTP_C: u16 = 2123;
const GTP_U: u16 = 2152;
const DIAMETER: u16 = 3868;
const HTTP: u16 = 80;
/// GSMTAP types: SIM, NAS of LTE.
const SIM: u8 = 0x04;
const LTE_NAS: u8 = 0x12;

const TCP: u8 = 6;
const UDP: u8 = 17;
const SCTP: u8 = 132;

/// Where the device's own words are captured.
const DEVICE: [u8; 4] = [127, 0, 0, 1];
/// Where it reaches servers without a network.
const SERVER: [u8; 4] = [127, 0, 0, 2];
/// Octets of a segment of TCP.
const SEGMENT: usize = 32_768;
/// Flags of TCP.
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const PUSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// A capture being written.
#[derive(Clone, Debug)]
pub struct Capture {
    octets: Vec<u8>,
    packets: u32,
    /// Of the next packet.
    comment: String,
    /// Connections whose request awaits its answer, the last one last.
    open: Vec<Connection>,
    /// Connections so far.
    opened: u16,
}

/// A connection by TCP.
#[derive(Clone, Copy, Debug)]
struct Connection {
    /// Of the client.
    port: u16,
    /// What the client says next, and what the server does.
    next: [u32; 2],
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
        let mut section = Vec::from(0x1A2B_3C4Du32.to_be_bytes());
        // Version 1.0; a section of unknown length.
        section.extend([0, 1, 0, 0]);
        section.extend([0xFF; 8]);
        option(&mut section, PROGRAM, concat!("esim-lab ", env!("CARGO_PKG_VERSION")));
        block(&mut octets, SECTION, &section);
        for link in LINK_TYPES {
            let mut interface = Vec::from(link.to_be_bytes());
            interface.extend([0; 6]);
            block(&mut octets, INTERFACE, &interface);
        }
        Self { octets, packets: 0, comment: String::new(), open: Vec::new(), opened: 0 }
    }

    /// The next packet has this comment.
    pub fn comment(&mut self, comment: &str) {
        self.comment = comment.into();
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
        self.record(at, 0, octets);
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
        self.record(at, 0, &packet);
    }

    /// Octets of a protocol that Wireshark has no dissector for: in its list they have this name.
    pub fn exported(&mut self, at: u64, name: &str, octets: &[u8]) {
        let mut pdu = Vec::new();
        for (tag, text) in [(DISSECTOR, "data"), (PROTOCOL, name)] {
            let length = text.len().next_multiple_of(4);
            pdu.extend(tag.to_be_bytes());
            pdu.extend((length as u16).to_be_bytes());
            pdu.extend(text.as_bytes());
            pdu.resize(pdu.len() + length - text.len(), 0);
        }
        pdu.extend([0; 4]);
        pdu.extend(octets);
        self.record(at, 1, &pdu);
    }

    /// A request of HTTP with a connection of its own.
    pub fn http_request(&mut self, at: u64, octets: &[u8]) {
        let port = 49_152 + self.opened % 16_384;
        self.opened = self.opened.wrapping_add(1);
        let mut connection = Connection { port, next: [0, 0] };
        let comment = core::mem::take(&mut self.comment);
        self.tcp(at, &mut connection, false, SYN, &[]);
        self.tcp(at, &mut connection, true, SYN | ACK, &[]);
        self.tcp(at, &mut connection, false, ACK, &[]);
        self.comment = comment;
        self.say(at, &mut connection, false, octets);
        self.open.push(connection);
    }

    /// The answer to the request before, with which its connection ends.
    pub fn http_answer(&mut self, at: u64, octets: &[u8]) {
        let Some(mut connection) = self.open.pop() else { return };
        self.say(at, &mut connection, true, octets);
        self.tcp(at, &mut connection, true, FIN | ACK, &[]);
        self.tcp(at, &mut connection, false, FIN | ACK, &[]);
        self.tcp(at, &mut connection, true, ACK, &[]);
    }

    fn say(&mut self, at: u64, connection: &mut Connection, from_server: bool, octets: &[u8]) {
        for segment in octets.chunks(SEGMENT) {
            self.tcp(at, connection, from_server, PUSH | ACK, segment);
        }
    }

    /// A segment (RFC 9293 3.1).
    fn tcp(&mut self, at: u64, connection: &mut Connection, from_server: bool, flags: u8, octets: &[u8]) {
        let (from, to) = ends(from_server, DEVICE, SERVER);
        let ports = if from_server { (HTTP, connection.port) } else { (connection.port, HTTP) };
        let (own, peer) = if from_server { (1, 0) } else { (0, 1) };
        let mut segment = Vec::from(ports.0.to_be_bytes());
        segment.extend(ports.1.to_be_bytes());
        segment.extend(connection.next[own].to_be_bytes());
        let seen = if flags & ACK == 0 { 0 } else { connection.next[peer] };
        segment.extend(seen.to_be_bytes());
        segment.extend([0x50, flags, 0xFF, 0xFF, 0, 0, 0, 0]);
        segment.extend(octets);
        let length = (segment.len() as u16).to_be_bytes();
        let sum = checksum(&[&from, &to, &[0, TCP], &length, &segment]);
        segment[16..18].copy_from_slice(&sum.to_be_bytes());
        let counts = octets.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        connection.next[own] = connection.next[own].wrapping_add(counts);
        self.record(at, 0, &packet(TCP, from, to, &segment));
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
        self.record(at, 0, &packet);
    }

    /// A packet; packets of one second are a microsecond apart, in the order of the trace.
    fn record(&mut self, at: u64, interface: u32, packet: &[u8]) {
        let time = at.saturating_mul(1_000_000).saturating_add(u64::from(self.packets % 1_000_000));
        let mut body = Vec::from(interface.to_be_bytes());
        body.extend(time.to_be_bytes());
        body.extend((packet.len() as u32).to_be_bytes());
        body.extend((packet.len() as u32).to_be_bytes());
        body.extend(packet);
        body.resize(body.len().next_multiple_of(4), 0);
        let comment = core::mem::take(&mut self.comment);
        if !comment.is_empty() {
            option(&mut body, COMMENT, &comment);
        }
        block(&mut self.octets, PACKET, &body);
        self.packets += 1;
    }
}

/// A block with its length before and behind it.
fn block(octets: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let length = (12 + body.len() as u32).to_be_bytes();
    octets.extend(kind.to_be_bytes());
    octets.extend(length);
    octets.extend(body);
    octets.extend(length);
}

/// The only option of a block, and the end of its options.
fn option(body: &mut Vec<u8>, code: u16, text: &str) {
    body.extend(code.to_be_bytes());
    body.extend((text.len() as u16).to_be_bytes());
    body.extend(text.as_bytes());
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend([0; 4]);
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
