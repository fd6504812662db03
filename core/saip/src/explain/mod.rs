//! A profile package, and what is in its files, as trees for a reader. Names are those of the ASN.1 module of the TCA
//! Profile Package: Interoperable Format Technical Specification.

mod ef;
mod elements;
#[cfg(test)]
mod tests;
pub mod words;

use alloc::vec::Vec;
use esim_rsp::Error;
use esim_rsp::explain::{Node, explain_as};

pub use ef::content;

/// Explains a profile package, as it is after decryption: profile elements one after the other.
///
/// # Errors
/// [`Error`] if the octets are no TLVs.
pub fn explain_profile(octets: &[u8]) -> Result<Vec<Node>, Error> {
    explain_as(octets, elements::ELEMENTS)
}
