//! SHA-256, and what SGP.22 makes of it for confirmation codes (4.7).

use sha2::{Digest, Sha256};

/// SHA-256 of the concatenation of `parts`.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// What the SM-DP+ stores: SHA-256(confirmation code).
pub fn confirmation_code_hash(code: &str) -> [u8; 32] {
    sha256(&[code.as_bytes()])
}

/// `hashCc`: SHA-256(SHA-256(confirmation code) ‖ transactionId).
pub fn confirmation_code_hash_for(stored: &[u8; 32], transaction_id: &[u8]) -> [u8; 32] {
    sha256(&[stored, transaction_id])
}
