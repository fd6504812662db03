//! Content of elementary files, to and fro: TS 31.102 clause 4.2, TS 102 221 clause 13.

#[cfg(test)]
mod tests;
mod text;

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

pub use text::{decode_alpha, encode_alpha};

/// Why a text cannot be coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid(pub &'static str);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl core::error::Error for Invalid {}

/// ICCID as in EF.ICCID, metadata and notifications: 18 to 20 digits, nibbles swapped, `F` padding (TS 102 221 13.2).
///
/// # Errors
/// If it is no row of 18 to 20 digits. The check digit is not looked at, see [`luhn_is_valid`].
pub fn encode_iccid(digits: &str) -> Result<[u8; 10], Invalid> {
    Ok(swap_nibbles(iccid_in_header(digits)?))
}

/// ICCID in the profile header: digits in reading order, `F` padding.
///
/// # Errors
/// As [`encode_iccid`].
pub fn iccid_in_header(digits: &str) -> Result<[u8; 10], Invalid> {
    let digits = values(digits)?;
    if !(18..=20).contains(&digits.len()) {
        return Err(Invalid("has not 18 to 20 digits"));
    }
    let mut nibbles = [0xF; 20];
    nibbles[..digits.len()].copy_from_slice(&digits);
    let mut octets = [0; 10];
    for (octet, pair) in octets.iter_mut().zip(nibbles.as_chunks::<2>().0) {
        *octet = pair[0] << 4 | pair[1];
    }
    Ok(octets)
}

/// Digits of an EF.ICCID; padding is left out.
pub fn decode_iccid(octets: &[u8; 10]) -> String {
    octets
        .iter()
        .flat_map(|octet| [octet & 0xF, octet >> 4])
        .take_while(|digit| *digit < 10)
        .map(digit)
        .collect()
}

/// Exchanges the halves of each octet.
pub fn swap_nibbles<const N: usize>(octets: [u8; N]) -> [u8; N] {
    octets.map(|octet| octet.rotate_left(4))
}

/// Check digit (ITU-T E.118, Luhn) for a row of digits without it.
///
/// # Errors
/// If there are other characters than digits.
pub fn luhn_digit(digits: &str) -> Result<u8, Invalid> {
    let values = values(digits)?;
    let sum: u32 =
        values.iter().rev().enumerate().map(|(place, value)| doubled(*value, place % 2 == 0)).sum();
    Ok(((10 - sum % 10) % 10) as u8)
}

/// Whether the last digit is the check digit of the others.
pub fn luhn_is_valid(digits: &str) -> bool {
    let Some((at, last)) = digits.char_indices().last() else {
        return false;
    };
    luhn_digit(&digits[..at]).is_ok_and(|check| last == digit(check))
}

fn doubled(value: u8, double: bool) -> u32 {
    let value = u32::from(value) * if double { 2 } else { 1 };
    value / 10 + value % 10
}

/// EF.IMSI (TS 31.102 4.2.2): length, parity nibble `9`/`1`, digits swapped, `F` padding.
///
/// # Errors
/// If it is no row of 6 to 15 digits.
pub fn encode_imsi(digits: &str) -> Result<[u8; 9], Invalid> {
    let digits = values(digits)?;
    if !(6..=15).contains(&digits.len()) {
        return Err(Invalid("has not 6 to 15 digits"));
    }
    let mut nibbles = [0xF; 16];
    nibbles[0] = if digits.len() % 2 == 1 { 9 } else { 1 };
    nibbles[1..=digits.len()].copy_from_slice(&digits);
    let mut content = [0xFF; 9];
    content[0] = (digits.len() / 2 + 1) as u8;
    for (octet, pair) in content[1..].iter_mut().zip(nibbles.as_chunks::<2>().0) {
        *octet = pair[1] << 4 | pair[0];
    }
    Ok(content)
}

/// Digits of an EF.IMSI; `None` if it is not one.
pub fn decode_imsi(content: &[u8]) -> Option<String> {
    let len = usize::from(*content.first()?);
    let nibbles: Vec<u8> =
        content.get(1..)?.get(..len)?.iter().flat_map(|octet| [octet & 0xF, octet >> 4]).collect();
    let (parity, digits) = nibbles.split_first()?;
    let odd = match parity {
        9 => true,
        1 => false,
        _ => return None,
    };
    let digits = if odd { digits } else { digits.split_last().filter(|(pad, _)| **pad == 0xF)?.1 };
    digits.iter().map(|value| (*value < 10).then(|| digit(*value))).collect()
}

/// EF.ACC (TS 31.102 4.2.15): the class of a subscriber is the last digit of the IMSI, bit n = class n.
///
/// # Errors
/// If the IMSI does not end in a digit.
pub fn access_class(imsi: &str) -> Result<[u8; 2], Invalid> {
    let last = values(imsi)?.last().copied().ok_or(Invalid("is empty"))?;
    Ok((1u16 << last).to_be_bytes())
}

/// A network identity of five or six digits, MCC and MNC (TS 24.008 10.5.1.13).
///
/// # Errors
/// If it has another form.
pub fn encode_plmn(digits: &str) -> Result<[u8; 3], Invalid> {
    let (mcc, mnc3, mnc) = match values(digits)?[..] {
        [a, b, c, d, e] => ([a, b, c], 0xF, [d, e]),
        [a, b, c, d, e, f] => ([a, b, c], f, [d, e]),
        _ => return Err(Invalid("has neither 5 nor 6 digits")),
    };
    Ok([mcc[1] << 4 | mcc[0], mnc3 << 4 | mcc[2], mnc[1] << 4 | mnc[0]])
}

/// Digits of a network identity; `None` for padding.
pub fn decode_plmn(octets: [u8; 3]) -> Option<String> {
    let [a, b, c] = octets;
    let mut digits = vec![a & 0xF, a >> 4, b & 0xF, c & 0xF, c >> 4];
    if b >> 4 != 0xF {
        digits.push(b >> 4);
    }
    digits.into_iter().map(|value| (value < 10).then(|| digit(value))).collect()
}

/// A record of EF.MSISDN, EF.ADN and the like (TS 31.102 4.2.26): name, length, type of number, digits, two references.
/// A leading `+` makes the number international.
///
/// # Errors
/// If the number has no or more than 20 digits of `0-9*#`, or the name does not fit in `record_len - 14` octets.
pub fn encode_number(name: &str, number: &str, record_len: u8) -> Result<Vec<u8>, Invalid> {
    let (kind, digits) = match number.strip_prefix('+') {
        Some(digits) => (0x91, digits),
        None => (0x81, number),
    };
    if digits.is_empty() || digits.len() > 20 {
        return Err(Invalid("has not 1 to 20 digits"));
    }
    let mut nibbles =
        digits.chars().map(dialled).collect::<Option<Vec<_>>>().ok_or(Invalid("has more than digits"))?;
    if nibbles.len() % 2 == 1 {
        nibbles.push(0xF);
    }
    let room =
        usize::from(record_len).checked_sub(14).ok_or(Invalid("does not fit a record below 14 octets"))?;
    let mut record = encode_alpha(name, room)?;
    record.push((1 + nibbles.len() / 2) as u8);
    record.push(kind);
    record.extend(nibbles.as_chunks::<2>().0.iter().map(|pair| pair[1] << 4 | pair[0]));
    record.resize(usize::from(record_len), 0xFF);
    Ok(record)
}

/// Name and number of a record; `None` if it is empty or malformed.
pub fn decode_number(record: &[u8]) -> Option<(String, String)> {
    let (name, coded) = record.split_at(record.len().checked_sub(14)?);
    let len = usize::from(coded[0]);
    let digits = coded.get(2..1 + len).filter(|digits| !digits.is_empty() && len <= 11)?;
    let mut number = String::from(if coded[1] & 0x70 == 0x10 { "+" } else { "" });
    for nibble in
        digits.iter().flat_map(|octet| [octet & 0xF, octet >> 4]).take_while(|nibble| *nibble != 0xF)
    {
        number.push(match nibble {
            0xA => '*',
            0xB => '#',
            value if value < 10 => digit(value),
            _ => return None,
        });
    }
    Some((decode_alpha(name), number))
}

/// EF.SPN (TS 31.102 4.2.12): display condition, then the name in 16 octets.
///
/// # Errors
/// If the name does not fit: 16 characters of the GSM alphabet, else 7 of UCS2.
pub fn encode_spn(name: &str, display: u8) -> Result<[u8; 17], Invalid> {
    let mut content = [0xFF; 17];
    content[0] = display;
    content[1..].copy_from_slice(&encode_alpha(name, 16)?);
    Ok(content)
}

/// Name and display condition of an EF.SPN.
pub fn decode_spn(content: &[u8]) -> Option<(String, u8)> {
    let (display, name) = content.split_first()?;
    Some((decode_alpha(name), *display))
}

/// A record of EF.DIR (TS 102 221 13.1): `61 { 4F AID, 50 label }`.
pub fn encode_dir(aid: &[u8], label: &str) -> Vec<u8> {
    let mut entry = crate::tlv::make(0x4F, aid);
    entry.extend(crate::tlv::make(0x50, label.as_bytes()));
    crate::tlv::make(0x61, &entry)
}

/// AID and label of a record of EF.DIR; `None` if it is empty or malformed.
pub fn decode_dir(record: &[u8]) -> Option<(Vec<u8>, String)> {
    let template = crate::tlv::first(record).ok()?.filter(|object| object.tag == 0x61)?;
    let objects = crate::tlv::all(template.contents).ok()?;
    let value = |tag| objects.iter().find(|object| object.tag == tag).map(|object| object.contents);
    Some((value(0x4F)?.to_vec(), String::from_utf8_lossy(value(0x50).unwrap_or_default()).into_owned()))
}

/// A record of EF.ECC (TS 31.102 4.2.21): the number in three octets, no name, the category of the service.
///
/// # Errors
/// If the number has no or more than six digits.
pub fn encode_emergency_number(number: &str, category: u8) -> Result<[u8; 4], Invalid> {
    let nibbles =
        number.chars().map(dialled).collect::<Option<Vec<_>>>().ok_or(Invalid("has more than digits"))?;
    if nibbles.is_empty() || nibbles.len() > 6 {
        return Err(Invalid("has not 1 to 6 digits"));
    }
    let mut padded = [0xF; 6];
    padded[..nibbles.len()].copy_from_slice(&nibbles);
    let [a, b, c, d, e, f] = padded;
    Ok([b << 4 | a, d << 4 | c, f << 4 | e, category])
}

/// Whether service `number` (from 1) is available in EF.UST, EF.IST or EF.EST.
pub fn has_service(table: &[u8], number: u16) -> bool {
    let Some(bit) = number.checked_sub(1) else {
        return false;
    };
    table.get(usize::from(bit / 8)).is_some_and(|octet| octet >> (bit % 8) & 1 == 1)
}

/// Sets or clears service `number`; nothing happens beyond the end of the table.
pub fn set_service(table: &mut [u8], number: u16, available: bool) {
    let Some(bit) = number.checked_sub(1) else {
        return;
    };
    if let Some(octet) = table.get_mut(usize::from(bit / 8)) {
        let mask = 1 << (bit % 8);
        *octet = if available { *octet | mask } else { *octet & !mask };
    }
}

/// Numbers of the available services.
pub fn services(table: &[u8]) -> Vec<u16> {
    (1..=(table.len() * 8) as u16).filter(|number| has_service(table, *number)).collect()
}

fn values(digits: &str) -> Result<Vec<u8>, Invalid> {
    let value = |character: char| character.to_digit(10).map(|value| value as u8);
    digits.chars().map(value).collect::<Option<_>>().ok_or(Invalid("has more than digits"))
}

fn dialled(character: char) -> Option<u8> {
    match character {
        '*' => Some(0xA),
        '#' => Some(0xB),
        other => other.to_digit(10).map(|value| value as u8),
    }
}

fn digit(value: u8) -> char {
    char::from(b'0' + value)
}
