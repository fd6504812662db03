//! Octets as hexadecimal text in serialised states: `#[serde(with = "octets")]`.

use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Deserializer, Serializer, de};

/// Writes lower-case hexadecimal.
pub fn serialize<S: Serializer>(octets: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&hex::encode(octets))
}

/// Reads hexadecimal; blanks and colons are passed over.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    esim_rsp::common::from_hex(&text).map_err(de::Error::custom)
}
