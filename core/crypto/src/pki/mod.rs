//! The GSMA certificate profile (SGP.22 4.5): reading, checking, issuing.

mod cert;
mod chain;
mod client;
mod crl;
mod der_in;
mod der_out;
mod issue;
mod live;
mod registered_id;
mod role;
mod rules;
mod verified;

pub use cert::{Certificate, CertificateError, NameConstraint};
pub use chain::{
    ChainError, ChainReason, TrustedCi, verify_euicc, verify_euicc_with, verify_server,
    verify_server_of_role, verify_server_with, verify_signature,
};
pub use client::{validity, verify_client};
pub use crl::Crl;
pub use issue::{CrlDraft, Issued, PkiParameters, TestPki};
pub use live::{LiveCi, refuse_live_ci};
pub use role::Role;
pub use rules::CertificateRules;
pub use verified::{NoneVerified, Verified, VerifiedList};
