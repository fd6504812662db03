//! TLS of the server: CERT.DP.TLS, CERT.DS.TLS for who calls the SM-DS by its name, and client certificates where
//! somebody asks for them.

use crate::ServerPki;
use crate::pki::{TLS_CURVE, host_of};
use arc_swap::ArcSwap;
use esim_crypto::pki::Issued;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{DigitallySignedStruct, DistinguishedName, Error, ServerConfig, SignatureScheme};
use std::io;
use std::sync::Arc;

/// Server authentication (SGP.22 2.6.6), TLS 1.2 and 1.3. `ask` asks clients for a certificate.
pub(crate) fn config(shown: Arc<Shown>, ask: bool) -> io::Result<ServerConfig> {
    let provider = shown.provider.clone();
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions();
    let builder = builder.map_err(io::Error::other)?;
    let builder = match ask {
        true => builder.with_client_cert_verifier(Arc::new(Possession(provider.clone()))),
        false => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(shown);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn certified(own: &Issued, name: &str, provider: &CryptoProvider) -> io::Result<CertifiedKey> {
    if own.key.curve() != TLS_CURVE {
        return Err(io::Error::other(format!(
            "{name} and its key are on brainpoolP256r1, which the TLS library does not know. Put a TLS \
             certificate on P-256 into the folder, or serve plain HTTP behind a TLS front of your own."
        )));
    }
    let certificate = CertificateDer::from(own.certificate.clone());
    let key = PrivatePkcs8KeyDer::from(own.key_pkcs8_der());
    CertifiedKey::from_der(vec![certificate], key.into(), provider).map_err(io::Error::other)
}

/// The certificates that are shown from now on, until others are.
#[derive(Debug)]
pub(crate) struct Shown {
    keys: ArcSwap<ByName>,
    provider: Arc<CryptoProvider>,
}

impl Shown {
    pub fn new(pki: &ServerPki, smds_address: Option<&str>) -> io::Result<Arc<Self>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let keys = ArcSwap::from_pointee(ByName::new(pki, smds_address, &provider)?);
        Ok(Arc::new(Self { keys, provider }))
    }

    /// Other certificates with their keys, to be shown.
    pub fn keys(&self, pki: &ServerPki, smds_address: Option<&str>) -> io::Result<ByName> {
        ByName::new(pki, smds_address, &self.provider)
    }

    /// Shows others, to whoever connects from now on.
    pub fn show(&self, keys: ByName) {
        self.keys.store(Arc::new(keys));
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let keys = self.keys.load();
        let smds = keys.smds.as_ref().zip(hello.server_name());
        let smds = smds.filter(|((own, _), dialled)| own.eq_ignore_ascii_case(dialled));
        Some(smds.map_or(&keys.smdp, |((_, key), _)| key).clone())
    }
}

/// The SM-DS's certificate for who dials its name, the SM-DP+'s for everybody else.
#[derive(Debug)]
pub(crate) struct ByName {
    smdp: Arc<CertifiedKey>,
    smds: Option<(String, Arc<CertifiedKey>)>,
}

impl ByName {
    fn new(pki: &ServerPki, smds_address: Option<&str>, provider: &CryptoProvider) -> io::Result<Self> {
        let smdp = Arc::new(certified(&pki.tls, "CERT.DP.TLS", provider)?);
        let smds = match smds_address.zip(pki.smds_tls.as_ref()) {
            Some((address, tls)) => {
                Some((host_of(address).into(), certified(tls, "CERT.DS.TLS", provider)?.into()))
            }
            None => None,
        };
        Ok(Self { smdp, smds })
    }
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
