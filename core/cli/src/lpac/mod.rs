//! `esim-lab lpac`, and this program by the name of `lpac`: lpac's commands, environment and lines of JSON, so that what is
//! made for lpac finds this LPA in its place. docs/LPAC.md tells what differs.
//!
//! The LPA is that of `esim-lab lpa`; here are its names and its lines alone. [`peer`] is the other end of these lines, for
//! lpac itself.

mod chip;
mod devices;
mod download;
mod environment;
mod euicc;
mod host;
mod input;
mod line;
mod notification;
mod options;
pub mod peer;
mod profile;
mod raw;
mod stdio;

use environment::Environment;
use euicc::Euicc;
use line::{Failed, success};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

/// lpac says -1.
const FAILURE: u8 = 255;

/// `lpac`.
#[derive(clap::Args)]
pub struct Lpac {
    /// As lpac takes them: chip, profile, notification, driver, version.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

impl Lpac {
    /// What this program is asked for if it goes by the name of `lpac`.
    pub fn by_name(mut arguments: impl Iterator<Item = OsString>) -> Option<Self> {
        let name = arguments.next()?;
        let is_so = Path::new(&name).file_stem() == Some(OsStr::new("lpac"));
        is_so.then(|| Self { arguments: arguments.collect() })
    }
}

/// Does what lpac does with these arguments.
pub async fn run(lpac: Lpac) -> ExitCode {
    let arguments: Vec<_> = lpac.arguments.iter().map(|it| it.to_string_lossy().into_owned()).collect();
    let environment = match Environment::read() {
        Ok(environment) => environment,
        Err(why) => {
            tell!("{why}");
            return ExitCode::from(FAILURE);
        }
    };
    match applet(environment, &arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failed) => ExitCode::from(FAILURE),
    }
}

async fn applet(environment: Environment, arguments: &[String]) -> Result<(), Failed> {
    let all = ["driver", "chip", "profile", "notification", "version"];
    let (name, rest) = choose("lpac", &all, arguments)?;
    match name {
        "version" => success(concat!("v2.3.0+esim-lab.", env!("CARGO_PKG_VERSION"))),
        "driver" => match choose(name, &["apdu", "http", "list"], rest)? {
            ("apdu", rest) => devices::apdu(&environment, rest)?,
            // There is nothing to choose from.
            ("http", _) => {}
            _ => devices::drivers(),
        },
        _ => {
            let mut euicc = Euicc::open(environment).await?;
            let done = on_card(&mut euicc, name, rest).await;
            euicc.close().await;
            return done;
        }
    }
    Ok(())
}

async fn on_card(euicc: &mut Euicc, name: &str, arguments: &[String]) -> Result<(), Failed> {
    let commands: &[&str] = match name {
        "chip" => &["info", "defaultsmdp", "purge"],
        "profile" => &["list", "enable", "disable", "nickname", "delete", "download", "discovery"],
        _ => &["list", "process", "remove", "dump", "replay"],
    };
    let (command, rest) = choose(name, commands, arguments)?;
    match (name, command) {
        ("chip", "info") => chip::info(euicc).await,
        ("chip", "defaultsmdp") => chip::default_smdp(euicc, rest).await,
        ("chip", _) => chip::purge(euicc, rest).await,
        ("profile", "list") => profile::list(euicc).await,
        ("profile", "enable") => profile::enable(euicc, rest).await,
        ("profile", "disable") => profile::disable(euicc, rest).await,
        ("profile", "nickname") => profile::nickname(euicc, rest).await,
        ("profile", "delete") => profile::delete(euicc, rest).await,
        ("profile", "download") => download::download(euicc, rest).await,
        ("profile", _) => download::discovery(euicc, rest).await,
        (_, "list") => notification::list(euicc).await,
        (_, "process") => notification::process(euicc, rest).await,
        (_, "remove") => notification::remove(euicc, rest).await,
        (_, "dump") => notification::dump(euicc, rest).await,
        (_, _) => notification::replay(euicc).await,
    }
}

/// The first argument, which must be one of these, and those after it.
fn choose<'a>(
    name: &str,
    commands: &[&str],
    arguments: &'a [String],
) -> Result<(&'a str, &'a [String]), Failed> {
    let usage = || say!("Usage: {name} <{}>", commands.join("|"));
    match arguments.split_first() {
        Some((first, rest)) if commands.contains(&first.as_str()) => return Ok((first, rest)),
        Some((first, _)) => {
            say!("Unknown command: {first}");
            usage();
        }
        None => usage(),
    }
    Err(Failed)
}
