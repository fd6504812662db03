//! What an interruption leaves behind, and so how a download goes on (SGP.22 3.1.3).

use super::{Loaded, Then};
use crate::apdu::OpenError;
use crate::code::Code;
use crate::download::{CardRefusal, Download, Ending, Installed, LostPeer, Outcome, Peer};
use crate::effect::{Effect, Event};
use crate::profile::Metadata;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use esim_rsp::es10::Function;
use esim_rsp::es10b::{AuthenticateErrorCode, DownloadErrorCode};
use esim_rsp::es10c::ProfileInfoListResponse;
use esim_rsp::notification::{ErrorReason, PendingNotification, RetrieveNotificationsListResponse};
use esim_rsp::{TransactionId, status};

/// Something that passes: a connection, power, a session that the card does not have any more.
pub(super) struct Trouble(Ending);

impl Trouble {
    /// What an answer to the download's pending effect interrupts, and how it goes on. None where the download itself
    /// knows what to do: a delivery that fails keeps what it has, and a card that is gone has nothing to cancel.
    pub fn of(download: &Download, event: &Event) -> Option<(Self, Then)> {
        if download.settled().is_some() {
            return None;
        }
        match download.pending()? {
            Effect::Http(call) => {
                let trouble = Self::of_server(event, &call.function)?;
                let same_call = download.clone();
                // The server may have used the session up; the same proof would be refused (8.10.1/3.9).
                let then = match download.state_name() {
                    "ExpectOffer" => Then::Anew,
                    _ => Then::Repeat { download: Box::new(same_call) },
                };
                Some((trouble, then))
            }
            Effect::Card(es10) if download.cancelling().is_none() => {
                let trouble = Self::of_card(event, &es10.function)?;
                let then = match download.loading() {
                    Some((transaction, profile)) => {
                        Then::Look { loaded: Loaded { transaction, profile: profile.map(Box::new) } }
                    }
                    None => Then::Anew,
                };
                Some((trouble, then))
            }
            _ => None,
        }
    }

    /// No answer, or one that says that the server cannot give one now.
    fn of_server(event: &Event, function: &str) -> Option<Self> {
        let detail = match event {
            Event::Lost(detail) => detail.clone(),
            Event::Http { status: status @ (408 | 429 | 500..=599), .. } => format!("HTTP status {status}"),
            _ => return None,
        };
        Some(Self::lost(Peer::Server, function, detail))
    }

    /// No answer, or one that says that the card was reset: its logical channel (6881) or its session (6985) is gone.
    pub fn of_card(event: &Event, function: &str) -> Option<Self> {
        match event {
            Event::Lost(detail) | Event::Unopened(OpenError::NoCard { detail }) => {
                Some(Self::lost(Peer::Card, function, detail.clone()))
            }
            Event::CardStatus(sw @ (0x6881 | 0x6985)) => {
                let function = Function::named(function)?;
                Some(Self(Ending::CardRefused(CardRefusal::status(function, *sw))))
            }
            _ => None,
        }
    }

    fn lost(peer: Peer, function: &str, detail: String) -> Self {
        Self(Ending::Lost(LostPeer { peer, function: function.into(), detail }))
    }

    /// The outcome, if nothing more is tried.
    pub fn outcome(self, profile: Option<Metadata>) -> Outcome {
        Outcome { ending: self.0, profile, cancelled: None, notifications: None }
    }
}

/// Whether a new session may do what this one could not: the card or the server did not have it any more, or loading
/// was interrupted, after which the SM-DP+ lets the same eUICC fetch the order again (SGP.22 3.1.6).
pub(super) fn may_pass(outcome: &Outcome) -> bool {
    match &outcome.ending {
        Ending::CardRefused(refusal) => {
            let no_session = [
                (Function::AuthenticateServer, AuthenticateErrorCode::noSessionContext.0),
                (Function::PrepareDownload, DownloadErrorCode::noSessionContext.0),
            ];
            no_session.iter().any(|(function, code)| {
                refusal.function == function.name() && refusal.code.value == u32::from(*code)
            }) && !refusal.code.is_status_word()
        }
        Ending::Refused(refusal) => {
            let code = status::Code::of(&refusal.subject, &refusal.reason);
            code == Some(esim_rsp::Code::TransactionIdUnknown)
        }
        Ending::NotInstalled(error) => {
            let interrupted = ErrorReason::installFailedDueToInterruption;
            error.reason == Code::new(interrupted.0, interrupted.name())
        }
        _ => false,
    }
}

/// The result that the card has to report of a session, if that is what it answers.
pub(super) fn result_of(transaction: &TransactionId, event: &Event) -> Option<Ending> {
    let Event::Card(data) = event else { return None };
    let RetrieveNotificationsListResponse::NotificationList(found) = esim_rsp::decode(data).ok()? else {
        return None;
    };
    found.iter().find_map(|notification| match notification.value() {
        PendingNotification::ProfileInstallationResult(result)
            if result.profile_installation_result_data.transaction_id == *transaction =>
        {
            Some(Ending::of_result(result))
        }
        _ => None,
    })
}

/// The profile, if the card lists it. The number of its notification is known no more, and neither are the elements.
pub(super) fn installed_as(profile: Option<&Metadata>, event: &Event) -> Option<Installed> {
    let iccid = profile?.iccid?;
    let Event::Card(data) = event else { return None };
    let ProfileInfoListResponse::ProfileInfoListOk(list) = esim_rsp::decode(data).ok()? else { return None };
    let found = list.iter().find(|listed| listed.iccid == Some(iccid))?;
    let isdp_aid = found.isdp_aid.as_ref().map(|aid| aid.to_vec()).unwrap_or_default();
    Some(Installed { iccid: Some(iccid), isdp_aid, sequence_number: 0, sima_response: None })
}
