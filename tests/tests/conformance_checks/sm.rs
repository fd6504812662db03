//! The SM: certificates of eUICCs, what may be gone meanwhile, notifications, and what is verified of any request.

use super::Bend;
use esim_crypto::pki::TestPki;
use esim_crypto::{Curve, PrivateKey};
use esim_rsp::common::{NotificationEvent, NotificationEvents};
use esim_rsp::es9p::{AuthenticateClientRequest, GetBoundProfilePackageRequest, HandleNotificationRequest};
use esim_rsp::es10b::{AuthenticateResponseOk, AuthenticateServerResponse};
use esim_rsp::json::Base64;
use esim_rsp::notification::{NotificationMetadata, OtherSignedNotification, ProfileInstallationResult};
use esim_rsp::{CertificateDer, Eid, Iccid, Signature, Signed, TransactionId, decode, encode};
use esim_sm_edge::smdp::Config;
use esim_sm_edge::smdp::config::trust_ci;
use esim_sm_edge::{Admittance, Host, HttpRequest, MemoryHost, Rate, block_on};
use esim_tests::bench::{self, ADDRESS, Bench};
use esim_tests::bend::{self, Der, bent, flip_last, oid};
use esim_tests::conformance::{Row, case};
use esim_tests::recorder;
use serde::Serialize;
use serde_json::{Value, json};

pub fn rows() -> Vec<Row> {
    let eum = |code, name, bend: Bend| {
        case("AuthenticateClient", code, name, move || {
            let (bench, request) =
                client(|ok, pki| ok.eum_certificate = anew(&ok.eum_certificate, &pki.ci.key, bend));
            said(&bench, "authenticateClient", &request)
        })
    };
    let euicc = |code, name, bend: Bend| {
        case("AuthenticateClient", code, name, move || {
            let (bench, request) =
                client(|ok, pki| ok.euicc_certificate = anew(&ok.euicc_certificate, &pki.eum.key, bend));
            said(&bench, "authenticateClient", &request)
        })
    };
    vec![
        eum("ok", "manufacturer_signed_anew", |_| {}),
        eum("8.1.2/6.1", "manufacturer_on_a_curve_of_no_version", |tbs| other_curve(tbs)),
        eum("8.1.2/6.1", "manufacturer_may_not_certify", |tbs| bend::spoil_usage(tbs)),
        eum("8.1.2/6.1", "manufacturer_with_an_unknown_critical_extension", |tbs| bend::add_critical(tbs)),
        eum("8.1.2/6.1", "manufacturer_not_valid_yet", |tbs| bend::too_early(tbs)),
        euicc("ok", "euicc_signed_anew", |_| {}),
        euicc("8.1.3/6.1", "euicc_on_a_curve_of_no_version", |tbs| other_curve(tbs)),
        euicc("8.1.3/6.1", "euicc_of_no_role", |tbs| bend::spoil_role(tbs)),
        euicc("8.1.3/6.1", "euicc_of_another_manufacturer", |tbs| {
            flip_last(bend::extension(tbs, &oid::AUTHORITY));
        }),
        euicc("8.1.3/6.1", "euiccs_key_is_not_for_signatures", |tbs| bend::spoil_usage(tbs)),
        euicc("8.1.3/6.1", "euicc_with_an_unknown_critical_extension", |tbs| bend::add_critical(tbs)),
        euicc("8.1.3/6.1", "euicc_not_valid_yet", |tbs| bend::too_early(tbs)),
        euicc("8.1.3/6.1", "euicc_on_another_curve_than_its_manufacturer", |tbs| brainpool(tbs)),
        euicc("8.1.3/6.1", "euicc_of_another_organization", |tbs| {
            flip_last(tbs[bend::SUBJECT].after(&oid::ORGANIZATION).unwrap());
        }),
        euicc("8.1.3/6.1", "euicc_without_an_eid", |tbs| {
            let digits = tbs[bend::SUBJECT].after(&oid::SERIAL_NUMBER).unwrap();
            let last = digits.last_mut().unwrap();
            *last = if *last == b'0' { b'1' } else { b'0' };
        }),
    ]
    .into_iter()
    .chain(of_later_functions())
    .chain(of_any_function())
    .collect()
}

fn of_later_functions() -> Vec<Row> {
    vec![
        case("AuthenticateClient", "8.8.4/3.7", "certificate_under_this_ci_is_gone", || {
            let (mut bench, request) = client(|_, _| {});
            lose_certificates(&mut bench);
            said(&bench, "authenticateClient", &request)
        }),
        case("GetBoundProfilePackage", "ok", "sound_request", || fetched(|_, _| {})),
        case("GetBoundProfilePackage", "8.2/3.7", "profile_was_withdrawn", || fetched(withdraw)),
        case("GetBoundProfilePackage", "8.8.4/3.7", "certificate_of_the_offer_is_gone", || {
            fetched(|bench, _| lose_certificates(bench))
        }),
        case("HandleNotification", "HTTP 204", "sound_notification", || notified(|_, _| {})),
        case("HandleNotification", "HTTP 204", "bent_signature", || {
            notified(|notification, _| {
                notification.euicc_notification_signature = Signature::from([7; 64]);
            })
        }),
        case("HandleNotification", "HTTP 204", "of_no_event", || {
            notified(|notification, key| {
                let mut tbs = notification.tbs_other_notification.value().clone();
                tbs.profile_management_operation = NotificationEvents::of(&[]);
                notification.tbs_other_notification = Signed::new(tbs);
                let signature = key.sign(&[notification.tbs_other_notification.raw()]);
                notification.euicc_notification_signature = Signature::from(signature);
            })
        }),
        case("HandleNotification, result", "HTTP 204", "sound_result", || {
            let mut bench = bench();
            let (_, matching_id) = bench.order(json!({}));
            let result = bench.download(&matching_id);
            hand_over(&bench, result)
        }),
        case(
            "HandleNotification, result",
            "HTTP 204",
            "result_of_a_profile_never_handed_out",
            never_handed_out,
        ),
    ]
}

fn of_any_function() -> Vec<Row> {
    vec![
        case("any function", "HTTP 405 1.6/2.1", "by_a_method_that_nobody_knows", || {
            http(Admittance::OPEN, 1, "PUT")
        }),
        case("any function", "HTTP 403 1.1/1.2", "lpa_without_a_certificate", || {
            let issuer = trust_ci(&TestPki::well_known(Curve::P256).ci.certificate).unwrap();
            http(Admittance { lpa_issuers: vec![issuer], ..Admittance::OPEN }, 1, "POST")
        }),
        case("any function", "HTTP 429 1.2/3.7", "too_many_requests_from_one_address", || {
            http(Admittance { per_source: Some(ONCE), ..Admittance::OPEN }, 2, "POST")
        }),
        case("any function", "HTTP 429 1.2/3.7", "too_many_tries_of_one_order", too_many_tries),
    ]
}

const ONCE: Rate = Rate { burst: 1, per_minute: 1 };

/// A function that may be called so often, called until it may not.
fn http(admittance: Admittance, times: usize, method: &str) -> String {
    let sm = bench().sm.with_admittance(admittance);
    let mut request = HttpRequest::post("/gsma/rsp2/es9plus/handleNotification", "{}");
    request.method = method.into();
    request.caller.source = Some("192.0.2.1".into());
    (0..times).map(|_| answer(&sm, request.clone())).last().unwrap()
}

fn answer(sm: &MemoryHost, request: HttpRequest) -> String {
    recorder::begin();
    let response = block_on(esim_sm_edge::handle(request, sm));
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let code = &body["header"]["functionExecutionStatus"]["statusCodeData"];
    let text = |field: &str| code[field].as_str().unwrap_or_default().to_string();
    format!("HTTP {} {}/{}", response.status, text("subjectCode"), text("reasonCode"))
}

fn too_many_tries() -> String {
    let (mut bench, request) = client(|_, _| {});
    bench.sm = bench.sm.with_admittance(Admittance { per_order: Some(ONCE), ..Admittance::OPEN });
    let request =
        HttpRequest::post("/gsma/rsp2/es9plus/authenticateClient", esim_rsp::json::to_vec(&request));
    answer(&bench.sm, request.clone());
    answer(&bench.sm, request)
}

/// Card and SM; of the two the SM alone is heard.
fn bench() -> Bench {
    let mut bench = Bench::new(Curve::P256);
    bench.sm.set_watch(recorder::watch());
    bench
}

/// The SM goes on with the same records and certificates under another CI.
fn lose_certificates(bench: &mut Bench) {
    let other = Config::of_test_pki(ADDRESS, &TestPki::well_known(Curve::P256)).unwrap();
    let mut config = Host::config(&bench.sm).clone();
    config.identities = other.identities;
    let store = Host::store(&bench.sm).clone();
    bench.sm = MemoryHost::new(config, [2; 32], bench::NOW).with_store(store).with_watch(recorder::watch());
}

/// The operator takes the profile back for good.
fn withdraw(bench: &mut Bench, iccid: Iccid) {
    let header = json!({ "functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "test" });
    let request = json!({
        "header": header, "iccid": iccid, "finalProfileStatusIndicator": "Unavailable",
    });
    let request =
        HttpRequest::post("/gsma/rsp2/es2plus/cancelOrder", request.to_string()).with_token("memory");
    assert_eq!(answer(&bench.sm, request), "HTTP 200 /");
}

/// A package is fetched after something else was done.
fn fetched(before: impl FnOnce(&mut Bench, Iccid)) -> String {
    let mut bench = bench();
    let (iccid, matching_id) = bench.order(json!({}));
    let initiated = bench.initiate().unwrap();
    let command = Bench::authenticate_server_command(&initiated, &matching_id);
    let response = bench.es10(&command).unwrap();
    let offer = bench.authenticate_client(&initiated.transaction_id, response).unwrap();
    let response = bench.es10(&Bench::prepare_download_command(&offer, None)).unwrap();
    before(&mut bench, iccid);
    let request = GetBoundProfilePackageRequest {
        transaction_id: initiated.transaction_id,
        prepare_download_response: Base64(response),
    };
    said(&bench, "getBoundProfilePackage", &request)
}

/// A profile is installed, and the eUICC tells that it was enabled.
fn notified(bend: impl FnOnce(&mut OtherSignedNotification, &PrivateKey)) -> String {
    let mut bench = bench();
    let (iccid, matching_id) = bench.order(json!({}));
    bench.download(&matching_id);
    let eid: Eid = bench::EID.parse().unwrap();
    let euicc = bench.pki.issue_euicc(eid.octets(), &mut bench::rng(3));
    let tbs = Signed::new(NotificationMetadata {
        seq_number: 9,
        profile_management_operation: NotificationEvents::of(&[NotificationEvent::Enable]),
        notification_address: ADDRESS.into(),
        iccid: Some(iccid),
    });
    let mut notification = OtherSignedNotification {
        euicc_notification_signature: Signature::from(euicc.key.sign(&[tbs.raw()])),
        tbs_other_notification: tbs,
        euicc_certificate: CertificateDer::new(euicc.certificate).unwrap(),
        eum_certificate: CertificateDer::new(bench.pki.eum.certificate.clone()).unwrap(),
    };
    bend(&mut notification, &euicc.key);
    hand_over(&bench, encode(&notification))
}

/// The result of one download, as if it were of another profile.
fn never_handed_out() -> String {
    let mut bench = bench();
    let (_, matching_id) = bench.order(json!({}));
    let (other, _) = bench.order(json!({}));
    let result = bench.download(&matching_id);
    let mut result: ProfileInstallationResult = decode(&result).unwrap();
    let mut data = result.profile_installation_result_data.value().clone();
    data.transaction_id = TransactionId::new(&[1; 16]);
    data.notification_metadata.iccid = Some(other);
    result.profile_installation_result_data = Signed::new(data);
    hand_over(&bench, encode(&result))
}

fn hand_over(bench: &Bench, notification: Vec<u8>) -> String {
    let request = HandleNotificationRequest { pending_notification: Base64(notification) };
    recorder::begin();
    bench.es9("handleNotification", &request).map_or_else(|code| code, |_| "HTTP 204".into())
}

fn anew(certificate: &CertificateDer, key: &PrivateKey, bend: Bend) -> CertificateDer {
    CertificateDer::new(bent(certificate.as_bytes(), key, bend)).unwrap()
}

/// A curve that is neither P-256 nor brainpoolP256r1.
fn other_curve(tbs: &mut [Der]) {
    flip_last(tbs[bend::KEY].inside()[0].inside()[1].content());
}

fn brainpool(tbs: &mut [Der]) {
    let key = PrivateKey::generate(Curve::BrainpoolP256r1, &mut esim_tests::bench::rng(9)).public_key();
    let info = tbs[bend::KEY].inside();
    *info[0].inside()[1].content() = hex::decode("2b2403030208010107").unwrap();
    *info[1].content() = [&[0][..], &key.to_sec1()].concat();
}

/// The eUICC's answer with something done to it.
fn client(bend: impl FnOnce(&mut AuthenticateResponseOk, &TestPki)) -> (Bench, AuthenticateClientRequest) {
    let mut bench = bench();
    let (_, matching_id) = bench.order(json!({}));
    let initiated = bench.initiate().unwrap();
    let command = Bench::authenticate_server_command(&initiated, &matching_id);
    let mut response = decode(&bench.es10(&command).unwrap()).unwrap();
    let AuthenticateServerResponse::AuthenticateResponseOk(ok) = &mut response else { panic!("a refusal") };
    bend(ok, &bench.pki);
    let request = AuthenticateClientRequest {
        transaction_id: initiated.transaction_id,
        authenticate_server_response: Base64(encode(&response)),
    };
    (bench, request)
}

/// What the SM says.
fn said<T: Serialize>(bench: &Bench, function: &str, request: &T) -> String {
    recorder::begin();
    bench.es9(function, request).map_or_else(|code| code, |_| "ok".into())
}
