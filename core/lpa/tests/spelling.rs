//! A server whose JSON has the names of SGP.22 6.5.2 and no others, written here letter for letter: a download from it passes, and
//! what it is sent has these names alone.

use crate::peers;

use esim_lpa::{Download, Effect, Ending, Event, HttpCall, Machine};
use esim_rsp::es9p::{AuthenticateClientOk, GetBoundProfilePackageOk, InitiateAuthenticationOk};
use esim_rsp::json::{self, Base64};
use peers::{ADDRESS, Peers, params};
use serde_json::{Value, json};

/// The members of each request (SGP.22 6.5.2.6 to 6.5.2.9).
const REQUESTS: &[(&str, &[&str])] = &[
    ("initiateAuthentication", &["euiccChallenge", "euiccInfo1", "smdpAddress"]),
    ("authenticateClient", &["authenticateServerResponse", "transactionId"]),
    ("getBoundProfilePackage", &["prepareDownloadResponse", "transactionId"]),
    ("handleNotification", &["pendingNotification"]),
];

fn members(body: &[u8]) -> Vec<String> {
    let mut names: Vec<_> =
        serde_json::from_slice::<Value>(body).unwrap().as_object().unwrap().keys().cloned().collect();
    names.sort();
    names
}

fn text(octets: &Base64) -> Value {
    // Of the standard's alphabet, with padding, as any other library writes it.
    serde_json::to_value(octets).unwrap()
}

/// What [`Peers`] would say, under the standard's names.
fn said(function: &str, body: &[u8]) -> Value {
    let header = json!({ "functionExecutionStatus": { "status": "Executed-Success" } });
    match function {
        "initiateAuthentication" => {
            let ok: InitiateAuthenticationOk = json::parse(body).unwrap();
            json!({
                "header": header,
                "transactionId": "ABABABABABABABABABABABABABABABAB",
                "serverSigned1": text(&ok.server_signed1),
                "serverSignature1": text(&ok.server_signature1),
                "euiccCiPKIdToBeUsed": text(&ok.euicc_ci_pk_id_to_be_used),
                "serverCertificate": text(&ok.server_certificate),
            })
        }
        "authenticateClient" => {
            let ok: AuthenticateClientOk = json::parse(body).unwrap();
            json!({
                "header": header,
                "transactionId": "ABABABABABABABABABABABABABABABAB",
                "profileMetadata": text(&ok.profile_metadata),
                "smdpSigned2": text(&ok.smdp_signed2),
                "smdpSignature2": text(&ok.smdp_signature2),
                "smdpCertificate": text(&ok.smdp_certificate),
            })
        }
        _ => {
            let ok: GetBoundProfilePackageOk = json::parse(body).unwrap();
            json!({
                "header": header,
                "transactionId": "ABABABABABABABABABABABABABABABAB",
                "boundProfilePackage": text(&ok.bound_profile_package),
            })
        }
    }
}

fn answer(peers: &mut Peers, call: &HttpCall) -> Event {
    let (_, names) = REQUESTS.iter().find(|(function, _)| *function == call.function).unwrap();
    assert_eq!(members(&call.body), *names, "{}", call.function);
    match peers.http(call) {
        Event::Http { status: 200, body } => {
            Event::Http { status: 200, body: said(&call.function, &body).to_string().into_bytes() }
        }
        other => other,
    }
}

#[test]
fn a_download_from_a_server_of_the_standards_names_alone_passes() {
    let (mut peers, mut called) =
        (Peers { notifications: vec![(0, ADDRESS.into())], ..Peers::default() }, Vec::new());
    let mut machine = Download::new(params());
    let mut event = Event::Start;
    let outcome = loop {
        event = match machine.step(event) {
            Effect::Card(es10) => peers.card(&es10.function, &es10.payload),
            Effect::Http(call) => {
                called.push(call.function.to_string());
                answer(&mut peers, &call)
            }
            other @ (Effect::Ask(_) | Effect::Wait(_)) => panic!("{other:?}"),
            Effect::Done(outcome) => break outcome,
        };
    };
    assert!(matches!(outcome.ending, Ending::Installed(_)), "{outcome:?}");
    let expected: Vec<_> = REQUESTS.iter().map(|(function, _)| *function).collect();
    assert_eq!(called, expected);
}
