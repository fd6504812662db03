//! What lpac prints: JSON lines, in its order of members.

use serde::Serialize;

/// A line of whatever type.
#[derive(Serialize)]
struct Line<'a, T> {
    #[serde(rename = "type")]
    kind: &'a str,
    payload: T,
}

/// What is in a line of type `lpa` or `progress`.
#[derive(Serialize)]
struct Payload<'a, T> {
    code: i8,
    message: &'a str,
    data: T,
}

/// A command has failed, and has said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed;

/// Prints a line of its own type.
pub(super) fn print<T: Serialize>(kind: &str, payload: T) {
    raw(&Line { kind, payload });
}

/// Prints a line that is no envelope.
pub(super) fn raw(line: &impl Serialize) {
    match serde_json::to_string(line) {
        Ok(line) => say!("{line}"),
        Err(error) => tell!("a line cannot be written: {error}"),
    }
}

/// The command has come to its end.
pub(super) fn success(data: impl Serialize) {
    print("lpa", Payload { code: 0, message: "success", data });
}

/// A step begins.
pub(super) fn progress(step: &str, data: impl Serialize) {
    print("progress", Payload { code: 0, message: step, data });
}

/// The command has failed in this function, for that reason; it may be empty.
pub(super) fn failure(function: &str, reason: &str) -> Failed {
    print("lpa", Payload { code: -1, message: function, data: reason });
    Failed
}
