//! Servers whose TLS certificate is no good: the server says so when it starts, the LPA says what is wrong and what
//! helps, and a new certificate is taken while the server runs.

use crate::common;

use common::{Running, Sm, SmHost, esim_lab, run, text, wait_for};
use esim_crypto::pki::{Issued, PkiParameters, Role, TestPki};
use esim_rsp::Eid;
use esim_sm_native::PkiFolder;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 24 * 60 * 60;
const LIMIT: Duration = Duration::from_secs(60);

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(13)
}

/// A PKI of always the same keys, with certificates good from and until then.
fn pki(not_before: u64, not_after: u64) -> TestPki {
    TestPki::generate(&PkiParameters { not_before, not_after, ..PkiParameters::default() }, &mut rng())
}

fn sound() -> TestPki {
    pki(now() - DAY, now() + 365 * DAY)
}

/// A folder for a server and a card of the sound PKI, with this certificate for TLS.
fn folder(path: PathBuf, tls: &Issued) -> String {
    let pki = sound();
    let eid = Eid::from_body("890490321234512345123456789013").unwrap();
    let euicc = pki.issue_euicc(eid.octets(), &mut rng());
    let kept = |role: &Role| matches!(role, Role::Ci | Role::Eum | Role::DpAuth | Role::DpPb);
    let mut parts: Vec<_> = pki.issued().into_iter().filter(|(role, _)| kept(role)).collect();
    parts.extend([(Role::Euicc, &euicc), (Role::DpTls, tls)]);
    PkiFolder::write(&path, "", &parts).unwrap();
    path.display().to_string()
}

/// A server with the folder, and what it has said to standard error so far.
fn serve(at: &Path, pki: &str) -> (Sm, impl Fn() -> String + use<>) {
    let log = at.join("log");
    let sm = Sm::start_logging(at, &["--pki", pki], Stdio::from(fs::File::create(&log).unwrap()));
    (sm, move || fs::read_to_string(&log).unwrap())
}

/// What the LPA says of a download.
fn told(card: &str, sm: &Sm, more: &[&str]) -> String {
    let code = format!("LPA:1${}$NONE", sm.address);
    let mut command = esim_lab();
    command.args(["lpa", "--state", card]).args(more).args(["download", "--yes", &code]);
    let output = command.output().unwrap();
    assert!(!output.status.success());
    text(&output)
}

#[test]
fn a_tls_failure_says_which_and_what_helps() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str| scratch.path().join(name);
    let parameters = sound();
    let good = folder(path("good"), &parameters.dp_tls);
    let (own, other) = (path("card").display().to_string(), path("other").display().to_string());
    run(&["euicc", "init", "--state", &own, "--pki", &good]);
    run(&["euicc", "init", "--state", &other]);
    let expired = folder(path("expired"), &pki(now() - 9 * DAY, now() - 2 * DAY).dp_tls);
    let future = folder(path("future"), &pki(now() + 2 * DAY, now() + 90 * DAY).dp_tls);
    let named = folder(path("named"), &parameters.issue_dp_tls(&["smdp.example.com"], &mut rng()));
    for (pki, card, at_start, english, japanese) in [
        (
            &expired,
            &own,
            "CERT.DP.TLS expired 2 days ago",
            "certificate has expired",
            "有効期限が切れています",
        ),
        (&future, &own, "is not valid before", "is not valid yet", "まだ有効ではありません"),
        (&named, &own, "activation codes say localhost", "for another name than", "名前が"),
        (&good, &other, "", "this card does not trust", "信頼しない認証局"),
    ] {
        let at = tempfile::tempdir().unwrap();
        let (sm, said) = serve(at.path(), pki);
        assert!(said().contains(at_start), "{pki}: {}", said());
        assert_eq!(at_start.is_empty(), said().is_empty(), "{}", said());
        let lpa = told(card, &sm, &[]);
        assert!(lpa.contains(english) && lpa.contains("trying again does not help"), "{lpa}");
        assert!(!lpa.contains("Start again"), "{lpa}");
        let lpa = told(card, &sm, &["--ja"]);
        assert!(lpa.contains(japanese) && !lpa.contains("もう一度お試しください"), "{lpa}");
    }
    let at = tempfile::tempdir().unwrap();
    let (sm, _) = serve(at.path(), &good);
    assert!(told(&own, &sm, &[]).contains("8.2.6/3.8"), "the sound one is spoken to");
}

/// SIGHUP: what is bad is logged and changes nothing, what is good is in force at once.
#[test]
#[cfg(unix)]
fn a_new_certificate_is_taken_on_sighup() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    let expired = pki(now() - 9 * DAY, now() - 2 * DAY).dp_tls;
    let served = folder(at.join("pki"), &expired);
    let card = at.join("card").display().to_string();
    run(&["euicc", "init", "--state", &card, "--pki", &served]);
    let (sm, said) = serve(at, &served);
    let SmHost::Native(Running(child)) = &sm.host else { panic!("a process") };
    let hang_up =
        || assert!(Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success());
    fs::write(at.join("pki/CERT_S_SM_DP_TLS.der"), b"half a fil").unwrap();
    hang_up();
    wait_for("a line of the log", LIMIT, || said().contains("the old ones stay in force").then_some(()));
    assert!(told(&card, &sm, &[]).contains("has expired"));
    folder(at.join("pki"), &sound().dp_tls);
    hang_up();
    wait_for("the new certificate", LIMIT, || told(&card, &sm, &[]).contains("8.2.6/3.8").then_some(()));
}
