//! P-256 where there is an operating system, by AWS-LC, whose curve is in assembly. What is accepted and what is signed
//! stay the same, octet for octet: signing is deterministic (RFC 6979), which AWS-LC is not, so that only the point
//! comes from it.

use crate::SignatureError;
use crate::nonce::sign_deterministically;
use aws_lc_rs::agreement::{self, ECDH_P256};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use p256::NonZeroScalar;
use zeroize::Zeroizing;

/// Verifies r‖s over the concatenation of `parts`; `key` is `04‖X‖Y`.
///
/// # Errors
/// [`SignatureError`], also for a signature of another length and a key off the curve.
pub(crate) fn verify_p256(key: &[u8; 65], parts: &[&[u8]], signature: &[u8]) -> Result<(), SignatureError> {
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key);
    let verified = match parts {
        [message] => key.verify(message, signature),
        parts => key.verify(&parts.concat(), signature),
    };
    verified.map_err(|_| SignatureError)
}

/// The point `scalar`·G as `04‖X‖Y`; none if the library has no memory.
pub(crate) fn multiple_of_base(scalar: &[u8; 32]) -> Option<[u8; 65]> {
    public_of(&ready(scalar)?)
}

/// The x-coordinate of `scalar`·`peer`, which is `04‖X‖Y`; none if that is off the curve, or the library has no memory.
pub(crate) fn agree_p256(scalar: &[u8; 32], peer: &[u8; 65]) -> Option<Zeroizing<[u8; 32]>> {
    agree(&ready(scalar)?, peer)
}

/// [`agree_p256`] and [`multiple_of_base`]: the library makes a key ready, and looks whether it is sound, by two
/// multiplications, which are done for both at once.
pub(crate) fn agree_p256_with_public(
    scalar: &[u8; 32],
    peer: &[u8; 65],
) -> Option<(Zeroizing<[u8; 32]>, [u8; 65])> {
    let key = ready(scalar)?;
    Some((agree(&key, peer)?, public_of(&key)?))
}

fn ready(scalar: &[u8; 32]) -> Option<agreement::PrivateKey> {
    agreement::PrivateKey::from_private_key(&ECDH_P256, scalar).ok()
}

fn public_of(key: &agreement::PrivateKey) -> Option<[u8; 65]> {
    key.compute_public_key().ok()?.as_ref().try_into().ok()
}

fn agree(key: &agreement::PrivateKey, peer: &[u8; 65]) -> Option<Zeroizing<[u8; 32]>> {
    let peer = agreement::UnparsedPublicKey::new(&ECDH_P256, peer);
    let keep = |secret: &[u8]| secret.try_into().map(Zeroizing::new).map_err(|_| Unspecified);
    agreement::agree(key, peer, Unspecified, keep).ok()
}

/// Signs a digest as [`ecdsa::hazmat::sign_prehashed_rfc6979`] does; none if the library has no memory.
pub(crate) fn sign_p256(key: &NonZeroScalar, digest: &[u8; 32]) -> Option<[u8; 64]> {
    sign_deterministically(key, digest, multiple_of_base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Curve, PrivateKey, PublicKey};
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    /// Order of the group, big-endian.
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

    fn order() -> [u8; 32] {
        hex::decode(ORDER).unwrap().try_into().unwrap()
    }

    /// `a - b`, which is not negative.
    fn minus(a: [u8; 32], b: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        let mut borrow = 0;
        for i in (0..32).rev() {
            let digit = i16::from(a[i]) - i16::from(b[i]) - borrow;
            borrow = i16::from(digit < 0);
            out[i] = digit.rem_euclid(256) as u8;
        }
        out
    }

    proptest! {
        /// Every octet: what is signed is the same on every host.
        #[test]
        fn signatures_are_those_of_the_portable_code(key in key(), message: Vec<u8>) {
            prop_assert_eq!(key.sign(&[&message]), key.sign_portably(&[&message]));
        }

        #[test]
        fn public_keys_and_agreements_are_those_of_the_portable_code(key in key(), peer in key()) {
            let public = peer.public_key();
            prop_assert_eq!(public.to_sec1(), peer.public_key_portably().to_sec1());
            let agreed = key.agree(&public).unwrap();
            prop_assert_eq!(&agreed, &key.agree_portably(&public).unwrap());
            prop_assert_eq!(&agreed, &peer.agree(&key.public_key()).unwrap());
            let (both, own) = key.agree_with_public(&public).unwrap();
            prop_assert_eq!((both, own.to_sec1()), (agreed, key.public_key_portably().to_sec1()));
        }
    }

    /// 1 and the last before the order, beside each other.
    #[test]
    fn ends_of_the_range_are_keys_like_others() {
        let mut one = [0; 32];
        one[31] = 1;
        let keys =
            [one, minus(order(), &one)].map(|octets| PrivateKey::from_bytes(Curve::P256, &octets).unwrap());
        for key in &keys {
            assert_eq!(key.public_key().to_sec1(), key.public_key_portably().to_sec1());
            assert_eq!(key.sign(&[b"message"]), key.sign_portably(&[b"message"]));
            for peer in &keys {
                let peer = peer.public_key();
                assert_eq!(key.agree(&peer).unwrap(), key.agree_portably(&peer).unwrap());
            }
        }
    }

    /// What both say; they must say the same.
    fn both(key: &PublicKey, parts: &[&[u8]], signature: &[u8]) -> bool {
        let ours = verify_p256(&key.to_sec1(), parts, signature);
        assert_eq!(ours, key.verify_portably(parts, signature), "{}", hex::encode(signature));
        ours.is_ok()
    }

    fn key() -> impl Strategy<Value = PrivateKey> {
        any::<[u8; 32]>()
            .prop_filter_map("a scalar", |octets| PrivateKey::from_bytes(Curve::P256, &octets).ok())
    }

    proptest! {
        #[test]
        fn signatures_are_good_for_both(key in key(), a: Vec<u8>, b: Vec<u8>, cut: prop::sample::Index) {
            let (signature, public) = (key.sign(&[&a, &b]), key.public_key());
            prop_assert!(both(&public, &[&a, &b], &signature));
            let whole = [a, b].concat();
            prop_assert!(both(&public, &[&whole], &signature));
            let (head, tail) = whole.split_at(cut.index(whole.len() + 1));
            prop_assert!(both(&public, &[head, &[], tail], &signature));
        }

        /// The other s of the same signature is as good: nothing here normalises.
        #[test]
        fn high_and_low_s_are_good_for_both(key in key(), message: Vec<u8>) {
            let mut signature = key.sign(&[&message]);
            let other = minus(order(), &signature[32..]);
            signature[32..].copy_from_slice(&other);
            prop_assert!(both(&key.public_key(), &[&message], &signature));
        }

        #[test]
        fn a_changed_octet_is_bad_for_both(key in key(), message: Vec<u8>, at in 0..64_usize, by in 1..=255_u8) {
            let mut signature = key.sign(&[&message]);
            signature[at] ^= by;
            prop_assert!(!both(&key.public_key(), &[&message], &signature));
        }

        #[test]
        fn what_is_no_signature_is_none_for_both(key in key(), message: Vec<u8>, octets: Vec<u8>, any: [[u8; 32]; 2]) {
            prop_assert!(!both(&key.public_key(), &[&message], &octets));
            prop_assert!(!both(&key.public_key(), &[&message], &any.concat()));
        }

        #[test]
        fn another_length_is_bad_for_both(key in key(), message: Vec<u8>, length in 0..64_usize) {
            let signature = key.sign(&[&message]);
            prop_assert!(!both(&key.public_key(), &[&message], &signature[..length]));
            prop_assert!(!both(&key.public_key(), &[&message], &[&signature[..], &[0]].concat()));
        }

        /// r and s from 0 to just beyond the order, each beside a good other half.
        #[test]
        fn ends_of_the_range_are_bad_for_both(key in key(), message: Vec<u8>, of_s: bool, below in 0..4_u8) {
            let public = key.public_key();
            let mut edges = vec![[0; 32], order(), [0xFF; 32]];
            let mut small = [0; 32];
            small[31] = below;
            edges.extend([small, minus(order(), &small)]);
            let mut beyond = order();
            beyond[31] += below;
            edges.push(beyond);
            for edge in edges {
                let mut signature = key.sign(&[&message]);
                let half = if of_s { 32..64 } else { 0..32 };
                signature[half].copy_from_slice(&edge);
                prop_assert!(!both(&public, &[&message], &signature));
            }
        }

        /// No such key is ever made; AWS-LC would not take it either.
        #[test]
        fn points_off_the_curve_are_no_keys(key in key(), at in 1..65_usize, by in 1..=255_u8) {
            let mut point = key.public_key().to_sec1();
            point[at] ^= by;
            let signature = key.sign(&[b"message"]);
            prop_assert!(PublicKey::from_sec1(Curve::P256, &point).is_err());
            prop_assert!(verify_p256(&point, &[b"message"], &signature).is_err());
        }
    }

    #[test]
    fn the_point_at_infinity_and_other_forms_are_no_keys() {
        let key = PrivateKey::from_bytes(Curve::P256, &[7; 32]).unwrap();
        let signature = key.sign(&[b"message"]);
        let mut point = [0; 65];
        for first in [0, 4] {
            point[0] = first;
            assert!(PublicKey::from_sec1(Curve::P256, &point).is_err());
            assert!(verify_p256(&point, &[b"message"], &signature).is_err());
        }
        point = key.public_key().to_sec1();
        for first in [0, 2, 3, 5, 6, 7] {
            point[0] = first;
            assert!(PublicKey::from_sec1(Curve::P256, &point).is_err());
            // The hybrid forms, 06 and 07, are points for AWS-LC, which never sees any.
            let verified = verify_p256(&point, &[b"message"], &signature);
            assert!(verified.is_err() || matches!(first, 6 | 7));
        }
    }
}
