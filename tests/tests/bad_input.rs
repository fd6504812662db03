//! Every octet that a server signs, bent once: the card answers with the
//! standard's own code, the SM with its own, and the card is as it was but for
//! the notification that the standard asks for.

use esim_crypto::Curve;
use esim_rsp::es9p::{AuthenticateClientOk, InitiateAuthenticationOk};
use esim_rsp::notification::{FinalResult, PendingNotification};
use esim_rsp::{bpp, decode, tlv};
use esim_tests::bench::{Bench, EID};
use serde_json::json;

/// What the card tells of its state: profiles, and how many notifications.
fn state(bench: &mut Bench) -> (Vec<u8>, usize) {
    let profiles = bench.es10(&[0xBF, 0x2D, 0x00]).unwrap();
    let list = bench.es10(&[0xBF, 0x28, 0x00]).unwrap();
    let outer = tlv::read_only(&list).unwrap();
    let inner = tlv::find(&list, &outer, 0xA0).unwrap().unwrap();
    (profiles, tlv::read_all(&list, inner.value).unwrap().len())
}

/// `authenticateErrorCode` or `downloadErrorCode` of a response.
fn error_code(response: &[u8]) -> Option<u8> {
    let outer = tlv::read_only(response).unwrap();
    let error = tlv::find(response, &outer, 0xA1).unwrap()?;
    let code = tlv::find(response, &error, 0x02).unwrap()?;
    response[code.value].first().copied()
}

fn flip(octets: &[u8], at: usize) -> Vec<u8> {
    let mut bent = octets.to_vec();
    bent[at] ^= 0x01;
    bent
}

/// Where to bend a value: near its start, in the middle, at its end.
fn places(octets: &[u8]) -> [usize; 3] {
    [octets.len() / 4, octets.len() / 2, octets.len() - 1]
}

fn authenticate(bench: &mut Bench, bend: impl Fn(&mut InitiateAuthenticationOk)) -> Result<Vec<u8>, u16> {
    let mut initiated = bench.initiate().unwrap();
    bend(&mut initiated);
    let command = Bench::authenticate_server_command(&initiated, "X");
    bench.es10(&command)
}

#[test]
fn server_signed_1_and_certificate() {
    let mut bench = Bench::new(Curve::P256);
    let before = state(&mut bench);
    let sound = bench.initiate().unwrap();
    // Within serverSigned1: transactionId, challenge, address, server challenge.
    for at in [4, 12, 25, 40, 60, sound.server_signed1.0.len() - 1] {
        let response = authenticate(&mut bench, |it| it.server_signed1.0 = flip(&it.server_signed1.0, at));
        match response {
            // 2: invalidSignature
            Ok(response) => assert_eq!(error_code(&response), Some(2), "octet {at}"),
            // A tag or length was hit: it does not decode.
            Err(sw) => assert_eq!(sw, 0x6A80, "octet {at}"),
        }
    }
    for at in [3, 35, 66] {
        let response =
            authenticate(&mut bench, |it| it.server_signature1.0 = flip(&it.server_signature1.0, at));
        assert_eq!(error_code(&response.unwrap()), Some(2), "signature octet {at}");
    }
    for at in places(&sound.server_certificate.0) {
        let response =
            authenticate(&mut bench, |it| it.server_certificate.0 = flip(&it.server_certificate.0, at));
        let code = error_code(&response.unwrap());
        // invalidCertificate, or another check that the octet broke first.
        assert!(matches!(code, Some(1 | 2 | 3 | 5 | 7)), "certificate octet {at}: {code:?}");
    }
    // The certificate of the other role, and of a stranger.
    let dp_pb = bench.pki.dp_pb.certificate.clone();
    let response = authenticate(&mut bench, |it| it.server_certificate.0 = dp_pb.clone());
    assert_eq!(error_code(&response.unwrap()), Some(5), "invalidOid");
    let stranger = esim_crypto::pki::TestPki::well_known(Curve::P256);
    let response =
        authenticate(&mut bench, |it| it.server_certificate.0 = stranger.dp_auth.certificate.clone());
    assert_eq!(error_code(&response.unwrap()), Some(7), "ciPKUnknown");
    let response = authenticate(&mut bench, |it| it.euicc_ci_pk_id_to_be_used.0 = vec![0x04, 0x01, 0x00]);
    assert_eq!(error_code(&response.unwrap()), Some(7), "ciPKUnknown");
    assert_eq!(state(&mut bench), before);
}

#[test]
fn a_challenge_works_once() {
    let mut bench = Bench::new(Curve::P256);
    let initiated = bench.initiate().unwrap();
    let command = Bench::authenticate_server_command(&initiated, "");
    assert_eq!(error_code(&bench.es10(&command).unwrap()), None);
    // Replayed: the challenge is used up.
    assert_eq!(error_code(&bench.es10(&command).unwrap()), Some(4), "noSessionContext");
    // Replayed against a newer challenge.
    bench.es10(&[0xBF, 0x2E, 0x00]).unwrap();
    assert_eq!(error_code(&bench.es10(&command).unwrap()), Some(6), "euiccChallengeMismatch");
    // Replayed after a reset.
    bench.device.reset().unwrap();
    esim_tests::bench::select_isdr(&mut bench.device);
    assert_eq!(error_code(&bench.es10(&command).unwrap()), Some(4), "noSessionContext");
}

#[test]
fn matching_id_and_eid() {
    let mut bench = Bench::new(Curve::P256);
    let before = state(&mut bench);
    let other_eid = esim_rsp::Eid::from_body("890490320000000000000000000000").unwrap();
    let (other, token) = bench.order(json!({ "eid": other_eid }));
    let refused = |bench: &mut Bench, matching_id: &str| {
        let initiated = bench.initiate().unwrap();
        let command = Bench::authenticate_server_command(&initiated, matching_id);
        let response = bench.es10(&command).unwrap();
        bench.authenticate_client(&initiated.transaction_id, response).unwrap_err()
    };
    assert_eq!(refused(&mut bench, "NO-SUCH-TOKEN"), "8.2.6/3.8");
    assert_eq!(refused(&mut bench, ""), "8.2.6/3.8");
    assert_eq!(refused(&mut bench, &token), "8.1.1/3.8");
    assert_eq!(bench.order_state(&other)["state"], "Released");
    assert_eq!(state(&mut bench), before);
}

#[test]
fn what_the_card_signed() {
    let mut bench = Bench::new(Curve::P256);
    let (iccid, token) = bench.order(json!({ "eid": EID }));
    let initiated = bench.initiate().unwrap();
    let tid = initiated.transaction_id.clone();
    let command = Bench::authenticate_server_command(&initiated, &token);
    let response = bench.es10(&command).unwrap();
    for at in places(&response) {
        let answer = bench.authenticate_client(&tid, flip(&response, at));
        let code = answer.err();
        let expected = ["8.1/6.1", "8.1.3/6.1", "8.1.2/6.1", "8.11.1/3.9", "1.6/2.1", "8.10.1/3.9"];
        assert!(code.as_deref().is_some_and(|code| expected.contains(&code)), "octet {at}: {code:?}");
    }
    assert_eq!(bench.order_state(&iccid)["state"], "Released");
}

fn authenticated(bench: &mut Bench, token: &str) -> (esim_rsp::TransactionId, AuthenticateClientOk) {
    let initiated = bench.initiate().unwrap();
    let tid = initiated.transaction_id.clone();
    let command = Bench::authenticate_server_command(&initiated, token);
    let response = bench.es10(&command).unwrap();
    let ok = bench.authenticate_client(&tid, response).unwrap();
    (tid, ok)
}

#[test]
fn smdp_signed_2_and_certificate() {
    let mut bench = Bench::new(Curve::P256);
    let (_, token) = bench.order(json!({}));
    let before = state(&mut bench);
    let (_, sound) = authenticated(&mut bench, &token);
    let prepare = |bench: &mut Bench, bend: &dyn Fn(&mut AuthenticateClientOk)| {
        let mut bent = sound.clone();
        bend(&mut bent);
        let command = Bench::prepare_download_command(&bent, None);
        bench.es10(&command)
    };
    let tid_octet = flip(&sound.smdp_signed2.0, 6);
    let response = prepare(&mut bench, &|it| it.smdp_signed2.0 = tid_octet.clone()).unwrap();
    assert_eq!(error_code(&response), Some(2), "invalidSignature");
    // ccRequiredFlag TRUE in place of FALSE.
    let mut flag = sound.smdp_signed2.0.clone();
    *flag.last_mut().unwrap() = 0xFF;
    let response = prepare(&mut bench, &|it| it.smdp_signed2.0 = flag.clone()).unwrap();
    assert_eq!(error_code(&response), Some(2), "invalidSignature");
    let response = prepare(&mut bench, &|it| it.smdp_signature2.0 = flip(&it.smdp_signature2.0, 30)).unwrap();
    assert_eq!(error_code(&response), Some(2), "invalidSignature");
    for at in places(&sound.smdp_certificate.0) {
        let response =
            prepare(&mut bench, &|it| it.smdp_certificate.0 = flip(&it.smdp_certificate.0, at)).unwrap();
        assert!(matches!(error_code(&response), Some(1..=3)), "octet {at}");
    }
    let dp_auth = bench.pki.dp_auth.certificate.clone();
    let response = prepare(&mut bench, &|it| it.smdp_certificate.0 = dp_auth.clone()).unwrap();
    assert_eq!(error_code(&response), Some(1), "invalidCertificate");
    // Nothing of this has ended the session: the sound command still works.
    assert_eq!(error_code(&prepare(&mut bench, &|_| ()).unwrap()), None);
    assert_eq!(state(&mut bench), before);
}

#[test]
fn every_segment_of_the_package() {
    let mut bench = Bench::new(Curve::P256);
    let pieces = {
        let mut probe = Bench::new(Curve::P256);
        let (_, token) = probe.order(json!({}));
        package(&mut probe, &token).1.len()
    };
    assert!(pieces > 6, "{pieces} pieces");
    let mut notifications = 0;
    for target in 0..pieces {
        let (iccid, token) = bench.order(json!({}));
        let (_, mut cut) = package(&mut bench, &token);
        let last = cut[target].len() - 1;
        // The headers of A1 and A3 come alone: bend the length instead of the MAC.
        let header_alone = last < 4;
        cut[target][last] ^= 0x01;
        let mut outcome = Ok(Vec::new());
        for piece in &cut {
            outcome = bench.es10(piece);
            if !matches!(&outcome, Ok(response) if response.is_empty()) {
                break;
            }
        }
        let result = outcome.unwrap_or_else(|sw| panic!("piece {target}: {sw:04X}"));
        let PendingNotification::ProfileInstallationResult(pir) = decode(&result).unwrap() else {
            panic!("a result");
        };
        let FinalResult::ErrorResult(error) = &pir.profile_installation_result_data.final_result else {
            panic!("piece {target} was taken");
        };
        let expected: &[u8] = match (target, header_alone) {
            // smdpSign does not verify.
            (0, _) => &[2],
            (_, true) => &[7],
            (_, false) => &[8],
        };
        assert!(expected.contains(&error.error_reason.0), "piece {target}: {}", error.error_reason);
        notifications += 1;
        let (profiles, stored) = state(&mut bench);
        assert_eq!(profiles, [0xBF, 0x2D, 0x02, 0xA0, 0x00], "nothing is installed");
        assert_eq!(stored, notifications);
        bench.notify(&result);
        let order = bench.order_state(&iccid);
        assert_ne!(order["state"], "Installed", "piece {target}: {order}");
        // What comes after the result finds no session.
        assert_eq!(bench.es10(cut.last().unwrap()), Err(0x6985));
    }
}

/// A sound package for the card, cut into its pieces.
fn package(bench: &mut Bench, token: &str) -> (esim_rsp::TransactionId, Vec<Vec<u8>>) {
    let (tid, ok) = authenticated(bench, token);
    let command = Bench::prepare_download_command(&ok, None);
    let response = bench.es10(&command).unwrap();
    let package = bench.bound_profile_package(&tid, response).unwrap();
    (tid, bpp::segments(&package).unwrap().into_iter().map(<[u8]>::to_vec).collect())
}

#[test]
fn nonsense_on_every_channel() {
    let mut bench = Bench::new(Curve::P256);
    let before = state(&mut bench);
    for (apdu, sw) in [
        ("", "6700"),
        ("01", "6700"),
        ("81E2910000", "6700"),
        ("81E2920003BF2E00", "6A86"),
        ("81E2910103BF2E00", "6A86"),
        ("81E2910003BFFF00", "6A80"),
        ("81E2910002BF00", "6A80"),
        ("81E2910003BF7F00", "6A88"),
        ("81E2910004BF2E0000", "6A80"),
        ("81CA005A00", "6D00"),
        ("01E2910003BF2E00", "6E00"),
        ("83E2910003BF2E00", "6881"),
        ("81C0000010", "6985"),
        ("81E2910006860400000000", "6985"),
    ] {
        let response = bench.device.transmit(&hex::decode(apdu).unwrap());
        assert_eq!(hex::encode_upper(response), sw, "{apdu}");
    }
    assert_eq!(state(&mut bench), before);
}
