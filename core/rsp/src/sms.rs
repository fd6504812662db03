//! Short messages that carry secured packets to a card: SMS-DELIVER and SMS-SUBMIT (3GPP TS 23.040), the user data
//! header around a packet (TS 31.115), and ENVELOPE (SMS-PP download) around the message (TS 31.111 7.1.1).
//!
//! Whoever sends or receives such messages finds both directions here.

use crate::{Error, tlv};
use alloc::vec::Vec;

/// TP-PID of a message for the card: "(U)SIM data download".
pub const DATA_DOWNLOAD: u8 = 0x7F;
/// TP-DCS of a message for the card: 8 bit data, class 2.
pub const CLASS_2_DATA: u8 = 0xF6;
/// Most octets of TP-User-Data with its header.
pub const MAX_USER_DATA: usize = 140;

/// Information element identifiers of a user data header.
mod element {
    /// Concatenated short messages: reference of one octet.
    pub const CONCATENATED: u8 = 0x00;
    /// The same with a reference of two octets.
    pub const CONCATENATED_16: u8 = 0x08;
    /// Command packet.
    pub const COMMAND: u8 = 0x70;
    /// Response packet.
    pub const RESPONSE: u8 = 0x71;
}

/// Tag of ENVELOPE for SMS-PP download.
const SMS_PP_DOWNLOAD: u32 = 0xD1;
/// TP-UDHI in the first octet of a message.
const HAS_HEADER: u8 = 0x40;

/// A message to the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deliver {
    /// TP-OA: length in digits, type of number, digits.
    pub originator: Vec<u8>,
    /// TP-PID.
    pub protocol: u8,
    /// TP-DCS.
    pub coding: u8,
    /// TP-SCTS.
    pub timestamp: [u8; 7],
    /// TP-UD.
    pub user_data: UserData,
}

/// A message from the card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// TP-DA, as [`Deliver::originator`].
    pub destination: Vec<u8>,
    /// TP-PID.
    pub protocol: u8,
    /// TP-DCS.
    pub coding: u8,
    /// TP-UD.
    pub user_data: UserData,
}

/// User data with its header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserData {
    /// Information elements: identifier and data; empty without a header.
    pub header: Vec<(u8, Vec<u8>)>,
    /// What follows the header.
    pub data: Vec<u8>,
}

/// Which part of a longer message this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Same for all parts.
    pub reference: u16,
    /// How many there are.
    pub total: u8,
    /// From 1.
    pub number: u8,
}

impl UserData {
    /// A command packet in as many pieces as it takes; `reference` ties them together.
    ///
    /// # Errors
    /// [`Error`] for a packet that 255 messages do not hold.
    pub fn of_command(packet: &[u8], reference: u8) -> Result<Vec<Self>, Error> {
        pieces(element::COMMAND, packet, reference)
    }

    /// A response packet, likewise.
    ///
    /// # Errors
    /// As for [`UserData::of_command`].
    pub fn of_response(packet: &[u8], reference: u8) -> Result<Vec<Self>, Error> {
        pieces(element::RESPONSE, packet, reference)
    }

    /// A response packet for a delivery report, which holds more than a message.
    pub fn of_report(packet: &[u8]) -> Self {
        Self { header: Vec::from([(element::RESPONSE, Vec::new())]), data: packet.to_vec() }
    }

    /// Whether a command packet begins here.
    pub fn begins_command(&self) -> bool {
        self.element(element::COMMAND).is_some()
    }

    /// Whether a response packet begins here.
    pub fn begins_response(&self) -> bool {
        self.element(element::RESPONSE).is_some()
    }

    /// The part, if it is one of several.
    pub fn part(&self) -> Option<Part> {
        if let Some([high, low, total, number]) = self.element(element::CONCATENATED_16) {
            return Some(Part {
                reference: u16::from_be_bytes([*high, *low]),
                total: *total,
                number: *number,
            });
        }
        match self.element(element::CONCATENATED) {
            Some([reference, total, number]) => {
                Some(Part { reference: u16::from(*reference), total: *total, number: *number })
            }
            _ => None,
        }
    }

    fn element(&self, identifier: u8) -> Option<&[u8]> {
        self.header.iter().find(|(own, _)| *own == identifier).map(|(_, data)| &data[..])
    }

    /// Header and data as octets.
    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        if !self.header.is_empty() {
            let elements: Vec<u8> = self
                .header
                .iter()
                .flat_map(|(identifier, data)| [&[*identifier, data.len() as u8], &data[..]].concat())
                .collect();
            octets.push(elements.len() as u8);
            octets.extend(elements);
        }
        octets.extend(&self.data);
        octets
    }

    /// Reads octets that begin with a header if `has_header` says so.
    ///
    /// # Errors
    /// [`Error`] for a header that does not end inside the octets.
    pub fn read(octets: &[u8], has_header: bool) -> Result<Self, Error> {
        if !has_header {
            return Ok(Self { header: Vec::new(), data: octets.to_vec() });
        }
        let mut all = Reader(octets);
        let length = all.octet()?;
        let mut elements = Reader(all.take(usize::from(length))?);
        let mut header = Vec::new();
        while !elements.0.is_empty() {
            let (identifier, length) = (elements.octet()?, elements.octet()?);
            header.push((identifier, elements.take(usize::from(length))?.to_vec()));
        }
        Ok(Self { header, data: all.0.to_vec() })
    }
}

/// Only the first piece says what it is; the others carry the concatenation alone (TS 31.115 4.2).
fn pieces(identifier: u8, packet: &[u8], reference: u8) -> Result<Vec<UserData>, Error> {
    const WHOLE: usize = MAX_USER_DATA - 3;
    const FIRST: usize = MAX_USER_DATA - 8;
    const OTHER: usize = MAX_USER_DATA - 6;
    let mark = (identifier, Vec::new());
    if packet.len() <= WHOLE {
        return Ok(Vec::from([UserData { header: Vec::from([mark]), data: packet.to_vec() }]));
    }
    let (first, rest) = packet.split_at(FIRST);
    let total = u8::try_from(1 + rest.len().div_ceil(OTHER))
        .map_err(|_| Error::text("the packet needs more than 255 short messages"))?;
    let concatenation = |number: usize| (element::CONCATENATED, Vec::from([reference, total, number as u8]));
    let mut all = Vec::from([UserData { header: Vec::from([concatenation(1), mark]), data: first.to_vec() }]);
    for (i, piece) in rest.chunks(OTHER).enumerate() {
        all.push(UserData { header: Vec::from([concatenation(i + 2)]), data: piece.to_vec() });
    }
    Ok(all)
}

impl Deliver {
    /// A message for the card.
    pub fn for_card(originator: &[u8], user_data: UserData) -> Self {
        Self {
            originator: originator.to_vec(),
            protocol: DATA_DOWNLOAD,
            coding: CLASS_2_DATA,
            timestamp: [0; 7],
            user_data,
        }
    }

    /// The TPDU.
    pub fn to_octets(&self) -> Vec<u8> {
        let user_data = self.user_data.to_octets();
        let first = if self.user_data.header.is_empty() { 0x00 } else { HAS_HEADER };
        let mut tpdu = Vec::from([first]);
        tpdu.extend(&self.originator);
        tpdu.extend([self.protocol, self.coding]);
        tpdu.extend(self.timestamp);
        tpdu.push(user_data.len() as u8);
        tpdu.extend(user_data);
        tpdu
    }

    /// Reads a TPDU whose user data are octets.
    ///
    /// # Errors
    /// [`Error`] for another kind of message, and for lengths that do not fit.
    pub fn read(tpdu: &[u8]) -> Result<Self, Error> {
        let mut all = Reader(tpdu);
        let first = all.octet()?;
        if first & 0x03 != 0 {
            return Err(Error::text("not an SMS-DELIVER"));
        }
        let originator = all.address()?;
        let (protocol, coding) = (all.octet()?, all.octet()?);
        let timestamp = all.take(7)?.try_into().unwrap_or_default();
        let user_data = all.user_data(first & HAS_HEADER != 0)?;
        Ok(Self { originator, protocol, coding, timestamp, user_data })
    }
}

impl Submit {
    /// An answer of the card: 8 bit data, no validity period, the terminal fills in the reference.
    pub fn from_card(destination: &[u8], user_data: UserData) -> Self {
        Self { destination: destination.to_vec(), protocol: 0x00, coding: CLASS_2_DATA, user_data }
    }

    /// The TPDU.
    pub fn to_octets(&self) -> Vec<u8> {
        let user_data = self.user_data.to_octets();
        let first = if self.user_data.header.is_empty() { 0x01 } else { 0x01 | HAS_HEADER };
        let mut tpdu = Vec::from([first, 0x00]);
        tpdu.extend(&self.destination);
        tpdu.extend([self.protocol, self.coding, user_data.len() as u8]);
        tpdu.extend(user_data);
        tpdu
    }

    /// Reads a TPDU without a validity period.
    ///
    /// # Errors
    /// As for [`Deliver::read`].
    pub fn read(tpdu: &[u8]) -> Result<Self, Error> {
        let mut all = Reader(tpdu);
        let first = all.octet()?;
        if first & 0x1B != 0x01 {
            return Err(Error::text("not an SMS-SUBMIT without a validity period"));
        }
        all.octet()?;
        let destination = all.address()?;
        let (protocol, coding) = (all.octet()?, all.octet()?);
        let user_data = all.user_data(first & HAS_HEADER != 0)?;
        Ok(Self { destination, protocol, coding, user_data })
    }
}

/// Data of ENVELOPE (SMS-PP download): from the network, by a service centre, to the UICC.
pub fn envelope(service_centre: &[u8], tpdu: &[u8]) -> Vec<u8> {
    tlv::wrap(
        SMS_PP_DOWNLOAD,
        &[&[0x82, 0x02, 0x83, 0x81], &tlv::wrap(0x86, &[service_centre]), &tlv::wrap(0x8B, &[tpdu])],
    )
}

/// The TPDU inside the data of ENVELOPE; `None` if it is no SMS-PP download.
///
/// # Errors
/// [`Error`] for data that are no TLV, or bring no TPDU.
pub fn read_envelope(data: &[u8]) -> Result<Option<&[u8]>, Error> {
    let outer = tlv::read_only(data)?;
    if outer.tag != SMS_PP_DOWNLOAD {
        return Ok(None);
    }
    let objects = tlv::read_all(data, outer.value)?;
    let tpdu = objects.into_iter().find(|object| object.tag & 0x7F == 0x0B);
    tpdu.map(|object| Some(&data[object.value])).ok_or_else(|| Error::text("no SMS TPDU in the envelope"))
}

/// Octets not read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) =
            self.0.split_at_checked(length).ok_or_else(|| Error::text("the short message ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn octet(&mut self) -> Result<u8, Error> {
        self.take(1).map(|octets| octets[0])
    }

    /// Its length counts digits: two an octet.
    fn address(&mut self) -> Result<Vec<u8>, Error> {
        let digits = self.0.first().copied().unwrap_or_default();
        Ok(self.take(2 + usize::from(digits).div_ceil(2))?.to_vec())
    }

    fn user_data(&mut self, has_header: bool) -> Result<UserData, Error> {
        let length = usize::from(self.octet()?);
        if length != self.0.len() {
            return Err(Error::text("the user data have another length than the message says"));
        }
        UserData::read(self.0, has_header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENDER: [u8; 6] = [0x08, 0x81, 0x21, 0x43, 0x65, 0x87];

    #[test]
    fn a_command_in_one_message() {
        let packet =
            hex::decode("00201506193535b00011ae733256918d050b87c94fbfe12e4dc402f262c41cf67f2f").unwrap();
        let parts = UserData::of_command(&packet, 1).unwrap();
        assert_eq!(parts.len(), 1);
        let mut deliver = Deliver::for_card(&SENDER, parts[0].clone());
        deliver.timestamp = [0x22, 0x70, 0x52, 0, 0, 0, 0];
        let tpdu = deliver.to_octets();
        // As in pySim's test_ota, but for TP-UDL, which is left at 3 there.
        assert_eq!(
            hex::encode(&tpdu),
            "400881214365877ff622705200000000250270000020\
             1506193535b00011ae733256918d050b87c94fbfe12e4dc402f262c41cf67f2f"
        );
        assert_eq!(Deliver::read(&tpdu), Ok(deliver.clone()));
        assert!(deliver.user_data.begins_command() && deliver.user_data.part().is_none());
        let data = envelope(&SENDER, &tpdu);
        assert_eq!(read_envelope(&data), Ok(Some(&tpdu[..])));
        assert_eq!(read_envelope(&[0xD6, 0x03, 0x19, 0x01, 0x00]), Ok(None));
        assert!(read_envelope(&[0xD1, 0x00]).is_err());
        for end in 0..tpdu.len() {
            assert!(Deliver::read(&tpdu[..end]).is_err(), "{end}");
        }
    }

    #[test]
    fn a_long_packet_in_parts() {
        for length in [137, 138, 266, 267, 1000] {
            let packet: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let parts = UserData::of_response(&packet, 9).unwrap();
            assert_eq!(parts.len() > 1, length > 137);
            let mut joined: Vec<u8> = Vec::new();
            for (i, part) in parts.iter().enumerate() {
                let submit = Submit::from_card(&SENDER, part.clone());
                let octets = submit.to_octets();
                assert_eq!(Submit::read(&octets).as_ref(), Ok(&submit));
                assert!(part.to_octets().len() <= MAX_USER_DATA);
                assert_eq!(part.begins_response(), i == 0);
                let expected = Part { reference: 9, total: parts.len() as u8, number: i as u8 + 1 };
                assert!(parts.len() == 1 || part.part() == Some(expected));
                joined.extend(&part.data);
            }
            assert_eq!(joined, packet);
        }
        assert!(UserData::of_command(&[0; 40_000], 0).is_err());
    }

    #[test]
    fn a_header_that_lies_is_refused() {
        for octets in ["", "05", "0270", "027001", "0370000101"] {
            assert!(UserData::read(&hex::decode(octets).unwrap(), true).is_err(), "{octets}");
        }
        let wide = UserData::read(&hex::decode("060804012302017000").unwrap(), true).unwrap();
        assert_eq!(wide.part(), Some(Part { reference: 0x123, total: 2, number: 1 }));
    }
}
