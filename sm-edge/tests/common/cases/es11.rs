//! ES11 (SGP.22 5.8), what an LPA calls at the SM-DS.

use super::es9p::{authenticates, initiates, other_pki, stranger, with_chain};
use super::*;

const INITIATE: (&str, &str) = ("es11", "InitiateAuthentication");
const AUTHENTICATE: (&str, &str) = ("es11", "AuthenticateClient");

pub(super) const BLANKS: &[BlankLine] = &[
    ("es11", "AuthenticateClient", "8.1.2/6.3", "the check is ES9+'s: `manufacturer_expired`"),
    ("es11", "AuthenticateClient", "8.1.3/6.3", "the check is ES9+'s: `euicc_expired`"),
];

pub(super) fn cases() -> Vec<Case> {
    initiate().into_iter().chain(authenticate()).collect()
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
    let case = |code, name, run| Case::new(INITIATE, code, name, Setup::Smds, run);
    vec![
        case("Executed-Success", "its_own_address", |lab| initiates(lab, address(lab), |_| {})),
        Case::new(
            INITIATE,
            "8.9.1/3.8",
            "address_of_another_server",
            Setup::Memory("an SM-DS without SM-DP+", smds_alone),
            |lab| initiates(lab, "other.example", |_| {}),
        ),
        case("8.9.2/3.1", "euicc_signs_under_unknown_cis", |lab| {
            initiates(lab, address(lab), |info| info.euicc_ci_pk_id_list_for_signing = stranger())
        }),
        case("8.9.3/3.1", "euicc_of_version_3", |lab| {
            initiates(lab, address(lab), |info| info.svn = Version::new(3, 0, 0))
        }),
        case("8.9.4/3.7", "euicc_verifies_under_unknown_cis", |lab| {
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

fn entries(answer: &Value) -> String {
    match answer["eventEntries"].as_array() {
        Some(entries) => format!("{}, {} events", told(answer), entries.len()),
        None => told(answer),
    }
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

fn authenticate() -> Vec<Case> {
    let case = |code, name, run| Case::new(AUTHENTICATE, code, name, Setup::Smds, run);
    vec![
        case("Executed-Success, 0 events", "nothing_waits", |lab| entries(&finds(lab, &fresh(lab), ""))),
        case("Executed-Success, 2 events", "all_events_of_the_eid", |lab| {
            let euicc = fresh(lab);
            registered(lab, euicc.eid, "A");
            registered(lab, euicc.eid, "B");
            entries(&finds(lab, &euicc, ""))
        }),
        case("Executed-Success, 1 events", "the_event_named", |lab| {
            let euicc = fresh(lab);
            registered(lab, euicc.eid, "A");
            registered(lab, euicc.eid, "B");
            let found = finds(lab, &euicc, "B");
            let expected = json!([{"eventId": "B", "rspServerAddress": "smdp.example"}]);
            assert_eq!(found["eventEntries"], expected);
            entries(&found)
        }),
        case("8.9.5/3.9", "unknown_event", |lab| told(&finds(lab, &fresh(lab), "NONE"))),
        case("8.9.5/3.9", "event_of_another_eid", |lab| {
            registered(lab, fresh(lab).eid, "C");
            told(&finds(lab, &fresh(lab), "C"))
        }),
        case("8.10.1/3.9", "twice_in_one_session", |lab| {
            let offer = offered(lab);
            assert_success(&authenticates(lab, &offer, &lab.euicc, "", |_| {}));
            told(&authenticates(lab, &offer, &lab.euicc, "", |_| {}))
        }),
        case("8.10.1/3.9", "cancelled_afterwards", |lab| {
            let offer = offered(lab);
            let cancel = lab.euicc.cancel(&offer.transaction_id, CancelSessionReason::postponed, OID);
            told(&lab.es9("cancelSession", &cancel))
        }),
        case("8.1/6.1", "another_challenge_is_signed", |lab| {
            let spoil = |signed: &mut EuiccSigned1| signed.server_challenge = [0; 16].into();
            told(&authenticates(lab, &offered(lab), &lab.euicc, "", spoil))
        }),
        case("8.1.2/6.1", "manufacturer_with_a_bent_signature", |lab| {
            with_chain(lab, address(lab), |euicc| *euicc.eum.last_mut().unwrap() ^= 1)
        }),
        case("8.1.3/6.1", "euicc_with_a_bent_signature", |lab| {
            with_chain(lab, address(lab), |euicc| *euicc.issued.certificate.last_mut().unwrap() ^= 1)
        }),
        case("8.11.1/3.9", "certificates_of_an_unknown_ci", |lab| {
            with_chain(lab, address(lab), |euicc| {
                *euicc = Euicc::new(&other_pki(None), "890490321234512345123456789012");
            })
        }),
    ]
}
