//! What `--json` prints: one value with the version of its form, and a result or an error. docs/JSON.md describes it, and
//! docs/lpa-1.schema.json holds it.

use super::prompt::either;
use anyhow::{Result, anyhow};
use esim_lpa::driver::Failure;
use esim_lpa::lui::Told;
use esim_lpa::{Lang, Outcome};
use serde::Serialize;

/// The form. It changes when a reader of the one before would be misled: not where a member is added.
const VERSION: u32 = 1;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a, T: Serialize> {
    version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Failed>,
}

/// Why there is no result.
#[derive(Serialize)]
struct Failed {
    /// For an engineer, as standard error has it.
    text: String,
    /// For the owner of the phone, where it is the card that has failed.
    told: Option<Told>,
}

/// How a download ended, with what its user is told.
#[derive(Serialize)]
pub(super) struct Reported {
    #[serde(flatten)]
    pub outcome: Outcome,
    pub told: Option<Told>,
}

impl Reported {
    /// In the language of the user.
    pub fn new(outcome: &Outcome, lang: Lang) -> Self {
        Self { outcome: outcome.clone(), told: outcome.ending.told(lang) }
    }
}

/// Prints a result: as JSON for a program, else as `text` does.
///
/// # Errors
/// If it cannot be written as JSON.
pub(super) fn print<T: Serialize>(json: bool, value: &T, text: impl FnOnce()) -> Result<()> {
    if json {
        let answer = Answer { version: VERSION, result: Some(value), error: None };
        say!("{}", serde_json::to_string_pretty(&answer)?);
    } else {
        text();
    }
    Ok(())
}

/// An error as it is told: for a program as JSON on standard output besides, and what the card refuses in the user's
/// language.
pub(super) fn failed(error: anyhow::Error, json: bool, lang: Lang) -> anyhow::Error {
    let told = error.downcast_ref::<Failure>().map(|failure| failure.told(lang));
    let text = format!("{error:#}");
    let error = match (&told, lang) {
        (Some(told), Lang::Ja) => anyhow!("{}({}、{})", told.text(lang), told.code, told.details.join("、")),
        _ => error,
    };
    if json {
        let answer = Answer::<()> { version: VERSION, result: None, error: Some(Failed { text, told }) };
        say!("{}", serde_json::to_string_pretty(&answer).unwrap_or_default());
    }
    error
}

/// What was done to a profile.
///
/// # Errors
/// As for [`print`].
pub(super) fn done(json: bool, lang: Lang, what: Done, profile: Option<String>) -> Result<()> {
    let value = serde_json::json!({ "done": what, "profile": profile });
    print(json, &value, || match profile {
        Some(profile) => say!("{}: {profile}", what.text(lang)),
        None => say!("{}", what.text(lang)),
    })
}

/// Something that was done.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Done {
    Enabled,
    Disabled,
    Deleted,
    Named,
    Reset,
    Dropped,
    Saved,
}

impl Done {
    fn text(self, lang: Lang) -> &'static str {
        match self {
            Self::Enabled => either(lang, "enabled", "有効にしました"),
            Self::Disabled => either(lang, "disabled", "無効にしました"),
            Self::Deleted => either(lang, "deleted", "削除しました"),
            Self::Named => either(lang, "named", "名前を変えました"),
            Self::Reset => either(lang, "reset", "リセットしました"),
            Self::Dropped => either(lang, "dropped", "破棄しました"),
            Self::Saved => either(lang, "saved", "保存しました"),
        }
    }
}
