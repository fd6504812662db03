//! Profile download and installation (SGP.22 3.1.2, 3.1.3), from GetEUICCInfo1
//! to the notification.
//!
//! How it treats trouble:
//! - An error code of AuthenticateServer stops the procedure: no session has
//!   come to be on the card, and the server's ends by itself.
//! - After AuthenticateServer every failure cancels the session, on the card
//!   and then at the server, with the true reason ([`Ending::cancel_reason`]).
//!   An error code of PrepareDownload is told to the server that way too, signed.
//! - A `Failed` answer has ended the session at the server; there is nothing
//!   left to cancel, and the card forgets its half at the next challenge.
//! - A lost connection cancels nothing, so that the download can be taken up
//!   again with the same activation code: the eUICC keeps its one-time key and
//!   the server the package that it bound to it.

mod answer;
mod mutual;
mod outcome;
mod params;
mod state;
mod steps;

pub(crate) use answer::{card_data, card_message, http_message, unless_refused};
pub(crate) use mutual::{Dialled, authenticate_server};
pub(crate) use outcome::quotable;
pub use outcome::{
    Cancelled, CardRefusal, ElementStatus, Ending, InstallError, Installed, LostPeer, Misbehaviour, Outcome,
    Peer, ServerRefusal, SimaResponse, UntrustedServer,
};
pub use params::{Device, DownloadParams, Releases};

use crate::effect::{Effect, Event, Machine, Progress};
use crate::profile::Metadata;
use esim_rsp::TransactionId;
use esim_rsp::check::Checks;
use serde::{Deserialize, Serialize};
use state::State;

/// A download in progress. It serialises between any two steps.
///
/// ```
/// use esim_lpa::{Download, DownloadParams, Effect, Event, Machine};
///
/// let mut download = Download::new(DownloadParams::at("smdp.example"));
/// let first = download.step(Event::Start);
/// assert!(matches!(first, Effect::Card(_)));
/// // Put away and taken up again, it asks for the same.
/// let kept = serde_json::to_string(&download).expect("JSON");
/// let mut again: Download = serde_json::from_str(&kept).expect("a download");
/// assert_eq!(again.step(Event::Start), first);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    params: DownloadParams,
    state: State,
    /// What was asked for last and has not been answered.
    pending: Option<Effect<Outcome>>,
}

impl Download {
    /// A download that has not begun.
    pub fn new(params: DownloadParams) -> Self {
        Self { params, state: State::Begin, pending: None }
    }

    /// What it was asked to download.
    pub fn params(&self) -> &DownloadParams {
        &self.params
    }

    /// What was asked for last and has not been answered.
    pub(crate) fn pending(&self) -> Option<&Effect<Outcome>> {
        self.pending.as_ref()
    }

    /// The session whose package the card is being given, and its profile.
    pub(crate) fn loading(&self) -> Option<(TransactionId, Option<Metadata>)> {
        self.state.loading()
    }

    /// How it ended, where only notifications are left.
    pub(crate) fn settled(&self) -> Option<&Outcome> {
        self.state.settled()
    }

    /// How it ended, where the session is being called off.
    pub(crate) fn cancelling(&self) -> Option<&Outcome> {
        self.state.cancelling()
    }

    /// The profile that is offered, if it came so far.
    pub(crate) fn profile(&self) -> Option<Metadata> {
        self.state.profile()
    }

    /// What is awaited, by the name of the state: `ExpectRat`, `ExpectPackage`, …
    pub fn state_name(&self) -> &'static str {
        self.state.name()
    }
}

impl Machine for Download {
    type Done = Outcome;

    fn step(&mut self, event: Event) -> Effect<Outcome> {
        self.step_with(event, Checks::default())
    }

    fn step_with(&mut self, event: Event, checks: Checks<'_>) -> Effect<Outcome> {
        let effect = match self.pending.take() {
            Some(pending) if !pending.is_answered_by(&event) => pending,
            _ => {
                let state = core::mem::replace(&mut self.state, State::Over);
                let (next, effect) = state.on(&self.params, event, checks);
                self.state = next;
                effect
            }
        };
        self.pending = Some(effect.clone());
        effect
    }

    fn progress(&self) -> Progress {
        self.state.progress()
    }
}
