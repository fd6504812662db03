//! Captures: ours, and what of others is in GSMTAP, plain HTTP, Diameter or GTP.

use super::http;
use super::tape::Tape;
use crate::words::Words;
use esim_rsp::trace::{Party, Record};
use std::collections::BTreeMap;

/// Connections whose octets are put together at a time.
const CONNECTIONS: usize = 64;
/// Longest message of HTTP that is put together: a bound profile package in base64.
const BODY: usize = 4 << 20;

/// Whether a file begins as captures do.
pub(super) fn is_capture(octets: &[u8]) -> bool {
    let magic: [&[u8]; 5] = [
        &[0x0A, 0x0D, 0x0D, 0x0A],
        &[0xA1, 0xB2, 0xC3, 0xD4],
        &[0xD4, 0xC3, 0xB2, 0xA1],
        &[0xA1, 0xB2, 0x3C, 0x4D],
        &[0x4D, 0x3C, 0xB2, 0xA1],
    ];
    magic.iter().any(|magic| octets.starts_with(magic))
}

/// Octets read in the order that a file has.
struct Order {
    big: bool,
}

impl Order {
    fn u16(&self, octets: &[u8], at: usize) -> Option<u16> {
        let two = *octets.get(at..)?.first_chunk()?;
        Some(if self.big { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }

    fn u32(&self, octets: &[u8], at: usize) -> Option<u32> {
        let four = *octets.get(at..)?.first_chunk()?;
        Some(if self.big { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }
}

/// A packet of a capture.
struct Packet<'a> {
    link: u16,
    /// Unix seconds.
    at: u64,
    octets: &'a [u8],
    comment: &'a str,
}

/// Reads a capture.
pub(super) fn read(octets: &[u8], tape: &mut Tape) {
    let is_new = octets.starts_with(&[0x0A, 0x0D, 0x0D, 0x0A]);
    let (packets, whole) = if is_new { blocks(octets) } else { records(octets) };
    // Where messages of functions stand by themselves nothing is put together from APDUs.
    let is_ours = packets.iter().any(|packet| packet.link == 252 && !about(packet.comment).is_empty());
    let mut reader = Reader { tape, is_ours, streams: BTreeMap::new(), encrypted: 0, others: 0 };
    packets.iter().for_each(|packet| reader.packet(packet));
    reader.finish();
    if !whole {
        tape.note(Words::new(
            "the capture ends within a packet",
            "キャプチャがパケットの途中で終わっています",
        ));
    }
}

/// Packets of pcapng (draft-ietf-opsawg-pcapng 4), and whether it ends where a block does.
fn blocks(octets: &[u8]) -> (Vec<Packet<'_>>, bool) {
    let mut order = Order { big: true };
    let (mut links, mut packets, mut at) = (Vec::new(), Vec::new(), 0);
    while at < octets.len() {
        if octets[at..].starts_with(&[0x0A, 0x0D, 0x0D, 0x0A]) {
            order = Order { big: octets[at..].get(8) == Some(&0x1A) };
            links.clear();
        }
        let header = order.u32(octets, at).zip(order.u32(octets, at + 4));
        let Some((kind, length)) = header.filter(|(_, length)| *length >= 12 && length % 4 == 0) else {
            return (packets, false);
        };
        let Some(body) = octets.get(at + 8..at + length as usize - 4) else { return (packets, false) };
        at += length as usize;
        match kind {
            1 => links.push(order.u16(body, 0).unwrap_or_default()),
            6 => packets.extend(enhanced(&order, body, &links)),
            _ => {}
        }
    }
    (packets, true)
}

/// An enhanced packet block.
fn enhanced<'a>(order: &Order, body: &'a [u8], links: &[u16]) -> Option<Packet<'a>> {
    let link = *links.get(order.u32(body, 0)? as usize)?;
    let time = u64::from(order.u32(body, 4)?) << 32 | u64::from(order.u32(body, 8)?);
    let length = order.u32(body, 12)? as usize;
    let octets = body.get(20..20usize.checked_add(length)?)?;
    let mut options = body.get(20 + length.next_multiple_of(4)..).unwrap_or_default();
    let mut comment = "";
    while let Some((code, length)) = order.u16(options, 0).zip(order.u16(options, 2)) {
        let length = usize::from(length);
        let Some(value) = options.get(4..4 + length).filter(|_| code != 0) else { break };
        if code == 1 {
            comment = std::str::from_utf8(value).unwrap_or_default();
        }
        options = options.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(Packet { link, at: time / 1_000_000, octets, comment })
}

/// Packets of libpcap, and whether it ends where one does.
fn records(octets: &[u8]) -> (Vec<Packet<'_>>, bool) {
    let order = Order { big: octets.first() == Some(&0xA1) };
    let link = order.u32(octets, 20).unwrap_or_default() as u16;
    let (mut packets, mut at) = (Vec::new(), 24);
    while at < octets.len() {
        let header = order.u32(octets, at).zip(order.u32(octets, at + 8));
        let packet = header.and_then(|(time, length)| {
            let end = (at + 16).checked_add(length as usize)?;
            Some((time, octets.get(at + 16..end)?, end))
        });
        let Some((time, octets, end)) = packet else { return (packets, false) };
        packets.push(Packet { link, at: time.into(), octets, comment: "" });
        at = end;
    }
    (packets, true)
}

/// What our comments say of the messages in a packet.
fn about(comment: &str) -> Vec<(Party, Party, String, String)> {
    let party = |name: &str| serde_json::from_value::<Party>(name.into()).ok();
    let one = |part: &str| {
        let (_, rest) = part.strip_prefix('#')?.split_once(' ')?;
        let (interface, rest) = rest.split_once(": ")?;
        let (function, ends) = rest.rsplit_once(", ")?;
        let (from, to) = ends.split_once(" to ")?;
        Some((party(from)?, party(to)?, interface.to_string(), function.to_string()))
    };
    comment.split("; ").filter_map(one).collect()
}

/// What one end of a connection has said.
#[derive(Default)]
struct Stream {
    octets: Vec<u8>,
    at: u64,
    comment: String,
}

struct Reader<'a> {
    tape: &'a mut Tape,
    is_ours: bool,
    /// By addresses and ports of sender and receiver.
    streams: BTreeMap<[u8; 12], Stream>,
    encrypted: usize,
    others: usize,
}

impl Reader<'_> {
    fn packet(&mut self, packet: &Packet<'_>) {
        let ip = match packet.link {
            228 | 101 => Some(packet.octets),
            1 => packet.octets.get(14..),
            113 => packet.octets.get(16..),
            252 => return self.exported(packet),
            _ => None,
        };
        if ip.and_then(|ip| self.ip(packet, ip)).is_none() {
            self.others += 1;
        }
    }

    /// A message: as our comment says whose it is, or as its protocol tells.
    fn say(&mut self, packet: &Packet<'_>, otherwise: (Party, Party, &str, &str), bytes: &[u8]) {
        let said = about(packet.comment).into_iter().next();
        let (from, to, interface, function) =
            said.unwrap_or_else(|| (otherwise.0, otherwise.1, otherwise.2.into(), otherwise.3.into()));
        let bytes = bytes.to_vec();
        self.tape.record(Record { n: 0, at: packet.at, from, to, interface, function, bytes });
    }

    fn exported(&mut self, packet: &Packet<'_>) {
        let (mut rest, order) = (packet.octets, Order { big: true });
        while let Some((tag, length)) = order.u16(rest, 0).zip(order.u16(rest, 2)) {
            let Some(after) = rest.get(4 + usize::from(length)..) else { return };
            rest = after;
            if tag == 0 {
                return self.say(packet, (Party::Lpa, Party::Euicc, "ES10", "exported PDU"), rest);
            }
        }
    }

    fn ip(&mut self, packet: &Packet<'_>, ip: &[u8]) -> Option<()> {
        let head = usize::from(ip.first().filter(|first| **first >> 4 == 4)? & 0x0F) * 4;
        let length = usize::from(Order { big: true }.u16(ip, 2)?);
        let body = ip.get(head..length.min(ip.len()))?;
        if about(packet.comment).first().is_some_and(|said| said.2 == "SGi") {
            self.say(packet, (Party::Gateway, Party::Internet, "SGi", "packet"), ip.get(..length)?);
            return Some(());
        }
        match ip.get(9)? {
            17 => self.udp(packet, body),
            6 => self.tcp(packet, ip.get(12..20)?, body),
            132 => {
                let diameter = body.get(28..)?;
                let length = usize::from(Order { big: true }.u16(body, 14)?).checked_sub(16)?;
                let octets = diameter.get(..length)?;
                self.say(packet, (Party::Mme, Party::Hss, "S6a", "Diameter"), octets);
                Some(())
            }
            _ => None,
        }
    }

    fn udp(&mut self, packet: &Packet<'_>, datagram: &[u8]) -> Option<()> {
        let order = Order { big: true };
        let (from, to) = (order.u16(datagram, 0)?, order.u16(datagram, 2)?);
        let payload = datagram.get(8..)?;
        let is = |port| from == port || to == port;
        match () {
            () if is(4729) => return self.gsmtap(packet, payload),
            () if is(2123) => self.say(packet, (Party::Mme, Party::Gateway, "S11", "GTPv2-C"), payload),
            () if is(2152) => self.say(packet, (Party::Modem, Party::Gateway, "S1-U", "G-PDU"), payload),
            () => return None,
        }
        Some(())
    }

    /// GSMTAP: a head of words, whose first octets are version, length in words and type.
    fn gsmtap(&mut self, packet: &Packet<'_>, payload: &[u8]) -> Option<()> {
        let &[_, words, kind, ..] = payload else { return None };
        let octets = payload.get(usize::from(words) * 4..)?;
        match kind {
            4 => {
                let (command, response) = octets.split_at_checked(length_of_command(octets)?)?;
                if !self.is_ours {
                    self.tape.command(command);
                    self.tape.response(response);
                    return Some(());
                }
                let said = about(packet.comment);
                for ((from, to, interface, function), bytes) in said.into_iter().zip([command, response]) {
                    let (at, bytes) = (packet.at, bytes.to_vec());
                    self.tape.record(Record { n: 0, at, from, to, interface, function, bytes });
                }
            }
            0x12 => self.say(packet, (Party::Modem, Party::Mme, "NAS", "NAS of LTE"), octets),
            _ => return None,
        }
        Some(())
    }

    fn tcp(&mut self, packet: &Packet<'_>, addresses: &[u8], segment: &[u8]) -> Option<()> {
        let order = Order { big: true };
        let (from, to) = (order.u16(segment, 0)?, order.u16(segment, 2)?);
        let data = segment.get(usize::from(segment.get(12)? >> 4) * 4..)?;
        if from == 443 || to == 443 {
            self.encrypted += usize::from(!data.is_empty());
            return Some(());
        }
        let mut key = [0; 12];
        key[..8].copy_from_slice(addresses.get(..8)?);
        key[8..].copy_from_slice(segment.get(..4)?);
        if data.is_empty() {
            return Some(());
        }
        if self.streams.len() >= CONNECTIONS && !self.streams.contains_key(&key) {
            return None;
        }
        let stream = self.streams.entry(key).or_default();
        if stream.octets.is_empty() {
            (stream.at, stream.comment) = (packet.at, packet.comment.to_string());
        }
        stream.octets.extend_from_slice(data.get(..data.len().min(BODY - stream.octets.len().min(BODY)))?);
        let complete = http::message(&stream.octets).is_some_and(|message| message.is_complete);
        if complete && let Some(stream) = self.streams.remove(&key) {
            self.http(&stream);
        }
        Some(())
    }

    fn http(&mut self, stream: &Stream) {
        let Some(message) = http::message(&stream.octets) else {
            self.others += 1;
            return;
        };
        let (bytes, said) = (message.body.to_vec(), about(&stream.comment).into_iter().next());
        match (said, message.path) {
            (Some((from, to, interface, function)), _) => {
                let at = stream.at;
                self.tape.record(Record { n: 0, at, from, to, interface, function, bytes });
            }
            (None, Some(path)) => self.tape.request(path, &bytes),
            (None, None) => self.tape.answer(&bytes),
        }
    }

    fn finish(mut self) {
        for (_, stream) in std::mem::take(&mut self.streams) {
            self.http(&stream);
        }
        let (encrypted, others) = (self.encrypted, self.others);
        if encrypted > 0 {
            self.tape.note(Words::new(
                format!("{encrypted} packets are TLS: nobody but its ends can read them"),
                format!("TLSのパケットが{encrypted}件あります。両端のほかには読めません"),
            ));
        }
        if others > 0 {
            self.tape.note(Words::new(
                format!("{others} packets are of other protocols"),
                format!("ほかのプロトコルのパケットが{others}件あります"),
            ));
        }
    }
}

/// How long the command is in front of its response, as T=0 carries both: by its instruction (TS 102 221 10.1.2).
fn length_of_command(octets: &[u8]) -> Option<usize> {
    if octets.len() == 6 {
        return Some(4);
    }
    let p3 = usize::from(*octets.get(4)?);
    let ins = octets[1];
    // Commands without data: the third parameter is the length of the answer.
    let asks = matches!(ins, 0xB0 | 0xB2 | 0xC0 | 0xCA | 0xF2 | 0x12 | 0x70 | 0x84);
    let length = if asks { 5 } else { 5 + p3 };
    (octets.len() >= length + 2).then_some(length)
}
