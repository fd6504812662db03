//! What a logical channel leads to.

use alloc::string::String;

/// What is behind a logical channel that has been given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Nothing yet: the modem opens channels by name, and no name has been selected.
    Reserved,
    /// A session of the modem's.
    Handle { handle: String, inside: Inside },
    /// A channel of the card's, over `+CSIM`.
    OnCard(u8),
}

/// What the class octet says within a session. TS 27.007 8.43 leaves the channel to the modem, which puts it in; some do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Channel 0, and nothing has shown yet that the modem puts another one in.
    Untried,
    /// Channel 0; the modem puts its own in.
    Plain,
    /// The channel, for the modem does not.
    Numbered(u8),
}

impl Inside {
    pub(super) fn number(self) -> u8 {
        match self {
            Self::Untried | Self::Plain => 0,
            Self::Numbered(number) => number,
        }
    }
}
