//! Downloads: of an activation code, of the default SM-DP+, and of what an SM-DS tells of.

use super::json::{Reported, print};
use super::resume::{Fetched, ResumeFile, how_to_go_on};
use super::terminal::nobody_to_ask;
use super::{Options, Port};
use anyhow::{Result, bail};
use esim_lpa::discover::DiscoveryEnding;
use esim_lpa::driver;
use esim_lpa::lui::Told;
use esim_lpa::manage::GetAddresses;
use esim_lpa::{Answer, DiscoverParams, Discovery, DownloadParams, Lang};
use esim_rsp::activation_code::ActivationCode;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What the user has said beforehand.
#[derive(clap::Args)]
pub(super) struct Beforehand {
    /// Agrees to the profile without asking.
    #[arg(long, short)]
    yes: bool,
    /// The confirmation code, if the operator wants one.
    #[arg(long)]
    confirmation_code: Option<String>,
    /// Where an unfinished download lies; beside the card's memory if absent.
    #[arg(long, value_name = "FILE")]
    resume_file: Option<PathBuf>,
    /// How many interruptions are borne before the download is put away for `lpa resume`.
    #[arg(long, value_name = "N", default_value_t = 3)]
    tries: u8,
}

impl Beforehand {
    fn file(&self, options: &Options) -> ResumeFile {
        ResumeFile::of(self.resume_file.clone(), &options.beside)
    }

    fn with(&self, mut params: DownloadParams) -> DownloadParams {
        params.auto_consent = self.yes;
        params.confirmation_code.clone_from(&self.confirmation_code);
        params
    }
}

/// Where the activation code is.
#[derive(clap::Args)]
pub(super) struct Source {
    /// `LPA:1$…`, in single quotes; without one, whatever waits for the card at its default SM-DP+.
    activation_code: Option<String>,
    /// A picture of its QR code (PNG, JPEG).
    #[arg(long, value_name = "PICTURE", conflicts_with = "activation_code")]
    qr: Option<PathBuf>,
}

impl Source {
    fn read(self, lang: Lang) -> Result<Option<ActivationCode>> {
        match (self.activation_code, self.qr) {
            (Some(code), _) => Ok(Some(code.parse()?)),
            (None, Some(picture)) => super::qr::read(&picture, lang).map(Some),
            (None, None) => Ok(None),
        }
    }
}

/// `lpa discover`.
#[derive(clap::Args)]
pub(super) struct Discover {
    /// SM-DS to ask in place of the card's root SM-DS: host name, with a port where it is not 443.
    #[arg(long, value_name = "ADDRESS")]
    smds: Option<String>,
    /// Shows what waits and fetches nothing.
    #[arg(long)]
    list: bool,
    /// Asks again and again for so many seconds, until something waits.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    wait: u32,
    /// Seconds between two questions.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    every: u32,
    #[command(flatten)]
    beforehand: Beforehand,
}

/// `lpa cancel`.
#[derive(clap::Args)]
pub(super) struct Cancel {
    /// `LPA:1$…`, in single quotes; without one, the download that was cut off.
    activation_code: Option<String>,
    /// What the SM-DP+ is told.
    #[arg(long, value_enum, default_value_t = Reason::EndUserRejection)]
    reason: Reason,
    /// Where an unfinished download lies; beside the card's memory if absent.
    #[arg(long, value_name = "FILE")]
    resume_file: Option<PathBuf>,
}

/// Reasons that are the user's to give (SGP.22 5.7.14, CancelSessionReason).
#[derive(Clone, Copy, clap::ValueEnum)]
enum Reason {
    /// Not wanted; the order is over.
    EndUserRejection,
    /// Not now; the order waits.
    Postponed,
    /// Nobody has answered; the order waits.
    Timeout,
}

/// Both sides are told by a session that is called off when it has come to the user (SGP.22 3.0.2): there is no other way.
pub(super) async fn cancel(port: &mut Port<'_>, options: &Options, args: Cancel) -> Result<ExitCode> {
    let file = ResumeFile::of(args.resume_file, &options.beside);
    let params = match args.activation_code {
        Some(code) => DownloadParams::new(&code.parse::<ActivationCode>()?),
        None => match file.read(options.lang)? {
            Some(kept) => kept.params,
            None => return Err(file.nothing(options.lang)),
        },
    };
    port.user.preset = Some(match args.reason {
        Reason::EndUserRejection => Answer::Reject,
        Reason::Postponed => Answer::Postpone,
        Reason::Timeout => Answer::Timeout,
    });
    let params = DownloadParams { auto_consent: false, confirmation_code: None, ..params };
    let outcome = driver::download(port, &options.card, params.clone()).await;
    let told = outcome.cancelled.as_ref().is_some_and(|cancelled| cancelled.by_server);
    if told && file.read(options.lang).ok().flatten().is_some_and(|kept| kept.is_of(&params)) {
        file.remove()?;
    }
    print(options.json, &Reported::new(&outcome, options.lang), || say!("{}", outcome.text(options.lang)))?;
    Ok(exit(told))
}

/// What was found, and what became of each profile.
#[derive(Serialize)]
struct Discovered {
    #[serde(flatten)]
    discovery: Discovery,
    downloads: Vec<Reported>,
    told: Option<Told>,
}

/// Whether all went well, as an exit code.
fn exit(good: bool) -> ExitCode {
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Downloads what an activation code names, or without one whatever waits at the card's default SM-DP+.
pub(super) async fn download(
    port: &mut Port<'_>,
    options: &Options,
    source: Source,
    beforehand: &Beforehand,
) -> Result<ExitCode> {
    let params = named(port, options, source).await?;
    let file = beforehand.file(options);
    let download = file.begin(beforehand.with(params), options.lang).with_patience(beforehand.tries);
    let fetched = file.fetch(port, options, download).await?;
    print(options.json, &Reported::new(&fetched.outcome, options.lang), || {
        say(port, &fetched, options.lang)
    })?;
    Ok(exit(fetched.outcome.is_installed()))
}

/// Shows what is offered, and postpones it: the order waits as before.
pub(super) async fn preview(port: &mut Port<'_>, options: &Options, source: Source) -> Result<ExitCode> {
    let params = named(port, options, source).await?;
    port.user.preset = Some(Answer::Postpone);
    let outcome = driver::download(port, &options.card, params).await;
    let Some(preview) = port.user.offered.take() else {
        print(options.json, &Reported::new(&outcome, options.lang), || {
            say!("{}", outcome.text(options.lang))
        })?;
        return Ok(ExitCode::FAILURE);
    };
    print(options.json, &preview, || {
        super::show::preview(&preview, options.lang).iter().for_each(|line| say!("{line}"));
    })?;
    Ok(exit(preview.installable))
}

/// What an activation code names; without one, whatever waits at the card's default SM-DP+.
async fn named(port: &mut Port<'_>, options: &Options, source: Source) -> Result<DownloadParams> {
    Ok(match source.read(options.lang)? {
        Some(code) => DownloadParams::new(&code),
        None => {
            let addresses = driver::run(port, &options.card, &GetAddresses {}).await?.output;
            let Some(address) = addresses.default_smdp else {
                bail!(
                    "the card has no default SM-DP+ to ask: give an activation code, set one (lpa default-smdp ADDRESS), \
                     or ask an SM-DS (lpa discover)"
                );
            };
            DownloadParams::at(&address)
        }
    })
}

/// Goes on with a download that was cut off.
pub(super) async fn resume(
    port: &mut Port<'_>,
    options: &Options,
    beforehand: &Beforehand,
) -> Result<ExitCode> {
    let file = beforehand.file(options);
    let Some(kept) = file.read(options.lang)? else { return Err(file.nothing(options.lang)) };
    let download = kept.resume(beforehand.confirmation_code.clone(), beforehand.yes);
    let download = download.with_patience(beforehand.tries);
    let fetched = file.fetch(port, options, download).await?;
    print(options.json, &Reported::new(&fetched.outcome, options.lang), || {
        say(port, &fetched, options.lang)
    })?;
    Ok(exit(fetched.outcome.is_installed()))
}

/// Asks an SM-DS, and fetches one profile after the other.
pub(super) async fn discover(port: &mut Port<'_>, options: &Options, args: Discover) -> Result<ExitCode> {
    let params = DiscoverParams { smds_address: args.smds, ..DiscoverParams::default() };
    let discovery = look(port, options, params, (args.wait, args.every)).await;
    let found = discovery.events.len();
    if !options.json {
        say!("{}", discovery.text(options.lang));
        discovery.events.iter().for_each(|event| say!("{}  {}", event.event_id, event.rsp_server_address));
    }
    let file = args.beforehand.file(options);
    let mut downloads = Vec::new();
    for event in discovery.events.iter().filter(|_| !args.list) {
        let params = DownloadParams::of_event(&event.rsp_server_address, &event.event_id);
        let download = file.begin(args.beforehand.with(params), options.lang);
        let download = download.with_patience(args.beforehand.tries);
        let fetched = file.fetch(port, options, download).await?;
        if !options.json {
            say!("");
            say!("{}  {}", event.event_id, event.rsp_server_address);
            say(port, &fetched, options.lang);
        }
        let is_unfinished = fetched.is_unfinished;
        downloads.push(Reported::new(&fetched.outcome, options.lang));
        if is_unfinished {
            // The others wait at the SM-DS until this one has come to its end.
            break;
        }
    }
    let wanted = if args.list { 0 } else { found };
    let good = found > 0 && downloads.len() == wanted && downloads.iter().all(|it| it.outcome.is_installed());
    if options.json {
        let told = match &discovery.ending {
            DiscoveryEnding::Failed { ending } => ending.told(options.lang),
            _ => None,
        };
        print(true, &Discovered { discovery, downloads, told }, || {})?;
    }
    Ok(exit(good))
}

/// Asks, and once more as long as nothing waits and there is time.
async fn look(
    port: &mut Port<'_>,
    options: &Options,
    params: DiscoverParams,
    (wait, every): (u32, u32),
) -> Discovery {
    let end = Instant::now() + Duration::from_secs(wait.into());
    loop {
        let discovery = driver::discover(port, &options.card, params.clone()).await;
        let left = end.saturating_duration_since(Instant::now());
        if discovery.ending != DiscoveryEnding::Nothing || left.is_zero() {
            return discovery;
        }
        tokio::time::sleep(left.min(Duration::from_secs(every.into()))).await;
    }
}

/// How a download has ended.
fn say(port: &Port<'_>, fetched: &Fetched, lang: Lang) {
    let outcome = &fetched.outcome;
    match port.user.unanswered && !outcome.is_installed() {
        true => say!("{}", nobody_to_ask(lang)),
        false => say!("{}", outcome.text(lang)),
    }
    if let Some(figures) = port.user.figures.text(lang) {
        say!("{figures}");
    }
    if fetched.is_unfinished {
        say!("{}", how_to_go_on(lang));
    }
}
