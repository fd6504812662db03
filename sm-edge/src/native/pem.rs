//! Certificates and keys in files, DER or PEM (RFC 7468).

use super::files;
use crate::operators::SPKI_P256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use esim_crypto::PublicKey;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::io;
use std::path::Path;

/// DER as PEM under a label, `CERTIFICATE`.
pub fn write(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned());
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.collect::<Vec<_>>().join("\n"))
}

/// The certificates of a file in the order in which they stand there, DER each: any number in PEM, or one in DER.
///
/// # Errors
/// A file that cannot be read or holds no certificate, with its path.
pub fn read_certificates(path: &Path) -> io::Result<Vec<Vec<u8>>> {
    let octets = std::fs::read(path).map_err(|error| files::at(path, error))?;
    if octets.first() == Some(&0x30) {
        return Ok(vec![octets]);
    }
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&octets).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found.into_iter().map(|der| der.to_vec()).collect()),
        _ => Err(files::at(path, io::Error::other("neither a certificate in DER nor certificates in PEM"))),
    }
}

/// A public key on P-256 as PEM.
///
/// # Panics
/// Never: a key of another curve comes out as its point under the wrong name, which nobody can read.
pub fn write_public_key(key: &PublicKey) -> String {
    write("PUBLIC KEY", &[&SPKI_P256[..], &key.to_sec1()].concat())
}
