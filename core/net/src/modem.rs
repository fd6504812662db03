//! The modem: reads the enabled USIM by APDUs as after power on, and answers
//! the network's challenge with the card's AUTHENTICATE (TS 31.102 5.1, 7.1).

use crate::network::{Challenge, Response};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// What the modem does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send this APDU; answer [`Event::Card`].
    Card(Vec<u8>),
    /// Send ATTACH REQUEST with this IMSI; answer [`Event::Challenged`] or [`Event::Accepted`].
    Attach {
        /// Digits.
        imsi: String,
    },
    /// Answer the challenge; the network's next word is [`Event::Challenged`] or [`Event::Accepted`].
    Answer(Response),
    /// In service.
    Done(Report),
    /// No service.
    Failed(ModemError),
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The card's response APDU.
    Card(Vec<u8>),
    /// The network challenges.
    Challenged(Challenge),
    /// The network accepts.
    Accepted,
}

/// What a modem knows when it is in service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Digits of EF.ICCID.
    pub iccid: String,
    /// Digits of EF.IMSI.
    pub imsi: String,
    /// EF.SPN, if it is readable text.
    pub spn: Option<String>,
    /// Digits of MCC and MNC.
    pub plmn: String,
    /// Telephone number in EF.MSISDN.
    pub msisdn: Option<String>,
}

/// Why there is no service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModemError {
    /// No profile is enabled.
    #[error("no USIM: no profile is enabled")]
    NoUsim,
    /// The card refused what every USIM allows.
    #[error("the card answered {sw:04X} to {what}")]
    Card {
        /// The command.
        what: &'static str,
        /// Status word.
        sw: u16,
    },
    /// A file holds nonsense.
    #[error("{0} cannot be read")]
    File(&'static str),
    /// The host gave an event that was not asked for.
    #[error("an event that was not asked for")]
    OutOfOrder,
}

/// Which answer is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaiting {
    Start,
    /// The answer to a step of [`SCRIPT`].
    File(usize),
    Attach,
    Authenticate,
    Network,
    Over,
}

/// Reading a USIM: name, APDU, what becomes of the answer.
struct Read {
    what: &'static str,
    apdu: &'static [u8],
    keep: Keep,
}

#[derive(Clone, Copy)]
enum Keep {
    Nothing,
    Iccid,
    Aid,
    Imsi,
    AdministrativeData,
    Spn,
    Msisdn,
}

const fn read(what: &'static str, apdu: &'static [u8], keep: Keep) -> Read {
    Read { what, apdu, keep }
}

/// Files in the order of TS 31.102 5.1.1. An empty APDU: SELECT by the AID found in EF.DIR.
const SCRIPT: &[Read] = &[
    read("SELECT MF", &[0x00, 0xA4, 0x00, 0x04, 0x02, 0x3F, 0x00, 0x00], Keep::Nothing),
    read("SELECT EF.ICCID", &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0xE2], Keep::Nothing),
    read("READ EF.ICCID", &[0x00, 0xB0, 0x00, 0x00, 0x0A], Keep::Iccid),
    read("SELECT EF.DIR", &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x2F, 0x00], Keep::Nothing),
    read("READ EF.DIR", &[0x00, 0xB2, 0x01, 0x04, 0x00], Keep::Aid),
    read("SELECT ADF.USIM", &[], Keep::Nothing),
    read("SELECT EF.IMSI", &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x07], Keep::Nothing),
    read("READ EF.IMSI", &[0x00, 0xB0, 0x00, 0x00, 0x09], Keep::Imsi),
    read("SELECT EF.AD", &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0xAD], Keep::Nothing),
    read("READ EF.AD", &[0x00, 0xB0, 0x00, 0x00, 0x04], Keep::AdministrativeData),
    read("SELECT EF.SPN", &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x46], Keep::Nothing),
    read("READ EF.SPN", &[0x00, 0xB0, 0x00, 0x00, 0x11], Keep::Spn),
    read("SELECT EF.MSISDN", &[0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x40], Keep::Nothing),
    read("READ EF.MSISDN", &[0x00, 0xB2, 0x01, 0x04, 0x00], Keep::Msisdn),
];

/// Steps from here on may fail: the files are optional.
const FIRST_OPTIONAL: usize = 10;

/// A modem that is switched on.
#[derive(Clone, Debug)]
pub struct Modem {
    awaiting: Awaiting,
    aid: Vec<u8>,
    mnc_length: usize,
    report: Report,
    /// What came so far of a response in several parts.
    collected: Vec<u8>,
    /// The APDU asked last, to be asked again with another Le.
    last: Vec<u8>,
}

impl Default for Modem {
    fn default() -> Self {
        Self::new()
    }
}

impl Modem {
    /// Before power on.
    pub fn new() -> Self {
        Self {
            awaiting: Awaiting::Start,
            aid: Vec::new(),
            mnc_length: 2,
            report: Report::default(),
            collected: Vec::new(),
            last: Vec::new(),
        }
    }

    /// Power on: the first thing to do.
    pub fn start(&mut self) -> Effect {
        *self = Self::new();
        self.step_script(0)
    }

    /// Takes what happened and says what to do next.
    pub fn step(&mut self, event: Event) -> Effect {
        match (self.awaiting, event) {
            (Awaiting::File(_) | Awaiting::Authenticate, Event::Card(response)) => self.card(response),
            (Awaiting::Attach | Awaiting::Network, Event::Challenged(challenge)) => {
                self.authenticate(&challenge)
            }
            (Awaiting::Network, Event::Accepted) => {
                self.awaiting = Awaiting::Over;
                Effect::Done(self.report.clone())
            }
            _ => self.fail(ModemError::OutOfOrder),
        }
    }

    fn fail(&mut self, error: ModemError) -> Effect {
        self.awaiting = Awaiting::Over;
        Effect::Failed(error)
    }

    fn send(&mut self, apdu: Vec<u8>) -> Effect {
        self.last.clone_from(&apdu);
        Effect::Card(apdu)
    }

    /// The one place for 61xx and 6Cxx.
    fn card(&mut self, response: Vec<u8>) -> Effect {
        let Some(at) = response.len().checked_sub(2) else {
            return self.fail(ModemError::Card { what: "a command", sw: 0 });
        };
        let (sw1, sw2) = (response[at], response[at + 1]);
        self.collected.extend_from_slice(&response[..at]);
        match sw1 {
            0x61 => Effect::Card(vec![0x00, 0xC0, 0x00, 0x00, sw2]),
            0x6C => {
                let mut again = self.last.clone();
                if let Some(le) = again.last_mut() {
                    *le = sw2;
                }
                Effect::Card(again)
            }
            _ => {
                let data = core::mem::take(&mut self.collected);
                self.answered(data, u16::from_be_bytes([sw1, sw2]))
            }
        }
    }

    fn answered(&mut self, data: Vec<u8>, sw: u16) -> Effect {
        let ok = matches!(sw, 0x9000 | 0x9100..=0x91FF | 0x6282);
        match self.awaiting {
            Awaiting::Authenticate => self.authenticated(&data, sw),
            Awaiting::File(step) => {
                let Some(row) = SCRIPT.get(step) else { return self.fail(ModemError::OutOfOrder) };
                if !ok && step >= FIRST_OPTIONAL {
                    // Its content cannot be read either.
                    return self.step_script(step + 2 - step % 2);
                }
                if !ok {
                    let no_usim = matches!(row.keep, Keep::Iccid) || step == 1 || step == 3;
                    let error =
                        if no_usim { ModemError::NoUsim } else { ModemError::Card { what: row.what, sw } };
                    return self.fail(error);
                }
                if self.keep(row.keep, &data).is_none() {
                    return self.fail(ModemError::File(row.what));
                }
                self.step_script(step + 1)
            }
            _ => self.fail(ModemError::OutOfOrder),
        }
    }

    fn step_script(&mut self, step: usize) -> Effect {
        let Some(row) = SCRIPT.get(step) else {
            self.awaiting = Awaiting::Attach;
            return Effect::Attach { imsi: self.report.imsi.clone() };
        };
        self.awaiting = Awaiting::File(step);
        let apdu = if row.apdu.is_empty() {
            let mut select = vec![0x00, 0xA4, 0x04, 0x04, self.aid.len() as u8];
            select.extend_from_slice(&self.aid);
            select.push(0x00);
            select
        } else {
            row.apdu.to_vec()
        };
        self.send(apdu)
    }

    /// None if the content makes no sense.
    fn keep(&mut self, what: Keep, data: &[u8]) -> Option<()> {
        match what {
            Keep::Nothing => {}
            Keep::Iccid => self.report.iccid = digits(data.iter().copied()),
            Keep::Aid => self.aid = usim_aid(data)?,
            Keep::Imsi => {
                let length = usize::from(*data.first()?);
                let body = data.get(1..=length)?;
                // The first nibble tells the parity, not a digit.
                let all = digits(body.iter().copied());
                self.report.imsi = all.get(1..)?.into();
            }
            Keep::AdministrativeData => {
                self.mnc_length = usize::from(data.get(3).copied().unwrap_or(2) & 0xF).clamp(2, 3);
                self.report.plmn = self.report.imsi.get(..3 + self.mnc_length)?.into();
            }
            Keep::Spn => {
                let name = data.get(1..).unwrap_or_default();
                let name: Vec<u8> = name.iter().copied().take_while(|octet| *octet != 0xFF).collect();
                self.report.spn = text(&name);
            }
            Keep::Msisdn => self.report.msisdn = number(data),
        }
        Some(())
    }

    /// AUTHENTICATE in the 3G context (TS 31.102 7.1.2.1).
    fn authenticate(&mut self, challenge: &Challenge) -> Effect {
        self.awaiting = Awaiting::Authenticate;
        let mut apdu = vec![0x00, 0x88, 0x00, 0x81, 0x22, 0x10];
        apdu.extend_from_slice(&challenge.rand);
        apdu.push(0x10);
        apdu.extend_from_slice(&challenge.autn);
        apdu.push(0x00);
        self.send(apdu)
    }

    fn authenticated(&mut self, data: &[u8], sw: u16) -> Effect {
        self.awaiting = Awaiting::Network;
        if sw == 0x9862 {
            return Effect::Answer(Response::MacFailure);
        }
        let length = data.get(1).copied().map_or(0, usize::from);
        let value = data.get(2..2 + length);
        match (data.first(), value) {
            (Some(0xDB), Some(res)) => Effect::Answer(Response::Res(res.to_vec())),
            (Some(0xDC), Some(auts)) => match auts.try_into() {
                Ok(auts) => Effect::Answer(Response::SynchFailure(auts)),
                Err(_) => self.fail(ModemError::Card { what: "AUTHENTICATE", sw }),
            },
            _ => self.fail(ModemError::Card { what: "AUTHENTICATE", sw }),
        }
    }
}

/// Nibbles, low first, up to the padding.
fn digits(octets: impl Iterator<Item = u8>) -> String {
    let nibbles = octets.flat_map(|octet| [octet & 0xF, octet >> 4]);
    nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 10)).collect()
}

/// The AID in an EF.DIR record, if it is a USIM's.
fn usim_aid(record: &[u8]) -> Option<Vec<u8>> {
    const USIM: [u8; 7] = [0xA0, 0, 0, 0, 0x87, 0x10, 0x02];
    let [0x61, _, 0x4F, length, rest @ ..] = record else { return None };
    let aid = rest.get(..usize::from(*length))?;
    aid.starts_with(&USIM).then(|| aid.to_vec())
}

/// A name in EF.SPN: `80` and UCS-2, or the GSM alphabet where it is ASCII's.
fn text(octets: &[u8]) -> Option<String> {
    if let [0x80, ucs2 @ ..] = octets {
        let units = ucs2.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        return char::decode_utf16(units).collect::<Result<String, _>>().ok();
    }
    let ascii = octets.iter().all(|octet| (0x20..0x7F).contains(octet));
    (ascii && !octets.is_empty()).then(|| octets.iter().map(|octet| char::from(*octet)).collect())
}

/// A number in EF.MSISDN: the last 14 octets are length, type, digits (TS 31.102 4.2.26).
fn number(record: &[u8]) -> Option<String> {
    let body = record.get(record.len().checked_sub(14)?..)?;
    let length = usize::from(body[0]);
    if !(2..=11).contains(&length) {
        return None;
    }
    let plus = if body[1] & 0x70 == 0x10 { "+" } else { "" };
    let mut number = String::from(plus);
    number.push_str(&digits(body[2..=length].iter().copied()));
    Some(number)
}
