//! A download that outlasts a lost connection, a card without power and the end of its own process (SGP.22 3.1.3).
//!
//! What the standard lets the LPA do depends on where it was cut off:
//!
//! | cut off | what both sides still have | what is done |
//! |---|---|---|
//! | before or in InitiateAuthentication | the order | the call again, or a new session |
//! | AuthenticateClient without an answer | the order; the server's session is used up if it was asked | a new session with the same matchingId |
//! | GetBoundProfilePackage without an answer | both sessions; the package is bound to the eUICC's one-time key | the same call again, which the server answers with the same package (SGP.22 5.6.2) |
//! | the card was reset | no session (SGP.22 3.1.3); the order, bound to the EID; both keep the one-time key | a new session; smdpSigned2 names the key (bppEuiccOtpk), and the same binding serves |
//! | while the package was loaded | perhaps a profile | the eUICC is asked first whether it has a result of that session to report (SGP.22 3.5), or the profile |
//! | afterwards | the profile, and a notification of it on the eUICC | the notification is delivered |
//!
//! Nothing is cancelled for a lost connection: an order that was cancelled is over, one that was not can be fetched
//! again. Interruptions are borne a bounded number of times, with waits that grow; then the outcome says what was lost,
//! and [`Resumable::kept`] has what another process needs to go on.

mod kept;
mod recovery;

pub use kept::{Kept, KeptError};

use crate::download::{Download, DownloadParams, Ending, Outcome};
use crate::effect::{Effect, Es10, Event, Machine, Phase, Progress};
use crate::lui::{Answer, Consent, Question};
use crate::notify::{Notify, NotifyParams};
use crate::profile::Metadata;
use alloc::boxed::Box;
use alloc::vec::Vec;
use esim_rsp::check::Checks;
use esim_rsp::common::{NotificationEvent, NotificationEvents};
use esim_rsp::es10c::{GetEuiccDataRequest, GetEuiccDataResponse, ProfileInfoListRequest};
use esim_rsp::notification::{NotificationSearch, RetrieveNotificationsListRequest};
use esim_rsp::{Eid, OctetString, TransactionId, encode};
use recovery::Trouble;
use serde::{Deserialize, Serialize};

/// Interruptions that are borne before the outcome says what was lost, where nobody says otherwise.
const PATIENCE: u8 = 3;
/// Longest wait before another try, in seconds; the first one takes a second, each after it twice as long.
const LONGEST_WAIT: u32 = 30;

/// A download that is taken up again by itself. It serialises between any two steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resumable {
    params: DownloadParams,
    /// The card that it was begun with.
    eid: Option<Eid>,
    /// What the user has agreed to, and is not asked again.
    agreed: Option<Agreed>,
    /// Interruptions that are borne.
    patience: u8,
    /// Those that have been.
    borne: u8,
    stage: Stage,
    /// What was asked for last and has not been answered.
    pending: Option<Effect<Outcome>>,
}

/// A profile that the user has agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Agreed {
    profile: Metadata,
    strong: bool,
    already_installed: bool,
}

impl Agreed {
    fn covers(&self, asked: &Consent) -> bool {
        let as_strong = self.strong || !asked.strong;
        self.profile == asked.profile && as_strong && self.already_installed == asked.already_installed
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "camelCase")]
enum Stage {
    /// Begins, or goes on.
    Begin { then: Then },
    /// Which card is it?
    ExpectEid { then: Then },
    /// As [`Download`] does it.
    Downloading { download: Box<Download> },
    /// A little later.
    Waiting { then: Then },
    /// Has the card a result of that session to report?
    ExpectResults { loaded: Loaded },
    /// Has it the profile?
    ExpectProfiles { loaded: Loaded },
    /// What the card has to report is delivered.
    Delivering { notify: Box<Notify>, outcome: Box<Outcome> },
    /// Over; `then` is what another try would begin with, where one makes sense.
    Over { then: Option<Then> },
}

/// How it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "then", rename_all = "camelCase")]
enum Then {
    /// A new session for the same order.
    Anew,
    /// The same call once more, in the session that both sides still have.
    Repeat { download: Box<Download> },
    /// The card is asked whether it has installed the profile.
    Look { loaded: Loaded },
    /// The profile is there, and its SM-DP+ may not know yet.
    Deliver { outcome: Box<Outcome> },
}

/// A package that the card was given, whole or in part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Loaded {
    transaction: TransactionId,
    profile: Option<Box<Metadata>>,
}

impl Loaded {
    fn profile(&self) -> Option<Metadata> {
        self.profile.as_deref().cloned()
    }
}

impl Resumable {
    /// A download that has not begun.
    pub fn new(params: DownloadParams) -> Self {
        Self::that(params, None, None, Then::Anew)
    }

    fn that(params: DownloadParams, eid: Option<Eid>, agreed: Option<Agreed>, then: Then) -> Self {
        let stage = Stage::Begin { then };
        Self { params, eid, agreed, patience: PATIENCE, borne: 0, stage, pending: None }
    }

    /// Bears so many interruptions, in place of three.
    #[must_use]
    pub fn with_patience(mut self, interruptions: u8) -> Self {
        self.patience = interruptions;
        self
    }

    /// What it was asked to download.
    pub fn params(&self) -> &DownloadParams {
        &self.params
    }

    /// What is awaited, by the name of the state.
    pub fn state_name(&self) -> &'static str {
        match &self.stage {
            Stage::Begin { .. } => "Begin",
            Stage::ExpectEid { .. } => "ExpectEid",
            Stage::Downloading { download } => download.state_name(),
            Stage::Waiting { .. } => "Waiting",
            Stage::ExpectResults { .. } => "ExpectResults",
            Stage::ExpectProfiles { .. } => "ExpectProfiles",
            Stage::Delivering { .. } => "Delivering",
            Stage::Over { .. } => "Over",
        }
    }

    fn advance(&mut self, event: Event, checks: Checks<'_>) -> Effect<Outcome> {
        match core::mem::replace(&mut self.stage, Stage::Over { then: None }) {
            Stage::Begin { then } | Stage::Waiting { then } => self.go_on(then, checks),
            Stage::ExpectEid { then } => self.card_named(then, event, checks),
            Stage::Downloading { download } => self.downloading(download, event, checks),
            Stage::ExpectResults { loaded } => self.results(loaded, event),
            Stage::ExpectProfiles { loaded } => self.profiles(loaded, event, checks),
            Stage::Delivering { notify, outcome } => self.delivering(notify, outcome, event),
            // Unreachable through `step`: nothing answers `Done`.
            Stage::Over { .. } => self.over(Ending::malformed("", "the download is over"), None, None),
        }
    }

    /// A call is repeated as it was; for all else the card may have been taken out in between.
    fn go_on(&mut self, then: Then, checks: Checks<'_>) -> Effect<Outcome> {
        match then {
            Then::Repeat { mut download } => {
                let effect = download.step_with(Event::Start, checks);
                self.stage = Stage::Downloading { download };
                effect
            }
            then => {
                self.stage = Stage::ExpectEid { then };
                card(encode(&GetEuiccDataRequest { tag_list: OctetString::from_slice(&[0x5A]) }))
            }
        }
    }

    fn card_named(&mut self, then: Then, event: Event, checks: Checks<'_>) -> Effect<Outcome> {
        if let Some(trouble) = Trouble::of_card(&event, "GetEUICCData") {
            return self.interrupted(then, trouble.outcome(None));
        }
        // A card that does not tell cannot be compared; it will say itself what is wrong with it.
        let found = match &event {
            Event::Card(data) => esim_rsp::decode::<GetEuiccDataResponse>(data).ok(),
            _ => None,
        };
        let found = found.and_then(|response| Eid::try_from(&response.eid_value[..]).ok());
        match (self.eid, found) {
            (Some(expected), Some(found)) if expected != found => {
                let ending = Ending::OtherCard { expected, found };
                self.over(ending, None, Some(then))
            }
            (known, found) => {
                self.eid = known.or(found);
                self.with_card(then, event, checks)
            }
        }
    }

    fn with_card(&mut self, then: Then, event: Event, checks: Checks<'_>) -> Effect<Outcome> {
        match then {
            Then::Anew => {
                let download = Box::new(Download::new(self.params.clone()));
                if let Event::Unopened(_) = event {
                    // Whatever it asks first: there is no ISD-R to ask.
                    let mut download = download;
                    download.step(Event::Start);
                    return self.downloading(download, event, checks);
                }
                self.downloading(download, Event::Start, checks)
            }
            Then::Repeat { mut download } => {
                let effect = download.step_with(Event::Start, checks);
                self.stage = Stage::Downloading { download };
                effect
            }
            Then::Look { loaded } => {
                let installs = NotificationEvents::one(NotificationEvent::Install);
                let search_criteria = Some(NotificationSearch::ProfileManagementOperation(installs));
                self.stage = Stage::ExpectResults { loaded };
                card(encode(&RetrieveNotificationsListRequest { search_criteria }))
            }
            Then::Deliver { outcome } => self.deliver(outcome),
        }
    }

    fn downloading(
        &mut self,
        mut download: Box<Download>,
        event: Event,
        checks: Checks<'_>,
    ) -> Effect<Outcome> {
        if let Some((trouble, then)) = Trouble::of(&download, &event) {
            let outcome = trouble.outcome(download.profile());
            return self.interrupted(then, outcome);
        }
        self.remember(download.pending(), &event);
        let mut effect = download.step_with(event, checks);
        while let Effect::Ask(Question::Consent(consent)) = &effect
            && self.agreed.as_ref().is_some_and(|agreed| agreed.covers(consent))
        {
            effect = download.step_with(Event::Answer(Answer::Accept), checks);
        }
        match effect {
            Effect::Done(outcome) => self.ended(outcome),
            effect => {
                self.stage = Stage::Downloading { download };
                effect
            }
        }
    }

    /// What the user has said is not asked again, should a new session be needed.
    fn remember(&mut self, asked: Option<&Effect<Outcome>>, event: &Event) {
        match (asked, event) {
            (Some(Effect::Ask(Question::Consent(consent))), Event::Answer(Answer::Accept)) => {
                let Consent { profile, strong, already_installed, .. } = &**consent;
                let (profile, strong, already_installed) = (profile.clone(), *strong, *already_installed);
                self.agreed = Some(Agreed { profile, strong, already_installed });
            }
            (
                Some(Effect::Ask(Question::ConfirmationCode(_))),
                Event::Answer(Answer::ConfirmationCode(code)),
            ) => self.params.confirmation_code = Some(code.clone()),
            _ => {}
        }
    }

    /// A session has come to its end: is that the end of all?
    fn ended(&mut self, outcome: Outcome) -> Effect<Outcome> {
        if recovery::may_pass(&outcome) {
            return self.interrupted(Then::Anew, outcome);
        }
        let waits = outcome.notifications.as_ref().is_some_and(|notified| {
            let is_there_still = notified.sent.iter().any(|sent| !sent.removed);
            notified.problem.is_some() || !notified.kept.is_empty() || is_there_still
        });
        if outcome.is_installed() && waits && self.borne < self.patience {
            let then = Then::Deliver { outcome: Box::new(outcome.clone()) };
            return self.interrupted(then, outcome);
        }
        self.stage = Stage::Over { then: None };
        Effect::Done(outcome)
    }

    /// A little later again, or the end with what was lost.
    fn interrupted(&mut self, then: Then, outcome: Outcome) -> Effect<Outcome> {
        if self.borne >= self.patience {
            self.stage = Stage::Over { then: Some(then) };
            return Effect::Done(outcome);
        }
        let wait = 1u32.checked_shl(self.borne.into()).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT);
        self.borne += 1;
        self.stage = Stage::Waiting { then };
        Effect::Wait(wait)
    }

    /// A result of the session that was cut off is its result, whenever it is read.
    fn results(&mut self, loaded: Loaded, event: Event) -> Effect<Outcome> {
        if let Some(trouble) = Trouble::of_card(&event, "RetrieveNotificationsList") {
            let outcome = trouble.outcome(loaded.profile());
            return self.interrupted(Then::Look { loaded }, outcome);
        }
        if let Some(ending) = recovery::result_of(&loaded.transaction, &event) {
            return self.deliver(Box::new(Outcome {
                ending,
                profile: loaded.profile(),
                cancelled: None,
                notifications: None,
            }));
        }
        self.stage = Stage::ExpectProfiles { loaded };
        card(encode(&ProfileInfoListRequest::default()))
    }

    /// Somebody may have delivered the result, and removed it from the card.
    fn profiles(&mut self, loaded: Loaded, event: Event, checks: Checks<'_>) -> Effect<Outcome> {
        if let Some(trouble) = Trouble::of_card(&event, "GetProfilesInfo") {
            let outcome = trouble.outcome(loaded.profile());
            return self.interrupted(Then::Look { loaded }, outcome);
        }
        match recovery::installed_as(loaded.profile.as_deref(), &event) {
            Some(installed) => self.deliver(Box::new(Outcome {
                ending: Ending::Installed(installed),
                profile: loaded.profile(),
                cancelled: None,
                notifications: None,
            })),
            None => self.with_card(Then::Anew, Event::Start, checks),
        }
    }

    fn deliver(&mut self, outcome: Box<Outcome>) -> Effect<Outcome> {
        if !self.params.notify {
            return self.ended(*outcome);
        }
        let dialled = Some(self.params.smdp_address.clone());
        let notify = Box::new(Notify::new(NotifyParams { dialled, ..NotifyParams::default() }));
        self.delivering(notify, outcome, Event::Start)
    }

    fn delivering(
        &mut self,
        mut notify: Box<Notify>,
        mut outcome: Box<Outcome>,
        event: Event,
    ) -> Effect<Outcome> {
        let effect = match notify.step(event) {
            Effect::Card(es10) => Effect::Card(es10),
            Effect::Http(call) => Effect::Http(call),
            Effect::Ask(question) => Effect::Ask(question),
            Effect::Wait(seconds) => Effect::Wait(seconds),
            Effect::Done(notified) => {
                outcome.notifications = Some(notified);
                return self.ended(*outcome);
            }
        };
        self.stage = Stage::Delivering { notify, outcome };
        effect
    }

    fn over(&mut self, ending: Ending, profile: Option<Metadata>, then: Option<Then>) -> Effect<Outcome> {
        self.stage = Stage::Over { then };
        Effect::Done(Outcome { ending, profile, cancelled: None, notifications: None })
    }
}

impl Machine for Resumable {
    type Done = Outcome;

    fn step(&mut self, event: Event) -> Effect<Outcome> {
        self.step_with(event, Checks::default())
    }

    fn step_with(&mut self, event: Event, checks: Checks<'_>) -> Effect<Outcome> {
        let effect = match self.pending.take() {
            Some(pending) if !pending.is_answered_by(&event) => pending,
            _ => self.advance(event, checks),
        };
        self.pending = Some(effect.clone());
        effect
    }

    fn progress(&self) -> Progress {
        match &self.stage {
            Stage::Begin { .. } | Stage::ExpectEid { .. } => Progress::new(Phase::Authenticating, 0, 6),
            Stage::Downloading { download } => download.progress(),
            Stage::Waiting { .. } | Stage::ExpectResults { .. } | Stage::ExpectProfiles { .. } => {
                Progress::new(Phase::Recovering, self.borne.into(), self.patience.into())
            }
            Stage::Delivering { notify, .. } => notify.progress(),
            Stage::Over { .. } => Progress::new(Phase::Done, 1, 1),
        }
    }
}

fn card(payload: Vec<u8>) -> Effect<Outcome> {
    Effect::Card(Es10::new(payload))
}
