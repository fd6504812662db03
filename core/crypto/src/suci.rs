//! Concealing the subscriber's permanent identifier (3GPP TS 33.501 annex C):
//! ECIES with a key of the home network.

use crate::kdf::x963_sha256;
use crate::{Curve, PrivateKey, PublicKey, ecka};
use aes::Aes128;
use alloc::vec::Vec;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use x25519_dalek::{PublicKey as MontgomeryPoint, StaticSecret};
use zeroize::Zeroizing;

/// Octets of the tag behind the ciphertext.
const TAG: usize = 8;

/// A protection scheme with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// X25519.
    A,
    /// secp256r1, points compressed.
    B,
}

impl Profile {
    /// By the scheme identifier of TS 33.501 C.1: 1 and 2.
    pub fn from_scheme(scheme: u8) -> Option<Self> {
        match scheme {
            1 => Some(Self::A),
            2 => Some(Self::B),
            _ => None,
        }
    }

    fn point_length(self) -> usize {
        match self {
            Self::A => 32,
            Self::B => 33,
        }
    }

    /// One-time public key and shared secret. `None` for a key that is none.
    fn agree(self, own: &[u8; 32], peer: &[u8]) -> Option<(Vec<u8>, Zeroizing<[u8; 32]>)> {
        match self {
            Self::A => {
                let secret = StaticSecret::from(*own);
                let peer = MontgomeryPoint::from(<[u8; 32]>::try_from(peer).ok()?);
                let shared = secret.diffie_hellman(&peer);
                // A point of small order makes the secret known to everybody.
                let shared = shared.was_contributory().then(|| Zeroizing::new(*shared.as_bytes()))?;
                Some((MontgomeryPoint::from(&secret).as_bytes().to_vec(), shared))
            }
            Self::B => {
                let own = PrivateKey::from_bytes(Curve::P256, own).ok()?;
                let peer = PublicKey::from_compressed_p256(peer).ok()?;
                Some((compressed(&own.public_key()), ecka(&own, &peer).ok()?))
            }
        }
    }
}

/// Conceals with the home network's public key and 32 octets of randomness:
/// one-time public key ‖ ciphertext ‖ tag. `None` if the key is no point, or,
/// once in 2^32 times, the randomness no scalar.
pub fn conceal(profile: Profile, home_key: &[u8], plain: &[u8], random: &[u8; 32]) -> Option<Vec<u8>> {
    let (mut output, shared) = profile.agree(random, home_key)?;
    let keys = Keys::derive(&shared, &output);
    let mut text = plain.to_vec();
    keys.cipher().apply_keystream(&mut text);
    let tag = keys.tag(&text);
    output.extend(text);
    output.extend(tag);
    Some(output)
}

/// What [`conceal`] concealed, with the home network's private key. `None` if
/// it was made for another key or is damaged.
pub fn reveal(profile: Profile, home_key: &[u8; 32], concealed: &[u8]) -> Option<Vec<u8>> {
    let (point, rest) = concealed.split_at_checked(profile.point_length())?;
    let (text, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
    let (_, shared) = profile.agree(home_key, point)?;
    let keys = Keys::derive(&shared, point);
    let genuine: bool = keys.tag(text).ct_eq(tag).into();
    let mut text = text.to_vec();
    keys.cipher().apply_keystream(&mut text);
    genuine.then_some(text)
}

/// Cipher key, initial counter block, MAC key.
struct Keys(Zeroizing<Vec<u8>>);

impl Keys {
    fn derive(shared: &[u8; 32], point: &[u8]) -> Self {
        Self(x963_sha256(shared, point, 64))
    }

    fn part<const N: usize>(&self, at: usize) -> [u8; N] {
        core::array::from_fn(|i| self.0[at + i])
    }

    fn cipher(&self) -> Ctr128BE<Aes128> {
        Ctr128BE::new(&self.part::<16>(0).into(), &self.part::<16>(16).into())
    }

    fn tag(&self, text: &[u8]) -> [u8; TAG] {
        // HMAC fills a short key with zeros up to its block.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.part::<32>(32));
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(text);
        let whole = mac.finalize().into_bytes();
        core::array::from_fn(|i| whole[i])
    }
}

fn compressed(key: &PublicKey) -> Vec<u8> {
    let point = key.to_sec1();
    let mut out = alloc::vec![0x02 | point[64] & 1];
    out.extend_from_slice(&point[1..33]);
    out
}
