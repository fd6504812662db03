//! Command and response packets, sealed and opened.

use super::cipher::{CHECKSUM_LENGTH, crc16, crc32};
use super::{Integrity, Key, KeyIndication, ResponseStatus, Spi, Tar};
use alloc::vec::Vec;
use subtle::ConstantTimeEq;

/// Octets from SPI to PCNTR.
const COMMAND_HEADER: usize = 13;
/// Octets from TAR to STS.
const RESPONSE_HEADER: usize = 10;
/// User data header of a response: its checksum covers this too (TS 31.115 4.4).
const RESPONSE_PREFIX: [u8; 3] = [0x02, 0x71, 0x00];

/// The keys that a header names.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// For enciphering, by KIc.
    pub kic: Option<Key>,
    /// For checksums, by KID.
    pub kid: Option<Key>,
}

/// What a command packet shows in clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What is secured, and how.
    pub spi: Spi,
    /// Key and algorithm for enciphering.
    pub kic: KeyIndication,
    /// Key and algorithm for the checksum.
    pub kid: KeyIndication,
    /// Whom it is for.
    pub tar: Tar,
}

/// A command packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What stands in clear.
    pub header: Header,
    /// Five octets.
    pub counter: u64,
    /// For the application.
    pub data: Vec<u8>,
}

/// A response packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Who answers.
    pub tar: Tar,
    /// That of the command.
    pub counter: u64,
    /// What became of the command.
    pub status: ResponseStatus,
    /// From the application.
    pub data: Vec<u8>,
}

/// How the variable part of a packet is secured.
struct Protection<'a> {
    cipher: Option<&'a Key>,
    check: Check<'a>,
}

enum Check<'a> {
    None,
    Crc16,
    Crc32,
    Mac(&'a Key),
}

impl Header {
    /// Reads what stands before CNTR.
    ///
    /// # Errors
    /// [`ResponseStatus::UNIDENTIFIED`] if the lengths in front are not those of the packet.
    pub fn read(packet: &[u8]) -> Result<Self, ResponseStatus> {
        let Some(([high, low, chl, spi1, spi2, kic, kid, tar @ ..], _)) = packet.split_first_chunk::<10>()
        else {
            return Err(ResponseStatus::UNIDENTIFIED);
        };
        let cpl = usize::from(u16::from_be_bytes([*high, *low]));
        if cpl != packet.len() - 2 || usize::from(*chl) < COMMAND_HEADER || cpl <= usize::from(*chl) {
            return Err(ResponseStatus::UNIDENTIFIED);
        }
        let spi = Spi([*spi1, *spi2]);
        Ok(Self { spi, kic: KeyIndication(*kic), kid: KeyIndication(*kid), tar: *tar })
    }

    fn to_octets(self) -> [u8; 7] {
        let ([spi1, spi2], [a, b, c]) = (self.spi.0, self.tar);
        [spi1, spi2, self.kic.0, self.kid.0, a, b, c]
    }

    fn command_protection<'a>(&self, keys: &'a Keys) -> Result<Protection<'a>, ResponseStatus> {
        self.protection(self.spi.is_ciphered(), self.spi.integrity(), keys)
    }

    fn response_protection<'a>(&self, keys: &'a Keys) -> Result<Protection<'a>, ResponseStatus> {
        self.protection(self.spi.is_response_ciphered(), self.spi.response_integrity(), keys)
    }

    fn protection<'a>(
        &self,
        ciphered: bool,
        integrity: Integrity,
        keys: &'a Keys,
    ) -> Result<Protection<'a>, ResponseStatus> {
        let usable = |key: &'a Option<Key>, indication: KeyIndication| {
            key.as_ref().filter(|key| indication.fits(key)).ok_or(ResponseStatus::UNIDENTIFIED)
        };
        let cipher = if ciphered { Some(usable(&keys.kic, self.kic)?) } else { None };
        let check = match (integrity, self.kid.algorithm()) {
            (Integrity::None, _) => Check::None,
            (Integrity::Redundancy, KeyIndication::CRC_16) => Check::Crc16,
            (Integrity::Redundancy, KeyIndication::CRC_32) => Check::Crc32,
            (Integrity::Checksum, _) => Check::Mac(usable(&keys.kid, self.kid)?),
            _ => return Err(ResponseStatus::UNIDENTIFIED),
        };
        Ok(Protection { cipher, check })
    }
}

impl Command {
    /// The packet, CPL first.
    ///
    /// # Errors
    /// [`ResponseStatus::UNIDENTIFIED`] for keys that the header does not fit, or more data than CPL can count.
    pub fn seal(&self, keys: &Keys) -> Result<Vec<u8>, ResponseStatus> {
        let protection = self.header.command_protection(keys)?;
        let chl = COMMAND_HEADER + protection.check.length();
        protection.seal(&[], chl, &self.header.to_octets(), &[], self.counter, &self.data)
    }

    /// Checks and deciphers a packet. The counter is for the caller to judge.
    ///
    /// # Errors
    /// The status for the response: `01` for a wrong checksum, `05` for what does not decipher, `06` for anything else.
    pub fn open(packet: &[u8], keys: &Keys) -> Result<Self, ResponseStatus> {
        let header = Header::read(packet)?;
        let protection = header.command_protection(keys)?;
        if usize::from(packet[2]) != COMMAND_HEADER + protection.check.length() {
            return Err(ResponseStatus::UNIDENTIFIED);
        }
        let (head, body) = packet.split_at(10);
        let Opened { counter, data, .. } = protection.open(&[], head, body, 0)?;
        Ok(Self { header, counter, data })
    }
}

impl Response {
    /// The packet, RPL first; in clear, if `secured` names neither header nor keys.
    ///
    /// # Errors
    /// [`ResponseStatus::UNIDENTIFIED`] for keys that the command's header does not fit.
    pub fn seal(&self, secured: Option<(&Header, &Keys)>) -> Result<Vec<u8>, ResponseStatus> {
        let protection = Protection::of_response(secured)?;
        let rhl = RESPONSE_HEADER + protection.check.length();
        protection.seal(&RESPONSE_PREFIX, rhl, &self.tar, &[self.status.0], self.counter, &self.data)
    }

    /// Checks and deciphers a packet that answers the command with this header. Errors that come before the sender of
    /// a command is known to be who it is are answered in clear: who gets no sense out of an answer opens it again
    /// without keys, and believes it that far.
    ///
    /// # Errors
    /// As for [`Command::open`].
    pub fn open(packet: &[u8], secured: Option<(&Header, &Keys)>) -> Result<Self, ResponseStatus> {
        let protection = Protection::of_response(secured)?;
        let Some(([high, low, rhl, tar @ ..], body)) = packet.split_first_chunk::<6>() else {
            return Err(ResponseStatus::UNIDENTIFIED);
        };
        let expected = RESPONSE_HEADER + protection.check.length();
        let rpl = usize::from(u16::from_be_bytes([*high, *low]));
        if rpl != packet.len() - 2 || usize::from(*rhl) != expected {
            return Err(ResponseStatus::UNIDENTIFIED);
        }
        let opened = protection.open(&RESPONSE_PREFIX, &packet[..6], body, 1)?;
        let status = opened.fixed.first().copied().ok_or(ResponseStatus::UNIDENTIFIED)?;
        Ok(Self { tar: *tar, counter: opened.counter, status: ResponseStatus(status), data: opened.data })
    }
}

/// The variable part of a packet in clear.
struct Opened {
    counter: u64,
    /// What stands between PCNTR and the checksum.
    fixed: Vec<u8>,
    data: Vec<u8>,
}

impl<'a> Protection<'a> {
    fn of_response(secured: Option<(&Header, &'a Keys)>) -> Result<Self, ResponseStatus> {
        match secured {
            Some((header, keys)) => header.response_protection(keys),
            None => Ok(Self { cipher: None, check: Check::None }),
        }
    }

    /// Length, header length and `front`; then the variable part. `prefix` is only checked, not sent.
    fn seal(
        &self,
        prefix: &[u8],
        header_length: usize,
        front: &[u8],
        fixed: &[u8],
        counter: u64,
        data: &[u8],
    ) -> Result<Vec<u8>, ResponseStatus> {
        let unpadded = 6 + fixed.len() + self.check.length() + data.len();
        let padding = self.cipher.map_or(0, |key| unpadded.next_multiple_of(key.block()) - unpadded);
        let length = 1 + front.len() + unpadded + padding;
        let length = u16::try_from(length).map_err(|_| ResponseStatus::UNIDENTIFIED)?;
        let mut packet = length.to_be_bytes().to_vec();
        packet.push(header_length as u8);
        packet.extend(front);
        let mut body = counter.to_be_bytes()[3..].to_vec();
        body.push(padding as u8);
        body.extend(fixed);
        let mut tail = data.to_vec();
        tail.resize(data.len() + padding, 0);
        let check = self.check.compute(&[prefix, &packet, &body, &tail].concat());
        body.extend(check);
        body.extend(tail);
        if let Some(key) = self.cipher {
            key.encrypt(&mut body);
        }
        packet.extend(body);
        Ok(packet)
    }

    fn open(
        &self,
        prefix: &[u8],
        head: &[u8],
        body: &[u8],
        fixed_length: usize,
    ) -> Result<Opened, ResponseStatus> {
        let mut body = body.to_vec();
        if let Some(key) = self.cipher {
            if !body.len().is_multiple_of(key.block()) {
                return Err(ResponseStatus::CIPHERING);
            }
            key.decrypt(&mut body);
        }
        let (front, rest) = body.split_at_checked(6 + fixed_length).ok_or(ResponseStatus::UNIDENTIFIED)?;
        let (check, tail) = rest.split_at_checked(self.check.length()).ok_or(ResponseStatus::UNIDENTIFIED)?;
        let expected = self.check.compute(&[prefix, head, front, tail].concat());
        if !bool::from(expected[..].ct_eq(check)) {
            return Err(ResponseStatus::CHECKSUM);
        }
        let padding = usize::from(front[5]);
        let limit = self.cipher.map_or(1, Key::block);
        let end = tail.len().checked_sub(padding).filter(|_| padding < limit);
        let data = tail[..end.ok_or(ResponseStatus::CIPHERING)?].to_vec();
        let counter = front[..5].iter().fold(0, |counter, octet| counter << 8 | u64::from(*octet));
        Ok(Opened { counter, fixed: front[6..].to_vec(), data })
    }
}

impl Check<'_> {
    fn length(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Crc16 => 2,
            Self::Crc32 => 4,
            Self::Mac(_) => CHECKSUM_LENGTH,
        }
    }

    fn compute(&self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::None => Vec::new(),
            Self::Crc16 => crc16(octets),
            Self::Crc32 => crc32(octets),
            Self::Mac(key) => key.checksum(octets),
        }
    }
}
