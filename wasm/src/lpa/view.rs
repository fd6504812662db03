//! What a page is told of a real card, and what it answers.

use esim_lpa::lui::{Preview, Told};
use esim_lpa::manage::ChipInfo;
use esim_lpa::notify::Notification;
use esim_lpa::{Answer, Lang, Metadata, Notified, Outcome, Profile, Progress, Question};
use esim_rsp::common::NotificationEvent;
use esim_rsp::trace::Record;
use esim_world::Words;
use serde::{Deserialize, Serialize};

/// The same text in both languages.
pub fn both(text: impl Fn(Lang) -> String) -> Words {
    Words::new(text(Lang::En), text(Lang::Ja))
}

/// What an eUICC tells of itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct CardInfo {
    /// 32 digits.
    eid: String,
    /// AID of the ISD-R that answered, in hexadecimal digits.
    isdr_aid: String,
    /// `GSMA`, a brand, or `custom`.
    isdr_variant: String,
    /// Of SGP.22 that it keeps to.
    svn: String,
    firmware: String,
    /// Free memory for profiles in octets.
    #[serde(skip_serializing_if = "Option::is_none")]
    free_memory: Option<u32>,
    /// Key identifiers of the CIs whose servers it can verify, in hexadecimal digits.
    ci_keys: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_smdp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    root_smds: Option<String>,
}

impl CardInfo {
    pub fn of(chip: ChipInfo) -> Self {
        let (default_smdp, root_smds) =
            chip.addresses.map(|it| (it.default_smdp, Some(it.root_smds))).unwrap_or_default();
        Self {
            eid: chip.eid,
            isdr_aid: chip.isdr_aid,
            isdr_variant: chip.isdr_variant,
            svn: chip.info.svn,
            firmware: chip.info.firmware,
            free_memory: chip.info.resources.free_non_volatile,
            ci_keys: chip.info.ci_keys_for_verification,
            default_smdp,
            root_smds,
        }
    }
}

/// What an operator says of a profile.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct ProfileFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    iccid: Option<String>,
    service_provider_name: String,
    profile_name: String,
    /// `test`, `provisioning` or `operational`.
    class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    icon: Option<IconFile>,
    /// It cannot be disabled (PPR1).
    cannot_disable: bool,
    /// It cannot be deleted (PPR2).
    cannot_delete: bool,
}

/// A picture.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct IconFile {
    /// `image/jpeg` or `image/png`.
    media_type: String,
    /// Base64.
    #[cfg_attr(test, ts(type = "string"))]
    data: esim_rsp::json::Base64,
}

impl ProfileFacts {
    fn of(metadata: &Metadata) -> Self {
        let icon = metadata.icon.clone();
        Self {
            iccid: metadata.iccid.map(|iccid| iccid.to_string()),
            service_provider_name: metadata.service_provider_name.clone().unwrap_or_default(),
            profile_name: metadata.profile_name.clone().unwrap_or_default(),
            class: metadata.class.clone().unwrap_or_default(),
            icon: icon.map(|icon| IconFile { media_type: icon.media_type, data: icon.data }),
            cannot_disable: metadata.policy.cannot_disable,
            cannot_delete: metadata.policy.cannot_delete,
        }
    }
}

/// A profile on a card.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct CardProfile {
    facts: ProfileFacts,
    isdp_aid: String,
    enabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
}

impl CardProfile {
    pub fn of(profile: &Profile) -> Self {
        Self {
            facts: ProfileFacts::of(&profile.metadata),
            isdp_aid: hex::encode(&profile.isdp_aid),
            enabled: profile.enabled,
            nickname: profile.nickname.clone(),
        }
    }
}

/// How a download ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct CardOutcome {
    /// Whether the profile is on the card.
    good: bool,
    /// What has happened, why, and what to do.
    outcome: Words,
    /// The same for the owner of a phone, where the profile is not on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    told: Option<CardTold>,
    /// What was offered, if it came so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<ProfileFacts>,
    /// What `resume` goes on with, where the download was cut off; there is no confirmation code in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    unfinished: Option<String>,
}

impl CardOutcome {
    pub fn of(outcome: &Outcome, unfinished: Option<String>) -> Self {
        Self {
            good: outcome.is_installed(),
            outcome: both(|lang| outcome.text(lang)),
            told: CardTold::of(|lang| outcome.ending.told(lang)),
            profile: outcome.profile.as_ref().map(ProfileFacts::of),
            unfinished,
        }
    }
}

/// A failure as the owner of a phone is told of it (docs/FAILURES.md).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CardTold {
    /// What happened.
    what: Words,
    /// Why; empty where what happened says it.
    why: Words,
    /// What to do.
    remedy: Words,
    /// To be quoted to whoever helps.
    code: String,
    /// For whoever knows the standard.
    details: Vec<String>,
}

impl CardTold {
    /// In both languages; none where there is nothing to tell.
    pub fn of(told: impl Fn(Lang) -> Option<Told>) -> Option<Self> {
        let (en, ja) = (told(Lang::En)?, told(Lang::Ja)?);
        Some(Self {
            what: Words::new(en.what, ja.what),
            why: Words::new(en.why, ja.why),
            remedy: Words::new(en.remedy, ja.remedy),
            code: en.code,
            details: en.details,
        })
    }
}

/// What waits on a card to be told to a server.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub struct CardNotification {
    sequence_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, ts(optional, type = "\"install\" | \"enable\" | \"disable\" | \"delete\""))]
    event: Option<NotificationEvent>,
    /// Who is to hear of it.
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    iccid: Option<String>,
}

impl CardNotification {
    pub fn of(it: &Notification) -> Self {
        Self {
            sequence_number: it.sequence_number,
            event: it.event,
            address: it.address.clone(),
            iccid: it.iccid.map(|iccid| iccid.to_string()),
        }
    }
}

/// What became of notifications.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Delivered {
    /// Numbers of those that were.
    sent: Vec<u32>,
    /// Those that wait still.
    kept: Vec<CardNotification>,
    /// Why; empty where none waits.
    text: Words,
}

impl Delivered {
    pub fn of(notified: &Notified) -> Self {
        Self {
            sent: notified.sent.iter().map(|it| it.notification.sequence_number).collect(),
            kept: notified.kept.iter().map(|it| CardNotification::of(&it.notification)).collect(),
            text: both(|lang| notified.text(lang)),
        }
    }
}

/// What the user is asked.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS), ts(optional_fields))]
pub enum CardQuestion {
    /// Shall this profile be installed?
    Consent {
        text: Words,
        smdp_address: String,
        profile: ProfileFacts,
        /// The user must agree to the policy rules in so many words (SGP.22 2.9.2.1).
        strong: bool,
        /// Octets.
        #[serde(skip_serializing_if = "Option::is_none")]
        free_memory: Option<u32>,
        /// What the server says that it takes, in octets; most do not say.
        #[serde(skip_serializing_if = "Option::is_none")]
        estimated_size: Option<u32>,
        /// What stands against it, the gravest first.
        concerns: Vec<Words>,
        /// Whether it can be installed at all, as far as anybody can tell.
        installable: bool,
    },
    /// The confirmation code that the operator has given.
    ConfirmationCode { text: Words, service_provider_name: String, profile_name: String },
}

impl CardQuestion {
    pub fn of(question: &Question) -> Self {
        let text = both(|lang| question.text(lang));
        match question {
            Question::Consent(consent) => {
                let preview = Preview::of(consent);
                let concerns = preview.concerns.iter();
                Self::Consent {
                    text,
                    smdp_address: preview.smdp_address,
                    profile: ProfileFacts::of(&preview.profile),
                    strong: consent.strong,
                    free_memory: preview.memory.free,
                    estimated_size: preview.memory.estimated,
                    concerns: concerns.map(|it| both(|lang| it.text(lang).to_string())).collect(),
                    installable: preview.installable,
                }
            }
            Question::ConfirmationCode(wanted) => Self::ConfirmationCode {
                text,
                service_provider_name: wanted.service_provider_name.clone(),
                profile_name: wanted.profile_name.clone(),
            },
        }
    }
}

/// What the user says.
#[derive(Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum CardAnswer {
    /// Yes.
    Accept,
    /// No, and never: the order is over.
    Reject,
    /// Not now; the order waits.
    Postpone,
    /// Nothing, for too long; the order waits.
    Timeout,
    /// As the user typed it.
    ConfirmationCode(String),
}

impl From<CardAnswer> for Answer {
    fn from(answer: CardAnswer) -> Self {
        match answer {
            CardAnswer::Accept => Self::Accept,
            CardAnswer::Reject => Self::Reject,
            CardAnswer::Postpone => Self::Postpone,
            CardAnswer::Timeout => Self::Timeout,
            CardAnswer::ConfirmationCode(code) => Self::ConfirmationCode(code),
        }
    }
}

/// How far a download has come.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct CardProgress<'a> {
    /// 0 to 100.
    percent: u8,
    /// What is going on.
    phase: Words,
    /// Of `total`: octets of the package while it is loaded, steps elsewhere.
    done: u32,
    total: u32,
    /// Since the channel was opened; it moves while nothing else does.
    apdus: u32,
    /// What was said since the last time.
    records: &'a [Record],
}

impl<'a> CardProgress<'a> {
    pub fn of(progress: &Progress, records: &'a [Record]) -> Self {
        Self {
            percent: progress.percent(),
            phase: both(|lang| progress.phase.text(lang).to_string()),
            done: progress.done,
            total: progress.total,
            apdus: progress.apdus,
            records,
        }
    }
}
