//! `esim-lab lpa` without a command: the eSIM in menus, for whoever owns the phone.

mod add;
mod place;
mod profile;

use super::prompt::{Interrupted, choose, either};
use super::resume::ResumeFile;
use super::show::failure;
use super::{Options, Port};
use anyhow::Result;
use esim_lpa::driver::{self, Failure, Refresh};
use esim_lpa::lui::readable_size;
use esim_lpa::manage::ChipInfo;
use esim_lpa::notify::Notification;
use esim_lpa::{Lang, NotifyParams, Profile};
pub(super) use place::{choose_card, choose_ci};
use std::process::ExitCode;

/// What the main menu offers.
enum Wish {
    Profile(Box<Profile>),
    Add,
    GoOn,
    Report,
    About,
    Leave,
}

/// Shows menus until their user leaves.
///
/// # Errors
/// If there is no terminal, or a file cannot be written.
pub(super) async fn run(port: &mut Port<'_>, all: &Options) -> Result<ExitCode> {
    port.user.by_menus();
    match menus(port, all).await {
        Err(error) if error.is::<Interrupted>() => Ok(ExitCode::SUCCESS),
        done => done,
    }
}

async fn menus(port: &mut Port<'_>, all: &Options) -> Result<ExitCode> {
    let lang = all.lang;
    let chip = match driver::chip_info(port, &all.card).await {
        Ok(chip) => chip,
        Err(error) => {
            failure(&error.told(lang), lang);
            return Ok(ExitCode::FAILURE);
        }
    };
    loop {
        let profiles = match driver::list(port, &all.card).await {
            Ok(profiles) => profiles,
            Err(error) => {
                failure(&error.told(lang), lang);
                return Ok(ExitCode::FAILURE);
            }
        };
        let waiting = waiting(port, all).await.map_or(0, |waiting| waiting.len());
        say!("");
        match choose(lang, &heading(&chip, lang), wishes(profiles, all, waiting)?)? {
            None | Some(Wish::Leave) => return Ok(ExitCode::SUCCESS),
            Some(Wish::Profile(profile)) => profile::menu(port, all, &profile).await?,
            Some(Wish::Add) => add::menu(port, all).await?,
            Some(Wish::GoOn) => add::go_on(port, all).await?,
            Some(Wish::Report) => report(port, all, None).await?,
            Some(Wish::About) => super::show::print_info(&chip, lang),
        }
    }
}

fn heading(chip: &ChipInfo, lang: Lang) -> String {
    let last = chip.eid.get(chip.eid.len().saturating_sub(4)..).unwrap_or_default();
    let free = chip.info.resources.free_non_volatile.map(|octets| readable_size(octets.into()));
    match (free, lang) {
        (Some(free), Lang::En) => format!("eSIM …{last}, {free} free"),
        (Some(free), Lang::Ja) => format!("eSIM …{last}(空き{free})"),
        (None, _) => format!("eSIM …{last}"),
    }
}

fn wishes(profiles: Vec<Profile>, all: &Options, waiting: usize) -> Result<Vec<(String, Wish)>> {
    let lang = all.lang;
    let mut wishes: Vec<_> = profiles
        .into_iter()
        .map(|profile| (shown(&profile, lang), Wish::Profile(Box::new(profile))))
        .collect();
    if ResumeFile::of(None, &all.beside).read(lang)?.is_some() {
        let text = either(lang, "Go on with the download that was cut off", "中断したダウンロードを続ける");
        wishes.push((text.into(), Wish::GoOn));
    }
    wishes.push((either(lang, "Add a profile", "プロファイルを追加").into(), Wish::Add));
    if waiting > 0 {
        let text = match lang {
            Lang::En => format!("Report to operators what has changed ({waiting})"),
            Lang::Ja => format!("通信事業者に変更を通知({waiting}件)"),
        };
        wishes.push((text, Wish::Report));
    }
    wishes.push((either(lang, "About this eSIM", "このeSIMについて").into(), Wish::About));
    wishes.push((either(lang, "Leave", "終了").into(), Wish::Leave));
    Ok(wishes)
}

/// A profile in a line: whether it is in use, its name, its operator.
fn shown(profile: &Profile, lang: Lang) -> String {
    let mark = if profile.enabled {
        either(lang, "● on ", "● 有効")
    } else {
        either(lang, "○ off", "○ 無効")
    };
    let operator = profile.metadata.service_provider_name.as_deref().unwrap_or_default();
    let name = profile.display_name();
    match operator.is_empty() || operator == name {
        true => format!("{mark}  {name}"),
        false => format!("{mark}  {name} — {operator}"),
    }
}

/// What waits to be reported; none if the card does not tell, which its user is told.
async fn waiting(port: &mut Port<'_>, all: &Options) -> Option<Vec<Notification>> {
    match driver::notifications(port, &all.card).await {
        Ok(waiting) => Some(waiting),
        Err(error) => {
            failure(&error.told(all.lang), all.lang);
            None
        }
    }
}

/// Delivers notifications, those of these numbers alone or all, and says what waits still.
async fn report(port: &mut Port<'_>, all: &Options, only: Option<Vec<u32>>) -> Result<()> {
    let lang = all.lang;
    let is_asked = only.is_none();
    let params = NotifyParams { only, tries: 1, ..NotifyParams::default() };
    let notified = driver::notify(port, &all.card, params).await;
    let rest = notified.text(lang);
    if is_asked && !notified.sent.is_empty() {
        say!("{} {rest}", either(lang, "✓ Reported.", "✓ 通知しました。"));
    } else if !rest.is_empty() {
        say!("{rest}");
    }
    Ok(())
}

/// What a change of profiles leaves to do: to start the card over, and to report. A failure is shown.
async fn settle(
    port: &mut Port<'_>,
    all: &Options,
    before: Option<Vec<Notification>>,
    changed: Result<Refresh, Failure>,
    done: &str,
) -> Result<()> {
    match changed {
        Err(error) => failure(&error.told(all.lang), all.lang),
        Ok(refresh) => {
            say!("✓ {done}");
            if refresh != Refresh::NotNeeded {
                port.slot.reset()?;
            }
            // Of what cannot be told from what waited before, nothing is sent unasked.
            if let Some(before) = before
                && let Some(after) = waiting(port, all).await
            {
                report(port, all, Some(driver::caused(&before, &after))).await?;
            }
        }
    }
    Ok(())
}
