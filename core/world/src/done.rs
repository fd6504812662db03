//! What comes of an act, as data. Its words stand in [`crate::words`].

use crate::operator::{OrderError, Ordered, Wish};
use crate::radio::{Attempt, Outcome};
use crate::rules_file::RulesMistake;
use crate::words::Words;
use esim_lpa::{Ending, Lang, Question};
use esim_net::{ServiceState, ServiceView};
use serde::Serialize;

/// What has come of an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Done {
    /// The SM has taken the order.
    Ordered {
        /// ICCID, activation code, codes.
        order: Box<Ordered>,
        /// Of the subscriber.
        imsi: String,
    },
    /// It has not.
    NotOrdered {
        /// Subject and reason, `8.2.1/3.3`, if it said one.
        code: Option<String>,
        /// In a sentence.
        reason: String,
    },
    /// The card has the profile, disabled.
    Installed,
    /// It has not.
    NotInstalled(Box<NotInstalled>),
    /// The factory has loaded, enabled and reported a profile.
    Loaded {
        /// Notifications that were delivered.
        sent: usize,
    },
    /// It has not.
    NotLoaded {
        /// What came of the order or the download.
        installed: Box<Done>,
        /// Why it was not enabled, if that is it.
        not_enabled: Option<String>,
    },
    /// The download has begun, or gone on.
    Download(Box<Stage>),
    /// The LPA has deleted it.
    Deleted,
    /// The LPA has named it.
    Named,
    /// Profiles on the card.
    Listed {
        /// In the card's order.
        profiles: Vec<Listed>,
    },
    /// An order as the SM tells it.
    Order {
        /// State of the order (SGP.22 3.1.6).
        state: String,
        /// State of the profile on the card, as far as the card has told.
        on_card: Option<String>,
    },
    /// There is no provisioning profile, or a profile is enabled.
    NothingToFallBackTo,
    /// The LPA could not do it.
    NotDone {
        /// In a sentence.
        reason: String,
    },
    /// Notifications.
    Delivered {
        /// That the SM has taken.
        sent: usize,
        /// That the card keeps.
        kept: usize,
    },
    /// How the device stands with the network.
    Service(Box<Service>),
    /// What became of an attempt over the radio.
    Radio(Box<Attempt>),
    /// Wi-Fi is on, or off.
    Wifi {
        /// Which.
        on: bool,
    },
    /// The user has typed it.
    Typed,
    /// The rules are in force.
    RulesTaken {
        /// Whether the device has registered anew.
        attached: bool,
    },
    /// The rules are none; the old ones stay.
    RulesRefused {
        /// Line, from 1, if it has one.
        line: Option<usize>,
        /// For a person.
        reason: Words,
    },
    /// The key was changed.
    Changed,
    /// The sequence number was set.
    Set,
    /// A device is in hand.
    InHand {
        /// Which.
        device: usize,
        /// How it stands, where that is asked.
        service: Option<Box<Service>>,
    },
    /// A break point was met: nobody goes on.
    Stopped {
        /// The number of the message that has not arrived yet.
        message: u32,
    },
    /// It counts from now on.
    Armed,
    /// Everything goes through as it is again.
    Mended,
}

/// A profile on the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Listed {
    /// Digits.
    pub iccid: String,
    /// The operator's name.
    pub service_provider_name: String,
    /// Whether it is enabled.
    pub enabled: bool,
}

/// Why a profile is not on the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct NotInstalled {
    /// How the download ended.
    #[cfg_attr(feature = "ts", ts(type = "{ type: string } & Record<string, unknown>"))]
    pub ending: Ending,
    /// For a person.
    pub detail: Words,
}

/// How the device stands with the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Standing"))]
pub struct Service {
    /// What it shows.
    pub view: ServiceView,
    /// The same in a line, with the reason why there is no service.
    pub display: Words,
    /// Why the act has not come to service.
    pub reason: Option<Words>,
}

/// How far a download is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Download"))]
pub struct Stage {
    /// `authenticating`, …
    pub phase: String,
    /// 0 to 100.
    pub percent: u8,
    /// What the user is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub question: Option<Asked>,
    /// How it has ended, if it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub outcome: Option<Ended>,
}

/// A question of the LPA.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Question"))]
pub struct Asked {
    /// `consent` or `confirmationCode`.
    #[cfg_attr(feature = "ts", ts(type = "\"consent\" | \"confirmationCode\""))]
    pub kind: &'static str,
    /// In a few words.
    pub title: Words,
    /// The question.
    pub text: Words,
    /// Of the profile.
    pub service_provider_name: String,
    /// Of the profile.
    pub profile_name: String,
    /// Whether the user is to be asked with more emphasis than usual (policy rules).
    pub strong: bool,
}

/// The end of a download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "Outcome"))]
pub struct Ended {
    /// Whether the profile is on the card.
    pub ok: bool,
    /// In a few words.
    pub title: Words,
    /// In a few sentences.
    pub detail: Words,
}

/// In both languages.
pub(crate) fn both(text: impl Fn(Lang) -> String) -> Words {
    Words::new(text(Lang::En), text(Lang::Ja))
}

impl Asked {
    /// For a person.
    pub fn of(question: &Question) -> Self {
        let text = both(|lang| question.text(lang));
        match question {
            Question::Consent(consent) => Self {
                kind: "consent",
                title: Words::new("Install this profile?", "このプロファイルをインストールしますか?"),
                text,
                service_provider_name: consent.profile.service_provider_name.clone().unwrap_or_default(),
                profile_name: consent.profile.profile_name.clone().unwrap_or_default(),
                strong: consent.strong,
            },
            Question::ConfirmationCode(request) => Self {
                kind: "confirmationCode",
                title: Words::new("Confirmation code", "確認コード"),
                text,
                service_provider_name: request.service_provider_name.clone(),
                profile_name: request.profile_name.clone(),
                strong: false,
            },
        }
    }
}

impl Ended {
    /// For a person.
    pub fn of(outcome: &esim_lpa::Outcome) -> Self {
        Self {
            ok: outcome.is_installed(),
            title: match outcome.is_installed() {
                true => Words::new("Installed", "インストール完了"),
                false => Words::new("Not installed", "インストールできませんでした"),
            },
            detail: both(|lang| outcome.text(lang)),
        }
    }
}

impl Done {
    /// What an order came to.
    pub fn of_order(ordered: Result<(Ordered, Wish), OrderError>) -> Self {
        match ordered {
            Ok((order, wish)) => Self::Ordered { order: Box::new(order), imsi: wish.imsi },
            Err(error) => Self::NotOrdered {
                code: match &error {
                    OrderError::Refused { code, .. } => {
                        Some(format!("{}/{}", code.subject_code, code.reason_code))
                    }
                    OrderError::Lost { .. } => None,
                },
                reason: error.to_string(),
            },
        }
    }

    /// What a download came to.
    pub fn of_download(outcome: esim_lpa::Outcome) -> Self {
        if outcome.is_installed() {
            return Self::Installed;
        }
        let detail = both(|lang| outcome.text(lang));
        Self::NotInstalled(Box::new(NotInstalled { ending: outcome.ending, detail }))
    }

    /// Rules that are none.
    pub fn of_mistake(mistake: &RulesMistake) -> Self {
        Self::RulesRefused { line: mistake.line, reason: mistake.words() }
    }

    /// Whether it is what whoever acted wanted.
    pub fn is_good(&self) -> bool {
        match self {
            Self::NotOrdered { .. }
            | Self::NotInstalled(_)
            | Self::NotLoaded { .. }
            | Self::NothingToFallBackTo
            | Self::NotDone { .. }
            | Self::RulesRefused { .. } => false,
            Self::Delivered { kept, .. } => *kept == 0,
            Self::Download(stage) => stage.outcome.as_ref().is_none_or(|outcome| outcome.ok),
            Self::Radio(attempt) => attempt.is_granted(),
            Self::Service(service) => service.reason.is_none(),
            _ => true,
        }
    }

    /// Subject and reason with which an SM has refused, `8.2.1/3.3`.
    pub fn code(&self) -> Option<String> {
        match self {
            Self::NotOrdered { code, .. } => code.clone(),
            Self::NotInstalled(why) => match &why.ending {
                Ending::Refused(refusal) => refusal.code(),
                _ => None,
            },
            Self::NotLoaded { installed, .. } => installed.code(),
            _ => None,
        }
    }

    /// In a word.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Ordered { .. } => Verdict::Ordered,
            Self::NotOrdered { .. } => Verdict::NotOrdered,
            Self::Installed | Self::Loaded { .. } => Verdict::Installed,
            Self::NotInstalled(_) => Verdict::NotInstalled,
            Self::NotLoaded { installed, not_enabled } => match not_enabled {
                Some(_) => Verdict::NotInstalled,
                None => installed.verdict(),
            },
            Self::Download(stage) => match &stage.outcome {
                Some(outcome) if outcome.ok => Verdict::Installed,
                Some(_) => Verdict::NotInstalled,
                None => Verdict::Done,
            },
            Self::NothingToFallBackTo | Self::NotDone { .. } | Self::RulesRefused { .. } => Verdict::NotDone,
            Self::Delivered { .. } => Verdict::Delivered,
            Self::Service(service) => Verdict::Service(service.view.state),
            Self::Radio(attempt) => Verdict::Radio(attempt.outcome),
            Self::Deleted
            | Self::Named
            | Self::Listed { .. }
            | Self::Order { .. }
            | Self::Wifi { .. }
            | Self::Typed
            | Self::RulesTaken { .. }
            | Self::Changed
            | Self::Set
            | Self::InHand { .. }
            | Self::Armed
            | Self::Mended => Verdict::Done,
            Self::Stopped { .. } => Verdict::Stopped,
        }
    }
}

/// What an act comes to, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The SM has taken the order.
    Ordered,
    /// It has not.
    NotOrdered,
    /// The card has the profile, enabled where the act says so.
    Installed,
    /// It has not.
    NotInstalled,
    /// It is done.
    Done,
    /// It is not.
    NotDone,
    /// A break point was met.
    Stopped,
    /// So many notifications were delivered, and so many kept.
    Delivered,
    /// How the device stands with the network.
    Service(ServiceState),
    /// What became of an attempt over the radio.
    Radio(Outcome),
}
