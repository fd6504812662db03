//! How an answer is written, in each dialect.

use super::dialect::{Dialect, End, Errors, Length};
use crate::at::CME_ERRORS;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// What a command has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing is said.
    Silence,
    /// `OK`.
    Ok,
    /// A line, and `OK`.
    Line(String),
    /// What `+CCHO` has opened.
    Handle(String),
    /// A response APDU, of this command.
    Apdu(&'static str, Vec<u8>),
    /// A number of TS 27.007 9.2.
    Error(u16),
    /// The command is not known.
    Unknown,
}

/// Writes an answer.
pub(super) fn write(dialect: &Dialect, cmee: u8, answer: &Answer, out: &mut Vec<u8>) {
    let mut line = |text: &str| out.extend([b"\r\n", text.as_bytes(), b"\r\n"].concat());
    if *answer != Answer::Silence {
        dialect.unsolicited.iter().for_each(|text| line(text));
    }
    let value = match answer {
        Answer::Silence => return,
        Answer::Ok => return line("OK"),
        Answer::Unknown => return line("ERROR"),
        Answer::Error(number) => return line(&error(dialect, cmee, *number)),
        Answer::Line(text) if dialect.form.space => text.clone(),
        Answer::Line(text) => text.replacen(": ", ":", 1),
        Answer::Handle(handle) => prefixed(dialect, "+CCHO", handle),
        Answer::Apdu(command, response) => prefixed(dialect, command, &fields(dialect, response)),
    };
    if dialect.end == End::Before {
        line("OK");
    }
    match dialect.form.width {
        Some(width) if width > 0 => {
            let text = value.as_bytes();
            text.chunks(width).for_each(|piece| line(&String::from_utf8_lossy(piece)));
        }
        _ => line(&value),
    }
    match dialect.end {
        End::Before | End::Missing => {}
        End::After => line("OK"),
        End::Twice => {
            line("OK");
            line("OK");
        }
    }
}

fn prefixed(dialect: &Dialect, command: &str, value: &str) -> String {
    match (dialect.form.prefix, dialect.form.space) {
        (true, true) => format!("{command}: {value}"),
        (true, false) => format!("{command}:{value}"),
        (false, _) => value.to_string(),
    }
}

fn fields(dialect: &Dialect, response: &[u8]) -> String {
    let digits = match dialect.form.lower_case {
        true => hex::encode(response),
        false => hex::encode_upper(response),
    };
    let length = match dialect.form.length {
        Length::Digits => digits.len(),
        Length::Octets => response.len(),
        Length::Wrong(more) => digits.len() + more,
    };
    let quote = if dialect.form.quotes { "\"" } else { "" };
    format!("{length},{quote}{digits}{quote}")
}

fn error(dialect: &Dialect, cmee: u8, number: u16) -> String {
    let words = CME_ERRORS.iter().find(|(known, _)| *known == number).map_or("unknown", |(_, words)| *words);
    match (dialect.errors, cmee) {
        (Errors::Plain, _) | (Errors::AsAsked, 0) => "ERROR".to_string(),
        (Errors::AsAsked, 1) => format!("+CME ERROR: {number}"),
        (Errors::Words, _) | (Errors::AsAsked, _) => format!("+CME ERROR: {words}"),
    }
}
