//! Histograms of 8-bit pixels, from which every statistic follows.

use std::ops::Range;

use fearless_simd::{Level, dispatch};

use super::Plane;
use super::distribution::{Describer, GROUP};
use super::moments::{Accumulator, Moments, Summary, read_pieces};
use super::pixel::Pixel;
use super::plane::Ahead;

/// Values of a byte.
const N_VALUES: usize = 256;

/// Tables that take turns: neighbouring pixels are often equal, and counting in one table would wait for the last count.
const N_TABLES: usize = 4;

/// How often each 8-bit value occurs.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    counts: [u32; N_VALUES],
}

impl Summary for Histogram {
    fn empty() -> Self {
        Self { counts: [0; N_VALUES] }
    }

    fn merge(&mut self, level: Level, other: &Self) {
        dispatch!(level, _simd => for value in 0..N_VALUES {
            self.counts[value] += other.counts[value];
        });
    }
}

impl Histogram {
    pub(super) fn moments(&self, level: Level) -> Moments {
        let Some([first, last]) = self.range() else { return Moments::undefined(0.0) };
        let (count, center, sums) = dispatch!(level, _simd => self.sums());
        Moments::of_integers(count, center, sums.map(i128::from), [first as i64, last as i64])
    }

    /// Number of pixels, the integer nearest to their mean, and sums of powers of differences to it.
    #[inline(always)]
    fn sums(&self) -> (u64, i64, [i64; 4]) {
        let (mut count, mut sum) = (0, 0);
        for (slot, n) in self.counts.iter().enumerate() {
            count += u64::from(*n);
            sum += u64::from(*n) * slot as u64;
        }
        let center = ((sum + count / 2) / count.max(1)) as i64;
        let mut sums = [0_i64; 4];
        for (slot, n) in self.counts.iter().enumerate() {
            let (difference, n) = (slot as i64 - center, i64::from(*n));
            let square = difference * difference;
            sums[0] += n * difference;
            sums[1] += n * square;
            sums[2] += n * square * difference;
            sums[3] += n * square * square;
        }
        (count, center, sums)
    }

    /// Describes the values, slot by slot.
    pub(super) fn describe(&self, level: Level, describer: &mut Describer<'_>, row_out: &mut [f64]) {
        let Some([first, last]) = self.range() else { return };
        let count = self.counts.iter().map(|n| u64::from(*n)).sum();
        describer.start(count, || [first as f64, last as f64]);
        let (groups, _) = self.counts.as_chunks::<GROUP>();
        dispatch!(level, _simd => for group in first / GROUP..=last / GROUP {
            describer.push_counts((group * GROUP) as f64, &groups[group]);
        });
        describer.finish(row_out);
    }

    /// The slots of the smallest and the largest value, if there are any.
    fn range(&self) -> Option<[usize; 2]> {
        let first = self.counts.iter().position(|n| *n > 0)?;
        let last = self.counts.iter().rposition(|n| *n > 0)?;
        Some([first, last])
    }
}

type Tables = [[u32; N_VALUES]; N_TABLES];

/// Counts pixels.
#[derive(Debug)]
pub(super) struct Counter {
    level: Level,
    tables: Tables,
}

impl<T: Pixel> Accumulator<T> for Counter {
    type Summary = Histogram;

    fn new(level: Level) -> Self {
        Self { level, tables: [[0; N_VALUES]; N_TABLES] }
    }

    fn add(&mut self, pixels: &[T]) {
        count(&mut self.tables, bytemuck::cast_slice(pixels));
    }

    fn take(&mut self, summary_out: &mut Histogram) {
        dispatch!(self.level, _simd => {
            let [first, second, third, fourth] = &mut self.tables;
            for value in 0..N_VALUES {
                summary_out.counts[value] = first[value] + second[value] + third[value] + fourth[value];
                [first[value], second[value], third[value], fourth[value]] = [0; N_TABLES];
            }
        });
    }

    fn read(
        &mut self,
        plane: &Plane<'_, T>,
        rows: &Range<usize>,
        cells: &[Range<usize>],
        mut use_cell: impl FnMut(usize, &Histogram),
    ) {
        let Some(values) = plane.rows(rows) else {
            return read_pieces(self, 1, plane, rows, cells, use_cell);
        };
        let mut histogram = Histogram::empty();
        for (cell, columns) in cells.iter().enumerate() {
            let values = bytemuck::cast_slice(&values[columns.start..]);
            count_rows(&mut self.tables, values, plane.width(), columns.len());
            Accumulator::<T>::take(self, &mut histogram);
            use_cell(cell, &histogram);
        }
    }
}

/// Counts the first bytes of each row, which begin `stride` bytes apart.
fn count_rows(tables: &mut Tables, values: &[u8], stride: usize, n_columns: usize) {
    let ahead = Ahead::new::<u8>(values.len().div_ceil(stride), n_columns);
    for (row, pixels) in values.chunks(stride).enumerate() {
        ahead.prefetch(values, stride, row);
        count(tables, &pixels[..n_columns]);
    }
}

#[inline(always)]
fn count([first, second, third, fourth]: &mut Tables, bytes: &[u8]) {
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        // One load for eight pixels leaves the ports for loads to the counts.
        let word = u64::from_le_bytes(*word);
        first[(word & 0xff) as usize] += 1;
        second[(word >> 8 & 0xff) as usize] += 1;
        third[(word >> 16 & 0xff) as usize] += 1;
        fourth[(word >> 24 & 0xff) as usize] += 1;
        first[(word >> 32 & 0xff) as usize] += 1;
        second[(word >> 40 & 0xff) as usize] += 1;
        third[(word >> 48 & 0xff) as usize] += 1;
        fourth[(word >> 56) as usize] += 1;
    }
    for byte in rest {
        first[usize::from(*byte)] += 1;
    }
}
