//! ANSI X9.63 key derivation with SHA-256 (SGP.22 2.6.4.1, BSI TR-03111 4.3.3).

use crate::hash::sha256;
use alloc::vec::Vec;
use zeroize::Zeroizing;

/// `len` octets of SHA-256(z ‖ counter ‖ shared_info), counter from 1, 4 octets.
pub fn x963_sha256(z: &[u8], shared_info: &[u8], len: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(len + 32));
    let mut counter = 1u32;
    while out.len() < len {
        out.extend_from_slice(&sha256(&[z, &counter.to_be_bytes(), shared_info]));
        counter = counter.wrapping_add(1);
    }
    out.truncate(len);
    out
}
