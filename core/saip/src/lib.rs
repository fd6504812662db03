//! TCA interoperable profile packages: read, build, check.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod image;

pub use image::Image;
