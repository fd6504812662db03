//! The states of a download, named by what is awaited; each holds only what
//! the steps after it need.

use super::answer::{card_data, executed};
use super::outcome::{Cancelled, Ending, Outcome};
use super::params::DownloadParams;
use crate::code::Code;
use crate::effect::{Effect, Es10, Event, HttpCall, Machine, Phase, Progress};
use crate::notify::{Notify, NotifyParams};
use crate::profile::Metadata;
use alloc::boxed::Box;
use alloc::vec::Vec;
use esim_rsp::check::Checks;
use esim_rsp::es9p::{AuthenticateClientOk, CancelSessionEs9Request};
use esim_rsp::es10b::{CancelSessionReason, CancelSessionRequest, CancelSessionResponse};
use esim_rsp::json::Base64;
use esim_rsp::{TransactionId, es10, json_binding};
use serde::{Deserialize, Serialize};

/// The next state and what to do meanwhile.
pub(super) type Turn = (State, Effect<Outcome>);
/// A turn, or how the download ends instead.
pub(super) type Advance = Result<Turn, Box<Ending>>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state")]
pub(super) enum State {
    Begin,
    ExpectInfo1,
    ExpectInfo2 { info1: Base64 },
    ExpectChallenge { info1: Base64, info2: Base64 },
    ExpectServerAuthentication { info2: Base64 },
    ExpectEuiccAuthentication { info2: Base64, transaction: TransactionId },
    ExpectOffer { info2: Base64, transaction: TransactionId },
    ExpectRat(Offered),
    ExpectProfiles { offered: Offered, rat: Base64 },
    ExpectConsent(Offered),
    ExpectConfirmationCode(Offered),
    ExpectPrepared(Offered),
    ExpectPackage(Offered),
    ExpectLoaded(Loading),
    ExpectCancelSigned(Cancelling),
    ExpectCancelled(Cancelling),
    Notifying { notify: Box<Notify>, outcome: Box<Outcome> },
    Over,
}

/// What the server offers, and in which session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Offered {
    pub transaction: TransactionId,
    pub info2: Base64,
    pub offer: AuthenticateClientOk,
}

/// A package on its way to the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Loading {
    pub transaction: TransactionId,
    pub metadata: Base64,
    /// As received.
    pub package: Base64,
    /// Where each segment starts, and after them where the last one ends.
    pub cuts: Vec<u32>,
    /// The segment that the card has been given last.
    pub at: usize,
}

/// A session that is being called off, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cancelling {
    pub transaction: TransactionId,
    pub outcome: Box<Outcome>,
    pub reason: u8,
    /// Whether the card may have a result of this very download to report.
    pub notify: bool,
}

impl State {
    /// Takes what happened; an ending after AuthenticateServer is cancelled first.
    pub fn on(self, params: &DownloadParams, event: Event, checks: Checks<'_>) -> Turn {
        let context = self.context();
        self.advance(params, event, checks).unwrap_or_else(|ending| finish(*ending, context, params))
    }

    fn advance(self, params: &DownloadParams, event: Event, checks: Checks<'_>) -> Advance {
        match self {
            Self::Begin => Ok(super::steps::begin()),
            Self::ExpectInfo1 => super::steps::info1(event),
            Self::ExpectInfo2 { info1 } => super::steps::info2(info1, event),
            Self::ExpectChallenge { info1, info2 } => super::steps::challenge(params, &info1, info2, event),
            Self::ExpectServerAuthentication { info2 } => {
                super::steps::server_authentication(params, info2, event, checks)
            }
            Self::ExpectEuiccAuthentication { info2, transaction } => {
                super::steps::euicc_authentication(params, info2, transaction, event)
            }
            Self::ExpectOffer { info2, transaction } => super::steps::offer(info2, transaction, event),
            Self::ExpectRat(offered) => super::steps::rat(offered, event),
            Self::ExpectProfiles { offered, rat } => {
                super::steps::profiles(params, offered, &rat, event, checks)
            }
            Self::ExpectConsent(offered) => super::steps::consent(params, offered, &event),
            Self::ExpectConfirmationCode(offered) => super::steps::confirmation_code(offered, &event),
            Self::ExpectPrepared(offered) => super::steps::prepared(params, offered, event),
            Self::ExpectPackage(offered) => super::steps::package(&offered, event, checks),
            Self::ExpectLoaded(loading) => super::steps::loaded(loading, event),
            Self::ExpectCancelSigned(cancelling) => Ok(cancelling.signed(params, event)),
            Self::ExpectCancelled(cancelling) => Ok(cancelling.cancelled(params, event)),
            Self::Notifying { notify, outcome } => Ok(notifying(notify, outcome, event)),
            // Unreachable through `Download::step`: nothing answers `Done`.
            Self::Over => Err(Box::new(Ending::malformed("", "the download is over"))),
        }
    }

    /// The session to cancel and the profile offered, from this state on.
    fn context(&self) -> Context {
        let (transaction, metadata, loading) = match self {
            Self::ExpectOffer { transaction, .. } => (Some(transaction), None, false),
            Self::ExpectRat(offered)
            | Self::ExpectProfiles { offered, .. }
            | Self::ExpectConsent(offered)
            | Self::ExpectConfirmationCode(offered)
            | Self::ExpectPrepared(offered)
            | Self::ExpectPackage(offered) => {
                (Some(&offered.transaction), Some(&offered.offer.profile_metadata), false)
            }
            Self::ExpectLoaded(loading) => (Some(&loading.transaction), Some(&loading.metadata), true),
            _ => (None, None, false),
        };
        let profile = metadata.and_then(|raw| esim_rsp::decode(&raw.0).ok());
        Context { transaction: transaction.cloned(), profile: profile.as_ref().map(Metadata::from), loading }
    }

    /// The session whose package the card is being given, and its profile.
    pub fn loading(&self) -> Option<(TransactionId, Option<Metadata>)> {
        matches!(self, Self::ExpectLoaded(_))
            .then(|| self.context())
            .and_then(|context| Some((context.transaction?, context.profile)))
    }

    /// How it ended, where only notifications are left.
    pub fn settled(&self) -> Option<&Outcome> {
        match self {
            Self::Notifying { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// How it ended, where the session is being called off.
    pub fn cancelling(&self) -> Option<&Outcome> {
        match self {
            Self::ExpectCancelSigned(cancelling) | Self::ExpectCancelled(cancelling) => {
                Some(&cancelling.outcome)
            }
            _ => None,
        }
    }

    /// The profile that is offered.
    pub fn profile(&self) -> Option<Metadata> {
        self.context().profile
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Begin => "Begin",
            Self::ExpectInfo1 => "ExpectInfo1",
            Self::ExpectInfo2 { .. } => "ExpectInfo2",
            Self::ExpectChallenge { .. } => "ExpectChallenge",
            Self::ExpectServerAuthentication { .. } => "ExpectServerAuthentication",
            Self::ExpectEuiccAuthentication { .. } => "ExpectEuiccAuthentication",
            Self::ExpectOffer { .. } => "ExpectOffer",
            Self::ExpectRat(_) => "ExpectRat",
            Self::ExpectProfiles { .. } => "ExpectProfiles",
            Self::ExpectConsent(_) => "ExpectConsent",
            Self::ExpectConfirmationCode(_) => "ExpectConfirmationCode",
            Self::ExpectPrepared(_) => "ExpectPrepared",
            Self::ExpectPackage(_) => "ExpectPackage",
            Self::ExpectLoaded(_) => "ExpectLoaded",
            Self::ExpectCancelSigned(_) => "ExpectCancelSigned",
            Self::ExpectCancelled(_) => "ExpectCancelled",
            Self::Notifying { .. } => "Notifying",
            Self::Over => "Over",
        }
    }

    pub fn progress(&self) -> Progress {
        let (phase, done, total) = match self {
            Self::Begin => (Phase::Authenticating, 0, 6),
            Self::ExpectInfo1 => (Phase::Authenticating, 0, 6),
            Self::ExpectInfo2 { .. } => (Phase::Authenticating, 1, 6),
            Self::ExpectChallenge { .. } => (Phase::Authenticating, 2, 6),
            Self::ExpectServerAuthentication { .. } => (Phase::Authenticating, 3, 6),
            Self::ExpectEuiccAuthentication { .. } => (Phase::Authenticating, 4, 6),
            Self::ExpectOffer { .. } => (Phase::Authenticating, 5, 6),
            Self::ExpectRat(_) => (Phase::Consent, 0, 4),
            Self::ExpectProfiles { .. } => (Phase::Consent, 1, 4),
            Self::ExpectConsent(_) => (Phase::Consent, 2, 4),
            Self::ExpectConfirmationCode(_) => (Phase::Consent, 3, 4),
            Self::ExpectPrepared(_) => (Phase::Preparing, 0, 2),
            Self::ExpectPackage(_) => (Phase::Preparing, 1, 2),
            Self::ExpectLoaded(loading) => return loading.progress(),
            Self::ExpectCancelSigned(_) => (Phase::Cancelling, 0, 2),
            Self::ExpectCancelled(_) => (Phase::Cancelling, 1, 2),
            Self::Notifying { notify, .. } => return notify.progress(),
            Self::Over => (Phase::Done, 1, 1),
        };
        Progress::new(phase, done, total)
    }
}

impl Loading {
    /// Segment `at`, if there is one.
    pub fn segment(&self, at: usize) -> Option<&[u8]> {
        let cut = |i: usize| self.cuts.get(i).map(|cut| *cut as usize);
        self.package.0.get(cut(at)?..cut(at + 1)?)
    }

    fn progress(&self) -> Progress {
        let done = self.cuts.get(self.at).map_or(0, |cut| *cut as usize);
        Progress::new(Phase::Loading, done, self.package.0.len())
    }
}

struct Context {
    transaction: Option<TransactionId>,
    profile: Option<Metadata>,
    loading: bool,
}

fn finish(ending: Ending, context: Context, params: &DownloadParams) -> Turn {
    let cancel = ending.cancel_reason().zip(context.transaction);
    let settled = matches!(ending, Ending::Installed(_) | Ending::NotInstalled(_));
    let outcome =
        Box::new(Outcome { ending, profile: context.profile, cancelled: None, notifications: None });
    match cancel {
        Some((reason, transaction)) => {
            let request = CancelSessionRequest { transaction_id: transaction.clone(), reason };
            let notify = context.loading;
            let cancelling = Cancelling { transaction, outcome, reason: reason.0, notify };
            (State::ExpectCancelSigned(cancelling), card(esim_rsp::encode(&request)))
        }
        None if settled => notify(outcome, params),
        None => done(*outcome),
    }
}

impl Cancelling {
    fn signed(mut self, params: &DownloadParams, event: Event) -> Turn {
        let reason = CancelSessionReason(self.reason);
        let reason = Code::new(reason.0, reason.name());
        let response = card_data(event, es10::Function::CancelSession);
        let gone = matches!(response.as_ref().map_err(|ending| &**ending), Err(Ending::Lost(_)));
        let raw = response.ok().filter(|raw| {
            matches!(esim_rsp::decode(raw), Ok(CancelSessionResponse::CancelSessionResponseOk(_)))
        });
        self.outcome.cancelled = Some(Cancelled { reason, by_card: raw.is_some(), by_server: false });
        match raw {
            Some(raw) => {
                let request = CancelSessionEs9Request {
                    transaction_id: self.transaction.clone(),
                    cancel_session_response: Base64(raw),
                };
                let call = HttpCall::es9(&params.smdp_address, &request);
                (State::ExpectCancelled(self), Effect::Http(call))
            }
            None if gone => done(*self.outcome),
            None => self.end(params),
        }
    }

    fn cancelled(mut self, params: &DownloadParams, event: Event) -> Turn {
        let answer = executed(event, json_binding::Function::CancelSession);
        if let Some(cancelled) = &mut self.outcome.cancelled {
            cancelled.by_server = answer.is_ok();
        }
        self.end(params)
    }

    fn end(self, params: &DownloadParams) -> Turn {
        if self.notify { notify(self.outcome, params) } else { done(*self.outcome) }
    }
}

fn notify(outcome: Box<Outcome>, params: &DownloadParams) -> Turn {
    if !params.notify {
        return done(*outcome);
    }
    let dialled = Some(params.smdp_address.clone());
    let notify = Notify::new(NotifyParams { dialled, ..NotifyParams::default() });
    notifying(Box::new(notify), outcome, Event::Start)
}

fn notifying(mut notify: Box<Notify>, mut outcome: Box<Outcome>, event: Event) -> Turn {
    let effect = match notify.step(event) {
        Effect::Card(es10) => Effect::Card(es10),
        Effect::Http(call) => Effect::Http(call),
        Effect::Ask(question) => Effect::Ask(question),
        Effect::Wait(seconds) => Effect::Wait(seconds),
        Effect::Done(notified) => {
            outcome.notifications = Some(notified);
            return done(*outcome);
        }
    };
    (State::Notifying { notify, outcome }, effect)
}

fn done(outcome: Outcome) -> Turn {
    (State::Over, Effect::Done(outcome))
}

pub(super) fn card(payload: Vec<u8>) -> Effect<Outcome> {
    Effect::Card(Es10::new(payload))
}
