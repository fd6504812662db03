//! `docs/CONFORMANCE.md`: what answers what, each line with the case that
//! shows it. A test hands [`hold`] the rows of one section; the rows' cases
//! run, and the section in the document must be the one that comes out.

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
    show(rows);
    let document = std::fs::read_to_string(path()).expect("docs/CONFORMANCE.md");
    let (begin, end) = (format!("<!-- {marker} -->\n"), format!("<!-- end of {marker} -->\n"));
    let place = document.find(&begin).zip(document.find(&end));
    let (from, to) = place.unwrap_or_else(|| panic!("docs/CONFORMANCE.md has no section {marker}"));
    let (head, rest) = document.split_at(from + begin.len());
    let (old, tail) = rest.split_at(to - from - begin.len());
    let table = table(rows);
    if std::env::var_os(WRITE).is_some() {
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
    let (mut wrong, mut shown) = (String::new(), 0);
    for Row { function, code, cover, .. } in rows {
        if let Cover::Case(name, run) = cover {
            shown += 1;
            let seen = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| "a panic".to_string());
            if seen != *code {
                let _ = writeln!(wrong, "{function}, case {name}: {seen} and not {code}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    shown
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/CONFORMANCE.md")
}

fn table(rows: &[Row]) -> String {
    let covered = rows.iter().filter(|row| matches!(row.cover, Cover::Case(..))).count();
    let mut text = format!("{covered} of {} answers are shown by a case.\n\n", rows.len());
    text.push_str("| | answer | case |\n|---|---|---|\n");
    let mut before = "";
    for Row { function, code, cover, note, link } in rows {
        let name = if *function == before { "" } else { function };
        before = function;
        let shown = match cover {
            Cover::Case(name, _) => match link {
                Some(link) => format!("[`{name}`]({link})"),
                None => format!("`{name}`"),
            },
            Cover::Blank(why) => format!("none: {why}"),
        };
        let note = note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        let _ = writeln!(text, "| {name} | {code} | {shown}{note} |");
    }
    text
}
