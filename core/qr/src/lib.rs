//! QR codes in pictures, and which of them are activation codes (SGP.22 4.1).
//!
//! Light and dark in, codes out: whoever has a file, a camera or a page's canvas brings the pixels. A picture is looked at
//! in several ways, for no single one reads what is dark on light and light on dark, large and small, noisy and glaring.
//!
//! ```
//! use esim_qr::{Picture, look};
//!
//! let empty = Picture::from_luma(640, 480, vec![200; 640 * 480])?;
//! assert!(look(&empty).is_empty());
//! assert!(Picture::from_luma(640, 480, vec![200; 640]).is_err(), "too few pixels");
//! # Ok::<(), esim_qr::Refused>(())
//! ```

mod black_and_white;
mod found;
mod picture;

pub use found::{Code, Point, look};
pub use picture::{MOST_PIXELS, Picture, Refused};
