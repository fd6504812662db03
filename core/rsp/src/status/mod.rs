//! Every code of the standard, with its name, cause and remedy, in one place
//! (SGP.22 5.2.6; 5.3, 5.6 for the pairs).

mod code;
mod names;

pub use code::{Code, Pair};
pub use names::{clause_of, coded_fields, name_of_code};

use alloc::format;
use alloc::string::{String, ToString};

/// A function that is answered with `Failed`: a code of the specification, for the wire.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", self.message())]
pub struct Refusal {
    /// Subject and reason.
    pub code: Code,
    /// The thing that the code is about: an ICCID, a matchingId.
    pub identifier: Option<String>,
    /// What happened just now, where the table's cause is too general.
    pub detail: Option<String>,
}

impl Refusal {
    /// A refusal with a code.
    pub fn of(code: Code) -> Self {
        Self { code, identifier: None, detail: None }
    }

    /// Names the thing it is about.
    pub fn about(mut self, identifier: impl ToString) -> Self {
        self.identifier = Some(identifier.to_string());
        self
    }

    /// Says what happened.
    pub fn because(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }

    /// Cause and remedy as a sentence.
    pub fn message(&self) -> String {
        let cause = self.detail.as_deref().unwrap_or(self.code.cause());
        format!("{cause}. {}", self.code.remedy())
    }
}
