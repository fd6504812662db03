//! The algorithms against published vectors. One program for all of them: each that is linked takes its seconds, and its 80 MB.

mod aka_vectors;
mod pki;
mod scp80;
mod vectors;
