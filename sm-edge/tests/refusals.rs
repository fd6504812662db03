//! Each function × each refusal: the pair of SGP.22 5.3 and 5.6.

use esim_crypto::pki::{PkiParameters, TestPki};
use esim_rsp::common::{Version, bit_string};
use esim_rsp::es9p::{AuthenticateClientRequest, InitiateAuthenticationOk};
use esim_rsp::es10b::{
    AuthenticateErrorCode, AuthenticateResponseError, AuthenticateServerResponse, CancelSessionReason,
    CancelSessionResponse, CtxParams1, DownloadErrorCode, EuiccSigned1, PrepareDownloadResponse,
    PrepareDownloadResponseError,
};
use esim_rsp::json::Base64;
use esim_rsp::{OctetString, Signed, TransactionId};
use esim_sm_edge::{Host, HttpRequest, MemoryHost, block_on, handle};
use esim_sm_lab::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde_json::{Value, json};

/// Another CI, which nobody here trusts; or the same with another time or range.
fn other_pki(change: impl FnOnce(&mut PkiParameters)) -> TestPki {
    let mut parameters = PkiParameters::default();
    change(&mut parameters);
    TestPki::generate(&parameters, &mut ChaCha20Rng::seed_from_u64(77))
}

#[test]
fn initiate_authentication() {
    let lab = Lab::new();
    let call = |spoil: &dyn Fn(&mut esim_rsp::es10b::EuiccInfo1), address: &str| {
        let mut request = lab.euicc.initiate(address);
        let mut info = lab.euicc.info1();
        spoil(&mut info);
        request.euicc_info1 = Base64(esim_rsp::encode(&info));
        lab.es9("initiateAuthentication", &request)
    };
    let stranger = || vec![OctetString::from_slice(&[1; 20])];
    assert_eq!(code(&call(&|_| {}, "other.example")), "8.8.1/3.8");
    assert_eq!(code(&call(&|info| info.svn = Version::new(3, 0, 0), ADDRESS)), "8.8.3/3.1");
    let signing = |info: &mut esim_rsp::es10b::EuiccInfo1| info.euicc_ci_pk_id_list_for_signing = stranger();
    assert_eq!(code(&call(&signing, ADDRESS)), "8.8.2/3.1");
    let verifying =
        |info: &mut esim_rsp::es10b::EuiccInfo1| info.euicc_ci_pk_id_list_for_verification = stranger();
    assert_eq!(code(&call(&verifying, ADDRESS)), "8.8.4/3.7");
    for address in ["SMDP.esim-lab.EXAMPLE", "smdp.esim-lab.example:443"] {
        assert_success(&call(&|info| info.svn = Version::new(2, 2, 0), address));
    }
}

#[test]
fn authenticate_client_checks_the_session() {
    let lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let mut offer = lab.initiate();
    offer.transaction_id = TransactionId::new(&[9; 16]);
    assert_eq!(code(&lab.authenticate(&offer, &matching_id)), "8.10.1/3.9");

    let offer = lab.initiate();
    assert_success(&lab.authenticate(&offer, &matching_id));
    assert_eq!(code(&lab.authenticate(&offer, &matching_id)), "8.10.1/3.9");

    let offer = lab.initiate();
    lab.host.set_now(NOW + 3600);
    assert_eq!(code(&lab.authenticate(&offer, &matching_id)), "8.10.1/3.9");
}

#[test]
fn authenticate_client_checks_what_is_signed() {
    type Spoil = fn(&mut EuiccSigned1);
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let cases: [(Spoil, &str); 3] = [
        (|signed| signed.server_challenge = [0; 16].into(), "8.1/6.1"),
        (|signed| signed.server_address = "other.example".into(), "8.1/6.1"),
        (|signed| signed.transaction_id = TransactionId::new(&[1]), "8.10.1/3.9"),
    ];
    for (spoil, expected) in cases {
        let offer = lab.initiate();
        let answer = lab.es9("authenticateClient", &lab.euicc.authenticate(&offer, &matching_id, spoil));
        assert_eq!(code(&answer), expected);
    }
    let offer = lab.initiate();
    let mut wrong_key = lab.euicc.clone();
    wrong_key.issued.key = lab.euicc.otsk.clone();
    let answer = lab.es9("authenticateClient", &wrong_key.authenticate(&offer, &matching_id, |_| {}));
    assert_eq!(code(&answer), "8.1/6.1");
    assert_eq!(lab.show(&iccid)["downloadAttempts"], 0);
    // Whoever did not prove himself has not ended the session of whoever does.
    assert_success(&lab.authenticate(&offer, &matching_id));
}

/// From the moment that an eUICC has proved itself a transactionId is used up, whatever has come of it.
#[test]
fn a_session_begins_once() {
    let lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    for (tried, expected) in [("NOBODYS", "8.2.6/3.8"), ("", "8.2.6/3.8")] {
        let offer = lab.initiate();
        assert_eq!(code(&lab.authenticate(&offer, tried)), expected);
        assert_eq!(code(&lab.authenticate(&offer, &matching_id)), "8.10.1/3.9");
    }
    let offer = lab.initiate();
    assert_success(&lab.authenticate(&offer, &matching_id));
    let (_, another) = lab.order(json!({}));
    assert_eq!(code(&lab.authenticate(&offer, &another)), "8.10.1/3.9");
}

/// Nothing is kept of a session that has begun: the octets of transactionId tell, and no other octets will do.
#[test]
fn no_other_transaction_id_is_taken() {
    let lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let offer = lab.initiate();
    for at in 0..16 {
        let mut bent = offer.clone();
        let mut octets = offer.transaction_id.0.to_vec();
        octets[at] ^= 1;
        bent.transaction_id = TransactionId::new(&octets);
        assert_eq!(code(&lab.authenticate(&bent, &matching_id)), "8.10.1/3.9", "octet {at}");
    }
    // Nor one of another server, or from before the key was changed.
    let other = MemoryHost::new(lab.host.config().clone(), [9; 32], NOW);
    let initiate = serde_json::to_vec(&lab.euicc.initiate(ADDRESS)).unwrap();
    let request = HttpRequest::post("/gsma/rsp2/es9plus/initiateAuthentication", initiate);
    let bent = serde_json::from_slice(&block_on(handle(request, &other)).body).unwrap();
    assert_eq!(code(&lab.authenticate(&bent, &matching_id)), "8.10.1/3.9");
    assert_success(&lab.authenticate(&offer, &matching_id));
}

#[test]
fn authenticate_client_takes_the_euiccs_own_error() {
    let lab = Lab::new();
    let offer = lab.initiate();
    let error = AuthenticateServerResponse::AuthenticateResponseError(AuthenticateResponseError {
        transaction_id: offer.transaction_id.clone(),
        authenticate_error_code: AuthenticateErrorCode::ciPKUnknown,
    });
    let request = AuthenticateClientRequest {
        transaction_id: offer.transaction_id,
        authenticate_server_response: Base64(esim_rsp::encode(&error)),
    };
    assert_eq!(code(&lab.es9("authenticateClient", &request)), "8.1/6.1");
}

/// Certificates of `pki` for a session with the CI of the laboratory.
fn with_certificates_of(lab: &Lab, pki: &TestPki, eid: &str) -> Value {
    let (_, matching_id) = lab.order(json!({}));
    let stranger = Euicc::new(pki, eid);
    let offer: InitiateAuthenticationOk = lab.initiate();
    lab.es9("authenticateClient", &stranger.authenticate(&offer, &matching_id, |_| {}))
}

#[test]
fn authenticate_client_checks_the_chain() {
    let lab = Lab::new();
    let eid = "890490321234512345123456789012";
    assert_eq!(code(&with_certificates_of(&lab, &other_pki(|_| {}), eid)), "8.11.1/3.9");

    // The manufacturer's certificate says it is of our CI, and is not.
    let (_, matching_id) = lab.order(json!({}));
    let mut euicc = lab.euicc.clone();
    let last = euicc.eum.len() - 1;
    euicc.eum[last] ^= 1;
    let answer = lab.es9("authenticateClient", &euicc.authenticate(&lab.initiate(), &matching_id, |_| {}));
    assert_eq!(code(&answer), "8.1.2/6.1");

    let mut euicc = lab.euicc.clone();
    let last = euicc.issued.certificate.len() - 1;
    euicc.issued.certificate[last] ^= 1;
    let answer = lab.es9("authenticateClient", &euicc.authenticate(&lab.initiate(), &matching_id, |_| {}));
    assert_eq!(code(&answer), "8.1.3/6.1");

    // An EID outside the manufacturer's range.
    let answer = with_certificates_of(&lab, &lab.pki, "890331231234512345123456789012");
    assert_eq!(code(&answer), "8.1.3/6.1");

    // The roles are swapped.
    let mut euicc = lab.euicc.clone();
    core::mem::swap(&mut euicc.issued.certificate, &mut euicc.eum);
    let answer = lab.es9("authenticateClient", &euicc.authenticate(&lab.initiate(), &matching_id, |_| {}));
    assert_eq!(code(&answer), "8.1.2/6.1");
}

#[test]
fn authenticate_client_checks_validity() {
    let short = other_pki(|parameters| parameters.not_after = NOW + 100);
    let mut lab = Lab::new();
    let config = esim_smdp::Config::of_test_pki(ADDRESS, &short).unwrap();
    lab.host = esim_sm_edge::MemoryHost::new(config, [1; 32], NOW);
    lab.euicc = Euicc::new(&short, "890490321234512345123456789012");
    let (_, matching_id) = lab.order(json!({}));
    lab.offered(&matching_id);
    lab.host.set_now(NOW + 200);
    assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.1.2/6.3");
}

#[test]
fn authenticate_client_checks_the_order() {
    let lab = Lab::new();
    assert_eq!(code(&lab.authenticate(&lab.initiate(), "UNKNOWN")), "8.2.6/3.8");
    assert_eq!(code(&lab.authenticate(&lab.initiate(), "")), "8.2.6/3.8");

    let other = Euicc::new(&lab.pki, "890490321234512345123456789099");
    let (iccid, matching_id) = lab.order(json!({"eid": other.eid}));
    assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.1.1/3.8");
    let history = lab.show(&iccid)["history"].clone();
    assert_eq!(history.as_array().unwrap().last().unwrap()["subjectCode"], "8.1.1");

    let (iccid, matching_id) = lab.order(json!({}));
    let (id, _) = lab.download(&matching_id);
    lab.notify(lab.euicc.result(&id, &iccid, 0, success()));
    assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.2.6/3.8");
}

#[test]
fn authenticate_client_counts_attempts() {
    let lab = Lab::with(|config| config.limits.download_attempts = 2);
    let (iccid, matching_id) = lab.order(json!({}));
    lab.offered(&matching_id);
    lab.offered(&matching_id);
    for _ in 0..2 {
        assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.8.5/6.4");
        assert_eq!(lab.state(&iccid), "Error");
    }
}

#[test]
fn orders_expire() {
    let lab = Lab::with(|config| config.limits.order_seconds = Some(100));
    let (iccid, matching_id) = lab.order(json!({}));
    let offer = lab.offered(&matching_id);
    lab.host.set_now(NOW + 100);
    assert_eq!(code(&lab.fetch(&offer, None)), "8.8.5/4.10");
    assert_eq!(lab.state(&iccid), "Error");
    assert_eq!(code(&lab.authenticate(&lab.initiate(), &matching_id)), "8.8.5/4.10");
}

#[test]
fn authenticate_client_checks_whether_the_profile_suits() {
    type Spoil = fn(&mut EuiccSigned1);
    let cases: [(Spoil, Value, &str); 4] = [
        (
            |signed| signed.euicc_info2.ext_card_resource = OctetString::from_slice(&[0x82, 1, 100]),
            json!({}),
            "8.1/4.8",
        ),
        (|signed| signed.euicc_info2.profile_version = Version::new(1, 0, 0), json!({}), "8.2.5/4.3"),
        (
            |signed| signed.euicc_info2.rsp_capability = bit_string(&[0]),
            json!({"profileClass": "test"}),
            "8.2.5/4.3",
        ),
        (
            |signed| {
                let rules = esim_rsp::common::PprIds::of(&[1]);
                signed.euicc_info2.forbidden_profile_policy_rules = Some(rules);
            },
            json!({"profilePolicyRules": ["ppr1"]}),
            "8.2.5/4.3",
        ),
    ];
    for (spoil, metadata, expected) in cases {
        let lab = Lab::new();
        let request = json!({"subscriber": subscriber(), "metadata": metadata});
        let iccid = lab.operator("/esim-lab/provision", request)["iccid"].clone();
        lab.es2("downloadOrder", json!({"iccid": iccid}));
        lab.es2("confirmOrder", json!({"iccid": iccid, "matchingId": "M", "releaseFlag": true}));
        let request = lab.euicc.authenticate(&lab.initiate(), "M", spoil);
        assert_eq!(code(&lab.es9("authenticateClient", &request)), expected);
        lab.offered("M");
    }
}

#[test]
fn get_bound_profile_package() {
    let lab = Lab::new();
    let (_, matching_id) = lab.order(json!({}));
    let fresh = || lab.offered(&matching_id);

    let mut unknown = fresh();
    unknown.transaction_id = TransactionId::new(&[3; 16]);
    assert_eq!(code(&lab.fetch(&unknown, None)), "8.10.1/3.9");

    let request =
        lab.euicc.prepare(&fresh(), None, |signed| signed.transaction_id = TransactionId::new(&[1]));
    assert_eq!(code(&lab.es9("getBoundProfilePackage", &request)), "8.10.1/3.9");

    let mut offer = fresh();
    offer.smdp_signature2.0[10] ^= 1;
    assert_eq!(code(&lab.fetch(&offer, None)), "8.1/6.1");

    let request = lab.euicc.prepare(&fresh(), None, |signed| {
        signed.euicc_otpk.0 = OctetString::from_slice(&[4; 65]);
    });
    assert_eq!(code(&lab.es9("getBoundProfilePackage", &request)), "8.1/6.1");

    let offer = fresh();
    let error = PrepareDownloadResponse::DownloadResponseError(PrepareDownloadResponseError {
        transaction_id: offer.transaction_id.clone(),
        download_error_code: DownloadErrorCode::invalidSignature,
    });
    let mut request = lab.euicc.prepare(&offer, None, |_| {});
    request.prepare_download_response = Base64(esim_rsp::encode(&error));
    assert_eq!(code(&lab.es9("getBoundProfilePackage", &request)), "8.1/6.1");

    // Not before authenticateClient.
    let initiated = lab.initiate();
    let mut offer = fresh();
    offer.transaction_id = initiated.transaction_id;
    assert_eq!(code(&lab.fetch(&offer, None)), "8.10.1/3.9");
}

#[test]
fn cancel_session() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let id = lab.offered(&matching_id).transaction_id;
    let reason = CancelSessionReason::endUserRejection;

    let stranger = Euicc::new(&lab.pki, "890490321234512345123456789099");
    assert_eq!(code(&lab.es9("cancelSession", &stranger.cancel(&id, reason, OID))), "8.1/6.1");
    let wrong_oid = lab.euicc.cancel(&id, reason, &[2, 999, 11]);
    assert_eq!(code(&lab.es9("cancelSession", &wrong_oid)), "8.8/3.10");
    let mut other = lab.euicc.cancel(&TransactionId::new(&[1]), reason, OID);
    other.transaction_id = id.clone();
    assert_eq!(code(&lab.es9("cancelSession", &other)), "8.10.1/3.9");
    let unknown = lab.euicc.cancel(&TransactionId::new(&[1]), reason, OID);
    assert_eq!(code(&lab.es9("cancelSession", &unknown)), "8.10.1/3.9");
    let mut error = lab.euicc.cancel(&id, reason, OID);
    let response = CancelSessionResponse::CancelSessionResponseError(127);
    error.cancel_session_response = Base64(esim_rsp::encode(&response));
    assert_eq!(code(&lab.es9("cancelSession", &error)), "8.1/6.1");

    // None of them has touched session or order.
    assert_eq!(lab.state(&iccid), "Released");
    assert_success(&lab.es9("cancelSession", &lab.euicc.cancel(&id, reason, OID)));
}

#[test]
fn download_order() {
    let lab = Lab::new();
    let iccid = lab.provision();
    let order = |request: Value| code(&lab.es2("downloadOrder", request));
    assert_eq!(order(json!({})), "1.6/2.1");
    assert_eq!(order(json!({"iccid": "8900101000000000009"})), "8.2.1/3.9");
    assert_eq!(order(json!({"iccid": iccid, "profileType": "other"})), "8.2.5/3.8");
    assert_eq!(order(json!({"profileType": "other"})), "8.2.5/3.9");
    assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
    assert_eq!(order(json!({"iccid": iccid})), "8.2.1/3.3");
    assert_eq!(order(json!({"profileType": "operational"})), "8.2.5/3.7");
}

#[test]
fn another_operators_profile() {
    let lab = Lab::new();
    let request = json!({"subscriber": subscriber(), "owner": "2.999.7"});
    let iccid = lab.operator("/esim-lab/provision", request)["iccid"].clone();
    for (function, request) in [
        ("downloadOrder", json!({"iccid": iccid})),
        ("confirmOrder", json!({"iccid": iccid, "releaseFlag": true})),
        ("releaseProfile", json!({"iccid": iccid})),
        ("cancelOrder", json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"})),
    ] {
        assert_eq!(code(&lab.es2(function, request)), "8.2.1/1.2", "{function}");
    }
}

#[test]
fn confirm_order() {
    let lab = Lab::new();
    let (_, taken) = lab.order(json!({"matchingId": "TAKEN"}));
    assert_eq!(taken, "TAKEN");
    let iccid = lab.provision();
    let eids = [&lab.euicc, &Euicc::new(&lab.pki, "890490321234512345123456789099")].map(|e| e.eid);
    let confirm = |mut request: Value| {
        let fields = request.as_object_mut().unwrap();
        fields.entry("iccid").or_insert(json!(iccid));
        fields.insert("releaseFlag".into(), json!(true));
        code(&lab.es2("confirmOrder", request))
    };
    assert_eq!(confirm(json!({"iccid": "8900101000000000009"})), "8.2.1/3.9");
    assert_eq!(confirm(json!({})), "8.2.1/1.2");
    lab.es2("downloadOrder", json!({"iccid": iccid}));
    assert_eq!(confirm(json!({"matchingId": "TAKEN"})), "8.2.6/3.3");
    assert_eq!(confirm(json!({"matchingId": "A$B"})), "8.2.6/2.1");
    assert_eq!(confirm(json!({"matchingId": ""})), "8.1.1/2.2");
    assert_eq!(confirm(json!({"smdsAddress": "ds.example"})), "8.1.1/2.2");
    assert_eq!(confirm(json!({"smdsAddress": "ds.example", "eid": eids[0]})), "8.9/5.1");

    let iccid = lab.provision();
    lab.es2("downloadOrder", json!({"iccid": iccid, "eid": eids[0]}));
    let request = json!({"iccid": iccid, "eid": eids[1], "releaseFlag": true});
    assert_eq!(code(&lab.es2("confirmOrder", request)), "8.1.1/3.10");
}

#[test]
fn release_profile_and_cancel_order() {
    let lab = Lab::new();
    let (iccid, matching_id) = lab.order(json!({}));
    let unknown = json!({"iccid": "8900101000000000009"});
    assert_eq!(code(&lab.es2("releaseProfile", unknown)), "8.2.1/3.9");
    assert_eq!(code(&lab.es2("releaseProfile", json!({"iccid": iccid}))), "8.2.1/3.5");

    let cancel = |mut more: Value| {
        let fields = more.as_object_mut().unwrap();
        fields.entry("iccid").or_insert(json!(iccid));
        fields.insert("finalProfileStatusIndicator".into(), json!("Unavailable"));
        lab.es2("cancelOrder", more)
    };
    assert_eq!(code(&cancel(json!({"iccid": "8900101000000000009"}))), "8.2.1/3.9");
    assert_eq!(code(&cancel(json!({"eid": lab.euicc.eid}))), "8.2.1/3.10");
    assert_eq!(code(&cancel(json!({"matchingId": "OTHER"}))), "8.2.6/3.10");
    lab.download(&matching_id);
    assert_eq!(code(&cancel(json!({}))), "8.2.1/3.3");

    let (iccid, _) = lab.order(json!({"eid": lab.euicc.eid}));
    assert_eq!(code(&cancel(json!({"iccid": iccid}))), "8.2.1/2.2");
    assert_success(&cancel(json!({"iccid": iccid, "eid": lab.euicc.eid})));
    assert_eq!(lab.state(&iccid), "Unavailable");
    let back = json!({"iccid": iccid, "finalProfileStatusIndicator": "Available"});
    assert_eq!(code(&lab.es2("cancelOrder", back)), "8.2.1/1.2");
}

#[test]
fn revoked_certificates_are_refused() {
    use esim_crypto::pki::{Certificate, CrlDraft};
    use esim_smdp::Revocations;
    let serial = |der: &[u8]| Certificate::parse(der).unwrap().serial().to_vec();
    let pki = TestPki::well_known(esim_crypto::Curve::P256);
    let euicc = Euicc::new(&pki, "890490321234512345123456789012");
    let (eum, card) = ([serial(&euicc.eum)], [serial(&euicc.issued.certificate)]);
    let draft = |number, revoked| CrlDraft { number, revoked, ..CrlDraft::default() };
    let answer = |lists: Vec<Vec<u8>>| {
        let lab = Lab::with(|config| config.revocations = Revocations::new(&lists, &config.trusted).unwrap());
        let (iccid, matching_id) = lab.order(json!({}));
        let answer = lab.authenticate(&lab.initiate(), &matching_id);
        lab.notify(lab.euicc.event(1, esim_rsp::common::NotificationEvent::Enable, &iccid));
        assert_eq!(lab.show(&iccid)["onCard"], json!(null));
        answer
    };
    assert_eq!(code(&answer(vec![pki.issue_crl(&draft(1, &eum))])), "8.1.2/6.1");
    assert_eq!(code(&answer(vec![pki.issue_eum_crl(&draft(1, &card))])), "8.1.3/6.1");
    // A manufacturer's list that it has not signed, a CI's that is about other certificates.
    let mut forged = pki.issue_eum_crl(&draft(1, &card));
    *forged.last_mut().unwrap() ^= 1;
    assert_success(&answer(vec![forged, pki.issue_crl(&draft(1, &card))]));
    // The newer list counts, and lists of changes beside it; the order of files does not matter.
    let (old, new) = (pki.issue_crl(&draft(255, &eum)), pki.issue_crl(&draft(256, &[])));
    assert_success(&answer(vec![old.clone(), new.clone()]));
    assert_success(&answer(vec![new.clone(), old]));
    let changes = CrlDraft { base: Some(256), ..draft(257, &eum) };
    assert_eq!(code(&answer(vec![new, pki.issue_crl(&changes)])), "8.1.2/6.1");
    // Out of date, it is in force all the same.
    let stale = pki.issue_crl(&CrlDraft { next_update: Some(NOW - 1), ..draft(1, &eum) });
    assert_eq!(code(&answer(vec![stale.clone()])), "8.1.2/6.1");

    let trusted = [esim_smdp::config::trust_ci(&pki.ci.certificate).unwrap()];
    assert_eq!(Revocations::new(std::slice::from_ref(&stale), &trusted).unwrap().out_of_date(NOW), 1);
    let mut forged = stale;
    *forged.last_mut().unwrap() ^= 1;
    let error = Revocations::new(&[forged], &trusted).unwrap_err();
    assert!(error.to_string().contains("revocation list 1"), "{error}");
}

#[test]
fn services_and_access_networks_are_asked_for() {
    let lab = Lab::new();
    let order = |device: Value| {
        let request = json!({"subscriber": subscriber(), "device": device});
        let iccid = lab.operator("/esim-lab/provision", request)["iccid"].clone();
        assert_success(&lab.es2("downloadOrder", json!({"iccid": iccid})));
        let answer = lab.es2("confirmOrder", json!({"iccid": iccid, "releaseFlag": true}));
        answer["matchingId"].as_str().unwrap().to_string()
    };
    let asks = |matching_id: &str, spoil: &dyn Fn(&mut EuiccSigned1)| {
        let request = lab.euicc.authenticate(&lab.initiate(), matching_id, |signed| spoil(signed));
        lab.es9("authenticateClient", &request)
    };
    let plain = order(json!({}));
    let without_milenage = |signed: &mut EuiccSigned1| {
        signed.euicc_info2.uicc_capability = bit_string(&[1, 2]);
    };
    let answer = asks(&plain, &without_milenage);
    assert_eq!(code(&answer), "8.2.5/4.3");
    let message = &answer["header"]["functionExecutionStatus"]["statusCodeData"]["message"];
    assert!(message.as_str().unwrap().contains("milenage"), "{message}");

    let device = |signed: &mut EuiccSigned1, change: &dyn Fn(&mut esim_rsp::es10b::DeviceCapabilities)| {
        let CtxParams1::CtxParamsForCommonAuthentication(mut context) = signed.ctx_params1.value().clone();
        change(&mut context.device_info.device_capabilities);
        signed.ctx_params1 = Signed::new(CtxParams1::CtxParamsForCommonAuthentication(context));
    };
    let lte = order(json!({"eutranEpc": 9}));
    let release = |major| {
        move |signed: &mut EuiccSigned1| {
            device(signed, &|it| it.eutran_epc_supported_release = Some(Version::new(major, 0, 0)));
        }
    };
    assert_eq!(code(&asks(&lte, &|_| {})), "8.2.5/4.3");
    assert_eq!(code(&asks(&lte, &release(8))), "8.2.5/4.3");
    assert_success(&asks(&lte, &release(9)));
    // An eUICC that takes no newer fields: the device could not name them.
    let nr = order(json!({"nr5gc": 15}));
    assert_eq!(code(&asks(&nr, &|_| {})), "8.2.5/4.3");
    assert_success(&asks(&nr, &|signed| signed.euicc_info2.rsp_capability = bit_string(&[0])));
}

#[test]
fn peers_of_earlier_versions_are_served() {
    for minor in 2..=6 {
        let lab = Lab::new();
        let (iccid, matching_id) = lab.order(json!({}));
        let mut request = lab.euicc.initiate(ADDRESS);
        let mut info = lab.euicc.info1();
        info.svn = Version::new(2, minor, 0);
        request.euicc_info1 = Base64(esim_rsp::encode(&info));
        let offer = serde_json::from_value(lab.es9("initiateAuthentication", &request)).unwrap();
        let request =
            lab.euicc.authenticate(&offer, &matching_id, |signed| signed.euicc_info2.svn = info.svn);
        let offer = serde_json::from_value(lab.es9("authenticateClient", &request)).unwrap();
        assert_success(&lab.fetch(&offer, None));
        lab.notify(lab.euicc.result_of(&offer.transaction_id, &iccid, 1, success(), None));
        assert_eq!(lab.state(&iccid), "Installed", "2.{minor}");
    }
}
