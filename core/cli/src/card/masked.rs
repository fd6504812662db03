//! What of a recording says whose card it was, in place of which other digits stand: EID, ICCIDs, codes.
//!
//! A value may lie across APDUs: the data of a chain of STORE DATA is one text, and so is an answer that GET RESPONSE brings in
//! pieces. Lengths stay, so that a recording is still one of the same exchanges.

use super::exchange::Exchange;
use esim_rsp::es10b::{AuthenticateServerRequest, CtxParams1, PrepareDownloadRequest};
use esim_rsp::{Eid, Iccid, decode};
use std::collections::BTreeMap;
use std::ops::Range;

/// Digits of an EID that say who has made the card (SGP.02 2.2.2), and of an ICCID that say who has issued it (E.118).
const EID_KEPT: usize = 8;
const ICCID_KEPT: usize = 6;

/// Masks all exchanges.
pub fn mask(exchanges: &mut [Exchange]) {
    let mut texts = commands(exchanges);
    texts.extend(responses(exchanges));
    let mut secrets = BTreeMap::new();
    for text in &texts {
        let octets = text.read(exchanges);
        collect(&octets, &mut secrets);
    }
    for text in &texts {
        let mut octets = text.read(exchanges);
        if replace(&mut octets, &secrets) {
            text.write(exchanges, &octets);
        }
    }
}

/// Octets in several APDUs, one behind the other.
struct Text {
    is_command: bool,
    parts: Vec<(usize, Range<usize>)>,
}

impl Text {
    fn of<'a>(&self, exchange: &'a Exchange) -> &'a [u8] {
        if self.is_command { &exchange.command } else { &exchange.response }
    }

    fn read(&self, exchanges: &[Exchange]) -> Vec<u8> {
        let parts =
            self.parts.iter().filter_map(|(at, range)| self.of(exchanges.get(*at)?).get(range.clone()));
        parts.flatten().copied().collect()
    }

    fn write(&self, exchanges: &mut [Exchange], mut octets: &[u8]) {
        for (at, range) in &self.parts {
            let Some(exchange) = exchanges.get_mut(*at) else { return };
            let part = if self.is_command { &mut exchange.command } else { &mut exchange.response };
            if let (Some(part), Some((here, rest))) =
                (part.get_mut(range.clone()), octets.split_at_checked(range.len()))
            {
                part.copy_from_slice(here);
                octets = rest;
            }
        }
    }
}

/// The data of commands: those of a chain of STORE DATA together.
fn commands(exchanges: &[Exchange]) -> Vec<Text> {
    let mut texts: Vec<Text> = Vec::new();
    let mut is_open = false;
    for (at, exchange) in exchanges.iter().enumerate() {
        let [_, instruction, p1, _, length, ..] = exchange.command[..] else {
            continue;
        };
        let range = 5..(5 + usize::from(length)).min(exchange.command.len());
        match (instruction, texts.last_mut()) {
            // What has been answered meanwhile.
            (0xC0, _) => continue,
            (0xE2, Some(text)) if is_open => text.parts.push((at, range)),
            _ => texts.push(Text { is_command: true, parts: vec![(at, range)] }),
        }
        is_open = instruction == 0xE2 && p1 & 0x80 == 0;
    }
    texts
}

/// Answers: as long as a card has more, they are one.
fn responses(exchanges: &[Exchange]) -> Vec<Text> {
    let mut texts: Vec<Text> = Vec::new();
    let mut is_open = false;
    for (at, exchange) in exchanges.iter().enumerate() {
        let range = 0..exchange.response.len().saturating_sub(2);
        match texts.last_mut() {
            Some(text) if is_open => text.parts.push((at, range)),
            _ => texts.push(Text { is_command: false, parts: vec![(at, range)] }),
        }
        is_open = matches!(exchange.response[..], [.., 0x61, _]);
    }
    texts
}

/// Adds what is secret, and what stands in its place.
fn collect(octets: &[u8], secrets: &mut BTreeMap<Vec<u8>, Vec<u8>>) {
    let add_eid = |eid: Eid, secrets: &mut BTreeMap<Vec<u8>, Vec<u8>>| {
        let (digits, other) = (eid.to_string(), masked_eid(&eid.to_string(), secrets.len()));
        if !secrets.contains_key(digits.as_bytes()) {
            secrets.insert(eid_octets(&digits), eid_octets(&other));
            secrets.insert(digits.into_bytes(), other.into_bytes());
        }
    };
    // In certificates it stands in digits, whether or not anybody has asked for it.
    for window in octets.windows(32).filter(|window| window.iter().all(u8::is_ascii_digit)) {
        if let Some(Ok(eid)) = std::str::from_utf8(window).ok().map(str::parse) {
            add_eid(eid, secrets);
        }
    }
    for at in 0..octets.len() {
        match octets.get(at..).unwrap_or_default() {
            [0x5A, 0x10, rest @ ..] => {
                if let Some(Ok(eid)) = rest.first_chunk::<16>().map(|octets| Eid::try_from(&octets[..])) {
                    add_eid(eid, secrets);
                }
            }
            [0x5A, 0x0A, rest @ ..] => {
                if let Some(octets) = rest.first_chunk::<10>() {
                    // Of what is encrypted, some looks like a tag, and hardly any like digits.
                    let other = masked_iccid(&Iccid::from_octets(*octets).to_string(), secrets.len());
                    if let Some(other) = other {
                        secrets.entry(octets.to_vec()).or_insert_with(|| other.octets().to_vec());
                    }
                }
            }
            _ => {}
        }
    }
    if let Ok(request) = decode::<AuthenticateServerRequest>(octets) {
        let CtxParams1::CtxParamsForCommonAuthentication(params) = &*request.ctx_params1;
        if let Some(code) = params.matching_id.as_ref().filter(|code| !code.is_empty()) {
            let other = code.bytes().map(|octet| if octet == b'-' { octet } else { b'X' }).collect();
            secrets.insert(code.clone().into_bytes(), other);
        }
    }
    if let Ok(PrepareDownloadRequest { hash_cc: Some(hash), .. }) = decode(octets) {
        // A code of a few digits is found again from it.
        secrets.insert(hash.to_vec(), vec![0; 32]);
    }
}

fn eid_octets(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap_or_default()
}

fn masked_eid(digits: &str, number: usize) -> String {
    let kept = digits.get(..EID_KEPT).unwrap_or_default();
    let body = format!("{kept}{number:022}");
    Eid::from_body(&body).map_or_else(|_| "0".repeat(32), |eid| eid.to_string())
}

fn masked_iccid(digits: &str, number: usize) -> Option<Iccid> {
    digits.parse::<Iccid>().ok()?;
    let kept = digits.get(..ICCID_KEPT)?;
    format!("{kept}{number:0width$}", width = digits.len() - ICCID_KEPT).parse().ok()
}

/// Puts other octets in the place of all that is secret; whether there was any.
fn replace(octets: &mut [u8], secrets: &BTreeMap<Vec<u8>, Vec<u8>>) -> bool {
    let mut found = false;
    let mut at = 0;
    while at < octets.len() {
        let here = secrets.iter().find(|(secret, _)| !secret.is_empty() && octets[at..].starts_with(secret));
        match here {
            Some((secret, other)) if secret.len() == other.len() => {
                octets[at..at + secret.len()].copy_from_slice(other);
                found = true;
                at += secret.len();
            }
            _ => at += 1,
        }
    }
    found
}
