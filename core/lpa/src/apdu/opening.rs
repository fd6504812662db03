//! Finding the ISD-R: a logical channel, SELECT, and TERMINAL CAPABILITY for
//! cards that want to know first whom they serve (SGP.22 5.7.1; TS 102 221
//! 11.1.17, 11.1.19).

use super::{ISD_R_CANDIDATES, apdu, class, split};
use crate::code::Code;
use crate::octets;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_rsp::tlv;
use serde::{Deserialize, Serialize};

/// How to speak to a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CardOptions {
    /// An ISD-R AID to use instead of [`ISD_R_CANDIDATES`], 5 to 16 octets.
    #[serde(with = "optional_octets", skip_serializing_if = "Option::is_none")]
    pub aid: Option<Vec<u8>>,
    /// Octets a STORE DATA block, 1 to 255; 120 suits all cards and modems, some
    /// want 63, readers take 255.
    pub block_size: u8,
    /// When to send TERMINAL CAPABILITY.
    pub terminal_capability: TerminalCapability,
}

/// When to tell the card that this terminal has an LPA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TerminalCapability {
    /// If no ISD-R is found without: a modem has told the card already.
    #[default]
    WhenNeeded,
    /// Before anything else, as a terminal does after reset.
    Always,
    /// Not at all.
    Never,
}

impl Default for CardOptions {
    fn default() -> Self {
        Self { aid: None, block_size: 120, terminal_capability: TerminalCapability::default() }
    }
}

/// A selected ISD-R.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// Logical channel, 1 to 19.
    pub number: u8,
    /// The AID that was selected.
    #[serde(with = "octets")]
    pub aid: Vec<u8>,
    /// Whose AID it is: `GSMA`, a brand, or `custom`.
    pub variant: String,
    /// SGP.22 level that SELECT named, if it did.
    pub svn: Option<String>,
}

impl Channel {
    /// MANAGE CHANNEL that closes it.
    pub fn close(&self) -> Vec<u8> {
        Vec::from([0x00, 0x70, 0x80, self.number, 0x00])
    }
}

/// Why there is no ISD-R to speak to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum OpenError {
    /// Nothing answers, or not with an APDU.
    #[error("no card answers: {detail}")]
    NoCard {
        /// What the reader said.
        detail: String,
    },
    /// The card gives no logical channel.
    #[error("the card opens no logical channel ({sw}); reset it, others may hold them all")]
    NoChannel {
        /// The card's answer.
        sw: Code,
    },
    /// The card answers, but knows none of these AIDs.
    #[error("the card is no eUICC: it knows none of the {} ISD-R AIDs tried", .tried.len())]
    NotEuicc {
        /// In hexadecimal.
        tried: Vec<String>,
    },
    /// The card has an ISD-R and does not let us use it.
    #[error("the card has an ISD-R but refuses to select it ({sw})")]
    Refused {
        /// Its AID in hexadecimal.
        aid: String,
        /// The card's answer.
        sw: Code,
    },
}

/// The search for the ISD-R.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    candidates: Vec<(String, Vec<u8>)>,
    capability: TerminalCapability,
    number: u8,
    state: State,
    answer: Vec<u8>,
    refused: Option<(String, u16)>,
    steps: u8,
}

/// APDUs after which a card that leads nowhere is given up.
const MAX_STEPS: u8 = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begin,
    ExpectCapability,
    ExpectChannel,
    ExpectSelect(usize),
    /// The channel is given back before the error is reported.
    ExpectClosed,
}

/// What an [`Opening`] wants next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenStep {
    /// Send this, and come back with the answer.
    Apdu(Vec<u8>),
    /// The ISD-R is selected.
    Open(Channel),
    /// It is not, and no channel is left open.
    Failed(OpenError),
}

/// LPA in the device: LUI, LPD and LDS; one supply class (TS 102 221 11.1.19.2).
const TERMINAL_CAPABILITY: [u8; 15] =
    [0x80, 0xAA, 0x00, 0x00, 0x0A, 0xA9, 0x08, 0x81, 0x00, 0x82, 0x01, 0x01, 0x83, 0x01, 0x07];
const OPEN_CHANNEL: [u8; 5] = [0x00, 0x70, 0x00, 0x00, 0x01];

impl Opening {
    /// A search with these options.
    pub fn new(options: &CardOptions) -> Self {
        let known = || ISD_R_CANDIDATES.iter().map(|(name, aid)| (name.to_string(), aid.to_vec())).collect();
        let custom = |aid: &Vec<u8>| Vec::from([("custom".to_string(), aid.clone())]);
        Self {
            candidates: options.aid.as_ref().map_or_else(known, custom),
            capability: options.terminal_capability,
            number: 0,
            state: State::Begin,
            answer: Vec::new(),
            refused: None,
            steps: 0,
        }
    }

    /// Takes the answer to the APDU before (none at first).
    pub fn next(&mut self, response: Option<&[u8]>) -> OpenStep {
        let (data, sw) = split(response.unwrap_or_default());
        if response.is_some_and(|response| response.len() < 2) {
            return OpenStep::Failed(OpenError::NoCard { detail: "an answer without a status word".into() });
        }
        self.steps = self.steps.saturating_add(1);
        if self.steps > MAX_STEPS {
            return OpenStep::Failed(OpenError::NoChannel { sw: Code::status_word(sw) });
        }
        match self.state {
            State::Begin if self.capability == TerminalCapability::Always => self.tell_capability(),
            // A card that does not know the command needs no telling.
            State::Begin | State::ExpectCapability => self.open_channel(),
            State::ExpectChannel => self.channel_given(data, sw),
            State::ExpectSelect(at) => self.selected(at, data, sw),
            State::ExpectClosed => self.closed(),
        }
    }

    fn tell_capability(&mut self) -> OpenStep {
        self.capability = TerminalCapability::Never;
        self.state = State::ExpectCapability;
        OpenStep::Apdu(TERMINAL_CAPABILITY.to_vec())
    }

    fn open_channel(&mut self) -> OpenStep {
        self.state = State::ExpectChannel;
        self.refused = None;
        OpenStep::Apdu(OPEN_CHANNEL.to_vec())
    }

    fn channel_given(&mut self, data: &[u8], sw: u16) -> OpenStep {
        match (data.first(), sw) {
            (Some(number @ 1..=19), 0x9000 | 0x9100..=0x91FF) => {
                self.number = *number;
                self.select(0)
            }
            (None, 0x6101) => OpenStep::Apdu(Vec::from([0x00, 0xC0, 0x00, 0x00, 0x01])),
            _ => OpenStep::Failed(OpenError::NoChannel { sw: Code::status_word(sw) }),
        }
    }

    fn select(&mut self, at: usize) -> OpenStep {
        self.answer.clear();
        let Some((_, aid)) = self.candidates.get(at) else {
            self.state = State::ExpectClosed;
            return OpenStep::Apdu(Vec::from([0x00, 0x70, 0x80, self.number, 0x00]));
        };
        self.state = State::ExpectSelect(at);
        OpenStep::Apdu(apdu([class(0, self.number), 0xA4, 0x04, 0x00], aid))
    }

    fn selected(&mut self, at: usize, data: &[u8], sw: u16) -> OpenStep {
        self.answer.extend_from_slice(data);
        match sw {
            0x6100..=0x61FF if self.answer.len() < 0x400 => {
                OpenStep::Apdu(Vec::from([class(0, self.number), 0xC0, 0x00, 0x00, sw as u8]))
            }
            0x6C00..=0x6CFF => {
                let Some((_, aid)) = self.candidates.get(at).filter(|_| data.is_empty()) else {
                    return self.select(at + 1);
                };
                let mut again = apdu([class(0, self.number), 0xA4, 0x04, 0x00], aid);
                again.push(sw as u8);
                OpenStep::Apdu(again)
            }
            0x9000 | 0x9100..=0x91FF | 0x6200..=0x63FF => self.open(at),
            // Not this one: not found, or no such file in this life cycle state.
            0x6A82 | 0x6A86 | 0x6A87 | 0x6999 => self.select(at + 1),
            sw => {
                let aid = self.candidates.get(at).map_or_else(String::new, |(_, aid)| hex::encode_upper(aid));
                self.refused.get_or_insert((aid, sw));
                self.select(at + 1)
            }
        }
    }

    fn open(&mut self, at: usize) -> OpenStep {
        let (variant, aid) = self.candidates.get(at).cloned().unwrap_or_default();
        let svn = svn(&self.answer);
        OpenStep::Open(Channel { number: self.number, aid, variant, svn })
    }

    fn closed(&mut self) -> OpenStep {
        if self.capability == TerminalCapability::WhenNeeded {
            return self.tell_capability();
        }
        OpenStep::Failed(match self.refused.take() {
            Some((aid, sw)) => OpenError::Refused { aid, sw: Code::status_word(sw) },
            None => OpenError::NotEuicc {
                tried: self.candidates.iter().map(|(_, aid)| hex::encode_upper(aid)).collect(),
            },
        })
    }
}

/// The level in the proprietary template of the SELECT answer (SGP.22 5.7.1).
fn svn(fci: &[u8]) -> Option<String> {
    let outer = tlv::read(fci, 0).ok()?;
    let template = tlv::find(fci, &outer, 0xE0).ok()??;
    let svn = tlv::find(fci, &template, 0x82).ok()??;
    match fci.get(svn.value)? {
        [major, minor, revision] => Some(alloc::format!("{major}.{minor}.{revision}")),
        _ => None,
    }
}

mod optional_octets {
    use alloc::string::String;
    use alloc::vec::Vec;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub fn serialize<S: Serializer>(octets: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        match octets {
            Some(octets) => serializer.serialize_some(&hex::encode(octets)),
            None => serializer.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| esim_rsp::common::from_hex(&text)).transpose().map_err(de::Error::custom)
    }
}
