//! Everything that somebody can do to a world: a reader, a scenario, a test, a link. [`World::perform`](crate::World)
//! does it, [`crate::Done`] is what comes of it, and a list of acts with a seed and a clock is a [`crate::Journal`].

use crate::link::{Filter, Tampering};
use crate::operator::Wish;
use esim_net::{Cell, Rules};
use esim_rsp::trace::Party;
use serde::{Deserialize, Serialize};

/// What can be done. Profiles are named by the `id` of the order that made them, or by ICCID; the empty name is that of
/// the last order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Act {
    /// In the factory: a provisioning profile is ordered, loaded over the factory's own line and enabled. The device
    /// leaves with radio and Wi-Fi off.
    LeaveFactory,
    /// The same with a profile of one's own.
    Load(Box<Wish>),
    /// The operator orders a profile, at the SM and for the network.
    Order(Box<Wish>),
    /// The LPA fetches and installs it; its user agrees to everything.
    Download(String),
    /// The LPA begins to: a profile that was ordered, or an activation code. [`Act::Step`] carries it on.
    Begin(String),
    /// The download goes on: so many calls, card commands or pieces of the package. Where it asks for consent, the
    /// next step agrees.
    Step(u32),
    /// The user answers what the download asks.
    Answer(Said),
    /// The LPA enables it.
    Enable(String),
    /// The LPA disables it.
    Disable(String),
    /// The LPA deletes it.
    Delete(String),
    /// The LPA gives it a name; an empty one takes it away.
    Name {
        /// Which.
        profile: String,
        /// 0 to 64 octets of UTF-8.
        name: String,
    },
    /// The LPA lists the profiles, but for provisioning profiles.
    List,
    /// The LPA enables the provisioning profile where none is enabled.
    FallBack,
    /// The LPA deletes all operational profiles.
    MemoryReset,
    /// The LPA delivers notifications.
    Notify,
    /// The radio goes on, or starts over.
    RadioOn,
    /// The radio goes off.
    RadioOff,
    /// The LPA sees to a way to the SM: the radio goes on where there is neither Wi-Fi nor service.
    Reach,
    /// Wi-Fi goes on or off: by it the LPA reaches the SM past the mobile network.
    Wifi(bool),
    /// The user types an APN; it counts from the next attach on.
    Apn(String),
    /// The device is taken where these cells are heard.
    Cells(Vec<Cell>),
    /// The user opens a web page: `host` or `host:port`.
    Browse(String),
    /// The user calls.
    Call,
    /// The user sends a short message.
    Text {
        /// Number.
        to: String,
        /// Text.
        text: String,
    },
    /// The user asks for call forwarding.
    Supplementary,
    /// The device shows that it is still there.
    Update,
    /// The device opens a second connection.
    OpenApn(String),
    /// The operator changes the network's rules; a device registers anew where that changes what it is registered as.
    Rules(Ruling),
    /// The network's copy of a subscriber's key is not the card's.
    WrongKey(String),
    /// The network's sequence number for a subscriber is set, hexadecimal.
    Sqn {
        /// Whose.
        profile: String,
        /// 12 digits at most.
        value: String,
    },
    /// A second device gets a copy of the card.
    CopyCard,
    /// A device is taken in hand, from 0.
    UseDevice(usize),
    /// The operator ends a subscription.
    Withdraw(String),
    /// The operator looks at an order.
    ShowOrder(String),
    /// A message that is meant stops the world from now on, before it arrives.
    Break(Filter),
    /// The act that was stopped goes on, to the next break point or its end.
    GoOn,
    /// Something is done to messages from now on.
    Tamper(Box<Tampering>),
    /// A party's clock is so many seconds off from now on: the eUICC's, or the SM's.
    Clock {
        /// Whose.
        of: Party,
        /// Seconds; it is slow if negative.
        seconds: i64,
    },
    /// Break points and what is done to messages are taken away, clocks are right again.
    Mend,
}

/// What a user says to a question of the LPA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Said {
    /// Yes.
    Accept,
    /// No.
    Reject,
    /// Later.
    Postpone,
    /// The confirmation code.
    Code(String),
}

impl From<&Said> for esim_lpa::Answer {
    fn from(said: &Said) -> Self {
        match said {
            Said::Accept => Self::Accept,
            Said::Reject => Self::Reject,
            Said::Postpone => Self::Postpone,
            Said::Code(code) => Self::ConfirmationCode(code.clone()),
        }
    }
}

/// Rules of the network: as a person has written them, or read already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Ruling {
    /// A text, TOML or JSON.
    Written(String),
    /// A table.
    #[cfg_attr(feature = "ts", ts(type = "Record<string, unknown>"))]
    Table(Box<Rules>),
}
