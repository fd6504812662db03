//! What every JSON interface shares: headers, base64, function status
//! (SGP.22 6.5.1).

use crate::{Error, Refusal};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Octets that travel as base64; line breaks and blanks are tolerated.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Base64(pub Vec<u8>);

impl core::fmt::Debug for Base64 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Base64({} octets)", self.0.len())
    }
}

impl Serialize for Base64 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Base64 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Base64Text).map(Self)
    }
}

/// Reads octets out of the text where it stands.
struct Base64Text;

impl de::Visitor<'_> for Base64Text {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        let octets = STANDARD.decode(text).or_else(|_| {
            let clean: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            STANDARD.decode(clean)
        });
        octets.map_err(|error| E::custom(format!("not base64: {error}")))
    }
}

/// `header` of an ES2+ or ES12 request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestHeader {
    /// OID of the caller.
    pub function_requester_identifier: String,
    /// The caller's name for this call; logs on both sides carry it.
    pub function_call_identifier: String,
}

/// `header` of every answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResponseHeader {
    /// How it went.
    pub function_execution_status: FunctionExecutionStatus,
}

/// ```text
/// {"status": "Executed-Success" | "Executed-WithWarning" | "Failed" | "Expired",
///  "statusCodeData": {…} if not successful}
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionExecutionStatus {
    /// One of the four.
    pub status: String,
    /// The code, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code_data: Option<StatusCodeData>,
}

/// A subject and reason code (SGP.22 5.2.6).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusCodeData {
    /// Such as `8.2.6`; empty if the other side left it out, which it must not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject_code: String,
    /// Such as `3.8`; likewise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason_code: String,
    /// What the code is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_identifier: Option<String>,
    /// For a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl FunctionExecutionStatus {
    /// `Executed-Success`.
    pub fn success() -> Self {
        Self { status: "Executed-Success".to_string(), status_code_data: None }
    }

    /// `Failed`, with the refusal's code and sentence.
    pub fn failed(refusal: &Refusal) -> Self {
        let data = StatusCodeData {
            subject_code: refusal.code.subject().to_string(),
            reason_code: refusal.code.reason().to_string(),
            subject_identifier: refusal.identifier.clone(),
            message: Some(refusal.message()),
        };
        Self { status: "Failed".to_string(), status_code_data: Some(data) }
    }

    /// Whether the function was executed.
    pub fn is_success(&self) -> bool {
        self.status.starts_with("Executed")
    }

    /// `8.2.6/3.8`; none if the other side gave no code.
    pub fn code(&self) -> Option<String> {
        let data = self.status_code_data.as_ref()?;
        let given = !data.subject_code.is_empty() || !data.reason_code.is_empty();
        given.then(|| format!("{}/{}", data.subject_code, data.reason_code))
    }
}

impl ResponseHeader {
    /// `Executed-Success`.
    pub fn success() -> Self {
        Self { function_execution_status: FunctionExecutionStatus::success() }
    }

    /// `Failed`, with the refusal's code and sentence.
    pub fn failed(refusal: &Refusal) -> Self {
        Self { function_execution_status: FunctionExecutionStatus::failed(refusal) }
    }

    /// Whether the function was executed.
    pub fn is_success(&self) -> bool {
        self.function_execution_status.is_success()
    }
}

/// Parses a JSON body.
///
/// # Errors
/// [`crate::ErrorKind::Text`] with the parser's reason and place; no value of the body is quoted, since it may be a key.
pub fn parse<T: de::DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body)
        .map_err(|error| Error::text(format!("not the JSON expected: {}", without_values(&error))))
}

/// Reads the answer to a function: its outputs, or how it failed.
///
/// # Errors
/// As [`parse`], for the header and for outputs that are missing or cannot be read.
pub fn read_answer<T: de::DeserializeOwned>(
    body: &[u8],
) -> Result<Result<T, FunctionExecutionStatus>, Error> {
    #[derive(Deserialize)]
    struct HeaderOnly {
        header: ResponseHeader,
    }
    let HeaderOnly { header } = parse(body)?;
    if header.is_success() { parse(body).map(Ok) } else { Ok(Err(header.function_execution_status)) }
}

/// Parses the JSON object that somebody has sent. A name that stands twice in one object is refused, however deep and
/// whether or not anybody reads it: of two readers each might take another one, and one of them be asked who speaks.
///
/// # Errors
/// As [`parse`].
pub fn parse_request<T: de::DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    parse::<UniqueNames>(body)?;
    parse(body)
}

/// A JSON object all of whose objects have each name once.
struct UniqueNames;

impl<'de> Deserialize<'de> for UniqueNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NamesOnce).map(|()| Self)
    }
}

/// Walks through a value and keeps nothing of it.
#[derive(Clone, Copy)]
struct NamesOnce;

impl<'de> de::DeserializeSeed<'de> for NamesOnce {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> de::Visitor<'de> for NamesOnce {
    type Value = ();

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !names.insert(name) {
                return Err(de::Error::custom("a name stands twice in one object"));
            }
            map.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// What the parser says, but for the values that it quotes.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let found =
        ["invalid type: ", "invalid value: ", "unknown variant "].iter().any(|kind| text.starts_with(kind));
    // The last one is the parser's own: whatever is quoted stands before it.
    if let Some(at) = text.rfind(", expected ").filter(|_| found) {
        return text[at + 2..].to_string();
    }
    match text.find(", not \"") {
        // Errors of a value's own form have no place.
        Some(at) if error.line() == 0 => text[..at].to_string(),
        Some(at) => format!("{} at line {} column {}", &text[..at], error.line(), error.column()),
        None => text,
    }
}

/// A value as JSON octets.
pub fn to_vec<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Iccid;

    #[test]
    fn errors_quote_no_values() {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Kind {
            A,
        }
        let told = |error: Error| {
            let text = error.to_string();
            assert!(!text.contains("secret") && !text.contains("4711"), "{text}");
            text
        };
        assert!(told(parse::<String>(b"4711").unwrap_err()).contains("expected a string at line 1"));
        assert!(told(parse::<u8>(br#"", expected secret""#).unwrap_err()).contains("expected u8"));
        assert!(told(parse::<Kind>(br#""secret""#).unwrap_err()).contains("expected"));
        assert!(told(parse::<Iccid>(br#""secret 4711""#).unwrap_err()).contains("18 to 20 digits"));
        assert!(matches!(parse::<Kind>(br#""a""#), Ok(Kind::A)));
    }

    #[test]
    fn requests_have_each_name_once() {
        let sound = |text: &str| parse_request::<serde_json::Value>(text.as_bytes()).is_ok();
        assert!(sound(r#"{"a": [1, -1, 0.5, null, true, "a"], "b": {"a": {"b": 1}}}"#));
        assert!(!sound(r#"{"a": 1, "b": 1, "a": 1}"#));
        assert!(!sound(r#"{"b": [{"c": {"a": 1, "a": 1}}]}"#));
        // The same name, written otherwise.
        assert!(!sound(r#"{"a": 1, "\u0061": 1}"#));
        assert!(!sound(r#"["a"]"#) && !sound(r#""a""#) && !sound(r#"{"a": 1} {}"#));
        let told = parse_request::<serde_json::Value>(br#"{"a": 1, "a": "secret"}"#).unwrap_err().to_string();
        assert!(
            told.contains("a name stands twice in one object at line 1") && !told.contains("secret"),
            "{told}"
        );
    }
}
