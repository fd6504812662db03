//! The commands that a virtual modem knows (TS 27.007, V.250).

use super::dialect::{Channels, Csim, Echo, TestCommands};
use super::form::Answer;
use super::{Modem, Sim};
use crate::card::Card;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Answers `61xx` in a row after which the modem stops asking for more.
const MAX_MORE: usize = 260;
/// The first octets of every USIM's name (TS 101 220).
const USIM: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];
/// Card commands that a modem carries to the card and does not know in its own right.
const TESTED: [&str; 4] = ["+CCHO", "+CCHC", "+CGLA", "+CSIM"];
/// Instructions that [`Csim::Screened`] lets nobody send: the list of the document that its dialect names.
const SCREENED: [u8; 13] = [0xD6, 0xDC, 0x32, 0x44, 0x04, 0x88, 0x20, 0x24, 0x26, 0x28, 0x2C, 0xFA, 0xC0];

impl<C: Card> Modem<C> {
    /// What follows `AT`.
    pub(super) fn command(&mut self, text: &str) -> Answer {
        let upper = text.to_ascii_uppercase();
        let name_ends = upper.find(['=', '?']).unwrap_or(upper.len());
        let (name, rest) = upper.split_at_checked(name_ends).unwrap_or_default();
        // Parameters as they came: in which case they are is told apart.
        let parameters = text.get(name_ends + 1..).unwrap_or_default();
        match (name, rest) {
            ("" | "V1" | "&F" | "Q0", "") => Answer::Ok,
            ("E0" | "E1", "") => {
                let can = !matches!(self.dialect.echo, Echo::Stuck | Echo::Clipped);
                self.echoes = if can { name == "E1" } else { self.echoes };
                Answer::Ok
            }
            ("Z", "") => {
                self.cmee = 0;
                self.echoes = self.dialect.echo != Echo::Off;
                Answer::Ok
            }
            ("I" | "+CGMI" | "+GMI", "") => Answer::Line("esim-lab".into()),
            ("+CGMM" | "+GMM", "") => Answer::Line(self.dialect.name.into()),
            ("+CMEE", "?") => Answer::Line(format!("+CMEE: {}", self.cmee)),
            ("+CMEE", "=0" | "=1" | "=2") => {
                self.cmee = parameters.parse().unwrap_or_default();
                Answer::Ok
            }
            ("+CFUN", "?") => Answer::Line(format!("+CFUN: {}", self.function)),
            ("+CFUN", "=0" | "=1" | "=4") => {
                self.function = parameters.parse().unwrap_or_default();
                Answer::Ok
            }
            ("+CREG" | "+CEREG", "?") => {
                let is_registered = u8::from(self.sim == Sim::Ready && self.function == 1);
                Answer::Line(format!("{name}: 0,{is_registered}"))
            }
            (name, "=?") if TESTED.contains(&name) || name == "+CRSM" => self.test(name),
            ("+CPIN" | "+CIMI" | "+CCID" | "+ICCID" | "+CCHO" | "+CCHC" | "+CGLA" | "+CSIM" | "+CRSM", _) => {
                self.card_command(name, rest, parameters)
            }
            _ => Answer::Unknown,
        }
    }

    /// Whether it has a command at all.
    fn has(&self, name: &str) -> bool {
        let dialect = &self.dialect;
        match name {
            "+CCHC" => dialect.closes && dialect.channels != Channels::Missing,
            "+CCHO" | "+CGLA" => dialect.channels != Channels::Missing,
            "+CSIM" => dialect.csim != Csim::Missing,
            "+CRSM" => dialect.crsm,
            _ => true,
        }
    }

    fn test(&self, name: &str) -> Answer {
        match self.dialect.tests {
            _ if !self.has(name) => Answer::Unknown,
            TestCommands::Ok => Answer::Ok,
            TestCommands::Error => Answer::Error(4),
            TestCommands::Silent => Answer::Silence,
        }
    }

    fn card_command(&mut self, name: &str, rest: &str, parameters: &str) -> Answer {
        if !self.has(name) {
            return Answer::Unknown;
        }
        match self.sim {
            Sim::Ready => {}
            Sim::Absent => return Answer::Error(10),
            Sim::Pin if (name, rest) == ("+CPIN", "?") => return Answer::Line("+CPIN: SIM PIN".into()),
            Sim::Puk if (name, rest) == ("+CPIN", "?") => return Answer::Line("+CPIN: SIM PUK".into()),
            Sim::Pin => return Answer::Error(11),
            Sim::Puk => return Answer::Error(12),
            Sim::Busy(times) => {
                self.sim = times.checked_sub(1).map_or(Sim::Ready, Sim::Busy);
                return Answer::Error(14);
            }
        }
        let mut fields = parameters.split(',').map(|field| field.trim().trim_matches('"'));
        let mut field = || fields.next().unwrap_or_default();
        match (name, rest.starts_with('=')) {
            ("+CPIN", false) => Answer::Line("+CPIN: READY".into()),
            ("+CIMI", false) => self.imsi(),
            ("+CCID" | "+ICCID", false) => self.iccid(name),
            ("+CCHO", true) => self.open(field()),
            ("+CCHC", true) => self.close(field()),
            ("+CGLA", true) => {
                let (handle, length, digits) = (field(), field(), field());
                self.on_session(handle, length, digits)
            }
            ("+CSIM", true) => {
                let (length, digits) = (field(), field());
                self.direct(length, digits)
            }
            ("+CRSM", true) => self.restricted(&fields.collect::<Vec<_>>()),
            _ => Answer::Error(3),
        }
    }

    /// `+CCHO` (TS 27.007 8.45).
    fn open(&mut self, name: &str) -> Answer {
        let Some(name) = hex::decode(name).ok().filter(|name| (1..=16).contains(&name.len())) else {
            return Answer::Error(50);
        };
        if self.dialect.channels == Channels::Broken {
            return Answer::Error(0);
        }
        let opened = self.card.transmit(&[0x00, 0x70, 0x00, 0x00, 0x01]);
        let &[channel, 0x90, 0x00] = opened.as_slice() else { return Answer::Error(20) };
        let select =
            [&[with_channel(0x00, channel), 0xA4, 0x04, 0x00, name.len() as u8], name.as_slice()].concat();
        let selected = self.whole(&select);
        if !matches!(selected.as_slice(), [.., 0x90 | 0x91 | 0x62 | 0x63, _]) {
            self.card.transmit(&[0x00, 0x70, 0x80, channel, 0x00]);
            return Answer::Error(22);
        }
        let handle = match self.dialect.channels {
            Channels::Opaque => format!("{:016x}", 0x0385_a7ce_u64 + u64::from(channel)),
            _ => channel.to_string(),
        };
        self.sessions.insert(handle.clone(), channel);
        Answer::Handle(handle)
    }

    /// `+CCHC` (TS 27.007 8.46).
    fn close(&mut self, handle: &str) -> Answer {
        match self.sessions.remove(handle) {
            Some(channel) => {
                self.card.transmit(&[0x00, 0x70, 0x80, channel, 0x00]);
                Answer::Ok
            }
            None => Answer::Error(21),
        }
    }

    /// `+CGLA` (TS 27.007 8.43).
    fn on_session(&mut self, handle: &str, length: &str, digits: &str) -> Answer {
        let Some(channel) = self.sessions.get(handle).copied() else { return Answer::Error(21) };
        let Some(mut apdu) = self.apdu(length, digits) else { return Answer::Error(50) };
        if let Some(class) = apdu.first_mut().filter(|_| self.dialect.sets_class) {
            *class = with_channel(*class, channel);
        }
        // MANAGE CHANNEL within a channel closes that.
        if matches!(apdu.as_slice(), [_, 0x70, 0x80, 0x00, ..]) {
            self.sessions.remove(handle);
        }
        Answer::Apdu("+CGLA", self.card.transmit(&apdu))
    }

    /// `+CSIM` (TS 27.007 8.17).
    fn direct(&mut self, length: &str, digits: &str) -> Answer {
        let Some(apdu) = self.apdu(length, digits) else { return Answer::Error(50) };
        let &[class, instruction, ..] = apdu.as_slice() else { return Answer::Error(50) };
        let is_logical = class & 0x43 != 0;
        match self.dialect.csim {
            Csim::BasicChannel if is_logical && instruction != 0x70 => Answer::Error(0),
            Csim::Screened if SCREENED.contains(&instruction) => Answer::Error(3),
            Csim::NoChannels if is_logical || instruction == 0x70 => Answer::Error(3),
            _ => Answer::Apdu("+CSIM", self.card.transmit(&apdu)),
        }
    }

    /// The APDU of a command, if its length is right.
    fn apdu(&self, length: &str, digits: &str) -> Option<Vec<u8>> {
        let is_lower = digits.bytes().any(|digit| digit.is_ascii_lowercase());
        let is_sound = length.parse() == Ok(digits.len()) && !(is_lower && self.dialect.wants_upper_case);
        hex::decode(digits).ok().filter(|apdu| is_sound && apdu.len() >= 4)
    }

    /// `+CRSM` (TS 27.007 8.18): SELECT, and the command.
    fn restricted(&mut self, fields: &[&str]) -> Answer {
        let number =
            |at: usize| fields.get(at).and_then(|field| field.parse::<u16>().ok()).unwrap_or_default();
        let [command, p1, p2, p3] = [number(0), number(2), number(3), number(4)].map(|it| it as u8);
        let path = hex::decode(fields.get(6).copied().unwrap_or_default()).unwrap_or_default();
        let data = hex::decode(fields.get(5).copied().unwrap_or_default()).unwrap_or_default();
        let file = [&path[..], &number(1).to_be_bytes()].concat();
        let p1_of_select = if path.is_empty() { 0x00 } else { 0x08 };
        if command != 0xF2 || number(1) != 0 {
            let select = [&[0x00, 0xA4, p1_of_select, 0x04, file.len() as u8], file.as_slice()].concat();
            let selected = self.whole(&select);
            if let Some((_, sw)) = selected.split_last_chunk::<2>().filter(|(_, sw)| sw[0] != 0x90) {
                return Answer::Line(format!("+CRSM: {},{},\"\"", sw[0], sw[1]));
            }
        }
        let class = if command == 0xF2 { 0x80 } else { 0x00 };
        let header = [class, command, p1, p2, if data.is_empty() { p3 } else { data.len() as u8 }];
        let response = self.whole(&[&header[..], &data].concat());
        let Some((data, [sw1, sw2])) = response.split_last_chunk::<2>() else { return Answer::Error(13) };
        Answer::Line(format!("+CRSM: {sw1},{sw2},\"{}\"", hex::encode_upper(data)))
    }

    fn imsi(&mut self) -> Answer {
        let name = [&[0x00, 0xA4, 0x04, 0x04, USIM.len() as u8], &USIM[..]].concat();
        self.whole(&name);
        let selected = self.whole(&[0x00, 0xA4, 0x08, 0x04, 0x04, 0x7F, 0xFF, 0x6F, 0x07]);
        let response = self.whole(&[0x00, 0xB0, 0x00, 0x00, 0x09]);
        match (selected.as_slice(), response.as_slice()) {
            // TS 31.102 4.2.2: a length, then parity and digits.
            ([.., 0x90, _], [length, digits @ .., 0x90, 0x00]) => {
                let digits = digits_of(digits.get(..usize::from(*length)).unwrap_or(digits));
                Answer::Line(digits.get(1..).unwrap_or_default().into())
            }
            _ => Answer::Error(13),
        }
    }

    fn iccid(&mut self, name: &str) -> Answer {
        self.whole(&[0x00, 0xA4, 0x00, 0x04, 0x02, 0x2F, 0xE2]);
        match self.whole(&[0x00, 0xB0, 0x00, 0x00, 0x0A]).as_slice() {
            [iccid @ .., 0x90, 0x00] => Answer::Line(format!("{name}: {}", digits_of(iccid))),
            _ => Answer::Error(13),
        }
    }

    /// A command and all of its answer, as far as the card has it ready.
    fn whole(&mut self, apdu: &[u8]) -> Vec<u8> {
        let mut response = self.card.transmit(apdu);
        let class = apdu.first().copied().unwrap_or_default() & 0x4F;
        let mut data = Vec::new();
        for _ in 0..MAX_MORE {
            let Some((more, [0x61, length])) = response.split_last_chunk::<2>() else { break };
            data.extend_from_slice(more);
            response = self.card.transmit(&[class, 0xC0, 0x00, 0x00, *length]);
        }
        data.extend(response);
        data
    }
}

/// Digits with the lower nibble first, until the filler.
fn digits_of(octets: &[u8]) -> String {
    let nibbles = octets.iter().flat_map(|octet| [octet & 0x0F, octet >> 4]);
    nibbles.map_while(|nibble| char::from_digit(nibble.into(), 10)).collect()
}

/// The class octet for a logical channel of the card, 0 to 19 (ISO/IEC 7816-4 5.4.1).
fn with_channel(class: u8, channel: u8) -> u8 {
    match channel {
        0..=3 => (class & 0xBC) | channel,
        _ => (class & 0x80) | 0x40 | (channel - 4),
    }
}
