//! Octets as people write them down, and what they look like.

use crate::apdu::known_instruction;
use crate::words::Words;
use esim_rsp::common::{from_base64, from_hex};

/// Octets that are read at most; a bound profile package has some hundred thousand.
pub const LONGEST: usize = 8 << 20;

/// Hexadecimal as people write it: with blanks, line breaks, colons, commas, `0x`.
pub(crate) fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let clean = text.replace("0x", " ").replace("0X", " ").replace([',', '"', '\''], " ");
    from_hex(&clean).ok().filter(|octets| !octets.is_empty())
}

/// Why a text that looks like octets is none; none if it does not look so.
pub(crate) fn no_octets(text: &str) -> Option<Words> {
    let shown: String = text.chars().take(40).collect();
    let shown = if shown.len() < text.len() { format!("{shown}…") } else { shown };
    let digits = text.chars().filter(char::is_ascii_hexdigit).count();
    let only_digits = text.chars().all(|c| c.is_ascii_hexdigit() || c.is_whitespace());
    if only_digits && digits % 2 == 1 {
        return Some(Words::new(
            format!("{shown:?} has {digits} hexadecimal digits, an odd number: one is missing or too many"),
            format!("「{shown}」は16進で{digits}桁です。奇数なので、1桁足りないか多すぎます"),
        ));
    }
    if text.contains('…') || text.contains("...") {
        return Some(Words::new(
            format!("{shown:?} has been shortened; paste the whole of it"),
            format!("「{shown}」は省略されています。全体を貼り付けてください"),
        ));
    }
    None
}

/// The octets that stand in a line.
pub(crate) fn octets_in(line: &str) -> Option<Vec<u8>> {
    let quoted = line.split('"').rev().find_map(hexadecimal);
    let last = || hexadecimal(line.rsplit([':', '>', '<', '=', ',', '|', ']']).next()?);
    hexadecimal(line).or(quoted).or_else(last)
}

/// Label and octets of each block (RFC 7468).
pub(crate) fn blocks(text: &str) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut found = Vec::new();
    for block in text.split("-----BEGIN ").skip(1) {
        let (label, rest) = block.split_once("-----").ok_or("a PEM block has no end to its first line")?;
        let end = format!("-----END {label}-----");
        let (body, _) = rest.split_once(&end).ok_or_else(|| format!("the PEM block {label} has no {end}"))?;
        // Header lines of older forms stand before an empty line.
        let body = body.rsplit_once("\n\n").map_or(body, |(_, body)| body);
        let octets = from_base64(body).map_err(|error| format!("the PEM block {label} is {error}"))?;
        found.push((label.to_string(), octets));
    }
    Ok(found)
}

/// `LPA:…`, or a digit and a `$`.
pub(crate) fn is_activation_code(text: &str) -> bool {
    let prefixed = text.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("LPA:"));
    prefixed || matches!(text.as_bytes(), [b'0'..=b'9', b'$', ..])
}

/// First octet of a status word (TS 102 221 10.2).
pub(crate) fn is_status(sw1: u8) -> bool {
    matches!(sw1, 0x61..=0x6F | 0x90..=0x9F)
}

/// Whether octets are a command: a class that there is, an instruction that is known, and a body of the length it says
/// (TS 102 221 10.1).
pub(crate) fn is_command(octets: &[u8]) -> bool {
    let [cla, _, _, _, body @ ..] = octets else { return false };
    let class = matches!(*cla, 0x00..=0x0F | 0x40..=0x8F | 0xA0 | 0xC0..=0xFE);
    let exact = match *body {
        [] | [_] => true,
        [0, _, _] => true,
        [0, high, low, ref rest @ ..] => {
            let length = usize::from(u16::from_be_bytes([high, low]));
            rest.len() == length || rest.len() == length + 2
        }
        [lc, ref rest @ ..] => rest.len() == usize::from(lc) || rest.len() == usize::from(lc) + 1,
    };
    class && exact && known_instruction(octets).is_some()
}

/// The logical channel of a class octet (ISO/IEC 7816-4 5.4.1).
pub(crate) fn channel_of(cla: u8) -> u8 {
    if cla & 0x40 == 0 { cla & 3 } else { 4 + (cla & 0x0F) }
}

/// Data of a short command.
pub(crate) fn data_of(apdu: &[u8]) -> Option<&[u8]> {
    let lc = usize::from(*apdu.get(4)?);
    apdu.get(5..5 + lc).filter(|data| !data.is_empty())
}
