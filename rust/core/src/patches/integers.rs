//! Exact sums of powers of integers of up to 16 bits.

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch};

use super::moments::{Accumulator, Moments, Summary, powers_about, read_pieces};
use super::pixel::Describe;
use super::powers::{MAX_ROWS, MAX_WIDTH, Powers, Strip};
use super::{Pixel, Plane};

/// Sums of powers of differences to a value of the type, and their range.
#[derive(Debug, Clone)]
pub(super) struct IntegerSummary<const ORDER: usize> {
    pub(super) count: u64,
    pub(super) first: i64,
    // Of 2^32 pixels of 16 bits, the sums of higher powers need 80 and 96 bits.
    pub(super) second: u64,
    pub(super) third: i128,
    pub(super) fourth: i128,
    pub(super) min: i32,
    pub(super) max: i32,
}

impl<const ORDER: usize> IntegerSummary<ORDER> {
    /// Adds other pixels.
    #[inline(always)]
    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.first += other.first;
        self.second += other.second;
        if ORDER > 2 {
            self.third += other.third;
            self.fourth += other.fourth;
        }
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

impl<const ORDER: usize> Summary for IntegerSummary<ORDER> {
    fn empty() -> Self {
        Self { count: 0, first: 0, second: 0, third: 0, fourth: 0, min: i32::MAX, max: i32::MIN }
    }

    #[inline(always)]
    fn merge(&mut self, _: Level, other: &Self) {
        self.add(other);
    }
}

impl<T: Powers, const ORDER: usize> Describe<T> for IntegerSummary<ORDER> {
    fn moments(&self) -> Moments {
        if self.count == 0 {
            return Moments::undefined(0.0);
        }
        let (count, first, second) = (i128::from(self.count), i128::from(self.first), i128::from(self.second));
        let center = (first + count / 2).div_euclid(count);
        let sums = powers_about(center, [count, first, second, self.third, self.fourth]);
        let range = [self.min, self.max].map(|difference| i64::from(difference) + T::ORIGIN);
        Moments::of_integers(self.count, center as i64 + T::ORIGIN, sums.map(|sum| sum as f64), range)
    }
}

/// Adds up powers of pixels, up to the second or the fourth.
#[derive(Debug)]
pub(super) struct IntegerSums<const ORDER: usize> {
    level: Level,
    summary: IntegerSummary<ORDER>,
    cells: Vec<IntegerSummary<ORDER>>,
}

impl<T: Pixel + Powers, const ORDER: usize> Accumulator<T> for IntegerSums<ORDER> {
    type Summary = IntegerSummary<ORDER>;

    fn new(level: Level) -> Self {
        Self { level, summary: IntegerSummary::empty(), cells: Vec::new() }
    }

    fn add(&mut self, pixels: &[T]) {
        let summary = &mut self.summary;
        dispatch!(self.level, simd => add_piece(simd, pixels, summary));
    }

    fn take(&mut self, summary_out: &mut IntegerSummary<ORDER>) {
        *summary_out = std::mem::replace(&mut self.summary, IntegerSummary::empty());
    }

    fn read(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        cells: &[Range<usize>],
        mut use_cell: impl FnMut(usize, &IntegerSummary<ORDER>),
    ) {
        let width = plane.width();
        let Some(values) = plane.rows(rows).filter(|_| width >= MAX_WIDTH) else {
            return read_pieces(self, 1, plane, rows, cells, use_cell);
        };
        self.cells.clear();
        self.cells.resize(cells.len(), IntegerSummary::empty());
        let summaries = &mut self.cells[..];
        dispatch!(self.level, simd => for values in values.chunks(MAX_ROWS * width) {
            add_rows(simd, values, width, cells, summaries);
        });
        for (cell, summary) in self.cells.iter().enumerate() {
            use_cell(cell, summary);
        }
    }
}

/// Adds pixels that lie side by side, cut into rows of a strip.
#[inline(always)]
fn add_piece<S: Simd, T: Powers, const ORDER: usize>(simd: S, pixels: &[T], summary: &mut IntegerSummary<ORDER>) {
    let width = Strip::<S, T, ORDER>::WIDTH;
    let (full, rest) = pixels.split_at(pixels.len() / width * width);
    for block in full.chunks(MAX_ROWS * width) {
        let strip = Strip::<S, T, ORDER>::new(simd, block, width);
        strip.add_to(&(0..width), summary);
    }
    if !rest.is_empty() {
        let mut row = [T::default(); MAX_WIDTH];
        row[..rest.len()].copy_from_slice(rest);
        let strip = Strip::<S, T, ORDER>::new(simd, &row, MAX_WIDTH);
        strip.add_to(&(0..rest.len()), summary);
    }
}

/// Adds the pixels of whole rows to the cells, ascending ranges of columns, that they belong to.
#[inline(always)]
fn add_rows<S: Simd, T: Powers, const ORDER: usize>(
    simd: S,
    values: &[T],
    width: usize,
    cells: &[Range<usize>],
    summaries: &mut [IntegerSummary<ORDER>],
) {
    let mut start = 0;
    let mut strip = Strip::<S, T, ORDER>::new(simd, values, width);
    for (cell, summary) in cells.iter().zip(summaries) {
        let mut column = cell.start;
        while column < cell.end {
            if column >= start + Strip::<S, T, ORDER>::WIDTH {
                start = column.min(width - Strip::<S, T, ORDER>::WIDTH);
                strip.read(&values[start..], width);
            }
            let end = cell.end.min(start + Strip::<S, T, ORDER>::WIDTH);
            strip.add_to(&(column - start..end - start), summary);
            column = end;
        }
    }
}
