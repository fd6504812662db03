//! Certificates and keys in files, DER or PEM (RFC 7468).

use crate::files;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use esim_crypto::{Curve, PrivateKey, PublicKey};
use esim_sm_edge::SPKI_P256;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivatePkcs8KeyDer};
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
    read_all::<CertificateDer<'_>>(path, "certificate")
}

/// The revocation lists of a file, DER each: any number in PEM (`X509 CRL`), or one in DER.
///
/// # Errors
/// A file that cannot be read or holds no revocation list, with its path.
pub fn read_crls(path: &Path) -> io::Result<Vec<Vec<u8>>> {
    read_all::<CertificateRevocationListDer<'_>>(path, "revocation list")
}

fn read_all<T: PemObject + AsRef<[u8]>>(path: &Path, what: &str) -> io::Result<Vec<Vec<u8>>> {
    let octets = std::fs::read(path).map_err(|error| files::at(path, error))?;
    if octets.first() == Some(&0x30) {
        return Ok(vec![octets]);
    }
    let found: Result<Vec<_>, _> = T::pem_slice_iter(&octets).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found.into_iter().map(|der| der.as_ref().to_vec()).collect()),
        _ => {
            Err(files::at(path, io::Error::other(format!("neither a {what} in DER nor one or more in PEM"))))
        }
    }
}

/// A private key on P-256: PEM (PKCS#8, as `openssl genpkey` writes it).
pub fn read_private_key(text: &[u8]) -> Option<PrivateKey> {
    let der = PrivatePkcs8KeyDer::from_pem_slice(text).ok()?;
    // PrivateKeyInfo (RFC 5208) names the curve, then holds an ECPrivateKey (RFC 5915): version 1, 32 octets.
    let (_, inside) = split_after(der.secret_pkcs8_der(), &SPKI_P256[2..23])?;
    let (_, scalar) = split_after(inside, &[0x02, 0x01, 0x01, 0x04, 0x20])?;
    PrivateKey::from_bytes(Curve::P256, scalar.get(..32)?).ok()
}

fn split_after<'a>(octets: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = octets.windows(mark.len()).position(|window| window == mark)?;
    Some(octets.split_at(at + mark.len()))
}

/// A public key on P-256 as PEM; a key of another curve comes out under the wrong name, which nobody can read.
pub fn write_public_key(key: &PublicKey) -> String {
    write("PUBLIC KEY", &[&SPKI_P256[..], &key.to_sec1()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use esim_crypto::pki::TestPki;

    #[test]
    fn what_is_written_is_read() {
        let issued = TestPki::well_known(Curve::P256).dp_tls;
        let key = read_private_key(write("PRIVATE KEY", &issued.key_pkcs8_der()).as_bytes()).unwrap();
        assert_eq!(key.to_bytes(), issued.key.to_bytes());
        assert!(read_private_key(b"-----BEGIN PRIVATE KEY-----").is_none());
        let brainpool = TestPki::well_known(Curve::BrainpoolP256r1).dp_tls;
        assert!(read_private_key(write("PRIVATE KEY", &brainpool.key_pkcs8_der()).as_bytes()).is_none());
    }

    #[test]
    fn certificates_come_as_der_or_pem() {
        let issued = TestPki::well_known(Curve::P256).dp_tls.certificate;
        let path = std::env::temp_dir().join(format!("esim-pem-{}", std::process::id()));
        std::fs::write(&path, &issued).unwrap();
        assert_eq!(read_certificates(&path).unwrap(), std::slice::from_ref(&issued));
        std::fs::write(&path, write("CERTIFICATE", &issued).repeat(2)).unwrap();
        assert_eq!(read_certificates(&path).unwrap(), [issued.clone(), issued]);
        std::fs::write(&path, "nothing").unwrap();
        assert!(read_certificates(&path).unwrap_err().to_string().contains("neither"));
        std::fs::remove_file(&path).unwrap();
    }
}
