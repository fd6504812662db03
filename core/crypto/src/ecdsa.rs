//! ECDSA with SHA-256, raw r‖s (SGP.22 2.6.7.2, BSI TR-03111 plain format).

use crate::hash::sha256;
use ::ecdsa::hazmat::sign_prehashed_rfc6979;
use ::ecdsa::signature::hazmat::PrehashVerifier;
use ::ecdsa::{Signature, VerifyingKey};
use bp256::BrainpoolP256r1;
use core::fmt;
use p256::NistP256;
use p256::elliptic_curve::{Generate, SecretKey};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

#[cfg(all(feature = "lent", not(feature = "native")))]
use crate::lent as machine;
#[cfg(feature = "native")]
use crate::native as machine;

/// The curves of SGP.22 2.6.7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Curve {
    /// NIST P-256, mandatory.
    P256,
    /// brainpoolP256r1 (RFC 5639).
    BrainpoolP256r1,
}

/// Octets that are no key of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a key of the curve")]
pub struct KeyError;

/// A signature that does not verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

/// A private key; wiped when dropped, never printed.
#[derive(Clone)]
pub struct PrivateKey(Private);

#[derive(Clone)]
enum Private {
    P256(SecretKey<NistP256>),
    Brainpool(SecretKey<BrainpoolP256r1>),
}

/// A public key, checked to lie on its curve.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(Public);

#[derive(Clone, PartialEq, Eq)]
enum Public {
    P256(VerifyingKey<NistP256>),
    Brainpool(VerifyingKey<BrainpoolP256r1>),
}

impl PrivateKey {
    /// From the 32 octets of the scalar, big-endian.
    ///
    /// # Errors
    /// [`KeyError`] for another length, zero, or a value beyond the order.
    pub fn from_bytes(curve: Curve, octets: &[u8]) -> Result<Self, KeyError> {
        Ok(Self(match curve {
            Curve::P256 => Private::P256(scalar(octets)?),
            Curve::BrainpoolP256r1 => Private::Brainpool(scalar(octets)?),
        }))
    }

    /// Draws a fresh key.
    pub fn generate<R: CryptoRng + ?Sized>(curve: Curve, mut rng: &mut R) -> Self {
        Self(match curve {
            Curve::P256 => Private::P256(SecretKey::generate_from_rng(&mut rng)),
            Curve::BrainpoolP256r1 => Private::Brainpool(SecretKey::generate_from_rng(&mut rng)),
        })
    }

    /// The scalar, 32 octets, big-endian.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(match &self.0 {
            Private::P256(key) => key.to_bytes().into(),
            Private::Brainpool(key) => key.to_bytes().into(),
        })
    }

    /// Its curve.
    pub fn curve(&self) -> Curve {
        match self.0 {
            Private::P256(_) => Curve::P256,
            Private::Brainpool(_) => Curve::BrainpoolP256r1,
        }
    }

    /// The public key that belongs to it: a multiplication on the curve, each time.
    pub fn public_key(&self) -> PublicKey {
        #[cfg(any(feature = "native", feature = "lent"))]
        if let Private::P256(_) = &self.0
            && let Some(point) = machine::multiple_of_base(&self.to_bytes())
            && let Ok(key) = PublicKey::from_sec1(Curve::P256, &point)
        {
            return key;
        }
        self.public_key_portably()
    }

    /// The same without the help of the machine.
    pub(crate) fn public_key_portably(&self) -> PublicKey {
        PublicKey(match &self.0 {
            Private::P256(key) => Public::P256(key.public_key().into()),
            Private::Brainpool(key) => Public::Brainpool(key.public_key().into()),
        })
    }

    /// Signs the concatenation of `parts`: r‖s, 64 octets. Deterministic (RFC 6979).
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 64] {
        #[cfg(any(feature = "native", feature = "lent"))]
        if let Private::P256(key) = &self.0 {
            let scalar = Zeroizing::new(key.to_nonzero_scalar());
            if let Some(signature) = machine::sign_p256(&scalar, &sha256(parts)) {
                return signature;
            }
        }
        self.sign_portably(parts)
    }

    /// The same without the help of the machine.
    pub(crate) fn sign_portably(&self, parts: &[&[u8]]) -> [u8; 64] {
        let digest = sha256(parts);
        match &self.0 {
            Private::P256(key) => {
                let scalar = Zeroizing::new(key.to_nonzero_scalar());
                sign_prehashed_rfc6979::<NistP256, Sha256>(&scalar, &digest, &[]).0.to_bytes().into()
            }
            Private::Brainpool(key) => {
                let scalar = Zeroizing::new(key.to_nonzero_scalar());
                sign_prehashed_rfc6979::<BrainpoolP256r1, Sha256>(&scalar, &digest, &[]).0.to_bytes().into()
            }
        }
    }

    pub(crate) fn agree(&self, peer: &PublicKey) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        #[cfg(any(feature = "native", feature = "lent"))]
        if let (Private::P256(_), Public::P256(_)) = (&self.0, &peer.0)
            && let Some(secret) = machine::agree_p256(&self.to_bytes(), &peer.to_sec1())
        {
            return Ok(secret);
        }
        self.agree_portably(peer)
    }

    /// The same, and [`PrivateKey::public_key`].
    pub(crate) fn agree_with_public(
        &self,
        peer: &PublicKey,
    ) -> Result<(Zeroizing<[u8; 32]>, PublicKey), KeyError> {
        #[cfg(feature = "native")]
        if let (Private::P256(_), Public::P256(_)) = (&self.0, &peer.0)
            && let Some((secret, own)) =
                crate::native::agree_p256_with_public(&self.to_bytes(), &peer.to_sec1())
            && let Ok(own) = PublicKey::from_sec1(Curve::P256, &own)
        {
            return Ok((secret, own));
        }
        Ok((self.agree(peer)?, self.public_key()))
    }

    /// The same without the help of the machine.
    pub(crate) fn agree_portably(&self, peer: &PublicKey) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        use p256::elliptic_curve::ecdh::diffie_hellman;
        Ok(Zeroizing::new(match (&self.0, &peer.0) {
            (Private::P256(key), Public::P256(peer)) => {
                (*diffie_hellman(&*Zeroizing::new(key.to_nonzero_scalar()), peer.as_affine())
                    .raw_secret_bytes())
                .into()
            }
            (Private::Brainpool(key), Public::Brainpool(peer)) => {
                (*diffie_hellman(&*Zeroizing::new(key.to_nonzero_scalar()), peer.as_affine())
                    .raw_secret_bytes())
                .into()
            }
            _ => return Err(KeyError),
        }))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({:?})", self.curve())
    }
}

impl PublicKey {
    /// From an uncompressed point, `04‖X‖Y`, 65 octets.
    ///
    /// # Errors
    /// [`KeyError`] for another form or a point off the curve.
    pub fn from_sec1(curve: Curve, octets: &[u8]) -> Result<Self, KeyError> {
        if octets.len() != 65 || octets.first() != Some(&0x04) {
            return Err(KeyError);
        }
        Ok(Self(match curve {
            Curve::P256 => Public::P256(VerifyingKey::from_sec1_bytes(octets).map_err(|_| KeyError)?),
            Curve::BrainpoolP256r1 => {
                Public::Brainpool(VerifyingKey::from_sec1_bytes(octets).map_err(|_| KeyError)?)
            }
        }))
    }

    /// From a compressed point of P-256, 33 octets.
    ///
    /// # Errors
    /// [`KeyError`] for another form or an x that no point has.
    pub(crate) fn from_compressed_p256(octets: &[u8]) -> Result<Self, KeyError> {
        let compressed = octets.len() == 33 && matches!(octets.first(), Some(0x02 | 0x03));
        let key = VerifyingKey::from_sec1_bytes(octets).map_err(|_| KeyError)?;
        if compressed { Ok(Self(Public::P256(key))) } else { Err(KeyError) }
    }

    /// The uncompressed point, `04‖X‖Y`.
    pub fn to_sec1(&self) -> [u8; 65] {
        let mut octets = [0; 65];
        match &self.0 {
            Public::P256(key) => octets.copy_from_slice(key.to_sec1_point(false).as_bytes()),
            Public::Brainpool(key) => octets.copy_from_slice(key.to_sec1_point(false).as_bytes()),
        }
        octets
    }

    /// Its curve.
    pub fn curve(&self) -> Curve {
        match self.0 {
            Public::P256(_) => Curve::P256,
            Public::Brainpool(_) => Curve::BrainpoolP256r1,
        }
    }

    /// Verifies r‖s, 64 octets, over the concatenation of `parts`.
    ///
    /// # Errors
    /// [`SignatureError`], also for a signature of another length.
    pub fn verify(&self, parts: &[&[u8]], signature: &[u8]) -> Result<(), SignatureError> {
        #[cfg(feature = "native")]
        if let Public::P256(_) = &self.0 {
            return crate::native::verify_p256(&self.to_sec1(), parts, signature);
        }
        #[cfg(all(feature = "lent", not(feature = "native")))]
        if let Public::P256(_) = &self.0
            && let Some(verified) = crate::lent::verify_p256(&self.to_sec1(), parts, signature)
        {
            return verified;
        }
        self.verify_portably(parts, signature)
    }

    /// The same without the help of the machine.
    pub(crate) fn verify_portably(&self, parts: &[&[u8]], signature: &[u8]) -> Result<(), SignatureError> {
        let digest = sha256(parts);
        let verified = match &self.0 {
            Public::P256(key) => Signature::<NistP256>::from_slice(signature)
                .and_then(|signature| key.verify_prehash(&digest, &signature)),
            Public::Brainpool(key) => Signature::<BrainpoolP256r1>::from_slice(signature)
                .and_then(|signature| key.verify_prehash(&digest, &signature)),
        };
        verified.map_err(|_| SignatureError)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?})", self.curve())
    }
}

fn scalar<C: p256::elliptic_curve::Curve>(octets: &[u8]) -> Result<SecretKey<C>, KeyError> {
    if octets.len() != 32 {
        return Err(KeyError);
    }
    SecretKey::from_slice(octets).map_err(|_| KeyError)
}
