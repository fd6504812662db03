//! What is expected of a step of a scenario: a verdict, compared as such, and more besides: "not installed" is never
//! "installed".

use crate::done::{Done, Verdict};
use crate::radio::Outcome;
use esim_net::ServiceState;
use esim_rsp::trace::Party;
use serde::Deserialize;

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
    ("listed", Verdict::Done),
    ("the order is", Verdict::Done),
    ("deleted", Verdict::Done),
    ("typed", Verdict::Done),
    ("taken", Verdict::Done),
    ("changed", Verdict::Done),
    ("set", Verdict::Done),
    ("device", Verdict::Done),
    ("stopped", Verdict::Stopped),
    ("armed", Verdict::Done),
    ("mended", Verdict::Done),
];

/// What a step must come to. As a text it is how the outcome begins and what stands in it behind that, `in service:
/// esim-lab op`; as a table it says so by field: `{ kind = "refused", by = "mme", cause = "EMM cause #18" }`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Expectation {
    verdict: Verdict,
    /// As it is shown.
    shown: String,
    by: Option<Party>,
    /// Element and number, `EMM cause #18`.
    cause: Option<String>,
    /// Subject and reason, `8.2.1/3.3`.
    code: Option<String>,
    /// What must stand in the outcome, in whole words.
    text: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "an outcome in words, or a table with kind and perhaps by, cause, code, text")]
enum Written {
    Words(String),
    Table(Fields),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    kind: String,
    by: Option<Party>,
    cause: Option<String>,
    code: Option<String>,
    text: Option<String>,
}

impl TryFrom<Written> for Expectation {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Words(words) => Self::of_words(&words),
            Written::Table(fields) => Self::of_fields(fields),
        }
    }
}

impl core::fmt::Display for Expectation {
    /// As it was written.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.shown)
    }
}

impl Expectation {
    fn of_words(text: &str) -> Result<Self, String> {
        let with = |verdict, detail: &str| Self {
            verdict,
            shown: text.into(),
            by: None,
            cause: None,
            code: None,
            text: Some(detail.into()),
        };
        let counted = text.trim_start_matches(|c: char| c.is_ascii_digit());
        if counted.len() < text.len() && starts(counted, " delivered") {
            return Ok(with(Verdict::Delivered, text));
        }
        let found = BEGINNINGS.iter().find(|(beginning, _)| starts(text, beginning));
        let Some((beginning, verdict)) = found else {
            return Err(format!(
                "{text:?} begins with no outcome; there are {}, and \"3 delivered\"",
                all_beginnings()
            ));
        };
        let rest = text[beginning.len()..].trim_start_matches([':', ',', ';', ' ']);
        Ok(with(*verdict, if rest.is_empty() { beginning } else { rest }))
    }

    fn of_fields(fields: Fields) -> Result<Self, String> {
        let Fields { kind, by, cause, code, text } = fields;
        let words = kind.replace('-', " ");
        let verdict = match BEGINNINGS.iter().find(|(beginning, _)| *beginning == words) {
            Some((_, verdict)) => *verdict,
            None if words == "delivered" => Verdict::Delivered,
            None if words == "done" => Verdict::Done,
            None => {
                return Err(format!(
                    "there is no kind {kind:?}; there are {}, delivered, done",
                    all_beginnings()
                ));
            }
        };
        let mut shown = words;
        if let Some(by) = by {
            shown += &format!(" by {}", crate::words::party(by));
        }
        for part in [&cause, &code, &text].into_iter().flatten() {
            shown += &format!(": {part}");
        }
        Ok(Self { verdict, shown, by, cause, code, text })
    }

    /// Whether it came to that.
    pub fn is_met_by(&self, done: &Done) -> bool {
        let (attempt, service) = match done {
            Done::Radio(attempt) => (Some(attempt), None),
            Done::Service(service) => (None, Some(service)),
            _ => (None, None),
        };
        let cause = attempt.and_then(|it| it.cause).or(service.and_then(|it| it.view.cause));
        let cause = cause.map(|cause| format!("{} #{}", cause.domain.describe().0, cause.number));
        self.verdict == done.verdict()
            && self.by.is_none_or(|by| attempt.and_then(|it| it.by) == Some(by))
            && (self.cause.is_none() || self.cause == cause)
            && (self.code.is_none() || self.code == done.code())
            && self.text.as_ref().is_none_or(|text| stands_in(text, &done.words().en))
    }
}

fn all_beginnings() -> String {
    BEGINNINGS.iter().map(|(beginning, _)| *beginning).collect::<Vec<_>>().join(", ")
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
    use crate::radio::Attempt;
    use crate::words::Words;
    use esim_net::{Cause, Domain};

    fn expectation(text: &str) -> Expectation {
        Expectation::of_words(text).unwrap()
    }

    fn table(text: &str) -> Result<Expectation, String> {
        #[derive(Deserialize)]
        struct Step {
            expect: Expectation,
        }
        let step: Result<Step, _> = crate::written::read_toml(&format!("expect = {text}"));
        step.map(|step| step.expect).map_err(|error| error.to_string())
    }

    fn refused(by: Party, domain: Domain, number: u16) -> Done {
        Done::Radio(Box::new(Attempt {
            outcome: Outcome::Refused,
            by: Some(by),
            cause: Some(Cause { domain, number }),
            reason: Words::same("no"),
            decision: None,
        }))
    }

    #[test]
    fn a_verdict_is_met_by_itself_alone() {
        let not_done = Done::NotDone { reason: "installed".into() };
        let unknown =
            Done::NotOrdered { code: Some("8.2.1/3.3".into()), reason: "8.2.1/3.3: ordered".into() };
        assert!(expectation("installed").is_met_by(&Done::Installed));
        assert!(!expectation("installed").is_met_by(&not_done));
        assert!(expectation("not done").is_met_by(&not_done));
        assert!(!expectation("ordered").is_met_by(&unknown));
        assert!(expectation("not ordered: 8.2.1/3.3").is_met_by(&unknown));
        assert!(table("{ kind = \"not-ordered\", code = \"8.2.1/3.3\" }").unwrap().is_met_by(&unknown));
        assert!(!table("{ kind = \"not-ordered\", code = \"8.2.1/3.9\" }").unwrap().is_met_by(&unknown));
        assert!(!table("{ kind = \"ordered\" }").unwrap().is_met_by(&unknown));
    }

    #[test]
    fn the_rest_stands_there_in_whole_words() {
        let done = refused(Party::Mme, Domain::Emm, 18);
        assert!(expectation("refused by MME: EMM cause #18").is_met_by(&done));
        assert!(!expectation("refused by MME: EMM cause #1").is_met_by(&done));
        assert!(!expectation("refused by MM").is_met_by(&done));
        let delivered = |sent, kept| Done::Delivered { sent, kept };
        assert!(!expectation("0 delivered").is_met_by(&delivered(10, 0)));
        assert!(expectation("2 delivered, 0 kept").is_met_by(&delivered(2, 0)));
    }

    #[test]
    fn a_table_says_by_whom_and_why() {
        let done = refused(Party::Mme, Domain::Emm, 18);
        let met = |text: &str| table(text).unwrap().is_met_by(&done);
        assert!(met("{ kind = \"refused\", by = \"mme\", cause = \"EMM cause #18\" }"));
        assert!(met("{ kind = \"refused\", text = \"CS domain not available\" }"));
        assert!(!met("{ kind = \"refused\", by = \"sgsn\" }"));
        assert!(!met("{ kind = \"refused\", cause = \"EMM cause #1\" }"));
        assert!(!met("{ kind = \"refused\", code = \"8.1/6.1\" }"));
        assert!(!met("{ kind = \"failed\" }"));
    }

    #[test]
    fn what_no_step_can_come_to_is_said() {
        for text in ["packets only", "", "delivered", "installedx"] {
            let error = Expectation::of_words(text).unwrap_err();
            assert!(error.contains("not installed"), "{error}");
        }
        let error = table("{ kind = \"fine\" }").unwrap_err();
        assert!(error.contains("not installed"), "{error}");
        for text in ["{ kind = \"refused\", why = \"x\" }", "{ by = \"mme\" }", "7"] {
            let error = table(text).unwrap_err();
            assert!(error.contains("a table with kind"), "{error}");
        }
    }
}
