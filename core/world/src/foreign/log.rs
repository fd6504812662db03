//! Logs: lines, each of which says something or belongs to the one before.

use super::Foreign;
use super::line::{self, Form, Line};
use super::tape::{MOST, Tape};
use crate::octets::is_command;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Lines that a body of HTTP may go on in.
const BODY_LINES: usize = 500;
/// Longest body.
const BODY: usize = 4 << 20;

/// A text without the colours of a terminal (ECMA-48 8.3.117).
pub(super) fn without_colours(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut parts = text.split('\u{1b}');
    let mut plain = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let is_end = |c: char| c.is_ascii_alphabetic();
        plain += match part.strip_prefix('[').and_then(|rest| Some((rest, rest.find(is_end)?))) {
            Some((rest, at)) => &rest[at + 1..],
            None => part,
        };
    }
    Cow::Owned(plain)
}

/// Reads a log; none if it is none.
pub(super) fn read(text: &str) -> Option<Foreign> {
    let mut log = Log::default();
    for (at, text) in text.lines().enumerate() {
        if log.said > MOST {
            break;
        }
        log.line(at + 1, text);
    }
    log.flush();
    log.finish()
}

/// A message whose octets go on in the lines below.
enum Open {
    /// Data of a response, then its status word.
    Data([u8; 2], Vec<u8>),
    /// A body: of which line, to be sent to this URL or an answer, its text, lines so far.
    Body(usize, Option<String>, String, usize),
}

#[derive(Default)]
struct Log {
    tape: Tape,
    open: Option<Open>,
    /// Lines of each form.
    forms: BTreeMap<Form, usize>,
    /// Messages so far.
    said: usize,
    /// Lines of octets alone, and whether one of them was no APDU.
    bare: usize,
    doubtful: bool,
    /// Lines that are nothing: the first of them, and how many.
    unread: Vec<usize>,
    lines: usize,
}

impl Log {
    fn line(&mut self, at: usize, text: &str) {
        if self.goes_on(text) {
            return;
        }
        if text.trim().is_empty() {
            return;
        }
        self.lines += 1;
        let (form, said) = line::read(text);
        match &said {
            Line::Other => return self.unread.push(at),
            Line::Octets(octets) if !self.takes_bare(octets) => return self.unread.push(at),
            Line::Aside | Line::Broken => {}
            _ => {
                *self.forms.entry(form).or_default() += 1;
                self.said += 1;
            }
        }
        match said {
            Line::Command(octets) => self.tape.command(&octets),
            Line::Response(octets) => self.tape.response(&octets),
            Line::Octets(octets) if is_command(&octets) => self.tape.command(&octets),
            Line::Octets(octets) => self.tape.response(&octets),
            Line::Apdu(command, response) => {
                self.tape.command(&command);
                self.tape.response(&response);
            }
            Line::Status(sw) => self.open = Some(Open::Data(sw, Vec::new())),
            Line::Request(url, body) => self.body(at, Some(url), body),
            Line::Answer(body) => self.body(at, None, body),
            Line::Exchange { path, request, answer } => {
                self.tape.request(&path, request.as_bytes());
                if let Some(answer) = answer {
                    self.tape.answer(answer.as_bytes());
                }
            }
            Line::Record(record) => self.tape.record(*record),
            Line::Reset => self.tape.reset(),
            Line::Broken => self.tape.remark(
                at,
                "this looks like an APDU, but its octets cannot be read",
                "APDUの形ですが、オクテットを読めません",
            ),
            Line::Aside | Line::Other => {}
        }
    }

    /// Whether octets that nobody says the direction of are an APDU: the other one's turn tells.
    fn takes_bare(&mut self, octets: &[u8]) -> bool {
        self.bare += 1;
        let is_response = self.tape.awaits_response() && !is_command(octets) && octets.len() >= 2;
        let is_apdu = is_command(octets) || is_response;
        self.doubtful |= !is_apdu;
        is_apdu
    }

    /// Whether a line belongs to the message before.
    fn goes_on(&mut self, text: &str) -> bool {
        match &mut self.open {
            None => false,
            Some(Open::Data(_, data)) => {
                // Sixteen octets a line, and the characters behind them.
                let digits = text.get(..48.min(text.len())).unwrap_or(text);
                match esim_rsp::common::from_hex(digits.trim()) {
                    Ok(octets) if !octets.is_empty() => data.extend(octets),
                    _ => {
                        self.flush();
                        return false;
                    }
                }
                true
            }
            Some(Open::Body(_, _, body, lines)) => {
                let begins_anew = text.contains("[DEBUG] [") || text.starts_with("{\"type\":");
                if begins_anew || *lines >= BODY_LINES || body.len() > BODY {
                    self.flush();
                    return false;
                }
                *lines += 1;
                body.push('\n');
                body.push_str(text);
                if text.trim_end().ends_with('}') && is_closed(body) && first_value(body).is_some() {
                    self.flush();
                }
                true
            }
        }
    }

    fn body(&mut self, at: usize, url: Option<String>, body: String) {
        let is_whole = body.is_empty() || (is_closed(&body) && first_value(&body).is_some());
        self.open = Some(Open::Body(at, url, body, 0));
        if is_whole {
            self.flush();
        }
    }

    /// The message whose octets went on has ended.
    fn flush(&mut self) {
        match self.open.take() {
            Some(Open::Data(sw, data)) => self.tape.response(&[&data[..], &sw].concat()),
            Some(Open::Body(at, url, body, _)) => {
                // lpac prints what it has received without its end: more may stand behind.
                let value = first_value(&body);
                if value.is_none() && !body.is_empty() {
                    self.tape.remark(at, "the body is no JSON", "本文がJSONではありません");
                }
                let body = value.unwrap_or(&body).as_bytes();
                match url {
                    Some(url) => self.tape.request(&url, body),
                    None => self.tape.answer(body),
                }
            }
            None => {}
        }
    }

    fn finish(mut self) -> Option<Foreign> {
        let (form, _) = self.forms.iter().max_by_key(|(_, lines)| **lines)?;
        let form = *form;
        // Octets alone in lines are one message in several, unless each is an APDU; words with a few octets are no log.
        let is_bare = form == Form::Apdus && self.bare == self.said + self.unread.len();
        if (is_bare && (self.doubtful || !self.unread.is_empty() || self.lines < 2))
            || (form == Form::Apdus && self.unread.len() > 4 * self.said)
        {
            return None;
        }
        if let [first, ..] = self.unread[..] {
            let lines = self.unread.len();
            self.tape.remark(
                first,
                &format!("this is no message ({lines} such line{})", if lines == 1 { "" } else { "s" }),
                &format!("メッセージではありません(このような行が{lines}行あります)"),
            );
        }
        let (kind, title) = match form {
            Form::Apdus => ("apdus", ("log of APDUs", "APDUのログ")),
            Form::Lpac => ("lpac", ("lpac log", "lpacのログ")),
            Form::LpacStdio => ("lpac-stdio", ("lpac over standard input and output", "lpacの標準入出力")),
            Form::Recording => ("recording", ("recording of a card", "カードの記録")),
            Form::Http => ("http", ("HTTP", "HTTP")),
            Form::Trace => ("trace", ("trace", "トレース")),
        };
        Some(Foreign::of_tape(kind, title, self.tape))
    }
}

/// Whether as many braces are closed as were opened; text in JSON of RSP has none.
fn is_closed(body: &str) -> bool {
    let count = |brace| body.bytes().filter(|octet| *octet == brace).count();
    count(b'}') >= count(b'{')
}

/// The JSON value that a text begins with.
fn first_value(text: &str) -> Option<&str> {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    values.next()?.ok()?;
    text.get(..values.byte_offset())
}
