//! Looking at a picture in several ways, and what was seen in any of them.

use crate::Picture;
use crate::black_and_white::Surroundings;
use esim_rsp::activation_code::ActivationCode;
use rqrr::{BitGrid, PreparedImage};

/// Pixels up to which a picture is looked at twice as large, too: in larger ones codes are not so small.
const SMALL: usize = 1 << 20;
/// Longest side of a picture that is not looked at any smaller.
const SMALLEST_SIDE: usize = 300;

/// A place in a picture, in pixels from its left upper corner; of a code that is cut off it may be outside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// A QR code that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// What it says.
    pub text: String,
    /// Its corners without the margin, clockwise as the code is printed, from the one at its left upper finder pattern.
    pub corners: [Point; 4],
    /// What it says, if that is an activation code.
    pub activation: Option<ActivationCode>,
}

/// The QR codes in a picture, activation codes first. The same text at two places is two codes.
///
/// It is looked at as it is and at half its sides, again and again: what is large is found where it is smaller, and noise and
/// blur are less there. Small pictures are looked at twice as large, too, and those of half the sides once more with their
/// edges drawn out.
pub fn look(picture: &Picture) -> Vec<Code> {
    let mut codes = Vec::new();
    let is_small = |picture: &Picture| picture.width() * picture.height() <= SMALL;
    look_at(picture, 1.0, &mut codes);
    if is_small(picture) {
        look_at(&picture.doubled(), 0.5, &mut codes);
    }
    let (mut smaller, mut scale) = (picture.halved(), 2.0);
    while smaller.width().max(smaller.height()) >= SMALLEST_SIDE {
        look_at(&smaller, scale, &mut codes);
        if is_small(&smaller) {
            look_at(&smaller.sharpened(), scale, &mut codes);
        }
        (smaller, scale) = (smaller.halved(), 2.0 * scale);
    }
    codes.sort_by_key(|code| code.activation.is_none());
    codes
}

/// Adds what is seen in a picture whose pixels are so large, dark on light and light on dark.
fn look_at(picture: &Picture, scale: f64, codes: &mut Vec<Code>) {
    let inverted = picture.clone().inverted();
    for picture in [picture, &inverted] {
        for by_row in [false, true] {
            // Of what is made larger, the rows say nothing new.
            if by_row && scale < 1.0 {
                continue;
            }
            for (text, corners) in read(picture, by_row) {
                let corners = corners.map(|Point { x, y }| Point { x: x * scale, y: y * scale });
                if !codes.iter().any(|code| code.text == text && code.is_at(&corners)) {
                    codes.push(Code { activation: text.parse().ok(), text, corners });
                }
            }
        }
    }
}

/// What is read of dark on light. A pixel is held against all that is around it or, `by_row`, against its rows, which is the
/// library's own way.
///
/// The library asserts of some shapes what does not hold for all: those are none of a code's, and nothing is read then.
fn read(picture: &Picture, by_row: bool) -> Vec<(String, [Point; 4])> {
    let (width, height) = (picture.width(), picture.height());
    let read = || {
        let mut prepared = if by_row {
            let light = |x, y| u8::try_from(picture.at(x, y)).unwrap_or(u8::MAX);
            PreparedImage::prepare_from_greyscale(width, height, light)
        } else {
            let surroundings = Surroundings::of(picture);
            PreparedImage::prepare_from_bitmap(width, height, |x, y| surroundings.is_black(picture, x, y))
        };
        let grids = prepared.detect_grids().into_iter();
        grids.filter_map(|it| Some((it.decode().ok()?.1, corners(it.bounds, it.grid.size())))).collect()
    };
    std::panic::catch_unwind(read).unwrap_or_default()
}

/// Corners of so many modules, of bounds that are a module too far to the right and down.
fn corners(bounds: [rqrr::Point; 4], modules: usize) -> [Point; 4] {
    let bounds = bounds.map(|it| Point { x: f64::from(it.x), y: f64::from(it.y) });
    let far = modules as f64 / (modules as f64 + 1.0);
    [(0.0, 0.0), (far, 0.0), (far, far), (0.0, far)].map(|(right, down)| {
        let between = |of: fn(&Point) -> f64| {
            let [upper_left, upper_right, lower_right, lower_left] = [0, 1, 2, 3].map(|at| of(&bounds[at]));
            let upper = upper_left + (upper_right - upper_left) * right;
            let lower = lower_left + (lower_right - lower_left) * right;
            upper + (lower - upper) * down
        };
        Point { x: between(|it| it.x), y: between(|it| it.y) }
    })
}

impl Code {
    /// Whether something with these corners is this very code: its middle lies within.
    fn is_at(&self, corners: &[Point; 4]) -> bool {
        let middle = |corners: &[Point; 4], of: fn(&Point) -> f64| corners.iter().map(of).sum::<f64>() / 4.0;
        let here = Point { x: middle(&self.corners, |it| it.x), y: middle(&self.corners, |it| it.y) };
        let there = Point { x: middle(corners, |it| it.x), y: middle(corners, |it| it.y) };
        let reach = self.corners.iter().map(|it| (it.x - here.x).hypot(it.y - here.y)).fold(0.0, f64::max);
        (there.x - here.x).hypot(there.y - here.y) < reach / 2.0
    }
}
