//! `esim-lab lpa` without a command, as somebody at a terminal uses it.

use crate::common;

use common::{Sm, fail, run};
use rexpect::session::{PtySession, spawn_command};
use serde_json::Value;
use std::path::Path;

/// How long an answer may take, in milliseconds: the machine may be busy with the other tests.
const PATIENCE: Option<u64> = Some(60_000);

const ENTER: &str = "\r";
const UP: &str = "\x1b[A";
const ESCAPE: &str = "\x1b";

struct Terminal(PtySession);

impl Terminal {
    fn open(folder: &Path, arguments: &[&str], lang: &str) -> Self {
        let mut command = common::esim_lab();
        command.args(["lpa"]).args(arguments).current_dir(folder);
        command.env("LANG", lang).env("TERM", "xterm").env("NO_COLOR", "1");
        // No reader of this machine, whatever other tests have plugged in.
        command.env("PCSCLITE_CSOCK_NAME", folder.join("no-daemon"));
        Self(spawn_command(command, PATIENCE).expect("a terminal"))
    }

    /// Waits until this is on the screen.
    #[track_caller]
    fn sees(&mut self, text: &str) -> &mut Self {
        // The library takes each octet for a character.
        let octets: String = text.bytes().map(char::from).collect();
        if let Err(error) = self.0.exp_string(&octets) {
            panic!("{text:?} is not on the screen: {error}");
        }
        self
    }

    /// Presses keys.
    fn types(&mut self, keys: &str) -> &mut Self {
        self.0.send(keys).and_then(|_| self.0.flush()).expect("the terminal is open");
        self
    }

    /// The last entry of a menu, which is above the first.
    fn last(&mut self) -> &mut Self {
        self.types(UP).types(ENTER)
    }

    /// Waits for its end.
    fn ends(mut self) {
        self.0.exp_eof().expect("it ends");
    }
}

fn profiles(folder: &Path) -> Vec<(String, bool, String)> {
    let state = folder.join("card").display().to_string();
    let listed = common::result_of(&run(&["lpa", "--state", &state, "list", "--json"]));
    let listed = listed.as_array().expect("a list").clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let row =
        |it: Value| (text(&it["iccid"]), it["enabled"].as_bool().unwrap_or_default(), text(&it["nickname"]));
    listed.into_iter().map(row).collect()
}

/// From nothing to a profile in use: a card, a code, consent, and on. Then it is named and switched off.
#[test]
fn from_nothing_to_a_profile_in_use_by_menus() {
    let folder = tempfile::tempdir().expect("a folder");
    let sm = Sm::start(folder.path());
    let (iccid, _, code) = sm.order(&["--spn", "Menu Mobile", "--confirmation-code", "2468"]);
    let mut terminal = Terminal::open(folder.path(), &[], "C");
    terminal.sees("Which eSIM?").sees("A new software card").types(ENTER);
    terminal.sees("eSIM …").sees("Add a profile").types(ENTER);
    terminal.sees("Where does the profile come from?").types(ENTER);
    terminal.sees("Code:").types(&code).types(ENTER);
    terminal.sees("Menu Mobile").sees("Not now").types(ENTER);
    terminal.sees("confirmation code").sees("Confirmation code:").types("2468").types(ENTER);
    terminal.sees("The profile is installed.").sees("Switch it on now?").types(ENTER);
    terminal.sees("Switched on.").sees("● on").sees("Leave");
    // The profile is the first entry; what it can do first is to be switched off, then to be named.
    terminal.types(ENTER).sees("Switch off").sees("Delete").types("\x1b[B").types(ENTER);
    terminal.sees("Name:").types("Work").types(ENTER).sees("Renamed.").sees("● on   Work").sees("Leave");
    terminal.types(ENTER).sees("Switch off").sees("Delete").types(ENTER);
    terminal.sees("Switched off.").sees("○ off  Work").sees("Leave").last();
    terminal.ends();
    assert_eq!(profiles(folder.path()), [(iccid, false, "Work".into())]);
}

/// A failure is told as its owner understands it, with the code, in both languages; the menu is there again.
#[test]
fn a_failure_is_told_to_the_owner() {
    let folder = tempfile::tempdir().expect("a folder");
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let wrong = format!("LPA:1${}$NO-SUCH-CODE", sm.address);
    for (lang, why, code, leave) in [
        ("C", "Nothing waits under this code.", "Error code: 8.2.6/3.8", "Leave"),
        ("ja_JP.UTF-8", "このコードの申し込みが見つかりません。", "エラーコード: 8.2.6/3.8", "終了"),
    ] {
        let mut terminal = Terminal::open(folder.path(), &["--state", &state], lang);
        terminal.sees("eSIM …").sees(leave).types(ENTER).sees("QR").types(ENTER);
        terminal.sees("LPA:1").types(&wrong).types(ENTER);
        terminal.sees("✗").sees(why).sees(code).sees("authenticateClient").sees(leave);
        // What is no code at all is told before anybody is asked.
        terminal.types(ENTER).sees("QR").types(ENTER).sees("LPA:1").types("hello").types(ENTER);
        terminal.sees("✗").sees(leave).last();
        terminal.ends();
    }
    assert_eq!(profiles(folder.path()), []);
}

/// A profile is deleted when its last four digits are typed, and not before.
#[test]
fn deleting_wants_four_digits() {
    let folder = tempfile::tempdir().expect("a folder");
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let (iccid, _, code) = sm.order(&["--spn", "Menu Mobile"]);
    run(&["lpa", "--state", &state, "download", &code, "--yes"]);
    let mut terminal = Terminal::open(folder.path(), &["--state", &state], "C");
    let last = &iccid[iccid.len() - 4..];
    terminal.sees("Leave").types(ENTER).sees("Delete").last().sees(last).types("0000").types(ENTER);
    terminal.sees("Nothing was deleted.").sees("Menu Mobile").sees("Leave");
    terminal.types(ENTER).sees("Delete").last().sees(last).types(last).types(ENTER);
    terminal.sees("Deleted.").sees("Leave").types(ESCAPE);
    terminal.ends();
    assert_eq!(profiles(folder.path()), []);
}

/// Where nobody sits there, it says so and does not wait.
#[test]
fn without_a_terminal_it_names_the_commands() {
    let told = fail(&["lpa"]);
    assert!(told.contains("no terminal") && told.contains("lpa help"), "{told}");
}
