//! The `esim-lab` command: the whole eSIM system in a terminal.
#![deny(clippy::print_stdout, clippy::print_stderr)]

#[macro_use]
mod out;

mod audit;
mod batch;
mod bridge;
mod card;
mod demo;
mod device;
mod euicc;
mod explain;
mod https;
mod issue;
mod keep;
mod lpa;
mod lpac;
mod net;
mod operator;
mod pki;
mod profile;
mod rows;
mod secrets;
mod serve;
mod sm;
mod vpcd;

use anyhow::Result;
use clap::{Parser, Subcommand};
use esim_world::Clock;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The complete consumer-eSIM system: eUICC, LPA, SM-DP+, network.
#[derive(Parser)]
#[command(name = "esim-lab", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Everything once: orders, downloads, enables, attaches, reports, deletes.
    Demo(demo::Demo),
    /// The LPA: for a card in a file, in a reader, or elsewhere.
    Lpa(Box<lpa::Lpa>),
    /// The LPA as lpac has it, for programs that are made for lpac: its commands, its environment, its lines of JSON.
    #[command(disable_help_flag = true)]
    Lpac(lpac::Lpac),
    /// Lists the readers that are plugged in with what is in them, and serial ports.
    Cards(card::Cards),
    /// Lets a page reach the readers and modems of this machine, which its browser does not: a WebSocket on loopback.
    Bridge(bridge::Bridge),
    /// A virtual modem at a pseudo-terminal, with a software card behind it and the ways of one that was reported.
    #[cfg(unix)]
    Modem(card::Virtual),
    /// The SM-DP+: serve it, order from it.
    #[command(subcommand)]
    Sm(Sm),
    /// Certificates of the test PKI: for eUICCs, LPAs and operators; revocation lists.
    #[command(subcommand)]
    Pki(issue::Pki),
    /// A software eUICC in a file: make it, plug it into other programs.
    #[command(subcommand)]
    Euicc(Euicc),
    /// The mobile network: play its scenarios, print and check its rules.
    #[command(subcommand)]
    Net(net::Net),
    /// Profile packages: show, check, build, diff.
    #[command(subcommand)]
    Profile(profile::Profile),
    /// Shows any RSP message as a tree, and what else people have: logs of APDUs and of lpac, captures, traces, JSON, PEM, codes.
    Explain {
        /// Hexadecimal, base64, JSON, PEM, an APDU or several, an activation code; a file with any of these, with DER, a log,
        /// a capture, a trace, a recording (docs/EXPLAIN.md); or - for standard input.
        #[arg(allow_hyphen_values = true)]
        message: String,
    },
}

#[derive(Subcommand)]
enum Sm {
    /// Serves ES9+, ES2+ and the operator's interface over HTTPS.
    Serve(Box<serve::Serve>),
    /// Orders a profile over ES2+; prints activation code and QR code.
    Order(Box<sm::Order>),
    /// Makes orders of a file of subscribers (CSV or JSON); can be repeated.
    Import(Box<batch::Import>),
    /// Lists the templates that profiles are made of, and the columns of a batch.
    Templates(batch::Templates),
    /// Reports how orders stand, all or those of a batch.
    Orders(batch::Orders),
    /// Tells whether the histories of orders are as they were written, and exports them.
    Audit(audit::Audit),
    /// Prints a token that an operator has signed, for ES2+ and the operator's interface.
    Token(issue::Token),
    /// Copies the records of an SM on this machine, which may go on serving.
    Backup(keep::Backup),
    /// Puts a copy in the place of the records.
    Restore(keep::Restore),
    /// Seals all records with another key.
    Reseal(keep::Reseal),
    /// Reads every record and names those that are damaged; the SM may go on serving.
    Check(keep::Check),
}

#[derive(Subcommand)]
enum Euicc {
    /// Personalises a fresh card.
    Init(euicc::Init),
    /// Connects the card to another program.
    Serve(euicc::Serve),
    /// Connects a card to another program that answers as a recording of another card does.
    Replay(euicc::Replayed),
}

fn main() -> ExitCode {
    let command = lpac::Lpac::by_name(std::env::args_os()).map(Command::Lpac);
    let command = command.unwrap_or_else(|| Arguments::parse().command);
    let log = match &command {
        Command::Sm(Sm::Serve(serve)) => serve.log(),
        _ => None,
    };
    start_log(log);
    match run(command) {
        Ok(code) if out::is_complete() => code,
        Ok(_) => {
            tell!("esim-lab: standard output could not be written");
            ExitCode::FAILURE
        }
        Err(error) => {
            tell!("esim-lab: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Lines on standard error: warnings alone, unless somebody wants a log or `RUST_LOG` says otherwise.
fn start_log(form: Option<serve::LogForm>) {
    let default = if form.is_some() { "info" } else { "warn" };
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    // Told on standard error, an error of writing there would be a panic.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    match form {
        Some(serve::LogForm::Json) => log.json().flatten_event(true).init(),
        Some(serve::LogForm::Text) | None => log.init(),
    }
}

fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Demo(args) => block_on(demo::run(args))?,
        Command::Lpa(args) => return block_on(lpa::run(*args)),
        Command::Lpac(args) => return block_on(async { Ok(lpac::run(args).await) }),
        Command::Cards(args) => card::list(&args)?,
        Command::Bridge(args) => block_on(bridge::run(args))?,
        #[cfg(unix)]
        Command::Modem(args) => card::serve_modem(&args)?,
        Command::Sm(Sm::Serve(args)) => block_on(serve::serve(*args))?,
        Command::Sm(Sm::Order(args)) => block_on(sm::order(*args))?,
        Command::Sm(Sm::Import(args)) => return block_on(batch::import(*args)),
        Command::Sm(Sm::Backup(args)) => keep::backup(&args)?,
        Command::Sm(Sm::Restore(args)) => keep::restore(&args)?,
        Command::Sm(Sm::Reseal(args)) => keep::reseal(&args)?,
        Command::Sm(Sm::Check(args)) => return keep::check(&args),
        Command::Sm(Sm::Templates(args)) => block_on(batch::templates(args))?,
        Command::Sm(Sm::Orders(args)) => block_on(batch::orders(args))?,
        Command::Sm(Sm::Audit(args)) => return block_on(audit::audit(args)),
        Command::Sm(Sm::Token(args)) => issue::token(&args)?,
        Command::Pki(command) => issue::run(&command)?,
        Command::Euicc(Euicc::Init(args)) => euicc::init(&args)?,
        Command::Euicc(Euicc::Serve(args)) => {
            return Ok(ExitCode::from(u8::try_from(euicc::serve(&args)?).unwrap_or(1)));
        }
        Command::Euicc(Euicc::Replay(args)) => {
            return Ok(ExitCode::from(u8::try_from(euicc::replay(&args)?).unwrap_or(1)));
        }
        Command::Net(command) => return block_on(net::run(command)),
        Command::Profile(command) => return Ok(profile::run(&command)),
        Command::Explain { message } => explain::run(&message)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(work)
}

/// This machine's clock.
fn clock() -> Clock {
    Clock::Host(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}

/// A generator seeded by this machine.
fn random() -> Result<ChaCha20Rng> {
    Ok(ChaCha20Rng::from_seed(random_octets()?))
}

/// Octets of this machine's own generator.
fn random_octets<const N: usize>() -> Result<[u8; N]> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(octets)
}
