//! The LPA through a download that two other programs recorded: what the server said is what they heard, and what the
//! card said stands in their requests.

use crate::peers;

use esim_lpa::resume::Resumable;
use esim_lpa::{Download, DownloadParams, Effect, Ending, Event, HttpCall, Machine, Outcome};
use esim_rsp::es9p::*;
use esim_rsp::es10b::{AuthenticateServerResponse, CtxParams1, GetEuiccChallengeResponse};
use esim_rsp::es10c::GetEuiccDataResponse;
use esim_rsp::json::Base64;
use esim_rsp::notification::{
    ListNotificationResponse, NotificationSentResponse, PendingNotification, ProfileInstallationResult,
    RetrieveNotificationsListResponse,
};
use esim_rsp::{Signed, decode, encode, tlv};
use peers::{EID, pir, success};
use serde_json::{Value, json};
use std::path::Path;

/// `{path, request, response}` of each call.
fn recording() -> Option<Vec<Value>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data/recordings/es9p_pysim_osmo-smdpp.jsonl");
    let Ok(lines) = std::fs::read_to_string(file) else {
        println!("skipped: ../shared/data not found");
        return None;
    };
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// What was said by the other programs' card, and what it was told.
struct Card {
    initiate: InitiateAuthenticationRequest,
    initiated: InitiateAuthenticationOk,
    authenticate: AuthenticateClientRequest,
    authenticated: AuthenticateClientOk,
    get: GetBoundProfilePackageRequest,
    got: GetBoundProfilePackageOk,
    loaded: Vec<u8>,
}

impl Card {
    fn new(calls: &[Value]) -> Self {
        Self {
            initiate: read(&calls[0]["request"]),
            initiated: read(&calls[0]["response"]),
            authenticate: read(&calls[1]["request"]),
            authenticated: read(&calls[1]["response"]),
            get: read(&calls[2]["request"]),
            got: read(&calls[2]["response"]),
            loaded: Vec::new(),
        }
    }

    /// `euiccInfo2` within what the card signed.
    fn info2(&self) -> Vec<u8> {
        let octets = &self.authenticate.authenticate_server_response.0;
        let inside = |parent: tlv::Tlv, tag| tlv::find(octets, &parent, tag).unwrap().unwrap();
        let ok = inside(tlv::read_only(octets).unwrap(), 0xA0);
        octets[inside(inside(ok, 0x30), 0xBF22).whole].to_vec()
    }

    fn matching_id(&self) -> String {
        let AuthenticateServerResponse::AuthenticateResponseOk(ok) =
            decode(&self.authenticate.authenticate_server_response.0).unwrap()
        else {
            panic!("the card refused")
        };
        let CtxParams1::CtxParamsForCommonAuthentication(params) = ok.euicc_signed1.ctx_params1.value();
        params.matching_id.clone().unwrap_or_default()
    }

    /// Of the installation.
    fn pir(&self) -> ProfileInstallationResult {
        pir(1, &self.initiate.smdp_address, success())
    }

    fn answer(&mut self, function: &str, payload: &[u8]) -> Event {
        Event::Card(match function {
            "GetEUICCInfo1" => self.initiate.euicc_info1.0.clone(),
            "GetEUICCInfo2" => self.info2(),
            "GetEUICCChallenge" => {
                let challenge: [u8; 16] = self.initiate.euicc_challenge.0[..].try_into().unwrap();
                encode(&GetEuiccChallengeResponse { euicc_challenge: challenge.into() })
            }
            "AuthenticateServer" => {
                let server = &self.initiated;
                let told = [
                    &server.server_signed1.0[..],
                    &server.server_signature1.0,
                    &server.euicc_ci_pk_id_to_be_used.0,
                    &server.server_certificate.0,
                ];
                let value = tlv::read_only(payload).unwrap().value;
                assert!(payload[value].starts_with(&told.concat()), "the server's octets, as they came");
                self.authenticate.authenticate_server_response.0.clone()
            }
            "GetEID" => encode(&GetEuiccDataResponse { eid_value: EID.into() }),
            "RemoveNotificationFromList" => {
                encode(&NotificationSentResponse { delete_notification_status: 0 })
            }
            "CancelSession" => return Event::CardStatus(0x6985),
            "GetRAT" | "GetProfilesInfo" => return Event::CardStatus(0x6A88),
            "PrepareDownload" => {
                let offer = &self.authenticated;
                let told = [&offer.smdp_signed2.0[..], &offer.smdp_signature2.0, &offer.smdp_certificate.0];
                assert_eq!(payload, tlv::wrap(0xBF21, &told));
                self.get.prepare_download_response.0.clone()
            }
            "LoadBoundProfilePackage" => {
                self.loaded.extend_from_slice(payload);
                match self.loaded.len() == self.got.bound_profile_package.0.len() {
                    // The recording ends before it.
                    true => encode(&self.pir()),
                    false => Vec::new(),
                }
            }
            // What it has to report is the result, which the recording ends before.
            "ListNotification" => {
                let data = self.pir().profile_installation_result_data;
                let listed = vec![data.value().notification_metadata.clone()];
                encode(&ListNotificationResponse::NotificationMetadataList(listed))
            }
            "RetrieveNotificationsList" => {
                let result = PendingNotification::ProfileInstallationResult(self.pir());
                encode(&RetrieveNotificationsListResponse::NotificationList(vec![Signed::new(result)]))
            }
            other => panic!("the card was asked for {other}"),
        })
    }
}

/// The recorded answer to a call that says what was recorded: the same members with the same octets.
fn serve(calls: &[Value], call: &HttpCall) -> Event {
    let recorded = calls.iter().find(|recorded| recorded["path"] == call.path).unwrap();
    let asked: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(asked, recorded["request"], "{}", call.function);
    let status = u16::try_from(recorded["status"].as_u64().unwrap()).unwrap();
    Event::Http { status, body: recorded["response"].to_string().into_bytes() }
}

/// Plays it to its end; the names of all that card and server were asked.
fn play<M: Machine<Done = Outcome>>(
    calls: &[Value],
    card: &mut Card,
    mut machine: M,
) -> (Outcome, Vec<String>) {
    let (mut event, mut asked) = (Event::Start, Vec::new());
    for _ in 0..2_000 {
        event = match machine.step(event) {
            Effect::Card(es10) => {
                asked.push(es10.function.to_string());
                card.answer(&es10.function, &es10.payload)
            }
            Effect::Http(call) if call.function == "handleNotification" => {
                asked.push(call.function.to_string());
                // The recording ends before it. The card's result goes out as the card has given it.
                let sent: Value = serde_json::from_slice(&call.body).unwrap();
                assert_eq!(sent, json!({ "pendingNotification": Base64(encode(&card.pir())) }));
                assert_eq!(call.address, card.initiate.smdp_address);
                Event::Http { status: 204, body: Vec::new() }
            }
            Effect::Http(call) => {
                asked.push(call.function.to_string());
                serve(calls, &call)
            }
            other @ (Effect::Ask(_) | Effect::Wait(_)) => panic!("{other:?}"),
            Effect::Done(done) => return (done, asked),
        };
    }
    panic!("no end after 2,000 steps");
}

fn params(card: &Card, notify: bool) -> DownloadParams {
    let mut params = DownloadParams::at(&card.initiate.smdp_address).with_consent();
    params.matching_id = card.matching_id();
    params.notify = notify;
    params
}

fn hold(card: &Card, outcome: &Outcome, asked: &[String]) {
    assert!(matches!(outcome.ending, Ending::Installed(_)), "{outcome:?}");
    assert_eq!(card.loaded, card.got.bound_profile_package.0, "the whole package, in pieces");
    let server =
        ["initiateAuthentication", "authenticateClient", "getBoundProfilePackage", "handleNotification"];
    let called: Vec<_> = asked.iter().filter(|name| server.contains(&name.as_str())).collect();
    assert_eq!(called, server);
}

#[test]
fn a_download_between_other_programs_plays_to_its_end() {
    let Some(calls) = recording() else { return };
    let mut card = Card::new(&calls);
    let machine = Download::new(params(&card, true));
    let (outcome, asked) = play(&calls, &mut card, machine);
    hold(&card, &outcome, &asked);
    assert_eq!(asked.last().map(String::as_str), Some("RemoveNotificationFromList"));
}

#[test]
fn and_so_does_one_that_is_taken_up_again() {
    let Some(calls) = recording() else { return };
    let mut card = Card::new(&calls);
    let machine = Resumable::new(params(&card, true));
    let (outcome, asked) = play(&calls, &mut card, machine);
    hold(&card, &outcome, &asked);
    assert_eq!(asked[0], "GetEID");
}

/// Neither member nor octet of its own: an answer of the server that lacks one member of those that were recorded ends it.
#[test]
fn each_member_that_was_recorded_is_needed() {
    let Some(calls) = recording() else { return };
    let mut left_out = 0;
    for (at, call) in calls.iter().enumerate() {
        for name in call["response"].as_object().unwrap().keys() {
            let mut calls = calls.clone();
            calls[at]["response"].as_object_mut().unwrap().remove(name);
            // The card is that of the whole recording.
            let mut card = Card::new(&recording().unwrap());
            let machine = Download::new(params(&card, false));
            let (outcome, _) = play(&calls, &mut card, machine);
            assert!(!matches!(outcome.ending, Ending::Installed(_)), "without {name}: {outcome:?}");
            left_out += 1;
        }
    }
    assert_eq!(left_out, 15);
}
