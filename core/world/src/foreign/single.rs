//! What is one thing: a message, a body of JSON, certificates, a profile package, a card, a link.

use super::Foreign;
use super::tape::Tape;
use crate::apdu::{apdu_name, status};
use crate::journal::Journal;
use crate::octets::{self, is_activation_code, is_command, is_status};
use crate::words::Words;
use esim_euicc::{MemoryNvm, Nvm, Personal};
use esim_rsp::activation_code::ActivationCode;
use esim_rsp::json_binding::{Function, Interface};
use esim_rsp::trace::{Party, Record};
use esim_rsp::{es10, tlv};
use serde_json::Value;

const TO_CARD: (Party, Party) = (Party::Lpa, Party::Euicc);
const FROM_CARD: (Party, Party) = (Party::Euicc, Party::Lpa);
const TO_SM: (Party, Party) = (Party::Lpa, Party::Sm);
const FROM_SM: (Party, Party) = (Party::Sm, Party::Lpa);

/// A message: octets.
pub(super) fn message(octets: &[u8]) -> Option<Foreign> {
    if let Some(profile) = profile(octets) {
        return Some(profile);
    }
    let mut tape = Tape::default();
    let nodes = esim_rsp::explain(octets);
    let status_word = octets.last_chunk::<2>().filter(|sw| is_status(sw[0]));
    let is_tlv = nodes.as_ref().is_ok_and(|nodes| {
        // A status word behind TLVs looks like one more.
        let is_response = nodes.len() > 1
            && status_word.is_some()
            && nodes.last().is_some_and(|node| node.whole.len() == 2);
        !nodes.is_empty() && !is_response && octets.len() > 2
    });
    match (nodes, status_word) {
        (Ok(nodes), _) if is_tlv => {
            let first = nodes.first()?;
            let (ends, interface, function) = whose(octets, &first.type_name);
            tape.say(ends, interface, &function, octets);
        }
        _ if is_command(octets) => tape.say(TO_CARD, "APDU", apdu_name(octets), octets),
        (Ok(_), Some(_)) => tape.say(FROM_CARD, "APDU", &status(octets), octets),
        (Err(_), Some(sw)) => {
            let data = octets.get(..octets.len() - 2)?;
            if *sw != [0x90, 0x00] && esim_rsp::explain(data).is_err() {
                return None;
            }
            tape.say(FROM_CARD, "APDU", &status(octets), octets);
        }
        _ => return None,
    }
    let mut read = Foreign::of_tape("message", ("message", "メッセージ"), tape);
    if let Some(record) = read.records.first() {
        let name = format!("{} {}", record.interface, record.function);
        let octets = record.bytes.len();
        read.summary = Words::new(format!("{name}, {octets} octets"), format!("{name}、{octets}オクテット"));
    }
    Some(read)
}

/// Ends, interface and function of a message, by its tag and the type that reads it.
fn whose(octets: &[u8], type_name: &str) -> ((Party, Party), &'static str, String) {
    if let Some(function) = es10::Function::of_command(octets) {
        let name = function.name();
        let is_answer = type_name.ends_with("Response") || matches!(type_name, "EUICCInfo1" | "EUICCInfo2");
        return match is_answer {
            true => (FROM_CARD, function.interface(), format!("{name} response")),
            false => (TO_CARD, function.interface(), name.to_string()),
        };
    }
    let name = if type_name.is_empty() { "TLV" } else { type_name };
    match tlv::read_header(octets, 0) {
        Ok((0xBF37, ..)) => (FROM_CARD, "DER", name.to_string()),
        _ => (FROM_SM, "DER", name.to_string()),
    }
}

/// A profile package: its header comes first (TCA profile interoperability 8.2.1).
fn profile(octets: &[u8]) -> Option<Foreign> {
    let elements = tlv::read_all(octets, 0..octets.len()).ok()?;
    let header = elements.first().filter(|header| header.tag == 0xA0)?;
    let inside = |tag| tlv::find(octets, header, tag).ok()?.and_then(|found| octets.get(found.value));
    let (Some([major]), Some([minor]), Some(iccid)) = (inside(0x80), inside(0x81), inside(0x83)) else {
        return None;
    };
    // In the order of its digits (TCA profile interoperability 8.2.1), not as EF.ICCID has it.
    let iccid = hex::encode_upper(iccid);
    let iccid = iccid.trim_end_matches('F');
    let mut tape = Tape::default();
    tape.say((Party::Operator, Party::Sm), "profile", "unprotected profile package", octets);
    let mut read = Foreign::of_tape("profile", ("profile package", "プロファイルパッケージ"), tape);
    let number = elements.len();
    read.summary = Words::new(
        format!("profile package {major}.{minor}, {number} elements, ICCID {iccid}"),
        format!("プロファイルパッケージ {major}.{minor}、要素 {number}個、ICCID {iccid}"),
    );
    Some(read)
}

/// The memory of a card of ours.
pub(super) fn card(octets: &[u8]) -> Option<Foreign> {
    let nvm = MemoryNvm::import(octets).ok()?;
    let personal = Personal::read_from(&nvm as &dyn Nvm).ok()??;
    let mut read = Foreign::new("card", ("card", "カード"), Vec::new(), Vec::new());
    if let Ok(eid) = personal.eid() {
        read.summary =
            Words::new(format!("card of esim-lab, EID {eid}"), format!("esim-labのカード、EID {eid}"));
    }
    Some(read)
}

/// PEM: each block but private keys.
pub(super) fn pem(text: &str) -> Result<Foreign, Words> {
    let blocks = octets::blocks(text).map_err(|reason| {
        let ja = format!("PEMを読めません({reason})");
        Words::new(reason, ja)
    })?;
    let mut tape = Tape::default();
    for (label, octets) in blocks {
        match label.ends_with("PRIVATE KEY") {
            true => tape.note(Words::new(
                format!("{label} is left out: private keys are not shown"),
                format!("{label}は表示しません。秘密鍵です"),
            )),
            false => tape.say(FROM_SM, "PEM", &label, &octets),
        }
    }
    Ok(Foreign::of_tape("pem", ("PEM", "PEM"), tape))
}

/// JSON: a request or an answer of ES9+, or anything else.
pub(super) fn json(text: &str) -> Result<Foreign, Words> {
    let value = match serde_json::from_str::<Value>(text) {
        Ok(value) => value,
        Err(error) => {
            return Err(Words::new(
                format!("this is JSON that cannot be read: {error}"),
                format!("JSONとして読めません({error})"),
            ));
        }
    };
    let path = value["path"].as_str().or_else(|| value["url"].as_str());
    let mut tape = Tape::default();
    if let (Some(path), Some(request)) = (path, value.get("request")) {
        tape.request(path, request.to_string().as_bytes());
        if let Some(answer) = value.get("response").filter(|answer| !answer.is_null()) {
            tape.answer(answer.to_string().as_bytes());
        }
        return Ok(Foreign::of_tape("http", ("HTTP", "HTTP"), tape));
    }
    if let Some(records) = records(&value) {
        records.into_iter().for_each(|record| tape.record(record));
        return Ok(Foreign::of_tape("trace", ("trace", "トレース"), tape));
    }
    if let Ok(journal) = serde_json::from_value::<Journal>(value.clone())
        && let Ok(link) = journal.to_link()
    {
        return Ok(linked(link));
    }
    match function_of(&value) {
        Some((function, is_answer)) => {
            let ends = if is_answer { FROM_SM } else { TO_SM };
            let name = format!("{}{}", function.name(), if is_answer { " response" } else { "" });
            tape.say(ends, Interface::Es9Plus.name(), &name, text.as_bytes());
        }
        None if value.get("header").is_some() => {
            tape.say(FROM_SM, Interface::Es9Plus.name(), "response", text.as_bytes());
        }
        None => tape.say(FROM_SM, "JSON", "JSON", text.as_bytes()),
    }
    Ok(Foreign::of_tape("json", ("JSON", "JSON"), tape))
}

/// A trace that is one value: its records, or one of them.
fn records(value: &Value) -> Option<Vec<Record>> {
    let list = value.get("records").unwrap_or(value);
    let records: Vec<Record> = match list {
        Value::Array(list) => {
            list.iter().map(|one| serde_json::from_value(one.clone())).collect::<Result<_, _>>()
        }
        one => serde_json::from_value(one.clone()).map(|record| vec![record]),
    }
    .ok()?;
    (!records.is_empty()).then_some(records)
}

/// The function of ES9+ whose request or answer has such members, and whether it is an answer (SGP.22 6.5.2).
fn function_of(value: &Value) -> Option<(Function, bool)> {
    let members: [(&str, Function, bool); 8] = [
        ("euiccChallenge", Function::InitiateAuthentication, false),
        ("serverSigned1", Function::InitiateAuthentication, true),
        ("authenticateServerResponse", Function::AuthenticateClient, false),
        ("smdpSigned2", Function::AuthenticateClient, true),
        ("prepareDownloadResponse", Function::GetBoundProfilePackage, false),
        ("boundProfilePackage", Function::GetBoundProfilePackage, true),
        ("pendingNotification", Function::HandleNotification, false),
        ("cancelSessionResponse", Function::CancelSession, false),
    ];
    let found = members.into_iter().find(|(name, ..)| value.get(name).is_some());
    found.map(|(_, function, is_answer)| (function, is_answer))
}

/// An activation code.
pub(super) fn activation_code(text: &str) -> Option<Result<Foreign, Words>> {
    if !is_activation_code(text) || text.lines().nth(1).is_some() {
        return None;
    }
    let code = text.parse::<ActivationCode>().map_err(|error| {
        let ja = format!("アクティベーションコードを読めません({error})");
        Words::new(error.to_string(), ja)
    });
    Some(code.map(|code| {
        let title = ("activation code", "アクティベーションコード");
        let mut read = Foreign::new("activation-code", title, Vec::new(), Vec::new());
        let address = &code.smdp_address;
        read.summary = Words::new(
            format!("activation code of {address}"),
            format!("{address}のアクティベーションコード"),
        );
        read.activation_code = Some(code.to_string());
        read
    }))
}

/// A bug report of ours, or a link: by it the world is made once more.
pub(super) fn report_or_link(text: &str) -> Option<Foreign> {
    let at = ["#seed=", "#now="].iter().find_map(|beginning| text.find(beginning))?;
    let is_report = text.starts_with("# ");
    if !is_report && text.split_whitespace().nth(1).is_some() {
        return None;
    }
    let link = text.get(at..)?.split(|c: char| c.is_whitespace() || ")>\"`".contains(c)).next()?;
    Journal::from_link(link).ok().flatten()?;
    let mut read = linked(link.to_string());
    if is_report {
        (read.kind, read.title) = ("report".into(), Words::new("bug report", "不具合報告"));
        read.summary = read.title.clone();
        // The message that it is about, as the trace has it.
        let mut tape = Tape::default();
        text.lines()
            .filter_map(|line| serde_json::from_str::<Record>(line.trim()).ok())
            .for_each(|record| tape.record(record));
        (read.records, _) = tape.finish();
    }
    Some(read)
}

fn linked(link: String) -> Foreign {
    let read = Foreign::new("link", ("link to a session", "セッションへのリンク"), Vec::new(), Vec::new());
    Foreign { link: Some(link), ..read }
}
