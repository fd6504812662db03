//! Security of NAS messages in LTE (TS 24.301 4.4, 9.1; TS 33.401 8): integrity by 128-EIA2, the
//! null cipher EEA0, so that a capture can be read.

use super::Direction;
use alloc::vec::Vec;
use esim_crypto::kdf3gpp::{DOWNLINK, UPLINK, eia2, nas_integrity_key};
use zeroize::ZeroizeOnDrop;

/// EEA0 and 128-EIA2 as `Selected NAS security algorithms` (TS 24.301 9.9.3.23).
pub const ALGORITHMS: u8 = 0x02;
/// EEA0 and 128-EIA2 as `UE network capability` (TS 24.301 9.9.3.34).
pub const CAPABILITY: [u8; 2] = [0x80, 0x20];

/// Security header types (TS 24.301 9.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// Integrity protected and ciphered.
    Ciphered = 2,
    /// Integrity protected with the new context: SECURITY MODE COMMAND.
    New = 3,
    /// Integrity protected and ciphered with the new context: SECURITY MODE COMPLETE.
    NewCiphered = 4,
}

/// A message in its security envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Security header type.
    pub header: u8,
    /// Message authentication code.
    pub mac: [u8; 4],
    /// Low octet of the NAS COUNT.
    pub sequence: u8,
    /// The message inside.
    pub plain: &'a [u8],
}

/// Octets of the envelope before the message.
pub const ENVELOPE: usize = 6;

/// Takes the envelope off, unchecked; `None` for a plain message.
pub fn open(octets: &[u8]) -> Option<Envelope<'_>> {
    match octets {
        [first, a, b, c, d, sequence, plain @ ..]
            if first & 0xF == 0x07 && (1..=4).contains(&(first >> 4)) =>
        {
            Some(Envelope { header: first >> 4, mac: [*a, *b, *c, *d], sequence: *sequence, plain })
        }
        _ => None,
    }
}

/// Keys and counters of a registration: an EPS NAS security context. `Debug` shows no key.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Context {
    integrity: [u8; 16],
    up: u32,
    down: u32,
}

impl core::fmt::Debug for Context {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Context(uplink NAS COUNT {}, downlink {})", self.up, self.down)
    }
}

impl Context {
    /// From KASME, counters at zero.
    pub fn new(kasme: &[u8; 32]) -> Self {
        Self { integrity: nas_integrity_key(kasme, ALGORITHMS & 0x07), up: 0, down: 0 }
    }

    /// Puts a message into its envelope and counts it.
    pub fn protect(&mut self, header: Header, direction: Direction, plain: &[u8]) -> Vec<u8> {
        let count = self.counter(direction);
        let sequence = *count as u8;
        let number = *count;
        *count = count.wrapping_add(1) & 0x00FF_FFFF;
        let mac = self.mac(number, direction, plain);
        let mut out = Vec::with_capacity(ENVELOPE + plain.len());
        out.push((header as u8) << 4 | 0x07);
        out.extend(mac);
        out.push(sequence);
        out.extend(plain);
        out
    }

    /// Checks a message's MAC and that it is not an old one; counts it.
    pub fn verify(&mut self, direction: Direction, envelope: &Envelope<'_>) -> bool {
        let expected = *self.counter(direction);
        // The overflow part is estimated from the sequence number (TS 24.301 4.4.3.1).
        let carried = u32::from(envelope.sequence < expected as u8) << 8;
        let number = ((expected & 0x00FF_FF00) + carried + u32::from(envelope.sequence)) & 0x00FF_FFFF;
        if number < expected || self.mac(number, direction, envelope.plain) != envelope.mac {
            return false;
        }
        *self.counter(direction) = number + 1;
        true
    }

    fn counter(&mut self, direction: Direction) -> &mut u32 {
        if direction == Direction::Up { &mut self.up } else { &mut self.down }
    }

    /// Over sequence number and message; the bearer is 0 (TS 33.401 8.1.1).
    fn mac(&self, count: u32, direction: Direction, plain: &[u8]) -> [u8; 4] {
        let mut message = Vec::with_capacity(1 + plain.len());
        message.push(count as u8);
        message.extend(plain);
        let bit = if direction == Direction::Up { UPLINK } else { DOWNLINK };
        eia2(&self.integrity, count, 0, bit, &message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_agree_and_nothing_is_taken_twice() {
        let (mut device, mut network) = (Context::new(&[7; 32]), Context::new(&[7; 32]));
        for n in 0..600u32 {
            let octets = device.protect(Header::Ciphered, Direction::Up, &[0x07, 0x43, n as u8]);
            let envelope = open(&octets).unwrap();
            assert!(network.verify(Direction::Up, &envelope), "message {n}");
            assert!(!network.verify(Direction::Up, &envelope), "message {n} again");
        }
        let octets = device.protect(Header::Ciphered, Direction::Up, &[0x07, 0x43]);
        for at in 1..octets.len() {
            let mut bent = octets.clone();
            bent[at] ^= 1;
            assert!(!network.clone().verify(Direction::Up, &open(&bent).unwrap()), "octet {at}");
        }
        assert!(!Context::new(&[8; 32]).verify(Direction::Up, &open(&octets).unwrap()));
    }
}
