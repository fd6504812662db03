//! What users have put away is read by every version after, or refused with a sentence.

use esim_lpa::resume::{Kept, KeptError, Resumable};
use esim_lpa::{DownloadParams, Effect, Event, Lang, Machine};

/// As version 1 of the form was first written: a download that had not given the card the package yet.
const BEFORE: &str = r#"{"version":1,"eid":"89049032694593563141868403317327","params":{"smdpAddress":
    "localhost:46799","matchingId":"3PRP-RVUGG","smdpOid":null,"confirmationCode":null,"device":{"tac":"35290611",
    "imei":null,"releases":{"gsm":15,"utran":15,"eutran":15,"nrEpc":15,"nr5gc":15,"eutran5gc":15}},"autoConsent":true,
    "notify":true},"agreed":null,"at":{"type":"before"}}"#;

/// And one whose package the card was being given.
const LOADING: &str = r#"{"version":1,"eid":null,"params":{"smdpAddress":"smdp.example"},"agreed":null,
    "at":{"type":"loading","transaction":"ABABABABABABABABABABABABABABABAB","profile":null}}"#;

fn params() -> DownloadParams {
    DownloadParams::new(&"LPA:1$localhost:46799$3PRP-RVUGG".parse().unwrap())
}

#[test]
fn the_first_form_is_read() {
    let kept = Kept::read(BEFORE.as_bytes()).unwrap();
    assert!(kept.is_of(&params()) && !kept.is_of(&DownloadParams::at("localhost:46799")));
    assert_eq!(kept.eid.unwrap().to_string(), "89049032694593563141868403317327");
    let mut again = kept.resume(None, false);
    assert!(!again.params().auto_consent, "who goes on says anew whether to ask");
    let Effect::Card(first) = again.step(Event::Start) else { panic!("the card is asked first") };
    assert_eq!(first.function, "GetEID");

    let mut loading = Kept::read(LOADING.as_bytes()).unwrap().resume(None, false);
    loading.step(Event::Start);
    let Effect::Card(next) = loading.step(Event::CardStatus(0x6A88)) else { panic!("the card is asked") };
    assert_eq!(next.function, "RetrieveNotificationsList", "it may have the profile");
}

#[test]
fn another_form_is_refused_in_both_languages() {
    let newer = BEFORE.replacen("\"version\":1", "\"version\":2", 1);
    assert_eq!(Kept::read(newer.as_bytes()), Err(KeptError::Version(2)));
    let damaged = Kept::read(&BEFORE.as_bytes()[..80]).unwrap_err();
    assert!(matches!(damaged, KeptError::Damaged(_)));
    for (error, lang) in [(&KeptError::Version(2), Lang::En), (&damaged, Lang::Ja)] {
        assert!(!error.text(lang).is_empty());
    }
    assert!(damaged.text(Lang::En).contains("Start again with the same activation code"));
}

#[test]
fn the_code_and_the_package_stay_out_of_it() {
    let download = Resumable::new(params().with_confirmation_code("4711"));
    let octets = download.kept().unwrap().to_octets();
    assert!(!String::from_utf8(octets).unwrap().contains("4711"));
}
