//! A picture as light and dark, and what is made of it before anybody looks at it.

use core::fmt;

/// Pixels of the largest picture: those of the cameras of today's phones, and not a page of a newspaper at 1200 dpi. What
/// is looked at takes some five octets a pixel.
pub const MOST_PIXELS: usize = 25 << 20;

/// Light and dark: an octet a pixel, 0 is black, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    luma: Vec<u8>,
}

/// Why something is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its width or its height is none.
    Empty,
    /// It has more than [`MOST_PIXELS`].
    TooLarge {
        /// Pixels of a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// There are more or fewer octets than its pixels take.
    Length {
        /// That were given.
        octets: usize,
        /// That width and height ask for.
        expected: usize,
    },
}

impl Refused {
    /// The sentence in Japanese; [`fmt::Display`] has the English one.
    pub fn japanese(&self) -> String {
        match self {
            Self::Empty => "画像の幅または高さが 0 です。カメラの映像が始まってから渡してください。".into(),
            Self::TooLarge { width, height } => format!(
                "{width} × {height} の画像は大きすぎます（上限は {MOST_PIXELS} 画素）。縮小するか、コードの部分を切り出してください。"
            ),
            Self::Length { octets, expected } => format!(
                "画像のデータは {octets} オクテットですが、幅と高さからは {expected} オクテットのはずです。ImageData の data、width、height をそのまま渡してください。"
            ),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(
                f,
                "the picture has no width or no height: a camera has both once its first frame is there"
            ),
            Self::TooLarge { width, height } => write!(
                f,
                "a picture of {width} × {height} is too large (at most {MOST_PIXELS} pixels): make it smaller, or cut out the code"
            ),
            Self::Length { octets, expected } => write!(
                f,
                "the picture has {octets} octets, and {expected} by its width and height: give data, width and height of one ImageData"
            ),
        }
    }
}

impl core::error::Error for Refused {}

impl Picture {
    /// Of an octet a pixel.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn from_luma(width: u32, height: u32, luma: Vec<u8>) -> Result<Self, Refused> {
        let (width, height) = sides(width, height, luma.len(), 1)?;
        Ok(Self { width, height, luma })
    }

    /// Of four octets a pixel, as `ImageData` has them: red, green, blue, and how much of it hides white paper.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn from_rgba(width: u32, height: u32, octets: &[u8]) -> Result<Self, Refused> {
        let (width, height) = sides(width, height, octets.len(), 4)?;
        let (pixels, _) = octets.as_chunks::<4>();
        let luma = pixels.iter().map(|[red, green, blue, alpha]| {
            let [red, green, blue, alpha] = [red, green, blue, alpha].map(|it| u32::from(*it));
            // ITU-R BT.601, in parts of 256.
            let light = (77 * red + 150 * green + 29 * blue) >> 8;
            octet((light * alpha + 255 * (255 - alpha)) / 255)
        });
        Ok(Self { width, height, luma: luma.collect() })
    }

    /// Pixels of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Of half its sides: each four pixels are one. Less noise, and edges that were blurred are sharper.
    #[must_use]
    pub fn halved(&self) -> Self {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        self.drawn(width, height, |x, y| {
            let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| self.at(2 * x + dx, 2 * y + dy));
            four.into_iter().sum::<u32>() / 4
        })
    }

    /// Of twice its sides, what is between two pixels as light as both together: so small codes are read.
    pub(crate) fn doubled(&self) -> Self {
        self.drawn(self.width * 2, self.height * 2, |x, y| {
            // A new pixel is three quarters of the one that it lies in, and one of its neighbour.
            let (column, row) = (x / 2, y / 2);
            let beside = |at: usize, is_right: bool| if is_right { at + 1 } else { at.saturating_sub(1) };
            let (other_column, other_row) = (beside(column, x % 2 == 1), beside(row, y % 2 == 1));
            let here = 3 * self.at(column, row) + self.at(other_column, row);
            let there = 3 * self.at(column, other_row) + self.at(other_column, other_row);
            (3 * here + there) / 16
        })
    }

    /// Each pixel farther from the mean of those around it: what is out of focus has edges again.
    pub(crate) fn sharpened(&self) -> Self {
        const REACH: usize = 3;
        const AROUND: u32 = (2 * REACH as u32 + 1) * (2 * REACH as u32 + 1);
        self.drawn(self.width, self.height, |x, y| {
            let beside = |at: usize| (0..=2 * REACH).map(move |other| (at + other).saturating_sub(REACH));
            let all: u32 = beside(y).map(|y| beside(x).map(|x| self.at(x, y)).sum::<u32>()).sum();
            // Five times its own, less four times the mean.
            (5 * self.at(x, y)).saturating_sub(4 * all / AROUND)
        })
    }

    /// Dark for light.
    pub(crate) fn inverted(mut self) -> Self {
        self.luma.iter_mut().for_each(|light| *light = 255 - *light);
        self
    }

    /// How light a pixel is; beyond the edge, what is at the edge.
    pub(crate) fn at(&self, x: usize, y: usize) -> u32 {
        let at = y.min(self.height - 1) * self.width + x.min(self.width - 1);
        self.luma.get(at).copied().map_or(255, u32::from)
    }

    fn drawn(&self, width: usize, height: usize, light: impl Fn(usize, usize) -> u32) -> Self {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let luma = pixels.map(|(x, y)| octet(light(x, y))).collect();
        Self { width, height, luma }
    }
}

fn octet(light: u32) -> u8 {
    u8::try_from(light).unwrap_or(u8::MAX)
}

/// Width and height of a picture of so many octets.
fn sides(width: u32, height: u32, octets: usize, each: usize) -> Result<(usize, usize), Refused> {
    let too_large = Refused::TooLarge { width, height };
    let (columns, rows) = usize::try_from(width).ok().zip(usize::try_from(height).ok()).ok_or(too_large)?;
    if columns == 0 || rows == 0 {
        return Err(Refused::Empty);
    }
    let pixels = columns.checked_mul(rows).filter(|pixels| *pixels <= MOST_PIXELS).ok_or(too_large)?;
    match pixels * each {
        expected if expected == octets => Ok((columns, rows)),
        expected => Err(Refused::Length { octets, expected }),
    }
}
