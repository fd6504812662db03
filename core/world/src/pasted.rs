//! What people paste to have it explained: hexadecimal, base64, DER, JSON, PEM, APDUs with their status words, one or a
//! log of them, activation codes.

use crate::apdu::{apdu_name, status_word};
use crate::explained::{Explained, Part, command, explain_record, field, response};
use crate::foreign::read_log;
use crate::octets::{
    LONGEST, blocks, channel_of, data_of, hexadecimal, is_activation_code, is_command, is_status, no_octets,
};
use esim_rsp::activation_code::ActivationCode;
use esim_rsp::common::{from_base64, from_hex};
use serde_json::Value;

/// Parts that are shown at most.
const PARTS: usize = 1000;

/// Explains what somebody pasted, or a file's content.
///
/// # Errors
/// A sentence that says what the input looks like, and why it cannot be read as that.
pub fn explain_pasted(input: &[u8]) -> Result<Explained, String> {
    let text = match written(input)? {
        Written::Octets(octets) => return message(octets),
        Written::Text(text) => text,
    };
    if text.contains("-----BEGIN ") {
        return pem(text);
    }
    if let Some(body) = json_in(text) {
        return json(body);
    }
    if is_activation_code(text) {
        return activation_code(text);
    }
    // Lines first: those of a log are APDUs each, those of one message are not.
    if let Some(log) = log(text)? {
        return Ok(log);
    }
    if let Some(octets) = hexadecimal(text) {
        return message(&octets);
    }
    match from_base64(text) {
        Ok(octets) => message(&octets).map_err(|reason| unreadable(text, Some(&reason))),
        Err(_) => Err(unreadable(text, None)),
    }
}

/// The octets of a file or of what was pasted: hexadecimal, base64, PEM, or as they are.
///
/// # Errors
/// A sentence, where it is text of another kind.
pub fn octets_of(input: &[u8]) -> Result<Vec<u8>, String> {
    let text = match written(input)? {
        Written::Octets(octets) => return Ok(octets.to_vec()),
        Written::Text(text) => text,
    };
    if text.contains("-----BEGIN ") {
        let (_, octets) = blocks(text)?.swap_remove(0);
        return Ok(octets);
    }
    hexadecimal(text).or_else(|| from_base64(text).ok()).ok_or_else(|| unreadable(text, None))
}

enum Written<'a> {
    Text(&'a str),
    Octets(&'a [u8]),
}

/// Text, unless something is in it that nobody writes.
fn written(input: &[u8]) -> Result<Written<'_>, String> {
    if input.len() > LONGEST {
        let limit = LONGEST >> 20;
        return Err(format!(
            "the input has more than {limit} MB, which is no message of RSP: explain a part of it"
        ));
    }
    let is_plain = |text: &&str| text.chars().all(|c| !c.is_control() || c.is_whitespace());
    let Some(text) = std::str::from_utf8(input).ok().filter(is_plain) else {
        return Ok(Written::Octets(input));
    };
    match text.trim_start_matches('\u{feff}').trim() {
        "" => Err("there is nothing to explain: the input is empty".into()),
        text => Ok(Written::Text(text)),
    }
}

fn unreadable(text: &str, as_base64: Option<&str>) -> String {
    if let Some(why) = no_octets(text) {
        return why.en;
    }
    let shown: String = text.chars().take(40).collect();
    let shown = if shown.len() < text.len() { format!("{shown}…") } else { shown };
    let kinds = "neither hexadecimal, base64, JSON, PEM, an APDU nor an activation code";
    match as_base64 {
        Some(reason) => format!("{shown:?} is {kinds}; read as base64, {reason}"),
        None => format!("{shown:?} is {kinds}"),
    }
}

/// TLVs, a command, or a response with its status word.
fn message(octets: &[u8]) -> Result<Explained, String> {
    if let [sw1, sw2] = *octets
        && is_status(sw1)
    {
        return Ok(a_response(octets, u16::from_be_bytes([sw1, sw2])));
    }
    let status =
        octets.last_chunk::<2>().filter(|[sw1, _]| is_status(*sw1)).map(|sw| u16::from_be_bytes(*sw));
    match (esim_rsp::explain(octets), status) {
        (Ok(nodes), Some(sw))
            if nodes.len() > 1 && nodes.last().is_some_and(|node| node.whole.len() == 2) =>
        {
            Ok(a_response(octets, sw))
        }
        (Ok(nodes), _) => {
            let first = nodes.first().ok_or("there is nothing to explain")?;
            let title = match first.type_name.as_str() {
                "" => format!("{:X}", first.tag),
                name => name.to_string(),
            };
            let part = Part { label: String::new(), hex: hex::encode(octets), nodes };
            Ok(Explained { title, json: None, parts: vec![part] })
        }
        (Err(error), _) if error.at.is_none() => Err(error.to_string()),
        (Err(_), _) if is_command(octets) => {
            Ok(Explained { title: command_title(octets), json: None, parts: command(octets) })
        }
        (Err(error), Some(sw)) => {
            let (data, _) = octets.split_at(octets.len() - 2);
            // Any two octets look like a status word; most answers are TLVs, and of the others most are 9000.
            match sw == 0x9000 || esim_rsp::explain(data).is_ok() {
                true => Ok(a_response(octets, sw)),
                false => Err(format!("it is neither TLVs ({error}) nor an APDU")),
            }
        }
        (Err(error), None) => Err(format!("it is neither TLVs ({error}) nor an APDU")),
    }
}

fn a_response(octets: &[u8], sw: u16) -> Explained {
    let title = format!("response APDU, status word {sw:04X}: {}", status_word(sw));
    Explained { title, json: None, parts: response(octets) }
}

fn command_title(octets: &[u8]) -> String {
    let &[cla, ins, p1, p2, ..] = octets else { return "command APDU".into() };
    let (name, channel) = (apdu_name(octets), channel_of(cla));
    let block = match (ins, p1 & 0x80) {
        (0xE2, 0) => format!(", block {p2}, more to come"),
        (0xE2, _) => format!(", block {p2}, the last"),
        _ => String::new(),
    };
    format!("command APDU: {name} on logical channel {channel}{block}")
}

/// A log: messages of ES10 and of servers, and the APDUs.
fn log(text: &str) -> Result<Option<Explained>, String> {
    let Some(log) = read_log(text) else { return Ok(None) };
    let mut parts = Vec::new();
    for record in &log.records {
        let explained = explain_record(record);
        let label = |inner: &str| match inner {
            "" => explained.title.clone(),
            inner => format!("{}, {inner}", explained.title),
        };
        parts.extend(explained.parts.into_iter().map(|part| Part { label: label(&part.label), ..part }));
        if parts.len() > PARTS {
            return Err(format!("a log with more than {PARTS} parts of APDUs: explain a part of it"));
        }
    }
    Ok(Some(Explained { title: log.summary.en, json: None, parts }))
}

/// The JSON in a text, which may have the head of an HTTP message before it.
fn json_in(text: &str) -> Option<&str> {
    if text.starts_with(['{', '[']) {
        return Some(text);
    }
    let at = ["\r\n\r\n{", "\n\n{"].iter().find_map(|gap| text.find(gap).map(|at| at + gap.len() - 1))?;
    text.get(at..)
}

/// JSON, one value or several: each member that holds a message is opened.
fn json(text: &str) -> Result<Explained, String> {
    let values = serde_json::Deserializer::from_str(text).into_iter::<Value>().collect::<Result<Vec<_>, _>>();
    let mut values = values.map_err(|error| format!("it is JSON that cannot be read: {error}"))?;
    let mut parts = Vec::new();
    for value in &values {
        members("", value, &mut parts);
    }
    let json = if values.len() == 1 { values.swap_remove(0) } else { Value::Array(values) };
    Ok(Explained { title: "JSON".into(), json: Some(json), parts })
}

fn members(path: &str, value: &Value, parts: &mut Vec<Part>) {
    let below = |name: &str| if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
    match value {
        _ if parts.len() >= PARTS => {}
        Value::Object(object) => object.iter().for_each(|(name, value)| members(&below(name), value, parts)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(i, value)| members(&below(&i.to_string()), value, parts));
        }
        Value::String(text) => {
            // Base64 of TLVs, or the APDU of a log that is JSON.
            let apdu = || {
                from_hex(text).ok().filter(|octets| is_command(octets)).map(|octets| {
                    let data = data_of(&octets).unwrap_or(&octets);
                    Part::new(&format!("{path}, {}", command_title(&octets)), data)
                })
            };
            parts.extend(field(path, value).or_else(apdu));
        }
        _ => {}
    }
}

fn pem(text: &str) -> Result<Explained, String> {
    let part = |(label, octets): (String, Vec<u8>)| match label.ends_with("PRIVATE KEY") {
        true => Part::plain(&format!("{label} (not shown)"), &[]),
        false => Part::new(&label, &octets),
    };
    Ok(Explained { title: "PEM".into(), json: None, parts: blocks(text)?.into_iter().map(part).collect() })
}

fn activation_code(text: &str) -> Result<Explained, String> {
    let code: ActivationCode = text.parse().map_err(|error: esim_rsp::Error| error.to_string())?;
    let json = serde_json::to_value(code).map_err(|error| error.to_string())?;
    Ok(Explained { title: "activation code (SGP.22 4.1)".into(), json: Some(json), parts: Vec::new() })
}
