//! Reading the enabled USIM by APDUs, as after power on (TS 31.102 5.1.1).

use crate::id::from_tbcd;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use serde::Serialize;

/// What a modem knows of its USIM.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Digits of EF.ICCID.
    pub iccid: String,
    /// Digits of EF.IMSI.
    pub imsi: String,
    /// EF.SPN, if it is readable text.
    pub spn: Option<String>,
    /// Digits of MCC and MNC of the home network.
    pub plmn: String,
    /// Telephone number in EF.MSISDN.
    pub msisdn: Option<String>,
}

/// Why a USIM cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsimError {
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

/// What comes after an answer.
pub(super) enum Next {
    /// An APDU.
    Send(Vec<u8>),
    /// The USIM is read.
    Read,
}

/// A USIM being read.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    step: usize,
    aid: Vec<u8>,
    mnc_length: usize,
    report: Report,
}

impl Reader {
    /// Before the first command.
    pub fn new() -> Self {
        Self { step: 0, aid: Vec::new(), mnc_length: 2, report: Report::default() }
    }

    /// What was read.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The first command.
    pub fn start(&mut self) -> Vec<u8> {
        self.step = 0;
        self.command().unwrap_or_default()
    }

    /// Takes the whole answer to the last command.
    pub fn answered(&mut self, data: &[u8], sw: u16) -> Result<Next, UsimError> {
        let Some(row) = SCRIPT.get(self.step) else { return Ok(Next::Read) };
        if !matches!(sw, 0x9000 | 0x9100..=0x91FF | 0x6282) {
            if self.step >= FIRST_OPTIONAL {
                // Its content cannot be read either.
                self.step += 2 - self.step % 2;
                return Ok(self.command().map_or(Next::Read, Next::Send));
            }
            let no_usim = matches!(row.keep, Keep::Iccid) || self.step == 1 || self.step == 3;
            return Err(if no_usim { UsimError::NoUsim } else { UsimError::Card { what: row.what, sw } });
        }
        self.keep(row.keep, data).ok_or(UsimError::File(row.what))?;
        self.step += 1;
        Ok(self.command().map_or(Next::Read, Next::Send))
    }

    fn command(&self) -> Option<Vec<u8>> {
        let row = SCRIPT.get(self.step)?;
        if !row.apdu.is_empty() {
            return Some(row.apdu.to_vec());
        }
        let mut select = vec![0x00, 0xA4, 0x04, 0x04, self.aid.len() as u8];
        select.extend_from_slice(&self.aid);
        select.push(0x00);
        Some(select)
    }

    /// None if the content makes no sense.
    fn keep(&mut self, what: Keep, data: &[u8]) -> Option<()> {
        match what {
            Keep::Nothing => {}
            Keep::Iccid => self.report.iccid = from_tbcd(data),
            Keep::Aid => self.aid = usim_aid(data)?,
            Keep::Imsi => {
                let length = usize::from(*data.first()?);
                let body = data.get(1..=length)?;
                // The first nibble tells the parity, not a digit.
                let all = from_tbcd(body);
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
    number.push_str(&from_tbcd(&body[2..=length]));
    Some(number)
}
