//! `esim-lab lpa`: the LPA on a terminal, for the card in a state file.

use crate::device::Device;
use crate::https::{self, Https};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use esim_crypto::pki::{Certificate, refuse_live_ci};
use esim_lpa::driver::{self, Refresh};
use esim_lpa::manage::MemoryReset;
use esim_lpa::{Answer, DownloadParams, Lang, NotifyParams, Phase, Profile, ProfileRef, Progress, Question};
use esim_rsp::activation_code::ActivationCode;
use esim_world::{Joined, Trace, User};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use std::io::{BufRead, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

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
        now: crate::clock().now(),
        device: device.card(),
        transport: &mut https,
        radio: None,
        user: &mut terminal,
        trace: &mut trace,
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
            let outcome = driver::download(port, options, params).await;
            port.user.finish();
            if !outcome.is_installed() {
                code = ExitCode::FAILURE;
            }
            print(json, &outcome, || println!("{}", outcome.text(lang)))?;
        }
        Command::Info => {
            let info = driver::chip_info(port, options).await?;
            // A tree of plain values: JSON reads as well as any table of ours.
            print(true, &info, || ())?;
        }
        Command::List => {
            let profiles = driver::list(port, options).await?;
            print(json, &profiles, || profiles.iter().for_each(print_profile))?;
            if profiles.is_empty() && !json {
                println!("no profiles");
            }
        }
        Command::Enable { profile } => {
            refresh = driver::enable(port, options, profile.clone(), true).await?;
            done(json, "enabled", &profile)?;
        }
        Command::FallBack => match driver::fall_back(port, options, true).await? {
            Some((iccid, then)) => {
                refresh = then;
                done(json, "enabled", &ProfileRef::Iccid(iccid))?;
            }
            None => bail!(
                "nothing to fall back to: a profile is enabled, or the card has no provisioning profile"
            ),
        },
        Command::Reset { operational, test, default_address, yes } => {
            if !(operational || test || default_address) {
                bail!("say what to delete: --operational, --test, --default-address");
            }
            if !yes && !confirm_reset()? {
                bail!("nothing was deleted");
            }
            let reset = MemoryReset {
                operational_profiles: operational,
                test_profiles: test,
                default_smdp_address: default_address,
            };
            refresh = driver::memory_reset(port, options, reset).await?;
            print(json, &serde_json::json!({ "result": "reset" }), || println!("reset"))?;
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
            print(json, &waiting, || {
                for it in &waiting {
                    let iccid = it.iccid.map(|iccid| iccid.to_string()).unwrap_or_default();
                    let event = it.event.map(|event| format!("{event:?}")).unwrap_or_default();
                    println!("{:>4}  {event:<8} {iccid:<20} {}", it.sequence_number, it.address);
                }
            })?;
        }
        Command::Notifications { list: false } => {
            let notified = driver::notify(port, options, NotifyParams::default()).await;
            if !notified.kept.is_empty() || notified.problem.is_some() {
                code = ExitCode::FAILURE;
            }
            print(json, &notified, || {
                println!("{} delivered. {}", notified.sent.len(), notified.text(lang))
            })?;
        }
    }
    Ok((code, refresh))
}

fn print<T: Serialize>(json: bool, value: &T, text: impl FnOnce()) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(value)?);
    } else {
        text();
    }
    Ok(())
}

fn done(json: bool, what: &str, profile: &ProfileRef) -> Result<()> {
    let value = serde_json::json!({ "result": what, "profile": profile.to_string() });
    print(json, &value, || println!("{what}: {profile}"))
}

fn print_profile(profile: &Profile) {
    let iccid = profile.metadata.iccid.map(|iccid| iccid.to_string()).unwrap_or_default();
    let state = if profile.enabled { "enabled" } else { "disabled" };
    let operator = profile.metadata.service_provider_name.as_deref().unwrap_or_default();
    println!("{iccid:<20} {state:<8} {} ({operator})", profile.display_name());
}

fn confirm_deletion(profile: &ProfileRef) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("deleting needs --yes where nobody can be asked");
    }
    eprint!("{profile} will be gone for good. Type its last four digits to delete it: ");
    let typed = read_line()?;
    let name = profile.to_string();
    Ok(typed.len() == 4 && name.ends_with(&typed))
}

fn confirm_reset() -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("a reset needs --yes where nobody can be asked");
    }
    eprint!("All that these options name will be gone for good. Type reset to go on: ");
    Ok(read_line()? == "reset")
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

fn read_line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).context("cannot read the answer")?;
    Ok(line.trim().to_string())
}

/// The person at the terminal.
pub struct Terminal {
    lang: Lang,
    bar: ProgressBar,
    phase: Option<Phase>,
}

impl Terminal {
    /// Without a progress bar where the output is for a program.
    pub fn new(lang: Lang, quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(100) };
        let style = ProgressStyle::with_template("{bar:32} {percent:>3}% {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self { lang, bar, phase: None }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl User for Terminal {
    fn answer(&mut self, question: &Question) -> Answer {
        self.bar.suspend(|| {
            if !std::io::stdin().is_terminal() {
                return Answer::Timeout;
            }
            eprint!("{} ", question.text(self.lang));
            let _ = std::io::stderr().flush();
            let Ok(typed) = read_line() else { return Answer::Timeout };
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
