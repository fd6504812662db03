//! The table of status codes, held against the subject and reason codes of SGP.22 5.2.6. Run in a browser,
//! too (`wasm/tests/cases.rs`).

use esim_rsp::Code;
use esim_rsp::status::Pair;
use std::collections::BTreeSet;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SUBJECTS: &[(&str, &str)] = &[
    ("1.1", "Function Requester"),
    ("1.2", "Function Provider"),
    ("1.6", "Function"),
    ("8", "RSP"),
    ("8.1", "eUICC"),
    ("8.1.1", "EID"),
    ("8.1.2", "EUM Certificate"),
    ("8.1.3", "eUICC Certificate"),
    ("8.2", "Profile"),
    ("8.2.1", "ICCID"),
    ("8.2.5", "Profile Type"),
    ("8.2.6", "MatchingID"),
    ("8.2.7", "Confirmation Code"),
    ("8.2.8", "PPR"),
    ("8.2.9", "Profile Metadata"),
    ("8.2.10", "BPP"),
    ("8.8", "SM-DP+"),
    ("8.8.1", "SM-DP+ Address"),
    ("8.8.2", "Security configuration"),
    ("8.8.3", "SVN"),
    ("8.8.4", "SM-DP+ Certificate"),
    ("8.8.5", "Download order"),
    ("8.9", "SM-DS"),
    ("8.9.1", "SM-DS Address"),
    ("8.9.2", "Security configuration"),
    ("8.9.3", "SVN"),
    ("8.9.4", "SM-DS Certificate"),
    ("8.9.5", "Event Record"),
    ("8.10.1", "TransactionId"),
    ("8.11.1", "CI Public Key"),
];

const REASONS: &[(&str, &str)] = &[
    ("1.1", "Unknown"),
    ("1.2", "Not allowed"),
    ("2.1", "Invalid"),
    ("2.2", "Mandatory element missing"),
    ("3.1", "Unsupported"),
    ("3.3", "Already in use"),
    ("3.5", "Invalid transition"),
    ("3.7", "Unavailable"),
    ("3.8", "Refused"),
    ("3.9", "Unknown"),
    ("3.10", "Invalid association"),
    ("3.11", "Value has changed"),
    ("4.2", "Execution error"),
    ("4.3", "Stopped on warning"),
    ("4.8", "Insufficient memory"),
    ("4.10", "Time to live expired"),
    ("5.1", "Inaccessible"),
    ("6.1", "Verification failed"),
    ("6.3", "Expired"),
    ("6.4", "Maximum exceeded"),
];

fn name_of(table: &[(&str, &'static str)], code: &str) -> &'static str {
    let row = table.iter().find(|(known, _)| *known == code);
    row.unwrap_or_else(|| panic!("no code {code}")).1
}

#[test]
fn codes_have_the_names_of_their_parts() {
    for code in Code::ALL {
        let name = format!("{} · {}", name_of(SUBJECTS, code.subject()), name_of(REASONS, code.reason()));
        assert_eq!(code.name(), name, "{code}");
    }
}

#[test]
fn each_code_is_one_pair_and_can_be_explained() {
    let mut pairs = BTreeSet::new();
    for code in Code::ALL.iter().copied() {
        assert!(pairs.insert((code.subject(), code.reason())), "{code} is there twice");
        assert_eq!(Code::of(code.subject(), code.reason()), Some(code));
        assert!(["5.", "6.5."].iter().any(|part| code.clause().starts_with(part)), "{code}");
        assert!(!code.cause().is_empty() && !code.cause().ends_with('.'), "{code}");
        assert!(code.remedy().ends_with('.'), "{code}");
    }
}

#[test]
fn what_others_give_is_shown_as_it_came() {
    let pair = |subject: &str, reason: &str| Pair::new(subject.into(), reason.into());
    assert_eq!(pair("8.2.6", "3.8"), Pair::Known(Code::MatchingIdRefused));
    assert_eq!(pair("8.2.6", "9.9").to_string(), "8.2.6/9.9");
}
