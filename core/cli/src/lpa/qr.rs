//! Activation codes in pictures.

use anyhow::{Context, Result, bail};
use esim_rsp::activation_code::ActivationCode;
use image::{GrayImage, ImageReader, Limits};
use std::collections::BTreeSet;
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
    let mut said = texts(&picture);
    if said.is_empty() {
        // On a dark page codes are light.
        image::imageops::invert(&mut picture);
        said = texts(&picture);
    }
    let codes: Vec<ActivationCode> = said.iter().filter_map(|text| text.trim().parse().ok()).collect();
    match (&codes[..], said.first()) {
        ([code], _) => Ok(code.clone()),
        ([], None) => bail!(
            "no QR code is seen in {}: the picture must be sharp, and show all of the code with its margin",
            name()
        ),
        ([], Some(other)) => bail!("the QR code in {} is no activation code: it says {other:?}", name()),
        _ => bail!("there are {} activation codes in {}: cut out the one that is meant", codes.len(), name()),
    }
}

/// What the QR codes in a picture say, each once.
fn texts(picture: &GrayImage) -> BTreeSet<String> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = picture.as_raw();
    let at = |x: usize, y: usize| pixels.get(y * width + x).copied().unwrap_or(u8::MAX);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, at);
    prepared.detect_grids().iter().filter_map(|grid| grid.decode().ok()).map(|(_, text)| text).collect()
}
