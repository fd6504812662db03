//! A card behind a TCP port, in the protocol of vsmartcard's virtual reader: [`crate::vpcd`] from the other end.

use crate::vpcd::{GET_ATR, POWER_OFF, POWER_ON, RESET, receive, send};
use anyhow::{Context, Result};
use esim_lpa::Lost;
use std::net::TcpStream;
use std::time::Duration;

/// A card may make a key pair, and take a profile in.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Tcp(TcpStream);

impl Tcp {
    /// Connects, and powers the card.
    pub fn open(address: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(address)
            .with_context(|| format!("no card at {address}; esim-lab euicc serve --tcp {address} is one"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        send(&mut stream, &[POWER_ON])?;
        Ok(Self(stream))
    }

    pub fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        // One octet would be a control.
        if apdu.len() < 4 {
            return Err(Lost("a command has 4 octets at least".into()));
        }
        let response = send(&mut self.0, apdu).and_then(|()| receive(&mut self.0));
        response.map_err(|error| Lost(format!("the card's connection ends: {error}")))
    }

    /// What the card has answered to its reset, where the program tells.
    pub fn atr(&mut self) -> Option<Vec<u8>> {
        send(&mut self.0, &[GET_ATR]).and_then(|()| receive(&mut self.0)).ok()
    }

    pub fn reset(&mut self) -> Result<()> {
        send(&mut self.0, &[RESET]).context("the card's connection ends")
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        // Whoever has gone needs no telling.
        let _ = send(&mut self.0, &[POWER_OFF]);
    }
}
