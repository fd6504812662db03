//! Activation codes in pictures: as files of both kinds, light on dark, tilted and small; and pictures that have none.

use crate::common;

use common::{Sm, card_profiles, fail, run};
use image::{GrayImage, Luma};
use std::path::{Path, PathBuf};

/// Its QR code in a picture: so many pixels to a module, on so grey a page, tilted by so many parts of a thousand.
fn picture(text: &str, module: u32, tilt: u32) -> GrayImage {
    let code = qrcode::QrCode::new(text).unwrap();
    let modules = u32::try_from(code.width()).unwrap();
    let side = (modules + 12) * module + tilt * 2;
    GrayImage::from_fn(side, side, |x, y| {
        // A page that does not lie straight: columns are lower the farther right they are.
        let (column, row) = (x / module, y.saturating_sub(x * tilt / 1000) / module);
        let dark = (6..6 + modules).contains(&column)
            && (6..6 + modules).contains(&row)
            && code[((column - 6) as usize, (row - 6) as usize)] == qrcode::Color::Dark;
        Luma([if dark { 40 } else { 215 }])
    })
}

fn save(folder: &Path, name: &str, picture: &GrayImage) -> PathBuf {
    let path = folder.join(name);
    picture.save(&path).unwrap();
    path
}

#[test]
fn the_code_is_read_from_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    let sm = Sm::start(folder.path());
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let mut dark = picture(&sm.order(&[]).2, 4, 0);
    image::imageops::invert(&mut dark);
    let pictures = [
        save(folder.path(), "straight.png", &picture(&sm.order(&[]).2, 4, 0)),
        save(folder.path(), "tilted.jpg", &picture(&sm.order(&[]).2, 6, 60)),
        save(folder.path(), "dark.png", &dark),
        // Its name says nothing of what is in it.
        save(folder.path(), "named.png", &picture(&sm.order(&[]).2, 3, 0)).with_file_name("code"),
    ];
    std::fs::rename(folder.path().join("named.png"), &pictures[3]).unwrap();
    for (count, path) in pictures.iter().enumerate() {
        let path = path.display().to_string();
        let shown = run(&["lpa", "--state", &state, "preview", "--qr", &path]);
        assert!(shown.contains("free memory"), "{path}: {shown}");
        run(&["lpa", "--state", &state, "download", "--yes", "--qr", &path]);
        assert_eq!(card_profiles(&state).len(), count + 1, "{path}");
    }
}

#[test]
fn a_picture_without_an_activation_code_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("card").display().to_string();
    run(&["euicc", "init", "--state", &state]);
    let told =
        |path: &Path| fail(&["lpa", "--state", &state, "download", "--qr", &path.display().to_string()]);
    let other = save(folder.path(), "other.png", &picture("https://example.com", 4, 0));
    assert!(
        told(&other).contains("is no activation code: it says \"https://example.com\""),
        "{}",
        told(&other)
    );
    let empty = save(folder.path(), "empty.png", &GrayImage::from_pixel(200, 200, Luma([200])));
    assert!(told(&empty).contains("no QR code is seen in"), "{}", told(&empty));
    let (one, two) = (picture("LPA:1$a.example$1", 4, 0), picture("LPA:1$a.example$2", 4, 0));
    let mut both =
        GrayImage::from_pixel(one.width() + two.width(), one.height().max(two.height()), Luma([215]));
    image::imageops::replace(&mut both, &one, 0, 0);
    image::imageops::replace(&mut both, &two, i64::from(one.width()), 0);
    let both = save(folder.path(), "both.png", &both);
    assert!(told(&both).contains("there are 2 activation codes in"), "{}", told(&both));
    let text = folder.path().join("text.png");
    std::fs::write(&text, "LPA:1$a.example$1").unwrap();
    assert!(told(&text).contains("is no picture that can be read (PNG, JPEG)"), "{}", told(&text));
    assert!(told(&folder.path().join("missing.png")).contains("missing.png"));
}
