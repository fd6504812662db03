//! What must hold of an element, each time with the status that says on the wire that it does not.

use alloc::string::{String, ToString};

use esim_rsp::check::Rule;

use crate::error::Status;

/// A requirement of the standard. It is written beside the code that decides, and nowhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    pub rule: Rule,
    pub status: Status,
    /// Whether an element that breaks it may be left out, unless it is mandated.
    pub may_be_left_out: bool,
}

impl Requirement {
    /// Of values that must fit one another: `bad-values`.
    pub const fn values(clause: &'static str, what: &'static str) -> Self {
        Self::of(Status::BadValues, clause, what)
    }

    /// Of anything else without which there is no profile.
    pub const fn of(status: Status, clause: &'static str, what: &'static str) -> Self {
        Self { rule: Rule::new(clause, what), status, may_be_left_out: false }
    }

    /// Of the eUICC, which need not have all that a package brings.
    pub const fn support(status: Status, clause: &'static str, what: &'static str) -> Self {
        Self { rule: Rule::new(clause, what), status, may_be_left_out: true }
    }

    /// It does not hold, and why.
    pub fn refuse<T>(&self, reason: impl ToString) -> Outcome<T> {
        Err(Fail { requirement: *self, reason: reason.to_string() })
    }
}

/// Why an element fails, before it is known which one it is.
#[derive(Debug)]
pub(super) struct Fail {
    pub requirement: Requirement,
    pub reason: String,
}

pub(super) type Outcome<T> = Result<T, Fail>;
