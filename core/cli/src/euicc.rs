//! `esim-lab euicc`: a card in a file, and the plugs that others reach it by.

use crate::card::Replay;
use crate::device::{Device, Served};
use crate::lpac::peer;
use crate::{pki, random, vpcd};
use anyhow::{Context, Result, bail};
use esim_crypto::Curve;
use esim_crypto::pki::TestPki;
use esim_euicc::{Nvm, Personal};
use esim_rsp::Eid;
use esim_world::FileNvm;
use std::path::{Path, PathBuf};

/// `euicc init`.
#[derive(clap::Args)]
pub struct Init {
    /// File that becomes the card's memory.
    #[arg(long)]
    state: PathBuf,
    /// Folder with certificates and keys, as GSMA publishes SGP.26's (docs/SM.md); the project's own test PKI if absent.
    /// Given more than once, the card has an identity under each CI, the preferred one first.
    #[arg(long)]
    pki: Vec<PathBuf>,
    /// 32 digits; drawn if absent, or the certificate's.
    #[arg(long)]
    eid: Option<Eid>,
    /// brainpoolP256r1 in place of P-256.
    #[arg(long, conflicts_with = "pki")]
    brainpool: bool,
    /// Address of the root SM-DS that the card names (`lpa discover`).
    #[arg(long, value_name = "ADDRESS")]
    smds: Option<String>,
    /// Overwrites a card that is there, with all its profiles, damaged or not.
    #[arg(long)]
    force: bool,
}

/// Personalises a card.
pub fn init(args: &Init) -> Result<()> {
    let mut nvm = if args.force { FileNvm::create(&args.state) } else { FileNvm::open(&args.state) }?;
    if Personal::read_from(&nvm as &dyn Nvm)?.is_some() {
        bail!("there is a card in {}; --force overwrites it with all its profiles", args.state.display());
    }
    let mut personal = if args.pki.is_empty() {
        let curve = if args.brainpool { Curve::BrainpoolP256r1 } else { Curve::P256 };
        let eid = args.eid.map_or_else(draw_eid, Ok)?;
        Personal::new(&TestPki::well_known(curve), eid, &mut random()?)?
    } else {
        pki::personalise(&args.pki, args.eid)?
    };
    if let Some(address) = &args.smds {
        personal.root_ds_address.clone_from(address);
    }
    personal.write_to(&mut nvm).context("the card's memory")?;
    say!("EID {}", personal.eid()?);
    Ok(())
}

/// Makes a card under the project's own test PKI, with an EID that is drawn.
///
/// # Errors
/// As for [`init`].
pub fn make(state: &Path) -> Result<()> {
    let state = state.to_path_buf();
    init(&Init { state, pki: Vec::new(), eid: None, brainpool: false, smds: None, force: false })
}

/// An EID in the range of the project's own manufacturer.
pub fn draw_eid() -> Result<Eid> {
    let digits = format!("{:022}", u128::from_be_bytes(crate::random_octets()?) % 10u128.pow(22));
    Ok(Eid::from_body(&format!("89049032{digits}"))?)
}

/// `euicc serve`.
#[derive(clap::Args)]
pub struct Serve {
    /// The card's memory.
    #[arg(long)]
    state: PathBuf,
    #[command(flatten)]
    plug: Plug,
    /// With --lpac-stdio: a command to run with its standard input and output connected to the card.
    #[arg(last = true)]
    command: Vec<String>,
}

/// Where the card is plugged in.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Plug {
    /// Speaks lpac's JSON lines on standard input and output.
    #[arg(long)]
    lpac_stdio: bool,
    /// Sits in vsmartcard's virtual PC/SC reader (vpcd), usually at 127.0.0.1:35963.
    #[arg(long, value_name = "HOST:PORT")]
    vpcd: Option<String>,
    /// Waits there for a program that speaks as vpcd does: a length of two octets, then an APDU, or one octet to
    /// control power.
    #[arg(long, value_name = "HOST:PORT")]
    tcp: Option<String>,
}

/// `euicc replay`.
#[derive(clap::Args)]
pub struct Replayed {
    /// What `esim-lab lpa --record` has written.
    file: PathBuf,
    /// Answers in whatever order it is asked.
    #[arg(long)]
    any_order: bool,
    #[command(flatten)]
    plug: Plug,
    /// As for `serve`.
    #[arg(last = true)]
    command: Vec<String>,
}

/// Serves a card; the exit code of the command, if one was run.
pub fn serve(args: &Serve) -> Result<i32> {
    plug_in(&mut Device::open(&args.state)?, &args.plug, &args.command)
}

/// Serves a card that answers as another has; the same.
pub fn replay(args: &Replayed) -> Result<i32> {
    plug_in(&mut Replay::open(&args.file, args.any_order)?, &args.plug, &args.command)
}

fn plug_in(card: &mut impl Served, plug: &Plug, command: &[String]) -> Result<i32> {
    if let Some(reader) = &plug.vpcd {
        vpcd::serve(card, reader)?;
        return Ok(0);
    }
    if let Some(address) = &plug.tcp {
        vpcd::listen(card, address)?;
        return Ok(0);
    }
    if command.is_empty() {
        peer::serve(card, std::io::stdin().lock(), std::io::stdout(), std::io::stderr())?;
        return Ok(0);
    }
    peer::run(card, command)
}
