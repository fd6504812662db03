//! The SM as an HTTP service: one handler for every host.
