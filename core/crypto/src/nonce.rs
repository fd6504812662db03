//! Signatures of P-256 that say the same of the same (RFC 6979), where something else multiplies points.

use ecdsa::Signature;
use p256::elliptic_curve::Curve;
use p256::elliptic_curve::ff::PrimeField;
use p256::elliptic_curve::ops::{Invert, Reduce};
use p256::{FieldBytes, NistP256, NonZeroScalar, Scalar, U256};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Signs a digest as [`ecdsa::hazmat::sign_prehashed_rfc6979`] does, with multiples of the base point from elsewhere, as
/// `04‖X‖Y`; none if there is none.
pub(crate) fn sign_deterministically(
    key: &NonZeroScalar,
    digest: &[u8; 32],
    multiple_of_base: impl Fn(&[u8; 32]) -> Option<[u8; 65]>,
) -> Option<[u8; 64]> {
    let z = reduced(digest);
    let octets = Zeroizing::new(key.to_repr());
    let order = &NistP256::ORDER;
    let mut nonces = rfc6979::KGenerator::<Sha256, U256>::new(&octets, digest, &[], order);
    loop {
        let mut nonce = Zeroizing::new(FieldBytes::default());
        nonces.fill_next_k(&mut nonce);
        let Some(k) = NonZeroScalar::from_repr(*nonce).into_option() else { continue };
        let k = Zeroizing::new(k);
        let point = multiple_of_base(AsRef::<[u8; 32]>::as_ref(&*nonce))?;
        let r = reduced(point[1..33].try_into().ok()?);
        let s = *Invert::invert(&*k) * (z + r * **key);
        if let Ok(signature) = Signature::<NistP256>::from_scalars(r, s) {
            return Some(signature.to_bytes().into());
        }
    }
}

/// 32 octets, big-endian, modulo the order of the group.
fn reduced(octets: &[u8; 32]) -> Scalar {
    Scalar::reduce(&FieldBytes::from(*octets))
}
