use super::message::{Kind, SlotError};
use super::t1::BlockError;
use crate::atr::AtrError;

/// Why a reader did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing was asked, so nothing can come of it.
    #[error("nothing is under way at this reader")]
    NotAsked,
    /// The card has no power.
    #[error("the card in the reader has not been made ready")]
    NotOpen,
    /// bmICCStatus 2.
    #[error("there is no card in the reader")]
    NoCard,
    /// The command has failed.
    #[error("{0}")]
    Slot(SlotError),
    /// The answer to reset is none.
    #[error("{0}")]
    Atr(AtrError),
    /// No answer in time. The card may have executed the command.
    #[error("the reader does not answer")]
    Timeout,
    /// Answers came, and none to what was asked.
    #[error("the reader answers command {expected} with the number {came}")]
    Sequence {
        /// bSeq of the command.
        expected: u8,
        /// bSeq of the last message that came.
        came: u8,
    },
    /// The answer is of another type.
    #[error("the reader answers with a message of another type ({0:?})")]
    Answer(Kind),
    /// The reader exchanges single characters.
    #[error("the reader exchanges single characters, which is not carried")]
    CharacterLevel,
    /// The card's protocol is none that the reader speaks without being told to.
    #[error("the reader does not speak the card's protocol, T={0}")]
    Protocol(u8),
    /// The APDU has another form or length than can be carried.
    #[error("an APDU of {0} octets cannot be carried by this reader in this form")]
    Apdu(usize),
    /// The response has no status word, or is longer than any.
    #[error("the reader gives a response APDU of {0} octets")]
    Response(usize),
    /// Blocks of T=1.
    #[error("{0}")]
    Block(BlockError),
}
