//! What moments are gathered in, and how what was gathered in parts is put together.

use std::ops::{Mul, Range, Sub};

use fearless_simd::Level;

use super::{Pixel, Plane};

/// Count, mean, central moments (divided by the count) and range of a patch; NaN where there is none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Moments {
    pub(super) count: f64,
    pub(super) mean: f64,
    pub(super) m2: f64,
    pub(super) m3: f64,
    pub(super) m4: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Moments {
    /// Of `count` pixels that have no moments: none at all, or a NaN among them.
    pub(super) fn undefined(count: f64) -> Self {
        let nan = f64::NAN;
        Self { count, mean: nan, m2: nan, m3: nan, m4: nan, min: nan, max: nan }
    }

    /// From sums of powers of differences to `center`, an integer near the mean: exact but for the divisions.
    pub(super) fn of_integers(count: u64, center: i64, sums: [f64; 4], range: [i64; 2]) -> Self {
        let n = count as f64;
        let [first, second, third, fourth] = sums.map(|sum| sum / n);
        // At most 1/2, so that little cancels below.
        let offset = first;
        let squared = offset * offset;
        Self {
            count: n,
            mean: center as f64 + offset,
            m2: second - squared,
            m3: third - 3.0 * offset * second + 2.0 * offset * squared,
            m4: fourth - 4.0 * offset * third + 6.0 * squared * second - 3.0 * squared * squared,
            min: range[0] as f64,
            max: range[1] as f64,
        }
    }
}

/// Sums of the first to fourth powers of differences to `center`, from the number of values and the sums of their powers.
pub(super) fn powers_about<I: Copy + Mul<Output = I> + Sub<Output = I>>(center: I, mut sums: [I; 5]) -> [I; 4] {
    for first in 1..5 {
        // One more factor of the value becomes a difference.
        for power in (first..5).rev() {
            sums[power] = sums[power] - center * sums[power - 1];
        }
    }
    let [_, differences @ ..] = sums;
    differences
}

/// What is known of a set of pixels, and can be put together with what is known of others.
pub(super) trait Summary: Clone + Send + Sync {
    /// That of no pixels.
    fn empty() -> Self;
    /// Adds other pixels, at a SIMD level.
    fn merge(&mut self, level: Level, other: &Self);

    /// Works out, before it is merged into others, what takes less to add up than to work out again.
    fn complete(&mut self, _level: Level) {}
}

/// A row of cells or patches.
impl<S: Summary> Summary for Vec<S> {
    fn empty() -> Self {
        Self::new()
    }

    fn merge(&mut self, level: Level, other: &Self) {
        for (item, other) in self.iter_mut().zip(other) {
            item.merge(level, other);
        }
    }
}

/// Gathers pixels.
pub(super) trait Accumulator<T: Pixel>: Send {
    /// What it gathers.
    type Summary: Summary;

    /// Of no pixels, at a SIMD level.
    fn new(level: Level) -> Self;
    /// Adds pixels, at most [`super::plane::PIECE`].
    fn add(&mut self, pixels: &[T]);
    /// Hands over what was gathered, and starts anew.
    fn take(&mut self, summary_out: &mut Self::Summary);

    /// Calls `use_cell` with the index and the summary of each cell, a range of columns, of a few rows.
    fn read(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        cells: &[Range<usize>],
        use_cell: impl FnMut(usize, &Self::Summary),
    );
}

/// [`Accumulator::read`], cell by cell. Rows shorter than `min_run` are put together first.
#[inline(always)]
pub(super) fn read_pieces<T: Pixel, A: Accumulator<T>>(
    accumulator: &mut A,
    min_run: usize,
    plane: &Plane<'_, T>,
    rows: &Range<usize>,
    cells: &[Range<usize>],
    mut use_cell: impl FnMut(usize, &A::Summary),
) {
    let mut summary = A::Summary::empty();
    let mut buffer = Vec::new();
    for (cell, columns) in cells.iter().enumerate() {
        plane.for_each_piece(rows, columns, min_run, &mut buffer, |piece| accumulator.add(piece));
        accumulator.take(&mut summary);
        use_cell(cell, &summary);
    }
}
