//! The cryptography of Remote SIM Provisioning and of the SIM: ECDSA and key
//! agreement on P-256 and brainpoolP256r1, the key derivation and secure
//! channel of ES8+, secured packets over the air, the authentication algorithms
//! of the USIM, and the GSMA certificate profile.
#![forbid(unsafe_code)]
#![no_std]
extern crate alloc;
#[cfg(any(feature = "lent", test))]
extern crate std;

pub mod bsp;
mod ecdsa;
mod ecka;
mod hash;
mod kdf;
pub mod kdf3gpp;
#[cfg(any(feature = "lent", test))]
mod lent;
pub mod milenage;
#[cfg(feature = "native")]
mod native;
#[cfg(any(feature = "native", feature = "lent", test))]
mod nonce;
pub mod pki;
pub mod scp80;
mod seal;
pub mod suci;
mod tlv;
pub mod tuak;
pub mod usim_test;

pub use esim_rsp::check;

pub use ecdsa::{Curve, KeyError, PrivateKey, PublicKey, SignatureError};
pub use ecka::{ecka, ecka_with_public};
pub use hash::{confirmation_code_hash, confirmation_code_hash_for, sha256};
pub use kdf::x963_sha256;
#[cfg(feature = "lent")]
pub use lent::{Machine, lend};
pub use seal::{MacKey, SealError, SealKey, key_of as seal_key_of};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
