//! The card over TCP, in the protocol of vsmartcard's virtual PC/SC reader
//! (vpcd): the card goes into that reader, so that any PC/SC program on this
//! machine sees it, or waits for a program to connect.
//!
//! A message is a length of two octets, big-endian, and as many octets. One
//! octet is a control: power off, power on, reset, or "what is your ATR";
//! more are a command APDU, answered by its response APDU.

use crate::device::Device;
use anyhow::{Context, Result};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const POWER_OFF: u8 = 0;
const POWER_ON: u8 = 1;
const RESET: u8 = 2;
const GET_ATR: u8 = 4;

/// How long to wait before a reader that is not there is tried again.
const RETRY: Duration = Duration::from_millis(300);

/// Puts the card into the reader at `address`, and again whenever the reader
/// comes back. Ends only with an error of the card itself.
pub fn serve(device: &mut Device, address: &str) -> Result<()> {
    let mut waiting = false;
    loop {
        match TcpStream::connect(address) {
            Ok(mut reader) => {
                eprintln!("in the reader at {address}");
                waiting = false;
                session(device, &mut reader)?;
                eprintln!("the reader is gone; waiting for it");
            }
            Err(error) if !waiting => {
                eprintln!("no reader at {address} yet ({error}); is pcscd running with vpcd?");
                waiting = true;
            }
            Err(_) => {}
        }
        std::thread::sleep(RETRY);
    }
}

/// Waits for programs at `address`, one after the other. Ends only with an
/// error of the card itself.
pub fn listen(device: &mut Device, address: &str) -> Result<()> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen at {address}"))?;
    eprintln!("waiting at {}", listener.local_addr()?);
    loop {
        let (mut peer, from) = listener.accept().context("the next connection")?;
        eprintln!("in use by {from}");
        session(device, &mut peer)?;
        eprintln!("{from} is gone");
    }
}

/// One connection; a reader that goes away is no error.
fn session(device: &mut Device, reader: &mut TcpStream) -> Result<()> {
    // Small messages to and fro: waiting to fill packets costs 40 ms each.
    reader.set_nodelay(true).context("the reader's connection")?;
    loop {
        let message = match receive(reader) {
            Ok(message) => message,
            Err(error) if is_gone(error.kind()) => return device.reset(),
            Err(error) => return Err(error).context("the reader's connection"),
        };
        let reply = match message[..] {
            [POWER_OFF] => {
                device.reset()?;
                continue;
            }
            [POWER_ON | RESET] => {
                device.reset()?;
                continue;
            }
            [GET_ATR] => device.card().card().atr(),
            // Nothing, or a control of another version: nothing to say.
            [] | [_] => continue,
            _ => device.transmit(&message),
        };
        match send(reader, &reply) {
            Err(error) if is_gone(error.kind()) => return device.reset(),
            sent => sent.context("the reader's connection")?,
        }
    }
}

fn is_gone(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

fn receive(reader: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut length = [0; 2];
    reader.read_exact(&mut length)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    reader.read_exact(&mut message)?;
    Ok(message)
}

fn send(reader: &mut TcpStream, octets: &[u8]) -> std::io::Result<()> {
    let length = u16::try_from(octets.len()).map_err(|_| ErrorKind::InvalidData)?;
    let mut message = length.to_be_bytes().to_vec();
    message.extend_from_slice(octets);
    reader.write_all(&message)
}
