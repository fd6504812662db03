//! Notifications on the command line: those of one operation, put away, delivered later, dropped.

use crate::common;

use common::{Sm, card_notifications, card_profiles, esim_lab, fail, run, text};

#[test]
fn notifications_are_delivered_by_operation_put_away_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let lpa = |arguments: &[&str]| run(&[&["lpa", "--state", &state], arguments].concat());
    let (iccid, _, code) = sm.order(&[]);
    lpa(&["download", "--yes", &code]);
    lpa(&["enable", &iccid]);
    assert_eq!(card_notifications(&state), 1);

    // What waited stays; what this operation has made goes.
    let told = lpa(&["disable", "--notify", "--no-refresh", &iccid]);
    assert!(told.contains("1 delivered"), "{told}");
    assert_eq!(card_notifications(&state), 1);

    // Put away, and delivered from there; the card keeps its own.
    let file = folder.path().join("notifications.json").display().to_string();
    assert!(lpa(&["notifications", "--save", &file]).contains("1 saved"));
    assert!(fail(&["lpa", "--state", &state, "notifications", "--save", &file]).contains("there already"));
    let sent = common::result_of(&lpa(&["--json", "notifications", "--from", &file]));
    assert_eq!(sent["sent"].as_array().unwrap().len(), 1, "{sent}");
    assert_eq!(card_notifications(&state), 1);
    let not_any = folder.path().join("not").display().to_string();
    std::fs::write(&not_any, "{}").unwrap();
    assert!(fail(&["lpa", "--state", &state, "notifications", "--from", &not_any]).contains("were saved"));

    // Dropping warns, and wants the number typed.
    let waiting = common::result_of(&lpa(&["--json", "notifications", "--list"]));
    let number = waiting[0]["sequenceNumber"].to_string();
    let refused = fail(&["lpa", "--state", &state, "notifications", "--drop", &number]);
    assert!(refused.contains("never hears") && refused.contains("--yes"), "{refused}");
    assert_eq!(card_notifications(&state), 1);
    assert!(
        fail(&["lpa", "--state", &state, "notifications", "--drop", "77"]).contains("no notification 77")
    );
    lpa(&["notifications", "--drop", &number, "--yes"]);
    assert_eq!(card_notifications(&state), 0);

    // An AID does as well as an ICCID.
    let listed = common::result_of(&lpa(&["--json", "list"]));
    let aid = listed[0]["isdpAid"].as_str().unwrap().to_uppercase();
    lpa(&["enable", &aid]);
    assert_eq!(card_profiles(&state), [(iccid, true)]);
}

#[test]
fn an_order_is_cancelled_with_the_reason_that_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let (iccid, _, code) = sm.order(&[]);
    let cancel = |reason: &str| {
        let told = run(&["lpa", "--state", &state, "--json", "cancel", "--reason", reason, &code]);
        common::result_of(&told)["cancelled"]["reason"]["name"].as_str().unwrap().to_string()
    };
    // The order waits.
    assert_eq!(cancel("postponed"), "postponed");
    assert_eq!(cancel("timeout"), "timeout");
    run(&["lpa", "--state", &state, "download", "--yes", &code]);
    assert_eq!(card_profiles(&state), [(iccid.clone(), false)]);
    // Another one is over.
    let (_, _, code) = sm.order(&[]);
    run(&["lpa", "--state", &state, "cancel", &code]);
    let over = esim_lab().args(["lpa", "--state", &state, "download", "--yes", &code]).output().unwrap();
    assert!(!over.status.success() && text(&over).contains("8.2.6"), "{}", text(&over));
    assert_eq!(card_profiles(&state), [(iccid, false)]);
}
