//! A download that is cut off goes on with the next command, and its activation code is not used up.

use crate::common;

use common::{Running, Sm, card_notifications, card_profiles, esim_lab, fail, run, text, wait_for};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

fn card(folder: &Path, name: &str) -> (String, PathBuf) {
    let state = folder.join(name).display().to_string();
    run(&["euicc", "init", "--state", &state]);
    (state, folder.join(format!("{name}.download")))
}

#[test]
fn a_server_that_cannot_be_reached_is_come_back_to() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let (state, unfinished) = card(folder.path(), "card");
    let (iccid, _, code) = sm.order(&[]);
    let nothing = fail(&["lpa", "--state", &state, "resume"]);
    assert!(nothing.contains("no download of this card was cut off"), "{nothing}");

    // Nobody listens on port 1.
    let lost = esim_lab()
        .args(["lpa", "--state", &state, "--connect", "localhost=127.0.0.1:1", "download", "--yes"])
        .args(["--tries", "1", &code])
        .output()
        .unwrap();
    assert!(!lost.status.success());
    assert!(text(&lost).contains("esim-lab lpa resume"), "{}", text(&lost));
    assert!(unfinished.exists());
    let resumed = run(&["lpa", "--state", &state, "resume", "--yes"]);
    assert!(resumed.contains("installed"), "{resumed}");
    assert!(!unfinished.exists(), "what has come to its end is removed");
    assert_eq!((card_profiles(&state), card_notifications(&state)), (vec![(iccid, false)], 0));
}

#[test]
fn a_process_that_is_killed_is_gone_on_from() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let (state, unfinished) = card(folder.path(), "card");
    let (iccid, _, code) = sm.order(&["--confirmation-code", "4711"]);
    let mut child = esim_lab()
        .args(["lpa", "--state", &state, "download", &code, "--confirmation-code", "4711"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It asks whether to install, and nobody answers: both sides are in a session.
    let mut asked = [0; 16];
    child.stderr.take().unwrap().read_exact(&mut asked).unwrap();
    drop(Running(child));
    let kept = std::fs::read_to_string(&unfinished).unwrap();
    assert!(!kept.contains("4711"), "the confirmation code is not put away: {kept}");

    // Another card, or another version of the file.
    let (other, _) = card(folder.path(), "other");
    let path = unfinished.display().to_string();
    let refused = esim_lab()
        .args(["lpa", "--state", &other, "resume", "--yes", "--resume-file", &path])
        .output()
        .unwrap();
    assert!(!refused.status.success());
    assert!(text(&refused).contains("was begun with the card"), "{}", text(&refused));
    assert!(unfinished.exists(), "its own card may still go on");
    let newer = folder.path().join("newer");
    std::fs::write(&newer, kept.replacen("\"version\":1", "\"version\":9", 1)).unwrap();
    let refused = fail(&["lpa", "--state", &state, "resume", "--resume-file", &newer.display().to_string()]);
    assert!(refused.contains("another version of this program"), "{refused}");

    // The lock on the card goes with the process that was killed.
    let again = ["lpa", "--state", &state, "download", "--yes", "--confirmation-code", "4711", &code];
    wait_for("the card", Duration::from_secs(5), || {
        esim_lab().args(again).output().unwrap().status.success().then_some(())
    });
    assert_eq!(card_profiles(&state), [(iccid, false)]);
    assert!(!unfinished.exists());
}
