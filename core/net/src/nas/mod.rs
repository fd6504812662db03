//! Messages of the non-access stratum as octets: one table of layouts (TS 24.301 clause 8,
//! TS 24.008 clause 9, TS 24.011 clause 7) by which messages are written, read and explained.

mod defs;
pub mod security;
pub mod sms;

pub use defs::*;

use alloc::vec::Vec;
use core::ops::Range;

/// Protocols by their discriminator (TS 24.007 11.2.3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// EPS mobility management, 7.
    Emm,
    /// EPS session management, 2.
    Esm,
    /// GPRS mobility management, 8.
    Gmm,
    /// GPRS session management, 10.
    Sm,
    /// Mobility management of the circuit-switched domain, 5.
    Mm,
    /// Short messages: the CP layer, 9.
    Cp,
}

/// Who may send a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The device.
    Up,
    /// The network.
    Down,
    /// Either.
    Both,
}

/// How an information element is coded (TS 24.007 11.2.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Value of so many octets.
    V(usize),
    /// Two values in one octet: this one in the high nibble, the named one in the low.
    Pair(Half),
    /// Length of one octet, value.
    Lv,
    /// Length of two octets, value.
    LvE,
    /// Optional: identifier, value of so many octets.
    Tv(u8, usize),
    /// Optional: identifier in the high nibble, value in the low.
    Tv1(u8),
    /// Optional: identifier, length of one octet, value.
    Tlv(u8),
    /// Optional: identifier, length of two octets, value.
    TlvE(u8),
}

/// The low nibble of a [`Format::Pair`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Half {
    /// Name; empty for spare bits.
    pub name: &'static str,
    /// Clause that codes it.
    pub clause: &'static str,
}

/// An information element in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ie {
    /// Name in the message's table; empty for spare bits.
    pub name: &'static str,
    /// Clause that codes it.
    pub clause: &'static str,
    /// How.
    pub format: Format,
}

/// A message.
#[derive(Debug, PartialEq, Eq)]
pub struct Def {
    /// Name: `ATTACH REQUEST`.
    pub name: &'static str,
    /// Clause with its table.
    pub clause: &'static str,
    /// Protocol.
    pub protocol: Protocol,
    /// Message type.
    pub kind: u8,
    /// Who sends it.
    pub direction: Direction,
    /// Its information elements after the message type.
    pub ies: &'static [Ie],
}

/// Octets that are no message, with the cause that answers them (TS 24.301 clause 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// #97.
    #[error("no message type of this network")]
    Unknown,
    /// #96: cut short, or a mandatory element missing.
    #[error("a mandatory information element is missing or cut short")]
    Cut,
}

/// A message with its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which.
    pub def: &'static Def,
    /// EPS bearer identity, or transaction identifier of SM and CP.
    pub bearer: u8,
    /// Procedure transaction identity of ESM.
    pub transaction: u8,
    fields: Vec<Field>,
}

/// A value in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Name of the information element.
    pub name: &'static str,
    /// Its clause.
    pub clause: &'static str,
    /// The value; of half an octet, one octet.
    pub value: Vec<u8>,
    /// Where the element lies, if the message was read.
    pub whole: Range<usize>,
    /// Where its value lies.
    pub at: Range<usize>,
}

/// The name of a message, protected or not.
pub fn name(octets: &[u8], direction: Direction) -> &'static str {
    let plain = security::open(octets).map_or(octets, |envelope| envelope.plain);
    Message::decode(plain, direction).map_or("unknown message", |message| message.def.name)
}

impl Message {
    /// An empty message.
    pub fn new(def: &'static Def) -> Self {
        Self { def, bearer: 0, transaction: 0, fields: Vec::new() }
    }

    /// With an EPS bearer identity (or transaction identifier) and a procedure transaction identity.
    pub fn of(def: &'static Def, bearer: u8, transaction: u8) -> Self {
        Self { def, bearer, transaction, fields: Vec::new() }
    }

    /// With a value.
    pub fn with(mut self, name: &'static str, value: &[u8]) -> Self {
        let ie = self.def.ies.iter().find(|ie| ie.name == name || low_name(ie) == name);
        debug_assert!(ie.is_some(), "{} has no {name}", self.def.name);
        let clause = ie.map_or("", |ie| if ie.name == name { ie.clause } else { low_clause(ie) });
        self.fields.push(Field { name, clause, value: value.to_vec(), whole: 0..0, at: 0..0 });
        self
    }

    /// A value by the name of its element.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|field| field.name == name).map(|field| &field.value[..])
    }

    /// The only octet, or the nibble, of an element.
    pub fn octet(&self, name: &str) -> Option<u8> {
        self.value(name)?.first().copied()
    }

    /// All values.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The octets. An element without a value is left away, or zero if it is mandatory.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = match self.def.protocol {
            Protocol::Emm => alloc::vec![0x07],
            Protocol::Esm => alloc::vec![self.bearer << 4 | 0x02, self.transaction],
            Protocol::Gmm => alloc::vec![0x08],
            Protocol::Sm => alloc::vec![self.bearer << 4 | 0x0A],
            Protocol::Mm => alloc::vec![0x05],
            Protocol::Cp => alloc::vec![self.bearer << 4 | 0x09],
        };
        out.push(self.def.kind);
        for ie in self.def.ies {
            self.write(ie, &mut out);
        }
        out
    }

    fn write(&self, ie: &Ie, out: &mut Vec<u8>) {
        let value = self.value(ie.name);
        match ie.format {
            Format::V(length) => {
                let value = value.unwrap_or_default();
                out.extend((0..length).map(|i| value.get(i).copied().unwrap_or(0)));
            }
            Format::Pair(low) => {
                let (high, low) = (self.octet(ie.name).unwrap_or(0), self.octet(low.name).unwrap_or(0));
                out.push(high << 4 | low & 0xF);
            }
            Format::Lv => {
                let value = value.unwrap_or_default();
                out.push(value.len() as u8);
                out.extend(value);
            }
            Format::LvE => {
                let value = value.unwrap_or_default();
                out.extend((value.len() as u16).to_be_bytes());
                out.extend(value);
            }
            Format::Tv(iei, length) => {
                if let Some(value) = value {
                    out.push(iei);
                    out.extend((0..length).map(|i| value.get(i).copied().unwrap_or(0)));
                }
            }
            Format::Tv1(iei) => out.extend(value.map(|value| iei << 4 | value[0] & 0xF)),
            Format::Tlv(iei) => {
                if let Some(value) = value {
                    out.extend([iei, value.len() as u8]);
                    out.extend(value);
                }
            }
            Format::TlvE(iei) => {
                if let Some(value) = value {
                    out.push(iei);
                    out.extend((value.len() as u16).to_be_bytes());
                    out.extend(value);
                }
            }
        }
    }

    /// Reads a plain message that was sent in a direction. Unknown optional elements are passed over
    /// (TS 24.301 7.6).
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn decode(octets: &[u8], direction: Direction) -> Result<Self, Malformed> {
        let first = *octets.first().ok_or(Malformed::Cut)?;
        let (protocol, start) = match first & 0xF {
            0x7 if first == 0x07 => (Protocol::Emm, 1),
            0x2 => (Protocol::Esm, 2),
            0x8 if first == 0x08 => (Protocol::Gmm, 1),
            0xA => (Protocol::Sm, 1),
            0x5 if first == 0x05 => (Protocol::Mm, 1),
            0x9 => (Protocol::Cp, 1),
            _ => return Err(Malformed::Unknown),
        };
        let kind = *octets.get(start).ok_or(Malformed::Cut)?;
        // The send sequence number of an uplink MM message shares the octet (TS 24.007 11.2.3.2.3).
        let kind = if protocol == Protocol::Mm { kind & 0x3F } else { kind };
        let def = ALL.iter().find(|def| {
            def.protocol == protocol
                && def.kind == kind
                && (def.direction == direction || def.direction == Direction::Both)
        });
        let def = def.ok_or(Malformed::Unknown)?;
        let mut message = Self::of(def, first >> 4, if start == 2 { octets[1] } else { 0 });
        let mut at = start + 1;
        let mandatory = def.ies.iter().filter(|ie| !is_optional(ie));
        for ie in mandatory {
            at = message.read(ie, octets, at).ok_or(Malformed::Cut)?;
        }
        message.read_optional(octets, at)?;
        Ok(message)
    }

    /// Reads a mandatory element; where the next one begins.
    fn read(&mut self, ie: &'static Ie, octets: &[u8], at: usize) -> Option<usize> {
        let (start, length) = match ie.format {
            Format::V(length) => (at, length),
            Format::Pair(low) => {
                let octet = *octets.get(at)?;
                self.push(ie.name, ie.clause, &[octet >> 4], at..at + 1, at..at + 1);
                self.push(low.name, low.clause, &[octet & 0xF], at..at + 1, at..at + 1);
                return Some(at + 1);
            }
            Format::Lv => (at + 1, usize::from(*octets.get(at)?)),
            _ => (at + 2, usize::from(u16::from_be_bytes([*octets.get(at)?, *octets.get(at + 1)?]))),
        };
        let value = octets.get(start..start + length)?;
        self.push(ie.name, ie.clause, value, at..start + length, start..start + length);
        Some(start + length)
    }

    fn read_optional(&mut self, octets: &[u8], mut at: usize) -> Result<(), Malformed> {
        while at < octets.len() {
            let iei = octets[at];
            let ie = self.def.ies.iter().find(|ie| match ie.format {
                Format::Tv(own, _) | Format::Tlv(own) | Format::TlvE(own) => own == iei,
                Format::Tv1(own) => own == iei >> 4,
                _ => false,
            });
            let (start, length) = match ie.map(|ie| ie.format) {
                Some(Format::Tv1(_)) => {
                    if let Some(ie) = ie {
                        self.push(ie.name, ie.clause, &[iei & 0xF], at..at + 1, at..at + 1);
                    }
                    at += 1;
                    continue;
                }
                Some(Format::Tv(_, length)) => (at + 1, length),
                Some(Format::TlvE(_)) => {
                    let length = octets.get(at + 1..at + 3).ok_or(Malformed::Cut)?;
                    (at + 3, usize::from(u16::from_be_bytes([length[0], length[1]])))
                }
                Some(_) => (at + 2, usize::from(*octets.get(at + 1).ok_or(Malformed::Cut)?)),
                // Comprehension is not required: TV of one octet, or TLV.
                None if iei & 0x80 != 0 => (at + 1, 0),
                None => (at + 2, usize::from(*octets.get(at + 1).ok_or(Malformed::Cut)?)),
            };
            let end = start + length;
            let value = octets.get(start..end).ok_or(Malformed::Cut)?;
            if let Some(ie) = ie {
                self.push(ie.name, ie.clause, value, at..end, start..end);
            }
            at = end;
        }
        Ok(())
    }

    fn push(
        &mut self,
        name: &'static str,
        clause: &'static str,
        value: &[u8],
        whole: Range<usize>,
        at: Range<usize>,
    ) {
        if !name.is_empty() {
            self.fields.push(Field { name, clause, value: value.to_vec(), whole, at });
        }
    }
}

fn low_name(ie: &Ie) -> &'static str {
    if let Format::Pair(low) = ie.format { low.name } else { "" }
}

fn low_clause(ie: &Ie) -> &'static str {
    if let Format::Pair(low) = ie.format { low.clause } else { "" }
}

fn is_optional(ie: &Ie) -> bool {
    matches!(ie.format, Format::Tv(..) | Format::Tv1(_) | Format::Tlv(_) | Format::TlvE(_))
}
