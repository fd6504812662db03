//! The file of operators: who may call ES2+, and where he is told how his orders go on.

use super::{files, pem};
use esim_smdp::config::Operator;
use serde::Deserialize;
use std::io;
use std::path::Path;

/// One entry of the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Entry {
    /// `functionRequesterIdentifier`.
    oid: String,
    /// Base of the customer system's ES2+ address.
    callback: Option<String>,
    /// PEM, or the uncompressed point in hexadecimal.
    token_key: Option<String>,
    /// SHA-256 in hexadecimal, colons allowed as openssl prints them.
    #[serde(default)]
    certificates: Vec<String>,
}

/// Reads the operators from a file: a JSON array of
///
/// ```json
/// {"oid": "2.999.100", "callback": "https://bss.example.com",
///  "tokenKey": "-----BEGIN PUBLIC KEY-----…", "certificates": ["3F:9A:…"]}
/// ```
///
/// # Errors
/// The file, the entry and the field that is wrong, and what belongs there.
pub fn read_operators(path: &Path) -> io::Result<Vec<Operator>> {
    let octets = std::fs::read(path).map_err(|error| files::at(path, error))?;
    let wrong = |reason: String| files::at(path, io::Error::new(io::ErrorKind::InvalidData, reason));
    let entries: Vec<Entry> = serde_json::from_slice(&octets)
        .map_err(|error| wrong(format!("not an array of operators: {error}")))?;
    let mut operators: Vec<Operator> = Vec::new();
    for entry in entries {
        let operator = read(entry).map_err(wrong)?;
        if operators.iter().any(|other| other.oid == operator.oid) {
            return Err(wrong(format!("operator {} is there twice", operator.oid)));
        }
        operators.push(operator);
    }
    Ok(operators)
}

fn read(entry: Entry) -> Result<Operator, String> {
    let Entry { oid, callback, token_key, certificates } = entry;
    let arcs: Vec<_> = oid.split('.').collect();
    if arcs.len() < 2 || arcs.iter().any(|arc| arc.parse::<u32>().is_err()) {
        return Err(format!("oid {oid:?} is no OID such as 2.999.100"));
    }
    let token_key = match token_key {
        None => None,
        Some(text) => Some(pem::read_public_key(&text).ok_or_else(|| {
            format!(
                "operator {oid}: tokenKey is no public key on P-256; \
                 write what `openssl ec -in KEY -pubout` prints, or the point in hexadecimal"
            )
        })?),
    };
    let fingerprint = |text: &String| -> Result<[u8; 32], String> {
        let digits = text.replace(':', "");
        hex::decode(digits).ok().and_then(|octets| octets.try_into().ok()).ok_or_else(|| {
            format!("operator {oid}: certificates hold the SHA-256 of a certificate, 64 hexadecimal digits")
        })
    };
    let certificates = certificates.iter().map(fingerprint).collect::<Result<_, _>>()?;
    Ok(Operator { oid, callback, token_key, certificates })
}

#[cfg(test)]
mod tests {
    use super::*;
    use esim_crypto::{Curve, PrivateKey};

    fn read_text(text: &str) -> io::Result<Vec<Operator>> {
        let path = std::env::temp_dir().join(format!("esim-operators-{}-{}", std::process::id(), text.len()));
        std::fs::write(&path, text).unwrap();
        let read = read_operators(&path);
        std::fs::remove_file(&path).unwrap();
        read
    }

    #[test]
    fn keys_come_as_pem_or_digits() {
        let key = PrivateKey::from_bytes(Curve::P256, &[7; 32]).unwrap().public_key();
        let digits = hex::encode(key.to_sec1());
        let pem = pem::write_public_key(&key).replace('\n', "\\n");
        let print = "AB:".repeat(31) + "CD";
        let text = format!(
            r#"[{{"oid": "2.999.1", "callback": "bss.example", "tokenKey": "{digits}", "certificates": ["{print}"]}},
                {{"oid": "2.999.2", "tokenKey": "{pem}"}}]"#
        );
        let operators = read_text(&text).unwrap();
        assert_eq!(operators[0].token_key, Some(key.clone()));
        assert_eq!(operators[0].certificates[0][30..], [0xAB, 0xCD]);
        assert_eq!(operators[1].token_key, Some(key));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, told) in [
            ("{", "not an array of operators"),
            (r#"[{"oid": "x"}]"#, "no OID"),
            (r#"[{"oid": "2.999.1"}, {"oid": "2.999.1"}]"#, "twice"),
            (r#"[{"oid": "2.999.1", "tokenKey": "00"}]"#, "openssl"),
            (r#"[{"oid": "2.999.1", "certificates": ["AB"]}]"#, "SHA-256"),
            (r#"[{"oid": "2.999.1", "token": ""}]"#, "unknown field"),
        ] {
            let error = read_text(text).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
