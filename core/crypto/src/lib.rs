//! The cryptography of Remote SIM Provisioning and of the SIM.
#![forbid(unsafe_code)]
