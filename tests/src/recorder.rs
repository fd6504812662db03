//! Hears of every verification while a case runs: what [`crate::conformance`] shows beside its answer. Each thread has
//! its own.

use esim_rsp::check::{Check, Checks, Observer, Watch};
use std::cell::RefCell;
use std::rc::Rc;

/// A verification that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Standard and clause.
    pub clause: &'static str,
    /// What must hold.
    pub what: &'static str,
    /// Whether it does.
    pub passed: bool,
}

#[derive(Default)]
struct Heard {
    /// Of the function that was called last.
    now: Vec<Made>,
    /// Of those before it.
    before: Vec<Vec<Made>>,
    /// Of the one that a case says that it is about.
    kept: Option<Vec<Made>>,
    /// Whether there is a case.
    listens: bool,
}

thread_local! {
    static HEARD: RefCell<Heard> = RefCell::default();
}

struct Recorder;

impl Watch for Recorder {
    fn checks(&self) -> Checks<'_> {
        Checks::told_to(self)
    }
}

impl Observer for Recorder {
    fn check(&self, check: &Check<'_>) {
        let Check { clause, what, passed, .. } = *check;
        HEARD.with_borrow_mut(|heard| heard.now.push(Made { clause, what, passed }));
    }
}

/// Somebody else has heard of a verification.
pub fn hear(clause: &'static str, what: &'static str, passed: bool) {
    HEARD.with_borrow_mut(|heard| heard.now.push(Made { clause, what, passed }));
}

/// Whoever shall be heard is given this.
pub fn watch() -> Rc<dyn Watch> {
    Rc::new(Recorder)
}

/// A function is called: what was verified before belongs to another.
pub fn begin() {
    HEARD.with_borrow_mut(|heard| {
        let last = std::mem::take(&mut heard.now);
        heard.before.push(last);
    });
}

/// Whether something that was verified in the function that was called last does not hold.
pub fn has_failed() -> bool {
    HEARD.with_borrow(|heard| fails(&heard.now))
}

fn fails(made: &[Made]) -> bool {
    made.iter().any(|check| !check.passed)
}

/// A case begins: nothing that was verified before belongs to it.
pub fn forget() {
    HEARD.replace(Heard { listens: true, ..Heard::default() });
}

/// Whether a case runs here: what is made outside of one is measured, and nobody hears of it.
pub fn listens() -> bool {
    HEARD.with_borrow(|heard| heard.listens)
}

/// The function that was called last is the one that the case is about.
pub fn keep() {
    HEARD.with_borrow_mut(|heard| heard.kept = Some(heard.now.clone()));
}

/// What was verified in the function that the case is about: the one that it names, or the last in which something
/// failed, or the last of all.
pub fn made() -> Vec<Made> {
    HEARD.with_borrow(|heard| {
        let failed = heard.before.iter().chain([&heard.now]).rfind(|made| fails(made));
        heard.kept.as_ref().or(failed).unwrap_or(&heard.now).clone()
    })
}

/// What was verified in every function of the case that has refused nothing.
pub fn sound() -> Vec<Vec<Made>> {
    let is_sound = |made: &&Vec<Made>| !made.is_empty() && !fails(made);
    HEARD.with_borrow(|heard| heard.before.iter().chain([&heard.now]).filter(is_sound).cloned().collect())
}
