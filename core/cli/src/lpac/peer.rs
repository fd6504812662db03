//! The other end of lpac's JSON lines: the card on lpac's stdin and stdout (`LPAC_APDU=stdio`).
//!
//! lpac writes a request a line and waits for the answer; its progress and
//! result lines share the stream and are passed through.

use super::input::next_line;
use crate::device::Served;
use anyhow::{Context, Result};
use esim_lpa::apdu::class;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Longest AID (ISO/IEC 7816-4 12.2.3).
const LONGEST_AID: usize = 16;

/// An answer; its type comes first, as the peer writes it.
#[derive(Serialize)]
struct Reply {
    #[serde(rename = "type")]
    kind: &'static str,
    payload: Value,
}

/// Serves one peer until its stream ends. Lines that are no requests go to `aside`,
/// also those that come after the peer has stopped listening.
///
/// # Errors
/// When the card does not start again; nothing that the peer does is an error.
pub fn serve(
    device: &mut impl Served,
    mut from: impl BufRead,
    mut to: impl Write,
    mut aside: impl Write,
) -> Result<()> {
    let mut listening = true;
    while let Ok(Some(line)) = next_line(&mut from) {
        let line = String::from_utf8_lossy(&line);
        let line = line.strip_suffix('\r').unwrap_or(&line);
        match answer(device, line) {
            Some(reply) if listening => {
                let reply = serde_json::to_string(&reply)?;
                listening = writeln!(to, "{reply}").and_then(|()| to.flush()).is_ok();
            }
            Some(_) => {}
            None if line.trim().is_empty() => {}
            // Nobody may be listening there either.
            None => drop(writeln!(aside, "{line}")),
        }
    }
    // The peer is gone: as a reader that loses power.
    device.reset()
}

/// Runs a command with its stdin and stdout connected to the card; its exit code.
pub fn run(device: &mut impl Served, command: &[String]) -> Result<i32> {
    let (program, arguments) = command.split_first().context("no command after --")?;
    let mut child = Command::new(program);
    child.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
    for (name, value) in [("LPAC_APDU", "stdio"), ("LPAC_HTTP", "curl")] {
        if std::env::var_os(name).is_none() {
            child.env(name, value);
        }
    }
    let mut child = child.spawn().with_context(|| format!("cannot run {program}"))?;
    let stdin = child.stdin.take().context("no stdin")?;
    let stdout = child.stdout.take().context("no stdout")?;
    serve(device, BufReader::new(stdout), stdin, std::io::stdout())?;
    let status = child.wait().with_context(|| format!("{program} cannot be waited for"))?;
    Ok(status.code().unwrap_or(1))
}

/// The answer to a request; none for any other line.
fn answer(device: &mut impl Served, line: &str) -> Option<Reply> {
    let message: Value = serde_json::from_str(line).ok()?;
    let payload = message.get("payload")?;
    match message.get("type")?.as_str()? {
        "apdu" => Some(Reply { kind: "apdu", payload: apdu(device, payload) }),
        "http" => Some(Reply { kind: "http", payload: http(device, payload) }),
        _ => None,
    }
}

fn apdu(device: &mut impl Served, payload: &Value) -> Value {
    let function = payload.get("func").and_then(Value::as_str).unwrap_or_default();
    let parameter = payload.get("param").unwrap_or(&Value::Null);
    let failed = || json!({ "ecode": -1 });
    let code = |done: Result<()>| done.map_or_else(|_| failed(), |()| json!({ "ecode": 0 }));
    match function {
        "connect" | "disconnect" => code(device.reset()),
        "logic_channel_open" => {
            open_channel(device, parameter).map_or_else(failed, |n| json!({ "ecode": n }))
        }
        "logic_channel_close" => {
            let number = parameter.as_u64().or_else(|| parameter.as_str()?.parse().ok());
            let number = number.and_then(|n| u8::try_from(n).ok()).unwrap_or(0);
            device.transmit(&[0x00, 0x70, 0x80, number]);
            json!({ "ecode": 0 })
        }
        "transmit" => match parameter.as_str().and_then(|hex| hex::decode(hex).ok()) {
            Some(command) => json!({ "ecode": 0, "data": hex::encode(device.transmit(&command)) }),
            None => failed(),
        },
        _ => failed(),
    }
}

fn open_channel(device: &mut impl Served, aid: &Value) -> Option<u8> {
    let aid = hex::decode(aid.as_str()?).ok().filter(|aid| aid.len() <= LONGEST_AID)?;
    let opened = device.transmit(&[0x00, 0x70, 0x00, 0x00, 0x01]);
    let [number, 0x90, 0x00] = opened[..] else { return None };
    let mut select = vec![class(0, number), 0xA4, 0x04, 0x00, aid.len() as u8];
    select.extend(&aid);
    let response = device.transmit(&select);
    if matches!(response[..], [.., 0x90 | 0x61, _]) {
        return Some(number);
    }
    device.transmit(&[0x00, 0x70, 0x80, number]);
    None
}

/// `LPAC_HTTP=stdio`: lpac asks this side to fetch.
fn http(device: &mut impl Served, payload: &Value) -> Value {
    let url = payload.get("url").and_then(Value::as_str).unwrap_or_default();
    let body = payload.get("tx").and_then(Value::as_str).and_then(|hex| hex::decode(hex).ok());
    let headers = payload.get("headers").and_then(Value::as_array).into_iter().flatten();
    let headers: Vec<_> = headers.filter_map(|line| line.as_str()?.split_once(':')).collect();
    match device.post(url, &headers, body.unwrap_or_default()) {
        Ok((status, body)) => json!({ "rcode": status, "rx": hex::encode(body) }),
        Err(error) => {
            tell!("{url}: {error:#}");
            json!({ "rcode": 0, "rx": "" })
        }
    }
}
