//! A row that has been understood: every value in its form, nothing made yet.

use super::row::{Column, Flaw, Row};
use crate::metadata::{Class, Metadata, Rule};
use crate::profile::{Algorithm, Codes, OtaKeys, SecretText, Subscriber};
use crate::template::{TEST_KEY, Template};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use esim_crypto::sha256;
use esim_rsp::json::Base64;
use esim_rsp::{Eid, Iccid};
use esim_saip::coding;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use zeroize::Zeroizing;

/// What a row asks for. `Debug` shows no key and no code.
#[derive(Clone)]
pub(super) struct Wanted {
    pub line: u64,
    pub iccid: Iccid,
    pub subscriber: Subscriber,
    /// `BF25 …`
    pub metadata: Base64,
    pub eid: Option<Eid>,
    pub matching_id: Option<String>,
    pub confirmation_code: Option<SecretText>,
    /// Column and value in one form, for digests.
    values: Vec<(Column, SecretText)>,
}

impl core::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Wanted(line {}, {:?})", self.line, self.iccid)
    }
}

impl Wanted {
    /// Reads a row for a template.
    ///
    /// # Errors
    /// The first column that is not in its form; no value is quoted.
    pub fn read(row: &Row, template: &Template, smdp_address: &str) -> Result<Self, Flaw> {
        if let Some(flaw) = row.flaw() {
            return Err(flaw.clone());
        }
        let iccid = iccid(row, template)?;
        let subscriber = subscriber(row, template)?;
        let metadata = metadata(row, template)?.to_request(iccid, smdp_address);
        let metadata = metadata.map_err(|error| flaw_of(&error.kind.to_string()))?;
        Ok(Self {
            line: row.line,
            iccid,
            subscriber,
            metadata: Base64(esim_rsp::encode(&metadata)),
            eid: eid(row)?,
            matching_id: matching_id(row)?,
            confirmation_code: confirmation_code(row)?,
            values: row.values().filter(|(column, _)| *column != Column::Iccid).map(in_one_form).collect(),
        })
    }

    /// For each column 8 octets that another value, or another salt, would not give.
    pub fn digests(&self, salt: &[u8]) -> BTreeMap<String, Base64> {
        let digest = |(column, value): &(Column, SecretText)| {
            let digest = sha256(&[salt, column.name().as_bytes(), &[0], value.as_bytes()]);
            (column.name().to_string(), Base64(digest[..8].to_vec()))
        };
        self.values.iter().map(digest).collect()
    }
}

/// The sentence of a module that knows nothing of columns, as a flaw: its first word may be one.
pub(super) fn flaw_of(sentence: &str) -> Flaw {
    let column = sentence.split(' ').next().and_then(Column::of);
    Flaw { column, reason: sentence.into() }
}

/// Values that mean the same become the same.
fn in_one_form((column, value): (Column, &str)) -> (Column, SecretText) {
    let value = match column {
        Column::Ki | Column::Opc | Column::Gid1 | Column::Adm1 | Column::Kic | Column::Kid | Column::Kik => {
            value.to_ascii_uppercase()
        }
        Column::Algorithm => value.to_ascii_lowercase(),
        Column::PolicyRules => {
            let mut rules: Vec<_> = words(value).map(|rule| rule.to_ascii_lowercase()).collect();
            rules.sort();
            rules.join(" ")
        }
        _ => value.to_string(),
    };
    (column, Zeroizing::new(value))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}

fn required(row: &Row, column: Column) -> Result<&str, Flaw> {
    row.get(column).ok_or_else(|| Flaw::of(column, "is missing"))
}

fn ensure(holds: bool, column: Column, reason: &str) -> Result<(), Flaw> {
    if holds { Ok(()) } else { Err(Flaw::of(column, reason)) }
}

fn has_digits(text: &str, how_many: core::ops::RangeInclusive<usize>) -> bool {
    how_many.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit())
}

fn has_hex_digits(text: &str, how_many: &[usize]) -> bool {
    how_many.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_hexdigit())
}

/// A number that a spreadsheet has taken for one: its last digits are gone.
fn refuse_rounded(text: &str, column: Column) -> Result<(), Flaw> {
    let rounded = text.contains(['E', 'e']) && text.contains(['.', ',', '+']);
    let reason = "was rounded by a spreadsheet: format the column as text and enter it again";
    ensure(!rounded, column, reason)
}

fn iccid(row: &Row, template: &Template) -> Result<Iccid, Flaw> {
    let text = required(row, Column::Iccid)?;
    refuse_rounded(text, Column::Iccid)?;
    let digits = text.trim_end_matches(['F', 'f']);
    ensure(has_digits(digits, 18..=20), Column::Iccid, "has 18 to 20 digits")?;
    if template.check_digit && !coding::luhn_is_valid(digits) {
        let expected = coding::luhn_digit(&digits[..digits.len() - 1]).unwrap_or_default();
        let reason = format!("has a wrong check digit: its last one should be {expected} (ITU-T E.118)");
        return Err(Flaw::of(Column::Iccid, reason));
    }
    text.parse().map_err(|_| Flaw::of(Column::Iccid, "has 18 to 20 digits"))
}

fn eid(row: &Row) -> Result<Option<Eid>, Flaw> {
    let Some(text) = row.get(Column::Eid) else { return Ok(None) };
    refuse_rounded(text, Column::Eid)?;
    ensure(has_digits(text, 32..=32), Column::Eid, "has 32 digits")?;
    text.parse().map(Some).map_err(|_| Flaw::of(Column::Eid, "has wrong check digits"))
}

fn matching_id(row: &Row) -> Result<Option<String>, Flaw> {
    let Some(text) = row.get(Column::MatchingId) else { return Ok(None) };
    let sound = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && text.len() <= 255;
    ensure(sound, Column::MatchingId, "has at most 255 letters, digits and '-'")?;
    Ok(Some(text.into()))
}

fn confirmation_code(row: &Row) -> Result<Option<SecretText>, Flaw> {
    let Some(text) = row.get(Column::ConfirmationCode) else { return Ok(None) };
    ensure(text.chars().count() <= 64, Column::ConfirmationCode, "has at most 64 characters")?;
    Ok(Some(Zeroizing::new(text.into())))
}

fn subscriber(row: &Row, template: &Template) -> Result<Subscriber, Flaw> {
    let algorithm = algorithm(row, template)?;
    let (ki, opc) = keys(row, template, algorithm)?;
    Ok(Subscriber {
        imsi: imsi(row)?,
        ki,
        opc,
        algorithm,
        mnc_length: mnc_length(row)?,
        msisdn: number(row, Column::Msisdn, 15)?,
        spn: row.get(Column::Spn).map(String::from),
        smsc: number(row, Column::Smsc, 20)?,
        gid1: gid1(row)?,
        ota: ota(row)?,
        codes: codes(row)?,
    })
}

fn imsi(row: &Row) -> Result<String, Flaw> {
    let text = required(row, Column::Imsi)?;
    refuse_rounded(text, Column::Imsi)?;
    ensure(has_digits(text, 6..=15), Column::Imsi, "has 6 to 15 digits")?;
    Ok(text.into())
}

fn mnc_length(row: &Row) -> Result<Option<u8>, Flaw> {
    match row.get(Column::MncLength) {
        None => Ok(None),
        Some("2") => Ok(Some(2)),
        Some("3") => Ok(Some(3)),
        Some(_) => Err(Flaw::of(Column::MncLength, "is 2 or 3")),
    }
}

fn number(row: &Row, column: Column, limit: usize) -> Result<Option<String>, Flaw> {
    let Some(text) = row.get(column) else { return Ok(None) };
    refuse_rounded(text, column)?;
    let digits = text.strip_prefix('+').unwrap_or(text);
    let reason = format!("has 1 to {limit} digits, with + in front if it is international");
    ensure(has_digits(digits, 1..=limit), column, &reason)?;
    Ok(Some(text.into()))
}

fn gid1(row: &Row) -> Result<Option<String>, Flaw> {
    let Some(text) = row.get(Column::Gid1) else { return Ok(None) };
    let sound = has_hex_digits(text, &[text.len()]) && text.len().is_multiple_of(2) && text.len() <= 32;
    ensure(sound, Column::Gid1, "has 2 to 32 hexadecimal digits")?;
    Ok(Some(text.into()))
}

fn algorithm(row: &Row, template: &Template) -> Result<Algorithm, Flaw> {
    let Some(text) = row.get(Column::Algorithm) else { return Ok(template.algorithm()) };
    let algorithm = Algorithm::of(&text.to_ascii_lowercase());
    let algorithm = algorithm.ok_or_else(|| Flaw::of(Column::Algorithm, "is milenage, tuak or usim-test"))?;
    let reason = format!("is not one of template {}", template.name);
    ensure(template.algorithms.contains(&algorithm), Column::Algorithm, &reason)?;
    Ok(algorithm)
}

fn keys(row: &Row, template: &Template, algorithm: Algorithm) -> Result<(SecretText, SecretText), Flaw> {
    let ki = match (row.get(Column::Ki), template.class()) {
        (None, Class::Test) => TEST_KEY,
        (Some(ki), Class::Test) if !ki.eq_ignore_ascii_case(TEST_KEY) => {
            return Err(Flaw::of(Column::Ki, "of a test profile is the key that everybody knows, or empty"));
        }
        _ => required(row, Column::Ki)?,
    };
    let (ki_digits, opc_digits): (&[usize], usize) = match algorithm {
        Algorithm::Milenage => (&[32], 32),
        Algorithm::Tuak => (&[32, 64], 64),
        Algorithm::UsimTest => (&[32], 0),
    };
    let (ki_form, opc_form) = match algorithm {
        Algorithm::Tuak => ("has 32 or 64 hexadecimal digits for TUAK", "has 64 hexadecimal digits for TUAK"),
        _ => ("has 32 hexadecimal digits", "has 32 hexadecimal digits"),
    };
    ensure(has_hex_digits(ki, ki_digits), Column::Ki, ki_form)?;
    let opc = match opc_digits {
        0 => row.get(Column::Opc).unwrap_or_default(),
        _ => required(row, Column::Opc)?,
    };
    let reason = if opc_digits == 0 { "is not for the test algorithm" } else { opc_form };
    ensure(has_hex_digits(opc, &[opc_digits]), Column::Opc, reason)?;
    Ok((Zeroizing::new(ki.into()), Zeroizing::new(opc.into())))
}

fn ota(row: &Row) -> Result<Option<OtaKeys>, Flaw> {
    const KEYS: [Column; 3] = [Column::Kic, Column::Kid, Column::Kik];
    if KEYS.iter().all(|column| row.get(*column).is_none()) {
        ensure(row.get(Column::OtaVersion).is_none(), Column::OtaVersion, "is for kic, kid and kik")?;
        return Ok(None);
    }
    let key = |column| {
        let text = required(row, column)?;
        ensure(has_hex_digits(text, &[32]), column, "has 32 hexadecimal digits")?;
        Ok(Zeroizing::new(String::from(text)))
    };
    let version = row.get(Column::OtaVersion).map_or(Ok(1), str::parse);
    let version = version.ok().filter(|version| (1..=15).contains(version));
    let version = version.ok_or_else(|| Flaw::of(Column::OtaVersion, "is a number from 1 to 15"))?;
    Ok(Some(OtaKeys { version, kic: key(Column::Kic)?, kid: key(Column::Kid)?, kik: key(Column::Kik)? }))
}

fn codes(row: &Row) -> Result<Codes, Flaw> {
    let code = |column, digits: core::ops::RangeInclusive<usize>, form| match row.get(column) {
        None => Ok(None),
        Some(text) if has_digits(text, digits) => Ok(Some(Zeroizing::new(String::from(text)))),
        Some(_) => Err(Flaw::of(column, form)),
    };
    let adm1 = row.get(Column::Adm1);
    let adm1_sound = adm1.is_none_or(|text| has_hex_digits(text, &[16]));
    ensure(adm1_sound, Column::Adm1, "has 16 hexadecimal digits")?;
    Ok(Codes {
        pin1: code(Column::Pin1, 4..=8, "has 4 to 8 digits")?,
        puk1: code(Column::Puk1, 8..=8, "has 8 digits")?,
        pin2: code(Column::Pin2, 4..=8, "has 4 to 8 digits")?,
        puk2: code(Column::Puk2, 8..=8, "has 8 digits")?,
        adm1: adm1.map(|text| Zeroizing::new(text.into())),
    })
}

fn metadata(row: &Row, template: &Template) -> Result<Metadata, Flaw> {
    let mut metadata = template.metadata.clone();
    if let Some(text) = row.get(Column::Icon) {
        let input: StrDeserializer<'_, ValueError> = text.into_deserializer();
        let icon = Base64::deserialize(input).map_err(|_| Flaw::of(Column::Icon, "is base64"))?;
        metadata.icon = Some(icon);
    }
    if let Some(text) = row.get(Column::PolicyRules) {
        let reason = "are for operational profiles";
        ensure(template.class() == Class::Operational, Column::PolicyRules, reason)?;
        metadata.profile_policy_rules = words(text).map(rule).collect::<Result<_, _>>()?;
    }
    if let Some(spn) = row.get(Column::Spn).filter(|_| metadata.service_provider_name.is_empty()) {
        metadata.service_provider_name = spn.into();
    }
    if let Some(name) = row.get(Column::ProfileName) {
        metadata.profile_name = name.into();
    }
    if metadata.profile_name.is_empty() {
        metadata.profile_name.clone_from(&template.name);
    }
    Ok(metadata)
}

fn rule(word: &str) -> Result<Rule, Flaw> {
    match word.to_ascii_lowercase().as_str() {
        "ppr1" => Ok(Rule::Ppr1),
        "ppr2" => Ok(Rule::Ppr2),
        _ => Err(Flaw::of(Column::PolicyRules, "are ppr1 and ppr2")),
    }
}
