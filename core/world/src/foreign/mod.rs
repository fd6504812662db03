//! What people bring from elsewhere, as records of a trace: logs of APDUs and of lpac, captures, traces, recordings, single
//! messages however they are written.

mod capture;
mod http;
mod line;
mod log;
mod single;
pub(crate) mod tape;

use crate::octets::{self, LONGEST};
use crate::words::Words;
use crate::written::read_json;
use esim_rsp::trace::{Party, Record};
use serde::Serialize;
use tape::Tape;

/// What has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(optional_fields))]
pub struct Foreign {
    /// `message`, `pem`, `json`, `http`, `apdus`, `lpac`, `lpac-stdio`, `recording`, `pcap`, `trace`, `profile`, `card`, `report`,
    /// `link` or `activation-code`.
    pub kind: String,
    /// What it is.
    pub title: Words,
    /// What is in it.
    pub summary: Words,
    /// The messages, in order; APDUs have beside them the messages of ES10 that they carry. Times are 0 where it has none.
    pub records: Vec<Record>,
    /// As in the QR code, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub activation_code: Option<String>,
    /// The part of a URL, from `#` on, by which the world is made once more that it tells of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// What could not be read, and where; what somebody should know.
    pub notes: Vec<Words>,
}

impl Foreign {
    fn new(kind: &str, title: (&str, &str), records: Vec<Record>, notes: Vec<Words>) -> Self {
        let title = Words::new(title.0, title.1);
        let summary = summary(&title, &records);
        Self { kind: kind.into(), title, summary, records, activation_code: None, link: None, notes }
    }

    fn of_tape(kind: &str, title: (&str, &str), tape: Tape) -> Self {
        let (records, notes) = tape.finish();
        Self::new(kind, title, records, notes)
    }
}

/// Reads the lines of a log; none if a text is none.
pub(crate) fn read_log(text: &str) -> Option<Foreign> {
    log::read(&log::without_colours(text))
}

/// Reads a file, or what somebody has pasted; of a file its name may tell what its octets do not.
///
/// # Errors
/// What the input looks like, and what is taken.
pub fn read_foreign(octets: &[u8], name: Option<&str>) -> Result<Foreign, Words> {
    if octets.len() > LONGEST {
        let limit = LONGEST >> 20;
        return Err(Words::new(
            format!("more than {limit} MB: bring a part of it"),
            format!("{limit} MBを超えています。一部を渡してください"),
        ));
    }
    if octets.is_empty() {
        return Err(nothing());
    }
    if capture::is_capture(octets) {
        let mut tape = Tape::default();
        capture::read(octets, &mut tape);
        let read = Foreign::of_tape("pcap", ("capture", "キャプチャ"), tape);
        return match read.records.is_empty() {
            true => Err(Words::new(
                "a capture in which there is nothing that can be read here: APDUs in GSMTAP, HTTP without TLS, or a capture of \
                 esim-lab",
                "読めるものがないキャプチャです。GSMTAPのAPDU、TLSでないHTTP、esim-labのキャプチャを読めます",
            )),
            false => Ok(read),
        };
    }
    if let Some(card) = single::card(octets) {
        return Ok(card);
    }
    match std::str::from_utf8(octets) {
        Ok(text) if !has_controls(text) => of_text(text, name),
        _ => single::message(octets).ok_or_else(|| unknown(octets)),
    }
}

/// Whether something is in a text that nobody writes; terminals' colours are.
fn has_controls(text: &str) -> bool {
    text.chars().any(|c| c.is_control() && !c.is_whitespace() && c != '\u{1b}')
}

fn of_text(text: &str, name: Option<&str>) -> Result<Foreign, Words> {
    let text = text.trim_start_matches('\u{feff}');
    let plain = log::without_colours(text);
    let trimmed = plain.trim();
    if trimmed.is_empty() {
        return Err(nothing());
    }
    if let Some(of_ours) = single::report_or_link(trimmed) {
        return Ok(of_ours);
    }
    if trimmed.contains("-----BEGIN ") {
        return single::pem(trimmed);
    }
    if let Some(code) = single::activation_code(trimmed) {
        return code;
    }
    let messages = http::copied(trimmed);
    if !messages.is_empty() {
        return Ok(of_http(messages));
    }
    if let Some(log) = log::read(&plain) {
        return Ok(log);
    }
    if trimmed.starts_with(['{', '[']) {
        return single::json(trimmed);
    }
    let octets = octets::hexadecimal(trimmed).or_else(|| esim_rsp::common::from_base64(trimmed).ok());
    let read = octets.and_then(|octets| single::message(&octets));
    read.ok_or_else(|| octets::no_octets(trimmed).unwrap_or_else(|| unknown_text(trimmed, name)))
}

fn of_http(messages: Vec<http::Copied>) -> Foreign {
    let mut tape = Tape::default();
    for http::Copied { line, path, body } in messages {
        let body = body.trim();
        if !body.is_empty() && read_json::<serde_json::Value>(body).is_err() {
            tape.remark(line, "the body is no JSON", "本文がJSONではありません");
        }
        match path {
            Some(path) => tape.request(&path, body.as_bytes()),
            None => tape.answer(body.as_bytes()),
        }
    }
    Foreign::of_tape("http", ("HTTP", "HTTP"), tape)
}

/// `lpac log, 212 APDUs, 6 requests`.
fn summary(title: &Words, records: &[Record]) -> Words {
    let count = |is: &dyn Fn(&Record) -> bool| records.iter().filter(|record| is(record)).count();
    let apdus = count(&|record| record.interface == "APDU" && record.to == Party::Euicc);
    let functions = count(&|record| record.interface.starts_with("ES10") && record.to == Party::Euicc);
    let over_http = |record: &Record| {
        let is_es = record.interface.starts_with("ES") && !record.interface.starts_with("ES10");
        (is_es || record.interface == "HTTP") && record.to == Party::Sm
    };
    let requests = count(&over_http);
    let (mut en, mut ja) = (title.en.clone(), title.ja.clone());
    for (number, one, many, ja_of) in [
        (apdus, "APDU", "APDUs", "APDU"),
        (functions, "function of ES10", "functions of ES10", "ES10の機能"),
        (requests, "request over HTTP", "requests over HTTP", "HTTPの要求"),
    ] {
        if number > 0 {
            en += &format!(", {number} {}", if number == 1 { one } else { many });
            ja += &format!("、{ja_of} {number}件");
        }
    }
    if apdus + functions + requests == 0 && !records.is_empty() {
        let number = records.len();
        en += &format!(", {number} message{}", if number == 1 { "" } else { "s" });
        ja += &format!("、メッセージ {number}件");
    }
    Words::new(en, ja)
}

fn nothing() -> Words {
    Words::new("there is nothing in it", "中身がありません")
}

const TAKEN: (&str, &str) = (
    "hexadecimal, base64, PEM, JSON, HTTP, logs of APDUs or of lpac, recordings, traces and captures of esim-lab, pcap with \
     GSMTAP, profile packages, memories of cards, bug reports, links and activation codes",
    "16進、base64、PEM、JSON、HTTP、APDUのログ、lpacのログ、esim-labの記録・トレース・キャプチャ、GSMTAPのpcap、プロファイルパッケージ、カードのメモリー、\
     不具合報告、リンク、アクティベーションコード",
);

fn unknown(octets: &[u8]) -> Words {
    let first = octets.get(..8.min(octets.len())).unwrap_or_default();
    let shown: Vec<String> = first.iter().map(|octet| format!("{octet:02X}")).collect();
    let shown = shown.join(" ") + if octets.len() > 8 { " …" } else { "" };
    let (en, ja) = TAKEN;
    Words::new(
        format!(
            "{} octets that begin with {shown} are nothing that is known here; taken are {en}",
            octets.len()
        ),
        format!(
            "{shown}で始まる{}オクテットは、ここで読めるものではありません。読めるのは、{ja}です",
            octets.len()
        ),
    )
}

fn unknown_text(text: &str, name: Option<&str>) -> Words {
    let shown: String = text.chars().take(40).collect();
    let shown = if shown.len() < text.len() { shown + "…" } else { shown };
    let named = name.map(|name| format!("{name}: ")).unwrap_or_default();
    let (en, ja) = TAKEN;
    Words::new(
        format!("{named}{shown:?} is nothing that is known here; taken are {en}"),
        format!("{named}「{shown}」は、ここで読めるものではありません。読めるのは、{ja}です"),
    )
}
