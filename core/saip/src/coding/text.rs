//! Names: the GSM default alphabet in octets, or UCS2 in the three forms of TS 102 221 annex A.

use alloc::string::String;
use alloc::vec::Vec;

use super::Invalid;

/// GSM default alphabet (TS 23.038 6.2.1); position 1B leads to [`EXTENSION`].
const ALPHABET: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å', 'Δ', '_', 'Φ', 'Γ',
    'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', ESCAPE, 'Æ', 'æ', 'ß', 'É', ' ', '!', '"', '#', '¤', '%', '&', '\'',
    '(', ')', '*', '+', ',', '-', '.', '/', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<',
    '=', '>', '?', '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'Q',
    'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§', '¿', 'a', 'b', 'c', 'd', 'e', 'f',
    'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä',
    'ö', 'ñ', 'ü', 'à',
];

/// Characters after the escape (TS 23.038 6.2.1.1).
const EXTENSION: [(u8, char); 9] = [
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

const ESCAPE: char = '\u{1B}';
const ESCAPE_OCTET: u8 = 0x1B;

/// A name in `room` octets, padded with `FF`: GSM alphabet if it has every character, else `80` and UCS2.
///
/// # Errors
/// If it does not fit, or has a character beyond UCS2.
pub fn encode_alpha(name: &str, room: usize) -> Result<Vec<u8>, Invalid> {
    let mut octets = match in_alphabet(name) {
        Some(octets) => octets,
        None => in_ucs2(name)?,
    };
    if octets.len() > room {
        return Err(Invalid("is too long for its place"));
    }
    octets.resize(room, 0xFF);
    Ok(octets)
}

fn in_alphabet(name: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    for character in name.chars() {
        if let Some(octet) = ALPHABET.iter().position(|known| *known == character && character != ESCAPE) {
            octets.push(octet as u8);
        } else {
            let (octet, _) = EXTENSION.iter().find(|(_, known)| *known == character)?;
            octets.extend([ESCAPE_OCTET, *octet]);
        }
    }
    Some(octets)
}

fn in_ucs2(name: &str) -> Result<Vec<u8>, Invalid> {
    let mut octets = alloc::vec![0x80];
    for character in name.chars() {
        match u16::try_from(u32::from(character)) {
            // FFFF could not be told from padding.
            Ok(unit) if unit != 0xFFFF => octets.extend(unit.to_be_bytes()),
            _ => return Err(Invalid("has a character beyond UCS2")),
        }
    }
    Ok(octets)
}

/// The name in a padded field. What cannot be decoded becomes `U+FFFD`.
pub fn decode_alpha(octets: &[u8]) -> String {
    match octets {
        [0x80, units @ ..] => {
            let (units, _) = units.as_chunks::<2>();
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit)).take_while(|unit| *unit != 0xFFFF);
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        [0x81, len, base, coded @ ..] => with_base(coded, *len, u32::from(*base) << 7),
        [0x82, len, high, low, coded @ ..] => {
            with_base(coded, *len, u32::from(u16::from_be_bytes([*high, *low])))
        }
        _ => from_alphabet(octets),
    }
}

/// Octets from 80 on count from a base of UCS2, others are of the GSM alphabet.
fn with_base(coded: &[u8], len: u8, base: u32) -> String {
    let shifted =
        |octet: u8| char::from_u32(base + u32::from(octet & 0x7F)).unwrap_or(char::REPLACEMENT_CHARACTER);
    let coded = &coded[..coded.len().min(usize::from(len))];
    coded
        .iter()
        .map(|octet| if octet & 0x80 == 0 { ALPHABET[usize::from(*octet)] } else { shifted(*octet) })
        .collect()
}

fn from_alphabet(octets: &[u8]) -> String {
    let mut name = String::new();
    let mut octets = octets.iter().copied().take_while(|octet| *octet != 0xFF);
    while let Some(octet) = octets.next() {
        name.push(match octet {
            ESCAPE_OCTET => match octets.next() {
                Some(next) => extended(next),
                None => break,
            },
            0..=0x7F => ALPHABET[usize::from(octet)],
            _ => char::REPLACEMENT_CHARACTER,
        });
    }
    name
}

/// A reader without the extension shows the character of the default alphabet.
fn extended(octet: u8) -> char {
    let known = EXTENSION.iter().find(|(own, _)| *own == octet).map(|(_, character)| *character);
    known.unwrap_or(ALPHABET[usize::from(octet & 0x7F)])
}
