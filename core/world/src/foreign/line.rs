//! One line of a log: what of it is octets, and who says them. The forms are those of lpac (`LIBEUICC_DEBUG_APDU`,
//! `LIBEUICC_DEBUG_HTTP`, its JSON over standard input and output), pySim, scriptor, opensc-tool, pcscd, modems, and ours.

use crate::octets;
use esim_rsp::common::from_hex;
use esim_rsp::trace::Record;
use serde_json::Value;

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// To the card.
    Command(Vec<u8>),
    /// From the card.
    Response(Vec<u8>),
    /// From the card, a status word whose data stands in the lines below (opensc-tool).
    Status([u8; 2]),
    /// To a server: URL or path, and body.
    Request(String, String),
    /// From a server.
    Answer(String),
    /// A request with its answer.
    Exchange { path: String, request: String, answer: Option<String> },
    /// To the card and back.
    Apdu(Vec<u8>, Vec<u8>),
    /// A record of a trace of ours.
    Record(Box<Record>),
    /// The card was reset.
    Reset,
    /// What a program says of itself.
    Aside,
    /// It has the form of an APDU, and no octets.
    Broken,
    /// Octets, and nothing that says whose.
    Octets(Vec<u8>),
    /// Anything else.
    Other,
}

/// Which program writes such lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// APDUs.
    Apdus,
    /// lpac with its debug output.
    Lpac,
    /// lpac over standard input and output.
    LpacStdio,
    /// `esim-lab lpa --record`.
    Recording,
    /// Requests of HTTP with their answers.
    Http,
    /// A trace of ours.
    Trace,
}

/// Words before a command; of two the longer one first.
const COMMAND: &[&str] = &["C-APDU:", "APDU:", "COMMAND:", "CMD:", "SENDING:", "SEND:", "TX:"];
/// Words before a response.
const RESPONSE: &[&str] = &["R-APDU:", "RESPONSE:", "RESP:", "RSP:", "RECEIVED:", "RECV:", "SW:", "RX:"];
/// Arrows to the card.
const TO_CARD: &[&str] = &["-->", "==>", ">>>", "->", "=>", ">>", ">"];
/// Arrows from it.
const FROM_CARD: &[&str] = &["<--", "<==", "<<<", "<-", "<=", "<<", "<"];

/// Reads a line without colours.
pub(super) fn read(line: &str) -> (Form, Line) {
    let line = line.trim();
    let (arrow, bare) = arrow(line);
    if bare.starts_with('{') {
        return json(bare);
    }
    if let Some(lpac) = lpac(line) {
        return (Form::Lpac, lpac);
    }
    (Form::Apdus, apdu(line, arrow, bare))
}

/// Whether a line begins with an arrow to the card or from it, and what stands behind.
fn arrow(line: &str) -> (Option<bool>, &str) {
    // A response behind a comment sign: in scripts of ours, which other programs are fed with, too.
    let bare = line.strip_prefix("# <").map_or(line, |_| line.trim_start_matches("# "));
    for (arrows, to_card) in [(TO_CARD, true), (FROM_CARD, false)] {
        if let Some(rest) = arrows.iter().find_map(|arrow| bare.strip_prefix(arrow)) {
            return (Some(to_card), rest.trim());
        }
    }
    (None, line)
}

fn apdu(line: &str, arrow: Option<bool>, bare: &str) -> Line {
    match arrow {
        Some(true) => return hex_at_start(bare).map_or(Line::Broken, Line::Command),
        Some(false) => return response(bare).unwrap_or(Line::Broken),
        None => {}
    }
    if line.starts_with(['#', ';']) || line.starts_with("//") {
        return Line::Aside;
    }
    let upper = line.to_ascii_uppercase();
    if upper == "RESET" || upper == "-- RESET" {
        return Line::Reset;
    }
    if let Some(quoted) = modem(line, &upper) {
        return quoted;
    }
    if let Some(sw) = opensc(&upper) {
        return Line::Status(sw);
    }
    for (words, to_card) in [(RESPONSE, false), (COMMAND, true)] {
        let Some(rest) = behind_word(&upper, words) else { continue };
        let octets = if to_card { hex_at_start(rest).map(Line::Command) } else { response(rest) };
        // Other programs say other things behind such a word.
        return octets.unwrap_or(Line::Other);
    }
    match octets::octets_in(line) {
        Some(octets) => Line::Octets(octets),
        None => Line::Other,
    }
}

/// What stands behind one of these words, which no letter precedes.
fn behind_word<'a>(upper: &'a str, words: &[&str]) -> Option<&'a str> {
    words.iter().find_map(|word| {
        let at = upper.find(word)?;
        let before = upper[..at].chars().next_back();
        let begins = !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '-');
        begins.then(|| upper[at + word.len()..].trim())
    })
}

/// `AT+CGLA=1,22,"…"`, `+CGLA: 4,"…"`, and the same with CSIM.
fn modem(line: &str, upper: &str) -> Option<Line> {
    let (at, to_card) = ["AT+CGLA=", "AT+CSIM="]
        .iter()
        .find_map(|name| Some((upper.find(name)?, true)))
        .or_else(|| ["+CGLA:", "+CSIM:"].iter().find_map(|name| Some((upper.find(name)?, false))))?;
    let octets = line.get(at..).and_then(|rest| {
        let digits = rest.rsplit(',').next()?.trim().trim_matches('"');
        from_hex(digits).ok().filter(|octets| octets.len() >= 2)
    });
    Some(match (octets, to_card) {
        (Some(octets), true) => Line::Command(octets),
        (Some(octets), false) => Line::Response(octets),
        // `AT+CGLA=?` asks whether there is such a command.
        (None, _) if upper.contains('?') => Line::Aside,
        (None, _) => Line::Broken,
    })
}

/// `Received (SW1=0x61, SW2=0x15):`.
fn opensc(upper: &str) -> Option<[u8; 2]> {
    let rest = upper.strip_prefix("RECEIVED (SW1=0X")?;
    let (sw1, rest) = rest.split_once(", SW2=0X")?;
    Some([octet(sw1)?, octet(rest.get(..2)?)?])
}

/// Data with a status word behind, or `9000: data` as pySim has it, or `90 00 : words` as scriptor.
fn response(text: &str) -> Option<Line> {
    let (first, rest) = text.split_once(':').unwrap_or((text, ""));
    let mut octets = from_hex(first.trim()).ok().filter(|octets| octets.len() >= 2)?;
    if octets.len() == 2 && !rest.trim().is_empty() {
        let data = from_hex(rest.trim()).unwrap_or_default();
        octets.splice(0..0, data);
    }
    Some(Line::Response(octets))
}

/// The hexadecimal digits that a text begins with.
fn hex_at_start(text: &str) -> Option<Vec<u8>> {
    let digits = text.split([':', ';', '#', '(']).next().unwrap_or_default();
    from_hex(&digits.replace("0x", "")).ok().filter(|octets| octets.len() >= 4)
}

/// Debug output of lpac: `[DEBUG] [APDU] [TX] CLA: 81, INS: E2, …, Lc: 03, Data: BF 2E 00`, `[RX] SW1: 90, SW2: 00, Data: …`,
/// `[DEBUG] [HTTP] [TX] url: https://…, data: {…}`, `[RX] rcode: 200, data: {…}`; versions before 2.0 write `[REQ]` and
/// `[RES]`, later ones names with capitals.
fn lpac(line: &str) -> Option<Line> {
    let at = line.find("[DEBUG] [")?;
    let rest = line.get(at + "[DEBUG] ".len()..)?;
    if let Some(http) = rest.strip_prefix("[HTTP] ") {
        return Some(match http.split_once("] ") {
            Some(("[TX", said)) => {
                let url = field(said, "url: ").unwrap_or_default();
                Line::Request(url.trim_end_matches(',').to_string(), body(said))
            }
            Some(("[RX", said)) => Line::Answer(body(said)),
            _ => Line::Aside,
        });
    }
    let (is_apdu, said) = match rest.strip_prefix("[APDU] ") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let direction = said.split_once("] ").map(|(direction, said)| (direction.trim_start_matches('['), said));
    let Some((direction, said)) = direction else { return is_apdu.then_some(Line::Aside) };
    let of = |name: &str| field(said, name).and_then(|digits| octet(digits.trim_end_matches(',')));
    let data = || said.split_once("Data:").map_or(Some(Vec::new()), |(_, digits)| digits_of(digits));
    match direction {
        "TX" | "REQ" => {
            let head = ["CLA: ", "INS: ", "P1: ", "P2: ", "Lc: "].map(of);
            let (head, Some(data)) = (head.into_iter().collect::<Option<Vec<u8>>>(), data()) else {
                return Some(Line::Broken);
            };
            Some(head.map_or(Line::Broken, |head| Line::Command([head, data].concat())))
        }
        "RX" | "RES" => Some(match (data(), of("SW1: "), of("SW2: ")) {
            (Some(data), Some(sw1), Some(sw2)) => Line::Response([&data[..], &[sw1, sw2]].concat()),
            _ => Line::Broken,
        }),
        _ => is_apdu.then_some(Line::Aside),
    }
}

fn digits_of(digits: &str) -> Option<Vec<u8>> {
    match digits.trim() {
        "" => Some(Vec::new()),
        digits => from_hex(digits).ok(),
    }
}

/// The word behind a name.
fn field<'a>(said: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = said.split_once(name).or_else(|| said.split_once(&name.to_uppercase()))?;
    rest.split_whitespace().next()
}

/// The body of an HTTP message in lpac's log; it may go on in the lines below.
fn body(said: &str) -> String {
    let found = said.split_once("data: ").or_else(|| said.split_once("Data: "));
    found.map(|(_, body)| body.trim()).filter(|body| *body != "(null)").unwrap_or_default().to_string()
}

fn octet(digits: &str) -> Option<u8> {
    u8::from_str_radix(digits.trim(), 16).ok()
}

/// A line that is JSON.
fn json(line: &str) -> (Form, Line) {
    let Ok(value) = serde_json::from_str::<Value>(line) else { return (Form::Apdus, Line::Other) };
    let text = |value: &Value| value.as_str().map(str::to_string);
    if let (Some(kind), Some(payload)) = (value["type"].as_str(), value.get("payload")) {
        return (Form::LpacStdio, stdio(kind, payload));
    }
    if value.get("recording").is_some() || value.get("reset").is_some() {
        let is_reset = value["reset"] == Value::Bool(true);
        return (Form::Recording, if is_reset { Line::Reset } else { Line::Aside });
    }
    if let (Some(command), Some(response)) = (text(&value["command"]), text(&value["response"])) {
        let octets = (from_hex(&command).ok(), from_hex(&response).ok());
        return match octets {
            (Some(command), Some(response)) => (Form::Recording, Line::Apdu(command, response)),
            _ => (Form::Recording, Line::Broken),
        };
    }
    if let Ok(record) = serde_json::from_value::<Record>(value.clone()) {
        return (Form::Trace, Line::Record(Box::new(record)));
    }
    let path = text(&value["path"]).or_else(|| text(&value["url"]));
    match (path, value.get("request")) {
        (Some(path), Some(request)) => {
            let answer = value.get("response").filter(|answer| !answer.is_null()).map(written);
            (Form::Http, Line::Exchange { path, request: written(request), answer })
        }
        _ => (Form::Apdus, Line::Other),
    }
}

/// A body: its text, or JSON that is written down.
fn written(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// What lpac and its host say to each other (lpac's `docs/backends/stdio-schema.json`).
fn stdio(kind: &str, payload: &Value) -> Line {
    let octets = |name: &str| payload[name].as_str().and_then(|digits| from_hex(digits).ok());
    let text = |name: &str| octets(name).map(|body| String::from_utf8_lossy(&body).into_owned());
    match kind {
        "apdu" if payload["func"] == "transmit" => octets("param").map_or(Line::Broken, Line::Command),
        // Answers to anything else have no data.
        "apdu" => match payload.get("data") {
            Some(Value::String(_)) => octets("data").map_or(Line::Broken, Line::Response),
            _ => Line::Aside,
        },
        "http" => match payload["url"].as_str() {
            Some(url) => Line::Request(url.to_string(), text("tx").unwrap_or_default()),
            None => Line::Answer(text("rx").unwrap_or_default()),
        },
        _ => Line::Aside,
    }
}
