//! The commands that a modem is given.

use super::class::with_channel;
use super::route::{Inside, Route};
use crate::at::exchange::Expect;
use crate::plug::Request;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// One command, and what is needed to go on after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// `AT` until its OK comes, so that whatever comes late has come.
    Resync(Request),
    Hello,
    EchoOff,
    Errors,
    Pin,
    ProbeChannels,
    ProbeCsim,
    ProbeCrsm,
    /// SELECT by name on a channel that the modem has not opened yet.
    OpenHandle {
        channel: u8,
        select: Vec<u8>,
    },
    /// Whether it opens another application, which nearly every card has, where ERROR may mean either.
    OpenUsim {
        ccho: Refusal,
    },
    /// MANAGE CHANNEL over `+CSIM`, for the same SELECT; `ccho` is what became of the other way.
    OpenManage {
        channel: u8,
        select: Vec<u8>,
        ccho: Refusal,
    },
    OpenSelect {
        channel: u8,
        select: Vec<u8>,
        ccho: Refusal,
        on_card: u8,
    },
    /// The card's channel is of no use; `answer` is what SELECT has come to.
    GiveBack {
        on_card: u8,
        answer: Result<Vec<u8>, (Refusal, String)>,
    },
    Apdu {
        channel: u8,
        apdu: Vec<u8>,
    },
    File {
        file: File,
        apdu: Vec<u8>,
    },
    CloseHandle {
        handle: String,
        inside: Inside,
        then: Then,
    },
    /// MANAGE CHANNEL within the channel itself, for a modem without `+CCHC`.
    CloseInside {
        handle: String,
        inside: Inside,
        then: Then,
    },
    CloseOnCard {
        on_card: u8,
        then: Then,
    },
}

/// What comes after a channel has been closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Its number is free.
    Closed,
    /// All others are closed, too.
    Others,
    /// Another application was there; the one that was wanted is not.
    NotFound,
}

/// The octets that every USIM's name begins with (TS 101 220).
const USIM: [u8; 7] = [0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02];

/// What became of `+CCHO`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) said: String,
    /// The card has been asked, and knows no such application.
    pub(super) is_of_the_card: bool,
}

/// A file that has been selected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct File {
    pub(super) id: u16,
    /// What leads to it from the MF, in hexadecimal.
    pub(super) path: String,
}

impl File {
    /// `AT+CRSM=<command>,<fileid>,<P1>,<P2>,<P3>[,<data>[,<pathid>]]`.
    fn command(&self, apdu: &[u8]) -> String {
        let at = |index: usize| apdu.get(index).copied().unwrap_or_default();
        let data = hex::encode_upper(apdu.get(5..).unwrap_or_default());
        let more = match (data.is_empty(), self.path.is_empty()) {
            (true, true) => String::new(),
            (_, true) => format!(",\"{data}\""),
            (_, false) => format!(",\"{data}\",\"{}\"", self.path),
        };
        format!("AT+CRSM={},{},{},{},{}{more}", at(1), self.id, at(2), at(3), at(4))
    }
}

impl Task {
    /// The command, without the CR at its end, and what it must be answered with.
    pub(super) fn command(&self, channels: &BTreeMap<u8, Route>) -> (String, Expect) {
        match self {
            Self::Resync(_) | Self::Hello => ("AT".into(), Expect::Nothing),
            Self::EchoOff => ("ATE0".into(), Expect::Nothing),
            // TS 27.007 9.1.
            Self::Errors => ("AT+CMEE=1".into(), Expect::Nothing),
            Self::Pin => ("AT+CPIN?".into(), Expect::Text("+CPIN")),
            Self::ProbeChannels => ("AT+CCHO=?".into(), Expect::Nothing),
            // STATUS changes nothing (TS 102 221 11.1.2).
            Self::ProbeCsim => csim(&[0x80, 0xF2, 0x00, 0x00, 0x00]),
            // READ BINARY of EF_ICCID, which every card has and lets be read (TS 102 221 13.2).
            Self::ProbeCrsm => ("AT+CRSM=176,12258,0,0,10".into(), Expect::Crsm),
            Self::OpenHandle { select, .. } => {
                let name = select.get(5..5 + usize::from(select.get(4).copied().unwrap_or_default()));
                ccho(name.unwrap_or_default())
            }
            Self::OpenUsim { .. } => ccho(&USIM),
            Self::OpenManage { .. } => csim(&[0x00, 0x70, 0x00, 0x00, 0x01]),
            Self::OpenSelect { select, on_card, .. } => csim(&on(*on_card, select)),
            Self::GiveBack { on_card, .. } | Self::CloseOnCard { on_card, .. } => {
                csim(&[0x00, 0x70, 0x80, *on_card, 0x00])
            }
            Self::Apdu { channel, apdu } => match channels.get(channel) {
                Some(Route::Handle { handle, inside }) => cgla(handle, &on(inside.number(), apdu)),
                Some(Route::OnCard(number)) => csim(&on(*number, apdu)),
                Some(Route::Reserved) | None => csim(apdu),
            },
            Self::File { file, apdu } => (file.command(apdu), Expect::Crsm),
            Self::CloseHandle { handle, .. } => (format!("AT+CCHC={handle}"), Expect::Nothing),
            Self::CloseInside { handle, inside, .. } => {
                cgla(handle, &on(inside.number(), &[0x00, 0x70, 0x80, 0x00, 0x00]))
            }
        }
    }

    /// Milliseconds that the answer may take. Installing a profile keeps a card busy for minutes, and modems wait for it.
    pub(super) fn patience(&self) -> u64 {
        match self {
            Self::Hello | Self::EchoOff => 1_000,
            Self::Errors | Self::ProbeChannels | Self::ProbeCsim | Self::ProbeCrsm => 3_000,
            Self::Resync(_) | Self::Pin => 5_000,
            Self::Apdu { .. } => 240_000,
            _ => 30_000,
        }
    }

    /// How often it may be sent where nothing is answered: what changes nothing, and a port that wakes up.
    pub(super) fn tries(&self) -> u8 {
        match self {
            Self::Resync(_) | Self::Hello => 4,
            Self::Pin => 2,
            _ => 1,
        }
    }
}

/// `+CCHO` (TS 27.007 8.45).
fn ccho(name: &[u8]) -> (String, Expect) {
    (format!("AT+CCHO=\"{}\"", hex::encode_upper(name)), Expect::Handle)
}

/// `+CSIM` (TS 27.007 8.17): the length counts digits. In upper case, for some modems know no other.
fn csim(apdu: &[u8]) -> (String, Expect) {
    (format!("AT+CSIM={},\"{}\"", 2 * apdu.len(), hex::encode_upper(apdu)), Expect::Apdu("+CSIM"))
}

/// `+CGLA` (TS 27.007 8.43).
fn cgla(handle: &str, apdu: &[u8]) -> (String, Expect) {
    let (length, digits) = (2 * apdu.len(), hex::encode_upper(apdu));
    (format!("AT+CGLA={handle},{length},\"{digits}\""), Expect::Apdu("+CGLA"))
}

/// A command APDU on another channel.
fn on(channel: u8, apdu: &[u8]) -> Vec<u8> {
    let mut apdu = apdu.to_vec();
    if let Some(class) = apdu.first_mut() {
        *class = with_channel(*class, channel);
    }
    apdu
}
