//! Sums of the distances between two groups of samples.

use std::ops::Range;

use fearless_simd::{Simd, SimdBase, SimdFloat, SimdFrom, dispatch};

use super::Grouped;
use crate::features::MAX_FEATURES;
use crate::simd::Level;
use crate::with_features;

/// Lanes of every sum: one AVX-512 vector, two of AVX2.
pub(super) const LANES: usize = 8;

/// Rows that share each load of a column; a divisor of [`LANES`].
const ROWS: usize = 4;

/// Bytes of columns that rows go over again and again: half of an L1 cache.
const BLOCK_BYTES: usize = 16 * 1024;

/// Distances between samples of one group, the rows, and of another, the columns.
pub(super) struct Pairs<'a> {
    level: Level,
    rows: &'a Grouped,
    columns: &'a Grouped,
    /// Columns in a block.
    block: usize,
}

impl<'a> Pairs<'a> {
    pub(super) fn new(level: Level, rows: &'a Grouped, columns: &'a Grouped) -> Self {
        let block = BLOCK_BYTES / (size_of::<f64>() * (columns.n_features() + 2));
        Self { level, rows, columns, block: block.next_multiple_of(LANES).max(4 * LANES) }
    }

    /// Adds to each row in `row_sums_out` its distances to the columns, times their weights.
    pub(super) fn add_to_rows(&self, rows: Range<usize>, columns: Range<usize>, row_sums_out: &mut [f64]) {
        for columns in self.blocks(columns) {
            let task = Task { pairs: self, rows: rows.clone(), columns };
            dispatch!(self.level, simd => task.add::<_, false>(simd, row_sums_out, &mut []));
        }
    }

    /// As [`Pairs::add_to_rows`], and to each column in `column_sums_out` its distances to the rows, times theirs.
    pub(super) fn add_to_both(
        &self,
        rows: Range<usize>,
        columns: Range<usize>,
        row_sums_out: &mut [f64],
        column_sums_out: &mut [f64],
    ) {
        for (columns, sums_out) in self.blocks(columns).zip(column_sums_out.chunks_mut(self.block)) {
            let task = Task { pairs: self, rows: rows.clone(), columns };
            dispatch!(self.level, simd => task.add::<_, true>(simd, row_sums_out, sums_out));
        }
    }

    fn blocks(&self, columns: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let (end, block) = (columns.end, self.block);
        columns.step_by(block).map(move |start| start..(start + block).min(end))
    }
}

/// Squared distances of a group of rows to a vector of columns.
trait Squares<S: Simd> {
    fn squares(&self, at: usize) -> [S::f64s; ROWS];
}

/// Rows in registers.
struct Few<'a, S: Simd, const D: usize> {
    simd: S,
    columns: [&'a [f64]; D],
    rows: [[S::f64s; D]; ROWS],
}

impl<S: Simd, const D: usize> Squares<S> for Few<'_, S, D> {
    #[inline(always)]
    fn squares(&self, at: usize) -> [S::f64s; ROWS] {
        let mut squares = [S::f64s::simd_from(self.simd, 0.0); ROWS];
        for f in 0..D {
            let y = S::f64s::from_slice(self.simd, &self.columns[f][at..at + S::f64s::LEN]);
            for r in 0..ROWS {
                let difference = y - self.rows[r][f];
                squares[r] = difference.mul_add(difference, squares[r]);
            }
        }
        squares
    }
}

/// Rows in memory.
struct Many<'a, S> {
    simd: S,
    columns: &'a [&'a [f64]],
    rows: &'a [[f64; ROWS]],
}

impl<S: Simd> Squares<S> for Many<'_, S> {
    #[inline(always)]
    fn squares(&self, at: usize) -> [S::f64s; ROWS] {
        let mut squares = [S::f64s::simd_from(self.simd, 0.0); ROWS];
        for (column, row) in self.columns.iter().zip(self.rows) {
            let y = S::f64s::from_slice(self.simd, &column[at..at + S::f64s::LEN]);
            for r in 0..ROWS {
                let difference = y - S::f64s::simd_from(self.simd, row[r]);
                squares[r] = difference.mul_add(difference, squares[r]);
            }
        }
        squares
    }
}

/// Some rows and a block of columns.
struct Task<'a> {
    pairs: &'a Pairs<'a>,
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Task<'_> {
    #[inline(always)]
    fn add<S: Simd, const BOTH: bool>(&self, simd: S, row_sums_out: &mut [f64], column_sums_out: &mut [f64]) {
        let n_features = self.pairs.rows.n_features();
        if n_features > MAX_FEATURES {
            self.add_many::<S, BOTH>(simd, n_features, row_sums_out, column_sums_out);
        } else {
            with_features!(n_features, D => self.add_few::<S, D, BOTH>(simd, row_sums_out, column_sums_out));
        }
    }

    #[inline(always)]
    fn add_few<S: Simd, const D: usize, const BOTH: bool>(
        &self,
        simd: S,
        row_sums_out: &mut [f64],
        column_sums_out: &mut [f64],
    ) {
        let columns: [&[f64]; D] = std::array::from_fn(|f| self.column(f));
        for (start, sums_out) in self.rows.clone().step_by(ROWS).zip(row_sums_out.chunks_exact_mut(ROWS)) {
            let mut rows = [[S::f64s::simd_from(simd, 0.0); D]; ROWS];
            for f in 0..D {
                let values = &self.pairs.rows.feature(f)[start..start + ROWS];
                for r in 0..ROWS {
                    rows[r][f] = S::f64s::simd_from(simd, values[r]);
                }
            }
            self.add_group::<S, BOTH>(simd, &Few { simd, columns, rows }, start, sums_out, column_sums_out);
        }
    }

    #[inline(always)]
    fn add_many<S: Simd, const BOTH: bool>(
        &self,
        simd: S,
        n_features: usize,
        row_sums_out: &mut [f64],
        column_sums_out: &mut [f64],
    ) {
        let columns: Vec<&[f64]> = (0..n_features).map(|f| self.column(f)).collect();
        let mut rows = vec![[0.0; ROWS]; n_features];
        for (start, sums_out) in self.rows.clone().step_by(ROWS).zip(row_sums_out.chunks_exact_mut(ROWS)) {
            for (f, row) in rows.iter_mut().enumerate() {
                row.copy_from_slice(&self.pairs.rows.feature(f)[start..start + ROWS]);
            }
            let group = Many { simd, columns: &columns, rows: &rows };
            self.add_group::<S, BOTH>(simd, &group, start, sums_out, column_sums_out);
        }
    }

    #[inline(always)]
    fn column(&self, feature: usize) -> &[f64] {
        &self.pairs.columns.feature(feature)[self.columns.clone()]
    }

    #[inline(always)]
    fn add_group<S: Simd, const BOTH: bool>(
        &self,
        simd: S,
        group: &impl Squares<S>,
        start: usize,
        row_sums_out: &mut [f64],
        column_sums_out: &mut [f64],
    ) {
        let zero = S::f64s::simd_from(simd, 0.0);
        let weights = &self.pairs.columns.weights()[self.columns.clone()];
        let mut row_weights = [zero; ROWS];
        for (r, weight) in self.pairs.rows.weights()[start..start + ROWS].iter().enumerate() {
            row_weights[r] = S::f64s::simd_from(simd, *weight);
        }
        let mut lanes = [[0.0; LANES]; ROWS];
        for part in (0..LANES).step_by(S::f64s::LEN) {
            let mut sums = [zero; ROWS];
            for at in (part..weights.len()).step_by(LANES) {
                let weight = S::f64s::from_slice(simd, &weights[at..at + S::f64s::LEN]);
                let squares = group.squares(at);
                let mut column = zero;
                for r in 0..ROWS {
                    let distance = squares[r].sqrt();
                    sums[r] = distance.mul_add(weight, sums[r]);
                    if BOTH {
                        column = distance.mul_add(row_weights[r], column);
                    }
                }
                if BOTH {
                    let out = &mut column_sums_out[at..at + S::f64s::LEN];
                    (S::f64s::from_slice(simd, out) + column).store_slice(out);
                }
            }
            for r in 0..ROWS {
                sums[r].store_slice(&mut lanes[r][part..part + S::f64s::LEN]);
            }
        }
        for (sum_out, lanes) in row_sums_out.iter_mut().zip(lanes) {
            *sum_out += lanes.iter().sum::<f64>();
        }
    }
}
