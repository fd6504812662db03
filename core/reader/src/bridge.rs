//! What a page and `esim-lab bridge` say to each other, so that the page reaches card readers and modems that its browser
//! does not (docs/BRIDGE.md).
//!
//! A WebSocket carries it, on the machine's own address: a text message is one JSON object, whose `type` says which. The page
//! asks, the bridge answers, one question at a time. Unknown types and members are refused on both sides.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Where the bridge listens if nothing else is said.
pub const ADDRESS: &str = "127.0.0.1:7817";
/// The WebSocket's subprotocol (RFC 6455 1.9), which both sides name.
pub const SUBPROTOCOL: &str = "esim-lab.bridge.1";
/// Of these messages.
pub const VERSION: u32 = 1;
/// Octets of the longest question: a command APDU of 32 KB and its frame.
pub const LONGEST_QUESTION: usize = 64 << 10;
/// Octets of the longest answer: the longest response APDU in hexadecimal digits, and its frame.
pub const LONGEST_ANSWER: usize = 192 << 10;

/// What the page says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Question {
    /// The first, and nothing else is: [`Answer::Paired`] or [`Answer::Refused`].
    Pair {
        /// What the bridge shows where it runs: `XXXX-XXXX`.
        code: String,
    },
    /// What there is: [`Answer::Places`].
    List {},
    /// Powers a card, and keeps it for this page; one that is open already is closed before. [`Answer::Opened`].
    Open {
        /// [`Place::card`] of one that the bridge has listed, or would list.
        card: String,
    },
    /// A command APDU to the card that is open: [`Answer::Response`].
    Apdu {
        /// 4 octets at least.
        #[serde(with = "hex::serde")]
        octets: Vec<u8>,
    },
    /// Resets the card that is open: [`Answer::Done`].
    Reset {},
    /// Gives it back: [`Answer::Done`], also where none is open.
    Close {},
}

/// What the bridge answers. [`Answer::Failed`] may come in the place of any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", deny_unknown_fields)]
pub enum Answer {
    /// To [`Question::Pair`].
    Paired {
        /// [`VERSION`].
        version: u32,
        /// As in [`Answer::Places`].
        places: Vec<Place>,
    },
    /// To [`Question::Pair`]; the connection ends with it.
    Refused {
        /// Which.
        reason: Refusal,
        /// Cause and remedy, in the bridge's language.
        text: String,
    },
    /// To [`Question::List`].
    Places {
        /// In no particular order.
        places: Vec<Place>,
    },
    /// To [`Question::Open`].
    Opened {
        /// The answer to reset, where the way to the card tells it: a modem does not.
        #[serde(with = "maybe_hex")]
        atr: Option<Vec<u8>>,
    },
    /// To [`Question::Apdu`].
    Response {
        /// The response APDU, which ends with a status word of two octets.
        #[serde(with = "hex::serde")]
        octets: Vec<u8>,
    },
    /// To [`Question::Reset`] and [`Question::Close`].
    Done {},
    /// It came to nothing.
    Failed {
        /// Which.
        reason: Failure,
        /// Cause and remedy, in the bridge's language.
        text: String,
    },
}

/// A place where a card may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// As `--card` of `esim-lab lpa` takes it: `reader:NAME`, `modem:PORT`, `file:PATH`.
    pub card: String,
    /// What is there, in words.
    pub state: String,
    /// Whether there is a card, as far as that is seen without asking.
    pub present: bool,
}

/// Why a page is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refusal {
    /// The code is another one.
    Code,
    /// It was the last try: the bridge shows a new code.
    Tries,
    /// No code has come in time.
    Late,
}

/// Why something came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Failure {
    /// The reader is empty, or no card is open.
    NoCard,
    /// Another program has the card.
    Busy,
    /// The card has no ISD-R.
    NoEuicc,
    /// The card, its reader or its modem is no longer there: the place is closed.
    Gone,
    /// Anything else about the card.
    Other,
    /// The message is none of these, comes at the wrong time, or is too long: the connection ends.
    Message,
}

/// Why a message is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// Longer than [`LONGEST_QUESTION`] or [`LONGEST_ANSWER`].
    #[error("the message has {0} octets, and {1} are the most")]
    TooLong(usize, usize),
    /// No JSON, an unknown type, a member too many or too few, digits that are none.
    #[error("the message is none of the bridge: {0}")]
    Unknown(String),
}

impl Question {
    /// Reads a message.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn read(text: &str) -> Result<Self, Unread> {
        read(text, LONGEST_QUESTION)
    }

    /// As a message.
    pub fn write(&self) -> String {
        write(self)
    }
}

impl Answer {
    /// Reads a message.
    ///
    /// # Errors
    /// [`Unread`].
    pub fn read(text: &str) -> Result<Self, Unread> {
        read(text, LONGEST_ANSWER)
    }

    /// As a message.
    pub fn write(&self) -> String {
        write(self)
    }
}

fn read<T: DeserializeOwned>(text: &str, longest: usize) -> Result<T, Unread> {
    if text.len() > longest {
        return Err(Unread::TooLong(text.len(), longest));
    }
    serde_json::from_str(text).map_err(|error| Unread::Unknown(error.to_string()))
}

fn write(message: &impl Serialize) -> String {
    // Maps whose keys are no strings are the one thing that JSON has not, and none is here.
    serde_json::to_string(message).expect("texts, numbers and lists")
}

/// Octets in hexadecimal digits, or null.
mod maybe_hex {
    use super::{String, Vec};
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<S: Serializer>(octets: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
        octets.as_ref().map(hex::encode).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
        let digits = Option::<String>::deserialize(deserializer)?;
        digits.map(|digits| hex::decode(digits).map_err(serde::de::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::vec;

    #[test]
    fn questions_are_this_json() {
        for (json, question) in [
            (r#"{"type":"pair","code":"7KQ2-M4XD"}"#, Question::Pair { code: "7KQ2-M4XD".into() }),
            (r#"{"type":"list"}"#, Question::List {}),
            (
                r#"{"type":"open","card":"reader:ACR39U 00"}"#,
                Question::Open { card: "reader:ACR39U 00".into() },
            ),
            (r#"{"type":"apdu","octets":"0070000001"}"#, Question::Apdu { octets: vec![0, 0x70, 0, 0, 1] }),
            (r#"{"type":"reset"}"#, Question::Reset {}),
            (r#"{"type":"close"}"#, Question::Close {}),
        ] {
            assert_eq!(Question::read(json).as_ref(), Ok(&question));
            assert_eq!(question.write(), json);
        }
    }

    #[test]
    fn answers_are_this_json() {
        let place =
            Place { card: "modem:/dev/ttyUSB2".into(), state: "a serial port".into(), present: false };
        let shown = r#"{"card":"modem:/dev/ttyUSB2","state":"a serial port","present":false}"#;
        let (text, places) = (|| "why".into(), vec![place]);
        for (json, answer) in [
            (
                &*format!(r#"{{"type":"paired","version":1,"places":[{shown}]}}"#),
                Answer::Paired { version: 1, places: places.clone() },
            ),
            (&*format!(r#"{{"type":"places","places":[{shown}]}}"#), Answer::Places { places }),
            (
                r#"{"type":"refused","reason":"code","text":"why"}"#,
                Answer::Refused { reason: Refusal::Code, text: text() },
            ),
            (
                r#"{"type":"refused","reason":"tries","text":"why"}"#,
                Answer::Refused { reason: Refusal::Tries, text: text() },
            ),
            (
                r#"{"type":"refused","reason":"late","text":"why"}"#,
                Answer::Refused { reason: Refusal::Late, text: text() },
            ),
            (r#"{"type":"opened","atr":"3b00"}"#, Answer::Opened { atr: Some(vec![0x3B, 0]) }),
            (r#"{"type":"opened","atr":null}"#, Answer::Opened { atr: None }),
            (r#"{"type":"response","octets":"9000"}"#, Answer::Response { octets: vec![0x90, 0] }),
            (r#"{"type":"done"}"#, Answer::Done {}),
        ] {
            assert_eq!(Answer::read(json).as_ref(), Ok(&answer));
            assert_eq!(answer.write(), json);
        }
        for (name, reason) in [
            ("noCard", Failure::NoCard),
            ("busy", Failure::Busy),
            ("noEuicc", Failure::NoEuicc),
            ("gone", Failure::Gone),
            ("other", Failure::Other),
            ("message", Failure::Message),
        ] {
            let json = format!(r#"{{"type":"failed","reason":"{name}","text":"why"}}"#);
            let answer = Answer::Failed { reason, text: text() };
            assert_eq!(Answer::read(&json).as_ref(), Ok(&answer));
            assert_eq!(answer.write(), json);
        }
    }

    #[test]
    fn what_is_not_written_here_is_refused() {
        for json in [
            "",
            "null",
            r#""list""#,
            r#"{}"#,
            r#"{"type":"eject"}"#,
            r#"{"type":"list","all":true}"#,
            r#"{"type":"list","type":"list"}"#,
            r#"{"type":"list"}{"type":"list"}"#,
            r#"{"type":"pair"}"#,
            r#"{"type":"pair","code":"A","code":"B"}"#,
            r#"{"type":"pair","code":1}"#,
            r#"{"type":"open","card":"reader:A","aid":""}"#,
            r#"{"type":"apdu","octets":"007"}"#,
            r#"{"type":"apdu","octets":"0x00"}"#,
            r#"{"type":"apdu","octets":[0,112,0,0,1]}"#,
        ] {
            assert!(matches!(Question::read(json), Err(Unread::Unknown(_))), "{json}");
        }
        for json in [
            r#"{"type":"opened"}"#,
            r#"{"type":"opened","atr":"3"}"#,
            r#"{"type":"failed","reason":"no","text":""}"#,
            r#"{"type":"places","places":[{"card":"reader:A","state":"","present":true,"more":1}]}"#,
            r#"{"type":"paired","version":-1,"places":[]}"#,
        ] {
            assert!(matches!(Answer::read(json), Err(Unread::Unknown(_))), "{json}");
        }
        let long = format!(r#"{{"type":"apdu","octets":"{}"}}"#, "00".repeat(LONGEST_QUESTION / 2));
        assert_eq!(Question::read(&long), Err(Unread::TooLong(long.len(), LONGEST_QUESTION)));
    }

    #[test]
    fn the_longest_response_is_an_answer() {
        let answer = Answer::Response { octets: vec![0; 0x1_0002] };
        assert_eq!(Answer::read(&answer.write()), Ok(answer));
    }
}
