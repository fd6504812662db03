//! What waits at an SM-DS and at a default SM-DP+ is found and fetched without an activation code.

use crate::common;

use common::{Sm, card_profiles, esim_lab, fail, run, text, wait_for};
use std::time::Duration;

/// An SM that is an SM-DS besides, and a card whose root it is: state and EID.
fn start(folder: &std::path::Path) -> (Sm, String, String, String) {
    let sm = Sm::start_with(folder, &["--smds-address", "127.0.0.1:0"]);
    let port = sm.address.rsplit_once(':').expect("a port").1.to_string();
    let smds = format!("127.0.0.1:{port}");
    let state = folder.join("card").display().to_string();
    let printed = run(&["euicc", "init", "--state", &state, "--smds", &smds]);
    let eid = printed.trim().strip_prefix("EID ").expect("an EID").to_string();
    (sm, smds, state, eid)
}

#[test]
fn what_waits_at_the_sm_ds_is_listed_and_fetched_one_after_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (sm, smds, state, eid) = start(folder.path());
    let nothing = esim_lab().args(["lpa", "--state", &state, "discover"]).output().unwrap();
    assert!(!nothing.status.success());
    assert!(text(&nothing).contains("Nothing waits for this card"), "{}", text(&nothing));

    let order = || sm.order(&["--eid", &eid, "--smds", &smds]);
    let (first, second) = (order(), order());
    let listed = run(&["lpa", "--state", &state, "discover", "--list"]);
    assert!(listed.contains("2 profiles wait") && listed.contains(&first.1), "{listed}");
    assert_eq!(card_profiles(&state), [], "a look uses nothing up");

    let fetched = run(&["lpa", "--state", &state, "--json", "discover", "--yes"]);
    let fetched = common::result_of(&fetched);
    assert_eq!(fetched["ending"]["type"], "found");
    assert_eq!(fetched["smdsAddress"], smds);
    assert_eq!(fetched["downloads"].as_array().unwrap().len(), 2);
    let mut on_card: Vec<_> = card_profiles(&state).into_iter().map(|(iccid, _)| iccid).collect();
    let mut ordered = [first.0, second.0];
    on_card.sort();
    ordered.sort();
    assert_eq!(on_card, ordered);

    // What was fetched goes from the SM-DS when the SM-DP+ has told it; another SM-DS can be named.
    for more in [&[][..], &["--smds", &smds]] {
        wait_for("the SM-DS forgets", Duration::from_secs(20), || {
            let again = esim_lab().args(["lpa", "--state", &state, "discover", "--list"]).args(more).output();
            text(&again.unwrap()).contains("Nothing waits for this card").then_some(())
        });
    }
    let ja = esim_lab().args(["lpa", "--state", &state, "--ja", "discover"]).output().unwrap();
    assert!(text(&ja).contains("プロファイルはありません"), "{}", text(&ja));
}

#[test]
fn the_default_sm_dp_is_set_and_asked_without_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let (sm, _, state, eid) = start(folder.path());
    let refused = fail(&["lpa", "--state", &state, "download", "--yes"]);
    assert!(refused.contains("default-smdp ADDRESS"), "{refused}");

    let told = run(&["lpa", "--state", &state, "default-smdp", &sm.address]);
    assert_eq!(told.trim(), sm.address);
    let (iccid, _, _) = sm.order(&["--eid", &eid, "--matching-id", ""]);
    run(&["lpa", "--state", &state, "download", "--yes"]);
    assert_eq!(card_profiles(&state), [(iccid, false)]);

    let told = run(&["lpa", "--state", &state, "--json", "default-smdp"]);
    let told = common::result_of(&told);
    assert_eq!(told["defaultSmdp"], sm.address.as_str());
    assert_eq!(run(&["lpa", "--state", &state, "default-smdp", "--clear"]).trim(), "no default SM-DP+");
}

#[test]
fn a_preview_shows_what_is_offered_and_uses_nothing_up() {
    let folder = tempfile::tempdir().unwrap();
    let (sm, _, state, _) = start(folder.path());
    let (iccid, _, code) = sm.order(&["--spn", "テスト通信"]);
    let shown = run(&["lpa", "--state", &state, "preview", &code]);
    assert!(
        shown.contains("テスト通信") && shown.contains(&iccid) && shown.contains("very likely"),
        "{shown}"
    );
    let shown = run(&["lpa", "--state", &state, "--ja", "preview", &code]);
    assert!(shown.contains("空き容量") && shown.contains("通常"), "{shown}");
    let shown = common::result_of(&run(&["lpa", "--state", &state, "--json", "preview", &code]));
    assert_eq!((&shown["installable"], &shown["memory"]["fit"]), (&true.into(), &"likely".into()));
    assert_eq!(card_profiles(&state), []);
    run(&["lpa", "--state", &state, "download", "--yes", &code]);
    // It is on the card now: another try of the same code is refused by the server, not shown.
    assert!(!esim_lab().args(["lpa", "--state", &state, "preview", &code]).status().unwrap().success());
    assert_eq!(card_profiles(&state), [(iccid, false)]);
}

/// Who waits is told of what comes: asked again until there is something, and no longer than was said.
#[test]
fn an_sm_ds_is_asked_until_something_waits() {
    let folder = tempfile::tempdir().unwrap();
    let (sm, smds, state, eid) = start(folder.path());
    let discover = |seconds: &str| {
        let mut command = esim_lab();
        command.args(["lpa", "--state", &state, "discover", "--yes", "--every", "1", "--wait", seconds]);
        command
    };
    let in_vain = discover("2").output().unwrap();
    assert!(!in_vain.status.success() && text(&in_vain).contains("Nothing waits"), "{}", text(&in_vain));
    let waiting = discover("60").stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1_500));
    let (iccid, ..) = sm.order(&["--eid", &eid, "--smds", &smds]);
    let output = waiting.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(card_profiles(&state), [(iccid, false)]);
}
