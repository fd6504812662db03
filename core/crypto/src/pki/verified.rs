//! Certificates whose signatures have been verified before.

use super::Certificate;
use crate::{PublicKey, SignatureError, sha256};
use alloc::collections::VecDeque;

/// Remembers which signatures of manufacturers' certificates are good: there are few manufacturers and many eUICCs. It is
/// for signatures alone. What time and issuers may change (validity, trust, revocation) is checked each time.
pub trait Verified {
    /// Whether this one is remembered, by a digest of everything that its verification depends on.
    fn contains(&self, digest: &[u8; 32]) -> bool;

    /// Remembers one that is good.
    fn insert(&self, digest: [u8; 32]);
}

/// Remembers nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoneVerified;

impl Verified for NoneVerified {
    fn contains(&self, _: &[u8; 32]) -> bool {
        false
    }

    fn insert(&self, _: [u8; 32]) {}
}

/// The last [`VerifiedList::LIMIT`] that were inserted, for hosts to put behind a lock.
#[derive(Clone, Debug, Default)]
pub struct VerifiedList(VecDeque<[u8; 32]>);

impl VerifiedList {
    /// Digests remembered at most.
    pub const LIMIT: usize = 256;

    /// A list of none.
    pub const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Whether this one is remembered.
    pub fn contains(&self, digest: &[u8; 32]) -> bool {
        self.0.contains(digest)
    }

    /// Remembers one more, and forgets the oldest where there are too many.
    pub fn insert(&mut self, digest: [u8; 32]) {
        if !self.contains(&digest) {
            self.0.truncate(Self::LIMIT - 1);
            self.0.push_front(digest);
        }
    }
}

/// Verifies a certificate's signature, unless it is known to be good.
///
/// # Errors
/// [`SignatureError`].
pub(super) fn verify_once(
    certificate: &Certificate,
    issuer: &PublicKey,
    verified: &dyn Verified,
) -> Result<(), SignatureError> {
    // All before the certificate is of fixed length: no two questions have one digest.
    let digest = sha256(&[&issuer.to_sec1(), &[issuer.curve() as u8], certificate.raw()]);
    if verified.contains(&digest) {
        return Ok(());
    }
    super::verify_signature(certificate, issuer)?;
    verified.insert(digest);
    Ok(())
}
