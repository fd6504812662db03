use crate::at::outcome::Outcome;
use crate::at::values::ValueError;
use alloc::string::String;

/// Why a modem did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing was asked, so nothing can come of it.
    #[error("nothing is under way at this modem")]
    NotAsked,
    /// Nobody has looked yet what the modem can do.
    #[error("the modem has not been opened")]
    NotOpen,
    /// Not even `AT` is answered.
    #[error("the modem does not answer AT: is it the right port, and does nobody else use it?")]
    Silent,
    /// A command was not answered. The card may have executed it.
    #[error("no answer to {command} within {seconds} s")]
    Timeout {
        /// Without its parameters.
        command: String,
        /// How long was waited.
        seconds: u64,
    },
    /// `+CME ERROR: 10`.
    #[error("there is no SIM in the modem")]
    NoCard,
    /// `+CME ERROR: 11`.
    #[error("the SIM wants its PIN first")]
    PinRequired,
    /// `+CME ERROR: 12`.
    #[error("the SIM is blocked and wants its PUK")]
    PukRequired,
    /// `+CME ERROR: 14`, again and again, or once for a command that may not be repeated.
    #[error("the SIM is busy")]
    Busy,
    /// A command was refused for another reason.
    #[error("the modem refuses {command}: {said}")]
    Refused {
        /// Without its parameters.
        command: String,
        /// The final result.
        said: String,
    },
    /// `OK`, and nothing else.
    #[error("the modem says OK to {command}, but not what the card has answered")]
    NoAnswer {
        /// Without its parameters.
        command: String,
    },
    /// The answer is no answer.
    #[error("the modem's answer to {command} cannot be read: {error}")]
    Value {
        /// Without its parameters.
        command: String,
        /// What is wrong with it.
        error: ValueError,
    },
    /// A line or an answer has more octets than any sound one.
    #[error("the modem's answer is too long to be one")]
    TooLong,
    /// No way to a logical channel of this card.
    #[error("the modem opens no logical channel. +CCHO: {ccho}; MANAGE CHANNEL over +CSIM: {csim}")]
    NoChannel {
        /// What became of `+CCHO`.
        ccho: String,
        /// What became of `+CSIM`.
        csim: String,
    },
    /// The modem reads and writes files (`+CRSM`, TS 27.007 8.18) and carries no other command.
    #[error(
        "the modem lets nobody send instruction {instruction:02X} to the card, it gives access to files alone"
    )]
    FilesOnly {
        /// INS of the command APDU.
        instruction: u8,
    },
    /// The modem has logical channels (`+CCHO`) and no way to the basic one.
    #[error("the modem lets nobody send instruction {instruction:02X} on the basic channel")]
    NoBasicChannel {
        /// INS of the command APDU.
        instruction: u8,
    },
    /// Less than the four octets of a header.
    #[error("a command APDU has at least four octets")]
    ShortApdu,
}

impl Error {
    /// What a final result says of the card, whatever was asked.
    pub(super) fn of_the_card(outcome: &Outcome) -> Option<Self> {
        match outcome.cme()? {
            10 => Some(Self::NoCard),
            11 => Some(Self::PinRequired),
            12 => Some(Self::PukRequired),
            14 => Some(Self::Busy),
            _ => None,
        }
    }
}
