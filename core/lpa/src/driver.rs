//! Effects turned into calls of a [`Port`]: the one place where the LPA waits.
//!
//! A host implements [`Port`] over its reader, its HTTP client and its user,
//! and calls [`download()`], [`notify()`], [`list`], [`enable`] and so on; each
//! opens a logical channel to the ISD-R, does its work on it and closes it. A
//! host that wants to stop between steps keeps a [`Session`] instead. `tests/examples/port.rs` of the repository is a whole
//! one.

mod commands;

pub use commands::{
    caused, chip_info, delete, disable, disable_surely, enable, enable_surely, fall_back, list, memory_reset,
    notifications, run, set_nickname,
};

use crate::apdu::{CardOptions, Channel, Exchange, Next, OpenError, OpenStep, Opening, Reply, is_success};
use crate::code::Code;
use crate::discover::{Discover, DiscoverParams, Discovery};
use crate::download::{Download, DownloadParams, Outcome};
use crate::effect::{Effect, Es10, Event, HttpCall, Machine, Phase, Progress, function_of};
use crate::lui::{Answer, Question};
use crate::manage::{Command, ManageError};
use crate::notify::{Notified, Notify, NotifyParams};
use crate::resume::Resumable;
use crate::transport::{HttpReply, Lost, Unanswered};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::check::Checks;
use esim_rsp::es10c::EnableResult;
use serde::{Deserialize, Serialize};

/// What the LPA needs of its surroundings.
#[allow(async_fn_in_trait, reason = "used as a type parameter, on hosts whose futures are not Send")]
pub trait Port {
    /// Sends a command APDU to the card; its response APDU with status word.
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost>;

    /// POSTs to a server over TLS; its answer whatever the HTTP status. No more than [`HttpReply::LIMIT`] octets are read.
    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered>;

    /// Asks the user; [`Answer::Timeout`] if nobody answers.
    async fn ask(&mut self, question: &Question) -> Answer;

    /// Lets so many seconds pass before another try; not at all where nobody wants to wait.
    async fn wait(&mut self, _seconds: u32) {}

    /// Called after every APDU and every step.
    fn progress(&mut self, _progress: &Progress) {}

    /// Who is told of each verification that the LPA makes.
    fn checks(&self) -> Checks<'_> {
        Checks::default()
    }

    /// Called for every message, for a trace.
    fn observe(&mut self, _message: &Observed<'_>) {}

    /// A whole ES10 message goes over the port: a command before it is cut into APDUs, a response once all of it is
    /// there. A port that stands between others may say what arrives; any other observes.
    fn carry(&mut self, message: &Observed<'_>) -> Carried {
        self.observe(message);
        Carried::AsItIs
    }
}

/// What arrives of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// The same.
    AsItIs,
    /// Something else.
    Changed(Vec<u8>),
    /// Nothing: the transport's words.
    Lost(String),
}

/// A message for the trace: an ES10 or ES9+ request or its answer. APDUs are
/// seen in [`Port::transmit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed<'a> {
    /// `ES10a`, `ES10b`, `ES10c` or `ES9+`.
    pub interface: &'a str,
    /// The function.
    pub function: &'a str,
    /// Whether it is the answer.
    pub response: bool,
    /// The message: DER or JSON.
    pub bytes: &'a [u8],
    /// Of an answer: status word or HTTP status; 0 of a request.
    pub status: u16,
}

/// Why a management function came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "type", content = "value", rename_all = "camelCase")]
pub enum Failure {
    /// There is no ISD-R to speak to.
    #[error("{0}")]
    Open(OpenError),
    /// The card went away.
    #[error("the card was lost: {0}")]
    Lost(String),
    /// The eUICC refused, or gave no sensible answer.
    #[error("{0}")]
    Command(ManageError),
}

impl Failure {
    /// Whether the card may have done it all the same: no answer came, none of the function's own, or that it waits for
    /// its terminal to carry out what it has asked for (`catBusy`). Whoever has the card starts it over then, and looks.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::Open(_) => false,
            Self::Lost(_) | Self::Command(ManageError::Malformed { .. }) => true,
            Self::Command(ManageError::Refused(refusal)) => {
                // The same number and name in DisableResult and ResetResult (SGP.22 5.7.17, 5.7.19).
                let busy = EnableResult::catBusy;
                refusal.code.is_status_word() || refusal.code == Code::new(busy.0, busy.name())
            }
        }
    }
}

/// What must happen for a switch of profiles to take effect (SGP.22 3.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Refresh {
    /// Nothing; nothing was switched.
    NotNeeded,
    /// The card has a REFRESH for its terminal: a modem that fetches it starts
    /// the card over; any other host resets the card.
    Proactive,
    /// The host must reset the card.
    Reset,
}

/// Logical channel not supported: it is not open (ISO/IEC 7816-4 5.1.3).
const CHANNEL_CLOSED: u16 = 0x6881;

/// A card with an open channel to its ISD-R, or without one yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    options: CardOptions,
    channel: Option<Channel>,
    apdus: u32,
}

impl Link {
    /// A card that has not been spoken to.
    pub fn new(options: CardOptions) -> Self {
        Self { options, channel: None, apdus: 0 }
    }

    /// The open channel, if there is one.
    pub fn channel(&self) -> Option<&Channel> {
        self.channel.as_ref()
    }

    /// Opens a logical channel to the ISD-R unless one is open.
    ///
    /// # Errors
    /// [`OpenError`], with no channel left open.
    pub async fn open<P: Port>(&mut self, port: &mut P) -> Result<Channel, OpenError> {
        if let Some(channel) = &self.channel {
            return Ok(channel.clone());
        }
        let mut opening = Opening::new(&self.options);
        let mut step = opening.next(None);
        loop {
            step = match step {
                OpenStep::Apdu(apdu) => match self.transmit(port, &apdu).await {
                    Ok(response) => opening.next(Some(&response)),
                    Err(Lost(detail)) => return Err(OpenError::NoCard { detail }),
                },
                OpenStep::Open(channel) => {
                    self.channel = Some(channel.clone());
                    return Ok(channel);
                }
                OpenStep::Failed(error) => return Err(error),
            };
        }
    }

    /// Carries one ES10 payload, on a channel opened for the purpose if need be.
    async fn exchange<P: Port>(
        &mut self,
        port: &mut P,
        payload: &[u8],
        progress: &impl Fn(usize, u32) -> Progress,
    ) -> Result<Reply, LinkError> {
        let channel = self.open(port).await.map_err(LinkError::Open)?;
        let function = function_of(payload);
        let (interface, function) = (function.interface(), function.name());
        let command = Observed { interface, function, response: false, bytes: payload, status: 0 };
        let payload = self.carry(port, &command)?.unwrap_or_else(|| payload.to_vec());
        let mut exchange = Exchange::new(channel.number, payload, self.options.block_size);
        let mut next = exchange.next(None);
        loop {
            next = match next {
                Next::Apdu(apdu) => {
                    let response = self.transmit(port, &apdu).await.map_err(LinkError::Lost)?;
                    port.progress(&progress(exchange.sent(), self.apdus));
                    exchange.next(Some(&response))
                }
                Next::Done(mut reply) => {
                    if reply.sw == CHANNEL_CLOSED {
                        // Somebody has reset the card: the next command opens another one.
                        self.channel = None;
                    }
                    let (bytes, status) = (reply.data.as_slice(), reply.sw);
                    let response = Observed { interface, function, response: true, bytes, status };
                    if let Some(changed) = self.carry(port, &response)? {
                        reply.data = changed;
                    }
                    return Ok(reply);
                }
            };
        }
    }

    /// What arrives of a message in its place, if it is not itself.
    fn carry<P: Port>(&mut self, port: &mut P, message: &Observed<'_>) -> Result<Option<Vec<u8>>, LinkError> {
        match port.carry(message) {
            Carried::AsItIs => Ok(None),
            Carried::Changed(bytes) => Ok(Some(bytes)),
            Carried::Lost(detail) => {
                self.channel = None;
                Err(LinkError::Lost(Lost(detail)))
            }
        }
    }

    async fn transmit<P: Port>(&mut self, port: &mut P, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        self.apdus = self.apdus.saturating_add(1);
        let response = port.transmit(apdu).await;
        if response.is_err() {
            // Whatever comes back is another card, or this one after a reset.
            self.channel = None;
        }
        response
    }

    /// Closes the channel if it is open; a card that is gone has closed it.
    pub async fn close<P: Port>(&mut self, port: &mut P) {
        if let Some(channel) = self.channel.take() {
            // Nothing depends on the answer: the work is done.
            let _closed = self.transmit(port, &channel.close()).await;
        }
    }

    /// Forgets the channel: the card has been reset.
    pub fn forget(&mut self) {
        self.channel = None;
    }

    /// Runs one command on the open channel.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn run<P: Port, C: Command>(
        &mut self,
        port: &mut P,
        command: &C,
    ) -> Result<Ran<C::Output>, Failure> {
        let request = command.request();
        let reply =
            self.exchange(port, &request, &|_, apdus| Progress { apdus, ..Progress::default() }).await;
        let reply = reply.map_err(|error| match error {
            LinkError::Open(error) => Failure::Open(error),
            LinkError::Lost(Lost(detail)) => Failure::Lost(detail),
        })?;
        if reply.sw == CHANNEL_CLOSED || reply.data.is_empty() && !is_success(reply.sw) {
            let refusal = crate::download::CardRefusal::status(function_of(&request), reply.sw);
            return Err(Failure::Command(ManageError::Refused(refusal)));
        }
        let output = command.response(&reply.data).map_err(Failure::Command)?;
        let refresh = match (command.changes_profile(), reply.proactive_pending()) {
            (_, true) => Refresh::Proactive,
            (true, false) => Refresh::Reset,
            (false, false) => Refresh::NotNeeded,
        };
        Ok(Ran { output, refresh })
    }
}

enum LinkError {
    Open(OpenError),
    Lost(Lost),
}

/// A command that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran<T> {
    /// What it told.
    pub output: T,
    /// What must happen for it to take effect.
    pub refresh: Refresh,
}

/// A machine and its card, one effect at a time. It serialises between any two
/// steps; [`Session::perform`] and [`Session::feed`] apart let a host look at,
/// or tamper with, what goes out ([`Session::pending_mut`]) and what comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(
    serialize = "M: Serialize, M::Done: Serialize",
    deserialize = "M: Deserialize<'de>, M::Done: Deserialize<'de>"
))]
pub struct Session<M: Machine> {
    machine: M,
    link: Link,
    pending: Effect<M::Done>,
}

/// What one step of a [`Session`] did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<D> {
    /// An effect was performed, another awaits.
    More {
        /// What was done.
        performed: Effect<D>,
        /// What came of it.
        event: Event,
    },
    /// It is over and the channel is closed.
    Done(D),
}

impl<M: Machine> Session<M> {
    /// Begins; nothing has been performed yet.
    pub fn new(mut machine: M, options: CardOptions) -> Self {
        let pending = machine.step(Event::Start);
        Self { machine, link: Link::new(options), pending }
    }

    /// The machine.
    pub fn machine(&self) -> &M {
        &self.machine
    }

    /// The card.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// The effect to perform next.
    pub fn pending(&self) -> &Effect<M::Done> {
        &self.pending
    }

    /// The effect to perform next, to be altered.
    pub fn pending_mut(&mut self) -> &mut Effect<M::Done> {
        &mut self.pending
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        Progress { apdus: self.link.apdus, ..self.machine.progress() }
    }

    /// Performs the pending effect and feeds the machine with what came of it.
    /// At the end it closes the channel, and from then on does nothing.
    pub async fn next<P: Port>(&mut self, port: &mut P) -> Step<M::Done> {
        if let Effect::Done(done) = &self.pending {
            let done = done.clone();
            self.link.close(port).await;
            return Step::Done(done);
        }
        let performed = self.pending.clone();
        let event = self.perform(port).await;
        let over = matches!(self.feed_with(event.clone(), port.checks()), Effect::Done(_));
        if over {
            self.link.close(port).await;
        }
        port.progress(&self.progress());
        Step::More { performed, event }
    }

    /// Performs the pending effect; [`Event::Start`] if it is `Done`.
    pub async fn perform<P: Port>(&mut self, port: &mut P) -> Event {
        match &self.pending {
            Effect::Card(es10) => card(&mut self.link, port, es10, self.machine.progress()).await,
            Effect::Http(call) => http(port, call).await,
            Effect::Ask(question) => Event::Answer(port.ask(question).await),
            Effect::Wait(seconds) => {
                port.wait(*seconds).await;
                Event::Waited
            }
            Effect::Done(_) => Event::Start,
        }
    }

    /// Feeds the machine; the effect to perform next.
    pub fn feed(&mut self, event: Event) -> &Effect<M::Done> {
        self.feed_with(event, Checks::default())
    }

    /// The same with somebody who is told of each verification.
    pub fn feed_with(&mut self, event: Event, checks: Checks<'_>) -> &Effect<M::Done> {
        self.pending = self.machine.step_with(event, checks);
        &self.pending
    }

    /// Runs to the end.
    pub async fn finish<P: Port>(&mut self, port: &mut P) -> M::Done {
        loop {
            if let Step::Done(done) = self.next(port).await {
                return done;
            }
        }
    }
}

async fn card<P: Port>(link: &mut Link, port: &mut P, es10: &Es10, at: Progress) -> Event {
    let progress = |sent: usize, apdus: u32| {
        let sent = u32::try_from(sent).unwrap_or(u32::MAX);
        let done = if at.phase == Phase::Loading { at.done.saturating_add(sent) } else { at.done };
        Progress { done, apdus, ..at }
    };
    match link.exchange(port, &es10.payload, &progress).await {
        // The card was reset while it answered: what came before is a part.
        Ok(reply) if reply.sw == CHANNEL_CLOSED => Event::CardStatus(reply.sw),
        // Data counts whatever the status word: an installation result may come with any.
        Ok(reply) if is_success(reply.sw) || !reply.data.is_empty() => Event::Card(reply.data),
        Ok(reply) => Event::CardStatus(reply.sw),
        Err(LinkError::Open(error)) => Event::Unopened(error),
        Err(LinkError::Lost(Lost(detail))) => Event::Lost(detail),
    }
}

async fn http<P: Port>(port: &mut P, call: &HttpCall) -> Event {
    let (interface, function): (&Cow<'_, str>, &Cow<'_, str>) = (&call.interface, &call.function);
    port.observe(&Observed { interface, function, response: false, bytes: &call.body, status: 0 });
    match port.http(call).await {
        Ok(HttpReply { status, body }) => {
            port.observe(&Observed { interface, function, response: true, bytes: &body, status });
            Event::Http { status, body }
        }
        Err(Unanswered::Lost(detail)) => Event::Lost(detail),
        Err(Unanswered::Untrusted(untrusted)) => Event::Untrusted(untrusted),
        Err(Unanswered::TooLong) => Event::TooLong,
    }
}

/// Downloads and installs a profile, and delivers notifications.
pub async fn download<P: Port>(port: &mut P, options: &CardOptions, params: DownloadParams) -> Outcome {
    Session::new(Download::new(params), options.clone()).finish(port).await
}

/// Downloads and installs a profile as [`download()`] does, and takes it up again after whatever was lost, a bounded number
/// of times. A host whose process may end keeps [`Resumable::kept`] between steps of a [`Session`] instead.
pub async fn download_or_resume<P: Port>(
    port: &mut P,
    options: &CardOptions,
    download: Resumable,
) -> Outcome {
    Session::new(download, options.clone()).finish(port).await
}

/// Asks an SM-DS what waits for the eUICC (SGP.22 3.6.2); each event is then fetched by [`download()`] with
/// [`DownloadParams::of_event`].
pub async fn discover<P: Port>(port: &mut P, options: &CardOptions, params: DiscoverParams) -> Discovery {
    Session::new(Discover::new(params), options.clone()).finish(port).await
}

/// Delivers notifications.
pub async fn notify<P: Port>(port: &mut P, options: &CardOptions, params: NotifyParams) -> Notified {
    Session::new(Notify::new(params), options.clone()).finish(port).await
}
