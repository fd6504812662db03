//! The vocabulary of GSMA Remote SIM Provisioning: every message as a type.
#![forbid(unsafe_code)]
