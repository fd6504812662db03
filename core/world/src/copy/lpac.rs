//! The commands of lpac that do what was done.

use super::Session;
use crate::words::Words;
use esim_rsp::es9p::HandleNotificationRequest;
use esim_rsp::es10::Function;
use esim_rsp::es10a::SetDefaultDpAddressRequest;
use esim_rsp::es10b::{AuthenticateServerRequest, CtxParams1, PrepareDownloadRequest};
use esim_rsp::es10c::{
    DeleteProfileRequest, DisableProfileRequest, EnableProfileRequest, ProfileIdentifier, SetNicknameRequest,
};
use esim_rsp::notification::{
    NotificationSearch, NotificationSentRequest, PendingNotification, RetrieveNotificationsListRequest,
};
use esim_rsp::trace::{Party, Record};
use esim_rsp::{Iccid, decode};
use serde_json::Value;
use std::ops::Range;

/// The command for a message, or those for a session, a line each.
pub(super) fn commands(session: &Session<'_>, n: Option<u32>) -> Result<String, Words> {
    let records = session.records;
    let downloads = downloads(records);
    let within = |at: usize| downloads.iter().find(|download| download.range.contains(&at));
    if let Some(n) = n {
        let range = super::exchange(records, n as usize);
        let asked = range.start;
        let found = match within(asked) {
            Some(download) => Some(download.command.clone()),
            None => command(&records[asked]),
        };
        return found.map(|command| command + "\n").ok_or_else(|| none_for(&records[asked]));
    }
    let mut lines: Vec<String> = Vec::new();
    for (at, record) in records.iter().enumerate() {
        let line = match within(at) {
            Some(download) if download.range.start == at => Some(download.command.clone()),
            Some(_) => None,
            // What only asks belongs to whatever comes next.
            None => command(record).filter(|line| !line.ends_with(" info") && !line.ends_with(" list")),
        };
        lines.extend(line.filter(|line| lines.last() != Some(line)));
    }
    match lines.is_empty() {
        true => Err(Words::new(
            "nothing was done that lpac has a command for",
            "lpacのコマンドに当たる操作はありません",
        )),
        false => Ok(lines.join("\n") + "\n"),
    }
}

fn none_for(record: &Record) -> Words {
    let name = format!("{} {}", record.interface, record.function);
    Words::new(
        format!(
            "lpac has no command for {name}: it downloads, manages profiles and notifications, and shows the chip"
        ),
        format!(
            "{name}に当たるlpacのコマンドはありません。lpacにあるのは、ダウンロード、プロファイルと通知の管理、チップの表示です"
        ),
    )
}

/// A download among the records.
struct Download {
    range: Range<usize>,
    command: String,
}

/// Functions of a download, in the order of SGP.22 3.1.3.
const BEFORE: [&str; 2] = ["GetEUICCInfo1", "GetEUICCChallenge"];
const AFTER: [&str; 7] = [
    "AuthenticateServer",
    "authenticateClient",
    "PrepareDownload",
    "getBoundProfilePackage",
    "LoadBoundProfilePackage",
    "CancelSession",
    "cancelSession",
];

fn downloads(records: &[Record]) -> Vec<Download> {
    let is_begin =
        |record: &Record| record.interface == "ES9+" && record.function == "initiateAuthentication";
    let name = |record: &Record| record.function.trim_end_matches(" response").to_string();
    let begins: Vec<usize> = (0..records.len()).filter(|at| is_begin(&records[*at])).collect();
    let mut found: Vec<Download> = Vec::new();
    for (i, begin) in begins.iter().enumerate() {
        let end = begins.get(i + 1).copied().unwrap_or(records.len());
        let last = (*begin..end).rev().find(|at| AFTER.contains(&name(&records[*at]).as_str()));
        let earliest = found.last().map_or(0, |download| download.range.end);
        let is_of_it = |record: &Record| {
            record.interface == "APDU"
                || BEFORE.contains(&name(record).as_str())
                || record.interface == "ES10a"
        };
        let mut start = *begin;
        for at in (earliest..*begin).rev() {
            if BEFORE.contains(&name(&records[at]).as_str()) {
                start = at;
            } else if !is_of_it(&records[at]) {
                break;
            }
        }
        let range = start..last.unwrap_or(*begin) + 1;
        let command = of_download(&records[range.clone()], &records[*begin]);
        found.extend(command.map(|command| Download { range, command }));
    }
    found
}

fn of_download(records: &[Record], begin: &Record) -> Option<String> {
    let body: Value = serde_json::from_slice(&begin.bytes).ok()?;
    let mut command = format!("lpac profile download -s {}", quoted(body["smdpAddress"].as_str()?));
    let asked = |function: &str| {
        let is_meant = |it: &&Record| it.function == function && it.to == Party::Euicc;
        records.iter().find(is_meant).map(|it| &it.bytes[..])
    };
    let request = asked("AuthenticateServer").map(decode::<AuthenticateServerRequest>);
    if let Some(Ok(request)) = request {
        let CtxParams1::CtxParamsForCommonAuthentication(params) = request.ctx_params1.value();
        if let Some(matching_id) = params.matching_id.as_ref().filter(|id| !id.is_empty()) {
            command += &format!(" -m {}", quoted(matching_id));
        }
        if let Some(imei) = &params.device_info.imei {
            let digits: String = hex::encode(&imei[..])
                .as_bytes()
                .chunks(2)
                .flat_map(|two| [two[1], two[0]])
                .map(char::from)
                .collect();
            command += &format!(" -i {}", digits.trim_end_matches('f'));
        }
    }
    // The card hears a hash of the code alone.
    let prepared = asked("PrepareDownload").map(decode::<PrepareDownloadRequest>);
    if matches!(prepared, Some(Ok(request)) if request.hash_cc.is_some()) {
        command += " -c \"$CONFIRMATION_CODE\"";
    }
    Some(command)
}

fn command(record: &Record) -> Option<String> {
    if record.interface == "ES9+" && record.function == "handleNotification" {
        let request: HandleNotificationRequest = serde_json::from_slice(&record.bytes).ok()?;
        let notification: PendingNotification = decode(&request.pending_notification.0).ok()?;
        return Some(format!("lpac notification process {}", notification.metadata().seq_number));
    }
    if record.interface == "ES11" {
        let body: Value = serde_json::from_slice(&record.bytes).ok()?;
        return Some(format!("lpac profile discovery -s {}", quoted(body["smdpAddress"].as_str()?)));
    }
    if record.to != Party::Euicc || record.interface == "APDU" {
        return None;
    }
    let octets = &record.bytes[..];
    Some(match Function::named(&record.function)? {
        Function::GetEid
        | Function::GetEuiccInfo2
        | Function::GetEuiccConfiguredAddresses
        | Function::GetRat => "lpac chip info".to_string(),
        Function::SetDefaultDpAddress => {
            let request: SetDefaultDpAddressRequest = decode(octets).ok()?;
            format!("lpac chip defaultsmdp {}", quoted(&request.default_dp_address))
        }
        Function::EuiccMemoryReset => "lpac chip purge yes".to_string(),
        Function::GetProfilesInfo => "lpac profile list".to_string(),
        Function::EnableProfile => {
            let request: EnableProfileRequest = decode(octets).ok()?;
            switch("enable", &request.profile_identifier, request.refresh_flag)
        }
        Function::DisableProfile => {
            let request: DisableProfileRequest = decode(octets).ok()?;
            switch("disable", &request.profile_identifier, request.refresh_flag)
        }
        Function::DeleteProfile => {
            let DeleteProfileRequest(profile) = decode(octets).ok()?;
            format!("lpac profile delete {}", identifier(&profile))
        }
        Function::SetNickname => {
            let request: SetNicknameRequest = decode(octets).ok()?;
            let Iccid(_) = request.iccid;
            format!("lpac profile nickname {} {}", request.iccid, quoted(&request.profile_nickname))
        }
        Function::ListNotification => "lpac notification list".to_string(),
        Function::RetrieveNotificationsList => {
            let request: RetrieveNotificationsListRequest = decode(octets).ok()?;
            match request.search_criteria {
                Some(NotificationSearch::SeqNumber(number)) => format!("lpac notification dump {number}"),
                _ => "lpac notification list".to_string(),
            }
        }
        Function::RemoveNotificationFromList => {
            let request: NotificationSentRequest = decode(octets).ok()?;
            format!("lpac notification remove {}", request.seq_number)
        }
        _ => return None,
    })
}

fn switch(how: &str, profile: &ProfileIdentifier, refresh: bool) -> String {
    format!("lpac profile {how} {} {}", identifier(profile), u8::from(refresh))
}

fn identifier(profile: &ProfileIdentifier) -> String {
    match profile {
        ProfileIdentifier::IsdpAid(aid) => hex::encode_upper(aid),
        ProfileIdentifier::Iccid(iccid) => iccid.to_string(),
    }
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_string(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}
