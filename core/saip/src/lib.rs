//! TCA interoperable profile packages: read, build, check.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod builder;
pub mod check;
pub mod coding;
pub mod error;
pub mod explain;
pub mod filesystem;
pub mod image;
pub mod pe;
pub mod response;
pub mod templates;
mod tlv;

pub use error::{ElementError, Error, ErrorKind, Status};
pub use filesystem::{Capabilities, Installer, resolve};
pub use image::Image;
pub use pe::{Element, Package, ProfileElement, Splitter, next_element};
pub use response::{EuiccResponse, LeftOut, PeStatus};

#[cfg(test)]
mod testdata;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
