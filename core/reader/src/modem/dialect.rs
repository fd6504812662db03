/// How a modem deviates from TS 27.007: data, which the virtual modem alone reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// Make and model.
    pub name: &'static str,
    /// Where it was reported: repository and number, or document.
    pub source: &'static str,
    /// The line, or the sentence, of that report.
    pub quote: &'static str,
    /// What the modem says of the commands that it is sent.
    pub echo: Echo,
    /// What comes of `AT+CCHO=?` and its like.
    pub tests: TestCommands,
    /// What comes of `+CCHO`.
    pub channels: Channels,
    /// Whether it knows `+CCHC`.
    pub closes: bool,
    /// Whether it puts the session's channel into the class octet (TS 27.007 8.43).
    pub sets_class: bool,
    /// What comes of `+CSIM`.
    pub csim: Csim,
    /// Whether it knows `+CRSM`.
    pub crsm: bool,
    /// Whether it refuses hexadecimal digits in lower case.
    pub wants_upper_case: bool,
    /// How it writes what `+CCHO`, `+CGLA` and `+CSIM` have come to.
    pub form: Form,
    /// Where the final result stands.
    pub end: End,
    /// Lines that come before every answer, unasked.
    pub unsolicited: &'static [&'static str],
    /// How errors are told.
    pub errors: Errors,
}

/// Echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// None.
    Off,
    /// Until `ATE0`.
    On,
    /// Whatever `ATE0` says.
    Stuck,
    /// As `Stuck`, and the first letter of the first command is lost.
    Clipped,
}

/// Test commands of the channel commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestCommands {
    /// `OK`.
    Ok,
    /// `ERROR`, though the commands are there.
    Error,
    /// Nothing at all.
    Silent,
}

/// `+CCHO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channels {
    /// The session id is the number of the card's channel.
    Numbered,
    /// The session id is sixteen hexadecimal digits.
    Opaque,
    /// The command is there, and always fails.
    Broken,
    /// The command is not there.
    Missing,
}

/// `+CSIM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Csim {
    /// Any APDU.
    Whole,
    /// On logical channels it carries MANAGE CHANNEL alone.
    BasicChannel,
    /// It opens no channel either.
    NoChannels,
    /// Instructions that change the card are refused, and so is GET RESPONSE.
    Screened,
    /// The command is not there.
    Missing,
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// `+CCHO:` and so on before it.
    pub prefix: bool,
    /// A blank behind the colon.
    pub space: bool,
    /// Quotes around digits.
    pub quotes: bool,
    /// Digits in lower case.
    pub lower_case: bool,
    /// What the length counts.
    pub length: Length,
    /// After how many characters a line ends and the value goes on in the next.
    pub width: Option<usize>,
}

/// The length of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Digits (TS 27.007 8.17).
    Digits,
    /// Octets.
    Octets,
    /// So many more than there are digits: a lie.
    Wrong(usize),
}

/// Where the final result stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// After the value.
    After,
    /// Before it.
    Before,
    /// After it, twice.
    Twice,
    /// After a value there is none.
    Missing,
}

/// How errors are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errors {
    /// As `AT+CMEE` says.
    AsAsked,
    /// In words whatever it says.
    Words,
    /// `ERROR` whatever it says.
    Plain,
}
