//! `esim-lab lpa`: the LPA on a terminal, for the card in a state file.

mod download;
mod figures;
mod interactive;
mod json;
mod notifications;
mod prompt;
mod qr;
mod resume;
mod show;
mod terminal;

use crate::card::{Card, Where};
use crate::https::{self, Https};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use download::Beforehand;
use esim_crypto::pki::{Certificate, refuse_live_ci};
use esim_lpa::apdu::CardOptions;
use esim_lpa::driver::{self, Refresh};
use esim_lpa::manage::{GetAddresses, MemoryReset, SetDefaultDpAddress};
use esim_lpa::{Lang, ProfileRef};
use esim_world::{Line, Plugged, Trace};
use json::{Done, done, print};
use prompt::either;
use show::{print_info, print_profiles};
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
pub use terminal::language;
use terminal::{Terminal, confirm_deletion, confirm_reset};

/// `lpa`.
#[derive(clap::Args)]
pub struct Lpa {
    /// The card's memory: a software card.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Where the card is: reader, reader:NAME, modem:PORT, tcp:HOST:PORT, file:PATH, replay:FILE, replay-any-order:FILE.
    #[arg(long, value_name = "WHERE", conflicts_with = "state")]
    card: Option<Where>,
    /// Keeps every exchange with the card in this file, for `esim-lab euicc replay`.
    #[arg(long, global = true, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Leaves EID, ICCIDs and codes in it as they are.
    #[arg(long, global = true, requires = "record")]
    record_clear: bool,
    /// One JSON value on standard output in place of text.
    #[arg(long, global = true)]
    json: bool,
    /// Japanese in place of English; also when LANG is Japanese.
    #[arg(long, global = true)]
    ja: bool,
    /// CI certificate (DER) to trust for TLS, besides those that a software card trusts; may be given more than once. For any
    /// other card it is needed for servers, and may be a live CI's: none is shipped.
    #[arg(long, global = true)]
    ci: Vec<PathBuf>,
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
    /// AID of the ISD-R, 5 to 16 octets in hexadecimal digits, in place of those that are known.
    #[arg(long, global = true, value_name = "AID")]
    aid: Option<Aid>,
    /// Without one it asks what to do, in menus.
    #[command(subcommand)]
    command: Option<Command>,
}

/// Name of an application (ISO/IEC 7816-4 12.2.3).
#[derive(Clone)]
struct Aid(Vec<u8>);

impl FromStr for Aid {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let octets = esim_rsp::common::from_hex(text)?;
        anyhow::ensure!(
            (5..=16).contains(&octets.len()),
            "an AID has 5 to 16 octets, and {text} has {}",
            octets.len()
        );
        Ok(Self(octets))
    }
}

#[derive(Subcommand)]
enum Command {
    /// Downloads and installs a profile.
    Download {
        #[command(flatten)]
        source: download::Source,
        #[command(flatten)]
        beforehand: Beforehand,
    },
    /// Shows what is offered: what it is, whether it fits, what stands against it. Nothing is fetched, the order waits.
    Preview(download::Source),
    /// Goes on with a download that was cut off: by a lost connection, a card without power, the end of this program.
    Resume {
        #[command(flatten)]
        beforehand: Beforehand,
    },
    /// Asks an SM-DS what waits for the card, and downloads it.
    Discover(download::Discover),
    /// Shows the default SM-DP+ of the card, or sets it.
    DefaultSmdp {
        /// Host name, with a port where it is not 443.
        #[arg(conflicts_with = "clear")]
        address: Option<String>,
        /// Takes it away.
        #[arg(long)]
        clear: bool,
    },
    /// What the eUICC tells of itself: EID, memory, capabilities.
    Info,
    /// The profiles on the card.
    List,
    /// Enables a profile, by ICCID or AID.
    Enable(Switch),
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
    Disable(Switch),
    /// Deletes a profile for good.
    Delete {
        /// ICCID or AID of the ISD-P.
        profile: ProfileRef,
        /// Deletes without asking.
        #[arg(long, short)]
        yes: bool,
        /// Delivers the notifications that this makes, and no others.
        #[arg(long)]
        notify: bool,
    },
    /// Tells the SM-DP+ that the profile of an activation code is not wanted, or not now.
    Cancel(download::Cancel),
    /// Names a profile; an empty name removes the nickname.
    Nickname {
        /// ICCID.
        iccid: esim_rsp::Iccid,
        /// At most 64 octets in UTF-8.
        name: String,
    },
    /// Delivers the notifications that wait on the card, or does with them what the options say.
    Notifications(notifications::Notifications),
}

impl Command {
    /// Whether it comes to nothing without an SM-DP+ or SM-DS.
    fn asks_servers(&self) -> bool {
        matches!(
            self,
            Self::Download { .. }
                | Self::Preview(_)
                | Self::Resume { .. }
                | Self::Discover(_)
                | Self::Cancel(_)
        )
    }
}

/// A profile to enable or disable.
#[derive(clap::Args)]
struct Switch {
    /// ICCID or AID of the ISD-P.
    profile: ProfileRef,
    /// Resets the card in place of a REFRESH, which some modems do not carry out.
    #[arg(long)]
    no_refresh: bool,
    /// Delivers the notifications that this makes, and no others.
    #[arg(long)]
    notify: bool,
}

/// The CIs that TLS trusts: those of the card, and those in these files (DER). Live ones are for cards that are not ours.
///
/// # Errors
/// A file cannot be read, or has a live CI for a software card.
pub fn trusted(card: &Card, files: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let mut roots = card.ci_certificates().to_vec();
    for path in files {
        let der = std::fs::read(path).with_context(|| path.display().to_string())?;
        let certificate = Certificate::parse(&der).ok();
        if let Some(key_id) =
            certificate.as_ref().and_then(Certificate::subject_key_id).filter(|_| !card.is_foreign())
        {
            refuse_live_ci(key_id).with_context(|| path.display().to_string())?;
        }
        roots.push(der);
    }
    Ok(roots)
}

/// Runs one command of the LPA, or its menus.
pub async fn run(args: Lpa) -> Result<ExitCode> {
    let (lang, json) = (language(args.ja), args.json);
    carry_out(args, lang).await.map_err(|error| json::failed(error, json, lang))
}

async fn carry_out(args: Lpa, lang: Lang) -> Result<ExitCode> {
    let is_menus = args.command.is_none();
    if is_menus && !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        bail!(
            "without a command the LPA asks what to do, and this is no terminal: `esim-lab lpa help` lists the commands"
        );
    }
    let place = match args.card.clone().or(args.state.clone().map(Where::File)) {
        Some(place) => place,
        None if is_menus => interactive::choose_card(lang)?,
        None => bail!("--state or --card says which card"),
    };
    let mut card = Card::open(&place)?;
    let asks_servers = args.command.as_ref().is_none_or(Command::asks_servers);
    let roots = roots(&args, &card, asks_servers, lang)?;
    if let Some(file) = &args.record {
        card.record(file, args.record_clear);
    }
    let identity = args.client_cert.as_deref().zip(args.client_key.as_deref());
    let identity = identity.map(|(certificate, key)| https::client_identity(certificate, key)).transpose()?;
    let reroute = args.connect.as_deref().map(parse_connect).transpose()?;
    let mut https = Https::with(&roots, identity, reroute)?;
    let mut trace = Trace::default();
    let mut terminal = Terminal::new(lang, args.json);
    let mut port = Plugged {
        slot: &mut card,
        transport: &mut https,
        user: &mut terminal,
        line: Line::new(&mut trace, crate::clock().now()),
    };
    let aid = args.aid.map(|Aid(octets)| octets);
    let how = CardOptions { aid, block_size: args.block.max(1), ..Default::default() };
    let options = Options { card: how, lang, json: args.json, beside: place.beside() };
    let done = match args.command {
        Some(command) => execute(&mut port, &options, command).await,
        None => interactive::run(&mut port, &options).await.map(|code| (code, Refresh::NotNeeded)),
    };
    // What has gone wrong is worth more than what went well.
    card.keep()?;
    if let Some(path) = &args.trace {
        std::fs::write(path, trace.to_lines()).with_context(|| path.display().to_string())?;
    }
    let (code, refresh) = done?;
    if refresh != Refresh::NotNeeded {
        card.reset()?;
    }
    Ok(code)
}

/// CIs that servers are verified under: those that a software card trusts, and those that the user names.
fn roots(args: &Lpa, card: &Card, asks_servers: bool, lang: Lang) -> Result<Vec<Vec<u8>>> {
    let mut named = args.ci.clone();
    if card.is_foreign() && named.is_empty() && asks_servers {
        match args.command {
            None => named.extend(interactive::choose_ci(lang)?),
            Some(_) => {
                tell!(
                    "no CI is named: no server can be trusted. --ci FILE names the one that the card trusts"
                );
            }
        }
    }
    trusted(card, &named)
}

type Port<'a> = Plugged<'a, Card, Https, Terminal>;

/// How to speak to the card, and to the user.
struct Options {
    card: CardOptions,
    lang: Lang,
    json: bool,
    beside: PathBuf,
}

async fn execute(port: &mut Port<'_>, all: &Options, command: Command) -> Result<(ExitCode, Refresh)> {
    let (options, json) = (&all.card, all.json);
    let mut refresh = Refresh::NotNeeded;
    let mut code = ExitCode::SUCCESS;
    match command {
        Command::Download { source, beforehand } => {
            code = download::download(port, all, source, &beforehand).await?;
        }
        Command::Preview(source) => {
            code = download::preview(port, all, source).await?;
        }
        Command::Resume { beforehand } => code = download::resume(port, all, &beforehand).await?,
        Command::Discover(args) => code = download::discover(port, all, args).await?,
        Command::DefaultSmdp { address, clear } => {
            default_smdp(port, options, address.or(clear.then(String::new)), json).await?;
        }
        Command::Info => {
            let info = driver::chip_info(port, options).await?;
            print(json, &info, || print_info(&info, all.lang))?;
        }
        Command::List => {
            let profiles = driver::list(port, options).await?;
            print(json, &profiles, || print_profiles(&profiles, all.lang))?;
        }
        Command::Enable(args) => (code, refresh) = switch(port, all, args, true).await?,
        Command::FallBack => refresh = fall_back(port, all).await?,
        Command::Reset { operational, test, default_address, yes } => {
            let what = MemoryReset {
                operational_profiles: operational,
                test_profiles: test,
                default_smdp_address: default_address,
            };
            refresh = reset(port, all, what, yes).await?;
        }
        Command::Disable(args) => (code, refresh) = switch(port, all, args, false).await?,
        Command::Delete { profile, yes, notify } => {
            if !yes && !confirm_deletion(&profile, all.lang)? {
                bail!(either(all.lang, "nothing was deleted", "削除しませんでした"));
            }
            let before = notifications::before(port, all, notify).await?;
            driver::delete(port, options, profile.clone()).await?;
            done(json, all.lang, Done::Deleted, Some(profile.to_string()))?;
            code = notifications::of_this_operation(port, all, before).await?;
        }
        Command::Cancel(args) => code = download::cancel(port, all, args).await?,
        Command::Nickname { iccid, name } => {
            driver::set_nickname(port, options, iccid, &name).await?;
            done(json, all.lang, Done::Named, Some(iccid.to_string()))?;
        }
        Command::Notifications(args) => code = notifications::run(port, all, args).await?,
    }
    Ok((code, refresh))
}

/// Enables a profile, or disables it.
async fn switch(
    port: &mut Port<'_>,
    all: &Options,
    args: Switch,
    enabled: bool,
) -> Result<(ExitCode, Refresh)> {
    let Switch { profile, no_refresh, notify } = args;
    let before = notifications::before(port, all, notify).await?;
    let named = profile.clone();
    let refresh = match enabled {
        true => driver::enable_surely(port, &all.card, named, !no_refresh).await?,
        false => driver::disable_surely(port, &all.card, named, !no_refresh).await?,
    };
    let what = if enabled { Done::Enabled } else { Done::Disabled };
    done(all.json, all.lang, what, Some(profile.to_string()))?;
    if before.is_some() && refresh != Refresh::NotNeeded {
        // What the switch has to report is there when it has taken effect.
        port.slot.reset()?;
    }
    Ok((notifications::of_this_operation(port, all, before).await?, refresh))
}

/// Sets the default SM-DP+, if an address is given, and tells which it is then.
async fn default_smdp(
    port: &mut Port<'_>,
    options: &CardOptions,
    address: Option<String>,
    json: bool,
) -> Result<()> {
    if let Some(address) = address {
        driver::run(port, options, &SetDefaultDpAddress { address }).await?;
    }
    let addresses = driver::run(port, options, &GetAddresses {}).await?.output;
    print(json, &addresses, || match &addresses.default_smdp {
        Some(address) => say!("{address}"),
        None => say!("no default SM-DP+"),
    })
}

/// Enables the provisioning profile, if no other is enabled.
async fn fall_back(port: &mut Port<'_>, all: &Options) -> Result<Refresh> {
    let Some((iccid, refresh)) = driver::fall_back(port, &all.card, true).await? else {
        bail!("nothing to fall back to: a profile is enabled, or the card has no provisioning profile");
    };
    done(all.json, all.lang, Done::Enabled, Some(iccid.to_string()))?;
    Ok(refresh)
}

/// Deletes what was named, if the user has said so.
async fn reset(port: &mut Port<'_>, all: &Options, what: MemoryReset, yes: bool) -> Result<Refresh> {
    if !(what.operational_profiles || what.test_profiles || what.default_smdp_address) {
        bail!("say what to delete: --operational, --test, --default-address");
    }
    if !yes && !confirm_reset(all.lang)? {
        bail!(either(all.lang, "nothing was deleted", "削除しませんでした"));
    }
    let refresh = driver::memory_reset(port, &all.card, what).await?;
    done(all.json, all.lang, Done::Reset, None)?;
    Ok(refresh)
}

fn parse_connect(text: &str) -> Result<(&str, SocketAddr)> {
    let (host, socket) = text.split_once('=').context("--connect wants HOST=IP:PORT")?;
    let socket = socket.parse().with_context(|| format!("{socket} is no IP:PORT"))?;
    Ok((host, socket))
}
