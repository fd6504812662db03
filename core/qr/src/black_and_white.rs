//! Which pixels are black: darker than what is around them, for no light falls evenly.

use crate::Picture;

/// Blocks along the longer side of a picture. A pixel is held against five by five of them.
const BLOCKS: usize = 40;
/// Fewer pixels than these are no mean.
const SMALLEST_BLOCK: usize = 4;
/// How light what is black may be, in hundredths of its surroundings: above, paper would have grains.
const DARKER: u32 = 95;

/// Means of what is around each pixel.
pub struct Surroundings {
    side: usize,
    columns: usize,
    rows: usize,
    means: Vec<u32>,
}

impl Surroundings {
    /// Of a picture.
    pub fn of(picture: &Picture) -> Self {
        let side = (picture.width().max(picture.height()) / BLOCKS).max(SMALLEST_BLOCK);
        let (columns, rows) = (picture.width().div_ceil(side), picture.height().div_ceil(side));
        let mut sums = vec![(0u32, 0u32); columns * rows];
        for y in 0..picture.height() {
            for x in 0..picture.width() {
                if let Some((sum, count)) = sums.get_mut(y / side * columns + x / side) {
                    // At most a fortieth of the longest side, squared: far below what fits.
                    *sum += picture.at(x, y) >> 2;
                    *count += 1;
                }
            }
        }
        let blocks: Vec<u32> = sums.iter().map(|(sum, count)| (sum << 2) / (*count).max(1)).collect();
        let mean = |column: usize, row: usize| {
            let (mut sum, mut count) = (0, 0);
            for y in row.saturating_sub(2)..(row + 3).min(rows) {
                for x in column.saturating_sub(2)..(column + 3).min(columns) {
                    sum += blocks.get(y * columns + x).copied().unwrap_or_default();
                    count += 1;
                }
            }
            sum / u32::max(count, 1)
        };
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        let means = all.map(|(column, row)| mean(column, row)).collect();
        Self { side, columns, rows, means }
    }

    /// Whether a pixel is black.
    pub fn is_black(&self, picture: &Picture, x: usize, y: usize) -> bool {
        let (column, row) = ((x / self.side).min(self.columns - 1), (y / self.side).min(self.rows - 1));
        let mean = self.means.get(row * self.columns + column).copied().unwrap_or_default();
        picture.at(x, y) * 100 < mean * DARKER
    }
}
