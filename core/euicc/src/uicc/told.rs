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
pub(super) struct Told(RefCell<Option<Vec<Made>>>);

impl Told {
    /// A command begins.
    pub fn begin(&mut self, checks: Checks<'_>) {
        *self.0.get_mut() = checks.is_observed().then(Vec::new);
    }

    /// Whether a rule holds for `input`: the verdict comes back as it was given.
    pub fn that<V: Verdict, I: AsRef<[u8]>>(&self, rule: &Rule, input: impl FnOnce() -> I, verdict: V) -> V {
        if let Some(told) = &mut *self.0.borrow_mut() {
            told.push((*rule, input().as_ref().to_vec(), verdict.passed()));
        }
        verdict
    }

    /// A rule without which a command ends with a status word.
    pub fn must<I: AsRef<[u8]>>(
        &self,
        rule: &Rule,
        input: impl FnOnce() -> I,
        holds: bool,
        otherwise: Status,
    ) -> Result<(), Status> {
        if self.that(rule, input, holds) { Ok(()) } else { Err(otherwise) }
    }

    /// The command is over: its verifications in their order.
    pub fn end(&mut self, checks: Checks<'_>) {
        for (rule, input, passed) in self.0.take().into_iter().flatten() {
            checks.that(&rule, || &input, passed);
        }
    }
}
