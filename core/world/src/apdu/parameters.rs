//! Class, instruction and parameters in words.

use super::{apdu_name, channel};
use esim_saip::explain::words::key_name;

/// The class: whose it is, its logical channel, chaining and secure messaging (TS 102 221 10.1.1).
pub(super) fn class(cla: u8) -> String {
    let whose = match cla {
        0x00..=0x7F => "interindustry",
        0xA0..=0xAF => "of TS 51.011",
        _ => "proprietary",
    };
    let Some(channel) = channel(cla) else { return format!("{cla:02X} ({whose})") };
    let secure = match cla & 0x40 {
        0 if cla & 0x0C != 0 => ", secure messaging",
        0 => "",
        _ if cla & 0x20 != 0 => ", secure messaging",
        _ => "",
    };
    let chained = if cla & 0x10 != 0 { ", more of a chain follow" } else { "" };
    format!("{cla:02X} ({whose}, logical channel {channel}{secure}{chained})")
}

/// The instruction.
pub(super) fn instruction(apdu: &[u8]) -> String {
    let ins = apdu.get(1).copied().unwrap_or_default();
    match apdu_name(apdu) {
        "command" => format!("{ins:02X}"),
        name => format!("{ins:02X} ({name})"),
    }
}

/// First and second parameter.
pub(super) fn parameters(ins: u8, p1: u8, p2: u8) -> [String; 2] {
    let (first, second) = match ins {
        0xA4 => (select_by(p1).to_string(), select_returns(p2)),
        0xB0 | 0xD6 if p1 & 0x80 != 0 => (format!("SFI {:02X}", p1 & 0x1F), format!("offset {p2}")),
        0xB0 | 0xD6 => {
            let offset = u16::from_be_bytes([p1, p2]);
            (format!("offset {offset}, high octet"), format!("offset {offset}, low octet"))
        }
        0xB2 | 0xDC | 0xA2 => (record(p1), record_mode(p2)),
        0x88 | 0x89 => (String::from("no information"), context(p2).to_string()),
        0xE2 => (store_data(p1), format!("block {p2}")),
        0x70 => manage_channel(p1, p2),
        0x20 | 0x24 | 0x26 | 0x28 | 0x2C => (String::from("no information"), key_name(p2)),
        0xF2 => (application_state(p1).to_string(), status_returns(p2).to_string()),
        0xCA | 0xCB | 0xDB => (String::from("tag, high octet"), format!("tag, low octet: {p1:02X}{p2:02X}")),
        _ if (p1, p2) == (0, 0) => (String::from("no information"), String::from("no information")),
        _ => (String::new(), String::new()),
    };
    let shown = |octet: u8, words: String| match words.as_str() {
        "" => format!("{octet:02X}"),
        words => format!("{octet:02X} ({words})"),
    };
    [shown(p1, first), shown(p2, second)]
}

/// TS 102 221 table 11.1.
fn select_by(p1: u8) -> &'static str {
    match p1 {
        0x00 => "by file identifier",
        0x01 => "child directory",
        0x03 => "parent directory",
        0x04 => "by application identifier",
        0x08 => "by path from the MF",
        0x09 => "by path from the current directory",
        _ => "",
    }
}

/// TS 102 221 table 11.2.
fn select_returns(p2: u8) -> String {
    let answer = match p2 & 0x0C {
        0x00 => "return the FCI",
        0x04 => "return the FCP",
        0x0C => "return nothing",
        _ => return String::new(),
    };
    let session = match p2 & 0x60 {
        0x40 => ", end the application's session",
        _ => "",
    };
    let which = match p2 & 0x03 {
        0 => "",
        1 => ", the last",
        2 => ", the next",
        _ => ", the previous",
    };
    format!("{answer}{which}{session}")
}

fn record(p1: u8) -> String {
    if p1 == 0 { String::from("current record") } else { format!("record {p1}") }
}

/// TS 102 221 11.1.5.
fn record_mode(p2: u8) -> String {
    let file = match p2 >> 3 {
        0 => String::from("of the selected file"),
        sfi => format!("of SFI {sfi:02X}"),
    };
    let mode = match p2 & 0x07 {
        2 => "next",
        3 => "previous",
        4 => "by number",
        _ => return String::new(),
    };
    format!("{mode}, {file}")
}

/// TS 31.102 7.1.2.
fn context(p2: u8) -> &'static str {
    match p2 {
        0x80 => "GSM context",
        0x81 => "3G context",
        0x82 => "VGCS/VBS context",
        0x84 => "GBA context",
        0x85 => "MBMS context",
        0x86 => "local key establishment context",
        _ => "",
    }
}

/// SGP.22 5.7.2: block by block, or the last.
fn store_data(p1: u8) -> String {
    let last = if p1 & 0x80 != 0 { "last block" } else { "more blocks follow" };
    let coding = if p1 & 0x18 == 0x10 { ", BER-TLV" } else { "" };
    let answer = if p1 & 0x01 != 0 { ", answers" } else { "" };
    format!("{last}{coding}{answer}")
}

/// TS 102 221 11.1.17.
fn manage_channel(p1: u8, p2: u8) -> (String, String) {
    let which = |what: &str| match p2 {
        0 => format!("{what} is the UICC's choice"),
        number => format!("{what} {number}"),
    };
    match p1 {
        0x00 => (String::from("open"), which("channel")),
        0x80 => {
            (String::from("close"), if p2 == 0 { String::from("this channel") } else { which("channel") })
        }
        _ => Default::default(),
    }
}

/// TS 102 221 11.1.2.
fn application_state(p1: u8) -> &'static str {
    match p1 {
        0x00 => "no information",
        0x01 => "the application is initialised",
        0x02 => "the terminal ends the application",
        _ => "",
    }
}

/// TS 102 221 11.1.2.
fn status_returns(p2: u8) -> &'static str {
    match p2 {
        0x00 => "return what SELECT returns",
        0x01 => "return the application's identifier",
        0x0C => "return nothing",
        _ => "",
    }
}
