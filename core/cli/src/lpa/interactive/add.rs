//! Adding a profile: by its code, by a picture of it, or whatever waits.

use super::profile;
use crate::lpa::prompt::{agree, choose, either, line};
use crate::lpa::resume::{Fetched, ResumeFile};
use crate::lpa::show::failure;
use crate::lpa::{Options, Port, qr};
use anyhow::Result;
use esim_lpa::driver;
use esim_lpa::manage::GetAddresses;
use esim_lpa::{DiscoverParams, DownloadParams, Ending, Resumable};
use esim_rsp::activation_code::ActivationCode;
use std::path::Path;

enum Way {
    Code,
    Picture,
    Waiting,
    Default(String),
}

/// Where the profile comes from, and the profile.
pub(super) async fn menu(port: &mut Port<'_>, all: &Options) -> Result<()> {
    let lang = all.lang;
    let mut ways = vec![
        (either(lang, "Type or paste a code", "コードを入力する").to_string(), Way::Code),
        (either(lang, "Read a picture of a QR code", "QRコードの画像を読み取る").to_string(), Way::Picture),
        (
            either(lang, "Look whether one waits for this eSIM", "このeSIM宛てのプロファイルを探す")
                .to_string(),
            Way::Waiting,
        ),
    ];
    let addresses = driver::run(port, &all.card, &GetAddresses {}).await.map(|ran| ran.output);
    if let Some(address) = addresses.ok().and_then(|addresses| addresses.default_smdp) {
        let text = either(lang, format!("Ask {address}"), format!("{address}に問い合わせる"));
        ways.push((text, Way::Default(address)));
    }
    let question = either(lang, "Where does the profile come from?", "プロファイルの入手方法");
    match choose(lang, question, ways)? {
        None => Ok(()),
        Some(Way::Code) => by_code(port, all).await,
        Some(Way::Picture) => by_picture(port, all).await,
        Some(Way::Waiting) => by_events(port, all).await,
        Some(Way::Default(address)) => fetch_new(port, all, DownloadParams::at(&address)).await,
    }
}

/// Goes on with the download that was cut off.
pub(super) async fn go_on(port: &mut Port<'_>, all: &Options) -> Result<()> {
    match ResumeFile::of(None, &all.beside).read(all.lang)? {
        Some(kept) => fetch(port, all, kept.resume(None, false)).await,
        None => Ok(()),
    }
}

async fn by_code(port: &mut Port<'_>, all: &Options) -> Result<()> {
    let help = either(all.lang, "as your operator gave it: LPA:1$…", "通信事業者から渡されたもの: LPA:1$…");
    let Some(typed) = line(either(all.lang, "Code:", "コード:"), help, "")? else { return Ok(()) };
    match typed.parse::<ActivationCode>() {
        Ok(code) => fetch_new(port, all, DownloadParams::new(&code)).await,
        Err(error) => {
            let (what, details) = either(
                all.lang,
                ("This is not a code of a profile. Type it as your operator gave it.", "Details"),
                (
                    "プロファイルのコードではありません。通信事業者から渡されたとおりに入力してください。",
                    "詳細",
                ),
            );
            say!("✗ {what}");
            say!("  {details}: {error}");
            Ok(())
        }
    }
}

async fn by_picture(port: &mut Port<'_>, all: &Options) -> Result<()> {
    let help = either(all.lang, "PNG or JPEG", "PNGまたはJPEG");
    let Some(path) = line(either(all.lang, "File:", "ファイル:"), help, "")? else { return Ok(()) };
    match qr::read(Path::new(&path), all.lang) {
        Ok(code) => fetch_new(port, all, DownloadParams::new(&code)).await,
        Err(error) => {
            say!("✗ {error:#}");
            Ok(())
        }
    }
}

async fn by_events(port: &mut Port<'_>, all: &Options) -> Result<()> {
    let discovery = driver::discover(port, &all.card, DiscoverParams::default()).await;
    say!("{}", discovery.text(all.lang));
    for event in &discovery.events {
        let params = DownloadParams::of_event(&event.rsp_server_address, &event.event_id);
        fetch_new(port, all, params).await?;
    }
    Ok(())
}

async fn fetch_new(port: &mut Port<'_>, all: &Options, params: DownloadParams) -> Result<()> {
    let download = ResumeFile::of(None, &all.beside).begin(params, all.lang);
    fetch(port, all, download).await
}

async fn fetch(port: &mut Port<'_>, all: &Options, download: Resumable) -> Result<()> {
    let lang = all.lang;
    let file = ResumeFile::of(None, &all.beside);
    let Fetched { outcome, .. } = file.fetch(port, all, download.with_patience(3)).await?;
    let Ending::Installed(installed) = &outcome.ending else {
        if let Some(told) = outcome.ending.told(lang) {
            failure(&told, lang);
        }
        return Ok(());
    };
    say!("✓ {}", either(lang, "The profile is installed.", "プロファイルをインストールしました。"));
    if let Some(figures) = port.user.figures.text(lang) {
        say!("  {figures}");
    }
    if let Some(notified) =
        outcome.notifications.as_ref().map(|it| it.text(lang)).filter(|text| !text.is_empty())
    {
        say!("{notified}");
    }
    let question = either(lang, "Switch it on now?", "今すぐ有効にしますか?");
    if !agree(lang, question, either(lang, ("Yes", "Later"), ("はい", "後で")))? {
        return Ok(());
    }
    match driver::list(port, &all.card).await {
        Ok(profiles) => match profiles.iter().find(|profile| profile.isdp_aid == installed.isdp_aid) {
            Some(profile) => profile::switch_it(port, all, profile).await?,
            None => say!("✗ {}", either(lang, "It is not on the eSIM any more.", "すでにeSIMにありません。")),
        },
        Err(error) => failure(&error.told(lang), lang),
    }
    Ok(())
}
