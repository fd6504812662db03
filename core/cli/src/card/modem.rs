//! A card behind a modem's AT port.

use anyhow::{Context, Result, bail};
use esim_lpa::Lost;
use esim_reader::at::{CardState, Driver};
use esim_reader::{Effect, Event, Plug as _, Reply, Request};
use serialport::SerialPort;
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

/// Bits a second, where nothing else is said: modems on USB take any.
const BAUD: u32 = 115_200;

/// A modem that is in use.
pub struct AtModem {
    port: Box<dyn SerialPort>,
    path: String,
    driver: Driver,
    since: Instant,
}

impl AtModem {
    /// Opens `PATH` or `PATH@BAUD`, and finds out how the modem reaches its card.
    pub fn open(place: &str) -> Result<Self> {
        let (path, baud) = match place.rsplit_once('@') {
            Some((path, baud)) => {
                (path, baud.parse().with_context(|| format!("{baud} is no number of bits a second"))?)
            }
            None => (place, BAUD),
        };
        let port = serialport::new(path, baud).timeout(Duration::from_secs(1)).open();
        let port = port.map_err(|error| anyhow::anyhow!("{path}: {}", remedy(&error)))?;
        let mut modem = Self { port, path: path.into(), driver: Driver::new(), since: Instant::now() };
        let Reply::Opened(opened) = modem.ask(Request::Open).map_err(|Lost(why)| anyhow::anyhow!(why))?
        else {
            bail!("{path}: the modem has not been opened");
        };
        match &opened.card {
            CardState::Ready | CardState::Unknown => {}
            // An eUICC without an enabled profile is that to some modems, and answers all the same.
            other => tell!("{path}: the modem says of its SIM: {}", said(other)),
        }
        if let Some(limits) = opened.limits() {
            tell!("{path}: {limits}");
        }
        Ok(modem)
    }

    pub fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        match self.ask(Request::Transmit(apdu.into()))? {
            Reply::Apdu(response) => Ok(response),
            Reply::Opened(_) | Reply::Closed => {
                Err(Lost(format!("{}: the modem has not answered", self.path)))
            }
        }
    }

    /// The modem goes on with its card: what it has been told is looked for anew.
    pub fn reset(&mut self) -> Result<()> {
        self.ask(Request::Close).map_err(|Lost(why)| anyhow::anyhow!(why))?;
        tell!(
            "{}: the profile has changed; where the modem does not see it, AT+CFUN=1,1 restarts it",
            self.path
        );
        Ok(())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn ask(&mut self, request: Request) -> Result<Reply<esim_reader::at::Opened>, Lost> {
        let now = self.now();
        let mut effect = self.driver.begin(request, now);
        let mut octets = [0; 4096];
        loop {
            let until = match &effect {
                Effect::Write { octets, until } => {
                    self.port
                        .write_all(octets)
                        .and_then(|()| self.port.flush())
                        .map_err(|error| self.gone(&error))?;
                    *until
                }
                Effect::Wait { until } => *until,
                Effect::Done(_) => 0,
            };
            effect = match effect {
                Effect::Done(done) => return done.map_err(|error| Lost(format!("{}: {error}", self.path))),
                Effect::Write { .. } | Effect::Wait { .. } => {
                    let length = self.wait(until, &mut octets)?;
                    let (now, octets) = (self.now(), octets.get(..length).unwrap_or_default());
                    let event = if octets.is_empty() { Event::Elapsed } else { Event::Received(octets) };
                    self.driver.step(event, now)
                }
            };
        }
    }

    /// Octets that come until then; 0 if none do.
    fn wait(&mut self, until: u64, octets: &mut [u8]) -> Result<usize, Lost> {
        loop {
            let left = until.saturating_sub(self.now());
            if left == 0 {
                return Ok(0);
            }
            let set = self.port.set_timeout(Duration::from_millis(left));
            set.map_err(|error| Lost(format!("{}: {error}", self.path)))?;
            match self.port.read(octets) {
                Ok(0) => return Err(self.gone(&ErrorKind::UnexpectedEof.into())),
                Ok(length) => return Ok(length),
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                Err(error) => return Err(self.gone(&error)),
            }
        }
    }

    fn gone(&self, error: &std::io::Error) -> Lost {
        Lost(format!("{}: the modem is gone ({error})", self.path))
    }
}

impl Drop for AtModem {
    /// Channels are few. A modem that is gone has none.
    fn drop(&mut self) {
        let _ = self.ask(Request::Close);
    }
}

fn said(card: &CardState) -> String {
    match card {
        CardState::PinRequired => "it wants its PIN".into(),
        CardState::PukRequired => "it is blocked and wants its PUK".into(),
        CardState::Absent => "there is none; without an enabled profile some say so of an eUICC".into(),
        CardState::Busy => "it is busy".into(),
        CardState::Other(words) => words.clone(),
        CardState::Ready | CardState::Unknown => "nothing".into(),
    }
}

fn remedy(error: &serialport::Error) -> String {
    match error.kind() {
        serialport::ErrorKind::NoDevice | serialport::ErrorKind::Io(ErrorKind::NotFound) => {
            "there is no such port, or another program has it (ModemManager?)".into()
        }
        serialport::ErrorKind::Io(ErrorKind::PermissionDenied) => {
            "this user may not open it: add it to the group dialout, and sign in anew".into()
        }
        _ => error.to_string(),
    }
}

/// Serial ports of this machine.
pub fn ports() -> Vec<String> {
    // Where they cannot be listed, they can be named all the same.
    serialport::available_ports().unwrap_or_default().into_iter().map(|port| port.port_name).collect()
}
