//! Event retrieval from an SM-DS (SGP.22 3.6.2, ES11): what waits for this eUICC, and where.
//!
//! The root SM-DS of the eUICC is asked, or one that the user names. An event leads to an SM-DP+, or to another SM-DS,
//! which is asked in its turn with the event's id; its certificate tells which. What is found is an address and a
//! matchingId for [`DownloadParams::of_event`](crate::DownloadParams::of_event). Nothing is used up by looking: the
//! SM-DS keeps an event until the SM-DP+ takes it back (SGP.22 3.6.3).
//!
//! Each server is asked once for each event, and no further than [`DiscoverParams::depth`] from the first one, so that
//! no two servers can send the LPA round in circles.

mod outcome;
mod steps;

pub use outcome::{DiscoveredEvent, Discovery, DiscoveryEnding, Unfollowed, Unfollowing};

use crate::download::Device;
use crate::effect::{Effect, Event, Machine, Phase, Progress};
use alloc::string::String;
use esim_rsp::check::Checks;
use serde::{Deserialize, Serialize};
use steps::State;

/// Where to look, and for whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiscoverParams {
    /// An SM-DS to ask in place of the eUICC's root SM-DS (SGP.22 3.6.2: an address that the device knows): FQDN, with
    /// a port where it is not 443.
    #[serde(default)]
    pub smds_address: Option<String>,
    /// The device (SGP.22 4.2).
    #[serde(default)]
    pub device: Device,
    /// How many SM-DSs may stand one behind the other. The standard has two: a root and an alternative.
    #[serde(default = "depth")]
    pub depth: u8,
}

const fn depth() -> u8 {
    3
}

impl Default for DiscoverParams {
    fn default() -> Self {
        Self { smds_address: None, device: Device::default(), depth: depth() }
    }
}

impl DiscoverParams {
    /// At this SM-DS.
    pub fn at(smds_address: impl Into<String>) -> Self {
        Self { smds_address: Some(smds_address.into()), ..Self::default() }
    }
}

/// A retrieval of events in progress (SGP.22 3.6.2). It serialises between any two steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Discover {
    params: DiscoverParams,
    search: steps::Search,
    state: State,
    /// What was asked for last and has not been answered.
    pending: Option<Effect<Discovery>>,
}

impl Discover {
    /// A retrieval that has not begun.
    pub fn new(params: DiscoverParams) -> Self {
        Self { params, search: steps::Search::default(), state: State::Begin, pending: None }
    }

    /// What is awaited, by the name of the state.
    pub fn state_name(&self) -> &'static str {
        self.state.name()
    }
}

impl Machine for Discover {
    type Done = Discovery;

    fn step(&mut self, event: Event) -> Effect<Discovery> {
        self.step_with(event, Checks::default())
    }

    fn step_with(&mut self, event: Event, checks: Checks<'_>) -> Effect<Discovery> {
        let effect = match self.pending.take() {
            Some(pending) if !pending.is_answered_by(&event) => pending,
            _ => {
                let state = core::mem::replace(&mut self.state, State::Over);
                let (next, effect) = self.search.on(state, &self.params, event, checks);
                self.state = next;
                effect
            }
        };
        self.pending = Some(effect.clone());
        effect
    }

    fn progress(&self) -> Progress {
        let (settled, waiting) = self.search.counts();
        match self.state {
            State::Over => Progress::new(Phase::Done, 1, 1),
            _ => Progress::new(Phase::Discovering, settled, settled + waiting + 1),
        }
    }
}
