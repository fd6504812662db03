//! The mobile network: AuC and modem.
#![forbid(unsafe_code)]
