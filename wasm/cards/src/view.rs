//! What a page is told.

use serde::Serialize;

/// A text in both languages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Both"))]
pub struct Words {
    /// English.
    pub en: String,
    /// Japanese.
    pub ja: String,
}

impl Words {
    /// Of two texts.
    pub fn new(en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self { en: en.into(), ja: ja.into() }
    }

    /// With what somebody else has said, in whatever language.
    pub fn with(self, detail: &str) -> Self {
        match detail.trim().trim_end_matches('.') {
            "" => self,
            detail => Self::new(format!("{} ({detail})", self.en), format!("{}({detail})", self.ja)),
        }
    }
}

/// A way to a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Way {
    /// Web Serial: a modem with its SIM, by AT commands.
    Serial,
    /// WebUSB: a reader whose interface is of the vendor's own class.
    Usb,
    /// The Web Smart Card API: any reader that the system knows.
    SmartCard,
    /// `esim-lab bridge` on this machine: readers and modems.
    Bridge,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Serial, Self::Usb, Self::SmartCard, Self::Bridge];

    /// By the name that a page gives it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "serial" => Self::Serial,
            "usb" => Self::Usb,
            "smartCard" => Self::SmartCard,
            "bridge" => Self::Bridge,
            _ => return None,
        })
    }
}

/// Whether a way can be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Works {
    /// As far as the browser goes.
    Yes,
    /// With some devices; `words` say which.
    Some,
    /// It cannot; `reason` and `words` say why, and what to do.
    No,
}

/// What the user has said about a page that reaches into this machine (Local Network Access).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Permission {
    /// It may.
    Granted,
    /// It may not.
    Denied,
    /// The browser will ask.
    Prompt,
}

/// A way, and whether it can be gone here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WayInfo {
    /// Which.
    pub way: Way,
    /// Whether it can be gone.
    pub works: Works,
    /// Why not, or not with all devices.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub reason: Option<CardReason>,
    /// Of the bridge; absent where the browser asks nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub permission: Option<Permission>,
    /// The same for a person, with what to do.
    pub words: Words,
}

/// Why a card cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum CardReason {
    /// The browser does not have what it takes.
    Unsupported,
    /// The page did not come over HTTPS, nor from this machine.
    Insecure,
    /// The page is in a frame that may not.
    Policy,
    /// The user has chosen nothing.
    Cancelled,
    /// Somebody else has the device.
    Busy,
    /// The device, or the connection to it, was lost.
    Gone,
    /// Browsers keep USB devices of this class (0x0B) from pages.
    ProtectedClass,
    /// The USB device is no card reader, or of no kind that is known.
    NotReader,
    /// The system or the user does not let this page.
    Denied,
    /// The browser has asked the user, who has not answered.
    Unanswered,
    /// There is no reader, and no modem.
    NoReader,
    /// The reader is empty.
    NoCard,
    /// The card has no ISD-R.
    NoEuicc,
    /// Nobody listens where the bridge should.
    Absent,
    /// Somebody listens and does not let this page in: it knows only pages that it was told of.
    NotAdmitted,
    /// Another page is connected to the bridge, which has one at a time.
    Occupied,
    /// The pairing code is another one.
    Code,
    /// It was wrong too often; the bridge shows a new one.
    Tries,
    /// It came too late.
    Late,
    /// An answer that is none: of another version, or of somebody else.
    Message,
    /// The port was closed by this page.
    Closed,
    /// An earlier command is still under way.
    Pending,
    /// Anything else that modem, reader or card say.
    Failed,
}

/// A place where a card may be: a reader, or a modem's port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Place {
    /// Its name, which `choose` answers.
    pub card: String,
    /// What is there, in the words of whoever knows; may be empty.
    pub state: String,
    /// Whether there is a card, as far as that is seen without asking.
    pub present: bool,
}

/// What a modem says of its SIM. None of it keeps an eUICC from being spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Sim {
    /// It is ready.
    Ready,
    /// It wants its PIN.
    Pin,
    /// It wants its PUK.
    Puk,
    /// There is none; without an enabled profile some modems say so of an eUICC.
    Absent,
    /// It was busy for as long as was waited.
    Busy,
    /// Something else, or nothing.
    Unknown,
}

/// What has been opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct About {
    /// By which way.
    pub way: Way,
    /// Of the reader or its place; empty where nobody tells.
    pub name: String,
    /// The answer to reset in hexadecimal digits, where the way tells it: a modem does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub atr: Option<String>,
    /// Of a modem.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub sim: Option<Sim>,
}
