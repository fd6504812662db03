//! TLS of the server: CERT.DP.TLS, and client certificates where somebody asks for them.

use super::ServerPki;
use super::pki::TLS_CURVE;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use std::io;
use std::sync::Arc;

/// Server authentication with CERT.DP.TLS (SGP.22 2.6.6), TLS 1.2 and 1.3. `ask` asks clients for a certificate.
pub(super) fn config(pki: &ServerPki, ask: bool) -> io::Result<ServerConfig> {
    if pki.tls.key.curve() != TLS_CURVE {
        return Err(io::Error::other(
            "CERT.DP.TLS and its key are on brainpoolP256r1, which the TLS library does not know. Put a TLS \
             certificate on P-256 into the folder, or serve plain HTTP behind a TLS front of your own.",
        ));
    }
    let certificate = CertificateDer::from(pki.tls.certificate.clone());
    let key = PrivatePkcs8KeyDer::from(pki.tls.key_pkcs8_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?;
    let builder = match ask {
        true => builder.with_client_cert_verifier(Arc::new(Possession(provider))),
        false => builder.with_no_client_auth(),
    };
    let config = builder.with_single_cert(vec![certificate], key.into());
    let mut config = config.map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Proves that a client holds the key of the certificate that it shows, and nothing more: who may come in is for
/// `admit` to decide, whose refusals a client can read. A failed handshake would tell it nothing.
#[derive(Debug)]
struct Possession(Arc<CryptoProvider>);

impl ClientCertVerifier for Possession {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
