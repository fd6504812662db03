//! Secured packets, "SCP80": ETSI TS 102 225, in the form that short messages carry (3GPP TS 31.115).
//!
//! ```text
//! command   CPL(2) CHL(1) SPI(2) KIc(1) KID(1) TAR(3) | CNTR(5) PCNTR(1) RC/CC data padding
//! response  RPL(2) RHL(1) TAR(3)                      | CNTR(5) PCNTR(1) STS(1) RC/CC data padding
//! ```
//!
//! What stands right of the bar is enciphered where the SPI asks for it. The checksum covers everything but itself.
//! Both ends are here: the operator's server seals [`Command`] and opens [`Response`], the card the other way round.

mod cipher;
mod packet;
#[cfg(test)]
mod tests;

pub use cipher::{Key, KeyError, KeyKind};
pub use packet::{Command, Header, Keys, Response};

use crate::scp80::cipher::Algorithm;

/// Toolkit application reference: whom a packet is for.
pub type Tar = [u8; 3];

/// Largest counter value. Who has reached it takes no more messages that count (TS 102 225 5.1.4).
pub const MAX_COUNTER: u64 = 0xFF_FFFF_FFFF;

/// Security parameter indicator (TS 102 225 5.1.1): the first octet is about the command, the second about the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spi(pub [u8; 2]);

/// How a packet shows that it is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Integrity {
    /// Not at all.
    None,
    /// Redundancy check: a CRC that anybody can compute.
    Redundancy,
    /// Cryptographic checksum.
    Checksum,
    /// Digital signature; nobody uses it, and this module does not know it.
    Signature,
}

/// What the counter of a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CounterMode {
    /// There is none.
    Absent,
    /// It is there and not checked.
    Unchecked,
    /// It must be higher than the last one.
    Higher,
    /// It must be the last one plus one.
    Next,
}

/// When the sender wants a response, the "proof of receipt".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenResponse {
    /// Never; also the value reserved for future use.
    Never,
    /// Always.
    Always,
    /// If the packet is not accepted.
    OnError,
}

impl Spi {
    /// How the command shows that it is whole.
    pub fn integrity(self) -> Integrity {
        integrity(self.0[0])
    }

    /// Whether the command is enciphered.
    pub fn is_ciphered(self) -> bool {
        self.0[0] & 0x04 != 0
    }

    /// What the command's counter is for.
    pub fn counter(self) -> CounterMode {
        match self.0[0] >> 3 & 0x03 {
            0 => CounterMode::Absent,
            1 => CounterMode::Unchecked,
            2 => CounterMode::Higher,
            _ => CounterMode::Next,
        }
    }

    /// When a response is wanted.
    pub fn response(self) -> WhenResponse {
        match self.0[1] & 0x03 {
            1 => WhenResponse::Always,
            2 => WhenResponse::OnError,
            _ => WhenResponse::Never,
        }
    }

    /// How the response shows that it is whole.
    pub fn response_integrity(self) -> Integrity {
        integrity(self.0[1] >> 2)
    }

    /// Whether the response is enciphered.
    pub fn is_response_ciphered(self) -> bool {
        self.0[1] & 0x10 != 0
    }

    /// Whether the response comes as a short message of its own, not as the delivery report.
    pub fn is_response_submitted(self) -> bool {
        self.0[1] & 0x20 != 0
    }

    /// Whether the command is at least as secure as `minimum`, an octet like the first one, demands.
    pub fn satisfies(self, minimum: u8) -> bool {
        let minimum = Self([minimum, 0]);
        self.integrity() >= minimum.integrity()
            && self.counter() >= minimum.counter()
            && (self.is_ciphered() || !minimum.is_ciphered())
    }
}

fn integrity(bits: u8) -> Integrity {
    match bits & 0x03 {
        0 => Integrity::None,
        1 => Integrity::Redundancy,
        2 => Integrity::Checksum,
        _ => Integrity::Signature,
    }
}

/// KIc or KID: a key set, and what to do with its key (TS 102 225 5.1.2, 5.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyIndication(pub u8);

impl KeyIndication {
    /// Triple DES with two keys, in outer CBC mode.
    pub const TRIPLE_DES_2: u8 = 0x05;
    /// Triple DES with three keys, in outer CBC mode.
    pub const TRIPLE_DES_3: u8 = 0x09;
    /// AES in CBC mode; for a checksum, CMAC.
    pub const AES: u8 = 0x02;
    /// As a redundancy check: CRC 16.
    pub const CRC_16: u8 = 0x01;
    /// As a redundancy check: CRC 32.
    pub const CRC_32: u8 = 0x05;

    /// A key set, 1 to 15, and an algorithm, one of the constants.
    pub fn new(version: u8, algorithm: u8) -> Self {
        Self(version << 4 | algorithm & 0x0F)
    }

    /// Key version number; 0 names none.
    pub fn version(self) -> u8 {
        self.0 >> 4
    }

    fn algorithm(self) -> u8 {
        self.0 & 0x0F
    }

    /// Whether this is the way to use the key: an algorithm known to both sides, 0, fits every key.
    fn fits(self, key: &Key) -> bool {
        match self.algorithm() {
            0 => true,
            Self::TRIPLE_DES_2 => key.algorithm() == Algorithm::TripleDes2,
            Self::TRIPLE_DES_3 => key.algorithm() == Algorithm::TripleDes3,
            Self::AES => key.algorithm().is_aes(),
            _ => false,
        }
    }
}

/// Response status code (TS 102 225 table 5, TS 31.115 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{:02X} ({})", self.0, self.text())]
pub struct ResponseStatus(pub u8);

impl ResponseStatus {
    /// The packet was accepted.
    pub const OK: Self = Self(0x00);
    /// The checksum is wrong.
    pub const CHECKSUM: Self = Self(0x01);
    /// The counter is too low: a message that came before.
    pub const COUNTER_LOW: Self = Self(0x02);
    /// The counter is too high: one before it is missing.
    pub const COUNTER_HIGH: Self = Self(0x03);
    /// The counter is at its end.
    pub const COUNTER_BLOCKED: Self = Self(0x04);
    /// What was enciphered makes no sense.
    pub const CIPHERING: Self = Self(0x05);
    /// Another failure of security, such as a key that is not there.
    pub const UNIDENTIFIED: Self = Self(0x06);
    /// Not enough memory to process the message.
    pub const MEMORY: Self = Self(0x07);
    /// The message needs more time.
    pub const MORE_TIME: Self = Self(0x08);
    /// Nobody is known by this TAR.
    pub const TAR_UNKNOWN: Self = Self(0x09);
    /// The message is less secure than whom it is for demands.
    pub const INSUFFICIENT_SECURITY: Self = Self(0x0A);
    /// The response proper follows in a short message.
    pub const RESPONSE_BY_SUBMIT: Self = Self(0x0B);
    /// The response proper follows by USSD.
    pub const RESPONSE_BY_USSD: Self = Self(0x0C);

    /// The words of the standard.
    pub fn text(self) -> &'static str {
        match self {
            Self::OK => "PoR OK",
            Self::CHECKSUM => "RC/CC/DS failed",
            Self::COUNTER_LOW => "CNTR low",
            Self::COUNTER_HIGH => "CNTR high",
            Self::COUNTER_BLOCKED => "CNTR blocked",
            Self::CIPHERING => "ciphering error",
            Self::UNIDENTIFIED => "unidentified security error",
            Self::MEMORY => "insufficient memory to process incoming message",
            Self::MORE_TIME => "more time needed",
            Self::TAR_UNKNOWN => "TAR unknown",
            Self::INSUFFICIENT_SECURITY => "insufficient security level",
            Self::RESPONSE_BY_SUBMIT => "actual response data to be sent using SMS-SUBMIT",
            Self::RESPONSE_BY_USSD => "actual response data to be sent using a USSD",
            _ => "reserved",
        }
    }
}
