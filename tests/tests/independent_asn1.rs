//! Every message decodes alike here and by an independent ASN.1 module of
//! SGP.22 v2.6, and every name that is shown of a field, a type, a number or a
//! bit is the module's (`tests/asn1/compare.py`; `./check` installs the decoder).

use esim_crypto::pki::CrlDraft;
use esim_rsp::asn1_binding::*;
use esim_rsp::common::bit_string;
use esim_rsp::es8p::{BoundProfilePackage, StoreMetadataRequest, UpdateMetadataRequest};
use esim_rsp::es10a::SetDefaultDpAddressRequest;
use esim_rsp::es10b::*;
use esim_rsp::es10c::*;
use esim_rsp::explain::Node;
use esim_rsp::notification::*;
use esim_rsp::{OctetString, TransactionId, decode, encode};
use esim_saip::Package;
use esim_saip::builder;
use esim_sm_edge::block_on;
use esim_tests::forge::{Forge, ICCID, metadata, subscriber};
use esim_world::{Scenario, in_memory, play_in};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Says which Python has the decoder, where it is not the one that `./check` makes.
const PYTHON: &str = "ESIM_LAB_ASN1_PYTHON";

/// Numbers that version 2.6 of the module has no more, and that eUICCs and servers of earlier ones send.
const EARLIER: [(&str, &str); 2] = [
    ("getBoundProfilePackageError", "downloadOrderExpired"),
    ("notificationsListResultError", "noResultAvailable"),
];

/// Types that some conversation below must hold.
const EXPECTED: &[&str] = &[
    "EuiccConfiguredAddressesRequest",
    "EuiccConfiguredAddressesResponse",
    "SetDefaultDpAddressRequest",
    "SetDefaultDpAddressResponse",
    "GetEuiccInfo1Request",
    "EUICCInfo1",
    "GetEuiccInfo2Request",
    "EUICCInfo2",
    "GetEuiccChallengeRequest",
    "GetEuiccChallengeResponse",
    "AuthenticateServerRequest",
    "AuthenticateServerResponse",
    "PrepareDownloadRequest",
    "PrepareDownloadResponse",
    "BoundProfilePackage",
    "StoreMetadataRequest",
    "UpdateMetadataRequest",
    "ProfileInstallationResult",
    "OtherSignedNotification",
    "ListNotificationRequest",
    "ListNotificationResponse",
    "RetrieveNotificationsListRequest",
    "RetrieveNotificationsListResponse",
    "NotificationSentRequest",
    "NotificationSentResponse",
    "CancelSessionRequest",
    "CancelSessionResponse",
    "LoadCRLRequest",
    "LoadCRLResponse",
    "GetRatRequest",
    "GetRatResponse",
    "ProfileInfoListRequest",
    "ProfileInfoListResponse",
    "EnableProfileRequest",
    "EnableProfileResponse",
    "DisableProfileRequest",
    "DisableProfileResponse",
    "DeleteProfileRequest",
    "DeleteProfileResponse",
    "EuiccMemoryResetRequest",
    "EuiccMemoryResetResponse",
    "GetEuiccDataRequest",
    "GetEuiccDataResponse",
    "SetNicknameRequest",
    "SetNicknameResponse",
    "LpaeActivationRequest",
    "LpaeActivationResponse",
    "ServerSigned1",
    "SmdpSigned2",
    "RemoteProfileProvisioningRequest",
    "RemoteProfileProvisioningResponse",
    "InitiateAuthenticationRequest",
    "InitiateAuthenticationResponse",
    "AuthenticateClientRequest",
    "AuthenticateClientResponseEs9",
    "GetBoundProfilePackageRequest",
    "GetBoundProfilePackageResponse",
    "HandleNotification",
    "CancelSessionRequestEs9",
    "CancelSessionResponseEs9",
    "AuthenticateClientResponseEs11",
    "ProfileElement",
];

/// Messages by type, each once.
#[derive(Default)]
struct Messages(BTreeSet<String>);

impl Messages {
    /// A message whose type is told by its tag; pieces of packages are passed over.
    fn add(&mut self, octets: &[u8]) {
        let Ok(nodes) = esim_rsp::explain(octets) else { return };
        let [node] = &nodes[..] else { return };
        // Of X.509 and of ASN.1 itself, and what is told of a piece: no types of the module.
        let is_other = node.type_name.contains(' ') || node.type_name == "Certificate";
        if !node.type_name.is_empty() && !is_other {
            self.add_as(&node.type_name, octets, Some(node));
        }
    }

    /// A response of the same shape as its request, which its tag alone does not tell apart.
    fn add_response(&mut self, octets: &[u8]) {
        let nodes = esim_rsp::explain(octets).unwrap_or_default();
        match nodes.first().and_then(|node| node.type_name.strip_suffix("Request")) {
            Some(function) => self.add_as(&format!("{function}Response"), octets, None),
            None => self.add(octets),
        }
    }

    fn add_as(&mut self, name: &str, octets: &[u8], node: Option<&Node>) {
        let fields = node.map(|node| {
            let mut fields = Vec::new();
            leaves(octets, node, &node.name, &mut fields);
            fields
        });
        let message = json!({ "type": name, "hex": hex::encode(octets), "fields": fields, "tree": node });
        self.0.insert(message.to_string());
    }

    /// A profile element with every name that is shown of it.
    fn add_element(&mut self, octets: &[u8]) {
        let nodes = esim_saip::explain::explain_profile(octets).unwrap();
        let tree = json!({ "name": "", "type": "ProfileElement", "text": "", "children": nodes });
        let hex = hex::encode(octets);
        let message = json!({ "type": "ProfileElement", "hex": hex, "fields": null, "tree": tree });
        self.0.insert(message.to_string());
    }

    fn types(&self) -> BTreeSet<String> {
        let parse = |line: &String| {
            serde_json::from_str::<Value>(line).unwrap()["type"].as_str().unwrap().to_string()
        };
        self.0.iter().map(parse).collect()
    }
}

/// Name and content of every leaf. A field of a CHOICE or a list has its parent's name if it has none, or one with
/// blanks, which is no field's.
fn leaves(octets: &[u8], node: &Node, name: &str, out: &mut Vec<(String, String)>) {
    let is_certificate = name.ends_with("Certificate");
    if node.children.is_empty() && !is_constructed(octets, node) || is_certificate {
        out.push((name.to_string(), hex::encode(&octets[node.value.clone()])));
        return;
    }
    for child in &node.children {
        let is_field = !child.name.is_empty() && !child.name.contains(' ');
        let name = if is_field { &child.name } else { name };
        leaves(octets, child, name, out);
    }
}

fn is_constructed(octets: &[u8], node: &Node) -> bool {
    octets[node.whole.start] & 0x20 != 0
}

/// The whole story: what goes over ES9+ and between LPA and card.
fn story(messages: &mut Messages) {
    let mut world = in_memory(7).unwrap();
    block_on(play_in(&mut world, &Scenario::story().expect("a scenario"), &mut |_| ())).unwrap();
    for record in world.trace().records() {
        if record.interface.starts_with("ES10") {
            messages.add(&record.bytes);
        }
        for part in esim_world::explain_record(record).parts {
            if record.interface.starts_with("ES9") {
                messages.add(&hex::decode(part.hex).unwrap());
            }
        }
    }
}

/// Says something to the card and keeps both messages; what it answers.
fn say(messages: &mut Messages, forge: &mut Forge, command: Vec<u8>) -> Vec<u8> {
    messages.add(&command);
    let response = forge.es10(&command).unwrap();
    messages.add_response(&response);
    response
}

fn tid() -> TransactionId {
    TransactionId::new(&[7; 16])
}

/// Every function once, and its refusals.
fn conversation(messages: &mut Messages) {
    let mut forge = Forge::new();
    for question in [0x20, 0x22, 0x2E, 0x3C, 0x43, 0x2D, 0x28, 0x2B] {
        say(messages, &mut forge, vec![0xBF, question, 0x00]);
    }
    for address in ["smdp.example", ""] {
        let request = SetDefaultDpAddressRequest { default_dp_address: address.to_string() };
        say(messages, &mut forge, encode(&request));
    }
    say(messages, &mut forge, vec![0xBF, 0x3E, 0x03, 0x5C, 0x01, 0x5A]);
    say(messages, &mut forge, encode(&LpaeActivationRequest { lpae_option: bit_string(&[0]) }));
    sessions(messages, &mut forge);
    lists(messages, &mut forge);
    management(messages, &mut forge);
    let update = UpdateMetadataRequest { profile_name: Some("new".to_string()), ..Default::default() };
    messages.add(&encode(&update));
    let icon = StoreMetadataRequest {
        icon_type: Some(1),
        icon: Some(OctetString::from_static(&[1; 20])),
        ..metadata(ICCID)
    };
    messages.add(&encode(&icon));
}

/// A session that is refused and one that is cancelled; an offer that is refused, one with a confirmation code; a package
/// as the server sends it, installed and refused.
fn sessions(messages: &mut Messages, forge: &mut Forge) {
    let hello = forge.hello();
    say(messages, forge, hello.command());
    say(messages, forge, hello.command());
    let cancel =
        || encode(&CancelSessionRequest { transaction_id: tid(), reason: CancelSessionReason::postponed });
    say(messages, forge, cancel());
    say(messages, forge, cancel());
    let mut offer = forge.offer();
    offer.hash_cc = Some([3; 32]);
    say(messages, forge, offer.command());
    offer.signed.cc_required_flag = true;
    let prepared = say(messages, forge, offer.command());
    let parcel = forge.parcel_after(&prepared);
    let pieces = parcel.pieces();
    messages.add(&forge.load(&pieces).unwrap());
    messages.add(&forge.install(&metadata(ICCID), &subscriber(ICCID)));
    messages.add(&parcel.package());
}

/// A revocation list, and one that is none.
fn lists(messages: &mut Messages, forge: &mut Forge) {
    let revoked =
        CrlDraft { number: 5, revoked: &[vec![1]], part: Some((1, 2)), base: None, next_update: None };
    let crl = LoadCrlRequest { crl: forge.pki.issue_crl(&revoked) }.to_octets().unwrap();
    let unknown = LoadCrlRequest { crl: forge.pki.ci.certificate.clone() }.to_octets().unwrap();
    messages.add(&forge.es10(&crl).unwrap());
    messages.add(&forge.es10(&unknown).unwrap());
    messages.add_as("LoadCRLRequest", &crl, None);
}

/// Profiles and notifications: asked for, changed, removed.
fn management(messages: &mut Messages, forge: &mut Forge) {
    let profile = || ProfileIdentifier::Iccid(ICCID.parse().unwrap());
    let tags = OctetString::from_static(&[0x5A, 0x9F, 0x70, 0xB6, 0xB8]);
    let search_criteria = Some(SearchCriteria::Iccid(ICCID.parse().unwrap()));
    say(messages, forge, encode(&ProfileInfoListRequest { search_criteria, tag_list: Some(tags) }));
    let cut = Some(OctetString::from_static(&[0x9F]));
    say(messages, forge, encode(&ProfileInfoListRequest { search_criteria: None, tag_list: cut }));
    for nickname in ["仕事", ""] {
        let request =
            SetNicknameRequest { iccid: ICCID.parse().unwrap(), profile_nickname: nickname.to_string() };
        say(messages, forge, encode(&request));
    }
    for refresh_flag in [false, true] {
        let request = EnableProfileRequest { profile_identifier: profile(), refresh_flag };
        say(messages, forge, encode(&request));
    }
    let request = DisableProfileRequest { profile_identifier: profile(), refresh_flag: false };
    say(messages, forge, encode(&request));
    say(messages, forge, vec![0xBF, 0x2D, 0x00]);
    say(messages, forge, vec![0xBF, 0x28, 0x00]);
    let search_criteria = Some(NotificationSearch::SeqNumber(1));
    say(messages, forge, encode(&RetrieveNotificationsListRequest { search_criteria }));
    for _ in 0..2 {
        say(messages, forge, encode(&DeleteProfileRequest(profile())));
        say(messages, forge, encode(&NotificationSentRequest { seq_number: 0 }));
    }
    say(messages, forge, encode(&EuiccMemoryResetRequest { reset_options: bit_string(&[0, 1, 2]) }));
}

/// ES9+ and ES11 in ASN.1 (SGP.22 6.6.2), which nobody here sends: made of what went the other way.
fn binding(messages: &mut Messages) {
    let mut forge = Forge::new();
    authentication(messages, &mut forge);
    download(messages, &mut forge);
    let cancel = CancelSessionRequestEs9 {
        transaction_id: tid(),
        cancel_session_response: CancelSessionResponse::CancelSessionResponseError(5),
    };
    let events = AuthenticateClientResponseEs11::AuthenticateClientOk(AuthenticateClientOkEs11 {
        transaction_id: tid(),
        event_entries: vec![EventEntries { event_id: "A".into(), rsp_server_address: "smdp.example".into() }],
    });
    let cancelled = encode(&CancelSessionResponseEs9::CancelSessionOk(CancelSessionOk {}));
    messages.add(&encode(&cancel));
    messages.add(&[&[0xA2, 0x05][..], &cancelled].concat());
    messages.add(&cancelled);
    messages.add(&encode(&events));
    // Refusals, each with the name of its code.
    for refusal in [[0x39, 0x01], [0x3A, 0x02], [0x3B, 0x06], [0x40, 0x06]] {
        messages.add(&[0xBF, refusal[0], 0x03, 0x81, 0x01, refusal[1]]);
    }
}

/// initiateAuthentication, and the request of authenticateClient.
fn authentication(messages: &mut Messages, forge: &mut Forge) {
    let hello = forge.hello().command();
    let server: AuthenticateServerRequest = decode(&hello).unwrap();
    let euicc: AuthenticateServerResponse = decode(&forge.es10(&hello).unwrap()).unwrap();
    let asked = InitiateAuthenticationRequest {
        euicc_challenge: [1; 16].into(),
        smdp_address: "smdp.example".into(),
        euicc_info1: decode(&forge.es10(&[0xBF, 0x20, 0x00]).unwrap()).unwrap(),
    };
    let initiated = InitiateAuthenticationResponse::InitiateAuthenticationOk(InitiateAuthenticationOkEs9 {
        transaction_id: tid(),
        server_signed1: server.server_signed1.value().clone(),
        server_signature1: server.server_signature1,
        euicc_ci_pk_id_to_be_used: server.euicc_ci_pk_id_to_be_used,
        server_certificate: server.server_certificate,
    });
    let authenticate = AuthenticateClientRequest {
        transaction_id: tid(),
        authenticate_server_response: euicc,
        use_matching_id_for_acr: Some(()),
    };
    messages.add(&encode(&asked));
    messages.add(&encode(&initiated));
    messages.add(&encode(&authenticate));
}

/// From the answer of authenticateClient on to the notification.
fn download(messages: &mut Messages, forge: &mut Forge) {
    let offer = forge.offer().command();
    let smdp: PrepareDownloadRequest = decode(&offer).unwrap();
    let prepared = forge.es10(&offer).unwrap();
    let parcel = forge.parcel_after(&prepared);
    let bound_profile_package: BoundProfilePackage = decode(&parcel.package()).unwrap();
    let result: ProfileInstallationResult = decode(&forge.load(&parcel.pieces()).unwrap()).unwrap();
    let authenticated = AuthenticateClientResponseEs9::AuthenticateClientOk(AuthenticateClientOk {
        transaction_id: tid(),
        profile_meta_data: metadata(ICCID),
        smdp_signed2: smdp.smdp_signed2.value().clone(),
        smdp_signature2: smdp.smdp_signature2,
        smdp_certificate: smdp.smdp_certificate,
    });
    let get = GetBoundProfilePackageRequest {
        transaction_id: tid(),
        prepare_download_response: decode(&prepared).unwrap(),
    };
    let got = GetBoundProfilePackageResponse::GetBoundProfilePackageOk(GetBoundProfilePackageOk {
        transaction_id: tid(),
        bound_profile_package,
    });
    let notification =
        HandleNotification { pending_notification: PendingNotification::ProfileInstallationResult(result) };
    messages.add(&encode(&authenticated));
    messages.add(&encode(&get));
    messages.add(&encode(&got));
    messages.add(&encode(&notification));
    messages.add(&encode(&RemoteProfileProvisioningRequest::HandleNotification(notification)));
}

/// Profile elements: of a profile made here, and of the public test profiles where they are.
fn elements(messages: &mut Messages) {
    let mut packages = vec![builder::build(&subscriber(ICCID)).unwrap().to_der()];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/ts48");
    for file in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if file.path().extension().is_some_and(|it| it == "der") {
            packages.push(std::fs::read(file.path()).unwrap());
        }
    }
    for package in packages {
        for element in &Package::parse(&package).unwrap().elements {
            messages.add_as("ProfileElement", element.raw(), None);
            messages.add_element(element.raw());
        }
    }
}

#[test]
fn an_independent_decoder_agrees() {
    let mut messages = Messages::default();
    story(&mut messages);
    conversation(&mut messages);
    binding(&mut messages);
    elements(&mut messages);
    let types = messages.types();
    for expected in EXPECTED {
        assert!(types.contains(*expected), "no {expected} among {types:?}");
    }
    let Some(python) = python() else { return };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("asn1/compare.py");
    let mut command = Command::new(&python);
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    let codes: Map<String, Value> = esim_rsp::status::coded_fields()
        .map(|(field, names)| {
            let names = names.into_iter().filter(|(_, name)| !EARLIER.contains(&(field, *name)));
            (field.to_string(), names.map(|(number, name)| (name.to_string(), json!(number))).collect())
        })
        .collect();
    let codes = json!({ "codes": codes }).to_string();
    let lines: Vec<&str> = messages.0.iter().map(String::as_str).chain([codes.as_str()]).collect();
    let mut input = child.stdin.take().unwrap();
    let text = lines.join("\n");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}");
    println!("{told}");
}

/// The Python that has the decoder, unless there is none and nobody insists.
fn python() -> Option<PathBuf> {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools/asn1/bin/python");
    let python = std::env::var_os(PYTHON).map_or(made, PathBuf::from);
    if python.exists() {
        return Some(python);
    }
    assert!(std::env::var_os("ESIM_LAB_REQUIRE_PEERS").is_none(), "{} is not there", python.display());
    println!("skipped: no Python with asn1play and pycrate at {} ({PYTHON})", python.display());
    None
}
