//! ES11 (SGP.22 5.8), what an LPA calls at the SM-DS.

use super::es9p::{authenticates, expiring, initiates, other_pki, stranger, with_chain};
use super::*;

const INITIATE: (&str, &str) = ("es11", "InitiateAuthentication");
const AUTHENTICATE: (&str, &str) = ("es11", "AuthenticateClient");
const CANCEL: (&str, &str) = ("es11", "CancelSession");

pub(super) fn cases() -> Vec<Case> {
    [initiate(), authenticate(), cancel()].into_iter().flatten().collect()
}

fn address(lab: &Lab) -> &str {
    lab.smds.as_deref().unwrap()
}

/// An SM-DS and no SM-DP+.
fn smds_alone(config: &mut Config) {
    config.identities.clear();
    config.smds = Some(smds(None));
}

fn initiate() -> Vec<Case> {
    let case = |name, run| Case::new(INITIATE, name, Setup::Smds, run);
    vec![
        case("its-own-address", |lab| initiates(lab, address(lab), |_| {})),
        Case::new(INITIATE, "address-of-another-server", Setup::Memory(smds_alone), |lab| {
            initiates(lab, "other.example", |_| {})
        }),
        case("its-own-address-in-capitals", |lab| initiates(lab, &address(lab).to_uppercase(), |_| {})),
        case("euicc-of-version-2-2", |lab| {
            initiates(lab, address(lab), |info| info.svn = Version::new(2, 2, 0))
        }),
        case("euicc-signs-under-unknown-cis", |lab| {
            initiates(lab, address(lab), |info| info.euicc_ci_pk_id_list_for_signing = stranger())
        }),
        case("euicc-of-version-3", |lab| {
            initiates(lab, address(lab), |info| info.svn = Version::new(3, 0, 0))
        }),
        case("euicc-verifies-under-unknown-cis", |lab| {
            initiates(lab, address(lab), |info| info.euicc_ci_pk_id_list_for_verification = stranger())
        }),
    ]
}

fn offered(lab: &Lab) -> InitiateAuthenticationOk {
    serde_json::from_value(lab.es9("initiateAuthentication", &lab.euicc.initiate(address(lab)))).unwrap()
}

/// What an eUICC finds that has this EID.
fn finds(lab: &Lab, euicc: &Euicc, event_id: &str) -> Value {
    authenticates(lab, &offered(lab), euicc, event_id, |_| {})
}

fn entries(lab: &Lab, answer: &Value) -> Seen {
    let mut seen = told(lab, answer);
    seen.outcome.events = answer["eventEntries"].as_array().map(Vec::len);
    seen
}

/// An eUICC of its own for each run: others may have events at this host.
fn fresh(lab: &Lab) -> Euicc {
    let digits = lab.provision();
    Euicc::new(&lab.pki, &format!("89049032{:0>22}", &digits[7..18]))
}

fn registered(lab: &Lab, eid: Eid, event_id: &str) {
    let header = json!({"functionRequesterIdentifier": "2.999.1", "functionCallIdentifier": "1"});
    let request = json!({"header": header, "eid": eid, "rspServerAddress": "smdp.example", "eventId": event_id,
        "forwardingIndicator": false});
    assert_success(&lab.operator("/gsma/rsp2/es12/registerEvent", request));
}

fn finds_with(lab: &Lab, offer: &InitiateAuthenticationOk) -> Value {
    authenticates(lab, offer, &lab.euicc, "", |_| {})
}

/// An SM-DS whose certificates, and those of eUICCs, are of the other PKI.
fn of_other_pki(config: &mut Config) {
    super::es9p::of_other_pki(config);
    config.smds = Some(esim_smdp::Smds::of_test_pkis(SMDS, None, &[&other_pki(None)]).unwrap());
}

fn cancel() -> Vec<Case> {
    vec![Case::new(CANCEL, "there-is-nothing-to-cancel", Setup::Smds, |lab| {
        let offer = offered(lab);
        let cancel = lab.euicc.cancel(&offer.transaction_id, CancelSessionReason::postponed, OID);
        told(lab, &lab.es9("cancelSession", &cancel))
    })]
}

fn authenticate() -> Vec<Case> {
    [authenticate_for_events(), authenticate_refused()].into_iter().flatten().collect()
}

fn authenticate_for_events() -> Vec<Case> {
    let memory = |change, name, run| Case::new(AUTHENTICATE, name, Setup::Memory(change), run);
    let case = |name, run| Case::new(AUTHENTICATE, name, Setup::Smds, run);
    vec![
        case("nothing-waits", |lab| entries(lab, &finds(lab, &fresh(lab), ""))),
        case("all-events-of-the-eid", |lab| {
            let euicc = fresh(lab);
            registered(lab, euicc.eid, "A");
            registered(lab, euicc.eid, "B");
            entries(lab, &finds(lab, &euicc, ""))
        }),
        case("the-event-named", |lab| {
            let euicc = fresh(lab);
            registered(lab, euicc.eid, "A");
            registered(lab, euicc.eid, "B");
            let found = finds(lab, &euicc, "B");
            let expected = json!([{"eventId": "B", "rspServerAddress": "smdp.example"}]);
            assert_eq!(found["eventEntries"], expected);
            entries(lab, &found)
        }),
        case("unknown-event", |lab| told(lab, &finds(lab, &fresh(lab), "NONE"))),
        case("event-of-another-eid", |lab| {
            registered(lab, fresh(lab).eid, "C");
            told(lab, &finds(lab, &fresh(lab), "C"))
        }),
        case("twice-in-one-session", |lab| {
            let offer = offered(lab);
            assert_success(&authenticates(lab, &offer, &lab.euicc, "", |_| {}));
            told(lab, &authenticates(lab, &offer, &lab.euicc, "", |_| {}))
        }),
        case("unknown-transaction", |lab| {
            let mut offer = offered(lab);
            offer.transaction_id = TransactionId::new(&[9; 16]);
            told(lab, &finds_with(lab, &offer))
        }),
        memory(
            |config| config.smds = Some(smds(None)),
            "session-has-expired",
            |lab| {
                let offer = offered(lab);
                lab.set_now(NOW + 3600);
                told(lab, &finds_with(lab, &offer))
            },
        ),
        memory(
            |config| {
                config.smds = Some(smds(None));
                config.limits.event_seconds = 100;
            },
            "event-has-expired",
            |lab| {
                let euicc = fresh(lab);
                registered(lab, euicc.eid, "A");
                lab.set_now(NOW + 101);
                told(lab, &finds(lab, &euicc, "A"))
            },
        ),
    ]
}

/// What the eUICC has signed, and with what.
fn authenticate_refused() -> Vec<Case> {
    let memory = |change, name, run| Case::new(AUTHENTICATE, name, Setup::Memory(change), run);
    let case = |name, run| Case::new(AUTHENTICATE, name, Setup::Smds, run);
    vec![
        case("response-of-other-octets", |lab| {
            let request = AuthenticateClientRequest {
                transaction_id: offered(lab).transaction_id,
                authenticate_server_response: Base64(vec![0x30, 0]),
            };
            told(lab, &lab.es9("authenticateClient", &request))
        }),
        memory(of_other_pki, "manufacturer-expired", |lab| expiring(lab, SMDS, Some(NOW - 1), None)),
        memory(of_other_pki, "euicc-expired", |lab| expiring(lab, SMDS, None, Some(NOW - 1))),
        case("another-challenge-is-signed", |lab| {
            let spoil = |signed: &mut EuiccSigned1| signed.server_challenge = [0; 16].into();
            told(lab, &authenticates(lab, &offered(lab), &lab.euicc, "", spoil))
        }),
        case("manufacturer-with-a-bent-signature", |lab| {
            with_chain(lab, address(lab), |euicc| *euicc.eum.last_mut().unwrap() ^= 1)
        }),
        case("euicc-with-a-bent-signature", |lab| {
            with_chain(lab, address(lab), |euicc| *euicc.issued.certificate.last_mut().unwrap() ^= 1)
        }),
        case("certificates-of-an-unknown-ci", |lab| {
            with_chain(lab, address(lab), |euicc| {
                *euicc = Euicc::new(&other_pki(None), "890490321234512345123456789012");
            })
        }),
    ]
}
