//! What is said to a card, and what it answers.

/// A command APDU and its response APDU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub command: Vec<u8>,
    pub response: Vec<u8>,
    /// Whether the card was reset before.
    pub is_after_reset: bool,
}
