//! A card and servers that whoever has started this program reaches for it (`LPAC_APDU=stdio`, `LPAC_HTTP=stdio`): a
//! request is a line on standard output, its answer a line on standard input.
//!
//! There a channel is opened together with its application, by one request; to the LPA it is a card like any other, with
//! MANAGE CHANNEL and SELECT.

use super::input::next_line;
use super::line;
use esim_lpa::Lost;
use esim_lpa::apdu::class;
use serde::{Deserialize, Serialize};

/// The channel that the LPA is given; the other side numbers its own.
const CHANNEL: u8 = 1;

/// The card.
#[derive(Default)]
pub(super) struct Stdio {
    connected: bool,
    /// The other side's number.
    channel: Option<u8>,
}

#[derive(Serialize)]
struct Apdu<'a> {
    func: &'a str,
    param: Option<String>,
}

#[derive(Deserialize)]
struct ApduDone {
    ecode: i64,
    data: Option<String>,
}

#[derive(Serialize)]
struct Http<'a> {
    url: &'a str,
    tx: String,
    headers: &'a [&'a str],
}

#[derive(Deserialize)]
struct HttpDone {
    rcode: u16,
    rx: String,
}

#[derive(Deserialize)]
struct Answer<T> {
    #[serde(rename = "type")]
    kind: String,
    payload: T,
}

impl Stdio {
    /// Sends a command APDU.
    ///
    /// # Errors
    /// The other side gives no answer, or none that can be read.
    pub fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        if !self.connected {
            done("connect", None)?;
            self.connected = true;
        }
        match *apdu {
            [0x00, 0x70, 0x00, 0x00, ..] => Ok(vec![CHANNEL, 0x90, 0x00]),
            [0x00, 0x70, 0x80, CHANNEL, ..] => {
                self.close()?;
                Ok(vec![0x90, 0x00])
            }
            [cla, 0xA4, 0x04, _, length, ref rest @ ..] if cla & 3 == CHANNEL => {
                self.close()?;
                let aid = rest.get(..length.into()).unwrap_or_default();
                let opened = ask("logic_channel_open", Some(aid))?;
                self.channel = u8::try_from(opened.ecode).ok().filter(|number| (1..20).contains(number));
                Ok(if self.channel.is_some() { vec![0x90, 0x00] } else { vec![0x6A, 0x82] })
            }
            [cla, ref rest @ ..] => {
                let cla = self.channel.filter(|_| cla & 3 == CHANNEL).map_or(cla, |n| class(cla & !3, n));
                transmit(&[&[cla], rest].concat())
            }
            [] => Err(Lost("a command without an octet".into())),
        }
    }

    fn close(&mut self) -> Result<(), Lost> {
        match self.channel.take() {
            Some(number) => done("logic_channel_close", Some(&[number])),
            None => Ok(()),
        }
    }
}

impl Drop for Stdio {
    /// Whoever is there no more needs no telling.
    fn drop(&mut self) {
        if self.connected {
            let _ = done("disconnect", None);
        }
    }
}

/// POSTs; HTTP status and body.
///
/// # Errors
/// The other side gives no answer, or none that can be read.
pub(super) fn post(url: &str, headers: &[&str], body: &[u8]) -> Result<(u16, Vec<u8>), Lost> {
    line::print("http", Http { url, tx: hex::encode(body), headers });
    let HttpDone { rcode, rx } = answer("http")?;
    // What could not be fetched has no status.
    if rcode == 0 {
        return Err(Lost(format!("{url}: the other side cannot fetch it")));
    }
    Ok((rcode, octets(&rx)?))
}

fn transmit(apdu: &[u8]) -> Result<Vec<u8>, Lost> {
    let answered = ask("transmit", Some(apdu))?;
    match answered.data {
        Some(data) if answered.ecode >= 0 => octets(&data),
        _ => Err(Lost(format!("the other side answers {} to an APDU", answered.ecode))),
    }
}

fn done(function: &str, parameter: Option<&[u8]>) -> Result<(), Lost> {
    match ask(function, parameter)?.ecode {
        0.. => Ok(()),
        code => Err(Lost(format!("the other side answers {code} to {function}"))),
    }
}

fn ask(function: &str, parameter: Option<&[u8]>) -> Result<ApduDone, Lost> {
    line::print("apdu", Apdu { func: function, param: parameter.map(hex::encode) });
    answer("apdu")
}

/// The next line on standard input, which must be of this type.
fn answer<T: for<'de> Deserialize<'de>>(kind: &str) -> Result<T, Lost> {
    let lost = |why: &dyn std::fmt::Display| Lost(format!("standard input: {why}"));
    let line = next_line(&mut std::io::stdin().lock()).map_err(|error| lost(&error))?;
    let line = line.ok_or_else(|| lost(&"it is closed, and an answer was awaited"))?;
    let answer: Answer<T> = serde_json::from_slice(&line).map_err(|error| lost(&error))?;
    match answer.kind == kind {
        true => Ok(answer.payload),
        false => Err(lost(&format!("a line of type {kind} was awaited, and this one is {}", answer.kind))),
    }
}

fn octets(digits: &str) -> Result<Vec<u8>, Lost> {
    hex::decode(digits).map_err(|error| Lost(format!("standard input: {error}")))
}
