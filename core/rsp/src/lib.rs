//! The vocabulary of GSMA Remote SIM Provisioning (SGP.22 v2.6): every message
//! as a type, with its ASN.1 above it, and nothing else: no cryptography, no
//! I/O, no clock.
//!
//! Modules are the interfaces of the specification, types its messages,
//! functions its functions. [`decode`] and [`encode`] are the only way in and
//! out; [`Signed`] keeps the received octets of whatever carries a signature;
//! [`explain()`] draws any message as a tree from the same types.
#![forbid(unsafe_code)]
#![cfg_attr(not(feature = "ts"), no_std)]
extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod activation_code;
pub mod address;
pub mod asn1_binding;
pub mod bpp;
pub mod check;
pub mod codec;
pub mod common;
mod error;
pub mod es10;
pub mod es10a;
pub mod es10b;
pub mod es10c;
pub mod es11;
pub mod es12;
pub mod es15;
pub mod es2p;
pub mod es8p;
pub mod es9p;
pub mod explain;
pub mod id;
pub mod json;
pub mod json_binding;
pub mod meaning;
mod node;
pub mod notification;
pub mod oid;
pub mod shape;
pub mod signed;
pub mod sms;
pub mod status;
pub mod tbcd;
pub mod tlv;
pub mod trace;
mod x509;

pub use codec::{decode, encode};
pub use error::{Error, ErrorKind};
pub use explain::explain;
pub use id::{Eid, Iccid, TransactionId};
pub use rasn::types::{BitString, ObjectIdentifier, OctetString};
pub use signed::{CertificateDer, Signature, Signed};
pub use status::{Code, Refusal};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
