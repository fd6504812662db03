//! Cards that the LPA reaches: in a file, in a reader, over TCP, of a recording.

mod exchange;
mod masked;
mod modem;
#[cfg(feature = "pcsc")]
mod reader;
mod record;
mod tcp;
#[cfg(unix)]
mod virtual_modem;

use crate::device::{Device, Served};
use anyhow::Result;
use esim_lpa::Lost;
use esim_world::Slot;
use modem::AtModem;
use record::Recorder;
pub use record::Replay;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use tcp::Tcp;
#[cfg(unix)]
pub use virtual_modem::{Virtual, serve as serve_modem};

/// Where a card is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// A software card, whose memory is this file.
    File(PathBuf),
    /// In a reader that PC/SC knows, one whose name has this in it; the first with a card if nothing is said.
    Reader(Option<String>),
    /// Behind a modem, whose AT port this is: `PATH` or `PATH@BAUD`.
    Modem(String),
    /// A program that listens, as `esim-lab euicc serve --listen` does.
    Tcp(String),
    /// What was recorded of another.
    Replay { file: PathBuf, tolerant: bool },
}

impl Where {
    /// Beside which files of this card lie: its memory, or a name in this folder that says where it is.
    pub fn beside(&self) -> PathBuf {
        let place = match self {
            Self::File(path) => return path.clone(),
            Self::Reader(name) => format!("reader {}", name.as_deref().unwrap_or_default()),
            Self::Modem(path) => format!("modem {path}"),
            Self::Tcp(address) => format!("tcp {address}"),
            Self::Replay { file, .. } => format!("replay {}", file.display()),
        };
        let words = place.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        PathBuf::from(format!("esim-lab-{}", words.collect::<Vec<_>>().join("-")))
    }
}

impl FromStr for Where {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        Ok(match (kind, rest) {
            ("reader", "") => Self::Reader(None),
            ("reader", name) => Self::Reader(Some(name.into())),
            ("modem", path) if !path.is_empty() => Self::Modem(path.into()),
            ("tcp", address) if address.contains(':') => Self::Tcp(address.into()),
            ("file", path) if !path.is_empty() => Self::File(path.into()),
            ("replay", path) if !path.is_empty() => Self::Replay { file: path.into(), tolerant: false },
            ("replay-any-order", path) if !path.is_empty() => {
                Self::Replay { file: path.into(), tolerant: true }
            }
            _ => anyhow::bail!(
                "{text} is no place of a card: reader, reader:NAME, modem:PORT, tcp:HOST:PORT, file:PATH, replay:FILE or \
                 replay-any-order:FILE"
            ),
        })
    }
}

/// A card that commands can be sent to.
pub struct Card {
    plug: Plug,
    recorder: Option<Recorder>,
    ci_certificates: Vec<Vec<u8>>,
}

enum Plug {
    File(Box<Device>),
    #[cfg(feature = "pcsc")]
    Reader(reader::Reader),
    Modem(Box<AtModem>),
    Tcp(Tcp),
    Replay(Replay),
}

impl Card {
    /// Powers the card that is there.
    ///
    /// # Errors
    /// What is missing, and what to do.
    pub fn open(place: &Where) -> Result<Self> {
        let mut ci_certificates = Vec::new();
        let plug = match place {
            Where::File(path) => {
                let device = Device::open(path)?;
                ci_certificates = device.ci_certificates().to_vec();
                Plug::File(Box::new(device))
            }
            Where::Reader(name) => open_reader(name.as_deref())?,
            Where::Modem(path) => Plug::Modem(Box::new(AtModem::open(path)?)),
            Where::Tcp(address) => Plug::Tcp(Tcp::open(address)?),
            Where::Replay { file, tolerant } => Plug::Replay(Replay::open(file, *tolerant)?),
        };
        Ok(Self { plug, recorder: None, ci_certificates })
    }

    /// What it has answered to its reset, where the way to it tells that.
    pub fn atr(&mut self) -> Option<Vec<u8>> {
        match &mut self.plug {
            Plug::File(device) => Some(device.atr()),
            #[cfg(feature = "pcsc")]
            Plug::Reader(reader) => reader.atr(),
            Plug::Modem(_) => None,
            Plug::Tcp(tcp) => tcp.atr(),
            Plug::Replay(replay) => Some(replay.atr()),
        }
    }

    /// Whether it may be one whose keys are worth something: who uses it names the CIs.
    pub fn is_foreign(&self) -> bool {
        !matches!(self.plug, Plug::File(_))
    }

    /// CIs that the terminal knows with it.
    pub fn ci_certificates(&self) -> &[Vec<u8>] {
        &self.ci_certificates
    }

    /// From now on every exchange is kept, for [`Card::keep`].
    pub fn record(&mut self, file: &Path, clear: bool) {
        self.recorder = Some(Recorder::new(file, clear));
    }

    /// Writes down what was recorded.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(&mut self) -> Result<()> {
        self.recorder.take().map_or(Ok(()), Recorder::keep)
    }

    fn transmit_now(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        match &mut self.plug {
            Plug::File(device) => Ok(device.transmit(apdu)),
            #[cfg(feature = "pcsc")]
            Plug::Reader(reader) => reader.transmit(apdu),
            Plug::Modem(modem) => modem.transmit(apdu),
            Plug::Tcp(tcp) => tcp.transmit(apdu),
            Plug::Replay(replay) => replay.answer(apdu),
        }
    }

    /// Resets it, as a terminal does after REFRESH.
    ///
    /// # Errors
    /// It does not start again.
    pub fn reset(&mut self) -> Result<()> {
        if let Some(recorder) = &mut self.recorder {
            recorder.reset();
        }
        match &mut self.plug {
            Plug::File(device) => device.reset(),
            #[cfg(feature = "pcsc")]
            Plug::Reader(reader) => reader.reset(),
            Plug::Modem(modem) => modem.reset(),
            Plug::Tcp(tcp) => tcp.reset(),
            Plug::Replay(replay) => replay.reset(),
        }
    }
}

impl Slot for Card {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        let response = self.transmit_now(apdu)?;
        if let Some(recorder) = &mut self.recorder {
            recorder.exchange(apdu, &response);
        }
        Ok(response)
    }
}

#[cfg(feature = "pcsc")]
fn open_reader(name: Option<&str>) -> Result<Plug> {
    Ok(Plug::Reader(reader::Reader::open(name)?))
}

#[cfg(not(feature = "pcsc"))]
fn open_reader(_: Option<&str>) -> Result<Plug> {
    anyhow::bail!(
        "this esim-lab was built without readers: install libpcsclite-dev and pcscd, and build it with --features pcsc"
    )
}

/// `cards`.
#[derive(clap::Args)]
pub struct Cards {
    /// One JSON value on standard output in place of text.
    #[arg(long)]
    json: bool,
}

/// One place where a card may be.
#[derive(Debug, serde::Serialize)]
pub struct Listed {
    /// As `--card` takes it.
    pub card: String,
    /// What is there: an ATR, or why nothing can be used.
    pub state: String,
    /// Whether there is a card.
    pub present: bool,
    /// The same for programs.
    #[serde(skip)]
    pub seen: Seen,
}

/// What is at a place, as far as that is seen without asking a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A card in a reader, with its ATR.
    Card(Vec<u8>),
    /// A reader without one.
    Empty,
    /// A card that another program has for itself.
    Taken,
    /// A card that does not answer.
    Mute,
    /// A serial port: whether a modem is there is not known.
    Port,
}

impl Listed {
    fn new(card: String, seen: Seen) -> Self {
        let state = match &seen {
            Seen::Card(atr) => format!("a card, ATR {}", hex::encode_upper(atr)),
            Seen::Empty => "no card".into(),
            Seen::Taken => "a card that another program has for itself".into(),
            Seen::Mute => "a card that does not answer: turn it round".into(),
            Seen::Port => "a serial port; nobody has asked it".into(),
        };
        Self { card, state, present: !matches!(seen, Seen::Empty | Seen::Port), seen }
    }
}

/// Readers with a card in them, and serial ports. That readers cannot be listed is told.
pub fn places() -> Vec<Listed> {
    let readers = readers().unwrap_or_else(|error| {
        tell!("readers cannot be listed: {error:#}");
        Vec::new()
    });
    readers.into_iter().filter(|listed| listed.present).chain(ports()).collect()
}

/// Serial ports of this machine.
pub fn ports() -> Vec<Listed> {
    modem::ports().into_iter().map(|port| Listed::new(format!("modem:{port}"), Seen::Port)).collect()
}

/// Lists readers with what is in them, and serial ports.
///
/// # Errors
/// PC/SC is not there.
pub fn list(args: &Cards) -> Result<()> {
    let (readers, ports) = (readers(), ports());
    // Where there are modems, nobody needs readers.
    let mut listed = match readers {
        Err(error) if ports.is_empty() => return Err(error.context("readers cannot be listed")),
        Err(error) => {
            tell!("readers cannot be listed: {error:#}");
            Vec::new()
        }
        Ok(readers) => readers,
    };
    listed.extend(ports);
    if args.json {
        say!("{}", serde_json::to_string_pretty(&serde_json::json!({ "version": 1, "cards": listed }))?);
        return Ok(());
    }
    for Listed { card, state, .. } in &listed {
        say!("{card}  {state}");
    }
    if listed.is_empty() {
        say!(
            "no reader or serial port is plugged in; a software card needs none: esim-lab euicc init --state card"
        );
    }
    Ok(())
}

/// Readers with what is in them, in the order in which PC/SC tells them.
///
/// # Errors
/// PC/SC is not there.
#[cfg(feature = "pcsc")]
pub fn readers() -> Result<Vec<Listed>> {
    reader::list()
}

/// This program was built without readers.
///
/// # Errors
/// Always, with what to do.
#[cfg(not(feature = "pcsc"))]
pub fn readers() -> Result<Vec<Listed>> {
    open_reader(None).map(|_| Vec::new())
}
