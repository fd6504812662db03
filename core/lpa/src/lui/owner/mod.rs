//! Failures as the owner of a phone is told of them: what happened, why, what to do, and a code to quote; beneath them the
//! details for whoever is asked for help. No function, file or command is named outside the details.
//!
//! A terminal of engineers has [`Ending::text`], which names functions and codes in its sentence.

mod card;
mod kinds;
mod server;
mod words;

use crate::code::Code;
use crate::download::{CardRefusal, Ending, InstallError, ServerRefusal};
use crate::driver::Failure;
use crate::lui::{Lang, element};
use crate::manage::ManageError;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use esim_rsp::es10::Function;
use esim_rsp::status;
use kinds::{card_lost, forbidden, lost_peer, misbehaved, misbehaviour_details, no_euicc, untrusted};
use serde::{Deserialize, Serialize};
use words::{Both, ESIM_IS_TO_BLAME, RESTART, Words, pick};

/// What somebody is told of a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// What happened.
    pub what: String,
    /// Why; empty where what happened says it.
    pub why: String,
    /// What to do.
    pub remedy: String,
    /// To be quoted to whoever helps: `8.2.6/3.8`, `catBusy (5)`, `6985`, or the kind of failure, `serverLost`.
    pub code: String,
    /// For whoever knows the standard: functions, names, the peers' own words. A line each.
    pub details: Vec<String>,
}

impl Told {
    /// What happened, why and what to do, as one text without code and details.
    pub fn text(&self, lang: Lang) -> String {
        let join = if lang == Lang::En { " " } else { "" };
        let parts = [&self.what, &self.why, &self.remedy];
        parts.into_iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(join)
    }
}

/// The download as a whole; why says more.
pub(super) const NOT_DOWNLOADED: Both =
    ("The profile was not downloaded.", "プロファイルをダウンロードできませんでした。");

impl Ending {
    /// What its user is told of a download that ended like this; none of one that has succeeded.
    pub fn told(&self, lang: Lang) -> Option<Told> {
        let say = |both| pick(both, lang).to_string();
        let plain = |what: Both, words: Words, code: &str, details: Vec<String>| Told {
            what: say(what),
            why: say(words.why),
            remedy: say(words.remedy),
            code: code.into(),
            details,
        };
        Some(match self {
            Self::Installed(_) => return None,
            Self::NotInstalled(error) => not_installed(error, lang),
            Self::Refused(refusal) => refused(refusal, lang),
            Self::CardRefused(refusal) => card_refused(refusal, NOT_DOWNLOADED, lang),
            Self::Declined { reason } => declined(reason, lang),
            Self::PolicyForbids { why } => {
                let (words, code) = forbidden(*why);
                plain(NOT_DOWNLOADED, words, code, vec![format!("SGP.22 2.9.2, {code}")])
            }
            Self::Misbehaved(what) => {
                let (words, code) = misbehaved(what);
                plain(NOT_DOWNLOADED, words, code, misbehaviour_details(what))
            }
            Self::Lost(lost) => lost_peer(lost, lang),
            Self::Untrusted(server) => untrusted(server, lang),
            Self::NoEuicc { error } => no_euicc(error, lang),
            Self::OtherCard { expected, found } => plain(
                (
                    "This download was begun with another eSIM.",
                    "このダウンロードは別のeSIMで始めたものです。",
                ),
                Words {
                    why: ("", ""),
                    remedy: (
                        "Put the other card back to go on; this one needs a code of its own.",
                        "続けるには元のカードに戻してください。このeSIMには別のコードが必要です。",
                    ),
                },
                "otherCard",
                vec![format!("EID {expected}"), format!("EID {found}")],
            ),
        })
    }
}

impl Failure {
    /// What its user is told where a function of management came to nothing.
    pub fn told(&self, lang: Lang) -> Told {
        match self {
            Self::Open(error) => no_euicc(error, lang),
            Self::Lost(detail) => card_lost(vec![detail.clone()], lang),
            Self::Command(ManageError::Refused(refusal)) => {
                card_refused(refusal, not_done(&refusal.function), lang)
            }
            Self::Command(ManageError::Malformed { function, detail }) => Told {
                what: pick(not_done(function), lang).into(),
                why: pick(
                    ("The eSIM gave an answer that cannot be read.", "eSIMの応答を読み取れません。"),
                    lang,
                )
                .into(),
                remedy: pick(ESIM_IS_TO_BLAME, lang).into(),
                code: "cardUnreadable".into(),
                details: vec![format!("{function}: {detail}")],
            },
        }
    }
}

/// What has not been done, by the function that was asked for.
fn not_done(function: &str) -> Both {
    match Function::named(function) {
        Some(Function::EnableProfile) => {
            ("The profile was not switched on.", "プロファイルを有効にできませんでした。")
        }
        Some(Function::DisableProfile) => {
            ("The profile was not switched off.", "プロファイルを無効にできませんでした。")
        }
        Some(Function::DeleteProfile) => {
            ("The profile was not deleted.", "プロファイルを削除できませんでした。")
        }
        Some(Function::SetNickname) => {
            ("The profile keeps the name that it had.", "プロファイルの名前を変更できませんでした。")
        }
        Some(Function::EuiccMemoryReset) => ("Nothing was deleted.", "何も削除されていません。"),
        Some(Function::GetProfilesInfo) => {
            ("The profiles cannot be shown.", "プロファイルを表示できません。")
        }
        Some(Function::SetDefaultDpAddress) => {
            ("The address of the server was not changed.", "サーバーのアドレスを変更できませんでした。")
        }
        _ => ("The eSIM did not do what was asked.", "eSIMが要求された操作を行いませんでした。"),
    }
}

pub(super) fn not_installed(error: &InstallError, lang: Lang) -> Told {
    let Words { why, remedy } = card::installation(error.reason.value);
    let what = (
        "The profile was not installed; nothing of it is left on the eSIM.",
        "プロファイルをインストールできませんでした。eSIMには何も残っていません。",
    );
    let element = error.sima_response.as_ref().map(element::element).filter(|words| !words.is_empty());
    let place = format!("{}: {}", error.bpp_command.name, error.reason);
    Told {
        what: pick(what, lang).into(),
        why: pick(why, lang).into(),
        remedy: pick(remedy, lang).into(),
        code: error.reason.to_string(),
        details: [Some(place), element].into_iter().flatten().collect(),
    }
}

pub(super) fn refused(refusal: &ServerRefusal, lang: Lang) -> Told {
    let code = refusal.code();
    let known = status::Code::of(&refusal.subject, &refusal.reason);
    let unknown = if code.is_some() { server::OTHER } else { server::NO_CODE };
    let Words { why, remedy } = known.and_then(server::words).unwrap_or(unknown);
    let name = refusal.name.as_ref().map(|name| format!("{}: {name}", refusal.function));
    let own = refusal.message.as_ref().filter(|words| !words.is_empty()).map(|words| format!("\"{words}\""));
    Told {
        what: pick(NOT_DOWNLOADED, lang).into(),
        why: pick(why, lang).into(),
        remedy: pick(remedy, lang).into(),
        code: code.unwrap_or_else(|| "noCode".into()),
        details: [name.or_else(|| Some(refusal.function.clone())), own].into_iter().flatten().collect(),
    }
}

pub(super) fn card_refused(refusal: &CardRefusal, what: Both, lang: Lang) -> Told {
    let function = Function::named(&refusal.function);
    let unknown = Words {
        why: ("The eSIM refused and does not say why.", "eSIMが理由を示さずに拒否しました。"),
        remedy: RESTART,
    };
    let words = match u16::try_from(refusal.code.value) {
        Ok(sw) if refusal.code.is_status_word() => card::status_word(sw),
        _ => card::result(function, &refusal.code.name).unwrap_or(unknown),
    };
    let code = match refusal.code.is_status_word() {
        true => refusal.code.name.clone(),
        false => refusal.code.to_string(),
    };
    let explained = Some(refusal.explanation.clone()).filter(|words| !words.is_empty());
    Told {
        what: pick(what, lang).into(),
        why: pick(words.why, lang).into(),
        remedy: pick(words.remedy, lang).into(),
        details: [Some(format!("{}: {code}", refusal.function)), explained].into_iter().flatten().collect(),
        code,
    }
}

fn declined(reason: &Code, lang: Lang) -> Told {
    const STILL_GOOD: Both = ("The code is still good.", "コードはまだ使えます。");
    let (what, remedy) = match reason.name.as_str() {
        "postponed" => (("You put it off.", "ダウンロードを後回しにしました。"), STILL_GOOD),
        "timeout" => (("Nobody answered in time.", "時間内に応答がありませんでした。"), STILL_GOOD),
        _ => (
            (
                "You refused the profile, and your operator was told.",
                "プロファイルを拒否し、通信事業者に通知しました。",
            ),
            (
                "If you change your mind, ask your operator for a new code.",
                "必要になった場合は、通信事業者に新しいコードを依頼してください。",
            ),
        ),
    };
    Told {
        what: pick(what, lang).into(),
        why: String::new(),
        remedy: pick(remedy, lang).into(),
        code: reason.to_string(),
        details: vec![format!("CancelSession: {reason}")],
    }
}
