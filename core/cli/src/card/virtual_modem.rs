//! A virtual modem at a pseudo-terminal, with a software card behind it.

use crate::device::{Device, Served};
use anyhow::{Context, Result, bail};
use esim_reader::modem::{DIALECTS, Dialect, Modem};
use serialport::{SerialPort, TTYPort};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `modem`.
#[derive(clap::Args)]
pub struct Virtual {
    /// The card's memory.
    #[arg(long, required_unless_present = "list")]
    state: Option<PathBuf>,
    /// A name, or what is in one alone, of --list: the modem whose ways it has.
    #[arg(long, value_name = "NAME", default_value = "TS 27.007")]
    quirks: String,
    /// A symbolic link that leads to its port.
    #[arg(long, value_name = "PATH")]
    link: Option<PathBuf>,
    /// Names the dialects, with where they were reported.
    #[arg(long)]
    list: bool,
}

/// Serves a virtual modem until the process ends.
///
/// # Errors
/// There is no such dialect, or no pseudo-terminal.
pub fn serve(args: &Virtual) -> Result<()> {
    if args.list {
        for Dialect { name, source, quote, .. } in &DIALECTS {
            say!("{name}\n    {quote}\n    {source}");
        }
        return Ok(());
    }
    let dialect = find(&args.quirks)?;
    let state = args.state.as_ref().context("--state says which card")?;
    let mut modem = Modem::new(dialect, Behind(Device::open(state)?));
    let (mut master, slave) = TTYPort::pair().context("there is no pseudo-terminal")?;
    // A port that nobody has open ends reading; it stays open here.
    let path = slave.name().context("the pseudo-terminal has no name")?;
    master.set_timeout(Duration::from_secs(3600))?;
    if let Some(link) = &args.link {
        link_to(&path, link)?;
    }
    say!("{} at {path}", dialect.name);
    let mut octets = [0; 4096];
    loop {
        match master.read(&mut octets) {
            Ok(length) => {
                let answer = modem.receive(octets.get(..length).unwrap_or_default());
                master.write_all(&answer).context("the pseudo-terminal takes nothing")?;
            }
            Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
            Err(error) => return Err(error).context("the pseudo-terminal ends"),
        }
    }
}

fn find(name: &str) -> Result<Dialect> {
    let is = |it: &&Dialect| it.name.eq_ignore_ascii_case(name);
    let has = |it: &&Dialect| it.name.to_lowercase().contains(&name.to_lowercase());
    let some: Vec<_> = DIALECTS.iter().filter(has).collect();
    match (DIALECTS.iter().find(is), &some[..]) {
        (Some(dialect), _) => Ok(*dialect),
        (None, [dialect]) => Ok(**dialect),
        (None, []) => bail!("no dialect has {name} in its name; --list names them"),
        (None, some) => {
            bail!("{name} may be {}", some.iter().map(|it| it.name).collect::<Vec<_>>().join(" or "))
        }
    }
}

/// A link of before is replaced, and nothing else.
fn link_to(path: &str, link: &Path) -> Result<()> {
    let name = || link.display().to_string();
    if let Ok(there) = link.symlink_metadata() {
        anyhow::ensure!(there.is_symlink(), "{} is there, and no link", name());
        std::fs::remove_file(link).with_context(name)?;
    }
    std::os::unix::fs::symlink(path, link).with_context(name)
}

/// Type of a proactive command (TS 102 223 9.4).
const REFRESH: u8 = 0x01;

/// What a modem tells of itself when its card has power: that it knows REFRESH, octet 3 bit 8 (TS 102 223 5.2).
const TERMINAL_PROFILE: [u8; 8] = [0x80, 0x10, 0x00, 0x00, 0x03, 0x00, 0x00, 0x80];

struct Behind(Device);

impl esim_reader::Card for Behind {
    /// As a modem, it sees itself to what the card has for a terminal: 91xx says that there is a proactive command, and a
    /// REFRESH resets the card (TS 102 221 7.4.2, TS 102 223 6.4.7).
    fn transmit(&mut self, apdu: &[u8]) -> Vec<u8> {
        let response = self.0.transmit(apdu);
        if let [.., 0x91, length] = response[..] {
            let command = self.0.transmit(&[0x80, 0x12, 0x00, 0x00, length]);
            // D0, a length of one octet, and command details: number, type, qualifier.
            if matches!(command[..], [0xD0, _, 0x81 | 0x01, 0x03, _, REFRESH, ..]) {
                esim_reader::Card::reset(self);
            }
        }
        response
    }

    fn reset(&mut self) -> Vec<u8> {
        if let Err(error) = self.0.reset() {
            tell!("the card does not start again: {error:#}");
        }
        self.0.transmit(&TERMINAL_PROFILE);
        self.0.atr()
    }
}
