//! ES9+ (SGP.22 5.6).

use super::*;
use esim_crypto::pki::{Certificate, CrlDraft, PkiParameters};
use esim_rsp::es10b::{EuiccInfo1, EuiccSigned1};
use esim_smdp::Revocations;

const INITIATE: (&str, &str) = ("es9p", "InitiateAuthentication");
const AUTHENTICATE: (&str, &str) = ("es9p", "AuthenticateClient");
const FETCH: (&str, &str) = ("es9p", "GetBoundProfilePackage");
const NOTIFY: (&str, &str) = ("es9p", "HandleNotification");
const CANCEL: (&str, &str) = ("es9p", "CancelSession");

const SUCCESS: &str = "Executed-Success";

pub(super) const BLANKS: &[BlankLine] = &[(
    "es9p",
    "AuthenticateClient",
    "8.8.4/3.7",
    "needs a server whose certificates change within a session",
)];

/// The clock is turned on.
const CLOCK: &str = "its clock is turned on";
const PKI: &str = "certificates of another PKI";

pub(super) fn cases() -> Vec<Case> {
    [initiate(), session(), signed(), chain(), order(), suits(), fetch(), notify(), cancel()]
        .into_iter()
        .flatten()
        .collect()
}

/// initiateAuthentication at this address, with something done to EUICCInfo1.
pub(super) fn initiates(lab: &Lab, address: &str, change: impl FnOnce(&mut EuiccInfo1)) -> String {
    let mut request = lab.euicc.initiate(address);
    let mut info = lab.euicc.info1();
    change(&mut info);
    request.euicc_info1 = Base64(esim_rsp::encode(&info));
    told(&lab.es9("initiateAuthentication", &request))
}

pub(super) fn stranger() -> Vec<OctetString> {
    vec![OctetString::from_slice(&[1; 20])]
}

fn initiate() -> Vec<Case> {
    let case = |code, name, run| Case::new(INITIATE, code, name, Setup::Any, run);
    vec![
        case(SUCCESS, "its_own_address", |lab| initiates(lab, &lab.address, |_| {})),
        case(SUCCESS, "its_own_address_in_capitals", |lab| {
            initiates(lab, &lab.address.to_uppercase(), |_| {})
        }),
        case(SUCCESS, "euicc_of_version_2_2", |lab| {
            initiates(lab, &lab.address, |info| info.svn = Version::new(2, 2, 0))
        }),
        case("8.8.1/3.8", "address_of_another_server", |lab| initiates(lab, "other.example", |_| {})),
        case("8.8.2/3.1", "euicc_signs_under_unknown_cis", |lab| {
            initiates(lab, &lab.address, |info| info.euicc_ci_pk_id_list_for_signing = stranger())
        }),
        case("8.8.3/3.1", "euicc_of_version_3", |lab| {
            initiates(lab, &lab.address, |info| info.svn = Version::new(3, 0, 0))
        }),
        case("8.8.4/3.7", "euicc_verifies_under_unknown_cis", |lab| {
            initiates(lab, &lab.address, |info| info.euicc_ci_pk_id_list_for_verification = stranger())
        }),
        case("1.6/2.1", "euicc_info_of_other_octets", |lab| {
            let mut request = lab.euicc.initiate(&lab.address);
            request.euicc_info1 = Base64(vec![0x30, 0]);
            told(&lab.es9("initiateAuthentication", &request))
        }),
        case("HTTP 400 1.6/2.1", "no_json", |lab| {
            http(&lab.send(HttpRequest::post("/gsma/rsp2/es9plus/initiateAuthentication", "{")))
        }),
        case("HTTP 405 1.6/2.1", "not_by_post", |lab| {
            http(&lab.send(HttpRequest::get("/gsma/rsp2/es9plus/initiateAuthentication")))
        }),
        case("HTTP 404 1.2/1.1", "unknown_function", |lab| {
            http(&lab.send(HttpRequest::post("/gsma/rsp2/es9plus/other", "{}")))
        }),
    ]
}

/// authenticateClient of another eUICC, or with something done to what is signed.
pub(super) fn authenticates(
    lab: &Lab,
    offer: &InitiateAuthenticationOk,
    euicc: &Euicc,
    matching_id: &str,
    spoil: impl FnOnce(&mut EuiccSigned1),
) -> Value {
    lab.es9("authenticateClient", &euicc.authenticate(offer, matching_id, spoil))
}

fn spoiled(lab: &Lab, spoil: fn(&mut EuiccSigned1)) -> String {
    let (_, matching_id) = lab.order(json!({}));
    told(&authenticates(lab, &lab.initiate(), &lab.euicc, &matching_id, spoil))
}

fn asks(lab: &Lab, matching_id: &str) -> String {
    told(&lab.authenticate(&lab.initiate(), matching_id))
}

fn session() -> Vec<Case> {
    let case = |code, name, run| Case::new(AUTHENTICATE, code, name, Setup::Any, run);
    vec![
        case(SUCCESS, "by_matching_id", |lab| asks(lab, &lab.order(json!({})).1)),
        case(SUCCESS, "by_eid_alone", |lab| {
            let (iccid, _) = lab.order(json!({"eid": lab.euicc.eid, "matchingId": ""}));
            let seen = asks(lab, "");
            // Nothing shall wait for this eUICC in the cases that follow.
            let cancel =
                json!({"iccid": iccid, "eid": lab.euicc.eid, "finalProfileStatusIndicator": "Unavailable"});
            assert_success(&lab.es2("cancelOrder", cancel));
            seen
        }),
        case("8.10.1/3.9", "unknown_transaction", |lab| {
            let mut offer = lab.initiate();
            offer.transaction_id = TransactionId::new(&[9; 16]);
            told(&lab.authenticate(&offer, "ANY"))
        }),
        case("8.10.1/3.9", "twice_in_one_session", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let offer = lab.initiate();
            assert_success(&lab.authenticate(&offer, &matching_id));
            told(&lab.authenticate(&offer, &matching_id))
        }),
        case("8.10.1/3.9", "another_transaction_is_signed", |lab| {
            spoiled(lab, |signed| signed.transaction_id = TransactionId::new(&[1]))
        }),
        Case::new(AUTHENTICATE, "8.10.1/3.9", "session_has_expired", Setup::Memory(CLOCK, |_| {}), |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let offer = lab.initiate();
            lab.host.set_now(NOW + 3600);
            told(&lab.authenticate(&offer, &matching_id))
        }),
    ]
}

fn signed() -> Vec<Case> {
    let case = |code, name, run| Case::new(AUTHENTICATE, code, name, Setup::Any, run);
    vec![
        case("8.1/6.1", "another_challenge_is_signed", |lab| {
            spoiled(lab, |signed| signed.server_challenge = [0; 16].into())
        }),
        case("8.1/6.1", "another_address_is_signed", |lab| {
            spoiled(lab, |signed| signed.server_address = "other.example".into())
        }),
        case("8.1/6.1", "signed_by_another_key", |lab| {
            let mut euicc = lab.euicc.clone();
            euicc.issued.key = lab.euicc.otsk.clone();
            told(&authenticates(lab, &lab.initiate(), &euicc, "ANY", |_| {}))
        }),
        case("8.1/6.1", "euicc_does_not_accept_the_server", |lab| {
            let offer = lab.initiate();
            let error = AuthenticateServerResponse::AuthenticateResponseError(AuthenticateResponseError {
                transaction_id: offer.transaction_id.clone(),
                authenticate_error_code: AuthenticateErrorCode::ciPKUnknown,
            });
            let request = AuthenticateClientRequest {
                transaction_id: offer.transaction_id,
                authenticate_server_response: Base64(esim_rsp::encode(&error)),
            };
            told(&lab.es9("authenticateClient", &request))
        }),
        case("1.6/2.1", "response_of_other_octets", |lab| {
            let request = AuthenticateClientRequest {
                transaction_id: lab.initiate().transaction_id,
                authenticate_server_response: Base64(vec![0x30, 0]),
            };
            told(&lab.es9("authenticateClient", &request))
        }),
    ]
}

/// authenticateClient with certificates that have been bent.
pub(super) fn with_chain(lab: &Lab, address: &str, bend: fn(&mut Euicc)) -> String {
    let mut euicc = lab.euicc.clone();
    bend(&mut euicc);
    let offer =
        serde_json::from_value(lab.es9("initiateAuthentication", &lab.euicc.initiate(address))).unwrap();
    told(&authenticates(lab, &offer, &euicc, "ANY", |_| {}))
}

/// A CI that nobody trusts, or the CI of [`PKI`] cases.
pub(super) fn other_pki(not_after: Option<u64>) -> TestPki {
    let parameters = PkiParameters::default();
    let parameters = PkiParameters { not_after: not_after.unwrap_or(parameters.not_after), ..parameters };
    TestPki::generate(&parameters, &mut ChaCha20Rng::seed_from_u64(77))
}

fn of_other_pki(config: &mut Config) {
    *config = Config::of_test_pki(ADDRESS, &other_pki(None)).unwrap();
}

/// With eUICC and manufacturer of [`other_pki`], each valid until then.
fn expiring(lab: &Lab, eum: Option<u64>, euicc: Option<u64>) -> String {
    let body = "890490321234512345123456789012";
    let mut card = Euicc::new(&other_pki(euicc), body);
    card.eum = other_pki(eum).eum.certificate;
    let offer = lab.es9("initiateAuthentication", &card.initiate(ADDRESS));
    told(&authenticates(lab, &serde_json::from_value(offer).unwrap(), &card, "ANY", |_| {}))
}

fn revoke(config: &mut Config, eum: bool) {
    let pki = TestPki::well_known(Curve::P256);
    let card = Euicc::new(&pki, "890490321234512345123456789012");
    let serial = |der: &[u8]| [Certificate::parse(der).unwrap().serial().to_vec()];
    let (number, serials) = (1, if eum { serial(&card.eum) } else { serial(&card.issued.certificate) });
    let draft = CrlDraft { number, revoked: &serials, ..CrlDraft::default() };
    let list = if eum { pki.issue_crl(&draft) } else { pki.issue_eum_crl(&draft) };
    config.revocations = Revocations::new(&[list], &config.trusted).unwrap();
}

fn chain() -> Vec<Case> {
    let case = |code, name, run| Case::new(AUTHENTICATE, code, name, Setup::Any, run);
    let memory =
        |why, change, code, name, run| Case::new(AUTHENTICATE, code, name, Setup::Memory(why, change), run);
    const LIST: &str = "a revocation list";
    vec![
        case("8.11.1/3.9", "certificates_of_an_unknown_ci", |lab| {
            with_chain(lab, &lab.address, |euicc| {
                *euicc = Euicc::new(&other_pki(None), "890490321234512345123456789012")
            })
        }),
        case("8.1.2/6.1", "manufacturer_with_a_bent_signature", |lab| {
            with_chain(lab, &lab.address, |euicc| *euicc.eum.last_mut().unwrap() ^= 1)
        }),
        case("8.1.2/6.1", "certificates_exchanged", |lab| {
            with_chain(lab, &lab.address, |euicc| {
                core::mem::swap(&mut euicc.issued.certificate, &mut euicc.eum)
            })
        }),
        memory(
            LIST,
            |config| revoke(config, true),
            "8.1.2/6.1",
            "manufacturer_revoked",
            |lab| with_chain(lab, ADDRESS, |_| {}),
        ),
        memory(PKI, of_other_pki, "8.1.2/6.3", "manufacturer_expired", |lab| {
            expiring(lab, Some(NOW - 1), None)
        }),
        case("8.1.3/6.1", "euicc_with_a_bent_signature", |lab| {
            with_chain(lab, &lab.address, |euicc| *euicc.issued.certificate.last_mut().unwrap() ^= 1)
        }),
        case("8.1.3/6.1", "eid_outside_the_manufacturers_range", |lab| {
            let pki = &lab.pki;
            let euicc = Euicc::new(pki, "890331231234512345123456789012");
            told(&authenticates(lab, &lab.initiate(), &euicc, "ANY", |_| {}))
        }),
        memory(
            LIST,
            |config| revoke(config, false),
            "8.1.3/6.1",
            "euicc_revoked",
            |lab| with_chain(lab, ADDRESS, |_| {}),
        ),
        memory(PKI, of_other_pki, "8.1.3/6.3", "euicc_expired", |lab| expiring(lab, None, Some(NOW - 1))),
    ]
}

fn another_euicc(lab: &Lab) -> Euicc {
    Euicc::new(&lab.pki, "890490321234512345123456789099")
}

fn order() -> Vec<Case> {
    let case = |code, name, run| Case::new(AUTHENTICATE, code, name, Setup::Any, run);
    let memory =
        |why, change, code, name, run| Case::new(AUTHENTICATE, code, name, Setup::Memory(why, change), run);
    vec![
        case("8.2.6/3.8", "unknown_matching_id", |lab| asks(lab, "NO-SUCH-ORDER")),
        case("8.2.6/3.8", "nothing_waits_for_this_eid", |lab| asks(lab, "")),
        case("8.2.6/3.8", "profile_is_installed", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let (id, _) = lab.download(&matching_id);
            lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
            asks(lab, &matching_id)
        }),
        case("8.1.1/3.8", "order_of_another_eid", |lab| {
            asks(lab, &lab.order(json!({"eid": another_euicc(lab).eid})).1)
        }),
        case("8.1.1/3.8", "package_is_bound_to_another_eid", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            lab.download(&matching_id);
            told(&authenticates(lab, &lab.initiate(), &another_euicc(lab), &matching_id, |_| {}))
        }),
        case("8.2/1.2", "not_released_yet", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            let confirmed = lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": false}));
            asks(lab, confirmed["matchingId"].as_str().unwrap())
        }),
        case("8.8.5/6.4", "too_many_downloads_begun", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            for _ in 0..10 {
                lab.offered(&matching_id);
            }
            asks(lab, &matching_id)
        }),
        memory(
            CLOCK,
            |config| config.limits.order_seconds = Some(100),
            "8.8.5/4.10",
            "order_has_expired",
            |lab| {
                let (_, matching_id) = lab.order(json!({}));
                lab.host.set_now(NOW + 100);
                asks(lab, &matching_id)
            },
        ),
    ]
}

/// authenticateClient for a profile with this metadata and device, by an eUICC that says something else of itself.
fn suited(lab: &Lab, provision: Value, spoil: fn(&mut EuiccSigned1)) -> String {
    let mut request = json!({"subscriber": subscriber()});
    request.as_object_mut().unwrap().extend(provision.as_object().unwrap().clone());
    let iccid = lab.operator("/esim-lab/provision", request)["iccid"].clone();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
    let confirmed = lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": true}));
    let matching_id = confirmed["matchingId"].as_str().unwrap();
    told(&authenticates(lab, &lab.initiate(), &lab.euicc, matching_id, spoil))
}

fn suits() -> Vec<Case> {
    let case = |code, name, run| Case::new(AUTHENTICATE, code, name, Setup::Any, run);
    vec![
        case("8.2.5/4.3", "profile_of_a_later_version", |lab| {
            suited(lab, json!({}), |signed| signed.euicc_info2.profile_version = Version::new(1, 0, 0))
        }),
        case("8.2.5/4.3", "euicc_without_milenage", |lab| {
            suited(lab, json!({}), |signed| signed.euicc_info2.uicc_capability = bit_string(&[1, 2]))
        }),
        case("8.2.5/4.3", "euicc_without_test_profiles", |lab| {
            let metadata = json!({"metadata": {"profileClass": "test"}});
            suited(lab, metadata, |signed| signed.euicc_info2.rsp_capability = bit_string(&[0]))
        }),
        case("8.2.5/4.3", "euicc_forbids_the_policy_rules", |lab| {
            suited(lab, json!({"metadata": {"profilePolicyRules": ["ppr1"]}}), |signed| {
                let rules = esim_rsp::common::PprIds::of(&[1]);
                signed.euicc_info2.forbidden_profile_policy_rules = Some(rules);
            })
        }),
        case("8.2.5/4.3", "device_without_lte", |lab| {
            suited(lab, json!({"device": {"eutranEpc": 9}}), |_| {})
        }),
        case("8.1/4.8", "euicc_without_memory", |lab| {
            suited(lab, json!({}), |signed| {
                signed.euicc_info2.ext_card_resource = OctetString::from_slice(&[0x82, 1, 100]);
            })
        }),
    ]
}

fn fetches(lab: &Lab, spoil: fn(&mut EuiccSigned2)) -> String {
    let offer = lab.offered(&lab.order(json!({})).1);
    told(&lab.es9("getBoundProfilePackage", &lab.euicc.prepare(&offer, None, spoil)))
}

fn fetch() -> Vec<Case> {
    let case = |code, name, run| Case::new(FETCH, code, name, Setup::Any, run);
    let memory = |why, change, code, name, run| Case::new(FETCH, code, name, Setup::Memory(why, change), run);
    vec![
        case("Executed-Success, Downloaded", "package_opens", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let answer = lab.fetch(&lab.offered(&matching_id), None);
            let ok: GetBoundProfilePackageOk = serde_json::from_value(answer.clone()).unwrap();
            let (_, profile) = lab.euicc.open(&ok.bound_profile_package.0, &lab.pki.dp_pb.key.public_key());
            assert_eq!(esim_smdp::profile::inspect(&profile).unwrap().iccid.to_string(), iccid);
            told_and(lab, &answer, &iccid)
        }),
        case(SUCCESS, "with_a_confirmation_code", |lab| {
            let (_, matching_id) = lab.order(json!({"confirmationCode": CODE}));
            told(&lab.fetch(&lab.offered(&matching_id), Some(CODE)))
        }),
        case(SUCCESS, "same_request_same_package", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            let (first, second) = (lab.fetch(&offer, None), lab.fetch(&offer, None));
            assert_eq!(first, second);
            told(&second)
        }),
        case(SUCCESS, "same_one_time_key_same_binding", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let open = |package: &[u8]| lab.euicc.open(package, &lab.pki.dp_pb.key.public_key());
            let (_, first) = lab.download(&matching_id);
            let answer = lab.fetch(&lab.offered(&matching_id), None);
            let second: GetBoundProfilePackageOk = serde_json::from_value(answer.clone()).unwrap();
            let second = second.bound_profile_package.0;
            assert_eq!(open(&first), open(&second));
            assert_eq!(first[first.len() - 1000..], second[second.len() - 1000..]);
            told(&answer)
        }),
        case(SUCCESS, "new_one_time_key_new_binding", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let (_, first) = lab.download(&matching_id);
            let mut euicc = lab.euicc.clone();
            euicc.renew(5);
            let answer =
                lab.es9("getBoundProfilePackage", &euicc.prepare(&lab.offered(&matching_id), None, |_| {}));
            let second: GetBoundProfilePackageOk = serde_json::from_value(answer.clone()).unwrap();
            let second = second.bound_profile_package.0;
            assert_ne!(first[first.len() - 100..], second[second.len() - 100..]);
            told(&answer)
        }),
        case("8.10.1/3.9", "unknown_transaction", |lab| {
            let mut offer = lab.offered(&lab.order(json!({})).1);
            offer.transaction_id = TransactionId::new(&[3; 16]);
            told(&lab.fetch(&offer, None))
        }),
        case("8.10.1/3.9", "before_authenticate_client", |lab| {
            let mut offer = lab.offered(&lab.order(json!({})).1);
            offer.transaction_id = lab.initiate().transaction_id;
            told(&lab.fetch(&offer, None))
        }),
        case("8.10.1/3.9", "another_transaction_is_signed", |lab| {
            fetches(lab, |signed| signed.transaction_id = TransactionId::new(&[1]))
        }),
        case("8.10.1/3.9", "another_request_after_the_package", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            assert_success(&lab.fetch(&offer, None));
            let mut euicc = lab.euicc.clone();
            euicc.renew(99);
            told(&lab.es9("getBoundProfilePackage", &euicc.prepare(&offer, None, |_| {})))
        }),
        case("8.1/6.1", "another_offer_is_signed", |lab| {
            let mut offer = lab.offered(&lab.order(json!({})).1);
            offer.smdp_signature2.0[10] ^= 1;
            told(&lab.fetch(&offer, None))
        }),
        case("8.1/6.1", "one_time_key_off_the_curve", |lab| {
            fetches(lab, |signed| signed.euicc_otpk.0 = OctetString::from_slice(&[4; 65]))
        }),
        case("8.1/6.1", "euicc_does_not_accept_the_offer", |lab| {
            let offer = lab.offered(&lab.order(json!({})).1);
            let error = PrepareDownloadResponse::DownloadResponseError(PrepareDownloadResponseError {
                transaction_id: offer.transaction_id.clone(),
                download_error_code: DownloadErrorCode::invalidSignature,
            });
            let mut request = lab.euicc.prepare(&offer, None, |_| {});
            request.prepare_download_response = Base64(esim_rsp::encode(&error));
            told(&lab.es9("getBoundProfilePackage", &request))
        }),
        case("8.2.7/2.2", "confirmation_code_is_missing", |lab| {
            told(&lab.fetch(&lab.offered(&lab.order(json!({"confirmationCode": CODE})).1), None))
        }),
        case("8.2.7/3.8", "confirmation_code_is_wrong", |lab| {
            told(&lab.fetch(&lab.offered(&lab.order(json!({"confirmationCode": CODE})).1), Some("0")))
        }),
        case("8.2.7/6.4, Error", "confirmation_code_is_wrong_too_often", |lab| {
            let (iccid, matching_id) = lab.order(json!({"confirmationCode": CODE}));
            let mut tries = (0..3).map(|_| lab.fetch(&lab.offered(&matching_id), Some("0")));
            told_and(lab, &tries.nth(2).unwrap(), &iccid)
        }),
        case("8.2/3.7", "another_euicc_was_faster", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let other = another_euicc(lab);
            let slow = authenticates(lab, &lab.initiate(), &other, &matching_id, |_| {});
            let slow = serde_json::from_value(slow).unwrap();
            lab.download(&matching_id);
            told(&lab.es9("getBoundProfilePackage", &other.prepare(&slow, None, |_| {})))
        }),
        case("8.2/3.7", "order_was_taken_back", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let offer = lab.offered(&matching_id);
            let cancel = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
            assert_success(&lab.es2("cancelOrder", cancel));
            told(&lab.fetch(&offer, None))
        }),
        memory(
            "packages are bound once",
            |config| config.rebinding = false,
            "8.2/3.7",
            "bound_to_a_lost_key",
            |lab| {
                let (_, matching_id) = lab.order(json!({}));
                lab.download(&matching_id);
                let mut euicc = lab.euicc.clone();
                euicc.renew(5);
                told(
                    &lab.es9(
                        "getBoundProfilePackage",
                        &euicc.prepare(&lab.offered(&matching_id), None, |_| {}),
                    ),
                )
            },
        ),
        memory(
            CLOCK,
            |config| config.limits.order_seconds = Some(100),
            "8.8.5/4.10",
            "order_has_expired",
            |lab| {
                let offer = lab.offered(&lab.order(json!({})).1);
                lab.host.set_now(NOW + 100);
                told(&lab.fetch(&offer, None))
            },
        ),
    ]
}

/// What a notification is answered with, and where the order stands then.
fn notified(lab: &Lab, notification: impl FnOnce(&TransactionId, &str) -> Vec<u8>) -> String {
    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    let response = lab.notify(notification(&id, &iccid));
    assert!(response.body.is_empty());
    let shown = lab.show(&iccid);
    let card = shown["onCard"]["state"].as_str().map(|state| format!(", {state}")).unwrap_or_default();
    format!("HTTP {}, {}{card}", response.status, shown["state"].as_str().unwrap())
}

fn notify() -> Vec<Case> {
    use NotificationEvent::{Delete, Disable, Enable};
    let case = |code, name, run| Case::new(NOTIFY, code, name, Setup::Any, run);
    vec![
        case("HTTP 204, Installed, Disabled", "installed", |lab| {
            notified(lab, |id, iccid| lab.euicc.result(id, iccid, 1, success()))
        }),
        case("HTTP 204, Installed, Disabled", "installed_as_before_version_2_2", |lab| {
            notified(lab, |id, iccid| lab.euicc.result_of(id, iccid, 1, success(), None))
        }),
        case("HTTP 204, Error", "not_installed_for_good", |lab| {
            let reason = ErrorReason::installFailedDueToPEProcessingError;
            notified(lab, |id, iccid| lab.euicc.result(id, iccid, 1, failure(reason)))
        }),
        case("HTTP 204, Released", "not_installed_for_now", |lab| {
            let reason = ErrorReason::installFailedDueToInterruption;
            notified(lab, |id, iccid| lab.euicc.result(id, iccid, 1, failure(reason)))
        }),
        case("HTTP 204, Installed, Enabled", "enabled", |lab| {
            notified(lab, |id, iccid| {
                lab.notify(lab.euicc.result(id, iccid, 1, success()));
                lab.euicc.event(2, Enable, iccid)
            })
        }),
        case("HTTP 204, Installed, Disabled", "disabled_and_an_older_one_after_it", |lab| {
            notified(lab, |id, iccid| {
                lab.notify(lab.euicc.result(id, iccid, 1, success()));
                lab.notify(lab.euicc.event(3, Disable, iccid));
                lab.euicc.event(2, Enable, iccid)
            })
        }),
        case("HTTP 204, Installed, Deleted", "deleted", |lab| {
            notified(lab, |id, iccid| {
                lab.notify(lab.euicc.result(id, iccid, 1, success()));
                lab.euicc.event(2, Delete, iccid)
            })
        }),
        case("HTTP 204, Downloaded", "result_of_another_euicc", |lab| {
            notified(lab, |id, iccid| another_euicc(lab).result(id, iccid, 1, success()))
        }),
        case("HTTP 204, Downloaded", "result_for_another_server", |lab| {
            notified(lab, |id, iccid| lab.euicc.result_of(id, iccid, 1, success(), Some(&[2, 999, 11])))
        }),
        case("HTTP 204, Downloaded", "event_of_another_euicc", |lab| {
            notified(lab, |_, iccid| another_euicc(lab).event(1, Enable, iccid))
        }),
        case("HTTP 204, Downloaded", "other_octets", |lab| notified(lab, |_, _| vec![0x30, 0])),
    ]
}

/// A session cancelled for this reason, and where the order stands then.
fn cancels(lab: &Lab, reason: CancelSessionReason) -> String {
    let (iccid, matching_id) = lab.order(json!({}));
    let id = lab.offered(&matching_id).transaction_id;
    told_and(lab, &lab.es9("cancelSession", &lab.euicc.cancel(&id, reason, OID)), &iccid)
}

/// A request that is none of the eUICC's; the order stays.
fn cancels_not(lab: &Lab, request: impl FnOnce(&TransactionId) -> CancelSessionEs9Request) -> String {
    let (iccid, matching_id) = lab.order(json!({}));
    let id = lab.offered(&matching_id).transaction_id;
    let answer = lab.es9("cancelSession", &request(&id));
    assert_eq!(lab.state(&iccid), "Released");
    told(&answer)
}

fn cancel() -> Vec<Case> {
    use CancelSessionReason as Reason;
    let case = |code, name, run| Case::new(CANCEL, code, name, Setup::Any, run);
    vec![
        case("Executed-Success, Error", "user_says_no", |lab| cancels(lab, Reason::endUserRejection)),
        case("Executed-Success, Released", "user_says_later", |lab| cancels(lab, Reason::postponed)),
        case("Executed-Success, Released", "user_says_nothing", |lab| cancels(lab, Reason::timeout)),
        case("Executed-Success, Error", "policy_rules_are_not_allowed", |lab| {
            cancels(lab, Reason::pprNotAllowed)
        }),
        case("Executed-Success, Error", "metadata_differs", |lab| cancels(lab, Reason::metadataMismatch)),
        case("Executed-Success, Error", "package_cannot_be_loaded", |lab| {
            cancels(lab, Reason::loadBppExecutionError)
        }),
        case("Executed-Success, Error", "no_reason_given", |lab| cancels(lab, Reason::undefinedReason)),
        case("8.1/6.1", "signed_by_another_euicc", |lab| {
            cancels_not(lab, |id| another_euicc(lab).cancel(id, Reason::endUserRejection, OID))
        }),
        case("8.1/6.1", "euicc_has_not_cancelled", |lab| {
            cancels_not(lab, |id| {
                let mut request = lab.euicc.cancel(id, Reason::endUserRejection, OID);
                let response = CancelSessionResponse::CancelSessionResponseError(127);
                request.cancel_session_response = Base64(esim_rsp::encode(&response));
                request
            })
        }),
        case("8.8/3.10", "for_another_server", |lab| {
            cancels_not(lab, |id| lab.euicc.cancel(id, Reason::endUserRejection, &[2, 999, 11]))
        }),
        case("8.10.1/3.9", "another_transaction_is_signed", |lab| {
            cancels_not(lab, |id| {
                let mut request = lab.euicc.cancel(&TransactionId::new(&[1]), Reason::endUserRejection, OID);
                request.transaction_id = id.clone();
                request
            })
        }),
        case("8.10.1/3.9", "unknown_transaction", |lab| {
            cancels_not(lab, |_| lab.euicc.cancel(&TransactionId::new(&[1]), Reason::endUserRejection, OID))
        }),
        case("8.10.1/3.9", "before_authenticate_client", |lab| {
            let id = lab.initiate().transaction_id;
            cancels_not(lab, |_| lab.euicc.cancel(&id, Reason::endUserRejection, OID))
        }),
    ]
}
