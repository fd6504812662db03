//! The menu of one profile.

use super::{settle, waiting};
use crate::lpa::prompt::{choose, either, line};
use crate::lpa::show::failure;
use crate::lpa::{Options, Port};
use anyhow::Result;
use esim_lpa::driver::{self, Refresh};
use esim_lpa::{Profile, ProfileRef};

enum Wish {
    Switch,
    Rename,
    Delete,
    Details,
}

/// What can be done with a profile.
pub(super) async fn menu(port: &mut Port<'_>, all: &Options, profile: &Profile) -> Result<()> {
    let lang = all.lang;
    let switch = match profile.enabled {
        true => either(lang, "Switch off", "無効にする"),
        false => either(lang, "Switch on", "有効にする"),
    };
    let choices = [
        (switch, Wish::Switch),
        (either(lang, "Rename", "名前を変える"), Wish::Rename),
        (either(lang, "Details", "詳細"), Wish::Details),
        (either(lang, "Delete", "削除"), Wish::Delete),
    ];
    let choices = choices.into_iter().map(|(text, wish)| (text.to_string(), wish)).collect();
    match choose(lang, &profile.display_name(), choices)? {
        None => Ok(()),
        Some(Wish::Switch) => switch_it(port, all, profile).await,
        Some(Wish::Rename) => rename(port, all, profile).await,
        Some(Wish::Delete) => delete(port, all, profile).await,
        Some(Wish::Details) => {
            details(profile, lang);
            Ok(())
        }
    }
}

/// By its ICCID, or by its AID where the card tells no ICCID.
fn named(profile: &Profile) -> ProfileRef {
    profile.metadata.iccid.map_or_else(|| ProfileRef::Aid(profile.isdp_aid.clone()), ProfileRef::Iccid)
}

/// Switches a profile on that is off, and one off that is on.
pub(super) async fn switch_it(port: &mut Port<'_>, all: &Options, profile: &Profile) -> Result<()> {
    let before = waiting(port, all).await;
    let named = named(profile);
    let (changed, done) = match profile.enabled {
        true => (
            driver::disable_surely(port, &all.card, named, true).await,
            either(all.lang, "Switched off.", "無効にしました。"),
        ),
        false => (
            driver::enable_surely(port, &all.card, named, true).await,
            either(all.lang, "Switched on.", "有効にしました。"),
        ),
    };
    settle(port, all, before, changed, done).await
}

async fn rename(port: &mut Port<'_>, all: &Options, profile: &Profile) -> Result<()> {
    let lang = all.lang;
    let Some(iccid) = profile.metadata.iccid else { return Ok(()) };
    let help =
        either(lang, "empty: the operator's name again", "空欄にすると通信事業者が付けた名前に戻ります");
    let now = profile.nickname.as_deref().unwrap_or_default();
    let Some(name) = line(either(lang, "Name:", "名前:"), help, now)? else { return Ok(()) };
    // SGP.22 5.7.21: what a card keeps.
    if name.len() > 64 {
        say!("{}", either(lang, "✗ The name is too long.", "✗ 名前が長すぎます。"));
        return Ok(());
    }
    match driver::set_nickname(port, &all.card, iccid, &name).await {
        Ok(()) => say!("✓ {}", either(lang, "Renamed.", "名前を変えました。")),
        Err(error) => failure(&error.told(lang), lang),
    }
    Ok(())
}

async fn delete(port: &mut Port<'_>, all: &Options, profile: &Profile) -> Result<()> {
    let lang = all.lang;
    let named = named(profile);
    let digits = named.to_string();
    let last = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
    let question = match lang {
        esim_lpa::Lang::En => {
            format!(
                "It will be gone for good, and its code works once. Type its last four digits ({last}) to delete it:"
            )
        }
        esim_lpa::Lang::Ja => {
            format!(
                "完全に削除されます。同じコードで入れ直すことはできません。削除するには末尾4桁({last})を入力:"
            )
        }
    };
    if line(&question, "", "")?.is_none_or(|typed| typed != last) {
        say!("{}", either(lang, "Nothing was deleted.", "削除しませんでした。"));
        return Ok(());
    }
    let before = waiting(port, all).await;
    let deleted = driver::delete(port, &all.card, named).await.map(|()| Refresh::NotNeeded);
    settle(port, all, before, deleted, either(lang, "Deleted.", "削除しました。")).await
}

fn details(profile: &Profile, lang: esim_lpa::Lang) {
    let metadata = &profile.metadata;
    let rules = [
        (metadata.policy.cannot_disable, either(lang, "cannot be switched off", "無効にできません")),
        (metadata.policy.cannot_delete, either(lang, "cannot be deleted", "削除できません")),
    ];
    let rules: Vec<_> = rules.into_iter().filter(|(set, _)| *set).map(|(_, text)| text).collect();
    let rows = [
        (either(lang, "Name", "名前"), metadata.profile_name.clone()),
        (either(lang, "Operator", "通信事業者"), metadata.service_provider_name.clone()),
        ("ICCID", metadata.iccid.map(|iccid| iccid.to_string())),
        (either(lang, "Rules", "制限"), Some(rules.join(", ")).filter(|text| !text.is_empty())),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            say!("  {name}: {value}");
        }
    }
}
