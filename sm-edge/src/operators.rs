//! The list of operators: who may call ES2+, and where he is told how his orders go on.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use esim_crypto::{Curve, PublicKey};
use esim_rsp::common::from_hex;
use esim_smdp::config::Operator;
use esim_smdp::guest;
use serde::Deserialize;

/// DER in front of an uncompressed point: SubjectPublicKeyInfo of a key on P-256 (RFC 5480).
pub const SPKI_P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86,
    0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// One entry of the list.
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

/// Reads the operators from a JSON array of
///
/// ```json
/// {"oid": "2.999.100", "callback": "https://bss.example.com",
///  "tokenKey": "-----BEGIN PUBLIC KEY-----…", "certificates": ["3F:9A:…"]}
/// ```
///
/// # Errors
/// The entry and the field that is wrong, and what belongs there.
pub fn read_operators(json: &[u8]) -> Result<Vec<Operator>, String> {
    let entries: Vec<Entry> =
        serde_json::from_slice(json).map_err(|error| format!("not an array of operators: {error}"))?;
    let mut operators: Vec<Operator> = Vec::new();
    for entry in entries {
        let operator = read(entry)?;
        if operators.iter().any(|other| other.oid == operator.oid) {
            return Err(format!("operator {} is there twice", operator.oid));
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
    if guest::is(&oid) {
        return Err(format!("oid {oid:?} is under {}, which is for guests", guest::ARC));
    }
    let token_key = match token_key {
        None => None,
        Some(text) => Some(read_public_key(&text).ok_or_else(|| {
            format!(
                "operator {oid}: tokenKey is no public key on P-256; \
                 write what `openssl ec -in KEY -pubout` prints, or the point in hexadecimal"
            )
        })?),
    };
    let fingerprint = |text: &String| -> Result<[u8; 32], String> {
        from_hex(&text.replace(':', "")).ok().and_then(|octets| octets.try_into().ok()).ok_or_else(|| {
            format!("operator {oid}: certificates hold the SHA-256 of a certificate, 64 hexadecimal digits")
        })
    };
    let certificates = certificates.iter().map(fingerprint).collect::<Result<_, _>>()?;
    Ok(Operator { oid, callback, token_key, certificates })
}

/// A public key on P-256: PEM (`PUBLIC KEY`, as `openssl ec -pubout` writes it), or the uncompressed point in
/// hexadecimal.
fn read_public_key(text: &str) -> Option<PublicKey> {
    let point = match text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----") {
        Some(rest) => {
            let (inside, _) = rest.split_once("-----END PUBLIC KEY-----")?;
            let der = STANDARD.decode(inside.split_whitespace().collect::<String>()).ok()?;
            der.strip_prefix(&SPKI_P256)?.to_vec()
        }
        None => from_hex(text.trim()).ok()?,
    };
    PublicKey::from_sec1(Curve::P256, &point).ok()
}
