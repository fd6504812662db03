//! What each answer leads to, in the order of SGP.22 3.6.2.

use super::DiscoverParams;
use super::outcome::{DiscoveredEvent, Discovery, DiscoveryEnding, Unfollowed, Unfollowing};
use crate::certificate;
use crate::download::{
    Dialled, Ending, Misbehaviour, authenticate_server, card_data, card_message, http_message, unless_refused,
};
use crate::effect::{Effect, Es10, Event};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::address::same_server;
use esim_rsp::check::Checks;
use esim_rsp::es10a::{EuiccConfiguredAddressesRequest, EuiccConfiguredAddressesResponse};
use esim_rsp::es10b::{
    EuiccInfo1, EuiccInfo2, GetEuiccChallengeRequest, GetEuiccInfo1Request, GetEuiccInfo2Request,
};
use esim_rsp::es11::{AuthenticateClientEs11Ok, EventEntry};
use esim_rsp::json::Base64;
use esim_rsp::json_binding::{self, Interface};
use esim_rsp::{TransactionId, encode, es10};
use serde::{Deserialize, Serialize};

/// Events that are followed at once; a server must not keep the LPA busy for ever.
const MOST_EVENTS: usize = 64;
/// Longest address or event id that is taken: as long as a host name, and as an activation code may be.
const LONGEST: usize = 255;

/// The next state and what to do meanwhile.
type Turn = (State, Effect<Discovery>);
/// A turn, or why the server that is asked leads nowhere.
type Advance = Result<Turn, Box<Ending>>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state")]
pub(super) enum State {
    Begin,
    ExpectAddresses,
    ExpectInfo1,
    ExpectInfo2,
    ExpectChallenge { at: Visit },
    ExpectServerAuthentication { at: Visit },
    ExpectEuiccAuthentication { at: Visit, transaction: TransactionId },
    ExpectEvents { at: Visit, transaction: TransactionId },
    Over,
}

impl State {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Begin => "Begin",
            Self::ExpectAddresses => "ExpectAddresses",
            Self::ExpectInfo1 => "ExpectInfo1",
            Self::ExpectInfo2 => "ExpectInfo2",
            Self::ExpectChallenge { .. } => "ExpectChallenge",
            Self::ExpectServerAuthentication { .. } => "ExpectServerAuthentication",
            Self::ExpectEuiccAuthentication { .. } => "ExpectEuiccAuthentication",
            Self::ExpectEvents { .. } => "ExpectEvents",
            Self::Over => "Over",
        }
    }
}

/// A server to ask, and the event that led to it; the first SM-DS is asked without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Visit {
    address: String,
    event: Option<DiscoveredEvent>,
    /// SM-DSs that have been passed.
    depth: u8,
}

impl Visit {
    fn dialled(&self) -> Dialled<'_> {
        Dialled { interface: Interface::Es11, address: &self.address, oid: None }
    }

    fn event_id(&self) -> &str {
        self.event.as_ref().map_or("", |event| &event.event_id)
    }
}

/// What is known so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Search {
    info1: Option<Base64>,
    info2: Option<Base64>,
    smds_address: Option<String>,
    waiting: VecDeque<Visit>,
    /// SM-DSs that were asked, and for which event.
    asked: Vec<(String, String)>,
    events: Vec<DiscoveredEvent>,
    unfollowed: Vec<Unfollowed>,
    /// Events that servers have told of.
    told: usize,
    /// Why the first SM-DS could not be asked.
    failed: Option<Box<Ending>>,
}

impl Search {
    /// Servers that have been asked, and those that wait.
    pub fn counts(&self) -> (usize, usize) {
        (self.events.len() + self.unfollowed.len() + self.asked.len(), self.waiting.len())
    }

    /// Takes what happened. A server that leads nowhere is noted, and the next one is asked; without the card there is
    /// nothing to go on with.
    pub fn on(&mut self, state: State, params: &DiscoverParams, event: Event, checks: Checks<'_>) -> Turn {
        let at = match &state {
            State::ExpectServerAuthentication { at } | State::ExpectEvents { at, .. } => Some(at.clone()),
            State::ExpectEuiccAuthentication { at, .. } if !is_gone(&event) => Some(at.clone()),
            _ => None,
        };
        self.advance(state, params, event, checks).unwrap_or_else(|ending| match at {
            Some(Visit { event: Some(event), .. }) => {
                self.leave(event, Unfollowing::Failed { ending: *ending })
            }
            _ => {
                self.failed = Some(ending);
                self.waiting.clear();
                self.next()
            }
        })
    }

    fn advance(
        &mut self,
        state: State,
        params: &DiscoverParams,
        event: Event,
        checks: Checks<'_>,
    ) -> Advance {
        match state {
            State::Begin => Ok(match &params.smds_address {
                Some(address) => self.begin(address.clone()),
                None => (State::ExpectAddresses, card(encode(&EuiccConfiguredAddressesRequest {}))),
            }),
            State::ExpectAddresses => {
                let function = es10::Function::GetEuiccConfiguredAddresses;
                let (addresses, _) = card_message::<EuiccConfiguredAddressesResponse>(event, function)?;
                Ok(match addresses.root_ds_address {
                    none if none.is_empty() => self.next(),
                    root => self.begin(root),
                })
            }
            State::ExpectInfo1 => {
                let (_, raw) = card_message::<EuiccInfo1>(event, es10::Function::GetEuiccInfo1)?;
                self.info1 = Some(Base64(raw));
                Ok((State::ExpectInfo2, card(encode(&GetEuiccInfo2Request {}))))
            }
            State::ExpectInfo2 => {
                // As in a download: what cannot be read is one that gets the oldest form.
                let raw = unless_refused(card_data(event, es10::Function::GetEuiccInfo2))?;
                self.info2 = Some(Base64(raw));
                Ok(self.next())
            }
            State::ExpectChallenge { at } => {
                let info1 = self.info1.clone().unwrap_or_else(|| Base64(Vec::new()));
                let call = at.dialled().initiate(&info1, event)?;
                Ok((State::ExpectServerAuthentication { at }, Effect::Http(call)))
            }
            State::ExpectServerAuthentication { at } => self.server(at, params, event, checks),
            State::ExpectEuiccAuthentication { at, transaction } => {
                let call = at.dialled().client(&transaction, event)?;
                Ok((State::ExpectEvents { at, transaction }, Effect::Http(call)))
            }
            State::ExpectEvents { at, transaction } => self.told(&at, &transaction, params, event),
            // Unreachable through `Discover::step`: nothing answers `Done`.
            State::Over => Ok(self.next()),
        }
    }

    fn begin(&mut self, address: String) -> Turn {
        self.smds_address = Some(address.clone());
        self.waiting.push_back(Visit { address, event: None, depth: 0 });
        (State::ExpectInfo1, card(encode(&GetEuiccInfo1Request {})))
    }

    /// The server has shown its certificate: an SM-DP+ has the profile, an SM-DS is asked in its turn.
    fn server(&mut self, at: Visit, params: &DiscoverParams, event: Event, checks: Checks<'_>) -> Advance {
        let server = at.dialled().server(event, checks)?;
        if let Some(found) = at.event.clone().filter(|_| !certificate::is_smds(&server.server_certificate.0))
        {
            self.events.push(found);
            return Ok(self.next());
        }
        if let (Some(event), true) = (&at.event, at.depth >= params.depth) {
            return Ok(self.leave(event.clone(), Unfollowing::TooDeep));
        }
        self.asked.push((at.address.clone(), at.event_id().into()));
        let info2 = self.info2.as_ref().and_then(|info2| esim_rsp::decode::<EuiccInfo2>(&info2.0).ok());
        let context = params.device.ctx_params1(at.event_id(), info2.as_ref());
        let request = card(authenticate_server(&server, &context));
        Ok((State::ExpectEuiccAuthentication { at, transaction: server.transaction_id }, request))
    }

    /// The SM-DS has told what waits (SGP.22 5.8.2).
    fn told(
        &mut self,
        at: &Visit,
        transaction: &TransactionId,
        params: &DiscoverParams,
        event: Event,
    ) -> Advance {
        let function = json_binding::Function::AuthenticateClient;
        let answer: AuthenticateClientEs11Ok = http_message(event, function)?;
        if answer.transaction_id != *transaction {
            return Err(Box::new(Ending::Misbehaved(Misbehaviour::TransactionMismatch)));
        }
        if let (Some(event), true) = (&at.event, answer.event_entries.is_empty()) {
            return Ok(self.leave(event.clone(), Unfollowing::Gone));
        }
        for entry in answer.event_entries {
            self.take(at, entry, params);
        }
        Ok(self.next())
    }

    /// One event of an SM-DS is followed, if it can be.
    fn take(&mut self, at: &Visit, entry: EventEntry, params: &DiscoverParams) {
        let EventEntry { event_id, rsp_server_address } = entry;
        let smds_address = at.address.clone();
        let event = DiscoveredEvent { event_id, rsp_server_address, smds_address };
        self.told += 1;
        let was_asked = |(address, id): &(String, String)| {
            same_server(address, &event.rsp_server_address) && *id == event.event_id
        };
        let why = if self.told > MOST_EVENTS {
            // What is not followed need not be listed without end either.
            if self.told > 2 * MOST_EVENTS {
                return;
            }
            Unfollowing::TooMany
        } else if !is_address(&event.rsp_server_address) || event.event_id.len() > LONGEST {
            Unfollowing::NoAddress
        } else if self.asked.iter().any(was_asked) {
            Unfollowing::Loop
        } else if self.events.contains(&event) || self.is_waiting(&event) {
            // Told twice.
            return;
        } else if at.depth > params.depth {
            Unfollowing::TooDeep
        } else {
            let address = event.rsp_server_address.clone();
            self.waiting.push_back(Visit { address, event: Some(event), depth: at.depth + 1 });
            return;
        };
        self.unfollowed.push(Unfollowed { event, why });
    }

    fn is_waiting(&self, event: &DiscoveredEvent) -> bool {
        self.waiting.iter().any(|visit| visit.event.as_ref() == Some(event))
    }

    fn leave(&mut self, event: DiscoveredEvent, why: Unfollowing) -> Turn {
        self.unfollowed.push(Unfollowed { event, why });
        self.next()
    }

    /// The next server, or the end. Each gets a challenge of its own.
    fn next(&mut self) -> Turn {
        if let Some(at) = self.waiting.pop_front() {
            return (State::ExpectChallenge { at }, card(encode(&GetEuiccChallengeRequest {})));
        }
        let ending = match (self.failed.take(), &self.smds_address) {
            (Some(ending), _) if self.events.is_empty() => DiscoveryEnding::Failed { ending: *ending },
            (_, None) => DiscoveryEnding::NoSmds,
            _ if !self.events.is_empty() => DiscoveryEnding::Found,
            _ if !self.unfollowed.is_empty() => DiscoveryEnding::NothingFollowed,
            _ => DiscoveryEnding::Nothing,
        };
        let discovery = Discovery {
            ending,
            smds_address: self.smds_address.clone(),
            events: core::mem::take(&mut self.events),
            unfollowed: core::mem::take(&mut self.unfollowed),
        };
        (State::Over, Effect::Done(discovery))
    }
}

/// Whether an event says that the card is gone.
fn is_gone(event: &Event) -> bool {
    matches!(event, Event::Lost(_) | Event::Unopened(_))
}

/// Whether a text may be dialled: a host name or an IP address, with or without a port. It comes from a server and
/// becomes a part of a URL.
fn is_address(text: &str) -> bool {
    let is_part = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_part)
}

fn card(payload: Vec<u8>) -> Effect<Discovery> {
    Effect::Card(Es10::new(payload))
}
