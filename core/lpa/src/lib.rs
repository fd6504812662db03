//! The Local Profile Assistant as a step machine.
#![forbid(unsafe_code)]
