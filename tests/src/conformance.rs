//! `docs/CONFORMANCE.md`: what answers what, each line with the case that
//! shows it. A test hands [`hold`] the rows of one section; the rows' cases
//! run, and the section in the document must be the one that comes out.

use super::recorder::{self, Made};
use std::borrow::Cow;
use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Set to write the sections anew in place of comparing them.
pub const WRITE: &str = "ESIM_LAB_WRITE_CONFORMANCE";

/// One line of a section.
pub struct Row {
    /// Function, command or element, as the standard names it.
    pub function: Cow<'static, str>,
    /// Result code or status word, as [`Cover::Case`] returns it: `invalidSignature (2)`, `6A82`.
    pub code: Cow<'static, str>,
    /// What shows it.
    pub cover: Cover,
    /// What is to be known of the case.
    pub note: Option<String>,
    /// Where the case is written down, seen from `docs/`.
    pub link: Option<String>,
}

impl Row {
    /// The same with a remark behind the case's name.
    pub fn noted(self, note: String) -> Self {
        Self { note: Some(note), ..self }
    }

    /// The same with the case's name leading somewhere.
    pub fn linked(self, link: String) -> Self {
        Self { link: Some(link), ..self }
    }
}

/// What shows that an answer can be had.
pub enum Cover {
    /// A case by name: provokes the answer and returns it as it came.
    Case(&'static str, Box<dyn Fn() -> String>),
    /// Nothing, and why: the code is of another version, or no input leads to it.
    Blank(Cow<'static, str>),
}

/// A row with a case.
pub fn case(
    function: impl Into<Cow<'static, str>>,
    code: impl Into<Cow<'static, str>>,
    name: &'static str,
    run: impl Fn() -> String + 'static,
) -> Row {
    let cover = Cover::Case(name, Box::new(run));
    Row { function: function.into(), code: code.into(), cover, note: None, link: None }
}

/// A row without a case.
pub fn blank(
    function: impl Into<Cow<'static, str>>,
    code: impl Into<Cow<'static, str>>,
    why: impl Into<Cow<'static, str>>,
) -> Row {
    let cover = Cover::Blank(why.into());
    Row { function: function.into(), code: code.into(), cover, note: None, link: None }
}

/// Runs every case and compares the section called `marker` of the document with what they showed.
///
/// # Panics
/// Naming every case whose answer is another one, or a section that is not up to date.
pub fn hold(marker: &str, rows: &[Row]) {
    run(rows);
    compare(marker, &table(rows, None));
}

/// The same where every verification is heard of: the document names the one that has refused. Those before it have
/// passed, and none came after it.
///
/// # Panics
/// As [`hold`], and naming every case in which something was verified after the refusal, or in another order than where
/// the same function succeeds.
pub fn hold_with_checks(marker: &str, rows: &[Row]) {
    let seen = run(rows);
    let sound: Vec<_> = seen.iter().flat_map(|seen| &seen.sound).map(|made| names(made)).collect();
    let mut wrong = String::new();
    for (row, seen) in rows.iter().zip(&seen) {
        // What succeeds is shown by its answer alone.
        // What an operator is told of is verified in another function, whose successes are in another section.
        if !shows_a_failure(&row.code) || row.function == "HandleDownloadProgressInfo" {
            continue;
        }
        let in_order =
            ends_with_its_failure(&seen.made).and_then(|()| has_the_order_of_one(&seen.made, &sound));
        if let Err(why) = in_order {
            let _ = writeln!(wrong, "{}, {}: {why}", row.function, row.code);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    compare(marker, &table(rows, Some(&seen)));
}

/// Nothing is verified after what has failed.
fn ends_with_its_failure(made: &[Made]) -> Result<(), String> {
    match made.iter().position(|check| !check.passed) {
        Some(at) if at + 1 < made.len() => {
            Err(format!("\u{201c}{}\u{201d} has failed, and more was verified", made[at].what))
        }
        _ => Ok(()),
    }
}

/// What has passed before a failure passes in the same order where a function succeeds.
fn has_the_order_of_one(made: &[Made], sound: &[Vec<&'static str>]) -> Result<(), String> {
    let Some((Made { passed: false, what, .. }, before)) = made.split_last() else { return Ok(()) };
    let before = names(before);
    if before.is_empty() || sound.iter().any(|names| names.starts_with(&before)) {
        return Ok(());
    }
    Err(format!("\u{201c}{what}\u{201d} has failed after {before:?}, which no success begins with"))
}

/// Each verification once, where it is made first.
fn names(made: &[Made]) -> Vec<&'static str> {
    let mut names = Vec::new();
    for check in made {
        if !names.contains(&check.what) {
            names.push(check.what);
        }
    }
    names
}

/// What a case has verified.
struct Seen {
    /// In the function that it is about.
    made: Vec<Made>,
    /// In every function that has refused nothing.
    sound: Vec<Vec<Made>>,
}

/// Runs every case.
fn run(rows: &[Row]) -> Vec<Seen> {
    let (mut wrong, mut all) = (String::new(), Vec::new());
    for Row { function, code, cover, .. } in rows {
        recorder::forget();
        if let Cover::Case(name, run) = cover {
            let seen = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| "a panic".to_string());
            if seen != *code {
                let _ = writeln!(wrong, "{function}, case {name}: {seen} and not {code}");
            }
        }
        all.push(Seen { made: recorder::made(), sound: recorder::sound() });
    }
    assert!(wrong.is_empty(), "{wrong}");
    all
}

fn compare(marker: &str, table: &str) {
    // Sections are written by one test at a time, in whatever process.
    let file = std::fs::File::open(path()).expect("docs/CONFORMANCE.md");
    let writes = std::env::var_os(WRITE).is_some();
    if writes {
        file.lock().expect("a lock");
    }
    let document = std::fs::read_to_string(path()).expect("docs/CONFORMANCE.md");
    let (begin, end) = (format!("<!-- {marker} -->\n"), format!("<!-- end of {marker} -->\n"));
    let place = document.find(&begin).zip(document.find(&end));
    let (from, to) = place.unwrap_or_else(|| panic!("docs/CONFORMANCE.md has no section {marker}"));
    let (head, rest) = document.split_at(from + begin.len());
    let (old, tail) = rest.split_at(to - from - begin.len());
    if writes {
        std::fs::write(path(), format!("{head}{table}{tail}")).expect("the document can be written");
    } else {
        assert!(old == table, "section {marker} is not up to date: run its test once more with {WRITE}=1");
    }
}

/// Runs every case; how many there were.
///
/// # Panics
/// Naming every case whose answer is another one.
pub fn show(rows: &[Row]) -> usize {
    run(rows);
    rows.iter().filter(|row| matches!(row.cover, Cover::Case(..))).count()
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CONFORMANCE.md")
}

fn table(rows: &[Row], seen: Option<&[Seen]>) -> String {
    let covered = rows.iter().filter(|row| matches!(row.cover, Cover::Case(..))).count();
    let mut text = format!("{covered} of {} answers are shown by a case.\n\n", rows.len());
    text.push_str(match seen {
        Some(_) => "| | answer | check | case |\n|---|---|---|---|\n",
        None => "| | answer | case |\n|---|---|---|\n",
    });
    let mut before = "";
    for (i, Row { function, code, cover, note, link }) in rows.iter().enumerate() {
        let name = if *function == before { "" } else { function };
        before = function;
        let shown = match cover {
            Cover::Case(name, _) => match link {
                Some(link) => format!("[`{name}`]({link})"),
                None => format!("`{name}`"),
            },
            Cover::Blank(why) => format!("none: {why}"),
        };
        let check = seen.map(|seen| match cover {
            Cover::Case(..) => format!("{} | ", refused_by(function, code, &seen[i].made)),
            Cover::Blank(_) => " | ".to_string(),
        });
        let note = note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        let _ = writeln!(text, "| {name} | {code} | {}{shown}{note} |", check.unwrap_or_default());
    }
    text
}

/// What has refused: a verification by its name, or else why there was nothing to verify.
fn refused_by(function: &str, code: &str, made: &[Made]) -> String {
    let failed = made.iter().find(|check| !check.passed);
    if let Some(failed) = failed.filter(|_| shows_a_failure(code)) {
        return failed.what.to_string();
    }
    let why = match (function, code) {
        _ if !is_refusal(code) => "",
        (_, "6581") => "the memory takes no writes",
        (_, "6881") => "none: the channel is not open",
        _ if code.starts_with("63C") => "none: it was asked for",
        (_, "notSupported (1)") => "there is no such function",
        ("HandleDownloadProgressInfo", _) => "none: the eUICC says so",
        _ => "decoding",
    };
    why.to_string()
}

/// Whether what failed is shown: a refusal, or a notification, which is answered alike whatever becomes of it.
fn shows_a_failure(code: &str) -> bool {
    is_refusal(code) || code.starts_with("HTTP 204")
}

/// Whether an answer says no: a code of the standard, a status word, or an ending of the LPA's other than `Installed`, a device out of
/// service. A status word `62xx` warns, and `DC` in the answer to AUTHENTICATE refuses the network.
fn is_refusal(code: &str) -> bool {
    match code.split_once(' ') {
        _ if code.starts_with("ok") || code.contains("Success") || code.starts_with("HTTP 2") => false,
        _ if code.contains('/') || code.starts_with("HTTP 4") => true,
        _ if code.starts_with("Misbehaved") || code.starts_with("Policy") => true,
        _ if code.starts_with("limited") || code.starts_with("DC ") => true,
        _ if code.len() == 4 => {
            code.starts_with('6') && !matches!(&code[..2], "61" | "62") || code.starts_with("986")
        }
        Some((_, rest)) => rest.contains('('),
        None => false,
    }
}
