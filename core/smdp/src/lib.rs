//! The decisions of an SM-DP+, without I/O.
#![forbid(unsafe_code)]
