//! The LPA through a download that two other programs recorded: what the server said is what they heard, and what the
//! card said stands in their requests.

use crate::peers;

use esim_lpa::{Download, DownloadParams, Effect, Ending, Event, HttpCall, Machine};
use esim_rsp::es9p::*;
use esim_rsp::es10b::{AuthenticateServerResponse, CtxParams1, GetEuiccChallengeResponse};
use esim_rsp::{decode, encode, tlv};
use peers::{pir, success};
use serde_json::Value;
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
                    true => encode(&pir(1, "testsmdpplus1.example.com", success())),
                    false => Vec::new(),
                }
            }
            other => panic!("the card was asked for {other}"),
        })
    }
}

/// The recorded answer to a call that says what was recorded.
fn serve(calls: &[Value], call: &HttpCall) -> Event {
    let recorded = calls.iter().find(|recorded| recorded["path"] == call.path).unwrap();
    let asked: Value = serde_json::from_slice(&call.body).unwrap();
    assert_eq!(asked, recorded["request"], "{}", call.function);
    let status = u16::try_from(recorded["status"].as_u64().unwrap()).unwrap();
    Event::Http { status, body: recorded["response"].to_string().into_bytes() }
}

#[test]
fn a_download_between_other_programs_plays_to_its_end() {
    let Some(calls) = recording() else { return };
    let mut card = Card::new(&calls);
    let mut params = DownloadParams::at(&card.initiate.smdp_address).with_consent();
    params.matching_id = card.matching_id();
    params.notify = false;
    let mut machine = Download::new(params);
    let (mut event, mut called) = (Event::Start, 0);
    let outcome = loop {
        event = match machine.step(event) {
            Effect::Card(es10) => card.answer(&es10.function, &es10.payload),
            Effect::Http(call) => {
                called += 1;
                serve(&calls, &call)
            }
            other @ (Effect::Ask(_) | Effect::Wait(_)) => panic!("{other:?}"),
            Effect::Done(outcome) => break outcome,
        };
    };
    assert!(matches!(outcome.ending, Ending::Installed(_)), "{outcome:?}");
    assert_eq!(called, calls.len());
    assert_eq!(card.loaded, card.got.bound_profile_package.0, "the whole package, in pieces");
}
