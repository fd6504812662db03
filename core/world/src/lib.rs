//! Card, LPA, SM and network joined by one trace.
#![forbid(unsafe_code)]
