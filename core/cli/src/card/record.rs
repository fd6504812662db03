//! Recordings of what a card has been told and has answered: `--record FILE`, and a card that answers from one.
//!
//! A line each, JSON: first `{"recording":1,"masked":true}`, then `{"command":"…","response":"…"}` in hexadecimal digits, and
//! `{"reset":true}` where the card was reset.

use super::exchange::Exchange;
use super::masked;
use crate::device::Served;
use anyhow::{Context, Result, bail, ensure};
use esim_lpa::Lost;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Of the form of the lines.
const VERSION: u32 = 1;
/// Longest file that is read: some hundred downloads.
const LONGEST: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    recording: u32,
    masked: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Line {
    Exchange {
        #[serde(with = "hex::serde")]
        command: Vec<u8>,
        #[serde(with = "hex::serde")]
        response: Vec<u8>,
    },
    Reset {
        reset: bool,
    },
}

/// Keeps what is said to a card.
pub struct Recorder {
    file: PathBuf,
    clear: bool,
    exchanges: Vec<Exchange>,
    was_reset: bool,
}

impl Recorder {
    /// For this file; `clear` leaves EID, ICCIDs, IMSIs and codes as they are.
    pub fn new(file: &Path, clear: bool) -> Self {
        Self { file: file.into(), clear, exchanges: Vec::new(), was_reset: false }
    }

    pub fn exchange(&mut self, command: &[u8], response: &[u8]) {
        let is_after_reset = std::mem::take(&mut self.was_reset);
        self.exchanges.push(Exchange { command: command.into(), response: response.into(), is_after_reset });
    }

    pub fn reset(&mut self) {
        self.was_reset = true;
    }

    /// Writes it down. A recording in which something cannot be masked is not written.
    pub fn keep(mut self) -> Result<()> {
        if !self.clear {
            masked::mask(&mut self.exchanges).with_context(|| self.file.display().to_string())?;
        }
        let mut text = serde_json::to_string(&Head { recording: VERSION, masked: !self.clear })? + "\n";
        for Exchange { command, response, is_after_reset } in self.exchanges {
            if is_after_reset {
                text += &(serde_json::to_string(&Line::Reset { reset: true })? + "\n");
            }
            text += &(serde_json::to_string(&Line::Exchange { command, response })? + "\n");
        }
        std::fs::write(&self.file, text).with_context(|| self.file.display().to_string())
    }
}

/// A card that answers as another has.
pub struct Replay {
    exchanges: Vec<Exchange>,
    /// Those that have been used.
    used: Vec<bool>,
    at: usize,
    tolerant: bool,
}

impl Replay {
    /// Of a recording: in its order alone, or, `tolerant`, the next answer that it has to a command, and the last where there is
    /// none left.
    pub fn open(file: &Path, tolerant: bool) -> Result<Self> {
        let name = || file.display().to_string();
        let size = std::fs::metadata(file).with_context(name)?.len();
        ensure!(
            size <= LONGEST,
            "{} has more than {} MB: it is no recording of a card",
            name(),
            LONGEST >> 20
        );
        let text = std::fs::read_to_string(file).with_context(name)?;
        let exchanges = read(&text).with_context(name)?;
        let used = vec![false; exchanges.len()];
        Ok(Self { exchanges, used, at: 0, tolerant })
    }

    /// Its answer to a command.
    pub fn answer(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        let answers = |at: &usize| self.exchanges.get(*at).is_some_and(|it| it.command == apdu);
        let found = match self.tolerant {
            false => Some(self.at).filter(answers),
            true => {
                let unused = (0..self.exchanges.len()).filter(|at| !self.used[*at]).find(answers);
                unused.or_else(|| (0..self.exchanges.len()).rev().find(answers))
            }
        };
        let Some(at) = found else { return Err(Lost(self.refusal(apdu))) };
        self.used[at] = true;
        self.at = at + 1;
        Ok(self.exchanges[at].response.clone())
    }

    fn refusal(&self, apdu: &[u8]) -> String {
        let said = hex::encode_upper(apdu);
        match self.exchanges.get(self.at) {
            _ if self.tolerant => format!("the recording has no answer to {said}"),
            Some(next) => format!(
                "the recording goes on otherwise: its exchange {} is {}, and not {said}",
                self.at + 1,
                hex::encode_upper(&next.command)
            ),
            None => format!("the recording has come to its end after {} exchanges: {said}", self.at),
        }
    }
}

impl Served for Replay {
    /// Where it has no answer, an error without a precise diagnosis (ISO/IEC 7816-4 5.6), and its words on standard error.
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        self.answer(apdu).unwrap_or_else(|Lost(why)| {
            tell!("{why}");
            vec![0x6F, 0x00]
        })
    }

    /// In its order, it was reset where it is reset: at its beginning and end whoever plugs it in may do so.
    fn reset(&mut self) -> Result<()> {
        let is_next = self.exchanges.get(self.at).is_none_or(|it| it.is_after_reset);
        if !self.tolerant && self.at > 0 && !is_next {
            tell!("the card was not reset before exchange {} of the recording", self.at + 1);
        }
        Ok(())
    }

    /// No more than has to be said: T=0, no historical octets (ISO/IEC 7816-3 8.2).
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x00]
    }

    fn post(&mut self, url: &str, _: &[(&str, &str)], _: Vec<u8>) -> Result<(u16, Vec<u8>)> {
        bail!("a recording has no network for {url}")
    }
}

fn read(text: &str) -> Result<Vec<Exchange>> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, head) = lines.next().context("it is empty")?;
    let head: Head = serde_json::from_str(head).context("its first line is not that of a recording")?;
    ensure!(
        head.recording == VERSION,
        "it is of version {}, and this esim-lab reads {VERSION}",
        head.recording
    );
    let (mut exchanges, mut is_after_reset) = (Vec::new(), false);
    for (at, line) in lines {
        match serde_json::from_str(line).with_context(|| format!("line {} is none of a recording", at + 1))? {
            Line::Reset { reset } => is_after_reset |= reset,
            Line::Exchange { command, response } => {
                ensure!(command.len() >= 4, "line {}: a command has 4 octets at least", at + 1);
                ensure!(response.len() >= 2, "line {}: a response has 2 octets at least", at + 1);
                exchanges.push(Exchange { command, response, is_after_reset });
                is_after_reset = false;
            }
        }
    }
    Ok(exchanges)
}
