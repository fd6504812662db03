//! The card over TCP, in the protocol of vsmartcard's virtual PC/SC reader
//! (vpcd): the card goes into that reader, so that any PC/SC program on this
//! machine sees it, or waits for a program to connect.
//!
//! A message is a length of two octets, big-endian, and as many octets. One
//! octet is a control: power off, power on, reset, or "what is your ATR";
//! more are a command APDU, answered by its response APDU.
//!
//! Whatever a peer sends, and however its connection ends, only that
//! connection ends: the card goes on and waits for the next.

use crate::device::Served;
use anyhow::{Context, Result};
use std::convert::Infallible;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

pub const POWER_OFF: u8 = 0;
pub const POWER_ON: u8 = 1;
pub const RESET: u8 = 2;
pub const GET_ATR: u8 = 4;

/// How long to wait before a reader that is not there is tried again.
const RETRY: Duration = Duration::from_millis(300);

/// Puts the card into the reader at `address`, and again whenever the reader
/// comes back. Ends only with an error of the card itself.
pub fn serve(device: &mut impl Served, address: &str) -> Result<()> {
    let mut waiting = false;
    loop {
        match TcpStream::connect(address) {
            Ok(mut reader) => {
                tell!("in the reader at {address}");
                waiting = false;
                session(device, &mut reader)?;
                tell!("the reader is gone; waiting for it");
            }
            Err(error) if !waiting => {
                tell!("no reader at {address} yet ({error}); is pcscd running with vpcd?");
                waiting = true;
            }
            Err(_) => {}
        }
        std::thread::sleep(RETRY);
    }
}

/// Waits for programs at `address`, one after the other. Ends only with an
/// error of the card itself.
pub fn listen(device: &mut impl Served, address: &str) -> Result<()> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen at {address}"))?;
    tell!("waiting at {}", listener.local_addr()?);
    loop {
        match listener.accept() {
            Ok((mut peer, from)) => {
                tell!("in use by {from}");
                session(device, &mut peer)?;
                tell!("{from} is gone");
            }
            // A peer that was gone before it was let in, or no descriptor left for it.
            Err(error) => {
                tell!("a program could not be let in: {error}");
                std::thread::sleep(RETRY);
            }
        }
    }
}

/// One connection, however it ends; then the card is without power.
///
/// # Errors
/// When the card does not start again.
fn session(device: &mut impl Served, reader: &mut TcpStream) -> Result<()> {
    match serve_reader(device, reader) {
        Err(Stop::Card(error)) => Err(error),
        Err(Stop::Connection(error)) => {
            if !is_gone(error.kind()) {
                tell!("the connection ends: {error}");
            }
            device.reset()
        }
    }
}

/// Why a connection is served no longer.
enum Stop {
    Connection(std::io::Error),
    Card(anyhow::Error),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Connection(error)
    }
}

fn serve_reader(device: &mut impl Served, reader: &mut TcpStream) -> Result<Infallible, Stop> {
    // Small messages to and fro: waiting to fill packets costs 40 ms each.
    reader.set_nodelay(true)?;
    loop {
        let message = receive(&mut Prompt(reader))?;
        match message[..] {
            [POWER_OFF | POWER_ON | RESET] => device.reset().map_err(Stop::Card)?,
            [GET_ATR] => send(reader, &device.atr())?,
            // Nothing, or a control of another version: nothing to say.
            [] | [_] => {}
            _ => send(reader, &device.transmit(&message))?,
        }
    }
}

fn is_gone(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// A connection whose octets are acknowledged as they come. vpcd writes a length and an APDU apart: it sends the second
/// once the first is acknowledged (Nagle), which this side would put off for 40 ms. The kernel forgets the wish at its
/// own discretion, so that it is told again before each read.
struct Prompt<'a>(&'a mut TcpStream);

impl Read for Prompt<'_> {
    fn read(&mut self, octets: &mut [u8]) -> std::io::Result<usize> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        socket2::SockRef::from(&*self.0).set_tcp_quickack(true)?;
        self.0.read(octets)
    }
}

pub fn receive(reader: &mut impl Read) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 2];
    reader.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    reader.read_exact(&mut message)?;
    Ok(message)
}

pub fn send(reader: &mut TcpStream, octets: &[u8]) -> std::io::Result<()> {
    // The card bounds its answers to what a message holds.
    let length = u16::try_from(octets.len()).map_err(|_| ErrorKind::InvalidData)?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend_from_slice(octets);
    reader.write_all(&message)
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;

    /// The kernel has forgotten the wish before every read; it holds again when octets come.
    #[test]
    fn every_read_asks_for_a_prompt_acknowledgement() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut reader, _) = listener.accept().unwrap();
        for octet in [1, 2, 3] {
            socket2::SockRef::from(&reader).set_tcp_quickack(false).unwrap();
            assert!(!socket2::SockRef::from(&reader).tcp_quickack().unwrap());
            peer.write_all(&[octet]).unwrap();
            let mut came = [0];
            Prompt(&mut reader).read_exact(&mut came).unwrap();
            assert_eq!(came, [octet]);
            assert!(socket2::SockRef::from(&reader).tcp_quickack().unwrap());
        }
    }
}
