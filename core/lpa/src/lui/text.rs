//! Sentences in English, and the choice of language.

use super::element::element;
use super::{Concern, Lang, Preview, Question, readable_size, text_ja};
use crate::discover::{Discovery, DiscoveryEnding, Unfollowed, Unfollowing};
use crate::download::{
    CardRefusal, Ending, InstallError, Misbehaviour, Outcome, Peer, ServerRefusal, UntrustedServer, quotable,
};
use crate::effect::Phase;
use crate::notify::Notified;
use crate::policy::Forbidden;
use crate::transport::CertificateFault;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

impl Question {
    /// The question as a person reads it.
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::En => question(self),
            Lang::Ja => text_ja::question(self),
        }
    }
}

impl Outcome {
    /// What happened, why, and what to do.
    pub fn text(&self, lang: Lang) -> String {
        let notified = self.notifications.as_ref().map(|notified| notified.text(lang)).unwrap_or_default();
        let join = if lang == Lang::En { " " } else { "" };
        let parts = [self.ending.text(lang), notified];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(join)
    }
}

impl Ending {
    /// What happened, why, and what to do.
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::En => ending(self),
            Lang::Ja => text_ja::ending(self),
        }
    }
}

impl Notified {
    /// What waits still; empty if nothing does.
    pub fn text(&self, lang: Lang) -> String {
        match (lang, &self.problem, self.kept.len()) {
            (_, None, 0) => String::new(),
            (Lang::En, Some(problem), _) => format!("The notifications could not be listed: {problem}."),
            (Lang::En, None, 1) => format!("One notification waits on the card: {}.", self.kept[0].why),
            (Lang::En, None, n) => {
                format!("{n} notifications wait on the card; the first: {}.", self.kept[0].why)
            }
            (Lang::Ja, Some(problem), _) => format!("通知の一覧を取得できませんでした({problem})。"),
            (Lang::Ja, None, n) => format!("未送信の通知が{n}件カードに残っています({})。", self.kept[0].why),
        }
    }
}

impl Discovery {
    /// What waits, or why nothing was found, and what to do.
    pub fn text(&self, lang: Lang) -> String {
        let (whole, join): (fn(&Self) -> String, _) = match lang {
            Lang::En => (discovery, " "),
            Lang::Ja => (text_ja::discovery, ""),
        };
        let unfollowed = self.unfollowed.iter().map(|it| it.text(lang));
        core::iter::once(whole(self)).chain(unfollowed).collect::<Vec<_>>().join(join)
    }
}

impl Unfollowed {
    /// Which event leads nowhere, why, and what to do.
    pub fn text(&self, lang: Lang) -> String {
        match lang {
            Lang::En => unfollowed(self),
            Lang::Ja => text_ja::unfollowed(self),
        }
    }
}

impl Phase {
    /// What is going on, for a progress bar.
    pub fn text(self, lang: Lang) -> &'static str {
        match (lang, self) {
            (Lang::En, Self::Authenticating) => "Card and server prove who they are",
            (Lang::En, Self::Discovering) => "Asking what waits for this card",
            (Lang::En, Self::Recovering) => "Something was lost; going on in a moment",
            (Lang::En, Self::Consent) => "Waiting for your answer",
            (Lang::En, Self::Preparing) => "The server prepares the profile for this card",
            (Lang::En, Self::Loading) => "Installing the profile",
            (Lang::En, Self::Cancelling) => "Cancelling",
            (Lang::En, Self::Notifying) => "Delivering notifications",
            (Lang::En, Self::Done) => "Done",
            (Lang::Ja, Self::Authenticating) => "カードとサーバーが相互に認証しています",
            (Lang::Ja, Self::Discovering) => "このカード宛てのプロファイルを確認しています",
            (Lang::Ja, Self::Recovering) => "中断しました。まもなく再開します",
            (Lang::Ja, Self::Consent) => "お客様の確認を待っています",
            (Lang::Ja, Self::Preparing) => "サーバーがこのカード用にプロファイルを準備しています",
            (Lang::Ja, Self::Loading) => "プロファイルをインストールしています",
            (Lang::Ja, Self::Cancelling) => "キャンセルしています",
            (Lang::Ja, Self::Notifying) => "通知を送信しています",
            (Lang::Ja, Self::Done) => "完了",
        }
    }
}

fn question(question: &Question) -> String {
    match question {
        Question::Consent(consent) => {
            let profile = &consent.profile;
            let name = profile.profile_name.as_deref().unwrap_or_default();
            let provider = profile.service_provider_name.as_deref().unwrap_or_default();
            let mut text = format!("Install the profile \"{name}\" of {provider}?");
            if profile.policy.cannot_disable {
                text.push_str(" Once enabled, it cannot be disabled (PPR1).");
            }
            if profile.policy.cannot_delete {
                text.push_str(" It cannot be deleted (PPR2).");
            }
            if consent.strong {
                text.push_str(" Confirm only if you accept these rules of the operator.");
            }
            if consent.already_installed {
                text.push_str(
                    " A profile with this ICCID is on the card already; installing it again will fail.",
                );
            }
            if let Some(free) = consent.free_memory {
                text.push_str(&format!(" Free memory on the card: {}.", readable_size(free.into())));
            }
            let told_already = [Concern::AlreadyInstalled, Concern::CannotDisable, Concern::CannotDelete];
            let preview = Preview::of(consent);
            let grave = preview.concerns.iter().filter(|it| it.is_fatal() && !told_already.contains(it));
            for concern in grave {
                text.push(' ');
                text.push_str(concern.text(Lang::En));
            }
            text
        }
        Question::ConfirmationCode(request) => format!(
            "{} demands a confirmation code for \"{}\". Enter the code that the operator has given you.",
            request.service_provider_name, request.profile_name
        ),
    }
}

fn ending(ending: &Ending) -> String {
    match ending {
        Ending::Installed(_) => "The profile is installed. It is not enabled yet.".into(),
        Ending::NotInstalled(error) => not_installed(error),
        Ending::Refused(refusal) => refused(refusal),
        Ending::CardRefused(CardRefusal { function, code, explanation }) => {
            sentence(&format!("The card refused {function} ({})", code.name), explanation)
        }
        Ending::Declined { reason } => match reason.name.as_str() {
            "postponed" => "You put the download off. The activation code stays valid.".into(),
            "timeout" => "Nobody answered in time. The activation code stays valid.".into(),
            _ => "You refused the profile. The operator has been told; the activation code may be used up.".into(),
        },
        Ending::PolicyForbids { why } => match why {
            Forbidden::Ppr1 => "This card does not allow the operator to forbid disabling (PPR1).".into(),
            Forbidden::Ppr2 => "This card does not allow the operator to forbid deleting (PPR2).".into(),
            Forbidden::Ppr1BesideAnother => {
                "The profile could not be disabled (PPR1), and another one is on the card. Delete that one first.".into()
            }
        },
        Ending::Misbehaved(what) => misbehaved(what),
        Ending::Lost(lost) => {
            let peer = if lost.peer == Peer::Card { "card" } else { "server" };
            format!(
                "The {peer} did not answer {} ({}). Start again with the same activation code.",
                lost.function, lost.detail
            )
        }
        Ending::Untrusted(server) => untrusted(server),
        Ending::OtherCard { expected, found } => format!(
            "This download was begun with the card {expected}, and this is the card {found}. Put the other card back to \
             go on; another card needs an activation code of its own."
        ),
        Ending::NoEuicc { error } => {
            let text = error.to_string();
            let mut letters = text.chars();
            letters.next().map(|first| first.to_uppercase().chain(letters).chain(['.']).collect()).unwrap_or_default()
        }
    }
}

/// What is wrong with the certificate, and who can mend it; repeating cannot help.
fn untrusted(server: &UntrustedServer) -> String {
    let (what, remedy) = match server.fault {
        CertificateFault::Expired => (
            "The server's TLS certificate has expired",
            "If the date and time of this device are right, the server needs a new certificate: tell the operator.",
        ),
        CertificateFault::NotYetValid => (
            "The server's TLS certificate is not valid yet",
            "Set the date and time of this device; if they are right, tell the operator.",
        ),
        CertificateFault::UnknownIssuer => (
            "The server's TLS certificate is of a certificate issuer that this card does not trust",
            "Ask the operator for an activation code of a server for this card: test cards and commercial servers do not go \
             together.",
        ),
        CertificateFault::WrongName => (
            "The server's TLS certificate is for another name than the address of the activation code",
            "Compare the address with what the operator gave you; if it is right, tell the operator, for somebody may be in \
             between.",
        ),
        CertificateFault::Unacceptable => (
            "The server's TLS certificate cannot be accepted",
            "The server needs another certificate: tell the operator.",
        ),
    };
    format!("{what} ({}). The download was ended; trying again does not help. {remedy}", server.detail)
}

fn not_installed(error: &InstallError) -> String {
    let cause = INSTALL_ERRORS.iter().find(|(value, _)| *value == error.reason.value);
    let cause = cause.map_or("The card could not install the profile.", |(_, cause)| cause);
    let element = error.sima_response.as_ref().map(element).unwrap_or_default();
    sentence(
        &format!("{} at {} ({})", cause.trim_end_matches('.'), error.bpp_command.name, error.reason.name),
        &element,
    )
}

/// Causes by errorReason (SGP.22 2.5.6).
const INSTALL_ERRORS: &[(u32, &str)] = &[
    (1, "The package has a value that is not allowed."),
    (2, "The server's signature of the package is wrong."),
    (3, "The package is of another session."),
    (4, "The package wants keys that the card does not support."),
    (5, "The package wants another operation than installing."),
    (6, "The card does not take this class of profile."),
    (7, "A segment of the package is malformed."),
    (8, "A segment of the package was altered on its way."),
    (9, "This profile is on the card already."),
    (10, "The card is full. Delete a profile and try again."),
    (11, "Loading was interrupted. Try again."),
    (12, "The card does not accept a part of the profile."),
    (13, "The profile's ICCID is not the one that was announced."),
    (14, "A test profile must not have a secret key."),
    (15, "The card does not allow the profile's policy rules."),
];

fn refused(refusal: &ServerRefusal) -> String {
    let function = &refusal.function;
    let text = match (refusal.code(), &refusal.cause, &refusal.remedy) {
        (Some(code), Some(cause), Some(remedy)) => format!("{cause} ({code}). {remedy}"),
        (Some(code), ..) => format!("The server refused {function} ({code})."),
        (None, ..) => format!(
            "The server refused {function} and gave no code for it (statusCodeData is missing, SGP.22 6.5.1.4). Whoever runs the server can tell why."
        ),
    };
    match refusal.own_words() {
        Some(words) => format!("{text} The server says: \"{words}\""),
        None => text,
    }
}

fn misbehaved(what: &Misbehaviour) -> String {
    match what {
        Misbehaviour::WrongServerAddress { dialled, signed } => {
            format!(
                "{dialled} says that it is {signed}. Use the address of the activation code; if it was that one, somebody is in between."
            )
        }
        Misbehaviour::WrongOid { expected, found } => format!(
            "The activation code is for the server {expected}, but this one is {}.",
            found.as_deref().unwrap_or("nameless")
        ),
        Misbehaviour::TransactionMismatch => "The server mixes two sessions up.".into(),
        Misbehaviour::MetadataMismatch => {
            "The server delivered another profile than it announced; it was not installed.".into()
        }
        Misbehaviour::Malformed { function, detail } => {
            format!("The answer to {function} cannot be read: {detail}.")
        }
        Misbehaviour::NoResult => "The card took the whole package and did not say how it went.".into(),
    }
}

fn discovery(discovery: &Discovery) -> String {
    let smds = discovery.smds_address.as_deref().map(quotable).unwrap_or_default();
    match &discovery.ending {
        DiscoveryEnding::Found => match discovery.events.len() {
            1 => "One profile waits for this card.".into(),
            n => format!("{n} profiles wait for this card."),
        },
        DiscoveryEnding::Nothing => format!(
            "Nothing waits for this card at {smds}. If a profile was ordered, ask the operator whether it was released for \
             the EID of this card, and at which SM-DS; an activation code works without one."
        ),
        DiscoveryEnding::NothingFollowed => {
            format!("{smds} tells of profiles for this card, but none can be fetched.")
        }
        DiscoveryEnding::NoSmds => {
            "This card names no SM-DS to ask. Give the address of one, or use an activation code.".into()
        }
        DiscoveryEnding::Failed { ending } => asking_failed(&smds, ending),
    }
}

/// Why a server could not be asked; there is no activation code that could be used again.
fn asking_failed(server: &str, why: &Ending) -> String {
    match why {
        Ending::Lost(lost) if lost.peer == Peer::Server => format!(
            "{server} did not answer {} ({}). Check the connection and try again; nothing was used up.",
            lost.function, lost.detail
        ),
        Ending::Lost(lost) => format!(
            "The card did not answer {} ({}). Check that it is in place and try again; nothing was used up.",
            lost.function, lost.detail
        ),
        other => format!("{server} could not be asked: {}", ending(other)),
    }
}

fn unfollowed(unfollowed: &Unfollowed) -> String {
    let event = &unfollowed.event;
    let (id, server) = (quotable(&event.event_id), quotable(&event.rsp_server_address));
    match &unfollowed.why {
        Unfollowing::NoAddress => format!(
            "Event {id} names \"{server}\", which is the address of no server; whoever runs {} can tell why.",
            quotable(&event.smds_address)
        ),
        Unfollowing::Loop => {
            format!("Event {id} leads in a circle, to {server}, which was asked already; tell the operator.")
        }
        Unfollowing::TooDeep => format!(
            "Event {id} leads from one SM-DS to the next without end; {server} was not asked. Tell the operator."
        ),
        Unfollowing::TooMany => format!(
            "Event {id} at {server} was not followed: too many wait at once. Fetch the others and look again."
        ),
        Unfollowing::Gone => format!(
            "Event {id} was forwarded to {server}, which does not know it any more; the profile was fetched or withdrawn."
        ),
        Unfollowing::Failed { ending } => format!("Event {id}: {}", asking_failed(&server, ending)),
    }
}

fn sentence(first: &str, second: &str) -> String {
    if second.is_empty() { format!("{first}.") } else { format!("{first}. {second}") }
}
