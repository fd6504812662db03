//! GSMA certificates.
