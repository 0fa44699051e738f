//! Small square leaves of a plane: many at a time, a lane for each.

use super::measure::Found;
use super::pixels::Pixel;
use super::summary::{least, most};

/// Leaves that are measured together: in float64 two of the widest vectors.
pub(super) const LANES: usize = 16;

/// What is found of some leaves.
pub(super) struct Squares<T> {
    /// Which of them are squares.
    pub(super) are_there: [bool; LANES],
    pub(super) n_pixels: usize,
    pub(super) means: [f64; LANES],
    pub(super) stds: [f64; LANES],
    pub(super) lows: [T; LANES],
    pub(super) highs: [T; LANES],
}

impl<T: Pixel> Squares<T> {
    #[inline(always)]
    pub(super) fn are_all_there(&self) -> bool {
        self.are_there == [true; LANES]
    }

    #[inline(always)]
    pub(super) fn get(&self, lane: usize) -> Found<T> {
        (self.n_pixels, self.lows[lane], self.highs[lane], [self.means[lane], self.stds[lane]])
    }
}

/// Measures the squares at `corners`, where there is one.
#[inline(always)]
pub(super) fn measure<T: Pixel, const SIDE: usize>(
    plane: &[T],
    width: usize,
    corners: &[Option<usize>; LANES],
) -> Squares<T> {
    // Pixels at one place of all squares lie side by side.
    let mut pixels = [[[T::default(); LANES]; SIDE]; SIDE];
    for (lane, corner) in corners.iter().enumerate() {
        let Some(corner) = corner else { continue };
        for (y, row) in pixels.iter_mut().enumerate() {
            for (column, pixel) in row.iter_mut().zip(&plane[corner + y * width..][..SIDE]) {
                column[lane] = *pixel;
            }
        }
    }
    // Differences from the first pixel are small, and their squares do not cancel.
    let first = pixels[0][0].map(Pixel::number);
    let (mut lows, mut highs) = (pixels[0][0], pixels[0][0]);
    let (mut sums, mut squares) = ([0.0; LANES], [0.0; LANES]);
    for places in pixels.as_flattened() {
        for lane in 0..LANES {
            let difference = places[lane].number() - first[lane];
            lows[lane] = least(lows[lane], places[lane]);
            highs[lane] = most(highs[lane], places[lane]);
            sums[lane] += difference;
            squares[lane] += difference * difference;
        }
    }
    let share = 1.0 / (SIDE * SIDE) as f64;
    let (mut means, mut stds) = ([0.0; LANES], [0.0; LANES]);
    for lane in 0..LANES {
        let mean = sums[lane] * share;
        means[lane] = first[lane] + mean;
        stds[lane] = most(squares[lane] * share - mean * mean, 0.0).sqrt();
    }
    Squares { are_there: corners.map(|corner| corner.is_some()), n_pixels: SIDE * SIDE, means, stds, lows, highs }
}
