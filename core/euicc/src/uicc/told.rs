//! Verifications of the command under way, where somebody hears of them: a UICC lasts longer than its environment.

use alloc::vec::Vec;
use core::cell::RefCell;
use esim_rsp::check::{Checks, Verdict};

use crate::apdu::Status;
pub(super) use esim_rsp::check::Rule;

/// A rule, the octets judged, and whether it holds.
type Made = (Rule, Vec<u8>, bool);

/// What was verified; nothing is kept where nobody hears of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    is_heard: bool,
    made: RefCell<Vec<Made>>,
}

impl Told {
    /// A command begins.
    pub fn begin(&mut self, checks: Checks<'_>) {
        self.is_heard = checks.is_observed();
    }

    /// Whether a rule holds for `input`: the verdict comes back as it was given.
    #[inline]
    pub fn that<V: Verdict, I: AsRef<[u8]>>(&self, rule: &Rule, input: impl FnOnce() -> I, verdict: V) -> V {
        if self.is_heard {
            self.keep(rule, input().as_ref(), verdict.passed());
        }
        verdict
    }

    /// A rule without which a command ends with a status word.
    #[inline]
    pub fn must<I: AsRef<[u8]>>(
        &self,
        rule: &Rule,
        input: impl FnOnce() -> I,
        holds: bool,
        otherwise: Status,
    ) -> Result<(), Status> {
        if self.that(rule, input, holds) { Ok(()) } else { Err(otherwise) }
    }

    #[cold]
    fn keep(&self, rule: &Rule, input: &[u8], passed: bool) {
        self.made.borrow_mut().push((*rule, input.to_vec(), passed));
    }

    /// The command is over: its verifications in their order.
    pub fn end(&mut self, checks: Checks<'_>) {
        self.is_heard = false;
        for (rule, input, passed) in self.made.take() {
            checks.that(&rule, || &input, passed);
        }
    }
}
