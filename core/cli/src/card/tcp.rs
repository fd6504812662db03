//! A card behind a TCP port, in the protocol of vsmartcard's virtual reader: [`crate::vpcd`] from the other end.

use anyhow::{Context, Result};
use esim_lpa::Lost;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;

/// A card may make a key pair, and take a profile in.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Tcp {
    stream: TcpStream,
}

impl Tcp {
    /// Connects, and powers the card.
    pub fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| {
            format!("no card at {address}; esim-lab euicc serve --listen {address} is one")
        })?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut tcp = Self { stream };
        tcp.send(&[POWER_ON])?;
        Ok(tcp)
    }

    fn send(&mut self, message: &[u8]) -> std::io::Result<()> {
        let length = u16::try_from(message.len()).map_err(|_| std::io::ErrorKind::InvalidInput)?;
        self.stream.write_all(&[&length.to_be_bytes(), message].concat())
    }

    pub fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        let exchange = || -> std::io::Result<Vec<u8>> {
            // One octet would be a control.
            if apdu.len() < 4 {
                return Err(std::io::ErrorKind::InvalidInput.into());
            }
            self.send(apdu)?;
            let mut length = [0; 2];
            self.stream.read_exact(&mut length)?;
            let mut response = vec![0; usize::from(u16::from_be_bytes(length))];
            self.stream.read_exact(&mut response)?;
            Ok(response)
        };
        let mut exchange = exchange;
        exchange().map_err(|error| Lost(format!("the card's connection ends: {error}")))
    }

    pub fn reset(&mut self) -> Result<()> {
        self.send(&[RESET]).context("the card's connection ends")
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        // Whoever has gone needs no telling.
        let _ = self.send(&[POWER_OFF]);
    }
}
