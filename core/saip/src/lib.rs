//! TCA interoperable profile packages: read, build, check.
#![forbid(unsafe_code)]
