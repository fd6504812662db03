//! What is read of pictures that a phone would take, and of such as nobody can read.

use crate::pictures::{Case, OTHER, Pose, Random, Scene, TEXT, cases};
use esim_qr::{Code, MOST_PIXELS, Picture, Refused, look};

fn looked(scene: &Scene) -> Vec<Code> {
    look(&Picture::from_luma(scene.width as u32, scene.height as u32, scene.draw()).unwrap())
}

/// Holds what was read against what was drawn: no text but those, each with its corners where they are, to a fiftieth of
/// its side and two pixels.
fn hold(name: &str, scene: &Scene, codes: &[Code]) {
    for code in codes {
        let near = |corners: &[(f64, f64); 4]| {
            let side = (corners[0].0 - corners[1].0).hypot(corners[0].1 - corners[1].1);
            let both = corners.iter().zip(&code.corners);
            both.map(|(drawn, read)| (drawn.0 - read.x).hypot(drawn.1 - read.y)).fold(0.0, f64::max)
                < 2.0 + side / 50.0
        };
        let drawn = scene.codes.iter().any(|placed| placed.text == code.text && near(&placed.corners));
        assert!(drawn, "{name}: {code:?}");
        let is_activation = code.activation.as_ref().is_some_and(|it| it.smdp_address == "smdp.example.com");
        assert_eq!(is_activation, code.text.starts_with("LPA:"), "{name}: {code:?}");
    }
}

#[test]
fn what_a_phone_takes_is_read_and_what_nobody_can_read_is_not() {
    for Case { name, scene, read } in cases() {
        let codes = looked(&scene);
        hold(name, &scene, &codes);
        let texts: Vec<&str> = codes.iter().map(|code| code.text.as_str()).collect();
        assert_eq!(texts, read, "{name}");
    }
}

/// For others to read: `ESIM_LAB_QR_PICTURES=folder`, then `zbarimg folder/*.pgm`.
#[test]
fn pictures_are_left_for_others() {
    let Some(folder) = std::env::var_os("ESIM_LAB_QR_PICTURES").map(std::path::PathBuf::from) else {
        return println!("skipped: ESIM_LAB_QR_PICTURES names no folder");
    };
    for Case { name, scene, .. } in cases() {
        let head = format!("P5\n{} {}\n255\n", scene.width, scene.height).into_bytes();
        std::fs::write(folder.join(format!("{name}.pgm")), [head, scene.draw()].concat()).unwrap();
    }
}

/// However badly it is taken: what is read is what was drawn.
#[test]
fn nothing_else_is_ever_read() {
    let mut random = Random(11);
    let mut read = 0;
    for seed in 0..40 {
        let mut between = |from: f64, to: f64| from + (to - from) * random.part();
        let pose = Pose {
            roll: between(0.0, 360.0),
            pitch: between(-50.0, 50.0),
            yaw: between(-50.0, 50.0),
            side: between(80.0, 200.0),
            middle: (between(80.0, 240.0), between(80.0, 160.0)),
        };
        let mut scene = Scene::new(320, 240).with(if seed % 2 == 0 { TEXT } else { OTHER }, pose);
        scene.blur = between(0.2, 1.6);
        scene.noise = between(0.0, 30.0);
        scene.ink = between(0.0, 200.0);
        scene.glare = between(0.0, 400.0);
        scene.lamp = (between(0.0, 320.0), between(0.0, 240.0), between(10.0, 80.0), between(10.0, 80.0));
        scene.shade = between(0.0, 0.7);
        scene.seed = seed;
        let codes = looked(&scene);
        hold(&format!("picture {seed}"), &scene, &codes);
        read += codes.len();
    }
    // Else they would be too bad to say anything.
    assert!(read > 5, "{read}");
}

#[test]
fn noise_and_shapes_are_no_codes() {
    let mut random = Random(5);
    for count in 0..12 {
        // Octets, blots of some pixels, stripes.
        let (coarse, rows) = (1 + count % 4, if count % 3 == 0 { 0 } else { 7 });
        let shades: Vec<u8> = (0..160 * 120).map(|_| random.next() as u8).collect();
        let luma = (0..160 * 120)
            .map(|at| shades[at % 160 / coarse + at / 160 / coarse * 160 * rows % shades.len()]);
        let picture = Picture::from_luma(160, 120, luma.collect()).unwrap();
        assert_eq!(look(&picture), [], "{count}");
    }
    // The finder patterns alone, with bars where there would be none.
    let finders = |x: usize, y: usize| {
        let (x, y) = (x / 4, y / 4);
        let ring = |left: usize, top: usize| {
            let away = x.abs_diff(left + 3).max(y.abs_diff(top + 3));
            away == 3 || away < 2
        };
        ring(4, 4)
            || ring(26, 4)
            || ring(4, 26)
            || (x == 10 && y > 10 && y < 26)
            || (y == 10 && x > 10 && x < 26)
    };
    let luma = (0..160 * 160).map(|at| if finders(at % 160, at / 160) { 0 } else { 255 }).collect();
    assert_eq!(look(&Picture::from_luma(160, 160, luma).unwrap()), []);
    for (width, height) in [(1, 1), (1, 700), (700, 1), (3, 2)] {
        let picture = Picture::from_luma(width, height, vec![0; (width * height) as usize]).unwrap();
        assert_eq!(look(&picture), [], "{width} × {height}");
    }
}

#[test]
fn colours_and_paper_that_shows_through_are_light_and_dark() {
    let scene = &cases()[0].scene;
    let luma = scene.draw();
    // Blue on yellow; ink on nothing, which is white.
    let blue: Vec<u8> = luma.iter().flat_map(|light| [*light, *light, 255 - light, 255]).collect();
    let ink: Vec<u8> = luma.iter().flat_map(|light| [0, 0, 0, 255 - light]).collect();
    for octets in [blue, ink] {
        let picture = Picture::from_rgba(scene.width as u32, scene.height as u32, &octets).unwrap();
        hold("colours", scene, &look(&picture));
        assert_eq!(look(&picture).len(), 1);
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    assert_eq!(Picture::from_luma(0, 5, vec![]), Err(Refused::Empty));
    assert_eq!(Picture::from_rgba(5, 0, &[]), Err(Refused::Empty));
    assert_eq!(Picture::from_luma(2, 2, vec![0; 5]), Err(Refused::Length { octets: 5, expected: 4 }));
    assert_eq!(Picture::from_rgba(2, 2, &[0; 4]), Err(Refused::Length { octets: 4, expected: 16 }));
    let most = u32::try_from(MOST_PIXELS).unwrap();
    for (width, height) in [(most, 2), (u32::MAX, u32::MAX), (1, most + 1)] {
        assert_eq!(Picture::from_luma(width, height, vec![]), Err(Refused::TooLarge { width, height }));
    }
    for refused in [
        Refused::Empty,
        Refused::TooLarge { width: 9, height: 8 },
        Refused::Length { octets: 1, expected: 2 },
    ] {
        assert!(refused.to_string().contains("picture"), "{refused}");
        assert!(refused.japanese().contains("画像"), "{}", refused.japanese());
    }
}
