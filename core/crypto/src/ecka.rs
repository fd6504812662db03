//! Elliptic curve key agreement (SGP.22 2.6.5, BSI TR-03111 ECKA-EG).

use crate::ecdsa::{KeyError, PrivateKey, PublicKey};
use zeroize::Zeroizing;

/// The shared secret ZAB: the x-coordinate, 32 octets.
///
/// # Errors
/// [`KeyError`] if the keys are of different curves.
pub fn ecka(own: &PrivateKey, peer: &PublicKey) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    own.agree(peer)
}

/// The same, and the public key that belongs to `own`, which costs less than apart.
///
/// # Errors
/// [`KeyError`] if the keys are of different curves.
pub fn ecka_with_public(
    own: &PrivateKey,
    peer: &PublicKey,
) -> Result<(Zeroizing<[u8; 32]>, PublicKey), KeyError> {
    own.agree_with_public(peer)
}
