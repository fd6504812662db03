//! ES9+ (SGP.22 5.6).

use super::*;
use esim_crypto::pki::{Certificate, CrlDraft, PkiParameters};
use esim_rsp::es10b::{EuiccInfo1, EuiccSigned1};
use esim_smdp::Revocations;

const INITIATE: (&str, &str) = ("es9p", "InitiateAuthentication");
const AUTHENTICATE: (&str, &str) = ("es9p", "AuthenticateClient");

pub(super) fn cases() -> Vec<Case> {
    [any::es9p(), initiate(), session(), signed(), chain(), order(), suits()].into_iter().flatten().collect()
}

/// initiateAuthentication at this address, with something done to EUICCInfo1.
pub(super) fn initiates(lab: &Lab, address: &str, change: impl FnOnce(&mut EuiccInfo1)) -> Seen {
    let mut request = lab.euicc.initiate(address);
    let mut info = lab.euicc.info1();
    change(&mut info);
    request.euicc_info1 = Base64(esim_rsp::encode(&info));
    told(lab, &lab.es9("initiateAuthentication", &request))
}

pub(super) fn stranger() -> Vec<OctetString> {
    vec![OctetString::from_slice(&[1; 20])]
}

fn initiate() -> Vec<Case> {
    let case = |name, run| Case::new(INITIATE, name, Setup::Any, run);
    vec![
        case("its-own-address", |lab| initiates(lab, &lab.address, |_| {})),
        case("its-own-address-in-capitals", |lab| initiates(lab, &lab.address.to_uppercase(), |_| {})),
        case("its-own-address-with-or-without-port", |lab| {
            let other = match lab.address.rsplit_once(':') {
                Some((host, _)) => host.to_string(),
                None => format!("{}:8443", lab.address),
            };
            initiates(lab, &other, |_| {})
        }),
        case("euicc-knows-other-cis-too", |lab| {
            initiates(lab, &lab.address, |info| {
                info.euicc_ci_pk_id_list_for_signing.insert(0, stranger().remove(0));
                info.euicc_ci_pk_id_list_for_verification.insert(0, stranger().remove(0));
            })
        }),
        case("euicc-of-version-2-2", |lab| {
            initiates(lab, &lab.address, |info| info.svn = Version::new(2, 2, 0))
        }),
        case("address-of-another-server", |lab| initiates(lab, "other.example", |_| {})),
        case("euicc-signs-under-unknown-cis", |lab| {
            initiates(lab, &lab.address, |info| info.euicc_ci_pk_id_list_for_signing = stranger())
        }),
        case("euicc-of-version-3", |lab| {
            initiates(lab, &lab.address, |info| info.svn = Version::new(3, 0, 0))
        }),
        case("euicc-verifies-under-unknown-cis", |lab| {
            initiates(lab, &lab.address, |info| info.euicc_ci_pk_id_list_for_verification = stranger())
        }),
        case("euicc-info-of-other-octets", |lab| {
            let mut request = lab.euicc.initiate(&lab.address);
            request.euicc_info1 = Base64(vec![0x30, 0]);
            told(lab, &lab.es9("initiateAuthentication", &request))
        }),
        case("challenge-of-15-octets", |lab| {
            let mut request = lab.euicc.initiate(&lab.address);
            request.euicc_challenge.0.pop();
            told(lab, &lab.es9("initiateAuthentication", &request))
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

fn spoiled(lab: &Lab, spoil: fn(&mut EuiccSigned1)) -> Seen {
    let (_, matching_id) = lab.order(json!({}));
    told(lab, &authenticates(lab, &lab.initiate(), &lab.euicc, &matching_id, spoil))
}

fn asks(lab: &Lab, matching_id: &str) -> Seen {
    told(lab, &lab.authenticate(&lab.initiate(), matching_id))
}

fn session() -> Vec<Case> {
    let case = |name, run| Case::new(AUTHENTICATE, name, Setup::Any, run);
    vec![
        case("by-matching-id", |lab| asks(lab, &lab.order(json!({})).1)),
        case("once-more-after-an-interrupted-download", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            lab.download(&matching_id);
            asks(lab, &matching_id)
        }),
        case("order-with-a-confirmation-code", |lab| {
            asks(lab, &lab.order(json!({"confirmationCode": CODE})).1)
        }),
        case("by-eid-alone", |lab| {
            let (iccid, _) = lab.order(json!({"eid": lab.euicc.eid, "matchingId": ""}));
            let seen = asks(lab, "");
            // Nothing shall wait for this eUICC in the cases that follow.
            let cancel =
                json!({"iccid": iccid, "eid": lab.euicc.eid, "finalProfileStatusIndicator": "Unavailable"});
            assert_success(&lab.es2("cancelOrder", cancel));
            seen
        }),
        case("unknown-transaction", |lab| {
            let mut offer = lab.initiate();
            offer.transaction_id = TransactionId::new(&[9; 16]);
            told(lab, &lab.authenticate(&offer, "ANY"))
        }),
        case("twice-in-one-session", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let offer = lab.initiate();
            assert_success(&lab.authenticate(&offer, &matching_id));
            told(lab, &lab.authenticate(&offer, &matching_id))
        }),
        case("another-transaction-is-signed", |lab| {
            spoiled(lab, |signed| signed.transaction_id = TransactionId::new(&[1]))
        }),
        Case::new(AUTHENTICATE, "session-has-expired", Setup::Memory(|_| {}), |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let offer = lab.initiate();
            lab.set_now(NOW + 3600);
            told(lab, &lab.authenticate(&offer, &matching_id))
        }),
    ]
}

fn signed() -> Vec<Case> {
    let case = |name, run| Case::new(AUTHENTICATE, name, Setup::Any, run);
    vec![
        case("another-challenge-is-signed", |lab| {
            spoiled(lab, |signed| signed.server_challenge = [0; 16].into())
        }),
        case("another-address-is-signed", |lab| {
            spoiled(lab, |signed| signed.server_address = "other.example".into())
        }),
        case("signed-by-another-key", |lab| {
            let mut euicc = lab.euicc.clone();
            euicc.issued.key = lab.euicc.otsk.clone();
            told(lab, &authenticates(lab, &lab.initiate(), &euicc, "ANY", |_| {}))
        }),
        case("euicc-does-not-accept-the-server", |lab| {
            let offer = lab.initiate();
            let error = AuthenticateServerResponse::AuthenticateResponseError(AuthenticateResponseError {
                transaction_id: offer.transaction_id.clone(),
                authenticate_error_code: AuthenticateErrorCode::ciPKUnknown,
            });
            let request = AuthenticateClientRequest {
                transaction_id: offer.transaction_id,
                authenticate_server_response: Base64(esim_rsp::encode(&error)),
            };
            told(lab, &lab.es9("authenticateClient", &request))
        }),
        case("response-of-other-octets", |lab| {
            let request = AuthenticateClientRequest {
                transaction_id: lab.initiate().transaction_id,
                authenticate_server_response: Base64(vec![0x30, 0]),
            };
            told(lab, &lab.es9("authenticateClient", &request))
        }),
    ]
}

/// authenticateClient with certificates that have been bent.
pub(super) fn with_chain(lab: &Lab, address: &str, bend: fn(&mut Euicc)) -> Seen {
    let mut euicc = lab.euicc.clone();
    bend(&mut euicc);
    let offer =
        serde_json::from_value(lab.es9("initiateAuthentication", &lab.euicc.initiate(address))).unwrap();
    told(lab, &authenticates(lab, &offer, &euicc, "ANY", |_| {}))
}

/// A CI that nobody trusts, or the one that another configuration does.
pub(super) fn other_pki(not_after: Option<u64>) -> TestPki {
    let parameters = PkiParameters::default();
    let parameters = PkiParameters { not_after: not_after.unwrap_or(parameters.not_after), ..parameters };
    TestPki::generate(&parameters, &mut ChaCha20Rng::seed_from_u64(77))
}

pub(super) fn of_other_pki(config: &mut Config) {
    *config = Config::of_test_pki(ADDRESS, &other_pki(None)).unwrap();
}

/// With eUICC and manufacturer of [`other_pki`], each valid until then.
pub(super) fn expiring(lab: &Lab, address: &str, eum: Option<u64>, euicc: Option<u64>) -> Seen {
    let body = "890490321234512345123456789012";
    let mut card = Euicc::new(&other_pki(euicc), body);
    card.eum = other_pki(eum).eum.certificate;
    let offer = lab.es9("initiateAuthentication", &card.initiate(address));
    told(lab, &authenticates(lab, &serde_json::from_value(offer).unwrap(), &card, "ANY", |_| {}))
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
    let case = |name, run| Case::new(AUTHENTICATE, name, Setup::Any, run);
    let memory = |change, name, run| Case::new(AUTHENTICATE, name, Setup::Memory(change), run);
    vec![
        case("certificates-of-an-unknown-ci", |lab| {
            with_chain(lab, &lab.address, |euicc| {
                *euicc = Euicc::new(&other_pki(None), "890490321234512345123456789012")
            })
        }),
        case("manufacturer-with-a-bent-signature", |lab| {
            with_chain(lab, &lab.address, |euicc| *euicc.eum.last_mut().unwrap() ^= 1)
        }),
        case("certificates-exchanged", |lab| {
            with_chain(lab, &lab.address, |euicc| {
                core::mem::swap(&mut euicc.issued.certificate, &mut euicc.eum)
            })
        }),
        memory(|config| revoke(config, true), "manufacturer-revoked", |lab| with_chain(lab, ADDRESS, |_| {})),
        memory(of_other_pki, "manufacturer-expired", |lab| expiring(lab, ADDRESS, Some(NOW - 1), None)),
        case("euicc-with-a-bent-signature", |lab| {
            with_chain(lab, &lab.address, |euicc| *euicc.issued.certificate.last_mut().unwrap() ^= 1)
        }),
        case("eid-outside-the-manufacturers-range", |lab| {
            let pki = &lab.pki;
            let euicc = Euicc::new(pki, "890331231234512345123456789012");
            told(lab, &authenticates(lab, &lab.initiate(), &euicc, "ANY", |_| {}))
        }),
        memory(|config| revoke(config, false), "euicc-revoked", |lab| with_chain(lab, ADDRESS, |_| {})),
        memory(of_other_pki, "euicc-expired", |lab| expiring(lab, ADDRESS, None, Some(NOW - 1))),
    ]
}

pub(super) fn another_euicc(lab: &Lab) -> Euicc {
    Euicc::new(&lab.pki, "890490321234512345123456789099")
}

fn order() -> Vec<Case> {
    [order_is_sought(), order_is_spent()].into_iter().flatten().collect()
}

fn order_is_sought() -> Vec<Case> {
    let case = |name, run| Case::new(AUTHENTICATE, name, Setup::Any, run);
    vec![
        case("unknown-matching-id", |lab| asks(lab, "NO-SUCH-ORDER")),
        case("nothing-waits-for-this-eid", |lab| asks(lab, "")),
        case("order-was-taken-back", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let cancel = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
            assert_success(&lab.es2("cancelOrder", cancel));
            asks(lab, &matching_id)
        }),
        case("user-has-said-no", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            let id = lab.offered(&matching_id).transaction_id;
            lab.es9("cancelSession", &lab.euicc.cancel(&id, CancelSessionReason::endUserRejection, OID));
            asks(lab, &matching_id)
        }),
        case("profile-is-installed", |lab| {
            let (iccid, matching_id) = lab.order(json!({}));
            let (id, _) = lab.download(&matching_id);
            lab.notify(lab.euicc.result(&id, &iccid, 1, success()));
            asks(lab, &matching_id)
        }),
        case("order-of-another-eid", |lab| asks(lab, &lab.order(json!({"eid": another_euicc(lab).eid})).1)),
        case("package-is-bound-to-another-eid", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            lab.download(&matching_id);
            told(lab, &authenticates(lab, &lab.initiate(), &another_euicc(lab), &matching_id, |_| {}))
        }),
    ]
}

/// The order is there, and is not for this download.
fn order_is_spent() -> Vec<Case> {
    let case = |name, run| Case::new(AUTHENTICATE, name, Setup::Any, run);
    let memory = |change, name, run| Case::new(AUTHENTICATE, name, Setup::Memory(change), run);
    vec![
        case("not-released-yet", |lab| {
            let iccid = lab.provision();
            assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
            let confirmed = lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": false}));
            asks(lab, confirmed["matchingId"].as_str().unwrap())
        }),
        case("too-many-downloads-begun", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            for _ in 0..10 {
                lab.offered(&matching_id);
            }
            asks(lab, &matching_id)
        }),
        case("once-more-after-too-many", |lab| {
            let (_, matching_id) = lab.order(json!({}));
            for _ in 0..11 {
                lab.authenticate(&lab.initiate(), &matching_id);
            }
            asks(lab, &matching_id)
        }),
        memory(
            |config| config.limits.order_seconds = Some(100),
            "order-has-expired",
            |lab| {
                let (_, matching_id) = lab.order(json!({}));
                lab.set_now(NOW + 100);
                asks(lab, &matching_id)
            },
        ),
    ]
}

/// authenticateClient for a profile with this metadata and device, by an eUICC that says something else of itself.
fn suited(lab: &Lab, provision: Value, spoil: fn(&mut EuiccSigned1)) -> Seen {
    let mut request = json!({"subscriber": subscriber()});
    request.as_object_mut().unwrap().extend(provision.as_object().unwrap().clone());
    let iccid = lab.operator("/esim-lab/provision", request)["iccid"].clone();
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
    let confirmed = lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": true}));
    let matching_id = confirmed["matchingId"].as_str().unwrap();
    told(lab, &authenticates(lab, &lab.initiate(), &lab.euicc, matching_id, spoil))
}

fn suits() -> Vec<Case> {
    let case = |name, run| Case::new(AUTHENTICATE, name, Setup::Any, run);
    vec![
        case("profile-of-a-later-version", |lab| {
            suited(lab, json!({}), |signed| signed.euicc_info2.profile_version = Version::new(1, 0, 0))
        }),
        case("euicc-without-milenage", |lab| {
            suited(lab, json!({}), |signed| signed.euicc_info2.uicc_capability = bit_string(&[1, 2]))
        }),
        case("euicc-without-test-profiles", |lab| {
            let metadata = json!({"metadata": {"profileClass": "test"}});
            suited(lab, metadata, |signed| signed.euicc_info2.rsp_capability = bit_string(&[0]))
        }),
        case("euicc-forbids-the-policy-rules", |lab| {
            suited(lab, json!({"metadata": {"profilePolicyRules": ["ppr1"]}}), |signed| {
                let rules = esim_rsp::common::PprIds::of(&[1]);
                signed.euicc_info2.forbidden_profile_policy_rules = Some(rules);
            })
        }),
        case("device-without-lte", |lab| suited(lab, json!({"device": {"eutranEpc": 9}}), |_| {})),
        case("euicc-without-memory", |lab| {
            suited(lab, json!({}), |signed| {
                signed.euicc_info2.ext_card_resource = OctetString::from_slice(&[0x82, 1, 100]);
            })
        }),
    ]
}
