//! Octets that no log, error or debug output may show.

use alloc::string::String;
use alloc::vec::Vec;
use esim_rsp::json::Base64;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

/// Text that is wiped when it is dropped.
pub type SecretText = Zeroizing<String>;

/// Octets to keep from every eye: profile packages, one-time private keys.
///
/// Base64 when serialised, which only stores do; `Debug` shows the length. Wiped
/// when it is dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(Base64);

impl Secret {
    /// Hides `octets`.
    pub fn new(octets: Vec<u8>) -> Self {
        Self(Base64(octets))
    }

    /// The octets, for the one who needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0.0
    }
}

impl core::fmt::Debug for Secret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Secret({} octets)", self.0.0.len())
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.0.zeroize();
    }
}
