//! What of a recording says whose card it was, in place of which other digits stand: EID, ICCIDs, IMSIs, codes.
//!
//! A value may lie across APDUs: the data of a chain of STORE DATA is one text, and so is an answer that GET RESPONSE brings in
//! pieces. Lengths stay, so that a recording is still one of the same exchanges.

use super::exchange::Exchange;
use anyhow::{Result, bail};
use esim_rsp::es10b::{AuthenticateServerRequest, CtxParams1, PrepareDownloadRequest};
use esim_rsp::{Eid, Iccid, decode};
use std::collections::BTreeMap;
use std::ops::Range;

/// Digits of an EID that say who has made the card (SGP.02 2.2.2), and of an ICCID that say who has issued it (E.118).
const EID_KEPT: usize = 8;
const ICCID_KEPT: usize = 6;

/// Masks all exchanges.
///
/// # Errors
/// A command whose data cannot be told: who knows what is in it.
pub fn mask(exchanges: &mut [Exchange]) -> Result<()> {
    let mut texts = commands(exchanges)?;
    texts.extend(responses(exchanges));
    let mut secrets = BTreeMap::new();
    imsis(exchanges, &mut secrets);
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
    Ok(())
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
fn commands(exchanges: &[Exchange]) -> Result<Vec<Text>> {
    let mut texts: Vec<Text> = Vec::new();
    let mut is_open = false;
    for (at, exchange) in exchanges.iter().enumerate() {
        let [_, instruction, p1, _, _, ..] = exchange.command[..] else {
            continue;
        };
        let Some(range) = data_of(&exchange.command) else {
            bail!(
                "command {} is as long as none is, so that nobody knows what in it says whose card it is: {}…; \
                 --record-clear writes it as it is",
                at + 1,
                hex::encode_upper(exchange.command.get(..5).unwrap_or_default())
            );
        };
        match (instruction, texts.last_mut()) {
            // What has been answered meanwhile.
            (0xC0, _) => continue,
            (0xE2, Some(text)) if is_open => text.parts.push((at, range)),
            _ => texts.push(Text { is_command: true, parts: vec![(at, range)] }),
        }
        is_open = instruction == 0xE2 && p1 & 0x80 == 0;
    }
    Ok(texts)
}

/// Where the data of a command lies, with lengths of one octet or of three (ISO/IEC 7816-4 5.1).
fn data_of(command: &[u8]) -> Option<Range<usize>> {
    let is_whole = |rest: &[u8], data: usize, expected: usize| [data, data + expected].contains(&rest.len());
    match *command.get(4..)? {
        [] | [_] | [0, _] | [0, _, _] => Some(0..0),
        [0, high, low, ref rest @ ..] => {
            let data = usize::from(u16::from_be_bytes([high, low]));
            is_whole(rest, data, 2).then_some(7..7 + data)
        }
        [data, ref rest @ ..] => {
            let data = usize::from(data);
            is_whole(rest, data, 1).then_some(5..5 + data)
        }
    }
}

/// Adds IMSIs: what is read of EF_IMSI (3GPP TS 31.102 4.2.2), selected or by its short identifier. Country and network stay.
fn imsis(exchanges: &[Exchange], secrets: &mut BTreeMap<Vec<u8>, Vec<u8>>) {
    const EF_IMSI: [u8; 2] = [0x6F, 0x07];
    const READ_BY_SHORT_IDENTIFIER: u8 = 0x87;
    let mut is_selected = false;
    for (at, exchange) in exchanges.iter().enumerate() {
        let [_, instruction, p1, ..] = exchange.command[..] else { continue };
        if instruction == 0xA4 {
            let data = data_of(&exchange.command).and_then(|range| exchange.command.get(range));
            is_selected = data.is_some_and(|data| data.ends_with(&EF_IMSI));
        }
        if instruction != 0xB0 || !(is_selected || p1 == READ_BY_SHORT_IDENTIFIER) {
            continue;
        }
        // What GET RESPONSE brings is of the same answer.
        let next = exchanges.get(at + 1).filter(|next| next.command.get(1) == Some(&0xC0));
        for response in [Some(exchange), next].into_iter().flatten().map(|it| &it.response) {
            if let [8, imsi @ ..] = &response[..]
                && let Some((imsi, _)) = imsi.split_first_chunk::<8>()
            {
                let [kept @ .., _, _, _, _, _] = *imsi;
                let number = u8::try_from(secrets.len()).unwrap_or_default();
                let other = [&kept[..], &[0, 0, 0, 0, number % 10]].concat();
                secrets.entry(imsi.to_vec()).or_insert(other);
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::{Exchange, mask};

    fn masked(said: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let octets = |digits: &str| hex::decode(digits.replace(' ', "")).unwrap();
        let exchange = |(command, response): &(&str, &str)| Exchange {
            command: octets(command),
            response: octets(response),
            is_after_reset: false,
        };
        let mut exchanges: Vec<_> = said.iter().map(exchange).collect();
        mask(&mut exchanges).map_err(|error| error.to_string())?;
        Ok(exchanges
            .iter()
            .map(|it| (hex::encode_upper(&it.command), hex::encode_upper(&it.response)))
            .collect())
    }

    const EID: &str = "89049032123451234512345678901235";

    #[test]
    fn commands_of_extended_length_are_masked_as_well() {
        let card = format!("5A10{EID}9000");
        let short = format!("80E2910012 5A10{EID}");
        let extended = format!("80E29100000012 5A10{EID}");
        let with_answer = format!("80E29100000012 5A10{EID} 0000");
        let asked = [(&*short, &*card), (&*extended, "9000"), (&*with_answer, "9000")];
        let told = format!("{:?}", masked(&asked).unwrap());
        assert!(!told.contains(EID) && told.matches("5A1089049032").count() == 4, "{told}");
        assert!(told.contains("80E291000000125A10"), "{told}");
    }

    #[test]
    fn a_command_that_cannot_be_read_is_not_written() {
        for command in ["80E2910003 5A10", "80E2910001 5A1000", "80E29100000003 5A"] {
            let refused = masked(&[("80CA005A00", "9000"), (command, "9000")]).unwrap_err();
            assert!(refused.contains("command 2") && refused.contains("--record-clear"), "{refused}");
        }
        for command in ["80CA005A", "80CA005A00", "80CA005A000000", "80CA005A0000"] {
            assert!(masked(&[(command, "9000")]).is_ok(), "{command}");
        }
    }

    #[test]
    fn an_imsi_that_another_program_reads_keeps_its_network_alone() {
        const IMSI: &str = "0910102143658709";
        let read = format!("08{IMSI}9000");
        for select in ["00A4000C026F07", "00A408040 47FF06F07", "00A408040000047FF06F07"] {
            let told = masked(&[(select, "9000"), ("00B0000009", &read)]).unwrap();
            assert_eq!(told[1].1, "0809101000000000009000", "{select}");
        }
        assert_eq!(masked(&[("00B0870009", &read)]).unwrap()[0].1, "0809101000000000009000");
        // The same octets of another file are the card's, too.
        let told =
            masked(&[("00B0870009", "6109"), ("00C0000009", &read), ("00A4000C026F46", "9000")]).unwrap();
        assert_eq!(told[1].1, "0809101000000000009000");
    }
}
