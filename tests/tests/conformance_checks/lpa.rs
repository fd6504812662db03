//! The LPA: what it verifies of a server's answers, which somebody alters on their way.

use esim_crypto::Curve;
use esim_lpa::apdu::CardOptions;
use esim_lpa::driver::download;
use esim_lpa::{Answer, DownloadParams, Ending, HttpCall, HttpReply, Lost, Port, Question, Unanswered};
use esim_rsp::check::{Checks, Watch};
use esim_rsp::codec::{Decode, Encode};
use esim_rsp::common::PprIds;
use esim_rsp::es8p::StoreMetadataRequest;
use esim_rsp::es9p::ServerSigned1;
use esim_rsp::json::Base64;
use esim_rsp::{decode, encode};
use esim_sm_edge::{HttpRequest, block_on};
use esim_tests::bench::{ADDRESS, Bench};
use esim_tests::conformance::{Row, case};
use esim_tests::recorder;
use serde_json::{Value, json};
use std::rc::Rc;

pub fn rows() -> Vec<Row> {
    let row = |code, name, run: fn() -> String| case("LPA", code, name, run);
    vec![
        row("Installed", "sound_server", || lpa(None, |_, _| {})),
        row("Misbehaved: WrongServerAddress", "another_address_is_signed", || {
            lpa(None, |function, answer| {
                if function == "initiateAuthentication" {
                    resign(answer, |signed| signed.server_address = "elsewhere.example".into());
                }
            })
        }),
        row("Misbehaved: TransactionMismatch", "another_transaction_is_signed", || {
            lpa(None, |function, answer| {
                if function == "initiateAuthentication" {
                    answer["transactionId"] = "00".repeat(16).into();
                }
            })
        }),
        row("Misbehaved: WrongOid", "another_oid_than_the_activation_codes", || {
            lpa(Some("2.999.77"), |_, _| {})
        }),
        row("PolicyForbids", "rules_that_the_table_does_not_know", || {
            lpa(None, |function, answer| {
                if function == "authenticateClient" {
                    announce(answer, |metadata| {
                        metadata.profile_policy_rules = Some(PprIds::of(&[1]));
                    });
                }
            })
        }),
        row("Misbehaved: MetadataMismatch", "another_name_was_announced", || {
            lpa(None, |function, answer| {
                if function == "authenticateClient" {
                    announce(answer, |metadata| metadata.profile_name = "another".into());
                }
            })
        }),
    ]
}

fn resign(answer: &mut Value, change: impl FnOnce(&mut ServerSigned1)) {
    reencode(&mut answer["serverSigned1"], change);
}

fn announce(answer: &mut Value, change: impl FnOnce(&mut StoreMetadataRequest)) {
    reencode(&mut answer["profileMetadata"], change);
}

fn reencode<T>(field: &mut Value, change: impl FnOnce(&mut T))
where
    T: Decode + Encode,
{
    let octets: Base64 = serde_json::from_value(field.clone()).unwrap();
    let mut value: T = decode(&octets.0).unwrap();
    change(&mut value);
    *field = serde_json::to_value(Base64(encode(&value))).unwrap();
}

/// A download whose answers somebody alters on their way; how it ends.
fn lpa(smdp_oid: Option<&str>, alter: fn(&str, &mut Value)) -> String {
    let bench = Bench::new(Curve::P256);
    let (_, matching_id) = bench.order(json!({}));
    let params: DownloadParams = serde_json::from_value(json!({
        "smdpAddress": ADDRESS, "matchingId": matching_id, "smdpOid": smdp_oid,
        "autoConsent": true, "notify": false,
    }))
    .unwrap();
    let mut wire = Wire { bench, alter, watch: recorder::watch() };
    recorder::begin();
    let outcome = block_on(download(&mut wire, &CardOptions::default(), params));
    match outcome.ending {
        Ending::Misbehaved(what) => {
            let what = format!("{what:?}");
            format!("Misbehaved: {}", what.split([' ', '{', '(']).next().unwrap())
        }
        ending => {
            let ending = format!("{ending:?}");
            ending.split([' ', '{', '(']).next().unwrap().to_string()
        }
    }
}

/// Card and SM without a network; of the three the LPA alone is heard.
struct Wire {
    bench: Bench,
    alter: fn(&str, &mut Value),
    watch: Rc<dyn Watch>,
}

impl Port for Wire {
    async fn transmit(&mut self, apdu: &[u8]) -> Result<Vec<u8>, Lost> {
        Ok(self.bench.device.transmit(apdu))
    }

    async fn http(&mut self, call: &HttpCall) -> Result<HttpReply, Unanswered> {
        let request = HttpRequest::post(call.path.clone(), call.body.clone());
        let response = esim_sm_edge::handle(request, &self.bench.sm).await;
        let mut body = response.body;
        if let Ok(mut answer) = serde_json::from_slice::<Value>(&body) {
            (self.alter)(call.path.rsplit('/').next().unwrap(), &mut answer);
            body = answer.to_string().into_bytes();
        }
        Ok(HttpReply { status: response.status, body })
    }

    async fn ask(&mut self, _: &Question) -> Answer {
        Answer::Accept
    }

    fn checks(&self) -> Checks<'_> {
        self.watch.checks()
    }
}
