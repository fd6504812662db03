//! Every member of every JSON message has the standard's name, letter for letter: held against tables written from
//! SGP.22, not against the types, since a round trip between two ends of one make cannot see a wrong name.

use esim_rsp::es2p::*;
use esim_rsp::es9p::*;
use esim_rsp::es11::*;
use esim_rsp::es12::*;
use esim_rsp::json::*;
use esim_rsp::json_binding::{self as binding, Interface};
use esim_rsp::{Eid, Iccid, TransactionId};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Members of an object: those that must be there, those that may.
struct Members {
    required: &'static [&'static str],
    optional: &'static [&'static str],
}

/// A function: path on the wire, clause of SGP.22 v2.6, members in both directions beside the answer's `header`.
struct Function {
    path: &'static str,
    clause: &'static str,
    request: Members,
    response: Members,
}

const fn members(required: &'static [&'static str], optional: &'static [&'static str]) -> Members {
    Members { required, optional }
}

/// SGP.22 6.5.1.3: `header` of requests between servers; those of LPAs have none.
const REQUEST_HEADER: Members = members(&["functionRequesterIdentifier", "functionCallIdentifier"], &[]);
/// SGP.22 6.5.1.4: `header` of answers.
const RESPONSE_HEADER: Members = members(&["functionExecutionStatus"], &[]);
/// SGP.22 6.5.1.4.
const EXECUTION_STATUS: Members = members(&["status"], &["statusCodeData"]);
/// SGP.22 6.5.1.4.
const STATUS_CODE_DATA: Members = members(&["subjectCode", "reasonCode"], &["subjectIdentifier", "message"]);
/// A refusal without its code is one all the same.
const READ_WITHOUT: &[&str] = &["subjectCode", "reasonCode"];
/// SGP.22 5.8.2.
const EVENT_ENTRY: Members = members(&["eventId", "rspServerAddress"], &[]);

const FUNCTIONS: &[Function] = &[
    Function {
        path: "es2plus/downloadOrder",
        clause: "5.3.1, 6.5.2.1",
        request: members(&["header"], &["eid", "iccid", "profileType"]),
        response: members(&["iccid"], &[]),
    },
    Function {
        path: "es2plus/confirmOrder",
        clause: "5.3.2, 6.5.2.2",
        request: members(
            &["header", "iccid", "releaseFlag"],
            &["eid", "matchingId", "confirmationCode", "smdsAddress"],
        ),
        response: members(&["matchingId"], &["eid", "smdpAddress"]),
    },
    Function {
        path: "es2plus/cancelOrder",
        clause: "5.3.3, 6.5.2.3",
        request: members(&["header", "iccid", "finalProfileStatusIndicator"], &["eid", "matchingId"]),
        response: members(&[], &[]),
    },
    Function {
        path: "es2plus/releaseProfile",
        clause: "5.3.4, 6.5.2.4",
        request: members(&["header", "iccid"], &[]),
        response: members(&[], &[]),
    },
    Function {
        path: "es2plus/handleDownloadProgressInfo",
        clause: "5.3.5, 6.5.2.5",
        request: members(
            &[
                "header",
                "iccid",
                "profileType",
                "timestamp",
                "notificationPointId",
                "notificationPointStatus",
            ],
            &["eid", "resultData", "tac", "imei"],
        ),
        response: members(&[], &[]),
    },
    Function {
        path: "es9plus/initiateAuthentication",
        clause: "5.6.1, 6.5.2.6",
        request: members(&["euiccChallenge", "euiccInfo1", "smdpAddress"], &[]),
        response: members(
            &[
                "transactionId",
                "serverSigned1",
                "serverSignature1",
                "euiccCiPKIdToBeUsed",
                "serverCertificate",
            ],
            &[],
        ),
    },
    Function {
        path: "es9plus/getBoundProfilePackage",
        clause: "5.6.2, 6.5.2.7",
        request: members(&["transactionId", "prepareDownloadResponse"], &[]),
        response: members(&["transactionId", "boundProfilePackage"], &[]),
    },
    Function {
        path: "es9plus/authenticateClient",
        clause: "5.6.3, 6.5.2.8",
        request: members(&["transactionId", "authenticateServerResponse"], &[]),
        response: members(
            &["transactionId", "profileMetadata", "smdpSigned2", "smdpSignature2", "smdpCertificate"],
            &[],
        ),
    },
    Function {
        path: "es9plus/handleNotification",
        clause: "5.6.4, 6.5.2.9",
        request: members(&["pendingNotification"], &[]),
        response: members(&[], &[]),
    },
    Function {
        path: "es9plus/cancelSession",
        clause: "5.6.5, 6.5.2.10",
        request: members(&["transactionId", "cancelSessionResponse"], &[]),
        response: members(&[], &[]),
    },
    // Of an SM-DS: the path is the same, the outcome is not.
    Function {
        path: "es11/authenticateClient",
        clause: "5.8.2",
        request: members(&["transactionId", "authenticateServerResponse"], &[]),
        response: members(&["transactionId", "eventEntries"], &[]),
    },
    Function {
        path: "es12/registerEvent",
        clause: "5.9.1",
        request: members(&["header", "eid", "rspServerAddress", "eventId", "forwardingIndicator"], &[]),
        response: members(&[], &[]),
    },
    Function {
        path: "es12/deleteEvent",
        clause: "5.9.2",
        request: members(&["header", "eid", "eventId"], &[]),
        response: members(&[], &[]),
    },
];

fn function(path: &str) -> &'static Function {
    FUNCTIONS.iter().find(|row| row.path == path).unwrap_or_else(|| panic!("no row for {path}"))
}

/// A message with every member there is, by the type of it: what it is written with, and what it is read by.
fn hold<T: Serialize + DeserializeOwned>(what: &str, members: &Members, full: &T) {
    let written = serde_json::to_value(full).unwrap();
    let object = written.as_object().unwrap();
    let names: BTreeSet<&str> = object.keys().map(String::as_str).collect();
    let expected: BTreeSet<&str> = members.required.iter().chain(members.optional).copied().collect();
    assert_eq!(names, expected, "{what}");
    let read = |object: Map<String, Value>| serde_json::from_value::<T>(object.into());
    let again = |object| read(object).map(|value| serde_json::to_value(value).unwrap());
    assert_eq!(again(object.clone()).unwrap(), written, "{what}");
    for name in members.required.iter().filter(|name| !READ_WITHOUT.contains(name)) {
        assert!(read(without(object, name)).is_err(), "{what} is read without {name}");
        for other in other_cases(name) {
            assert!(read(renamed(object, name, &other)).is_err(), "{what} is read with {other} for {name}");
        }
    }
    for name in members.optional {
        for other in other_cases(name) {
            let read = again(renamed(object, name, &other)).unwrap();
            assert_eq!(read, Value::from(without(object, name)), "{what} takes {other} for {name}");
        }
    }
}

fn without(object: &Map<String, Value>, name: &str) -> Map<String, Value> {
    object.iter().filter(|(key, _)| *key != name).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn renamed(object: &Map<String, Value>, name: &str, to: &str) -> Map<String, Value> {
    let mut other = without(object, name);
    other.insert(to.to_string(), object[name].clone());
    other
}

/// The name with one letter in the other case, each letter in turn.
fn other_cases(name: &str) -> impl Iterator<Item = String> {
    (0..name.len())
        .map(move |at| {
            let swap =
                |c: char| if c.is_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            name.char_indices().map(|(i, c)| if i == at { swap(c) } else { c }).collect::<String>()
        })
        .filter(move |other| other != name)
}

fn request_header() -> RequestHeader {
    RequestHeader { function_requester_identifier: "2.999.1".into(), function_call_identifier: "1".into() }
}

fn status_code_data() -> StatusCodeData {
    StatusCodeData {
        subject_code: "8.2.6".into(),
        reason_code: "3.8".into(),
        subject_identifier: Some("A".into()),
        message: Some("No.".into()),
    }
}

fn execution_status() -> FunctionExecutionStatus {
    FunctionExecutionStatus { status: "Failed".into(), status_code_data: Some(status_code_data()) }
}

fn eid() -> Eid {
    "89049032123451234512345678901235".parse().unwrap()
}

fn iccid() -> Iccid {
    "8988211000000430010".parse().unwrap()
}

fn transaction_id() -> TransactionId {
    TransactionId::new(&[7; 16])
}

fn octets() -> Base64 {
    Base64(vec![1])
}

#[test]
fn headers() {
    hold("header of a request", &REQUEST_HEADER, &request_header());
    let header = ResponseHeader { function_execution_status: execution_status() };
    hold("header of an answer", &RESPONSE_HEADER, &header);
    hold("functionExecutionStatus", &EXECUTION_STATUS, &execution_status());
    hold("statusCodeData", &STATUS_CODE_DATA, &status_code_data());
}

#[test]
fn es2plus() {
    let request = |name: &str| &function(&format!("es2plus/{name}")).request;
    let response = |name: &str| &function(&format!("es2plus/{name}")).response;
    let order = DownloadOrderRequest {
        header: request_header(),
        eid: Some(eid()),
        iccid: Some(iccid()),
        profile_type: Some("A".into()),
    };
    hold("downloadOrder", request("downloadOrder"), &order);
    hold("downloadOrder's answer", response("downloadOrder"), &DownloadOrderOk { iccid: iccid() });
    let confirm = ConfirmOrderRequest {
        header: request_header(),
        iccid: iccid(),
        eid: Some(eid()),
        matching_id: Some("A".into()),
        confirmation_code: Some("1".into()),
        smds_address: Some("ds".into()),
        release_flag: true,
    };
    hold("confirmOrder", request("confirmOrder"), &confirm);
    let confirmed =
        ConfirmOrderOk { eid: Some(eid()), matching_id: "A".into(), smdp_address: Some("dp".into()) };
    hold("confirmOrder's answer", response("confirmOrder"), &confirmed);
    let cancel = CancelOrderRequest {
        header: request_header(),
        iccid: iccid(),
        final_profile_status_indicator: FinalProfileStatus::Available,
        eid: Some(eid()),
        matching_id: Some("A".into()),
    };
    hold("cancelOrder", request("cancelOrder"), &cancel);
    let release = ReleaseProfileRequest { header: request_header(), iccid: iccid() };
    hold("releaseProfile", request("releaseProfile"), &release);
    let progress = HandleDownloadProgressInfoRequest {
        header: request_header(),
        eid: Some(eid()),
        iccid: iccid(),
        profile_type: "A".into(),
        timestamp: "2026-01-01T00:00:00Z".into(),
        notification_point_id: 3,
        notification_point_status: execution_status(),
        result_data: Some(octets()),
        tac: Some("35290611".into()),
        imei: Some("352906110000013".into()),
    };
    hold("handleDownloadProgressInfo", request("handleDownloadProgressInfo"), &progress);
    for (status, name) in
        [(FinalProfileStatus::Available, "Available"), (FinalProfileStatus::Unavailable, "Unavailable")]
    {
        assert_eq!(serde_json::to_value(status).unwrap(), name, "SGP.22 5.3.3");
    }
}

#[test]
fn es9plus_and_es11() {
    let request = |name: &str| &function(&format!("es9plus/{name}")).request;
    let response = |name: &str| &function(&format!("es9plus/{name}")).response;
    let initiate = InitiateAuthenticationRequest {
        euicc_challenge: octets(),
        euicc_info1: octets(),
        smdp_address: "dp".into(),
    };
    hold("initiateAuthentication", request("initiateAuthentication"), &initiate);
    let initiated = InitiateAuthenticationOk {
        transaction_id: transaction_id(),
        server_signed1: octets(),
        server_signature1: octets(),
        euicc_ci_pk_id_to_be_used: octets(),
        server_certificate: octets(),
    };
    hold("initiateAuthentication's answer", response("initiateAuthentication"), &initiated);
    let authenticate = AuthenticateClientRequest {
        transaction_id: transaction_id(),
        authenticate_server_response: octets(),
    };
    hold("authenticateClient", request("authenticateClient"), &authenticate);
    let authenticated = AuthenticateClientOk {
        transaction_id: transaction_id(),
        profile_metadata: octets(),
        smdp_signed2: octets(),
        smdp_signature2: octets(),
        smdp_certificate: octets(),
    };
    hold("authenticateClient's answer", response("authenticateClient"), &authenticated);
    let get = GetBoundProfilePackageRequest {
        transaction_id: transaction_id(),
        prepare_download_response: octets(),
    };
    hold("getBoundProfilePackage", request("getBoundProfilePackage"), &get);
    let got = GetBoundProfilePackageOk { transaction_id: transaction_id(), bound_profile_package: octets() };
    hold("getBoundProfilePackage's answer", response("getBoundProfilePackage"), &got);
    let notification = HandleNotificationRequest { pending_notification: octets() };
    hold("handleNotification", request("handleNotification"), &notification);
    let cancel =
        CancelSessionEs9Request { transaction_id: transaction_id(), cancel_session_response: octets() };
    hold("cancelSession", request("cancelSession"), &cancel);
    let event = EventEntry { event_id: "A".into(), rsp_server_address: "dp".into() };
    hold("an event", &EVENT_ENTRY, &event);
    let events = AuthenticateClientEs11Ok { transaction_id: transaction_id(), event_entries: vec![event] };
    hold("authenticateClient's answer of an SM-DS", &function("es11/authenticateClient").response, &events);
}

/// ES15 has the functions of ES12.
#[test]
fn es12_and_es15() {
    let register = RegisterEventRequest {
        header: request_header(),
        eid: eid(),
        rsp_server_address: "dp".into(),
        event_id: "A".into(),
        forwarding_indicator: false,
    };
    hold("registerEvent", &function("es12/registerEvent").request, &register);
    let delete = DeleteEventRequest { header: request_header(), eid: eid(), event_id: "A".into() };
    hold("deleteEvent", &function("es12/deleteEvent").request, &delete);
}

/// The library has the functions of this table at their paths, with their clauses, and no other.
#[test]
fn the_functions_are_the_same() {
    const ALL: [Interface; 5] =
        [Interface::Es2Plus, Interface::Es9Plus, Interface::Es11, Interface::Es12, Interface::Es15];
    let mut known = BTreeSet::new();
    for row in FUNCTIONS {
        let (folder, name) = row.path.split_once('/').unwrap();
        let interface = ALL.into_iter().find(|it| it.name().to_lowercase().replace('+', "plus") == folder);
        let interface = interface.unwrap();
        let function =
            interface.function(name).unwrap_or_else(|| panic!("{} has no {name}", interface.name()));
        assert_eq!(function.clause(interface), row.clause.split(", ").next(), "{}", row.path);
        if interface != Interface::Es11 {
            assert_eq!(interface.path(function), format!("/gsma/rsp2/{}", row.path));
        }
        known.insert((folder, name));
    }
    for interface in ALL {
        let folder = interface.name().to_lowercase().replace('+', "plus");
        for function in binding::Function::ALL.iter().filter(|it| it.clause(interface).is_some()) {
            // ES11 begins as ES9+ does, ES15 has the functions of ES12.
            let same = match interface {
                Interface::Es15 => "es12",
                Interface::Es11 if *function == binding::Function::InitiateAuthentication => "es9plus",
                _ => &folder,
            };
            assert!(known.contains(&(same, function.name())), "{folder}/{}", function.name());
        }
    }
}

/// What the SM really answers, and what well-behaved clients really ask: the reviewed cases.
#[test]
fn the_cases_have_no_other_members() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/sm");
    let mut messages = 0;
    for case in folders(&folder, 3) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let path = std::fs::read_to_string(case.join("request.http")).ok().and_then(|text| path_of(&text));
        let Some(path) = path else { continue };
        let at = |part: &str| case.parent().unwrap().parent().unwrap().ends_with(part);
        let path = match path.rsplit_once('/') {
            Some((_, "authenticateClient")) if at("es11") => "es11/authenticateClient".to_string(),
            Some(("es15", name)) => format!("es12/{name}"),
            _ => path,
        };
        // Of an unknown function there is no table.
        let Some(row) = FUNCTIONS.iter().find(|row| row.path == path) else { continue };
        // A request that is refused may be any.
        let told = name.starts_with("ok") || name.starts_with("point");
        if told {
            messages += usize::from(compare(&case.join("request.http"), row, &row.request));
        }
        messages += usize::from(compare(&case.join("response.http"), row, &row.response));
    }
    assert!(messages > 150, "only {messages} messages were compared");
}

/// Folders so many levels below.
fn folders(folder: &Path, depth: usize) -> Vec<PathBuf> {
    let inside = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let inside = inside.filter(|path| path.is_dir());
    if depth == 1 { inside.collect() } else { inside.flat_map(|path| folders(&path, depth - 1)).collect() }
}

/// `es9plus/initiateAuthentication` of a request as text.
fn path_of(request: &str) -> Option<String> {
    let path = request.split_whitespace().nth(1)?;
    path.strip_prefix("/gsma/rsp2/").map(str::to_string)
}

/// Whether a file has a JSON object, all of whose members are in the table.
fn compare(file: &Path, row: &Function, members: &Members) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let body = text.split_once("\n\n").map(|(_, body)| body).unwrap_or_default();
    let Ok(Value::Object(body)) = serde_json::from_str(body) else { return false };
    all_known(&format!("{} (SGP.22 {})", file.display(), row.clause), &body, members);
    true
}

/// Every member is in the table, inner objects included.
fn all_known(what: &str, object: &Map<String, Value>, members: &Members) {
    for (name, value) in object {
        let known = members.required.iter().chain(members.optional).any(|known| known == name);
        let inner = match (name.as_str(), value) {
            ("header", Value::Object(inner)) if inner.contains_key("functionExecutionStatus") => {
                all_known(what, inner, &RESPONSE_HEADER);
                continue;
            }
            ("header", _) => Some(&REQUEST_HEADER),
            ("functionExecutionStatus" | "notificationPointStatus", _) => Some(&EXECUTION_STATUS),
            ("statusCodeData", _) => Some(&STATUS_CODE_DATA),
            ("eventEntries", _) => Some(&EVENT_ENTRY),
            _ => None,
        };
        assert!(known, "{what}: no member {name:?}");
        let objects = match value {
            Value::Object(object) => vec![object],
            Value::Array(list) => list.iter().filter_map(Value::as_object).collect(),
            _ => Vec::new(),
        };
        for object in objects {
            all_known(what, object, inner.unwrap_or_else(|| panic!("{what}: {name} is no object")));
        }
    }
}

/// Two programs that know nothing of this one: their members are those of the table, all of them.
#[test]
fn a_recording_of_others_has_the_same_names() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/recordings/es9p_pysim_osmo-smdpp.jsonl");
    let Ok(lines) = std::fs::read_to_string(file) else {
        println!("skipped: ../shared/data not found");
        return;
    };
    for line in lines.lines() {
        let call: Value = serde_json::from_str(line).unwrap();
        let row = function(call["path"].as_str().unwrap().strip_prefix("/gsma/rsp2/").unwrap());
        for (part, members) in [("request", &row.request), ("response", &row.response)] {
            let object = call[part].as_object().unwrap();
            all_known(row.path, object, members);
            for name in members.required {
                assert!(object.contains_key(*name), "{} of {} has no {name}", part, row.path);
            }
        }
    }
}
