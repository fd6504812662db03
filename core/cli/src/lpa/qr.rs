//! Activation codes in pictures.

use anyhow::{Context, Result, bail};
use esim_qr::{Code, MOST_PIXELS, Picture};
use esim_rsp::activation_code::ActivationCode;
use image::{ImageReader, Limits};
use std::path::Path;

/// Longest side of a picture, in pixels, and octets that it may take: what any camera makes, and no more.
const LONGEST_SIDE: u32 = 16_384;
const MOST_OCTETS: u64 = 512 << 20;

/// The activation code in a picture (PNG or JPEG) of its QR code.
///
/// # Errors
/// The file is no picture; there is no QR code in it, none that is an activation code, or more than one that is.
pub(super) fn read(path: &Path) -> Result<ActivationCode> {
    let name = || path.display().to_string();
    let mut reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format).with_context(name)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_OCTETS);
    reader.limits(limits);
    let picture =
        reader.decode().with_context(|| format!("{} is no picture that can be read (PNG, JPEG)", name()))?;
    let mut picture = picture.into_luma8();
    // Of cameras with more pixels than are looked at, half as many a side are as good.
    while picture.as_raw().len() > MOST_PIXELS {
        let (width, height) = (picture.width().div_ceil(2), picture.height().div_ceil(2));
        picture = image::imageops::thumbnail(&picture, width, height);
    }
    let (width, height) = picture.dimensions();
    let seen = esim_qr::look(&Picture::from_luma(width, height, picture.into_raw()).with_context(name)?);
    let mut codes: Vec<&ActivationCode> = Vec::new();
    for code in seen.iter().filter_map(|code| code.activation.as_ref()) {
        // The same once more is no other one.
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    match (&codes[..], seen.first()) {
        ([code], _) => Ok((*code).clone()),
        ([], None) => bail!(
            "no QR code is seen in {}: the picture must be sharp, and show all of the code with its margin",
            name()
        ),
        ([], Some(Code { text, .. })) => {
            bail!("the QR code in {} is no activation code: it says {text:?}", name())
        }
        _ => bail!("there are {} activation codes in {}: cut out the one that is meant", codes.len(), name()),
    }
}
