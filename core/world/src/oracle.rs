//! What a step of a scenario comes to, and what was expected of it. Both are a verdict, compared as such, and words
//! besides: "not installed" is never "installed".

use crate::radio::{Attempt, Outcome};
use crate::words::Words;
use esim_net::ServiceState;
use serde::Deserialize;

/// What a step comes to, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The SM has taken the order.
    Ordered,
    /// It has not.
    NotOrdered,
    /// The card has the profile, enabled where the step says so.
    Installed,
    /// It has not.
    NotInstalled,
    /// The LPA has done it.
    Done,
    /// It has not.
    NotDone,
    /// So many notifications were delivered, and so many kept.
    Delivered,
    /// How the device stands with the network.
    Service(ServiceState),
    /// What became of an attempt over the radio.
    Radio(Outcome),
}

/// How an expectation begins, the longer of two beginnings first.
const BEGINNINGS: &[(&str, Verdict)] = &[
    ("not ordered", Verdict::NotOrdered),
    ("ordered", Verdict::Ordered),
    ("not installed", Verdict::NotInstalled),
    ("installed", Verdict::Installed),
    ("not done", Verdict::NotDone),
    ("nothing to fall back to", Verdict::NotDone),
    ("no USIM", Verdict::Service(ServiceState::NoUsim)),
    ("no service", Verdict::Service(ServiceState::NoService)),
    ("limited service", Verdict::Service(ServiceState::Limited)),
    ("in service", Verdict::Service(ServiceState::InService)),
    ("off", Verdict::Service(ServiceState::Off)),
    ("granted", Verdict::Radio(Outcome::Granted)),
    ("refused", Verdict::Radio(Outcome::Refused)),
    ("failed", Verdict::Radio(Outcome::Failed)),
    ("deleted", Verdict::Done),
    ("typed", Verdict::Done),
    ("taken", Verdict::Done),
    ("changed", Verdict::Done),
    ("set", Verdict::Done),
    ("device", Verdict::Done),
];

/// What a step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// In a word.
    pub verdict: Verdict,
    /// For a person.
    pub words: Words,
}

impl Came {
    /// Of its parts.
    pub fn new(verdict: Verdict, en: impl Into<String>, ja: impl Into<String>) -> Self {
        Self { verdict, words: Words::new(en, ja) }
    }
}

impl From<&Attempt> for Came {
    fn from(attempt: &Attempt) -> Self {
        Self { verdict: Verdict::Radio(attempt.outcome), words: attempt.words() }
    }
}

/// What a step must come to: how the outcome begins, and what stands in it behind that, `in service: esim-lab op`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Expectation {
    verdict: Verdict,
    text: String,
    /// What must stand in the outcome, in whole words.
    detail: String,
}

impl TryFrom<String> for Expectation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let counted = text.trim_start_matches(|c: char| c.is_ascii_digit());
        if counted.len() < text.len() && starts(counted, " delivered") {
            return Ok(Self { verdict: Verdict::Delivered, detail: text.clone(), text });
        }
        let found = BEGINNINGS.iter().find(|(beginning, _)| starts(&text, beginning));
        let Some((beginning, verdict)) = found else {
            let all: Vec<_> = BEGINNINGS.iter().map(|(beginning, _)| *beginning).collect();
            return Err(format!(
                "{text:?} begins with no outcome; there are {}, and \"3 delivered\"",
                all.join(", ")
            ));
        };
        let rest = text[beginning.len()..].trim_start_matches([':', ',', ';', ' ']);
        let detail = if rest.is_empty() { *beginning } else { rest }.to_string();
        Ok(Self { verdict: *verdict, detail, text })
    }
}

impl core::fmt::Display for Expectation {
    /// As it was written.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Expectation {
    /// Whether it came to that.
    pub fn is_met_by(&self, came: &Came) -> bool {
        self.verdict == came.verdict && stands_in(&self.detail, &came.words.en)
    }
}

/// Whether a text begins with these words, whole.
fn starts(text: &str, words: &str) -> bool {
    text.strip_prefix(words).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Whether these words stand in a text, whole: `3 bars` does not in `13 bars`, nor `#1` in `#18`.
fn stands_in(words: &str, text: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let inside = before.is_some_and(char::is_alphanumeric) && words.starts_with(char::is_alphanumeric);
        !inside && starts(&text[at..], words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expectation(text: &str) -> Expectation {
        Expectation::try_from(text.to_string()).unwrap()
    }

    fn met(text: &str, verdict: Verdict, came: &str) -> bool {
        expectation(text).is_met_by(&Came::new(verdict, came, ""))
    }

    #[test]
    fn a_verdict_is_met_by_itself_alone() {
        assert!(met("installed", Verdict::Installed, "installed"));
        assert!(!met("installed", Verdict::NotInstalled, "not installed: Lost"));
        assert!(met("not installed", Verdict::NotInstalled, "not installed: Lost"));
        assert!(!met("installed, enabled", Verdict::NotDone, "installed; not enabled: catBusy"));
        assert!(!met("ordered", Verdict::NotOrdered, "not ordered: 8.2.1/3.3"));
        let off = Verdict::Service(ServiceState::Off);
        assert!(met("off", off, "off") && !met("in service", off, "off"));
    }

    #[test]
    fn the_rest_stands_there_in_whole_words() {
        let service = Verdict::Service(ServiceState::InService);
        assert!(met(
            "in service: esim-lab op, 3 bars",
            service,
            "in service: esim-lab op, 3 bars, packets only"
        ));
        assert!(!met("in service: 3 bars", service, "in service: esim-lab op, 13 bars"));
        assert!(!met("in service: esim-lab op", service, "in service: esim-lab operator, 3 bars"));
        let refused = Verdict::Radio(Outcome::Refused);
        assert!(!met("refused by MME: EMM cause #1", refused, "refused by MME: EMM cause #18 CS domain"));
        assert!(!met("0 delivered", Verdict::Delivered, "10 delivered, 0 kept"));
        assert!(met("2 delivered, 0 kept", Verdict::Delivered, "2 delivered, 0 kept"));
    }

    #[test]
    fn what_no_step_can_come_to_is_said() {
        for text in ["packets only", "", "delivered", "installedx"] {
            let error = Expectation::try_from(text.to_string()).unwrap_err();
            assert!(error.contains("not installed"), "{error}");
        }
    }
}
