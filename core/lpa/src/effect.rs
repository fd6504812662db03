//! What a machine asks of its surroundings, and what it hears from them.

use crate::apdu::OpenError;
use crate::lui::{Answer, Question};
use crate::octets;
use crate::transport::Untrusted;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::Checks;
use esim_rsp::json_binding::{Interface, Request};
use esim_rsp::{es10, json};
use serde::{Deserialize, Serialize};

/// A procedure of the LPA that advances by one event at a time.
pub trait Machine {
    /// What it ends with.
    type Done: Clone;

    /// Takes what happened and says what to do next.
    ///
    /// An event that does not answer the effect asked for last, such as
    /// [`Event::Start`] after a state was restored, changes nothing and gets
    /// that effect again.
    fn step(&mut self, event: Event) -> Effect<Self::Done>;

    /// The same with somebody who is told of each verification that the LPA makes.
    fn step_with(&mut self, event: Event, _checks: Checks<'_>) -> Effect<Self::Done> {
        self.step(event)
    }

    /// How far it has come.
    fn progress(&self) -> Progress;
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "camelCase")]
pub enum Effect<D> {
    /// Send this to the ISD-R; answer [`Event::Card`] or [`Event::CardStatus`].
    Card(Es10),
    /// POST this; answer [`Event::Http`].
    Http(HttpCall),
    /// Ask the user; answer [`Event::Answer`].
    Ask(Question),
    /// Nothing, for so many seconds; answer [`Event::Waited`]. How time passes is the driver's.
    Wait(u32),
    /// Nothing; this is how it ended.
    Done(D),
}

impl<D> Effect<D> {
    /// Whether `event` is an answer to this effect.
    pub fn is_answered_by(&self, event: &Event) -> bool {
        match self {
            Self::Card(_) => {
                matches!(event, Event::Card(_) | Event::CardStatus(_) | Event::Unopened(_) | Event::Lost(_))
            }
            Self::Http(_) => {
                matches!(event, Event::Http { .. } | Event::Lost(_) | Event::Untrusted(_) | Event::TooLong)
            }
            Self::Ask(_) => matches!(event, Event::Answer(_)),
            Self::Wait(_) => matches!(event, Event::Waited),
            Self::Done(_) => false,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "camelCase")]
pub enum Event {
    /// Begin, or repeat the last effect.
    Start,
    /// The card's response data; may be empty. Where there is data it is given
    /// whatever the status word was.
    Card(#[serde(with = "octets")] Vec<u8>),
    /// The card answered this status word, an error, and no data.
    CardStatus(u16),
    /// The server's answer.
    Http {
        /// HTTP status.
        status: u16,
        /// Body, empty for 204.
        #[serde(with = "octets")]
        body: Vec<u8>,
    },
    /// The card or the server, whichever was asked, could not be reached.
    Lost(String),
    /// The server's TLS certificate is refused.
    Untrusted(Untrusted),
    /// The server's answer is longer than [`crate::HttpReply::LIMIT`].
    TooLong,
    /// There is no ISD-R to send to.
    Unopened(OpenError),
    /// What the user said.
    Answer(Answer),
    /// The time is over that was to be waited.
    Waited,
}

/// One ES10 command, or one piece of a bound profile package: the data of one
/// STORE DATA chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Es10 {
    /// `ES10a`, `ES10b` or `ES10c`.
    pub interface: Cow<'static, str>,
    /// The function of SGP.22 5.7.
    pub function: Cow<'static, str>,
    /// The octets to send.
    #[serde(with = "octets")]
    pub payload: Vec<u8>,
}

impl Es10 {
    /// Names a payload by its tag.
    pub fn new(payload: Vec<u8>) -> Self {
        let function = function_of(&payload);
        Self {
            interface: Cow::Borrowed(function.interface()),
            function: Cow::Borrowed(function.name()),
            payload,
        }
    }
}

/// The function that a payload calls. What is no command is a piece of a bound profile package.
pub(crate) fn function_of(payload: &[u8]) -> es10::Function {
    es10::Function::of_command(payload).unwrap_or(es10::Function::LoadBoundProfilePackage)
}

/// One ES9+ or ES11 call: `POST https://<address><path>` with a JSON body, and the
/// headers `User-Agent: gsma-rsp-lpad`, `X-Admin-Protocol: gsma/rsp/v2.6.0`,
/// `Content-Type: application/json` (SGP.22 6.5.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpCall {
    /// FQDN, with a port where it is not 443.
    pub address: String,
    /// `/gsma/rsp2/es9plus/<function>`.
    pub path: String,
    /// `ES9+` or `ES11`.
    pub interface: Cow<'static, str>,
    /// Such as `initiateAuthentication`.
    pub function: Cow<'static, str>,
    /// JSON text.
    #[serde(with = "octets")]
    pub body: Vec<u8>,
}

impl HttpCall {
    /// A call of an ES9+ function.
    pub fn es9<R: Request>(address: &str, request: &R) -> Self {
        Self::to(Interface::Es9Plus, address, request)
    }

    /// A call of a function of ES9+, or of ES11, which has its paths (SGP.22 6.5.2).
    pub fn to<R: Request>(interface: Interface, address: &str, request: &R) -> Self {
        Self {
            address: address.into(),
            path: interface.path(R::FUNCTION),
            interface: Cow::Borrowed(interface.name()),
            function: Cow::Borrowed(R::FUNCTION.name()),
            body: json::to_vec(request),
        }
    }
}

/// The part of a procedure that is going on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// eUICC and server prove themselves.
    #[default]
    Authenticating,
    /// Servers are asked what waits for the eUICC.
    Discovering,
    /// Something was lost; it goes on in a moment.
    Recovering,
    /// The user decides.
    Consent,
    /// The server binds the profile to the eUICC.
    Preparing,
    /// The package goes to the eUICC; counted in octets.
    Loading,
    /// The session is being called off.
    Cancelling,
    /// Notifications are delivered.
    Notifying,
    /// Over.
    Done,
}

/// How far a procedure has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The part that is going on.
    pub phase: Phase,
    /// Of `total`: octets of the package while loading, steps elsewhere.
    pub done: u32,
    /// What `done` will be at the end of the phase.
    pub total: u32,
    /// APDUs exchanged since the channel was opened; it moves while nothing else does.
    pub apdus: u32,
}

impl Progress {
    /// Of a machine, which knows of no APDUs.
    pub fn new(phase: Phase, done: usize, total: usize) -> Self {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { phase, done: count(done), total: count(total), apdus: 0 }
    }

    /// Percent of a whole download, for a bar: loading is most of it.
    pub fn percent(&self) -> u8 {
        let (from, to) = match self.phase {
            Phase::Authenticating => (0, 15),
            Phase::Discovering => (0, 100),
            Phase::Recovering => (0, 15),
            Phase::Consent => (15, 20),
            Phase::Preparing => (20, 30),
            Phase::Loading => (30, 92),
            Phase::Cancelling | Phase::Notifying => (92, 100),
            Phase::Done => return 100,
        };
        let part = u64::from(self.done.min(self.total)) * (to - from) / u64::from(self.total.max(1));
        u8::try_from(from + part).unwrap_or(100)
    }
}
