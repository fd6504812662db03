//! `esim-lab lpa`: the LPA on a terminal, for the card in a state file.

use crate::device::Device;
use crate::https::{self, Https};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use esim_crypto::pki::{Certificate, refuse_live_ci};
use esim_lpa::driver::{self, Refresh};
use esim_lpa::lui::readable_size;
use esim_lpa::manage::{ChipInfo, MemoryReset};
use esim_lpa::notify::Notification;
use esim_lpa::profile::PolicyRules;
use esim_lpa::{Answer, DownloadParams, Lang, NotifyParams, Phase, Profile, ProfileRef, Progress, Question};
use esim_rsp::activation_code::ActivationCode;
use esim_world::{Joined, Line, Trace, User};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::BufRead;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// `lpa`.
#[derive(clap::Args)]
pub struct Lpa {
    /// The card's memory.
    #[arg(long)]
    state: PathBuf,
    /// One JSON value on standard output in place of text.
    #[arg(long, global = true)]
    json: bool,
    /// Japanese in place of English; also when LANG is Japanese.
    #[arg(long, global = true)]
    ja: bool,
    /// CI certificate (DER) to trust for TLS, besides those that the card trusts.
    #[arg(long, global = true)]
    ci: Option<PathBuf>,
    /// Client certificate (DER or PEM) to show to SM-DP+s that admit only LPAs they know.
    #[arg(long, global = true, value_name = "FILE", requires = "client_key")]
    client_cert: Option<PathBuf>,
    /// Its private key (PEM).
    #[arg(long, global = true, value_name = "FILE", requires = "client_cert")]
    client_key: Option<PathBuf>,
    /// Reaches the SM-DP+ at this socket, whatever its name resolves to: `smdp.example.com=127.0.0.1:8443`.
    #[arg(long, global = true, value_name = "HOST=IP:PORT")]
    connect: Option<String>,
    /// Writes every message as a JSON line to this file.
    #[arg(long, global = true)]
    trace: Option<PathBuf>,
    /// Octets a STORE DATA block, 1 to 255.
    #[arg(long, global = true, default_value_t = 120)]
    block: u8,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Downloads and installs a profile.
    Download {
        /// `LPA:1$…`, in single quotes.
        activation_code: String,
        /// Agrees to the profile without asking.
        #[arg(long, short)]
        yes: bool,
        /// The confirmation code, if the operator wants one.
        #[arg(long)]
        confirmation_code: Option<String>,
    },
    /// What the eUICC tells of itself: EID, memory, capabilities.
    Info,
    /// The profiles on the card.
    List,
    /// Enables a profile, by ICCID or AID.
    Enable {
        /// ICCID or AID of the ISD-P.
        profile: ProfileRef,
    },
    /// Enables the provisioning profile if no other is enabled, so that the device can fetch one.
    FallBack,
    /// Deletes what the options say, policy rules or not (eUICC memory reset).
    Reset {
        /// Operational profiles.
        #[arg(long)]
        operational: bool,
        /// Test profiles loaded in the field.
        #[arg(long)]
        test: bool,
        /// The default SM-DP+ address.
        #[arg(long)]
        default_address: bool,
        /// Deletes without asking.
        #[arg(long, short)]
        yes: bool,
    },
    /// Disables a profile.
    Disable {
        /// ICCID or AID of the ISD-P.
        profile: ProfileRef,
    },
    /// Deletes a profile for good.
    Delete {
        /// ICCID or AID of the ISD-P.
        profile: ProfileRef,
        /// Deletes without asking.
        #[arg(long, short)]
        yes: bool,
    },
    /// Names a profile; an empty name removes the nickname.
    Nickname {
        /// ICCID.
        iccid: esim_rsp::Iccid,
        /// At most 64 octets in UTF-8.
        name: String,
    },
    /// Delivers the notifications that wait on the card.
    Notifications {
        /// Shows them and delivers nothing.
        #[arg(long)]
        list: bool,
    },
}

/// Runs one command of the LPA.
pub async fn run(args: Lpa) -> Result<ExitCode> {
    let lang = language(args.ja);
    let mut device = Device::open(&args.state)?;
    let mut roots = device.ci_certificates().to_vec();
    if let Some(path) = &args.ci {
        let der = std::fs::read(path).with_context(|| path.display().to_string())?;
        if let Some(key_id) = Certificate::parse(&der).ok().as_ref().and_then(Certificate::subject_key_id) {
            refuse_live_ci(key_id).with_context(|| path.display().to_string())?;
        }
        roots.push(der);
    }
    let identity = args.client_cert.as_deref().zip(args.client_key.as_deref());
    let identity = identity.map(|(certificate, key)| https::client_identity(certificate, key)).transpose()?;
    let reroute = args.connect.as_deref().map(parse_connect).transpose()?;
    let mut https = Https::with(&roots, identity, reroute)?;
    let mut trace = Trace::default();
    let mut terminal = Terminal::new(lang, args.json);
    let mut port = Joined {
        device: device.card(),
        transport: &mut https,
        radio: None,
        user: &mut terminal,
        line: Line::new(&mut trace, crate::clock().now()),
    };
    let options = esim_lpa::apdu::CardOptions { block_size: args.block.max(1), ..Default::default() };
    let done = execute(&mut port, &options, args.command, lang, args.json).await;
    if let Some(path) = &args.trace {
        std::fs::write(path, trace.to_lines()).with_context(|| path.display().to_string())?;
    }
    let (code, refresh) = done?;
    if refresh != Refresh::NotNeeded {
        device.reset()?;
    }
    Ok(code)
}

type Port<'a> = Joined<'a, esim_world::FileNvm, Https, Terminal>;

async fn execute(
    port: &mut Port<'_>,
    options: &esim_lpa::apdu::CardOptions,
    command: Command,
    lang: Lang,
    json: bool,
) -> Result<(ExitCode, Refresh)> {
    let mut refresh = Refresh::NotNeeded;
    let mut code = ExitCode::SUCCESS;
    match command {
        Command::Download { activation_code, yes, confirmation_code } => {
            let parsed: ActivationCode = activation_code.parse()?;
            let mut params = DownloadParams::new(&parsed);
            params.auto_consent = yes;
            params.confirmation_code = confirmation_code;
            code = download(port, options, params, lang, json).await?;
        }
        Command::Info => {
            let info = driver::chip_info(port, options).await?;
            print(json, &info, || print_info(&info))?;
        }
        Command::List => {
            let profiles = driver::list(port, options).await?;
            print(json, &profiles, || print_profiles(&profiles))?;
        }
        Command::Enable { profile } => {
            refresh = driver::enable(port, options, profile.clone(), true).await?;
            done(json, "enabled", &profile)?;
        }
        Command::FallBack => refresh = fall_back(port, options, json).await?,
        Command::Reset { operational, test, default_address, yes } => {
            let what = MemoryReset {
                operational_profiles: operational,
                test_profiles: test,
                default_smdp_address: default_address,
            };
            refresh = reset(port, options, what, yes, json).await?;
        }
        Command::Disable { profile } => {
            refresh = driver::disable(port, options, profile.clone(), true).await?;
            done(json, "disabled", &profile)?;
        }
        Command::Delete { profile, yes } => {
            if !yes && !confirm_deletion(&profile)? {
                bail!("nothing was deleted");
            }
            driver::delete(port, options, profile.clone()).await?;
            done(json, "deleted", &profile)?;
        }
        Command::Nickname { iccid, name } => {
            driver::set_nickname(port, options, iccid, &name).await?;
            done(json, "named", &ProfileRef::Iccid(iccid))?;
        }
        Command::Notifications { list: true } => {
            let waiting = driver::notifications(port, options).await?;
            print(json, &waiting, || waiting.iter().for_each(print_waiting))?;
        }
        Command::Notifications { list: false } => code = deliver(port, options, lang, json).await?,
    }
    Ok((code, refresh))
}

/// A download, whatever its end: that is told, and is the exit code.
async fn download(
    port: &mut Port<'_>,
    options: &esim_lpa::apdu::CardOptions,
    params: DownloadParams,
    lang: Lang,
    json: bool,
) -> Result<ExitCode> {
    port.user.start();
    let outcome = driver::download(port, options, params).await;
    port.user.finish();
    let unanswered = port.user.unanswered && !outcome.is_installed();
    print(json, &outcome, || match unanswered {
        true => say!("{}", nobody_to_ask(lang)),
        false => say!("{}", outcome.text(lang)),
    })?;
    Ok(if outcome.is_installed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Enables the provisioning profile, if no other is enabled.
async fn fall_back(
    port: &mut Port<'_>,
    options: &esim_lpa::apdu::CardOptions,
    json: bool,
) -> Result<Refresh> {
    let Some((iccid, refresh)) = driver::fall_back(port, options, true).await? else {
        bail!("nothing to fall back to: a profile is enabled, or the card has no provisioning profile");
    };
    done(json, "enabled", &ProfileRef::Iccid(iccid))?;
    Ok(refresh)
}

/// Delivers every notification that waits; a failure if one is kept.
async fn deliver(
    port: &mut Port<'_>,
    options: &esim_lpa::apdu::CardOptions,
    lang: Lang,
    json: bool,
) -> Result<ExitCode> {
    let notified = driver::notify(port, options, NotifyParams::default()).await;
    print(json, &notified, || say!("{} delivered. {}", notified.sent.len(), notified.text(lang)))?;
    let is_all = notified.kept.is_empty() && notified.problem.is_none();
    Ok(if is_all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Deletes what was named, if the user has said so.
async fn reset(
    port: &mut Port<'_>,
    options: &esim_lpa::apdu::CardOptions,
    what: MemoryReset,
    yes: bool,
    json: bool,
) -> Result<Refresh> {
    if !(what.operational_profiles || what.test_profiles || what.default_smdp_address) {
        bail!("say what to delete: --operational, --test, --default-address");
    }
    if !yes && !confirm_reset()? {
        bail!("nothing was deleted");
    }
    let refresh = driver::memory_reset(port, options, what).await?;
    print(json, &serde_json::json!({ "result": "reset" }), || say!("reset"))?;
    Ok(refresh)
}

fn print<T: Serialize>(json: bool, value: &T, text: impl FnOnce()) -> Result<()> {
    if json {
        say!("{}", serde_json::to_string_pretty(value)?);
    } else {
        text();
    }
    Ok(())
}

fn done(json: bool, what: &str, profile: &ProfileRef) -> Result<()> {
    let value = serde_json::json!({ "result": what, "profile": profile.to_string() });
    print(json, &value, || say!("{what}: {profile}"))
}

/// A line for each thing, the name first.
fn print_info(info: &ChipInfo) {
    let chip = &info.info;
    let memory = |octets: Option<u32>| octets.map(|octets| readable_size(octets.into())).unwrap_or_default();
    let rules = |rules: PolicyRules| {
        let names = [(rules.cannot_disable, "PPR1"), (rules.cannot_delete, "PPR2")];
        names.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
    };
    let addresses = info.addresses.as_ref();
    let allowed = info.rat.iter().flatten().map(|rule| {
        let consent = if rule.consent_required { ", with the user's consent" } else { "" };
        let operators = rule.operators.iter().map(|owner| format!("{} {}", owner.mcc, owner.mnc));
        format!("{} by {}{consent}", rules(rule.rules), operators.collect::<Vec<_>>().join(", "))
    });
    let lines = [
        ("EID", info.eid.clone()),
        ("ISD-R", format!("{} ({})", info.isdr_aid, info.isdr_variant)),
        ("default SM-DP+", addresses.and_then(|it| it.default_smdp.clone()).unwrap_or_default()),
        ("root SM-DS", addresses.map(|it| it.root_smds.clone()).unwrap_or_default()),
        ("SGP.22", chip.svn.clone()),
        ("profile packages", chip.profile_version.clone()),
        ("firmware", chip.firmware.clone()),
        ("free memory", memory(chip.resources.free_non_volatile)),
        ("free RAM", memory(chip.resources.free_volatile)),
        ("applications", chip.resources.applications.map(|count| count.to_string()).unwrap_or_default()),
        ("UICC", chip.uicc_capabilities.join(", ")),
        ("RSP", chip.rsp_capabilities.join(", ")),
        ("UICC API", chip.ts102241_version.clone().unwrap_or_default()),
        ("GlobalPlatform", chip.globalplatform_version.clone().unwrap_or_default()),
        ("category", chip.category.clone().unwrap_or_default()),
        ("CIs trusted", chip.ci_keys_for_verification.join(", ")),
        ("CIs above it", chip.ci_keys_for_signing.join(", ")),
        ("forbidden rules", rules(chip.forbidden_rules)),
        ("allowed rules", allowed.collect::<Vec<_>>().join("; ")),
        ("protection profile", chip.pp_version.clone()),
        ("SAS", chip.sas_accreditation_number.clone()),
        ("certification", chip.certification.iter().map(|(label, at)| format!("{label} ({at})")).collect()),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        say!("{name:<18}  {value}");
    }
}

fn print_profiles(profiles: &[Profile]) {
    profiles.iter().for_each(print_profile);
    if profiles.is_empty() {
        say!("no profiles");
    }
}

fn print_waiting(it: &Notification) {
    let iccid = it.iccid.map(|iccid| iccid.to_string()).unwrap_or_default();
    let event = it.event.map(|event| format!("{event:?}")).unwrap_or_default();
    say!("{:>4}  {event:<8} {iccid:<20} {}", it.sequence_number, it.address);
}

fn print_profile(profile: &Profile) {
    let iccid = profile.metadata.iccid.map(|iccid| iccid.to_string()).unwrap_or_default();
    let state = if profile.enabled { "enabled" } else { "disabled" };
    let operator = profile.metadata.service_provider_name.as_deref().unwrap_or_default();
    say!("{iccid:<20} {state:<8} {} ({operator})", profile.display_name());
}

fn confirm_deletion(profile: &ProfileRef) -> Result<bool> {
    crate::out::ask(&format!("{profile} will be gone for good. Type its last four digits to delete it:"));
    let typed = read_line()?.context("nobody can be asked: standard input is closed. --yes deletes it")?;
    let name = profile.to_string();
    Ok(typed.len() == 4 && name.ends_with(&typed))
}

fn confirm_reset() -> Result<bool> {
    crate::out::ask("All that these options name will be gone for good. Type reset to go on:");
    let typed = read_line()?.context("nobody can be asked: standard input is closed. --yes deletes it")?;
    Ok(typed == "reset")
}

/// For a download that asked where there was no one.
fn nobody_to_ask(lang: Lang) -> &'static str {
    match lang {
        Lang::En => {
            "Nobody could be asked: standard input is closed. --yes agrees to the profile, --confirmation-code \
             gives the code. The activation code stays valid."
        }
        Lang::Ja => {
            "標準入力が閉じているため、確認できませんでした。--yesで同意し、--confirmation-codeで確認コードを渡せます。\
             アクティベーションコードは引き続き有効です。"
        }
    }
}

fn parse_connect(text: &str) -> Result<(&str, SocketAddr)> {
    let (host, socket) = text.split_once('=').context("--connect wants HOST=IP:PORT")?;
    let socket = socket.parse().with_context(|| format!("{socket} is no IP:PORT"))?;
    Ok((host, socket))
}

fn language(ja: bool) -> Lang {
    let from_environment = || std::env::var("LANG").is_ok_and(|lang| lang.starts_with("ja"));
    if ja || from_environment() { Lang::Ja } else { Lang::En }
}

/// What somebody types, or another program writes; none where the input has come to its end.
fn read_line() -> Result<Option<String>> {
    let mut line = String::new();
    let octets = std::io::stdin().lock().read_line(&mut line).context("cannot read the answer")?;
    Ok((octets > 0).then(|| line.trim().to_string()))
}

/// How often a bar moves that has nothing new to tell.
const TICK: Duration = Duration::from_millis(100);

/// The person at the terminal.
pub struct Terminal {
    lang: Lang,
    quiet: bool,
    bar: ProgressBar,
    phase: Option<Phase>,
    /// Whether a question found the input closed.
    unanswered: bool,
}

impl Terminal {
    /// Without a progress bar where the output is for a program; it is not drawn where standard error is no terminal.
    pub fn new(lang: Lang, quiet: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(100), ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template("{spinner} {bar:32} {percent:>3}% {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { lang, quiet, bar, phase: None, unanswered: false }
    }

    /// Shows the bar of a download, which moves while a server or the card takes its time.
    pub fn start(&self) {
        if !self.quiet {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(TICK);
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl User for Terminal {
    fn answer(&mut self, question: &Question) -> Answer {
        self.bar.suspend(|| {
            crate::out::ask(&question.text(self.lang));
            let Ok(Some(typed)) = read_line() else {
                self.unanswered = true;
                return Answer::Timeout;
            };
            match question {
                Question::ConfirmationCode(_) if typed.is_empty() => Answer::Postpone,
                Question::ConfirmationCode(_) => Answer::ConfirmationCode(typed),
                Question::Consent(_) => match typed.to_lowercase().as_str() {
                    "y" | "yes" | "はい" => Answer::Accept,
                    "n" | "no" | "いいえ" => Answer::Reject,
                    _ => Answer::Postpone,
                },
            }
        })
    }

    fn progress(&mut self, progress: &Progress) {
        if self.phase != Some(progress.phase) {
            self.phase = Some(progress.phase);
            self.bar.set_message(progress.phase.text(self.lang));
        }
        self.bar.set_position(u64::from(progress.percent()));
    }
}
