//! Object identifiers, and what they are called.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// Names as SGP.22 annexes and RFC 5280, 5480, 5639, 3279 have them.
const NAMES: &[(&str, &str)] = &[
    ("1.2.840.10045.2.1", "id-ecPublicKey"),
    ("1.2.840.10045.3.1.7", "secp256r1 (NIST P-256)"),
    ("1.2.840.10045.4.3.2", "ecdsa-with-SHA256"),
    ("1.2.840.10045.4.3.3", "ecdsa-with-SHA384"),
    ("1.2.840.113549.1.1.1", "rsaEncryption"),
    ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.2.250.1.223.101.256.1", "FRP256v1"),
    ("1.3.6.1.5.5.7.3.1", "id-kp-serverAuth"),
    ("1.3.6.1.5.5.7.3.2", "id-kp-clientAuth"),
    ("1.3.6.1.5.5.7.2.1", "id-qt-cps"),
    ("1.3.6.1.5.5.7.1.1", "authorityInfoAccess"),
    ("2.5.4.3", "CN"),
    ("2.5.4.5", "serialNumber"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.29.14", "subjectKeyIdentifier"),
    ("2.5.29.15", "keyUsage"),
    ("2.5.29.17", "subjectAltName"),
    ("2.5.29.18", "issuerAltName"),
    ("2.5.29.19", "basicConstraints"),
    ("2.5.29.20", "cRLNumber"),
    ("2.5.29.21", "reasonCode"),
    ("2.5.29.27", "deltaCRLIndicator"),
    ("2.5.29.28", "issuingDistributionPoint"),
    ("2.5.29.30", "nameConstraints"),
    ("2.5.29.31", "cRLDistributionPoints"),
    ("2.5.29.32", "certificatePolicies"),
    ("2.5.29.35", "authorityKeyIdentifier"),
    ("2.5.29.37", "extKeyUsage"),
    ("2.23.146.1.2.0.1", "id-rsp-expDate"),
    ("2.23.146.1.2.0.2", "id-rsp-totalPartialCrlNumber"),
    ("2.23.146.1.2.0.3", "id-rsp-partialCrlNumber"),
    ("2.23.146.1.2.1.0", "id-rspRole-ci"),
    ("2.23.146.1.2.1.1", "id-rspRole-euicc"),
    ("2.23.146.1.2.1.2", "id-rspRole-eum"),
    ("2.23.146.1.2.1.3", "id-rspRole-dp-tls"),
    ("2.23.146.1.2.1.4", "id-rspRole-dp-auth"),
    ("2.23.146.1.2.1.5", "id-rspRole-dp-pb"),
    ("2.23.146.1.2.1.6", "id-rspRole-ds-tls"),
    ("2.23.146.1.2.1.7", "id-rspRole-ds-auth"),
    ("2.23.146.1.2.1.0.0.0", "id-rspRole-eum of v3"),
    ("2.23.146.1.2.1.0.0.0.0.0", "id-rspRole-euicc of v3"),
    ("2.23.146.1.2.1.0.0.1.0", "id-rspRole-dp-tls of v3"),
    ("2.23.146.1.2.1.0.0.1.1", "id-rspRole-dp-auth of v3"),
    ("2.23.146.1.2.1.0.0.1.2", "id-rspRole-dp-pb of v3"),
    ("2.23.146.1.2.1.0.0.2.0", "id-rspRole-ds-tls of v3"),
    ("2.23.146.1.2.1.0.0.2.1", "id-rspRole-ds-auth of v3"),
    ("2.23.146.1.2.2.0", "id-rsp-extension-permitted-eins"),
];

/// The arcs of an identifier with dots between them; `None` if the octets are no identifier.
pub fn dotted(value: &[u8]) -> Option<String> {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = 0u64;
    for octet in value {
        arc = arc.checked_mul(128)? + u64::from(octet & 0x7F);
        if octet & 0x80 == 0 {
            arcs.push(arc);
            arc = 0;
        }
    }
    if value.last()? & 0x80 != 0 {
        return None;
    }
    let first = *arcs.first()?;
    let top = (first / 40).min(2);
    let rest = arcs.iter().skip(1).map(ToString::to_string);
    let all: Vec<_> = [top.to_string(), (first - top * 40).to_string()].into_iter().chain(rest).collect();
    Some(all.join("."))
}

/// What an identifier is called, if anything.
pub(crate) fn name(dotted: &str) -> Option<&'static str> {
    NAMES.iter().find(|(own, _)| *own == dotted).map(|(_, name)| *name)
}

/// An identifier for a reader: its name and arcs, or its arcs alone.
pub fn object_identifier(value: &[u8]) -> String {
    let Some(arcs) = dotted(value) else { return hex::encode_upper(value) };
    match name(&arcs) {
        Some(name) => format!("{name} ({arcs})"),
        None => arcs,
    }
}
