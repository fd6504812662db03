//! Activation codes in pictures.

use super::prompt::either;
use anyhow::{Context, Result, bail};
use esim_lpa::Lang;
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
pub(super) fn read(path: &Path, lang: Lang) -> Result<ActivationCode> {
    let name = || path.display().to_string();
    let mut reader = ImageReader::open(path).and_then(ImageReader::with_guessed_format).with_context(name)?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_OCTETS);
    reader.limits(limits);
    let picture = reader.decode().with_context(|| match lang {
        Lang::En => format!("{} is no picture that can be read (PNG, JPEG)", name()),
        Lang::Ja => format!("{}は読み取れる画像(PNG、JPEG)ではありません", name()),
    })?;
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
    let name = name();
    match (&codes[..], seen.first()) {
        ([code], _) => Ok((*code).clone()),
        ([], None) => bail!(either(
            lang,
            format!(
                "no QR code is seen in {name}: the picture must be sharp, and show all of the code with its margin"
            ),
            format!(
                "{name}にQRコードが見つかりません。余白を含むコード全体が鮮明に写った画像を指定してください"
            ),
        )),
        ([], Some(Code { text, .. })) => bail!(either(
            lang,
            format!("the QR code in {name} is no activation code: it says {text:?}"),
            format!("{name}のQRコードはアクティベーションコードではありません(内容: {text:?})"),
        )),
        _ => bail!(either(
            lang,
            format!("there are {} activation codes in {name}: cut out the one that is meant", codes.len()),
            format!(
                "{name}に{}個のアクティベーションコードがあります。使うものだけを切り出してください",
                codes.len()
            ),
        )),
    }
}
